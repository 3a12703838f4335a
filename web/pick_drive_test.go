package web

import (
	"fmt"
	"testing"

	"github.com/go-rod/rod/lib/input"
)

// TestEnterSendsWhatWasTyped: the Enter key does what the form's own button
// does, and never presses one of the chips or menus that stand before it.
func TestEnterSendsWhatWasTyped(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.stock()
	var id int64
	d.w.ok(d.w.DB().Get(t.Context(), &id, `SELECT id FROM asset WHERE status = 'stowed' AND quantity = 1 ORDER BY id LIMIT 1`))

	// Somebody out of the list, and Enter once more: not the first recent one.
	d.open(fmt.Sprintf("/assets/%d/move?do=deploy", id))
	if !d.MustHas(".recent button") {
		t.Fatal("nobody had anything lately: this shows nothing")
	}
	d.MustElement("input[name=to_text]").MustInput("Ben")
	d.sees(".picks li", "Ben Achebe")
	d.MustElement("input[name=to_text]").MustType(input.ArrowDown, input.Enter)
	d.MustElement(".picker.chosen")
	d.MustElement("input[name=to_text]").MustType(input.Enter)
	d.sees(".flash", "is with Ben Achebe now")

	// In the bar below a list, the field's own button is pressed.
	d.open("/assets")
	d.MustElement(fmt.Sprintf("#a%d [data-pick]", id)).MustClick()
	d.sees("#bulk summary", "Deploy").MustClick()
	d.MustElement("#bulk-deploy").MustInput("Jonas")
	d.sees(".picks li", "Jonas Weber")
	d.MustElement("#bulk-deploy").MustType(input.ArrowDown, input.Enter, input.Enter)
	d.sees(".flash", "Jonas Weber")

	// A box that is ticked and Enter: nothing is done to the ticket.
	d.open("/tickets")
	was := d.w.count(`SELECT count(*) FROM event`)
	box := d.MustElement("td.pick [data-pick]")
	box.MustClick()
	box.MustType(input.Enter)
	d.MustWaitIdle()
	d.sees("#bulk .picked", "1")
	if now := d.w.count(`SELECT count(*) FROM event`); now != was {
		t.Fatalf("Enter on a box wrote %d events", now-was)
	}
}

// TestADraftIsOnlyWords: what was begun for one ticket's repair never says for
// whom or for which ticket the next one is.
func TestADraftIsOnlyWords(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.stock()
	d.open("/orders/new?ticket=4")
	d.MustElement("#client").MustSelectAllText().MustInput("Jonas")
	d.sees(".picks li", "Jonas Weber").MustClick()
	d.MustElement("#reason").MustInput("The drum is worn")
	d.open("/orders/new?ticket=7")
	client := d.MustElement(`input[name="client"]`).MustProperty("value").Str()
	if v := d.MustElement("#reason").MustProperty("value").Str(); v != "" {
		t.Fatalf("the draft of another ticket's repair: %q", v)
	}
	d.open("/orders/new?ticket=4")
	d.MustWait(`() => document.querySelector("#reason").value === "The drum is worn"`)
	want := fmt.Sprint(d.w.count(`SELECT client_id FROM ticket WHERE number = 4`))
	if now := d.MustElement(`input[name="client"]`).MustProperty("value").Str(); now != want || client == now {
		t.Fatalf("the draft made it for client %s, beside the name of %s", now, want)
	}
}
