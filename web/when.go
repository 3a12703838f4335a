package web

import (
	"fmt"
	"html/template"
	"net/http"
	"time"

	"helpdeskd/migrations"
)

// face shows times in one zone: the reader's, or the server's where the
// reader has none.
type face struct {
	words words
	now   func() time.Time
	zone  *time.Location
}

// face returns how times are shown in a zone of the IANA database, "" for the server's.
func (s *site) face(zone string) face {
	l := time.Local
	if zone != "" {
		if known, err := time.LoadLocation(zone); err == nil {
			l = known
		}
	}
	return face{s.words, s.store.Now, l}
}

// zoneOf returns the zone of who asks, "" for the server's.
func zoneOf(r *http.Request) string {
	if a := accountOf(r.Context()); a != nil {
		return a.Zone
	}
	return ""
}

// when writes an instant: relative while it is near, absolute when it is far,
// the exact time on hover. app.js keeps the words fresh.
func (f face) when(v any) template.HTML {
	t := instant(v)
	if t.IsZero() {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		t.UTC().Format(time.RFC3339), template.HTMLEscapeString(f.exact(t)), template.HTMLEscapeString(f.relative(t))))
}

// at writes an instant to the minute, for what must not be read as about then.
func (f face) at(v any) template.HTML {
	t := instant(v)
	if t.IsZero() {
		return ""
	}
	local := t.In(f.zone)
	text := f.date(local, f.now().In(f.zone)) + ", " + local.Format("15:04")
	// No time element: a script puts how long ago that is into those.
	return template.HTML(fmt.Sprintf(`<span class="nowrap" title="%s">%s</span>`, template.HTMLEscapeString(f.exact(t)), template.HTMLEscapeString(text)))
}

// instant takes the shapes in which rows hold times.
func instant(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v
	case migrations.Stamp:
		return v.Time()
	case *migrations.Stamp:
		return migrations.Or(v).Time()
	}
	return time.Time{}
}

// exact is the time in full.
func (f face) exact(t time.Time) string {
	t = t.In(f.zone)
	return fmt.Sprintf("%s %d %s %d, %s", f.words.say(fmt.Sprintf("day.%d", t.Weekday())), t.Day(),
		f.words.say(fmt.Sprintf("month.%d", t.Month())), t.Year(), t.Format("15:04 MST"))
}

// relative says how long ago t was, or the date when that was over a week ago.
func (f face) relative(t time.Time) string {
	now := f.now()
	ago := now.Sub(t)
	switch {
	case ago < -time.Minute:
		return f.date(t, now)
	case ago < time.Minute:
		return f.words.say("time.now")
	case ago < time.Hour:
		return f.words.say("time.minutes", int(ago.Minutes()))
	case ago < 24*time.Hour:
		return f.words.say("time.hours", int(ago.Hours()))
	case ago < 7*24*time.Hour:
		return f.words.say("time.days", int(ago.Hours()/24))
	}
	return f.date(t, now)
}

// date is a day, with its year where that is not this one.
func (f face) date(t, now time.Time) string {
	t, now = t.In(f.zone), now.In(f.zone)
	d := fmt.Sprintf("%d %s", t.Day(), f.words.say(fmt.Sprintf("month.short.%d", t.Month())))
	if t.Year() != now.Year() {
		d += fmt.Sprintf(" %d", t.Year())
	}
	return d
}

// age is the shortest form, for cards and rows: 5 min, 3 h, 2 d, 5 mo, 2 y.
func (f face) age(v any) template.HTML {
	t := instant(v)
	if t.IsZero() {
		return ""
	}
	d := f.now().Sub(t)
	text := ""
	switch {
	case d < time.Minute:
		text = f.words.say("age.now")
	case d < time.Hour:
		text = f.words.say("age.minutes", int(d.Minutes()))
	case d < 24*time.Hour:
		text = f.words.say("age.hours", int(d.Hours()))
	case d < 90*24*time.Hour:
		text = f.words.say("age.days", int(d.Hours()/24))
	case d < 730*24*time.Hour:
		text = f.words.say("age.months", int(d.Hours()/24/30.44))
	default:
		text = f.words.say("age.years", int(d.Hours()/24/365.25))
	}
	return template.HTML(fmt.Sprintf(`<time class="age" datetime="%s" title="%s">%s</time>`,
		t.UTC().Format(time.RFC3339), template.HTMLEscapeString(f.exact(t)), template.HTMLEscapeString(text)))
}

// size writes a number of bytes with its unit.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.0f kB", float64(n)/1000)
	case n < 1000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1000_000)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1000_000_000)
}
