package ingest

import (
	"context"
	"log/slog"
	"strings"
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
		"ingest.before-keep", "ingest.after-keep", "ingest.before-move", "ingest.after-move", "ingest.after-mark",
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
				var once, moving atomic.Bool
				r.tune = func(p *Poller) {
					p.crash = func(at string) {
						if at == edge && once.CompareAndSwap(false, true) {
							close(frozen)
						}
						if at == "ingest.before-move" || at == "ingest.after-move" {
							moving.Store(at == "ingest.before-move")
						}
						select {
						case <-frozen:
							if at == "ingest.before-move" {
								moving.Store(false)
							}
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
				// A start waits out what the one before it may have begun to
				// move; how long is not for this test to guess.
				until(t, "the server is through with its MOVE", func() bool { return !moving.Load() })

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

// The server may still be at the MOVE of a start that was killed: Dovecot then
// copies each mail twice. What is left over is moved a little later.
func TestWhatIsLeftIsMovedLater(t *testing.T) {
	f := newFake(t)
	for n := range 5 {
		f.add(note(n))
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	var cut atomic.Bool
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID MOVE") && cut.CompareAndSwap(false, true) {
			c.Close()
			return true
		}
		return false
	}
	r.tune = func(p *Poller) {
		p.times.grace = time.Hour
	}
	stop := r.start()
	until(t, "kept, and the MOVE cut off", func() bool { return r.tickets() == 5 && cut.Load() })
	f.add(note(5))
	until(t, "the next mail is moved at once", func() bool { return r.tickets() == 6 && f.count("Processed") == 1 })
	until(t, "more looks", func() bool { return f.said(`^UID SEARCH`) > 6 })
	if f.count("INBOX") != 5 {
		t.Fatalf("%d left in INBOX", f.count("INBOX"))
	}
	stop()
	r.tune = nil
	r.start()
	until(t, "all moved", func() bool { return f.count("Processed") == 6 && f.count("INBOX") == 0 })
	if n := f.said(`^UID MOVE`); n != 3 {
		t.Fatalf("%d times MOVE", n)
	}
}
