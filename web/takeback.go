package web

import (
	"encoding/json"
	"net/http"
	"net/url"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// takeBackReply takes back an answer that has not left, and opens the ticket
// with its words and files in the composer.
func (s *site) takeBackReply(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	m, err := s.store.MessageByID(r.Context(), id)
	if err != nil {
		return err
	}
	back, err := s.store.Unsend(r.Context(), actorOf(r), id)
	if migrations.KindOf(err) == migrations.Conflict && m.TicketID != 0 {
		t, terr := s.store.TicketByID(r.Context(), m.TicketID)
		if terr != nil {
			return terr
		}
		s.flash(r, "flash.too_late")
		return seeOther(w, r, ticketPath(t.Number))
	}
	if err != nil {
		return err
	}
	once, _ := tracker.NewToken()
	b, err := json.Marshal(back)
	if err != nil {
		return err
	}
	s.sessions.Put(r.Context(), "back:"+once, b)
	s.flash(r, "flash.taken_back")
	return seeOther(w, r, ticketURL(back.Number, url.Values{"back": {once}}, "#composer"))
}

// takenBack is the answer that an address names, which its author took back.
func (s *site) takenBack(r *http.Request, number int64) (composed, bool) {
	once := r.URL.Query().Get("back")
	if once == "" || len(once) > 64 {
		return composed{}, false
	}
	var back tracker.TakenBack
	if b := s.sessions.GetBytes(r.Context(), "back:"+once); b == nil || json.Unmarshal(b, &back) != nil || back.Number != number {
		return composed{}, false
	}
	s.keep(r, once, back.Files)
	return composed{Do: back.What, Text: back.Text, Kept: back.Files, Without: back.Without, Once: once, Back: true}, true
}
