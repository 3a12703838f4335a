package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
)

// TestAMistypedBar: what was selected and typed is still there when the bar
// below a list names nobody, or lacks its words.
func TestAMistypedBar(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.stock()
		b := w.session(w.tech)
		a, c := w.assetByTag("A-0001"), w.assetByTag("A-0002")
		row, other := fmt.Sprintf("%d:%d", a.ID, a.Moves), fmt.Sprintf("%d:%d", c.ID, c.Moves)
		box := func(row string, on bool) string {
			if on {
				return `name="row" value="` + row + `" data-pick checked`
			}
			return `name="row" value="` + row + `" data-pick aria`
		}
		res := b.post("/assets/bulk", "back", "/assets?q=thinkpad", "row", row, "do", "deploy", "deploy_text", "Hana Satoo")
		page := mainOf(res.Body.String())
		for _, want := range []string{box(row, true), box(other, false), "called “Hana Satoo”", `value="Hana Satoo"`, `name="back" value="/assets?q=thinkpad"`} {
			if res.Code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
				t.Errorf("assets (%d) lack %s:\n%s", res.Code, want, page)
			}
		}
		if res := b.post("/assets/bulk", "back", "/assets?q=thinkpad", "row", row, "do", "deploy", "deploy_text", "Hana Sato"); res.Header().Get("Location") != "/assets?q=thinkpad" {
			t.Errorf("then to %q", res.Header().Get("Location"))
		}
		var version int64
		w.ok(w.DB().Get(t.Context(), &version, `SELECT version FROM ticket WHERE number = 4`))
		row = fmt.Sprintf("4:%d", version)
		page = mainOf(b.post("/tickets/bulk", "back", "/tickets", "row", row, "do", "stage:dropped", "fix", "half a fix").Body.String())
		for _, want := range []string{box(row, true), "write why these are dropped", ">half a fix</textarea>", `open><summary data-key="s">Stage`} {
			if !strings.Contains(page, want) {
				t.Errorf("tickets lack %s:\n%s", want, page)
			}
		}
		// Lists elsewhere are not shown, and a list without rows has no bar.
		for _, back := range []string{"//evil.example/assets", "/settings", "/assets?q=nothinglikethis"} {
			page := b.post("/assets/bulk", "back", back, "row", other, "do", "deploy", "deploy_text", "Hana Satoo").Body.String()
			if !strings.Contains(page, "called “Hana Satoo”") || strings.Contains(page, "evil.example") {
				t.Errorf("%s: %s", back, mainOf(page))
			}
		}
	})
}

func TestAMistypedBarByHand(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.furnish()
	for _, plain := range []bool{false, true} {
		d.plain.Store(plain)
		d.open("/assets?sort=")
		d.MustElement("td.pick [data-pick]").MustClick()
		d.sees("#bulk summary", "Deploy").MustClick()
		d.MustElement("#bulk-deploy").MustInput("Hana Satoo")
		d.sees("#bulk [open] button", "Deploy them").MustClick()
		d.sees("#bulk .problem", "called “Hana Satoo”")
		if !plain {
			d.sees("[data-picked]", "1 selected")
		}
		d.MustElement("td.pick [data-pick]:checked")
		d.MustElement("#bulk [open] #bulk-deploy").MustSelectAllText().MustInput("Hana Sato")
		if plain {
			d.sees("#bulk [open] button", "Deploy them").MustClick()
		} else {
			d.sees("#bulk .picks li", "Hana Sato")
			d.Keyboard.MustType(input.ArrowDown, input.Enter)
			d.sees("#bulk [open] button", "Deploy them").MustClick()
		}
		d.sees(".flash", "One asset is deployed: Hana Sato|Nothing was moved")
		if !strings.Contains(d.MustInfo().URL, "/assets?sort=") {
			t.Errorf("the list is lost: %s", d.MustInfo().URL)
		}
	}
}
