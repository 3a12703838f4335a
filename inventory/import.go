package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

// Bounds on an import.
const (
	MaxImportRows  = 100_000
	importProblems = 500 // of these a plan holds the first; it counts them all
	importPreview  = 10
	importChunk    = 200 // rows that are looked up together
)

// ImportOptions are what a person chose on the dry run's page.
type ImportOptions struct {
	Columns map[int]ImportField // by column, "" to leave it out; nil to go by the headers
	Dates   string              // DayFirst, MonthFirst, or "" to go by the columns
	SkipBad bool                // leave rows with problems out
}

// ImportColumn is a column of the file.
type ImportColumn struct {
	Header  string
	Field   ImportField // "" where it is left out
	Example string      // its first cell with something in it
	Ask     string      // a date that can be read both ways: somebody must say how
}

// ImportProblem is what is wrong with one cell, or with a whole row where Field is "".
type ImportProblem struct {
	Row     int // as spreadsheets count
	Field   ImportField
	Value   string
	Message string
}

// ImportAction is what would be done with a row.
type ImportAction string

// The actions.
const (
	ImportNew  ImportAction = "new"
	ImportEdit ImportAction = "changed" // what is said of it, where it is, or both
	ImportSame ImportAction = "same"
	ImportBad  ImportAction = "bad"
)

// ImportPreview is a row as it would become.
type ImportPreview struct {
	Row                                  int
	Action                               ImportAction
	AssetID                              int64
	Tag, Title, Serial, Location, Holder string
	Status                               Status
	Quantity                             int64
	Changes                              []ImportField // of ImportEdit
}

// ImportPlan is what an import would do. Nothing has been written.
type ImportPlan struct {
	Encoding  string
	Delimiter byte
	HeaderRow int
	Columns   []ImportColumn
	Rows      int // with something in them, headers and groups left out
	New       int
	Changed   int
	Same      int
	Bad       int
	Problems  []ImportProblem // the first of them
	ProblemN  int
	Models    []string // that would be made, the first of them
	ModelN    int
	Places    []string // that would be made, the first of them
	PlaceN    int
	Others    []string // kinds of things that are not known, and become "other", the first of them
	Ask       bool     // dates can be read both ways: somebody must say how
	Dates     string   // how they are read now
	NoModel   bool     // no column is taken for the model
	Preview   []ImportPreview

	edits []int64 // the assets that would be changed
	lines strings.Builder
}

// Lines is the plan row by row, to be given to Import, which refuses when it
// finds another.
func (p *ImportPlan) Lines() string { return p.lines.String() }

// Good is how many rows an import would take.
func (p *ImportPlan) Good() int { return p.New + p.Changed + p.Same }

// importPlace is a place that the file names.
type importPlace struct {
	id   int64
	path string
	kind LocationKind
	err  string
}

// importModel is a model that the file names.
type importModel struct {
	id       int64
	in       ModelEdit
	archived bool
}

// importPeople are the persons whom a name or address finds.
type importPeople struct {
	id   int64
	name string
	n    int
}

// importRow is one row of the file on its way.
type importRow struct {
	n        int
	cells    []string
	problems []ImportProblem
	broken   bool                 // its cells could not be told apart
	has      map[ImportField]bool // a cell with something in it
	in       AssetEdit
	model    ModelEdit
	kind     string // what the row calls its kind, where it is not known
	status   Status
	exact    bool // the status is one of our own words
	place    string
	name     string // of the holder
	address  string
	quantity int64

	// What planning finds.
	action   ImportAction
	old      *Asset
	was      *Asset // where only the model and serial tell
	to       Movement
	move     bool
	edit     bool
	changes  []ImportField
	placeP   *importPlace
	modelP   *importModel
	holderID int64
	holder   string
}

func (r *importRow) wrong(f ImportField, value, format string, args ...any) {
	if value == "" {
		for _, p := range r.problems {
			if p.Field == f {
				return // said already
			}
		}
	}
	r.problems = append(r.problems, ImportProblem{Row: r.n, Field: f, Value: clip(value, 80), Message: fmt.Sprintf(format, args...)})
}

// importer reads a file and plans what to do with its rows.
type importer struct {
	s        *Store
	q        read
	f        *csvfile.File
	o        ImportOptions
	plan     *ImportPlan
	head     []string
	fields   []ImportField // by column
	orders   []string      // of dates, by column
	slashes  bool
	currency string

	places map[string]*importPlace
	paths  map[string]bool // that are there, or will be made
	models map[string]*importModel
	people map[string]importPeople

	tags, refs, serials map[string]int // the rows that named them
	assets              map[int64]int

	planned map[int]string // while writing: the plan's line of each row that is written
	counted int            // rows that were written when PostgreSQL last counted its own
}

// CheckImport says what an import of a file would do. It writes nothing.
func (s *Store) CheckImport(ctx context.Context, f *csvfile.File, o ImportOptions) (*ImportPlan, error) {
	im, err := s.newImporter(ctx, s.db, f, o)
	if err != nil {
		return nil, err
	}
	if err := im.each(ctx, func([]*importRow) error { return nil }); err != nil {
		return nil, fmt.Errorf("check import: %w", err)
	}
	return im.plan, nil
}

// BadRows writes the rows with problems as a CSV to mend and bring again: a
// column "problem", and their cells as they came.
func (s *Store) BadRows(ctx context.Context, f *csvfile.File, o ImportOptions, w io.Writer) error {
	im, err := s.newImporter(ctx, s.db, f, o)
	if err != nil {
		return err
	}
	out := csvfile.NewWriter(w)
	out.Write(append([]string{"problem"}, im.head...)...)
	err = im.each(ctx, func(rows []*importRow) error {
		for _, r := range rows {
			if r.action != ImportBad {
				continue
			}
			var why []string
			for _, p := range r.problems {
				why = append(why, p.Message)
			}
			out.Write(append([]string{strings.Join(why, " ")}, r.cells...)...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write bad rows: %w", err)
	}
	return out.Flush()
}

func (s *Store) newImporter(ctx context.Context, q read, f *csvfile.File, o ImportOptions) (*importer, error) {
	im := &importer{s: s, q: q, f: f, o: o, places: map[string]*importPlace{}, paths: map[string]bool{}, models: map[string]*importModel{}, people: map[string]importPeople{}}
	var err error
	if im.currency, err = s.tracker.SettingTx(ctx, q, tracker.SetCurrency); err != nil {
		return nil, err
	}
	im.begin()
	return im, im.look()
}

// begin begins the plan anew. What is known of places, models and people stays:
// what an import has made by now must not change what its next rows mean.
func (im *importer) begin() {
	im.tags, im.refs, im.serials, im.assets = map[string]int{}, map[string]int{}, map[string]int{}, map[int64]int{}
	p := &ImportPlan{Encoding: im.f.Encoding, Delimiter: im.f.Delimiter}
	if im.plan != nil {
		p.HeaderRow, p.Columns, p.Ask, p.Dates, p.NoModel = im.plan.HeaderRow, im.plan.Columns, im.plan.Ask, im.plan.Dates, im.plan.NoModel
	}
	im.plan = p
}

// look reads the file once: where its headers are, and how its dates are written.
func (im *importer) look() error {
	var first []csvfile.Row
	for r := im.f.Rows(); len(first) < 10; {
		row, err := r.Read()
		if err != nil {
			break
		}
		if !row.Blank() {
			first = append(first, row)
		}
		if row.N > MaxImportRows {
			break
		}
	}
	if len(first) == 0 {
		return migrations.Invalidf("The file is empty.")
	}
	// The headers are the first row of which we know two or more, after at most a few lines of titles.
	at := 0
	for i, row := range first {
		if headerScore(row.Cells) >= 2 {
			at = i
			break
		}
	}
	im.plan.HeaderRow, im.head = first[at].N, first[at].Cells
	for len(im.head) > 1 && strings.TrimSpace(im.head[len(im.head)-1]) == "" {
		im.head = im.head[:len(im.head)-1]
	}
	im.fields = guessFields(im.head)
	if im.o.Columns != nil {
		taken := map[ImportField]bool{}
		for i := range im.fields {
			f := im.o.Columns[i]
			if !f.Valid() || taken[f] && f.once() {
				f = ""
			}
			im.fields[i] = f
			taken[f] = true
		}
	}
	im.slashes = slashPaths(im.head)
	im.plan.NoModel = !slices.Contains(im.fields, FieldModel)
	im.plan.Columns = make([]ImportColumn, len(im.head))
	for i, h := range im.head {
		im.plan.Columns[i] = ImportColumn{Header: tracker.OneLine(h), Field: im.fields[i]}
	}
	return im.lookAtDates()
}

func (im *importer) lookAtDates() error {
	orders := make([]dateOrder, len(im.head))
	rows := 0
	err := im.rows(func(row csvfile.Row) error {
		if rows++; rows > MaxImportRows {
			return migrations.Invalidf("The file has more than %d rows. Divide it, and bring one part after the other.", MaxImportRows)
		}
		for i := range im.head {
			cell := strings.TrimSpace(row.Cell(i))
			if cell == "" {
				continue
			}
			if c := &im.plan.Columns[i]; c.Example == "" {
				c.Example = clip(tracker.OneLine(cell), 60)
			}
			switch im.fields[i] {
			case FieldPurchasedOn, FieldWarrantyUntil, FieldEndOfLifeOn:
				orders[i].see(cell)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The dates of one file are written alike: what one column tells holds for the others.
	var all dateOrder
	for _, o := range orders {
		all.day, all.month, all.open = all.day || o.day, all.month || o.month, all.open || o.open
	}
	common := im.o.Dates
	if common == "" && all.day != all.month {
		common, _ = all.order("")
	}
	im.orders = make([]string, len(im.head))
	for i, o := range orders {
		ask := false
		if im.orders[i], ask = o.order(common); ask {
			im.plan.Columns[i].Ask, im.plan.Ask = o.example, true
		}
		if o.open || o.day || o.month {
			im.plan.Dates = im.orders[i]
		}
	}
	return nil
}

// rows calls fn for every row with something in it behind the headers.
// Headers that are repeated, and Odoo's rows of groups ("Laptops (3)"), are left out.
func (im *importer) rows(fn func(csvfile.Row) error) error {
	for r := im.f.Rows(); ; {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, csvfile.ErrBroken) {
			return migrations.Invalidf("The file is broken: in more than a hundred rows a quotation mark opens that never closes. Save it again as CSV, and look whether the delimiter is right.")
		}
		if err != nil {
			return err
		}
		if row.N > 10*MaxImportRows {
			return migrations.Invalidf("The file has more than a million rows, most of them blank. Take out those with nothing in them.")
		}
		if row.N <= im.plan.HeaderRow || row.Blank() || im.repeated(row) || im.group(row) {
			continue
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

func (im *importer) repeated(row csvfile.Row) bool {
	for i, h := range im.head {
		if strings.TrimSpace(row.Cell(i)) != strings.TrimSpace(h) {
			return false
		}
	}
	return true
}

// group reports whether a row is the heading of a group: "Laptops (3)" and nothing else.
func (im *importer) group(row csvfile.Row) bool {
	first := strings.TrimSpace(row.Cell(0))
	open := strings.LastIndexByte(first, '(')
	if len(im.head) < 2 || open < 1 || !strings.HasSuffix(first, ")") || strings.Trim(first[open+1:len(first)-1], "0123456789") != "" {
		return false
	}
	for _, c := range row.Cells[1:] {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// each plans the file's rows, chunk by chunk, and hands every chunk to fn.
func (im *importer) each(ctx context.Context, fn func([]*importRow) error) error {
	var chunk []*importRow
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := im.find(ctx, chunk); err != nil {
			return err
		}
		for _, r := range chunk {
			im.decide(r)
			im.count(r)
		}
		err := fn(chunk)
		chunk = chunk[:0]
		return err
	}
	err := im.rows(func(row csvfile.Row) error {
		chunk = append(chunk, im.read(row))
		if len(chunk) < importChunk {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return nil
}
