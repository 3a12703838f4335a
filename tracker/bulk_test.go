package tracker

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// rowsOf returns tickets as a page would have shown them now.
func rowsOf(t *testing.T, d *desk, numbers ...int64) (rows []BulkRow) {
	t.Helper()
	for _, n := range numbers {
		x := must(d.TicketByNumber(t.Context(), n))(t)
		rows = append(rows, BulkRow{n, x.Version})
	}
	return rows
}

func numbersOf(rows []BulkWas) (n []int64) {
	for _, r := range rows {
		n = append(n, r.Number)
	}
	return n
}

func TestBulkStageAndUndo(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, me := t.Context(), d.tech.Actor()
		for i := range 6 {
			d.open(t, fmt.Sprintf("printer %d", i+1), "anna")
		}
		must(d.SetStage(ctx, me, 2, StageChange{Stage: Completed, Fix: "its own fix"}, AnyVersion))(t)
		must(d.SetStage(ctx, me, 2, StageChange{Stage: InProgress}, AnyVersion))(t)
		must(d.SetStage(ctx, me, 5, StageChange{Stage: Completed, Fix: "before"}, AnyVersion))(t)
		rows := rowsOf(t, d, 5, 1, 2, 3, 3)
		rows = append(rows, BulkRow{4, 77}, BulkRow{999, 1})
		was := must(d.TicketByNumber(ctx, 1))(t)
		d.clock.add(time.Hour)

		b := must(d.BulkTickets(ctx, me, rows, BulkAction{Do: "stage", Stage: Completed, Fix: "new toner"}))(t)
		if !slices.Equal(numbersOf(b.Done), []int64{1, 2, 3}) || b.Same != 1 {
			t.Fatalf("done %v, same %d", numbersOf(b.Done), b.Same)
		}
		if len(b.Refused) != 2 || b.Refused[0].Number != 4 || !strings.Contains(b.Refused[0].Why, "meanwhile") || b.Refused[1].Number != 999 {
			t.Fatalf("refused %+v", b.Refused)
		}
		for n, fix := range map[int64]string{1: "new toner", 2: "its own fix", 3: "new toner"} {
			if x := must(d.TicketByNumber(ctx, n))(t); x.Stage != Completed || x.Fix != fix || x.ClosedAt == 0 {
				t.Errorf("HD-%d is %s with fix %q", n, x.Stage, x.Fix)
			}
		}
		// What was refused, or the same, was not touched at all.
		if x := must(d.TicketByNumber(ctx, 4))(t); x.Version != 1 || x.Stage != Requested {
			t.Errorf("the refused one is %+v", x)
		}
		if x := must(d.TicketByNumber(ctx, 5))(t); x.Version != rows[0].Version {
			t.Errorf("the same one has version %d", x.Version)
		}
		var events []string
		if err := d.db.Select(ctx, &events, `SELECT kind FROM event WHERE subject = 'ticket' AND subject_id = ? ORDER BY id`, was.ID); err != nil || !slices.Equal(events[len(events)-2:], []string{"fix", "stage"}) {
			t.Fatalf("events %v, %v", events, err)
		}

		// A client's mail that re-opens one, then undo.
		must(d.SetStage(ctx, d.admin.Actor(), 3, StageChange{Stage: Requested}, AnyVersion))(t)
		_, err := d.UndoBulk(ctx, d.admin.Actor(), b.ID)
		wantKind(t, err, migrations.NotFound) // somebody else's
		d.clock.add(9 * time.Minute)
		u := must(d.UndoBulk(ctx, me, b.ID))(t)
		if len(u.Stayed) != 1 || u.Stayed[0].Number != 3 || !strings.Contains(u.Stayed[0].Why, "since") {
			t.Fatalf("stayed %+v", u.Stayed)
		}
		now := must(d.TicketByNumber(ctx, 1))(t)
		if now.Stage != Requested || now.Fix != "" || now.FixedAt != 0 || now.ClosedAt != 0 || now.StageAt != was.StageAt || now.News != was.News {
			t.Fatalf("taken back to %+v", now)
		}
		if x := must(d.TicketByNumber(ctx, 2))(t); x.Stage != InProgress || x.Fix != "its own fix" {
			t.Fatalf("taken back to %+v", x)
		}
		if x := must(d.TicketByNumber(ctx, 3))(t); x.Stage != Requested || x.Fix != "new toner" {
			t.Fatalf("the changed one is %+v", x)
		}
		_, err = d.UndoBulk(ctx, me, b.ID)
		wantKind(t, err, migrations.Conflict)
		all := must(d.Bulks(ctx, d.tech.ID, 10))(t)
		if len(all) != 1 || all[0].UndoneAt == 0 || len(all[0].Stayed) != 1 || all[0].Action != "stage:completed" {
			t.Fatalf("remembered as %+v", all)
		}

		// Too late.
		b = must(d.BulkTickets(ctx, me, rowsOf(t, d, 1), BulkAction{Do: "stage", Stage: Dropped, Reason: "spam"}))(t)
		d.clock.add(UndoWithin + time.Second)
		_, err = d.UndoBulk(ctx, me, b.ID)
		wantKind(t, err, migrations.Conflict)
	})
}

func TestBulkOtherFields(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, me := t.Context(), d.tech.Actor()
		var numbers []int64
		for i := range 12 {
			numbers = append(numbers, d.open(t, fmt.Sprintf("printer %d", i), "anna").Number)
		}
		all := func() []BulkRow { return rowsOf(t, d, numbers...) }
		before := map[int64]Ticket{}
		for _, n := range numbers {
			before[n] = must(d.TicketByNumber(ctx, n))(t)
		}
		for _, c := range []struct {
			a    BulkAction
			name string
			is   func(Ticket) bool
		}{
			{BulkAction{Do: "priority", Level: 3, Star: true}, "priority:3*", func(x Ticket) bool { return x.Star && x.Level == 3 && x.TriagedAt != 0 }},
			{BulkAction{Do: "assignee", AssigneeID: d.admin.ID}, fmt.Sprint("assignee:", d.admin.ID), func(x Ticket) bool { return x.AssigneeID == d.admin.ID }},
			{BulkAction{Do: "category", CategoryID: 5}, "category:5", func(x Ticket) bool { return x.CategoryID == 5 }},
		} {
			b := must(d.BulkTickets(ctx, me, all(), c.a))(t)
			if len(b.Done) != 12 || b.Action != c.name {
				t.Fatalf("%s: %d done, %+v", b.Action, len(b.Done), b.Refused)
			}
			if x := must(d.TicketByNumber(ctx, numbers[3]))(t); !c.is(x) {
				t.Fatalf("%s: %+v", c.name, x)
			}
			if b := must(d.BulkTickets(ctx, me, all(), c.a))(t); b.Same != 12 || len(b.Done) != 0 {
				t.Fatalf("%s again: %+v", c.name, b)
			}
			if u := must(d.UndoBulk(ctx, me, b.ID))(t); len(u.Stayed) != 0 {
				t.Fatalf("%s: stayed %+v", c.name, u.Stayed)
			}
			for _, n := range numbers {
				x, w := must(d.TicketByNumber(ctx, n))(t), before[n]
				w.Version, w.UpdatedAt = x.Version, x.UpdatedAt
				if x != w {
					t.Fatalf("%s: taken back to %+v, was %+v", c.name, x, w)
				}
			}
		}
		// Twelve at once are not told one by one.
		var mails int
		if err := d.db.Get(ctx, &mails, `SELECT count(*) FROM outbox WHERE kind = 'notify'`); err != nil || mails != 0 {
			t.Fatalf("%d mails, %v", mails, err)
		}
		// Asking the clients goes out by mail, each once.
		b := must(d.BulkTickets(ctx, me, rowsOf(t, d, 1, 2), BulkAction{Do: "stage", Stage: Confirming, Fix: "done"}))(t)
		var asked int
		if err := d.db.Get(ctx, &asked, `SELECT count(*) FROM message WHERE direction = 'out'`); err != nil || asked != 2 || len(b.Done) != 2 {
			t.Fatalf("%d asked, %v, %+v", asked, err, b)
		}
		if u := must(d.UndoBulk(ctx, me, b.ID))(t); len(u.Stayed) != 0 {
			t.Fatalf("stayed %+v", u.Stayed)
		}

		// What is refused as a whole leaves nothing behind.
		for _, bad := range []BulkAction{{}, {Do: "stage", Stage: "gone"}, {Do: "stage", Stage: Dropped, Reason: " "}, {Do: "priority", Level: 4}, {Do: "priority", Level: 2, Star: true},
			{Do: "assignee", AssigneeID: d.manager.ID}, {Do: "assignee", AssigneeID: 999}, {Do: "category", CategoryID: 999}, {Do: "stage", Stage: Completed, Fix: strings.Repeat("x", 2001)}} {
			_, err := d.BulkTickets(ctx, me, all(), bad)
			wantKind(t, err, migrations.Invalid)
		}
		_, err := d.BulkTickets(ctx, me, nil, BulkAction{Do: "priority", Level: 1})
		wantKind(t, err, migrations.Invalid)
		_, err = d.BulkTickets(ctx, me, func() []BulkRow {
			rows := make([]BulkRow, MaxBulk+1)
			for i := range rows {
				rows[i].Number = int64(i + 1)
			}
			return rows
		}(), BulkAction{Do: "priority", Level: 1})
		wantKind(t, err, migrations.Invalid)
		// Completed without a fix is refused ticket by ticket.
		if b := must(d.BulkTickets(ctx, me, rowsOf(t, d, 4, 5), BulkAction{Do: "stage", Stage: Completed}))(t); len(b.Refused) != 2 || !strings.Contains(b.Refused[0].Why, "what solved it") {
			t.Fatalf("without a fix: %+v", b)
		}
	})
}

// TestBulkAgainstSingleEdits: while two bulk actions and single edits go on at
// once, each ticket is changed as often as its version says, nothing is lost
// and nothing waits for ever.
func TestBulkAgainstSingleEdits(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		var numbers []int64
		for i := range 20 {
			numbers = append(numbers, d.open(t, fmt.Sprintf("printer %d", i), "anna").Number)
		}
		rows := rowsOf(t, d, numbers...)
		backwards := slices.Clone(rows)
		slices.Reverse(backwards)
		var wg sync.WaitGroup
		var mu sync.Mutex
		wins := map[int64]int{}
		won := func(n int64) { mu.Lock(); wins[n]++; mu.Unlock() }
		for _, r := range [][]BulkRow{rows, backwards} {
			wg.Go(func() {
				b, err := d.BulkTickets(ctx, d.tech.Actor(), r, BulkAction{Do: "priority", Level: 2})
				if err != nil {
					t.Error(err)
					return
				}
				if len(b.Done)+len(b.Refused)+b.Same != len(rows) {
					t.Errorf("%d done, %d refused, %d the same", len(b.Done), len(b.Refused), b.Same)
				}
				for _, x := range b.Done {
					won(x.Number)
				}
			})
		}
		wg.Go(func() {
			for _, r := range rows {
				_, err := d.SetPriority(ctx, d.admin.Actor(), r.Number, 3, false, r.Version)
				if err == nil {
					won(r.Number)
				} else if migrations.KindOf(err) != migrations.Conflict {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		for _, r := range rows {
			x := must(d.TicketByNumber(ctx, r.Number))(t)
			if wins[r.Number] != 1 || x.Version != r.Version+1 {
				t.Errorf("%s was won %d times and has version %d", x.Name(), wins[r.Number], x.Version)
			}
		}
	})
}
