package tracker

import (
	"errors"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// poll has the mailbox read a moment ago.
func (d *mailDesk) poll() {
	d.t.Helper()
	d.ok(d.PollResult(d.ctx, d.mailbox.ID, Poll{}))
}

func (d *mailDesk) setting(name, value string) {
	d.t.Helper()
	d.ok(d.SetSetting(d.ctx, Actor{}, name, value))
}

// asked opens a ticket of anna's, asks her something, and waits for her.
func (d *mailDesk) asked(by Account) Ticket {
	d.t.Helper()
	o := d.receive(d.mail())
	n := must(ParseTicketName(o.Ticket))(d.t)
	must(d.Assign(d.ctx, by.Actor(), n, by.ID, AnyVersion))(d.t)
	must(d.Reply(d.ctx, by.Actor(), n, ReplyInput{Text: "Which printer?", Wait: true}))(d.t)
	d.send()
	return must(d.TicketByNumber(d.ctx, n))(d.t)
}

func (d *mailDesk) reminded(want int) {
	d.t.Helper()
	d.poll()
	if n := must(d.RemindClients(d.ctx, nil))(d.t); n != want {
		d.t.Fatalf("%d clients reminded, want %d", n, want)
	}
}

func (d *mailDesk) mails(kind string) int {
	d.t.Helper()
	return d.count(`SELECT count(*) FROM outbox WHERE kind = ? AND state <> 'cancelled'`, kind)
}

func TestClientsAreRemindedOfWhatWaitsForThem(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		x := d.asked(tech) // Monday 2 March, 10:00
		d.now = d.now.Add(10 * day)
		d.reminded(0) // off by default
		d.now = d.now.Add(-10 * day)
		d.setting(SetRemindDays, "3")
		d.now = d.now.Add(3*day - time.Second)
		d.reminded(0)
		d.now = d.now.Add(time.Hour) // Thursday
		if n := must(d.RemindClients(d.ctx, nil))(t); n != 0 {
			t.Fatal("reminded, though the mailbox was not read since")
		}
		d.reminded(1)
		d.reminded(0)
		d.send()
		d.now = d.now.Add(3*day + time.Minute) // Sunday: nobody works
		d.reminded(0)
		d.now = d.now.Add(day)
		d.reminded(1)
		d.send()
		d.now = d.now.Add(7 * day)
		d.reminded(0) // two at most
		if d.mails(MailRemind) != 2 {
			t.Fatalf("%d mails", d.mails(MailRemind))
		}
		// Her answer ends the waiting.
		o := d.receive(d.mail(answers("m1@aldermere.example"), says("The one upstairs.")))
		d.want(o, FateAppend, x.Name(), 0)
		y := must(d.TicketByNumber(d.ctx, x.Number))(t)
		if y.Waiting != "" || y.Reminded != 0 || y.Stage != InProgress {
			t.Fatalf("answered: %q, %d, %s", y.Waiting, y.Reminded, y.Stage)
		}
	})
}

func TestWhoIsNotReminded(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.setting(SetRemindDays, "1")
		for what, change := range map[string]string{
			"a bounced address":    `UPDATE client_address SET bounced_at = 1 WHERE address = 'anna@aldermere.example'`,
			"a robot":              `UPDATE message SET class = 'automatic' WHERE direction = 'in'`,
			"what was not sent":    `UPDATE outbox SET state = 'uncertain' WHERE kind = 'reply'`,
			"a held mail":          `UPDATE message SET state = 'held' WHERE direction = 'in'`,
			"news":                 `UPDATE ticket SET news = TRUE`,
			"an unread mailbox":    `UPDATE mailbox SET last_ok_at = 1`,
			"mail to be decided":   `UPDATE inbox SET state = 'kept'`,
			"a mailbox in shadow":  `UPDATE mailbox SET shadow = 'on'`,
			"something newer said": `UPDATE message SET at = at + 86400000000 WHERE direction = 'out'`,
			"no person":            `UPDATE ticket SET client_id = NULL`,
			"ourselves":            `UPDATE ticket SET client_address = 'helpdesk@aldermere.example'`,
		} {
			d.now = time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)
			x := d.asked(tech)
			d.now = d.now.Add(day + time.Minute)
			d.poll()
			undo := errors.New("undo")
			err := d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				if _, err := tx.Exec(d.ctx, change); err != nil {
					t.Error(what, err)
				}
				before := migrations.At(d.Now().AddDate(0, 0, -1))
				if done, err := d.remindTx(d.ctx, tx, x.ID, []any{2, before, before, before, before, migrations.At(d.Now().Add(-readLately))}); done || err != nil {
					t.Errorf("%s is reminded: %v", what, err)
				}
				return undo
			})
			if !errors.Is(err, undo) {
				t.Fatal(what, err)
			}
			must(d.SetStage(d.ctx, tech.Actor(), x.Number, StageChange{Stage: Dropped, Reason: "tried"}, AnyVersion))(t)
		}
		// The one that nothing speaks against is.
		d.asked(tech)
		d.now = d.now.Add(day + time.Minute)
		d.reminded(1)
		// What has not left when she answers never does.
		d.want(d.receive(d.mail(answers("m1@aldermere.example"), func(in *Inbound) { in.SubjectTags = []int64{1} })), FateAppend, "HD-1", 0)
		last := must(d.TicketByID(d.ctx, int64(d.count(`SELECT max(id) FROM ticket`))))(t)
		must(d.SetWaiting(d.ctx, tech.Actor(), last.Number, Waiting{}, AnyVersion))(t)
		if d.mails(MailRemind) != 0 {
			t.Fatal("a reminder of an ended wait goes out")
		}
	})
}

// A crash loses nothing and repeats nothing, whether it comes before the
// commit or after; nor do two nodes, of which each takes itself for the one.
func TestRemindersAcrossCrashesAndNodes(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t := d.t
		tech := d.technician("tomas@aldermere.example")
		d.setting(SetRemindDays, "1")
		d.setting(SetRemindVendor, "on")
		x := d.asked(tech)
		y := must(d.TicketByNumber(d.ctx, must(ParseTicketName(d.receive(d.mail(says("Another."))).Ticket))(t)))(t)
		must(d.Assign(d.ctx, tech.Actor(), y.Number, tech.ID, AnyVersion))(t)
		must(d.SetWaiting(d.ctx, tech.Actor(), y.Number, Waiting{On: WaitingVendor, Vendor: "Brightline", Expected: "2026-03-02"}, AnyVersion))(t)
		must(d.SetDue(d.ctx, tech.Actor(), y.Number, DueDate{At: migrations.At(d.now.Add(time.Hour))}, AnyVersion))(t)
		d.now = d.now.Add(day + time.Minute)
		d.poll()
		crash := errors.New("crash")
		err := d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			before := migrations.At(d.Now().AddDate(0, 0, -1))
			if done, err := d.remindTx(d.ctx, tx, x.ID, []any{2, before, before, before, before, migrations.At(d.Now().Add(-readLately))}); !done || err != nil {
				t.Errorf("not reminded: %v", err)
			}
			if missed, err := d.missedTx(d.ctx, tx, y.ID); !missed || err != nil {
				t.Errorf("not missed: %v", err)
			}
			return crash
		})
		if !errors.Is(err, crash) || d.mails(MailRemind) != 0 {
			t.Fatal("something of a transaction that crashed is left", err)
		}
		other := d.otherMailbox("second")
		other.now = d.now
		var both sync.WaitGroup
		for _, s := range []*Store{d.Store, other.Store} {
			both.Go(func() {
				for range 3 {
					_, err := s.RemindClients(d.ctx, nil)
					_, err2 := s.Escalate(d.ctx, nil)
					_, err3 := s.NudgeAssignees(d.ctx, nil)
					if err := errors.Join(err, err2, err3); err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
		// One to the client; to the assignee one of the date, one of the vendor.
		if a, b := d.mails(MailRemind), d.mails(MailDue); a != 1 || b < 1 || b > 2 {
			t.Fatalf("%d reminders, %d mails to the assignee", a, b)
		}
		for kind, want := range map[string]int{"reminded": 1, "nudged": 1, "missed": 1} {
			if n := d.count(`SELECT count(*) FROM event WHERE kind = ?`, kind); n != want {
				t.Errorf("%d events %s, want %d", n, kind, want)
			}
		}
		// A node whose lease was taken over does nothing any more.
		d.send()
		l, err := d.Acquire(d.ctx, "clock")
		d.ok(err)
		if err := d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE lease SET fence = fence + 1, holder = 'other' WHERE name = 'clock'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		d.now = d.now.Add(2 * day)
		d.poll()
		if n, err := d.RemindClients(d.ctx, l); err == nil || n != 0 || d.mails(MailRemind) != 1 {
			t.Fatalf("without its lease it reminded %d: %v", n, err)
		}
	})
}

// A daemon that slept for a week says each thing once.
func TestAWeekAsleep(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		for name, v := range map[string]string{SetRemindDays: "1", SetRemindMost: "5", SetRemindVendor: "on", SetRemindQuiet: "1", SetTargets: "on"} {
			d.setting(name, v)
		}
		x := d.asked(tech)
		for i := range 4 {
			o := d.receive(d.mail(from("bo@aldermere.example"), says("It smells again.")))
			n := must(ParseTicketName(o.Ticket))(t)
			must(d.Assign(d.ctx, tech.Actor(), n, tech.ID, AnyVersion))(t)
			if i > 1 {
				must(d.SetWaiting(d.ctx, tech.Actor(), n, Waiting{On: WaitingVendor, Expected: "2026-03-03"}, AnyVersion))(t)
			}
		}
		d.now = d.now.Add(8 * day) // Tuesday
		for range 20 {
			d.poll()
			must(d.RecountTargets(d.ctx, nil))(t)
			must(d.Escalate(d.ctx, nil))(t)
			must(d.RemindClients(d.ctx, nil))(t)
			must(d.NudgeAssignees(d.ctx, nil))(t)
			d.now = d.now.Add(time.Minute)
		}
		if n := d.mails(MailRemind); n != 1 {
			t.Fatalf("%d reminders after a week", n)
		}
		// One of all that was missed, one of both vendors.
		if n := d.mails(MailDue); n != 2 {
			t.Fatalf("%d mails to the assignee after a week", n)
		}
		if n := must(d.TicketByNumber(d.ctx, x.Number))(t).Reminded; n != 1 {
			t.Fatalf("reminded %d times", n)
		}
		// A clock that was a day ahead and is right again: nothing more is sent,
		// and what was marked then is not missed any more.
		d.now = d.now.Add(-24 * time.Hour)
		for range 5 {
			d.poll()
			must(d.Escalate(d.ctx, nil))(t)
			must(d.RemindClients(d.ctx, nil))(t)
			must(d.NudgeAssignees(d.ctx, nil))(t)
			d.now = d.now.Add(time.Minute)
		}
		if a, b := d.mails(MailRemind), d.mails(MailDue); a != 1 || b != 2 {
			t.Fatalf("a clock put back sends: %d, %d", a, b)
		}
	})
}

func TestWhatIsMissedIsToldOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		d.office(t)
		d.targets(t, usualAnswer, usualSolve)
		d.at(t, "2026-11-02 08:00")
		x := d.open(t, "Printer jams", "anna")
		must(d.SetPriority(ctx, by, x.Number, 3, true, AnyVersion))(t) // one hour, eight hours
		must(d.Assign(ctx, d.admin.Actor(), x.Number, d.tech.ID, AnyVersion))(t)
		escalate := func(want, mails int) {
			t.Helper()
			if n := must(d.Escalate(ctx, nil))(t); n != want {
				t.Fatalf("%d missed, want %d", n, want)
			}
			var n int
			if err := d.db.Get(ctx, &n, `SELECT count(*) FROM outbox WHERE kind = 'due'`); err != nil || n != mails {
				t.Fatalf("%d mails, want %d (%v)", n, mails, err)
			}
		}
		d.at(t, "2026-11-02 08:59")
		escalate(0, 0)
		d.at(t, "2026-11-02 09:00")
		escalate(1, 2) // the assignee and the administrator
		escalate(0, 2)
		d.at(t, "2026-11-02 09:01")
		y := d.open(t, "Scanner jams", "bo")
		must(d.SetDue(ctx, by, y.Number, DueDate{At: migrations.At(d.Now().Add(time.Minute))}, AnyVersion))(t)
		d.at(t, "2026-11-02 09:05")
		d.set(t, map[string]string{SetTell: TellNobody})
		escalate(1, 2) // gathered
		d.at(t, "2026-11-02 09:11")
		escalate(0, 4) // nobody has it: who hears of everything is told
		d.at(t, "2026-11-02 17:30")
		escalate(1, 5) // the solution of the first, to its assignee alone
		if got := d.kinds(t, x.ID); got[len(got)-1] != "missed >solution by system" {
			t.Fatalf("events %q", got)
		}
		// Figures: one of two answered late, none solved yet.
		must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Completed, Fix: "Cleaned"}, AnyVersion))(t)
		f := must(d.TargetFigures(ctx, migrations.At(in(t, deskZone, "2026-11-01 00:00")), migrations.At(in(t, deskZone, "2026-12-01 00:00"))))(t)
		if f.Answered != 1 || f.AnsweredInTime != 0 || f.Solved != 1 || f.SolvedInTime != 0 {
			t.Fatalf("figures %+v", f)
		}
		z := d.open(t, "Mouse jams", "cy")
		must(d.Reply(ctx, by, z.Number, ReplyInput{Text: "Use another."}))(t)
		must(d.SetStage(ctx, by, z.Number, StageChange{Stage: Completed, Fix: "Another mouse"}, AnyVersion))(t)
		f = must(d.TargetFigures(ctx, migrations.At(in(t, deskZone, "2026-11-01 00:00")), migrations.At(in(t, deskZone, "2026-12-01 00:00"))))(t)
		if f.Answered != 2 || f.AnsweredInTime != 1 || f.Solved != 2 || f.SolvedInTime != 1 {
			t.Fatalf("figures %+v", f)
		}
	})
}
