package tracker

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// mailDesk is a tracker with one mailbox, for tests of the mail side.
type mailDesk struct {
	*Store
	t       *testing.T
	ctx     context.Context
	now     time.Time
	mailbox Mailbox
	policy  Policy
	lease   *Lease
	uid     uint32
}

func eachMailDesk(t *testing.T, fn func(d *mailDesk)) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) { fn(newMailDesk(t, db)) })
}

func newMailDesk(t *testing.T, db *migrations.DB) *mailDesk {
	d := &mailDesk{t: t, ctx: t.Context(), now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	d.Store = New(db, Options{Clock: func() time.Time { return d.now }, Node: "test"})
	var err error
	d.mailbox, err = d.OpenMailbox(d.ctx, "helpdesk", "helpdesk@aldermere.example", Begin{Everything: true})
	d.ok(err)
	d.policy = Policy{MailboxID: d.mailbox.ID, Address: d.mailbox.Address, TrustAuthAs: true, TrustAuthResults: true, FormSenders: []string{"flow@aldermere.example"}}
	d.SetPolicy(d.policy)
	d.lease, err = d.Acquire(d.ctx, fmt.Sprintf("mailbox:%d", d.mailbox.ID))
	d.ok(err)
	t.Cleanup(func() {
		d.lease.Release(context.Background())
		// Whatever a test does, the ledger's sums are right after it.
		if wrong, err := d.Recount(context.Background()); err != nil || len(wrong) > 0 {
			t.Errorf("the sums of the ledger are wrong: %q %v", wrong, err)
		}
	})
	return d
}

func (d *mailDesk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// mail is a human mail of anna's, changed by edits.
func (d *mailDesk) mail(edits ...func(in *Inbound)) Inbound {
	d.uid++
	in := Inbound{
		MessageID: fmt.Sprintf("m%d@aldermere.example", d.uid), Date: d.now, From: []Address{{Name: "Anna Berg", Address: "anna@aldermere.example"}},
		To: []Address{{Address: "helpdesk@aldermere.example"}}, Subject: "The printer is on fire", Class: ClassHuman,
		Text: "It smells.", Reply: "It smells.", AuthAs: "Internal",
	}
	for _, e := range edits {
		e(&in)
	}
	if in.Digest == "" {
		in.Digest = Digest([]byte(fmt.Sprintf("raw %d", d.uid)))
	}
	if in.ContentDigest == "" {
		in.ContentDigest = Digest([]byte(in.Text + in.Reply))
	}
	return in
}

func from(address string) func(*Inbound) {
	return func(in *Inbound) { in.From = []Address{{Address: address}} }
}
func says(words string) func(*Inbound) { return func(in *Inbound) { in.Reply, in.Text = words, words } }
func answers(id string) func(*Inbound) {
	return func(in *Inbound) { in.InReplyTo = []string{id}; in.References = []string{id} }
}

// receive keeps, claims and decides one mail.
func (d *mailDesk) receive(in Inbound) Outcome {
	d.t.Helper()
	return d.receiveAs(in, RawMail{})
}

// receiveAs is receive for a mail that lay somewhere.
func (d *mailDesk) receiveAs(in Inbound, m RawMail) Outcome {
	d.t.Helper()
	d.uid++
	raw := []byte("raw bytes of " + in.Digest)
	m.UIDValidity, m.UID, m.ReceivedAt, m.MailID, m.Data = 1, d.uid, d.now, in.MessageID, raw
	_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{m})
	d.ok(err)
	return d.decide(in)
}

// decide claims the one mail that waits, and decides it.
func (d *mailDesk) decide(in Inbound) Outcome {
	d.t.Helper()
	raw := []byte("raw bytes of " + in.Digest)
	work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
	d.ok(err)
	if len(work) != 1 {
		d.t.Fatalf("claimed %d mails instead of one", len(work))
	}
	in.Digest = Digest(raw)
	out, err := d.Receive(d.ctx, d.lease, []Item{{Work: work[0], Mail: in}})
	d.ok(err)
	if len(out) != 1 {
		d.t.Fatalf("got %d outcomes", len(out))
	}
	return out[0]
}

func (d *mailDesk) want(o Outcome, fate, ticket string, acks int) {
	d.t.Helper()
	if o.Fate != fate || o.Ticket != ticket || o.Acks != acks {
		d.t.Fatalf("got fate %q ticket %q acks %d (%s), want %q %q %d", o.Fate, o.Ticket, o.Acks, o.Reason, fate, ticket, acks)
	}
}

func (d *mailDesk) count(query string, args ...any) int {
	d.t.Helper()
	var n int
	d.ok(d.db.Get(d.ctx, &n, query, args...))
	return n
}

// send renders and sends everything that is due, as the mailer would, and
// returns the tokens by recipient, the newest last.
func (d *mailDesk) send() map[string]string {
	d.t.Helper()
	l, err := d.Acquire(d.ctx, "outbox")
	d.ok(err)
	defer l.Release(d.ctx)
	items, err := d.DueOutbox(d.ctx, l, 100)
	d.ok(err)
	tokens := map[string]string{}
	for _, it := range items {
		token, _ := NewToken()
		d.ok(d.Rendered(d.ctx, l, it.ID, Rendered{Bytes: []byte("mail " + token), MailID: "hd." + token + "@aldermere.example", Token: token}))
		d.ok(d.Sending(d.ctx, l, it.ID))
		d.ok(d.Sent(d.ctx, l, it.ID, "250 2.0.0 OK", ""))
		tokens[it.ToAddress] = token
	}
	return tokens
}

func (d *mailDesk) technician(email string) Account {
	d.t.Helper()
	a, err := d.CreateAccount(d.ctx, Actor{}, NewAccount{Email: email, Name: strings.Split(email, "@")[0], Role: Technician, Password: "correct horse battery"})
	d.ok(err)
	return a
}

func tokenID(token string) string { return "hd." + token + "@aldermere.example" }
