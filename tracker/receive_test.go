package tracker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

func TestNewMailOpensATicketAndIsAcknowledged(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack' AND to_address = 'anna@aldermere.example' AND state = 'queued'`); n != 1 {
			t.Fatalf("%d acknowledgements", n)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'ticket' AND kind = 'opened' AND actor LIKE 'client:%'`); n != 1 {
			t.Fatalf("%d opened events", n)
		}
		if n := d.count(`SELECT count(*) FROM ticket WHERE level = 1 AND NOT star AND triaged_at IS NULL AND stage = 'requested' AND news`); n != 1 {
			t.Fatal("the new ticket is not level 1, requested, untriaged and news")
		}
	})
}

func TestDuplicatesAndRevisions(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.want(d.receive(first), FateNew, "HD-1", 1)
		d.want(d.receive(first), FateDuplicate, "HD-1", 0)
		changed := first
		changed.Reply, changed.ContentDigest = "It smells. Safe Attachments was here.", "other"
		d.want(d.receive(changed), FateRevision, "HD-1", 0)
		d.want(d.receive(changed), FateDuplicate, "HD-1", 0)
		if n := d.count(`SELECT count(*) FROM message WHERE state = 'shown' AND revision_of IS NOT NULL`); n != 1 {
			t.Fatalf("%d shown revisions", n)
		}
		talk, err := d.Conversation(d.ctx, 1, 0)
		d.ok(err)
		if m := talk.Entries[0].Message; m == nil || len(m.Mails) != 1 || m.Mails[0].Kind != MailAck {
			t.Fatalf("the changed copy does not show the acknowledgement: %+v", m)
		}
		stranger := first
		stranger.From = []Address{{Address: "mallory@evil.example"}}
		d.want(d.receive(stranger), FateNew, "HD-2", 1)

		noID := d.mail(func(in *Inbound) { in.MessageID, in.Digest = "", "same-bytes" })
		d.want(d.receive(noID), FateNew, "HD-3", 1)
		d.want(d.receive(noID), FateDuplicate, "HD-3", 0)
		other := d.mail(func(in *Inbound) { in.MessageID = "" })
		d.want(d.receive(other), FateNew, "HD-4", 1)
	})
}

func TestAnswersThread(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.want(d.receive(first), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(answers(first.MessageID))), FateAppend, "HD-1", 0)
		token := d.send()["anna@aldermere.example"]
		d.want(d.receive(d.mail(answers(tokenID(token)))), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(func(in *Inbound) { in.ReplyTokens = []string{token} })), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(func(in *Inbound) { in.SubjectTags = []int64{1} })), FateAppend, "HD-1", 0)
		// Guesses and strangers open their own.
		d.want(d.receive(d.mail(from("bob@client.example"), func(in *Inbound) { in.SubjectTags = []int64{1} })), FateNew, "HD-2", 1)
		fake, _ := NewToken()
		d.want(d.receive(d.mail(from("eve@client.example"), answers(tokenID(fake)))), FateNew, "HD-3", 1)
		// A token in a stranger's hand is held where it leads.
		d.want(d.receive(d.mail(from("bob@client.example"), answers(tokenID(token)))), FatePending, "HD-1", 0)
	})
}

func TestAnAnswerBeforeItsMailIsOneTicket(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.want(d.receive(d.mail(answers(first.MessageID))), FateNew, "HD-1", 1)
		d.want(d.receive(first), FateAppend, "HD-1", 0)
	})
}

func TestTwoAnswersBeforeTheirMailAreOneTicket(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.want(d.receive(d.mail(answers(first.MessageID))), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(answers(first.MessageID))), FateAppend, "HD-1", 0)
		// Another's answer to the same unknown mail is another matter.
		d.want(d.receive(d.mail(from("bob@client.example"), answers(first.MessageID))), FateNew, "HD-2", 1)
		d.want(d.receive(first), FateAppend, "HD-1", 0)
		// And so is one after the matter was closed, as long as that mail is unknown.
		d.want(d.receive(d.mail(answers("elsewhere@client.example"))), FateNew, "HD-3", 1)
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = 1 WHERE number = 3`)
			return err
		}))
		d.want(d.receive(d.mail(answers("elsewhere@client.example"))), FateNew, "HD-4", 1)
	})
}

func TestCopiedColleaguesAreHeld(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail(func(in *Inbound) { in.Cc = []Address{{Address: "carl@aldermere.example"}} })
		d.want(d.receive(first), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from("carl@aldermere.example"), answers(first.MessageID))), FatePending, "HD-1", 0)
		d.want(d.receive(d.mail(from("dora@aldermere.example"), answers(first.MessageID))), FateNew, "HD-2", 1)
	})
}

func TestNothingMatchesAnEmptyID(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		empty := func(in *Inbound) { in.MessageID, in.InReplyTo, in.References = "", []string{""}, []string{""} }
		d.want(d.receive(d.mail(empty)), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(empty)), FateNew, "HD-2", 1)
	})
}

func TestAtMostThreeAcknowledgementsAnHour(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		acks := 0
		for range 5 {
			acks += d.receive(d.mail()).Acks
		}
		if acks != 3 {
			t.Fatalf("%d acknowledgements", acks)
		}
		if o := d.receive(d.mail(from("bob@aldermere.example"))); o.Acks != 1 {
			t.Fatal("another requester goes without")
		}
		d.now = d.now.Add(61 * time.Minute)
		if o := d.receive(d.mail()); o.Acks != 1 {
			t.Fatal("an hour later there is none")
		}
	})
}

func TestWhoIsNotAcknowledged(t *testing.T) {
	cases := []struct {
		name string
		edit func(in *Inbound)
		fate string
	}{
		{"automatic", func(in *Inbound) { in.Class = ClassAutoReply }, FateNew},
		{"list", func(in *Inbound) { in.Class = ClassList }, FateNew},
		{"asks for none", func(in *Inbound) { in.SuppressAck = true }, FateNew},
		{"encoded word as address", from("=?utf-8?b?dGVjaDE=?=@evil.example"), FateNew},
		{"look-alike domain", from("anna@аldermere.example"), FateNew},
		{"two authors", func(in *Inbound) { in.FromDefect = "it has two From headers" }, FateQuarantine},
		{"no author", func(in *Inbound) { in.From = nil }, FateQuarantine},
		{"placeholder", func(in *Inbound) { in.Class = ClassPlaceholder }, FateQuarantine},
		{"bounce", func(in *Inbound) { in.Class = ClassBounce; in.Bounce = &Bounce{OriginalMessageID: "unknown@x"} }, FateNone},
		{"receipt", func(in *Inbound) { in.Class = ClassReceipt }, FateNone},
		{"ourselves", from("helpdesk@aldermere.example"), FatePending},
		{"failed DMARC", func(in *Inbound) {
			in.AuthAs, in.AuthResults = "Anonymous", []string{"spf=fail; dmarc=fail action=oreject header.from=aldermere.example"}
		}, FatePending},
	}
	eachMailDesk(t, func(d *mailDesk) {
		for _, c := range cases {
			o := d.receive(d.mail(c.edit))
			if o.Fate != c.fate || o.Acks != 0 {
				t.Errorf("%s: fate %s acks %d (%s)", c.name, o.Fate, o.Acks, o.Reason)
			}
		}
		old := d.mail()
		d.now = d.now.Add(-96 * time.Hour)
		_, err := d.Keep(d.ctx, nil, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 9999, ReceivedAt: d.now, Data: []byte("old")}})
		d.ok(err)
		d.now = d.now.Add(96 * time.Hour)
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 1)
		d.ok(err)
		out, err := d.Receive(d.ctx, d.lease, []Item{{work[0], old}})
		d.ok(err)
		if out[0].Fate != FateNew || out[0].Acks != 0 {
			t.Errorf("a mail of four days ago: %+v", out[0])
		}
		if n := d.count(`SELECT count(*) FROM outbox`); n != 0 {
			t.Errorf("%d mails queued", n)
		}
	})
}

func TestReopening(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.receive(first)
		closeIt := func() {
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = 1, archived_at = 2`)
				return err
			}))
		}
		closeIt()
		d.receive(d.mail(answers(first.MessageID), says("Thank you very much!")))
		d.receive(d.mail(answers(first.MessageID), func(in *Inbound) { in.Class = ClassAutoReply }))
		if n := d.count(`SELECT count(*) FROM ticket WHERE stage = 'completed'`); n != 1 {
			t.Fatal("thanks or a robot re-opened the ticket")
		}
		d.receive(d.mail(answers(first.MessageID), says("Thanks, but it burns again.")))
		if n := d.count(`SELECT count(*) FROM ticket WHERE stage = 'requested' AND archived_at IS NULL AND news`); n != 1 {
			t.Fatal("an answer did not re-open the ticket")
		}
		a := d.technician("tess@aldermere.example")
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET assignee_id = ?`, a.ID)
			return err
		}))
		closeIt()
		d.receive(d.mail(answers(first.MessageID), says("Still burning.")))
		if n := d.count(`SELECT count(*) FROM ticket WHERE stage = 'in_progress'`); n != 1 {
			t.Fatal("an assigned ticket did not come back in progress")
		}
	})
}

// The five conditions: each alone, missing, has the mail held and nothing leave.
func TestTechniciansAnswerNeedsAllFive(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tess := d.technician("tess@aldermere.example")
		d.technician("otto@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		tokens := d.send()
		byTess := func(edits ...func(*Inbound)) Inbound {
			return d.mail(append([]func(*Inbound){from("tess@aldermere.example"), answers(tokenID(tokens["tess@aldermere.example"])), says("Use the extinguisher.")}, edits...)...)
		}
		replies := func() int { return d.count(`SELECT count(*) FROM outbox WHERE kind = 'reply'`) }

		d.want(d.receive(byTess()), FateAppend, "HD-1", 0)
		if replies() != 1 || d.count(`SELECT count(*) FROM message WHERE direction = 'out' AND account_id = ?`, tess.ID) != 1 {
			t.Fatal("the answer did not go on to the client")
		}
		for name, edit := range map[string]func(*Inbound){
			"no verdict":       func(in *Inbound) { in.AuthAs = "" },
			"another's domain": func(in *Inbound) { in.AuthAs, in.AuthResults = "", []string{"dmarc=pass header.from=evil.example"} },
			"best guess": func(in *Inbound) {
				in.AuthAs, in.AuthResults = "", []string{"dmarc=bestguesspass header.from=aldermere.example"}
			},
			"only below": func(in *Inbound) {
				in.AuthAs, in.AuthResults = "", []string{"dmarc=none header.from=aldermere.example", "dmarc=pass header.from=aldermere.example"}
			},
			"failed": func(in *Inbound) {
				in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
			},
			"another's token": answers(tokenID(tokens["otto@aldermere.example"])),
			"the client's":    answers(tokenID(tokens["anna@aldermere.example"])),
			"only the tag":    func(in *Inbound) { in.InReplyTo, in.References, in.SubjectTags = nil, nil, []int64{1} },
			"says nothing":    says(""),
		} {
			if o := d.receive(byTess(edit)); o.Fate != FatePending || o.Ticket != "HD-1" {
				t.Errorf("%s: %+v", name, o)
			}
		}
		if o := d.receive(byTess(func(in *Inbound) { in.Class = ClassAutoReply })); o.Fate != FateNone {
			t.Errorf("out of office: %+v", o)
		}
		// Anna holding a technician's token gains nothing.
		if o := d.receive(d.mail(answers(tokenID(tokens["tess@aldermere.example"])))); o.Fate != FatePending {
			t.Errorf("the client with a technician's token: %+v", o)
		}
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE account SET enabled = FALSE WHERE id = ?`, tess.ID)
			return err
		}))
		if o := d.receive(byTess()); o.Fate != FatePending {
			t.Errorf("disabled: %+v", o)
		}
		if replies() != 1 {
			t.Fatalf("%d replies left", replies())
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notice' AND account_id = ?`, tess.ID); n != 3 {
			t.Fatalf("%d notices to the technician, want 3 an hour", n)
		}
	})
}

func TestFormsNameTheRequester(t *testing.T) {
	form := func(submitted string) func(*Inbound) {
		return func(in *Inbound) {
			in.Form = &Form{Source: "power_automate", Requester: Address{Name: "Priya Raman", Address: "priya@aldermere.example"}, SubmittedAt: submitted, Subject: "Excel closes by itself",
				Answers: []Answer{{Question: "What happened?", Answer: "Excel closes by itself.", Meaning: MeansProblem}, {Question: "Effect", Answer: "I cannot work at all", Meaning: MeansEffect}}}
			in.SuppressAck = true // of the flow, not of the person
		}
	}
	eachMailDesk(t, func(d *mailDesk) {
		flow := from("flow@aldermere.example")
		d.want(d.receive(d.mail(flow, form("3/4/2026 2:16 PM"))), FateNew, "HD-1", 1)
		if n := d.count(`SELECT count(*) FROM ticket t JOIN client c ON c.id = t.client_id WHERE c.name = 'Priya Raman' AND t.client_address = 'priya@aldermere.example' AND t.subject = 'Excel closes by itself' AND t.suggested_level = 3 AND t.suggested_star`); n != 1 {
			t.Fatal("the responder is not the requester, or the suggestion is missing")
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE to_address = 'priya@aldermere.example'`); n != 1 {
			t.Fatal("the acknowledgement did not go to the responder")
		}
		// The connector retries under a new Message-ID.
		d.want(d.receive(d.mail(flow, form("3/4/2026 2:16 PM"))), FateDuplicate, "HD-1", 0)
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'ticket' AND kind = 'form_again'`); n != 1 {
			t.Fatalf("the ticket says %d times that the answer came again", n)
		}
		d.want(d.receive(d.mail(flow, form(""))), FateNew, "HD-2", 1)
		d.want(d.receive(d.mail(flow, form(""))), FateDuplicate, "HD-2", 0)
		d.now = d.now.Add(31 * time.Minute)
		d.want(d.receive(d.mail(flow, form(""))), FateNew, "HD-3", 1)
		// As the shared mailbox itself: not our own mail coming back.
		d.want(d.receive(d.mail(from("helpdesk@aldermere.example"), form("later"))), FateNew, "HD-4", 0)
		// Who is not configured speaks for themselves only.
		d.want(d.receive(d.mail(from("mallory@evil.example"), form("even later"), func(in *Inbound) { in.SuppressAck = false })), FateNew, "HD-5", 1)
		if n := d.count(`SELECT count(*) FROM ticket WHERE number = 5 AND client_address = 'mallory@evil.example'`); n != 1 {
			t.Fatal("an unknown sender named another as the requester")
		}
		// Nor do others' copies, or forged ones, keep the real answer from its ticket.
		d.want(d.receive(d.mail(flow, form("even later"))), FateNew, "HD-6", 0)
		forged := func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
		}
		for range 2 {
			if o := d.receive(d.mail(flow, form("much later"), forged)); o.Fate == FateNew {
				t.Fatalf("a forged form: %+v", o)
			}
		}
		if n := d.count(`SELECT count(*) FROM message WHERE state = 'held'`); n != 1 {
			t.Fatalf("%d forged forms are held", n)
		}
		d.want(d.receive(d.mail(flow, form("much later"))), FateNew, "HD-7", 0)
		// Nobody named: no requester, no acknowledgement, nothing lost.
		nobody := func(in *Inbound) { in.Form.Requester = Address{}; in.Form.SubmittedAt = "x" }
		d.want(d.receive(d.mail(flow, form("x"), nobody)), FateNew, "HD-8", 0)
		if n := d.count(`SELECT count(*) FROM ticket WHERE number = 8 AND client_id IS NULL`); n != 1 {
			t.Fatal("a form that names nobody got a requester")
		}
	})
}

func TestOwnMailAndBounces(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		id := tokenID(d.send()["anna@aldermere.example"])
		own := d.mail(from("helpdesk@aldermere.example"), func(in *Inbound) { in.MessageID = id })
		o := d.receive(own)
		if o.Fate != FateNone || o.Class != ClassOwn {
			t.Fatalf("our own mail: %+v", o)
		}
		bounce := d.mail(from("postmaster@aldermere.example"), func(in *Inbound) {
			in.Class, in.Bounce = ClassBounce, &Bounce{Recipients: []string{"anna@aldermere.example"}, OriginalMessageID: id, Permanent: true, Status: "5.1.1", Reason: "No such user"}
		})
		d.want(d.receive(bounce), FateNone, "HD-1", 0)
		if n := d.count(`SELECT count(*) FROM client_address WHERE address = 'anna@aldermere.example' AND bounced_at IS NOT NULL`); n != 1 {
			t.Fatal("the address is not marked")
		}
		if n := d.count(`SELECT count(*) FROM note WHERE kind = 'system' AND body LIKE '%No such user%'`); n != 1 {
			t.Fatal("the technician is not told")
		}
		if o := d.receive(d.mail()); o.Acks != 0 {
			t.Fatal("an address that bounced was acknowledged")
		}
		d.now = d.now.Add(8 * 24 * time.Hour)
		if o := d.receive(d.mail()); o.Acks != 1 {
			t.Fatal("an address that bounced once goes without for ever")
		}
	})
}

func TestAVerifiedForwardNamesTheOriginalSender(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.technician("tess@aldermere.example")
		fwd := func(in *Inbound) {
			in.Forwarded = &Forwarded{From: Address{Name: "Bob", Address: "bob@client.example"}, Date: "2 March 2026 09:00", Subject: "Screen"}
		}
		d.want(d.receive(d.mail(from("tess@aldermere.example"), fwd)), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from("tess@aldermere.example"), fwd, func(in *Inbound) { in.AuthAs = "" })), FateNew, "HD-2", 1)
		for number, want := range map[int]string{1: "bob@client.example", 2: "tess@aldermere.example"} {
			if n := d.count(`SELECT count(*) FROM ticket WHERE number = ? AND client_address = ?`, number, want); n != 1 {
				t.Errorf("HD-%d is not %s's", number, want)
			}
		}
		// whoever forwards it: the ticket shows what the mail says of the original
		for id := int64(1); id <= 2; id++ {
			m, err := d.MessageByID(d.ctx, id)
			if d.ok(err); m.Forwarded == nil || m.Forwarded.From.Name != "Bob" || m.Forwarded.Date != "2 March 2026 09:00" || m.Forwarded.Subject != "Screen" {
				t.Errorf("message %d: %+v", id, m.Forwarded)
			}
		}
	})
}

func TestHeldMailIsAdmitted(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tess := d.technician("tess@aldermere.example")
		first := d.mail()
		d.receive(first)
		tokens := d.send()
		held := func() (id int64) {
			d.ok(d.db.Get(d.ctx, &id, `SELECT id FROM message WHERE state = 'held' ORDER BY id DESC LIMIT 1`))
			return id
		}
		admit := func() {
			id := held()
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error { _, err := d.admitTx(d.ctx, tx, tess.Actor(), id); return err }))
		}
		d.receive(d.mail(from("tess@aldermere.example"), answers(tokenID(tokens["tess@aldermere.example"])), func(in *Inbound) { in.AuthAs = "" }))
		admit()
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'reply' AND to_address = 'anna@aldermere.example'`); n != 1 {
			t.Fatal("the technician's held answer did not go out")
		}
		d.receive(d.mail(from("bob@client.example"), answers(tokenID(tokens["anna@aldermere.example"]))))
		admit()
		if n := d.count(`SELECT count(*) FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE t.number = 1 AND m.state = 'shown' AND m.from_address = 'bob@client.example'`); n != 1 {
			t.Fatal("the stranger's held mail did not join")
		}
		d.receive(d.mail(from("carl@aldermere.example"), func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
		}))
		admit()
		if n := d.count(`SELECT count(*) FROM ticket WHERE client_address = 'carl@aldermere.example'`); n != 1 {
			t.Fatal("the held mail without a ticket did not open one")
		}
		if n := d.count(`SELECT count(*) FROM message WHERE state = 'held'`); n != 0 {
			t.Fatalf("%d messages are still held", n)
		}
	})
}

// A batch in which one mail can not be stored: the others are decided, it
// alone is tried again.
func TestOneBadMailCostsOnlyItself(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		var mails []RawMail
		for i := range 5 {
			mails = append(mails, RawMail{UIDValidity: 1, UID: uint32(100 + i), ReceivedAt: d.now, Data: []byte(fmt.Sprint(i))})
		}
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, mails)
		d.ok(err)
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
		d.ok(err)
		var items []Item
		for i, w := range work {
			in := d.mail(from(fmt.Sprintf("p%d@aldermere.example", i)))
			if i == 2 {
				in.Parts = []Part{{Role: RoleFile, Name: strings.Repeat("x", 10)}}
				w.InboxID = -1 // no such row: storing the message violates the foreign key
			}
			items = append(items, Item{w, in})
		}
		out, err := d.Receive(d.ctx, d.lease, items)
		d.ok(err)
		if len(out) != 4 {
			t.Fatalf("%d mails were decided", len(out))
		}
		if n := d.count(`SELECT count(*) FROM ticket`); n != 4 {
			t.Fatalf("%d tickets", n)
		}
	})
}

func TestIsThanks(t *testing.T) {
	for s, want := range map[string]bool{
		"Thanks!": true, "Thank you very much!": true, "Merci beaucoup": true, "Vielen Dank!": true, "OK thanks, works now": true,
		"": false, "ok": false, "Thanks, but it burns again": false, "No": false, "Thanks for nothing, still broken": false,
	} {
		if isThanks(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

// The mails that a technician forwards for one person count like that
// person's own.
func TestForwardsAreAcknowledgedThriceAnHour(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.technician("tomas@aldermere.example")
		forward := func() Inbound {
			return d.mail(from("tomas@aldermere.example"), func(in *Inbound) {
				in.Forwarded = &Forwarded{From: Address{Name: "Bob", Address: "Bob@client.example"}}
			})
		}
		for i := range 5 {
			acks := 1
			if i >= maxAcks {
				acks = 0
			}
			d.want(d.receive(forward()), FateNew, TicketName(int64(i+1)), acks)
		}
	})
}
