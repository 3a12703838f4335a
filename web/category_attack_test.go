package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// TestABadNameOfACategory: it is said at the field, in a page that is whole.
func TestABadNameOfACategory(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	all, err := w.Categories(t.Context(), true)
	w.ok(err)
	if len(all) < 2 {
		t.Fatal(len(all), "categories")
	}
	res := w.session(w.admin).post(fmt.Sprintf("/settings/categories/%d", all[0].ID), "version", fmt.Sprint(all[0].Version), "name", all[1].Name)
	if res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), fmt.Sprintf(`<p class="entry-error" id="cat%d-error">`, all[0].ID)) {
		t.Errorf("a name that is taken: %d", res.Code)
	}
}
