package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// stacked reads questions that stand alone on their line with the answer
// below: paragraphs, nested blocks, or plain text with blank lines. How far a
// line is set apart from the one above tells unknown questions from answers.
func (r *reading) stacked(lines []htmltext.Line) []pair {
	lines = lines[:min(len(lines), maxLines)]
	n := len(lines)
	apart := make([]int, n)
	asks := make([]bool, n)
	texts := make([]string, n)
	for i := range lines {
		texts[i] = strings.TrimSpace(lines[i].Text())
		if i > 0 {
			apart[i] = distance(&lines[i-1], &lines[i])
		}
		if t := texts[i]; len(t) <= 2*maxLabel && !strings.Contains(t, "\t") {
			label := cleanLabel(t)
			asks[i] = label != "" && r.asks(label) && !strings.Contains(strings.TrimRight(t, ": "), ": ")
		}
	}
	// How far questions are set apart, and how far what follows them.
	least, follow, known := 1<<30, 0, 0
	for i := range lines {
		if !asks[i] || i > 0 && asks[i-1] && apart[i] == 0 {
			continue
		}
		if known++; known > 1 {
			least = min(least, apart[i])
		}
		if i+1 < n && !asks[i+1] {
			follow = max(follow, apart[i+1])
		}
	}
	if known < 2 {
		return nil
	}
	blocks := least > follow // the distance tells
	var pairs []pair
	open := false
	for i := 0; i < n; i++ {
		t := texts[i]
		starts := asks[i]
		if blocks && i > 0 {
			set := apart[i] >= least
			starts = set && (asks[i] || i+1 < n && apart[i+1] < least && mayAsk(t))
			if !set && len(pairs) == 0 && asks[i] && i+1 < n && !asks[i+1] {
				starts = true // the first question, right below a title
			}
			if !set && open && len(pairs) > 0 && pairs[len(pairs)-1].a == "" && pairs[len(pairs)-1].more == nil {
				starts = false // right below a question stands its answer
			}
		} else if blocks {
			starts = asks[i] || n > 1 && apart[1] < least && strings.HasSuffix(t, ":") && mayAsk(t)
		}
		if starts {
			pairs = append(pairs, pair{q: t})
			open = true
			continue
		}
		if len(pairs) == 0 {
			if !r.metaLine(t) {
				r.sentence(t)
			}
			continue
		}
		p := &pairs[len(pairs)-1]
		p.files = append(p.files, links(&lines[i])...)
		switch {
		case p.a == "" && p.more == nil:
			p.a = t
		case lines[i].Gap && p.more != nil && blocks:
			p.add("")
			p.add(t)
		default:
			p.add(lineOf(&lines[i]))
		}
	}
	return pairs
}

// lineOf is a line as part of an answer: the indentation of plain text stays.
func lineOf(l *htmltext.Line) string {
	if l.Block == "pre" {
		return strings.TrimRight(l.Text(), " ")
	}
	return strings.TrimSpace(l.Text())
}

// distance is how far a line is set apart from the one above.
func distance(above, l *htmltext.Line) int {
	d := l.Para - above.Para
	if l.Gap || l.Rule {
		d += 100
	}
	if isHeading(l) {
		d += 50
	}
	return max(d, 0)
}

// mayAsk reports whether a line that is set apart looks like a question.
func mayAsk(t string) bool {
	return len(t) <= 200 && !strings.HasSuffix(t, ".") && !strings.HasSuffix(t, ",") && !strings.HasSuffix(t, ";") && !strings.HasSuffix(t, "!") && !footer(t) && !isList(t)
}

func isList(t string) bool {
	return strings.HasPrefix(t, "- ") || strings.HasPrefix(t, "• ") || strings.HasPrefix(t, "* ")
}
