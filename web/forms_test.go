package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

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
	admin.post("/settings/look", "version", "0", "look.company", "Aldermere", "setup.code_hash", "x", "site.public_url", "https://evil.example", "mail.ack", "on")
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
			"/held", "/people", "/people?q=%3Cscript%3E", fmt.Sprintf("/people/%d", client), "/search?q=%22%3E%3Cscript%3Ealert(1)", "/mail", "/mail?show=new", "/mail?show=quarantine", "/mail?show=out-queued", "/mail/quarantine/1", "/accounts", "/account", "/settings/categories", "/settings/tickets", "/requests"} {
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
