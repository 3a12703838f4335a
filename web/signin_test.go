package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"helpdeskd/inventory"
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
		site, err := New(store, inventory.New(store), Options{})
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
		if res := b.post("/setup", append(fields, "code", code)...); res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/settings/mailboxes" {
			t.Fatalf("the right code, and no mailbox yet: %d to %q %s", res.Code, res.Header().Get("Location"), res.Body)
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
