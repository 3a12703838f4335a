package web

import (
	"context"
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// editing is a change of one property of a ticket's head.
type editing struct {
	number, version int64
	kind            string // of the event that tells of such a change
	yours           string // as the form holds it
	now             func(t *tracker.Ticket) string
	apply           func(version int64) error
	field           func(now, yours string) []staleField
}

// edit makes a change, and reports whether that was done. Where the ticket
// has another version than the form, what counts is the property itself: if
// it still is what the person saw (the form's field was), the change is made;
// if it is already what they want, there is nothing to do; otherwise both are
// shown and nothing is changed.
func (s *site) edit(w http.ResponseWriter, r *http.Request, x editing) (done bool, err error) {
	for range 5 {
		err = x.apply(x.version)
		if migrations.KindOf(err) != migrations.Conflict {
			return err == nil, err
		}
		t, terr := s.store.TicketByNumber(r.Context(), x.number)
		if terr != nil || t.Archived() || t.Version == x.version {
			return false, err
		}
		now := x.now(&t)
		if now == x.yours {
			return true, nil
		}
		if _, saw := r.PostForm["was"]; saw && r.PostFormValue("was") == now {
			x.version = t.Version // something else was changed
			continue
		}
		if r.Header.Get("X-From") == "board" {
			return false, err
		}
		return false, s.stale(w, r, staleView{Action: r.URL.Path, Version: t.Version, Back: ticketPath(x.number), What: t.Name(),
			By: s.lastBy(r.Context(), t.ID, x.kind), Fields: x.field(now, x.yours)})
	}
	return false, err
}

// lastBy names who made the last change of a kind, "" when that is not known.
func (s *site) lastBy(ctx context.Context, ticketID int64, kind string) string {
	events, err := s.store.EventsOf(ctx, "ticket", ticketID, 50)
	if err != nil {
		return ""
	}
	for _, e := range events {
		if e.Kind != kind && !(kind == "stage" && e.Kind == "reopened") {
			continue
		}
		people, err := s.store.Technicians(ctx)
		if err != nil {
			return ""
		}
		for _, p := range people {
			if "account:"+stampText(migrations.Stamp(p.ID)) == e.Actor {
				return p.Name
			}
		}
		return ""
	}
	return ""
}
