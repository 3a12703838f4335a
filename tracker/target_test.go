package tracker

import (
	"maps"
	"slices"
	"testing"
	"time"

	"helpdeskd/migrations"
)

const deskZone = "Europe/Zurich"

// office opens the desk on weekdays, eight to noon and one to half past five.
func (d *desk) office(t *testing.T, holidays ...string) {
	t.Helper()
	h := weekdays(deskZone)
	week := must(CheckSetting(SetHours, `{"zone":"`+h.Zone+`","week":[[],`+span+`,`+span+`,`+span+`,`+span+`,`+span+`,[]]}`))(t)
	if err := d.SetSetting(t.Context(), d.admin.Actor(), SetHours, week); err != nil {
		t.Fatal(err)
	}
	for _, day := range holidays {
		if err := d.AddHoliday(t.Context(), d.admin.Actor(), Holiday{Date: day, Name: "Holiday"}); err != nil {
			t.Fatal(err)
		}
	}
}

const span = `[{"from":480,"to":720},{"from":780,"to":1050}]`

// targets switches the response targets on, in hours by priority.
func (d *desk) targets(t *testing.T, answer, solve [ranks]string) {
	t.Helper()
	values := map[string]string{SetTargets: "on"}
	a, b := TargetSettings()
	for i := range ranks {
		values[a[i]], values[b[i]] = answer[i], solve[i]
	}
	d.set(t, values)
}

func (d *desk) set(t *testing.T, values map[string]string) {
	t.Helper()
	if err := d.ChangeSettings(t.Context(), d.admin.Actor(), maps.Clone(values), AnyVersion); err != nil {
		t.Fatal(err)
	}
}

// at moves the clock to a time on the wall in Zurich.
func (d *desk) at(t *testing.T, text string) {
	t.Helper()
	d.clock.mu.Lock()
	defer d.clock.mu.Unlock()
	d.clock.now = in(t, deskZone, text)
}

// until is a stamp as a time on the wall in Zurich, "" for none.
func until(t *testing.T, s migrations.Stamp) string {
	t.Helper()
	if s == 0 {
		return ""
	}
	return s.Time().In(in(t, deskZone, "2026-01-01 00:00").Location()).Format("2006-01-02 15:04")
}

func (d *desk) now(t *testing.T, number int64) Ticket {
	t.Helper()
	return must(d.TicketByNumber(t.Context(), number))(t)
}

func (d *desk) wantTargets(t *testing.T, number int64, respond, solve, deadline string) {
	t.Helper()
	x := d.now(t, number)
	if a, b, c := until(t, x.RespondBy), until(t, x.SolveBy), until(t, x.Deadline); a != respond || b != solve || c != deadline {
		t.Fatalf("%s: answer by %q, solve by %q, nearest %q; want %q, %q, %q", x.Name(), a, b, c, respond, solve, deadline)
	}
}

var usualAnswer, usualSolve = [ranks]string{"960", "480", "240", "60"}, [ranks]string{"4800", "2400", "960", "480"}

func TestTargetsAreCountedInOpeningHours(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		d.office(t, "2026-12-25", "2026-12-28")
		d.at(t, "2026-12-24 16:30") // a Thursday; the next open day is Tuesday the 29th
		x := d.open(t, "Printer jams", "anna")
		d.wantTargets(t, x.Number, "", "", "") // off by default
		d.targets(t, usualAnswer, usualSolve)
		if n := must(d.RecountTargets(ctx, nil))(t); n != 1 {
			t.Fatalf("%d tickets counted anew", n)
		}
		// 16 hours: one on Thursday, 8.5 on Tuesday, 6.5 on Wednesday until 15:30.
		d.wantTargets(t, x.Number, "2026-12-30 15:30", "2027-01-11 10:30", "2026-12-30 15:30")
		if n := must(d.RecountTargets(ctx, nil))(t); n != 0 {
			t.Fatalf("%d counted anew without a reason", n)
		}
		y := d.open(t, "Scanner jams", "bo") // known at once from now on
		d.wantTargets(t, y.Number, "2026-12-30 15:30", "2027-01-11 10:30", "2026-12-30 15:30")
		// Its first triage counts from the arrival.
		d.at(t, "2026-12-24 17:00")
		must(d.SetPriority(ctx, by, x.Number, 3, false, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-12-29 11:00", "2026-12-30 15:30", "2026-12-29 11:00")
		// The first words of a person end the first target.
		must(d.Reply(ctx, by, x.Number, ReplyInput{Text: "We are coming."}))(t)
		d.wantTargets(t, x.Number, "2026-12-29 11:00", "2026-12-30 15:30", "2026-12-30 15:30")
		if got := d.now(t, x.Number).FirstAnswerAt; got != d.stamp() {
			t.Fatalf("first answer %d", got)
		}
		// A logged call is an answer, a note is none.
		must(d.AddNote(ctx, by, y.Number, NoteNote, "Hm."))(t)
		if d.now(t, y.Number).FirstAnswerAt != 0 {
			t.Fatal("a note counts as an answer")
		}
		must(d.AddNote(ctx, by, y.Number, NotePhone, "Called him."))(t)
		if d.now(t, y.Number).FirstAnswerAt != d.stamp() {
			t.Fatal("a call is no answer")
		}
		// Off again: nothing is left, of open tickets.
		d.set(t, map[string]string{SetTargets: "off"})
		must(d.RecountTargets(ctx, nil))(t)
		d.wantTargets(t, x.Number, "", "", "")
	})
}

func TestPrioritiesMoveTargets(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		d.office(t)
		d.targets(t, usualAnswer, usualSolve)
		d.at(t, "2026-11-02 08:00") // a Monday
		x := d.open(t, "Printer jams", "anna")
		must(d.SetPriority(ctx, by, x.Number, 2, false, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 17:00", "2026-11-06 15:00", "2026-11-02 17:00")
		// Raised later, its shorter target runs from then on.
		d.at(t, "2026-11-02 14:00")
		must(d.SetPriority(ctx, by, x.Number, 3, true, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 15:00", "2026-11-03 13:30", "2026-11-02 15:00")
		// Raising never gives more time than there was.
		d.at(t, "2026-11-02 16:30")
		must(d.SetPriority(ctx, by, x.Number, 2, false, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 17:00", "2026-11-06 15:00", "2026-11-02 17:00")
		must(d.SetPriority(ctx, by, x.Number, 3, false, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 17:00", "2026-11-04 15:30", "2026-11-02 17:00")
		// Lowered, it has the time of the lower one, from its arrival.
		must(d.SetPriority(ctx, by, x.Number, 1, false, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-03 16:30", "2026-11-13 11:30", "2026-11-03 16:30")
		// Other hours count from the next minute on.
		if err := d.AddHoliday(ctx, d.admin.Actor(), Holiday{Date: "2026-11-03", Name: "Fair"}); err != nil {
			t.Fatal(err)
		}
		must(d.RecountTargets(ctx, nil))(t)
		d.wantTargets(t, x.Number, "2026-11-04 16:30", "2026-11-16 11:30", "2026-11-04 16:30")
	})
}

func TestWaitingStopsTheSolutionsClock(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		d.office(t)
		d.targets(t, usualAnswer, usualSolve)
		d.at(t, "2026-11-02 08:00")
		x := d.open(t, "Printer jams", "anna")
		must(d.SetPriority(ctx, by, x.Number, 3, false, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-03 16:30", "2026-11-02 12:00")
		d.at(t, "2026-11-02 10:00")
		y := must(d.SetWaiting(ctx, by, x.Number, Waiting{On: WaitingClient}, AnyVersion))(t)
		if y.Waiting != WaitingClient || y.WaitingSince != d.stamp() {
			t.Fatalf("waiting %+v", y.waits())
		}
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-03 16:30", "2026-11-02 12:00") // an answer is owed all the same
		must(d.AddNote(ctx, by, x.Number, NotePhone, "Asked him."))(t)
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-03 16:30", "")
		// On Wednesday at three it goes on, with fourteen of its sixteen hours.
		d.at(t, "2026-11-04 15:00")
		must(d.SetWaiting(ctx, by, x.Number, Waiting{}, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-06 11:00", "2026-11-06 11:00")
		// A vendor stops nothing.
		must(d.SetWaiting(ctx, by, x.Number, Waiting{On: WaitingVendor, Vendor: "Brightline Repairs", Expected: "2026-11-20"}, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-06 11:00", "2026-11-06 11:00")
		// Asking whether it is solved stops it; what is re-opened goes on with what was left.
		d.at(t, "2026-11-05 08:00")
		if y := must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Confirming, Fix: "Cleaned the rollers"}, AnyVersion))(t); y.waits() != (Waiting{}) {
			t.Errorf("what its client is asked about waits on %+v", y.waits())
		}
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-06 11:00", "")
		d.at(t, "2026-11-09 08:00")
		z := must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Completed}, AnyVersion))(t)
		if z.Waiting != "" || z.Vendor != "" || z.ExpectedOn != "" {
			t.Fatalf("closed, and waits: %+v", z.waits())
		}
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-06 11:00", "")
		d.at(t, "2026-11-16 08:00")
		must(d.SetStage(ctx, by, x.Number, StageChange{Stage: InProgress}, AnyVersion))(t)
		d.wantTargets(t, x.Number, "2026-11-02 12:00", "2026-11-17 11:00", "2026-11-17 11:00")
		want := []string{"waiting >client by account:2", "waiting client> by account:2", "waiting >vendor by account:2", "waiting vendor> by account:2"}
		var got []string
		for _, k := range d.kinds(t, x.ID) {
			if len(k) > 8 && k[:8] == "waiting " {
				got = append(got, k)
			}
		}
		if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
			t.Fatalf("events %q, want %q", got, want)
		}
	})
}

func TestWaitingIsRefusedWhereItMeansNothing(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Printer jams", "anna")
		_, err := d.SetWaiting(ctx, by, x.Number, Waiting{On: "weather"}, AnyVersion)
		wantKind(t, err, migrations.Invalid)
		_, err = d.SetWaiting(ctx, by, x.Number, Waiting{On: WaitingVendor, Expected: "soon"}, AnyVersion)
		wantKind(t, err, migrations.Invalid)
		y := must(d.SetWaiting(ctx, by, x.Number, Waiting{On: WaitingVendor, Vendor: "Brightline"}, x.Version))(t)
		_, err = d.SetWaiting(ctx, by, x.Number, Waiting{}, x.Version)
		wantKind(t, err, migrations.Conflict)
		// The same vendor by another day is the same wait.
		d.clock.add(time.Hour)
		z := must(d.SetWaiting(ctx, by, x.Number, Waiting{On: WaitingVendor, Vendor: "Brightline", Expected: "2026-12-01"}, y.Version))(t)
		if z.WaitingSince != y.WaitingSince || z.ExpectedOn != "2026-12-01" {
			t.Fatalf("%+v after %+v", z, y)
		}
		_, err = d.SetDue(ctx, by, x.Number, DueDate{At: migrations.At(d.Now().AddDate(30, 0, 0))}, AnyVersion)
		wantKind(t, err, migrations.Invalid)
		due := migrations.At(d.Now().Add(3 * time.Hour))
		if got := must(d.SetDue(ctx, by, x.Number, DueDate{At: due}, AnyVersion))(t); got.DueAt != due || got.Deadline != due {
			t.Fatalf("due %+v", got)
		}
		c := must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Dropped, Reason: "a joke"}, AnyVersion))(t)
		if c.Waiting != "" || c.Deadline != 0 || c.DueAt != due {
			t.Fatalf("dropped %+v", c)
		}
		_, err = d.SetWaiting(ctx, by, x.Number, Waiting{On: WaitingClient}, AnyVersion)
		wantKind(t, err, migrations.Conflict)
		_, err = d.SetDue(ctx, by, x.Number, DueDate{At: due + 1}, AnyVersion)
		wantKind(t, err, migrations.Conflict)
	})
}

func TestAfterPausesAcrossTheChangeOfClocks(t *testing.T) {
	h := Hours{Zone: deskZone}
	for i := range h.Week {
		h.Week[i] = []Span{{0, 24 * 60}}
	}
	// On 25 October 2026 the clocks of Zurich are put back at three: that day has 25 hours.
	from := in(t, deskZone, "2026-10-24 12:00")
	if got := until(t, migrations.At(afterPauses(h, from, 24*time.Hour, nil))); got != "2026-10-25 11:00" {
		t.Fatalf("24 hours end at %s", got)
	}
	pause := []stretch{{in(t, deskZone, "2026-10-25 01:00"), in(t, deskZone, "2026-10-25 06:00")}} // six hours
	if got := until(t, migrations.At(afterPauses(h, from, 24*time.Hour, pause))); got != "2026-10-25 17:00" {
		t.Fatalf("with a pause they end at %s", got)
	}
	// Pauses before the beginning, and one that it began in, count from it.
	pause = []stretch{{from.Add(-9 * time.Hour), from.Add(-8 * time.Hour)}, {from.Add(-time.Hour), from.Add(time.Hour)}}
	if got := until(t, migrations.At(afterPauses(h, from, 2*time.Hour, pause))); got != "2026-10-24 15:00" {
		t.Fatalf("begun in a pause it ends at %s", got)
	}
}

func TestListsByDeadline(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		var all []int64
		for range 7 {
			all = append(all, d.open(t, "Printer jams", "anna").Number)
		}
		for i, hours := range map[int]int{1: 30, 3: -2, 5: 2} {
			must(d.SetDue(ctx, by, all[i], DueDate{At: migrations.At(d.Now().Add(time.Duration(hours) * time.Hour))}, AnyVersion))(t)
		}
		must(d.Reply(ctx, by, all[2], ReplyInput{Text: "Which one?", Wait: true}))(t)
		if x := d.now(t, all[2]); x.Waiting != WaitingClient || x.Stage != InProgress {
			t.Fatalf("asked, %s, waiting %q", x.Stage, x.Waiting)
		}
		var got []int64
		for after := ""; ; {
			list, more, err := d.Tickets(ctx, TicketFilter{ByDue: true}, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, numbers(list)...); more == "" {
				break
			}
			after = more
		}
		want := []int64{all[3], all[5], all[1], all[0], all[2], all[4], all[6]}
		if !slices.Equal(got, want) {
			t.Fatalf("sorted %v, want %v", got, want)
		}
		now := migrations.At(d.Now())
		for f, want := range map[*TicketFilter]int{{DueBefore: now}: 1, {DueBefore: now + migrations.Stamp(3*time.Hour/time.Microsecond)}: 2, {Waiting: WaitingClient}: 1, {Waiting: WaitingVendor}: 0} {
			if n := must(d.CountTickets(ctx, *f, 100))(t); n != want {
				t.Errorf("%+v finds %d, want %d", *f, n, want)
			}
		}
		_, _, err := d.Tickets(ctx, TicketFilter{ByDue: true}, "x", 2)
		wantKind(t, err, migrations.Invalid)
	})
}
