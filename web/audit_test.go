package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

var eventID = regexp.MustCompile(`id="e(\d+)"`)

func TestAudit(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		admin, tech := w.session(w.admin), w.session(w.tech)
		if res := tech.post("/tickets/4/stage", "version", fmt.Sprint(w.version("ticket", 4)), "stage", "in_progress"); res.Code != http.StatusSeeOther {
			t.Fatalf("stage: %d", res.Code)
		}
		admin.post("/settings/tickets", "version", "0", "mail.ack", "on", "ticket.silent_days", "9", "ticket.archive_months", "2", "money.currency", "EUR", "account.notify", "all")
		body := admin.get("/audit").Body.String()
		for _, want := range []string{
			`Tomas Rehak moved <a href="/tickets/4">HD-4</a> from Requested to In progress`,
			`Ines Holm changed the setting “<a href="/settings/tickets">Silent days before a request is closed</a>” from 7 to 9`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("the audit does not say %q", want)
			}
		}
		if res := tech.get("/audit"); res.Code != http.StatusForbidden {
			t.Errorf("a technician reads the audit: %d", res.Code)
		}
		if res := tech.get("/audit.csv"); res.Code != http.StatusForbidden {
			t.Errorf("a technician takes the audit away: %d", res.Code)
		}
		// Filters: every row fits, and all of them are there.
		for query, where := range map[string]string{
			"actor=" + w.tech.Actor().String(): fmt.Sprintf("actor = '%s'", w.tech.Actor()), "actor=system": "actor = 'system'", "about=setting": "subject = 'setting'",
			"about=ticket": "subject = 'ticket'", "kind=stage": "kind = 'stage'", "kind=changed": "kind = 'changed'", "about=ticket&kind=stage": "subject = 'ticket' AND kind = 'stage'",
			"kind=nothing": "kind = 'nothing'", "": "TRUE", "day=2001-01-01": "FALSE", "day=nonsense": "TRUE",
		} {
			seen := map[string]bool{}
			for path := "/audit?" + query; path != ""; {
				page := admin.get(path).Body.String()
				for _, m := range eventID.FindAllStringSubmatch(page, -1) {
					if seen[m[1]] {
						t.Fatalf("%s shows event %s twice", query, m[1])
					}
					seen[m[1]] = true
				}
				path = ""
				if next := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page); next != nil {
					path = strings.ReplaceAll(next[1], "&amp;", "&")
				}
			}
			if n := w.count(`SELECT count(*) FROM event WHERE ` + where); n != len(seen) {
				t.Errorf("%s: %d of %d events", query, len(seen), n)
			}
		}
	})
}

func TestAuditFile(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.ok(w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE account SET name = ? WHERE id = ?`, `=HYPERLINK("http://evil.example")`, w.tech.ID)
			if err != nil {
				return err
			}
			return w.RecordTx(t.Context(), tx, tracker.Event{Actor: w.tech.Actor(), Subject: "account", SubjectID: w.tech.ID, Kind: "odd", Was: "@SUM(1)", Became: "+1"})
		}))
		res := w.session(w.admin).get("/audit.csv?about=account")
		if res.Code != http.StatusOK || !strings.Contains(res.Header().Get("Content-Disposition"), "attachment") {
			t.Fatalf("the file: %d %v", res.Code, res.Header())
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(res.Body.String(), "\ufeff"))).ReadAll()
		w.ok(err)
		if n := w.count(`SELECT count(*) FROM event WHERE subject = 'account'`); len(rows) != n+1 {
			t.Fatalf("%d rows of %d events", len(rows)-1, n)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("a spreadsheet would run %q", cell)
				}
			}
		}
	})
}

// TestEventsHoldNothingPersonal: what a busy desk records names people by
// reference alone, so that erasing a person leaves the audit standing.
func TestEventsHoldNothingPersonal(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		admin := w.session(w.admin)
		admin.post("/accounts", "name", "Nora Lind", "email", "nora@aldermere.example", "role", "technician")
		admin.post("/settings/forms/senders", "sender", "forms@aldermere.example")
		admin.post("/settings/look", "version", "0", "look.company", "Aldermere Secret")
		admin.post("/people/1", "version", fmt.Sprint(w.version("client", 1)), "name", "Oskar Nilsen Berg", "department", "Reception", "phone", "555 0199")
		(&browse{w: w}).post("/forgot", "email", w.tech.Email)
		(&browse{w: w}).post("/choose-password", "t", w.mailed(w.tech.Email), "password", "nine slow bicycles")
		var rows []tracker.EventRow
		w.ok(w.DB().Select(t.Context(), &rows, `SELECT id, at, actor, subject, subject_id, kind, was, became FROM event`))
		if len(rows) < 50 {
			t.Fatalf("only %d events", len(rows))
		}
		for _, e := range rows {
			for _, text := range []string{e.Was, e.Became} {
				for _, personal := range []string{"@", "Nora", "Oskar", "Reception", "555", "Secret", "bicycles", "Tomas", "Ines"} {
					if strings.Contains(text, personal) {
						t.Errorf("the event %s.%s holds %q", e.Subject, e.Kind, text)
					}
				}
			}
		}
	})
}

// TestEventsOfADay are those of the reader's day.
func TestEventsOfADay(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.ok(w.SetZone(t.Context(), w.admin.Actor(), w.admin.ID, "Pacific/Auckland"))
		l, err := time.LoadLocation("Pacific/Auckland")
		w.ok(err)
		today := w.Now().In(l)
		start := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, l)
		rows, err := w.Events(t.Context(), tracker.EventFilter{From: start, To: start.AddDate(0, 0, 1)}, tracker.EventKey{}, 1000)
		w.ok(err)
		body := w.session(w.admin).get("/audit?day=" + today.Format(time.DateOnly)).Body.String()
		if got := len(eventID.FindAllString(body, -1)); got == 0 || got != min(len(rows), auditPage) {
			t.Fatalf("the page shows %d events of %d", got, len(rows))
		}
	})
}
