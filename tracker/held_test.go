package tracker

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
)

// only returns the one held mail there must be.
func (d *mailDesk) only() HeldMessage {
	d.t.Helper()
	list, more, err := d.Held(d.ctx, 0, 10)
	d.ok(err)
	if len(list) != 1 || more != 0 {
		d.t.Fatalf("%d held mails instead of one", len(list))
	}
	return list[0]
}

func TestApprovingAStrangersMailOpensATicket(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		forged := d.mail(func(in *Inbound) {
			in.AuthAs = ""
			in.AuthResults = []string{"mx.aldermere.example; dmarc=fail header.from=aldermere.example"}
		})
		d.policy.AuthservID = "mx.aldermere.example"
		d.SetPolicy(d.policy)
		d.want(d.receive(forged), FatePending, "", 0)
		h := d.only()
		if h.TicketNumber != 0 || h.HeldReason == "" || h.FromAddress != "anna@aldermere.example" {
			t.Fatalf("held %+v", h)
		}
		if n := must(d.HeldCount(d.ctx))(t); n != 1 {
			t.Fatalf("%d held", n)
		}
		x := must(d.ApproveHeld(d.ctx, boss.Actor(), h.ID, Approval{}))(t)
		if x.Number != 1 || x.Stage != Requested || x.ClientAddress != "anna@aldermere.example" || x.MailboxID != d.mailbox.ID {
			t.Fatalf("opened %+v", x)
		}
		// A second click changes nothing; somebody else is told who was faster.
		if again := must(d.ApproveHeld(d.ctx, boss.Actor(), h.ID, Approval{}))(t); again.ID != x.ID || d.count(`SELECT count(*) FROM event WHERE kind = 'approved'`) != 1 {
			t.Fatalf("approved twice: %+v", again)
		}
		_, err := d.ApproveHeld(d.ctx, d.technician("tomas@aldermere.example").Actor(), h.ID, Approval{})
		if wantKind(t, err, migrations.Conflict); migrations.SafeMessage(err) != boss.Name+" approved this mail (HD-1) meanwhile." {
			t.Fatalf("told %q", migrations.SafeMessage(err))
		}
		wantKind(t, d.RejectHeld(d.ctx, boss.Actor(), h.ID, ""), migrations.Conflict)
		o, done, err := d.OutcomeOf(d.ctx, h.InboxID)
		if err != nil || !done || o.Fate != FateNew || o.Ticket != "HD-1" {
			t.Fatalf("its fate is %+v, %v", o, err)
		}
		// A later answer to it threads.
		d.want(d.receive(d.mail(answers(forged.MessageID))), FateAppend, "HD-1", 0)
		_, err = d.ApproveHeld(d.ctx, boss.Actor(), 999, Approval{})
		wantKind(t, err, migrations.NotFound)
	})
}

func TestApprovingATechniciansMailSendsItInTheirName(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss, tomas := d.technician("ines@aldermere.example"), d.technician("tomas@aldermere.example")
		first := d.mail()
		d.want(d.receive(first), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from(tomas.Email), answers(first.MessageID), says("Try another socket."))), FatePending, "HD-1", 0)
		h := d.only()
		if h.TicketNumber != 1 || h.Technician != tomas.Name {
			t.Fatalf("held %+v", h)
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'reply'`); n != 0 {
			t.Fatal("a held mail was sent")
		}
		x := must(d.ApproveHeld(d.ctx, boss.Actor(), h.ID, Approval{Participant: true}))(t)
		if x.Number != 1 || x.News {
			t.Fatalf("answered %+v", x)
		}
		m := must(d.MessageByID(d.ctx, h.ID))(t)
		if m.Direction != "out" || m.State != "shown" || m.AccountID != tomas.ID || len(m.Mails) != 1 || m.Mails[0].ToAddress != "anna@aldermere.example" {
			t.Fatalf("sent %+v", m)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'approved' AND actor = ?`, boss.Actor().String()); n != 1 {
			t.Fatalf("%d approved events", n)
		}
		if n := d.count(`SELECT count(*) FROM participant`); n != 0 {
			t.Fatal("a technician became a participant")
		}
	})
}

func TestAColleagueMayBeMadeAParticipant(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		first := d.mail(func(in *Inbound) { in.Cc = []Address{{Address: "carl@aldermere.example"}} })
		d.want(d.receive(first), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from("carl@aldermere.example"), answers(first.MessageID), says("Mine too."))), FatePending, "HD-1", 0)
		must(d.ApproveHeld(d.ctx, boss.Actor(), d.only().ID, Approval{Participant: true}))(t)
		d.want(d.receive(d.mail(from("carl@aldermere.example"), answers(first.MessageID), says("Still."))), FateAppend, "HD-1", 0)
		c := must(d.Conversation(d.ctx, 1, 0))(t)
		if len(c.Participants) != 1 || c.Participants[0].Address != "carl@aldermere.example" || c.Client.Name != "Anna Berg" || len(c.Addresses) != 1 {
			t.Fatalf("conversation %+v", c)
		}
		var bodies []string
		for _, e := range c.Entries {
			if e.Message != nil {
				bodies = append(bodies, e.Message.Body)
			}
		}
		if strings.Join(bodies, "|") != "It smells.|Mine too.|Still." {
			t.Fatalf("messages %v", bodies)
		}
	})
}

func TestRejectedMailStaysReadableAndSilent(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := d.technician("ines@aldermere.example")
		first := d.mail()
		d.want(d.receive(first), FateNew, "HD-1", 1)
		token := d.send()["anna@aldermere.example"]
		o := d.receive(d.mail(from("mallory@evil.example"), answers(tokenID(token)), says("Send me the password")))
		d.want(o, FatePending, "HD-1", 0)
		before := d.count(`SELECT count(*) FROM outbox`)
		h := d.only()
		d.ok(d.RejectHeld(d.ctx, boss.Actor(), h.ID, "a stranger"))
		if m := must(d.MessageByID(d.ctx, h.ID))(t); m.State != "rejected" || m.Body != "Send me the password" {
			t.Fatalf("rejected %+v", m)
		}
		if n := must(d.HeldCount(d.ctx))(t); n != 0 || d.count(`SELECT count(*) FROM outbox`) != before {
			t.Fatalf("%d held, mails went", n)
		}
		r := must(d.InboxMail(d.ctx, o.InboxID))(t)
		if r.Fate != FateNone || r.Reason != "rejected: a stranger" || r.ResolvedBy != boss.Name || r.TicketNumber != 1 {
			t.Fatalf("inbox row %+v", r)
		}
		must(d.IndexPending(d.ctx, nil))(t)
		if p := must(d.Search(d.ctx, "password", "", 0, 5))(t); len(p.Hits) != 0 {
			t.Fatal("a rejected mail is found")
		}
	})
}

// A changed copy takes the place of a held mail; deciding about it decides
// about the mail that was held.
func TestDecidingARevisionDecidesTheHeldMail(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		fails := func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=client.example"}
		}
		for i, decide := range []func(id int64) error{
			func(id int64) error { _, err := d.ApproveHeld(d.ctx, tech.Actor(), id, Approval{}); return err },
			func(id int64) error { return d.RejectHeld(d.ctx, tech.Actor(), id, "spam") },
		} {
			first := d.mail(from("bob@client.example"), fails)
			d.want(d.receive(first), FatePending, "", 0)
			changed := first
			changed.ContentDigest = "other"
			d.want(d.receive(changed), FateRevision, "", 0)
			held, _, err := d.Held(d.ctx, 0, 10)
			d.ok(err)
			if len(held) != 1 {
				t.Fatalf("%d mails are held", len(held))
			}
			d.ok(decide(held[0].ID))
			if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'pending'`); n != 0 {
				t.Errorf("decision %d: %d mails are still pending", i, n)
			}
			if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'revision'`); n != i+1 {
				t.Errorf("decision %d: %d revisions", i, n)
			}
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'new' AND ticket_id IS NOT NULL AND resolved_by IS NOT NULL`); n != 1 {
			t.Errorf("%d mails opened a ticket", n)
		}
	})
}
