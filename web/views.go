package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// viewForm is the page on which a view is named: where the form in the list
// could not be saved.
type viewForm struct {
	Action, Back, Problem string
	View                  tracker.SavedView
}

// pathOfView is a view's own address.
func (s *site) pathOfView(v tracker.SavedView) string {
	l, ok := s.listing(v.List)
	if !ok {
		return "/"
	}
	q, _ := url.ParseQuery(v.Query)
	if v.ID != 0 {
		q.Set("view", strconv.FormatInt(v.ID, 10))
	}
	if len(q) == 0 {
		return l.path
	}
	return l.path + "?" + q.Encode()
}

// saveView puts a name on the filter of a list.
func (s *site) saveView(w http.ResponseWriter, r *http.Request) error {
	v := tracker.SavedView{List: r.PostFormValue("list"), Name: r.PostFormValue("name"), Query: r.PostFormValue("query"), Shared: r.PostFormValue("shared") == "1"}
	saved, err := s.store.SaveView(r.Context(), *accountOf(r.Context()), v)
	if migrations.KindOf(err) == migrations.Invalid {
		return s.viewProblem(w, r, "/views", v, err)
	}
	if err != nil {
		return err
	}
	s.flash(r, "views.saved", saved.Name)
	return seeOther(w, r, s.pathOfView(saved))
}

func (s *site) viewProblem(w http.ResponseWriter, r *http.Request, action string, v tracker.SavedView, err error) error {
	return s.render(w, r, http.StatusUnprocessableEntity, "viewform", view{Title: s.words.say("views.save"), Section: v.List,
		Data: viewForm{Action: action, Back: s.pathOfView(v), Problem: migrations.SafeMessage(err), View: v}})
}

// changeView renames a view, shares it, or gives it the filter that is shown.
func (s *site) changeView(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	var c tracker.ViewChange
	if r.PostForm.Has("query") {
		q := r.PostFormValue("query")
		c.Query = &q
	}
	if r.PostForm.Has("name") {
		name, shared := r.PostFormValue("name"), r.PostFormValue("shared") == "1"
		c.Name, c.Shared = &name, &shared
	}
	me := *accountOf(r.Context())
	v, err := s.store.ChangeView(r.Context(), me, id, c, version)
	if migrations.KindOf(err) == migrations.Invalid && c.Name != nil {
		now, nerr := s.store.SavedView(r.Context(), id, me.ID)
		if nerr != nil {
			return nerr
		}
		now.Name, now.Shared = *c.Name, *c.Shared
		return s.viewProblem(w, r, r.URL.Path, now, err)
	}
	if err != nil {
		return err
	}
	s.flash(r, "views.saved", v.Name)
	return seeOther(w, r, s.pathOfView(v))
}

// moveView moves a view one place to the left (-1) or to the right (1).
func (s *site) moveView(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	places := 1
	if r.PostFormValue("places") == "-1" {
		places = -1
	}
	if err := s.store.MoveView(r.Context(), *accountOf(r.Context()), id, places); err != nil {
		return err
	}
	return seeOther(w, r, backTo(r, "/tickets"))
}

// removedView is where the session keeps the view that was removed last.
const removedView = "removed_view"

// removeView removes a view; its filter stays on, and undo brings it back.
func (s *site) removeView(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	was, err := s.store.RemoveView(r.Context(), *accountOf(r.Context()), id)
	if err != nil {
		return err
	}
	b, err := json.Marshal(was)
	if err != nil {
		return err
	}
	s.sessions.Put(r.Context(), removedView, string(b))
	s.flashUndo(r, "/views/restore", nil, "views.removed", was.Name)
	was.ID = 0
	return seeOther(w, r, s.pathOfView(was))
}

// restoreView brings back the view that this session removed last.
func (s *site) restoreView(w http.ResponseWriter, r *http.Request) error {
	var was tracker.SavedView
	text := s.sessions.PopString(r.Context(), removedView)
	if text == "" || json.Unmarshal([]byte(text), &was) != nil {
		s.flash(r, "views.nothing")
		return seeOther(w, r, backTo(r, "/tickets"))
	}
	v, err := s.store.SaveView(r.Context(), *accountOf(r.Context()), was)
	if migrations.KindOf(err) == migrations.Invalid {
		return s.viewProblem(w, r, "/views", was, err)
	}
	if err != nil {
		return err
	}
	s.flash(r, "views.back", v.Name)
	return seeOther(w, r, s.pathOfView(v))
}
