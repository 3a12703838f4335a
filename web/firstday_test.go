package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"
)

// TestAChipFillsItsPicker: one of the recent places, pressed, is chosen in the
// field beside it, in the place of whoever was picked before.
func TestAChipFillsItsPicker(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.stock()
	d.open("/assets/new")
	d.MustElement("#at").MustInput("Ben")
	d.tap(d.sees(".picks li", "Ben Achebe"))
	d.MustElement(".picker.chosen")
	chip := d.MustElement(".fills label")
	want := *chip.MustElement("input").MustAttribute("value")
	chip.MustClick()
	if got := d.MustElement(`input[type=hidden][name="at"]`).MustProperty("value").Str(); got != want {
		t.Errorf("the field holds %q, want %q", got, want)
	}
	if got := d.MustElement("#at").MustProperty("value").Str(); got != chip.MustText() {
		t.Errorf("the field reads %q, want %q", got, chip.MustText())
	}
}

// TestTheZoneIsToldFromEveryPage: also from those with a field for a zone.
func TestTheZoneIsToldFromEveryPage(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	b := d.w.session(d.w.admin)
	d.become(b)
	for _, path := range []string{"/account", "/settings/hours"} {
		b.post("/account/zone", "zone", "")
		d.open(path)
		for end := time.Now().Add(10 * time.Second); d.w.count(`SELECT count(*) FROM account WHERE id = ? AND zone <> ''`, d.w.admin.ID) == 0; {
			if time.Now().After(end) {
				t.Errorf("%s: the browser did not tell its zone", path)
				break
			}
			d.MustWaitIdle()
		}
	}
}

// TestTheAuditSaysWhoLostATicket: an assignment that is taken back is told as such.
func TestTheAuditSaysWhoLostATicket(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		admin := w.session(w.admin)
		for _, to := range []string{fmt.Sprint(w.tech.ID), "0"} {
			admin.wants(http.StatusSeeOther, "/tickets/4/assignee", "version", fmt.Sprint(w.version("ticket", 4)), "assignee", to)
		}
		admin.page("/audit", `Ines Holm gave <a href="/tickets/4">HD-4</a> to Tomas Rehak`, `Ines Holm took <a href="/tickets/4">HD-4</a> from Tomas Rehak`)
	})
}

// TestWhatAThingHasCost: each sum says what it is made of.
func TestWhatAThingHasCost(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.shelf()
		b := w.session(w.tech)
		register := func(pairs ...string) string {
			return b.wants(http.StatusSeeOther, "/assets", append([]string{"at_text", "Main site > Store room", "status", "stowed"}, pairs...)...)
		}
		has := func(path string, wants ...string) {
			t.Helper()
			facts := b.page(path)
			_, facts, _ = strings.Cut(facts, "Facts")
			wantWords(t, path, facts, wants...)
		}
		cables := register("what", "HDMI cable", "category", "part", "quantity", "12", "cost", "7,95")
		has(cables, "7.95 EUR", "each", "95.40 EUR", "12 pieces together")
		if page := b.page(cables); strings.Contains(page, "with repairs") {
			t.Error("what was never repaired is said to have cost with repairs")
		}
		for _, cost := range []string{"", "100"} {
			screen := register("what", "Screen 24"+cost, "category", "screen", "serial", "S1", "cost", cost)
			order := b.wants(http.StatusSeeOther, "/orders", "title", "It flickers", "choice", strings.TrimPrefix(screen, "/assets/"), "do", "take")
			b.wants(http.StatusSeeOther, order+"/lines", "line_kind", "part", "line_text", "Panel", "quantity", "1", "unit_cost", "30")
			if cost == "" {
				has(screen, "30.00 EUR", "repairs alone")
			} else {
				has(screen, "130.00 EUR", "with repairs")
			}
		}
	})
}

// TestTheLifeLineSaysWhereItWasRepaired, and to whom it came back.
func TestTheLifeLineSaysWhereItWasRepaired(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		x := w.shelf()
		b := w.session(w.tech)
		to := b.wants(http.StatusSeeOther, "/orders", "title", "The hinge is broken", "choice", fmt.Sprint(x.laptop.ID), "vendor", fmt.Sprint(x.vendor.ID), "do", "take")
		b.page(assetPath(x.laptop.ID), "Tomas Rehak took it to repair: Fixit Ltd")
		o, err := w.things.Order(t.Context(), 1)
		w.ok(err)
		b.wants(http.StatusSeeOther, to+"/status", "version", version(o), "status", "done", "resolution", "New hinge.")
		b.page(assetPath(x.laptop.ID), "Tomas Rehak gave it back to Hana Sato")
	})
}

// TestColumnsComeFirst where the file's headers are not understood: nothing can
// be mended before they are.
func TestColumnsComeFirst(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		b.page("/import", `href="/assets"`)
		for text, first := range map[string]bool{"foo;bar\nBook;Annex\n": true, "Model;Location\nBook;\n": false} {
			page := mainOf(b.get(b.bring("list.csv", []byte(text)).Header().Get("Location")).Body.String())
			columns, problems := strings.Index(page, "import-columns"), strings.Index(page, `id="problems"`)
			if columns < 0 || problems < 0 || (columns < problems) != first {
				t.Errorf("%q: columns at %d, problems at %d", text, columns, problems)
			}
		}
	})
}

// TestBulkByKeyboard: what is selected with keys is changed with keys.
func TestBulkByKeyboard(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.stock()
	d.open("/tickets")
	d.Keyboard.MustType('j')
	d.Keyboard.MustType('a') // nothing is selected: nothing opens
	if d.MustHas("#bulk details[open]") {
		t.Fatal("a menu of the hidden bar is open")
	}
	d.Keyboard.MustType('x', 'j', 'x', 'a')
	d.sees("#bulk details[open] button:focus", "Ines Holm")
	d.Keyboard.MustType(input.Enter)
	d.sees(".flash", "2 tickets are now with Ines Holm")
	d.open("/assets")
	d.Keyboard.MustType('j', 'x', 'd')
	d.MustElement("#bulk-deploy:focus").MustInput("Ben")
	d.sees(".picks li", "Ben Achebe")
	d.Keyboard.MustType(input.ArrowDown, input.Enter, input.Enter)
	d.sees(".flash", "Ben Achebe")
}

// TestTheWayBack leads to the list that one came from, with its filters.
func TestTheWayBack(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.stock()
	back := func(want, to string) {
		t.Helper()
		d.sees(".crumb", "^"+want+"$")
		if got := *d.MustElement(".crumb").MustAttribute("href"); got != to {
			t.Errorf("the way back leads to %s, want %s", got, to)
		}
	}
	d.open("/tickets/4")
	back("Board", "/board")
	d.open("/tickets?who=nobody")
	d.open("/tickets/4")
	back("Tickets", "/tickets?who=nobody")
	d.sees(`button[data-key="t"]`, "Take it").MustClick()
	d.sees(".entry, .event, #said, .talk", "took it")
	back("Tickets", "/tickets?who=nobody")
	d.open("/assets/1") // what is no list of tickets is none of its ways back
	back("Assets", "/assets")
	d.open("/assets?q=ThinkPad")
	d.open("/assets/1")
	back("Assets", "/assets?q=ThinkPad")
	d.open("/tickets/4")
	back("Board", "/board")
	d.open("/board?who=mine")
	d.open("/tickets/4")
	back("Board", "/board?who=mine")
}

// TestFormsAreForTypingAtOnce: a form that one has asked for has the cursor.
func TestFormsAreForTypingAtOnce(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	x := d.w.shelf()
	for path, want := range map[string]string{"/locations": "l-name", "/models": "m-name"} {
		d.open(path)
		d.sees(".action a", "Add").MustClick()
		if _, err := d.Timeout(10 * time.Second).Element("#" + want + ":focus"); err != nil {
			t.Errorf("%s: the cursor is elsewhere than in #%s: %v", path, want, err)
		}
	}
	to := d.w.session(d.w.tech).wants(http.StatusSeeOther, "/orders", "title", "The hinge is broken", "choice", fmt.Sprint(x.laptop.ID), "do", "take")
	d.open(to)
	d.sees(".order-step summary", "Done").MustClick()
	if _, err := d.Timeout(10 * time.Second).Element("#step-done:focus"); err != nil {
		t.Errorf("what was done cannot be typed at once: %v", err)
	}
}

// TestAPlaceThatIsNotKnown: the message says where places are made. And who
// looks for the way out on the page of the account finds it.
func TestAPlaceThatIsNotKnown(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		page := b.wants(http.StatusUnprocessableEntity, "/assets", "what", "A lamp", "category", "other", "at_text", "Meeting room 7", "status", "deployed")
		wantWords(t, "the form", page, "There is nobody and no place called “Meeting room 7”", "Assets, Places", `value="A lamp"`)
		if n := strings.Count(mainOf(b.get("/account").Body.String()), `action="/logout"`); n != 1 {
			t.Errorf("%d ways out on the page of the account", n)
		}
	})
}
