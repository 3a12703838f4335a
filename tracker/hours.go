package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Span is a stretch of a day, in minutes since its midnight by the clock on the
// wall: From is in it, To is not. To may be 1440.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Holiday is a day on which the desk is closed.
type Holiday struct {
	Date string `json:"date"` // 2026-12-25
	Name string `json:"name"`
}

// Hours say when the desk is open: by weekday, Sunday first, in one time zone,
// but not on holidays. Without any span they say nothing, see Set.
type Hours struct {
	Zone     string    `json:"zone"` // IANA name
	Week     [7][]Span `json:"week"`
	Holidays []Holiday `json:"-"`
}

// Set reports whether the desk has hours at all.
func (h Hours) Set() bool {
	for _, day := range h.Week {
		if len(day) > 0 {
			return true
		}
	}
	return false
}

// Location returns the zone of the hours, UTC where it is not known here.
func (h Hours) Location() *time.Location {
	if l, err := time.LoadLocation(h.Zone); err == nil && h.Zone != "" {
		return l
	}
	return time.UTC
}

// horizon is how far ahead an opening is looked for, in days.
const horizon = 400

// stretch is a span of one certain day.
type stretch struct{ from, to time.Time }

// day returns when the desk is open on the day of the zone that holds t's
// date, shifted by some days. A wall clock time that a change of the clocks
// skips is an hour later; one that comes twice is the first of the two.
func (h Hours) day(t time.Time, shift int) []stretch {
	l := h.Location()
	y, m, d := t.In(l).Date()
	noon := time.Date(y, m, d+shift, 12, 0, 0, 0, l)
	y, m, d = noon.Date()
	date := noon.Format(time.DateOnly)
	if slices.ContainsFunc(h.Holidays, func(x Holiday) bool { return x.Date == date }) {
		return nil
	}
	var all []stretch
	for _, s := range h.Week[noon.Weekday()] {
		from, to := wall(y, m, d, s.From, l), wall(y, m, d, s.To, l)
		if from.Before(to) {
			all = append(all, stretch{from, to})
		}
	}
	return all
}

// wall is a time on the wall's clock; time.Date leaves open which of two it
// takes where the clocks are put back.
func wall(y int, m time.Month, d, minutes int, l *time.Location) time.Time {
	t := time.Date(y, m, d, 0, minutes, 0, 0, l)
	if before := t.Add(-time.Hour); before.Hour() == t.Hour() && before.Minute() == t.Minute() {
		return before
	}
	return t
}

// Open reports whether the desk is open at t. Without hours it always is.
func (h Hours) Open(t time.Time) bool {
	if !h.Set() {
		return true
	}
	for _, s := range h.day(t, 0) {
		if !t.Before(s.from) && t.Before(s.to) {
			return true
		}
	}
	return false
}

// NextOpening returns when the desk opens the next time after t, in the
// hours' zone; the zero time where it does not within a year.
func (h Hours) NextOpening(t time.Time) time.Time {
	for shift := range horizon {
		for _, s := range h.day(t, shift) {
			if s.from.After(t) && !h.Open(s.from.Add(-time.Nanosecond)) {
				return s.from
			}
		}
	}
	return time.Time{}
}

// NextClosing returns when the desk that is open at t closes, in the hours'
// zone; the zero time where it is closed, or never closes within a year.
func (h Hours) NextClosing(t time.Time) time.Time {
	if !h.Set() || !h.Open(t) {
		return time.Time{}
	}
	for shift := range horizon {
		for _, s := range h.day(t, shift) {
			if s.to.After(t) && !h.Open(s.to) {
				return s.to
			}
		}
	}
	return time.Time{}
}

// Between returns how much of the time from a to b the desk was open. Without
// hours that is all of it; it is 0 where b is not after a.
func (h Hours) Between(a, b time.Time) time.Duration {
	if !b.After(a) {
		return 0
	}
	if !h.Set() {
		return b.Sub(a)
	}
	var sum time.Duration
	for shift := 0; ; shift++ {
		l := h.Location()
		y, m, d := a.In(l).Date()
		if time.Date(y, m, d+shift, 0, 0, 0, 0, l).After(b) {
			return sum
		}
		for _, s := range h.day(a, shift) {
			from, to := later(s.from, a), earlier(s.to, b)
			if from.Before(to) {
				sum += to.Sub(from)
			}
		}
	}
}

// After returns the time at which the desk will have been open for d since t;
// the zero time where that is not within a year. Without hours it is t + d.
func (h Hours) After(t time.Time, d time.Duration) time.Time {
	if !h.Set() {
		return t.Add(d)
	}
	for shift := range horizon {
		for _, s := range h.day(t, shift) {
			from := later(s.from, t)
			if !from.Before(s.to) {
				continue
			}
			if open := s.to.Sub(from); open >= d {
				return from.Add(d)
			} else {
				d -= open
			}
		}
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Check says what is wrong with the week: spans must not overlap.
func (h Hours) Check() error {
	if _, err := time.LoadLocation(h.Zone); err != nil || h.Zone == "" || h.Zone == "Local" {
		return migrations.InvalidAt("zone", "%q is not a time zone. It should look like Europe/Zurich.", clip(h.Zone, 80))
	}
	for d, spans := range h.Week {
		last := 0
		for i, s := range spans {
			field := fmt.Sprintf("day%d", d)
			switch {
			case s.From < 0 || s.To > 24*60 || s.From >= s.To:
				return migrations.InvalidAt(field, "The end must be later than the beginning.")
			case i > 0 && s.From < last:
				return migrations.InvalidAt(field, "The two times of a day must not overlap, and the earlier one comes first.")
			case i > 3:
				return migrations.InvalidAt(field, "A day can have four times at most.")
			}
			last = s.To
		}
	}
	return nil
}

func checkHours(name, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	var h Hours
	if err := json.Unmarshal([]byte(value), &h); err != nil {
		return "", migrations.InvalidAt(name, "These hours can not be read.")
	}
	if err := h.Check(); err != nil {
		return "", err
	}
	b, err := json.Marshal(h)
	return string(b), err
}

// ClockTime reads a time of the day, 8:30 or 24:00, as minutes since midnight.
func ClockTime(text string) (minutes int, ok bool) {
	hh, mm, found := strings.Cut(strings.TrimSpace(text), ":")
	hour, err1 := strconv.Atoi(hh)
	minute, err2 := strconv.Atoi(mm)
	if !found || err1 != nil || err2 != nil || len(mm) != 2 || hour < 0 || minute < 0 || minute > 59 || hour*60+minute > 24*60 {
		return 0, false
	}
	return hour*60 + minute, true
}

// ClockText writes minutes since midnight as 08:30.
func ClockText(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// Hours returns when the desk is open, as it was set at most settingsFor ago.
func (s *Store) Hours(ctx context.Context) (Hours, error) {
	known, err := s.KnownSettings(ctx)
	if err != nil {
		return Hours{}, err
	}
	return readHours(known[SetHours], known[SetHolidays]), nil
}

// readHours reads what the settings hold. What can not be read counts as not
// set: a mail must not wait for it.
func readHours(week, holidays string) Hours {
	var h Hours
	if week != "" && json.Unmarshal([]byte(week), &h) != nil {
		return Hours{}
	}
	h.Holidays = readHolidays(holidays)
	return h
}

// readHolidays reads a setting's list of holidays, none where it is damaged.
func readHolidays(text string) []Holiday {
	var all []Holiday
	if text == "" || json.Unmarshal([]byte(text), &all) != nil {
		return nil
	}
	return all
}

// maxHolidays is how many holidays are kept.
const maxHolidays = 200

// AddHoliday has the desk closed on a day (2026-12-25).
func (s *Store) AddHoliday(ctx context.Context, actor Actor, h Holiday) error {
	h.Date, h.Name = strings.TrimSpace(h.Date), oneLine(h.Name)
	if _, err := time.Parse(time.DateOnly, h.Date); err != nil {
		return migrations.InvalidAt("date", "Please give a date, like 2026-12-25.")
	}
	if h.Name == "" || len(h.Name) > 100 {
		return migrations.InvalidAt("name", "Please give the day a name of at most 100 characters.")
	}
	return s.editSetting(ctx, actor, SetHolidays, func(was string) (string, error) {
		all := readHolidays(was)
		if slices.ContainsFunc(all, func(x Holiday) bool { return x.Date == h.Date }) {
			return "", migrations.InvalidAt("date", "This day is in the list already.")
		}
		if len(all) >= maxHolidays {
			return "", migrations.Invalidf("There are %d holidays already. Remove those that are over.", maxHolidays)
		}
		all = append(all, h)
		slices.SortFunc(all, func(a, b Holiday) int { return strings.Compare(a.Date, b.Date) })
		b, err := json.Marshal(all)
		return string(b), err
	})
}

// RemoveHoliday has the desk open on a day as on others of its weekday.
func (s *Store) RemoveHoliday(ctx context.Context, actor Actor, date string) error {
	return s.editSetting(ctx, actor, SetHolidays, func(was string) (string, error) {
		all := readHolidays(was)
		left := slices.DeleteFunc(slices.Clone(all), func(x Holiday) bool { return x.Date == date })
		if len(left) == len(all) {
			return "", migrations.NotFoundf("This holiday is not in the list any more.")
		}
		b, err := json.Marshal(left)
		return string(b), err
	})
}
