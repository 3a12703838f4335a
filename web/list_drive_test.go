package web

import (
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
)

func TestBulkAndUndoByHand(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.open("/tickets")
	// A range by shift and click, then one more by the key x.
	box := func(n string) string { return `#r` + n + ` [data-pick]` }
	if d.MustElement("#bulk").MustVisible() {
		t.Fatal("the bar is there while nothing is selected")
	}
	d.MustElement(box("8")).MustClick()
	d.w.ok(d.Keyboard.Press(input.ShiftLeft))
	d.MustElement(box("6")).MustClick()
	d.w.ok(d.Keyboard.Release(input.ShiftLeft))
	d.sees("[data-picked]", "3 selected")
	d.MustElement("#r4 .main-cell a").MustFocus()
	d.Keyboard.MustType('x')
	d.sees("[data-picked]", "4 selected")
	d.Keyboard.MustType('j', 'x')
	d.sees("[data-picked]", "5 selected")
	d.Keyboard.MustType('x')
	d.sees("[data-picked]", "4 selected")
	// The list is read again by itself: the selection stays.
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "The lift camera is black", text: "Since this morning."})
	d.sees("#list .main-cell a", "lift camera")
	d.sees("[data-picked]", "4 selected")
	// Dropping asks for the reason.
	d.sees("#bulk summary", "Stage").MustClick()
	d.sees("#bulk [open] button", "Drop them").MustClick()
	if d.w.count(`SELECT count(*) FROM ticket WHERE stage = 'dropped'`) != 0 {
		t.Fatal("dropped without a reason")
	}
	// Somebody else changes one of them meanwhile, unseen.
	d.MustEval(`() => document.querySelector("#live").remove()`)
	if _, err := d.w.SetPriority(t.Context(), d.w.admin.Actor(), 6, 2, false, -1); err != nil {
		t.Fatal(err)
	}
	d.MustElement("#bulk-reason").MustInput("Asked twice")
	d.sees("#bulk [open] button", "Drop them").MustClick()
	d.sees(".flash", "3 tickets are now: Dropped")
	d.sees(".flash", "HD-6: Somebody else changed it meanwhile")
	if n := d.w.count(`SELECT count(*) FROM ticket WHERE stage = 'dropped' AND drop_reason = 'Asked twice' AND number IN (4, 7, 8)`); n != 3 {
		t.Fatalf("%d dropped", n)
	}
	// Undo, and the list of what I did.
	d.sees(".flash button", "Undo").MustClick()
	d.sees(".flash", "3 tickets are as they were before")
	if n := d.w.count(`SELECT count(*) FROM ticket WHERE stage = 'dropped'`); n != 0 {
		t.Fatalf("%d still dropped", n)
	}
	d.open("/bulk")
	d.sees(".bulk-did", "Taken back")
	d.open("/tickets/7")
	d.sees("#said .whisper", "re-opened it")
}

func TestBulkWithoutScripts(t *testing.T) {
	d := newDrive(t, usual, 390, 844)
	d.plain.Store(true)
	d.open("/tickets?who=nobody")
	d.MustElement("#r8 [data-pick]").MustClick()
	d.MustElement("#r4 [data-pick]").MustClick()
	d.sees("#bulk summary", "Technician").MustClick()
	d.sees("#bulk [open] button", "Tomas Rehak").MustClick()
	d.sees(".flash", "2 tickets are now with Tomas Rehak")
	if !strings.Contains(d.MustInfo().URL, "who=nobody") {
		t.Fatal("the filter is lost")
	}
	d.sees(".flash button", "Undo").MustClick()
	d.sees(".flash", "2 tickets are as they were")
	// Nothing selected: said, not done.
	d.sees("#bulk summary", "Technician").MustClick()
	d.sees("#bulk [open] button", "Tomas Rehak").MustClick()
	d.sees("#bulk .problem", "select some tickets first")
}

func TestSavedViewsByHand(t *testing.T) {
	for name, size := range map[string][2]int{"desk": {1440, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			d.open("/tickets")
			d.sees(".chip", "Not taken").MustClick()
			d.sees(".view-tools summary", "Save as a view").MustClick()
			d.MustElement(`.view-tools [name="name"]`).MustInput("Up for grabs")
			d.MustElement(`.view-tools [name="shared"]`).MustClick()
			d.sees(".view-tools button", "Save").MustClick()
			d.sees(".flash", "The view “Up for grabs” is saved")
			n := d.w.count(`SELECT count(*) FROM ticket WHERE assignee_id IS NULL AND archived_at IS NULL`)
			tab := d.sees(`.tabbar a[aria-current="page"]`, "Up for grabs")
			if got := tab.MustElement(".n").MustText(); got != strings.TrimSpace(itoa(n)) {
				t.Fatalf("the tab counts %s, there are %d", got, n)
			}
			// Another filter on top: the view can be brought up to it.
			d.sees(".chip", "Not triaged").MustClick()
			d.sees(".view-tools button", "Update “Up for grabs”").MustClick()
			d.sees(".flash", "is saved")
			if d.w.count(`SELECT count(*) FROM saved_view WHERE query = 'untriaged=1&who=nobody' AND shared`) != 1 {
				t.Fatal("the filter of the view is not what was shown")
			}
			// With the view, its menu and the way to save another there at once, nothing is too wide.
			d.sees(".chip", "Unread").MustClick()
			d.sees(".view-tools summary", "Save as a view")
			if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				t.Errorf("the tools of the views are %d px too wide", over)
			}
			d.sees(".tabbar a", "Up for grabs").MustClick()
			d.MustWait(`() => !document.querySelector(".dirty")`)
			// Rename; a name that is taken is said, and what was typed is still there.
			if _, err := d.w.SaveView(t.Context(), d.w.admin, savedAs("Stars", "star=1")); err != nil {
				t.Fatal(err)
			}
			d.MustElement(".view-tools .menu summary").MustClick()
			d.MustElement(`.view-tools [open] [name="name"]`).MustSelectAllText().MustInput("stars")
			d.sees(".view-tools [open] button", "Save").MustClick()
			d.sees(".problem", "called “Stars” already")
			if v := d.MustElement(`main [name="name"]`).MustProperty("value").Str(); v != "stars" {
				t.Fatalf("what was typed is now %q", v)
			}
			d.MustElement(`main [name="name"]`).MustSelectAllText().MustInput("Nobody's")
			d.sees("main button", "Save").MustClick()
			d.sees(`.tabbar a[aria-current="page"]`, "Nobody's")
			// Order.
			d.MustElement(".view-tools .menu summary").MustClick()
			d.sees(".view-tools [open] button", "Move to the right").MustClick()
			d.MustWait(`() => [...document.querySelectorAll(".tabbar a")].map(a => a.firstChild.textContent).join() === "All tickets,Stars,Nobody's"`)
			// Remove, and undo.
			d.MustElement(".view-tools .menu summary").MustClick()
			d.sees(".view-tools [open] button", "Remove this view").MustClick()
			d.sees(".flash", "is removed")
			if d.MustHas(`.tabbar a[href*="untriaged"]`) {
				t.Fatal("the removed view is still there")
			}
			d.sees(".flash button", "Undo").MustClick()
			d.sees(`.tabbar a[aria-current="page"]`, "Nobody's")
			if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				t.Errorf("%d px too wide", over)
			}
		})
	}
}

func TestPagesGoForthAndBack(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	for range 110 {
		d.w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "One of many", text: "x"})
	}
	d.open("/tickets?sort=oldest")
	first := d.MustElement("tbody tr").MustAttribute("id")
	d.sees(".pages a", "Next").MustClick()
	d.sees(".pages", "Page 2")
	second := d.MustElement("tbody tr").MustAttribute("id")
	d.sees(".pages a", "Next").MustClick()
	d.sees(".pages", "Page 3")
	if d.MustHas(`.pages [rel="next"]`) {
		t.Fatal("the last page leads on")
	}
	d.sees(".pages a", "Back").MustClick()
	d.sees(".pages", "Page 2")
	if now := d.MustElement("tbody tr").MustAttribute("id"); *now != *second {
		t.Fatalf("back on page 2 begins %s, before %s", *now, *second)
	}
	d.sees(".pages a", "Back").MustClick()
	d.MustWait(`() => !document.querySelector('.pages [rel="prev"]')`)
	if now := d.MustElement("tbody tr").MustAttribute("id"); *now != *first || !strings.Contains(d.MustInfo().URL, "sort=oldest") {
		t.Fatalf("back on page 1 begins %s, before %s, at %s", *now, *first, d.MustInfo().URL)
	}
}
