package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const eventColumns = `id, at, actor, subject, subject_id, kind, was, became`

// LastEvent returns the id of the newest event, 0 for none.
func (s *Store) LastEvent(ctx context.Context) (int64, error) {
	var id int64
	if err := s.db.Get(ctx, &id, `SELECT COALESCE(MAX(id), 0) FROM event`); err != nil {
		return 0, fmt.Errorf("read the last event: %w", err)
	}
	return id, nil
}

// EventsSince returns the events after one, the oldest first. Since commits
// land out of order it may miss what is being committed: who watches uses Watch.
func (s *Store) EventsSince(ctx context.Context, id int64, limit int) ([]EventRow, error) {
	var list []EventRow
	if err := s.db.Select(ctx, &list, `SELECT `+eventColumns+` FROM event WHERE id > ? ORDER BY id LIMIT ?`, id, limit); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return list, nil
}

// EventsOf returns the newest events of one thing, the newest first.
func (s *Store) EventsOf(ctx context.Context, subject string, id int64, limit int) ([]EventRow, error) {
	var list []EventRow
	err := s.db.Select(ctx, &list, `SELECT `+eventColumns+` FROM event WHERE subject = ? AND subject_id = ? ORDER BY id DESC LIMIT ?`, subject, id, limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return list, nil
}

// watchWindow is how long a transaction may take from drawing an event's id
// to its commit: for so long, events are looked for below the newest one.
const watchWindow = 10 * time.Second

// feed tells those who watch of new events, reading them once for all.
type feed struct {
	mu       sync.Mutex
	watchers map[chan []EventRow]bool
	stop     context.CancelFunc // of the reader, which runs while somebody watches
}

// Watch returns a channel of the events that are committed from now on, by
// this process or another, in batches. One event may come twice, and batches
// are not in order of ids. The channel is closed when ctx ends, or when the
// watcher is so slow that it missed some: it then reads everything anew.
func (s *Store) Watch(ctx context.Context) <-chan []EventRow {
	ch := make(chan []EventRow, 32)
	f := &s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		f.watchers = map[chan []EventRow]bool{}
	}
	f.watchers[ch] = true
	if f.stop == nil {
		var reading context.Context
		reading, f.stop = context.WithCancel(context.WithoutCancel(ctx))
		w := &window{seen: map[int64]time.Time{}}
		// Read before Watch returns, so that what is committed after it is news.
		if _, err := s.readWindow(ctx, w); err != nil {
			s.log.Warn("reading the newest events failed, trying again", slog.Any("error", err))
		}
		go s.readFeed(reading, w)
	}
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.dropLocked(ch)
	})
	return ch
}

func (f *feed) dropLocked(ch chan []EventRow) {
	if !f.watchers[ch] {
		return
	}
	delete(f.watchers, ch)
	close(ch)
	if len(f.watchers) == 0 {
		f.stop()
		f.stop = nil
	}
}

func (f *feed) tell(events []EventRow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ch := range f.watchers {
		select {
		case ch <- events:
		default:
			f.dropLocked(ch)
		}
	}
}

// readFeed reads new events each second, and as soon as this process commits
// one, until nobody watches any more.
func (s *Store) readFeed(ctx context.Context, w *window) {
	news, stop := s.live.watch()
	defer stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		events, err := s.readWindow(ctx, w)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("reading new events failed, trying again", slog.Any("error", err))
		}
		if len(events) > 0 {
			s.feed.tell(events)
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-tick.C:
		}
	}
}

// window is what was read of the newest events.
type window struct {
	begun bool
	floor int64               // nothing is looked for at or below it
	seen  map[int64]time.Time // when each event above it was first read
}

// readWindow returns the events above the floor that were not read before,
// and raises the floor over those that are older than any commit takes.
func (s *Store) readWindow(ctx context.Context, w *window) ([]EventRow, error) {
	now := time.Now()
	first := !w.begun
	if first {
		last, err := s.LastEvent(ctx)
		if err != nil {
			return nil, err
		}
		w.floor, w.begun = max(0, last-1000), true
	}
	var fresh []EventRow
	for from := w.floor; ; {
		list, err := s.EventsSince(ctx, from, 1000)
		if err != nil {
			return fresh, err
		}
		for _, e := range list {
			if _, ok := w.seen[e.ID]; !ok {
				w.seen[e.ID] = now
				fresh = append(fresh, e)
			}
		}
		if len(list) < 1000 {
			break
		}
		from = list[len(list)-1].ID
	}
	for id, at := range w.seen {
		if now.Sub(at) > watchWindow {
			w.floor = max(w.floor, id)
		}
	}
	for id := range w.seen {
		if id <= w.floor {
			delete(w.seen, id)
		}
	}
	if first { // what was there before is no news
		return nil, nil
	}
	return fresh, nil
}
