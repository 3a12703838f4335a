package web

import (
	"net/http"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// TestMyRequests: the way to the list tells nothing of who is known, its
// cookies are its own, and the list leads to one's own requests only.
func TestMyRequests(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		n, _ := w.asked(letter{name: "Anna Kovac", address: "anna.k@aldermere.example", subject: "Half pages", text: "Half."})
		other, _ := w.asked(letter{name: "Ben", address: "ben.x@aldermere.example", subject: "Whole pages", text: "Whole."})
		set := func(b *browse, cookies []*http.Cookie, name string) *http.Cookie {
			t.Helper()
			for _, c := range cookies {
				if c.Name == name && c.MaxAge > 0 {
					if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || !tracker.IsToken(c.Value) {
						t.Fatalf("cookie %+v", c)
					}
					b.cookie = []*http.Cookie{c}
					return c
				}
			}
			t.Fatalf("no cookie %s in %v", name, cookies)
			return nil
		}
		stranger := &browse{w: w}
		known, unknown := stranger.post("/my/code", "email", "anna.k@aldermere.example"), stranger.post("/my/code", "email", "nobody@aldermere.example")
		if known.Code != unknown.Code || known.Header().Get("Location") != unknown.Header().Get("Location") || known.Body.String() != unknown.Body.String() {
			t.Fatal("it tells who is known")
		}
		b := &browse{w: w}
		before := set(b, known.Result().Cookies(), myChallenge)
		shown := b.get("/my")
		c := &browse{w: w}
		set(c, unknown.Result().Cookies(), myChallenge)
		if again := c.get("/my"); again.Body.String() != shown.Body.String() || !strings.Contains(shown.Body.String(), "one-time-code") {
			t.Fatal("the next page tells who is known")
		}
		code := w.code(t)
		for _, x := range []*browse{c, stranger} { // another browser's challenge, and none
			if res := x.post("/my/enter", "code", code); res.Code != http.StatusUnprocessableEntity || len(res.Result().Cookies()) > 0 {
				t.Fatalf("elsewhere: %d", res.Code)
			}
		}
		// A session that somebody else chose is not taken up.
		fixed, _ := tracker.NewToken()
		b.cookie = append(b.cookie, &http.Cookie{Name: mySession, Value: fixed})
		res := b.post("/my/enter", "code", code)
		if after := set(b, res.Result().Cookies(), mySession); after.Value == fixed || after.Value == before.Value {
			t.Fatal("the session was chosen by somebody else")
		}
		list := b.get("/my")
		if body := list.Body.String(); !strings.Contains(body, "Half pages") || strings.Contains(body, "Whole pages") || list.Header().Get("Cache-Control") != "private, no-store" {
			t.Fatalf("%d %v %s", list.Code, list.Header(), body)
		}
		own, others := "/my/"+tracker.TicketName(n)[3:], "/my/"+tracker.TicketName(other)[3:]
		if res := b.get(own); res.Code != http.StatusOK || !strings.Contains(res.Body.String(), own+"/say") {
			t.Fatalf("one's own: %d", res.Code)
		}
		for _, x := range []struct {
			b  *browse
			to string
		}{{b, others}, {b, "/my/999999"}, {stranger, own}, {c, own}} {
			if res := x.b.get(x.to); res.Code != http.StatusNotFound || strings.Contains(res.Body.String(), " pages") {
				t.Fatalf("%s: %d", x.to, res.Code)
			}
			if res := x.b.post(x.to+"/answer", "solved", "yes"); res.Code != http.StatusNotFound {
				t.Fatalf("an answer to %s: %d", x.to, res.Code)
			}
		}
		// Another site's page has nobody send anything in this one's name.
		r := posted(own+"/answer", "application/x-www-form-urlencoded", []byte("solved=yes"))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if res := b.do(r); res.Code != http.StatusForbidden {
			t.Fatalf("from elsewhere: %d", res.Code)
		}
		w.stage(n, tracker.Confirming)
		// It is no sign-in, and a sign-in is no proof of an address.
		if res := b.get("/board"); res.Code != http.StatusSeeOther {
			t.Fatalf("the board: %d", res.Code)
		}
		if res := w.session(w.admin).get(own); res.Code != http.StatusNotFound {
			t.Fatalf("an administrator: %d", res.Code)
		}
		if res := b.post(own+"/answer", "solved", "yes"); res.Code != http.StatusSeeOther {
			t.Fatalf("yes: %d %s", res.Code, res.Body)
		}
		w.stage(n, tracker.Completed)
		b.post("/my/leave")
		if res := b.get(own); res.Code != http.StatusNotFound {
			t.Fatalf("after leaving: %d", res.Code)
		}
		if res := stranger.post("/my/code", "email", ""); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("no address: %d", res.Code)
		}
	})
}
