package htmltext

import "strings"

// Text renders the lines as plain text: blank lines between paragraphs, the
// cells of a table row side by side where each is one line.
func (d *Doc) Text() string { return Render(d.Lines, false) }

// Render renders some lines; marks puts "> " before quoted ones.
func Render(lines []Line, marks bool) string {
	var b strings.Builder
	for i := range lines {
		l := &lines[i]
		if i > 0 {
			p := &lines[i-1]
			switch {
			case l.Table != 0 && l.Table == p.Table && l.Row == p.Row && l.Col != p.Col && p.Row != 0 && alone(lines, i) && alone(lines, i-1):
				b.WriteByte('\t')
				b.WriteString(strings.TrimSpace(l.Text()))
				continue
			case l.Gap || l.Rule:
				b.WriteString("\n\n")
			default:
				b.WriteByte('\n')
			}
		}
		if marks {
			n := l.Depth
			if l.Quoted {
				n++
			}
			for ; n > 0; n-- {
				b.WriteString("> ")
			}
		}
		b.WriteString(l.Mark)
		if l.Block == "pre" {
			b.WriteString(strings.TrimRight(l.Text(), " "))
		} else {
			b.WriteString(strings.TrimSpace(l.Text()))
		}
	}
	return b.String()
}

// alone says whether a table cell is a single line.
func alone(lines []Line, i int) bool {
	same := func(j int) bool {
		return j >= 0 && j < len(lines) && lines[j].Table == lines[i].Table && lines[j].Row == lines[i].Row && lines[j].Col == lines[i].Col
	}
	return !same(i-1) && !same(i+1)
}

// FromText makes a Doc of plain text, so that a mail of both kinds can be
// read as one.
func FromText(s string) *Doc {
	d := &Doc{}
	para, gap := 0, false
	for _, line := range strings.Split(s, "\n") {
		if strings.TrimSpace(line) == "" {
			para, gap = para+1, true
			continue
		}
		if len(d.Lines) >= maxLines {
			d.Cut = true
			break
		}
		d.Lines = append(d.Lines, Line{Spans: []Span{{Text: line}}, Para: para, Gap: gap, Block: "pre"})
		gap = false
	}
	return d
}

// Append puts another document below.
func (d *Doc) Append(o *Doc) {
	base, table := 0, 0
	if n := len(d.Lines); n > 0 {
		base = d.Lines[n-1].Para + 1
		for _, l := range d.Lines {
			table = max(table, l.Table)
		}
	}
	for i, l := range o.Lines {
		l.Para += base
		if l.Table > 0 {
			l.Table += table
		}
		l.Gap = l.Gap || i == 0
		d.Lines = append(d.Lines, l)
	}
	d.CIDs = append(d.CIDs, o.CIDs...)
	d.Cut = d.Cut || o.Cut
}
