package tracker

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// linked sends all that is due, as send does, with a link to the employee's
// page in what goes to clients, and returns the links by recipient, the newest.
func (d *mailDesk) linked() map[string]string {
	d.t.Helper()
	l, err := d.Acquire(d.ctx, "outbox")
	d.ok(err)
	defer l.Release(d.ctx)
	items, err := d.DueOutbox(d.ctx, l, 100)
	d.ok(err)
	links := map[string]string{}
	for _, it := range items {
		token, _ := NewToken()
		r := Rendered{Bytes: []byte("mail " + token), MailID: "hd." + token + "@aldermere.example", Token: token}
		if it.Kind == MailCode {
			r.Token = NewCode()
			links["code "+it.ToAddress] = r.Token
		} else if it.ClientID != 0 && it.TicketID != 0 {
			r.Page, _ = NewToken()
			links[it.ToAddress] = r.Page
		}
		d.ok(d.Rendered(d.ctx, l, it.ID, r))
		d.ok(d.Sending(d.ctx, l, it.ID))
		d.ok(d.Sent(d.ctx, l, it.ID, "250 2.0.0 OK", ""))
	}
	return links
}

func (d *mailDesk) at(link string) Guest { d.t.Helper(); return must(d.GuestByLink(d.ctx, link))(d.t) }

func (d *mailDesk) kindIs(err error, kind migrations.Kind) {
	d.t.Helper()
	if migrations.KindOf(err) != kind {
		d.t.Fatalf("%v, want %s", err, kind)
	}
}

func (p ClientPage) words() string {
	var all []string
	for _, m := range p.Said {
		all = append(all, m.Body)
	}
	return strings.Join(all, " | ")
}

const annaAt, benAt = "anna@aldermere.example", "ben@aldermere.example"

func TestClientLinkOpensOneTicketForOnePerson(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.receive(d.mail())
		d.receive(d.mail(from(benAt), says("My screen is dark.")))
		links := d.linked()
		g := d.at(links[annaAt])
		if p := must(d.ClientPage(d.ctx, g))(t); p.words() != "It smells." || !p.Mine || p.Name != "Anna Berg" || p.Ticket.Number != 1 {
			t.Fatalf("her page: %+v", p)
		}
		// Nothing of the other ticket, whatever is put together.
		_, err := d.ClientPage(d.ctx, Guest{ClientID: g.ClientID, TicketID: d.at(links[benAt]).TicketID})
		d.kindIs(err, migrations.NotFound)
		_, err = d.GuestSays(d.ctx, Guest{ClientID: g.ClientID, TicketID: d.at(links[benAt]).TicketID}, ClientSays{Text: "Hello"})
		d.kindIs(err, migrations.NotFound)
		// Only hashes are kept.
		if n := d.count(`SELECT count(*) FROM client_link WHERE hash = ?`, links[annaAt]); n != 0 {
			t.Fatal("a link is kept in clear")
		}
		// What does not open.
		guess, hash := NewToken()
		for _, bad := range []string{guess, hash, "", "x", strings.ToUpper(links[annaAt]), links[annaAt] + "a", links[annaAt][:25]} {
			_, err := d.GuestByLink(d.ctx, bad)
			d.kindIs(err, migrations.NotFound)
		}
		// Notes, other people's mails and answers to others are not for her.
		_, err = d.WriteNote(d.ctx, tech.Actor(), 1, NoteInput{Kind: "note", Body: "She broke it"})
		d.ok(err)
		_, err = d.AddParticipant(d.ctx, tech.Actor(), 1, Address{Address: benAt})
		d.ok(err)
		d.receive(d.mail(from(benAt), says("Between us two: it was me."), func(in *Inbound) { in.SubjectTags = []int64{1} }))
		_, err = d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "We come at once."})
		d.ok(err)
		if p := must(d.ClientPage(d.ctx, g))(t); p.words() != "It smells." {
			t.Fatalf("what was not sent yet: %q", p.words())
		}
		second := d.linked()
		if p := must(d.ClientPage(d.ctx, g))(t); p.words() != "It smells. | We come at once." {
			t.Fatalf("her page: %q", p.words())
		}
		other := d.at(second[benAt])
		if p := must(d.ClientPage(d.ctx, other))(t); p.words() != "Between us two: it was me. | We come at once." || p.Mine {
			t.Fatalf("his page: %q", p.words())
		}
		// Who takes part no longer, and who was revoked.
		_, err = d.RemoveParticipant(d.ctx, tech.Actor(), 1, other.ClientID)
		d.ok(err)
		_, err = d.GuestByLink(d.ctx, second[benAt])
		d.kindIs(err, migrations.NotFound)
		_, err = d.RevokeAnswers(d.ctx, tech.Actor(), 1, g.ClientID, 0)
		d.ok(err)
		for _, l := range []string{links[annaAt], second[annaAt]} {
			_, err = d.GuestByLink(d.ctx, l)
			d.kindIs(err, migrations.NotFound)
		}
		// The other ticket's link goes on, until its time is over and it is swept.
		d.at(links[benAt])
		d.now = d.now.Add(91 * day)
		_, err = d.GuestByLink(d.ctx, links[benAt])
		d.kindIs(err, migrations.NotFound)
		d.ok(d.sweepGuests(d.ctx, nil))
		if n := d.count(`SELECT count(*) FROM client_link`); n != 0 {
			t.Fatalf("%d links left", n)
		}
	})
}

func TestClientSaysOnThePage(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.receive(d.mail())
		g := d.at(d.linked()[annaAt])
		_, err := d.Take(d.ctx, tech.Actor(), 1, AnyVersion)
		d.ok(err)
		x := must(d.GuestSays(d.ctx, g, ClientSays{Text: "It smokes, too. See /r/" + strings.Repeat("a", 26), Once: "k1", IP: "192.0.2.1"}))(t)
		_, err = d.GuestSays(d.ctx, g, ClientSays{Text: "It smokes, too. See /r/" + strings.Repeat("a", 26), Once: "k1", IP: "192.0.2.1"})
		d.ok(err)
		if n := d.count(`SELECT count(*) FROM message WHERE client_id = ? AND body = 'It smokes, too. See /r/…'`, g.ClientID); n != 1 || !x.News {
			t.Fatalf("%d messages, %+v", n, x)
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notify' AND account_id = ? AND message_id = (SELECT MAX(id) FROM message)`, tech.ID); n != 1 {
			t.Fatalf("%d notifications", n)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'message' AND actor = ?`, g.Actor().String()); n != 1 {
			t.Fatalf("%d events", n)
		}
		for _, bad := range []ClientSays{{}, {Text: " \n"}, {Text: strings.Repeat("x", maxBody+1)}} {
			_, err := d.GuestSays(d.ctx, g, bad)
			d.kindIs(err, migrations.Invalid)
		}
		// Yes and no have nothing to answer yet.
		_, err = d.GuestAnswers(d.ctx, g, true, "No.", ClientSays{})
		d.kindIs(err, migrations.Conflict)
		// Thanks on what is completed opens nothing; more does, and so does wanting it.
		done := func() {
			_, err := d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: Completed, Fix: "Extinguished"}, AnyVersion)
			d.ok(err)
		}
		done()
		if x = must(d.GuestSays(d.ctx, g, ClientSays{Text: "Thank you very much!", IP: "192.0.2.1"}))(t); x.Stage != Completed {
			t.Fatalf("thanks: %+v", x)
		}
		if x = must(d.GuestSays(d.ctx, g, ClientSays{Text: "Thanks", Reopen: true}))(t); x.Stage != InProgress || x.ClosedAt != 0 {
			t.Fatalf("opened again: %+v", x)
		}
		done()
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET archived_at = 1`)
			return err
		}))
		if x = must(d.GuestSays(d.ctx, g, ClientSays{Text: "It burns again"}))(t); x.Stage != InProgress || x.Archived() {
			t.Fatalf("from the archive: %+v", x)
		}
		// Too much is refused.
		for range guestPerPerson {
			_, err = d.GuestSays(d.ctx, g, ClientSays{Text: "Again"})
		}
		d.kindIs(err, migrations.Temporary)
		d.now = d.now.Add(time.Hour)
		_, err = d.GuestSays(d.ctx, g, ClientSays{Text: "Again"})
		d.ok(err)
	})
}

func TestClientAnswersWhetherItIsSolved(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.confirming(tech)
		g := d.at(d.linked()[annaAt])
		x := must(d.GuestAnswers(d.ctx, g, false, "No, it is still not fixed.", ClientSays{Text: "Page two is blank.", Once: "n1"}))(t)
		_, err := d.GuestAnswers(d.ctx, g, false, "No, it is still not fixed.", ClientSays{Text: "Page two is blank.", Once: "n1"})
		d.ok(err)
		if n := d.count(`SELECT count(*) FROM message WHERE body LIKE 'No, it is still not fixed.%Page two is blank.'`); n != 1 || x.Stage != Requested || !x.News {
			t.Fatalf("%d messages, %+v", n, x)
		}
		_, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: Confirming, Fix: "Again"}, AnyVersion)
		d.ok(err)
		if x = must(d.GuestAnswers(d.ctx, g, true, "", ClientSays{Text: "Lovely!", Once: "y1"}))(t); x.Stage != Completed || x.Unconfirmed || x.News {
			t.Fatalf("yes: %+v", x)
		}
		x = must(d.GuestAnswers(d.ctx, g, true, "", ClientSays{Text: "Lovely!", Once: "y1"}))(t)
		if n := d.count(`SELECT count(*) FROM message WHERE body = 'Lovely!'`); n != 1 || x.Stage != Completed {
			t.Fatalf("twice: %d %+v", n, x)
		}
		// Yes after silence takes the mark off; no opens it again.
		d.confirming(tech)
		d.linked()
		d.now = d.now.Add(8 * day)
		d.completed(1)
		n := must(d.GuestByNumber(d.ctx, g.ClientID, 2))(t)
		if x = must(d.GuestAnswers(d.ctx, n, true, "", ClientSays{}))(t); x.Stage != Completed || x.Unconfirmed {
			t.Fatalf("late yes: %+v", x)
		}
		if x = must(d.GuestAnswers(d.ctx, n, false, "No.", ClientSays{}))(t); x.Stage != Requested || x.ClosedAt != 0 {
			t.Fatalf("late no: %+v", x)
		}
	})
}

func TestOldAssigneeIsToldOfReopening(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech, other := d.technician("tomas@aldermere.example"), d.technician("maria@aldermere.example")
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE account SET notify = 'mine' WHERE id = ?`, tech.ID)
			return err
		}))
		d.receive(d.mail())
		g := d.at(d.linked()[annaAt])
		_, err := d.Take(d.ctx, tech.Actor(), 1, AnyVersion)
		d.ok(err)
		_, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: Completed, Fix: "Extinguished"}, AnyVersion)
		d.ok(err)
		d.now = d.now.Add(100 * day)
		if n := must(d.Archive(d.ctx, nil))(t); n != 1 {
			t.Fatalf("%d archived", n)
		}
		d.linked()
		_, err = d.SetStage(d.ctx, other.Actor(), 1, StageChange{Stage: InProgress}, AnyVersion)
		d.ok(err)
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notice' AND account_id = ? AND detail LIKE '%opened HD-1 again%'`, tech.ID); n != 1 {
			t.Fatalf("%d notices by hand", n)
		}
		// Their own doing tells nobody.
		_, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: Completed}, AnyVersion)
		d.ok(err)
		_, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: InProgress}, AnyVersion)
		d.ok(err)
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notice'`); n != 1 {
			t.Fatalf("%d notices", n)
		}
		_, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: Completed}, AnyVersion)
		d.ok(err)
		before := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notify' AND account_id = ?`, tech.ID)
		d.receive(d.mail(says("It burns again."), func(in *Inbound) { in.SubjectTags = []int64{1} }))
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notify' AND account_id = ?`, tech.ID); n != before+1 {
			t.Fatalf("%d notifications by reply, %d before", n, before)
		}
		_ = g
	})
}

// TestClientPageOfMergedTickets: a link leads on to where the request went, and
// shows there what was said to this person alone.
func TestClientPageOfMergedTickets(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.receive(d.mail())
		d.receive(d.mail(from(benAt), says("My printer burns, too.")))
		links := d.linked()
		_, err := d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "For Anna alone."})
		d.ok(err)
		d.linked()
		_, err = d.Merge(d.ctx, tech.Actor(), 2, 1, AnyVersion)
		d.ok(err)
		g := d.at(links[benAt])
		if p := must(d.ClientPage(d.ctx, g))(t); p.Ticket.Number != 1 || p.words() != "My printer burns, too." {
			t.Fatalf("HD-%d: %q", p.Ticket.Number, p.words())
		}
		if list := must(d.ClientTickets(d.ctx, g.ClientID))(t); len(list) != 1 || list[0].Number != 1 {
			t.Fatalf("his requests: %+v", list)
		}
		if n := must(d.GuestByNumber(d.ctx, g.ClientID, 2))(t); n != g {
			t.Fatalf("HD-2 leads to %+v", n)
		}
		_, err = d.GuestSays(d.ctx, g, ClientSays{Text: "It still burns."})
		d.ok(err)
		if p := must(d.ClientPage(d.ctx, d.at(links[annaAt])))(t); p.words() != "It smells. | For Anna alone." {
			t.Fatalf("her page: %q", p.words())
		}
		_, err = d.RemoveParticipant(d.ctx, tech.Actor(), 1, g.ClientID)
		d.ok(err)
		_, err = d.GuestByLink(d.ctx, links[benAt])
		d.kindIs(err, migrations.NotFound)
	})
}

// What a technician quotes of a notification has their reply token in it: the
// employee's page shows it as little as mails do.
func TestClientPageShowsNoReplyTokens(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.receive(d.mail())
		token, _ := NewToken()
		must(d.Reply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "Done.\nTo: helpdesk+" + token + "@aldermere.example"}))(t)
		links := d.linked()
		if p := must(d.ClientPage(d.ctx, d.at(links[annaAt])))(t); strings.Contains(p.words(), token) || !strings.Contains(p.words(), "Done.") {
			t.Errorf("the page says %q", p.words())
		}
	})
}

// Files are stored before what they belong to: who sends too many is refused
// before that.
func TestGuestsFilesAreCountedFirst(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		g := Guest{ClientID: 5, TicketID: 1}
		for range guestPerPerson {
			d.ok(d.GuestSends(d.ctx, g, "192.0.2.7"))
		}
		d.kindIs(d.GuestSends(d.ctx, g, "192.0.2.7"), migrations.Temporary)
		d.ok(d.GuestSends(d.ctx, Guest{ClientID: 6, TicketID: 1}, "192.0.2.7"))
	})
}
