package demo

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"
)

// newStage returns the pages of a company whose people have mailboxes.
func newStage(t *testing.T) (*Hub, http.Handler) {
	t.Helper()
	h, err := NewHub(Domain, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	addresses := []string{Helpdesk}
	for _, p := range append(Everybody(), Colleagues()...) {
		addresses = append(addresses, p.Address())
	}
	for _, a := range addresses {
		if _, err := h.AddAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	pages, err := NewPages(h, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h, pages
}

func get(t *testing.T, pages http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// toOne is a mail of the helpdesk to one person, with a design.
func toOne(to mail.Address) []byte {
	return fmt.Appendf(nil, "From: IT helpdesk <%s>\r\nTo: %s\r\nSubject: Your account\r\nMessage-Id: <1@desk>\r\nContent-Type: text/html\r\n\r\n<html><body><a class=\"button\" href=\"http://127.0.0.1/choose\">Choose a password</a></body></html>\r\n", Helpdesk, to.String())
}

// TestWhomTheHelpdeskWritesToIsOnThePage: an invited colleague has a mailbox,
// is in the list, and the button in the mail can be pressed.
func TestWhomTheHelpdeskWritesToIsOnThePage(t *testing.T) {
	h, pages := newStage(t)
	ctx := within(t)
	if strings.Contains(get(t, pages, "/demo").Body.String(), "Other mailboxes") {
		t.Error("others stand in the list although nobody wrote to them")
	}
	for key, name := range map[string]string{"nora.example": "Nora Example", "bruno.keller": "Bruno Keller"} {
		to := mail.Address{Name: name, Address: key + "@" + Domain}
		if err := h.Submit(ctx, Helpdesk, []string{to.Address}, toOne(to)); err != nil {
			t.Fatalf("to %s: %v", name, err)
		}
		// In this order: a colleague stands in the list while a letter is unread.
		for _, page := range []struct{ path, want string }{
			{"/demo", `href="/demo/as/` + key + `"`},
			{"/demo/as/" + key, name},
			{"/demo/as/" + key + "/letters/1", `sandbox="allow-popups allow-popups-to-escape-sandbox"`},
			{"/demo/as/" + key + "/letters/1/html", `<base target="_blank">`},
		} {
			if w := get(t, pages, page.path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), page.want) {
				t.Errorf("%s: %d without %s", page.path, w.Code, page.want)
			}
		}
		if got := get(t, pages, "/demo/as/"+key+"/letters/1/html").Header().Get("Content-Security-Policy"); !strings.Contains(got, "sandbox allow-popups allow-popups-to-escape-sandbox") {
			t.Errorf("the letter's frame: %s", got)
		}
	}
	for _, path := range []string{"/demo/as/nobody.else", "/demo/as/helpdesk"} {
		if w := get(t, pages, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestWhatIsSaidOfASentMail: only a new request is acknowledged.
func TestWhatIsSaidOfASentMail(t *testing.T) {
	h, pages := newStage(t)
	for key, want := range map[string]string{"wendy.achterberg": "joins its ticket", "tobias.okafor": "goes on to the client"} {
		to := person(key).mailbox()
		if err := h.Submit(within(t), Helpdesk, []string{to.Address}, toOne(to)); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/demo/as/"+key+"/letters/1/answer", strings.NewReader(url.Values{"text": {"Thank you."}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		page := get(t, pages, w.Header().Get("Location")).Body.String()
		if !strings.Contains(page, want) || strings.Contains(page, "acknowledgement comes") {
			t.Errorf("%s is not told that the mail %s (%d to %s)", key, want, w.Code, w.Header().Get("Location"))
		}
	}
}
