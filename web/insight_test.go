package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/trends", "/trends", "/trends?months=24", "/trends?from=2001-01&to=2001-02") && example("/overview", "/overview")

// TestManagersReadANote: the page for managers says whom something stops, what
// was solved and why and what comes back; no numbers of tickets, no words of
// mails, and no names where the setting says so.
func TestManagersReadANote(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		// At noon of the day before, whatever the hour is now.
		y, mo, day := w.Now().Date()
		w.ago(w.Now().Sub(time.Date(y, mo, day-1, 12, 0, 0, 0, w.Now().Location())))
		open := func(name, subject, secret string, category int64) tracker.Ticket {
			t.Helper()
			x, err := w.OpenTicket(ctx, w.tech.Actor(), tracker.NewTicket{Subject: subject, Text: secret, Via: tracker.NotePhone, CategoryID: category,
				Requester: tracker.Address{Name: name, Address: strings.ToLower(strings.Fields(name)[0]) + "@aldermere.example"}})
			w.ok(err)
			return x
		}
		grave := open("Anna Kovač", "Accounting database cannot be reached", "my password is hunter2", 2)
		_, err := w.SetPriority(ctx, w.tech.Actor(), grave.Number, 3, true, tracker.AnyVersion)
		w.ok(err)
		dep := "Finance"
		_, err = w.UpdateClient(ctx, w.tech.Actor(), grave.ClientID, tracker.ClientChange{Department: &dep}, tracker.AnyVersion)
		w.ok(err)
		for _, who := range []string{"Bert Adler", "Carla Moss", "Dora Lind"} {
			open(who, "Paper jam on floor two", "jammed", 5)
		}
		done := open("Emil Stern", "No sound", "quiet", 7)
		w.ago(0)
		_, err = w.SetStage(ctx, w.tech.Actor(), done.Number, tracker.StageChange{Stage: tracker.Completed, Fix: "Turned the secret knob", Summary: "The loudspeaker was switched off by the cleaners"}, tracker.AnyVersion)
		w.ok(err)

		m := w.session(w.manager)
		if res := m.get("/"); res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/overview" {
			t.Fatalf("a manager's day begins at %q", res.Header().Get("Location"))
		}
		res := m.get("/overview")
		page := mainOf(res.Body.String())
		for _, want := range []string{"Right now one problem keeps somebody", "Anna Kovač (Finance) has been held up since yesterday:", "Accounting database cannot be reached", "most urgent",
			"The loudspeaker was switched off by the cleaners", "“Paper jam on floor two” and the like came 3 times in the last 90 days, from 3 people (Printing).", "Half of the people had a first answer within"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q: %s", want, page)
			}
		}
		for _, never := range []string{"hunter2", "secret knob", "HD-", "/tickets/", "ticket", "In progress", "Requested"} {
			if strings.Contains(page, never) {
				t.Errorf("the page for managers holds %q", never)
			}
		}
		w.ok(w.SetSetting(ctx, w.admin.Actor(), tracker.SetManagerNames, "off"))
		for _, path := range []string{"/overview", "/requests"} {
			page := mainOf(m.get(path).Body.String())
			if strings.Contains(page, "Kovač") || strings.Contains(page, "Bert") || !strings.Contains(page, "Somebody in Finance") {
				t.Errorf("%s names people: %s", path, page)
			}
		}
		if staff := w.session(w.tech).get("/overview").Body.String(); !strings.Contains(staff, `href="/trends"`) {
			t.Error("staff can not go on to the trends")
		}
		month := time.Now().UTC().AddDate(0, -1, 1-time.Now().UTC().Day()).Format("2006-01")
		if res := m.get("/overview?month=" + month); res.Code != http.StatusOK || strings.Contains(res.Body.String(), "held up") {
			t.Errorf("the month before: %d", res.Code)
		}
		for _, path := range []string{"/overview?month=x", "/overview?month=2999-01", "/overview?month=0001-01"} {
			if res := m.get(path); res.Code != http.StatusNotFound {
				t.Errorf("%s: %d", path, res.Code)
			}
		}

		// What recurs: on its ticket, and one press looks for the cause.
		b := w.session(w.tech)
		ticket := b.get("/tickets/2").Body.String()
		key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(ticket)
		if key == nil || !strings.Contains(ticket, "“Paper jam on floor two” and the like came 3 times") {
			t.Fatalf("the ticket says nothing of what recurs: %s", mainOf(ticket))
		}
		mails := w.count(`SELECT count(*) FROM outbox`)
		if res := b.post("/recurring/dismiss", "key", key[1], "back", "/tickets/2"); res.Code != http.StatusSeeOther {
			t.Fatalf("set aside: %d", res.Code)
		}
		if strings.Contains(b.get("/tickets/2").Body.String(), `id="recurring"`) {
			t.Error("what was set aside is shown")
		}
		if res := b.post("/recurring/undismiss", "key", key[1], "back", "/tickets/2"); res.Code != http.StatusSeeOther {
			t.Fatalf("back: %d", res.Code)
		}
		if n := w.count(`SELECT count(*) FROM recurrence`); n != 0 {
			t.Fatalf("%d decisions are left", n)
		}
		wantWords(t, "/audit", w.session(w.admin).get("/audit").Body.String(), "Tomas Rehak set aside that", "keeps coming back", "took it back that a problem of", `href="/settings/categories"`)
		to := b.post("/recurring/root", "key", key[1]).Header().Get("Location")
		if again := b.post("/recurring/root", "key", key[1]).Header().Get("Location"); to != "/tickets/6" || again != to {
			t.Fatalf("the root-cause ticket is %q, then %q", to, again)
		}
		root := b.get(to).Body.String()
		if !strings.Contains(root, "Find the cause: “paper jam floor two” keeps coming back") || strings.Contains(root, "Bert Adler wrote") || w.count(`SELECT count(*) FROM outbox`) != mails {
			t.Errorf("the root-cause ticket: %s", mainOf(root))
		}
		if page := b.get("/tickets/3").Body.String(); !strings.Contains(page, "Its cause is being looked for:") || strings.Contains(page, "/recurring/root") {
			t.Error("a root-cause ticket is suggested again")
		}
		if res := b.post("/recurring/root", "key", "words:5:nothing"); res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/trends" {
			t.Errorf("what does not recur: %d", res.Code)
		}
	})
}
