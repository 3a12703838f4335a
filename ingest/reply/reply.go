// Package reply tells what the author of a mail wrote now from what the mail
// repeats: quotes, the headers above them, signatures. Nothing is lost: what
// is folded away is returned too. Where nothing new is left, everything is
// new: a mail that is only a quote, or a forward, keeps it. Time is linear in
// the length of the text; no regular expression runs over it.
package reply

import "strings"

// Split parts a plain text. forward says that the subject announces a
// forward: then what stands below is what the mail is about, and stays.
func Split(text string, forward bool) (reply, quoted string) {
	lines := read(text)
	hide(lines, forward)
	return gather(lines, text)
}

// hide marks what is not new.
func hide(lines []line, forward bool) {
	hideBanner(lines)
	seen := false
	type block struct{ from, to int }
	var blocks []block // quotes with new text below them
	pending := block{-1, -1}
	quote := func(from, to int) {
		hideRange(lines, from, to)
		if pending.from < 0 {
			pending.from = from
		}
		pending.to = to
	}
walk:
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		if l.text == "" && !l.fence || l.hidden {
			continue
		}
		if l.quoted {
			if forward {
				hideFooters(lines[:i])
				return
			}
			quote(i, i+1)
			continue
		}
		if !l.fence {
			n := attribution(lines, i)
			if forward && (n > 0 || cutsHere(lines, i)) {
				hideFooters(lines[:i])
				return // a forward is what the mail is about
			}
			if n > 0 {
				next := nextText(lines, i+n)
				markBars(lines, next)
				if next < len(lines) && lines[next].quoted {
					quote(i, next)
					i = next - 1
					continue
				}
			}
			low := clean(strings.TrimSpace(l.text))
			mark := forwardMark(low)
			switch {
			case !mark && (n > 0 || cutsHere(lines, i)):
				if seen {
					hideRange(lines, back(lines, i), len(lines))
					break walk
				}
			case mark:
				hideFooters(lines[:i])
				return
			case seen && (signature(lines, i) || closing(lines, i)):
				end, more := nextForward(lines, i, forward)
				hideRange(lines, i, end)
				if more { // words of the author's below the name
					i = end - 1
					continue
				}
				if end < len(lines) {
					return
				}
				if forward { // below which words it begins is not known
					for k := i; k < len(lines); k++ {
						lines[k].hidden = false
					}
					return
				}
				break walk
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
	hideFooters(lines)
}

// nextForward returns where below a signature the mail begins that is passed
// on, len(lines) when there is none; or where a postscript does, which belongs
// to the author's words.
func nextForward(lines []line, i int, forward bool) (end int, postscript bool) {
	for i++; i < len(lines); i++ {
		l := &lines[i]
		if l.text == "" || l.fence {
			continue
		}
		if forwardMark(clean(strings.TrimSpace(l.text))) && !l.quoted {
			return i, false
		}
		if !l.quoted && lines[i-1].text == "" && isPostscript(l.text) {
			return i, true
		}
		if l.quoted || attribution(lines, i) > 0 || cutsHere(lines, i) {
			if forward {
				return back(lines, i), false
			}
			return len(lines), false
		}
	}
	return len(lines), false
}

// isPostscript knows "P.S. The scanner is broken too." in a paragraph of its
// own.
func isPostscript(s string) bool {
	if len(s) < 6 || len(s) > 2000 {
		return false
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(clean(s[:min(len(s), 64)])), " ")
	switch strings.Trim(first, "*_") {
	case "p.s.", "p.s.:", "p.s:", "p.s", "ps:", "ps.", "p.p.s.", "p.p.s.:", "pps:", "p.-s.", "p.d.", "p.d.:", "pd:", "附言：", "附言:", "追伸":
		return rest != ""
	case "ps", "p.-s", "nb":
		return strings.HasPrefix(rest, ": ")
	}
	return false
}

// markBars takes lines that begin with "|" for quoted, under an attribution.
func markBars(lines []line, i int) {
	for ; i < len(lines) && (lines[i].text == "" || strings.HasPrefix(lines[i].text, "|")); i++ {
		lines[i].quoted = lines[i].text != ""
	}
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

// back takes a separator line of dashes above a header block along.
func back(lines []line, i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if lines[j].text == "" {
			continue
		}
		t := strings.TrimSpace(lines[j].text)
		if ruler(t) || len(t) < 110 && (strings.HasPrefix(t, "--") && strings.HasSuffix(t, "--") || originalLine(clean(t)) || originalWords(clean(t))) {
			return j
		}
		break
	}
	return i
}

// gather puts the two halves together.
func gather(lines []line, text string) (reply, quoted string) {
	var r, q strings.Builder
	blank, gap := 0, false
	for i := range lines {
		if lines[i].hidden {
			gap = true
			q.WriteString(lines[i].text)
			q.WriteByte('\n')
			continue
		}
		if lines[i].text == "" {
			blank++
			continue
		}
		if gap {
			blank = min(blank, 1)
		}
		if r.Len() > 0 {
			r.WriteString("\n\n\n\n"[:min(blank, 3)+1])
		}
		blank, gap = 0, false
		r.WriteString(lines[i].text)
	}
	if strings.TrimSpace(r.String()) == "" {
		return strings.TrimSpace(strings.ReplaceAll(text, codeMark, "")), ""
	}
	return r.String(), strings.Trim(q.String(), "\n")
}
