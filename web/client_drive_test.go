package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestDriveTheEmployeesPage goes an employee's whole way on a telephone, with
// and without scripts: from the button in the confirming mail over "still
// broken", a word more and "yes" to how it was and the list of all requests.
func TestDriveTheEmployeesPage(t *testing.T) {
	driveEmployee(t)
}

func driveEmployee(t *testing.T) {
	b := openBrowser(t)
	w := newWorld(t, dbtest.Open(t, usual))
	w.story()
	w.ok(w.SetSetting(t.Context(), w.admin.Actor(), tracker.SetSatisfaction, "on"))
	plain := false
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if plain {
			withoutScripts(w.site, rw, r)
			return
		}
		w.site.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	for _, plain = range []bool{false, true} {
		name := "client"
		if plain {
			name = "plain"
		}
		number, page := w.asked(letter{name: "Anna Kovac", address: name + "@aldermere.example", subject: "The big printer on the second floor prints only the upper half of every page",
			text: "Hello,\n\nsince this morning it prints only half pages, from Word and from the browser.\n\nThe offers must go out at noon.\nAnna", files: []file{{"half page.txt", "text/plain", "", []byte("half")}}})
		p := openPage(t, b.MustIncognito(), 390, 844)
		shot := func(as string) {
			if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" {
				all := p.Context(context.Background()).Timeout(20 * time.Second)
				all.MustScreenshotFullPage(filepath.Join(dir, name+"-"+as+".png"))
			}
		}
		says := func(want string) {
			t.Helper()
			if text := p.MustElement("main").MustText(); !strings.Contains(text, want) {
				t.Fatalf("%s: no %q in %s", name, want, text)
			}
		}
		press := func(words string) {
			t.Helper()
			wait := p.MustWaitNavigation()
			p.MustElementR("button", words).MustClick()
			wait()
			p.MustWaitLoad()
		}
		at := func(address string) {
			t.Helper()
			p.MustNavigate(srv.URL + address).MustWaitLoad()
		}

		at(page)
		says("Your turn to check")
		shot("confirming")
		if strings.Contains(p.MustElement("main").MustText(), "time.now") {
			t.Fatal("a time is a key of the catalogue")
		}
		if wide := p.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); wide > 0 {
			t.Fatalf("%s: %d px too wide", name, wide)
		}
		at(page + "?solved=no")
		w.stage(number, tracker.Confirming) // looking answers nothing
		shot("no")
		p.MustElement("#why").MustInput("Page two is blank.")
		press("still broken")
		says("Thank you for telling us")
		says("Page two is blank.")
		w.stage(number, tracker.Requested)
		says("Does it happen again when you try again?")
		shot("asked")
		p.MustElement("#answer_repeat").MustInput("Yes, with every page.")
		p.MustElement("#text").MustInput("Only on Mondays.")
		press("Send the answers")
		says("Thank you for your answers")
		says("Yes, with every page.")
		says("Only on Mondays.")
		if k := w.facts(t, number); k[tracker.FactRepeat].Value != "Yes, with every page." || k[tracker.FactEffect].Value != "" {
			t.Fatalf("%s: filled in %+v", name, k)
		}
		if p.MustHas("#answer_repeat") || !p.MustHas("#answer_effect") {
			t.Fatalf("%s: asks the wrong things", name)
		}
		p.MustElement("#text").MustInput("It smells, too.")
		press("^Send$")
		says("it has reached us")
		shot("said")
		_, err := w.SetStage(t.Context(), w.tech.Actor(), number, tracker.StageChange{Stage: tracker.Confirming}, tracker.AnyVersion)
		w.ok(err)
		at(page + "?solved=yes")
		shot("yes")
		press("Yes, it is fixed")
		says("The request is closed")
		w.stage(number, tracker.Completed)
		p.MustElementR(".own-scores label", "Good").MustClick()
		press("^Send$")
		says("how it was")
		shot("rated")
		p.MustElement("#text").MustInput("Thanks a lot!")
		press("thanks")
		says("stays closed")
		w.stage(number, tracker.Completed)
		p.MustElement("#text").MustInput("It burns again.")
		press("Open it again")
		says("open again")
		w.stage(number, tracker.Requested)

		wait := p.MustWaitNavigation()
		p.MustElementR("a", "other requests").MustClick()
		wait()
		p.MustElement("#email").MustInput(name + "@aldermere.example")
		shot("my")
		press("code")
		shot("code")
		p.MustElement("#code").MustInput(w.code(t))
		press("Show my requests")
		says("upper half")
		shot("list")
		wait = p.MustWaitNavigation()
		p.MustElement(".own-list a").MustClick()
		wait()
		says("It burns again.")
		at("/my")
		press("done here")
		says("e-mail address")
	}
}

// facts returns what is known of a ticket.
func (w *world) facts(t *testing.T, number int64) map[tracker.FactItem]tracker.Fact {
	t.Helper()
	x, err := w.TicketByNumber(t.Context(), number)
	w.ok(err)
	known, err := w.Facts(t.Context(), x.ID)
	w.ok(err)
	return known
}

// code has the mail that waits written, and returns the code in it.
func (w *world) code(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	l, err := w.Acquire(ctx, "outbox")
	w.ok(err)
	defer l.Release(ctx)
	items, err := w.DueOutbox(ctx, l, 500)
	w.ok(err)
	for _, it := range items {
		if it.Kind == tracker.MailCode && it.Digest == "" {
			code := tracker.NewCode()
			name, _ := tracker.NewToken()
			w.ok(w.Rendered(ctx, l, it.ID, tracker.Rendered{Bytes: []byte("code " + name), MailID: name + "@aldermere.example", Token: code}))
			return code
		}
	}
	t.Fatal("no mail with a code waits")
	return ""
}
