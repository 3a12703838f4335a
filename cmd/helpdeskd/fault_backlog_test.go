//go:build linux

package main

import (
	"fmt"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/mailgen"
	"helpdeskd/ingest/imaptest"
)

// backlog is the mailbox after thirty days in which nobody read it: all of it
// is taken in one go, what is older than three days is not acknowledged, and
// the rest is held to the rate.
func backlog(tr *trial) {
	tr.open("", imaptest.Options{})
	tr.rate = 30
	n := many(300, 20_000)
	const days = 30
	g := mailgen.New(tr.rand.Uint64(), helpAddress, n, mailgen.Usual, time.Now().Add(-time.Hour))
	entries := generated("backlog", g.Many(n))
	for i := range entries {
		e := &entries[i]
		at := time.Now().Add(-days*24*time.Hour + time.Duration(i)*(days*24*time.Hour/time.Duration(n)))
		if time.Since(at) > 71*time.Hour && e.Ack == checker.AckMust {
			e.Ack = checker.AckMay // at the edge
			if time.Since(at) > 73*time.Hour {
				e.Ack = checker.AckNever
			}
		}
		if err := tr.imap.Deliver(helpLogin, "INBOX", e.Raw, at); err != nil {
			tr.t.Fatal(err)
		}
		tr.record.Add(*e)
	}
	if err := tr.imap.Number(helpLogin, "INBOX"); err != nil {
		tr.t.Fatal(err)
	}
	tr.struck(1)
	tr.over()
	began := time.Now()
	d := tr.serve()
	_, err := checker.Wait(tr.t.Context(), tr.dsn, 20*time.Minute, func(s checker.State) bool { return s.Kept >= n && s.Open == 0 && s.Unmoved == 0 })
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.recovered()
	took := time.Since(began)
	sent := tr.sink.Len()
	var first, last int64
	tr.query(&first, `SELECT MIN(kept_at) FROM inbox`)
	tr.query(&last, `SELECT MAX(done_at) FROM inbox`)
	speed := float64(n) / (float64(last-first) / 1e6)
	tr.t.Logf("%d mails decided and moved in %s, %.0f a second from the first kept to the last decided; %d answers had left", n, took.Round(time.Millisecond), speed, sent)
	// A minute's worth may go at once, and the rest as the minutes pass.
	if most := int(float64(tr.rate)*(1+time.Since(began).Minutes())) + 2; sent > most {
		tr.t.Errorf("%d answers left in %s, at %d a minute", sent, took, tr.rate)
	}
	if waiting := len(tr.outbox(`state = 'queued'`)); n >= 20_000 && waiting == 0 {
		tr.t.Error("nothing is held to the rate")
	}
	// The rest may leave at once, so that all can be compared.
	d.stop(tr.t)
	tr.rate = 10_000
	d = tr.serve()
	tr.settle(10 * time.Minute)
	d.stop(tr.t)
	tr.judge(tr.options())
	tr.result.What = fmt.Sprintf("a backlog of thirty days, %d mails, taken in one go", n)
}
