package form

import (
	"strconv"
	"strings"
	"time"
)

var months = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"janvier": 1, "février": 2, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "août": 8, "aout": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12, "decembre": 12,
	"janv": 1, "févr": 2, "fevr": 2, "avr": 4, "juil": 7, "déc": 12,
	"januar": 1, "jänner": 1, "februar": 2, "märz": 3, "maerz": 3, "juni": 6, "juli": 7, "oktober": 10, "dezember": 12, "mär": 3, "okt": 10, "dez": 12,
}

// order is in which order a form writes the day and the month.
type order int

const (
	unsure order = iota // 04/03/2026 can be both, and stays as written
	dayFirst
	monthFirst
)

// readDate reads the date that an answer is, or begins with, as ISO 8601; ""
// when it is none, or when it can be two. o settles what 04/03 means; where
// only one order is possible, that one counts. With points the day always
// comes first.
func readDate(s string, o order) string {
	s = strings.TrimSpace(s)
	if len(s) < 6 || len(s) > 60 || strings.Contains(s, "\n") {
		return ""
	}
	if len(s) >= 10 && s[4] == '-' && s[7] == '-' && (len(s) == 10 || s[10] == 'T' || s[10] == ' ' || s[10] == ',') {
		if t, err := time.Parse("2006-01-02", s[:10]); err == nil {
			return iso(t.Year(), int(t.Month()), t.Day())
		}
		return ""
	}
	nums, words := []int{}, []time.Month{}
	f := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" /.,-\u00a0", r) })
	for i, w := range f {
		if i > 4 || len(nums) == 3 || len(nums) == 2 && len(words) == 1 {
			break
		}
		low := strings.ToLower(w)
		if m, ok := months[low]; ok && len(words) == 0 {
			words = append(words, m)
			continue
		}
		for _, suffix := range []string{"st", "nd", "rd", "th", "er"} {
			if t, ok := strings.CutSuffix(low, suffix); ok && len(t) <= 2 {
				low = t
			}
		}
		n, err := strconv.Atoi(low)
		if err != nil || len(low) > 4 {
			if i == 0 || len(nums) == 0 && (low == "den" || low == "the") {
				continue // a weekday, or "le"
			}
			return ""
		}
		nums = append(nums, n)
	}
	switch {
	case len(words) == 1 && len(nums) == 2:
		d, y := nums[0], nums[1]
		if d > 31 {
			d, y = y, d
		}
		return iso(y, int(words[0]), d)
	case len(nums) == 3 && len(words) == 0 && strings.ContainsAny(s, "/.-"):
		return numeric(nums[0], nums[1], nums[2], o, strings.Contains(s, "."))
	}
	return ""
}

func numeric(a, b, y int, o order, points bool) string {
	switch {
	case a > 1900:
		return iso(a, b, y)
	case points || a > 12:
		return iso(y, b, a)
	case b > 12 || a == b || o == monthFirst:
		return iso(y, a, b)
	case o == dayFirst:
		return iso(y, b, a)
	}
	return ""
}

// dateOrder says in which order this form writes its dates: by the dates in
// the mail that can be read in one way only, and by its language. What contradicts
// itself leaves it open.
func (r *reading) dateOrder(pairs []pair) order {
	day, month := r.language == "fr" || r.language == "de", false
	look := func(v string) {
		a, rest, ok := strings.Cut(strings.TrimSpace(v), "/")
		b, rest, ok2 := strings.Cut(rest, "/")
		x, err := strconv.Atoi(strings.TrimSpace(a))
		y, err2 := strconv.Atoi(strings.TrimSpace(b))
		if !ok || !ok2 || err != nil || err2 != nil {
			return
		}
		day = day || x > 12 && x <= 31 && y <= 12
		month = month || y > 12 && y <= 31 && x <= 12 || strings.HasSuffix(rest, " AM") || strings.HasSuffix(rest, " PM")
	}
	for _, p := range pairs {
		look(p.a)
		if legend, _, ok := strings.Cut(p.a, "\n"); ok {
			day = day || strings.HasPrefix(legend, "DD") || strings.HasPrefix(legend, "TT") || strings.HasPrefix(legend, "JJ")
			month = month || strings.HasPrefix(legend, "MM")
		}
	}
	look(r.form.SubmittedAt)
	switch {
	case day && !month:
		return dayFirst
	case month && !day:
		return monthFirst
	}
	return unsure
}

func iso(y, m, d int) string {
	if y >= 15 && y < 100 {
		y += 2000
	}
	if y < 1970 || y > 2200 || m < 1 || m > 12 || d < 1 || d > 31 {
		return ""
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if int(t.Month()) != m {
		return ""
	}
	return t.Format("2006-01-02")
}
