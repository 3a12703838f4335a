package inventory

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// The orders of day and month in dates like 3/4/2026.
const (
	DayFirst   = "dmy"
	MonthFirst = "mdy"
)

var slashDate = regexp.MustCompile(`^(\d{1,2})[/\-](\d{1,2})[/\-](\d{4}|\d{2})$`)
var dotDate = regexp.MustCompile(`^(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})$`)
var clockTail = regexp.MustCompile(`[ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?( ?(Z|[+-]\d{2}:?\d{2}))?$`)

// importDay reads a date: 2026-11-22, 22.11.2026, 22 Nov 2026, and 11/22/2026
// by the column's order of day and month. A time behind it is left out.
func importDay(s, order string) (string, error) {
	s = clockTail.ReplaceAllString(strings.TrimSpace(s), "")
	if s == "" || s == "0000-00-00" {
		return "", nil
	}
	for _, layout := range []string{time.DateOnly, "2006/1/2", "2006-1-2", "2006.1.2", "20060102", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006", "2-Jan-06", "02-Jan-06"} {
		if t, err := time.Parse(layout, s); err == nil {
			return sensibleDay(t, s)
		}
	}
	m := dotDate.FindStringSubmatch(s)
	if m == nil {
		if m = slashDate.FindStringSubmatch(s); m != nil && order == MonthFirst {
			m[1], m[2] = m[2], m[1]
		}
	}
	if m == nil {
		return "", migrations.Invalidf("“%s” is not a date. Write it like 2026-11-22.", clip(s, 40))
	}
	day, _ := strconv.Atoi(m[1])
	month, _ := strconv.Atoi(m[2])
	year, _ := strconv.Atoi(m[3])
	if len(m[3]) == 2 {
		if year += 2000; year >= 2070 {
			year -= 100
		}
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day || int(t.Month()) != month {
		return "", migrations.Invalidf("There is no day %s in the calendar.", clip(s, 40))
	}
	return sensibleDay(t, s)
}

func sensibleDay(t time.Time, s string) (string, error) {
	if t.Year() < 1970 || t.Year() > 2200 {
		return "", migrations.Invalidf("“%s” is not between the years 1970 and 2200.", clip(s, 40))
	}
	return t.Format(time.DateOnly), nil
}

// dateOrder is what a column's dates have said so far of their order.
type dateOrder struct {
	day, month bool // some can only be read so
	open       bool // some can be read both ways, with different meanings
	example    string
}

func (o *dateOrder) see(s string) {
	m := slashDate.FindStringSubmatch(clockTail.ReplaceAllString(strings.TrimSpace(s), ""))
	if m == nil {
		return
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	switch {
	case a > 12 && b <= 12:
		o.day = true
	case b > 12 && a <= 12:
		o.month = true
	case a != b && a <= 12 && b <= 12:
		if !o.open {
			o.example = s
		}
		o.open = true
	}
}

// order returns how the column is read, and whether somebody must be asked.
func (o dateOrder) order(chosen string) (order string, ask bool) {
	switch {
	case chosen != "":
		return chosen, false
	case o.month && !o.day:
		return MonthFirst, false
	case o.day && !o.month:
		return DayFirst, false
	case o.open || o.day && o.month:
		return DayFirst, o.open
	}
	return DayFirst, false
}

var months = regexp.MustCompile(`^(\d{1,4})\s*(months?|mo|m|monate?|mois)?$`)

// addMonths returns the day some months after a day, the last of its month
// where there is no such day.
func addMonths(day string, n int) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	u := t.AddDate(0, n, 0)
	if u.Day() != t.Day() {
		u = u.AddDate(0, 0, -u.Day())
	}
	return u.Format(time.DateOnly)
}

var amount = regexp.MustCompile(`^\s*([A-Za-z]{3}|[€$£¥]|[A-Za-z]{1,3}\$|zł|Kč|kr\.?|Fr\.?)?\s*(-?[\d][\d.,'’\s\x{00a0}\x{202f}]*|-?[.,]\d+)(-|\.–|,-|,–)?\s*([A-Za-z]{3}|[€$£¥]|zł|Kč|kr\.?|Fr\.?)?\s*$`)

var marksOf = map[string]string{"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "US$": "USD", "zł": "PLN", "Kč": "CZK", "Fr": "CHF", "Fr.": "CHF", "sFr": "CHF"}

// importMoney reads an amount, and the currency that stands beside it.
func importMoney(s, code string) (minor int64, named string, err error) {
	m := amount.FindStringSubmatch(s)
	if m == nil {
		return 0, "", migrations.Invalidf("“%s” is not an amount of money. Write it like 1299.50.", clip(s, 40))
	}
	for _, mark := range []string{m[1], m[4]} {
		if c, ok := marksOf[mark]; ok {
			named = c
		} else if len(mark) == 3 && strings.ToUpper(mark) == mark && mark[2] != '$' {
			named = mark
		}
	}
	if code == "" {
		code = named
	}
	minor, err = ParseMoney(strings.TrimRight(m[2], " .,'’\u00a0\u202f"), code)
	return minor, named, err
}

// importQuantity reads a count: 3, 3.00, 1,000.
func importQuantity(s string) (int64, error) {
	t := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\'' {
			return -1
		}
		return r
	}, s)
	if i := strings.LastIndexAny(t, ".,"); i >= 0 && len(t)-i-1 != 3 && strings.Trim(t[i+1:], "0") == "" {
		t = t[:i]
	}
	for _, mark := range []string{",", "."} {
		if strings.Contains(t, mark) && grouped(t, mark) {
			t = strings.ReplaceAll(t, mark, "")
		}
	}
	n, err := strconv.ParseInt(t, 10, 64)
	switch {
	case err != nil:
		return 0, migrations.Invalidf("“%s” is not a whole number.", clip(s, 40))
	case n < 0:
		return 0, migrations.Invalidf("A quantity can not be negative.")
	case n > maxQuantity:
		return 0, migrations.Invalidf("A quantity is at most %d.", maxQuantity)
	}
	return n, nil
}

// statusWords are what other programs call the statuses.
var statusWords = map[string]Status{
	"in stock": Stowed, "stock": Stowed, "in store": Stowed, "stored": Stowed, "available": Stowed, "ready to deploy": Stowed, "ready": Stowed, "deployable": Stowed, "spare": Stowed, "new": Stowed, "pending": Stowed,
	"in use": Deployed, "used": Deployed, "active": Deployed, "assigned": Deployed, "checked out": Deployed, "in service": Deployed, "production": Deployed, "operational": Deployed, "running": Deployed,
	"in maintenance": Maintenance, "under maintenance": Maintenance,
	"in repair": Repair, "under repair": Repair, "out for repair": Repair, "out for diagnostics": Repair, "repairing": Repair, "broken": Repair, "defective": Repair,
	"archived": Retired, "out of use": Retired, "out of service": Retired, "decommissioned": Retired, "end of life": Retired, "broken not fixable": Retired, "inactive": Retired,
	"scrapped": Disposed, "scrap": Disposed, "sold": Disposed, "lost": Disposed, "stolen": Disposed, "lost stolen": Disposed, "donated": Disposed, "gone": Disposed,
}

// importStatus reads a status; exact says that it is one of our own words.
func importStatus(s string) (to Status, exact, ok bool) {
	p := tracker.PlainHeader(s)
	for _, st := range Statuses() {
		if p == string(st) {
			return st, true, true
		}
	}
	to, ok = statusWords[p]
	return to, false, ok
}

// categoryWords are parts of what people call the kinds of things.
var categoryWords = []struct {
	of    Category
	words []string
}{
	{"screen", []string{"screen", "monitor", "display", "bildschirm", "ecran"}},
	{"printer", []string{"printer", "scanner", "copier", "multifunction", "drucker", "imprimante"}},
	{"phone", []string{"phone", "mobile", "handset", "smartphone", "tablet", "telefon", "telephone"}},
	{"network", []string{"network", "switch", "router", "firewall", "access point", "wifi", "wlan", "modem", "reseau"}},
	{"server", []string{"server", "storage", "nas", "serveur", "hypervisor"}},
	{"audio_visual", []string{"audio", "video", "projector", "camera", "speaker", "microphone", "headset", "conference", "beamer", "television", "tv"}},
	{"service", []string{"service", "subscription", "license", "licence", "software", "contract"}},
	{"part", []string{"part", "component", "consumable", "cable", "accessor", "keyboard", "mouse", "dock", "adapter", "adaptor", "battery", "toner", "memory", "disk", "charger", "kabel", "zubehor", "tastatur", "maus", "netzteil", "ersatzteil", "clavier", "souris", "chargeur"}},
	{"computer", []string{"computer", "laptop", "notebook", "desktop", "workstation", "pc", "macbook", "thin client", "rechner", "ordinateur", "portable"}},
}

// importCategory reads a kind of thing; sure is false where it is only "other".
func importCategory(s string) (c Category, sure bool) {
	p := tracker.PlainHeader(s)
	for _, k := range Categories() {
		if p == tracker.PlainHeader(string(k)) {
			return k, true
		}
	}
	if i := strings.LastIndexAny(s, ">/"); i >= 0 { // a path: its last name says most
		if c, ok := importCategory(s[i+1:]); ok {
			return c, true
		}
	}
	for _, k := range categoryWords {
		for _, w := range k.words {
			if p == w || len(w) > 3 && strings.Contains(p, w) || strings.HasPrefix(p, w+" ") || strings.HasSuffix(p, " "+w) || strings.TrimSuffix(p, "s") == w {
				return k.of, true
			}
		}
	}
	return "other", false
}

var inBrackets = regexp.MustCompile(`^\[([^\]]{1,60})\]\s*(.+)$`)
var namedMail = regexp.MustCompile(`^(.*?)\s*[<(]\s*([^\s<>()]+@[^\s<>()]+)\s*[>)]\s*$`)

// importPerson divides "Anna Lind <anna@…>" into name and address.
func importPerson(s string) (name, address string) {
	s = tracker.OneLine(s)
	if m := namedMail.FindStringSubmatch(s); m != nil {
		return m[1], strings.ToLower(m[2])
	}
	if strings.Contains(s, "@") && !strings.Contains(s, " ") {
		return "", strings.ToLower(s)
	}
	return s, ""
}

// importPath cleans the path of a place.
func importPath(s string, slashes bool) string {
	sep := ">"
	if slashes && !strings.Contains(s, ">") {
		sep = "/"
	}
	var parts []string
	for _, p := range strings.Split(s, sep) {
		if p = tracker.OneLine(p); p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " > ")
}
