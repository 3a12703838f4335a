package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker/csvfile"
)

// importView is the page where a file is chosen.
type importView struct {
	Problem string
	Text    string
	Limit   int64
	Rows    string
	Fields  []importHeaders
}

// importHeaders are the headers that are understood as a field.
type importHeaders struct {
	Word  string
	First string
	Other []string
}

func (s *site) importPage(w http.ResponseWriter, r *http.Request) error {
	return s.importForm(w, r, http.StatusOK, importView{})
}

func (s *site) importForm(w http.ResponseWriter, r *http.Request, status int, v importView) error {
	v.Limit, v.Rows = filesLimit, "100,000"
	for _, f := range inventory.ImportFields() {
		all := inventory.ImportHeaders(f)
		v.Fields = append(v.Fields, importHeaders{Word: s.words.say("import.field." + string(f)), First: all[0], Other: all[1:]})
	}
	return s.render(w, r, status, "import", view{Title: s.words.say("import.title"), Section: "assets", Data: v})
}

// takeImport keeps the file for a day and goes on to the dry run.
func (s *site) takeImport(w http.ResponseWriter, r *http.Request) error {
	text := r.PostFormValue("text")
	again := func(key string) error {
		return s.importForm(w, r, http.StatusUnprocessableEntity, importView{Problem: s.words.say(key), Text: text})
	}
	digest, trouble, err := s.takeCSV(r)
	switch {
	case err != nil:
		return err
	case trouble != "":
		return again(trouble)
	}
	return seeOther(w, r, "/import/check?file="+digest)
}

// takeCSV keeps the file or the text that a form brought, and returns the word
// for what is wrong with it, "" for nothing.
func (s *site) takeCSV(r *http.Request) (digest, trouble string, err error) {
	text := r.PostFormValue("text")
	switch {
	case r.MultipartForm != nil && len(r.MultipartForm.File["file"]) > 0 && r.MultipartForm.File["file"][0].Size > 0:
		f, oerr := r.MultipartForm.File["file"][0].Open()
		if oerr != nil {
			return "", "", fmt.Errorf("open the upload: %w", oerr)
		}
		defer f.Close()
		digest, _, err = s.store.PutBlob(r.Context(), f)
	case r.MultipartForm != nil && len(r.MultipartForm.File["file"]) > 0 && r.MultipartForm.File["file"][0].Filename != "":
		return "", "import.empty", nil
	case strings.TrimSpace(text) != "":
		digest, _, err = s.store.PutBlob(r.Context(), strings.NewReader(text))
	default:
		return "", "import.nothing", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("keep the file: %w", err)
	}
	_, done, err := s.openImport(r.Context(), digest, 0)
	if err != nil {
		if key := csvTrouble(err); key != "" {
			return "", key, nil
		}
		return "", "", err
	}
	done()
	return digest, "", nil
}

// csvTrouble is what is said of bytes that are no CSV, "" for other errors.
func csvTrouble(err error) string {
	switch {
	case errors.Is(err, csvfile.ErrEmpty):
		return "import.empty"
	case errors.Is(err, csvfile.ErrWorkbook):
		return "import.workbook"
	case errors.Is(err, csvfile.ErrBinary):
		return "import.binary"
	}
	return ""
}

var digestText = regexp.MustCompile(`^[0-9a-f]{64}$`)

// openImport opens a file that waits for its import. done releases it.
func (s *site) openImport(ctx context.Context, digest string, delimiter byte) (f *csvfile.File, done func(), err error) {
	gone := migrations.NotFoundf("%s", s.words.say("import.gone"))
	if !digestText.MatchString(digest) {
		return nil, nil, gone
	}
	blob, err := s.store.OpenBlob(ctx, digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil, gone
	}
	if err != nil {
		return nil, nil, err
	}
	if f, err = csvfile.Open(blob.Bytes(), delimiter); err != nil {
		blob.Close()
		return nil, nil, err
	}
	return f, func() { blob.Close() }, nil
}

// importChoice is what was chosen for a file, as addresses and forms hold it.
type importChoice struct {
	File      string
	Delimiter byte
	Options   inventory.ImportOptions
}

func readChoice(q url.Values) importChoice {
	c := importChoice{File: q.Get("file")}
	if d := q.Get("delimiter"); len(d) == 1 && strings.IndexByte(string(csvfile.Delimiters()), d[0]) >= 0 {
		c.Delimiter = d[0]
	} else if d == "tab" {
		c.Delimiter = '\t'
	}
	if d := q.Get("dates"); d == inventory.DayFirst || d == inventory.MonthFirst {
		c.Options.Dates = d
	}
	if q.Get("mapped") == "1" {
		c.Options.Columns = map[int]inventory.ImportField{}
		for i := range csvfile.MaxColumns {
			if f := inventory.ImportField(q.Get("c" + strconv.Itoa(i))); f.Valid() {
				c.Options.Columns[i] = f
			}
		}
	}
	return c
}

// query is the reverse of readChoice.
func (c importChoice) query() url.Values {
	q := url.Values{"file": {c.File}}
	switch c.Delimiter {
	case 0:
	case '\t':
		q.Set("delimiter", "tab")
	default:
		q.Set("delimiter", string(rune(c.Delimiter)))
	}
	if c.Options.Dates != "" {
		q.Set("dates", c.Options.Dates)
	}
	if c.Options.Columns != nil {
		q.Set("mapped", "1")
		for i, f := range c.Options.Columns {
			if f != "" {
				q.Set("c"+strconv.Itoa(i), string(f))
			}
		}
	}
	return q
}

// importCheckView is the dry run's page.
type importCheckView struct {
	*inventory.ImportPlan
	Choice     url.Values // hidden in the form that confirms
	Kept       string     // of the plan's lines
	ProblemsTo string
	Self       string
	Delimiters []choice
	DelimiterV string
	Fields     []choice
	Months     string // addresses that say how the dates are read
	Days       string
	Refused    string // why a confirmed import was not done
	File       string
	Summary    string
	Unread     int // columns that are left out
}

func (s *site) checkImport(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Get("file") == "" {
		return seeOther(w, r, "/import")
	}
	return s.importCheck(w, r, http.StatusOK, readChoice(q), "")
}

func (s *site) importCheck(w http.ResponseWriter, r *http.Request, status int, c importChoice, refused string) error {
	ctx := r.Context()
	f, done, err := s.openImport(ctx, c.File, c.Delimiter)
	if err != nil {
		if key := csvTrouble(err); key != "" {
			return migrations.Invalidf("%s", s.words.say(key))
		}
		return err
	}
	defer done()
	plan, err := s.things.CheckImport(ctx, f, c.Options)
	if migrations.KindOf(err) == migrations.Invalid {
		return s.importForm(w, r, http.StatusUnprocessableEntity, importView{Problem: migrations.SafeMessage(err)})
	}
	if err != nil {
		return err
	}
	v := importCheckView{ImportPlan: plan, Choice: c.query(), Self: "/import/check?" + c.query().Encode(), ProblemsTo: "/import/problems.csv?" + c.query().Encode(), Refused: refused, File: c.File}
	if plan.New+plan.Changed > 0 && !plan.Ask {
		if v.Kept, _, err = s.store.PutBlob(ctx, strings.NewReader(plan.Lines())); err != nil {
			return fmt.Errorf("keep the plan: %w", err)
		}
	}
	v.Summary = s.importSummary(plan)
	days, months := c, c
	days.Options.Dates, months.Options.Dates = inventory.DayFirst, inventory.MonthFirst
	v.Days, v.Months = "/import/check?"+days.query().Encode(), "/import/check?"+months.query().Encode()
	for _, field := range inventory.ImportFields() {
		v.Fields = append(v.Fields, choice{Value: string(field), Word: s.words.say("import.field." + string(field))})
	}
	for _, d := range csvfile.Delimiters() {
		value := string(rune(d))
		if d == '\t' {
			value = "tab"
		}
		v.Delimiters = append(v.Delimiters, choice{Value: value, Word: s.words.say(map[byte]string{',': "import.comma", ';': "import.semicolon", '\t': "import.tab", '|': "import.pipe"}[d])})
		if d == plan.Delimiter {
			v.DelimiterV = value
		}
	}
	for _, col := range plan.Columns {
		if col.Field == "" {
			v.Unread++
		}
	}
	return s.render(w, r, status, "importcheck", view{Title: s.words.say("import.check"), Section: "assets", Data: v})
}

// importSummary says in one sentence what would be done.
func (s *site) importSummary(p *inventory.ImportPlan) string {
	var parts []string
	add := func(key string, n int) {
		if n > 0 {
			parts = append(parts, s.words.say(key, n))
		}
	}
	add("import.n_new", p.New)
	add("import.n_changed", p.Changed)
	add("import.n_same", p.Same)
	add("import.n_bad", p.Bad)
	if len(parts) == 0 {
		return s.words.say("import.no_rows")
	}
	text := s.words.say("import.n_rows", p.Rows) + " " + s.and(parts) + "."
	parts = nil
	add("import.n_models", p.ModelN)
	add("import.n_places", p.PlaceN)
	if len(parts) > 0 {
		text += " " + s.words.say("import.with", s.and(parts))
	}
	return text
}

// and lists parts of a sentence.
func (s *site) and(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " " + s.words.say("import.and") + " " + parts[len(parts)-1]
}

// importProblems is the rows with problems, to mend and bring again.
func (s *site) importProblems(w http.ResponseWriter, r *http.Request) error {
	c := readChoice(r.URL.Query())
	f, done, err := s.openImport(r.Context(), c.File, c.Delimiter)
	if err != nil {
		if key := csvTrouble(err); key != "" {
			return migrations.Invalidf("%s", s.words.say(key))
		}
		return err
	}
	defer done()
	return s.sendCSV(w, r, "rows-to-mend", func(w io.Writer) error { return s.things.BadRows(r.Context(), f, c.Options, w) })
}

func (s *site) importSample(w http.ResponseWriter, r *http.Request) error {
	return s.sendCSV(w, r, "assets-sample", inventory.SampleCSV)
}
