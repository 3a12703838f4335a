package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestTicketsByName: a ticket's number works in an address as people write it.
func TestTicketsByName(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	for path, want := range map[string]string{"/tickets/HD-5": "/tickets/5", "/tickets/hd-5": "/tickets/5", "/tickets/HD-5?do=fix": "/tickets/5?do=fix"} {
		if res := b.get(path); res.Code != http.StatusSeeOther || res.Header().Get("Location") != want {
			t.Errorf("GET %s: %d to %q, want %s", path, res.Code, res.Header().Get("Location"), want)
		}
	}
	for _, path := range []string{"/tickets/HD-", "/tickets/HD-0", "/tickets/XY-5", "/tickets/HD-999999999999999999999"} {
		if res := b.get(path); res.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, res.Code)
		}
	}
}

// TestManagersLandOnTheirPage: whoever follows a link to the board without
// the right to it is shown their own page, not an error.
func TestManagersLandOnTheirPage(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	res := w.session(w.manager).get("/board")
	if res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/overview" {
		t.Fatalf("the board for a manager: %d to %q", res.Code, res.Header().Get("Location"))
	}
	if strings.Contains(res.Body.String(), "headset") {
		t.Fatal("the redirect carries tickets")
	}
}

func TestHeadAndWrongMethods(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	for method, want := range map[string]int{http.MethodHead: http.StatusOK, http.MethodDelete: http.StatusMethodNotAllowed} {
		if res := b.do(httptest.NewRequest(method, "/board", nil)); res.Code != want {
			t.Errorf("%s /board: %d, want %d", method, res.Code, want)
		}
	}
	if res := b.do(httptest.NewRequest(http.MethodHead, "/logout", nil)); res.Code != http.StatusMethodNotAllowed {
		t.Errorf("HEAD /logout: %d", res.Code)
	}
	if res := b.get("/account"); res.Code != http.StatusOK {
		t.Fatal("a HEAD signed out")
	}
}

// TestATicketSaysWhatIsKnown: the fix stands on the page, a suggestion only
// where there is a reason for it, and a form's answers under the person who
// gave them.
func TestATicketSaysWhatIsKnown(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.tech)
	plain, _ := w.arrives(letter{name: "Ben Achebe", address: "ben.achebe@aldermere.example", subject: "A question", text: "Where is the toner?"})
	page := b.get("/tickets/" + strings.TrimPrefix(plain.Ticket, "HD-")).Body.String()
	if strings.Contains(page, `class="suggest"`) {
		t.Error("a priority is suggested without a reason")
	}
	if strings.Contains(page, `class="solved"`) {
		t.Error("a fix is shown where there is none")
	}
	w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE ticket SET suggested_level = 3, suggested_reason = 'asked for by high management' WHERE number = 4`)
		return err
	}))
	if page := b.get("/tickets/4").Body.String(); !strings.Contains(page, "asked for by high management") {
		t.Error("a suggestion with a reason is not shown")
	}
	_, err := w.RecordFix(t.Context(), w.tech.Actor(), 4, "Replaced the drum.", tracker.AnyVersion)
	w.ok(err)
	if page := b.get("/tickets/4").Body.String(); !strings.Contains(page, `class="solved"`) || !strings.Contains(page, "Replaced the drum.") {
		t.Error("the fix is not on the ticket's page")
	}
	page = b.get("/tickets/6").Body.String()
	if !strings.Contains(page, "<b>Liam Ortiz</b>") || !strings.Contains(page, "through flow@aldermere.example") {
		t.Error("the answers of a form are not under the name of who gave them")
	}
}

// TestAnEmptyListSaysWhy: a new desk is not told to remove filters.
func TestAnEmptyListSaysWhy(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := w.session(w.tech)
	if page := b.get("/tickets").Body.String(); !strings.Contains(page, "No tickets yet") || strings.Contains(page, "Remove a filter") {
		t.Error("a new desk's list does not say that there are no tickets yet")
	}
	if page := b.get("/tickets?star=1").Body.String(); !strings.Contains(page, "Remove a filter") {
		t.Error("a filtered list does not say that the filter is why")
	}
}

// TestAListSaysThingsOnce: a star stands in the priority's column, not beside
// the subject as well; and the way past the navigation is the first thing
// that a keyboard meets.
func TestAListSaysThingsOnce(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	_, err := w.SetPriority(t.Context(), w.tech.Actor(), 4, 3, true, tracker.AnyVersion)
	w.ok(err)
	page := w.session(w.tech).get("/tickets").Body.String()
	_, row, _ := strings.Cut(page, `<tr id="r4">`)
	row, _, _ = strings.Cut(row, "</tr>")
	if n := strings.Count(row, ">Cannot work<"); n != 1 {
		t.Errorf("the row says it %d times: %s", n, row)
	}
	first, _, _ := strings.Cut(page[strings.Index(page, "<a "):], ">")
	if !strings.Contains(first, `href="#main"`) {
		t.Errorf("the first link is %s>", first)
	}
}
