package web

import (
	"io"
	"net/http"
	"strings"
)

// healthz says that the process lives, and asks nothing else: whoever restarts
// it on failure must not do so because a database is away.
func (s *site) healthz(w http.ResponseWriter, r *http.Request) error {
	return probed(w, nil)
}

// readyz says whether this node can serve: 200 and "ok", or 503 and why not,
// in words that anybody may read.
func (s *site) readyz(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Alarms == nil {
		if err := s.store.DB().Ping(r.Context()); err != nil {
			return probed(w, []string{"the database does not answer"})
		}
		return probed(w, nil)
	}
	return probed(w, s.opts.Alarms.Ready(r.Context()))
}

func probed(w http.ResponseWriter, reasons []string) error {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	text := "ok\n"
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = strings.Join(reasons, "\n") + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
