package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/tickets/{number}/delete", "/tickets/1/delete") && example("/people/{id}/erase", "/people/1/erase")

// TestDeletingExportingErasing: by administrators only, confirmed by typing,
// and told in words afterwards.
func TestDeletingExportingErasing(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		id := w.client("Hana Sato")
		var address string
		w.ok(w.DB().Get(t.Context(), &address, `SELECT MIN(address) FROM client_address WHERE client_id = ?`, id))
		var number int64
		w.ok(w.DB().Get(t.Context(), &number, `SELECT MIN(number) FROM ticket WHERE client_id <> ?`, id))
		ticket, person := fmt.Sprintf("/tickets/%d", number), fmt.Sprintf("/people/%d", id)
		if res := w.session(w.tech).get(ticket + "/delete"); res.Code != http.StatusForbidden {
			t.Errorf("a technician got %d", res.Code)
		}
		b := w.session(w.admin)
		wantPage(t, b, ticket, ticket+"/delete")
		for _, typed := range []string{"", "HD-0", "HD-99999"} {
			if res := b.post(ticket+"/delete", "reason", "a test", "number", typed); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `value="a test"`) {
				t.Errorf("typed %q: %d", typed, res.Code)
			}
		}
		if res := b.post(ticket+"/delete", "reason", " ", "number", fmt.Sprintf("HD-%d", number)); res.Code != http.StatusUnprocessableEntity {
			t.Errorf("without a reason: %d", res.Code)
		}
		if res := b.post(ticket+"/keep", "keep", "1"); res.Code != http.StatusSeeOther || w.count(`SELECT count(*) FROM ticket WHERE keep`) != 1 {
			t.Errorf("keeping: %d", res.Code)
		}
		if res := b.post(ticket+"/delete", "reason", "a <test>", "number", fmt.Sprintf("hd-%d", number)); res.Code != http.StatusSeeOther {
			t.Errorf("deleting: %d %s", res.Code, mainOf(res.Body.String()))
		}
		res := b.get(ticket)
		if page := mainOf(res.Body.String()); res.Code != http.StatusGone || !strings.Contains(page, "was deleted by") || !strings.Contains(page, "a &lt;test&gt;") {
			t.Errorf("the page of a deleted ticket: %d %s", res.Code, page)
		}

		wantPage(t, b, person, person+"/erase")
		wantPage(t, b, person, person+"/erase")
		if n := w.count(`SELECT count(*) FROM event WHERE kind = 'looked' AND subject = 'client'`); n != 1 {
			t.Errorf("looking at a person twice a day is %d events", n)
		}
		res = b.post(person + "/export")
		if res.Code != http.StatusOK || res.Header().Get("Content-Type") != "application/zip" || !strings.HasPrefix(res.Body.String(), "PK") {
			t.Errorf("the export: %d %v", res.Code, res.Header())
		}
		if res := b.post(person+"/erase", "address", "x", "tickets", "keep"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `value="keep" checked`) {
			t.Errorf("erasing without typing: %d", res.Code)
		}
		if res := b.post(person+"/erase", "address", strings.ToUpper(address), "tickets", "delete"); res.Code != http.StatusSeeOther {
			t.Errorf("erasing: %d %s", res.Code, mainOf(res.Body.String()))
		}
		if n := w.count(`SELECT count(*) FROM client WHERE name = 'Hana Sato'`); n != 0 {
			t.Error("she is still there")
		}
		res = b.get(person)
		if page := mainOf(res.Body.String()); res.Code != http.StatusOK || strings.Contains(page, address) || !strings.Contains(page, "This person was erased by "+w.admin.Name) || strings.Contains(page, "<form") {
			t.Errorf("the page of an erased person: %d %s", res.Code, page)
		}
		if res := b.get(person + "/erase"); res.Code != http.StatusSeeOther || res.Header().Get("Location") != person {
			t.Errorf("the page to erase an erased person: %d", res.Code)
		}
		for path, values := range map[string][]string{person + "/erase": {"address", address}, person + "/export": nil} {
			if res := b.post(path, values...); res.Code != http.StatusNotFound {
				t.Errorf("%s of an erased person: %d", path, res.Code)
			}
		}
		if res := b.post(person, "version", fmt.Sprint(w.version("client", id)), "name", "Hana Sato"); res.Code != http.StatusUnprocessableEntity {
			t.Errorf("naming an erased person: %d", res.Code)
		}
		_, err := w.IndexPending(t.Context(), nil)
		w.ok(err)
		for _, path := range []string{"/people", "/people?q=erased", "/pick?kind=person&q=erased", "/pick?kind=any&q=erased", "/search?q=erased"} {
			if page := mainOf(b.get(path).Body.String()); strings.Contains(page, tracker.Erased) || strings.Contains(page, person+`"`) {
				t.Errorf("%s finds an erased person: %s", path, page)
			}
		}
		page := mainOf(b.get("/audit").Body.String())
		for _, said := range []string{"looked at the data of", "exported all that is known of", "began to erase", "> erased <"} {
			if !strings.Contains(strings.ReplaceAll(page, w.admin.Name+" ", "> "), said) && !strings.Contains(page, said) {
				t.Errorf("the audit does not say %q", said)
			}
		}
	})
}

// erasing makes a person one who is being erased.
func (w *world) erasing(id int64) {
	w.t.Helper()
	w.ok(w.DB().Tx(w.t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(w.t.Context(), `INSERT INTO erasure (uid, client_id, addresses, keep, account_id, begun_at, step, steps) VALUES ('e', ?, '', FALSE, ?, ?, 3, 8)`, id, w.admin.ID, migrations.At(w.Now()))
		return err
	}))
}

// TestAnErasureInHandIsNotBegunTwice: pressed twice, it shows how far it is.
func TestAnErasureInHandIsNotBegunTwice(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		id := w.client("Hana Sato")
		person := fmt.Sprintf("/people/%d", id)
		w.erasing(id)
		b := w.session(w.admin)
		if page := mainOf(b.get(person + "/erase").Body.String()); !strings.Contains(page, "3 of 8 steps are done. Begun by "+w.admin.Name) || !strings.Contains(page, `hx-trigger="every 2s"`) {
			t.Errorf("it does not say how far it is: %s", page)
		}
		if page := b.get(person + "/erase").Body.String(); !strings.Contains(page, `<noscript><meta http-equiv="refresh"`) {
			t.Error("without JavaScript it stands still")
		}
		if page := mainOf(b.get(person).Body.String()); !strings.Contains(page, "is being erased") || strings.Contains(page, "Export or erase") {
			t.Errorf("her page: %s", page)
		}
		if res := b.post(person+"/erase", "address", "x"); res.Code != http.StatusSeeOther || res.Header().Get("Location") != person+"/erase" {
			t.Errorf("pressed twice: %d %s", res.Code, res.Header().Get("Location"))
		}
		if n := w.count(`SELECT count(*) FROM erasure`); n != 1 {
			t.Errorf("%d erasures", n)
		}
	})
}

// TestTheErasingPageGoesOnByItself: by polling, until it is done.
func TestTheErasingPageGoesOnByItself(t *testing.T) {
	browser := openBrowser(t)
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	id := w.client("Hana Sato")
	w.erasing(id)
	srv := httptest.NewServer(w.site)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	p := openPage(t, browser, 390, 844)
	signedIn(t, browser, srv.URL, w.session(w.admin), true)
	source, err := os.ReadFile("testdata/axe/axe.min.js")
	w.ok(err)
	p.MustEvalOnNewDocument(string(source))
	page := screen{path: "/people/{id}/erase", address: fmt.Sprintf("/people/%d/erase", id), need: tracker.EraseData}
	lookOver(t, p, srv.URL, page)
	p.MustNavigate(srv.URL + page.address).MustWaitLoad()
	var found []violation
	w.ok(p.MustEval(axeRun, nil).Unmarshal(&found))
	for _, v := range found {
		t.Errorf("%s: %s\n%s", v.ID, v.Help, describe(v))
	}
	for step, want := range map[string]string{`step = 5`: "5 of 8 steps"} {
		w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE erasure SET `+step)
			return err
		}))
		p.Timeout(20*time.Second).MustElementR("#erasing", want)
	}
	w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE erasure SET done_at = begun_at`)
		return err
	}))
	p.Timeout(20*time.Second).MustElementR("#erasing", "The person is erased")
}

// TestLookingAtMailIsInTheAudit: at raw mails and at files, once a day.
func TestLookingAtMailIsInTheAudit(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		var inbox int64
		w.ok(w.DB().Get(t.Context(), &inbox, `SELECT MIN(id) FROM inbox WHERE fate = 'quarantine'`))
		var uid string
		var client int64
		w.ok(w.DB().Get(t.Context(), &uid, `SELECT a.uid FROM attachment a JOIN message m ON m.id = a.message_id WHERE a.role = 'file' AND m.client_id IS NOT NULL ORDER BY a.id LIMIT 1`))
		w.ok(w.DB().Get(t.Context(), &client, `SELECT m.client_id FROM attachment a JOIN message m ON m.id = a.message_id WHERE a.uid = ?`, uid))
		b := w.session(w.admin)
		for _, path := range []string{fmt.Sprintf("/mail/quarantine/%d/raw", inbox), "/attachments/" + uid} {
			was := w.count(`SELECT count(*) FROM event WHERE kind = 'looked'`)
			for range 2 {
				if res := b.get(path); res.Code != http.StatusOK {
					t.Fatalf("%s: %d", path, res.Code)
				}
			}
			if n := w.count(`SELECT count(*) FROM event WHERE kind = 'looked'`); n != was+1 {
				t.Errorf("%s twice is %d events", path, n-was)
			}
		}
		if n := w.count(`SELECT count(*) FROM event WHERE kind = 'looked' AND subject = 'client' AND subject_id = ?`, client); n != 1 {
			t.Errorf("%d events say whose file it was", n)
		}
	})
}

// TestThePurgeIsShownBeforeItIsSet: what it would delete at once is counted,
// and only the second time it is saved.
func TestThePurgeIsShownBeforeItIsSet(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
			if _, err := tx.Exec(t.Context(), `DELETE FROM outbox`); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `UPDATE ticket SET archived_at = ? WHERE id = (SELECT MIN(id) FROM ticket)`, migrations.At(w.Now().AddDate(-5, 0, 0)))
			return err
		}))
		b := w.session(w.admin)
		var version string
		saved := func() string {
			v, err := w.Setting(t.Context(), tracker.SetPurge)
			w.ok(err)
			return v
		}
		post := func(months, seen string) *httptest.ResponseRecorder {
			version = hiddenIn(b.get("/settings/tickets").Body.String(), "version")
			return b.post("/settings/tickets", "version", version, "mail.ack", "on", "ticket.silent_days", "7", "ticket.archive_months", "2", "money.currency", "EUR", "account.notify", "mine",
				"ticket.purge_months", months, "purge_seen", seen)
		}
		res := post("12", "")
		if page := mainOf(res.Body.String()); res.Code != http.StatusOK || !strings.Contains(page, "This would delete one ticket") || !strings.Contains(page, `name="purge_seen" value="12"`) || saved() != "0" {
			t.Errorf("the preview: %d, saved %q: %s", res.Code, saved(), page)
		}
		if res := post("11", "12"); res.Code != http.StatusOK || saved() != "0" {
			t.Errorf("other months than those that were shown: %d, saved %q", res.Code, saved())
		}
		if res := post("12", "12"); res.Code != http.StatusSeeOther || saved() != "12" {
			t.Errorf("seen: %d, saved %q", res.Code, saved())
		}
		if res := post("600", ""); res.Code != http.StatusSeeOther || saved() != "600" {
			t.Errorf("months that delete nothing: %d, saved %q", res.Code, saved())
		}
	})
}
