package tracker

import (
	"context"
	"testing"
	"time"

	"helpdeskd/migrations"
)

const day = 24 * time.Hour

// confirming opens a ticket and asks its client whether it is solved.
func (d *mailDesk) confirming(by Account) Ticket {
	d.t.Helper()
	o := d.receive(d.mail())
	n := must(ParseTicketName(o.Ticket))(d.t)
	return must(d.SetStage(d.ctx, by.Actor(), n, StageChange{Stage: Confirming, Fix: "Extinguished"}, AnyVersion))(d.t)
}

func (d *mailDesk) completed(want int) {
	d.t.Helper()
	if n := must(d.AutoComplete(d.ctx, nil))(d.t); n != want {
		d.t.Fatalf("%d tickets completed, want %d", n, want)
	}
}

func TestSilenceCompletesSevenDaysAfterTheMailWasSent(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		x := d.confirming(tech)
		d.now = d.now.Add(20 * day)
		d.completed(0) // the mail was never sent
		d.send()
		d.now = d.now.Add(7*day - time.Second)
		d.completed(0)
		d.now = d.now.Add(time.Second)
		d.completed(1)
		d.completed(0)
		y := must(d.TicketByNumber(d.ctx, x.Number))(t)
		if y.Stage != Completed || !y.Unconfirmed || y.ClosedAt != migrations.At(d.now) || y.Version != x.Version+1 {
			t.Fatalf("completed %+v", y)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'unconfirmed' AND actor = 'system'`); n != 1 {
			t.Fatalf("%d events", n)
		}
		// The client's answer re-opens it, and by then it is not unconfirmed.
		token := d.count(`SELECT count(*) FROM reply_token`)
		if token == 0 {
			t.Fatal("no token was recorded")
		}
		d.want(d.receive(d.mail(func(in *Inbound) { in.SubjectTags = []int64{x.Number} }, says("It burns again."))), FateAppend, y.Name(), 0)
		if y = must(d.TicketByNumber(d.ctx, x.Number))(t); y.Stage != Requested || y.Unconfirmed || y.ClosedAt != 0 {
			t.Fatalf("re-opened %+v", y)
		}
	})
}

func TestWhatBreaksTheSilence(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		// A person writes again: seven days from that mail.
		a := d.confirming(tech)
		d.send()
		d.now = d.now.Add(5 * day)
		must(d.Reply(d.ctx, tech.Actor(), a.Number, ReplyInput{Text: "Well?"}))(t)
		d.send()
		d.now = d.now.Add(5 * day)
		d.completed(0)
		// A stranger's mail is held on it.
		token := ""
		if err := d.db.Get(d.ctx, &token, `SELECT mail_id FROM outbox WHERE ticket_id = ? AND kind = 'reply' ORDER BY id LIMIT 1`, a.ID); err != nil {
			t.Fatal(err)
		}
		d.want(d.receive(d.mail(from("carl@aldermere.example"), answers(token))), FatePending, a.Name(), 0)
		d.now = d.now.Add(5 * day)
		d.completed(0)
		held, _, err := d.Held(d.ctx, 0, 1)
		d.ok(err)
		d.ok(d.RejectHeld(d.ctx, tech.Actor(), held[0].ID, ""))
		d.completed(1)
		// An uncertain mail may have been lost: a person decides.
		b := d.confirming(tech)
		d.now = d.now.Add(time.Hour)
		d.send()
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE outbox SET state = 'uncertain' WHERE ticket_id = ? AND kind = 'reply'`, b.ID)
			return err
		}))
		d.now = d.now.Add(30 * day)
		d.completed(0)
		// 0 days: never.
		d.ok(d.SetSetting(d.ctx, Actor{}, SetSilentDays, "0"))
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE outbox SET state = 'sent' WHERE ticket_id = ? AND kind = 'reply'`, b.ID)
			return err
		}))
		d.completed(0)
		d.ok(d.SetSetting(d.ctx, Actor{}, SetSilentDays, "30"))
		d.completed(1)
	})
}

func TestArchiveAfterCalendarMonths(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		at := func(s string) time.Time { return must(time.Parse("2006-01-02 15:04", s))(t) }
		for i, closed := range []string{"2026-12-31 12:00", "2027-01-01 00:00", "2026-12-31 12:00", "2027-02-10 09:00"} {
			d.receive(d.mail())
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', fix = 'f', closed_at = ? WHERE number = ?`, migrations.At(at(closed)), i+1)
				return err
			}))
		}
		for _, c := range []struct {
			now  string
			want int
		}{{"2027-02-28 11:59", 0}, {"2027-02-28 12:00", 2}, {"2027-02-28 23:59", 0}, {"2027-03-01 00:00", 1}, {"2027-04-10 08:59", 0}, {"2027-04-10 09:00", 1}} {
			d.now = at(c.now)
			if n := must(d.Archive(d.ctx, nil))(t); n != c.want {
				t.Fatalf("at %s: %d archived, want %d", c.now, n, c.want)
			}
		}
		if b := must(d.Board(d.ctx, BoardFilter{}))(t); b[3].Count != 0 {
			t.Fatalf("the board still shows %d", b[3].Count)
		}
		// A mail to an archived ticket re-opens it.
		d.want(d.receive(d.mail(func(in *Inbound) { in.SubjectTags = []int64{1} })), FateAppend, "HD-1", 0)
		if x := must(d.TicketByNumber(d.ctx, 1))(t); x.Archived() || x.Stage != Requested {
			t.Fatalf("re-opened %+v", x)
		}
	})
}

func TestManyClosedAtOnceAreAllArchived(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		const n = 2*clockBatch + 7
		err := d.db.Tx(t.Context(), func(tx *migrations.Tx) error {
			for i := range n {
				_, err := tx.Exec(t.Context(), `INSERT INTO ticket (number, subject, stage, level, star, opened_at, stage_at, closed_at, created_at, updated_at) VALUES (?, 'x', 'dropped', 1, FALSE, 1, 1, 1000, 1, 1)`, i+1)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := must(d.Archive(t.Context(), nil))(t); got != n {
			t.Fatalf("%d archived, want %d", got, n)
		}
	})
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{{"2026-01-31", 1, "2026-02-28"}, {"2028-01-31", 1, "2028-02-29"}, {"2026-12-31", 2, "2027-02-28"}, {"2026-08-31", 1, "2026-09-30"}, {"2026-03-15", 2, "2026-05-15"}, {"2026-11-30", 3, "2027-02-28"}} {
		from := must(time.Parse(time.DateOnly, c.from))(t)
		if got := addMonths(from, c.months).Format(time.DateOnly); got != c.want {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

func TestClockAndIndexRunUnderTheirLeases(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		x := d.confirming(tech)
		d.send()
		d.now = d.now.Add(8 * day)
		ctx, stop := context.WithCancel(d.ctx)
		watch := d.Watch(ctx)
		done := make(chan error, 2)
		for name, run := range map[string]func(context.Context, *Lease) error{"clock": d.RunClock, "index": d.RunIndex} {
			l, err := d.Acquire(ctx, name)
			d.ok(err)
			defer l.Release(d.ctx)
			go func() { done <- run(ctx, l) }()
		}
		for events := range watch {
			found := false
			for _, e := range events {
				found = found || e.Kind == "unconfirmed" && e.SubjectID == x.ID
			}
			if found {
				break
			}
		}
		for must(d.Health(ctx))(t).ToIndex > 0 { // bounded by the test's own time limit
			if ctx.Err() != nil {
				t.Fatal(ctx.Err())
			}
		}
		if p := must(d.Search(ctx, "extinguished", "", 0, 5))(t); len(p.Hits) != 1 {
			t.Fatalf("found %d", len(p.Hits))
		}
		stop()
		for range 2 {
			if err := <-done; err != context.Canceled {
				t.Fatalf("a worker ended with %v", err)
			}
		}
		// A lost lease stops what runs under it.
		l := must(d.Acquire(d.ctx, "index"))(t)
		must(d.Acquire(d.ctx, "index"))(t) // the same node: taken over at once
		d.receive(d.mail())
		wantKind(t, d.RunIndex(d.ctx, l), migrations.Conflict)
	})
}

// What closes soon to its day is looked at each minute, and written to only
// on its day.
func TestWaitingToBeArchivedWritesNothing(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		x := d.confirming(tech)
		must(d.SetStage(d.ctx, tech.Actor(), x.Number, StageChange{Stage: Completed}, AnyVersion))(t)
		l := must(d.Acquire(d.ctx, "clock"))(t)
		defer l.Release(d.ctx)
		d.now = time.Date(2026, 4, 30, 10, 0, 0, 0, time.UTC)
		beat := func() int { return d.count(`SELECT beat FROM lease WHERE name = 'clock'`) }
		was := beat()
		if n := must(d.Archive(d.ctx, l))(t); n != 0 || beat() != was {
			t.Errorf("%d archived, and the lease's row was written %d times", n, beat()-was)
		}
		d.now = time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)
		if n := must(d.Archive(d.ctx, l))(t); n != 1 {
			t.Errorf("%d archived on the day", n)
		}
	})
}
