package web

import (
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// newTicketView is the form for a request that came by telephone or in person.
type newTicketView struct {
	In         tracker.NewTicket
	Priority   string
	Take       bool
	Problem    string
	Categories []tracker.Category
	Vias       []tracker.NoteKind
	Priorities []priorityView
}

func (s *site) newTicketPage(w http.ResponseWriter, r *http.Request) error {
	v := newTicketView{In: tracker.NewTicket{Via: tracker.NotePhone}, Take: true}
	v.In.Requester.Address = r.URL.Query().Get("for")
	return s.newTicketForm(w, r, http.StatusOK, v)
}

func (s *site) newTicketForm(w http.ResponseWriter, r *http.Request, status int, v newTicketView) error {
	var err error
	if v.Categories, err = s.store.Categories(r.Context(), false); err != nil {
		return err
	}
	v.Vias = []tracker.NoteKind{tracker.NotePhone, tracker.NoteInPerson, tracker.NoteNote}
	v.Priorities = s.priorities()
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
	switch v.Priority {
	case "1", "2", "3":
		v.In.Level = int64(v.Priority[0] - '0')
	case "3*":
		v.In.Level, v.In.Star = 3, true
	}
	if v.Take {
		v.In.AssigneeID = accountOf(r.Context()).ID
	}
	t, err := s.store.OpenTicket(r.Context(), actorOf(r), v.In)
	if err != nil {
		if migrations.KindOf(err) != migrations.Invalid {
			return err
		}
		v.Problem = migrations.SafeMessage(err)
		return s.newTicketForm(w, r, http.StatusUnprocessableEntity, v)
	}
	s.flash(r, "flash.opened", t.Name())
	return seeOther(w, r, ticketPath(t.Number))
}
