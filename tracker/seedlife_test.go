package tracker

import (
	"fmt"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// TestSeedTellsLives: a past with steps ends where they lead, and its events
// stand at their own times.
func TestSeedTellsLives(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		s := New(db, Options{})
		box, err := s.OpenMailbox(ctx, "help", "help@corp.example", Begin{})
		if err != nil {
			t.Fatal(err)
		}
		tech, err := s.CreateAccount(ctx, Actor{}, NewAccount{Email: "ben@corp.example", Name: "Ben Okafor", Role: Technician, Password: "correct horse battery", Notify: NotifyNone})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-100 * 24 * time.Hour).Truncate(time.Second)
		mail := func(id string) []byte { return []byte("Message-ID: <" + id + ">\r\n\r\nhelp\r\n") }
		past := func(id string, steps ...PastStep) Past {
			for i := range steps {
				steps[i].At = at.Add(time.Duration(i+1) * time.Hour)
				if steps[i].AccountID < 0 {
					steps[i].AccountID = tech.ID
				}
			}
			return Past{Client: Address{Name: "Anna Novak", Address: "anna@corp.example"}, Subject: "printer " + id, Raw: mail(id), Body: "help", MessageID: id,
				Level: 2, CategoryID: 5, OpenedAt: at, Steps: steps}
		}
		phoned := past("4@x.example", PastStep{Do: PastCompleted, AccountID: -1, Text: "New toner."})
		phoned.Raw, phoned.MessageID, phoned.Via, phoned.AccountID = nil, "", NotePhone, tech.ID
		all := []Past{
			past("1@x.example", PastStep{Do: PastTaken, AccountID: -1}, PastStep{Do: PastNote, Kind: NoteFinding, AccountID: -1, Text: "No paper."}, PastStep{Do: PastReply, AccountID: -1, Text: "Is there paper?"},
				PastStep{Do: PastAnswer, Text: "No.", Raw: mail("1a@x.example"), MessageID: "1a@x.example"}, PastStep{Do: PastFix, AccountID: -1, Text: "Put paper in."},
				PastStep{Do: PastConfirmed, Text: "Works.", Raw: mail("1b@x.example"), MessageID: "1b@x.example"}),
			past("2@x.example", PastStep{Do: PastTaken, AccountID: -1}, PastStep{Do: PastFix, AccountID: -1, Text: "Put paper in."}, PastStep{Do: PastSilent}),
			past("3@x.example", PastStep{Do: PastTaken, AccountID: -1}, PastStep{Do: PastDropped, AccountID: -1, Text: "Asked twice."}),
			phoned,
		}
		if err := s.Seed(ctx, box.ID, all); err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct {
			stage            Stage
			fix              string
			unconfirmed      bool
			in, out, notes   int
			end              time.Duration
			events, assigned int
		}{
			{Completed, "Put paper in.", false, 3, 2, 1, 6 * time.Hour, 4, 1},
			{Completed, "Put paper in.", true, 1, 1, 0, 3 * time.Hour, 4, 1},
			{Dropped, "", false, 1, 0, 0, 2 * time.Hour, 3, 1},
			{Completed, "New toner.", false, 0, 0, 1, time.Hour, 2, 1},
		} {
			k, err := s.TicketByNumber(ctx, int64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			if k.Stage != want.stage || k.Fix != want.fix || k.Unconfirmed != want.unconfirmed || k.AssigneeID != tech.ID || k.Level != 2 || k.TriagedAt == 0 || !k.ClosedAt.Time().Equal(at.Add(want.end)) {
				t.Errorf("%s is %+v", k.Name(), k)
			}
			for what, n := range map[string]int{
				`SELECT COUNT(*) FROM message WHERE direction = 'in' AND ticket_id = ?`:                                                              want.in,
				`SELECT COUNT(*) FROM message WHERE direction = 'out' AND from_name = 'Ben Okafor' AND ticket_id = ?`:                                want.out,
				`SELECT COUNT(*) FROM outbox WHERE kind = 'reply' AND state = 'sent' AND ticket_id = ?`:                                              want.out,
				`SELECT COUNT(*) FROM note WHERE ticket_id = ?`:                                                                                      want.notes,
				`SELECT COUNT(*) FROM event WHERE subject = 'ticket' AND kind IN ('opened', 'stage', 'confirmed', 'unconfirmed') AND subject_id = ?`: want.events,
				`SELECT COUNT(*) FROM event WHERE subject = 'ticket' AND kind = 'assigned' AND subject_id = ?`:                                       want.assigned,
			} {
				var got int
				if err := db.Get(ctx, &got, what, k.ID); err != nil || got != n {
					t.Errorf("%s: %s: %d, not %d (%v)", k.Name(), what, got, n, err)
				}
			}
		}
		var wrong int
		if err := db.Get(ctx, &wrong, `SELECT COUNT(*) FROM event a JOIN event b ON b.id = a.id + 1 WHERE a.subject = 'ticket' AND b.subject = 'ticket' AND b.at < a.at`); err != nil || wrong != 0 {
			t.Errorf("%d events are out of order (%v)", wrong, err)
		}
		if n, err := s.Archive(ctx, nil); err != nil || n != 4 {
			t.Errorf("%d were archived (%v)", n, err)
		}
		// What does not follow is refused, and nothing of it is kept.
		for _, steps := range [][]PastStep{
			{{Do: PastCompleted, AccountID: tech.ID, Text: "x", At: at.Add(-time.Hour)}},
			{{Do: PastSilent, At: at}, {Do: PastSilent, At: at}},
			{{Do: "guessed", At: at}},
		} {
			p := past("9@x.example")
			p.Steps = steps
			if err := s.Seed(ctx, box.ID, []Past{p}); err == nil {
				t.Errorf("%+v was taken", steps)
			}
		}
		if _, err := s.TicketByNumber(ctx, 5); migrations.KindOf(err) != migrations.NotFound {
			t.Errorf("HD-5: %v", err)
		}
	})
}

func TestAddClient(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		s := New(db, Options{})
		department, phone, high := "Finance", "316", true
		c, err := s.AddClient(ctx, Actor{}, Address{Name: " Rosalind  Peake ", Address: "Rosalind@corp.example"}, ClientChange{Department: &department, Phone: &phone, HighManagement: &high})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.ClientByID(ctx, c.ID)
		if err != nil || got.Name != "Rosalind Peake" || got.Department != "Finance" || got.Phone != "316" || !got.HighManagement {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.IndexPending(ctx, nil); err != nil {
			t.Fatal(err)
		}
		list, _, err := s.Clients(ctx, "rosalind@corp.example", "", 5)
		if err != nil || len(list) != 1 || list[0].ID != c.ID {
			t.Errorf("found %+v, %v", list, err)
		}
		for name, who := range map[string]Address{"address": {Name: "Again", Address: "rosalind@corp.example"}, "name": {Address: "new@corp.example"}, "": {Name: "No Address", Address: "nowhere"}} {
			if _, err := s.AddClient(ctx, Actor{}, who, ClientChange{}); migrations.KindOf(err) != migrations.Invalid {
				t.Errorf("%s %v: %v", name, who, err)
			}
		}
		var n int
		if err := db.Get(ctx, &n, fmt.Sprintf(`SELECT COUNT(*) FROM event WHERE subject = 'client' AND subject_id = %d AND kind = 'created'`, c.ID)); err != nil || n != 1 {
			t.Errorf("%d events, %v", n, err)
		}
	})
}
