package tracker

import (
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestSeed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		s := New(db, Options{})
		box, err := s.OpenMailbox(ctx, "help", "help@corp.example", Begin{})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-100 * 24 * time.Hour)
		past := func(id, stage string) Past {
			return Past{Client: Address{Name: "Anna Novak", Address: "Anna@corp.example"}, Subject: "printer", Raw: []byte("Message-ID: <" + id + ">\r\n\r\nhelp\r\n"),
				Body: "help", MessageID: id, Stage: stage, Level: 2, OpenedAt: at, StageAt: at.Add(time.Hour)}
		}
		answered := past("3@corp.example", "completed")
		answered.Answer, answered.Fix, answered.Archived = "Done.", "switched it off and on", true
		for _, batch := range [][]Past{{past("1@corp.example", "requested"), past("2@corp.example", "dropped")}, {answered}} {
			if err := s.Seed(ctx, box.ID, batch); err != nil {
				t.Fatal(err)
			}
		}
		var tickets, clients, messages, acks int
		if err := db.Get(ctx, &tickets, `SELECT COUNT(*) FROM ticket`); err != nil || tickets != 3 {
			t.Errorf("%d tickets, %v", tickets, err)
		}
		if err := db.Get(ctx, &clients, `SELECT COUNT(*) FROM client`); err != nil || clients != 1 {
			t.Errorf("%d clients, %v", clients, err)
		}
		if err := db.Get(ctx, &messages, `SELECT COUNT(*) FROM message`); err != nil || messages != 4 {
			t.Errorf("%d messages, %v", messages, err)
		}
		if err := db.Get(ctx, &acks, `SELECT COUNT(*) FROM outbox WHERE kind = 'ack' AND state = 'sent'`); err != nil || acks != 3 {
			t.Errorf("%d acknowledgements, %v", acks, err)
		}
		// What comes next must not collide with what was put in by hand.
		ids, err := s.Keep(ctx, nil, box.ID, []RawMail{{Data: []byte("Subject: next\r\n\r\n"), ReceivedAt: time.Now()}})
		if err != nil || ids[0] == 0 {
			t.Fatal(ids, err)
		}
		work, err := s.Claim(ctx, nil, box.ID, 10)
		if err != nil || len(work) != 1 {
			t.Fatal(work, err)
		}
		in := Inbound{Digest: work[0].Digest, MessageID: "4@corp.example", From: []Address{{Address: "ben@corp.example"}}, Subject: "next", Class: ClassHuman, Reply: "next"}
		out, err := s.Receive(ctx, nil, []Item{{Work: work[0], Mail: in}})
		if err != nil || len(out) != 1 || out[0].Ticket != "HD-4" {
			t.Fatal(out, err)
		}
	})
}
