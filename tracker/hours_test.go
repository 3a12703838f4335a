package tracker

import (
	"math/rand/v2"
	"testing"
	"time"
)

// weekdays are open from eight to noon and from one to half past five.
func weekdays(zone string, holidays ...string) Hours {
	h := Hours{Zone: zone}
	for d := time.Monday; d <= time.Friday; d++ {
		h.Week[d] = []Span{{8 * 60, 12 * 60}, {13 * 60, 17*60 + 30}}
	}
	for _, d := range holidays {
		h.Holidays = append(h.Holidays, Holiday{Date: d, Name: "Holiday"})
	}
	return h
}

func in(t *testing.T, zone, text string) time.Time {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, l)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestHours(t *testing.T) {
	const zone = "Europe/Zurich"
	h := weekdays(zone, "2026-12-25", "2026-12-28")
	for _, c := range []struct {
		at           string
		open         bool
		opens, shuts string
	}{
		{"2026-11-02 07:59", false, "2026-11-02 08:00", ""}, // a Monday
		{"2026-11-02 08:00", true, "2026-11-02 13:00", "2026-11-02 12:00"},
		{"2026-11-02 12:00", false, "2026-11-02 13:00", ""},
		{"2026-11-02 17:29", true, "2026-11-03 08:00", "2026-11-02 17:30"},
		{"2026-11-06 18:00", false, "2026-11-09 08:00", ""}, // over a weekend
		{"2026-12-24 17:30", false, "2026-12-29 08:00", ""}, // over holidays and a weekend
		{"2026-12-25 10:00", false, "2026-12-29 08:00", ""},
	} {
		at := in(t, zone, c.at)
		if got := h.Open(at.UTC()); got != c.open {
			t.Errorf("open at %s: %v", c.at, got)
		}
		if got := h.NextOpening(at.UTC()); !got.Equal(in(t, zone, c.opens)) {
			t.Errorf("after %s it opens at %s, want %s", c.at, got, c.opens)
		}
		if got := h.NextClosing(at.UTC()); c.shuts == "" != got.IsZero() || c.shuts != "" && !got.Equal(in(t, zone, c.shuts)) {
			t.Errorf("after %s it closes at %s, want %s", c.at, got, c.shuts)
		}
	}
	var none Hours
	if !none.Open(time.Now()) || !none.NextClosing(time.Now()).IsZero() {
		t.Error("without hours the desk is not always open")
	}
	day := weekdays(zone)
	for d := range day.Week {
		day.Week[d] = []Span{{0, 24 * 60}}
	}
	if at := in(t, zone, "2026-11-02 12:00"); !day.Open(at) || !day.NextClosing(at).IsZero() || !day.NextOpening(at).IsZero() {
		t.Error("a desk that never closes")
	}
}

// TestHoursWhenTheClocksChange: in Zurich the clocks go from 2:00 to 3:00 on 29 March 2026
// and from 3:00 back to 2:00 on 25 October.
func TestHoursWhenTheClocksChange(t *testing.T) {
	const zone = "Europe/Zurich"
	h := Hours{Zone: zone}
	h.Week[time.Sunday] = []Span{{60, 5 * 60}}
	for date, want := range map[string]time.Duration{"2026-03-29": 3 * time.Hour, "2026-10-25": 5 * time.Hour, "2026-11-01": 4 * time.Hour} {
		from := in(t, zone, date+" 00:00")
		if got := h.Between(from, from.AddDate(0, 0, 1)); got != want {
			t.Errorf("on %s the desk is open for %s, want %s", date, got, want)
		}
	}
	// A beginning that the clocks skip, and one that comes twice.
	h.Week[time.Sunday] = []Span{{2*60 + 30, 5 * 60}}
	if got := h.NextOpening(in(t, zone, "2026-03-28 12:00")); got.UTC().Format("15:04") != "01:30" || !h.Open(got) {
		t.Errorf("skipped: opens %s", got)
	}
	if got := h.NextOpening(in(t, zone, "2026-10-24 12:00")); got.UTC().Format("15:04") != "00:30" {
		t.Errorf("twice: opens %s", got.UTC())
	}
	// Across the change the wall's clock counts.
	week := weekdays(zone)
	if got := week.NextOpening(in(t, zone, "2026-10-23 18:00")); !got.Equal(in(t, zone, "2026-10-26 08:00")) {
		t.Errorf("after the change it opens %s", got)
	}
}

func TestOpenTime(t *testing.T) {
	const zone = "Europe/Zurich"
	h := weekdays(zone, "2026-12-25")
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-11-02 08:00", "2026-11-02 10:00", 2 * time.Hour},
		{"2026-11-02 11:00", "2026-11-02 14:00", 2 * time.Hour},
		{"2026-11-06 17:00", "2026-11-09 09:00", 90 * time.Minute},
		{"2026-12-24 17:00", "2026-12-28 08:30", time.Hour},
		{"2026-11-07 00:00", "2026-11-08 23:00", 0},
		{"2026-11-03 00:00", "2026-11-02 00:00", 0},
	} {
		if got := h.Between(in(t, zone, c.from), in(t, zone, c.to)); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
	// After and Between agree, and what is after is open, across changes of the clocks.
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		from := in(t, zone, "2026-01-01 00:00").Add(time.Duration(r.Int64N(int64(300 * 24 * time.Hour))))
		d := time.Duration(1+r.Int64N(100*60)) * time.Minute
		to := h.After(from, d)
		if got := h.Between(from, to); got != d {
			t.Fatalf("from %s, %s later is %s, between them are %s", from, d, to, got)
		}
		if !h.Open(to.Add(-time.Nanosecond)) {
			t.Fatalf("from %s, %s later is %s, when nobody is there", from, d, to)
		}
	}
	var none Hours
	at := in(t, zone, "2026-11-07 00:00")
	if !none.After(at, time.Hour).Equal(at.Add(time.Hour)) || none.Between(at, at.Add(time.Hour)) != time.Hour {
		t.Error("without hours time just passes")
	}
	never := weekdays(zone)
	never.Week = [7][]Span{time.Monday: {{600, 610}}}
	if !never.After(at, 1000*time.Hour).IsZero() {
		t.Error("what takes more than a year")
	}
}
