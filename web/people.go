package web

import (
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// peopleView is the list of the people who ask.
type peopleView struct {
	People []tracker.ClientRow
	Query  string
	Pages  pageLinks
}

func (s *site) people(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	list, more, err := s.store.Clients(r.Context(), q.Get("q"), q.Get("after"), 50)
	if err != nil {
		return err
	}
	v := peopleView{People: list, Query: q.Get("q"), Pages: pagesOf("/people", q, more)}
	return s.render(w, r, http.StatusOK, "people", view{Title: s.words.say("nav.people"), Section: "people", Data: v})
}

// personView is one person's page.
type personView struct {
	tracker.Profile
	Problem string
}

func (s *site) person(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	return s.personPage(w, r, http.StatusOK, id, "")
}

func (s *site) personPage(w http.ResponseWriter, r *http.Request, status int, id int64, problem string) error {
	p, err := s.store.ClientProfile(r.Context(), id, 50)
	if err != nil {
		return err
	}
	return s.render(w, r, status, "person", view{Title: p.Name, Section: "people", Data: personView{Profile: p, Problem: problem}})
}

// changePerson shows both texts when somebody else changed them meanwhile.
func (s *site) changePerson(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	name, department, phone := r.PostFormValue("name"), r.PostFormValue("department"), r.PostFormValue("phone")
	high := r.PostFormValue("high") == "1"
	c := tracker.ClientChange{Name: &name, Department: &department, Phone: &phone, HighManagement: &high}
	_, err = s.store.UpdateClient(r.Context(), actorOf(r), id, c, version)
	switch migrations.KindOf(err) {
	case migrations.Conflict:
		now, cerr := s.store.ClientByID(r.Context(), id)
		if cerr != nil {
			return cerr
		}
		mark := func(on bool) string {
			if on {
				return "1"
			}
			return ""
		}
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: now.Version, Back: r.URL.Path, What: now.Name, Fields: []staleField{
			{Name: "name", Label: s.words.say("field.name"), Now: now.Name, Yours: name},
			{Name: "department", Label: s.words.say("person.department"), Now: now.Department, Yours: department},
			{Name: "phone", Label: s.words.say("person.phone"), Now: now.Phone, Yours: phone},
			{Name: "high", Label: s.words.say("mark.high"), Now: mark(now.HighManagement), Yours: mark(high)}}})
	case migrations.Invalid:
		if err != nil {
			return s.personPage(w, r, http.StatusUnprocessableEntity, id, migrations.SafeMessage(err))
		}
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, r.URL.Path)
}
