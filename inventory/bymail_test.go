package inventory

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// byMail is a desk whose mailbox takes mails, with a ticket of Anna's and a
// technician, Ben, who may answer it by mail.
type byMail struct {
	*desk
	lease *tracker.Lease
	box   int64
	n     int
	token string // the Message-ID that Ben answers
	owner int64  // the client who asks
}

func eachByMail(t *testing.T, fn func(t *testing.T, d *byMail)) {
	eachDesk(t, func(t *testing.T, in *desk) {
		d, ctx := &byMail{desk: in}, t.Context()
		d.tracker.SetThings(d.Store)
		box := must(d.tracker.OpenMailbox(ctx, "helpdesk", "helpdesk@desk.example", tracker.Begin{Everything: true}))(t)
		d.box = box.ID
		d.tracker.SetPolicy(tracker.Policy{MailboxID: box.ID, Address: box.Address, TrustAuthAs: true})
		d.lease = must(d.tracker.Acquire(ctx, fmt.Sprintf("mailbox:%d", box.ID)))(t)
		t.Cleanup(func() { d.lease.Release(context.Background()) })
		d.receive("asker@desk.example", "The hinge of my laptop is loose.")
		d.owner = must(d.tracker.ClientByAddress(ctx, "asker@desk.example"))(t).ID
		for _, it := range d.due() {
			if it.Kind == tracker.MailNotify && it.ToAddress == "ben@desk.example" {
				d.token = "hd." + it.ReplyTo + "@desk.example"
			}
		}
		fn(t, d)
	})
}

// sentMail is a mail that went out, and the token in it.
type sentMail struct {
	tracker.OutboxItem
	ReplyTo string
}

// due sends all that waits, as the mailer would.
func (d *byMail) due() (list []sentMail) {
	d.t.Helper()
	ctx := d.t.Context()
	l := must(d.tracker.Acquire(ctx, "outbox"))(d.t)
	defer l.Release(ctx)
	for _, it := range must(d.tracker.DueOutbox(ctx, l, 100))(d.t) {
		token, _ := tracker.NewToken()
		for _, err := range []error{
			d.tracker.Rendered(ctx, l, it.ID, tracker.Rendered{Bytes: []byte(token), MailID: "hd." + token + "@desk.example", Token: token}),
			d.tracker.Sending(ctx, l, it.ID), d.tracker.Sent(ctx, l, it.ID, "250 OK", ""),
		} {
			if err != nil {
				d.t.Fatal(err)
			}
		}
		list = append(list, sentMail{it, token})
	}
	return list
}

// receive has a mail decided.
func (d *byMail) receive(from, words string) tracker.Outcome {
	d.t.Helper()
	ctx := d.t.Context()
	d.n++
	raw := []byte(fmt.Sprintf("mail %d", d.n))
	in := tracker.Inbound{MessageID: fmt.Sprintf("m%d@desk.example", d.n), Date: d.clock.Now(), From: []tracker.Address{{Address: from}}, To: []tracker.Address{{Address: "helpdesk@desk.example"}},
		Subject: "Loose", Class: tracker.ClassHuman, Text: words, Reply: words, AuthAs: "Internal", Digest: tracker.Digest(raw), ContentDigest: tracker.Digest([]byte(words))}
	if d.token != "" {
		in.InReplyTo, in.References = []string{d.token}, []string{d.token}
	}
	_, err := d.tracker.Keep(ctx, d.lease, d.box, []tracker.RawMail{{UIDValidity: 1, UID: uint32(d.n), ReceivedAt: d.clock.Now(), MailID: in.MessageID, Data: raw}})
	if err != nil {
		d.t.Fatal(err)
	}
	work := must(d.tracker.Claim(ctx, d.lease, d.box, 10))(d.t)
	out := must(d.tracker.Receive(ctx, d.lease, []tracker.Item{{Work: work[0], Mail: in}}))(d.t)
	return out[0]
}

// says sends lines of Ben's, and returns the last line of what he is told.
func (d *byMail) says(words string) tracker.CommandLine {
	d.t.Helper()
	if o := d.receive("ben@desk.example", words); o.Fate != tracker.FateAppend {
		d.t.Fatalf("%q: %+v", words, o)
	}
	for _, m := range d.due() {
		if m.Kind == tracker.MailCommands && m.Commands != nil && len(m.Commands.Lines) > 0 {
			return m.Commands.Lines[len(m.Commands.Lines)-1]
		}
		if m.Kind == tracker.MailReply {
			d.t.Fatalf("%q: a client got %+v", words, m)
		}
	}
	d.t.Fatalf("%q: nobody was told", words)
	return tracker.CommandLine{}
}

func (d *byMail) count(query string, args ...any) (n int) {
	d.t.Helper()
	if err := d.db.Get(d.t.Context(), &n, query, args...); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// given registers a thing, and gives it to who asks.
func (d *byMail) given(tag string, model int64) Asset {
	d.t.Helper()
	return must(d.Register(d.t.Context(), d.ben, AssetEdit{Tag: tag, ModelID: model}, Place{Status: Deployed, HolderID: d.owner, Quantity: 1}))(d.t)
}

// TestThingsByMail: a technician's mail links things and opens repairs, each
// with its events, and is told what was done, or which of several and what is
// nearest where it was not.
func TestThingsByMail(t *testing.T) {
	eachByMail(t, func(t *testing.T, d *byMail) {
		ticket := must(d.tracker.TicketByNumber(t.Context(), 1))(t)
		linked := func(a Asset) int {
			return d.count(`SELECT count(*) FROM link WHERE a_kind IN ('ticket', 'asset') AND b_kind IN ('ticket', 'asset') AND ((a_kind = 'asset' AND a_id = ? AND b_id = ?) OR (b_kind = 'asset' AND b_id = ? AND a_id = ?))`, a.ID, ticket.ID, a.ID, ticket.ID)
		}
		// Nothing is registered to them: the order is for the ticket alone.
		if l := d.says("#repair the hinge is loose"); l.Done != "repair_alone" || len(l.Args) != 1 || l.Args[0] != "WO-1" {
			t.Fatalf("told %+v", l)
		}
		book := d.given("A-0012", d.laptop.ID)
		if l := d.says("#asset a-0012"); l.Done != "asset" || strings.Join(l.Args, "|") != "A-0012 Nordfell Book 14" || linked(book) != 1 {
			t.Fatalf("told %+v, %d links", l, linked(book))
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'linked' AND subject IN ('ticket', 'asset') AND actor = ?`, d.ben.String()); n < 2 {
			t.Fatalf("%d events of the link", n)
		}
		// The only thing of the ticket, with what is wrong as the title.
		if l := d.says("#repair hinge left is loose"); l.Done != "repair" || strings.Join(l.Args, "|") != "WO-2|A-0012 Nordfell Book 14" {
			t.Fatalf("told %+v", l)
		}
		o := must(d.Order(t.Context(), 2))(t)
		if *o.AssetID != book.ID || o.Title != "hinge left is loose" || o.Status != Planned || *o.ClientID != d.owner || *o.AssigneeID != d.ben.AccountID {
			t.Fatalf("the order is %+v", o)
		}
		if n := d.count(`SELECT count(*) FROM link WHERE a_kind = 'ticket' AND a_id = ? AND b_kind = 'work_order' AND b_id = ?`, ticket.ID, o.ID); n != 1 {
			t.Fatalf("%d links of the order with the ticket", n)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'work_order' AND subject_id = ? AND actor = ?`, o.ID, d.ben.String()); n < 1 {
			t.Fatal("no event of the order")
		}
		if n := d.count(`SELECT count(*) FROM event WHERE became LIKE '%hinge%' OR was LIKE '%hinge%'`); n != 0 {
			t.Fatalf("%d events hold what was written", n)
		}
		// Two that fit: which? Named, it is that one, and the tag is no part of the title.
		mouse := d.given("M-0007", d.mouse.ID)
		d.says("#asset M-0007")
		if l := d.says("#repair makes noise"); l.Done != "" || !strings.Contains(l.Problem, "Which of these?") || !strings.Contains(l.Problem, "A-0012") || !strings.Contains(l.Problem, "M-0007 Nordfell Mouse") {
			t.Fatalf("told %+v", l)
		}
		if l := d.says("#repair M-0007: makes noise"); l.Done != "repair" || l.Args[1] != "M-0007 Nordfell Mouse" {
			t.Fatalf("told %+v", l)
		}
		if o = must(d.Order(t.Context(), 3))(t); *o.AssetID != mouse.ID || o.Title != "makes noise" {
			t.Fatalf("the order is %+v", o)
		}
		// What nobody knows: the nearest, the requester's first, and nothing happens.
		other := d.register(AssetEdit{Tag: "A-0013"}, 1)
		for words, want := range map[string]string{
			"#asset A12":          "Did you mean A-0012 Nordfell Book 14",
			"#asset A-0021":       "Did you mean A-0012 Nordfell Book 14",
			"#asset A-0113":       "A-0013",
			"#repair A-0014 dead": "Did you mean A-0012 Nordfell Book 14, or A-0013",
			"#asset printer":      "There is no thing",
		} {
			l := d.says(words)
			if l.Done != "" || !strings.Contains(l.Problem, want) || strings.Contains(words, "printer") == strings.Contains(l.Problem, "Did you mean") {
				t.Errorf("%q: told %+v", words, l)
			}
		}
		if linked(other) != 0 || d.count(`SELECT count(*) FROM work_order`) != 3 {
			t.Fatal("something was done all the same")
		}
	})
}

// TestRepairAsksWhichOfThoseHeld: nothing is linked, and the requester has
// several things.
func TestRepairAsksWhichOfThoseHeld(t *testing.T) {
	eachByMail(t, func(t *testing.T, d *byMail) {
		d.given("A-0001", d.laptop.ID)
		if l := d.says("#repair fan"); l.Done != "repair" || l.Args[1] != "A-0001 Nordfell Book 14" {
			t.Fatalf("the only one: %+v", l)
		}
		// That one is linked now, so that it stays the one that is meant.
		two := d.given("A-0002", d.laptop.ID)
		if l := d.says("#repair fan again"); l.Done != "repair" || l.Args[1] != "A-0001 Nordfell Book 14" {
			t.Fatalf("the linked one: %+v", l)
		}
		err := d.db.Tx(t.Context(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(t.Context(), `DELETE FROM link`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if l := d.says("#repair fan"); l.Done != "" || !strings.Contains(l.Problem, "Which of these? Please name its tag: A-0001 Nordfell Book 14, A-0002 Nordfell Book 14") {
			t.Fatalf("told %+v", l)
		}
		if n := d.count(`SELECT count(*) FROM work_order WHERE asset_id = ?`, two.ID); n != 0 {
			t.Fatal("it guessed")
		}
	})
}
