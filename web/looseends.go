package web

import (
	"net/http"
	"strings"

	"helpdeskd/tracker"
)

// looseShown is how many tickets of each kind the page shows.
const looseShown = 100

// looseView is what is left to be done of tickets that are solved.
type looseView struct {
	Workarounds []tracker.Ticket // still to be fixed properly
	Unsaid      []tracker.Ticket // completed without a sentence
	May         bool
}

func (s *site) looseEnds(w http.ResponseWriter, r *http.Request) error {
	v := looseView{May: tracker.May(*accountOf(r.Context()), tracker.WorkTickets)}
	var err error
	if v.Workarounds, err = s.store.Workarounds(r.Context(), looseShown); err != nil {
		return err
	}
	if v.Unsaid, err = s.store.Unsaid(r.Context(), looseShown); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "looseends", view{Title: s.words.say("loose.title"), Section: "tickets", Data: &v})
}

// workaroundDone takes a ticket off the list: it is fixed properly, or another
// ticket, opened for it, is.
func (s *site) workaroundDone(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	if _, err := s.store.TicketByNumber(r.Context(), number); err != nil {
		return err
	}
	switch r.PostFormValue("do") {
	case "done":
		if _, err := s.store.WorkaroundDone(r.Context(), actorOf(r), number); err != nil {
			return err
		}
		s.flash(r, "flash.workaround_done", tracker.TicketName(number))
		return seeOther(w, r, "/tickets/loose")
	case "follow":
		t, err := s.store.FollowUp(r.Context(), actorOf(r), number, s.words.say("loose.follow_subject"))
		if err != nil {
			return err
		}
		s.flash(r, "flash.followed", tracker.TicketName(number))
		return seeOther(w, r, ticketPath(t.Number))
	}
	return errForm
}

// changeSummary words the sentence for managers, from its page or the list.
func (s *site) changeSummary(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	if !r.PostForm.Has("summary") {
		return errForm
	}
	yours := strings.Join(strings.Fields(r.PostFormValue("summary")), " ")
	done, err := s.edit(w, r, editing{number: e.number, version: e.version, kind: "summary", yours: yours,
		now: func(t *tracker.Ticket) string { return t.Summary },
		apply: func(version int64) error {
			_, err := s.store.SetSummary(r.Context(), actorOf(r), e.number, yours, version)
			return err
		},
		field: func(now, yours string) []staleField {
			return []staleField{{Name: "summary", Label: s.words.say("compose.summary"), Now: now, Yours: yours}}
		}})
	if !done || err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	if r.PostFormValue("from") == "loose" {
		return seeOther(w, r, "/tickets/loose#unsaid")
	}
	return seeOther(w, r, ticketPath(e.number))
}
