package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const (
	liveBeat  = 25 * time.Second // proxies close what is silent for longer
	liveStuck = 30 * time.Second // how long a write may wait for its reader
	maxLive   = 64               // streams of one account at a time
	liveLimit = 500              // events caught up with after a lost connection
)

// live streams what changes, as Server-Sent Events. An event carries no
// content, only which regions of pages should read themselves anew: tickets
// (board and lists), t12 (the ticket with that id), b3 (those of the burst with that id), mail, alarms, people, orders, w12. Its id is the newest event's,
// so that a page that comes back learns what it missed. A page that asks with
// here=1 is also told of h12: who is on the page of the ticket with that id.
func (s *site) live(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if id, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		since = id
	}
	me := accountOf(ctx).ID
	if !s.streams.open(me) {
		return migrations.Temporaryf("You have too many pages open.")
	}
	defer s.streams.close(me)
	s.meters.streams.Inc()
	defer s.meters.streams.Dec()
	out := http.NewResponseController(w)
	// Each write has its own deadline, lest a reader who takes nothing in hold
	// the stream for ever.
	flush := func() error {
		_ = out.SetWriteDeadline(time.Now().Add(liveStuck)) // not supported by test recorders
		return out.Flush()
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx
	feed := s.store.Watch(ctx)
	var people <-chan []int64 // nil, which never speaks, for pages that show nobody
	if r.URL.Query().Get("here") != "" {
		people = s.store.WatchPresence(ctx)
	}
	missed, err := s.store.EventsSince(ctx, since, liveLimit)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, ": ok\n\n")
	tell(w, missed)
	if len(missed) == liveLimit { // there were more: every region reads itself anew
		fmt.Fprint(w, "event: poll\ndata: 1\n\n")
	}
	if flush() != nil {
		return nil
	}
	beat := time.NewTicker(s.opts.liveBeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			if over, err := s.sessionOver(ctx); err != nil || over {
				return nil // the page finds out why when it connects again
			}
			fmt.Fprint(w, ": still here\n\n")
		case events, ok := <-feed:
			if !ok {
				return nil // the page connects again and reads everything
			}
			tell(w, events)
		case tickets, ok := <-people:
			if !ok {
				return nil
			}
			for _, id := range tickets {
				fmt.Fprintf(w, "event: h%d\ndata: 1\n\n", id)
			}
		}
		if flush() != nil {
			return nil
		}
	}
}

// sessionOver reports whether who listens has signed out, or was shut out,
// since the stream began.
func (s *site) sessionOver(ctx context.Context) (bool, error) {
	_, found, err := s.store.Sessions().FindCtx(ctx, s.sessions.Token(ctx))
	if err != nil || !found {
		return true, err
	}
	now, err := s.store.Account(ctx, accountOf(ctx).ID)
	return err == nil && proofOf(now) != proofOf(*accountOf(ctx)), err
}

// streams counts the open streams of every account.
type streams struct {
	mu sync.Mutex
	of map[int64]int
}

func (x *streams) open(account int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of[account] >= maxLive {
		return false
	}
	x.of[account]++
	return true
}

func (x *streams) close(account int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of[account]--; x.of[account] == 0 {
		delete(x.of, account)
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
			switch { // the other tickets of the burst say how many it has
			case e.Kind == "burst" && e.Became != "":
				regions["b"+e.Became] = true
			case e.Kind == "burst_left" && e.Was != "":
				regions["b"+e.Was] = true
			}
		case "inbox", "outbox", "mailbox":
			regions["mail"] = true
		case "alarm":
			regions["alarms"] = true
		case "client":
			regions["people"] = true
		case "work_order":
			regions["orders"] = true
			regions["w"+strconv.FormatInt(e.SubjectID, 10)] = true
		}
	}
	for name := range regions {
		fmt.Fprintf(w, "id: %d\nevent: %s\ndata: 1\n\n", newest, name)
	}
}
