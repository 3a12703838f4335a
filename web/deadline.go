package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// soon is how many opening hours before its end a deadline is pointed out.
const soon = 2 * time.Hour

// deadlineView is a ticket's nearest deadline, as its mark shows it.
type deadlineView struct {
	Word string // what is owed: an answer, the solution, it is due
	At   migrations.Stamp
	Day  bool // only the day counts
	Late bool
	Near bool // late, or soon
	Tone string
	Turn int64 // when the mark says something else, milliseconds since 1970
}

// deadline returns the nearest deadline of a ticket, nil where none runs.
func (s *site) deadline(v any) *deadlineView {
	var t *tracker.Ticket
	switch v := v.(type) {
	case tracker.Ticket:
		t = &v
	case *tracker.Ticket:
		t = v
	case ticketRow:
		t = v.Ticket
	}
	if t == nil || t.Deadline == 0 {
		return nil
	}
	d := &deadlineView{Word: s.words.say("due.due"), At: t.Deadline, Day: t.DueDay && t.Deadline == t.DueAt}
	switch {
	case t.Deadline == t.DueAt:
	case t.Deadline == t.RespondBy && t.FirstAnswerAt == 0:
		d.Word = s.words.say("due.answer")
	case t.Deadline == t.SolveBy:
		d.Word = s.words.say("due.solution")
	}
	now, at := s.store.Now(), t.Deadline.Time()
	left := at.Sub(now)
	switch {
	case left <= 0:
		d.Late, d.Near, d.Tone, d.Turn = true, true, "warn", now.Add(15*time.Minute).UnixMilli()
		if t.Star { // red is for what stops people's work
			d.Tone = "bad"
		}
	case s.isSoon(now, at) || d.Day && left < 24*time.Hour:
		d.Near, d.Tone, d.Turn = true, "warn", min(now.Add(5*time.Minute).UnixMilli(), at.UnixMilli())
	default:
		d.Turn = min(now.Add(time.Hour).UnixMilli(), at.Add(-soon).UnixMilli())
		d.Turn = max(d.Turn, now.Add(5*time.Minute).UnixMilli())
	}
	return d
}

// isSoon reports whether little of the opening hours is left until at.
func (s *site) isSoon(now, at time.Time) bool {
	left := at.Sub(now)
	if left <= soon {
		return true
	}
	if left > 5*24*time.Hour {
		return false
	}
	h, err := s.store.Hours(context.Background()) // known in memory
	return err == nil && h.Set() && h.Between(now, at) <= soon
}

// due writes until when something is owed: in 40 min, 2 h late, Friday 14:00.
func (f face) due(at time.Time, day bool) template.HTML {
	now := f.now()
	left := at.Sub(now)
	local, today := at.In(f.zone), now.In(f.zone)
	if day { // the end of that day: its last moment
		local = local.Add(-time.Second)
	}
	days := int(dayOf(local).Sub(dayOf(today)).Hours()+12) / 24
	if dayOf(local).Before(dayOf(today)) {
		days = -int(dayOf(today).Sub(dayOf(local)).Hours()+12) / 24
	}
	text := ""
	switch {
	case day && days < 0:
		text = f.words.say("due.late_days", -days)
	case left <= -24*time.Hour:
		text = f.words.say("due.late_days", int(-left.Hours()/24))
	case left <= -time.Hour:
		text = f.words.say("due.late_hours", int(-left.Hours()))
	case left <= 0:
		text = f.words.say("due.late_minutes", max(int(-left.Minutes()), 1))
	case day && days == 0:
		text = f.words.say("due.today")
	case day && days == 1:
		text = f.words.say("due.tomorrow")
	case day:
		text = f.dueDay(local, today, days)
	case left < time.Hour:
		text = f.words.say("due.in_minutes", max(int(left.Minutes()), 1))
	case left < 6*time.Hour:
		text = f.words.say("due.in_hours", int(left.Hours()))
	case days == 0:
		text = f.words.say("due.today") + " " + local.Format("15:04")
	case days == 1:
		text = f.words.say("due.tomorrow") + " " + local.Format("15:04")
	default:
		text = f.dueDay(local, today, days) + " " + local.Format("15:04")
	}
	return template.HTML(fmt.Sprintf(`<span title="%s">%s</span>`, template.HTMLEscapeString(f.exact(local)), template.HTMLEscapeString(text)))
}

// dueDay is a weekday while it is near, else a date.
func (f face) dueDay(local, today time.Time, days int) string {
	if days < 7 {
		return f.words.say(fmt.Sprintf("day.%d", local.Weekday()))
	}
	return f.date(local, today)
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// waitPanel is what the head's menus about waiting and due dates offer.
type waitPanel struct {
	Vendors   []inventory.LocationNode
	Now       string // the waiting as forms hold it
	Due       string // the due date as forms hold it
	Day, Time string // of the due date, in the reader's zone
	Expected  string // the vendor's day, in words
	Clock     bool   // there is something to say beside the conversation
}

func (s *site) waitingPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	t := &v.T
	p := &v.Wait
	if p.Vendors, err = s.vendors(ctx); err != nil {
		return err
	}
	p.Now, p.Due = waitText(t), dueText(tracker.DueDate{At: t.DueAt, Day: t.DueDay})
	if t.DueAt != 0 {
		at := t.DueAt.Time().In(s.face(accountOf(ctx).Zone).zone)
		if t.DueDay {
			at = at.Add(-time.Second)
		} else {
			p.Time = at.Format("15:04")
		}
		p.Day = at.Format(time.DateOnly)
	}
	if day, err := time.Parse(time.DateOnly, t.ExpectedOn); err == nil {
		p.Expected = s.fullDate(day)
	}
	p.Clock = t.RespondBy != 0 || t.SolveBy != 0 || t.Waiting != ""
	return nil
}

// waitText is on whom a ticket waits, as forms hold it: client, vendor 7 2026-12-01.
func waitText(t *tracker.Ticket) string { return waitingText(t.Waiting, t.VendorID, t.ExpectedOn) }

func waitingText(on string, vendor int64, expected string) string {
	if on != tracker.WaitingVendor {
		return on
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", on, vendor, expected))
}

// changeWaiting marks on whom a ticket waits: nobody, client or vendor.
func (s *site) changeWaiting(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	if _, ok := r.PostForm["on"]; !ok {
		return errForm
	}
	wait := tracker.Waiting{On: r.PostFormValue("on"), Expected: strings.TrimSpace(r.PostFormValue("expected"))}
	if on, rest, ok := strings.Cut(wait.On, " "); ok { // from the page that shows a stale edit
		wait.On = on
		fmt.Sscanf(rest, "%d %s", &wait.VendorID, &wait.Expected) // either may be missing
	} else if id := r.PostFormValue("vendor"); id != "" && wait.On == tracker.WaitingVendor {
		if wait.VendorID, err = parseInt(id); err != nil {
			return errForm
		}
	}
	if wait.VendorID != 0 {
		vendors, err := s.vendors(r.Context())
		if err != nil {
			return err
		}
		for _, l := range vendors {
			if l.ID == wait.VendorID {
				wait.Vendor = l.Name
			}
		}
		if wait.Vendor == "" {
			return migrations.InvalidAt("vendor", "There is no such vendor (any more).")
		}
	}
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "waiting", yours: waitingText(wait.On, wait.VendorID, wait.Expected), now: waitText,
		apply: func(version int64) error {
			_, err := s.store.SetWaiting(r.Context(), actorOf(r), e.number, wait, version)
			return err
		},
		field: func(now, yours string) []staleField {
			return []staleField{staleChoice("on", s.words.say("col.waiting"), now, yours, func(v string) string {
				on, rest, _ := strings.Cut(v, " ")
				_, day, _ := strings.Cut(rest, " ")
				return strings.TrimSpace(s.words.say("waiting.on."+orNobody(on)) + " " + day)
			})}
		}})
}

func orNobody(on string) string {
	if on == "" {
		return "nobody"
	}
	return on
}

// changeDue sets the due date: a day, with a time or without, in the reader's
// zone; no day takes it off.
func (s *site) changeDue(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	due, err := s.typedDue(r)
	if err != nil {
		return err
	}
	zone := s.face(zoneOf(r))
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "due", yours: dueText(due),
		now: func(t *tracker.Ticket) string { return dueText(tracker.DueDate{At: t.DueAt, Day: t.DueDay}) },
		apply: func(version int64) error {
			_, err := s.store.SetDue(r.Context(), actorOf(r), e.number, due, version)
			return err
		},
		field: func(now, yours string) []staleField {
			return []staleField{staleChoice("day", s.words.say("col.due"), now, yours, func(v string) string {
				due, err := dueOf(v)
				switch at := due.At.Time(); {
				case err != nil || due.At == 0:
					return s.words.say("due.none")
				case due.Day:
					return s.fullDate(at.Add(-time.Second).In(zone.zone))
				default:
					return zone.exact(at)
				}
			})}
		}})
}

// dueText is a due date as the page of a stale edit holds it: its instant, with
// "day" where only the day counts.
func dueText(due tracker.DueDate) string {
	if due.Day {
		return stampText(due.At) + "day"
	}
	return stampText(due.At)
}

// dueOf reads dueText.
func dueOf(text string) (tracker.DueDate, error) {
	digits, day := strings.CutSuffix(text, "day")
	n, err := parseInt(digits)
	return tracker.DueDate{At: migrations.Stamp(n), Day: day}, err
}

func (s *site) typedDue(r *http.Request) (due tracker.DueDate, err error) {
	if _, ok := r.PostForm["day"]; !ok {
		return due, errForm
	}
	day, clock := strings.TrimSpace(r.PostFormValue("day")), strings.TrimSpace(r.PostFormValue("time"))
	zone := s.face(zoneOf(r)).zone
	today := dayOf(s.store.Now().In(zone))
	var at time.Time
	switch day {
	case "", "0":
		return due, nil
	case "today":
		at = today
	case "tomorrow":
		at = today.AddDate(0, 0, 1)
	case "week":
		at = today.AddDate(0, 0, 7)
	default:
		if due, err := dueOf(day); err == nil && due.At > 1e12 { // from the page that shows a stale edit
			return due, nil
		}
		if at, err = time.ParseInLocation(time.DateOnly, day, zone); err != nil {
			return due, migrations.InvalidAt("day", "This is not a day. It should look like 2026-12-31.")
		}
	}
	if clock == "" {
		return tracker.DueDate{At: migrations.At(at.AddDate(0, 0, 1)), Day: true}, nil
	}
	minutes, ok := tracker.ClockTime(clock)
	if !ok {
		return due, migrations.InvalidAt("time", "This is not a time of the day. It should look like 14:30.")
	}
	y, m, d := at.Date()
	return tracker.DueDate{At: migrations.At(time.Date(y, m, d, 0, minutes, 0, 0, zone))}, nil
}
