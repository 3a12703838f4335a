package tracker

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

func TestCodeProvesAnAddress(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.SetAccountMailbox(d.mailbox.ID)
		d.receive(d.mail())
		d.receive(d.mail(from(benAt), says("Mine")))
		d.linked()
		const ip = "192.0.2.1"
		enter := func(challenge, code string, want migrations.Kind) string {
			t.Helper()
			session, err := d.EnterCode(d.ctx, challenge, code, ip)
			if want != "" {
				d.kindIs(err, want)
			} else {
				d.ok(err)
			}
			return session
		}
		mine := must(d.AskCode(d.ctx, " Anna@Aldermere.example ", ip))(t)
		nobody := must(d.AskCode(d.ctx, "nobody@aldermere.example", ip))(t)
		if len(mine) != len(nobody) || d.count(`SELECT count(*) FROM outbox WHERE kind = 'code'`) != 1 {
			t.Fatal("whether an address is known can be told")
		}
		enter(mine, "00000000", migrations.Invalid) // not rendered: there is none to guess
		code := d.linked()["code "+annaAt]
		if len(code) != 8 || d.count(`SELECT count(*) FROM client_code WHERE hash = ? OR hash = ? OR challenge = ?`, code, HashToken(code), mine) != 0 {
			t.Fatal("the code or the challenge is kept so that it can be found")
		}
		if d.count(`SELECT count(*) FROM outbox WHERE kind = 'code' AND digest <> ''`) != 0 {
			t.Fatal("the mail's bytes are kept")
		}
		enter(nobody, code, migrations.Invalid) // another browser's challenge
		enter("", code, migrations.Invalid)
		session := enter(mine, " "+code[:4]+" "+code[4:]+" ", "")
		enter(mine, code, migrations.Invalid) // once
		id := must(d.ClientOfSession(d.ctx, session))(t)
		list := must(d.ClientTickets(d.ctx, id))(t)
		if id == 0 || len(list) != 1 || list[0].Number != 1 {
			t.Fatalf("%d sees %+v", id, list)
		}
		_, err := d.GuestByNumber(d.ctx, id, 2)
		d.kindIs(err, migrations.NotFound)
		for _, bad := range []string{"", "x", HashToken(session), mine} {
			if n := must(d.ClientOfSession(d.ctx, bad))(t); n != 0 {
				t.Fatalf("%q is client %d", bad, n)
			}
		}
		// Left, and over.
		d.ok(d.LeaveClientSession(d.ctx, session))
		if n := must(d.ClientOfSession(d.ctx, session))(t); n != 0 {
			t.Fatal("it goes on after leaving")
		}
		mine = must(d.AskCode(d.ctx, annaAt, ip))(t)
		session = enter(mine, d.linked()["code "+annaAt], "")
		d.now = d.now.Add(ClientSessionLife)
		if n := must(d.ClientOfSession(d.ctx, session))(t); n != 0 {
			t.Fatal("it goes on for ever")
		}
		d.ok(d.sweepGuests(d.ctx, nil))
		if n := d.count(`SELECT (SELECT count(*) FROM client_session) + (SELECT count(*) FROM client_code)`); n != 0 {
			t.Fatalf("%d rows are left", n)
		}
	})
}

func TestCodeIsNotGuessed(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.SetAccountMailbox(d.mailbox.ID)
		d.receive(d.mail())
		d.linked()
		wrong := func(code string) string {
			if code[0] == '0' {
				return "1" + code[1:]
			}
			return "0" + code[1:]
		}
		mine := must(d.AskCode(d.ctx, annaAt, "192.0.2.1"))(t)
		code := d.linked()["code "+annaAt]
		for range codeTries {
			_, err := d.EnterCode(d.ctx, mine, wrong(code), "192.0.2.1")
			d.kindIs(err, migrations.Invalid)
		}
		_, err := d.EnterCode(d.ctx, mine, code, "192.0.2.1")
		d.kindIs(err, migrations.Invalid) // five wrong ones spoil it
		// A late one, and a third and a fourth of one address.
		mine = must(d.AskCode(d.ctx, annaAt, "192.0.2.1"))(t)
		code = d.linked()["code "+annaAt]
		_ = must(d.AskCode(d.ctx, annaAt, "192.0.2.2"))(t)
		_ = must(d.AskCode(d.ctx, annaAt, "192.0.2.3"))(t) // the same answer, and no mail
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'code'`); n != codesPerAddress {
			t.Fatalf("%d codes were mailed", n)
		}
		d.now = d.now.Add(codeLife)
		_, err = d.EnterCode(d.ctx, mine, code, "192.0.2.1")
		d.kindIs(err, migrations.Invalid)
		// One network: so many addresses, so many tries.
		for range codesPerNetwork {
			_, err = d.AskCode(d.ctx, "x@aldermere.example", "192.0.2.9")
			d.ok(err)
		}
		_, err = d.AskCode(d.ctx, "y@aldermere.example", "192.0.2.9")
		d.kindIs(err, migrations.Temporary)
		for range codeTriesFrom {
			_, err = d.EnterCode(d.ctx, mine, "12345678", "192.0.2.9")
			d.kindIs(err, migrations.Invalid)
		}
		_, err = d.EnterCode(d.ctx, mine, "12345678", "192.0.2.9")
		d.kindIs(err, migrations.Temporary)
		d.now = d.now.Add(time.Hour)
		for _, odd := range []string{"", "1234567", "123456789", strings.Repeat("1", 5000), "abcdefgh", "'; DROP TABLE"} {
			_, err = d.EnterCode(d.ctx, mine, odd, "192.0.2.8")
			d.kindIs(err, migrations.Invalid)
		}
	})
}

func TestHowItWasIsAskedOnce(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		asked := func() int { return d.count(`SELECT count(*) FROM outbox WHERE kind = 'closed'`) }
		complete := func(number int64) {
			t.Helper()
			_, err := d.SetStage(d.ctx, tech.Actor(), number, StageChange{Stage: Completed, Fix: "Extinguished"}, AnyVersion)
			d.ok(err)
		}
		again := func(number int64) {
			t.Helper()
			_, err := d.SetStage(d.ctx, tech.Actor(), number, StageChange{Stage: InProgress}, AnyVersion)
			d.ok(err)
		}
		d.receive(d.mail())
		complete(1)
		if asked() != 0 {
			t.Fatal("asked though the setting is off")
		}
		g := d.at(d.linked()[annaAt])
		d.kindIs(d.Rate(d.ctx, g, ScoreGood, "", ""), migrations.Conflict)
		again(1)
		d.ok(d.SetSetting(d.ctx, Actor{}, SetSatisfaction, "on"))
		complete(1)
		if asked() != 1 {
			t.Fatalf("asked %d times", asked())
		}
		again(1)
		d.kindIs(d.Rate(d.ctx, g, ScoreGood, "", ""), migrations.Conflict) // it is open
		complete(1)
		if asked() != 1 {
			t.Fatal("asked twice within a week")
		}
		// Robots, addresses that nobody reads, that bounce, and nobody: never.
		d.receive(d.mail(from("noreply@aldermere.example"), says("Disk full")))
		d.receive(d.mail(from("robot@aldermere.example"), func(in *Inbound) { in.Class = ClassAutoReply }))
		d.receive(d.mail(from(benAt), says("Hello")))
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE client_address SET bounced_at = ? WHERE address = ?`, d.stamp(), benAt)
			return err
		}))
		for n := int64(2); n <= 4; n++ {
			complete(n)
		}
		if asked() != 1 {
			t.Fatalf("asked %d times, who must not be", asked())
		}
		// Silence asks, the page itself asks on the page, and an answer ends it.
		d.confirming(tech)
		d.linked()
		d.now = d.now.Add(8 * day)
		d.completed(1)
		if asked() != 2 {
			t.Fatalf("asked %d times after silence", asked())
		}
		d.confirming(tech)
		h := d.at(d.linked()[annaAt])
		_ = must(d.GuestAnswers(d.ctx, h, true, "", ClientSays{}))(t)
		if asked() != 2 {
			t.Fatal("asked by mail, too")
		}
		d.ok(d.Rate(d.ctx, h, ScoreSoSo, "Slow", ""))
		d.ok(d.Rate(d.ctx, h, ScoreGood, "Good after all, /r/"+strings.Repeat("a", 26), ""))
		said := must(d.Satisfactions(d.ctx, h.TicketID))(t)
		if len(said) != 1 || said[0].Score != ScoreGood || said[0].Comment != "Good after all, /r/…" || said[0].Name != "Anna Berg" {
			t.Fatalf("%+v", said)
		}
		for _, score := range []int64{0, 4, -1} {
			d.kindIs(d.Rate(d.ctx, h, score, "", ""), migrations.Invalid)
		}
		d.kindIs(d.Rate(d.ctx, h, 1, strings.Repeat("x", maxRated+1), ""), migrations.Invalid)
	})
}

// TestErasedClientsLeaveNoLinks: nothing of these tables is left of an erased
// person, nor of a deleted ticket, and what others said of them goes.
func TestErasedClientsLeaveNoLinks(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.SetAccountMailbox(d.mailbox.ID)
		tech := d.technician("tomas@aldermere.example")
		d.ok(d.SetSetting(d.ctx, Actor{}, SetSatisfaction, "on"))
		for _, who := range []string{annaAt, benAt} {
			o := d.receive(d.mail(from(who), says("Hello "+who)))
			_, err := d.SetStage(d.ctx, tech.Actor(), must(ParseTicketName(o.Ticket))(t), StageChange{Stage: Completed, Fix: "Done"}, AnyVersion)
			d.ok(err)
		}
		links := d.linked()
		a, b := d.at(links[annaAt]), d.at(links[benAt])
		d.ok(d.Rate(d.ctx, a, 3, "Mine alone", ""))
		d.ok(d.Rate(d.ctx, b, 1, "It was "+annaAt+" who broke it", ""))
		mine := must(d.AskCode(d.ctx, annaAt, ""))(t)
		code := d.linked()["code "+annaAt]
		_ = must(d.EnterCode(d.ctx, mine, code, ""))(t)
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: annaAt, Keep: true}, nil))
		for _, table := range []string{"client_link", "client_code", "client_session", "satisfaction"} {
			if n := d.count(`SELECT count(*) FROM `+table+` WHERE client_id = ?`, a.ClientID); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		_, err := d.GuestByLink(d.ctx, links[annaAt])
		d.kindIs(err, migrations.NotFound)
		if said := must(d.Satisfactions(d.ctx, b.TicketID))(t); len(said) != 1 || strings.Contains(said[0].Comment, annaAt) {
			t.Fatalf("%+v", said)
		}
		d.ok(d.DeleteTicket(d.ctx, Actor{}, 2, "A test"))
		if n := d.count(`SELECT (SELECT count(*) FROM client_link) + (SELECT count(*) FROM satisfaction)`); n != 0 {
			t.Fatalf("%d rows are left of a deleted ticket", n)
		}
	})
}
