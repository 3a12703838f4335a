package form

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// answer shapes one pair: JSON arrays joined, uploads as links, dates read.
func answer(p pair, extra map[string]tracker.Meaning, dayFirst bool) tracker.Answer {
	a := tracker.Answer{Question: p.q, Answer: p.a, Meaning: meaningOf(p.q, extra)}
	if strings.HasPrefix(a.Answer, "[") {
		if items, files, ok := jsonArray(a.Answer); ok {
			a.Answer, a.Files = strings.Join(items, "; "), files
		}
	}
	if a.Answer == "null" {
		a.Answer = ""
	}
	a.Answer = dropLegend(a.Answer)
	a.Answer = cleanLinks(a.Answer)
	a.Date = readDate(a.Answer, dayFirst)
	return a
}

// jsonArray reads what Forms gives for choices and uploads.
func jsonArray(s string) (items []string, files []tracker.AnswerFile, ok bool) {
	if len(s) > 256<<10 {
		return nil, nil, false
	}
	var raw []json.RawMessage
	if json.Unmarshal([]byte(s), &raw) != nil || len(raw) > 1000 {
		return nil, nil, false
	}
	for _, v := range raw {
		var text string
		if json.Unmarshal(v, &text) == nil {
			items = append(items, text)
			continue
		}
		var file struct {
			Name string `json:"name"`
			Link string `json:"link"`
			Size int64  `json:"size"`
		}
		if json.Unmarshal(v, &file) == nil && file.Name != "" {
			items = append(items, file.Name)
			files = append(files, tracker.AnswerFile{Name: file.Name, Link: file.Link, Size: file.Size})
			continue
		}
		items = append(items, string(v))
	}
	return items, files, true
}

// dropLegend takes away the "MM DD YYYY" line that Google Forms prints above
// a date.
func dropLegend(s string) string {
	first, rest, ok := strings.Cut(s, "\n")
	if !ok {
		return s
	}
	for _, w := range strings.Fields(first) {
		switch strings.ToUpper(w) {
		case "MM", "DD", "YYYY", "HH", "AM/PM", "/", ":", "TIME", "DATE", "TT", "JJ", "JJJJ", "AAAA":
		default:
			return s
		}
	}
	return strings.TrimSpace(rest)
}

// cleanLinks unwraps SafeLinks, and the "url<url>" of text parts.
func cleanLinks(s string) string {
	if !strings.Contains(s, "http") {
		return s
	}
	if i := strings.Index(s, "<http"); i > 0 {
		if j := strings.IndexByte(s[i:], '>'); j > 0 && strings.HasPrefix(s, "http") {
			s = s[:i] + s[i+j+1:]
		}
	}
	words := strings.Split(s, " ")
	for i, w := range words {
		if strings.Contains(w, "safelinks.protection.outlook.com") {
			words[i] = Unwrap(w)
		}
	}
	return strings.Join(words, " ")
}

// Unwrap gives the address behind an Outlook SafeLink; anything else is
// returned as it is.
func Unwrap(u string) string {
	if !strings.Contains(u, "safelinks.protection.outlook.com") || len(u) > 8<<10 {
		return u
	}
	p, err := url.Parse(u)
	if err != nil || !strings.HasSuffix(strings.ToLower(p.Host), ".safelinks.protection.outlook.com") {
		return u
	}
	if t := p.Query().Get("url"); strings.HasPrefix(t, "https://") || strings.HasPrefix(t, "http://") {
		return t
	}
	return u
}

var months = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"janvier": 1, "février": 2, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "août": 8, "aout": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12, "decembre": 12,
	"januar": 1, "februar": 2, "märz": 3, "juni": 6, "juli": 7, "oktober": 10, "dezember": 12, "mär": 3, "okt": 10, "dez": 12,
}

// readDate reads the date that an answer is, or begins with, as ISO 8601; ""
// when it is none. dayFirst settles what 04/03 means; where only one order is
// possible, that one counts.
func readDate(s string, dayFirst bool) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 60 || strings.Contains(s, "\n") {
		return ""
	}
	if len(s) >= 10 && s[4] == '-' && s[7] == '-' && (len(s) == 10 || s[10] == 'T' || s[10] == ' ') {
		if t, err := time.Parse("2006-01-02", s[:10]); err == nil {
			return t.Format("2006-01-02")
		}
	}
	nums, words := []int{}, []time.Month{}
	f := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" /.,-", r) })
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
		if err != nil {
			if i == 0 {
				continue // a weekday
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
		a, b, y := nums[0], nums[1], nums[2]
		if a > 1900 {
			return iso(a, b, y)
		}
		if a > 12 || b <= 12 && (dayFirst || strings.Contains(s, ".")) {
			return iso(y, b, a)
		}
		return iso(y, a, b)
	}
	return ""
}

// dayFirst says in which order this form writes its dates: by another date in
// the same mail that can be read in one way only, else by its language. Forms
// itself writes the month first.
func (r *reading) dayFirst(pairs []pair) bool {
	values := []string{r.form.SubmittedAt}
	for _, p := range pairs {
		values = append(values, p.a)
	}
	for _, v := range values {
		a, rest, ok := strings.Cut(strings.TrimSpace(v), "/")
		b, _, ok2 := strings.Cut(rest, "/")
		x, err := strconv.Atoi(strings.TrimSpace(a))
		y, err2 := strconv.Atoi(strings.TrimSpace(b))
		if !ok || !ok2 || err != nil || err2 != nil {
			continue
		}
		if x > 12 && x <= 31 && y <= 12 {
			return true
		}
		if y > 12 && y <= 31 && x <= 12 {
			return false
		}
	}
	for _, p := range pairs {
		for _, w := range strings.Fields(norm(p.q)) {
			switch w {
			case "quand", "nom", "votre", "problème", "vous", "depuis", "wann", "wie", "ihre", "ihr", "seit", "abteilung", "welche", "welches":
				return true
			}
		}
	}
	return false
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
