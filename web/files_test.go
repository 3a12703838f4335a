package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func TestStaticFiles(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := &browse{w: w}
	page := b.get("/login").Body.String()
	urls := regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(urls) < 4 {
		t.Fatalf("the page names %d files", len(urls))
	}
	for _, u := range urls {
		res := b.get(u[1])
		if res.Code != http.StatusOK || !strings.Contains(res.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %s", u[1], res.Code, res.Header().Get("Cache-Control"))
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/static/vendor/tabler.min.css", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	res := b.do(r)
	if res.Header().Get("Content-Encoding") != "gzip" || res.Body.Len() > 100_000 || strings.Contains(res.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("tabler: %v, %d bytes", res.Header(), res.Body.Len())
	}
	for _, path := range []string{"/static/", "/static/nothing.css", "/static/app.000000000000.css", "/static/../web.go", "/static/icons/star.svg"} {
		if res := b.get(path); res.Code == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
}

func TestAttachmentsAreInert(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.arrives(letter{name: "Eve", address: "eve@aldermere.example", subject: "x", text: "x", html: `<p>a<img src="cid:c1"></p>`, files: []file{
		{name: "../../../etc/passwd", contentType: "text/html", data: []byte("<script>alert(1)</script>")},
		{name: "drawing.svg", contentType: "image/svg+xml", data: []byte("<svg onload=alert(1)>")},
		{name: "Grüße\r\nX-Evil: 1.png", contentType: "image/png", cid: "c1", data: picture(4, 4)}}})
	b := w.session(w.tech)
	var files []tracker.Attachment
	w.ok(w.DB().Select(t.Context(), &files, `SELECT uid, name, content_type, role FROM attachment ORDER BY id`))
	for _, f := range files {
		res := b.get("/attachments/" + f.UID)
		h := res.Header()
		if f.Role == tracker.RoleHTML {
			if res.Code != http.StatusSeeOther {
				t.Errorf("the HTML body is served raw: %d", res.Code)
			}
			continue
		}
		picture := f.ContentType == "image/png"
		if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Evil") != "" {
			t.Errorf("%s: %v", f.Name, h)
		}
		if !picture && (h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment")) {
			t.Errorf("%s may be shown: %v", f.Name, h)
		}
		if picture && (h.Get("Content-Type") != "image/png" || !strings.HasPrefix(h.Get("Content-Disposition"), "inline")) {
			t.Errorf("%s is not shown: %v", f.Name, h)
		}
	}
	id := w.count(`SELECT MAX(id) FROM message`)
	frame := b.get(fmt.Sprintf("/messages/%d/html", id))
	csp := frame.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "sandbox allow-same-origin") || strings.Contains(csp, "script") || !strings.Contains(frame.Body.String(), `<img src="/attachments/`) {
		t.Fatalf("the frame: %s\n%s", csp, frame.Body)
	}
	raw := b.get(fmt.Sprintf("/messages/%d/raw", id))
	if raw.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(raw.Body.String(), "Message-ID: ") {
		t.Fatalf("the raw mail: %v", raw.Header())
	}
}

func TestHealthz(t *testing.T) {
	db := dbtest.Open(t, migrations.SQLite)
	w := newWorld(t, db)
	b := &browse{w: w}
	if res := b.get("/healthz"); res.Code != http.StatusOK || res.Body.String() != "ok\n" {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	w.lease.Release(t.Context())
	db.Close()
	if res := b.get("/healthz"); res.Code != http.StatusOK {
		t.Fatalf("a process that lives without a database: %d", res.Code)
	}
	if res := b.get("/readyz"); res.Code != http.StatusServiceUnavailable {
		t.Fatalf("ready without a database: %d", res.Code)
	}
}

func TestTooLargeForms(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	if res := b.post("/tickets/4/subject", "subject", strings.Repeat("x", formLimit+10)); res.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("a form of more than a megabyte: %d", res.Code)
	}
}
