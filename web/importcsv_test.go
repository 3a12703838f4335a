package web

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// bring uploads a file to the import.
func (b *browse) bring(name string, data []byte) *httptest.ResponseRecorder {
	b.w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	f, err := m.CreateFormFile("file", name)
	b.w.ok(err)
	f.Write(data)
	m.WriteField("text", "")
	m.Close()
	r := httptest.NewRequest(http.MethodPost, "/import", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

var importHidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// confirm sends the form of the dry run's page.
func (b *browse) confirm(page string) *httptest.ResponseRecorder {
	_, page, _ = strings.Cut(page, `action="/import/run"`)
	page, _, _ = strings.Cut(page, "</form>")
	var pairs []string
	for _, m := range importHidden.FindAllStringSubmatch(page, -1) {
		pairs = append(pairs, m[1], m[2])
	}
	return b.post("/import/run", pairs...)
}

const importText = "Tag;Manufacturer;Model;Serial;Status;Location;Quantity;Purchased on;Cost\r\n" +
	"IMP-1;Nordfell;Book 14;SN-1;stowed;Annex > Store;1;2026-01-31;1.299,00\r\n" +
	"IMP-2;Nordfell;Book 14;SN-1;stowed;Annex > Store;1;31.02.2026;\r\n" +
	"IMP-3;Nordfell;Mouse;;stowed;Annex > Store;-4;;12,50\r\n" +
	"IMP-4;=cmd|' /C calc'!A0;+1;;stowed;Annex > Store;12;;\r\n" +
	"IMP-5;Nordfell;" + "200characters200characters200characters200characters200characters200characters200characters200characters200characters200characters200characters" + ";;lent;Annex;;;\r\n"

// The dry run's page is looked at like every other: with problems, and with
// dates that can be read both ways.
const importDates = "Model,Location,Purchase date\nBook,Annex,3/4/2026\n"

var _ = example("/import/{id}") && example("/import/check", "/import/check?file="+tracker.Digest([]byte(importText)), "/import/check?file="+tracker.Digest([]byte(importDates))) &&
	example("/import/problems.csv") && example("/import/sample.csv")

func init() {
	chapters = append(chapters, func(w *world) {
		for _, text := range []string{importText, importDates} {
			_, _, err := w.PutBlob(w.t.Context(), strings.NewReader(text))
			w.ok(err)
		}
	})
}

func TestImportPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		b := w.session(w.tech)
		res := b.bring("things.csv", []byte(importText))
		if res.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", res.Code, res.Body)
		}
		to := res.Header().Get("Location")
		page := b.get(to).Body.String()
		for _, want := range []string{"2 are new", "3 have problems", "Row 2 has this serial number", "31.02.2026", "can not be negative", "“lent” is not a status", "Import the 2 good rows", "2 models and 2 places", "Download the rows to mend"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if n := w.count(`SELECT count(*) FROM asset`) + w.count(`SELECT count(*) FROM model`) + w.count(`SELECT count(*) FROM location`); n != 0 {
			t.Fatalf("the dry run wrote %d rows", n)
		}
		bad := b.get(strings.Replace(to, "/import/check", "/import/problems.csv", 1))
		if bad.Code != http.StatusOK || !strings.HasPrefix(bad.Body.String(), "\ufeffproblem,Tag,") || strings.Count(bad.Body.String(), "\r\n") != 4 || !strings.Contains(bad.Header().Get("Content-Disposition"), "attachment") {
			t.Fatalf("%d %v\n%s", bad.Code, bad.Header(), bad.Body)
		}
		// Another mapping is kept in the address.
		moved := b.get(to + "&mapped=1&c0=reference&c2=model&c5=location")
		if !strings.Contains(moved.Body.String(), `<option value="reference" selected>`) {
			t.Error("the mapping that was chosen is not shown")
		}
		res = b.confirm(page)
		if res.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", res.Code, res.Body)
		}
		done := b.get(res.Header().Get("Location")).Body.String()
		if !strings.Contains(done, "2 assets are new and 3 rows were left out.") || !strings.Contains(done, "IMP-4") || !strings.Contains(done, `href="/import/problems.csv?`) {
			t.Fatalf("%s", done)
		}
		if w.count(`SELECT count(*) FROM asset`) != 2 || w.count(`SELECT count(*) FROM movement WHERE reason = 'import'`) != 2 {
			t.Fatal("not the two rows are there")
		}
		// Confirming again finds the rows changed, and says which.
		res = b.confirm(page)
		if res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), "rows 2, 5") || w.count(`SELECT count(*) FROM asset`) != 2 {
			t.Fatalf("%d", res.Code)
		}
		// What goes out is no formula.
		out := b.get("/assets/export.csv")
		if out.Code != http.StatusOK || !strings.Contains(out.Body.String(), `,'=cmd|' /C calc'!A0,`) && !strings.Contains(out.Body.String(), `"'=cmd|' /C calc'!A0"`) || !strings.Contains(out.Body.String(), ",'+1,") || !strings.HasPrefix(out.Header().Get("Content-Type"), "text/csv") {
			t.Fatalf("%d %v\n%s", out.Code, out.Header(), out.Body)
		}
		if n := strings.Count(b.get("/assets/export.csv?q=nothing-like-it").Body.String(), "\r\n"); n != 1 {
			t.Errorf("a search for nothing exports %d lines", n)
		}
		for _, path := range []string{"/models/export.csv", "/locations/export.csv", "/movements/export.csv", "/orders/export.csv", "/import/sample.csv", "/movements/export.csv?asset=1"} {
			res := b.get(path)
			if res.Code != http.StatusOK || !strings.HasPrefix(res.Body.String(), "\ufeff") || strings.Contains(res.Body.String(), ",=") {
				t.Errorf("%s: %d\n%s", path, res.Code, res.Body)
			}
		}
		// Managers neither import nor export.
		m := w.session(w.manager)
		if m.get("/import").Code != http.StatusForbidden || m.get("/assets/export.csv").Code != http.StatusForbidden || m.bring("x.csv", []byte(importText)).Code != http.StatusForbidden {
			t.Error("a manager may")
		}
	})
}

// TestTheSampleCanBeImported as it is.
func TestTheSampleCanBeImported(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := w.session(w.tech)
	res := b.bring("sample.csv", b.get("/import/sample.csv").Body.Bytes())
	page := b.get(res.Header().Get("Location")).Body.String()
	if !strings.Contains(page, "Everything can be imported") || b.confirm(page).Code != http.StatusSeeOther || w.count(`SELECT count(*) FROM asset`) != 3 {
		t.Fatal(page)
	}
}

func TestFilesThatAreNoCSV(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		b := w.session(w.tech)
		for name, c := range map[string]struct{ data, says string }{
			"nothing":  {"", "The file is empty"},
			"blank":    {"\r\n \r\n", "The file is empty"},
			"workbook": {"PK\x03\x04\x00\x00xl/workbook.xml", "Save it as CSV"},
			"picture":  {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"},
		} {
			res := b.bring("a.csv", []byte(c.data))
			if res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), c.says) {
				t.Errorf("%s: %d %s", name, res.Code, res.Body)
			}
		}
		if res := b.post("/import", "text", " "); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "Choose a file") {
			t.Errorf("no file: %d", res.Code)
		}
		// Headers alone, unknown headers, a pasted table.
		for text, says := range map[string]string{"tag,model,location\n": "no rows below", "a,b\n1,2\n": "No column is taken for the model", "Model\tPlace\nBook\tAnnex\n": "1 is new"} {
			res := b.post("/import", "text", text)
			if page := b.get(res.Header().Get("Location")); !strings.Contains(page.Body.String(), says) || page.Code != http.StatusOK {
				t.Errorf("%q: %d does not say %q", text, page.Code, says)
			}
		}
		// Too many broken rows: the form, with what is wrong.
		res := b.post("/import", "text", "tag,model\n"+strings.Repeat("\"x,y\n", 40000))
		if page := b.get(res.Header().Get("Location")); page.Code != http.StatusUnprocessableEntity || !strings.Contains(page.Body.String(), "never closes") {
			t.Errorf("%d", page.Code)
		}
		// Files that are not there, and addresses that are none.
		for _, path := range []string{"/import/check?file=" + strings.Repeat("0", 64), "/import/check?file=../../etc/passwd", "/import/problems.csv", "/import/99", "/import/x"} {
			if res := b.get(path); res.Code != http.StatusNotFound {
				t.Errorf("%s: %d", path, res.Code)
			}
		}
		// Dates that can be read both ways are asked about, and nothing can be confirmed before.
		res = b.post("/import", "text", "Model,Location,Purchase date\nBook,Annex,3/4/2026\n")
		to := res.Header().Get("Location")
		if page := b.get(to).Body.String(); !strings.Contains(page, "can be read both ways") || strings.Contains(page, "/import/run") {
			t.Error("it is not asked")
		}
		if page := b.get(to + "&dates=mdy").Body.String(); !strings.Contains(page, "/import/run") {
			t.Error("it is asked again")
		}
	})
}

// TestAnUploadOf100MB is refused with the limit, and leaves nothing behind.
func TestAnUploadOf100MB(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	t.Setenv("TMPDIR", t.TempDir())
	b := w.session(w.tech)
	srv := httptest.NewServer(w.site)
	defer srv.Close()
	var head bytes.Buffer
	m := multipart.NewWriter(&head)
	m.CreateFormFile("file", "big.csv")
	r, err := http.NewRequest(http.MethodPost, srv.URL+"/import", &endless{head: head.Bytes(), left: 100 << 20})
	w.ok(err)
	r.ContentLength = int64(head.Len()) + 100<<20
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range b.cookie {
		r.AddCookie(c)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var page bytes.Buffer
	page.ReadFrom(res.Body)
	if res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(page.String(), "larger than 31.5 MB") || !strings.Contains(page.String(), "Nothing of it was kept") || !strings.Contains(page.String(), "Divide the file") {
		t.Fatalf("%d %s", res.StatusCode, &page)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 || w.count(`SELECT count(*) FROM blob`) != 0 {
		t.Fatalf("left: %v %v", left, err)
	}
}

// endless is a body of many bytes.
type endless struct {
	head []byte
	left int
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.head) > 0 {
		n := copy(b, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(b), e.left)
	for i := range n {
		b[i] = "a,b,c\n"[i%6]
	}
	e.left -= n
	return n, nil
}

// TestImportAtEveryWidth: see the problems, leave the bad rows out, confirm,
// see the assets. With HELPDESKD_SHOTS it takes pictures, light and dark.
func TestImportAtEveryWidth(t *testing.T) {
	for name, size := range map[string][2]int{"desk": {1440, 900}, "tablet": {820, 1180}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			shot := func(what string) {
				if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
					t.Errorf("%s is %d px wider than the window", what, over)
				}
				dir := os.Getenv("HELPDESKD_SHOTS")
				if dir == "" {
					return
				}
				for _, theme := range []string{"light", "dark"} {
					proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}.Call(d.Page)
					d.MustWaitIdle()
					d.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("import-%s-%s-%s.png", what, name, theme)))
				}
			}
			d.open("/import")
			d.sees("h1", "Import assets")
			shot("1-begin")
			file := filepath.Join(t.TempDir(), "things.csv")
			d.w.ok(os.WriteFile(file, []byte(importText), 0o600))
			d.MustElement("#file").MustSetFiles(file)
			d.sees("main form button", "Check it").MustClick()
			d.sees(".import-sentence", "2 are new and 3 have problems")
			d.sees(".import-problems td.m", "Row 2 has this serial number")
			d.sees(".import-problems td.m", "can not be negative")
			d.sees(".import-preview", "IMP-4")
			shot("2-check")
			d.sees(".import-fold summary", "Columns").MustClick()
			d.sees(".import-columns label", "Purchased on")
			shot("3-columns")
			if d.w.count(`SELECT count(*) FROM asset WHERE tag LIKE 'IMP-%'`) != 0 {
				t.Fatal("the dry run wrote something")
			}
			d.sees("button", "Import the 2 good rows").MustClick()
			d.sees(".import-sentence", "2 assets are new and 3 rows were left out")
			d.sees(".import-list a", "IMP-1")
			shot("4-done")
			if d.w.count(`SELECT count(*) FROM asset WHERE tag LIKE 'IMP-%' AND status = 'stowed'`) != 2 {
				t.Fatal("the assets are not there")
			}
			// A file whose dates can be read both ways.
			d.open("/import")
			d.MustElement("#text").MustInput("Model,Location,Purchase date\nBook 15,Annex,3/4/2026\n")
			d.sees("main form button", "Check it").MustClick()
			d.sees(".import-ask", "can be read both ways")
			shot("5-dates")
			d.sees(".import-ask a", "Month first").MustClick()
			d.sees("button", "Import 1 row").MustClick()
			d.sees(".import-sentence", "1 asset is new")
			if d.w.count(`SELECT count(*) FROM asset WHERE purchased_on = '2026-03-04'`) != 1 {
				t.Fatal("the month is not first")
			}
		})
	}
}

// TestLongImportsShowHowFarTheyAre, and the page turns into the result by itself.
func TestLongImportsShowHowFarTheyAre(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	var b strings.Builder
	b.WriteString("model,serial,location\n")
	for i := range 6000 {
		fmt.Fprintf(&b, "Book %d,SN%05d,Annex > Room %d\n", i%20, i, i%30)
	}
	file := filepath.Join(t.TempDir(), "many.csv")
	d.w.ok(os.WriteFile(file, []byte(b.String()), 0o600))
	d.open("/import")
	d.MustElement("#file").MustSetFiles(file)
	d.sees("main form button", "Check it").MustClick()
	d.sees("button", "Import 6000 rows").MustClick()
	if _, err := d.Timeout(60*time.Second).ElementR(".import-sentence", "6000 assets are new"); err != nil {
		t.Fatal(err, d.MustElement("main").MustText())
	}
	if at, err := url.Parse(d.MustInfo().URL); err != nil || !strings.HasPrefix(at.Path, "/import/") || d.w.count(`SELECT count(*) FROM asset`) < 6000 {
		t.Fatal(d.MustInfo().URL)
	}
}

// TestImportJobs: a second click finds the import that runs.
func TestImportJobs(t *testing.T) {
	var js importJobs
	c := importChoice{File: "f", Options: inventory.ImportOptions{Columns: map[int]inventory.ImportField{1: "tag"}, Dates: "dmy"}, Delimiter: '\t'}
	first := &importJob{account: 1, file: c.File}
	if id, fresh := js.add(7, first); id != 7 || !fresh {
		t.Fatal(id, fresh)
	}
	if id, fresh := js.add(8, &importJob{account: 1, file: c.File}); id != 7 || fresh {
		t.Fatal(id, fresh)
	}
	if id, fresh := js.add(9, &importJob{account: 2, file: c.File}); id != 9 || !fresh {
		t.Fatal(id, fresh)
	}
	first.end = time.Now()
	if id, fresh := js.add(10, &importJob{account: 1, file: c.File}); id != 10 || !fresh || js.get(7) != first {
		t.Fatal(id, fresh)
	}
	if got := readChoice(c.query()).query().Encode(); got != c.query().Encode() || !strings.Contains(got, "delimiter=tab") {
		t.Fatal(got)
	}
}
