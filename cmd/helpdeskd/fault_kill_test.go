//go:build linux

package main

import (
	"strings"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/mailer"
)

// killsAtRandom kills the process again and again at random moments, while mail
// comes all the time.
func killsAtRandom(tr *trial) {
	kills := many(28, 420)
	tr.open("", imaptest.Options{})
	all := tr.everything(many(300, 4000))
	tr.account(adminAddress, "Ada Admin", "admin")
	for i := range kills {
		n := (len(all) + kills - 1 - i) / (kills - i)
		tr.put(all[:n]...)
		all = all[n:]
		tr.over()
		d := tr.serve()
		switch i % 4 {
		case 0: // may die while it starts
		case 1: // dies when all was taken
			tr.taken(time.Minute)
			tr.recovered()
			tr.sleep(100 * time.Millisecond)
		default:
			d.ready(tr.t)
		}
		tr.sleep(350 * time.Millisecond)
		d.kill()
		tr.struck(1)
		tr.early()
	}
	d := tr.serve()
	state := tr.settle(3 * time.Minute)
	tr.t.Logf("%d kills, %d set aside and tried again: %s", kills, tr.pardon(), state)
	d.stop(tr.t)
	opt := tr.options()
	opt.MaxUncertain = kills
	tr.judge(opt)
}

// killAtEveryEdge kills at every edge of the inbox's and the outbox's states,
// at its first and at a later time.
func killAtEveryEdge(tr *trial) {
	tr.open("", imaptest.Options{})
	tr.account(adminAddress, "Ada Admin", "admin")
	passes := []string{"1", "3"}
	if longForm() {
		passes = []string{"1", "2", "3", "5", "8"}
	}
	for _, edge := range edges {
		for _, nth := range passes {
			d := tr.serve("HELPDESKD_FAILPOINT=" + edge + ":" + nth)
			d.quiet = true
			// Mail comes in small lots until the edge has been passed so often.
			tr.feed("the process dies at "+edge+", time "+nth, func() bool { return !d.running() })
			if code := d.exit(tr.t, time.Second); code != -1 {
				tr.t.Fatalf("%s:%s: exit status %d instead of a kill:\n%s", edge, nth, code, tail(d.log.String(), 20))
			}
			tr.struck(1)
			tr.early()
			// A mail that sees three kills is rightly set aside: let this one be
			// worked before the next.
			if strings.HasPrefix(edge, "ingest.") {
				tr.over()
				d := tr.serve()
				tr.settle(time.Minute)
				tr.recovered()
				d.stop(tr.t)
			}
		}
	}
	d := tr.serve()
	state := tr.settle(2 * time.Minute)
	tr.t.Logf("%d kills, %d set aside and tried again: %s", tr.result.Tried, tr.pardon(), state)
	d.stop(tr.t)
	opt := tr.options()
	opt.MaxUncertain = tr.result.Tried
	tr.judge(opt)
}

// edges are the failpoints of ingest and mailer, in the order of a mail's way.
var edges = append([]string{
	"ingest.before-keep", "ingest.after-keep", "ingest.after-move", "ingest.after-mark",
	"ingest.after-claim", "ingest.after-parse", "ingest.before-receive", "ingest.after-receive",
}, mailer.Edges()...)
