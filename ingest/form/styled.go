package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// style is how a line's questions stand out: bold, underlined, or a heading
// of a level.
type style string

const (
	noStyle style = ""
	bold    style = "bold"
	under   style = "under"
)

// lead returns the styled text at the beginning of a line, and what follows.
func lead(l *htmltext.Line) (st style, q, a string) {
	i := 0
	for i < len(l.Spans) && strings.Trim(l.Spans[i].Text, " •·-–*0123456789.)\t\u00a0") == "" && !l.Spans[i].Bold && !l.Spans[i].Under {
		i++
	}
	if i == len(l.Spans) {
		return noStyle, "", ""
	}
	switch {
	case isHeading(l):
		return style(l.Block), l.Text(), ""
	case l.Spans[i].Under && l.Spans[i].Href == "":
		st = under
	case l.Spans[i].Bold:
		st = bold
	default:
		return noStyle, "", ""
	}
	var b strings.Builder
	for ; i < len(l.Spans); i++ {
		s := l.Spans[i]
		if st == bold && !s.Bold && strings.TrimSpace(s.Text) != "" || st == under && !s.Under && strings.TrimSpace(s.Text) != "" {
			break
		}
		b.WriteString(s.Text)
	}
	q = b.String()
	b.Reset()
	for ; i < len(l.Spans); i++ {
		b.WriteString(l.Spans[i].Text)
	}
	a = b.String()
	if t := strings.TrimSpace(a); strings.TrimRight(q, " \u00a0") != "" && (t == "*" || t == ":" || t == "*:" || t == "?") {
		q, a = q+t, ""
	}
	if a == "" && st == bold { // a line that is bold as a whole: "Name: Anna"
		if head, tail, ok := splitLabel(strings.TrimSpace(q)); ok && tail != "" && strings.HasSuffix(strings.TrimSpace(q), tail) && !strings.HasSuffix(head, "?") && !strings.HasSuffix(tail, "?") && !strings.HasSuffix(tail, ":") {
			q, a = head+":", tail
		}
	}
	return st, q, a
}

func isHeading(l *htmltext.Line) bool {
	return len(l.Block) == 2 && l.Block[0] == 'h' && l.Block != "hr"
}

// styled reads mails whose questions are bold, underlined or headings.
func (r *reading) styled(lines []htmltext.Line) []pair {
	lines = lines[:min(len(lines), maxLines)]
	count, known := map[style]int{}, map[style]int{}
	var seen []style
	for i := range lines {
		st, q, _ := lead(&lines[i])
		if st == noStyle || len(strings.TrimSpace(q)) < 2 {
			continue
		}
		if count[st]++; count[st] == 1 {
			seen = append(seen, st)
		}
		if r.asks(cleanLabel(q)) {
			known[st]++
		}
	}
	want := noStyle
	for _, st := range seen {
		if want == noStyle || known[st] > known[want] || known[st] == known[want] && count[st] > count[want] {
			want = st
		}
	}
	if want == noStyle || count[want] < 2 && known[want] == 0 {
		return nil
	}
	var pairs []pair
	var at []int // the line of each question
	for i := range lines {
		if st, q, _ := lead(&lines[i]); st == want && len(strings.TrimSpace(q)) > 1 {
			at = append(at, i)
		}
	}
	for i := range lines[:at[0]] {
		r.metaLine(strings.TrimSpace(lines[i].Text()))
	}
	beside := 0 // questions with the answer on their own line
	for _, i := range at {
		if _, _, a := lead(&lines[i]); trimColon(a) != "" {
			beside++
		}
	}
	long := false // some answer before the last is of several paragraphs
	for n, i := range at {
		_, q, a := lead(&lines[i])
		p := pair{q: q, a: trimColon(a), files: links(&lines[i])}
		end := len(lines)
		if n+1 < len(at) {
			end = at[n+1]
		}
		first := -1 // the first line of the answer
		if p.a != "" {
			first = i
		}
		for j := i + 1; j < end; j++ {
			l := &lines[j]
			if isHeading(l) && isTop(l.Block, string(want)) {
				break
			}
			if first < 0 {
				if n+1 == len(at) && beside*2 > len(at) && l.Para != lines[i].Para {
					break
				}
				p.a, first = trimColon(l.Text()), j
			} else {
				f := &lines[first]
				// Below the last answer the flow's author may say more, which
				// stands apart from an answer beside its question.
				if n+1 == len(at) && first == i && l.Para != f.Para && !long {
					break
				}
				if first == i && l.Para != f.Para && n+1 < len(at) {
					long = true
				}
				p.add(strings.TrimSpace(l.Text()))
			}
			p.files = append(p.files, links(l)...)
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// isTop reports whether a heading stands above the questions' style: the
// title of a section, which is no answer.
func isTop(block, want string) bool {
	return len(want) != 2 || block < want
}

func trimColon(s string) string {
	s = strings.TrimLeft(s, " \t\u00a0")
	s = strings.TrimPrefix(s, "*")
	s = strings.TrimLeft(s, " \t\u00a0")
	s = strings.TrimPrefix(strings.TrimPrefix(s, ":"), "：")
	return strings.TrimSpace(s)
}
