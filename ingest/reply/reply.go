// Package reply tells what the author of a mail wrote now from what the mail
// repeats: quotes, the headers above them, signatures. Nothing is lost: what
// is folded away is returned too. Where nothing new is left, everything is
// new: a mail that is only a quote, or a forward, keeps it. Time is linear in
// the length of the text; no regular expression runs over it.
package reply

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// line is one line with what is known of it.
type line struct {
	text   string // without trailing blanks
	fence  bool   // inside a ``` block
	quoted bool   // begins with ">"
	hidden bool
}

// Split parts a plain text.
func Split(text string) (reply, quoted string) {
	lines := read(text)
	hide(lines)
	return gather(lines, text)
}

// SplitDoc parts an HTML mail, where the containers that mail programs put
// around quotes say more than any wording.
func SplitDoc(d *htmltext.Doc) (reply, quoted string) {
	ls := d.Lines
	drop := make([]bool, len(ls))
	markContainers(ls, drop)
	var vis, hid []htmltext.Line
	any := false
	for i := range ls {
		if drop[i] {
			hid = append(hid, ls[i])
			continue
		}
		vis = append(vis, ls[i])
		any = any || strings.TrimSpace(ls[i].Text()) != ""
	}
	all := htmltext.Render(ls, false)
	if !any {
		return strings.TrimSpace(all), ""
	}
	lines := read(htmltext.Render(vis, false))
	hide(lines)
	rest := htmltext.Render(hid, false)
	r, q := gather(lines, htmltext.Render(vis, false))
	if strings.TrimSpace(r) == "" {
		return strings.TrimSpace(all), ""
	}
	if q != "" && rest != "" {
		q += "\n\n"
	}
	return r, q + rest
}

// markContainers marks the lines in quote containers.
func markContainers(ls []htmltext.Line, drop []bool) {
	for i := range ls {
		if ls[i].CutHere && (i == 0 || !ls[i].Quoted) {
			for j := i; j < len(ls); j++ {
				drop[j] = true
			}
			break
		}
		if ls[i].Quoted {
			drop[i] = true
		}
	}
	for i := range ls {
		if drop[i] {
			if forwardLine(strings.ToLower(strings.TrimSpace(ls[i].Text()))) && !textBefore(ls, drop, i) {
				for j := range drop {
					drop[j] = false
				}
			}
			break
		}
	}
	// a plain blockquote is a quote when it is the last one, or stands under
	// an attribution line
	last := -1
	for i := range ls {
		if ls[i].Depth > 0 && !drop[i] && (i == 0 || ls[i-1].Depth == 0) {
			last = i
		}
	}
	for i := 0; i < len(ls); i++ {
		if ls[i].Depth == 0 || drop[i] || i > 0 && ls[i-1].Depth > 0 {
			continue
		}
		if i != last && !(i > 0 && attribution([]line{{text: ls[i-1].Text()}}, 0) > 0) {
			continue
		}
		for j := i; j < len(ls) && ls[j].Depth > 0; j++ {
			drop[j] = true
		}
	}
}

func textBefore(ls []htmltext.Line, drop []bool, i int) bool {
	for j := 0; j < i; j++ {
		if !drop[j] && strings.TrimSpace(ls[j].Text()) != "" {
			return true
		}
	}
	return false
}

func read(text string) []line {
	parts := strings.Split(text, "\n")
	lines := make([]line, len(parts))
	fence := false
	fences := strings.Count(text, "```")
	for i, p := range parts {
		l := &lines[i]
		l.text = strings.TrimRight(strings.ReplaceAll(p, "\u00a0", " "), " \t\r")
		if fences > 1 && strings.HasPrefix(strings.TrimLeft(l.text, " \t"), "```") {
			fence = !fence
			l.fence = true
			continue
		}
		l.fence = fence
		l.quoted = !fence && strings.HasPrefix(strings.TrimLeft(l.text, " "), ">")
	}
	if fence { // never closed: no fence at all
		for i := range lines {
			lines[i].fence = false
			lines[i].quoted = strings.HasPrefix(strings.TrimLeft(lines[i].text, " "), ">")
		}
	}
	return lines
}

// hide marks what is not new.
func hide(lines []line) {
	seen := false // some new text stands above
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		if l.fence {
			seen = true
			continue
		}
		if l.quoted {
			l.hidden = true
			continue
		}
		if l.text == "" {
			continue
		}
		if n := attribution(lines, i); n > 0 {
			next := nextText(lines, i+n)
			if next < len(lines) && lines[next].quoted {
				hideRange(lines, i, next)
				i = next - 1
				continue
			}
			if seen {
				hideRange(lines, i, len(lines))
				return
			}
		}
		if cutsHere(lines, i) && seen {
			hideRange(lines, back(lines, i), len(lines))
			return
		}
		if seen && signature(lines, i) {
			hideRange(lines, i, len(lines))
			return
		}
		seen = true
	}
}

// back takes a separator line of dashes above a header block along.
func back(lines []line, i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if lines[j].text == "" {
			continue
		}
		if ruler(lines[j].text) {
			return j
		}
		break
	}
	return i
}

func ruler(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) >= 3 && strings.Trim(s, "-_=*–—~ ") == ""
}

func nextText(lines []line, i int) int {
	for i < len(lines) && lines[i].text == "" {
		i++
	}
	return i
}

func hideRange(lines []line, from, to int) {
	for ; from < to; from++ {
		lines[from].hidden = true
	}
}

// gather puts the two halves together.
func gather(lines []line, text string) (reply, quoted string) {
	var r, q strings.Builder
	blank := 0
	for i := range lines {
		if lines[i].hidden {
			q.WriteString(lines[i].text)
			q.WriteByte('\n')
			continue
		}
		if lines[i].text == "" {
			blank++
			continue
		}
		if r.Len() > 0 {
			r.WriteString("\n\n\n\n"[:min(blank, 3)+1])
		}
		blank = 0
		r.WriteString(lines[i].text)
	}
	if r.Len() == 0 {
		return strings.TrimSpace(text), ""
	}
	return r.String(), strings.Trim(q.String(), "\n")
}

// attribution says how many lines from i on are "On …, somebody wrote:".
func attribution(lines []line, i int) int {
	first := strings.ToLower(strings.TrimLeft(lines[i].text, " \t-*_"))
	if !starts(first) {
		return 0
	}
	joined := ""
	for n := 0; n < 5 && i+n < len(lines); n++ {
		t := strings.ToLower(strings.TrimSpace(lines[i+n].text))
		if n > 0 && (t == "" || lines[i+n].quoted) {
			return 0
		}
		joined += " " + t
		if len(joined) > 600 {
			return 0
		}
		end := strings.TrimRight(t, " *_")
		if strings.HasSuffix(end, ":") || strings.HasSuffix(end, "：") {
			if isAttribution(joined) {
				return n + 1
			}
			return 0
		}
	}
	return 0
}

func starts(s string) bool {
	for _, p := range starters {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// isAttribution wants a date or an address, and a verb or an address at the
// end.
func isAttribution(s string) bool {
	s = strings.TrimRight(s, " *_:：")
	date := hasDate(s)
	addr := strings.Contains(s, "@")
	if !date && !addr {
		return false
	}
	if addr && date && (strings.HasSuffix(s, ">") || strings.HasSuffix(s, ")") || strings.HasSuffix(s, "]")) {
		return true
	}
	tail := s
	if len(tail) > 60 && !strings.Contains(s, "schrieb") {
		tail = tail[len(tail)-60:]
	}
	for _, v := range wrote {
		if strings.Contains(tail, v) || strings.Contains(s, " "+v+" ") && len(v) > 4 {
			return true
		}
	}
	return false
}

// hasDate says whether the text has what a date has: a year or a clock time,
// or a day and month in numbers.
func hasDate(s string) bool {
	for i := 0; i+3 < len(s); i++ {
		if !isDigit(s[i]) || i > 0 && isDigit(s[i-1]) {
			continue
		}
		j := i
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		n := j - i
		if n == 4 && (s[i:i+2] == "20" || s[i:i+2] == "19") {
			return true
		}
		if n <= 2 && j+1 < len(s) && strings.IndexByte(":./-", s[j]) >= 0 && isDigit(s[j+1]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutsHere says whether everything from this line on is an earlier mail: a
// separator line, or the block of From, Sent, To, Subject.
func cutsHere(lines []line, i int) bool {
	s := strings.ToLower(strings.TrimSpace(lines[i].text))
	if len(s) < 120 && originalLine(s) {
		return true
	}
	return headerBlock(lines, i)
}

func originalLine(s string) bool {
	bare := strings.Trim(s, "-_=* >\t:–—")
	dashed := strings.HasPrefix(s, "--") || strings.HasPrefix(s, "__") || strings.HasPrefix(s, "==") || strings.HasPrefix(s, "**") || strings.HasPrefix(s, "- -") || strings.HasPrefix(s, "——")
	for _, o := range originals {
		if strings.Contains(bare, o) && (dashed || bare == o && strings.HasSuffix(s, ":")) {
			return true
		}
	}
	return dashed && forwardLine(s)
}

func forwardLine(s string) bool {
	for _, f := range forwards {
		if strings.Contains(s, f) && len(s) < 100 {
			return true
		}
	}
	return false
}

// headerBlock wants three different labels in a row of lines, the first of
// them the sender or the date.
func headerBlock(lines []line, i int) bool {
	k := labelOf(lines[i].text)
	if k != lFrom && k != lDate && k != lSubject {
		return false
	}
	var have [lOther + 1]bool
	have[k] = true
	count, misses := 1, 0
	for j := i + 1; j < len(lines) && j < i+12; j++ {
		if lines[j].text == "" {
			if misses++; misses > 4 {
				break
			}
			continue
		}
		k := labelOf(lines[j].text)
		if k == noLabel {
			// the second line of a long list of recipients
			if misses++; misses > 2 {
				break
			}
			continue
		}
		if !have[k] && k != lOther {
			count++
		}
		have[k] = true
	}
	return count >= 3 && have[lFrom] || count >= 2 && have[lFrom] && have[lDate] && strings.Contains(lines[i].text, "@")
}

// labelOf reads "*From:* x", "Von : x" and the like.
func labelOf(s string) label {
	s = strings.TrimLeft(s, " \t*>_|")
	i := strings.IndexAny(s, ":：")
	if i <= 0 || i > 40 {
		return noLabel
	}
	name := strings.ToLower(strings.Trim(s[:i], " \t*_"))
	return labels[name]
}

// signature says whether a signature begins at this line.
func signature(lines []line, i int) bool {
	s := lines[i].text
	t := strings.TrimSpace(s)
	switch {
	case t == "--" || t == "__" || t == "—" || t == "-- ":
		return true
	case len(t) > 4 && strings.Trim(t, "_") == "" || len(t) > 3 && strings.Trim(t, "—") == "":
		return true
	}
	low := strings.ToLower(strings.TrimLeft(t, "*_-[( "))
	for _, d := range devices {
		if strings.HasPrefix(low, d) && len(strings.Fields(low)) <= 9 && !strings.HasSuffix(low, ".") && !strings.Contains(low, ", ") {
			return true
		}
	}
	return false
}
