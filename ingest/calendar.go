package ingest

import (
	"strings"
	"time"

	"helpdeskd/tracker"
)

// maxCalendar bounds how much of an invitation is read, in bytes.
const maxCalendar = 256 << 10

// event is what a person needs to know of an invitation (RFC 5545).
type event struct {
	method, summary, where, organiser, repeats, status string
	start, end                                         moment
	answer                                             string // of the attendee who answers
	notes                                              string // its description, of several lines
}

// moment is a date or a date and time in a named zone.
type moment struct {
	at   time.Time
	day  bool // without a time
	zone string
}

// invitation renders the first event of the mail's calendar parts as lines to
// read, "" when there is none or when the text says it already.
func (w *walker) invitation(root *node, text string) string {
	n := findCalendar(root, 0)
	if n == nil {
		return ""
	}
	raw, _ := decodeAll(w.raw[n.off:n.end], n.enc, maxCalendar)
	charset := n.charset()
	if charset == "" {
		charset = "utf-8"
	}
	src, _ := decodeCharset(raw, charset)
	e, ok := readCalendar(src)
	if !ok {
		return ""
	}
	if e.summary != "" && strings.Contains(text, e.summary) && !e.start.at.IsZero() && (e.start.day || strings.Contains(text, e.start.at.Format("15:04")) || strings.Contains(text, e.start.at.Format("3:04"))) {
		return ""
	}
	if strings.TrimSpace(text) == "" && e.notes != "" {
		return e.String() + "\n\n" + e.notes
	}
	return e.String()
}

func findCalendar(n *node, depth int) *node {
	if (n.typ == "text/calendar" || n.typ == "application/ics") && !n.opaque {
		return n
	}
	for _, s := range n.subs {
		if c := findCalendar(s, depth+1); c != nil {
			return c
		}
	}
	return nil
}

// readCalendar reads the first VEVENT, or VTODO where there is none.
func readCalendar(src string) (e event, ok bool) {
	inside, nested := false, 0
	for _, line := range unfoldCalendar(src) {
		name, params, value := cutProperty(line)
		switch {
		case name == "METHOD" && !inside:
			e.method = strings.ToUpper(strings.TrimSpace(value))
		case name == "BEGIN" && !inside:
			inside = strings.EqualFold(value, "VEVENT") || strings.EqualFold(value, "VTODO")
			ok = ok || inside
		case name == "BEGIN":
			nested++ // an alarm
		case name == "END" && inside && nested > 0:
			nested--
		case name == "END" && inside:
			return e, ok
		case inside && nested == 0:
			e.property(name, params, value)
		}
	}
	return e, ok
}

func (e *event) property(name string, params map[string]string, value string) {
	switch name {
	case "SUMMARY":
		e.summary = calendarText(value)
	case "DESCRIPTION":
		e.notes = calendarLines(value)
	case "LOCATION":
		e.where = calendarText(value)
	case "ORGANIZER":
		e.organiser = calendarPerson(params, value)
	case "DTSTART":
		e.start = readMoment(params, value)
	case "DTEND", "DUE":
		e.end = readMoment(params, value)
	case "STATUS":
		e.status = strings.ToUpper(value)
	case "RRULE":
		for _, p := range strings.Split(value, ";") {
			if f, ok := strings.CutPrefix(strings.ToUpper(p), "FREQ="); ok {
				e.repeats = map[string]string{"DAILY": "every day", "WEEKLY": "every week", "MONTHLY": "every month", "YEARLY": "every year"}[f]
			}
		}
	case "ATTENDEE":
		said := map[string]string{"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "accepted for now"}[strings.ToUpper(params["PARTSTAT"])]
		if said != "" && e.answer == "" {
			e.answer = calendarPerson(params, value) + " " + said
		}
	}
}

// String is the event as lines.
func (e event) String() string {
	title := "Invitation"
	switch {
	case e.method == "CANCEL" || e.status == "CANCELLED":
		title = "Cancelled"
	case e.method == "REPLY":
		title = "Answer to an invitation"
	case e.method == "COUNTER":
		title = "Another time is proposed"
	}
	var b strings.Builder
	line := func(label, value string) {
		if value = strings.TrimSpace(value); value != "" {
			b.WriteString("\n" + label + ": " + value)
		}
	}
	b.WriteString(title)
	if e.summary != "" {
		b.WriteString(": " + e.summary)
	}
	if e.method == "REPLY" {
		line("Answer", e.answer)
	}
	line("When", e.when())
	line("Repeats", e.repeats)
	line("Where", e.where)
	line("Organiser", e.organiser)
	return b.String()
}

func (e event) when() string {
	if e.start.at.IsZero() {
		return ""
	}
	const day, clock = "Mon 2 Jan 2006", "15:04"
	s := e.start.at.Format(day)
	if e.start.day {
		// the end of a day event is the day after it (RFC 5545 section 3.6.1)
		if last := e.end.at.AddDate(0, 0, -1); e.end.day && last.After(e.start.at) {
			s += " to " + last.Format(day)
		}
		return s
	}
	s += ", " + e.start.at.Format(clock)
	switch {
	case e.end.at.IsZero() || e.end.day || !e.end.at.After(e.start.at):
	case e.end.at.Format(day) == e.start.at.Format(day):
		s += " to " + e.end.at.Format(clock)
	default:
		s += " to " + e.end.at.Format(day) + ", " + e.end.at.Format(clock)
	}
	if e.start.zone != "" {
		s += " (" + e.start.zone + ")"
	}
	return s
}

// readMoment reads DATE and DATE-TIME (RFC 5545 sections 3.3.4 and 3.3.5); the
// hour is kept as it was written, with the name of its zone.
func readMoment(params map[string]string, value string) moment {
	value = strings.TrimSpace(value)
	if t, err := time.Parse("20060102", value); err == nil {
		return moment{at: t, day: true}
	}
	m := moment{zone: cleanLine(params["TZID"], 60)}
	if v, ok := strings.CutSuffix(value, "Z"); ok {
		value, m.zone = v, "UTC"
	}
	if t, err := time.Parse("20060102T150405", value); err == nil {
		m.at = t
	}
	return m
}

// unfoldCalendar splits the source into its logical lines (RFC 5545 section
// 3.1), at most 5000 of them.
func unfoldCalendar(src string) []string {
	var out []string
	var cur strings.Builder
	started := false
	for line := range strings.Lines(src) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			cur.WriteString(line[1:])
			continue
		}
		if started {
			out = append(out, cur.String())
			cur.Reset()
		}
		if len(out) >= 5000 {
			return out
		}
		cur.WriteString(line)
		started = true
	}
	return append(out, cur.String())
}

// cutProperty splits "NAME;PARAM=value:value"; a value in quotes may hold a
// colon.
func cutProperty(line string) (name string, params map[string]string, value string) {
	quoted, start := false, 0
	params = map[string]string{}
	take := func(part string) {
		if name == "" {
			name = strings.ToUpper(strings.TrimSpace(part))
			return
		}
		if k, v, ok := strings.Cut(part, "="); ok && len(params) < 32 {
			params[strings.ToUpper(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == ';' && !quoted:
			take(line[start:i])
			start = i + 1
		case c == ':' && !quoted:
			take(line[start:i])
			return name, params, line[i+1:]
		}
	}
	return "", params, ""
}

// calendarText undoes the escapes of TEXT (RFC 5545 section 3.3.11).
func calendarText(s string) string {
	s = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
	return cleanLine(s, 500)
}

// calendarLines is calendarText for text of several lines.
func calendarLines(s string) string {
	s = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
	return strings.TrimSpace(cutUTF8(cleanBody(s), 20_000))
}

func calendarPerson(params map[string]string, value string) string {
	addr := value
	if len(addr) > 7 && strings.EqualFold(addr[:7], "mailto:") {
		addr = addr[7:]
	}
	addr, _ = cleanAddress(addr)
	name := calendarText(params["CN"])
	switch {
	case name == "" || strings.EqualFold(name, addr):
		return addr
	case addr == "":
		return name
	}
	return name + " <" + addr + ">"
}

// showInvitation puts the invitation below what the author wrote.
func showInvitation(in *tracker.Inbound, w *walker, root *node) {
	block := w.invitation(root, in.Text)
	if block == "" || len(in.Text)+len(block)+2 > maxText {
		return
	}
	below := func(s string) string {
		if s = strings.TrimRight(s, " \t\r\n"); strings.TrimSpace(s) == "" {
			return block
		}
		return s + "\n\n" + block
	}
	in.Text, in.Reply = below(in.Text), below(in.Reply)
}
