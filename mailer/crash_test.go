package mailer

import (
	"context"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestCrashAtEveryEdge stops at each edge of the state table as a killed
// process would, and looks at what the next start makes of it.
func TestCrashAtEveryEdge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetMailPerMin, "60000")
		for _, c := range []struct {
			edge, state string
			mails       int // that reach the server in all
		}{
			{EdgeRendering, tracker.OutboxSent, 1},
			{EdgeRendered, tracker.OutboxSent, 1},
			{EdgeSending, tracker.OutboxSent, 1},
			{EdgeCommitted, tracker.OutboxUncertain, 0},
			{EdgeDot, tracker.OutboxUncertain, 1},
			{EdgeAnswered, tracker.OutboxUncertain, 1},
			{EdgeSettled, tracker.OutboxSent, 1},
		} {
			t.Run(c.edge, func(t *testing.T) {
				server := startSink(t, sinkOptions{})
				dying := &bench{t: t, store: tracker.New(db, tracker.Options{LeaseTTL: 300 * time.Millisecond}), mailbox: b.mailbox, ticket: b.ticket}
				m := dying.mailer(server.addr)
				reached := make(chan struct{})
				m.crash = func(edge string) {
					if edge == c.edge {
						close(reached)
						select {} // as if the process were gone
					}
				}
				id := dying.queue(tracker.MailAck, 1)[0]
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				lease, err := dying.store.Acquire(ctx, leaseName)
				if err != nil {
					t.Fatal(err)
				}
				l := &lane{m: m, lease: lease, hard: ctx, sessions: map[string]courier{}}
				go func() {
					for ctx.Err() == nil {
						l.next(ctx)
					}
				}()
				select {
				case <-reached:
				case <-time.After(20 * time.Second):
					t.Fatal("the edge is not reached")
				}
				// A killed process beats no more: its lease is free for the next.
				if err := lease.Release(ctx); err != nil {
					t.Fatal(err)
				}
				next := &bench{t: t, store: tracker.New(db, tracker.Options{LeaseTTL: 300 * time.Millisecond}), mailbox: b.mailbox, ticket: b.ticket}
				stop := run(t, next.mailer(server.addr))
				next.until(id, c.state)
				probe := next.queue(tracker.MailAck, 1)[0]
				next.until(probe, tracker.OutboxSent)
				stop()
				row := next.row(id)
				n := 0
				for _, got := range server.wait(t, c.mails+1) {
					if strings.Contains(got.data, "\r\nMessage-ID: <"+row.MailID+">") {
						n++
					}
				}
				if n != c.mails || row.State != c.state {
					t.Errorf("the server has it %d times, want %d; the row is %s", n, c.mails, row.State)
				}
			})
		}
	})
}
