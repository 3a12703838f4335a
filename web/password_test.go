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

// mailed plays the mailer for the account mail that waits for an address, and
// returns the token of its link.
func (w *world) mailed(address string) string {
	w.t.Helper()
	l, err := w.Acquire(w.t.Context(), "outbox")
	w.ok(err)
	defer l.Release(w.t.Context())
	items, err := w.DueOutbox(w.t.Context(), l, 50)
	w.ok(err)
	for _, it := range items {
		if it.Kind == tracker.MailAccount && it.ToAddress == address {
			token, _ := tracker.NewToken()
			w.ok(w.Rendered(w.t.Context(), l, it.ID, tracker.Rendered{Bytes: []byte(token), MailID: token[:8] + "@aldermere.example", Token: token}))
			return token
		}
	}
	w.t.Fatalf("no mail to %s waits", address)
	return ""
}

var shownLink = regexp.MustCompile(`/choose-password\?t=([a-z2-7]{26})`)

func TestInviteAColleague(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		admin := w.session(w.admin)
		if res := admin.post("/accounts", "name", "", "email", "nora@aldermere.example", "role", "technician"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `value="nora@aldermere.example"`) {
			t.Fatalf("no name: %d", res.Code)
		}
		for field, pairs := range map[string][]string{"name": {"name", "", "email", "nora@aldermere.example"}, "email": {"name", "Nora Lind", "email", ""}} {
			if body := admin.post("/accounts", append(pairs, "role", "technician")...).Body.String(); !strings.Contains(body, `id="`+field+`-error"`) {
				t.Errorf("the page does not say at the field that there is no %s", field)
			}
		}
		if body := admin.post("/tickets", "subject", " ").Body.String(); !strings.Contains(body, `id="subject-error"`) {
			t.Error("a new ticket's page does not say at the field that there is no subject")
		}
		if res := admin.post("/accounts", "name", "Nora Lind", "email", "nora@aldermere.example", "role", "technician"); res.Code != http.StatusSeeOther {
			t.Fatalf("invite: %d %s", res.Code, res.Body)
		}
		if body := admin.get("/accounts").Body.String(); !strings.Contains(body, "A mail is on its way") {
			t.Fatal("the list does not say that a mail is on its way")
		}
		token := w.mailed("nora@aldermere.example")
		if body := admin.get("/accounts").Body.String(); strings.Contains(body, token) {
			t.Fatal("a page shows the token")
		}
		nora := &browse{w: w}
		for range 2 {
			res := nora.get("/choose-password?t=" + token)
			if res.Code != http.StatusOK || !strings.Contains(res.Body.String(), "Welcome, Nora Lind") || res.Header().Get("Referrer-Policy") != "strict-origin" || res.Header().Get("Cache-Control") != "no-store" {
				t.Fatalf("the link: %d %v", res.Code, res.Header())
			}
		}
		if res := nora.post("/choose-password", "t", token, "password", "short"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "at least 10") {
			t.Fatalf("a short password: %d", res.Code)
		}
		if res := nora.post("/choose-password", "t", token, "password", "nine slow bicycles", "next", "https://evil.example/"); res.Header().Get("Location") != "/" {
			t.Fatalf("after choosing: %d %q", res.Code, res.Header().Get("Location"))
		}
		if res := nora.get("/board"); res.Code != http.StatusOK {
			t.Fatalf("she is not signed in: %d", res.Code)
		}
		again := &browse{w: w}
		if res := again.post("/choose-password", "t", token, "password", "nine slow bicycles"); res.Code != http.StatusGone {
			t.Fatalf("the link works twice: %d", res.Code)
		}
		if res := again.get("/board"); res.Code == http.StatusOK {
			t.Fatal("a used link signs in")
		}
	})
}

func TestForgottenPassword(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := &browse{w: w}
		if !strings.Contains(b.get("/login").Body.String(), `href="/forgot"`) {
			t.Fatal("the sign-in page does not lead there")
		}
		known := b.post("/forgot", "email", w.tech.Email)
		unknown := b.post("/forgot", "email", "nobody@aldermere.example")
		if known.Code != http.StatusOK || known.Body.String() != unknown.Body.String() {
			t.Fatal("the answer tells whether an address has an account")
		}
		signedIn := w.session(w.tech)
		token := w.mailed(w.tech.Email)
		// Somebody else's session changes nothing about whose link it is.
		other := w.session(w.manager)
		if body := other.get("/choose-password?t=" + token).Body.String(); !strings.Contains(body, "Mara Lund is signed in") || !strings.Contains(body, w.tech.Email) {
			t.Fatal("the page does not say who is signed in")
		}
		if res := other.post("/choose-password", "t", token, "password", "nine slow bicycles"); res.Code != http.StatusSeeOther {
			t.Fatalf("choose: %d", res.Code)
		}
		if res := other.get("/accounts"); res.Code != http.StatusForbidden || !strings.Contains(other.get("/account").Body.String(), w.tech.Email) {
			t.Fatal("not signed in as the owner of the link")
		}
		if res := signedIn.get("/board"); res.Code != http.StatusSeeOther {
			t.Fatal("an older session lives on")
		}
		if n := w.count(`SELECT count(*) FROM outbox WHERE kind = 'account' AND detail LIKE '%changed%' AND to_address = ?`, w.tech.Email); n != 1 {
			t.Fatalf("the owner is told %d times", n)
		}
	})
}

func TestForgottenPasswordIsThrottled(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := &browse{w: w}
	for range 30 {
		if res := b.post("/forgot", "email", "nobody@aldermere.example"); res.Code == http.StatusTooManyRequests {
			if !strings.Contains(res.Body.String(), "Too many tries") {
				t.Fatal("it does not say why")
			}
			return
		}
	}
	t.Fatal("one may ask for ever")
}

func TestLinksShownToHandOver(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.SetAccountMailbox(0)
		admin := w.session(w.admin)
		if body := (&browse{w: w}).get("/forgot").Body.String(); strings.Contains(body, "<form") {
			t.Fatal("a mail is promised that can not be sent")
		}
		res := admin.post("/accounts", "name", "Nora Lind", "email", "nora@aldermere.example", "role", "technician")
		found := shownLink.FindStringSubmatch(res.Body.String())
		if res.Code != http.StatusOK || found == nil || res.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("the link is not shown: %d", res.Code)
		}
		if res := (&browse{w: w}).post("/choose-password", "t", found[1], "password", "nine slow bicycles"); res.Code != http.StatusSeeOther {
			t.Fatalf("the link: %d", res.Code)
		}
		// Only administrators make links, and only for accounts that are there.
		id := w.count(`SELECT id FROM account WHERE email = 'nora@aldermere.example'`)
		tech := w.session(w.tech)
		for _, act := range []string{"link", "show-link", "withdraw"} {
			if res := tech.post(fmt.Sprintf("/accounts/%d/%s", id, act), "version", "1"); res.Code != http.StatusForbidden {
				t.Errorf("a technician may %s: %d", act, res.Code)
			}
			if res := admin.get(fmt.Sprintf("/accounts/%d/%s", id, act)); res.Code != http.StatusMethodNotAllowed {
				t.Errorf("GET %s: %d", act, res.Code)
			}
		}
	})
}

func TestAPersonsAccountPage(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		admin := w.session(w.admin)
		path := fmt.Sprintf("/accounts/%d", w.tech.ID)
		version := fmt.Sprint(w.version("account", w.tech.ID))
		if res := admin.post(path, "version", version, "name", "Tomas R.", "email", "not an address", "role", "technician"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "Tomas R.") {
			t.Fatalf("a wrong address: %d", res.Code)
		}
		if res := admin.post(path, "version", version, "name", "Tomas R.", "email", w.tech.Email, "role", "technician"); res.Code != http.StatusSeeOther {
			t.Fatalf("rename: %d %s", res.Code, res.Body)
		}
		stale := admin.post(path, "version", version, "name", "Tom", "email", w.tech.Email, "role", "technician")
		if body := stale.Body.String(); stale.Code != http.StatusConflict || !strings.Contains(body, "Tomas R.") || !strings.Contains(body, "Tom</textarea>") {
			t.Fatalf("a stale edit: %d", stale.Code)
		}
		if res := admin.post(path+"/link", "version", version); res.Code != http.StatusSeeOther {
			t.Fatalf("send a link: %d", res.Code)
		}
		token := w.mailed(w.tech.Email)
		if res := admin.post(path+"/withdraw", "version", version); res.Code != http.StatusSeeOther {
			t.Fatalf("withdraw: %d", res.Code)
		}
		if res := (&browse{w: w}).get("/choose-password?t=" + token); res.Code != http.StatusGone {
			t.Fatalf("a withdrawn link: %d", res.Code)
		}
		if w.count(`SELECT count(*) FROM account WHERE id = ? AND enabled`, w.tech.ID) != 1 {
			t.Fatal("withdrawing a reset disabled the account")
		}
	})
}

// TestInviteInABrowser is the whole way at three widths.
func TestInviteInABrowser(t *testing.T) {
	for _, size := range [][2]int{{1440, 900}, {820, 1180}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			w := d.w
			d.become(w.session(w.admin))
			d.open("/accounts")
			d.MustElement("#name").MustInput("Nora Lind")
			d.MustElement("#email").MustInput("nora@aldermere.example")
			d.sees("#invite button", "Invite").MustClick()
			d.sees(".flash", "on its way to Nora Lind")
			d.become(&browse{w: w})
			d.open("/choose-password?t=" + w.mailed("nora@aldermere.example"))
			d.sees("h1", "Welcome, Nora Lind")
			d.MustElement("#password").MustInput("nine slow bicycles")
			d.sees("button", "Save and sign in").MustClick()
			d.MustElement("#board")
			// She forgets it.
			d.become(&browse{w: w})
			d.open("/login")
			d.sees("a", "Forgot your password").MustClick()
			d.MustElement("#email").MustInput("nora@aldermere.example")
			d.sees("button", "Send the mail").MustClick()
			d.sees("p", "If this address may sign in")
			d.open("/choose-password?t=" + w.mailed("nora@aldermere.example"))
			d.MustElement("#password").MustInput("ten slower bicycles")
			d.sees("button", "Save and sign in").MustClick()
			d.MustElement("#board")
			if _, err := w.CheckPassword(t.Context(), "nora@aldermere.example", "ten slower bicycles", "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// become has the browser hold another client's session.
func (d *drive) become(b *browse) {
	d.t.Helper()
	signedIn(d.t, d.Browser(), d.url, b, b.cookie != nil)
}
