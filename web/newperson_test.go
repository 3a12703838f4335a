package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

var _ = example("/people/new", "/people/new", "/people/new?address=anna@corp.example&name=Anna")

// TestAddAPerson: somebody who has not written yet is added, and what is wrong
// stands at its field with all that was typed.
func TestAddAPerson(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		wantPage(t, b, "/people", `href="/people/new"`)
		wantPage(t, b, "/people/new?address=rosa@corp.example", `value="rosa@corp.example"`)
		before := w.count(`SELECT count(*) FROM client`)
		known := w.client("Hana Sato")
		var address string
		w.ok(w.DB().Get(t.Context(), &address, `SELECT MIN(address) FROM client_address WHERE client_id = ?`, known))
		long := strings.Repeat("x", 201)
		for field, pairs := range map[string][]string{
			"name":       {"name", " ", "address", "rosa@corp.example"},
			"address":    {"name", "Rosa Lund", "address", "rosa at corp"},
			"department": {"name", "Rosa Lund", "address", "rosa@corp.example", "department", long},
			"phone":      {"name", "Rosa Lund", "address", "rosa@corp.example", "phone", long, "high", "1"},
		} {
			res := b.post("/people", pairs...)
			page := mainOf(res.Body.String())
			if res.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `id="`+field+`-error"`) || !strings.Contains(page, `value="`+pairs[3]+`"`) {
				t.Errorf("%s: %d %s", field, res.Code, page)
			}
			if pairs[len(pairs)-2] == "high" && !strings.Contains(page, "checked") {
				t.Error("the tick of high management is lost")
			}
		}
		res := b.post("/people", "name", "Somebody", "address", " "+strings.ToUpper(address), "phone", "316")
		page := mainOf(res.Body.String())
		for _, want := range []string{`id="address-error"`, fmt.Sprintf(`href="/people/%d"`, known), "Hana Sato", `value="316"`} {
			if res.Code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
				t.Errorf("a known address (%d) lacks %s:\n%s", res.Code, want, page)
			}
		}
		if n := w.count(`SELECT count(*) FROM client`); n != before {
			t.Fatalf("%d people, want %d", n, before)
		}
		w.stock()
		a := w.assetByTag("A-0002")
		if page := b.post("/assets/bulk", "row", fmt.Sprintf("%d:%d", a.ID, a.Moves), "do", "deploy", "deploy_text", "rosa@corp.example").Body.String(); !strings.Contains(page, "Nobody here has the address rosa@corp.example yet.") {
			t.Errorf("an unknown address in a picker: %s", mainOf(page))
		}
		res = b.post("/people", "name", "Rosa Lund", "address", "Rosa@corp.example", "department", "Finance", "phone", "316", "high", "1")
		made := w.client("Rosa Lund")
		if res.Code != http.StatusSeeOther || res.Header().Get("Location") != personPath(made) {
			t.Fatalf("%d to %q", res.Code, res.Header().Get("Location"))
		}
		wantPage(t, b, personPath(made), "Rosa Lund is added.", "rosa@corp.example", "Finance", "316")
		if res := w.session(w.manager).post("/people", "name", "Me", "address", "me@corp.example"); res.Code != http.StatusForbidden {
			t.Errorf("a manager adds people: %d", res.Code)
		}
	})
}
