package tracker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// sound fails where a check of the database finds something wrong.
func (d *mailDesk) sound() {
	d.t.Helper()
	for _, c := range Checks(d.db.Engine) {
		if strings.HasPrefix(c.Name, "search") || strings.Contains(c.Name, "as they left") {
			continue
		}
		var wrong []string
		d.ok(d.db.Select(d.ctx, &wrong, c.Query))
		if len(wrong) > 0 {
			d.t.Errorf("%s: %q", c.Name, wrong)
		}
	}
}

// pair opens HD-1 of anna and HD-2 of ben, both acknowledged, and returns
// their mails and ben's token.
func (d *mailDesk) pair() (anna, ben Inbound, token string) {
	d.t.Helper()
	anna = d.mail()
	d.want(d.receive(anna), FateNew, "HD-1", 1)
	ben = d.mail(from("ben@aldermere.example"), says("Smoke everywhere"), func(in *Inbound) { in.Subject = "Smoke" })
	d.want(d.receive(ben), FateNew, "HD-2", 1)
	return anna, ben, d.send()["ben@aldermere.example"]
}

func (d *mailDesk) ticketOf(number int64) Ticket {
	d.t.Helper()
	t, err := d.TicketByNumber(d.ctx, number)
	d.ok(err)
	return t
}

func TestMergeIsOneConversationAndCanBeTakenBack(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		anna, ben, token := d.pair()
		_, err := d.AddNote(d.ctx, tomas.Actor(), 2, NoteNote, "The other one called too")
		d.ok(err)
		d.ok(second(d.WatchTicket(d.ctx, tomas.Actor(), 2)))
		d.ok(second(d.SetWaiting(d.ctx, tomas.Actor(), 2, Waiting{On: WaitingVendor, Vendor: "Brightline", Expected: "2026-12-01"}, AnyVersion)))
		was := d.ticketOf(2)
		into, err := d.Merge(d.ctx, tomas.Actor(), 2, 1, was.Version)
		d.ok(err)
		d.sound()
		if _, err := d.Merge(d.ctx, tomas.Actor(), 2, 1, was.Version); err != nil {
			t.Errorf("merging once more: %v", err)
		}
		talk, err := d.Conversation(d.ctx, 1, 0)
		d.ok(err)
		if into.Number != 1 || len(talk.Participants) != 1 || talk.Participants[0].Address != "ben@aldermere.example" || d.count(`SELECT count(*) FROM message WHERE ticket_id = ?`, into.ID) != 2 || d.count(`SELECT count(*) FROM note WHERE ticket_id = ?`, into.ID) != 1 {
			t.Fatalf("merged: %+v", talk.Participants)
		}
		// Whatever answers the old mails lands on the target: by token, by reference, by number.
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("Still smoking"), answers(tokenID(token)))), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("And now flames"), answers(ben.MessageID))), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("By number"), func(in *Inbound) { in.SubjectTags = []int64{2} })), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(says("Mine too"), answers(anna.MessageID))), FateAppend, "HD-1", 0)
		if who, err := d.Watchers(d.ctx, into.ID); err != nil || len(who) != 1 {
			t.Errorf("watched by %v %v", who, err)
		}
		// The duplicate only leads on.
		for name, err := range map[string]error{
			"answered": second(d.Reply(d.ctx, tomas.Actor(), 2, ReplyInput{Text: "no"})), "re-opened": second(d.SetStage(d.ctx, tomas.Actor(), 2, StageChange{Stage: InProgress}, AnyVersion)),
			"noted": second(d.AddNote(d.ctx, tomas.Actor(), 2, NoteNote, "no")),
		} {
			if migrations.KindOf(err) != migrations.Conflict || err == nil {
				t.Errorf("a duplicate can be %s: %v", name, err)
			}
		}
		m, err := d.MergedInto(d.ctx, was.ID)
		d.ok(err)
		if !m.Undoable || m.Into.Number != 1 || m.By != "tomas" {
			t.Errorf("the signpost says %+v", m)
		}
		back, err := d.Unmerge(d.ctx, tomas.Actor(), 2)
		d.ok(err)
		d.sound()
		if back.Stage != was.Stage || back.MergedIntoID != 0 || back.ArchivedAt != 0 || back.News != was.News || back.waits() != was.waits() || d.count(`SELECT count(*) FROM message WHERE ticket_id = ?`, back.ID) != 1 || d.count(`SELECT count(*) FROM note WHERE ticket_id = ?`, back.ID) != 1 {
			t.Errorf("taken back: %+v", back)
		}
		if d.count(`SELECT count(*) FROM watcher WHERE ticket_id = ?`, into.ID) != 0 || d.count(`SELECT count(*) FROM participant`) != 0 || d.count(`SELECT count(*) FROM message WHERE ticket_id = ?`, into.ID) != 5 {
			t.Error("what came since should stay on HD-1, and nobody take part there")
		}
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("Hello?"), answers(tokenID(token)))), FateAppend, "HD-2", 0)
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("Hello again?"), answers(ben.MessageID))), FateAppend, "HD-2", 0)
		d.sound()
	})
}

func second[T any](_ T, err error) error { return err }

func TestMergeInCirclesAndChains(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		cleo := d.mail(from("cleo@aldermere.example"), says("Fire!"))
		d.want(d.receive(cleo), FateNew, "HD-3", 1)
		merge := func(from, into int64) error { return second(d.Merge(d.ctx, tomas, from, into, AnyVersion)) }
		wantKind(t, merge(1, 1), migrations.Invalid)
		wantKind(t, merge(1, 99), migrations.Invalid)
		wantKind(t, second(d.Merge(d.ctx, tomas, 1, 2, 77)), migrations.Conflict)
		d.ok(merge(3, 2))
		wantKind(t, merge(2, 3), migrations.Invalid) // a circle
		wantKind(t, merge(3, 1), migrations.Conflict)
		d.ok(merge(2, 1)) // takes HD-3 along
		wantKind(t, merge(1, 3), migrations.Invalid)
		d.sound()
		d.want(d.receive(d.mail(from("cleo@aldermere.example"), says("Well?"), answers(cleo.MessageID))), FateAppend, "HD-1", 0)
		one := d.ticketOf(1)
		if d.ticketOf(3).MergedIntoID != one.ID || d.count(`SELECT count(*) FROM participant WHERE ticket_id = ?`, one.ID) != 2 {
			t.Error("HD-3 was not led on to HD-1")
		}
		d.ok(second(d.Unmerge(d.ctx, tomas, 2)))
		d.sound()
		if d.ticketOf(3).MergedIntoID != d.ticketOf(2).ID {
			t.Error("HD-3 did not go back with HD-2")
		}
		d.ok(second(d.Unmerge(d.ctx, tomas, 3)))
		d.sound()
		if d.count(`SELECT count(*) FROM message WHERE ticket_id = ?`, d.ticketOf(3).ID) != 1 || d.count(`SELECT count(*) FROM ticket_merge`) != 0 {
			t.Error("HD-3 is not what it was")
		}
		// Into what is closed: it is re-opened. Into what is archived or deleted: not at all.
		d.ok(second(d.SetStage(d.ctx, tomas, 1, StageChange{Stage: Completed, Fix: "Extinguished"}, AnyVersion)))
		d.ok(merge(2, 1))
		if got := d.ticketOf(1); got.Stage != Requested {
			t.Errorf("the target is %s", got.Stage)
		}
		err := d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = 1, archived_at = 2 WHERE number = 1`)
			return err
		})
		d.ok(err)
		wantKind(t, merge(3, 1), migrations.Conflict)
		wantKind(t, second(d.Unmerge(d.ctx, tomas, 2)), migrations.Conflict)
		d.ok(d.DeleteTicket(d.ctx, tomas, 1, "Nobody needs it"))
		wantKind(t, merge(3, 1), migrations.Invalid)
		wantKind(t, merge(3, 2), migrations.Invalid)
		if _, err := d.TombstoneOf(d.ctx, 2); err != nil {
			t.Errorf("the duplicate's number has vanished: %v", err)
		}
		d.sound()
	})
}

func TestMergeCanBeTakenBackLaterOnlyWhereNothingHappened(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		d.ok(second(d.Merge(d.ctx, tomas, 2, 1, AnyVersion)))
		d.now = d.now.Add(50 * time.Hour)
		d.ok(second(d.Unmerge(d.ctx, tomas, 2)))
		d.ok(second(d.Merge(d.ctx, tomas, 2, 1, AnyVersion)))
		d.now = d.now.Add(UnmergeWithin + time.Hour)
		d.ok(second(d.AddNote(d.ctx, tomas, 1, NoteNote, "On we go")))
		wantKind(t, second(d.Unmerge(d.ctx, tomas, 2)), migrations.Conflict)
		wantKind(t, second(d.Unmerge(d.ctx, tomas, 1)), migrations.NotFound)
	})
}

func TestMergeTellsThosePeopleAlone(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		wantKind(t, second(d.MergeTelling(d.ctx, tomas, Merging{From: 2, Into: 1, Version: AnyVersion, Tell: " \n"})), migrations.Invalid)
		d.ok(second(d.MergeTelling(d.ctx, tomas, Merging{From: 2, Into: 1, Version: AnyVersion, Tell: "It is the same fire."})))
		tokens := d.send()
		if len(tokens) != 1 || tokens["ben@aldermere.example"] == "" {
			t.Fatalf("mails went to %v", tokens)
		}
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("Thank you so much for telling me about it"), answers(tokenID(tokens["ben@aldermere.example"])))), FateAppend, "HD-1", 0)
	})
}

// Two technicians merge two tickets into each other at the same moment, while
// an answer to one of them is decided.
func TestMergesAndMailAtOnce(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		_, ben, _ := d.pair()
		item := d.claimed(d.mail(from("ben@aldermere.example"), says("Still here"), answers(ben.MessageID)))
		d.ok(d.db.Get(d.ctx, &item.Mail.Digest, `SELECT digest FROM inbox WHERE id = ?`, item.Work.InboxID))
		commit := hold(t, d.DB(), func(tx *migrations.Tx) error {
			_, err := lockNumbersTx(d.ctx, tx)
			return err
		})
		done := make(chan error, 4)
		for _, p := range [][2]int64{{1, 2}, {2, 1}} {
			go func() {
				_, err := d.Merge(d.ctx, tomas, p[0], p[1], AnyVersion)
				if k := migrations.KindOf(err); err != nil && k != migrations.Invalid && k != migrations.Conflict {
					done <- err
					return
				}
				done <- nil
			}()
		}
		go func() { done <- second(d.Receive(d.ctx, d.lease, []Item{item})) }()
		go func() {
			_, err := d.Reply(d.ctx, tomas, 2, ReplyInput{Text: "On my way"})
			if migrations.KindOf(err) == migrations.Conflict {
				err = nil
			}
			done <- err
		}()
		waitBlocked(t, d.DB(), 3)
		commit()
		for range 4 {
			d.ok(<-done)
		}
		if n := d.count(`SELECT count(*) FROM ticket WHERE merged_into_id IS NOT NULL`); n != 1 {
			t.Errorf("%d tickets are merged", n)
		}
		if n := d.count(`SELECT count(DISTINCT ticket_id) FROM message`); n != 1 {
			t.Errorf("the messages are on %d tickets", n)
		}
		d.sound()
	})
}

func TestErasingLeavesOthersTheirRequests(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		d.ok(second(d.Merge(d.ctx, tomas, 2, 1, AnyVersion)))
		d.ok(d.Erase(d.ctx, tomas, Erasure{Address: "anna@aldermere.example"}, nil))
		if got := d.ticketOf(2); got.MergedIntoID != 0 || d.count(`SELECT count(*) FROM message WHERE ticket_id = ?`, got.ID) != 1 {
			t.Errorf("ben's request went with anna: %+v", got)
		}
		d.sound()
	})
}

func TestFamiliesHaveOneDepth(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		for n := range 3 {
			d.want(d.receive(d.mail(from(fmt.Sprintf("p%d@aldermere.example", n)))), FateNew, fmt.Sprintf("HD-%d", n+3), 1)
		}
		a, err := d.Adopt(d.ctx, tomas, 1, []int64{3, 2, 1, 77, 3})
		d.ok(err)
		if !slices.Equal(a.Adopted, []int64{2, 3}) || len(a.Refused) != 2 {
			t.Fatalf("adopted %+v", a)
		}
		wantKind(t, second(d.Adopt(d.ctx, tomas, 2, []int64{4})), migrations.Invalid)
		a, err = d.Adopt(d.ctx, tomas, 4, []int64{1, 5})
		d.ok(err)
		if !slices.Equal(a.Adopted, []int64{5}) || len(a.Refused) != 1 {
			t.Fatalf("adopted %+v", a)
		}
		one := d.ticketOf(1)
		list, err := d.Children(d.ctx, one.ID)
		d.ok(err)
		if len(list) != 2 || list[0].Number != 2 {
			t.Errorf("children: %v", list)
		}
		d.ok(d.MarkSeen(d.ctx, tomas, 1))
		d.ok(d.Orphan(d.ctx, tomas, 3))
		d.ok(d.Orphan(d.ctx, tomas, 3))
		if d.ticketOf(3).ParentID != 0 {
			t.Error("HD-3 still has a parent")
		}
		// A parent that is a duplicate gives its children to where it goes.
		d.ok(second(d.Merge(d.ctx, tomas, 1, 4, AnyVersion)))
		d.sound()
		if four := d.ticketOf(4); d.ticketOf(2).ParentID != four.ID {
			t.Error("the child did not follow")
		}
		d.ok(second(d.Unmerge(d.ctx, tomas, 1)))
		d.sound()
		if d.ticketOf(2).ParentID != one.ID || d.ticketOf(5).ParentID != d.ticketOf(4).ID {
			t.Error("the children are not where they were")
		}
		// A parent into its own child, and back.
		d.ok(second(d.Merge(d.ctx, tomas, 1, 2, AnyVersion)))
		d.sound()
		d.ok(second(d.Unmerge(d.ctx, tomas, 1)))
		d.sound()
		if d.ticketOf(2).ParentID != one.ID {
			t.Error("the child is not a child again")
		}
		d.ok(d.DeleteTicket(d.ctx, tomas, 1, "Not needed"))
		if d.ticketOf(2).ParentID != 0 {
			t.Error("the child of a deleted ticket has a parent")
		}
	})
}

func TestAChildsNewsMarkTheParent(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		_, ben, _ := d.pair()
		d.ok(second(d.Adopt(d.ctx, tomas, 1, []int64{2})))
		d.ok(d.MarkSeen(d.ctx, tomas, 1))
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("It spreads to the second floor"), answers(ben.MessageID))), FateAppend, "HD-2", 0)
		if !d.ticketOf(1).News || d.count(`SELECT count(*) FROM event WHERE kind = 'child_message'`) != 1 {
			t.Error("the parent shows nothing of it")
		}
	})
}

// A ticket has no more children than an answer to all of them reaches.
func TestChildrenAreBounded(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		err := d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < `+fmt.Sprint(MaxChildren)+`)
			INSERT INTO ticket (number, subject, stage, level, star, opened_at, stage_at, created_at, updated_at, parent_id) SELECT 1000 + n.i, 'Smoke', 'requested', 1, FALSE, 1, 1, 1, 1, t.id FROM n JOIN ticket t ON t.number = 1`)
			return err
		})
		d.ok(err)
		a, err := d.Adopt(d.ctx, tomas, 1, []int64{2, 1001})
		d.ok(err)
		if len(a.Adopted) != 0 || a.Same != 1 || len(a.Refused) != 1 || a.Refused[0].Number != 2 {
			t.Errorf("%+v", a)
		}
		// Nor do two families become a larger one.
		cara, err := ParseTicketName(d.receive(d.mail(from("cara@aldermere.example"), says("Smoke"), func(in *Inbound) { in.Subject = "Smoke on floor two" })).Ticket)
		d.ok(err)
		d.ok(second(d.Adopt(d.ctx, tomas, 2, []int64{cara})))
		_, err = d.Merge(d.ctx, tomas, 2, 1, AnyVersion)
		wantKind(t, err, migrations.Invalid)
		if d.ticketOf(2).MergedIntoID != 0 || d.ticketOf(cara).ParentID != d.ticketOf(2).ID {
			t.Error("a refused merge has moved something")
		}
	})
}
