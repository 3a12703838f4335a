package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// The first columns of the workbook in which Microsoft Forms keeps the
// answers, by what they hold.
var sheetColumns = map[string]string{
	"id": "id", "start time": "start", "completion time": "end", "email": "email", "name": "name", "last modified time": "modified",
	"heure de debut": "start", "heure de fin": "end", "adresse de messagerie": "email", "nom": "name",
	"startzeit": "start", "fertigstellungszeit": "end", "e mail": "email",
}

// sheetHead reports whether a row begins as the workbook of a form does, and
// has at most one row of answers: of several, nobody could be the requester.
func sheetHead(lines []htmltext.Line) bool {
	rows := rowsOf(lines[:min(len(lines), 1000)])
	for i, row := range rows {
		have := map[string]bool{}
		for _, c := range row[:min(len(row), 8)] {
			if what := sheetColumns[norm(c.text)]; what != "" {
				have[what] = true
			}
		}
		if have["start"] && have["end"] && len(have) > 2 {
			return len(rows) == i+2 || len(rows) > i+2 && len(rows[i+2]) < 3
		}
	}
	return false
}

// rowsOf are the rows of tables, and of lines that tabs divide.
func rowsOf(lines []htmltext.Line) [][]cell {
	if rows := tabbed(lines); len(rows) > 1 {
		return rows
	}
	var all [][]cell
	for _, t := range tables(lines) {
		all = append(all, t...)
	}
	return all
}

// sheet reads rows that were pasted as text, their cells divided by tabs.
func (r *reading) sheet(lines []htmltext.Line) []pair {
	rows := tabbed(lines)
	if len(rows) == 0 {
		return nil
	}
	for i := range lines {
		if t := lines[i].Text(); !strings.Contains(t, "\t") {
			r.metaLine(strings.TrimSpace(t))
		}
	}
	return r.grid(rows)
}

// tabbed reads tab-separated rows as Excel copies them: a cell with line ends
// or tabs stands in quotes, quotes inside are doubled.
func tabbed(lines []htmltext.Line) [][]cell {
	var rows [][]cell
	var row []cell
	var open *strings.Builder // a quoted cell that goes on
	end := func() {
		if len(row) > 1 {
			rows = append(rows, row)
		}
		row = nil
	}
	for i := range lines {
		l := &lines[i]
		text := l.Text()
		if open == nil && !strings.Contains(text, "\t") {
			continue
		}
		if open != nil {
			if l.Gap {
				open.WriteByte('\n')
			}
			open.WriteByte('\n')
		}
		for {
			part, rest, more := strings.Cut(text, "\t")
			switch {
			case open != nil:
				open.WriteString(part)
			case strings.HasPrefix(part, `"`):
				open = &strings.Builder{}
				open.WriteString(part)
			default:
				row = append(row, cell{text: strings.TrimSpace(part)})
			}
			if open != nil {
				if whole := open.String(); strings.Count(whole, `"`)%2 == 0 && strings.HasSuffix(whole, `"`) {
					row = append(row, cell{text: strings.TrimSpace(strings.ReplaceAll(whole[1:len(whole)-1], `""`, `"`))})
					open = nil
				} else if open.Len() > 1<<14 {
					row = append(row, cell{text: strings.TrimSpace(whole)})
					open = nil
				} else if more {
					open.WriteByte('\t')
				}
			}
			if !more || len(row) >= maxCells {
				break
			}
			text = rest
		}
		if open == nil {
			end()
		}
	}
	if open != nil {
		row = append(row, cell{text: strings.TrimSpace(strings.TrimPrefix(open.String(), `"`))})
	}
	end()
	return rows
}
