// Package reply tells what the author of a mail wrote now from what the mail
// repeats: quotes, the headers above them, signatures. Nothing is lost: what
// is folded away is returned too. Where nothing new is left, everything is
// new: a mail that is only a quote, or a forward, keeps it. Time is linear in
// the length of the text; no regular expression runs over it.
package reply

import (
	"strings"
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
	return len(s) < 100 && forwards.In(s)
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
