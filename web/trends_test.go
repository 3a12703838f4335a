package web

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestTrendsLeadToTheirTickets: each bar is a link to a list with as many
// tickets as it says.
func TestTrendsLeadToTheirTickets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.fullStory()
		b := w.session(w.tech)
		res := b.get("/trends")
		page := mainOf(res.Body.String())
		if res.Code != http.StatusOK || !strings.Contains(page, `<svg class="bars"`) {
			t.Fatalf("%d %s", res.Code, page)
		}
		seen := 0
		for _, m := range append(
			regexp.MustCompile(`<a href="(/tickets\?[^"]+)" aria-label="[^"]*: (\d+)"`).FindAllStringSubmatch(page, -1),
			regexp.MustCompile(`<span class="w"><a href="(/tickets\?[^"]+)">.*?<span class="n">(\d+)</span>`).FindAllStringSubmatch(page, -1)...) {
			to, err := url.Parse(html.UnescapeString(m[1]))
			w.ok(err)
			f, err := (&site{store: w.Store, things: w.things}).ticketFilter(t.Context(), to.Query(), 0)
			w.ok(err)
			n, err := w.CountTickets(t.Context(), f, 1000)
			w.ok(err)
			if want, _ := strconv.Atoi(m[2]); n != want || n == 0 {
				t.Errorf("%s says %s and leads to %d", to, m[2], n)
			}
			if res := b.get(to.String()); res.Code != http.StatusOK || !strings.Contains(res.Body.String(), "Opened in ") {
				t.Errorf("%s: %d", to, res.Code)
			}
			seen++
		}
		if seen < 6 {
			t.Fatalf("%d links only: %s", seen, page)
		}
		for path, code := range map[string]int{"/trends?months=24": 200, "/trends?from=2020-01&to=2026-10": 200, "/trends?from=2026-10&to=2026-01": 422,
			"/trends?from=x&to=2026-01": 422, "/trends?from=1950-01&to=2026-01": 422, "/trends?months=-1": 200, "/trends?from=2001-01&to=2001-03": 200} {
			if res := b.get(path); res.Code != code {
				t.Errorf("%s: %d, want %d", path, res.Code, code)
			}
		}
		if page := b.get("/trends?from=2001-01&to=2001-03").Body.String(); !strings.Contains(page, "Nothing was asked in this time") || !strings.Contains(page, "Show the first requests") {
			t.Error("a time without requests does not say so")
		}
	})
}

// TestTrendSteps: the last column is whole, and all columns together are the period.
func TestTrendSteps(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	loadEnglish, err := loadWords("en")
	w.ok(err)
	s := &site{store: w.Store, words: loadEnglish}
	in, err := time.LoadLocation("Europe/Zagreb")
	w.ok(err)
	now := time.Date(2026, 3, 31, 23, 30, 0, 0, in)
	for _, c := range []struct {
		query string
		n     int // columns
		first string
		last  string // the end
	}{
		{"", 12, "2025-04-01", "2026-04-01"},
		{"months=3", 3, "2026-01-01", "2026-04-01"},
		{"months=24", 8, "2024-04-01", "2026-04-01"},
		{"from=2024-11&to=2025-12", 5, "2024-11-01", "2026-01-01"},
		{"from=2020-06&to=2025-12", 6, "2020-06-01", "2026-01-01"},
		{"from=2026-02&to=2026-02", 1, "2026-02-01", "2026-03-01"},
	} {
		q, err := url.ParseQuery(c.query)
		w.ok(err)
		cuts := s.trendSpan(q, now).steps()
		if len(cuts)-1 != c.n || cuts[0].In(in).Format(time.DateOnly) != c.first || cuts[len(cuts)-1].In(in).Format(time.DateOnly) != c.last {
			t.Errorf("%q: %v", c.query, cuts)
		}
		for i := 1; i < len(cuts); i++ {
			if !cuts[i].After(cuts[i-1]) {
				t.Errorf("%q: %v", c.query, cuts)
			}
		}
	}
	// Days of a list are those of the desk's zone.
	w.ok(w.ChangeSettings(t.Context(), w.admin.Actor(), map[string]string{tracker.SetHours: `{"zone":"Pacific/Auckland","week":[[],[],[],[],[],[],[]]}`}, tracker.AnyVersion))
	f, err := s.ticketFilter(t.Context(), url.Values{"from": {"2026-03-31"}, "to": {"2026-03-31"}}, 0)
	w.ok(err)
	if got := fmt.Sprint(f.OpenedFrom.Time().UTC().Format(time.RFC3339), " ", f.OpenedBefore.Time().UTC().Format(time.RFC3339)); got != "2026-03-30T11:00:00Z 2026-03-31T11:00:00Z" {
		t.Errorf("a day in Auckland: %s", got)
	}
}
