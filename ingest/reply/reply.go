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

	// what was already found out about the line, so that looking ahead stays
	// cheap: 0 unknown, else the answer plus one
	attr, cut, sig int8
}

// Split parts a plain text. forward says that the subject announces a
// forward: then what stands below is what the mail is about, and stays.
func Split(text string, forward bool) (reply, quoted string) {
	lines := read(text)
	hide(lines, forward)
	return gather(lines, text)
}

// SplitDoc parts an HTML mail, where the containers that mail programs put
// around quotes say more than any wording.
func SplitDoc(d *htmltext.Doc, forward bool) (reply, quoted string) {
	ls := d.Lines
	drop := make([]bool, len(ls))
	if !forward {
		markContainers(ls, drop)
	}
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
	if !any {
		return strings.TrimSpace(htmltext.Render(ls, false)), ""
	}
	text := htmltext.Render(vis, false)
	lines := read(text)
	hide(lines, forward)
	r, q := gather(lines, text)
	if strings.TrimSpace(r) == "" {
		return strings.TrimSpace(htmltext.Render(ls, false)), ""
	}
	rest := htmltext.Render(hid, false)
	if q != "" && rest != "" {
		q += "\n\n"
	}
	return r, q + rest
}

// markContainers marks the lines in quote containers.
func markContainers(ls []htmltext.Line, drop []bool) {
	for i := range ls {
		t := ls[i].Text()
		k := noLabel
		if ls[i].Rule {
			k = labelOf(t)
		}
		if ls[i].CutHere && !ls[i].Quoted || (k == lFrom || k == lDate) && (strings.Contains(t, "@") || hasDate(t)) {
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
func hide(lines []line, forward bool) {
	seen := hideBanner(lines)
	type block struct{ from, to int }
	var blocks []block // quotes with new text below them
	pending := block{-1, -1}
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		if l.text == "" && !l.fence || l.hidden {
			continue
		}
		if l.quoted {
			l.hidden = true
			if pending.from < 0 {
				pending.from = i
			}
			pending.to = i + 1
			continue
		}
		if !l.fence {
			n := attribution(lines, i)
			if n > 0 {
				next := nextText(lines, i+n)
				if next < len(lines) && lines[next].quoted {
					hideRange(lines, i, next)
					if pending.from < 0 {
						pending.from = i
					}
					i = next - 1
					continue
				}
			}
			low := strings.ToLower(strings.TrimSpace(l.text))
			if !forward && (n > 0 || cutsHere(lines, i)) && !forwardLine(low) {
				if seen {
					hideRange(lines, back(lines, i), len(lines))
					break
				}
			} else if isMark(low) && forwardLine(low) {
				hideFooter(lines[:i])
				return // a forward is what the mail is about
			} else if seen && (signature(lines, i) || closing(lines, i)) {
				hideRange(lines, i, len(lines))
				break
			}
		}
		if pending.from >= 0 {
			blocks = append(blocks, pending)
			pending = block{-1, -1}
		}
		seen = true
	}
	if len(blocks) > 1 || len(blocks) == 1 && interleaved(lines, blocks[0].from) {
		// answers between the questions: both are needed to understand either
		for _, b := range blocks {
			for k := b.from; k < b.to; k++ {
				lines[k].hidden = false
			}
		}
	}
	hideFooter(lines)
}

// interleaved says whether a single quote with new text below it also has new
// text above it, more than a greeting: an answer to a passage, not a mail
// that answers below the whole of the earlier one.
func interleaved(lines []line, from int) bool {
	n := 0
	for i := 0; i < from; i++ {
		if !lines[i].hidden {
			n += len(strings.Fields(lines[i].text))
		}
	}
	return n > 4
}

// isMark says whether a line that speaks of forwarding is a separator, not a
// sentence.
func isMark(low string) bool {
	return strings.HasPrefix(low, "--") || strings.HasPrefix(low, "__") || strings.HasPrefix(low, "==") || strings.HasPrefix(low, "**") || strings.HasSuffix(low, ":")
}

// hideBanner folds the warning that gateways put above mail from outside. It
// always returns false: nothing new has been seen yet.
func hideBanner(lines []line) bool {
	start := nextText(lines, 0)
	end := start
	text := ""
	for end < len(lines) && lines[end].text != "" && end < start+8 {
		text += " " + strings.ToLower(lines[end].text)
		end++
	}
	if len(text) > 700 || nextText(lines, end) >= len(lines) {
		return false
	}
	for _, b := range banners {
		if strings.Contains(text, b) {
			hideRange(lines, start, end)
			break
		}
	}
	return false
}

// hideFooter folds the legal notice that companies append, where it is the
// last thing in the mail and something else stands above it.
func hideFooter(lines []line) {
	end := len(lines)
	for end > 0 && (lines[end-1].text == "" || lines[end-1].hidden) {
		end--
	}
	start := end
	for start > 0 && lines[start-1].text != "" && !lines[start-1].hidden {
		start--
	}
	if start == 0 || end-start > 25 {
		return
	}
	text := ""
	for i := start; i < end; i++ {
		text += " " + strings.ToLower(lines[i].text)
		if len(text) > 4000 {
			return
		}
	}
	n := 0
	for _, w := range legal {
		if strings.Contains(text, w) {
			n++
		}
	}
	if n < 2 {
		return
	}
	for i := 0; i < start; i++ {
		if lines[i].text != "" && !lines[i].hidden {
			hideRange(lines, start, end)
			return
		}
	}
}

// back takes a separator line of dashes above a header block along.
func back(lines []line, i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if lines[j].text == "" {
			continue
		}
		t := strings.TrimSpace(lines[j].text)
		if ruler(t) || len(t) < 80 && strings.HasPrefix(t, "--") && strings.HasSuffix(t, "--") {
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
	if lines[i].attr == 0 {
		lines[i].attr = int8(findAttribution(lines, i)) + 1
	}
	return int(lines[i].attr) - 1
}

func findAttribution(lines []line, i int) int {
	if !mayAttribute(lines, i) {
		return 0
	}
	first := strings.ToLower(strings.TrimLeft(lines[i].text, " \t-*_"))
	if !starts(first) {
		return 0
	}
	joined := ""
	for n := 0; n < 5 && i+n < len(lines); n++ {
		t := strings.ToLower(strings.TrimSpace(lines[i+n].text))
		if n > 0 && lines[i+n].quoted {
			// an address that was wrapped before its ">"
			if !strings.HasSuffix(t, ":") || len(t) > 30 || strings.LastIndexByte(joined, '<') <= strings.LastIndexByte(joined, '>') {
				return 0
			}
		}
		if n > 0 && t == "" {
			return 0
		}
		joined += " " + t
		if len(joined) > 600 {
			return 0
		}
		end := strings.TrimRight(t, " *_-")
		if strings.HasSuffix(end, ":") || strings.HasSuffix(end, "：") {
			if isAttribution(joined) {
				return n + 1
			}
			return 0
		}
		if endsWithVerb(end) && strings.Contains(joined, "@") && hasDate(joined) && isAttribution(joined) {
			return n + 1
		}
	}
	return 0
}

// mayAttribute is the cheap test: one of the lines ends as an attribution does.
func mayAttribute(lines []line, i int) bool {
	for n := 0; n < 5 && i+n < len(lines); n++ {
		t := strings.TrimRight(lines[i+n].text, " *_-")
		if t == "" || len(t) > 600 {
			return false
		}
		if strings.HasSuffix(t, ":") || strings.HasSuffix(t, "：") {
			return true
		}
		if n < 2 && endsWithVerb(strings.ToLower(t[max(0, len(t)-24):])) {
			return true
		}
	}
	return false
}

// endsWithVerb is for programs that leave the colon out.
func endsWithVerb(s string) bool {
	s = s[strings.LastIndexByte(s, ' ')+1:]
	if len(s) < 5 {
		return false
	}
	for _, v := range wrote {
		if len(v) >= len(s) && strings.HasSuffix(v, s) && (len(v) == len(s) || v[len(v)-len(s)-1] == ' ') {
			return true
		}
	}
	return false
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
	if lines[i].cut == 0 {
		lines[i].cut = answer(findCut(lines, i))
	}
	return lines[i].cut == 2
}

func answer(b bool) int8 {
	if b {
		return 2
	}
	return 1
}

func findCut(lines []line, i int) bool {
	s := strings.ToLower(strings.TrimSpace(lines[i].text))
	if len(s) < 120 && originalLine(s) {
		return true
	}
	return headerBlock(lines, i)
}

func originalLine(s string) bool {
	bare := strings.Trim(s, "-_=* >\t:–—")
	dashed := strings.HasPrefix(s, "--") || strings.HasPrefix(s, "__") || strings.HasPrefix(s, "==") || strings.HasPrefix(s, "**") || strings.HasPrefix(s, "- -") || strings.HasPrefix(s, "——")
	if !dashed && !strings.HasSuffix(s, ":") {
		return false
	}
	for _, o := range originals {
		if strings.Contains(bare, o) && (dashed || bare == o && strings.HasSuffix(s, ":")) {
			return true
		}
	}
	return dashed && forwardLine(s)
}

func forwardLine(s string) bool {
	if len(s) >= 100 {
		return false
	}
	for _, f := range forwards {
		if strings.Contains(s, f) {
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
	if lines[i].sig == 0 {
		lines[i].sig = answer(findSignature(lines, i))
	}
	return lines[i].sig == 2
}

func findSignature(lines []line, i int) bool {
	s := lines[i].text
	t := strings.TrimSpace(s)
	switch {
	case t == "--" || t == "__":
		return true
	case len(t) > 4 && strings.Trim(t, "_") == "" || len(t) > 6 && strings.Trim(t, "—") == "":
		return true
	}
	low := strings.ToLower(strings.TrimLeft(t, "*_-[( "))
	if u := strings.IndexAny(low, "<["); u > 8 {
		low = strings.TrimSpace(low[:u])
	}
	for _, d := range devices {
		if strings.HasPrefix(low, d) && len(strings.Fields(low)) <= 9 && !strings.HasSuffix(low, ".") && !strings.Contains(low, ", ") {
			return true
		}
	}
	return dashName(lines, i)
}

// dashName is "-Anna" or "/Anna" alone in the last paragraph.
func dashName(lines []line, i int) bool {
	t := lines[i].text
	if len(t) < 3 || len(t) > 40 || t[0] != '-' && t[0] != '/' && t[0] != '~' || t[1] == ' ' || t[1] == '-' || t[1] >= '0' && t[1] <= '9' {
		return false
	}
	if i > 0 && lines[i-1].text != "" || len(strings.Fields(t)) > 4 || strings.ContainsAny(t[1:], "/.:=-_@\\") {
		return false
	}
	return lastParagraph(lines, i, 1)
}

// lastParagraph says whether at most max lines from i on are followed by
// nothing but a quote, an attribution or another signature.
func lastParagraph(lines []line, i, max int) bool {
	j := i
	for j < len(lines) && lines[j].text != "" && !lines[j].quoted && j-i <= max {
		j++
	}
	if j-i > max {
		return false
	}
	k := nextText(lines, j)
	if k >= len(lines) || lines[k].quoted {
		return true
	}
	t := strings.TrimSpace(lines[k].text)
	return t == "--" || t == "__" || len(t) > 4 && strings.Trim(t, "_") == "" || attribution(lines, k) > 0 || cutsHere(lines, k)
}

// closing says whether the mail ends here with "Kind regards" and a block of
// short lines: name, position, telephone.
func closing(lines []line, i int) bool {
	t := strings.ToLower(strings.Trim(strings.TrimSpace(lines[i].text), "*_ ,.!-"))
	if len(t) > 60 || t == "" {
		return false
	}
	found := false
	for _, c := range closings {
		if t == c {
			found = true
			break
		}
	}
	if !found {
		return false
	}
	count := 0
	for j := i + 1; j < len(lines); j++ {
		l := &lines[j]
		if l.text == "" {
			continue
		}
		if l.quoted || attribution(lines, j) > 0 || cutsHere(lines, j) || signature(lines, j) {
			return true
		}
		if len([]rune(l.text)) > 90 && count < 1 || strings.HasSuffix(l.text, "?") {
			return false
		}
		if count++; count > 30 {
			return false
		}
	}
	return true
}
