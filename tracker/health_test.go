package tracker

import (
	"fmt"
	"testing"
	"time"

	"helpdeskd/migrations"
)

func asMap(list []Count) map[string]int {
	m := map[string]int{}
	for _, c := range list {
		m[c.What] = c.N
	}
	return m
}

func TestHealthAddsUp(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.receive(first)
		d.receive(first)
		d.receive(d.mail(answers(first.MessageID)))
		d.receive(d.mail(func(in *Inbound) { in.From = nil }))
		d.receive(d.mail(func(in *Inbound) { in.Class = ClassReceipt }))
		d.now = d.now.Add(time.Minute)
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 900, ReceivedAt: d.now, Data: []byte("waiting")}})
		d.ok(err)
		d.ok(d.PollResult(d.ctx, d.mailbox.ID, Poll{UIDValidity: 1, Err: "the password is wrong"}))
		h := must(d.Health(d.ctx))(t)
		want := map[string]int{"kept": 1, "working": 0, FateNew: 1, FateDuplicate: 1, FateAppend: 1, FateRevision: 0, FatePending: 0, FateNone: 1, FateQuarantine: 1, FateShadow: 0}
		if fmt.Sprint(asMap(h.Inbox)) != fmt.Sprint(want) || h.Taken != 6 || h.Taken != d.count(`SELECT count(*) FROM inbox`) {
			t.Fatalf("inbox %v of %d, want %v", h.Inbox, h.Taken, want)
		}
		if got := asMap(h.Outbox); got[OutboxQueued] != 1 || h.Owed != 1 || h.OldestDue != migrations.At(d.now.Add(-time.Minute)) || h.NextRetry != 0 {
			t.Fatalf("outbox %v of %d, oldest %d", h.Outbox, h.Owed, h.OldestDue)
		}
		if h.OldestKept != migrations.At(d.now) || h.ToIndex == 0 || len(h.Mailboxes) != 1 || h.Mailboxes[0].LastError != "the password is wrong" {
			t.Fatalf("health %+v", h)
		}
		for _, c := range h.Inbox {
			var got int
			for before := int64(0); ; {
				p := must(d.Ledger(d.ctx, MailFilter{What: c.What}, before, 1))(t)
				got += len(p.Mails)
				if before = p.More; p.More == 0 {
					break
				}
			}
			if got != c.N {
				t.Errorf("%s: listed %d, counted %d", c.What, got, c.N)
			}
		}
		if p, err := d.Ledger(d.ctx, MailFilter{}, 0, 10); err != nil || len(p.Mails) != 6 || p.Mails[0].UID != 900 {
			t.Fatalf("all: %+v %v", p, err)
		}
		_, err = d.Ledger(d.ctx, MailFilter{What: "x' OR 1=1"}, 0, 10)
		wantKind(t, err, migrations.Invalid)
		_, _, err = d.Outbox(d.ctx, "x", 0, 10)
		wantKind(t, err, migrations.Invalid)
	})
}

func TestQuarantineIsRetriedOrDiscarded(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		bad := d.mail(func(in *Inbound) { in.FromDefect = "two authors" })
		o := d.receive(bad)
		d.want(o, FateQuarantine, "", 0)
		r := must(d.InboxMail(d.ctx, o.InboxID))(t)
		if r.Reason == "" || r.Digest == "" || r.Mailbox != "helpdesk" || r.Attempts != 1 {
			t.Fatalf("row %+v", r)
		}
		raw, err := d.OpenBlob(d.ctx, r.Digest)
		d.ok(err)
		if raw.Size() != r.Size {
			t.Fatalf("raw mail of %d bytes, want %d", raw.Size(), r.Size)
		}
		raw.Close()
		d.ok(d.RetryQuarantined(d.ctx, boss.Actor(), o.InboxID))
		d.ok(d.RetryQuarantined(d.ctx, boss.Actor(), o.InboxID)) // a second click
		wantKind(t, d.RetryQuarantined(d.ctx, d.technician("tomas@aldermere.example").Actor(), o.InboxID), migrations.Conflict)
		select {
		case <-d.InboxNews():
		default:
			t.Fatal("nobody is told that there is work")
		}
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
		d.ok(err)
		if len(work) != 1 || work[0].InboxID != o.InboxID || work[0].Attempts != 1 {
			t.Fatalf("claimed %+v", work)
		}
		out, err := d.Receive(d.ctx, d.lease, []Item{{Work: work[0], Mail: bad}})
		d.ok(err)
		d.want(out[0], FateQuarantine, "", 0)
		wantKind(t, d.DiscardQuarantined(d.ctx, boss.Actor(), o.InboxID, " "), migrations.Invalid)
		d.ok(d.DiscardQuarantined(d.ctx, boss.Actor(), o.InboxID, "spam"))
		d.ok(d.DiscardQuarantined(d.ctx, boss.Actor(), o.InboxID, "spam")) // a second click
		r = must(d.InboxMail(d.ctx, o.InboxID))(t)
		if r.Fate != FateNone || r.Reason != "discarded: spam" || r.ResolvedBy != boss.Name {
			t.Fatalf("discarded %+v", r)
		}
		_, err = d.InboxMail(d.ctx, 999)
		wantKind(t, err, migrations.NotFound)
	})
}

func TestOutboxIsListedAndMended(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		defer l.Release(d.ctx)
		due, err := d.DueOutbox(d.ctx, l, 10)
		d.ok(err)
		d.ok(d.Dead(d.ctx, l, due[0].ID, "550 no such user"))
		list, more, err := d.Outbox(d.ctx, OutboxDead, 0, 10)
		if err != nil || len(list) != 1 || more != 0 || list[0].Response != "550 no such user" || list[0].TicketNumber != 1 || list[0].Mailbox != "helpdesk" {
			t.Fatalf("dead: %+v %v", list, err)
		}
		d.ok(d.ResendOutbox(d.ctx, boss.Actor(), list[0].ID))
		if r := must(d.OutboxMail(d.ctx, list[0].ID))(t); r.State != OutboxQueued {
			t.Fatalf("resent: %+v", r)
		}
		if all, _, err := d.Outbox(d.ctx, "", 0, 10); err != nil || len(all) != d.count(`SELECT count(*) FROM outbox`) {
			t.Fatalf("all: %d %v", len(all), err)
		}
	})
}
