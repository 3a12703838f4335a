package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// samePersonView is the page on which two people become one.
type samePersonView struct {
	P       tracker.Client // whose page this comes from
	Two     []sameSide     // the earlier first, which stays; empty: not chosen yet
	Fields  []sameField    // in which the two differ
	Text    string         // of the picker
	Problem string
}

// sameSide is one of the two.
type sameSide struct {
	tracker.Profile
	Has []string // in words
}

// sameField is a field in which the two differ: one value stays.
type sameField struct {
	Name, Label string
	Values      []sameValue
}

type sameValue struct {
	Value, Word string
	On          bool
}

func (s *site) samePersonPage(w http.ResponseWriter, r *http.Request) error {
	other, _ := strconv.ParseInt(r.URL.Query().Get("other"), 10, 64)
	return s.samePersonForm(w, r, http.StatusOK, samePersonView{}, other)
}

func (s *site) samePersonForm(w http.ResponseWriter, r *http.Request, status int, v samePersonView, other int64) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	if v.P, err = s.store.ClientByID(ctx, id); err != nil {
		return err
	}
	if v.P.ErasedAt != 0 { // nobody to merge with: the page says what became of them
		return seeOther(w, r, personPath(id))
	}
	if other > 0 && other != id {
		zone := s.face(zoneOf(r)).zone
		for _, one := range []int64{min(id, other), max(id, other)} {
			side := sameSide{}
			if side.Profile, err = s.store.ClientProfile(ctx, one, zone); err != nil {
				return err
			}
			if side.ErasedAt != 0 {
				return migrations.NotFoundf("%s", s.words.say("same.gone"))
			}
			counts, err := s.store.BelongsTo(ctx, one)
			if err != nil {
				return err
			}
			side.Has = s.counted(counts...)
			if err := s.store.LookedAt(ctx, actorOf(r), one); err != nil {
				return err
			}
			v.Two = append(v.Two, side)
		}
		v.Fields = s.sameFields(v.Two[0], v.Two[1], r)
	}
	return s.render(w, r, status, "sameperson", view{Title: s.words.say("same.title", v.P.Name), Section: "people", Data: v})
}

// sameFields are the fields in which two differ, with what was chosen or, at
// first, what is likelier: a name over an address, something over nothing.
func (s *site) sameFields(a, b sameSide, r *http.Request) (all []sameField) {
	add := func(name, label, x, y string, second bool) {
		if x == y {
			return
		}
		if chosen := r.PostFormValue(name); chosen != "" {
			second = chosen == "b"
		}
		word := func(text string) string {
			if text == "" {
				return s.words.say("same.none")
			}
			return text
		}
		all = append(all, sameField{Name: name, Label: label, Values: []sameValue{{"a", word(x), !second}, {"b", word(y), second}}})
	}
	add(tracker.PersonName, s.words.say("field.name"), a.Name, b.Name, strings.Contains(a.Name, "@") || !strings.Contains(a.Name, " ") && strings.Contains(b.Name, " "))
	add(tracker.PersonDepartment, s.words.say("person.department"), a.Department, b.Department, a.Department == "")
	add(tracker.PersonPhone, s.words.say("person.phone"), a.Phone, b.Phone, a.Phone == "")
	high := map[bool]string{true: s.yesNo("1"), false: s.yesNo("")}
	add(tracker.PersonHigh, s.words.say("mark.high"), high[a.HighManagement], high[b.HighManagement], b.HighManagement)
	main := sameField{Name: "main", Label: s.words.say("person.address_main")}
	for i, x := range slices.Concat(a.Addresses, b.Addresses) {
		on := i == 0
		if chosen := r.PostFormValue("main"); chosen != "" {
			on = chosen == x.Address
		}
		main.Values = append(main.Values, sameValue{x.Address, x.Address, on})
	}
	return append(all, main)
}

// samePerson makes two people one. With a picker's text it goes to the page
// that shows what this does.
func (s *site) samePerson(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	v := samePersonView{}
	if r.PostForm.Has("target") || r.PostForm.Has("target_text") {
		chosen, text, err := s.pickedText(r, "target", pickPerson)
		other, _ := strconv.ParseInt(chosen, 10, 64)
		switch {
		case err != nil:
		case other == 0:
			err = migrations.Invalidf("%s", s.words.say("same.nobody"))
		case other == id:
			err = migrations.Invalidf("%s", s.words.say("same.itself"))
		}
		if err != nil && migrations.KindOf(err) == migrations.Invalid {
			v.Problem, v.Text = migrations.SafeMessage(err), text
			return s.samePersonForm(w, r, http.StatusUnprocessableEntity, v, 0)
		}
		if err != nil {
			return err
		}
		return seeOther(w, r, personPath(id)+"/same?other="+strconv.FormatInt(other, 10))
	}
	other, err := formInt(r, "other")
	if err != nil {
		return err
	}
	m := tracker.SamePerson{Into: min(id, other), From: max(id, other), Main: r.PostFormValue("main")}
	if m.IntoVersion, err = formInt(r, "a_version"); err != nil {
		return err
	}
	if m.FromVersion, err = formInt(r, "b_version"); err != nil {
		return err
	}
	for _, f := range []string{tracker.PersonName, tracker.PersonDepartment, tracker.PersonPhone, tracker.PersonHigh} {
		if r.PostFormValue(f) == "b" {
			m.Take = append(m.Take, f)
		}
	}
	c, err := s.store.MergePeople(r.Context(), actorOf(r), m)
	if k := migrations.KindOf(err); err != nil && (k == migrations.Conflict || k == migrations.Invalid) {
		v.Problem = migrations.SafeMessage(err)
		return s.samePersonForm(w, r, kindStatus[k], v, other)
	}
	if err != nil {
		return err
	}
	s.flash(r, "same.done", c.Name)
	return seeOther(w, r, localPath(r.PostFormValue("back"), personPath(c.ID)))
}

// maxAlike is how many pairs of people are suggested at once.
const maxAlike = 50

// alikeView is the page with people who may be one.
type alikeView struct {
	Pairs []tracker.AlikePair
	More  bool
}

func (s *site) alikePeople(w http.ResponseWriter, r *http.Request) error {
	pairs, err := s.store.AlikePeople(r.Context(), maxAlike+1)
	if err != nil {
		return err
	}
	v := alikeView{Pairs: pairs[:min(len(pairs), maxAlike)], More: len(pairs) > maxAlike}
	return s.render(w, r, http.StatusOK, "alikepeople", view{Title: s.words.say("same.list"), Section: "people", Data: v})
}

func (s *site) tellApart(w http.ResponseWriter, r *http.Request) error {
	a, err := formInt(r, "a")
	if err != nil {
		return err
	}
	b, err := formInt(r, "b")
	if err != nil {
		return err
	}
	if err := s.store.NotSamePerson(r.Context(), actorOf(r), a, b); err != nil {
		return err
	}
	s.flash(r, "same.apart_done")
	return seeOther(w, r, "/people/same")
}
