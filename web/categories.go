package web

import (
	"fmt"
	"net/http"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

type categoryRow struct {
	tracker.Category
	Count       tracker.CategoryTickets
	First, Last bool // of those that are offered
	Typed       string
	Problem     string
}

// categoriesView is the page of the categories.
type categoriesView struct {
	settingsFrame
	Rows     []categoryRow
	Archived []categoryRow
	New      string
}

func (s *site) categorySettings(w http.ResponseWriter, r *http.Request) error {
	return s.categoriesPage(w, r, http.StatusOK, 0, "", "")
}

// categoriesPage shows the list; problem is about the name that was typed for
// the category with an id, 0 for a new one.
func (s *site) categoriesPage(w http.ResponseWriter, r *http.Request, status int, id int64, typed, problem string) error {
	v := categoriesView{settingsFrame: settingsFrame{Nav: s.settingsNav("categories")}}
	if problem != "" && id == 0 {
		v.New, v.Problems = typed, problems{"name": problem}
	}
	all, err := s.store.Categories(r.Context(), true)
	if err != nil {
		return err
	}
	counts, err := s.store.CategoryCounts(r.Context())
	if err != nil {
		return err
	}
	for _, c := range all {
		row := categoryRow{Category: c, Count: counts[c.ID], Typed: c.Name}
		if c.ID == id && problem != "" {
			row.Typed, row.Problem = typed, problem
		}
		if c.Archived {
			v.Archived = append(v.Archived, row)
		} else {
			v.Rows = append(v.Rows, row)
		}
	}
	if n := len(v.Rows); n > 0 {
		v.Rows[0].First, v.Rows[n-1].Last = true, true
	}
	return s.renderSettings(w, r, status, "categories", v)
}

func (s *site) addCategory(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimSpace(r.PostFormValue("name"))
	_, err := s.store.AddCategory(r.Context(), actorOf(r), name)
	if migrations.KindOf(err) == migrations.Invalid {
		return s.categoriesPage(w, r, http.StatusUnprocessableEntity, 0, name, migrations.SafeMessage(err))
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings/categories")
}

// editCategory renames a category, archives it or offers it again.
func (s *site) editCategory(w http.ResponseWriter, r *http.Request) error {
	id, version, err := edits(r)
	if err != nil {
		return err
	}
	var c tracker.CategoryChange
	if _, sent := r.PostForm["name"]; sent {
		name := strings.TrimSpace(r.PostFormValue("name"))
		c.Name = &name
	}
	if v := r.PostFormValue("archived"); v != "" {
		on := v == "true"
		c.Name, c.Archived = nil, &on
	}
	_, err = s.store.UpdateCategory(r.Context(), actorOf(r), id, c, version)
	switch migrations.KindOf(err) {
	case migrations.Invalid:
		if c.Name == nil {
			return err
		}
		return s.categoriesPage(w, r, http.StatusUnprocessableEntity, id, *c.Name, migrations.SafeMessage(err))
	case migrations.Conflict:
		if c.Name != nil {
			return s.staleCategory(w, r, id, *c.Name)
		}
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings/categories")
}

func (s *site) staleCategory(w http.ResponseWriter, r *http.Request, id int64, name string) error {
	all, err := s.store.Categories(r.Context(), true)
	if err != nil {
		return err
	}
	for _, now := range all {
		if now.ID == id {
			return s.stale(w, r, staleView{What: s.words.say("settings.page.categories"), Action: fmt.Sprintf("/settings/categories/%d", id), Back: "/settings/categories", Version: now.Version,
				Fields: []staleField{{Name: "name", Label: s.words.say("cats.name"), Now: now.Name, Yours: name}}})
		}
	}
	return errNowhere
}

func (s *site) moveCategory(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	to := r.PostFormValue("to")
	if to != "up" && to != "down" {
		// Nothing is changed; this says whether there is such a category.
		if _, err := s.store.UpdateCategory(r.Context(), actorOf(r), id, tracker.CategoryChange{}, tracker.AnyVersion); err != nil {
			return err
		}
		return errForm
	}
	if err := s.store.MoveCategory(r.Context(), actorOf(r), id, to == "up"); err != nil {
		return err
	}
	return seeOther(w, r, "/settings/categories")
}
