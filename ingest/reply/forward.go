package reply

import "strings"

// ForwardedFrom returns the value of the From line in the header block of the
// outermost forwarded mail, "" when the text holds no forward. sure says that
// the subject already told so; otherwise a line must say "forwarded message".
func ForwardedFrom(text string, sure bool) string {
	if len(text) > 256<<10 {
		text = text[:256<<10]
	}
	lines := read(text)
	marked := false
	for i := range lines {
		if lines[i].fence {
			continue
		}
		t := strings.ToLower(strings.TrimLeft(lines[i].text, "> "))
		if isMark(t) && forwardLine(t) {
			marked = true
			continue
		}
		if !(marked || sure) {
			continue
		}
		k := labelOf(lines[i].text)
		if k != lFrom && k != lDate && k != lSubject && k != lTo || !headerBlockAt(lines, i) {
			continue
		}
		for j := i; j < len(lines) && j < i+12; j++ {
			if labelOf(lines[j].text) == lFrom {
				_, v, _ := strings.Cut(strings.Replace(lines[j].text, "：", ":", 1), ":")
				return strings.Trim(v, " *\t")
			}
		}
		return ""
	}
	return ""
}

// headerBlockAt is headerBlock beginning with any label.
func headerBlockAt(lines []line, i int) bool {
	var have [lOther + 1]bool
	n := 0
	for j := i; j < len(lines) && j < i+12; j++ {
		if k := labelOf(lines[j].text); k != noLabel && k != lOther && !have[k] {
			have[k] = true
			n++
		}
	}
	return have[lFrom] && n >= 3
}
