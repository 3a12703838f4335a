package main

import (
	"log/slog"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func TestMailOfARemovedMailboxIsDecided(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		keep := func(ago time.Duration) int64 {
			store := tracker.New(db, tracker.Options{Clock: func() time.Time { return time.Now().Add(-ago) }})
			m, err := store.OpenMailbox(ctx, "old", "old@aster.example", tracker.Begin{Everything: true})
			if err != nil {
				t.Fatal(err)
			}
			ids, err := store.Keep(ctx, nil, m.ID, []tracker.RawMail{{Data: []byte("From: ann@aster.example\r\nTo: old@aster.example\r\nSubject: Printer\r\n\r\nIt smells.\r\n")}})
			if err != nil {
				t.Fatal(err)
			}
			return ids[0]
		}
		store := tracker.New(db, tracker.Options{})
		d, err := newDesk(ctx, &config.Config{}, store, "", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		id := keep(time.Minute)
		if err := d.decideRemoved(ctx); err != nil {
			t.Fatal(err)
		}
		if _, done, err := store.OutcomeOf(ctx, id); err != nil || done {
			t.Fatalf("a mail that has just come was decided (%v): another node may have its mailbox", err)
		}
		keep(time.Hour)
		if err := d.decideRemoved(ctx); err != nil {
			t.Fatal(err)
		}
		o, done, err := store.OutcomeOf(ctx, id)
		if err != nil || !done || o.Fate != tracker.FateNew || o.Acks != 0 {
			t.Errorf("decided %v as %+v, error %v", done, o, err)
		}
		// Its lease is free again.
		if l, err := store.TryAcquire(ctx, "mailbox:1"); err != nil || l == nil {
			t.Errorf("the lease is kept (%v)", err)
		} else {
			l.Release(ctx)
		}
	})
}
