package web

import (
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// newPersonForm is the page that adds a person who has not written yet.
type newPersonForm struct {
	Name, Address, Department, Phone string
	High                             bool

	Departments []tracker.Department
	Known       *tracker.Client // who has the address already
	Problems    problems
}

func (s *site) newPersonPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return s.personForm(w, r, http.StatusOK, newPersonForm{Name: q.Get("name"), Address: q.Get("address")})
}

func (s *site) personForm(w http.ResponseWriter, r *http.Request, status int, f newPersonForm) (err error) {
	if f.Departments, err = s.store.Departments(r.Context(), 200); err != nil {
		return err
	}
	return s.render(w, r, status, "newperson", view{Title: s.words.say("people.add"), Section: "people", Data: f})
}

// newPerson adds a person. An address that somebody has leads to their page.
func (s *site) newPerson(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := newPersonForm{Name: r.PostFormValue("name"), Address: r.PostFormValue("address"), Department: r.PostFormValue("department"), Phone: r.PostFormValue("phone"), High: r.PostFormValue("high") == "1"}
	made, err := s.store.AddClient(ctx, actorOf(r), tracker.Address{Name: f.Name, Address: f.Address}, tracker.ClientChange{Department: &f.Department, Phone: &f.Phone, HighManagement: &f.High})
	if err = f.Problems.add(err); err != nil {
		return err
	}
	if !f.Problems.Any() {
		s.flash(r, "people.added", made.Name)
		return seeOther(w, r, personPath(made.ID))
	}
	switch known, err := s.store.ClientByAddress(ctx, f.Address); {
	case err == nil:
		f.Known = &known
	case migrations.KindOf(err) != migrations.NotFound:
		return err
	}
	return s.personForm(w, r, http.StatusUnprocessableEntity, f)
}
