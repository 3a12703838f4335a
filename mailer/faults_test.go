package mailer

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth/oauthtest"
)

// TestLeaseLost: another process takes over while a mail is on its way. The
// late outcome is refused, and the mail is uncertain, not sent twice.
func TestLeaseLost(t *testing.T) {
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
		ids := b.queue(tracker.MailAck, 2)
		run(t, m)
		<-held
		b.tx(func(ctx context.Context, tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE lease SET holder = 'other/1', fence = fence + 1, beat = beat + 1 WHERE name = 'outbox'`)
			return err
		})
		close(release)
		b.until(ids[0], tracker.OutboxUncertain) // the other fell silent, and we took over again
		b.until(ids[1], tracker.OutboxSent)
		if n := len(server.all()); n != 2 {
			t.Errorf("%d mails went out for 2", n)
		}
	})
}

// failing is a store whose writes fail for a while, as when a disk is full
// or the database restarts.
type failing struct {
	*tracker.Store
	left atomic.Int32
}

var errAway = errors.New("the database is away")

func (f *failing) Sent(ctx context.Context, l *tracker.Lease, id int64, response, serverMailID string) error {
	if f.left.Add(-1) >= 0 {
		return errAway
	}
	return f.Store.Sent(ctx, l, id, response, serverMailID)
}

// TestDatabaseAway: what the server took is recorded as soon as it can be,
// and meanwhile not sent again.
func TestDatabaseAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		server := startSink(t, sinkOptions{})
		f := &failing{Store: b.store}
		f.left.Store(3)
		m, err := New(f, Options{SMTP: map[string]SMTPConfig{"main": plainConfig(server.addr)}})
		if err != nil {
			t.Fatal(err)
		}
		m.wait = quick
		id := b.queue(tracker.MailAck, 1)[0]
		run(t, m)
		b.until(id, tracker.OutboxSent)
		if n := len(server.all()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// torn is a store whose answer to a commit is lost once: it is committed, and
// we are told that it failed.
type torn struct {
	*tracker.Store
	once atomic.Bool
}

func (f *torn) Sending(ctx context.Context, l *tracker.Lease, id int64) error {
	err := f.Store.Sending(ctx, l, id)
	if f.once.CompareAndSwap(false, true) {
		return errAway
	}
	return err
}

// TestCommitUnknown: a mail that may or may not stand as sending, but whose
// DATA surely never began, is sent; it must not wait for the next start.
func TestCommitUnknown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		server := startSink(t, sinkOptions{})
		m := b.mailer(server.addr)
		m.store = &torn{Store: b.store}
		m.wait.again = 10 * time.Millisecond
		id := b.queue(tracker.MailReply, 1)[0]
		run(t, m)
		b.until(id, tracker.OutboxSent)
		if n := len(server.all()); n != 1 {
			t.Errorf("%d mails went out for 1", n)
		}
	})
}

// TestContentGone: a mail whose attachment can not be read is put off, and
// the one behind it goes.
func TestContentGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		server := startSink(t, sinkOptions{})
		b.tx(func(ctx context.Context, tx *migrations.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO blob (digest, size, place, created_at) VALUES ('00gone', 5, 'file', 1)`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO attachment (uid, message_id, role, name, content_type, digest, start, length, size) VALUES ('u', ?, 'file', 'x.txt', 'text/plain', '00gone', 0, 5, 5)`, b.message)
			return err
		})
		bad := b.queue(tracker.MailReply, 1)[0]
		good := b.queue(tracker.MailAck, 1)[0]
		run(t, b.mailer(server.addr))
		b.until(good, tracker.OutboxSent)
		r := b.row(bad)
		if r.State != tracker.OutboxQueued || r.Attempts != 1 || !strings.Contains(r.Response, "can not be read") || time.Until(r.DueAt.Time()) < 40*time.Second {
			t.Errorf("%+v", r)
		}
	})
}

// TestAttachments sends files as they were uploaded, and as ranges of a
// mail that they came with, and compares what arrives.
func TestAttachments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		picture := bytes.Repeat([]byte{0, 1, 2, 255, '\r', '\n', '.', '\n'}, 100_000) // 800 KB: kept as a file
		encoded := base64.StdEncoding.EncodeToString([]byte("from a mail: é"))
		raw := "Subject: x\r\n\r\n" + encoded[:7] + "\r\n" + encoded[7:] + "\r\n--end"
		quoted := "caf=C3=A9=\r\n!"
		type file struct {
			name, kind, encoding string
			blob                 []byte
			start, length        int
			want                 []byte
			as                   string // the name that arrives
		}
		files := []file{
			{"half page.png", "image/png", "", picture, 0, len(picture), picture, "half page.png"},
			{"Übersicht über \"alles\" – sehr langer Name, der nicht in eine Zeile passt.pdf", "application/pdf", "base64", []byte(raw), 14, len(encoded) + 2, []byte("from a mail: é"), ""},
			{"a\r\nContent-Type: text/html\r\n\r\n<b>.txt", "text/plain; charset=\"x\r\ny\"", "quoted-printable", []byte(quoted), 0, len(quoted), []byte("café!"), "a Content-Type: text/html <b>.txt"},
			{"", "message/rfc822", "", []byte("Subject: inner\r\n\r\nx"), 0, 19, []byte("Subject: inner\r\n\r\nx"), "attachment"},
		}
		for i, f := range files {
			digest, _, err := b.store.PutBlob(t.Context(), bytes.NewReader(f.blob))
			if err != nil {
				t.Fatal(err)
			}
			b.tx(func(ctx context.Context, tx *migrations.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO attachment (uid, message_id, role, name, content_type, encoding, digest, start, length, size) VALUES (?, ?, 'file', ?, ?, ?, ?, ?, ?, ?)`,
					fmt.Sprint("u", i), b.message, f.name, f.kind, f.encoding, digest, f.start, f.length, len(f.want))
				return err
			})
		}
		server := startSink(t, sinkOptions{})
		id := b.queue(tracker.MailReply, 1)[0]
		run(t, b.mailer(server.addr))
		b.until(id, tracker.OutboxSent)
		got := server.wait(t, 1)[0].data
		if err := wellFormed([]byte(got)); err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		if _, err := parts.NextRawPart(); err != nil { // the text
			t.Fatal(err)
		}
		for _, f := range files {
			p, err := parts.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			disposition, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
			want := f.as
			if want == "" {
				want = f.name
			}
			if err != nil || disposition != "attachment" || params["filename"] != want || len(p.Header) != 3 {
				t.Errorf("%q arrives as %v, %v", f.name, p.Header, err)
			}
			have, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
			if err != nil || !bytes.Equal(have, f.want) {
				t.Errorf("%q arrives with %d bytes instead of %d, %v", f.name, len(have), len(f.want), err)
			}
		}
		if _, err := parts.NextRawPart(); err != io.EOF {
			t.Errorf("there is more: %v", err)
		}
	})
}

// TestTokenExpires: a server that no longer takes the token we kept is asked
// again with a new one, and nobody hears of it.
func TestTokenExpires(t *testing.T) {
	db := dbtest.Open(t, migrations.SQLite)
	b := newBench(t, db)
	b.setting(tracker.SetMailPerMin, "6000")
	id := oauthtest.New(t)
	issued := func() int { return id.Asked("client_credentials") }
	users := map[string]string{"helpdesk@acme.example": "ACCESS-1"}
	server := startSink(t, sinkOptions{startTLS: true, users: users, mechs: []string{"XOAUTH2"}})
	c := plainConfig(server.addr)
	c.Security, c.CAFile, c.Auth, c.Tokens = SecurityStartTLS, server.ca, AuthXOAuth2, id.Account(t, id.Config()).Mail()
	m, err := New(b.store, Options{SMTP: map[string]SMTPConfig{"main": c}})
	if err != nil {
		t.Fatal(err)
	}
	m.wait = quick
	m.wait.idle = time.Nanosecond // a new connection for every mail
	run(t, m)
	b.until(b.queue(tracker.MailAck, 1)[0], tracker.OutboxSent)
	server.mu.Lock()
	users["helpdesk@acme.example"] = "ACCESS-2" // the first is worth nothing now
	server.mu.Unlock()
	b.until(b.queue(tracker.MailAck, 1)[0], tracker.OutboxSent)
	if s := m.Status().Outlets[0]; s.Trouble != "" || issued() != 2 {
		t.Errorf("%+v, %d tokens", s, issued())
	}
	server.mu.Lock()
	users["helpdesk@acme.example"] = "never"
	server.mu.Unlock()
	last := b.queue(tracker.MailAck, 1)[0]
	for end := time.Now().Add(10 * time.Second); m.Status().Outlets[0].Trouble == ""; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it says nothing")
		}
	}
	if r := b.row(last); r.State != tracker.OutboxQueued || issued() > 4 {
		t.Errorf("%+v, %d tokens", r, issued())
	}
}

// TestGivesUp: a mail that the server puts off again and again dies.
func TestGivesUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		id := b.queue(tracker.MailAck, 1)[0]
		b.tx(func(ctx context.Context, tx *migrations.Tx) error {
			long := migrations.At(b.store.Now().Add(-maxAge - time.Minute))
			_, err := tx.Exec(ctx, `UPDATE outbox SET attempts = ?, created_at = ? WHERE id = ?`, maxAttempts-1, long, id)
			return err
		})
		run(t, b.mailer(scripted(t, hello("< MAIL", "> 250 ok", "< RCPT", "> 450 4.2.1 mailbox busy", "< RSET", "> 250 ok", "wait"))))
		if r := b.until(id, tracker.OutboxDead); !strings.Contains(r.Response, "20 tries") || !strings.Contains(r.Response, "mailbox busy") {
			t.Errorf("%+v", r)
		}
	})
}

func TestBackoff(t *testing.T) {
	for n := 1; n <= 40; n++ {
		want := min(time.Minute<<min(n-1, 20), time.Hour)
		for range 20 {
			if d := backoff(time.Minute, time.Hour, n); d < want*79/100 || d > want*121/100 {
				t.Fatalf("after %d failures %s, want about %s", n, d, want)
			}
		}
	}
}
