package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// everyWorld runs fn on a filled desk, on both engines.
func everyWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.story()
		fn(t, w)
	})
}

// tableOf returns the route table of a world's site, and checks that the
// router knows exactly these addresses.
func tableOf(t *testing.T, w *world) []route {
	t.Helper()
	s := &site{store: w.Store}
	table := s.table()
	known := map[string]bool{}
	for _, e := range table {
		known[e.method+" "+e.path] = true
	}
	walked := map[string]bool{}
	err := chi.Walk(w.site.(chi.Router), func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if !strings.HasPrefix(path, "/static/") {
			walked[method+" "+path] = true
			if !known[method+" "+path] {
				t.Errorf("%s %s is served but not in the table", method, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range known {
		if !walked[k] {
			t.Errorf("%s is in the table but not served", k)
		}
	}
	return table
}

// fill makes an address of a route's path. Things are called 1 when they are
// there, and have a number that nothing has otherwise.
func fill(path string, there bool) string {
	n := "999999"
	if there {
		n = "1"
	}
	return strings.NewReplacer("{number}", n, "{id}", n, "{uid}", "nosuchfile"+n).Replace(path)
}

func TestWhateverChangesIsAPost(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	for _, e := range tableOf(t, w) {
		if e.method != http.MethodGet && e.method != http.MethodPost {
			t.Errorf("%s %s: only GET and POST are used", e.method, e.path)
		}
		if e.method == http.MethodPost && e.need == tracker.ReadPlain {
			t.Errorf("%s changes something but asks only for the right to read", e.path)
		}
	}
}

func TestRoutesByRole(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	table := tableOf(t, w)
	people := map[string]*tracker.Account{"nobody": nil, "manager": &w.manager, "technician": &w.tech, "admin": &w.admin}
	for who, account := range people {
		for _, e := range table {
			if e.path == "/live" || e.path == "/logout" {
				continue // tested by themselves: one streams, one ends the session
			}
			b := &browse{w: w}
			if account != nil {
				b = w.session(*account)
			}
			path := fill(e.path, true)
			var res *httptest.ResponseRecorder
			if e.method == http.MethodGet {
				res = b.get(path)
			} else {
				res = b.post(path) // an empty form: never changes anything by itself
			}
			may := e.need == anyone || account != nil && tracker.May(*account, e.need)
			switch {
			case account == nil && e.need != anyone:
				if e.method == http.MethodGet && (res.Code != http.StatusSeeOther || !strings.HasPrefix(res.Header().Get("Location"), "/login")) {
					t.Errorf("%s %s for nobody: %d, want the sign-in page", e.method, path, res.Code)
				}
				if e.method == http.MethodPost && res.Code != http.StatusUnauthorized {
					t.Errorf("%s %s for nobody: %d, want 401", e.method, path, res.Code)
				}
			case !may && res.Code != http.StatusForbidden:
				t.Errorf("%s %s for a %s: %d, want 403", e.method, path, who, res.Code)
			case may && (res.Code == http.StatusForbidden && e.path != "/setup" || res.Code == http.StatusUnauthorized || res.Code >= 500):
				t.Errorf("%s %s for a %s: %d", e.method, path, who, res.Code)
			}
		}
	}
}

func TestCrossSiteChangesAreRefused(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	for _, e := range tableOf(t, w) {
		if e.method != http.MethodPost {
			continue
		}
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			b := w.session(w.admin)
			r := httptest.NewRequest(http.MethodPost, fill(e.path, true), strings.NewReader(form("version", "1", "stage", "dropped", "reason", "x")))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			if res := b.do(r); res.Code != http.StatusForbidden {
				t.Errorf("POST %s with %s: %s answers %d, want 403", e.path, header, value, res.Code)
			}
		}
	}
	if n := w.count(`SELECT count(*) FROM ticket WHERE stage = 'dropped'`); n != 0 {
		t.Fatal("a page of another site dropped a ticket")
	}
}

func TestUnknownThingsAreNotFound(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.admin)
	// What each form needs to get as far as looking for the thing.
	fields := []string{"version", "1", "stage", "in_progress", "priority", "2", "assignee", "0", "category", "1", "subject", "x", "address", "a@b.example",
		"text", "x", "kind", "note", "fix", "x", "then", "completed", "name", "x", "reason", "x", "password", testPassword, "role", "manager"}
	for _, e := range tableOf(t, w) {
		if !strings.Contains(e.path, "{") {
			continue
		}
		path := fill(e.path, false)
		var res *httptest.ResponseRecorder
		if e.method == http.MethodGet {
			res = b.get(path)
		} else {
			res = b.post(path, fields...)
		}
		// A mail that is not in quarantine, and one that was sent, are told as Conflict.
		conflict := strings.HasPrefix(e.path, "/mail/") && res.Code == http.StatusConflict
		if res.Code != http.StatusNotFound && !conflict {
			t.Errorf("%s %s: %d, want 404", e.method, path, res.Code)
		}
	}
	for _, path := range []string{"/tickets/0", "/tickets/-1", "/tickets/abc", "/tickets/99999999999999999999", "/people/1e3", "/nothing"} {
		if res := b.get(path); res.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, res.Code)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.admin)
	for _, path := range []string{"/login", "/board", "/tickets/7", "/nothing", "/static/app.css", "/healthz"} {
		h := b.get(path).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: the policy %q is loose", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s lacks security headers: %v", path, h)
		}
	}
	if c := w.as(w.admin).cookie[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the session cookie is %+v", c)
	}
}
