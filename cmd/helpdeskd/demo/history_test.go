package demo

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// moments are days on which the demo may be started: every season, and both ends of weeks and months.
func moments() []time.Time {
	var all []time.Time
	for _, s := range []string{"2026-11-22T11:00", "2027-01-01T00:30", "2027-02-28T23:50", "2027-07-05T06:10", "2027-08-31T17:29", "2028-02-29T12:00", "2026-09-01T09:00", "2026-10-03T15:00"} {
		at, err := time.ParseInLocation("2006-01-02T15:04", s, time.Local)
		if err != nil {
			panic(err)
		}
		all = append(all, at)
	}
	return all
}

// TestRequestsAreBelievable: whenever the demo starts, there are as many
// requests as a small company has, by people who are there, at times that follow.
func TestRequestsAreBelievable(t *testing.T) {
	for _, now := range moments() {
		all := requests(now)
		if n := len(all); n < 600 || n > 860 {
			t.Errorf("%s: %d requests", now, n)
		}
		members := map[string]member{}
		for _, m := range company(now) {
			members[m.Name] = m
		}
		months, stages, office, subjects := map[string]int{}, map[tracker.PastDeed]int{}, 0, map[string]int{}
		last := time.Time{}
		for _, q := range all {
			if q.at.Before(last) || q.at.After(now) || q.at.Before(beginning(now).Add(-day)) {
				t.Errorf("%s: %q is at %s", now, q.subject, q.at)
			}
			last = q.at
			if m, ok := members[q.who.Name]; !ok || !m.here(q.at) && q.via == "" || q.who.Role != "" {
				t.Errorf("%s: %q of %q, who is not there", now, q.subject, q.who.Name)
			}
			if strings.ContainsAny(q.subject+q.text, "{}|") || q.subject == "" || q.text == "" {
				t.Errorf("%q: %q", q.subject, q.text)
			}
			if _, err := mail.ParseAddress(q.who.Address()); err != nil {
				t.Errorf("%s: %v", q.who.Address(), err)
			}
			end, before := tracker.PastDeed(""), q.at
			for _, d := range q.deeds {
				if d.at.IsZero() {
					break
				}
				if d.at.Before(before) || d.at.After(now) {
					t.Errorf("%s: %q was %s at %s, after %s", now, q.subject, d.do, d.at, before)
				}
				if w := d.at.Weekday(); d.by != "" && (w == time.Saturday || w == time.Sunday) {
					t.Errorf("%s: %s worked on a %s", now, d.by, w)
				}
				if strings.ContainsAny(d.text, "{}|") || d.text == "" && (d.do == tracker.PastFix || d.do == tracker.PastNote || d.do == tracker.PastDropped || d.do == tracker.PastReply) {
					t.Errorf("%q: %s with %q", q.subject, d.do, d.text)
				}
				if d.by == jun && d.at.Before(junsFirstDay(now)) || d.by == bram && d.at.After(junsFirstDay(now).AddDate(0, 0, 20)) {
					t.Errorf("%s worked at %s", d.by, d.at)
				}
				before, end = d.at, d.do
			}
			stages[end]++
			months[q.at.Format("2006-01")]++
			subjects[q.subject]++
			if h := q.at.Hour(); h >= 7 && h < 18 {
				office++
			}
		}
		if len(months) < 24 || len(months) > 25 {
			t.Errorf("%s: %d months", now, len(months))
		}
		if done := stages[tracker.PastConfirmed] + stages[tracker.PastCompleted] + stages[tracker.PastSilent]; done < len(all)*8/10 || stages[tracker.PastDropped] < 20 || stages[tracker.PastDropped] > len(all)/8 {
			t.Errorf("%s: %v", now, stages)
		}
		if office < len(all)*9/10 || len(subjects) < 130 {
			t.Errorf("%s: %d of %d in office hours, %d subjects", now, office, len(all), len(subjects))
		}
	}
}

// TestTheScriptHolds: whenever the demo starts, everything in it has its time
// before now, and each repair comes after the ticket that it is linked with.
func TestTheScriptHolds(t *testing.T) {
	for _, now := range moments() {
		h := &History{}
		h.keeper, h.usual = newKeeper(h, now), requests(now)
		all := h.script(now)
		if len(all) < 600 {
			t.Errorf("%s: %d scenes", now, len(all))
		}
		last := time.Time{}
		for _, sc := range all {
			if sc.at.Before(last) || sc.at.After(now) || sc.at.Before(beginning(now).Add(-day)) {
				t.Errorf("%s: %s at %s", now, sc.what, sc.at)
			}
			last = sc.at
		}
		names := map[string]bool{}
		for _, m := range company(now) {
			if names[m.Key] || m.Key != keyOf(m.Name) || m.Department == "" {
				t.Errorf("%s: %+v", now, m.Person)
			}
			names[m.Key] = true
			if !m.until.IsZero() && !m.from.Before(m.until) {
				t.Errorf("%s leaves at %s, and comes at %s", m.Name, m.until, m.from)
			}
		}
	}
}
