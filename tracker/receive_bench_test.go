package tracker

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// BenchmarkReceive measures keep, claim and decide for mails of 5 KB, 100 to
// a batch, half of them from people seen before: all alike, which is the worst
// case since they become one burst, and each about something else.
func BenchmarkReceive(b *testing.B) {
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		b.Run(string(engine)+"/alike", func(b *testing.B) { benchmarkReceive(b, engine, false) })
		b.Run(string(engine)+"/different", func(b *testing.B) { benchmarkReceive(b, engine, true) })
	}
}

// ownWords are letters that mean nothing, of mail n alone.
func ownWords(n, words int) string {
	var b strings.Builder
	for i := range words {
		for v := uint32(n*words+i+1) * 2654435761; v > 0; v /= 23 {
			b.WriteByte('a' + byte(v%23))
		}
		b.WriteString([]string{" ", " the ", " is ", ". It "}[i%4])
	}
	return b.String()
}

func benchmarkReceive(b *testing.B, engine migrations.Engine, different bool) {
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
			subject, reply := "The printer is on fire", string(body[:1500])
			if different {
				subject, reply = ownWords(n-100+i, 3), ownWords(n-100+i, 150)
			}
			items = append(items, Item{w, Inbound{
				Digest: w.Digest, ContentDigest: w.Digest, MessageID: fmt.Sprintf("%d@x.example", n-100+i), Date: s.Now(),
				From: []Address{{Name: "P", Address: fmt.Sprintf("p%d@aldermere.example", (n-100+i)/2)}}, Subject: subject, Class: ClassHuman, Reply: reply, Text: "x",
				References: []string{fmt.Sprintf("r%d@x.example", n-100+i)},
			}})
		}
		if out, err := s.Receive(ctx, l, items); err != nil || len(out) != 100 {
			b.Fatal(len(out), err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
}
