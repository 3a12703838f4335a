package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"helpdeskd/tracker"
)

const (
	liveBeat  = 25 * time.Second // proxies close what is silent for longer
	liveLimit = 500              // events caught up with after a lost connection
)

// live streams what changes, as Server-Sent Events. An event carries no
// content, only which regions of pages should read themselves anew: tickets
// (board and lists), t12 (the ticket with that id), mail, people. Its id is the newest event's,
// so that a page that comes back learns what it missed.
func (s *site) live(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if id, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		since = id
	}
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		s.log.DebugContext(ctx, "the stream keeps the server's write deadline", "error", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx
	feed := s.store.Watch(ctx)
	missed, err := s.store.EventsSince(ctx, since, liveLimit)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, ": ok\n\n")
	tell(w, missed)
	if err := out.Flush(); err != nil {
		return nil
	}
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		case events, ok := <-feed:
			if !ok {
				return nil // the page connects again and reads everything
			}
			tell(w, events)
		}
		if out.Flush() != nil {
			return nil
		}
	}
}

// tell writes one line for each region that events touch.
func tell(w io.Writer, events []tracker.EventRow) {
	var newest int64
	regions := map[string]bool{}
	for _, e := range events {
		newest = max(newest, e.ID)
		switch e.Subject {
		case "ticket":
			regions["tickets"] = true
			regions["t"+strconv.FormatInt(e.SubjectID, 10)] = true
		case "inbox", "outbox", "mailbox":
			regions["mail"] = true
		case "client":
			regions["people"] = true
		}
	}
	for name := range regions {
		fmt.Fprintf(w, "id: %d\nevent: %s\ndata: 1\n\n", newest, name)
	}
}
