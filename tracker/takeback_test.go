package tracker

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// An answer that waits goes where its ticket goes, and with it: taken back, it
// is nowhere, and what it answered is news again, on children too.
func TestAnswerIsTakenBackWhereItIs(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.pair()
		d.want(d.receive(d.mail(from("cleo@aldermere.example"), says("Fire!"))), FateNew, "HD-3", 1)
		left := func(id int64) {
			t.Helper()
			for _, q := range []string{`SELECT count(*) FROM message WHERE id = ?`, `SELECT count(*) FROM take_back WHERE message_id = ?`, `SELECT count(*) FROM outbox WHERE kind = 'reply' AND message_id = ?`} {
				if n := d.count(q, id); n != 0 {
					t.Errorf("%s: %d", q, n)
				}
			}
		}
		// Merged while it waits.
		id := must(d.Reply(d.ctx, tomas.Actor(), 2, ReplyInput{Text: "Where?", TakeBack: true}))(t)
		_, err := d.Merge(d.ctx, tomas.Actor(), 2, 1, AnyVersion)
		d.ok(err)
		back := must(d.Unsend(d.ctx, tomas.Actor(), id))(t)
		if x := d.ticketOf(1); back.Number != 1 || !x.News || x.Stage != Requested || x.FirstAnswerAt != 0 {
			t.Errorf("taken back on HD-%d, which is %s, news %v", back.Number, x.Stage, x.News)
		}
		left(id)
		d.ok(second(d.Unmerge(d.ctx, tomas.Actor(), 2)))
		d.sound()
		// Sent to the children, too, one of whom somebody else has answered since.
		d.ok(second(d.Adopt(d.ctx, tomas.Actor(), 3, []int64{1, 2})))
		d.ok(second(d.AddParticipant(d.ctx, tomas.Actor(), 3, Address{Name: "Ben", Address: "ben@aldermere.example"})))
		ben := d.ticketOf(2).ClientID
		id = must(d.Reply(d.ctx, tomas.Actor(), 3, ReplyInput{Text: "We are on it", Children: true, TakeBack: true, Without: []int64{ben}}))(t)
		d.now = d.now.Add(time.Second)
		d.ok(second(d.Reply(d.ctx, tomas.Actor(), 2, ReplyInput{Text: "Yours, too"})))
		d.ok(second(d.AddNote(d.ctx, tomas.Actor(), 2, NoteNote, "told")))
		if back = must(d.Unsend(d.ctx, tomas.Actor(), id))(t); len(back.Without) != 1 || back.Without[0] != ben {
			t.Errorf("who was not to get it is forgotten: %v", back.Without)
		}
		left(id)
		one, two := d.ticketOf(1), d.ticketOf(2)
		if !one.News || one.FirstAnswerAt != 0 || two.News || two.FirstAnswerAt != migrations.At(d.now) || !d.ticketOf(3).News {
			t.Errorf("the children: news %v %v, answered %d %d", one.News, two.News, one.FirstAnswerAt, two.FirstAnswerAt)
		}
		d.sound()
		// Erased or deleted while one waits: it does not leave, and nobody can take it back.
		for what, gone := range map[string]func() error{
			"erased": func() error {
				return d.Erase(d.ctx, Actor{}, Erasure{Address: "cleo@aldermere.example", Keep: true}, nil)
			},
			"deleted": func() error { return d.DeleteTicket(d.ctx, Actor{}, 1, "a test") },
		} {
			n, whom := int64(3), "cleo@aldermere.example"
			if what == "deleted" {
				n, whom = 1, "anna@aldermere.example"
			}
			id = must(d.Reply(d.ctx, tomas.Actor(), n, ReplyInput{Text: "Hello", TakeBack: true}))(t)
			d.ok(gone())
			if k := d.count(`SELECT count(*) FROM outbox WHERE state = 'queued' AND to_address = ?`, whom); k != 0 {
				t.Errorf("%s: %d mails leave all the same", what, k)
			}
			if _, err := d.Unsend(d.ctx, tomas.Actor(), id); err != nil && migrations.KindOf(err) != migrations.Conflict {
				t.Errorf("%s: %v", what, err)
			}
			d.sound()
		}
	})
}

// Who watches a ticket watches what becomes of it, and is not told once their
// account is closed.
func TestWatchersGoAlong(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas, eva := d.technician("tomas@aldermere.example"), d.technician("eva@aldermere.example")
		all := NotifyMine
		for _, a := range []Account{tomas, eva} {
			d.ok(second(d.UpdateAccount(d.ctx, Actor{}, a.ID, AccountChange{Notify: &all}, AnyVersion)))
		}
		d.pair()
		d.want(d.receive(d.mail(answers("m1@aldermere.example"), says("And my chair is broken"))), FateAppend, "HD-1", 0)
		d.ok(second(d.WatchTicket(d.ctx, tomas.Actor(), 1)))
		d.ok(second(d.WatchTicket(d.ctx, eva.Actor(), 2)))
		m := int64(d.count(`SELECT MAX(id) FROM message`))
		split := must(d.Split(d.ctx, eva.Actor(), Splitting{MessageID: m}))(t)
		if who := must(d.Watchers(d.ctx, split.ID))(t); len(who) != 1 || who[0].ID != tomas.ID {
			t.Errorf("what was split off is watched by %v", who)
		}
		// Eva watches both: taking the merge back leaves what she chose herself.
		d.ok(second(d.WatchTicket(d.ctx, eva.Actor(), 1)))
		into := must(d.Merge(d.ctx, eva.Actor(), 2, 1, AnyVersion))(t)
		d.ok(second(d.Unmerge(d.ctx, eva.Actor(), 2)))
		if a, b := must(d.Watchers(d.ctx, into.ID))(t), must(d.Watchers(d.ctx, d.ticketOf(2).ID))(t); len(a) != 2 || len(b) != 1 {
			t.Errorf("watched by %d and %d", len(a), len(b))
		}
		off := false
		d.ok(second(d.UpdateAccount(d.ctx, Actor{}, tomas.ID, AccountChange{Enabled: &off}, AnyVersion)))
		d.want(d.receive(d.mail(answers("m1@aldermere.example"), says("Well?"))), FateAppend, "HD-1", 0)
		if who := must(d.Watchers(d.ctx, into.ID))(t); len(who) != 1 || d.count(`SELECT count(*) FROM outbox WHERE kind = 'notify' AND account_id = ? AND message_id > ?`, tomas.ID, m) != 0 {
			t.Errorf("a closed account watches: %v", who)
		}
	})
}

// What a client says on their page marks the ticket's parent while a
// technician merges the two: neither waits for the other for ever. Without the
// numbers locked first PostgreSQL ends one of them.
func TestSayingWhileMerging(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.pair()
		d.ok(second(d.Adopt(d.ctx, tomas.Actor(), 1, []int64{2})))
		child, parent := d.ticketOf(2), d.ticketOf(1)
		// The parent is held, as by who merges; the client's words wait for it.
		commit := hold(t, d.db, func(tx *migrations.Tx) error {
			if _, err := lockNumbersTx(context.Background(), tx); err != nil {
				return err
			}
			_, err := tx.Exec(context.Background(), `UPDATE ticket SET updated_at = updated_at WHERE id = ?`, parent.ID)
			return err
		})
		said := make(chan error, 1)
		g := Guest{ClientID: child.ClientID, TicketID: child.ID}
		if now, err := d.guest(d.ctx, d.db, child.ClientID, child.ID); err == nil {
			g = now
		}
		go func() {
			_, err := d.GuestSays(context.Background(), g, ClientSays{Text: "It smells again"})
			said <- err
		}()
		waitBlocked(t, d.db, 1)
		// Who waits must hold no ticket that the other still needs.
		if d.db.Engine == migrations.Postgres {
			var id int64
			err := d.db.Get(d.ctx, &id, `SELECT id FROM ticket WHERE id = ? FOR UPDATE NOWAIT`, child.ID)
			if err != nil {
				t.Errorf("the client's words hold the child while they wait for its parent: %v", err)
			}
		}
		commit()
		d.ok(<-said)
		if !d.ticketOf(1).News {
			t.Error("the parent shows no news")
		}
	})
}

// Taken back, an answer leaves its ticket as it was: what it answered is news
// again, however often the ticket was answered before, and nobody is told that
// it is completed.
func TestTakenBackAsItWas(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.ok(d.SetSetting(d.ctx, Actor{}, SetSatisfaction, "on"))
		d.pair()
		d.ok(second(d.Take(d.ctx, tomas.Actor(), 1, AnyVersion)))
		d.now = d.now.Add(time.Hour)
		d.ok(second(d.Reply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "Which printer?"})))
		d.now = d.now.Add(time.Hour)
		d.want(d.receive(d.mail(answers("m1@aldermere.example"), says("The one by the door"))), FateAppend, "HD-1", 0)
		closed := func() int { return d.count(`SELECT count(*) FROM outbox WHERE kind = 'closed'`) }
		for _, stage := range []Stage{"", Completed} {
			d.now = d.now.Add(time.Hour)
			id := must(d.Reply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "It works now", ThenStage: stage, Fix: "Switched it on", TakeBack: true}))(t)
			if stage == Completed {
				early := d.count(`SELECT count(*) FROM outbox WHERE kind = 'closed' AND due_at < (SELECT MIN(r.due_at) FROM outbox r WHERE r.message_id = ?)`, id)
				if closed() != 1 || early != 0 {
					t.Errorf("%d mails say that it is completed, %d before its answer", closed(), early)
				}
			}
			d.now = d.now.Add(time.Second)
			d.ok(second(d.Unsend(d.ctx, tomas.Actor(), id)))
			if x := d.ticketOf(1); !x.News || x.Stage != InProgress || closed() != 0 {
				t.Errorf("taken back: %s, news %v, %d mails say that it is completed", x.Stage, x.News, closed())
			}
		}
	})
}

// Nobody is told that a ticket is completed which is open again.
func TestOpenAgainIsNotToldAsCompleted(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.ok(d.SetSetting(d.ctx, Actor{}, SetSatisfaction, "on"))
		d.pair()
		for _, way := range []struct {
			name  string
			again func() error
		}{
			{"by hand", func() error { return second(d.SetStage(d.ctx, tomas, 1, StageChange{Stage: InProgress}, AnyVersion)) }},
			{"by its client", func() error {
				d.receive(d.mail(answers("m1@aldermere.example"), says("It smokes again, please come")))
				return nil
			}},
			{"by a merge", func() error { return second(d.Merge(d.ctx, tomas, 1, 2, AnyVersion)) }},
		} {
			t.Run(way.name, func(t *testing.T) {
				d.ok(second(d.SetStage(d.ctx, tomas, 1, StageChange{Stage: Completed, Fix: "Switched it on"}, AnyVersion)))
				if d.count(`SELECT count(*) FROM outbox WHERE kind = 'closed'`) != 1 {
					t.Fatal("nobody would be told")
				}
				d.ok(way.again())
				if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'closed'`); n != 0 {
					t.Errorf("%d mails say that it is completed", n)
				}
			})
		}
	})
}

// What waits on a vendor names nobody who was erased.
func TestErasedPeopleAreNoVendors(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.pair()
		d.ok(second(d.SetWaiting(d.ctx, tomas.Actor(), 2, Waiting{On: WaitingVendor, Vendor: "Fixit, for anna@aldermere.example"}, AnyVersion)))
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example", Keep: true}, nil))
		if v := d.ticketOf(2).Vendor; strings.Contains(v, "anna") || !strings.Contains(v, "Fixit") {
			t.Errorf("it waits on %q", v)
		}
	})
}

func TestMailKindsAreAll(t *testing.T) {
	for kind := range mailPriority {
		if !slices.Contains(MailKinds(), kind) {
			t.Errorf("mails of kind %s can not be chosen", kind)
		}
	}
}
