package web

import (
	"fmt"
	"html/template"
	"time"

	"helpdeskd/migrations"
)

// when writes an instant: relative while it is near, absolute when it is far,
// the exact time on hover. app.js keeps the words fresh.
func (s *site) when(v any) template.HTML {
	t := instant(v)
	if t.IsZero() {
		return ""
	}
	local := t.Local()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		t.UTC().Format(time.RFC3339), template.HTMLEscapeString(s.exact(local)), template.HTMLEscapeString(s.relative(local))))
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

// exact is the time in full, in the server's zone.
func (s *site) exact(t time.Time) string {
	return fmt.Sprintf("%s %d %s %d, %s", s.words.say(fmt.Sprintf("day.%d", t.Weekday())), t.Day(),
		s.words.say(fmt.Sprintf("month.%d", t.Month())), t.Year(), t.Format("15:04 MST"))
}

// relative says how long ago t was, or the date when that was over a week ago.
func (s *site) relative(t time.Time) string {
	now := s.store.Now().Local()
	ago := now.Sub(t)
	switch {
	case ago < -time.Minute:
		return s.date(t, now)
	case ago < time.Minute:
		return s.words.say("time.now")
	case ago < time.Hour:
		return s.words.say("time.minutes", int(ago.Minutes()))
	case ago < 24*time.Hour:
		return s.words.say("time.hours", int(ago.Hours()))
	case ago < 7*24*time.Hour:
		return s.words.say("time.days", int(ago.Hours()/24))
	}
	return s.date(t, now)
}

func (s *site) date(t, now time.Time) string {
	d := fmt.Sprintf("%d %s", t.Day(), s.words.say(fmt.Sprintf("month.short.%d", t.Month())))
	if t.Year() != now.Year() {
		d += fmt.Sprintf(" %d", t.Year())
	}
	return d
}

// age is the shortest form, for cards: 5 min, 3 h, 2 d.
func (s *site) age(v any) template.HTML {
	t := instant(v)
	if t.IsZero() {
		return ""
	}
	local := t.Local()
	d := s.store.Now().Sub(t)
	text := ""
	switch {
	case d < time.Minute:
		text = s.words.say("age.now")
	case d < time.Hour:
		text = s.words.say("age.minutes", int(d.Minutes()))
	case d < 24*time.Hour:
		text = s.words.say("age.hours", int(d.Hours()))
	default:
		text = s.words.say("age.days", int(d.Hours()/24))
	}
	return template.HTML(fmt.Sprintf(`<time class="age" datetime="%s" title="%s">%s</time>`,
		t.UTC().Format(time.RFC3339), template.HTMLEscapeString(s.exact(local)), template.HTMLEscapeString(text)))
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
