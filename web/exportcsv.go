package web

import (
	"io"
	"log/slog"
	"net/http"

	"helpdeskd/inventory"
)

// lateWriter sets the headers of a file with its first bytes, so that what
// fails before them still answers with the error's page.
type lateWriter struct {
	w    http.ResponseWriter
	name string
	sent bool
}

func (l *lateWriter) Write(b []byte) (int, error) {
	if !l.sent {
		l.sent = true
		h := l.w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		h.Set("Content-Disposition", disposition("attachment", l.name))
		h.Set("Content-Security-Policy", filePolicy)
		h.Set("Cache-Control", "no-store")
	}
	return l.w.Write(b)
}

// sendCSV streams a file as it is made. One that breaks off is cut, never
// ended as if it were whole.
func (s *site) sendCSV(w http.ResponseWriter, r *http.Request, name string, write func(io.Writer) error) error {
	out := &lateWriter{w: w, name: name + "-" + s.store.Now().Format("2006-01-02") + ".csv"}
	err := write(out)
	if err == nil || !out.sent {
		return err
	}
	if r.Context().Err() == nil {
		s.log.ErrorContext(r.Context(), "an export broke off", slog.String("file", name), slog.Any("error", err))
	}
	panic(http.ErrAbortHandler)
}

func (s *site) exportAssets(w http.ResponseWriter, r *http.Request) error {
	return s.sendCSV(w, r, "assets", func(w io.Writer) error {
		return s.things.ExportAssets(r.Context(), s.assetFilter(r.URL.Query()), w)
	})
}

func (s *site) exportModels(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := alikeFilter(q)
	f.Archived = q.Get("archived") == "1"
	return s.sendCSV(w, r, "models", func(w io.Writer) error { return s.things.ExportModels(r.Context(), f, w) })
}

func (s *site) exportLocations(w http.ResponseWriter, r *http.Request) error {
	return s.sendCSV(w, r, "locations", func(w io.Writer) error { return s.things.ExportLocations(r.Context(), w) })
}

func (s *site) exportMovements(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := inventory.MovementFilter{AssetID: queryInt(q, "asset"), LocationID: queryInt(q, "place"), ClientID: queryInt(q, "person")}
	return s.sendCSV(w, r, "movements", func(w io.Writer) error { return s.things.ExportMovements(r.Context(), f, w) })
}

func (s *site) exportOrders(w http.ResponseWriter, r *http.Request) error {
	return s.sendCSV(w, r, "work-orders", func(w io.Writer) error {
		return s.things.ExportOrders(r.Context(), orderFilter(r.URL.Query(), accountOf(r.Context()).ID), w)
	})
}
