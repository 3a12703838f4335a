package web

import (
	"net/http"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// home sends everybody to the page where their day begins.
func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	if !tracker.May(*accountOf(r.Context()), tracker.ReadTickets) {
		return seeOther(w, r, "/requests")
	}
	return seeOther(w, r, "/board")
}

// healthz tells a load balancer whether this node can serve: 200 and "ok"
// when the database answers within two seconds.
func (s *site) healthz(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	done := make(chan error, 1)
	go func() {
		_, err := s.store.NeedsSetup(r.Context())
		done <- err
	}()
	timeout := time.NewTimer(2 * time.Second)
	defer timeout.Stop()
	var err error
	select {
	case err = <-done:
	case <-timeout.C:
		err = migrations.Temporaryf("the database does not answer")
	}
	if err != nil {
		s.log.WarnContext(r.Context(), "health check failed", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte("the database does not answer\n"))
		return nil
	}
	w.Write([]byte("ok\n"))
	return nil
}

// requests is the managers' plain view: what was asked, by whom, where it
// stands, in words, with nothing to press.
func (s *site) requests(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	list, more, err := s.store.Tickets(r.Context(), tracker.TicketFilter{}, after, 50)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "requests", view{Title: s.words.say("requests.title"), Section: "requests",
		Data: struct {
			Tickets []tracker.Ticket
			Pages   pageLinks
		}{list, pagesOf("/requests", r.URL.Query(), more)}})
}
