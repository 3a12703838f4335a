package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// TestFiguresAgree: what SQL tells of a month is what a walk over all rows
// tells, on both engines, at the edges of months of zones that are not UTC.
func TestFiguresAgree(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		r := rand.New(rand.NewPCG(3, 5))
		in := zone(t, "America/St_Johns")
		moment := func() time.Time { // around the edges of months, now and then at the edge itself
			edge := time.Date(2026, time.Month(2+r.IntN(4)), 1, 0, 0, 0, 0, in)
			if r.IntN(5) == 0 {
				return edge.Add(time.Duration(r.IntN(3)-1) * time.Microsecond)
			}
			return edge.Add(time.Duration(r.IntN(40*24*60)-20*24*60) * time.Minute)
		}
		for i := range 150 {
			x := d.open(t, fmt.Sprintf("Ticket %d", i), fmt.Sprintf("person%d", r.IntN(9)))
			opened := moment()
			var fixed, answered, closed any
			stage, summary, level := []Stage{Requested, InProgress, Confirming, Completed, Completed, Dropped}[r.IntN(6)], "", 1+r.IntN(3)
			if r.IntN(3) > 0 {
				answered = migrations.At(opened.Add(time.Duration(r.IntN(9000)) * time.Minute))
			}
			if stage.Closed() {
				end := opened.Add(time.Duration(r.IntN(20000)) * time.Minute)
				closed = migrations.At(end)
				switch r.IntN(3) {
				case 0:
					fixed = migrations.At(end.Add(time.Hour)) // worded anew
				case 1:
					fixed = migrations.At(end.Add(-time.Hour))
				}
				if r.IntN(2) == 0 {
					summary = "The cable was loose, because of the cleaning"
				}
			}
			err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE ticket SET opened_at = ?, fixed_at = ?, first_answer_at = ?, closed_at = ?, stage = ?, summary = ?, level = ?, suggested_level = ?, triaged_at = ? WHERE id = ?`,
					migrations.At(opened), fixed, answered, closed, stage, summary, level, 1+r.IntN(3), orNull(int64(r.IntN(2))), x.ID)
				if err == nil && r.IntN(2) == 0 {
					_, err = tx.Exec(ctx, `INSERT INTO satisfaction (ticket_id, client_id, score, at) VALUES (?, ?, ?, ?)`, x.ID, x.ClientID, 1+r.IntN(3), migrations.At(moment()))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var rows []Ticket
		if err := d.db.Select(ctx, &rows, ticketSelect); err != nil {
			t.Fatal(err)
		}
		var content []struct {
			Score int              `db:"score"`
			At    migrations.Stamp `db:"at"`
		}
		if err := d.db.Select(ctx, &content, `SELECT score, at FROM satisfaction`); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"America/St_Johns", "UTC", "Asia/Kolkata"} {
			l := zone(t, name)
			for month := time.January; month <= time.June; month++ {
				within := func(at migrations.Stamp) bool {
					local := at.Time().In(l)
					return at != 0 && local.Year() == 2026 && local.Month() == month
				}
				var want Figures
				said := map[string]int{}
				var first, solution []time.Duration
				for _, x := range rows {
					if within(x.OpenedAt) {
						want.Opened++
					}
					if within(x.FirstAnswerAt) {
						first = append(first, x.FirstAnswerAt.Time().Sub(x.OpenedAt.Time()))
					}
					if x.Stage == Completed && within(x.ClosedAt) {
						want.Solved++
						if x.Summary == "" {
							want.Unsaid++
						} else {
							said[x.Summary]++
						}
						end := x.ClosedAt
						if x.FixedAt != 0 && x.FixedAt < end {
							end = x.FixedAt
						}
						solution = append(solution, max(end.Time().Sub(x.OpenedAt.Time()), -time.Hour))
					}
				}
				want.FirstAnswer, want.Solution = waited(first), waited(solution)
				for _, c := range content {
					if within(c.At) {
						want.Content[c.Score]++
					}
				}
				cuts := Months(2026, month, 1, l)
				got := must(d.Figures(ctx, cuts[0], cuts[1]))(t)
				if got != want {
					t.Errorf("%s, %s: %+v, want %+v", name, month, got, want)
				}
				told := must(d.SolvedAndTold(ctx, cuts[0], cuts[1], 1000))(t)
				of := 0
				for _, x := range told {
					if of += x.Tickets; said[x.Summary] != x.Tickets {
						t.Errorf("%s, %s: %q stands for %d tickets, want %d", name, month, x.Summary, x.Tickets, said[x.Summary])
					}
				}
				if of != want.Solved-want.Unsaid || len(told) != len(said) {
					t.Errorf("%s, %s: %d told of in %d sentences, want %d in %d", name, month, of, len(told), want.Solved-want.Unsaid, len(said))
				}
				c := must(d.Counted(ctx, cuts))(t)
				if !slices.Equal(c.Opened, []int{want.Opened}) || !slices.Equal(c.Solved, []int{want.Solved}) {
					t.Errorf("%s, %s: counted %+v", name, month, c)
				}
			}
		}
		stop, weights := 0, Weights{}
		for _, x := range rows {
			if x.Stage != Requested && x.Stage != InProgress {
				continue
			}
			if weights.Oldest == 0 || x.OpenedAt < weights.Oldest {
				weights.Oldest = x.OpenedAt
			}
			if x.FirstAnswerAt == 0 {
				weights.Unanswered++
			}
			switch {
			case x.TriagedAt != 0 && x.Level == 3, x.TriagedAt == 0 && x.SuggestedLevel == 3:
				stop++
				weights.Stop++
			case x.TriagedAt == 0:
				weights.Unjudged++
			case x.Level == 2:
				weights.Impede++
			default:
				weights.Inconvenience++
			}
		}
		if got := must(d.OpenWeights(ctx))(t); got != weights {
			t.Errorf("open: %+v, want %+v", got, weights)
		}
		list, n, err := d.Stops(ctx, 5)
		if err != nil || n != stop || len(list) != min(5, stop) {
			t.Errorf("%d stops, %d of them read: %v; want %d", n, len(list), err, stop)
		}
	})
}

// waited is Waits by sorting, as one would by hand.
func waited(all []time.Duration) (w Waits) {
	if w.N = len(all); w.N == 0 {
		return w
	}
	slices.Sort(all)
	lower, upper := all[(w.N-1)/2], all[w.N/2]
	w.Median, w.Worst = max((lower+upper)/2, 0), max(all[w.N-1], 0)
	return w
}

// TestABurstIsOneStop: several who report something alike, and whom nobody has
// judged, are one line that says how many they are.
func TestABurstIsOneStop(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		var all []Ticket
		for _, who := range []string{"anna", "bert", "carla"} {
			all = append(all, d.open(t, "No network", who))
		}
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			id, err := tx.Insert(ctx, `INSERT INTO burst (since, last_at, people, reason, created_at) VALUES (1, 2, 3, 'three people report something alike', 1) RETURNING id`)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE ticket SET burst_id = ? WHERE id IN (?, ?, ?)`, id, all[0].ID, all[1].ID, all[2].ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		list, n, err := d.Stops(ctx, 9)
		if err != nil || n != 1 || len(list) != 1 || list[0].Name != "Anna" || list[0].Others != 2 || !list[0].Star || list[0].Judged {
			t.Fatalf("%d %+v %v", n, list, err)
		}
		if judged := must(d.JudgedStops(ctx))(t); judged != 0 {
			t.Fatalf("%d are judged", judged)
		}
		if w := must(d.OpenWeights(ctx))(t); w.Stop != 3 || w.Unjudged != 0 {
			t.Fatalf("%+v", w)
		}
		// Somebody who stands still with something else is none of them, and has no star by that.
		other := d.open(t, "Nothing starts", "dora")
		d.put(t, other.Number, "suggested_level = ?", 3)
		list, n, err = d.Stops(ctx, 9)
		if err != nil || n != 2 || list[1].Number != other.Number || list[1].Star || list[1].Others != 0 {
			t.Fatalf("%d %+v %v", n, list, err)
		}
		must(d.SetPriority(ctx, d.tech.Actor(), other.Number, 1, false, AnyVersion))(t)
		// One that was judged stands for itself.
		must(d.SetPriority(ctx, d.tech.Actor(), all[0].Number, 3, true, AnyVersion))(t)
		list, n, err = d.Stops(ctx, 9)
		if judged := must(d.JudgedStops(ctx))(t); err != nil || n != 2 || judged != 1 || list[1].Others != 1 {
			t.Fatalf("%d of %d judged, %+v, %v", judged, n, list, err)
		}
		// The last one of them that is open is no burst any more, unless it stands for the others.
		for _, x := range all[:2] {
			must(d.SetStage(ctx, d.tech.Actor(), x.Number, StageChange{Stage: Completed, Fix: "Restarted the router"}, AnyVersion))(t)
		}
		if list, n, err = d.Stops(ctx, 9); err != nil || n != 0 {
			t.Fatalf("%d stop people: %+v, %v", n, list, err)
		}
		must(d.Merge(ctx, d.tech.Actor(), all[1].Number, all[2].Number, AnyVersion))(t)
		if list, n, err = d.Stops(ctx, 9); err != nil || n != 1 || list[0].Number != all[2].Number {
			t.Fatalf("%d stop people: %+v, %v", n, list, err)
		}
	})
}

// TestStopsSpeakForTheirChildren: many who report one problem are one line,
// while its own ticket says that it stops people.
func TestStopsSpeakForTheirChildren(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		grave := func(x Ticket) Ticket {
			return must(d.SetPriority(ctx, d.tech.Actor(), x.Number, 3, false, AnyVersion))(t)
		}
		parent, one, two := d.open(t, "Network down", "anna"), grave(d.open(t, "No network", "bert")), grave(d.open(t, "Nothing works", "carla"))
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE ticket SET parent_id = ? WHERE id IN (?, ?)`, parent.ID, one.ID, two.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if list, n, err := d.Stops(ctx, 9); err != nil || n != 2 || list[0].Name != "Bert" {
			t.Fatalf("%d %+v %v", n, list, err)
		}
		grave(parent)
		if list, n, err := d.Stops(ctx, 9); err != nil || n != 1 || list[0].Name != "Anna" || list[0].Others != 2 || list[0].Assignee != "" || !list[0].Judged {
			t.Fatalf("%d %+v %v", n, list, err)
		}
	})
}

// TestASentenceStandsOnce: what was written on several tickets is one line, by
// the one that weighed most, and is for the time being as long as one is.
func TestASentenceStandsOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		solve := func(subject, who, says string, level int64, workaround bool) {
			x := d.open(t, subject, who)
			must(d.SetPriority(ctx, Actor{}, x.Number, level, false, AnyVersion))(t)
			must(d.SetStage(ctx, Actor{}, x.Number, StageChange{Stage: Completed, Fix: "Done", Summary: says, Workaround: workaround}, AnyVersion))(t)
		}
		const expired = "The password had expired and was set anew."
		solve("Locked out", "anna", expired, 1, false)
		solve("Nobody lets me in", "ben", expired, 2, false)
		solve("Locked out again", "anna", expired, 1, true)
		solve("Loud fan", "cleo", "The fan was full of dust.", 1, false)
		now := d.Now()
		told := must(d.SolvedAndTold(ctx, now.Add(-time.Hour), now.Add(time.Hour), 1))(t)
		if len(told) != 1 || told[0].Summary != expired || told[0].Subject != "Nobody lets me in" || told[0].Tickets != 3 || told[0].People != 2 || !told[0].Workaround {
			t.Errorf("told: %+v", told)
		}
		if told := must(d.SolvedAndTold(ctx, now.Add(-time.Hour), now.Add(time.Hour), 9))(t); len(told) != 2 || told[1].Tickets != 1 || told[1].Workaround {
			t.Errorf("told: %+v", told)
		}
		// The weightiest is it too where it hangs on a problem that says something else.
		problem := d.open(t, "Sign-in", "ines")
		grave := d.open(t, "The whole floor is locked out", "dora")
		must(d.Adopt(ctx, Actor{}, problem.Number, []int64{grave.Number}))(t)
		must(d.SetPriority(ctx, Actor{}, grave.Number, 3, true, AnyVersion))(t)
		must(d.SetStage(ctx, Actor{}, grave.Number, StageChange{Stage: Completed, Fix: "Done", Summary: expired}, AnyVersion))(t)
		if told := must(d.SolvedAndTold(ctx, now.Add(-time.Hour), now.Add(time.Hour), 9))(t); len(told) != 2 || told[0].Subject != "The whole floor is locked out" || told[0].Tickets != 4 || told[0].People != 3 {
			t.Errorf("told: %+v", told)
		}
	})
}

// TestAProblemOfManyIsToldOnce: by its own ticket, with the people whom it
// concerned; a child that says something else, or that was completed in
// another month, stands for itself.
func TestAProblemOfManyIsToldOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		p := d.open(t, "Storage", "ines")
		var children []int64
		for _, who := range []string{"anna", "ben", "ben", "cleo", "dora"} {
			children = append(children, d.open(t, "Cannot save", who).Number)
		}
		must(d.Adopt(ctx, Actor{}, p.Number, children))(t)
		const says = "Nothing could be saved because the storage was full."
		solved := func(number int64, says string) {
			must(d.SetStage(ctx, Actor{}, number, StageChange{Stage: Completed, Fix: "Mended", Summary: says}, AnyVersion))(t)
		}
		solved(p.Number, says)
		for _, n := range children[:3] {
			solved(n, says)
		}
		solved(children[3], "Her share had no rights.")
		solved(children[4], says)
		now := d.Now()
		d.put(t, children[4], "closed_at = ?", migrations.At(now.Add(-40*24*time.Hour)))
		told := must(d.SolvedAndTold(ctx, now.Add(-time.Hour), now.Add(time.Hour), 100))(t)
		if len(told) != 2 {
			t.Fatalf("told: %+v", told)
		}
		for _, x := range told {
			if x.Summary == says && (x.Tickets != 4 || x.People != 3) || x.Summary != says && (x.Tickets != 1 || x.People != 1) {
				t.Errorf("%q: %d tickets, %d people", x.Summary, x.Tickets, x.People)
			}
		}
		if told := must(d.SolvedAndTold(ctx, now.Add(-41*24*time.Hour), now.Add(-39*24*time.Hour), 100))(t); len(told) != 1 || told[0].Tickets != 1 || told[0].People != 1 {
			t.Errorf("the month before: %+v", told)
		}
	})
}
