package web

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var formVersion = regexp.MustCompile(`name="version" value="(\d+)"`)

// versionOn reads the version that a page's form carries.
func (b *browse) versionOn(path string) string {
	b.w.t.Helper()
	m := formVersion.FindStringSubmatch(b.get(path).Body.String())
	if m == nil {
		b.w.t.Fatalf("%s has no form with a version", path)
	}
	return m[1]
}

func TestTicketSettings(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const page = "/settings/tickets"
		v := b.versionOn(page)
		good := []string{"mail.ack", "on", "ticket.silent_days", "10", "ticket.archive_months", "3", "money.currency", "chf", "account.notify", "mine"}
		bad := b.post(page, append([]string{"version", v, "ticket.silent_days", "-1", "ticket.archive_months", "soon", "money.currency", "euros"}, "account.notify", "loud")...)
		for _, said := range []string{"from 0 to 365", "from 0 to 120", "not the code of a currency", `value="soon"`, "Notifications must be"} {
			if !strings.Contains(bad.Body.String(), said) {
				t.Errorf("bad values: no %q", said)
			}
		}
		if bad.Code != http.StatusUnprocessableEntity {
			t.Errorf("bad values: %d", bad.Code)
		}
		if res := b.post(page, append(good, "version", v)...); res.Code != http.StatusSeeOther {
			t.Fatalf("save: %d %s", res.Code, res.Body)
		}
		if got, _ := w.Setting(t.Context(), tracker.SetCurrency); got != "CHF" {
			t.Fatalf("the currency is %q", got)
		}
		if n := w.count(`SELECT count(*) FROM event WHERE subject = 'setting' AND was = 'ticket.silent_days=7' AND became = 'ticket.silent_days=10'`); n != 1 {
			t.Fatal("the change is not in the audit")
		}
		good[3] = "12"
		stale := b.post(page, append(good, "version", v)...)
		if body := stale.Body.String(); stale.Code != http.StatusConflict || !strings.Contains(body, ">12</textarea>") || !strings.Contains(body, "10") {
			t.Fatalf("a stale edit: %d %s", stale.Code, body)
		}
		now := formVersion.FindStringSubmatch(stale.Body.String())[1]
		if res := b.post(page, append(good, "version", now)...); res.Code != http.StatusSeeOther {
			t.Fatalf("using one's own: %d", res.Code)
		}
		a, err := w.CreateAccount(t.Context(), tracker.Actor{}, tracker.NewAccount{Email: "new@aldermere.example", Name: "New", Role: tracker.Technician})
		if err != nil || a.Notify != tracker.NotifyMine {
			t.Fatalf("a new account is told %q, %v", a.Notify, err)
		}
		if res := w.session(w.tech).get(page); res.Code != http.StatusForbidden {
			t.Fatalf("a technician sees settings: %d", res.Code)
		}
	})
}

func TestMailTexts(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const page, field = "/settings/mail/ack_inside", "text.ack_inside"
		if body := b.get(page).Body.String(); !strings.Contains(body, "Its number is HD-1024") || !strings.Contains(body, "{ticket}") {
			t.Fatal("the default and its sample are not shown")
		}
		res := b.post(page, "version", b.versionOn(page), field, "Hello {nmae}, thank you.")
		if res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "Hello {nmae}") || !strings.Contains(res.Body.String(), "you can use {ticket}") {
			t.Fatalf("an unknown mark: %d", res.Code)
		}
		if res := b.post(page, "version", b.versionOn(page), field, "Thank you. It is {ticket}."); res.Code != http.StatusSeeOther {
			t.Fatalf("save: %d", res.Code)
		}
		if body := b.get("/settings/mail").Body.String(); !strings.Contains(body, "Thank you. It is {ticket}.") || !strings.Contains(body, "your wording") {
			t.Fatal("the list does not show the new wording")
		}
		r := httptest.NewRequest(http.MethodPost, page+"/preview", strings.NewReader(form(field, "You are {ticket} <b>")))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("HX-Request", "true")
		if part := b.do(r).Body.String(); !strings.Contains(part, "You are HD-1024 &lt;b&gt;") || strings.Contains(part, "<html") {
			t.Fatalf("the live sample: %s", part)
		}
		if whole := b.post(page+"/preview", "version", "1", field, "You are {ticket}"); whole.Code != http.StatusOK || !strings.Contains(whole.Body.String(), "You are HD-1024") || !strings.Contains(whole.Body.String(), "You are {ticket}</textarea>") {
			t.Fatal("the sample without scripts")
		}
		if res := b.post(page, "version", b.versionOn(page), "back", "1"); res.Code != http.StatusSeeOther {
			t.Fatalf("back to the default: %d", res.Code)
		}
		if v, _ := w.Setting(t.Context(), field); v != "" {
			t.Fatalf("the text is %q", v)
		}
	})
}

func TestHoursPage(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const page = "/settings/hours"
		half := b.post(page, "version", "0", "zone", "Europe/Zurich", "day1_from", "08:00")
		if half.Code != http.StatusUnprocessableEntity || !strings.Contains(half.Body.String(), "Monday: please give both") || !strings.Contains(half.Body.String(), `value="08:00"`) {
			t.Fatalf("half a day: %d", half.Code)
		}
		if res := b.post(page, "version", "0", "zone", "Mars/Olympus", "day1_from", "08:00", "day1_to", "17:00"); !strings.Contains(res.Body.String(), "not a time zone") {
			t.Fatalf("a zone that is none: %d", res.Code)
		}
		if res := b.post(page, "version", "0", "zone", "Europe/Zurich", "day1_from", "13:00", "day1_to", "17:00", "day1_from2", "08:00", "day1_to2", "14:00"); !strings.Contains(res.Body.String(), "must not overlap") {
			t.Fatalf("times that overlap: %d", res.Code)
		}
		fields := []string{"zone", "Europe/Zurich", "hours.announce", "on"}
		for d := 1; d <= 5; d++ {
			fields = append(fields, fmt.Sprintf("day%d_from", d), "08:00", fmt.Sprintf("day%d_to", d), "12:00", fmt.Sprintf("day%d_from2", d), "13:00", fmt.Sprintf("day%d_to2", d), "17:30")
		}
		if res := b.post(page, append(fields, "version", "0")...); res.Code != http.StatusSeeOther {
			t.Fatalf("save: %d %s", res.Code, res.Body)
		}
		h, err := w.Hours(t.Context())
		if err != nil || len(h.Week[1]) != 2 || h.Week[5][1] != (tracker.Span{From: 780, To: 1050}) || h.Zone != "Europe/Zurich" {
			t.Fatalf("the hours are %+v, %v", h, err)
		}
		stale := b.post(page, append(fields, "version", "0")...)
		if stale.Code != http.StatusConflict {
			t.Fatalf("a stale edit: %d", stale.Code)
		}
		fields[1] = "Europe/Oslo"
		stale = b.post(page, append(fields, "version", "0")...)
		if body := stale.Body.String(); !strings.Contains(body, "Europe/Zurich\nMonday: 08:00-12:00, 13:00-17:30") || !strings.Contains(body, "Europe/Oslo\nMonday") {
			t.Fatalf("both texts: %s", body)
		}
		// One's own text, as the stale page has it, is taken.
		now := formVersion.FindStringSubmatch(stale.Body.String())[1]
		if res := b.post(page, "version", now, "hours", "Europe/Oslo\r\nMonday: 08:00-12:00, 13:00-17:30\r\n", "hours.announce", "on"); res.Code != http.StatusSeeOther {
			t.Fatalf("using one's own: %d %s", res.Code, res.Body)
		}
		if h, _ := w.Hours(t.Context()); h.Zone != "Europe/Oslo" || len(h.Week[2]) != 0 || len(h.Week[1]) != 2 {
			t.Fatalf("now %+v", h)
		}
		if res := b.post(page+"/holidays", "date", "2030-12-25", "name", "Christmas <Day>"); res.Code != http.StatusSeeOther {
			t.Fatalf("a holiday: %d", res.Code)
		}
		if res := b.post(page+"/holidays", "date", "2030-12-25", "name", "Again"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "in the list already") || !strings.Contains(res.Body.String(), `value="Again"`) {
			t.Fatalf("the same day twice: %d", res.Code)
		}
		if body := b.get(page).Body.String(); !strings.Contains(body, "Wednesday 25 December 2030") || strings.Contains(body, "<Day>") {
			t.Fatal("the holiday is not listed")
		}
		if res := b.post(page+"/holidays/remove", "date", "2030-12-25"); res.Code != http.StatusSeeOther {
			t.Fatalf("remove it: %d", res.Code)
		}
	})
}

func TestCategorySettings(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const page = "/settings/categories"
		if res := b.post(page, "name", "Robots"); res.Code != http.StatusSeeOther {
			t.Fatalf("add: %d", res.Code)
		}
		if res := b.post(page, "name", "Robots"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "already a category") {
			t.Fatalf("twice: %d", res.Code)
		}
		id := w.count(`SELECT id FROM category WHERE name = 'Robots'`)
		one := fmt.Sprintf("%s/%d", page, id)
		for range 9 {
			if res := b.post(one+"/move", "to", "up"); res.Code != http.StatusSeeOther {
				t.Fatalf("move: %d", res.Code)
			}
		}
		if all, _ := w.Categories(t.Context(), false); all[0].Name != "Robots" || all[1].Name != "Computer" {
			t.Fatalf("the order is %v", all)
		}
		if res := b.post(one, "version", "1", "name", "Machines"); res.Code != http.StatusSeeOther {
			t.Fatalf("rename: %d", res.Code)
		}
		if res := b.post(one, "version", "1", "name", "Androids"); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), "Machines") || !strings.Contains(res.Body.String(), "Androids") {
			t.Fatalf("a stale name: %d", res.Code)
		}
		if res := b.post(one, "version", "2", "name", "Machines", "archived", "true"); res.Code != http.StatusSeeOther {
			t.Fatalf("archive: %d", res.Code)
		}
		if all, _ := w.Categories(t.Context(), false); len(all) != 8 {
			t.Fatalf("still offered: %v", all)
		}
	})
}

func TestFormSettings(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const page = "/settings/forms"
		if body := b.get(page).Body.String(); !strings.Contains(body, "flow@aldermere.example") || !strings.Contains(body, "from the configuration file") {
			t.Fatal("the configuration's sender is not shown")
		}
		for typed, says := range map[string]string{"nonsense": "not a mail address", "Flow@Aldermere.example": "configuration file already"} {
			if res := b.post(page+"/senders", "sender", typed); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), says) || !strings.Contains(res.Body.String(), `value="`+typed) {
				t.Errorf("the sender %q: %d", typed, res.Code)
			}
		}
		b.post(page+"/senders", "sender", "Forms@aldermere.example")
		if res := b.post(page+"/senders", "sender", "forms@aldermere.example"); res.Code != http.StatusUnprocessableEntity {
			t.Errorf("twice: %d", res.Code)
		}
		b.post(page+"/labels", "label", "Co se stalo?", "means", "problem")
		if res := b.post(page+"/labels", "label", "co se stalo", "means", "name"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "in the list already") {
			t.Errorf("the same question: %d", res.Code)
		}
		if res := b.post(page+"/labels", "label", "x", "means", "everything"); res.Code != http.StatusUnprocessableEntity {
			t.Errorf("a meaning that is none: %d", res.Code)
		}
		r, err := w.FormReading(t.Context())
		if err != nil || len(r.Senders) != 1 || r.Labels["Co se stalo?"] != tracker.MeansProblem {
			t.Fatalf("%+v, %v", r, err)
		}
		// Another node reads them too.
		other := tracker.New(w.DB(), tracker.Options{})
		if r, err := other.FormReading(t.Context()); err != nil || len(r.Senders) != 1 {
			t.Fatalf("on another node %+v, %v", r, err)
		}
		b.post(page+"/labels/remove", "label", "Co se stalo?")
		b.post(page+"/senders/remove", "sender", "forms@aldermere.example")
		if r, _ := w.FormReading(t.Context()); len(r.Senders) != 0 || len(r.Labels) != 0 {
			t.Fatalf("left: %+v", r)
		}
		v := b.versionOn(page)
		if res := b.post(page, "version", v, "mail.form_link", "javascript:alert(1)"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "must begin with https") {
			t.Errorf("a link that is none: %d", res.Code)
		}
		if res := b.post(page, "version", v, "mail.form_link", "https://forms.example/it"); res.Code != http.StatusSeeOther {
			t.Errorf("the link: %d", res.Code)
		}
	})
}

// sendFile posts a file as a browser does.
func (b *browse) sendFile(path, field, name, claimed string, data []byte) *httptest.ResponseRecorder {
	b.w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreatePart(map[string][]string{"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, field, name)}, "Content-Type": {claimed}})
	b.w.ok(err)
	part.Write(data)
	m.Close()
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// samplePNG is a picture of a size.
func samplePNG(t testing.TB, width, height int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			if (x+y)/8%2 == 0 {
				m.Set(x, y, color.RGBA{52, 89, 199, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var logoPath = regexp.MustCompile(`/look/[a-z2-7]{26}`)

func TestLogo(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b, anybody := w.session(w.admin), &browse{w: w}
		const page = "/settings/look/logo"
		for name, data := range map[string][]byte{
			"logo.svg":   []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`),
			"logo.png":   []byte(`<!doctype html><script>alert(1)</script>`),
			"cut.png":    samplePNG(t, 20, 20)[:40],
			"gif.png":    []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
			"empty.png":  nil,
			"large.png":  append(samplePNG(t, 20, 20), make([]byte, tracker.MaxLogo)...),
			"giant.png":  samplePNG(t, 5000, 1),
			"script.jpg": []byte("alert(1)"),
		} {
			if res := b.sendFile(page, "logo", name, "image/png", data); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "entry-error") {
				t.Errorf("%s: %d", name, res.Code)
			}
		}
		if n := w.count(`SELECT count(*) FROM file`); n != 0 {
			t.Fatalf("%d files were kept", n)
		}
		if res := b.sendFile(page, "logo", "../../logo\"\r\nX: y.png", "text/html", samplePNG(t, 40, 20)); res.Code != http.StatusSeeOther {
			t.Fatalf("a picture: %d %s", res.Code, res.Body)
		}
		path := logoPath.FindString(anybody.get("/login").Body.String())
		res := anybody.get(path)
		h := res.Header()
		if res.Code != http.StatusOK || h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X") != "" {
			t.Fatalf("the logo %q: %d %v", path, res.Code, h)
		}
		if body := b.get("/board").Body.String(); !strings.Contains(body, path) {
			t.Fatal("the logo is not in the rail")
		}
		// Other files have no address there.
		f, err := w.AddFile(t.Context(), w.admin.Actor(), tracker.Thing{Kind: "asset", ID: 1}, "x.png", bytes.NewReader(samplePNG(t, 4, 4)))
		w.ok(err)
		if res := anybody.get("/look/" + f.UID); res.Code != http.StatusNotFound {
			t.Fatalf("any file is public: %d", res.Code)
		}
		b.sendFile(page, "logo", "b.png", "image/png", samplePNG(t, 10, 10))
		if res := anybody.get(path); res.Code != http.StatusNotFound {
			t.Fatalf("the logo that was replaced: %d", res.Code)
		}
		if res := b.post(page + "/remove"); res.Code != http.StatusSeeOther || logoPath.MatchString(anybody.get("/login").Body.String()) {
			t.Fatalf("remove: %d", res.Code)
		}
		if n := w.count(`SELECT count(*) FROM file WHERE owner_kind = 'look'`); n != 0 {
			t.Fatalf("%d logos are left", n)
		}
	})
}

func TestTimesAreTheReaders(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		if res := b.post("/account/zone", "zone", "Asia/Tokyo", "first", "1"); res.Code != http.StatusNoContent {
			t.Fatalf("the browser's zone: %d", res.Code)
		}
		if body := b.get("/tickets").Body.String(); !strings.Contains(body, "JST") {
			t.Fatal("times are not in the reader's zone")
		}
		if body := w.session(w.admin).get("/tickets").Body.String(); strings.Contains(body, "JST") {
			t.Fatal("another reader has that zone too")
		}
		if b.post("/account/zone", "zone", "Europe/Oslo", "first", "1"); w.count(`SELECT count(*) FROM account WHERE zone = 'Asia/Tokyo'`) != 1 {
			t.Fatal("a browser changes a zone that is set")
		}
		if res := b.post("/account/zone", "zone", "Mars/Olympus"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `value="Mars/Olympus"`) {
			t.Fatalf("a zone that is none: %d", res.Code)
		}
		if res := b.post("/account/zone", "zone", ""); res.Code != http.StatusSeeOther || w.count(`SELECT count(*) FROM account WHERE zone <> ''`) != 0 {
			t.Fatalf("the server's: %d", res.Code)
		}
	})
}

func TestFacesOfTime(t *testing.T) {
	words, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	s := &site{words: words, store: tracker.New(nil, tracker.Options{Clock: func() time.Time { return at.Add(400 * 24 * time.Hour) }})}
	for zone, want := range map[string]string{"Asia/Tokyo": "Friday 1 January 2027, 08:30 JST", "America/New_York": "Thursday 31 December 2026, 18:30 EST", "UTC": "Thursday 31 December 2026, 23:30 UTC"} {
		if got := string(s.face(zone).when(at)); !strings.Contains(got, want) {
			t.Errorf("in %s: %s", zone, got)
		}
	}
	if got := string(s.face("Asia/Tokyo").when(at)); !strings.Contains(got, ">1 January 2027<") && !strings.Contains(got, ">1 Jan 2027<") {
		t.Errorf("the date is that of another day: %s", got)
	}
}

// TestSettingsInABrowser sets the hours, the logo and a text at three widths.
func TestSettingsInABrowser(t *testing.T) {
	for _, size := range [][2]int{{1440, 900}, {820, 1180}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			d.become(d.w.session(d.w.admin))
			d.open("/settings/look")
			d.MustElement("#company").MustSelectAllText().MustInput("Aldermere Ltd")
			d.sees(".settings-main form button", "Save").MustClick()
			d.sees(".flash", "Saved")
			d.open("/settings/hours")
			d.MustElement(`[name="day1_from"]`).MustEval(`() => { this.value = "08:00" }`)
			d.MustElement(`[name="day1_to"]`).MustEval(`() => { this.value = "17:00" }`)
			d.MustElement("#zone").MustSelectAllText().MustInput("Europe/Zurich").MustType(input.Enter)
			d.sees(".flash", "Saved")
			d.sees(".hours-now", "Open|Closed")
			d.open("/settings/mail/ack_inside")
			d.MustElement("#wording").MustSelectAllText().MustInput("Thank you. It is {ticket}.")
			d.sees(".sample-text", "Thank you. It is HD-1024.")
			d.MustElement("#wording").MustSelectAllText().MustInput("Thank you {who}")
			d.sees("#preview", "Nothing is known by the name")
			if zone := d.w.count(`SELECT count(*) FROM account WHERE id = ? AND zone <> ''`, d.w.admin.ID); zone != 1 {
				t.Error("the browser did not tell its zone")
			}
		})
	}
}

// TestOtherNodesLearn: what one node sets counts on another within seconds.
func TestOtherNodesLearn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		one, two := tracker.New(db, tracker.Options{}), tracker.New(db, tracker.Options{})
		if r, err := two.FormReading(t.Context()); err != nil || len(r.Senders) != 0 {
			t.Fatal(r, err)
		}
		if err := one.AddFormSender(t.Context(), tracker.Actor{}, "forms@aldermere.example"); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(15 * time.Second); ; {
			r, err := two.FormReading(t.Context())
			if err != nil || time.Now().After(end) {
				t.Fatal("the other node does not learn of it", err)
			}
			if len(r.Senders) == 1 {
				return
			}
			select {
			case <-t.Context().Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}
