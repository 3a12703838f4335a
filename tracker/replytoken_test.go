package tracker

import (
	"testing"

	"helpdeskd/migrations"
)

func TestAnswersCanBeTakenBack(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tess, otto := d.technician("tess@aldermere.example"), d.technician("otto@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		tokens := []map[string]string{d.send()}
		d.want(d.receive(d.mail(from("bela@aldermere.example"))), FateNew, "HD-2", 1)
		tokens = append(tokens, d.send())
		by := func(who string, ticket int, words string) Outcome {
			return d.receive(d.mail(from(who), answers(tokenID(tokens[ticket][who])), says(words)))
		}
		d.want(by(tess.Email, 0, "First."), FateAppend, "HD-1", 0)
		ticket, err := d.TicketByNumber(d.ctx, 1)
		d.ok(err)
		holders, err := d.AnswerHolders(d.ctx, ticket.ID)
		d.ok(err)
		if len(holders) != 3 || holders[0].AccountID == 0 || holders[1].AccountID == 0 || holders[2].ClientID != ticket.ClientID || holders[0].N != 1 {
			t.Fatalf("holders %+v", holders)
		}
		_, err = d.RevokeAnswers(d.ctx, Actor{AccountID: otto.ID}, 1, 0, tess.ID)
		d.ok(err)
		_, err = d.RevokeAnswers(d.ctx, Actor{AccountID: otto.ID}, 1, 0, tess.ID)
		if migrations.KindOf(err) != migrations.NotFound {
			t.Fatalf("taking back nothing gave %v", err)
		}
		if o := by(tess.Email, 0, "Second."); o.Fate != FatePending || o.Ticket != "HD-1" {
			t.Errorf("with a token that was taken back: %+v", o)
		}
		d.want(by(tess.Email, 1, "On the other ticket."), FateAppend, "HD-2", 0)
		d.want(by(otto.Email, 0, "Mine is still good."), FateAppend, "HD-1", 0)
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'answers_revoked' AND subject = 'ticket' AND was = ?`, "account:1"); n != 1 {
			t.Errorf("%d events", n)
		}
		n, err := d.RevokeAccountAnswers(d.ctx, tess.Actor(), tess.ID)
		d.ok(err)
		if n == 0 {
			t.Error("nothing was left to take back")
		}
		if o := by(tess.Email, 1, "Third."); o.Fate != FatePending {
			t.Errorf("with all tokens taken back: %+v", o)
		}
		if _, err := d.RevokeAccountAnswers(d.ctx, tess.Actor(), 999); migrations.KindOf(err) != migrations.NotFound {
			t.Errorf("of nobody: %v", err)
		}
	})
}

func TestOutboxIsFiltered(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.technician("tess@aldermere.example")
		for _, who := range []string{"ann_e@aldermere.example", "annie@aldermere.example"} {
			d.receive(d.mail(from(who)))
		}
		for what, c := range map[string]struct {
			f    OutboxFilter
			want int
		}{
			"all":                     {OutboxFilter{}, 4},
			"acknowledgements":        {OutboxFilter{Kind: MailAck}, 2},
			"waiting":                 {OutboxFilter{State: OutboxQueued}, 4},
			"sent":                    {OutboxFilter{State: OutboxSent}, 0},
			"to an address":           {OutboxFilter{To: "Annie@aldermere.example"}, 1},
			"of a ticket":             {OutboxFilter{To: "HD-2"}, 2},
			"with a part of a name":   {OutboxFilter{To: "ann_"}, 1},
			"with a part of a domain": {OutboxFilter{To: "alderMere"}, 4},
			"of another mailbox":      {OutboxFilter{MailboxID: 99}, 0},
			"that came back":          {OutboxFilter{Returned: true}, 0},
		} {
			list, _, err := d.OutboxMails(d.ctx, c.f, 0, 10)
			d.ok(err)
			n, err := d.CountOutbox(d.ctx, c.f, 10)
			d.ok(err)
			if len(list) != c.want || n != c.want {
				t.Errorf("%s: %d rows, counted %d, want %d", what, len(list), n, c.want)
			}
		}
		first, more, err := d.OutboxMails(d.ctx, OutboxFilter{}, 0, 3)
		d.ok(err)
		rest, end, err := d.OutboxMails(d.ctx, OutboxFilter{}, more, 3)
		d.ok(err)
		if len(first) != 3 || len(rest) != 1 || end != 0 || rest[0].ID >= first[2].ID {
			t.Errorf("pages of %d and %d, then %d", len(first), len(rest), end)
		}
		for _, f := range []OutboxFilter{{State: "nowhere"}, {Kind: "nothing"}} {
			if _, _, err := d.OutboxMails(d.ctx, f, 0, 3); migrations.KindOf(err) != migrations.Invalid {
				t.Errorf("%+v gave %v", f, err)
			}
		}
	})
}
