package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
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
		if res := b.get(person); res.Code != http.StatusOK || strings.Contains(res.Body.String(), address) {
			t.Errorf("the page of an erased person: %d", res.Code)
		}
		if res := b.get(person + "/erase"); res.Code != http.StatusNotFound {
			t.Errorf("erasing an erased person: %d", res.Code)
		}
	})
}
