package web

import (
	"net/http"
	"strconv"

	"helpdeskd/tracker"
)

// heldView is the page of the mails that wait for a person's decision.
type heldView struct {
	Mails []heldMail
	More  string
}

// heldMail is one of them.
type heldMail struct {
	entryView
	Number     int64 // of the ticket; 0: it would open one
	Ticket     string
	Subject    string
	Technician string // whose words it would send to the client
	MayJoin    bool   // approving may also make its writer a participant
	Class      string
}

func (s *site) held(w http.ResponseWriter, r *http.Request) error {
	var before int64
	if v := r.URL.Query().Get("before"); v != "" {
		before, _ = strconv.ParseInt(v, 10, 64)
	}
	list, more, err := s.store.Held(r.Context(), before, 30)
	if err != nil {
		return err
	}
	v := heldView{}
	for _, h := range list {
		v.Mails = append(v.Mails, heldMail{entryView: s.messageView(&h.Message), Number: h.TicketNumber, Ticket: h.TicketSubject, Subject: h.Subject,
			Technician: h.Technician, MayJoin: h.TicketNumber != 0 && h.Technician == ""})
	}
	if more != 0 {
		v.More = "/held?before=" + strconv.FormatInt(more, 10)
	}
	return s.render(w, r, http.StatusOK, "held", view{Title: s.words.say("held.title"), Section: "held", Live: true, Data: v})
}

func (s *site) approveHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	t, err := s.store.ApproveHeld(r.Context(), actorOf(r), id, tracker.Approval{Participant: r.PostFormValue("participant") == "1"})
	if err != nil {
		return err
	}
	if t.Number == 0 { // it lay in the Junk folder, and is read once more
		s.flash(r, "held.approved_junk")
		return seeOther(w, r, "/held")
	}
	s.flash(r, "held.approved", t.Name())
	return s.afterHeld(w, r, t)
}

// afterHeld goes to the ticket, or stays with the other held mails.
func (s *site) afterHeld(w http.ResponseWriter, r *http.Request, t tracker.Ticket) error {
	n, err := s.store.HeldCount(r.Context())
	if err != nil {
		return err
	}
	if n > 0 {
		return seeOther(w, r, "/held")
	}
	return seeOther(w, r, ticketPath(t.Number))
}

func (s *site) rejectHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if err := s.store.RejectHeld(r.Context(), actorOf(r), id, r.PostFormValue("reason")); err != nil {
		return err
	}
	s.flash(r, "held.rejected")
	return seeOther(w, r, "/held")
}
