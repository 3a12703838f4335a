package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// shelf is the inventory that the pages of repairs need.
type shelf struct {
	laptop, beamer, cables inventory.Asset
	room, vendor           inventory.Location
	hana                   int64 // has the laptop; asked HD-7
}

// shelf fills the inventory.
func (w *world) shelf() shelf {
	w.t.Helper()
	ctx, ines := w.t.Context(), w.admin.Actor()
	var x shelf
	var err error
	x.hana = int64(w.count(`SELECT id FROM client WHERE name = 'Hana Sato'`))
	x.room, err = w.things.EnsureLocation(ctx, ines, "Main site > Store room", inventory.Warehouse)
	w.ok(err)
	x.vendor, err = w.things.CreateLocation(ctx, ines, inventory.LocationEdit{Kind: inventory.Vendor, Name: "Fixit Ltd"})
	w.ok(err)
	register := func(category inventory.Category, maker, model string, e inventory.AssetEdit, at inventory.Place) inventory.Asset {
		e.Model = &inventory.ModelEdit{Category: category, Manufacturer: maker, Name: model}
		a, err := w.things.Register(ctx, ines, e, at)
		w.ok(err)
		return a
	}
	cost := int64(129900)
	x.laptop = register("computer", "Lenovo", "ThinkPad T14", inventory.AssetEdit{Serial: "PF-3X91K", Hostname: "acc-hs-01", Cost: &cost, WarrantyUntil: "2099-01-31"}, inventory.Place{Status: inventory.Deployed, HolderID: x.hana, LocationID: x.room.ID})
	x.beamer = register("audio_visual", "Epson", "EB-X49", inventory.AssetEdit{}, inventory.Place{Status: inventory.Stowed, LocationID: x.room.ID})
	x.cables = register("part", "", "HDMI cable 3 m", inventory.AssetEdit{}, inventory.Place{Status: inventory.Stowed, LocationID: x.room.ID, Quantity: 12})
	return x
}

var _ = example("/orders", "/orders", "/orders?show=closed", "/orders?who=nobody&status=assessed") &&
	example("/orders/{number}", "/orders/1", "/orders/2", "/orders/3", "/orders/4") &&
	example("/orders/new", "/orders/new", "/orders/new?ticket=7&asset=1")

func init() { chapters = append(chapters, (*world).repairs) }

// repairs are some weeks of the workshop.
func (w *world) repairs() {
	w.t.Helper()
	ctx, ines, tomas := w.t.Context(), w.admin.Actor(), w.tech.Actor()
	day := 24 * time.Hour
	w.ago(20 * day)
	x := w.shelf()
	open := func(in inventory.NewOrder) inventory.Order {
		o, err := w.things.OpenOrder(ctx, tomas, in)
		w.ok(err)
		return o
	}
	step := func(o inventory.Order, to inventory.OrderStep) {
		_, err := w.things.StepOrder(ctx, tomas, o.Number, to, tracker.AnyVersion)
		w.ok(err)
	}
	line := func(o inventory.Order, kind, text string, quantity, cost int64) {
		_, err := w.things.AddLine(ctx, tomas, o.Number, inventory.Line{Kind: kind, Text: text, Quantity: quantity, UnitCost: cost})
		w.ok(err)
	}
	ticket := func(number int) int64 {
		return int64(w.count(`SELECT id FROM ticket WHERE number = ` + fmt.Sprint(number)))
	}
	hinge := open(inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "The left hinge of the lid is broken", Reason: "It fell off the desk on Monday.\nThe screen still works, but the lid does not stay up.", AssetID: x.laptop.ID,
		AssigneeID: w.tech.ID, VendorID: x.vendor.ID, UnderWarranty: true, PlannedOn: w.Now().AddDate(0, 0, 5).Format("2006-01-02")}, TicketID: ticket(7), TakeIn: true})
	w.ago(19 * day)
	w.ok(w.things.AddOrderNote(ctx, tomas, hinge.Number, "Both screws are torn out of the cover. Fixit can change the whole cover; they expect it on Thursday.\nhttps://fixit.example/jobs/4471"))
	step(hinge, inventory.OrderStep{Status: inventory.Waiting})
	line(hinge, "part", "Cover with hinges", 1000, 8990)
	line(hinge, "labour", "Taking apart and putting together", 1500, 6500)
	line(hinge, "shipping", "There and back", 2000, 1295)
	w.ago(12 * day)
	lamp := open(inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "The lamp is dark, and the fan is so loud that nobody in the last row hears anything", AssetID: x.beamer.ID, ClientID: int64(w.count(`SELECT id FROM client WHERE name = 'Jonas Weber'`)), AssigneeID: w.admin.ID}, TicketID: ticket(3), TakeIn: true})
	w.ago(11 * day)
	step(lamp, inventory.OrderStep{Status: inventory.InProgress})
	line(lamp, "part", "Lamp ELPLP97", 1000, 14900)
	line(lamp, "labour", "Cleaning", 500, 6500)
	w.ago(10 * day)
	step(lamp, inventory.OrderStep{Status: inventory.Done, Resolution: "New lamp, cleaned the fan and its grille."})
	open(inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Sort out the torn ones", AssetID: x.cables.ID}})
	w.ago(3 * day)
	old := open(inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: strings.Repeat("Donaudampfschiff", 12)[:190], AssigneeID: w.tech.ID}})
	_, err := w.things.StepOrder(ctx, ines, old.Number, inventory.OrderStep{Status: inventory.WrittenOff, Reason: "Older than anybody here; a new one costs less than the part."}, tracker.AnyVersion)
	w.ok(err)
	w.ok(w.Link(ctx, ines, tracker.Thing{Kind: tracker.KindTicket, ID: ticket(7)}, tracker.Thing{Kind: tracker.KindTicket, ID: ticket(2)}))
	w.ok(w.Link(ctx, ines, hinge.Thing(), tracker.Thing{Kind: tracker.KindClient, ID: int64(w.count(`SELECT id FROM client WHERE name = 'Marta Kowalski'`))}))
	w.ago(0)
}

// page returns a page's text, and fails the test unless it has all the words.
func (b *browse) page(path string, words ...string) string {
	b.w.t.Helper()
	res := b.get(path)
	if res.Code != http.StatusOK {
		b.w.t.Fatalf("%s: %d", path, res.Code)
	}
	wantWords(b.w.t, path, res.Body.String(), words...)
	return res.Body.String()
}

func wantWords(t testing.TB, what, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			if i := strings.Index(text, "<main"); i >= 0 {
				text = text[i:]
			}
			t.Fatalf("%s lacks %q:\n%s", what, word, text)
		}
	}
}

// wants posts a form and fails the test unless it is answered so.
func (b *browse) wants(code int, path string, pairs ...string) string {
	b.w.t.Helper()
	res := b.post(path, pairs...)
	if res.Code != code {
		b.w.t.Fatalf("POST %s %v: %d, want %d\n%s", path, pairs, res.Code, code, res.Body)
	}
	if code == http.StatusSeeOther {
		return res.Header().Get("Location")
	}
	return res.Body.String()
}

func version(o inventory.Order) string { return fmt.Sprint(o.Version) }

// TestARepairOnThePages: opened from a ticket, worked, costed, finished, seen
// on all sides.
func TestARepairOnThePages(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		x := w.shelf()
		b := w.session(w.tech)
		laptop := fmt.Sprint(x.laptop.ID)
		if text := b.page("/orders", "No repair yet", "/orders/new"); strings.Contains(text, "list-wrap") {
			t.Fatal("an empty list has a table")
		}
		b.page("/tickets/7", x.laptop.Tag, "Lenovo ThinkPad T14", "/orders/new?asset="+laptop+"&amp;ticket=7", "No repair is linked")
		b.page("/orders/new?ticket=7&asset="+laptop, `value="Cannot reach the accounting database"`, `name="choice" value="`+laptop+`" checked`, "The warranty lasts until 31 Jan 2099", "Hana Sato", "Fixit Ltd")
		b.page("/orders/new?client="+fmt.Sprint(x.hana), `name="choice" value="`+laptop+`" checked`)
		to := b.wants(http.StatusSeeOther, "/orders", "title", "The hinge is broken", "choice", laptop, "ticket", "7", "assignee", fmt.Sprint(w.tech.ID), "vendor", fmt.Sprint(x.vendor.ID), "planned_on", "2020-01-31", "do", "take")
		if to != "/orders/1" {
			t.Fatalf("it went to %s", to)
		}
		text := b.page(to, "The hinge is broken", "Assessed", "In repair", "Fixit Ltd", "Overdue since 31 Jan 2020", "HD-7", "goes back to Hana Sato, Main site &gt; Store room")
		if strings.Count(text, "Tomas Rehak set it to: taken in") != 1 {
			t.Fatalf("the step is told wrongly:\n%s", text)
		}
		b.page("/tickets/7", "opened the repair", "WO-1 The hinge is broken", ">WO-1</a>: taken in (Tomas Rehak)", "linked this with")
		o, err := w.things.Order(t.Context(), 1)
		w.ok(err)
		b.wants(http.StatusSeeOther, "/orders/1/notes", "text", "The left hinge is torn out.\nOrdered one.")
		b.wants(http.StatusSeeOther, "/orders/1/lines", "line_kind", "part", "line_text", "Hinge, left", "quantity", "2", "unit_cost", "19,95")
		b.wants(http.StatusSeeOther, "/orders/1/lines", "line_kind", "labour", "line_text", "Opening it", "quantity", "1,5", "unit_cost", "65")
		b.page("/orders/1", "The left hinge is torn out.", "137.40 EUR", "39.90 EUR", "1.5 h")
		// What is removed can be brought back.
		b.wants(http.StatusSeeOther, "/orders/1/lines/1/remove")
		if text := b.page("/orders/1", "97.50 EUR", "“Hinge, left” is removed", `name="quantity" value="2"`, `name="unit_cost" value="19.95"`); strings.Contains(text, "137.40") {
			t.Fatal("the total kept the removed line")
		}
		b.wants(http.StatusSeeOther, "/orders/1/lines", "line_kind", "part", "line_text", "Hinge, left", "quantity", "2", "unit_cost", "19.95")
		b.wants(http.StatusSeeOther, "/orders/1/status", "version", version(o), "status", "done", "resolution", "New hinge.")
		b.page("/orders/1", "What was done:", "New hinge.", "Done", "Open it again", "137.40 EUR")
		b.page("/tickets/7", ": done (Tomas Rehak)", "WO-1")
		b.page("/orders", "Nothing to repair")
		b.page("/orders?show=closed", "WO-1", "137.40 EUR")
		a, err := w.things.Asset(t.Context(), x.laptop.ID)
		w.ok(err)
		if a.Status != inventory.Deployed || a.HolderName != "Hana Sato" || a.LocationName != "Store room" {
			t.Fatalf("the laptop is %s with %s in %s", a.Status, a.HolderName, a.LocationName)
		}
	})
}

// TestRepairFormsKeepWhatWasTyped: a message at the field, nothing lost, nothing written.
func TestRepairFormsKeepWhatWasTyped(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		x := w.shelf()
		b := w.session(w.tech)
		bad := http.StatusUnprocessableEntity
		text := b.wants(bad, "/orders", "title", " ", "reason", "Since Monday", "planned_on", "2026-02-31", "client_text", "nobody of this name", "do", "plan")
		wantWords(t, "the form", text, "Since Monday", `id="client-error"`, `id="title-error"`, "nobody of this name", `value="2026-02-31"`)
		text = b.wants(bad, "/orders", "title", "Broken", "planned_on", "2026-02-31", "choice", fmt.Sprint(x.beamer.ID), "do", "plan")
		wantWords(t, "the form", text, `id="planned_on-error"`, "no day of the calendar", `name="choice" value="`+fmt.Sprint(x.beamer.ID)+`" checked`)
		text = b.wants(bad, "/orders", "title", strings.Repeat("x", 201), "do", "take")
		wantWords(t, "the form", text, `id="title-error"`, strings.Repeat("x", 201))
		if n := w.count(`SELECT count(*) FROM work_order`); n != 0 {
			t.Fatalf("%d orders were written", n)
		}
		// By its tag, without JavaScript.
		b.wants(http.StatusSeeOther, "/orders", "title", "Lamp", "asset_text", x.beamer.Tag, "client_text", "hana.sato@aldermere.example", "do", "plan")
		o, err := w.things.Order(t.Context(), 1)
		w.ok(err)
		if o.AssetTag != x.beamer.Tag || o.ClientName != "Hana Sato" {
			t.Fatalf("got %+v", o)
		}
		for field, pairs := range map[string][]string{
			"quantity":  {"line_kind", "part", "line_text", "Lamp ELPLP97", "quantity", "-2", "unit_cost", "10"},
			"unit_cost": {"line_kind", "part", "line_text", "Lamp ELPLP97", "quantity", "2", "unit_cost", "much"},
			"line_text": {"line_kind", "part", "line_text", "  ", "quantity", "17", "unit_cost", "10"},
			"line_kind": {"line_kind", "gift", "line_text", "Lamp ELPLP97", "quantity", "2", "unit_cost", "10"},
		} {
			text := b.wants(bad, "/orders/1/lines", pairs...)
			wantWords(t, field, text, `id="`+field+`-error"`, `value="`+pairs[5]+`"`, `value="`+pairs[7]+`"`)
		}
		text = b.wants(bad, "/orders/1/lines", "line_kind", "part", "line_text", "x", "quantity", "999999999999999999999", "unit_cost", "99999999999999999999")
		wantWords(t, "over-large numbers", text, `id="quantity-error"`, `id="unit_cost-error"`)
		wantWords(t, "an empty note", b.wants(bad, "/orders/1/notes", "text", " "), `id="text-error"`)
		v := version(o)
		wantWords(t, "done without words", b.wants(bad, "/orders/1/status", "version", v, "status", "done", "resolution", " "), `id="step-done-error"`, "Please write what was done")
		wantWords(t, "written off without words", b.wants(bad, "/orders/1/status", "version", v, "status", "written_off"), `id="step-written_off-error"`)
		text = b.wants(http.StatusConflict, "/orders/1/status", "version", "99", "status", "done", "resolution", "A new lamp.")
		wantWords(t, "a stale step", text, "Somebody else changed WO-1 meanwhile", "A new lamp.")
		// Two edit it: the second sees both.
		b.wants(http.StatusSeeOther, "/orders/1", "version", v, "title", "The lamp is dark", "client", fmt.Sprint(x.hana), "client_text", "Hana Sato", "asset", fmt.Sprint(x.beamer.ID), "asset_text", "x")
		text = b.wants(http.StatusConflict, "/orders/1", "version", v, "title", "The lamp flickers", "client_text", "", "asset", fmt.Sprint(x.beamer.ID), "asset_text", "x")
		wantWords(t, "a stale edit", text, "Now: The lamp is dark", `value="The lamp flickers"`, "Now: Hana Sato", "not saved yet")
		// The line of twelve is left where it is, and says so.
		b.wants(http.StatusSeeOther, "/orders", "title", "One is torn", "asset_text", x.cables.Tag, "do", "take")
		b.page("/orders/2", "stands for 12 pieces")
	})
}

func TestRepairList(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		x := w.shelf()
		b := w.session(w.tech)
		for i := range 55 {
			e := inventory.OrderEdit{Title: fmt.Sprintf("Broken thing %02d", i)}
			if i%11 == 0 {
				e.AssigneeID = w.tech.ID
			}
			if i == 5 {
				e.VendorID, e.AssetID, e.PlannedOn = x.vendor.ID, x.laptop.ID, "2020-02-01"
			}
			_, err := w.things.OpenOrder(t.Context(), w.admin.Actor(), inventory.NewOrder{OrderEdit: e})
			w.ok(err)
		}
		text := b.page("/orders", "WO-55", "55 repairs", "WO-6")
		if strings.Contains(text, ">WO-5<") {
			t.Fatal("the first page has everything")
		}
		next := text[strings.Index(text, `rel="next" href="`)+len(`rel="next" href="`):]
		next = strings.ReplaceAll(next[:strings.IndexByte(next, '"')], "&amp;", "&")
		if text := b.page(next, ">WO-5<", ">WO-1<"); strings.Contains(text, ">WO-6<") {
			t.Fatal("the second page begins too early")
		}
		only := func(path, has, not string) {
			t.Helper()
			if text := b.page(path, ">"+has+"<"); strings.Contains(text, ">"+not+"<") {
				t.Fatalf("%s has %s too", path, not)
			}
		}
		only("/orders?who=me", "WO-1", "WO-2")
		only("/orders?overdue=1", "WO-6", "WO-5")
		only("/orders?vendor="+fmt.Sprint(x.vendor.ID), "WO-6", "WO-5")
		only("/orders?asset="+fmt.Sprint(x.laptop.ID), "WO-6", "WO-5")
		only("/orders?client="+fmt.Sprint(x.hana), "WO-6", "WO-5")
		b.page("/orders?status=waiting", "No repair matches", "Show all open ones")
		b.page("/orders?asset="+fmt.Sprint(x.laptop.ID), `filter`, x.laptop.Tag)
		if res := b.get("/orders/WO-6"); res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/orders/6" {
			t.Fatalf("WO-6: %d", res.Code)
		}
		if res := b.get("/orders?after=nonsense"); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("a page that is none: %d", res.Code)
		}
		for _, path := range []string{"/orders/new?ticket=999", "/orders/new?asset=999", "/orders/new?client=999", "/orders/999", "/orders/WO-", "/orders/x"} {
			if res := b.get(path); res.Code != http.StatusNotFound {
				t.Errorf("%s: %d, want 404", path, res.Code)
			}
		}
		if res := w.session(w.manager).get("/orders"); res.Code != http.StatusForbidden {
			t.Errorf("a manager gets %d", res.Code)
		}
	})
}

// TestLinks: any two things, from either side, with a way back.
func TestLinks(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		x := w.shelf()
		b := w.session(w.tech)
		o, err := w.things.OpenOrder(t.Context(), w.tech.Actor(), inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Dark lamp", AssetID: x.beamer.ID}})
		w.ok(err)
		ticket := tracker.Thing{Kind: tracker.KindTicket, ID: int64(w.count(`SELECT id FROM ticket WHERE number = 3`))}
		// Picked by what stands in the field, of one kind and of any.
		if to := b.wants(http.StatusSeeOther, "/links", "of", ticket.String(), "kind", "asset", "other_text", x.beamer.Tag, "back", "/tickets/3"); to != "/tickets/3" {
			t.Fatalf("it went to %s", to)
		}
		b.page("/tickets/3", x.beamer.Tag, "Epson EB-X49", "Linked with "+x.beamer.Tag, `action="/links/remove"`, "linked this with")
		b.wants(http.StatusSeeOther, "/links", "of", ticket.String(), "kind", "any", "other", o.Thing().String(), "other_text", "WO-1", "back", "/tickets/3")
		b.wants(http.StatusSeeOther, "/links", "of", ticket.String(), "kind", "any", "other_text", "HD-7", "back", "/tickets/3")
		b.wants(http.StatusSeeOther, "/links", "of", ticket.String(), "kind", "person", "other", fmt.Sprint(x.hana), "other_text", "Hana Sato", "back", "/tickets/3")
		b.page("/tickets/3", "WO-1", "Dark lamp", "Cannot reach the accounting database", "Hana Sato")
		b.page("/orders/1", "HD-3", "Teams meeting room")
		b.page("/tickets/7", "HD-3")
		if n := w.count(`SELECT count(*) FROM link`); n != 4 {
			t.Fatalf("%d links", n)
		}
		// Twice is once; with itself, with nothing, with what is not there: told at the field.
		b.wants(http.StatusSeeOther, "/links", "of", ticket.String(), "kind", "any", "other_text", "HD-7", "back", "/tickets/3")
		bad := http.StatusUnprocessableEntity
		wantWords(t, "itself", b.wants(bad, "/links", "of", ticket.String(), "kind", "ticket", "other_text", "HD-3"), "linked with itself", `value="HD-3"`)
		wantWords(t, "nothing", b.wants(bad, "/links", "of", ticket.String(), "kind", "any", "other_text", " "), "Please choose what to link")
		wantWords(t, "the unknown", b.wants(bad, "/links", "of", ticket.String(), "kind", "any", "other_text", "zzzz nothing"), `id="other-error"`, `value="zzzz nothing"`)
		wantWords(t, "the gone", b.wants(bad, "/links", "of", ticket.String(), "kind", "asset", "other", "999", "other_text", "A-0999"), "not there")
		b.wants(http.StatusNotFound, "/links", "of", "ticket:999", "other_text", "HD-7")
		b.wants(bad, "/links", "of", "nonsense")
		if to := b.wants(http.StatusSeeOther, "/links", "of", ticket.String(), "other_text", "HD-7", "back", "https://evil.example/"); to != "/tickets/3" {
			t.Fatalf("it sent the reader to %s", to)
		}
		// Taken away from the other side, and brought back.
		b.wants(http.StatusSeeOther, "/links/remove", "of", o.Thing().String(), "other", ticket.String(), "back", "/orders/1")
		if text := b.page("/orders/1", "Not linked with HD-3", `action="/links"`, `name="other" value="`+ticket.String()+`"`); !strings.Contains(text, "took away the link with") {
			t.Fatal("the order does not tell")
		}
		b.wants(http.StatusSeeOther, "/links", "of", o.Thing().String(), "other", ticket.String(), "back", "/orders/1")
		b.page("/orders/1", "HD-3")
		if n := w.count(`SELECT count(*) FROM link`); n != 4 {
			t.Fatalf("%d links", n)
		}
	})
}

// TestPickedTextWrittenOver: without JavaScript, what is written over a chosen thing counts.
func TestPickedTextWrittenOver(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		x := w.shelf()
		s := &site{store: w.Store, things: w.things}
		s.words, _ = loadWords("en")
		ask := func(pairs ...string) int64 {
			t.Helper()
			r, _ := http.NewRequest(http.MethodPost, "/", strings.NewReader(form(pairs...)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			id, _, err := s.pickedID(r, "asset", pickAsset)
			if err != nil && migrations.KindOf(err) != migrations.Invalid {
				t.Fatal(err)
			}
			return id
		}
		laptop := fmt.Sprint(x.laptop.ID)
		was := laptop + " " + x.laptop.Tag + " Lenovo ThinkPad T14"
		for want, pairs := range map[int64][]string{
			x.laptop.ID: {"asset", laptop, "asset_text", x.laptop.Tag + " Lenovo ThinkPad T14", "asset_was", was},
			x.beamer.ID: {"asset", laptop, "asset_text", x.beamer.Tag, "asset_was", was},
			0:           {"asset", laptop, "asset_text", "", "asset_was", was},
			x.cables.ID: {"asset", fmt.Sprint(x.cables.ID), "asset_text", "anything", "asset_was", was},
		} {
			if got := ask(pairs...); got != want {
				t.Errorf("%v is %d, want %d", url.Values{"form": pairs}, got, want)
			}
		}
	})
}
