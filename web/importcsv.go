package web

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/inventory/csvfile"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
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
	var digest string
	var err error
	switch {
	case r.MultipartForm != nil && len(r.MultipartForm.File["file"]) > 0 && r.MultipartForm.File["file"][0].Size > 0:
		f, oerr := r.MultipartForm.File["file"][0].Open()
		if oerr != nil {
			return fmt.Errorf("open the upload: %w", oerr)
		}
		defer f.Close()
		digest, _, err = s.store.PutBlob(r.Context(), f)
	case r.MultipartForm != nil && len(r.MultipartForm.File["file"]) > 0 && r.MultipartForm.File["file"][0].Filename != "":
		return again("import.empty")
	case strings.TrimSpace(text) != "":
		digest, _, err = s.store.PutBlob(r.Context(), strings.NewReader(text))
	default:
		return again("import.nothing")
	}
	if err != nil {
		return fmt.Errorf("keep the file: %w", err)
	}
	f, done, err := s.openImport(r.Context(), digest, 0)
	if err != nil {
		if key := csvTrouble(err); key != "" {
			return again(key)
		}
		return err
	}
	done()
	_ = f
	return seeOther(w, r, "/import/check?file="+digest)
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

// importJob is an import that runs, or ran a while ago. What it did stands in
// the database; here is only how far it is, and why it failed.
type importJob struct {
	account int64
	back    string // to the dry run
	choice  importChoice

	mu    sync.Mutex
	done  int
	total int
	err   error
	end   time.Time
	over  chan struct{}
}

func (j *importJob) state() (done, total int, err error, over bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done, j.total, j.err, !j.end.IsZero()
}

// importJobs are those of this process, by id.
type importJobs struct {
	mu  sync.Mutex
	all map[int64]*importJob
}

// add keeps a job, and returns the one that runs already where the same person
// has confirmed the same file twice.
func (js *importJobs) add(id int64, j *importJob) (int64, bool) {
	js.mu.Lock()
	defer js.mu.Unlock()
	for k, other := range js.all {
		_, _, _, over := other.state()
		if over && time.Since(other.end) > time.Hour {
			delete(js.all, k)
		}
		if !over && other.account == j.account && other.choice.File == j.choice.File {
			return k, false
		}
	}
	if js.all == nil {
		js.all = map[int64]*importJob{}
	}
	js.all[id] = j
	return id, true
}

func (js *importJobs) get(id int64) *importJob {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.all[id]
}

// runImport does what the dry run showed. It goes on when the browser goes
// away; what takes longer than a moment shows how far it is.
func (s *site) runImport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c := readChoice(r.PostForm)
	c.Options.SkipBad = r.PostFormValue("skip") == "1"
	f, release, err := s.openImport(ctx, c.File, c.Delimiter)
	if err != nil {
		return err
	}
	lines, err := s.importLines(ctx, r.PostFormValue("kept"))
	if err != nil {
		release()
		return err
	}
	j := &importJob{account: accountOf(ctx).ID, choice: c, back: "/import/check?" + c.query().Encode(), over: make(chan struct{})}
	id, fresh := s.imports.add(newImportID(), j)
	if !fresh {
		release()
		return seeOther(w, r, "/import/"+strconv.FormatInt(id, 10))
	}
	actor := actorOf(r)
	go func() {
		defer release()
		err := s.doImport(context.WithoutCancel(ctx), j, actor, id, f, lines)
		j.mu.Lock()
		defer j.mu.Unlock()
		j.err, j.end = err, time.Now()
		close(j.over)
	}()
	select {
	case <-j.over:
	case <-time.After(1500 * time.Millisecond):
	case <-ctx.Done():
	}
	if _, _, err, over := j.state(); over && err != nil {
		if k := migrations.KindOf(err); k == migrations.Conflict || k == migrations.Invalid {
			return s.importCheck(w, r, kindStatus[k], c, migrations.SafeMessage(err))
		}
		return err
	}
	return seeOther(w, r, "/import/"+strconv.FormatInt(id, 10))
}

func (s *site) doImport(ctx context.Context, j *importJob, actor tracker.Actor, id int64, f *csvfile.File, lines string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.ErrorContext(ctx, "panic in an import", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	_, err = s.things.Import(ctx, actor, id, f, j.choice.Options, lines, func(done, total int) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.done, j.total = done, total
	})
	if err != nil && (migrations.KindOf(err) == migrations.Internal || migrations.KindOf(err) == migrations.Temporary) {
		s.log.ErrorContext(ctx, "import failed", slog.Int64("import", id), slog.Any("error", err))
	}
	return err
}

// importLines reads the plan that the dry run's page kept.
func (s *site) importLines(ctx context.Context, digest string) (string, error) {
	gone := migrations.NotFoundf("%s", s.words.say("import.gone"))
	if !digestText.MatchString(digest) {
		return "", gone
	}
	blob, err := s.store.OpenBlob(ctx, digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return "", gone
	}
	if err != nil {
		return "", err
	}
	defer blob.Close()
	return string(blob.Bytes()), nil
}

// newImportID is a number that cannot be guessed, since progress is shown by it.
func newImportID() int64 {
	var b [8]byte
	rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:])>>2) | 1
}

// importDoneView is the page of an import that runs or ran.
type importDoneView struct {
	Running     bool
	Done, Total int
	Self        string
	Failed      string
	Back        string
	Result      inventory.ImportDone
	Summary     string
	Assets      []inventory.Asset
	More        int
}

func (s *site) importDone(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := importDoneView{Self: r.URL.Path}
	title := s.words.say("import.done")
	if j := s.imports.get(id); j != nil {
		done, total, err, over := j.state()
		v.Back = j.back
		switch {
		case !over:
			v.Running, v.Done, v.Total, title = true, done, total, s.words.say("import.running")
		case err != nil:
			if v.Failed = migrations.SafeMessage(err); v.Failed == "" {
				v.Failed = s.words.say("import.failed")
			}
			title = s.words.say("import.not_done")
		}
	}
	if !v.Running && v.Failed == "" {
		if v.Result, err = s.things.Imported(ctx, id); err != nil {
			return err
		}
		if v.Assets, err = s.things.ImportedAssets(ctx, v.Result, 20); err != nil {
			return err
		}
		v.More = v.Result.New - len(v.Assets)
		d := v.Result
		var parts []string
		for _, p := range []struct {
			key string
			n   int
		}{{"import.d_new", d.New}, {"import.d_changed", d.Changed}, {"import.d_same", d.Same}, {"import.d_left", d.Left}} {
			if p.n > 0 {
				parts = append(parts, s.words.say(p.key, p.n))
			}
		}
		v.Summary = s.and(parts) + "."
		parts = nil
		if d.Models > 0 {
			parts = append(parts, s.words.say("import.n_models", d.Models))
		}
		if d.Places > 0 {
			parts = append(parts, s.words.say("import.n_places", d.Places))
		}
		if len(parts) > 0 {
			v.Summary += " " + s.words.say("import.d_with", s.and(parts))
		}
	}
	return s.render(w, r, http.StatusOK, "importdone", view{Title: title, Section: "assets", Data: v})
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
