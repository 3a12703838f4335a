package web

import (
	"net/http"

	"helpdeskd/tracker"
)

// home sends everybody to the page where their day begins.
func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	if !tracker.May(*accountOf(r.Context()), tracker.ReadTickets) {
		return seeOther(w, r, "/overview")
	}
	return seeOther(w, r, "/board")
}

// requests is the managers' plain view: what was asked, by whom, where it
// stands, in words, with nothing to press.
func (s *site) requests(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	list, more, err := s.store.Tickets(r.Context(), tracker.TicketFilter{}, after, 50)
	if err != nil {
		return err
	}
	if names, err := s.mayName(r.Context()); err != nil {
		return err
	} else if !names && !tracker.May(*accountOf(r.Context()), tracker.ReadTickets) {
		for i := range list {
			list[i].ClientName, list[i].ClientAddress = s.words.say("overview.somebody"), ""
			if d := list[i].ClientDepartment; d != "" {
				list[i].ClientName = s.words.say("overview.somebody_of", d)
			}
		}
	}
	return s.render(w, r, http.StatusOK, "requests", view{Title: s.words.say("requests.title"), Section: "requests",
		Data: struct {
			Tickets []tracker.Ticket
			Pages   pageLinks
		}{list, pagesOf("/requests", r.URL.Query(), more)}})
}
