package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// table reads "Create HTML table" output: two columns of questions and
// answers, or one row of questions above one row of answers.
func (r *reading) table(lines []htmltext.Line) []pair {
	type key struct{ table, row int }
	cells := map[key]map[int][]string{}
	rows := map[int][]int{}
	first := map[key]bool{}
	for _, l := range lines {
		if l.Table == 0 || l.Row == 0 || l.Col == 0 {
			continue
		}
		k := key{l.Table, l.Row}
		if !first[k] {
			first[k] = true
			rows[l.Table] = append(rows[l.Table], l.Row)
			cells[k] = map[int][]string{}
		}
		cells[k][l.Col] = append(cells[k][l.Col], strings.TrimSpace(l.Text()))
	}
	cell := func(t, row, col int) string { return strings.Join(cells[key{t, row}][col], "\n") }
	best := []pair(nil)
	for t := range rows {
		var pairs []pair
		rs := rows[t]
		wide := 0
		for _, row := range rs {
			for c := range cells[key{t, row}] {
				wide = max(wide, c)
			}
		}
		switch {
		case wide == 2 && len(rs) >= 2:
			for i, row := range rs {
				q, a := cell(t, row, 1), cell(t, row, 2)
				if i == 0 && isHeaderRow(q, a) {
					continue
				}
				pairs = append(pairs, pair{q: q, a: a})
			}
		case wide >= 3 && wide <= maxPairs && len(rs) == 2 && rs[1] == rs[0]+1:
			for c := 1; c <= wide; c++ {
				pairs = append(pairs, pair{q: cell(t, rs[0], c), a: cell(t, rs[1], c)})
			}
		}
		if len(pairs) > len(best) && r.plausible(pairs) {
			best = pairs
		}
	}
	return best
}

// plausible wants at least one known label or a question mark among labels,
// so that layout tables are not taken for forms.
func (r *reading) plausible(pairs []pair) bool {
	known := 0
	for _, p := range pairs {
		q := cleanLabel(p.q)
		if len(q) > 400 || q == "" {
			continue
		}
		if meaningOf(q, r.mail.Labels) != "" || isMeta(q) || strings.HasSuffix(q, "?") {
			known++
		}
	}
	return known > 0
}

func isHeaderRow(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSpace(a)), strings.ToLower(strings.TrimSpace(b))
	q := a == "question" || a == "questions" || a == "frage" || a == "fragen" || a == "field" || a == "feld" || a == "champ" || a == "key" || a == "name" && b == "value"
	v := b == "answer" || b == "answers" || b == "response" || b == "antwort" || b == "antworten" || b == "réponse" || b == "réponses" || b == "value" || b == "wert" || b == "valeur"
	return q && v
}
