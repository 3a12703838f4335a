package mailer

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func TestSends(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetCompany, "Acme")
		b.setting(tracker.SetMailPerMin, "6000")
		server := startSink(t, sinkOptions{})
		m := b.mailer(server.addr)
		acks, replies := b.queue(tracker.MailAck, 3), b.queue(tracker.MailReply, 2)
		run(t, m)
		mails := server.wait(t, 5)
		for i, got := range mails {
			reply := strings.Contains(got.data, "It is mended.")
			if reply != (i < 2) {
				t.Errorf("mail %d is a reply: %v", i, reply)
			}
			if len(got.to) != 1 || got.from != "helpdesk@acme.example" || !strings.Contains(got.data, "[HD-12]") || !strings.Contains(got.data, `"Acme Helpdesk"`) {
				t.Errorf("arrived: %+v", got)
			}
		}
		for _, id := range append(acks, replies...) {
			r := b.until(id, tracker.OutboxSent)
			if r.Attempts != 1 || r.SentAt == nil || !strings.Contains(r.Response, "queued") {
				t.Errorf("%+v", r)
			}
			blob, err := b.store.OpenBlob(t.Context(), r.Digest)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, got := range mails {
				found = found || got.data == string(blob.Bytes()) && strings.Contains(got.data, "<"+r.MailID+">")
			}
			blob.Close()
			if !found {
				t.Errorf("mail %d did not arrive byte for byte", id)
			}
		}
		if server.sessions != 1 {
			t.Errorf("%d connections", server.sessions)
		}
		s := m.Status()
		if !s.Leading || s.PerMinute != 6000 || len(s.Outlets) != 1 || s.Outlets[0].Trouble != "" || s.Outlets[0].LastSent.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}

// TestOutcomes plays a server's bad days and looks at the rows.
func TestOutcomes(t *testing.T) {
	to := func(rest ...string) []string {
		return hello(append([]string{"< MAIL", "> 250 ok", "< RCPT", "> 250 ok", "< DATA"}, rest...)...)
	}
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		for _, c := range []struct {
			name, state, says string
			script            []string
		}{
			{"taken", tracker.OutboxSent, "OK <x1@prod.example>", to("> 354 go", "data", "> 250 2.0.0 OK <x1@prod.example> [Hostname=y]", "wait")},
			{"refused", tracker.OutboxDead, "550 5.1.1 nobody", hello("< MAIL", "> 250 ok", "< RCPT", "> 550 5.1.1 nobody", "< RSET", "> 250 ok", "wait")},
			{"put off", tracker.OutboxQueued, "451 later", hello("< MAIL", "> 250 ok", "< RCPT", "> 451 later", "< RSET", "> 250 ok", "wait")},
			{"lost before the dot", tracker.OutboxQueued, "closed the connection", to("> 354 go", "head", "close")},
			{"lost after the dot", tracker.OutboxUncertain, "may have arrived", to("> 354 go", "data", "close")},
			{"silent after the dot", tracker.OutboxUncertain, "may have arrived", to("> 354 go", "data", "wait")},
		} {
			t.Run(c.name, func(t *testing.T) {
				b := &bench{t: t, store: tracker.New(db, tracker.Options{LeaseTTL: 300 * time.Millisecond})}
				b.mailbox, _ = b.store.OpenMailbox(t.Context(), "main", "helpdesk@acme.example", tracker.Begin{})
				if err := db.Get(t.Context(), &b.ticket, `SELECT COALESCE(MAX(id), 0) FROM ticket`); err != nil {
					t.Fatal(err)
				}
				if b.ticket == 0 {
					b = newBench(t, db)
				}
				b.message = b.words("words")
				if c.name == "lost before the dot" {
					// A large file keeps the mail from fitting into the sockets' buffers.
					b.attach("large.bin", bytes.Repeat([]byte("content "), 2_000_000))
				}
				id := b.queue(tracker.MailReply, 1)[0]
				stop := run(t, b.mailer(scripted(t, c.script)))
				var r outboxRow
				for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
					if r = b.row(id); r.Response != "" || time.Now().After(end) {
						break
					}
				}
				stop()
				r = b.row(id)
				attempts := 1
				if c.name == "refused" {
					attempts = 0 // it died before it was begun
				}
				if r.State != c.state || r.Attempts != attempts || !strings.Contains(r.Response, c.says) {
					t.Errorf("%+v", r)
				}
				if c.name == "taken" && r.ServerID != "x1@prod.example" {
					t.Errorf("the server's Message-ID is %q", r.ServerID)
				}
				if r.State == tracker.OutboxQueued {
					wait := time.Until(r.DueAt.Time())
					if wait < 40*time.Second || wait > 80*time.Second {
						t.Errorf("the next try is in %s", wait)
					}
					if err := b.store.CancelOutbox(t.Context(), tracker.Actor{}, id); err != nil {
						t.Error(err)
					}
				}
			})
		}
	})
}

// TestUncertainStays: a mail whose fate is unknown is not sent again, and
// what a person resends is the same mail.
func TestUncertainStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		id := b.queue(tracker.MailAck, 1)[0]
		addr := scripted(t, hello("< MAIL", "> 250 ok", "< RCPT", "> 250 ok", "< DATA", "> 354 go", "data", "close"))
		stop := run(t, b.mailer(addr))
		first := b.until(id, tracker.OutboxUncertain)
		stop()
		server := startSink(t, sinkOptions{})
		stop = run(t, b.mailer(server.addr))
		second := b.queue(tracker.MailAck, 1)[0]
		b.until(second, tracker.OutboxSent)
		if r := b.row(id); r.State != tracker.OutboxUncertain || len(server.all()) != 1 {
			t.Errorf("the machine resent it: %+v, %d mails", r, len(server.all()))
		}
		if err := b.store.ResendOutbox(t.Context(), tracker.Actor{}, id); err != nil {
			t.Fatal(err)
		}
		again := b.until(id, tracker.OutboxSent)
		if again.MailID != first.MailID || again.Digest != first.Digest {
			t.Errorf("resent as another mail: %+v, %+v", first, again)
		}
		if mails := server.wait(t, 2); !strings.Contains(mails[1].data, "<"+first.MailID+">") {
			t.Errorf("another Message-ID went out")
		}
		stop()
	})
}

// TestMailboxTrouble: a server that can not be reached, or refuses us,
// leaves the mail queued, says so, and holds up nobody else's mail.
func TestMailboxTrouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetMailPerMin, "6000")
		second, err := b.store.OpenMailbox(t.Context(), "second", "it@acme.example", tracker.Begin{})
		if err != nil {
			t.Fatal(err)
		}
		waiting, waitingMailbox := b.queue(tracker.MailReply, 5), b.mailbox.ID
		server := startSink(t, sinkOptions{})
		config := plainConfig(server.addr)
		config.Address = "it@acme.example"
		m, err := New(b.store, Options{SMTP: map[string]SMTPConfig{"main": plainConfig("127.0.0.1:1"), "second": config}})
		if err != nil {
			t.Fatal(err)
		}
		m.wait = quick
		stop := run(t, m)
		b.mailbox = second
		sent := b.queue(tracker.MailAck, 2)
		for _, id := range sent {
			b.until(id, tracker.OutboxSent)
		}
		for _, id := range waiting {
			if r := b.row(id); r.State != tracker.OutboxQueued || r.Attempts != 0 {
				t.Errorf("%+v", r)
			}
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			box, err := b.store.Mailbox(t.Context(), waitingMailbox)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(box.SendError, "Nothing answers at 127.0.0.1:1. Check host and port") && box.SendErrorAt != nil {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the store knows of no trouble: %+v", box)
			}
		}
		main := m.Status().Outlets[0]
		if !strings.Contains(main.Trouble, "Nothing answers at 127.0.0.1:1") || main.Advice == "" || main.NextTry.IsZero() {
			t.Errorf("%+v", main)
		}
		stop()
		// Once the server is mended, the mail goes and the trouble is forgotten.
		stop = run(t, b.mailer(server.addr))
		for _, id := range waiting {
			b.until(id, tracker.OutboxSent)
		}
		stop()
		if box, err := b.store.Mailbox(t.Context(), waitingMailbox); err != nil || box.SendError != "" || box.SendErrorAt != nil {
			t.Errorf("%+v, %v", box, err)
		}
	})
}

// TestNoSettings: mail of a mailbox without smtp settings waits, and the
// page says why.
func TestNoSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		m, err := New(b.store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		id := b.queue(tracker.MailAck, 1)[0]
		run(t, m)
		for end := time.Now().Add(10 * time.Second); len(m.Status().Outlets) == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("it says nothing")
			}
		}
		if s := m.Status().Outlets[0]; !strings.Contains(s.Trouble, "main") {
			t.Errorf("%+v", s)
		}
		if r := b.row(id); r.State != tracker.OutboxQueued {
			t.Errorf("%+v", r)
		}
	})
}

// TestBadAddress: an address that can not be written to dies at once, with a
// reason, and holds up nothing.
func TestBadAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		var ids []int64
		b.tx(func(ctx context.Context, tx *migrations.Tx) error {
			for _, a := range []string{"nobody", "jürgen@acme.example", "anna@acme.example"} {
				id, err := b.store.EnqueueTx(ctx, tx, tracker.Mail{Kind: tracker.MailAck, MailboxID: b.mailbox.ID, TicketID: b.ticket, ToAddress: a})
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		})
		server := startSink(t, sinkOptions{})
		run(t, b.mailer(server.addr))
		b.until(ids[2], tracker.OutboxSent)
		if r := b.until(ids[0], tracker.OutboxDead); !strings.Contains(r.Response, "nobody") {
			t.Errorf("%+v", r)
		}
		if r := b.until(ids[1], tracker.OutboxDead); !strings.Contains(r.Response, "beyond ASCII") {
			t.Errorf("%+v", r)
		}
		if n := len(server.all()); n != 1 {
			t.Errorf("%d mails went out", n)
		}
	})
}

// TestReconnects: a server that closes a kept connection costs nothing.
func TestReconnects(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetMailPerMin, "6000")
		one := hello("< MAIL", "> 250 ok", "< RCPT", "> 250 ok", "< DATA", "> 354 go", "data", "> 250 ok", "close")
		m := b.mailer(scripted(t, one, one, one))
		run(t, m)
		for range 3 {
			id := b.queue(tracker.MailAck, 1)[0]
			if r := b.until(id, tracker.OutboxSent); r.Attempts != 1 {
				t.Errorf("%+v", r)
			}
		}
		if s := m.Status().Outlets[0]; s.Trouble != "" {
			t.Errorf("%+v", s)
		}
	})
}

// TestStopsCleanly: told to stop while a mail is on its way, it lets that
// one finish and begins no other.
func TestStopsCleanly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		server := startSink(t, sinkOptions{})
		held, release := make(chan struct{}), make(chan struct{})
		server.onData = func(n int) error {
			if n == 1 {
				close(held)
				<-release
			}
			return nil
		}
		m := b.mailer(server.addr)
		m.wait.final = time.Minute
		ids := b.queue(tracker.MailAck, 3)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		<-held
		cancel()
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if r := b.row(ids[0]); r.State != tracker.OutboxSent {
			t.Errorf("%+v", r)
		}
		for _, id := range ids[1:] {
			if r := b.row(id); r.State != tracker.OutboxQueued {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestTwoMailers: two processes on one database send each mail once.
func TestTwoMailers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetMailPerMin, "60000")
		server := startSink(t, sinkOptions{})
		other := &bench{t: t, store: tracker.New(db, tracker.Options{LeaseTTL: 300 * time.Millisecond}), mailbox: b.mailbox}
		stop := run(t, b.mailer(server.addr))
		run(t, other.mailer(server.addr))
		ids := b.queue(tracker.MailAck, 40)
		server.wait(t, 10)
		stop() // the other takes over
		for _, id := range ids {
			b.until(id, tracker.OutboxSent)
		}
		seen := map[string]int{}
		for _, m := range server.all() {
			seen[m.to[0]]++
		}
		for to, n := range seen {
			if n != 1 {
				t.Errorf("%s has %d mails", to, n)
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d people have mail", len(seen))
		}
	})
}

// TestServersChangeWhileItRuns: mail of a mailbox goes where it was last said,
// and waits while nobody says where.
func TestServersChangeWhileItRuns(t *testing.T) {
	b := newBench(t, dbtest.Open(t, migrations.SQLite))
	b.setting(tracker.SetMailPerMin, "6000")
	first, second := startSink(t, sinkOptions{}), startSink(t, sinkOptions{})
	m := b.mailer(first.addr)
	run(t, m)
	b.until(b.queue(tracker.MailAck, 1)[0], tracker.OutboxSent)

	if err := m.SetSMTP("main", SMTPConfig{Address: "helpdesk@acme.example"}); err == nil {
		t.Fatal("settings without a host were taken")
	}
	if err := m.SetSMTP("main", plainConfig(second.addr)); err != nil {
		t.Fatal(err)
	}
	b.until(b.queue(tracker.MailAck, 1)[0], tracker.OutboxSent)
	if n, k := len(first.all()), len(second.all()); n != 1 || k != 1 {
		t.Fatalf("%d mails went to the first server and %d to the second", n, k)
	}

	m.RemoveSMTP("main")
	id := b.queue(tracker.MailAck, 1)[0]
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if o := m.Status().Outlets; len(o) == 1 && o[0].Trouble != "" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("nothing says that there is no server: %+v", m.Status())
		}
	}
	if r := b.row(id); r.State != tracker.OutboxQueued || r.Attempts != 0 {
		t.Fatalf("without a server the mail is %+v", r)
	}
	if err := m.SetSMTP("main", plainConfig(first.addr)); err != nil {
		t.Fatal(err)
	}
	b.until(id, tracker.OutboxSent)
}
