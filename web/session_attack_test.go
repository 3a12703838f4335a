package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// slowBody gives a form only after meanwhile has run, as a request does whose
// sender holds its last bytes back.
type slowBody struct {
	io.Reader
	meanwhile func()
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.meanwhile != nil {
		b.meanwhile()
		b.meanwhile = nil
	}
	return b.Reader.Read(p)
}

// TestNoSessionOutlivesItsPassword: somebody who holds another's session keeps
// a request waiting while the owner chooses a new password. The request may
// store its session afterwards; it opens nothing any more.
func TestNoSessionOutlivesItsPassword(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		thief := w.session(w.tech)
		r := httptest.NewRequest(http.MethodPost, "/account/notify", nil)
		r.Body = io.NopCloser(&slowBody{strings.NewReader(form("notify", "mine")), func() {
			w.ok(w.SetPassword(t.Context(), w.tech.Actor(), w.tech.ID, "nine violet umbrellas", ""))
		}})
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if res := thief.do(r); res.Code != http.StatusSeeOther {
			t.Fatalf("the request under way: %d", res.Code)
		}
		if res := thief.get("/account"); res.Code != http.StatusSeeOther || !strings.HasPrefix(res.Header().Get("Location"), "/login") {
			t.Errorf("the session goes on after the reset: %d", res.Code)
		}
	})
}

// TestSignInsUnderWayWithAnOldPassword: the password was right when it was
// looked at, and is another one when the session is stored.
func TestSignInsUnderWayWithAnOldPassword(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		old, err := w.Account(t.Context(), w.tech.ID)
		w.ok(err)
		late := w.session(old)
		w.ok(w.SetPassword(t.Context(), w.tech.Actor(), w.tech.ID, "nine violet umbrellas", late.cookie[0].Value))
		if res := late.get("/account"); res.Code != http.StatusSeeOther {
			t.Errorf("a session of the old password is good: %d", res.Code)
		}
	})
}

// TestWhoChangesThePasswordStaysIn: in the session that did it, and only there.
func TestWhoChangesThePasswordStaysIn(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		me, other := w.session(w.tech), w.session(w.tech)
		was := me.cookie[0].Value
		if res := me.post("/account/password", "old", testPassword, "new", "nine violet umbrellas", "again", "nine violet umbrellas"); res.Code != http.StatusSeeOther {
			t.Fatalf("change: %d %s", res.Code, res.Body)
		}
		if me.cookie[0].Value == was {
			t.Error("the session has its old id")
		}
		if res := me.get("/account"); res.Code != http.StatusOK {
			t.Errorf("who changed it was signed out: %d", res.Code)
		}
		if res := other.get("/account"); res.Code != http.StatusSeeOther {
			t.Errorf("another session goes on: %d", res.Code)
		}
	})
}

// TestForgotTellsNothingByItsTime: queueing a mail took three times as long as
// finding nobody. Both are over long before the answer is given.
func TestForgotTellsNothingByItsTime(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		nobody := &browse{w: w}
		for _, email := range []string{w.tech.Email, "nobody@aldermere.example"} {
			start := time.Now()
			if res := nobody.post("/forgot", "email", email); res.Code != http.StatusOK {
				t.Fatalf("%s: %d", email, res.Code)
			}
			if took := time.Since(start); took < forgotTakes {
				t.Errorf("%s: answered after %s", email, took)
			}
		}
		if n := w.count(`SELECT count(*) FROM outbox WHERE kind = 'account'`); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// TestNoSessionOutlivesADisabling: a request that was under way while somebody
// was shut out stores its session again; it is not good when they are let in.
func TestNoSessionOutlivesADisabling(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		enable := func(on bool) {
			_, err := w.UpdateAccount(t.Context(), w.admin.Actor(), w.tech.ID, tracker.AccountChange{Enabled: &on}, tracker.AnyVersion)
			w.ok(err)
		}
		enable(false)
		late := w.session(w.tech)
		if res := late.get("/account"); res.Code != http.StatusSeeOther {
			t.Errorf("while disabled: %d", res.Code)
		}
		late = w.session(w.tech)
		enable(true)
		if res := late.get("/account"); res.Code != http.StatusSeeOther {
			t.Errorf("enabled again: %d", res.Code)
		}
	})
}
