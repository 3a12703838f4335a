package tracker

import (
	"testing"

	"helpdeskd/migrations"
)

// TestOneQuestionIsNotAnsweredByWhateverComesNext: of one question the whole
// next mail is the answer only where it can be about nothing else.
func TestOneQuestionIsNotAnsweredByWhateverComesNext(t *testing.T) {
	for name, x := range map[string]struct {
		said   string
		fills  bool
		before func(d *mailDesk, by Actor) // after the question was sent
		named  bool
	}{
		"an answer":                   {said: "The one in room 3", fills: true},
		"thanks":                      {said: "It works again, thank you!"},
		"a no":                        {said: "No"},
		"another mail of ours since":  {said: "It was 0x80070005", before: answeredMore},
		"since, but it names the one": {said: "The one in room 3", before: answeredMore, named: true, fills: true},
		"named, but thanks":           {said: "It works again", named: true},
		"a mail that has not left":    {said: "The one in room 3", fills: true, before: func(d *mailDesk, by Actor) { d.ok(second(d.Reply(d.ctx, by, 1, ReplyInput{Text: "Wait"}))) }},
		"a fix": {said: "Since you were here it prints like new", before: func(d *mailDesk, by Actor) {
			d.ok(second(d.SetStage(d.ctx, by, 1, StageChange{Stage: Completed, Fix: "Cleaned"}, AnyVersion)))
		}},
		"to be confirmed": {said: "Since you were here it prints like new", before: func(d *mailDesk, by Actor) {
			err := d.db.Tx(d.ctx, func(tx *migrations.Tx) error { return second(tx.Exec(d.ctx, `UPDATE ticket SET stage = 'confirming'`)) })
			d.ok(err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			eachMailDesk(t, func(d *mailDesk) {
				by := d.technician("tomas@aldermere.example").Actor()
				d.want(d.receive(d.mail(says("It happens every time since Monday when I print, and I cannot work."))), FateNew, "HD-1", 1)
				if left := Missing(d.knows(1)); len(left) != 1 || left[0] != FactAsset {
					t.Fatalf("missing: %v", left)
				}
				ack := d.send()["anna@aldermere.example"]
				if x.before != nil {
					x.before(d, by)
				}
				edits := []func(*Inbound){tagged(1), says(x.said)}
				if x.named {
					edits = append(edits, answers(tokenID(ack)))
				}
				d.want(d.receive(d.mail(edits...)), FateAppend, "HD-1", 0)
				want := ""
				if x.fills {
					want = x.said
				}
				if got := d.knows(1)[FactAsset].Value; got != want {
					t.Errorf("filled in %q, want %q", got, want)
				}
			})
		})
	}
}

func answeredMore(d *mailDesk, by Actor) {
	d.ok(second(d.Reply(d.ctx, by, 1, ReplyInput{Text: "Which number does it show?"})))
	d.send()
}

// TestAReplyToAnOlderQuestionFillsThat: numbers are those of the mail that is answered.
func TestAReplyToAnOlderQuestionFillsThat(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		by := d.technician("tomas@aldermere.example").Actor()
		d.receive(d.mail(says("Help")))
		d.send()
		d.ok(second(d.Ask(d.ctx, by, 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactAsset, FactEffect}, Text: "1. Which?\n2. Effect?"})))
		first := d.send()["anna@aldermere.example"]
		d.ok(second(d.Ask(d.ctx, by, 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactDoing, FactRepeat}, Text: "1. Doing?\n2. Again?"})))
		d.send()
		d.receive(d.mail(says("1. Room 3\n2. None"), answers(tokenID(first))))
		if k := d.knows(1); k[FactAsset].Value != "Room 3" || k[FactEffect].Value != "None" || k[FactDoing].Value+k[FactRepeat].Value != "" {
			t.Fatalf("%+v", k)
		}
	})
}

// TestMergedTicketsShareWhatIsKnown: the duplicate's facts and the answers to
// what it was asked fill what is empty on the other, and go back.
func TestMergedTicketsShareWhatIsKnown(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		by := d.technician("tomas@aldermere.example").Actor()
		_, ben, _ := d.pair()
		for item, value := range map[FactItem]string{FactAsset: "PR-7", FactCause: "A worn fuser", FactWhen: "Monday"} {
			d.ok(second(d.SetFact(d.ctx, by, 2, item, value, 0)))
		}
		d.ok(second(d.SetFact(d.ctx, by, 1, FactWhen, "Sunday", 0)))
		d.ok(second(d.Ask(d.ctx, by, 2, AskInput{Kind: QuestionAsk, Items: []FactItem{FactDoing, FactEffect}, Text: "1. Doing?\n2. Effect?"})))
		d.send()
		d.ok(second(d.Merge(d.ctx, by, 2, 1, AnyVersion)))
		k := d.knows(1)
		if k[FactAsset].Value != "PR-7" || k[FactCause].Value != "A worn fuser" || k[FactWhen].Value != "Sunday" || k[FactWho].Value != "Anna Berg" {
			t.Fatalf("merged: %+v", k)
		}
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("1. I printed\n2. None"), answers(ben.MessageID))), FateAppend, "HD-1", 0)
		if k = d.knows(1); k[FactDoing].Value != "I printed" || k[FactEffect].Value != "None" {
			t.Fatalf("answered: %+v", k)
		}
		two := d.ticketOf(2)
		if q := must(d.LastQuestion(d.ctx, two.ID))(t); q.AnsweredAt == 0 {
			t.Fatalf("still open: %+v", q)
		}
		d.sound()
		d.ok(second(d.SetFact(d.ctx, by, 1, FactCause, "A worn fuser, seen", AnyVersion)))
		d.ok(second(d.Unmerge(d.ctx, by, 2)))
		d.sound()
		k = d.knows(1)
		if _, there := k[FactAsset]; there || k[FactCause].Value != "A worn fuser, seen" || k[FactDoing].Value != "I printed" || k[FactWhen].Value != "Sunday" {
			t.Fatalf("taken back: %+v", k)
		}
		k = d.knows(2)
		if k[FactAsset].Value != "PR-7" || k[FactCause].Value != "A worn fuser" || k[FactWhen].Value != "Monday" || k[FactDoing].Value != "" {
			t.Fatalf("the duplicate: %+v", k)
		}
		if q := must(d.LastQuestion(d.ctx, two.ID))(t); q.AnsweredAt != 0 {
			t.Fatalf("answered elsewhere: %+v", q)
		}
		// What was emptied by hand is not filled by a merge.
		d.ok(second(d.SetFact(d.ctx, by, 1, FactAsset, "x", 0)))
		d.ok(second(d.SetFact(d.ctx, by, 1, FactAsset, "", AnyVersion)))
		d.ok(second(d.Merge(d.ctx, by, 2, 1, AnyVersion)))
		if f := d.knows(1)[FactAsset]; f.Value != "" {
			t.Fatalf("filled in %+v", f)
		}
	})
}

// TestReopenedForSomebodyWhoHearsNothing: who wishes to hear of everything is told.
func TestReopenedForSomebodyWhoHearsNothing(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		deaf, ears, by := d.technician("deaf@aldermere.example"), d.technician("ears@aldermere.example"), d.technician("tomas@aldermere.example")
		for id, what := range map[int64]string{deaf.ID: NotifyNone, ears.ID: NotifyAll, by.ID: NotifyMine} {
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(d.ctx, `UPDATE account SET notify = ? WHERE id = ?`, what, id)
				return err
			}))
		}
		d.receive(d.mail())
		d.ok(second(d.Assign(d.ctx, by.Actor(), 1, deaf.ID, AnyVersion)))
		told := func(kind string, account int64, want int) {
			t.Helper()
			if n := d.count(`SELECT count(*) FROM outbox WHERE kind = ? AND account_id = ? AND ticket_id IS NOT NULL`, kind, account); n != want {
				t.Errorf("%d %s for account %d, want %d", n, kind, account, want)
			}
		}
		told(MailNotify, ears.ID, 1) // it was new, and nobody's
		d.receive(d.mail(tagged(1), says("One more thing to know")))
		told(MailNotify, ears.ID, 1)
		done := func() {
			d.ok(second(d.SetStage(d.ctx, by.Actor(), 1, StageChange{Stage: Completed, Fix: "Cleaned"}, AnyVersion)))
		}
		done()
		d.receive(d.mail(tagged(1), says("It burns again, on the other side")))
		told(MailNotify, ears.ID, 2)
		told(MailNotify, deaf.ID, 0)
		told(MailNotify, by.ID, 0)
		done()
		d.ok(second(d.SetStage(d.ctx, by.Actor(), 1, StageChange{Stage: InProgress}, AnyVersion)))
		told(MailNotice, ears.ID, 1)
		told(MailNotice, deaf.ID, 0)
		told(MailNotice, by.ID, 0)
	})
}
