package tracker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
	"helpdeskd/tracker/csvfile"
)

// Bounds on an import of people.
const (
	MaxPeopleRows   = 100_000
	peopleProblems  = 500 // of these a plan holds the first; it counts them all
	peoplePreview   = 10
	peopleChunk     = 200 // rows that are looked up together
	maxPersonLength = 200 // characters of a name, a department, a telephone number
)

// PersonAction is what would be done with a row.
type PersonAction string

// The actions.
const (
	PersonNew     PersonAction = "new"
	PersonChanged PersonAction = "changed"
	PersonSame    PersonAction = "same"
	PersonBad     PersonAction = "bad"
)

// PersonProblem is why a row can not be taken.
type PersonProblem struct {
	Row     int // as spreadsheets count
	Field   PersonField
	Value   string
	Message string
}

// PersonPreview is a row as it would become.
type PersonPreview struct {
	Row       int
	Action    PersonAction
	ID        int64 // of whom is changed
	Name      string
	Addresses []string
	Dept      string
	Phone     string
	High      bool
	Changes   []PersonField
}

// PersonColumn is a column of the file.
type PersonColumn struct {
	Header string
	Field  PersonField // "" where it is left out
}

// PeoplePlan is what an import of people would do. Nothing has been written.
type PeoplePlan struct {
	Encoding                      string
	Delimiter                     byte
	HeaderRow                     int
	Columns                       []PersonColumn
	Rows, New, Changed, Same, Bad int
	Problems                      []PersonProblem // the first of them
	ProblemN                      int
	NoAddress                     bool // no column is taken for the addresses
	Preview                       []PersonPreview

	head  []string
	rows  []*personRow
	lines strings.Builder
}

// Lines is the plan row by row, to be given to ImportPeople, which refuses
// when it finds another.
func (p *PeoplePlan) Lines() string { return p.lines.String() }

// Good is how many rows an import would take.
func (p *PeoplePlan) Good() int { return p.New + p.Changed + p.Same }

// personRow is one row of the file on its way.
type personRow struct {
	n         int
	cells     []string
	problems  []PersonProblem
	name      string
	addresses []string
	dept      string
	phone     string
	high      *bool

	action  PersonAction
	old     *Client
	more    []string // addresses that are new
	changes []PersonField
}

func (r *personRow) wrong(f PersonField, value, format string, args ...any) {
	r.problems = append(r.problems, PersonProblem{Row: r.n, Field: f, Value: clip(oneLine(value), 80), Message: fmt.Sprintf(format, args...)})
}

// CheckPeople says what an import of people would do. It writes nothing. A row
// is of whoever has one of its addresses; a name alone finds nobody.
func (s *Store) CheckPeople(ctx context.Context, f *csvfile.File) (*PeoplePlan, error) {
	return s.planPeople(ctx, s.db, f)
}

func (s *Store) planPeople(ctx context.Context, q read, f *csvfile.File) (*PeoplePlan, error) {
	p, fields, err := readPeople(f)
	if err != nil {
		return nil, err
	}
	look, err := s.peopleLook(ctx, q)
	if err != nil {
		return nil, err
	}
	for rows := range slices.Chunk(p.rows, peopleChunk) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, r := range rows {
			r.read(fields)
		}
		if err := look.find(ctx, q, rows); err != nil {
			return nil, err
		}
		for _, r := range rows {
			look.decide(r)
			p.count(r)
		}
	}
	return p, nil
}

// readPeople reads the file's rows and what its headers are taken for.
func readPeople(f *csvfile.File) (*PeoplePlan, []PersonField, error) {
	p := &PeoplePlan{Encoding: f.Encoding, Delimiter: f.Delimiter}
	var fields []PersonField
	for rows := f.Rows(); ; {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, csvfile.ErrBroken) {
			return nil, nil, migrations.Invalidf("The file is broken: in more than a hundred rows a quotation mark opens that never closes. Save it again as CSV.")
		}
		if err != nil {
			return nil, nil, err
		}
		if row.N > 10*MaxPeopleRows || len(p.rows) >= MaxPeopleRows {
			return nil, nil, migrations.Invalidf("The file has more than %d rows. Divide it, and bring one part after the other.", MaxPeopleRows)
		}
		if row.Blank() {
			continue
		}
		// The headers are the first row with one that is an address's, after at most a few lines of titles.
		if p.HeaderRow == 0 {
			known, _ := personColumns(row.Cells)
			if slices.Contains(known, PersonMail) {
				p.HeaderRow, p.head, fields = row.N, row.Cells, known
				p.rows = nil
				continue
			}
		}
		r := &personRow{n: row.N, cells: row.Cells}
		if row.Trouble != "" {
			r.wrong("", "", "This row could not be read as it is: a quotation mark that never closes, or characters that are broken.")
		}
		p.rows = append(p.rows, r)
		if p.HeaderRow == 0 && len(p.rows) >= 10 {
			break
		}
	}
	if p.HeaderRow == 0 {
		if len(p.rows) == 0 {
			return nil, nil, migrations.Invalidf("The file is empty.")
		}
		p.NoAddress, p.HeaderRow = true, p.rows[0].n
		p.head, p.rows = p.rows[0].cells, nil
		fields, _ = personColumns(p.head)
	}
	for i, h := range p.head {
		p.Columns = append(p.Columns, PersonColumn{Header: oneLine(h), Field: fields[i]})
	}
	return p, fields, nil
}

// read takes a row's cells for what the columns are.
func (r *personRow) read(fields []PersonField) {
	var first, last string
	for i, f := range fields {
		if i >= len(r.cells) {
			break
		}
		cell := strings.TrimSpace(r.cells[i])
		if cell == "" || f == "" {
			continue
		}
		if f == PersonMail {
			r.readAddresses(cell)
			continue
		}
		if cell = oneLine(cell); utf8.RuneCountInString(cell) > maxPersonLength {
			r.wrong(f, cell, "This is longer than %d characters.", maxPersonLength)
			continue
		}
		switch f {
		case PersonFull:
			r.name = cell
		case PersonFirst:
			first = cell
		case PersonLast:
			last = cell
		case PersonDept:
			r.dept = cell
		case PersonCalled:
			r.phone = cell
		case PersonManages:
			yes, known := yesWords[Fold(cell)]
			if !known {
				r.wrong(f, cell, "“%s” is neither yes nor no.", clip(cell, 40))
				continue
			}
			r.high = &yes
		}
	}
	if r.name == "" {
		r.name = clip(strings.TrimSpace(first+" "+last), maxPersonLength)
	}
}

// readAddresses reads a cell with one address or several. Those that Exchange
// prefixes for its own use (SMTP:, smtp:) are taken, other kinds left out.
func (r *personRow) readAddresses(cell string) {
	for _, a := range strings.FieldsFunc(cell, func(c rune) bool {
		return c == ';' || c == ',' || c == '|' || c == ' ' || c == '\n' || c == '\t' || c == '\u00a0'
	}) {
		a = strings.Trim(strings.ToLower(a), "<>\"'")
		if kind, rest, ok := strings.Cut(a, ":"); ok {
			if kind != "smtp" && kind != "mailto" {
				continue
			}
			a = rest
		}
		clean, err := cleanEmail(a)
		switch {
		case err != nil:
			r.wrong(PersonMail, a, "%s", migrations.SafeMessage(err))
		case !slices.Contains(r.addresses, clean):
			r.addresses = append(r.addresses, clean)
		}
	}
	if len(r.addresses) > MaxAddresses {
		r.wrong(PersonMail, "", "There are more than %d addresses in this row.", MaxAddresses)
		r.addresses = r.addresses[:MaxAddresses]
	}
}

// count adds a planned row to the plan.
func (p *PeoplePlan) count(r *personRow) {
	p.Rows++
	var id, version int64
	if r.old != nil {
		id, version = r.old.ID, r.old.Version
	}
	fmt.Fprintf(&p.lines, "%d %s %d %d\n", r.n, r.action, id, version)
	switch r.action {
	case PersonNew:
		p.New++
	case PersonChanged:
		p.Changed++
	case PersonSame:
		p.Same++
	case PersonBad:
		p.Bad++
		p.ProblemN += len(r.problems)
		p.Problems = append(p.Problems, r.problems[:min(len(r.problems), peopleProblems-len(p.Problems))]...)
		return
	}
	if len(p.Preview) < peoplePreview {
		v := PersonPreview{Row: r.n, Action: r.action, ID: id, Name: r.name, Addresses: r.addresses, Dept: r.dept, Phone: r.phone, High: r.high != nil && *r.high, Changes: r.changes}
		if r.old != nil && r.name == "" {
			v.Name = r.old.Name
		}
		p.Preview = append(p.Preview, v)
	}
}

// BadPeople writes the rows with problems as a CSV to mend and bring again.
func (s *Store) BadPeople(ctx context.Context, f *csvfile.File, w io.Writer) error {
	p, err := s.CheckPeople(ctx, f)
	if err != nil {
		return err
	}
	out := csvfile.NewWriter(w)
	out.Write(append([]string{"problem"}, p.head...)...)
	for _, r := range p.rows {
		if r.action != PersonBad {
			continue
		}
		var why []string
		for _, x := range r.problems {
			why = append(why, x.Message)
		}
		out.Write(append([]string{strings.Join(why, " ")}, r.cells...)...)
	}
	return out.Flush()
}
