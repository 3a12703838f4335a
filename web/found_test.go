package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// furnish gives the desk a laptop with Hana, and a repair of it.
func (w *world) furnish() (inventory.Asset, inventory.Order) {
	w.t.Helper()
	ctx, by := w.t.Context(), w.tech.Actor()
	room, err := w.things.EnsureLocation(ctx, by, "Harbour Street > Store room", inventory.Room)
	w.ok(err)
	var hana int64
	w.ok(w.DB().Get(ctx, &hana, `SELECT id FROM client WHERE name = 'Hana Sato'`))
	a, err := w.things.Register(ctx, by, inventory.AssetEdit{Tag: "LT-77", Serial: "PF3XYZ", Model: &inventory.ModelEdit{Category: "computer", Manufacturer: "Lenovo", Name: "ThinkPad T14"}},
		inventory.Place{Status: inventory.Stowed, LocationID: room.ID})
	w.ok(err)
	a, err = w.things.Move(ctx, by, a.ID, inventory.Place{Status: inventory.Deployed, HolderID: hana}, a.Moves)
	w.ok(err)
	o, err := w.things.OpenOrder(ctx, by, inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Hinge of the accounting laptop is loose", AssetID: a.ID}})
	w.ok(err)
	_, err = w.IndexPending(ctx, nil)
	w.ok(err)
	return a, o
}

func TestSuggestAndSearchPages(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		a, o := w.furnish()
		b := w.session(w.tech)
		// A laptop by its hostname, with newer things that have its parts.
		host, err := w.things.Register(t.Context(), w.tech.Actor(), inventory.AssetEdit{Tag: "LT-1", Hostname: "FH-NB-0121", ModelID: a.ModelID}, inventory.Place{Status: inventory.Deployed, HolderID: *a.HolderID})
		w.ok(err)
		_, err = w.things.Register(t.Context(), w.tech.Actor(), inventory.AssetEdit{Tag: "LT-2", Hostname: "FH-NB-0122", Reference: "took over for FH-NB-0121", ModelID: a.ModelID}, inventory.Place{Status: inventory.Deployed, HolderID: *a.HolderID})
		w.ok(err)
		named, err := w.OpenTicket(t.Context(), w.tech.Actor(), tracker.NewTicket{Subject: "FH-NB-0121 makes a noise", Text: "It hums."})
		w.ok(err)
		naming := named.Number
		_, err = w.IndexPending(t.Context(), nil)
		w.ok(err)
		for _, c := range []struct{ path, first, has string }{
			{"/search/suggest?q=hd-7", `/tickets/7"`, "Exactly this"},
			{"/search/suggest?q=7", `/tickets/7"`, "Exactly this"},
			{"/search/suggest?q=lt-77", `/assets/` + itoa(int(a.ID)) + `"`, "Lenovo ThinkPad T14"},
			{"/search/suggest?q=WO-1", `/orders/` + itoa(int(o.Number)) + `"`, "Hinge"},
			{"/search/suggest?q=accounting", `/tickets/7"`, "Hinge of the accounting laptop"},
			{"/search/suggest?q=sato", `/tickets/7"`, `<h3 id="sg-client">People</h3>`},
			{"/search/suggest?q=pf3", `/assets/`, "LT-77"},
			{"/search?q=accounting", `/orders/1"`, "Hinge of the accounting laptop"},
			{"/search?q=thinkpad&kind=asset", `/assets/`, "Hana Sato"},
			{"/search?q=hinge&kind=work_order", `/orders/1"`, "WO-1"},
			{"/search?q=lt-77", `/assets/`, "Exactly this"},
			{"/search?q=fh-nb-0121", fmt.Sprintf(`/assets/%d"`, host.ID), "Exactly this"},
			{"/search?q=FH-NB-0121&kind=asset", fmt.Sprintf(`/assets/%d"`, host.ID), "Exactly this"},
			{"/search?q=FH-NB-0121&kind=ticket", fmt.Sprintf(`/tickets/%d"`, naming), ""},
			{"/search/suggest?q=fh-nb-0121", fmt.Sprintf(`/assets/%d"`, host.ID), "Exactly this"},
			{"/search/suggest?q=pf3xyz", fmt.Sprintf(`/assets/%d"`, a.ID), "Exactly this"},
			{"/search?q=dubois&kind=client", `/people/`, "Chloé Dubois"},
		} {
			res := b.get(c.path)
			body := res.Body.String()
			if res.Code != 200 || !strings.Contains(body, c.has) {
				t.Errorf("%s: %d, lacks %q", c.path, res.Code, c.has)
			}
			main := body[max(strings.Index(body, "<main"), 0):]
			at := len(main)
			for _, prefix := range []string{`href="/tickets/`, `href="/assets/`, `href="/orders/`, `href="/people/`} {
				if i := strings.Index(main, prefix); i >= 0 {
					at = min(at, i)
				}
			}
			if !strings.HasPrefix(main[at:], `href="`+c.first) {
				t.Errorf("%s begins with %.60s, want %s", c.path, main[at:], c.first)
			}
		}
		for _, path := range []string{"/search/suggest?q=", "/search/suggest?q=%00%ff", "/search/suggest?q=" + strings.Repeat("a", 5000), "/search/suggest?q=WO-99", "/search/suggest?q=c%2B%2B", "/search?q=x&after=zz&kind=zz", "/search?q=zzzz"} {
			if res := b.get(path); res.Code != 200 {
				t.Errorf("%.60s: %d", path, res.Code)
			}
		}
		if res := w.session(w.manager).get("/search/suggest?q=hana"); res.Code != 403 {
			t.Errorf("a manager is answered %d", res.Code)
		}
	})
}

func TestSearchAsYouType(t *testing.T) {
	for name, size := range map[string][2]int{"desk": {1440, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			d.w.furnish()
			d.open("/board")
			field, box := "#q", "#suggest-top"
			if name == "phone" {
				d.MustElement(".find-link").MustClick()
				d.MustElement("[data-suggest=here]")
				field, box = "[data-suggest=here]", "#suggest-here"
				d.MustElement(field).MustFocus()
			} else {
				d.Keyboard.MustType('/')
				d.MustWait(`() => document.activeElement.id === "q"`)
			}
			d.MustElement(field).MustInput("accounti")
			d.sees(box+" [role=group]", "Hinge of the accounting laptop")
			d.MustElement(field).MustInput("ng data")
			d.MustWait(`() => document.querySelectorAll("` + box + ` .all").length === 1 && document.querySelector("` + box + ` .all").textContent.includes("accounting data")`)
			if d.MustElement(field).MustEval(`() => this.getAttribute("aria-expanded")`).Str() != "true" {
				t.Fatal("not expanded")
			}
			// Escape closes and keeps what was typed; an arrow opens it again.
			d.Keyboard.MustType(input.Escape)
			d.MustWait(`() => document.querySelector("` + box + `").hidden`)
			if v := d.MustElement(field).MustProperty("value").Str(); v != "accounting data" {
				t.Fatalf("the field holds %q", v)
			}
			d.Keyboard.MustType(input.ArrowDown)
			d.MustWait(`() => !document.querySelector("` + box + `").hidden`)
			d.Keyboard.MustType(input.ArrowDown)
			active := d.MustElement(field).MustEval(`() => document.getElementById(this.getAttribute("aria-activedescendant"))?.getAttribute("aria-selected") + document.getElementById(this.getAttribute("aria-activedescendant"))?.pathname`).Str()
			if active != "true/tickets/7" {
				t.Fatalf("the first arrow leads to %q", active)
			}
			d.Keyboard.MustType(input.Enter)
			d.sees(".thead h2", "accounting database")
			// Enter without choosing searches.
			d.open("/search")
			if name == "phone" {
				d.MustElement(field).MustInput("thinkpad")
			} else {
				d.MustElement("#q").MustInput("thinkpad")
			}
			d.Keyboard.MustType(input.Enter)
			d.sees(".found .s", "LT-77 Lenovo ThinkPad T14")
			d.sees(`.chip[aria-current]`, "Everything")
			if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				t.Errorf("%d px too wide", over)
			}
		})
	}
}

// TestSearchAfterSuggestions: what is found while one types leaves the search
// page as it was, also for whoever comes from another zone.
func TestSearchAfterSuggestions(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := w.session(w.tech)
	for _, path := range []string{"/search/suggest?q=printer", "/search?q=printer"} {
		if res := b.get(path); res.Code != http.StatusOK {
			t.Errorf("%s: %d", path, res.Code)
		}
	}
}
