package tracker

import (
	"context"
	"helpdeskd/migrations"
	"slices"
	"strings"
	"testing"
	"time"
)

// returned is a report about a mail of ours to an address.
func returned(class Class, id, address string, b Bounce) func(*Inbound) {
	return func(in *Inbound) {
		in.Class = class
		if b.Recipients == nil {
			b.Recipients = []string{address}
		}
		b.OriginalMessageID = id
		in.Bounce = &b
	}
}

const anna = "anna@aldermere.example"

func TestDelayIsNoFailure(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		id := tokenID(d.send()[anna])
		bounce := func() string {
			c, err := d.Conversation(d.ctx, 1, 0)
			d.ok(err)
			for _, e := range c.Entries {
				if e.Message != nil && len(e.Message.Mails) > 0 {
					return e.Message.Mails[0].Bounce
				}
			}
			return "no mail"
		}
		daemon := from("mailer-daemon@mx.example")
		late := d.mail(daemon, returned(ClassDeliveryNotice, id, anna, Bounce{Action: ActionDelayed, Status: "4.4.1", Reason: "late"}))
		d.want(d.receive(late), FateNone, "HD-1", 0)
		if got := bounce(); got != BounceDelayed {
			t.Errorf("a delayed mail is %q", got)
		}
		if n := d.count(`SELECT count(*) FROM note`) + d.count(`SELECT count(*) FROM client_address WHERE bounced_at IS NOT NULL`); n != 0 {
			t.Error("a delay is told as a failure")
		}
		d.want(d.receive(d.mail(daemon, returned(ClassDeliveryNotice, id, anna, Bounce{Action: ActionDelivered}))), FateNone, "HD-1", 0)
		if got := bounce(); got != "" {
			t.Errorf("a delivered mail is %q", got)
		}
		d.receive(d.mail(daemon, returned(ClassBounce, id, anna, Bounce{Action: ActionFailed, Status: "5.4.7", Reason: "the receiving server could not be reached in time"})))
		if got := bounce(); got != BounceFailed {
			t.Errorf("a failed mail is %q", got)
		}
		d.receive(late)
		if got := bounce(); got != BounceFailed {
			t.Errorf("after a late warning a failed mail is %q", got)
		}
		if n := d.count(`SELECT count(*) FROM note WHERE kind = 'system' AND body LIKE 'Our acknowledgement to anna@aldermere.example could not be delivered: the receiving server could not be reached in time (5.4.7).%'`); n != 1 {
			t.Error("the technician is not told in plain words")
		}
		if n := d.count(`SELECT count(*) FROM client_address WHERE bounced_at IS NOT NULL`); n != 0 {
			t.Error("a passing failure marks the address")
		}
		list, err := d.Returned(d.ctx, 20)
		d.ok(err)
		if len(list) != 1 || list[0].Bounce != BounceFailed || list[0].ToAddress != anna {
			t.Errorf("mail health shows %+v", list)
		}
	})
}

func TestMarkOfAnAddressIsCleared(t *testing.T) {
	dead := Bounce{Action: ActionFailed, Status: "5.1.1", Reason: "the address does not exist", Permanent: true}
	eachMailDesk(t, func(d *mailDesk) {
		marked := func() bool {
			list, err := d.Unreachable(d.ctx, []string{"Anna@aldermere.example", "bob@aldermere.example"})
			d.ok(err)
			return len(list) == 1
		}
		bounced := func() {
			d.receive(d.mail(from("mailer-daemon@mx.example"), returned(ClassBounce, tokenID(d.send()[anna]), anna, dead)))
			if !marked() {
				t.Fatal("the address is not marked")
			}
			d.now = d.now.Add(time.Hour)
		}
		d.receive(d.mail())
		bounced()
		for name, in := range map[string]Inbound{"an automatic mail": d.mail(func(in *Inbound) { in.Class = ClassAutoReply }), "a forged mail": d.mail(forged), "somebody else's mail": d.mail(from("bob@aldermere.example"))} {
			if d.receive(in); !marked() {
				t.Errorf("%s clears the mark", name)
			}
		}
		if d.receive(d.mail()); marked() {
			t.Error("mail from the address leaves the mark")
		}
		d.send()
		d.now = d.now.Add(8 * 24 * time.Hour)
		d.receive(d.mail())
		bounced()
		c, err := d.ClientByAddress(d.ctx, anna)
		d.ok(err)
		d.ok(d.ClearBounce(d.ctx, Actor{}, c.ID, " "+strings.ToUpper(anna)))
		if marked() {
			t.Error("the mark can not be taken off by hand")
		}
		d.ok(d.ClearBounce(d.ctx, Actor{}, c.ID, anna))
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'address_cleared'`); n != 1 {
			t.Errorf("%d events of a cleared address", n)
		}
	})
}

// TestBounceByToken: the server gave our mail another Message-ID and only the
// mark in its Reply-To came back; a guessed mark finds nothing.
func TestBounceByToken(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		token := strings.TrimPrefix(tokenID(d.send()[anna]), "hd.")
		token, _, _ = strings.Cut(token, "@")
		byToken := func(token string) Inbound {
			return d.mail(from("mailer-daemon@mx.example"), returned(ClassBounce, "other@relay.example", anna, Bounce{Permanent: true, Reason: "gone"}), func(in *Inbound) { in.ReplyTokens = []string{token} })
		}
		d.want(d.receive(byToken(strings.Repeat("a", 26))), FateNone, "", 0)
		if n := d.count(`SELECT count(*) FROM outbox WHERE bounce <> ''`); n != 0 {
			t.Error("a guessed token marks a mail")
		}
		d.want(d.receive(byToken(token)), FateNone, "HD-1", 0)
		if n := d.count(`SELECT count(*) FROM outbox WHERE bounce = 'failed'`); n != 1 {
			t.Error("a bounce is not found by its token")
		}
	})
}

// TestGuessedBounce: what only reads like a report, and is about no mail of
// ours, is a person's and opens a ticket; nobody is answered automatically.
func TestGuessedBounce(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.KnowAssets(AssetsIn{
			Of: func(_ context.Context, _ migrations.Queryer, words []string) (found []NamedAsset, err error) {
				if slices.Contains(words, "NB-0042") {
					found = append(found, NamedAsset{ID: 42, Name: "NB-0042 Laptop"})
				}
				return found, nil
			},
			Named: func(context.Context, migrations.Queryer, []string) (map[string]bool, error) { return nil, nil },
		})
		d.receive(d.mail())
		id := tokenID(d.send()[anna])
		guess := Bounce{Action: ActionFailed, Guess: true, Reason: "the mail could not be delivered"}
		mine := d.receive(d.mail(from("admin@isle.example"), returned(ClassBounce, id, anna, guess)))
		d.want(mine, FateNone, "HD-1", 0)
		theirs := d.mail(from("admin@isle.example"), returned(ClassBounce, "a1@isle.example", "bob@isle.example", guess), func(in *Inbound) {
			in.SuppressAck, in.ClassReason = true, "a mail could not be delivered"
			in.Reply = "My mail from NB-0042 could not be delivered."
		})
		d.want(d.receive(theirs), FateNew, "HD-2", 0)
		if n := d.count(`SELECT count(*) FROM message WHERE class = 'human' AND class_reason = '' AND from_address = 'admin@isle.example'`); n != 1 {
			t.Errorf("%d mails of a person", n)
		}
		if a := d.knows(2)[FactAsset]; a.ThingID != 42 { // though nobody looked for its words ahead
			t.Errorf("the asset that it names: %+v", a)
		}
	})
}

// Whoever may read a report reads the link of the mail that came back.
func TestTheLinkOfAReturnedMailIsWithdrawn(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.SetAccountMailbox(d.mailbox.ID)
		boss := d.technician("ines@desk.example")
		a, err := d.Invite(d.ctx, boss.Actor(), NewAccount{Email: "nora@desk.example", Name: "Nora Lind", Role: Technician})
		d.ok(err)
		alive := func(token string, want bool) {
			t.Helper()
			if _, _, err := d.LinkOwner(d.ctx, token); (err == nil) != want {
				t.Errorf("the link works: %v", err == nil)
			}
		}
		back := func(token string) {
			t.Helper()
			d.now = d.now.Add(time.Minute)
			d.want(d.receive(d.mail(from("mailer-daemon@mx.example"), returned(ClassBounce, tokenID(token), a.Email, Bounce{Action: ActionFailed, Status: "5.1.1", Permanent: true}))), FateNone, "", 0)
		}
		first := d.send()[a.Email]
		alive(first, true)
		back(first)
		alive(first, false)
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'account' AND kind = 'link_returned'`); n != 1 {
			t.Errorf("%d events", n)
		}
		// A report about an older mail leaves the link that was made since.
		_, err = d.SendLink(d.ctx, boss.Actor(), a.ID)
		d.ok(err)
		second := d.send()[a.Email]
		d.now = d.now.Add(time.Minute)
		_, third, _, err := d.ShowLink(d.ctx, boss.Actor(), a.ID)
		d.ok(err)
		back(second)
		alive(third, true)
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'link_returned'`); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
