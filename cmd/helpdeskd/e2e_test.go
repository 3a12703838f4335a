//go:build linux

package main

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"helpdeskd/mailer"
)

// full reports whether `test.sh --full` runs.
func full() bool { return os.Getenv("HELPDESKD_TEST_FULL") != "" }

// Every mail that was put in becomes what it should, once, and is answered
// as it should be, once.
func TestEveryMail(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel() // each has its own of everything, and mostly waits
			h := newHouse(t, engine)
			h.put(h.everything(2000)...)
			d := h.serve()
			state := h.settle(3 * time.Minute)
			if code := d.stop(t); code != 0 {
				t.Errorf("exit status %d", code)
			}
			t.Log(state)
			h.check(h.options())
		})
	}
}

// The same while the process is killed again and again at random moments.
func TestKillsAtRandom(t *testing.T) {
	kills := 30
	if full() {
		kills = 150
	}
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel() // each has its own of everything, and mostly waits
			h := newHouse(t, engine)
			all := h.everything(2000)
			h.account(adminAddress, "Ada Admin", "admin")
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
			for i := range kills {
				// New mail comes all the time, so that every start has something to do.
				n := (len(all) + kills - 1 - i) / (kills - i)
				h.put(all[:n]...)
				all = all[n:]
				d := h.serve()
				if i%4 > 0 { // every fourth may die while it starts
					d.ready(t)
				}
				time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond)
				d.kill()
				h.early()
			}
			d := h.serve()
			state := h.settle(3 * time.Minute)
			t.Logf("%d kills, %d set aside and tried again: %s", kills, h.pardon(), state)
			d.stop(t)
			opt := h.options()
			opt.MaxUncertain = kills
			h.check(opt)
		})
	}
}

// A kill at every edge of the inbox's and the outbox's states, at its first
// and at a later time.
func TestKillAtEveryEdge(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel() // each has its own of everything, and mostly waits
			h := newHouse(t, engine)
			h.account(adminAddress, "Ada Admin", "admin")
			mails := few("edge", 7, 6000)
			for _, edge := range edges {
				for _, nth := range []string{"1", "3"} {
					d := h.serve("HELPDESKD_FAILPOINT=" + edge + ":" + nth)
					d.quiet = true
					// Mail comes in small lots until the edge has been passed so often.
					until(t, time.Minute, "the process dies at "+edge+", time "+nth, func() bool {
						h.put(mails[:2]...)
						mails = mails[2:]
						select {
						case <-d.done:
							return true
						case <-time.After(50 * time.Millisecond):
							return false
						}
					})
					if code := d.exit(t, time.Second); code != -1 {
						t.Fatalf("%s:%s: exit status %d instead of a kill:\n%s", edge, nth, code, tail(d.log.String(), 20))
					}
					h.early()
					// A mail that sees three kills is rightly set aside: let this one be
					// worked before the next.
					if strings.HasPrefix(edge, "ingest.") {
						d := h.serve()
						h.settle(time.Minute)
						d.stop(t)
					}
				}
			}
			d := h.serve()
			state := h.settle(2 * time.Minute)
			t.Logf("%d kills, %d set aside and tried again: %s", 2*len(edges), h.pardon(), state)
			d.stop(t)
			opt := h.options()
			opt.MaxUncertain = 2 * len(edges)
			h.check(opt)
		})
	}
}

// edges are the failpoints of ingest and mailer, in the order of a mail's way.
var edges = append([]string{
	"ingest.before-keep", "ingest.after-keep", "ingest.after-move", "ingest.after-mark",
	"ingest.after-claim", "ingest.after-parse", "ingest.before-receive", "ingest.after-receive",
}, mailer.Edges()...)
