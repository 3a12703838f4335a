package web

import (
	"net/http"
	"strconv"

	"helpdeskd/tracker"
)

// newTicketView is the form for a request that came by telephone or in person.
type newTicketView struct {
	In         tracker.NewTicket
	Priority   string
	Take       bool
	Template   int64              // that it begins with, 0 for none
	Templates  []tracker.Template // to choose from
	Below      []string           // subjects of the tickets that are opened below it
	Problems   problems
	Categories []choice
	Vias       []choice
	Priorities []choice
}

func (s *site) newTicketPage(w http.ResponseWriter, r *http.Request) error {
	v := newTicketView{In: tracker.NewTicket{Via: tracker.NotePhone}, Take: true}
	v.In.Requester.Address = r.URL.Query().Get("for")
	if id, err := strconv.ParseInt(r.URL.Query().Get("template"), 10, 64); err == nil && id > 0 {
		if err := s.fromTemplate(r, id, &v); err != nil {
			return err
		}
	}
	return s.newTicketForm(w, r, http.StatusOK, v)
}

func (s *site) newTicketForm(w http.ResponseWriter, r *http.Request, status int, v newTicketView) error {
	categories, err := s.store.Categories(r.Context(), false)
	if err != nil {
		return err
	}
	if v.Templates, err = s.store.Templates(r.Context()); err != nil {
		return err
	}
	for _, c := range categories {
		v.Categories = append(v.Categories, choice{Value: strconv.FormatInt(c.ID, 10), Word: c.Name})
	}
	for _, k := range []tracker.NoteKind{tracker.NotePhone, tracker.NoteInPerson, tracker.NoteNote} {
		v.Vias = append(v.Vias, choice{Value: string(k), Word: s.words.say("note." + string(k))})
	}
	for _, p := range s.priorities() {
		v.Priorities = append(v.Priorities, choice{Value: p.Value, Word: p.Words})
	}
	return s.render(w, r, status, "newticket", view{Title: s.words.say("ticket.new"), Section: "tickets", Data: v})
}

func (s *site) newTicket(w http.ResponseWriter, r *http.Request) error {
	category, err := formInt(r, "category")
	if err != nil {
		return err
	}
	v := newTicketView{Priority: r.PostFormValue("priority"), Take: r.PostFormValue("take") == "1", In: tracker.NewTicket{
		Subject: r.PostFormValue("subject"), Text: r.PostFormValue("text"), Via: tracker.NoteKind(r.PostFormValue("via")), CategoryID: category,
		Requester: tracker.Address{Name: r.PostFormValue("name"), Address: r.PostFormValue("address")}}}
	v.In.Level, v.In.Star = priorityTyped(v.Priority)
	if v.Take {
		v.In.AssigneeID = accountOf(r.Context()).ID
	}
	if v.Template, err = formInt(r, "template"); err != nil {
		return err
	}
	if v.Template != 0 {
		from, err := s.store.TemplateByID(r.Context(), v.Template)
		if err != nil {
			return err
		}
		v.Below, v.In.Plan = from.Below(), oneBreak(r.PostFormValue("plan"))
		v.In.Below = v.Below
		if !v.Take {
			v.In.AssigneeID = from.AssigneeID
		}
	}
	t, err := s.store.OpenTicket(r.Context(), actorOf(r), v.In)
	if err != nil {
		if err := v.Problems.add(err); err != nil {
			return err
		}
		return s.newTicketForm(w, r, http.StatusUnprocessableEntity, v)
	}
	s.flash(r, "flash.opened", t.Name())
	return seeOther(w, r, ticketPath(t.Number))
}
