package reply

import (
	"slices"
	"strings"
)

// Divider says whether a line is one that mail programs put between what was
// written and an earlier or forwarded mail.
func Divider(line string) bool {
	s := clean(strings.TrimSpace(line))
	return len(s) < 160 && (originalLine(s) || forwardMark(s))
}

// HeaderField says which field of a quoted mail's header a line gives: from,
// date, to or subject; "" for none of these.
func HeaderField(line string) string {
	switch labelOf(line) {
	case lFrom:
		return "from"
	case lDate:
		return "date"
	case lTo:
		return "to"
	case lSubject:
		return "subject"
	}
	return ""
}

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
	if lines[i].fence {
		return false
	}
	if len(lines[i].text) < 160 {
		if s := clean(strings.TrimSpace(lines[i].text)); originalLine(s) || replyAbove(s) || groupWise(s) {
			return true
		}
	}
	return headerBlock(lines, i)
}

// dashed says whether a line begins as a separator does.
func dashed(s string) bool {
	for _, p := range []string{"--", "__", "==", "**", "- -", "——", "––", "~~", "##", "‐‐"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// originalLine knows "-----Original Message-----".
func originalLine(s string) bool {
	bare := strings.Trim(s, "-_=*> \t:：–—‐~#")
	sep := dashed(s)
	if !sep && !endsOpen(s) {
		return false
	}
	if len(bare) > 110 {
		return false
	}
	for _, o := range originals {
		if sep && strings.Contains(bare, o) || bare == o {
			return true
		}
	}
	return sep && forwards.In(s)
}

// originalWords knows "Original Message" alone on its line, as BlackBerry
// writes it above the block of From and Sent.
func originalWords(s string) bool { return slices.Contains(originals, s) }

// replyAbove knows the line that helpdesks put above their mails, so that it
// comes back in the answer.
func replyAbove(s string) bool {
	return (dashed(s) || strings.HasPrefix(s, "[") || strings.HasSuffix(s, "-") || strings.HasSuffix(s, "#")) && aboves.In(s)
}

// forwardMark says whether a line separates a forwarded mail from what was
// said about it; a sentence that speaks of forwarding is none.
func forwardMark(s string) bool {
	if len(s) > 160 || !dashed(s) && !endsOpen(s) {
		return false
	}
	if !dashed(s) && (words(s) > 8 || labelOf(s) != noLabel && !strings.HasSuffix(strings.TrimRight(s, " "), ":")) {
		return false
	}
	return forwards.In(s)
}

// headerBlock wants the labels of an earlier mail's header in a row of lines,
// the first of them the sender, the date or the subject. "From: Berlin, To:
// Paris, Date: Monday" is a journey: there must be a subject or an address, or a
// time of day right below the sender.
func headerBlock(lines []line, i int) bool {
	first := lines[i].label()
	if first != lFrom && first != lDate && first != lSubject && first != lTo {
		return false
	}
	if first == lFrom && inOneLine(lines[i].text) {
		return true
	}
	var have [lOther + 1]bool
	have[first] = true
	count, misses := 1, 0
	addr, clock := strings.Contains(lines[i].text, "@"), first == lDate && hasClock(clean(lines[i].text))
	for j := i + 1; j < len(lines) && j < i+14; j++ {
		if lines[j].text == "" {
			if misses++; misses > 4 {
				break
			}
			continue
		}
		k := lines[j].label()
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
		clock = clock || k == lDate && hasClock(clean(lines[j].text))
		addr = addr || (k == lFrom || k == lTo) && strings.Contains(lines[j].text, "@")
	}
	switch {
	case first == lTo:
		return count >= 4 && have[lFrom] && have[lSubject]
	case have[lFrom] && have[lDate] && have[lTo] && have[lSubject]:
		return true
	case count >= 3 && have[lFrom] && (addr || first == lFrom && have[lDate] && clock && lines[i+1].label() == lDate || have[lSubject] && (have[lDate] || have[lTo])):
		return true
	case count >= 2 && have[lFrom] && have[lDate] && strings.Contains(lines[i].text, "@"):
		return true
	}
	return count >= 2 && first == lDate && have[lTo] && addr && hasDate(lines[i].text)
}

// inOneLine knows a block whose lines a program ran together: "From: a Sent: b
// To: c Subject: d".
func inOneLine(s string) bool {
	if len(s) > 1000 || strings.Count(s, ":") < 4 {
		return false
	}
	var have [lOther + 1]bool
	for _, w := range strings.Fields(s) {
		if strings.HasSuffix(w, ":") {
			have[labelOf(w)] = true
		}
	}
	return have[lFrom] && have[lDate] && have[lTo] && have[lSubject]
}

// label is labelOf, remembered.
func (l *line) label() label {
	if l.lab == 0 {
		l.lab = int8(labelOf(l.text)) + 1
	}
	return label(l.lab - 1)
}

// labelOf reads "*From:* x", "Von : x" and the like.
func labelOf(s string) label {
	if len(s) > 4096 {
		s = s[:4096]
	}
	s = strings.TrimLeft(s, " \t*>_|\u200e\u200f\u202a\u202b")
	i := strings.IndexByte(s, ':')
	if w := strings.Index(s, "："); w >= 0 && (i < 0 || w < i) {
		i = w
	}
	if i <= 0 || i > 60 {
		return noLabel
	}
	name := strings.Trim(s[:i], " \t*_\u00a0\u202f")
	if !ascii(name) {
		name = blanks.Replace(name)
	}
	return labels[clean(name)]
}

// valueOf returns what stands after a label.
func valueOf(s string) string {
	i := strings.IndexByte(s, ':')
	n := 1
	if w := strings.Index(s, "："); w >= 0 && (i < 0 || w < i) {
		i, n = w, len("：")
	}
	if i < 0 {
		return ""
	}
	return strings.Trim(s[i+n:], " *\t\u200e\u200f\u202a\u202b\u202c")
}
