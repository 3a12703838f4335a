package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// splitView is the form that makes a message a ticket of its own.
type splitView struct {
	T        tracker.Ticket
	M        tracker.Message
	Subject  string
	Follow   bool
	Ack      bool
	After    int // how many messages follow it
	Problems problems
}

func (s *site) splitPage(w http.ResponseWriter, r *http.Request) error {
	return s.splitForm(w, r, http.StatusOK, splitView{})
}

func (s *site) splitForm(w http.ResponseWriter, r *http.Request, status int, v splitView) error {
	ctx := r.Context()
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if v.M, err = s.store.MessageByID(ctx, id); err != nil {
		return err
	}
	if v.M.TicketID == 0 || v.M.Direction != "in" || v.M.State != "shown" {
		return errNowhere
	}
	if v.T, err = s.store.TicketByID(ctx, v.M.TicketID); err != nil {
		return err
	}
	after, err := s.store.MessagesAfter(ctx, v.T.ID, id)
	if err != nil {
		return err
	}
	if v.After = len(after); v.Subject == "" {
		v.Subject = clipRunes(v.M.Subject, 200)
	}
	v.M.Body = clipRunes(v.M.Body, 400)
	return s.render(w, r, status, "split", view{Title: s.words.say("split.title"), Section: "tickets", Data: &v})
}

// splitMessage makes a message a ticket of its own.
func (s *site) splitMessage(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	v := splitView{Subject: r.PostFormValue("subject"), Follow: r.PostFormValue("follow") == "1", Ack: r.PostFormValue("ack") == "1"}
	if strings.TrimSpace(v.Subject) == "" {
		err = migrations.InvalidAt("subject", "%s", s.words.say("split.no_subject"))
	}
	var t tracker.Ticket
	if err == nil {
		t, err = s.store.Split(r.Context(), actorOf(r), tracker.Splitting{MessageID: id, Follow: v.Follow, Subject: v.Subject, Acknowledge: v.Ack})
	}
	if k := migrations.KindOf(err); err != nil && (k == migrations.Invalid || k == migrations.Conflict) {
		if k == migrations.Conflict {
			v.Problems = problems{"": migrations.SafeMessage(err)}
		} else if err := v.Problems.add(err); err != nil {
			return err
		}
		return s.splitForm(w, r, kindStatus[k], v)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.split", t.Name())
	return seeOther(w, r, ticketPath(t.Number))
}

// pinView is a pinned message or note, above the conversation.
type pinView struct {
	tracker.Pin
	To     string // where it stands
	Action string // takes the pin off
	May    bool
}

// pinsPanel reads what is pinned, and says of what stands in the conversation
// whether it can be pinned or split off.
func (s *site) pinsPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) error {
	pins, err := s.store.Pins(ctx, v.T.ID)
	if err != nil {
		return err
	}
	on := map[string]bool{}
	for _, p := range pins {
		id := strconv.FormatInt(p.ID, 10)
		x := pinView{Pin: p, To: "#" + p.Kind[:1] + id, Action: "/" + p.Kind + "s/" + id + "/pin", May: !v.T.Archived()}
		on[x.Action] = true
		v.Pins = append(v.Pins, x)
	}
	for i := range v.Said {
		e := &v.Said[i]
		kind := map[string]string{"in": "messages", "out": "messages", "note": "notes"}[e.Kind]
		if kind == "" || e.Held || v.T.Archived() {
			continue
		}
		e.PinTo = "/" + kind + "/" + strconv.FormatInt(e.ID, 10) + "/pin"
		e.Pinned = on[e.PinTo]
		e.MaySplit = e.Kind == "in" && v.Messages > 1
	}
	return nil
}

// pinMessage pins a message, or takes its pin off.
func (s *site) pinMessage(w http.ResponseWriter, r *http.Request) error {
	return s.pin(w, r, "message")
}

// pinNote is pinMessage for a note.
func (s *site) pinNote(w http.ResponseWriter, r *http.Request) error { return s.pin(w, r, "note") }

func (s *site) pin(w http.ResponseWriter, r *http.Request, kind string) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	on := r.PostFormValue("on")
	if on != "1" && on != "0" {
		return errForm
	}
	t, err := s.store.SetPin(r.Context(), actorOf(r), kind, id, on == "1")
	if err != nil {
		return err
	}
	s.flash(r, "flash.pin."+on)
	return seeOther(w, r, ticketPath(t.Number)+"#"+kind[:1]+strconv.FormatInt(id, 10))
}
