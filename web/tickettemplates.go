package web

import (
	"net/http"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// templatesView is the page of the templates: all of them, and the form of one.
type templatesView struct {
	All         []tracker.Template
	T           tracker.Template // that is edited; without an id a new one
	Priority    string
	Problems    problems
	Categories  []choice
	Technicians []choice
	Priorities  []choice
}

// Action is where the form goes.
func (v templatesView) Action() string {
	if v.T.ID == 0 {
		return "/tickets/templates"
	}
	return "/tickets/templates/" + strconv.FormatInt(v.T.ID, 10)
}

func (s *site) ticketTemplates(w http.ResponseWriter, r *http.Request) error {
	return s.templatesPage(w, r, http.StatusOK, templatesView{})
}

func (s *site) ticketTemplate(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	t, err := s.store.TemplateByID(r.Context(), id)
	if err != nil {
		return err
	}
	return s.templatesPage(w, r, http.StatusOK, templatesView{T: t, Priority: priorityValue(t.Level, t.Star)})
}

// priorityValue is how forms hold a priority, "" for one that is decided later.
func priorityValue(level int64, star bool) string {
	switch {
	case level == 0:
		return ""
	case star:
		return "3*"
	}
	return strconv.FormatInt(level, 10)
}

// priorityTyped reads what a form holds of a priority; what is none is 0.
func priorityTyped(value string) (level int64, star bool) {
	switch value {
	case "1", "2", "3":
		return int64(value[0] - '0'), false
	case "3*":
		return 3, true
	}
	return 0, false
}

func (s *site) templatesPage(w http.ResponseWriter, r *http.Request, status int, v templatesView) (err error) {
	ctx := r.Context()
	if v.All, err = s.store.Templates(ctx); err != nil {
		return err
	}
	categories, err := s.store.Categories(ctx, false)
	if err != nil {
		return err
	}
	for _, c := range categories {
		v.Categories = append(v.Categories, choice{Value: strconv.FormatInt(c.ID, 10), Word: c.Name})
	}
	technicians, err := s.store.Technicians(ctx)
	if err != nil {
		return err
	}
	for _, a := range technicians {
		v.Technicians = append(v.Technicians, choice{Value: strconv.FormatInt(a.ID, 10), Word: a.Name})
	}
	for _, p := range s.priorities() {
		v.Priorities = append(v.Priorities, choice{Value: p.Value, Word: p.Words})
	}
	title := s.words.say("template.title")
	if v.T.ID != 0 {
		title = clipRunes(v.T.Name, 60) + " · " + title
	}
	return s.render(w, r, status, "templates", view{Title: title, Section: "tickets", Data: v})
}

func (s *site) addTemplate(w http.ResponseWriter, r *http.Request) error {
	return s.saveTemplate(w, r, tracker.Template{})
}

func (s *site) changeTemplate(w http.ResponseWriter, r *http.Request) error {
	id, version, err := edits(r)
	if err != nil {
		return err
	}
	return s.saveTemplate(w, r, tracker.Template{ID: id, Version: version})
}

func (s *site) saveTemplate(w http.ResponseWriter, r *http.Request, t tracker.Template) (err error) {
	if t.CategoryID, err = formInt(r, "category"); err != nil {
		return err
	}
	if t.AssigneeID, err = formInt(r, "assignee"); err != nil {
		return err
	}
	v := templatesView{Priority: r.PostFormValue("priority")}
	t.Name, t.Subject, t.Body, t.Children = r.PostFormValue("name"), r.PostFormValue("subject"), oneBreak(r.PostFormValue("body")), oneBreak(r.PostFormValue("children"))
	t.Level, t.Star = priorityTyped(v.Priority)
	saved, err := s.store.SaveTemplate(r.Context(), actorOf(r), t)
	if migrations.KindOf(err) == migrations.Conflict && err != nil {
		return s.staleTemplate(w, r, t)
	}
	if err != nil {
		if err := v.Problems.add(err); err != nil {
			return err
		}
		v.T = t
		return s.templatesPage(w, r, http.StatusUnprocessableEntity, v)
	}
	s.flash(r, "flash.template", saved.Name)
	return seeOther(w, r, "/tickets/templates")
}

// staleTemplate shows both texts where somebody else changed a template meanwhile.
func (s *site) staleTemplate(w http.ResponseWriter, r *http.Request, t tracker.Template) error {
	now, err := s.store.TemplateByID(r.Context(), t.ID)
	if err != nil {
		return err
	}
	field := func(name, now, yours string) staleField {
		return staleField{Name: name, Label: s.words.say("template." + name), Now: now, Yours: yours}
	}
	v := staleView{Action: r.URL.Path, Version: now.Version, Back: "/tickets/templates", What: now.Name,
		Hidden: []hiddenField{{"category", idText(t.CategoryID)}, {"assignee", idText(t.AssigneeID)}, {"priority", priorityValue(t.Level, t.Star)}},
		Fields: []staleField{field("name", now.Name, t.Name), field("subject", now.Subject, t.Subject), field("body", now.Body, t.Body), field("children", now.Children, t.Children)}}
	return s.stale(w, r, v)
}

func (s *site) removeTemplate(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if err := s.store.RemoveTemplate(r.Context(), actorOf(r), id); err != nil {
		return err
	}
	s.flash(r, "flash.template_removed")
	return seeOther(w, r, "/tickets/templates")
}

// fromTemplate fills the form of a new ticket in from a template; 0 for none.
func (s *site) fromTemplate(r *http.Request, id int64, v *newTicketView) error {
	t, err := s.store.TemplateByID(r.Context(), id)
	if err != nil {
		return err
	}
	v.Template = id
	v.In.Subject, v.In.Plan, v.In.CategoryID, v.In.AssigneeID = t.Subject, t.Body, t.CategoryID, t.AssigneeID
	v.Priority, v.Below = priorityValue(t.Level, t.Star), t.Below()
	v.Take = t.AssigneeID == 0
	return nil
}
