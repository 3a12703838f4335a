package web

import (
	"context"
	"net/http"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// hereView is who else has a ticket's page before them.
type hereView struct {
	TicketID, Number int64
	People           []hereRow
	Warning          string // to who writes an answer: somebody does so already
}

type hereRow struct {
	Name, Words string
	Writes      bool
}

// hereOn returns who else is on a ticket's page.
func (s *site) hereOn(ctx context.Context, id, number int64) (hereView, error) {
	v := hereView{TicketID: id, Number: number}
	list, err := s.store.Present(ctx, id, accountOf(ctx).ID)
	if err != nil {
		return v, err
	}
	var writing []string
	for _, p := range list {
		v.People = append(v.People, hereRow{Name: p.Name, Words: s.words.say("here."+string(p.Doing), p.Name), Writes: p.Doing != tracker.Looking})
		if p.Doing == tracker.WritingReply || p.Doing == tracker.WritingFix {
			writing = append(writing, p.Name)
		}
	}
	if len(writing) > 0 {
		v.Warning = s.words.say("here.warning", len(writing), strings.Join(writing, ", "))
	}
	return v, nil
}

// whoIsHere serves that part of a ticket's page again.
func (s *site) whoIsHere(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	t, err := s.store.TicketByNumber(r.Context(), number)
	if err != nil {
		return err
	}
	v, err := s.hereOn(r.Context(), t.ID, number)
	if err != nil {
		return err
	}
	return s.fragment(w, r, "ticket", "here-now", v)
}

// iAmHere takes an open page's word: what is done on it, or nothing, when it
// is closed or not looked at any more.
func (s *site) iAmHere(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	t, err := s.store.TicketByNumber(r.Context(), number)
	if err != nil {
		return err
	}
	if !r.PostForm.Has("page") || !r.PostForm.Has("doing") {
		return errForm
	}
	page, doing := r.PostFormValue("page"), r.PostFormValue("doing")
	if doing == "" {
		err = s.store.Left(r.Context(), actorOf(r), page)
	} else {
		err = s.store.Here(r.Context(), actorOf(r), t.ID, page, tracker.Doing(doing))
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// watchTicket has the reader told of a ticket, or not any more.
func (s *site) watchTicket(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	switch r.PostFormValue("watch") {
	case "1":
		_, err = s.store.WatchTicket(r.Context(), actorOf(r), number)
	case "0":
		_, err = s.store.UnwatchTicket(r.Context(), actorOf(r), number)
	default:
		return errForm
	}
	if err != nil {
		return err
	}
	switch {
	case r.PostFormValue("watch") == "0":
		s.flash(r, "flash.unwatched")
	case accountOf(r.Context()).Notify == tracker.NotifyNone:
		s.flash(r, "flash.watched_silent")
	default:
		s.flash(r, "flash.watched")
	}
	return seeOther(w, r, ticketPath(number))
}

// teamPanel fills in who watches, who else is here, what can be inserted and
// what can be taken back.
func (s *site) teamPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	me := accountOf(ctx)
	if v.Here, err = s.hereOn(ctx, v.T.ID, v.T.Number); err != nil {
		return err
	}
	if v.Watchers, err = s.store.Watchers(ctx, v.T.ID); err != nil {
		return err
	}
	for _, w := range v.Watchers {
		v.Watching = v.Watching || w.ID == me.ID
	}
	v.Previews = s.opts.Replies != nil
	if !v.T.Archived() {
		if v.Canned, err = s.store.CannedReplies(ctx, me.ID); err != nil {
			return err
		}
	}
	can, err := s.store.CanTakeBack(ctx, me.Actor(), v.T.ID)
	if err != nil || len(can) == 0 {
		return err
	}
	now := migrations.At(s.store.Now())
	for i := range v.Said {
		if due := can[v.Said[i].ID]; v.Said[i].Kind == "out" && due > now {
			v.Said[i].Left = int64(due-now)/1e6 + 1
			v.Said[i].Sent = nil // it has not left
		}
	}
	return nil
}
