package tracker

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// BenchmarkReceive measures keep, claim and decide for mails of 5 KB, 100 to
// a batch, half of them from people seen before.
func BenchmarkReceive(b *testing.B) {
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			ctx := context.Background()
			s := New(dbtest.Open(b, engine), Options{})
			m, err := s.OpenMailbox(ctx, "helpdesk", "helpdesk@aldermere.example", Begin{Everything: true})
			if err != nil {
				b.Fatal(err)
			}
			s.SetPolicy(Policy{MailboxID: m.ID, Address: m.Address})
			l, err := s.Acquire(ctx, "mailbox:1")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Release(ctx)
			n := 0
			body := bytes.Repeat([]byte("It smells. "), 450)
			b.ResetTimer()
			for n < b.N {
				var raws []RawMail
				for range 100 {
					n++
					raws = append(raws, RawMail{UIDValidity: 1, UID: uint32(n), ReceivedAt: s.Now(), Data: fmt.Append(nil, n, string(body))})
				}
				if _, err := s.Keep(ctx, l, m.ID, raws); err != nil {
					b.Fatal(err)
				}
				work, err := s.Claim(ctx, l, m.ID, 100)
				if err != nil {
					b.Fatal(err)
				}
				var items []Item
				for i, w := range work {
					items = append(items, Item{w, Inbound{
						Digest: w.Digest, ContentDigest: w.Digest, MessageID: fmt.Sprintf("%d@x.example", n-100+i), Date: s.Now(),
						From: []Address{{Name: "P", Address: fmt.Sprintf("p%d@aldermere.example", (n-100+i)/2)}}, Subject: "The printer is on fire", Class: ClassHuman, Reply: string(body[:1500]), Text: "x",
						References: []string{fmt.Sprintf("r%d@x.example", n-100+i)},
					}})
				}
				if out, err := s.Receive(ctx, l, items); err != nil || len(out) != 100 {
					b.Fatal(len(out), err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
