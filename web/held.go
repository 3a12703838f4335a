package web

import (
	"net/http"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// heldView is the page of the mails that wait for a person's decision.
type heldView struct {
	Tabs  []mailTab
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
	Commands   bool   // it would send nothing: it holds commands
	MayJoin    bool   // approving may also make its writer a participant
	Checks     []checkView
	Mail       int64 // of the ledger
	Hand       handForm
	Joins      bool // the box for its writer is ticked
}

// checkView is one of the conditions that a held mail was measured by.
type checkView struct {
	Word string
	OK   bool
}

func (s *site) held(w http.ResponseWriter, r *http.Request) error {
	return s.heldPage(w, r, http.StatusOK, 0, handForm{})
}

// heldPage shows the held mails; typed is what a person typed about one of
// them, where something is wrong with it. That one is on the page.
func (s *site) heldPage(w http.ResponseWriter, r *http.Request, status int, id int64, typed handForm) error {
	var before int64
	if v := r.URL.Query().Get("before"); v != "" {
		before, _ = strconv.ParseInt(v, 10, 64)
	}
	if id != 0 {
		before = id + 1
	}
	list, more, err := s.store.Held(r.Context(), before, 30)
	if err != nil {
		return err
	}
	v := heldView{}
	if v.Tabs, err = s.mailTabs(r.Context(), "held"); err != nil {
		return err
	}
	for _, h := range list {
		v.Mails = append(v.Mails, heldMail{entryView: s.messageView(&h.Message), Number: h.TicketNumber, Ticket: h.TicketSubject, Subject: h.Subject,
			Technician: h.Technician, Commands: h.Commands, MayJoin: h.TicketNumber != 0 && h.Technician == "", Mail: h.InboxID, Checks: s.checksOf(h.Checks)})
		if h.ID == id {
			x := &v.Mails[len(v.Mails)-1]
			x.Hand, x.Joins = typed, r.PostFormValue("participant") == "1"
		}
	}
	if more != 0 {
		v.More = "/held?before=" + strconv.FormatInt(more, 10)
	}
	return s.render(w, r, status, "held", view{Title: s.words.say("held.title"), Section: "held", Live: true, Data: v})
}

func (s *site) approveHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	return s.letIn(w, r, id, tracker.Approval{Participant: r.PostFormValue("participant") == "1"})
}

// attachHeld lets a held mail in on another ticket than it would go to.
func (s *site) attachHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.store.MessageByID(r.Context(), id); err != nil {
		return s.afterHeldGone(w, r, err, tracker.DecidedApproved)
	}
	number, err := s.pickedNumber(r)
	if err == nil {
		err = s.letIn(w, r, id, tracker.Approval{Number: number, Participant: r.PostFormValue("participant") == "1"})
	}
	if err == nil {
		return nil
	}
	typed := typedHand(r)
	if err := typed.Problems.add(err); err != nil {
		return err
	}
	if typed.Problems["ticket"] == "" { // what the chosen ticket stands in the way of
		typed.Problems = problems{"ticket": migrations.SafeMessage(err)}
	}
	return s.heldPage(w, r, http.StatusUnprocessableEntity, id, typed)
}

func (s *site) letIn(w http.ResponseWriter, r *http.Request, id int64, a tracker.Approval) error {
	t, err := s.store.ApproveHeld(r.Context(), actorOf(r), id, a)
	if err != nil {
		return s.afterHeldGone(w, r, err, tracker.DecidedApproved)
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

// afterHeldGone answers a decision about a held message that is not there any
// more: who approved it while it lay in the Junk folder is told so, whoever
// sent the form twice too; other errors are returned.
func (s *site) afterHeldGone(w http.ResponseWriter, r *http.Request, err error, decision string) error {
	mail, _ := strconv.ParseInt(r.PostFormValue("mail"), 10, 64)
	if migrations.KindOf(err) != migrations.NotFound || mail <= 0 {
		return err
	}
	again, gone := s.store.HeldDecision(r.Context(), actorOf(r), mail, decision)
	if gone != nil {
		return gone
	}
	if !again {
		return err
	}
	s.flash(r, "held.approved_junk")
	return seeOther(w, r, "/held")
}

func (s *site) rejectHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if err := s.store.RejectHeld(r.Context(), actorOf(r), id, r.PostFormValue("reason")); err != nil {
		return s.afterHeldGone(w, r, err, tracker.DecidedRejected)
	}
	s.flash(r, "held.rejected")
	return seeOther(w, r, "/held")
}

func (s *site) checksOf(list []tracker.Check) (out []checkView) {
	for _, c := range list {
		out = append(out, checkView{Word: s.words.say("check." + c.What), OK: c.OK})
	}
	return out
}

// decideHeldMany approves or rejects several held mails, each on its own.
func (s *site) decideHeldMany(w http.ResponseWriter, r *http.Request) error {
	ids, err := rowIDs(r)
	if err != nil {
		return err
	}
	return s.decideMany(w, r, ids, "/held", func(id int64) error {
		if r.PostFormValue("do") == "approve" {
			_, err := s.store.ApproveHeld(r.Context(), actorOf(r), id, tracker.Approval{})
			return err
		}
		return s.store.RejectHeld(r.Context(), actorOf(r), id, r.PostFormValue("reason"))
	})
}
