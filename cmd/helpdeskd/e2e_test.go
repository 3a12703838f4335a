package main

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/mailgen"
)

// full reports whether `test.sh --full` runs.
func full() bool { return os.Getenv("HELPDESKD_TEST_FULL") != "" }

// Every mail that was put in becomes what it should, once, and is answered
// as it should be, once.
func TestEveryMail(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
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
			h := newHouse(t, engine)
			all := h.everything(2000)
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
			for i := range kills {
				// New mail comes all the time, so that every start has something to do.
				n := (len(all) + kills - 1 - i) / (kills - i)
				h.put(all[:n]...)
				all = all[n:]
				d := h.serve()
				time.Sleep(150*time.Millisecond + time.Duration(r.IntN(900))*time.Millisecond)
				d.kill()
				h.early()
			}
			d := h.serve()
			state := h.settle(3 * time.Minute)
			d.stop(t)
			t.Logf("%d kills: %s", kills, state)
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
			h := newHouse(t, engine)
			g := mailgen.New(7, helpAddress, 3000, mailgen.Usual, time.Now().Add(-time.Hour))
			mails := g.Many(4000)
			entries := generated("edge", mails)
			put := 0
			for _, edge := range edges {
				for _, nth := range []string{"1", "3"} {
					// Slow edges come once a batch: enough mail for three of them.
					h.put(entries[put : put+edge.mails]...)
					put += edge.mails
					d := h.serve("HELPDESKD_FAILPOINT=" + edge.name + ":" + nth)
					if code := d.exit(t, 60*time.Second); code != -1 {
						t.Fatalf("%s:%s: exit status %d instead of a kill", edge.name, nth, code)
					}
					h.early()
				}
			}
			d := h.serve()
			state := h.settle(2 * time.Minute)
			d.stop(t)
			t.Log(state)
			opt := h.options()
			opt.MaxUncertain = 2 * len(edges)
			h.check(opt)
		})
	}
}

// edges are the failpoints, and how many new mails are needed to pass each
// one three times.
var edges = []struct {
	name  string
	mails int
}{
	{"ingest.before-keep", 160},
	{"ingest.after-keep", 160},
	{"ingest.after-move", 160},
	{"ingest.after-mark", 160},
	{"ingest.after-claim", 160},
	{"ingest.after-parse", 160},
	{"ingest.before-receive", 160},
	{"ingest.after-receive", 160},
}
