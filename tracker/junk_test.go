package tracker

import (
	"testing"

	"helpdeskd/migrations"
)

var inJunk = RawMail{Folder: "Junk Email", Hold: "it was in the Junk folder", Stays: true}

func TestWhatLayInJunkIsHeldWhoeverItIsFrom(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		answer := d.mail(answers("m1@aldermere.example"))
		for _, in := range []Inbound{
			d.mail(),                               // a verified colleague
			answer,                                 // of a ticket's requester
			d.mail(from("ines@aldermere.example")), // a technician
			d.mail(from("flow@aldermere.example"), func(in *Inbound) {
				in.Form = &Form{Source: "power_automate", Requester: Address{Address: "bo@aldermere.example"}, Answers: []Answer{{Question: "Q", Answer: "A"}}}
			}),
			d.mail(func(in *Inbound) { in.Class, in.From = ClassBounce, nil }),
		} {
			o := d.receiveAs(in, inJunk)
			if d.want(o, FatePending, "", 0); o.Reason != inJunk.Hold {
				t.Fatalf("reason %q", o.Reason)
			}
		}
		if n := d.count(`SELECT count(*) FROM outbox`); n != 2 { // of the first
			t.Fatalf("%d mails leave", n)
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE moved_at IS NULL AND folder <> ''`); n != 0 {
			t.Fatalf("%d would be moved out of Junk", n)
		}
		// Approved, each is decided as if it had come to the inbox.
		list, _, err := d.Held(d.ctx, 0, 10)
		d.ok(err)
		var held HeldMessage
		for _, h := range list {
			if h.InboxID != 0 && d.count(`SELECT count(*) FROM message WHERE id = ? AND mail_id = ?`, h.ID, answer.MessageID) == 1 {
				held = h
			}
		}
		x := must(d.ApproveHeld(d.ctx, boss.Actor(), held.ID, Approval{}))(t)
		if x.Number != 0 {
			t.Fatalf("it is decided already: %+v", x)
		}
		d.want(d.decide(answer), FateAppend, "HD-1", 0)
		wantKind(t, d.RejectHeld(d.ctx, boss.Actor(), held.ID, ""), migrations.NotFound)
		if n := must(d.HeldCount(d.ctx))(t); n != 4 {
			t.Fatalf("%d are held", n)
		}
	})
}

// A person who moves a mail from Junk to the inbox says that it is none.
func TestMovedOutOfJunkItIsTaken(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		in := d.mail()
		d.want(d.receiveAs(in, inJunk), FatePending, "", 0)
		d.want(d.receiveAs(in, inJunk), FateDuplicate, "", 0) // a folder that was numbered anew
		d.want(d.receive(in), FateNew, "HD-1", 1)
		if n := must(d.HeldCount(d.ctx))(t); n != 0 {
			t.Fatalf("%d are still held", n)
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'duplicate'`); n != 2 {
			t.Fatalf("%d duplicates", n)
		}
		// One that somebody rejected, too; and a changed copy in between.
		in = d.mail()
		d.want(d.receiveAs(in, inJunk), FatePending, "", 0)
		changed := in
		changed.ContentDigest, changed.Digest = "other", "other"
		d.want(d.receiveAs(changed, inJunk), FateRevision, "", 0)
		d.ok(d.RejectHeld(d.ctx, boss.Actor(), d.only().ID, "spam"))
		d.want(d.receive(in), FateNew, "HD-2", 1)
		// The other way round nothing happens.
		d.want(d.receiveAs(in, inJunk), FateDuplicate, "HD-2", 0)
		if n := d.count(`SELECT count(*) FROM message`); n != 2 {
			t.Fatalf("%d messages", n)
		}
	})
}

// Whoever knows a mail's Message-ID, date and subject can not have the one in
// Junk give way to words of their own.
func TestAForgedCopyDoesNotTakeThePlaceOfWhatLiesInJunk(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		for _, says := range [][]string{nil, {"dmarc=fail header.from=aldermere.example"}} {
			for _, content := range []string{"the same words", "other words"} {
				in := d.mail()
				in.ContentDigest = "the same words"
				d.want(d.receiveAs(in, inJunk), FatePending, "", 0)
				real := d.count(`SELECT MAX(id) FROM message`)
				forged := in
				forged.AuthAs, forged.AuthResults = "", says
				forged.ContentDigest, forged.Digest = content, "bytes of "+content
				o := d.receive(forged)
				if says == nil && content == in.ContentDigest { // nobody calls it forged, and it says the same
					continue
				}
				if n := d.count(`SELECT count(*) FROM message WHERE id = ? AND state = 'held'`, real); n != 1 {
					d.t.Fatalf("%q in the words %q: the real mail is not held any more (%+v)", says, content, o)
				}
			}
		}
	})
}
