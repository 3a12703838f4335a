package tracker

import (
	"slices"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

// TestClientFillsInWhatIsUnknown: the page asks what was asked and is unknown,
// of the requester only; part of it is enough, and nothing that was known goes.
func TestClientFillsInWhatIsUnknown(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.receive(d.mail(says("The fan does not stop since Monday."), func(in *Inbound) { in.Cc = []Address{{Address: "ben@aldermere.example"}} }))
		g := d.at(d.linked()[annaAt])
		asked := func(g Guest, want ...FactItem) {
			t.Helper()
			if got := must(d.ClientPage(d.ctx, g))(t).Asked; !slices.Equal(got, want) {
				t.Fatalf("asked %v, want %v", got, want)
			}
		}
		asked(g, FactDoing, FactRepeat, FactEffect, FactAsset)
		fill := func(once string, answers ...string) (Ticket, error) {
			var list []ClientFill
			for i := 0; i < len(answers); i += 2 {
				list = append(list, ClientFill{Item: FactItem(answers[i]), Question: "Q " + answers[i] + "?", Text: answers[i+1]})
			}
			return d.GuestFills(d.ctx, g, list, ClientSays{Once: once, IP: "192.0.2.1"})
		}
		_, err := fill("k0", "doing", " \n", "hair", "blue")
		d.kindIs(err, migrations.Invalid)
		_, err = fill("k0", "doing", "Work", "repeat", strings.Repeat("x", maxFact+1))
		d.kindIs(err, migrations.Invalid)
		if migrations.FieldOf(err) != "repeat" || d.count(`SELECT count(*) FROM message WHERE client_id = ?`, g.ClientID) != 1 {
			t.Fatalf("refused, but something was done: %v", err)
		}
		// Half of it, and twice the same press.
		var x Ticket
		for range 2 {
			x = must(fill("k1", "doing", "I wrote\na report", "repeat", "No", "when", "Tuesday"))(t)
		}
		k := d.knows(1)
		if f := k[FactDoing]; f.Value != "I wrote\na report" || f.Source != FromReply || f.MessageID == 0 || f.AccountID != 0 {
			t.Fatalf("doing: %+v", f)
		}
		if k[FactRepeat].Value != "No" || k[FactWhen].Value != "since Monday" || !x.News {
			t.Fatalf("%+v, news %v", k, x.News)
		}
		if n := d.count(`SELECT count(*) FROM message WHERE ticket_id = ? AND client_id = ? AND body = ?`, g.TicketID, g.ClientID, "Q doing?\nI wrote\na report\n\nQ repeat?\nNo\n\nQ when?\nTuesday"); n != 1 {
			t.Fatalf("%d messages tell what was answered", n)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'facts' AND became = 'doing,repeat' AND actor = ?`, g.Actor().String()); n != 1 {
			t.Fatalf("%d events", n)
		}
		asked(g, FactEffect, FactAsset)
		// What a technician wrote down meanwhile stays, and the words reach them all the same.
		must(d.SetFact(d.ctx, tech.Actor(), 1, FactEffect, "None", 0))(t)
		must(fill("k2", "effect", "I can not work", "asset", "In room 3"))(t)
		if k = d.knows(1); k[FactEffect].Value != "None" || k[FactAsset].Value != "In room 3" {
			t.Fatalf("%+v", k)
		}
		if n := d.count(`SELECT count(*) FROM message WHERE body LIKE '%I can not work%'`); n != 1 {
			t.Fatal("an answer is lost")
		}
		if q := must(d.LastQuestion(d.ctx, g.TicketID))(t); q.AnsweredAt == 0 {
			t.Fatalf("still open: %+v", q)
		}
		asked(g)
		// Asked anew: not before the mail is on its way, nor of others who take part.
		must(d.SetFact(d.ctx, tech.Actor(), 1, FactAsset, "", AnyVersion))(t)
		must(d.Ask(d.ctx, tech.Actor(), 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactAsset}, Text: "1. Which computer?"}))(t)
		asked(g)
		d.linked()
		asked(g, FactAsset)
		must(d.AddParticipant(d.ctx, tech.Actor(), 1, Address{Address: "ben@aldermere.example"}))(t)
		var ben int64
		d.ok(d.db.Get(d.ctx, &ben, `SELECT client_id FROM client_address WHERE address = 'ben@aldermere.example'`))
		other := must(d.GuestByNumber(d.ctx, ben, 1))(t)
		asked(other)
		must(d.GuestFills(d.ctx, other, []ClientFill{{Item: FactAsset, Question: "Q?", Text: "Mine"}}, ClientSays{}))(t)
		if k = d.knows(1); k[FactAsset].Value != "" {
			t.Fatalf("somebody else filled in %+v", k[FactAsset])
		}
		// Where it is to be confirmed or is over nothing is asked; an answer that was being written opens it.
		for _, stage := range []Stage{Confirming, Completed} {
			_, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: stage, Fix: "A new fan"}, AnyVersion)
			d.ok(err)
			asked(g)
		}
		if x = must(fill("k3", "asset", "The one in room 3"))(t); x.Stage.Closed() || d.knows(1)[FactAsset].Value != "The one in room 3" {
			t.Fatalf("late: %+v", x)
		}
	})
}
