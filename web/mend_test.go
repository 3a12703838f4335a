package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// TestBulkUndoOfPiecesThatJoined: two that joined a third by one bulk action
// come apart again by its undo; what stays is named.
func TestBulkUndoOfPiecesThatJoined(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.furnish()
		ctx, by := t.Context(), w.tech.Actor()
		room, err := w.things.EnsureLocation(ctx, by, "Harbour Street > Store room", inventory.Warehouse)
		w.ok(err)
		a, err := w.things.Register(ctx, by, inventory.AssetEdit{Model: &inventory.ModelEdit{Category: "part", Name: "Adapter"}}, inventory.Place{Status: inventory.Stowed, LocationID: room.ID, Quantity: 9})
		w.ok(err)
		var hana int64
		w.ok(w.DB().Get(ctx, &hana, `SELECT id FROM client WHERE name = 'Hana Sato'`))
		deploy := func(n int64) inventory.Asset {
			now, err := w.things.Asset(ctx, a.ID)
			w.ok(err)
			p, err := w.things.Move(ctx, by, a.ID, inventory.Place{Status: inventory.Deployed, HolderID: hana, Quantity: n}, now.Moves)
			w.ok(err)
			return p
		}
		p, q := deploy(2), deploy(3)
		b := w.session(w.tech)
		b.post("/assets/bulk", "row", fmt.Sprintf("%d:%d", p.ID, p.Moves), "row", fmt.Sprintf("%d:%d", q.ID, q.Moves), "do", "stow", "stow_text", "Harbour Street > Store room")
		wantPage(t, b, "/assets", "2 assets are stowed", fmt.Sprintf(`value="%d:2"`, p.ID), fmt.Sprintf(`value="%d:2"`, q.ID))
		undo := []string{"row", fmt.Sprintf("%d:2", p.ID), "row", fmt.Sprintf("%d:2", q.ID)}
		b.post("/assets/unmove", undo...)
		wantPage(t, b, "/assets", "2 assets are back where they were")
		for id, n := range map[int64]int64{a.ID: 4, p.ID: 2, q.ID: 3} {
			if now, err := w.things.Asset(ctx, id); err != nil || now.Quantity != n {
				t.Errorf("%s has %d pieces, not %d: %v", now.Tag, now.Quantity, n, err)
			}
		}
		b.post("/assets/unmove", undo...)
		wantPage(t, b, "/assets", "2 stayed as they were", p.Tag+":", q.Tag+":")
	})
}

// TestOrderFormsSentTwice: the same note and the same cost are one; other
// words under the same key are asked about, and nothing typed is lost.
func TestOrderFormsSentTwice(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		_, o := w.furnish()
		b := w.session(w.tech)
		path := fmt.Sprintf("/orders/%d", o.Number)
		for _, want := range []struct {
			code  int
			to    string
			pairs []string
		}{
			{303, "/notes", []string{"once", "k1", "text", "The hinge is bent."}},
			{303, "/notes", []string{"once", "k1", "text", "The hinge is bent. "}},
			{409, "/notes", []string{"once", "k1", "text", "And the lid too."}},
			{303, "/lines", []string{"once", "k1", "line_kind", "part", "line_text", "Hinge", "quantity", "1", "unit_cost", "20"}},
			{303, "/lines", []string{"once", "k1", "line_kind", "part", "line_text", "Hinge", "quantity", "1", "unit_cost", "20"}},
			{409, "/lines", []string{"once", "k1", "line_kind", "part", "line_text", "And the lid too.", "quantity", "1", "unit_cost", "20"}},
			{422, "/lines", []string{"once", "k2", "line_kind", "part", "line_text", "And the lid too.", "quantity", "1,000", "unit_cost", "20"}},
		} {
			res := b.post(path+want.to, want.pairs...)
			if res.Code != want.code || want.code != 303 && (!strings.Contains(res.Body.String(), "And the lid too.") || strings.Contains(res.Body.String(), `name="once" value="k1"`)) {
				t.Errorf("%s %v: %d", want.to, want.pairs, res.Code)
			}
		}
		if n, m := w.count(`SELECT count(*) FROM work_order_note`), w.count(`SELECT count(*) FROM line`); n != 1 || m != 1 {
			t.Errorf("%d notes and %d lines", n, m)
		}
		// Somebody else's key, or that of another order.
		other, err := w.things.OpenOrder(t.Context(), w.tech.Actor(), inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Another"}})
		w.ok(err)
		if res := b.post(fmt.Sprintf("/orders/%d/notes", other.Number), "once", "k1", "text", "The hinge is bent."); res.Code != 422 {
			t.Errorf("the key of another order: %d", res.Code)
		}
		// A fraction of three digits is taken away, and added again as it was.
		if res := b.post(path+"/lines", "line_kind", "labour", "line_text", "Glue", "quantity", "1.1250", "unit_cost", "8"); res.Code != 303 {
			t.Fatalf("1.1250: %d", res.Code)
		}
		lines, err := w.things.OrderLines(t.Context(), o.ID)
		w.ok(err)
		b.get(path)
		b.post(fmt.Sprintf("%s/lines/%d/remove", path, lines[1].ID))
		wantPage(t, b, path, `name="quantity" value="1.1250"`)
	})
}

// TestFilesOfAnOrder: they are on its page, in what happened, and on the
// asset's life line, and can be removed.
func TestFilesOfAnOrder(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		a, o := w.furnish()
		b := w.session(w.tech)
		path := fmt.Sprintf("/orders/%d", o.Number)
		shows(t, b.get(path), http.StatusOK, "Photos and files", "None yet.")
		shows(t, b.upload(path+"/files", map[string][]byte{"hinge.png": picture(40, 30)}), http.StatusSeeOther)
		shows(t, b.get(path), http.StatusOK, "The file is added.", "/thumb", "Tomas Rehak added", ">hinge.png</a>")
		shows(t, b.get(assetPath(a.ID)), http.StatusOK, "Tomas Rehak added", ">hinge.png</a>")
		shows(t, b.upload(path+"/files", nil), http.StatusUnprocessableEntity, "Please choose a file first")
		shows(t, b.upload("/orders/999/files", map[string][]byte{"x.txt": []byte("x")}), http.StatusNotFound)
		var uid string
		w.ok(w.DB().Get(t.Context(), &uid, `SELECT uid FROM file WHERE owner_kind = 'work_order'`))
		res := b.post("/files/" + uid + "/remove")
		if res.Code != 303 || res.Header().Get("Location") != path+"#files" {
			t.Fatalf("%d %s", res.Code, res.Header())
		}
		shows(t, b.get(path), http.StatusOK, "None yet.", "removed a file")
		// A manager reads them only.
		if res := w.session(w.manager).get(path); strings.Contains(res.Body.String(), path+"/files") {
			t.Error("a manager is offered to add files")
		}
	})
}

// TestOrderAsksWhereItsAssetGoes: where the place that it came from is
// archived, and all above it.
func TestOrderAsksWhereItsAssetGoes(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.furnish()
		ctx, by := t.Context(), w.tech.Actor()
		b := w.session(w.tech)
		for _, above := range []bool{true, false} {
			name := fmt.Sprintf("Hut %v", above)
			if above {
				name = "Harbour Street > " + name
			}
			hut, err := w.things.EnsureLocation(ctx, by, name, inventory.Site)
			w.ok(err)
			vendor, err := w.things.EnsureLocation(ctx, by, "Fixit", inventory.Vendor)
			w.ok(err)
			a, err := w.things.Register(ctx, by, inventory.AssetEdit{Model: &inventory.ModelEdit{Category: "screen", Name: "Wide"}}, inventory.Place{Status: inventory.Stowed, LocationID: hut.ID})
			w.ok(err)
			o, err := w.things.OpenOrder(ctx, by, inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Dark", AssetID: a.ID, VendorID: vendor.ID}, TakeIn: true})
			w.ok(err)
			_, err = w.things.ArchiveLocation(ctx, by, hut.ID, true, tracker.AnyVersion)
			w.ok(err)
			path := fmt.Sprintf("/orders/%d", o.Number)
			post := func(pairs ...string) *httptest.ResponseRecorder {
				return b.post(path+"/status", append(pairs, "version", fmt.Sprint(o.Version), "status", "done", "resolution", "A new lamp.")...)
			}
			where := "Harbour Street"
			if above {
				shows(t, b.get(path), http.StatusOK, a.Tag+" goes to Harbour Street: Harbour Street &gt; Hut true, where it came from, is archived.")
				shows(t, post(), http.StatusSeeOther)
			} else {
				where = "Harbour Street > Store room"
				shows(t, b.get(path), http.StatusOK, "Please choose where it goes.", "Where is it stowed then?")
				shows(t, post(), http.StatusUnprocessableEntity, "Please choose where it is stowed.", "A new lamp.")
				shows(t, post("place_text", "no such place"), http.StatusUnprocessableEntity, "no such place", "A new lamp.")
				shows(t, post("place_text", where), http.StatusSeeOther)
			}
			now, err := w.things.Asset(ctx, a.ID)
			w.ok(err)
			if now.Status != inventory.Stowed || now.LocationPath != where {
				t.Errorf("%s is %s", now.Tag, now.Whereabouts())
			}
			shows(t, b.get(path), http.StatusOK, "is now here: "+strings.ReplaceAll(where, ">", "&gt;"), "is archived.")
			shows(t, b.get(assetPath(a.ID)), http.StatusOK, o.Name()+": "+strings.ReplaceAll(hut.Path, ">", "&gt;")+" is archived.")
		}
	})
}
