package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// hostileDesk is the desk that the hostile specimens were written for: a
// technician and one who was disabled, a ticket of anna's and one of bob's,
// and the reply tokens of all of them, out of mails that really left.
type hostileDesk struct {
	t      *testing.T
	ctx    context.Context
	now    time.Time
	store  *tracker.Store
	box    tracker.Mailbox
	lease  *tracker.Lease
	parse  func([]byte) tracker.Inbound
	sink   *checker.Sink
	uid    uint32
	annas  string // ticket, for example HD-1
	bobs   string
	tokens map[string]mintedID // by the set's literal
	fates  map[string]tracker.Outcome
}

// mintedID is the Message-ID of a mail of ours, with its reply token.
type mintedID struct{ id, owner string }

func newHostileDesk(t *testing.T, e migrations.Engine) *hostileDesk {
	t.Helper()
	d := &hostileDesk{t: t, ctx: t.Context(), now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), tokens: map[string]mintedID{}, fates: map[string]tracker.Outcome{}}
	d.store = tracker.New(dbtest.Open(t, e), tracker.Options{Clock: func() time.Time { return d.now }})
	var err error
	d.sink, err = checker.NewSink()
	d.ok(err)
	t.Cleanup(func() { d.sink.Close() })
	d.box, err = d.store.OpenMailbox(d.ctx, "helpdesk", "helpdesk@corp.example", tracker.Begin{Everything: true})
	d.ok(err)
	policy := policyOf(d.box.ID, config.Mailbox{Address: d.box.Address, Aliases: []string{"it@corp.example"}, Trust: "exchange"}, config.Ack{Enabled: true, MaxAge: 72 * time.Hour})
	d.store.SetPolicy(policy)
	d.parse = parser(d.store, policy)
	d.ok(d.store.SetSetting(d.ctx, tracker.Actor{}, tracker.SetMailPerMin, "100000"))
	d.lease, err = d.store.Acquire(d.ctx, fmt.Sprintf("mailbox:%d", d.box.ID))
	d.ok(err)
	t.Cleanup(func() { d.lease.Release(context.Background()) })
	d.populate()
	return d
}

func (d *hostileDesk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// populate makes the people and the two tickets, sends the mails due, and
// collects their Message-IDs.
func (d *hostileDesk) populate() {
	for _, name := range []string{"tech1", "tech9"} {
		_, err := d.store.CreateAccount(d.ctx, tracker.Actor{}, tracker.NewAccount{Email: name + "@corp.example", Name: name, Role: tracker.Technician})
		d.ok(err)
	}
	const internal = "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
	d.annas = d.take([]byte(internal + "From: Anna <anna@corp.example>\r\nTo: helpdesk@corp.example\r\nSubject: VPN kestrel\r\nMessage-ID: <first@corp.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\nThe kestrel gateway is down.\r\n")).Ticket
	d.bobs = d.take([]byte("From: Bob <bob@client.example>\r\nTo: helpdesk@corp.example\r\nSubject: Mouse\r\nMessage-ID: <second@client.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\nNo mouse.\r\n")).Ticket
	if d.annas == "" || d.bobs == "" {
		d.t.Fatalf("the tickets are %q and %q", d.annas, d.bobs)
	}
	for _, m := range d.drain() {
		id, subject := strings.Trim(m.Header().Get("Message-Id"), "<>"), d.parse(m.Data).Subject
		for literal, of := range map[string][2]string{
			"hd-1001-anna-VALIDTOKENANNA@corp.example":  {"anna@corp.example", d.annas},
			"hd-1001-tech1-VALIDTOKENTECH@corp.example": {"tech1@corp.example", d.annas},
			"hd-1001-tech9-VALIDTOKENOFF@corp.example":  {"tech9@corp.example", d.annas},
			"hd-1002-bob-VALIDTOKENBOB@corp.example":    {"bob@client.example", d.bobs},
		} {
			if m.To[0] == of[0] && strings.Contains(subject, "["+of[1]+"]") {
				d.tokens[literal] = mintedID{id, of[0]}
			}
		}
	}
	if len(d.tokens) != 4 {
		d.t.Fatalf("minted only %v", d.tokens)
	}
	off := false
	tech9, err := d.store.AccountByEmail(d.ctx, "tech9@corp.example")
	d.ok(err)
	_, err = d.store.UpdateAccount(d.ctx, tracker.Actor{}, tech9.ID, tracker.AccountChange{Enabled: &off}, tracker.AnyVersion)
	d.ok(err)
}

// mint puts our own tags and Message-IDs in the place of the set's.
func (d *hostileDesk) mint(raw []byte) []byte {
	pairs := []string{"[#1001]", "[" + d.annas + "]", "[#1002]", "[" + d.bobs + "]"}
	for literal, m := range d.tokens {
		pairs = append(pairs, literal, m.id)
	}
	// What was guessed has our form, too, but is no token of ours.
	pairs = append(pairs, "hd-1001-anna-AAAAAAAAAAAAAAAA@corp.example", "hd.aaaaaaaaaaaaaaaaaaaaaaaaaa@corp.example",
		"hd-1001-anna-FORGEDTOKEN0@corp.example", "hd.bbbbbbbbbbbbbbbbbbbbbbbbbb@corp.example")
	return []byte(strings.NewReplacer(pairs...).Replace(string(raw)))
}

// take brings one mail in, as the poller and its worker would.
func (d *hostileDesk) take(raw []byte) tracker.Outcome {
	d.t.Helper()
	d.uid++
	m := tracker.RawMail{UIDValidity: 1, UID: d.uid, ReceivedAt: d.now, Data: raw}
	if len(raw) > tracker.SmallBlob {
		var err error
		m.Data = nil
		m.Digest, m.Size, err = d.store.PutBlob(d.ctx, strings.NewReader(string(raw)))
		d.ok(err)
	}
	_, err := d.store.Keep(d.ctx, d.lease, d.box.ID, []tracker.RawMail{m})
	d.ok(err)
	return d.decide()
}

// decide claims, understands and decides the one mail that was kept.
func (d *hostileDesk) decide() tracker.Outcome {
	d.t.Helper()
	work, err := d.store.Claim(d.ctx, d.lease, d.box.ID, 10)
	d.ok(err)
	if len(work) != 1 {
		d.t.Fatalf("claimed %d mails instead of one", len(work))
	}
	blob, err := d.store.OpenBlob(d.ctx, work[0].Digest)
	d.ok(err)
	defer blob.Close()
	out, err := d.store.Receive(d.ctx, d.lease, []tracker.Item{{Work: work[0], Mail: d.parse(blob.Bytes())}})
	d.ok(err)
	if len(out) != 1 {
		d.t.Fatalf("%d outcomes of one mail", len(out))
	}
	return out[0]
}

// drain sends what is due and returns it.
func (d *hostileDesk) drain() []checker.Received {
	d.t.Helper()
	host, port, _ := net.SplitHostPort(d.sink.Addr)
	p, _ := strconv.Atoi(port)
	m, err := mailer.New(d.store, mailer.Options{SMTP: map[string]mailer.SMTPConfig{
		d.box.Name: {Address: d.box.Address, Host: host, Port: p, Security: mailer.SecurityPlain, Auth: mailer.AuthNone, PlusAddressing: true},
	}})
	d.ok(err)
	before := d.sink.Len()
	due := d.count(`SELECT count(*) FROM outbox WHERE state = 'queued'`)
	ctx, stop := context.WithCancel(d.ctx)
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	deadline := time.Now().Add(time.Minute)
	for d.count(`SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')`) > 0 && time.Now().Before(deadline) {
		d.sink.Wait(before+due, 50*time.Millisecond)
	}
	stop()
	d.ok(<-done)
	if n := d.count(`SELECT count(*) FROM outbox WHERE state <> 'sent'`); n > 0 {
		var why []string
		d.ok(d.store.DB().Select(d.ctx, &why, `SELECT state || ' ' || to_address || ' ' || response FROM outbox WHERE state <> 'sent' LIMIT 5`))
		d.t.Errorf("%d mails did not leave: %q", n, why)
	}
	return d.sink.All()[before:]
}

func (d *hostileDesk) count(query string, args ...any) int {
	d.t.Helper()
	var n int
	d.ok(d.store.DB().Get(d.ctx, &n, query, args...))
	return n
}

func (d *hostileDesk) lastOutbox() int { return d.count(`SELECT COALESCE(MAX(id), 0) FROM outbox`) }

// census is all that a mail may change, but for the inbox's own row and the
// log of events.
func (d *hostileDesk) census() string {
	d.t.Helper()
	var b strings.Builder
	for _, table := range []string{"ticket", "message", "outbox", "note", "client", "client_address", "participant", "attachment", "reply_token", "account", "setting"} {
		fmt.Fprintf(&b, "%s %d\n", table, d.count(`SELECT count(*) FROM `+table))
	}
	for _, q := range []string{
		`SELECT 'HD-' || number || ' ' || stage || ' version ' || version || ' updated ' || updated_at FROM ticket ORDER BY id`,
		`SELECT 'message ' || id || ' ' || state || ' ' || direction FROM message ORDER BY id`,
		`SELECT 'outbox ' || id || ' ' || state || ' ' || response FROM outbox ORDER BY id`,
		`SELECT address || ' bounced ' || COALESCE(bounced_at, 0) FROM client_address ORDER BY address`,
	} {
		var lines []string
		d.ok(d.store.DB().Select(d.ctx, &lines, q))
		b.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// difference shows the lines that two censuses do not share.
func difference(was, is string) string {
	var b strings.Builder
	old := map[string]bool{}
	for l := range strings.Lines(was) {
		old[l] = true
	}
	for l := range strings.Lines(is) {
		if !old[l] {
			b.WriteString("  now " + l)
		}
	}
	return b.String()
}
