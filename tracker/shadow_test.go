package tracker

import (
	"fmt"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// tables counts what a mail could have changed.
func (d *mailDesk) tables() string {
	d.t.Helper()
	out := ""
	for _, table := range []string{"ticket", "message", "client", "outbox", "message_ref", "search_queue", "note", "attachment"} {
		out += fmt.Sprintf("%s %d, ", table, d.count(`SELECT count(*) FROM `+table))
	}
	return out
}

// shadowSeen has five mails seen in shadow mode.
func shadowSeen(d *mailDesk) (mails []Inbound) {
	d.t.Helper()
	d.technician("ines@aldermere.example")
	d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
	d.ok(d.BeginShadow(d.ctx, Actor{}, d.mailbox.ID))
	before := d.tables()
	fresh := d.mail()
	mails = []Inbound{
		fresh,
		d.mail(answers(fresh.MessageID)),        // joins what the first would have opened
		d.mail(answers("m1@aldermere.example")), // joins a real ticket
		fresh,
		d.mail(func(in *Inbound) { in.Class = ClassReceipt }),
	}
	for _, in := range mails {
		d.want(d.receive(in), FateShadow, "", 0)
	}
	if after := d.tables(); after != before {
		d.t.Fatalf("before %s\nafter %s", before, after)
	}
	return mails
}

func TestShadowModeShowsAndDoesNothing(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		shadowSeen(d)
		list, more, err := d.ShadowMails(d.ctx, d.mailbox.ID, 0, 10)
		d.ok(err)
		if len(list) != 5 || more != 0 {
			t.Fatalf("%d mails, more %d", len(list), more)
		}
		first := list[4]
		for i, want := range []Rehearsal{
			{Fate: FateNone, Reason: "a read receipt"},
			{Fate: FateDuplicate, Reason: "we have this mail already", Behind: first.ID, Subject: "The printer is on fire"},
			{Fate: FateAppend, Ticket: 1, Subject: "The printer is on fire", Notified: 1},
			{Fate: FateAppend, Behind: first.ID, Subject: "The printer is on fire", Notified: 1},
			{Fate: FateNew, Subject: "The printer is on fire", Requester: "Anna Berg", Level: 1, Ack: "anna@aldermere.example", Notified: 1},
		} {
			if list[i].Would != want {
				t.Errorf("mail %d would be %+v, want %+v", i, list[i].Would, want)
			}
		}
		fates, acks, all, err := d.ShadowCounts(d.ctx, d.mailbox.ID)
		d.ok(err)
		if m := asMap(fates); all != 5 || acks != 1 || m[FateNew] != 1 || m[FateAppend] != 2 || m[FateDuplicate] != 1 || m[FateNone] != 1 {
			t.Fatalf("%v, %d acks, %d", fates, acks, all)
		}
		h := must(d.Health(d.ctx))(t)
		if m := asMap(h.Inbox); m[FateShadow] != 5 || h.Taken != 6 {
			t.Fatalf("the ledger says %v of %d", m, h.Taken)
		}
		page, more, err := d.ShadowMails(d.ctx, d.mailbox.ID, 0, 2)
		d.ok(err)
		if len(page) != 2 || more != page[1].ID {
			t.Fatalf("a page of %d, more %d", len(page), more)
		}
	})
}

func TestLeavingShadowModeBeginsWithLaterMail(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		mails := shadowSeen(d)
		n := must(d.EndShadow(d.ctx, Actor{}, d.mailbox.ID, FromNowOn))(t)
		if n != 5 || d.count(`SELECT count(*) FROM inbox WHERE state <> 'done' OR fate = 'shadow'`) != 0 || d.count(`SELECT count(*) FROM inbox WHERE moved_at IS NULL`) != 0 {
			t.Fatalf("%d mails, open %d", n, d.count(`SELECT count(*) FROM inbox WHERE state <> 'done'`))
		}
		_, err := d.EndShadow(d.ctx, Actor{}, d.mailbox.ID, ApplySeen)
		wantKind(t, err, migrations.Conflict)
		_, err = d.EndShadow(d.ctx, Actor{}, d.mailbox.ID, "later")
		wantKind(t, err, migrations.Invalid)
		_, err = d.EndShadow(d.ctx, Actor{}, 999, ApplySeen)
		wantKind(t, err, migrations.NotFound)
		d.want(d.receive(mails[0]), FateNew, "HD-2", 1)
		// The configuration does not bring it back.
		m, err := d.OpenMailbox(d.ctx, d.mailbox.Name, d.mailbox.Address, Begin{Shadow: true})
		d.ok(err)
		if m.InShadow() || m.Shadow != ShadowOff {
			t.Fatalf("shadow is %q", m.Shadow)
		}
	})
}

func TestLeavingShadowModeAppliesWhatWasSeen(t *testing.T) {
	for how, acks := range map[ShadowEnd]int{ApplySeen: 0, ApplyAndAck: 1} {
		t.Run(string(how), func(t *testing.T) {
			eachMailDesk(t, func(d *mailDesk) {
				mails := shadowSeen(d)
				old := d.mail(from("old@aldermere.example"))
				d.now = d.now.Add(-100 * time.Hour)
				d.receive(old)
				d.now = d.now.Add(100 * time.Hour)
				if n := must(d.EndShadow(d.ctx, Actor{}, d.mailbox.ID, how))(t); n != 6 {
					t.Fatalf("%d mails", n)
				}
				work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
				d.ok(err)
				var items []Item
				for i, in := range append(mails, old) {
					in.Digest = work[i].Digest
					items = append(items, Item{Work: work[i], Mail: in})
				}
				out, err := d.Receive(d.ctx, d.lease, items)
				d.ok(err)
				d.want(out[0], FateNew, "HD-2", acks)
				d.want(out[1], FateAppend, "HD-2", 0)
				d.want(out[2], FateAppend, "HD-1", 0)
				d.want(out[3], FateDuplicate, "HD-2", 0)
				d.want(out[4], FateNone, "", 0)
				d.want(out[5], FateNew, "HD-3", 0) // too old for any
			})
		})
	}
}

// A mail that is being rehearsed while somebody switches the mailbox on is
// decided for good, and one that is being decided while shadow mode begins is
// only rehearsed.
func TestSwitchingOnMeetsAMailOnItsWay(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.ok(d.BeginShadow(d.ctx, Actor{}, d.mailbox.ID))
		in := d.mail()
		it := d.claimed(in)
		r, o, err := d.rehearseOne(d.ctx, d.lease, it)
		d.ok(err)
		must(d.EndShadow(d.ctx, Actor{}, d.mailbox.ID, ApplyAndAck))(t)
		d.ok(d.rehearsed(d.ctx, d.lease, it, r, &o))
		d.want(d.decide(in), FateNew, "HD-1", 1)
		if d.count(`SELECT count(*) FROM inbox WHERE attempts <> 1`) != 0 {
			t.Fatal("it cost a try")
		}
		// With "from now on" it is settled, whatever its rehearsal says after.
		d.ok(d.BeginShadow(d.ctx, Actor{}, d.mailbox.ID))
		it = d.claimed(d.mail())
		r, o, err = d.rehearseOne(d.ctx, d.lease, it)
		d.ok(err)
		if n := must(d.EndShadow(d.ctx, Actor{}, d.mailbox.ID, FromNowOn))(t); n != 1 {
			t.Fatalf("%d mails", n)
		}
		d.ok(d.rehearsed(d.ctx, d.lease, it, r, &o))
		if d.count(`SELECT count(*) FROM inbox WHERE state = 'done' AND fate = 'none'`) != 1 || d.count(`SELECT count(*) FROM ticket`) != 1 {
			t.Fatal("it was decided twice")
		}
	})
}
