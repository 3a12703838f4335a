package tracker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// found lists a filter's mails, page by page.
func (d *mailDesk) found(f MailFilter) string {
	d.t.Helper()
	var all []string
	for before := int64(0); ; {
		p := must(d.Ledger(d.ctx, f, before, 2))(d.t)
		for _, m := range p.Mails {
			all = append(all, m.Subject)
		}
		if before = p.More; before == 0 {
			return strings.Join(all, ",")
		}
	}
}

func TestTheLedgerIsFiltered(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		subject := func(s string) func(in *Inbound) { return func(in *Inbound) { in.Subject = s } }
		d.receive(d.mail(subject("one")))
		d.receive(d.mail(subject("two"), from("bob@client.example")))
		d.now = d.now.Add(24 * time.Hour)
		noon := d.now
		d.receive(d.mail(subject("three"), from("news@shop.example"), func(in *Inbound) { in.Class = ClassList }))
		d.receive(d.mail(subject("four 100% of_it"), func(in *Inbound) { in.FromDefect = "two authors" }))
		d.now = d.now.Add(24 * time.Hour)
		d.receive(d.mail(subject("five"), from("carl@sub.shop.example")))
		for _, c := range []struct {
			f    MailFilter
			want string
		}{
			{MailFilter{}, "five,four 100% of_it,three,two,one"},
			{MailFilter{MailboxID: d.mailbox.ID}, "five,four 100% of_it,three,two,one"},
			{MailFilter{MailboxID: 99}, ""},
			{MailFilter{What: FateQuarantine}, "four 100% of_it"},
			{MailFilter{Class: ClassList}, "three"},
			{MailFilter{Class: ClassHuman}, "five,four 100% of_it,two,one"},
			{MailFilter{Sender: "BOB@client.example"}, "two"},
			{MailFilter{Sender: "@shop.example"}, "three"},
			{MailFilter{Sender: "shop"}, "five,three"},
			{MailFilter{Words: "100% of_it"}, "four 100% of_it"},
			{MailFilter{Words: "o%e"}, ""},
			{MailFilter{From: noon}, "five,four 100% of_it,three"},
			{MailFilter{Until: noon}, "two,one"},
			{MailFilter{From: noon, Until: noon.Add(time.Hour)}, "four 100% of_it,three"},
			{MailFilter{From: noon.Add(99 * time.Hour)}, ""},
			{MailFilter{Until: noon.Add(-99 * time.Hour)}, ""},
			{MailFilter{What: FateNew, From: noon, Sender: "shop", Words: "five"}, "five"},
		} {
			if got := d.found(c.f); got != c.want {
				t.Errorf("%+v: %q, want %q", c.f, got, c.want)
			}
			n, known, err := d.LedgerCount(d.ctx, c.f)
			d.ok(err)
			if want := len(strings.FieldsFunc(c.want, func(r rune) bool { return r == ',' })); known && n != want {
				t.Errorf("%+v: %d are counted, %d found", c.f, n, want)
			}
		}
		sums := must(d.LedgerSums(d.ctx))(t)
		if len(sums) != 1 || sums[0].Taken != 5 || sums[0].Sum != 5 || sums[0].Waits != 1 || sums[0].Off() != 0 {
			t.Fatalf("sums %+v", sums)
		}
	})
}

// What is taken and what became of it are counted apart: a row that is lost
// shows, in the sums at once and in the recount.
func TestALostRowShows(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE inbox_tally SET n = n - 1 WHERE what = 'new'`)
			return err
		}))
		if b := must(d.LedgerSums(d.ctx))(t)[0]; b.Off() != 1 {
			t.Fatalf("sums %+v", b)
		}
		if wrong := must(d.Recount(d.ctx))(t); len(wrong) != 1 {
			t.Fatalf("recounted %q", wrong)
		}
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE inbox_tally SET n = n + 1 WHERE what = 'new'`)
			return err
		}))
	})
}

func TestAMailIsOpenedByHand(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss, tomas := d.technician("ines@aldermere.example"), d.technician("tomas@aldermere.example")
		bad := d.mail(func(in *Inbound) { in.FromDefect = "two authors" })
		o := d.receive(bad)
		d.want(o, FateQuarantine, "", 0)
		bad.Digest = must(d.InboxMail(d.ctx, o.InboxID))(t).Digest
		_, err := d.OpenMail(d.ctx, boss.Actor(), o.InboxID, Inbound{Digest: "other"}, ByHand{Subject: "x"})
		if err == nil {
			t.Fatal("another mail's content was taken")
		}
		_, err = d.OpenMail(d.ctx, boss.Actor(), o.InboxID, bad, ByHand{Subject: " "})
		wantKind(t, err, migrations.Invalid)
		_, err = d.OpenMail(d.ctx, boss.Actor(), o.InboxID, bad, ByHand{Subject: "Fire", Requester: Address{Address: "nobody"}})
		wantKind(t, err, migrations.Invalid)
		x := must(d.OpenMail(d.ctx, boss.Actor(), o.InboxID, bad, ByHand{Subject: "Fire", Requester: Address{Name: "Bea Moss", Address: "bea@aldermere.example"}}))(t)
		if x.Number != 1 || x.Subject != "Fire" || x.ClientAddress != "bea@aldermere.example" || x.MailboxID != d.mailbox.ID {
			t.Fatalf("opened %+v", x)
		}
		if again := must(d.OpenMail(d.ctx, boss.Actor(), o.InboxID, bad, ByHand{Subject: "Fire"}))(t); again.ID != x.ID || d.count(`SELECT count(*) FROM ticket`) != 1 {
			t.Fatal("a second click opened a second ticket")
		}
		_, err = d.OpenMail(d.ctx, tomas.Actor(), o.InboxID, bad, ByHand{Subject: "Fire"})
		if wantKind(t, err, migrations.Conflict); !strings.Contains(migrations.SafeMessage(err), boss.Name+" opened a ticket with this mail (HD-1)") {
			t.Fatalf("told %q", migrations.SafeMessage(err))
		}
		wantKind(t, d.DiscardQuarantined(d.ctx, tomas.Actor(), o.InboxID, "spam"), migrations.Conflict)
		r := must(d.InboxMail(d.ctx, o.InboxID))(t)
		if r.Fate != FateNew || r.Decision != DecidedOpened || r.TicketNumber != 1 || r.ResolvedBy != boss.Name {
			t.Fatalf("ledger %+v", r)
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack'`); n != 0 {
			t.Fatal("it was acknowledged")
		}
		if c := must(d.Conversation(d.ctx, 1, 0))(t); len(c.Entries) == 0 || c.Client.Name != "Bea Moss" {
			t.Fatalf("conversation %+v", c)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'inbox' AND kind = 'opened'`); n != 1 {
			t.Fatalf("%d events", n)
		}
	})
}

func TestAMailIsAttachedByHand(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		d.ok(must2(d.SetStage(d.ctx, boss.Actor(), 1, StageChange{Stage: Completed, Fix: "Water"}, AnyVersion)))
		// It can not be read at all: only its bytes are known.
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 900, ReceivedAt: d.now, Data: []byte("broken")}})
		d.ok(err)
		work := must(d.Claim(d.ctx, d.lease, d.mailbox.ID, 10))(t)
		d.ok(d.Quarantine(d.ctx, d.lease, work[0].InboxID, "it could not be read"))
		id, in := work[0].InboxID, Inbound{Digest: work[0].Digest, Size: work[0].Size}
		_, err = d.AttachMail(d.ctx, boss.Actor(), id, in, 99, false)
		wantKind(t, err, migrations.NotFound)
		x := must(d.AttachMail(d.ctx, boss.Actor(), id, in, 1, true))(t)
		must(d.AttachMail(d.ctx, boss.Actor(), id, in, 1, true))(t) // a second click
		if x.Number != 1 || d.count(`SELECT count(*) FROM message WHERE inbox_id = ?`, id) != 1 {
			t.Fatalf("attached %+v", x)
		}
		if t1 := must(ticketWhere(d.ctx, d.db, `t.number = 1`))(t); t1.Stage != Requested || !t1.News {
			t.Fatalf("the ticket %+v", t1)
		}
		if r := must(d.InboxMail(d.ctx, id))(t); r.Fate != FateAppend || r.Decision != DecidedAttached || r.TicketNumber != 1 {
			t.Fatalf("ledger %+v", r)
		}
	})
}

func must2[T any](_ T, err error) error { return err }

func TestWhatWasDecidedIsTakenBack(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		o := d.receive(d.mail(func(in *Inbound) { in.FromDefect = "two authors" }))
		d.ok(d.DiscardQuarantined(d.ctx, boss.Actor(), o.InboxID, "spam"))
		if r := must(d.InboxMail(d.ctx, o.InboxID))(t); !r.MayTakeBack() || r.ReasonBefore == "" {
			t.Fatalf("discarded %+v", r)
		}
		d.ok(d.TakeBack(d.ctx, boss.Actor(), o.InboxID))
		d.ok(d.TakeBack(d.ctx, boss.Actor(), o.InboxID)) // a second click
		if r := must(d.InboxMail(d.ctx, o.InboxID))(t); r.Fate != FateQuarantine || r.Reason != "two authors" || r.Decision != "" || r.ResolvedBy != "" {
			t.Fatalf("taken back %+v", r)
		}
		// A held one, whose changed copy took its place.
		fails := func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=client.example"}
		}
		first := d.mail(from("bob@client.example"), fails)
		held := d.receive(first)
		d.want(held, FatePending, "", 0)
		changed := first
		changed.ContentDigest = "other"
		d.want(d.receive(changed), FateRevision, "", 0)
		d.ok(d.RejectHeld(d.ctx, boss.Actor(), d.only().ID, "a stranger"))
		d.ok(d.TakeBack(d.ctx, boss.Actor(), held.InboxID))
		if h := d.only(); h.State != "held" || d.count(`SELECT count(*) FROM inbox WHERE fate = 'pending'`) != 1 {
			t.Fatalf("held again: %+v", h)
		}
		must(d.ApproveHeld(d.ctx, boss.Actor(), d.only().ID, Approval{}))(t)
		wantKind(t, d.TakeBack(d.ctx, boss.Actor(), held.InboxID), migrations.Conflict)
	})
}

func TestIgnoredSenders(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		bob := d.mail(from("bob@shop.example"))
		d.want(d.receive(bob), FateNew, "HD-1", 1)
		for _, p := range []string{"", "shop", "@example", "a@b@c.example", boss.Email, "@aldermere.example", "helpdesk@aldermere.example", "flow@aldermere.example"} {
			wantKind(t, d.IgnoreSender(d.ctx, boss.Actor(), p, "spam", 0), migrations.Invalid)
		}
		wantKind(t, d.IgnoreSender(d.ctx, boss.Actor(), "@shop.example", " ", 0), migrations.Invalid)
		// A quarantined mail is decided by it.
		o := d.receive(d.mail(from("news@shop.example"), func(in *Inbound) { in.FromDefect = "odd" }))
		d.ok(d.IgnoreSender(d.ctx, boss.Actor(), " @Shop.example", "only advertising", o.InboxID))
		d.ok(d.IgnoreSender(d.ctx, boss.Actor(), "@shop.example", "only advertising", o.InboxID)) // a second click
		if r := must(d.InboxMail(d.ctx, o.InboxID))(t); r.Fate != FateNone || r.Decision != DecidedIgnored || !r.MayTakeBack() {
			t.Fatalf("ignored %+v", r)
		}
		acks := d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack'`)
		spam := d.mail(from("news@mail.shop.example"))
		n := d.receive(spam)
		d.want(n, FateNone, "", 0)
		if r := must(d.InboxMail(d.ctx, n.InboxID))(t); !r.ByRule() || r.Reason != "ignored by rule @shop.example: only advertising" || r.MayTakeBack() {
			t.Fatalf("by rule %+v", r)
		}
		// A stranger of theirs on somebody's ticket is not even held; a participant still gets in.
		d.want(d.receive(d.mail(from("eve@shop.example"), answers(bob.MessageID))), FateNone, "", 0)
		d.want(d.receive(d.mail(from("bob@shop.example"), answers(bob.MessageID))), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(from("bob@workshop.example"))), FateNew, "HD-2", 1)
		if d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack'`) != acks+1 {
			t.Fatal("an ignored mail was acknowledged")
		}
		rules := must(d.SenderRules(d.ctx))(t)
		if len(rules) != 1 || rules[0].Pattern != "@shop.example" || rules[0].Hits != 2 || rules[0].AccountName != boss.Name {
			t.Fatalf("rules %+v", rules)
		}
		d.ok(d.RemoveSenderRule(d.ctx, boss.Actor(), rules[0].ID))
		wantKind(t, d.RemoveSenderRule(d.ctx, boss.Actor(), rules[0].ID), migrations.NotFound)
		// What a rule ignored is read again as though it had just come.
		d.ok(d.RetryQuarantined(d.ctx, boss.Actor(), n.InboxID))
		work := must(d.Claim(d.ctx, d.lease, d.mailbox.ID, 10))(t)
		out, err := d.Receive(d.ctx, d.lease, []Item{{Work: work[0], Mail: spam}})
		d.ok(err)
		d.want(out[0], FateNew, "HD-3", 1)
	})
}

func TestAHeldMailIsIgnoredOrAttachedElsewhere(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		fails := func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=client.example"}
		}
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		o := d.receive(d.mail(from("bob@client.example"), fails))
		if c := d.only().Checks; fmt.Sprint(c) != "[{author true} {unhurt false}]" {
			t.Fatalf("checks %v", c)
		}
		x := must(d.ApproveHeld(d.ctx, boss.Actor(), d.only().ID, Approval{Number: 1, Participant: true}))(t)
		if r := must(d.InboxMail(d.ctx, o.InboxID))(t); x.Number != 1 || r.Fate != FateAppend || r.TicketNumber != 1 {
			t.Fatalf("attached: %+v", r)
		}
		o = d.receive(d.mail(from("eve@client.example"), fails))
		d.ok(d.IgnoreSender(d.ctx, boss.Actor(), "eve@client.example", "spam", o.InboxID))
		if r := must(d.InboxMail(d.ctx, o.InboxID))(t); r.Fate != FateNone || must(d.HeldCount(d.ctx))(t) != 0 {
			t.Fatalf("ignored: %+v", r)
		}
		d.ok(d.TakeBack(d.ctx, boss.Actor(), o.InboxID))
		if d.only().FromAddress != "eve@client.example" {
			t.Fatal("not held again")
		}
	})
}

func TestWhyATechniciansMailIsHeld(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		first := d.mail()
		d.want(d.receive(first), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from(tomas.Email), answers(first.MessageID), says("Try another socket."))), FatePending, "HD-1", 0)
		if c := d.only().Checks; fmt.Sprint(c) != "[{from true} {stamp true} {token false} {may true} {human true}]" {
			t.Fatalf("checks %v", c)
		}
	})
}
