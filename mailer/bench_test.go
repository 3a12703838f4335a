package mailer

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// bench is a tracker with one mailbox and one ticket, and what is queued on it.
type bench struct {
	t       testing.TB
	store   *tracker.Store
	mailbox tracker.Mailbox
	ticket  int64
	message int64 // the technician's words on it
}

func newBench(t testing.TB, db *migrations.DB) *bench {
	t.Helper()
	b := &bench{t: t, store: tracker.New(db, tracker.Options{LeaseTTL: 300 * time.Millisecond})}
	var err error
	if b.mailbox, err = b.store.OpenMailbox(t.Context(), "main", "helpdesk@acme.example", tracker.Begin{}); err != nil {
		t.Fatal(err)
	}
	b.tx(func(ctx context.Context, tx *migrations.Tx) (err error) {
		now := migrations.At(b.store.Now())
		if b.ticket, err = tx.Insert(ctx, `INSERT INTO ticket (number, subject, stage, level, star, client_address, mailbox_id, opened_at, stage_at, created_at, updated_at)
			VALUES (12, 'Printer', 'requested', 1, FALSE, 'anna@acme.example', ?, ?, ?, ?, ?) RETURNING id`, b.mailbox.ID, now, now, now, now); err != nil {
			return err
		}
		b.message, err = tx.Insert(ctx, `INSERT INTO message (ticket_id, direction, state, from_name, from_address, subject, body, at)
			VALUES (?, 'out', 'shown', 'Maria Lopez', 'helpdesk@acme.example', 'Printer', 'It is mended.', ?) RETURNING id`, b.ticket, now)
		return err
	})
	return b
}

func (b *bench) tx(f func(ctx context.Context, tx *migrations.Tx) error) {
	b.t.Helper()
	if err := b.store.DB().Tx(b.t.Context(), func(tx *migrations.Tx) error { return f(b.t.Context(), tx) }); err != nil {
		b.t.Fatal(err)
	}
}

// queue puts n mails of a kind into the outbox.
func (b *bench) queue(kind string, n int) (ids []int64) {
	b.t.Helper()
	b.tx(func(ctx context.Context, tx *migrations.Tx) error {
		for i := range n {
			m := tracker.Mail{Kind: kind, MailboxID: b.mailbox.ID, TicketID: b.ticket, ToAddress: fmt.Sprintf("person%d@acme.example", i)}
			if kind == tracker.MailReply {
				m.MessageID = b.message
			} else {
				m.Ack = &tracker.AckDetail{EchoSubject: true, AskQuestions: true}
			}
			id, err := b.store.EnqueueTx(ctx, tx, m)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

// words adds a message of a technician to the ticket.
func (b *bench) words(body string) (id int64) {
	b.t.Helper()
	b.tx(func(ctx context.Context, tx *migrations.Tx) (err error) {
		id, err = tx.Insert(ctx, `INSERT INTO message (ticket_id, direction, state, from_name, from_address, subject, body, at)
			VALUES (?, 'out', 'shown', 'Maria Lopez', 'helpdesk@acme.example', 'Printer', ?, 1) RETURNING id`, b.ticket, body)
		return err
	})
	return id
}

// attach adds a file to the message.
func (b *bench) attach(name string, content []byte) {
	b.t.Helper()
	digest, size, err := b.store.PutBlob(b.t.Context(), bytes.NewReader(content))
	if err != nil {
		b.t.Fatal(err)
	}
	b.tx(func(ctx context.Context, tx *migrations.Tx) error {
		uid, _ := tracker.NewToken()
		_, err := tx.Exec(ctx, `INSERT INTO attachment (uid, message_id, role, name, content_type, digest, start, length, size) VALUES (?, ?, 'file', ?, 'application/octet-stream', ?, 0, ?, ?)`,
			uid, b.message, name, digest, size, size)
		return err
	})
}

type outboxRow struct {
	State    string            `db:"state"`
	Attempts int               `db:"attempts"`
	DueAt    migrations.Stamp  `db:"due_at"`
	MailID   string            `db:"mail_id"`
	Digest   string            `db:"digest"`
	Response string            `db:"response"`
	ServerID string            `db:"server_mail_id"`
	SentAt   *migrations.Stamp `db:"sent_at"`
}

func (b *bench) row(id int64) outboxRow {
	b.t.Helper()
	var r outboxRow
	if err := b.store.DB().Get(context.Background(), &r, `SELECT state, attempts, due_at, mail_id, digest, response, server_mail_id, sent_at FROM outbox WHERE id = ?`, id); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// until waits for a row to reach a state.
func (b *bench) until(id int64, state string) outboxRow {
	b.t.Helper()
	for end := time.Now().Add(15 * time.Second); ; {
		r := b.row(id)
		if r.State == state {
			return r
		}
		if time.Now().After(end) {
			b.t.Fatalf("mail %d is %s (%s), want %s", id, r.State, r.Response, state)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (b *bench) setting(name, value string) {
	b.t.Helper()
	if err := b.store.SetSetting(b.t.Context(), tracker.Actor{}, name, value); err != nil {
		b.t.Fatal(err)
	}
}

// mailer returns one for the mailbox, with a server's address.
func (b *bench) mailer(addr string) *Mailer {
	b.t.Helper()
	m, err := New(b.store, Options{SMTP: map[string]SMTPConfig{"main": plainConfig(addr)}})
	if err != nil {
		b.t.Fatal(err)
	}
	m.wait = quick
	return m
}

// run runs a mailer until stop is called or the test ends.
func run(t testing.TB, m *Mailer) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}
