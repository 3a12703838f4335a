package web

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// sendForm sends a form with files, as the composer's browser does.
func (b *browse) sendForm(path string, files []file, pairs ...string) *httptest.ResponseRecorder {
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		m.WriteField(pairs[i], pairs[i+1])
	}
	for _, f := range files {
		part, err := m.CreateFormFile("files", f.name)
		b.w.ok(err)
		part.Write(f.data)
	}
	m.Close()
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// Every property of a ticket: an edit of something else meanwhile does no
// harm; an edit of the same shows both and changes nothing.
func TestStaleEditsOfEveryProperty(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.story()
		b := w.session(w.tech)
		for _, x := range []struct {
			path, name   string
			was          string
			first, yours string
			shown        [2]string
			stored       string
		}{
			{"subject", "subject", "Imprimante du 2e étage", "Printer, floor 2", "Second floor printer", [2]string{"Printer, floor 2", "Second floor printer"}, "subject = 'Printer, floor 2'"},
			{"priority", "priority", "", "3*", "1", [2]string{"3★: Cannot work", "1: An inconvenience"}, "level = 3 AND star"},
			{"assignee", "assignee", "0", fmt.Sprint(w.admin.ID), fmt.Sprint(w.tech.ID), [2]string{"Ines Holm", "Tomas Rehak"}, fmt.Sprintf("assignee_id = %d", w.admin.ID)},
			{"category", "category", "0", "5", "1", [2]string{"Printing", "Computer"}, "category_id = 5"},
			{"stage", "stage", "requested", "in_progress", "dropped", [2]string{"In progress", "Dropped"}, "stage = 'in_progress'"},
			{"requester", "address", "chloe.dubois@aldermere.example", "hana.sato@aldermere.example", "jonas.weber@aldermere.example", [2]string{"hana.sato@aldermere.example", "jonas.weber@aldermere.example"}, "client_address = 'hana.sato@aldermere.example'"},
		} {
			old := fmt.Sprint(w.version("ticket", 4))
			other := w.session(w.admin)
			if res := other.post("/tickets/4/"+x.path, "version", old, "was", x.was, x.name, x.first); res.Code != http.StatusSeeOther {
				t.Fatalf("%s: the first edit: %d %s", x.path, res.Code, res.Body)
			}
			res := b.post("/tickets/4/"+x.path, "version", old, "was", x.was, x.name, x.yours, "reason", "a double")
			body := res.Body.String()
			if res.Code != http.StatusConflict || !strings.Contains(body, x.shown[0]) || !strings.Contains(body, x.shown[1]) || !strings.Contains(body, "Ines Holm changed HD-4") {
				t.Fatalf("%s: the second edit: %d %s", x.path, res.Code, mainOf(body))
			}
			if w.count(`SELECT count(*) FROM ticket WHERE number = 4 AND `+x.stored) != 1 {
				t.Fatalf("%s: the refused edit changed something", x.path)
			}
			// The same again, and what is already so, is no conflict.
			if res := b.post("/tickets/4/"+x.path, "version", old, "was", x.was, x.name, x.first); res.Code != http.StatusSeeOther {
				t.Fatalf("%s: what is already so: %d", x.path, res.Code)
			}
			// An old version, but of something that nobody else touched.
			if res := b.post("/tickets/4/"+x.path, "version", old, "was", x.first, x.name, x.yours, "reason", "a double"); res.Code != http.StatusSeeOther {
				t.Fatalf("%s: an edit of what nobody touched: %d %s", x.path, res.Code, mainOf(res.Body.String()))
			}
			// The page's own button saves one's own.
			now := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body)[1]
			if res := b.post("/tickets/4/"+x.path, "version", now, x.name, x.yours, "reason", "a double"); res.Code != http.StatusSeeOther && res.Code != http.StatusConflict {
				t.Fatalf("%s: one's own all the same: %d", x.path, res.Code)
			}
			if x.path == "stage" {
				if res := b.post("/tickets/4/stage", "version", fmt.Sprint(w.version("ticket", 4)), "stage", "requested"); res.Code != http.StatusSeeOther {
					t.Fatalf("back: %d", res.Code)
				}
			}
		}
	})
}

func mainOf(page string) string {
	_, page, _ = strings.Cut(page, "<main")
	return page
}

func TestStaleFixesAndNotes(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b, other := w.session(w.tech), w.session(w.admin)
	v := fmt.Sprint(w.version("ticket", 4))
	if res := other.post("/tickets/4/fix", "version", v, "was", "", "was_stage", "requested", "fix", "Cleaned it"); res.Code != http.StatusSeeOther {
		t.Fatalf("the first fix: %d", res.Code)
	}
	shot := []file{{name: "drum.png", data: picture(60, 40)}}
	res := b.sendForm("/tickets/4/fix", shot, "version", v, "was", "", "was_stage", "requested", "fix", "New drum", "then", "completed", "summary", "The printer smeared: its drum was worn.", "once", "f1")
	body := res.Body.String()
	for _, want := range []string{"Cleaned it", "New drum", "Requested", "Completed", "drum.png"} {
		if res.Code != http.StatusConflict || !strings.Contains(body, want) {
			t.Fatalf("the second fix, %q: %d %s", want, res.Code, mainOf(body))
		}
	}
	now := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body)[1]
	once := regexp.MustCompile(`name="once" value="(\w+)"`).FindStringSubmatch(body)[1]
	for range 2 { // the answer was lost, it is sent again
		if res := b.post("/tickets/4/fix", "version", now, "fix", "New drum", "then", "completed", "summary", "The printer smeared: its drum was worn.", "once", once); res.Code != http.StatusSeeOther {
			t.Fatalf("one's own fix: %d %s", res.Code, mainOf(res.Body.String()))
		}
	}
	if n := w.count(`SELECT count(*) FROM file WHERE owner_kind = 'fix' AND name = 'drum.png'`); n != 1 {
		t.Fatalf("the fix has %d files", n)
	}
	if page := b.get("/tickets/4").Body.String(); !strings.Contains(page, "drum.png") {
		t.Fatal("the file of the fix is not shown")
	}

	// Notes: their author alone, and not over an edit made elsewhere.
	n, err := w.AddNote(t.Context(), w.tech.Actor(), 4, tracker.NoteNote, "Drum was empty")
	w.ok(err)
	path := fmt.Sprintf("/notes/%d", n.ID)
	if res := b.post(path, "version", "1", "text", "The drum was empty"); res.Code != http.StatusSeeOther {
		t.Fatalf("one's own note: %d", res.Code)
	}
	res = b.post(path, "version", "1", "text", "No drum at all")
	if body := res.Body.String(); res.Code != http.StatusConflict || !strings.Contains(body, "The drum was empty") || !strings.Contains(body, "No drum at all") {
		t.Fatalf("a stale note: %d", res.Code)
	}
	if res := other.post(path, "version", "2", "text", "mine now"); res.Code != http.StatusForbidden {
		t.Fatalf("another's note: %d", res.Code)
	}
	if res := b.post("/notes/99999", "version", "1", "text", "x"); res.Code != http.StatusNotFound {
		t.Fatalf("no note: %d", res.Code)
	}
	if n := w.count(`SELECT count(*) FROM event WHERE kind = 'note_edited'`); n != 1 {
		t.Fatalf("%d events tell of one edit", n)
	}
}

// An answer that could not be sent keeps its files without scripts too, and
// what came meanwhile is shown.
func TestWhatCameMeanwhileIsShown(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	seen := w.count(`SELECT MAX(id) FROM message WHERE ticket_id = 7`)
	w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: database", text: "It works again, thank you.", answers: "m7@mail.example"})
	shot := []file{{name: "plan.png", data: picture(60, 40)}}
	res := b.sendForm("/tickets/7/reply", shot, "text", "Please restart.", "seen", fmt.Sprint(seen), "once", "r1", "then", "")
	body := res.Body.String()
	for _, want := range []string{"Hana Sato wrote meanwhile", "It works again", "Please restart.", "Send anyway", "plan.png"} {
		if res.Code != http.StatusConflict || !strings.Contains(body, want) {
			t.Fatalf("%q: %d", want, res.Code)
		}
	}
	_, form, _ := strings.Cut(body, `class="f-reply"`)
	now := regexp.MustCompile(`name="seen" id="reply-seen" value="(\d+)"`).FindStringSubmatch(form)[1]
	once := regexp.MustCompile(`name="once" value="(\w+)"`).FindStringSubmatch(form)[1]
	if res := b.post("/tickets/7/reply", "text", "Please restart.", "seen", now, "once", once, "then", ""); res.Code != http.StatusSeeOther {
		t.Fatalf("anyway: %d", res.Code)
	}
	if n := w.count(`SELECT count(*) FROM attachment WHERE name = 'plan.png'`); n != 1 {
		t.Fatalf("%d files went with it", n)
	}
}

func TestThumbnails(t *testing.T) {
	encode := func(m image.Image) []byte {
		var out bytes.Buffer
		jpeg.Encode(&out, m, nil)
		return out.Bytes()
	}
	wide := image.NewRGBA(image.Rect(0, 0, 1600, 800))
	for x := range 1600 {
		for y := range 800 {
			c := color.RGBA{200, 30, 30, 255}
			if x > 800 {
				c = color.RGBA{30, 30, 200, 255}
			}
			wide.Set(x, y, c)
		}
	}
	size := func(data []byte) (int, int, image.Image) {
		t.Helper()
		m, _, err := image.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return m.Bounds().Dx(), m.Bounds().Dy(), m
	}
	data, kind, err := shrink(bytes.NewReader(encode(wide)))
	if err != nil || kind != "image/jpeg" {
		t.Fatal(kind, err)
	}
	if w, h, _ := size(data); w != 360 || h != 180 || len(data) > 20<<10 {
		t.Fatalf("%d × %d, %d bytes", w, h, len(data))
	}
	// Held upright by the camera: EXIF orientation 6 is a quarter to the right.
	exif := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"), 0, 0, 0, 0)
	raw := encode(wide)
	turned := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	turned = append(append(turned, exif...), raw[2:]...)
	data, _, err = shrink(bytes.NewReader(turned))
	if err != nil {
		t.Fatal(err)
	}
	w, h, m := size(data)
	if r, _, b, _ := m.At(w/2, 10).RGBA(); w != 180 || h != 360 || r < b {
		t.Fatalf("turned: %d × %d, red %d blue %d", w, h, r, b)
	}
	// What shines through stays so; a small one is not blown up.
	clear := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	var p bytes.Buffer
	png.Encode(&p, clear)
	data, kind, err = shrink(&p)
	if w, h, _ := size(data); err != nil || kind != "image/png" || w != 40 || h != 30 {
		t.Fatal(kind, err, w, h)
	}
	// A bomb says so in its head, and is not decoded.
	var bomb bytes.Buffer
	png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 8, 8)))
	binary.BigEndian.PutUint32(bomb.Bytes()[16:], 60000)
	binary.BigEndian.PutUint32(bomb.Bytes()[20:], 60000)
	for name, raw := range map[string][]byte{"bomb": bomb.Bytes(), "nothing": nil, "text": []byte("hello"), "cut": encode(wide)[:900]} {
		if _, _, err := shrink(bytes.NewReader(raw)); err != errNoThumb {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { orientation(b) })
}

func TestThumbnailsAreServedAndRemembered(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	var uid string
	w.ok(w.DB().Get(t.Context(), &uid, `SELECT uid FROM attachment WHERE name = 'error.png'`))
	for range 2 {
		res := b.get("/attachments/" + uid + "/thumb")
		m, kind, err := image.Decode(res.Body)
		if res.Code != http.StatusOK || err != nil || m.Bounds().Dx() != 360 {
			t.Fatalf("%d %s %v", res.Code, kind, err)
		}
	}
	var sheet string
	w.ok(w.DB().Get(t.Context(), &sheet, `SELECT uid FROM attachment WHERE name LIKE '%.xlsx'`))
	for _, path := range []string{"/attachments/" + sheet + "/thumb", "/attachments/nothing/thumb", "/files/nothing", "/files/nothing/thumb"} {
		if res := b.get(path); res.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.Code)
		}
	}
	if res := b.sendForm("/tickets/4/note", []file{{name: "<img src=x>.png", data: picture(60, 40)}}, "text", "", "once", "n1"); res.Code != http.StatusSeeOther {
		t.Fatalf("a picture as a note: %d %s", res.Code, mainOf(res.Body.String()))
	}
	page := b.get("/tickets/4").Body.String()
	to := regexp.MustCompile(`src="(/files/\w+/thumb)"`).FindStringSubmatch(page)
	if to == nil {
		t.Fatal("the note has no picture")
	}
	if res := b.get(to[1]); res.Code != http.StatusOK || res.Header().Get("Content-Type") != "image/jpeg" {
		t.Fatalf("%d %v", res.Code, res.Header())
	}
	if res := w.session(w.manager).get(strings.TrimSuffix(to[1], "/thumb")); res.Code == http.StatusOK {
		t.Fatal("a manager reads a note's file")
	}
}

// TestLongTextIsCutWithALink: a page shows the beginning, and says where the rest is.
func TestLongTextIsCutWithALink(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "The log", text: strings.Repeat("one line of a log\n", 5000)})
	page := w.session(w.tech).get("/tickets/1").Body.String()
	if !strings.Contains(page, "longer than what is shown") || !regexp.MustCompile(`class="state cut">[^<]*<a href="/messages/\d+/raw"`).MatchString(page) {
		t.Fatal("the page does not say that the text is cut")
	}
}

// TestAThousandMessages: the page of a very long ticket stays quick.
func TestAThousandMessages(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "Endless", text: "The first."})
	w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		for range 1000 {
			if _, err := tx.Exec(t.Context(), `INSERT INTO message (ticket_id, direction, state, from_name, from_address, subject, body, at) VALUES (1, 'in', 'shown', 'Nora Falk', 'nora.falk@aldermere.example', 'Endless', ?, ?)`,
				strings.Repeat("A usual line of a mail, about as long as people write them. ", 8), migrations.At(w.Now())); err != nil {
				return err
			}
		}
		return nil
	}))
	b := w.session(w.tech)
	b.get("/tickets/1")
	best := time.Hour
	var res *httptest.ResponseRecorder
	for range 5 {
		began := time.Now()
		res = b.get("/tickets/1")
		best = min(best, time.Since(began))
	}
	t.Logf("%d messages shown in %v, %d KB", strings.Count(res.Body.String(), `<li class="msg`), best, res.Body.Len()>>10)
	if n := strings.Count(res.Body.String(), `<li class="msg`); n < 290 || n > 310 || best > 2*time.Second {
		t.Fatalf("%d messages in %v", n, best)
	}
}

func TestPickKeys(t *testing.T) {
	got := fmt.Sprint(pickKeys([]string{"Ines Holm", "Ivo Iwo", "Ines Holm", "漢字", ""}))
	if got != "[i v n a b]" {
		t.Fatalf("keys %s", got)
	}
	many := make([]string, 40)
	seen := map[string]bool{}
	for _, k := range pickKeys(many) {
		if k != "" && seen[k] {
			t.Fatalf("%s twice", k)
		}
		seen[k] = true
	}
}
