package ingest

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// The process stops dead at an edge of the inbox's states, and is started
// again. (It is frozen rather than killed: it may come back to life, which a
// killed one can not. The kill tests of the whole program use real kills.)
func TestStopAtEveryEdge(t *testing.T) {
	for _, edge := range []string{
		"ingest.before-keep", "ingest.after-keep", "ingest.after-move", "ingest.after-mark",
		"ingest.after-claim", "ingest.after-parse", "ingest.before-receive", "ingest.after-receive",
	} {
		t.Run(edge, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
				s, cfg := dovecot(t, imaptest.Options{})
				const mails = 130
				for n := range mails {
					deliver(t, s, note(n))
				}
				r := newRig(t, db, cfg)
				thaw := make(chan struct{})
				frozen := make(chan struct{})
				var once atomic.Bool
				r.tune = func(p *Poller) {
					p.crash = func(at string) {
						if at == edge && once.CompareAndSwap(false, true) {
							close(frozen)
						}
						select {
						case <-frozen:
							<-thaw // nothing of this start goes on
						default:
						}
					}
					p.work.crash = p.crash
				}
				stop := r.start()
				defer stop()
				defer close(thaw)
				<-frozen

				// The next start has the same node: it takes the lease at once.
				again := newRig(t, db, cfg)
				again.store = tracker.New(db, tracker.Options{Log: slog.New(slog.NewTextHandler(again.log, nil)), LeaseTTL: time.Second})
				again.store.SetPolicy(tracker.Policy{MailboxID: again.box.ID, Address: cfg.Address})
				freezeLease(t, r)
				again.start()
				until(t, "all decided", func() bool { return again.count("state = 'done'") == mails })
				until(t, "all moved", func() bool { return again.count("moved_at IS NOT NULL") == mails })
				if again.tickets() != mails || again.count("fate = 'new'") != mails {
					t.Fatalf("%d tickets, %d new", again.tickets(), again.count("fate = 'new'"))
				}
				if in, out := inFolder(t, s, "INBOX"), inFolder(t, s, "Processed"); in != 0 || out != mails {
					t.Fatalf("%d in INBOX, %d in Processed", in, out)
				}
			})
		})
	}
}

// freezeLease takes the lease row from the frozen start, as a second node
// would once the beat has been silent.
func freezeLease(t *testing.T, r *rig) {
	t.Helper()
	err := r.db.Tx(context.Background(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(context.Background(), `UPDATE lease SET holder = '', fence = fence + 1 WHERE name = ?`, leaseName(r.box.ID))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Two nodes on one mailbox: one works, the other takes over when it stops.
func TestSecondNodeTakesOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s, cfg := dovecot(t, imaptest.Options{})
		one := newRig(t, db, cfg)
		two := newRig(t, db, cfg)
		stop := one.start()
		until(t, "the first has it", func() bool { return one.mailbox().LastOKAt != nil })
		two.start()
		for n := range 40 {
			deliver(t, s, note(n))
			if n == 20 {
				stop()
			}
		}
		until(t, "40 tickets", func() bool { return two.tickets() == 40 })
		until(t, "40 moved", func() bool { return inFolder(t, s, "Processed") == 40 && two.count("moved_at IS NULL") == 0 })
		if n := two.count("fate <> 'new' OR attempts > 1"); n != 0 {
			t.Fatalf("%d mails were taken twice", n)
		}
	})
}
