package tracker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// An answer waits for its time, can be taken back whole until it leaves, and
// puts the ticket back; then it is too late.
func TestAnswerIsTakenBack(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		d.send()
		tech, other := d.technician("maria@aldermere.example"), d.technician("other@aldermere.example")
		_, err := d.AddParticipant(d.ctx, tech.Actor(), 1, Address{Name: "Ben", Address: "ben@aldermere.example"})
		d.ok(err)
		digest, size, err := d.PutBlob(d.ctx, strings.NewReader("how to"))
		d.ok(err)
		file := Upload{Name: "how.txt", ContentType: "text/plain", Digest: digest, Size: size}
		in := ReplyInput{Text: "Use the other one.", Files: []Upload{file}, Wait: true, TakeBack: true, Once: "k1"}
		id, err := d.Reply(d.ctx, tech.Actor(), 1, in)
		d.ok(err)
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		due := func() []OutboxItem {
			list, err := d.DueOutbox(d.ctx, l, 10)
			d.ok(err)
			return list
		}
		if n := len(due()); n != 0 {
			t.Fatalf("%d mails are due while they can be taken back", n)
		}
		if at, err := d.CanTakeBack(d.ctx, tech.Actor(), 1); err != nil || at[id].Time().Sub(d.now) != 10*time.Second {
			t.Fatalf("it can be taken back until %v %v", at[id].Time(), err)
		}
		if _, err := d.Unsend(d.ctx, other.Actor(), id); migrations.KindOf(err) != migrations.Denied {
			t.Fatalf("somebody else takes it back: %v", err)
		}
		// A second answer to the same mail is shown the first, which has not left.
		if _, err := d.Reply(d.ctx, other.Actor(), 1, ReplyInput{Text: "Me too.", Seen: id - 1, TakeBack: true}); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("a second answer: %v", err)
		}
		back, err := d.Unsend(d.ctx, tech.Actor(), id)
		d.ok(err)
		if back.Number != 1 || back.What != "reply" || back.Text != in.Text || len(back.Files) != 1 || back.Files[0] != file {
			t.Fatalf("got back %+v", back)
		}
		x, err := d.TicketByNumber(d.ctx, 1)
		d.ok(err)
		if x.Stage != Requested || !x.News || x.Waiting != "" || x.WaitingSince != 0 || x.FirstAnswerAt != 0 {
			t.Fatalf("the ticket is %s, news %v, waits %q, answered %d", x.Stage, x.News, x.Waiting, x.FirstAnswerAt)
		}
		for _, q := range []string{`SELECT count(*) FROM message WHERE direction = 'out'`, `SELECT count(*) FROM outbox WHERE kind = 'reply'`, `SELECT count(*) FROM take_back`, `SELECT count(*) FROM attachment WHERE name = 'how.txt'`} {
			if n := d.count(q); n != 0 {
				t.Errorf("%s: %d", q, n)
			}
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'taken_back'`); n != 1 {
			t.Errorf("%d events", n)
		}
		if _, err := d.Unsend(d.ctx, tech.Actor(), id); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("twice: %v", err)
		}

		// Without Ben, and until the mail begins to leave.
		ben := d.count(`SELECT client_id FROM participant`)
		in.Without, in.Once = []int64{int64(ben)}, "k2"
		id, err = d.Reply(d.ctx, tech.Actor(), 1, in)
		d.ok(err)
		d.now = d.now.Add(10 * time.Second)
		items := due()
		if len(items) != 1 || items[0].ToAddress != "anna@aldermere.example" {
			t.Fatalf("due: %+v", items)
		}
		token, _ := NewToken()
		d.ok(d.Rendered(d.ctx, l, items[0].ID, Rendered{Bytes: []byte("mail " + token), MailID: tokenID(token), Token: token}))
		// Written, but nothing of it has left: it can be taken back still, and the mailer finds nothing.
		_, err = d.Unsend(d.ctx, tech.Actor(), id)
		d.ok(err)
		if err := d.Sending(d.ctx, l, items[0].ID); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("what was taken back is sent: %v", err)
		}
		if n := d.count(`SELECT count(*) FROM reply_token WHERE hash = ?`, HashToken(token)) + d.count(`SELECT count(*) FROM message_ref WHERE ref = ?`, tokenID(token)); n != 0 {
			t.Errorf("%d traces of a mail that never left", n)
		}
		in.Once = "k3"
		id, err = d.Reply(d.ctx, tech.Actor(), 1, in)
		d.ok(err)
		d.now = d.now.Add(11 * time.Second)
		items = due()
		d.ok(d.Rendered(d.ctx, l, items[0].ID, Rendered{Bytes: []byte("mail 2 " + token), MailID: "x" + tokenID(token), Token: token}))
		d.ok(d.Sending(d.ctx, l, items[0].ID))
		if _, err := d.Unsend(d.ctx, tech.Actor(), id); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("what is being sent is taken back: %v", err)
		}
		d.ok(d.Sent(d.ctx, l, items[0].ID, "250", ""))

		// Asking whether it helped: the fix stays, the stage goes back; moved since, it stays.
		x, err = d.TicketByNumber(d.ctx, 1)
		d.ok(err)
		x, err = d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: Confirming, Fix: "New cable.", TakeBack: true}, x.Version)
		d.ok(err)
		ask := int64(d.count(`SELECT MAX(id) FROM message`))
		back, err = d.Unsend(d.ctx, tech.Actor(), ask)
		d.ok(err)
		if x, err = d.TicketByNumber(d.ctx, 1); err != nil || back.What != "fix" || back.Text != "New cable." || x.Stage != InProgress || x.Fix != "New cable." {
			t.Fatalf("got back %+v, the ticket is %s %q", back, x.Stage, x.Fix)
		}
		id, err = d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "Does it help?", ThenStage: Confirming, TakeBack: true})
		d.ok(err)
		x, err = d.TicketByNumber(d.ctx, 1)
		d.ok(err)
		_, err = d.SetStage(d.ctx, other.Actor(), 1, StageChange{Stage: Completed}, x.Version)
		d.ok(err)
		_, err = d.Unsend(d.ctx, tech.Actor(), id)
		d.ok(err)
		if x, err = d.TicketByNumber(d.ctx, 1); err != nil || x.Stage != Completed {
			t.Fatalf("somebody's stage was undone: %s", x.Stage)
		}
		d.ok(l.Release(d.ctx))
	})
}

// Neither a clock that was ahead nor one that is set back holds mail for long,
// and without the setting an answer goes at once.
func TestAnswerWaitsForItsMomentOnly(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		d.send()
		tech := d.technician("maria@aldermere.example")
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		due := func() int {
			list, err := d.DueOutbox(d.ctx, l, 10)
			d.ok(err)
			return len(list)
		}
		_, err = d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "One.", TakeBack: true})
		d.ok(err)
		was := d.now
		for back, want := range map[time.Duration]int{0: 0, 30 * time.Second: 0, 51 * time.Second: 1, time.Hour: 1, 24 * 365 * time.Hour: 1} {
			d.now = was.Add(-back)
			if n := due(); n != want {
				t.Errorf("%s earlier %d mails are due", back, n)
			}
		}
		d.now = was
		_, err = d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "At once."})
		d.ok(err)
		d.now = was.Add(-30 * time.Second)
		if n := due(); n != 1 {
			t.Errorf("%d due: what goes at once waits for no clock", n)
		}
		d.now = was
		d.ok(d.SetSetting(d.ctx, Actor{}, SetTakeBack, "0"))
		id, err := d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "Two.", TakeBack: true})
		d.ok(err)
		if n := due(); n != 2 {
			t.Errorf("%d due with nothing to take back", n)
		}
		if _, err := d.Unsend(d.ctx, tech.Actor(), id); migrations.KindOf(err) != migrations.Conflict {
			t.Errorf("it can be taken back: %v", err)
		}
		for _, bad := range []string{"-1", "61", "ten", ""} {
			if _, err := CheckSetting(SetTakeBack, bad); migrations.KindOf(err) != migrations.Invalid {
				t.Errorf("%q: %v", bad, err)
			}
		}
		d.ok(l.Release(d.ctx))
	})
}

func TestWatchersAreToldLikeTheAssignee(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		d.send()
		mine, watcher, silent := d.technician("mine@aldermere.example"), d.technician("watcher@aldermere.example"), d.technician("silent@aldermere.example")
		for a, notify := range map[int64]string{mine.ID: NotifyMine, watcher.ID: NotifyMine, silent.ID: NotifyNone} {
			_, err := d.UpdateAccount(d.ctx, Actor{}, a, AccountChange{Notify: &notify}, AnyVersion)
			d.ok(err)
		}
		x, err := d.Assign(d.ctx, mine.Actor(), 1, mine.ID, AnyVersion)
		d.ok(err)
		for _, a := range []Account{watcher, watcher, silent} {
			_, err = d.WatchTicket(d.ctx, a.Actor(), 1)
			d.ok(err)
		}
		list, _, err := d.Tickets(d.ctx, TicketFilter{WatcherID: watcher.ID}, "", 0)
		d.ok(err)
		who, err := d.Watchers(d.ctx, x.ID)
		d.ok(err)
		if len(list) != 1 || len(who) != 2 {
			t.Fatalf("%d tickets watched by %d", len(list), len(who))
		}
		told := func() string {
			var to []string
			d.ok(d.db.Select(d.ctx, &to, `SELECT to_address FROM outbox WHERE kind = 'notify' AND state = 'queued' ORDER BY to_address`))
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(d.ctx, `UPDATE outbox SET state = 'cancelled' WHERE state = 'queued'`)
				return err
			}))
			return strings.Join(to, " ")
		}
		told()
		d.want(d.receive(d.mail(answers("m1@aldermere.example"))), FateAppend, "HD-1", 0)
		if got := told(); got != "mine@aldermere.example watcher@aldermere.example" {
			t.Errorf("told: %s", got)
		}
		_, err = d.UnwatchTicket(d.ctx, watcher.Actor(), 1)
		d.ok(err)
		d.want(d.receive(d.mail(answers("m1@aldermere.example"))), FateAppend, "HD-1", 0)
		if got := told(); got != "mine@aldermere.example" {
			t.Errorf("told after unwatching: %s", got)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind IN ('watched', 'unwatched')`); n != 3 {
			t.Errorf("%d events", n)
		}
		d.ok(d.DeleteTicket(d.ctx, Actor{}, 1, "a test"))
		if n := d.count(`SELECT count(*) FROM watcher`); n != 0 {
			t.Errorf("%d watchers of a deleted ticket", n)
		}
	})
}

// Another node sees who is where through the database, without a row being
// written but by beats, and what beats no more is gone.
func TestPresenceAcrossNodes(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail())
		maria, ben := d.technician("maria@aldermere.example"), d.technician("ben@aldermere.example")
		node := New(d.db, Options{Clock: func() time.Time { return d.now }, Node: "other"})
		page := func(n int) string { return fmt.Sprintf("page-%032d", n) }
		news := node.WatchPresence(d.ctx)
		seen := func(want string) {
			t.Helper()
			end := time.After(5 * time.Second)
			for {
				list, err := node.Present(d.ctx, 1, ben.ID)
				d.ok(err)
				var got []string
				for _, p := range list {
					got = append(got, fmt.Sprint(p.AccountID-maria.ID, p.Doing))
				}
				if strings.Join(got, " ") == want {
					return
				}
				select {
				case <-news:
				case <-end:
					t.Fatalf("the other node sees %q, want %q", got, want)
				}
			}
		}
		d.ok(d.Here(d.ctx, maria.Actor(), 1, page(1), Looking))
		seen("0look")
		d.ok(d.Here(d.ctx, ben.Actor(), 1, page(2), WritingReply))
		d.ok(d.Here(d.ctx, maria.Actor(), 1, page(3), WritingReply))
		d.ok(d.Here(d.ctx, maria.Actor(), 1, page(1), Looking))
		seen("0reply")
		d.ok(d.Left(d.ctx, ben.Actor(), page(3))) // not his
		d.ok(d.Left(d.ctx, maria.Actor(), page(3)))
		seen("0look")
		// Its machine sleeps: the row says nothing new. A node that sees it first goes by the row's own time.
		d.now = d.now.Add(time.Minute)
		third := New(d.db, Options{Clock: func() time.Time { return d.now }, Node: "third"})
		if list, err := third.Present(d.ctx, 1, 0); err != nil || len(list) != 0 {
			t.Errorf("pages that sleep are there: %v %v", list, err)
		}
		d.now = d.now.Add(time.Hour)
		d.ok(d.Here(d.ctx, maria.Actor(), 1, page(4), Looking))
		if n := d.count(`SELECT count(*) FROM presence`); n != 1 {
			t.Errorf("%d rows are kept", n)
		}
		for _, bad := range []struct{ page, doing string }{{"short", "look"}, {page(5), "dance"}} {
			if err := d.Here(d.ctx, maria.Actor(), 1, bad.page, Doing(bad.doing)); migrations.KindOf(err) != migrations.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'presence'`); n != 0 {
			t.Errorf("%d events of looking", n)
		}
	})
}

func TestCannedReplies(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		bad := func(err error, want migrations.Kind) {
			t.Helper()
			if migrations.KindOf(err) != want {
				t.Fatalf("got %v", err)
			}
		}
		shared, err := d.AddCanned(ctx, d.admin, Canned{Title: "Restart", Body: "Hello {first_name},\n\nplease restart {asset}.\n"})
		ok(err)
		own, err := d.AddCanned(ctx, d.tech, Canned{AccountID: -1, Title: "Printer", Body: "About {ticket}: which printer?"})
		ok(err)
		_, err = d.AddCanned(ctx, d.manager, Canned{Title: "Everybody's", Body: "x"})
		bad(err, migrations.Denied)
		_, err = d.AddCanned(ctx, d.manager, Canned{AccountID: -1, Title: "Mine", Body: "x"})
		bad(err, migrations.Denied)
		_, err = d.AddCanned(ctx, d.admin, Canned{Title: "Unknown", Body: "Hello {nme}"})
		bad(err, migrations.Invalid)
		if !strings.Contains(err.Error(), "{nme}") || !strings.Contains(err.Error(), "{first_name}") {
			t.Errorf("it says %v", err)
		}
		_, err = d.AddCanned(ctx, d.admin, Canned{Title: "restart", Body: "x"})
		bad(err, migrations.Invalid)
		list, err := d.CannedReplies(ctx, d.admin.ID)
		ok(err)
		if len(list) != 1 {
			t.Fatalf("others' own are seen: %+v", list)
		}
		_, err = d.CannedReply(ctx, own.ID, d.admin.ID)
		bad(err, migrations.NotFound)

		// Two edit it: the second is told.
		_, err = d.EditCanned(ctx, d.admin, shared.ID, Canned{Title: "Restart it", Body: shared.Body}, shared.Version)
		ok(err)
		_, err = d.EditCanned(ctx, d.admin, shared.ID, Canned{Title: "Turn it off", Body: shared.Body}, shared.Version)
		bad(err, migrations.Conflict)
		_, err = d.EditCanned(ctx, d.manager, shared.ID, Canned{Title: "Mine now", Body: shared.Body}, shared.Version+1)
		bad(err, migrations.Denied)
		_, err = d.EditCanned(ctx, d.admin, own.ID, Canned{Title: "Mine now", Body: shared.Body}, AnyVersion)
		bad(err, migrations.NotFound)

		x := d.open(t, "Screen", "anna")
		values, err := d.CannedValues(ctx, &x, d.tech, "")
		ok(err)
		text := shared.Fill(values)
		if !strings.Contains(text, "⟦asset⟧") || strings.Contains(text, "{") {
			t.Fatalf("filled: %q", text)
		}
		_, err = d.Reply(ctx, d.tech.Actor(), x.Number, ReplyInput{Text: text, Canned: []int64{shared.ID}})
		bad(err, migrations.Invalid)
		_, err = d.Reply(ctx, d.tech.Actor(), x.Number, ReplyInput{Text: strings.Replace(text, "⟦asset⟧", "the screen", 1), Canned: []int64{own.ID, own.ID}})
		ok(err)
		list, err = d.CannedReplies(ctx, d.tech.ID)
		ok(err)
		if len(list) != 2 || list[0].ID != own.ID || list[0].Used != 1 {
			t.Errorf("the most used is not first: %+v", list)
		}
		if found := FindCanned(list, "restart asset"); len(found) != 1 || found[0].ID != shared.ID {
			t.Errorf("found %+v", found)
		}
		was, err := d.RemoveCanned(ctx, d.tech, own.ID)
		ok(err)
		_, err = d.AddCanned(ctx, d.tech, was)
		ok(err)
		sign := "{technician}, IT"
		a, err := d.UpdateAccount(ctx, d.tech.Actor(), d.tech.ID, AccountChange{Signature: &sign}, AnyVersion)
		ok(err)
		if a.Signature != sign {
			t.Errorf("signature %q", a.Signature)
		}
		sign = "{telephone}"
		_, err = d.UpdateAccount(ctx, d.tech.Actor(), d.tech.ID, AccountChange{Signature: &sign}, AnyVersion)
		bad(err, migrations.Invalid)
		drafts, err := d.DraftReply(ctx, d.tech.Actor(), x.Number, ReplyInput{Text: "Hello"})
		ok(err)
		if len(drafts) != 1 || drafts[0].Mailbox != "help" || drafts[0].ToAddress != "anna@office.example" || drafts[0].Message.Signature != a.Signature || drafts[0].Quoted == nil {
			t.Errorf("the draft is %+v", drafts)
		}
	})
}

func TestGivenName(t *testing.T) {
	for name, want := range map[string]string{"Anna Kovac": "Anna", "Kovac, Anna": "Anna", "Anna": "Anna", "": "", "Kovac,": "Kovac,"} {
		if got := givenName(name); got != want {
			t.Errorf("%q is called %q", name, got)
		}
	}
}
