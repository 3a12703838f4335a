package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const (
	deskUser = "helpdesk@aldermere.example"
	deskPass = "correct horse"
)

// rig is a store with a mailbox, and pollers on it.
type rig struct {
	t     *testing.T
	db    *migrations.DB
	store *tracker.Store
	cfg   MailboxConfig
	box   tracker.Mailbox
	tune  func(*Poller)
	log   *logs
}

func newRig(t *testing.T, db *migrations.DB, cfg MailboxConfig) *rig {
	t.Helper()
	r := &rig{t: t, db: db, cfg: cfg, log: &logs{}}
	r.store = tracker.New(db, tracker.Options{Log: slog.New(slog.NewTextHandler(r.log, nil)), LeaseTTL: time.Second})
	begin, err := cfg.BeginChoice()
	if err != nil {
		t.Fatal(err)
	}
	if r.box, err = r.store.OpenMailbox(t.Context(), cfg.Name, cfg.Address, begin); err != nil {
		t.Fatal(err)
	}
	r.store.SetPolicy(tracker.Policy{MailboxID: r.box.ID, Address: cfg.Address})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log:\n%s", r.log.String())
		}
	})
	return r
}

// quickly makes every wait of a poller short.
func quickly(p *Poller) {
	p.times.retryMin, p.times.retryMax = 5*time.Millisecond, 50*time.Millisecond
	p.times.loginMin, p.times.loginMax = 5*time.Millisecond, 50*time.Millisecond
	p.times.workEvery = 20 * time.Millisecond
	p.times.notReady = 50 * time.Millisecond
	p.times.deferral = []time.Duration{20 * time.Millisecond, 20 * time.Millisecond}
	p.times.silence, p.times.grace = 3*time.Second, 20*time.Millisecond
	p.retry.times, p.work.times = p.times, p.times
}

// poller makes a poller that waits little.
func (r *rig) poller() *Poller {
	r.t.Helper()
	p, err := NewPoller(r.store, r.box.ID, r.cfg, PollerOptions{Log: slog.New(slog.NewTextHandler(r.log, nil)), Parse: parseSimply})
	if err != nil {
		r.t.Fatal(err)
	}
	quickly(p)
	p.cfg.Poll = 50 * time.Millisecond
	if r.tune != nil {
		r.tune(p)
	}
	return p
}

// start runs a poller until the returned function is called.
func (r *rig) start() (stop func()) {
	r.t.Helper()
	p := r.poller()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			<-done
		})
	}
	r.t.Cleanup(stop)
	return stop
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for: %s", what)
		}
		<-tick.C
	}
}

// count runs a SELECT count(*) on the inbox.
func (r *rig) count(where string, args ...any) int {
	r.t.Helper()
	var n int
	if err := r.db.Get(context.Background(), &n, `SELECT count(*) FROM inbox WHERE `+where, args...); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) tickets() int {
	r.t.Helper()
	var n int
	if err := r.db.Get(context.Background(), &n, `SELECT count(*) FROM ticket`); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) mailbox() tracker.Mailbox {
	r.t.Helper()
	m, err := r.store.Mailbox(context.Background(), r.box.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// logs is a log that a test can read.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// dovecot starts a server with the desk's mailbox, and a config for it.
func dovecot(t *testing.T, o imaptest.Options) (*imaptest.Server, MailboxConfig) {
	t.Helper()
	o.Users = append(o.Users, imaptest.User{Name: deskUser, Password: deskPass})
	s := imaptest.New(t, o)
	return s, MailboxConfig{Name: "desk", Address: deskUser, Password: deskPass, Host: s.Host, Port: s.Port,
		Security: SecurityPlain, Begin: "everything"}
}

func deliver(t *testing.T, s *imaptest.Server, raw []byte) {
	t.Helper()
	if err := s.Deliver(deskUser, "INBOX", raw, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func inFolder(t *testing.T, s *imaptest.Server, folder string) int {
	t.Helper()
	n, err := s.Count(deskUser, folder)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// note is the n-th mail of a person.
func note(n int) []byte {
	return fmt.Appendf(nil, "From: Anna <anna%d@aldermere.example>\r\nTo: %s\r\nSubject: printer %d\r\nMessage-ID: <note%d@aldermere.example>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nThe printer %d is jammed.\r\n", n%10, deskUser, n, n, n)
}

// parseSimply understands only the plainest of mails: what these tests are
// about happens before and after.
func parseSimply(raw []byte) tracker.Inbound {
	in := tracker.Inbound{Digest: tracker.Digest(raw), Size: int64(len(raw)), Class: tracker.ClassHuman}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		in.Class = tracker.ClassMalformed
		return in
	}
	if a, err := mail.ParseAddress(m.Header.Get("From")); err == nil {
		in.From = []tracker.Address{{Name: a.Name, Address: strings.ToLower(a.Address)}}
	}
	in.MessageID = strings.Trim(m.Header.Get("Message-Id"), "<>")
	in.Subject = m.Header.Get("Subject")
	in.Text, in.Reply = "text", "text"
	if _, body, ok := bytes.Cut(raw, []byte("\r\n\r\n")); ok {
		in.ContentDigest = tracker.Digest(body)
	}
	if isPlaceholder(raw) {
		in.Class = tracker.ClassPlaceholder
	}
	return in
}
