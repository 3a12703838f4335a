package tracker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestWatchersHearOfEverythingCommitted(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		d.open(t, "before", "anna")
		one, two := d.Watch(ctx), d.Watch(ctx)
		// Another process commits too.
		other := New(d.db, Options{})
		x := d.open(t, "after", "anna")
		if _, err := other.SetPriority(ctx, d.tech.Actor(), x.Number, 2, false, AnyVersion); err != nil {
			t.Fatal(err)
		}
		for _, ch := range []<-chan []EventRow{one, two} {
			got := map[string]bool{}
			for !got["priority"] || !got["opened"] {
				events, ok := <-ch
				if !ok {
					t.Fatal("the channel was closed")
				}
				for _, e := range events {
					got[e.Kind] = true
					if e.Subject == "ticket" && e.SubjectID != x.ID {
						t.Fatalf("told of the past: %+v", e)
					}
				}
			}
		}
		stop()
		for range one {
		}
		for range two {
		}
		d.feed.mu.Lock()
		defer d.feed.mu.Unlock()
		if d.feed.stop != nil || len(d.feed.watchers) != 0 {
			t.Fatal("the reader runs on without watchers")
		}
	})
}

func TestASlowWatcherIsLetGo(t *testing.T) {
	f := feed{watchers: map[chan []EventRow]bool{}, stop: func() {}}
	slow, quick := make(chan []EventRow, 1), make(chan []EventRow, 3)
	f.watchers[slow], f.watchers[quick] = true, true
	for i := range 3 {
		f.tell([]EventRow{{ID: int64(i)}})
	}
	n := 0
	for range slow {
		n++
	}
	if n != 1 || len(quick) != 3 || len(f.watchers) != 1 {
		t.Fatalf("slow got %d and is %v, quick got %d", n, f.watchers[slow], len(quick))
	}
}

// On PostgreSQL a later event may be committed before an earlier one.
func TestLateCommitsAreNotMissed(t *testing.T) {
	db := dbtest.Open(t, migrations.Postgres)
	s, ctx := New(db, Options{}), t.Context()
	record := func(tx *migrations.Tx, kind string) error {
		return s.RecordTx(ctx, tx, Event{Subject: "setting", Kind: kind})
	}
	w := &window{seen: map[int64]time.Time{}}
	if _, err := s.readWindow(ctx, w); err != nil {
		t.Fatal(err)
	}
	kinds := func() string {
		events, err := s.readWindow(ctx, w)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, e := range events {
			out += e.Kind + " "
		}
		return out
	}
	err := db.Tx(ctx, func(slow *migrations.Tx) error {
		if err := record(slow, "early"); err != nil {
			return err
		}
		if err := db.Tx(ctx, func(tx *migrations.Tx) error { return record(tx, "late") }); err != nil {
			return err
		}
		if got := kinds(); got != "late " {
			return fmt.Errorf("while the first is being committed: %q", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := kinds(); got != "early " {
		t.Fatalf("after it: %q", got)
	}
	if got := kinds(); got != "" {
		t.Fatalf("told twice: %q", got)
	}
}
