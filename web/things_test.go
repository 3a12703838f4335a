package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/assets", "/assets", "/assets?gone=1&status=retired&q=brother", "/assets?alike=1", "/assets?q=nothinglikethis", "/assets?alike=1&q=nothinglikethis") &&
	example("/assets/new", "/assets/new", "/assets/new?like=1") &&
	example("/assets/{id}", "/assets/1", "/assets/4", "/assets/5") &&
	example("/assets/{id}/edit", "/assets/1/edit") &&
	example("/assets/{id}/move", "/assets/2/move?do=deploy", "/assets/4/move?do=stow", "/assets/4/move?do=count", "/assets/1/move?do=retire") &&
	example("/locations", "/locations", "/locations?in=2&archived=1") &&
	example("/locations/{id}", "/locations/2?on=2026-01-31", "/locations/4") &&
	example("/models", "/models", "/models?new=1&short=1", "/models?q=nothinglikethis") &&
	example("/models/{id}", "/models/1", "/models/4")

func init() { chapters = append(chapters, func(w *world) { w.stock() }) }

// stock fills a world's inventory: a site with two stores and a vendor, some
// laptops, a dozen cables, one thing that is retired. It returns the places.
func (w *world) stock() (store, room inventory.Location) {
	w.t.Helper()
	ctx, actor := w.t.Context(), w.tech.Actor()
	place := func(path string, kind inventory.LocationKind) inventory.Location {
		l, err := w.things.EnsureLocation(ctx, actor, path, kind)
		w.ok(err)
		return l
	}
	store = place("Harbour Street > Store room", inventory.Warehouse)
	room = place("Harbour Street > Room Elbe", inventory.Room)
	place("Fixit Ltd.", inventory.Vendor)
	laptop := &inventory.ModelEdit{Category: "computer", Manufacturer: "Lenovo", Name: "ThinkPad T14", MinOnHand: 5, UsefulLifeMonths: 48, Specs: "Memory: 16 GB"}
	cost := int64(129900)
	for i, x := range []inventory.AssetEdit{
		{Model: laptop, Serial: "PF3K001", Hostname: "lt-0417", Reference: "INV-2025-031", PurchasedOn: "2025-03-04", Cost: &cost, WarrantyUntil: "2028-03-04", Purpose: "Accounting", Specs: "Memory: 32 GB\nDisk: 1 TB"},
		{Model: laptop, Serial: "PF3K002", Hostname: "lt-0418"},
		{Model: &inventory.ModelEdit{Category: "audio_visual", Manufacturer: "Logitech", Name: "Rally Bar"}, Serial: "RB-77"},
		{Model: &inventory.ModelEdit{Category: "part", Name: "Network cable, 2 m"}},
		{Model: &inventory.ModelEdit{Category: "printer", Manufacturer: "Brother", Name: "HL-L6400"}, Serial: "E7123"},
	} {
		at := inventory.Place{Status: inventory.Stowed, LocationID: store.ID}
		if x.Serial == "" {
			at.Quantity = 12
		}
		a, err := w.things.Register(ctx, actor, x, at)
		w.ok(err)
		switch i {
		case 0:
			_, err = w.things.Move(ctx, actor, a.ID, inventory.Place{Status: inventory.Deployed, HolderID: w.client("Hana Sato")}, a.Moves)
		case 2:
			_, err = w.things.Move(ctx, actor, a.ID, inventory.Place{Status: inventory.Deployed, LocationID: room.ID, Reason: "For the meeting room"}, a.Moves)
		case 4:
			_, err = w.things.Retire(ctx, actor, a.ID, inventory.Retired, "Prints stripes", a.Moves)
		}
		w.ok(err)
	}
	a := w.assetByTag("A-0001")
	_, err := w.AddFile(ctx, actor, a.Thing(), "Front.png", bytes.NewReader(picture(480, 300)))
	w.ok(err)
	_, err = w.AddFile(ctx, actor, a.Thing(), "Delivery note.pdf", strings.NewReader("%PDF-1.4 "+strings.Repeat("x", 5000)))
	w.ok(err)
	w.ok(w.Link(ctx, actor, a.Thing(), tracker.Thing{Kind: tracker.KindTicket, ID: 7}))
	w.index()
	return store, room
}

// index has everything found that waits to be.
func (w *world) index() {
	w.t.Helper()
	l, err := w.Acquire(w.t.Context(), "index")
	w.ok(err)
	_, err = w.IndexPending(w.t.Context(), l)
	w.ok(err)
	w.ok(l.Release(w.t.Context()))
}

// client returns the id of a person by name, made where nobody is called so.
func (w *world) client(name string) int64 {
	w.t.Helper()
	var ids []int64
	w.ok(w.DB().Select(w.t.Context(), &ids, `SELECT id FROM client WHERE name = ? ORDER BY id`, name))
	if len(ids) == 0 {
		w.t.Fatalf("there is nobody called %s", name)
	}
	return ids[0]
}

func (w *world) assetByTag(tag string) inventory.Asset {
	w.t.Helper()
	a, err := w.things.AssetByTag(w.t.Context(), tag)
	w.ok(err)
	return a
}

// everyStock runs fn on a desk with an inventory, on both engines.
func everyStock(t *testing.T, fn func(t *testing.T, w *world, b *browse)) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.stock()
		fn(t, w, w.session(w.tech))
	})
}

// shows fails unless a page answers with a status and has some texts.
func shows(t *testing.T, res *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if res.Code != status {
		t.Fatalf("answered %d, want %d: %s", res.Code, status, problemText(res.Body.String()))
	}
	for _, text := range texts {
		if !strings.Contains(res.Body.String(), text) {
			t.Errorf("%q is not on the page", text)
		}
	}
}

func problemText(body string) string {
	var all []string
	for _, m := range regexp.MustCompile(`(?s)class="(?:problem|entry-error|trouble)[^>]*>(.*?)</(?:div|p|section)>`).FindAllStringSubmatch(body, -1) {
		all = append(all, strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], " ")), " "))
	}
	return strings.Join(all, " / ")
}

func TestThingsPages(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		for path, texts := range map[string][]string{
			"/assets":                  {"A-0001", "Lenovo ThinkPad T14", "PF3K001", "lt-0417", "Hana Sato", "Harbour Street &gt; Store room", "12 pieces"},
			"/assets?gone=1":           {"Brother HL-L6400", "Retired"},
			"/assets?status=deployed":  {"A-0001", "A-0003"},
			"/assets?q=lt-0418":        {"A-0002"},
			"/assets?alike=1":          {"Lenovo ThinkPad T14", "fewer than 5 on hand", "Network cable"},
			"/assets?alike=1&short=1":  {"Lenovo ThinkPad T14"},
			"/assets?category=nothing": {"A-0001"},
			"/assets?place=999999":     {"No asset matches"},
			"/assets/1":                {"Lenovo ThinkPad T14", "Tomas Rehak gave it to Hana Sato", "Tomas Rehak registered it: Harbour Street &gt; Store room", "1,299.00 EUR", "INV-2025-031", "4 Mar 2028", "Disk"},
			"/assets/5":                {"Prints stripes", "Bring back"},
			"/assets/new":              {"A-0006", "Lenovo ThinkPad T14"},
			"/assets/new?like=1":       {`value="Lenovo ThinkPad T14"`, `value="INV-2025-031"`},
			"/assets/1/edit":           {`value="PF3K001"`, `value="1299.00"`},
			"/assets/1/move?do=stow":   {"Stow A-0001", "Harbour Street &gt; Store room"},
			"/assets/2/move?do=deploy": {"Deploy A-0002", "Hana Sato"},
			"/assets/4/move?do=count":  {`value="12"`},
			"/locations":               {"Harbour Street", "Store room", "Fixit Ltd."},
			"/locations/2":             {"A-0002", "Network cable"},
			"/models":                  {"Rally Bar", "Audio and video"},
			"/models/1":                {"On hand", "PF3K002"},
			fmt.Sprintf("/people/%d", w.client("Hana Sato")): {"Has now", "Lenovo ThinkPad T14"},
		} {
			shows(t, b.get(path), http.StatusOK, texts...)
		}
		if body := b.get("/assets?status=stowed").Body.String(); strings.Contains(body, "PF3K001") || strings.Contains(body, "HL-L6400") {
			t.Error("the filter by status shows others")
		}
		for _, path := range []string{"/assets/1/move?do=undo", "/assets/1/move?do=x", "/assets/1/move"} {
			shows(t, b.get(path), http.StatusNotFound)
		}
		shows(t, b.get("/assets/1?before=x"), http.StatusUnprocessableEntity)
	})
}

func TestStowAndDeploy(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		ben := w.client("Ben Achebe")
		a := w.assetByTag("A-0002")
		path := fmt.Sprintf("/assets/%d/move", a.ID)
		seen := func() string { return fmt.Sprint(w.assetByTag("A-0002").Moves) }
		// Typed words that name one person are enough: no script is needed.
		res := b.post(path, "do", "deploy", "seen", seen(), "to_text", "Ben Achebe", "to", "", "reason", "New at sales", "back", "/assets?status=stowed")
		shows(t, res, http.StatusSeeOther)
		if to := res.Header().Get("Location"); to != "/assets?status=stowed" {
			t.Errorf("went to %s", to)
		}
		if a = w.assetByTag("A-0002"); a.Status != inventory.Deployed || a.HolderID == nil || *a.HolderID != ben {
			t.Fatalf("it is %s with %s", a.Status, a.HolderName)
		}
		list := b.get("/assets")
		shows(t, list, http.StatusOK, "A-0002 is with Ben Achebe now.", `value="undo"`)
		// Undo, from what the flash offers.
		shows(t, b.post(path, "do", "undo", "seen", seen()), http.StatusSeeOther)
		if a = w.assetByTag("A-0002"); a.Status != inventory.Stowed {
			t.Fatalf("after the undo it is %s", a.Status)
		}
		// One of the recent ones, with one button.
		shows(t, b.post(path, "do", "deploy", "seen", seen(), "quick", fmt.Sprintf("client:%d", ben), "to_text", "", "to", ""), http.StatusSeeOther)
		// To a place: it is at work there. And with a person, in a room.
		shows(t, b.post(path, "do", "deploy", "seen", seen(), "to_text", "Harbour Street > Room Elbe"), http.StatusSeeOther)
		if a = w.assetByTag("A-0002"); a.HolderID != nil || a.LocationName != "Room Elbe" || a.Status != inventory.Deployed {
			t.Fatalf("it is %s with %s in %s", a.Status, a.HolderName, a.LocationName)
		}
		shows(t, b.post(path, "do", "deploy", "seen", seen(), "to_text", "Hana Sato", "place_text", "Room Elbe"), http.StatusSeeOther)
		if a = w.assetByTag("A-0002"); a.HolderName != "Hana Sato" || a.LocationName != "Room Elbe" {
			t.Fatalf("it is with %s in %s", a.HolderName, a.LocationName)
		}
		shows(t, b.post(path, "do", "stow", "seen", seen(), "to_text", "Store room"), http.StatusSeeOther)
		shows(t, b.get(fmt.Sprintf("/assets/%d", a.ID)), http.StatusOK, "Tomas Rehak stowed it: Harbour Street &gt; Store room. It was with Hana Sato.", "New at sales")
		shows(t, b.get(fmt.Sprintf("/people/%d", ben)), http.StatusOK, "Had before", "A-0002")
		// Part of several alike.
		cables := w.assetByTag("A-0004")
		shows(t, b.post(fmt.Sprintf("/assets/%d/move", cables.ID), "do", "deploy", "seen", fmt.Sprint(cables.Moves), "to_text", "Ben Achebe", "quantity", "3"), http.StatusSeeOther)
		if left := w.assetByTag("A-0004"); left.Quantity != 9 {
			t.Fatalf("%d are left", left.Quantity)
		}
		cables = w.assetByTag("A-0004")
		shows(t, b.post(fmt.Sprintf("/assets/%d/move", cables.ID), "do", "count", "seen", fmt.Sprint(cables.Moves), "quantity", "8"), http.StatusSeeOther)
		shows(t, b.post(fmt.Sprintf("/assets/%d/move", cables.ID), "do", "dispose", "seen", fmt.Sprint(cables.Moves+1), "reason", "Thrown away"), http.StatusSeeOther)
		shows(t, b.get(fmt.Sprintf("/assets/%d", cables.ID)), http.StatusOK, "Gone", "counted 8 pieces, there were 9 pieces", "Thrown away")
	})
}

// TestWrongMoves: a message at the field, nothing lost, nothing done.
func TestWrongMoves(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		moves := w.count(`SELECT count(*) FROM movement`)
		for _, x := range []struct {
			do     string
			fields []string
			says   string
			at     string
		}{
			{"deploy", []string{"to_text", "Nobody Atall", "reason", "a typed note"}, "Nobody Atall", "to-deploy-4-error"},
			{"deploy", []string{"to_text", "", "reason", "a typed note"}, "Please say to whom", "to-deploy-4-error"},
			{"deploy", []string{"to", "client:999999", "to_text", "X", "reason", "a typed note"}, "There is no such person", "to-deploy-4-error"},
			{"stow", []string{"to", "abc", "to_text", "X", "reason", "a typed note"}, "Please say where", "to-stow-4-error"},
			{"stow", []string{"to_text", "Fixit Ltd.", "reason", "a typed note"}, "nothing is stowed there", "to-stow-4-error"},
			{"deploy", []string{"to_text", "Hana Sato", "quantity", "-3", "reason", "a typed note"}, "less than zero", "n-deploy-4-error"},
			{"deploy", []string{"to_text", "Hana Sato", "quantity", "13", "reason", "a typed note"}, "There are only 12", "n-deploy-4-error"},
			{"deploy", []string{"to_text", "Hana Sato", "quantity", "a few", "reason", "a typed note"}, "“a few” is not a whole number", "n-deploy-4-error"},
			{"count", []string{"quantity", "-1", "reason", "a typed note"}, "less than zero", "n-count-4-error"},
			{"count", []string{"quantity", "99999999999999999999", "reason", "a typed note"}, "is not a whole number", "n-count-4-error"},
			{"retire", []string{"reason", "  "}, "Please say why", "why-retire-4-error"},
			{"deploy", []string{"to_text", "Hana Sato", "place_text", "Nowhere", "reason", "a typed note"}, "Nowhere", "place-deploy-4-error"},
			{"deploy", []string{"to_text", "Hana Sato", "reason", strings.Repeat("x", 2001)}, "2001", "why-deploy-4-error"},
		} {
			a := w.assetByTag("A-0004")
			res := b.post("/assets/4/move", append([]string{"do", x.do, "seen", fmt.Sprint(a.Moves)}, x.fields...)...)
			shows(t, res, http.StatusUnprocessableEntity, x.says, `id="`+x.at+`"`)
			if x.fields[len(x.fields)-1] == "a typed note" {
				shows(t, res, http.StatusUnprocessableEntity, `value="a typed note"`)
			}
		}
		for _, fields := range [][]string{{}, {"do", "deploy"}, {"do", "steal", "seen", "1"}, {"do", "deploy", "seen", "x"}} {
			shows(t, b.post("/assets/4/move", fields...), http.StatusUnprocessableEntity)
		}
		if n := w.count(`SELECT count(*) FROM movement`); n != moves {
			t.Fatalf("%d movements were written", n-moves)
		}
	})
}

// TestTwoMoveTheSame: one wins, the other is told, and may do it anyway.
func TestTwoMoveTheSame(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		ines := w.session(w.admin)
		a := w.assetByTag("A-0002")
		path, seen := fmt.Sprintf("/assets/%d/move", a.ID), fmt.Sprint(a.Moves)
		shows(t, ines.post(path, "do", "deploy", "seen", seen, "to_text", "Ben Achebe"), http.StatusSeeOther)
		res := b.post(path, "do", "deploy", "seen", seen, "to_text", "Hana Sato", "reason", "Her old one broke")
		shows(t, res, http.StatusConflict, "Somebody was quicker", "Ines Holm deployed A-0002 to Ben Achebe", `value="Hana Sato"`, `value="Her old one broke"`)
		if now := w.assetByTag("A-0002"); now.HolderName != "Ben Achebe" {
			t.Fatalf("it is with %s", now.HolderName)
		}
		now := regexp.MustCompile(`name="seen" value="(\d+)"`).FindStringSubmatch(res.Body.String())
		shows(t, b.post(path, "do", "deploy", "seen", now[1], "to_text", "Hana Sato", "reason", "Her old one broke"), http.StatusSeeOther)
		if now := w.assetByTag("A-0002"); now.HolderName != "Hana Sato" {
			t.Fatalf("it is with %s", now.HolderName)
		}
		shows(t, ines.post(path, "do", "undo", "seen", now[1]), http.StatusConflict, "Tomas Rehak deployed A-0002 to Hana Sato")
	})
}

func TestRegister(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		// A model that is known, in a place.
		res := b.post("/assets", "what", "lenovo thinkpad t14", "tag", "LT-9", "serial", "PF3K009", "at_text", "Store room", "status", "stowed", "quantity", "1", "cost", "1.299,50 €", "purchased_on", "2026-02-03")
		shows(t, res, http.StatusSeeOther)
		a := w.assetByTag("LT-9")
		if a.ModelID != 1 || a.Status != inventory.Stowed || a.LocationName != "Store room" || a.Cost == nil || *a.Cost != 129950 || a.PurchasedOn != "2026-02-03" {
			t.Fatalf("registered %+v", a)
		}
		shows(t, b.get(res.Header().Get("Location")), http.StatusOK, "LT-9 is registered.")
		// A new model, with a person.
		shows(t, b.post("/assets", "what", "Dell Latitude 5440", "category", "computer", "manufacturer", "Dell", "tag", "LT-10", "at_text", "Ben Achebe", "status", "stowed"), http.StatusSeeOther)
		if a = w.assetByTag("LT-10"); a.Manufacturer != "Dell" || a.ModelName != "Latitude 5440" || a.HolderName != "Ben Achebe" || a.Status != inventory.Deployed {
			t.Fatalf("registered %+v", a)
		}
		// A dozen alike as one line; three singly by their pasted serials.
		shows(t, b.post("/assets", "what", "USB-C cable", "category", "part", "tag", "C-1", "at_text", "Store room", "quantity", "40", "singly", "0"), http.StatusSeeOther)
		if a = w.assetByTag("C-1"); a.Quantity != 40 {
			t.Fatalf("%d pieces", a.Quantity)
		}
		shows(t, b.post("/assets", "what", "Dell Latitude 5440", "tag", "LT-20", "at_text", "Store room", "quantity", "3", "singly", "1", "serials", "S1\r\nS2\r\n\r\nS3\r\n"), http.StatusSeeOther)
		if n := w.count(`SELECT count(*) FROM asset WHERE serial IN ('S1', 'S2', 'S3') AND quantity = 1`); n != 3 {
			t.Fatalf("%d assets", n)
		}
		// All or none.
		before := w.count(`SELECT count(*) FROM asset`)
		res = b.post("/assets", "what", "Dell Latitude 5440", "at_text", "Store room", "quantity", "2", "singly", "1", "serials", "S9\nS2")
		shows(t, res, http.StatusUnprocessableEntity, "S2 is already that of", "S9\nS2", `id="serials-error"`)
		if n := w.count(`SELECT count(*) FROM asset`); n != before {
			t.Fatalf("%d assets were made", n-before)
		}
	})
}

// TestWrongRegistrations: messages at their fields, everything typed comes back, nothing made.
func TestWrongRegistrations(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		before := w.count(`SELECT count(*) FROM asset`)
		good := map[string]string{"what": "Lenovo ThinkPad T14", "tag": "T-1", "serial": "NEW1", "at_text": "Store room", "quantity": "1", "purpose": "typed purpose", "hostname": "typed-host"}
		for _, x := range []struct{ field, value, at, says string }{
			{"what", "", "what", "Please say what it is"},
			{"what", "Something new", "category", "is not known yet"},
			{"what", strings.Repeat("W", 200), "category", "is not known yet"},
			{"tag", "a-0001", "tag", "There is already an asset A-0001"},
			{"tag", strings.Repeat("T", 200), "tag", "200 characters"},
			{"serial", "pf3k001", "serial", "is already that of A-0001"},
			{"serial", strings.Repeat("S", 200), "serial", "200 characters"},
			{"hostname", strings.Repeat("h", 200), "hostname", "200 characters"},
			{"at_text", "", "at", "Please say where it is"},
			{"at_text", "Room 1313", "at", "Room 1313"},
			{"quantity", "-4", "quantity", "less than zero"},
			{"quantity", "0", "quantity", "at least 1"},
			{"quantity", "many", "quantity", "is not a whole number"},
			{"quantity", "5", "serial", "A serial number is that of one thing"},
			{"purchased_on", "31.02.2026", "purchased_on", "no day of the calendar"},
			{"warranty_until", "2026-02-30", "warranty_until", "no day of the calendar"},
			{"end_of_life_on", "1066-10-14", "end_of_life_on", "1970"},
			{"cost", "-5", "cost", "below 0"},
			{"cost", "cheap", "cost", "is not an amount"},
			{"estimated_value", "99999999999999999999", "estimated_value", "too large"},
			{"currency", "EURO", "currency", "three letters"},
			{"parent_text", "A-7777", "parent", "A-7777"},
		} {
			var pairs []string
			for k, v := range good {
				if k != x.field {
					pairs = append(pairs, k, v)
				}
			}
			res := b.post("/assets", append(pairs, x.field, x.value)...)
			shows(t, res, http.StatusUnprocessableEntity, x.says, `id="`+x.at+`-error"`, `value="typed purpose"`)
			if x.field != "hostname" {
				shows(t, res, http.StatusUnprocessableEntity, `value="typed-host"`)
			}
			if x.value != "" {
				shows(t, res, http.StatusUnprocessableEntity, x.value)
			}
			if t.Failed() {
				t.Fatalf("with %s %q: %s", x.field, clipRunes(x.value, 30), problemText(res.Body.String()))
			}
		}
		if n := w.count(`SELECT count(*) FROM asset`); n != before {
			t.Fatalf("%d assets were made", n-before)
		}
	})
}

func TestEditAsset(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		fields := func(version int64, more ...string) []string {
			return append([]string{"version", fmt.Sprint(version), "what", "Lenovo ThinkPad T14", "tag", "A-0001", "serial", "PF3K001", "cost", "1299.00", "currency", "EUR"}, more...)
		}
		v := w.assetByTag("A-0001").Version
		shows(t, b.post("/assets/1", fields(v, "hostname", "lt-first", "purpose", "Accounting")...), http.StatusSeeOther)
		res := b.post("/assets/1", fields(v, "hostname", "lt-second", "purpose", "Accounting")...)
		shows(t, res, http.StatusConflict, "lt-first", "lt-second")
		shows(t, b.post("/assets/1", fields(v+1, "hostname", "lt-second", "purpose", "Accounting")...), http.StatusSeeOther)
		shows(t, b.get("/assets/1"), http.StatusOK, "lt-second", "Tomas Rehak changed what is said of it", "Hostname")
		res = b.post("/assets/1", fields(v+2, "hostname", "lt-third", "warranty_until", "soon")...)
		shows(t, res, http.StatusUnprocessableEntity, "no day of the calendar", `value="lt-third"`, `value="soon"`)
		shows(t, b.post("/assets/1", "what", "x"), http.StatusUnprocessableEntity)
	})
}

func TestPlaces(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		shows(t, b.post("/locations", "name", "Shelf B", "kind", "warehouse", "parent", "2"), http.StatusSeeOther)
		shows(t, b.get("/locations"), http.StatusOK, "Shelf B", "Harbour Street &gt; Store room &gt; Shelf B is added.")
		for _, x := range [][]string{{"name", "", "kind", "room", "parent", "2"}, {"name", "shelf b", "kind", "room", "parent", "2"}, {"name", strings.Repeat("L", 200), "kind", "room"}, {"name", "x", "kind", "castle"}, {"name", "x", "kind", "room", "parent", "999999"}, {"name", "x", "kind", "room", "parent", "x"}} {
			res := b.post("/locations", x...)
			shows(t, res, http.StatusUnprocessableEntity, "entry-error")
			if x[1] != "" {
				shows(t, res, http.StatusUnprocessableEntity, `value="`+x[1]+`"`)
			}
		}
		version := func(id int64) string {
			l, err := w.things.Location(t.Context(), id)
			w.ok(err)
			return fmt.Sprint(l.Version)
		}
		v := version(2)
		shows(t, b.post("/locations/2", "version", v, "name", "Main store", "kind", "warehouse", "parent", "1"), http.StatusSeeOther)
		shows(t, b.post("/locations/2", "version", v, "name", "Other store", "kind", "warehouse", "parent", "1"), http.StatusConflict, "Main store", "Other store")
		shows(t, b.post("/locations/1", "version", version(1), "name", "Harbour Street", "kind", "site", "parent", "2"), http.StatusUnprocessableEntity, "entry-error")
		shows(t, b.get("/assets/2"), http.StatusOK, "Harbour Street &gt; Main store")
		// What is not empty stays.
		shows(t, b.post("/locations/2/archive", "version", version(2), "archived", "1"), http.StatusUnprocessableEntity, "still has")
		shows(t, b.post("/locations/4/archive", "version", version(4), "archived", "1"), http.StatusSeeOther)
		shows(t, b.get("/locations?archived=1"), http.StatusOK, "Fixit Ltd.")
		if strings.Contains(b.get("/locations").Body.String(), `href="/locations/4"`) {
			t.Error("an archived place is shown")
		}
		shows(t, b.post("/locations/4/archive", "version", version(4), "archived", "0"), http.StatusSeeOther)
		// As it was.
		today := w.Now().Local().Format("2006-01-02")
		shows(t, b.get("/locations/2?on="+today), http.StatusOK, "Network cable", "What came and went", "Tomas Rehak gave it to Hana Sato")
		shows(t, b.get("/locations/2?on=2020-01-01"), http.StatusOK, "On 1 Jan 2020 nothing was here.")
		shows(t, b.get("/locations/2?on=2020-13-01"), http.StatusOK, "no day of the calendar")
		shows(t, b.get("/locations/2?on=2199-01-01"), http.StatusOK, "still to come")
	})
}

func TestModels(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		shows(t, b.post("/models", "name", "Monitor 27", "manufacturer", "Dell", "category", "screen", "min_on_hand", "2"), http.StatusSeeOther)
		shows(t, b.get("/models"), http.StatusOK, "Dell Monitor 27", "fewer than 2 on hand")
		for _, x := range [][]string{{"name", "", "category", "screen"}, {"name", "x", "category", ""}, {"name", "x", "category", "screen", "min_on_hand", "-2"}, {"name", "x", "category", "screen", "useful_life_months", "long"},
			{"name", "x", "category", "screen", "useful_life_months", "9999"}, {"name", strings.Repeat("M", 200), "category", "screen"}, {"name", "thinkpad t14", "manufacturer", "LENOVO", "category", "computer"}} {
			shows(t, b.post("/models", x...), http.StatusUnprocessableEntity, "entry-error", x[1])
		}
		m, err := w.things.Model(t.Context(), 1)
		w.ok(err)
		v := fmt.Sprint(m.Version)
		shows(t, b.post("/models/1", "version", v, "name", "ThinkPad T14 Gen 4", "manufacturer", "Lenovo", "category", "computer"), http.StatusSeeOther)
		shows(t, b.post("/models/1", "version", v, "name", "ThinkPad T14 Gen 5", "manufacturer", "Lenovo", "category", "computer"), http.StatusConflict, "ThinkPad T14 Gen 4", "ThinkPad T14 Gen 5")
		m, err = w.things.Model(t.Context(), 1)
		w.ok(err)
		shows(t, b.post("/models/1/archive", "version", fmt.Sprint(m.Version), "archived", "1"), http.StatusUnprocessableEntity, "still in use")
		shows(t, b.post("/models/5/archive", "version", "1", "archived", "1"), http.StatusSeeOther)
		shows(t, b.get("/models?archived=1"), http.StatusOK, "Dell Monitor 27")
	})
}

// upload posts files from our own page.
func (b *browse) upload(path string, files map[string][]byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, data := range files {
		part, err := m.CreateFormFile("files", name)
		b.w.ok(err)
		part.Write(data)
	}
	m.Close()
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func TestThingFiles(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		shows(t, b.upload("/assets/1/files", map[string][]byte{"front.png": picture(40, 30)}), http.StatusSeeOther)
		shows(t, b.upload("/assets/1/files", map[string][]byte{"evil.html": []byte("<script>alert(1)</script>")}), http.StatusSeeOther)
		files, err := w.Files(t.Context(), tracker.Thing{Kind: tracker.KindAsset, ID: 1})
		w.ok(err)
		if files = files[:len(files)-2]; len(files) != 2 { // two were there
			t.Fatalf("%d files", len(files))
		}
		shows(t, b.get("/assets/1"), http.StatusOK, `<img src="/files/`+files[1].UID, "Tomas Rehak added", "evil.html")
		for _, f := range files {
			h := b.get("/files/" + f.UID).Header()
			if !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s: %v", f.Name, h)
			}
			if want := map[string]string{"front.png": "image/png", "evil.html": "application/octet-stream"}[f.Name]; h.Get("Content-Type") != want {
				t.Errorf("%s is served as %s", f.Name, h.Get("Content-Type"))
			}
		}
		shows(t, b.post("/files/"+files[0].UID+"/remove"), http.StatusSeeOther)
		shows(t, b.get("/files/"+files[0].UID), http.StatusNotFound)
		shows(t, b.get("/assets/1"), http.StatusOK, "Tomas Rehak removed a file")
		shows(t, b.upload("/assets/1/files", nil), http.StatusUnprocessableEntity, "Please choose a file first")
		shows(t, b.upload("/assets/1/files", map[string][]byte{"empty.txt": nil}), http.StatusUnprocessableEntity, "is empty")
		shows(t, b.upload("/assets/1/files", map[string][]byte{"empty.txt": nil, "kept.txt": []byte("kept"), "empty2.txt": nil}), http.StatusUnprocessableEntity, "is empty", "kept.txt")
		shows(t, b.upload("/assets/1/files", map[string][]byte{"huge.bin": make([]byte, tracker.MaxFile+10)}), http.StatusUnprocessableEntity, "larger than 25 MB")
		shows(t, b.upload("/assets/1/files", map[string][]byte{"huge.bin": make([]byte, 100<<20)}), http.StatusRequestEntityTooLarge)
		// What is no thing's is not removed here.
		f, err := w.AddFile(t.Context(), w.admin.Actor(), tracker.Thing{Kind: "look", ID: 1}, "logo.png", bytes.NewReader(picture(4, 4)))
		w.ok(err)
		shows(t, b.post("/files/"+f.UID+"/remove"), http.StatusNotFound)
	})
}

// TestLifeLinePages: a long life comes in pages, each entry once.
func TestLifeLinePages(t *testing.T) {
	everyStock(t, func(t *testing.T, w *world, b *browse) {
		a := w.assetByTag("A-0002")
		w.ok(w.Link(t.Context(), w.tech.Actor(), a.Thing(), tracker.Thing{Kind: tracker.KindTicket, ID: 4}))
		ben := w.client("Ben Achebe")
		for i := range 2*lifeSteps + 5 {
			to := inventory.Place{Status: inventory.Deployed, HolderID: ben, Reason: fmt.Sprintf("step %d.", i)}
			if i%2 == 1 {
				to = inventory.Place{Status: inventory.Stowed, LocationID: 2, Reason: fmt.Sprintf("step %d.", i)}
			}
			var err error
			a, err = w.things.Move(t.Context(), w.tech.Actor(), a.ID, to, a.Moves)
			w.ok(err)
		}
		seen := map[string]int{}
		path, pages := fmt.Sprintf("/assets/%d", a.ID), 0
		for ; path != "" && pages < 10; pages++ {
			body := b.get(path).Body.String()
			for _, m := range regexp.MustCompile(`step \d+\.`).FindAllString(body, -1) {
				seen[m]++
			}
			if strings.Contains(body, "linked it with") {
				seen["link"]++
			}
			path = ""
			if m := regexp.MustCompile(`href="(/assets/\d+\?before=[^"#]+)`).FindStringSubmatch(body); m != nil {
				path = m[1]
			}
		}
		if pages != 3 || len(seen) != 2*lifeSteps+6 {
			t.Fatalf("%d pages with %d entries", pages, len(seen))
		}
		for k, n := range seen {
			if n != 1 {
				t.Errorf("%s is there %d times", k, n)
			}
		}
	})
}

func TestHeldBefore(t *testing.T) {
	anna, ben := int64(1), int64(2)
	at := func(n int64) migrations.Stamp { return migrations.Stamp(n) }
	got := heldBefore([]inventory.Movement{
		{AssetID: 7, At: at(60), HolderID: &anna, WasHolderID: &ben},                       // has it again
		{AssetID: 7, At: at(50), HolderID: &ben, WasHolderID: &anna},                       // gave it away
		{AssetID: 8, At: at(40), WasHolderID: &anna, Tag: "A-8"},                           // began before what was read
		{AssetID: 7, At: at(30), HolderID: &anna, WasHolderID: &anna, Reason: "room only"}, // stayed with her
		{AssetID: 7, At: at(20), HolderID: &anna},
	}, anna)
	if len(got) != 2 || got[0].AssetID != 7 || got[0].From != 20 || got[0].Until != 50 || got[1].AssetID != 8 || got[1].From != 0 || got[1].Until != 40 {
		t.Fatalf("got %+v", got)
	}
}

// TestThingsOfManagers: who reads the plain view only sees nothing of it.
func TestThingsOfManagers(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	w.stock()
	m := w.session(w.manager)
	for _, path := range []string{"/assets", "/assets/1", "/locations", "/models/1", "/assets/new"} {
		shows(t, m.get(path), http.StatusForbidden)
	}
	shows(t, m.post("/assets/1/move", "do", "stow", "seen", "2", "to_text", "Store room"), http.StatusForbidden)
}

func dbOf(t *testing.T) *migrations.DB { return dbtest.Open(t, migrations.SQLite) }

// longNames adds an asset whose every name is as long as it may be, at a place
// with such a name, with a person of such a name.
func (w *world) longNames() {
	w.t.Helper()
	ctx, actor := w.t.Context(), w.tech.Actor()
	long := func(n int) string { return strings.Repeat("W", n) }
	l, err := w.things.CreateLocation(ctx, actor, inventory.LocationEdit{ParentID: 2, Kind: inventory.Room, Name: long(100)})
	w.ok(err)
	a, err := w.things.Register(ctx, actor, inventory.AssetEdit{Tag: long(60), Model: &inventory.ModelEdit{Category: "other", Manufacturer: long(100), Name: long(100)}, Serial: long(100), Hostname: long(100),
		Purpose: long(2000), Reference: long(500), Specs: long(50) + ": " + long(200)}, inventory.Place{Status: inventory.Stowed, LocationID: l.ID})
	w.ok(err)
	var longest int64
	w.ok(w.DB().Get(ctx, &longest, `SELECT id FROM client ORDER BY length(name) DESC LIMIT 1`))
	_, err = w.things.Move(ctx, actor, a.ID, inventory.Place{Status: inventory.Deployed, HolderID: longest, LocationID: l.ID, Reason: long(500)}, a.Moves)
	w.ok(err)
	_, err = w.AddFile(ctx, actor, a.Thing(), long(180)+".pdf", strings.NewReader("%PDF-1.4 x"))
	w.ok(err)
}
