package web

import (
	"fmt"
	"testing"

	"github.com/go-rod/rod/lib/input"

	"helpdeskd/inventory"
)

// TestBulkAssets: several assets are deployed at once, by hand and by form,
// what is refused is named, and it can be taken back.
func TestBulkAssets(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		a, _ := w.furnish()
		b := w.session(w.tech)
		row := fmt.Sprintf("%d:%d", a.ID, a.Moves)
		for _, pairs := range [][]string{{"do", "stow"}, {"row", row}, {"row", row, "do", "stow"}, {"row", row, "do", "stow", "stow_text", "nowhere at all"}, {"row", "x:1", "do", "stow", "stow", "1"}, {"row", row, "do", "retire"}} {
			if res := b.post("/assets/bulk", pairs...); res.Code != 422 {
				t.Errorf("%v: %d", pairs, res.Code)
			}
		}
		if res := b.post("/assets/bulk", "row", row, "row", "999:1", "do", "stow", "stow_text", "Harbour Street > Store room"); res.Code != 303 {
			t.Fatalf("stowing: %d %s", res.Code, res.Body)
		}
		wantPage(t, b, "/assets", "One asset is stowed: Harbour Street &gt; Store room", "One stayed as it was")
		now, err := w.things.Asset(t.Context(), a.ID)
		if err != nil || now.Status != inventory.Stowed {
			t.Fatal(now.Status, err)
		}
		if res := b.post("/assets/unmove", "row", fmt.Sprintf("%d:%d", now.ID, now.Moves)); res.Code != 303 {
			t.Fatalf("undo: %d", res.Code)
		}
		if now, err = w.things.Asset(t.Context(), a.ID); err != nil || now.Status != inventory.Deployed || now.HolderName != "Hana Sato" {
			t.Fatal(now.Status, now.HolderName, err)
		}
		// What was seen before is refused.
		b.post("/assets/bulk", "row", row, "do", "stow", "stow_text", "Harbour Street > Store room")
		wantPage(t, b, "/assets", "Nothing was moved")
	})
}

func TestBulkAssetsByHand(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.furnish()
	d.open("/assets")
	d.Keyboard.MustType('j', 'x')
	d.sees("[data-picked]", "1 selected")
	d.sees("#bulk summary", "Stow").MustClick()
	d.MustElement("#bulk-stow").MustInput("store")
	d.sees("#bulk .picks li", "Store room")
	d.Keyboard.MustType(input.ArrowDown, input.Enter)
	d.sees("#bulk button", "Stow them").MustClick()
	d.sees(".flash", "One asset is stowed: Harbour Street > Store room")
	d.sees(".flash button", "Undo").MustClick()
	d.sees(".flash", "One asset is back where it was")
}
