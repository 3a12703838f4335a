package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// cell is one cell of a table.
type cell struct {
	text  string
	files []tracker.AnswerFile
}

// maxCells bounds the width of a table.
const maxCells = 400

// table reads "Create HTML table" output and what services lay out as tables:
// two columns of questions and answers, or one row of questions above one row
// of answers.
func (r *reading) table(lines []htmltext.Line) []pair {
	var pairs []pair
	for _, rows := range tables(lines) {
		found := r.grid(rows)
		if r.known(found) > 0 || r.mail.Known && len(found) > 1 {
			pairs = append(pairs, found...)
		}
	}
	if len(pairs) > 0 {
		for i := range lines {
			if lines[i].Table == 0 {
				r.metaLine(strings.TrimSpace(lines[i].Text()))
			}
		}
	}
	return pairs
}

// tables gathers the tables of a document. Services put each question into a
// table of its own: those of one row are taken together.
func tables(lines []htmltext.Line) [][][]cell {
	type place struct{ table, row int }
	rows := map[place]int{} // index into its table's rows
	index := map[int]int{}  // index of a table
	var all [][][]cell
	for i := range lines {
		l := &lines[i]
		if l.Table == 0 || l.Row == 0 || l.Col == 0 || l.Col > maxCells {
			continue
		}
		t, ok := index[l.Table]
		if !ok {
			t = len(all)
			index[l.Table] = t
			all = append(all, nil)
		}
		at := place{l.Table, l.Row}
		n, ok := rows[at]
		if !ok {
			n = len(all[t])
			rows[at] = n
			all[t] = append(all[t], nil)
		}
		row := all[t][n]
		for len(row) < l.Col {
			row = append(row, cell{})
		}
		c := &row[l.Col-1]
		if text := strings.TrimSpace(l.Text()); c.text == "" {
			c.text = text
		} else if len(c.text) < 1<<16 {
			c.text += "\n" + text
		}
		c.files = append(c.files, links(l)...)
		all[t][n] = row
	}
	var joined [][][]cell
	one := false // the last of them holds one question a row
	for _, t := range all {
		if n := len(joined) - 1; n >= 0 && len(t) == 1 && filled(t[0]) <= 2 && (len(t[0]) > 1 || strings.ContainsAny(t[0][0].text[max(0, len(t[0][0].text)-1):], "?:*")) && one {
			joined[n] = append(joined[n], t[0])
			continue
		}
		joined, one = append(joined, t), single(t)
	}
	return joined
}

func filled(row []cell) int {
	n := 0
	for _, c := range row {
		if c.text != "" {
			n++
		}
	}
	return n
}

// single reports whether every row is a question with an answer or none.
func single(rows [][]cell) bool {
	for _, row := range rows {
		if filled(row) > 2 {
			return false
		}
	}
	return len(rows[0]) > 1
}

// grid reads rows of cells as questions and answers.
func (r *reading) grid(rows [][]cell) []pair {
	rows = r.columns(rows)
	wide := 0
	for _, row := range rows {
		wide = max(wide, len(row))
	}
	if wide < 2 || len(rows) == 0 {
		return nil
	}
	text := func(row, col int) string {
		if col < len(rows[row]) {
			return rows[row][col].text
		}
		return ""
	}
	knows := func(s string) int {
		if s = cleanLabel(s); s != "" && len(s) < maxLabel*2 && r.asks(s) {
			return 1
		}
		return 0
	}
	across, down, second := 0, 0, 0
	for c := range rows[0] {
		across += knows(text(0, c))
	}
	for i := range rows {
		down += knows(text(i, 0))
		second += knows(text(i, 2))
	}
	if len(rows) > 1 && across > down && (across > 1 || wide > 2) || wide > 3 && second == 0 && len(rows) > 1 && across > 0 {
		return r.beneath(rows)
	}
	if wide == 4 && second > 0 {
		var pairs []pair
		for i := range rows {
			for c := 0; c < 4; c += 2 {
				if text(i, c) != "" {
					pairs = append(pairs, pairOf(rows[i], c, c+1))
				}
			}
		}
		return pairs
	}
	var pairs []pair
	for i, row := range rows {
		if text(i, 0) == "" || i == 0 && isHeaderRow(text(0, 0), text(0, 1)) {
			if n := len(pairs); text(i, 0) == "" && n > 0 && text(i, 1) != "" {
				pairs[n-1].add(text(i, 1))
			}
			continue
		}
		p := pairOf(row, 0, 1)
		for c := 2; c < len(row); c++ {
			if row[c].text != "" {
				p.a = strings.TrimSpace(p.a + " " + row[c].text)
			}
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// beneath reads a row of questions above rows of answers.
func (r *reading) beneath(rows [][]cell) []pair {
	var pairs []pair
	r.people = len(rows) - 1
	for i := range rows[1:] {
		for c := range rows[0] {
			if rows[0][c].text != "" {
				pairs = append(pairs, pairAt(rows[0], c, rows[i+1], c))
			}
			if len(pairs) >= maxPairs {
				return pairs
			}
		}
	}
	return pairs
}

func pairOf(row []cell, q, a int) pair { return pairAt(row, q, row, a) }

func pairAt(qs []cell, q int, as []cell, a int) pair {
	p := pair{q: strings.ReplaceAll(qs[q].text, "\n", " ")}
	if a < len(as) {
		p.a, p.files = as[a].text, as[a].files
	}
	return p
}

// columns leaves out columns that are empty or only count the rows.
func (r *reading) columns(rows [][]cell) [][]cell {
	used, counts := map[int]bool{}, true
	numbers := 0
	for i, row := range rows {
		for c := range row {
			used[c] = used[c] || row[c].text != ""
		}
		if len(row) == 0 {
			continue
		}
		switch t := strings.Trim(row[0].text, ".)# "); {
		case t != "" && strings.Trim(t, "0123456789") == "":
			numbers++
		case i == 0 && (t == "" || strings.EqualFold(t, "no") || strings.EqualFold(t, "nr") || strings.EqualFold(t, "n°")):
		default:
			counts = false
		}
	}
	if counts && numbers > 1 {
		used[0] = false
	}
	out := make([][]cell, 0, len(rows))
	for _, row := range rows {
		var kept []cell
		for c := range row {
			if used[c] {
				kept = append(kept, row[c])
			}
		}
		if len(kept) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

var (
	headQuestions = set("question", "questions", "frage", "fragen", "field", "fields", "feld", "champ", "key", "name", "property", "item", "label")
	headAnswers   = set("answer", "answers", "response", "responses", "antwort", "antworten", "reponse", "reponses", "value", "values", "wert", "valeur", "details")
)

func isHeaderRow(a, b string) bool {
	return headQuestions[norm(a)] && headAnswers[norm(b)]
}
