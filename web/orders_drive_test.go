package web

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/inventory"
)

// TestARepairInABrowser: opened from a ticket in three clicks, costed,
// finished, and seen on the ticket's, the asset's and its own page; on a desk,
// a tablet and a phone.
func TestARepairInABrowser(t *testing.T) {
	for _, width := range []int{1440, 820, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { repairInABrowser(t, width) })
	}
}

// TestARepairInABrowserOnPostgres is the same, in the long run of the tests only.

func repairInABrowser(t *testing.T, width int) {
	d := newDrive(t, usual, width, 900)
	x := d.w.shelf()
	d.w.index()
	d.open("/tickets/7")
	fits := func() {
		t.Helper()
		if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
			t.Errorf("%s is %d px wider than the window", d.MustInfo().URL, over)
		}
	}
	// Three clicks at most: on a phone the side is a drawer, which is the first.
	clicks := 0
	click := func(selector, text string) {
		t.Helper()
		clicks++
		d.tap(d.sees(selector, text))
	}
	if width < 1101 {
		click(".drawer-open", "Hana")
		d.MustWait(`() => { const r = document.querySelector("#ticket-assets .btn").getBoundingClientRect(); return r.right <= innerWidth && r.left >= 0 }`)
	}
	click("#ticket-assets .btn", "Repair")
	d.sees(".trail h1", "New repair")
	fits()
	click(".form-foot button", "Take it in now")
	d.sees(".flash", "WO-1 is open")
	if clicks > 3 {
		t.Fatalf("it took %d clicks", clicks)
	}
	d.sees(".props .state-mark", "Assessed")
	d.sees(".props .state-mark", "In repair")
	fits()
	// Costs, with a mistake first: nothing typed is lost.
	line := func(kind, text, quantity, cost string) {
		t.Helper()
		d.MustElement("#line_kind").MustSelect(kind)
		d.MustElement("#line_text").MustSelectAllText().MustInput(text)
		d.MustElement("#quantity").MustSelectAllText().MustInput(quantity)
		d.MustElement("#unit_cost").MustSelectAllText().MustInput(cost)
		d.tap(d.sees(".line-form button", "Add"))
	}
	line("Part", "Hinge, left", "-2", "19.95")
	d.sees("#quantity-error", "more than 0")
	if v := d.MustElement("#line_text").MustProperty("value").Str(); v != "Hinge, left" {
		t.Fatalf("what was typed is now %q", v)
	}
	d.MustElement("#quantity").MustSelectAllText().MustInput("2")
	d.tap(d.sees(".line-form button", "Add"))
	d.sees(".flash", "The cost is added")
	line("Labour", "Changing it", "1.5", "65")
	d.sees(".lines tfoot .sum", "137.40 EUR")
	fits()
	// A note.
	d.MustElement("#text").MustInput("Both screws were torn out.")
	d.tap(d.sees(".note-form button", "Save the note"))
	d.sees(".msg.note .text", "Both screws were torn out")
	// Start work, wait for parts, undo that.
	d.tap(d.sees(".order-steps button", "Start work"))
	d.sees(".flash", "WO-1 is now: In progress")
	d.tap(d.sees(".order-steps button", "Wait for parts"))
	d.sees(".flash", "WO-1 is now: Waiting for parts")
	d.tap(d.sees(".flash button", "Undo"))
	d.sees(".flash", "WO-1 is now: In progress")
	// Done: it says where the laptop goes, and asks what was done.
	d.tap(d.sees(".order-step summary", "Done"))
	d.sees(".order-step[open] .hint", "goes back to Hana Sato")
	d.MustElement(".order-step[open] textarea").MustInput("New hinge.")
	d.tap(d.sees(".order-step[open] button", "It is done"))
	d.sees(".solved", "New hinge")
	d.sees(".props .state-mark", "Done")
	fits()
	if d.w.count(`SELECT count(*) FROM asset WHERE status = 'deployed' AND holder_id = (SELECT id FROM client WHERE name = 'Hana Sato')`) != 1 {
		t.Fatal("the laptop is not back with Hana")
	}
	// The ticket tells every step, and shows the repair beside it.
	d.open("/tickets/7")
	d.sees("#said .whisper", "opened the repair WO-1")
	d.sees("#said .whisper", "WO-1: done")
	if !strings.Contains(d.MustElement("#ticket-repairs").MustProperty("textContent").Str(), "WO-1") {
		t.Fatal("the ticket does not show its repair")
	}
	fits()
	// The asset's life line has it.
	d.open(assetPath(x.laptop.ID))
	d.sees(".timeline", "WO-1")
	d.sees("#links", "HD-7")
	fits()
	// And the list of closed ones; its search is by links.
	d.open("/orders")
	d.sees(".empty-state", "Nothing to repair")
	d.tap(d.sees(".chips .chip", "Closed"))
	d.sees(".list.orders", "WO-1")
	fits()
}

// TestLinkInABrowser: picked from search as one types, by keyboard.
func TestLinkInABrowser(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	x := d.w.shelf()
	o, err := d.w.things.OpenOrder(t.Context(), d.w.tech.Actor(), inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "The lamp is dark", AssetID: x.beamer.ID}})
	d.w.ok(err)
	d.w.index()
	d.open(orderPath(o.Number))
	d.MustElement("#links .link-add summary").MustClick()
	field := d.MustElement("#links .picker input[type=text]")
	field.MustInput("accounting data")
	d.sees("#links .picks li", "HD-7 Cannot reach")
	d.Keyboard.MustType(13)
	d.MustWait(`() => document.querySelector("#links .picker input[type=hidden]").value.startsWith("ticket:")`)
	d.sees("#links button", "Link").MustClick()
	d.sees(".flash", "Linked with HD-7")
	d.sees("#links .mini", "HD-7")
	// What is being typed survives that the page reads itself anew.
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.tap(d.sees(".order-step summary", "Done"))
	d.MustElement(".order-step[open] textarea").MustInput("A new la")
	d.w.ok(d.w.things.AddOrderNote(t.Context(), d.w.admin.Actor(), o.Number, "The lamp has come."))
	d.sees(".msg.note .text", "The lamp has come")
	if v := d.MustElement(".order-step[open] textarea").MustProperty("value").Str(); v != "A new la" {
		t.Fatalf("what was typed is now %q", v)
	}
	// And is taken away again by the flash.
	d.open("/tickets/7")
	d.sees("#links, #ticket-repairs", "WO-1")
	d.MustElement(`#ticket-repairs button[title="Unlink WO-1"]`).MustClick()
	d.sees(".flash", "Not linked with WO-1")
	d.sees(".flash button", "Undo").MustClick()
	d.sees(".flash", "Linked with WO-1")
	d.sees("#ticket-repairs .mini", "WO-1")
}
