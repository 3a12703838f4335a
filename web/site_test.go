package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func TestSignIn(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := &browse{w: w}
	if res := b.get("/tickets?who=me"); res.Header().Get("Location") != "/login?next=%2Ftickets%3Fwho%3Dme" {
		t.Fatalf("nobody is sent to %q", res.Header().Get("Location"))
	}
	wrong := b.post("/login", "email", w.tech.Email, "password", "wrong", "next", "/tickets")
	if wrong.Code != http.StatusUnprocessableEntity || len(b.cookie) != 0 || !strings.Contains(wrong.Body.String(), `value="/tickets"`) {
		t.Fatalf("a wrong password: %d", wrong.Code)
	}
	unknown := b.post("/login", "email", "nobody@aldermere.example", "password", "wrong", "next", "/tickets")
	if strings.ReplaceAll(unknown.Body.String(), "nobody@aldermere.example", w.tech.Email) != wrong.Body.String() {
		t.Fatal("the answer tells whether an address has an account")
	}
	// A session id known from before must not become the signed-in one.
	b.cookie = []*http.Cookie{{Name: "helpdeskd", Value: "chosen-by-an-attacker"}}
	if res := b.post("/login", "email", w.tech.Email, "password", testPassword, "next", "/tickets?who=me"); res.Header().Get("Location") != "/tickets?who=me" {
		t.Fatalf("after sign-in one is sent to %q", res.Header().Get("Location"))
	}
	if b.cookie[0].Value == "chosen-by-an-attacker" {
		t.Fatal("the session was fixed")
	}
	if res := b.get("/board"); res.Code != http.StatusOK {
		t.Fatalf("the board: %d", res.Code)
	}
	old := b.cookie
	if res := b.post("/logout"); res.Code != http.StatusSeeOther {
		t.Fatalf("sign-out: %d", res.Code)
	}
	b.cookie = old
	if res := b.get("/board"); res.Code != http.StatusSeeOther {
		t.Fatal("the session lives on after sign-out")
	}
}

func TestSignInIsThrottled(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := &browse{w: w}
	for range 40 {
		res := b.post("/login", "email", w.tech.Email, "password", "wrong")
		if res.Code == http.StatusTooManyRequests {
			if !strings.Contains(res.Body.String(), "Too many tries") {
				t.Fatal("it does not say why")
			}
			if res := b.post("/login", "email", w.tech.Email, "password", testPassword); res.Code != http.StatusTooManyRequests {
				t.Fatal("the right password gets in while throttled")
			}
			return
		}
	}
	t.Fatal("40 wrong passwords were looked at")
}

func TestNoOpenRedirect(t *testing.T) {
	for next, want := range map[string]string{"/tickets/1": "/tickets/1", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "": "/", "/a\r\nX: y": "/", "/\t/evil.example": "/"} {
		if got := localPath(next, "/"); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestFirstRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		store := tracker.New(db, tracker.Options{})
		site, err := New(store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		b := &browse{w: &world{t: t, Store: store, site: site}}
		code, err := store.SetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if res := b.get("/login"); res.Header().Get("Location") != "/setup" {
			t.Fatalf("a fresh helpdeskd sends to %q", res.Header().Get("Location"))
		}
		fields := []string{"name", "Ines Holm", "email", "ines@aldermere.example", "password", testPassword, "company", "Aldermere"}
		if res := b.post("/setup", append(fields, "code", "aaaaa-aaaaa-aaaaa-aaaaa")...); res.Code != http.StatusForbidden || !strings.Contains(res.Body.String(), "Ines Holm") {
			t.Fatalf("a wrong code: %d", res.Code)
		}
		if res := b.post("/setup", append(fields, "code", code)...); res.Code != http.StatusSeeOther {
			t.Fatalf("the right code: %d %s", res.Code, res.Body)
		}
		if res := b.get("/board"); res.Code != http.StatusOK || !strings.Contains(res.Body.String(), "Aldermere") {
			t.Fatalf("the board after set-up: %d", res.Code)
		}
		if res := b.post("/setup", append(fields, "code", code)...); res.Code == http.StatusSeeOther {
			t.Fatal("the code works twice")
		}
	})
}

func TestDisabledAccountsAreOutAtOnce(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b, admin := w.as(w.tech), w.as(w.admin)
	if res := admin.post(fmt.Sprintf("/accounts/%d", w.tech.ID), "version", fmt.Sprint(w.version("account", w.tech.ID)), "enabled", "false"); res.Code != http.StatusSeeOther {
		t.Fatalf("disable: %d %s", res.Code, res.Body)
	}
	if res := b.get("/board"); res.Code != http.StatusSeeOther {
		t.Fatalf("a disabled technician reads the board: %d", res.Code)
	}
	if res := admin.post(fmt.Sprintf("/accounts/%d", w.admin.ID), "version", fmt.Sprint(w.version("account", w.admin.ID)), "role", "manager"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "last administrator") {
		t.Fatalf("the last administrator was demoted: %d", res.Code)
	}
}

// version reads the version of a row.
func (w *world) version(table string, id int64) int {
	return w.count(`SELECT version FROM `+table+` WHERE id = ?`, id)
}

func TestChangesWantTheirFields(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	before := w.count(`SELECT count(*) FROM event`)
	for path, fields := range map[string][]string{
		"/tickets/4/stage":    {"stage", "dropped", "reason", "x"}, // no version
		"/tickets/4/priority": {"version", "1", "priority", "4"},
		"/tickets/5/priority": {"version", "abc", "priority", "2"},
		"/tickets/4/reply":    {"text", "  "},
		"/tickets/4/note":     {"text", "x", "kind", "system"},
		"/tickets/4/fix":      {"version", fmt.Sprint(w.version("ticket", 4)), "fix", "", "then", "completed"},
		"/tickets":            {"subject", ""},
	} {
		if res := b.post(path, fields...); res.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", path, res.Code)
		}
	}
	if after := w.count(`SELECT count(*) FROM event`); after != before {
		t.Fatalf("%d events were written", after-before)
	}
}

// TestMassAssignment: fields that a form does not have change nothing.
func TestMassAssignment(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := w.session(w.tech)
	b.post("/account/notify", "notify", "none", "role", "admin", "enabled", "false", "id", "1", "email", "x@evil.example")
	a, err := w.Account(t.Context(), w.tech.ID)
	w.ok(err)
	if a.Notify != "none" || a.Role != tracker.Technician || !a.Enabled || a.Email != w.tech.Email {
		t.Fatalf("the account is now %+v", a)
	}
	admin := w.session(w.admin)
	admin.post("/settings", "look.company", "Aldermere", "setup.code_hash", "x", "site.public_url", "https://evil.example", "mail.ack", "on")
	if v, _ := w.Setting(t.Context(), tracker.SetPublicURL); v != "" {
		t.Fatalf("the settings page set the public URL to %q", v)
	}
	if v, _ := w.Setting(t.Context(), tracker.SetCompany); v != "Aldermere" {
		t.Fatalf("the company is %q", v)
	}
}

func TestAStaleEditShowsBothTexts(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	v := fmt.Sprint(w.version("ticket", 4))
	if res := b.post("/tickets/4/subject", "version", v, "subject", "Printer on floor 2: blank pages"); res.Code != http.StatusSeeOther {
		t.Fatalf("the first edit: %d", res.Code)
	}
	res := b.post("/tickets/4/subject", "version", v, "subject", "The second floor's printer")
	body := res.Body.String()
	if res.Code != http.StatusConflict || !strings.Contains(body, "Printer on floor 2: blank pages") || !strings.Contains(body, "The second floor&#39;s printer") {
		t.Fatalf("the second edit: %d %s", res.Code, body)
	}
	now := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body)
	if res := b.post("/tickets/4/subject", "version", now[1], "subject", "The second floor's printer"); res.Code != http.StatusSeeOther {
		t.Fatalf("using one's own text: %d", res.Code)
	}
	p := w.version("client", 1)
	b.post("/people/1", "version", fmt.Sprint(p), "name", "Oskar Nilsen", "department", "Reception")
	res = b.post("/people/1", "version", fmt.Sprint(p), "name", "Oskar Nilsen", "department", "Front desk")
	if res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), "Reception") || !strings.Contains(res.Body.String(), "Front desk") {
		t.Fatalf("a stale edit of a person: %d", res.Code)
	}
}

func TestNothingTypedIsLost(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	text := "Dear Chloé, a long answer <b>with</b> markup."
	kept := "Dear Chloé, a long answer &lt;b&gt;with&lt;/b&gt; markup."
	// The client wrote meanwhile.
	b := w.session(w.tech)
	if res := b.post("/tickets/7/reply", "text", text, "seen", "1"); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), kept) {
		t.Errorf("after a conflict: %d, kept: %v", res.Code, strings.Contains(res.Body.String(), kept))
	}
	// The session ended.
	out := &browse{w: w}
	if res := out.post("/tickets/7/reply", "text", text); res.Code != http.StatusUnauthorized || !strings.Contains(res.Body.String(), kept) {
		t.Errorf("after the session: %d", res.Code)
	}
	// The ticket is archived.
	w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE ticket SET archived_at = 1, closed_at = 1, stage = 'completed' WHERE number = 1`)
		return err
	}))
	if res := b.post("/tickets/1/note", "text", text); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), kept) {
		t.Errorf("on an archived ticket: %d, kept: %v", res.Code, strings.Contains(res.Body.String(), kept))
	}
	// A fix without its version.
	if res := b.post("/tickets/4/fix", "fix", text); !strings.Contains(res.Body.String(), kept) {
		t.Errorf("after a damaged form: %d", res.Code)
	}
	// Passwords are not shown again.
	if res := out.post("/account/password", "new", "secret secret secret"); strings.Contains(res.Body.String(), "secret secret") {
		t.Error("a password is shown")
	}
}

// TestEveryPageWithHostileWords renders every page with a 200-character name
// and markup in names, subjects, texts, files and answers.
func TestEveryPageWithHostileWords(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}'`
		o, _ := w.arrives(letter{name: evil, address: "evil@aldermere.example", subject: evil, text: evil, quoted: evil, html: "<p>" + evil + "</p>",
			files: []file{{name: evil + ".png", contentType: "image/png", data: picture(4, 4)}, {name: evil, contentType: "text/html", data: []byte(evil)}},
			form:  &tracker.Form{Source: "plain", Requester: tracker.Address{Name: evil, Address: "evil@aldermere.example"}, Subject: evil, Answers: []tracker.Answer{{Question: evil, Answer: evil, Files: []tracker.AnswerFile{{Name: evil, Link: "javascript:alert(1)"}}}}}})
		number := strings.TrimPrefix(o.Ticket, "HD-")
		b := w.session(w.admin)
		b.post("/tickets/"+number+"/note", "text", evil)
		w.arrives(letter{name: evil, address: "spoofed@aldermere.example", subject: evil, text: evil, stranger: true})
		long := strings.Repeat("W", 200)
		b.post("/accounts", "name", long, "email", "long@aldermere.example", "role", "technician", "password", testPassword)
		client := w.count(`SELECT client_id FROM ticket WHERE number = ` + number)
		for _, path := range []string{"/board", "/board?closed=1&who=me", "/tickets", "/tickets?q=" + "%3Cscript%3E", "/tickets/" + number, "/tickets/" + number + "?do=fix&then=completed", "/tickets/9", "/tickets/new?for=%22%3E%3Cscript%3E",
			"/held", "/people", "/people?q=%3Cscript%3E", fmt.Sprintf("/people/%d", client), "/search?q=%22%3E%3Cscript%3Ealert(1)", "/mail", "/mail?show=new", "/mail?show=quarantine", "/mail?show=out-queued", "/mail/quarantine/1", "/accounts", "/account", "/settings", "/requests"} {
			res := b.get(path)
			body := res.Body.String()
			if res.Code != http.StatusOK {
				t.Errorf("%s: %d", path, res.Code)
			}
			if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") || regexp.MustCompile(`(?i)href="\s*javascript:`).MatchString(body) {
				t.Errorf("%s: markup came through", path)
			}
			if m := regexp.MustCompile(`(?i)\s(on[a-z]+|style|hx-on[^=]*)="`).FindString(stripText(body)); m != "" {
				t.Errorf("%s: there is an inline %s", path, m)
			}
			if strings.Contains(body, "js:") && strings.Contains(body, "hx-vals") {
				t.Errorf("%s evaluates scripts", path)
			}
			if m := regexp.MustCompile(`>([a-z]+\.[a-z_.]+[a-z])<`).FindStringSubmatch(body); m != nil && m[1] != "invoice.html" {
				t.Errorf("%s shows the key %s instead of words", path, m[1])
			}
		}
	})
}

// stripText leaves only the tags that our templates wrote.
func stripText(body string) string {
	return strings.Join(regexp.MustCompile(`<[a-z][^<>]*>`).FindAllString(body, -1), "\n")
}

// TestEveryWordIsInTheCatalogue looks for the keys in the sources.
func TestEveryWordIsInTheCatalogue(t *testing.T) {
	w, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`(?:\bt|say\(|flash\(r,|mend\(w, r,) ?"([a-z][a-z_.0-9]+[a-z0-9])"[),} ]`)
	files, _ := filepath.Glob("*.go")
	for _, g := range []string{"templates/*.html", "templates/parts/*.html"} {
		more, _ := filepath.Glob(g)
		files = append(files, more...)
	}
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(b), -1) {
			n++
			if !w.has(m[1]) {
				t.Errorf("%s: %q is not in the catalogue", f, m[1])
			}
		}
	}
	if n < 300 {
		t.Fatalf("only %d keys found: the test looks in the wrong place", n)
	}
	for _, set := range [][]string{tracker.InboxCounts(), tracker.OutboxCounts()} {
		for _, what := range set {
			if !w.has("fate."+what) && !w.has("outbox."+what) {
				t.Errorf("there is no word for %q", what)
			}
		}
	}
	for _, r := range tracker.Roles() {
		if !w.has("role." + string(r)) {
			t.Errorf("there is no word for the role %q", r)
		}
	}
}

func TestWordForms(t *testing.T) {
	w := words{"n": "one mail | {0} mails", "two": "{1} before {0}"}
	for got, want := range map[string]string{w.say("n", 1): "one mail", w.say("n", 0): "0 mails", w.say("n", int64(1)): "one mail", w.say("two", "a", "b"): "b before a", w.say("none"): "none"} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

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

func TestClientIP(t *testing.T) {
	s := &site{opts: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"}, // not a proxy: not believed
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.1", "198.51.100.1"}, // what the client wrote itself
		{"10.0.0.1:1", "198.51.100.1, 10.0.0.7", "198.51.100.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "junk", "10.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.clientIP(r); got != c.want {
			t.Errorf("from %s forwarded %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
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
	if res := b.get("/healthz"); res.Code != http.StatusServiceUnavailable {
		t.Fatalf("without a database: %d", res.Code)
	}
}

func TestTooLargeForms(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	if res := b.post("/tickets/4/note", "text", strings.Repeat("x", formLimit+10)); res.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("a form of more than a megabyte: %d", res.Code)
	}
}

func TestRelativeTimes(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	words, _ := loadWords("en")
	s := &site{store: w.Store, words: words}
	now := w.Now()
	for ago, want := range map[time.Duration]string{time.Second: "just now", time.Minute + time.Second: "a minute ago", 5 * time.Minute: "5 minutes ago", 61 * time.Minute: "an hour ago", 25 * time.Hour: "yesterday", 73 * time.Hour: "3 days ago"} {
		if got := s.relative(now.Add(-ago)); got != want {
			t.Errorf("%v ago reads %q, want %q", ago, got, want)
		}
	}
	if got := string(s.when(migrations.Stamp(0))); got != "" {
		t.Errorf("never reads %q", got)
	}
}
