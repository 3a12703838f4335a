package tracker

import (
	"testing"
	"time"

	"helpdeskd/migrations"
)

func TestOutboxEdges(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		for _, who := range []string{"a", "b", "c", "e"} {
			d.receive(d.mail(from(who + "@aldermere.example")))
		}
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		items, err := d.DueOutbox(d.ctx, l, 10)
		d.ok(err)
		if len(items) != 4 {
			t.Fatalf("%d due", len(items))
		}
		for _, it := range items {
			if it.InReplyTo == "" || it.Ack == nil || !it.Ack.EchoSubject || !it.Ack.AskQuestions || it.MailboxAddress != "helpdesk@aldermere.example" {
				t.Fatalf("item %+v", it)
			}
			token, _ := NewToken()
			d.ok(d.Rendered(d.ctx, l, it.ID, Rendered{Bytes: []byte(token), MailID: tokenID(token), Token: token}))
			if err := d.Rendered(d.ctx, l, it.ID, Rendered{Bytes: []byte("x"), MailID: "x"}); migrations.KindOf(err) != migrations.Conflict {
				t.Fatalf("a second rendering gave %v", err)
			}
			d.ok(d.Sending(d.ctx, l, it.ID))
		}
		if err := d.Sending(d.ctx, l, items[0].ID); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("sending twice gave %v", err)
		}
		d.ok(d.Sent(d.ctx, l, items[0].ID, "250 OK <server@x>", "server@x"))
		d.ok(d.Retry(d.ctx, l, items[1].ID, "451 later", d.now.Add(time.Minute)))
		d.ok(d.Dead(d.ctx, l, items[2].ID, "550 no such user"))
		// The fourth was being sent when the process died.
		d.ok(l.Release(d.ctx))
		l, err = d.Acquire(d.ctx, "outbox")
		d.ok(err)
		n, err := d.RecoverOutbox(d.ctx, l)
		d.ok(err)
		if n != 1 {
			t.Fatalf("%d uncertain", n)
		}
		for i, want := range []string{OutboxSent, OutboxQueued, OutboxDead, OutboxUncertain} {
			var state string
			d.ok(d.db.Get(d.ctx, &state, `SELECT state FROM outbox WHERE id = ?`, items[i].ID))
			if state != want {
				t.Errorf("mail %d is %s, want %s", i, state, want)
			}
		}
		if due, _ := d.DueOutbox(d.ctx, l, 10); len(due) != 0 {
			t.Fatalf("%d due before their time", len(due))
		}
		d.now = d.now.Add(2 * time.Minute)
		d.ok(d.ResendOutbox(d.ctx, Actor{}, items[3].ID))
		due, err := d.DueOutbox(d.ctx, l, 10)
		d.ok(err)
		if len(due) != 2 || due[0].Digest == "" || due[1].Digest == "" {
			t.Fatalf("due %+v", due)
		}
		d.ok(d.CancelOutbox(d.ctx, Actor{}, items[3].ID))
		if err := d.ResendOutbox(d.ctx, Actor{}, items[0].ID); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("resending a sent mail gave %v", err)
		}
		// An answer to the server's own Message-ID finds the ticket.
		o := d.receive(d.mail(from("a@aldermere.example"), answers("server@x")))
		if o.Fate != FateAppend {
			t.Fatalf("answer to the server's id: %+v", o)
		}
	})
}

func TestRepliesGoFirst(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		a := d.technician("tess@aldermere.example")
		d.receive(d.mail())
		d.receive(d.mail())
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			id, err := tx.Insert(d.ctx, `INSERT INTO message (ticket_id, direction, state, account_id, from_name, from_address, subject, body, at) VALUES (1, 'out', 'shown', ?, 'Tess', 'x', 's', 'b', ?) RETURNING id`, a.ID, d.stamp())
			if err != nil {
				return err
			}
			return d.sendMessageTx(d.ctx, tx, a.Actor(), 1, id)
		}))
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		items, err := d.DueOutbox(d.ctx, l, 10)
		d.ok(err)
		var kinds []string
		for _, it := range items {
			kinds = append(kinds, it.Kind)
		}
		if len(kinds) != 5 || kinds[0] != MailReply || kinds[1] != MailAck || kinds[4] != MailNotify {
			t.Fatalf("order %v", kinds)
		}
		if items[0].Quoted == nil || items[0].InReplyTo == "" || len(items[0].References) == 0 {
			t.Fatalf("the reply does not thread: %+v", items[0])
		}
	})
}

// A machine may start with its clock ahead, and have it put right later.
func TestAClockPutBackDelaysNothing(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		d.ok(d.PollResult(d.ctx, d.mailbox.ID, Poll{UIDValidity: 1}))
		d.now = d.now.Add(-2 * time.Hour)
		if due := must(d.DueOutbox(d.ctx, nil, 5))(t); len(due) != 1 {
			t.Errorf("%d mails are due", len(due))
		}
		h := must(d.Health(d.ctx))(t)
		if h.OldestDue == 0 || h.NextRetry != 0 {
			t.Errorf("health: %+v", h)
		}
		d.ok(d.PollResult(d.ctx, d.mailbox.ID, Poll{UIDValidity: 1}))
		if m := must(d.Mailbox(d.ctx, d.mailbox.ID))(t); migrations.Or(m.LastOKAt) != migrations.At(d.now) {
			t.Errorf("the last look is from %v", m.LastOKAt)
		}
		// What was put off waits for its time.
		l := must(d.Acquire(d.ctx, "outbox"))(t)
		defer l.Release(d.ctx)
		d.ok(d.Retry(d.ctx, l, 1, "later", d.now.Add(time.Minute)))
		if due := must(d.DueOutbox(d.ctx, l, 5))(t); len(due) != 0 {
			t.Errorf("%d mails are due that were put off", len(due))
		}
	})
}
