package web

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-rod/rod/lib/input"

	"helpdeskd/tracker"
)

// TestJoinInABrowser: merge and take back, split, one answer to all who
// reported a problem, a template, a logged call, and pins; on one site.
func TestJoinInABrowser(t *testing.T) {
	joinInABrowser(t)
}

func joinInABrowser(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	shot := func(name string) {
		if dir := os.Getenv("HELPDESKD_LOOK"); dir != "" {
			for _, width := range []int{1440, 390} {
				d.MustSetViewport(width, 844, 1, false)
				d.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("join-%s-%d.png", name, width)))
			}
			d.MustSetViewport(1440, 900, 1, false)
		}
		if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
			t.Errorf("%s is %d px wider than the window", d.MustInfo().URL, over)
		}
	}
	ctx := t.Context()

	// Merge, told by mail, and taken back.
	d.open("/tickets/4/merge")
	d.MustElement("#target").MustInput("HD-2")
	d.sees("[role=option]", "HD-2").MustClick()
	d.MustElement(".picker.chosen")
	d.tap(d.sees("button", "Show what happens"))
	d.sees(".merge-pair", "HD-2")
	shot("merge")
	d.tap(d.sees("button", "Merge HD-4 into HD-2"))
	d.sees("#said", "imprimante")
	d.sees("#said", "We have joined the two")
	d.sees("#family", "Merged into this one")
	shot("merged")
	d.open("/tickets/4")
	d.sees("main", "merged this into")
	shot("signpost")
	d.tap(d.sees("button", "Take the merge back"))
	d.sees("#thead", "Imprimante")
	if got, err := d.w.TicketByNumber(ctx, 4); err != nil || got.MergedIntoID != 0 {
		t.Fatalf("not taken back: %+v %v", got, err)
	}

	// Split off what belongs to another matter.
	d.open("/tickets/7")
	d.tap(d.sees("li.msg", "It is open again for me").MustElement(`a[href$="/split"]`))
	d.sees("main", "nothing to do with the rest")
	d.MustElement("#subject").MustSelectAllText().MustInput("Priya still gets the message")
	shot("split")
	d.tap(d.sees("button", "Split off"))
	d.sees("#thead", "Priya still gets the message")
	d.sees("#said", "It is open again for me")

	// Pins: on, above the conversation, off.
	d.open("/tickets/7")
	d.tap(d.sees("li.note", "hosting company").MustElement(".entry-do button"))
	d.sees(".pins", "pinned by Tomas Rehak")
	shot("pins")
	d.tap(d.MustElement(".pins button"))
	d.sees("#flash", "The pin is taken off")

	// One answer to all who reported it.
	if _, err := d.w.Adopt(ctx, d.w.tech.Actor(), 7, []int64{2, 3, 8}); err != nil {
		t.Fatal(err)
	}
	d.open("/tickets/7")
	d.sees("#family", "3 tickets have this cause")
	d.MustElement(".f-reply textarea").MustClick().MustInput("The storage is back.")
	d.tap(d.sees(".also-children", "people of the tickets below it").MustElement("input"))
	shot("family")
	d.tap(d.sees(".f-reply button", "Send"))
	d.sees("#said", "The storage is back.")
	for _, n := range []int64{2, 3, 8} {
		d.open(fmt.Sprintf("/tickets/%d", n))
		d.sees("#said", "The storage is back.")
	}
	if _, err := d.w.SetStage(ctx, d.w.tech.Actor(), 7, tracker.StageChange{Stage: tracker.Completed, Fix: "The host mended its storage."}, tracker.AnyVersion); err != nil {
		t.Fatal(err)
	}
	// By the fix form's tick the open ones go along; the panel has the same for later.
	d.open("/tickets/7")
	d.sees("#family button", "Ask the people of all 3")
	d.Keyboard.MustType('o')
	d.MustWait(`() => document.activeElement.matches(".f-note textarea") && document.querySelector(".f-note [name=kind]").value === "phone"`)
	d.Keyboard.MustType(input.Escape, 'f')
	d.MustWait(`() => document.activeElement.matches(".f-fix textarea")`)
	d.MustElement("#fix-summary").MustSelectAllText().MustInput("Files could not be saved because the host's storage was full.")
	d.tap(d.sees(".f-fix .form-check", "of the 3 open tickets below it").MustElement("input"))
	shot("fix")
	d.tap(d.sees(".f-fix button", "whether it works"))
	d.sees("#flash", "2 tickets moved") // the people of the third were asked before
	d.MustWait(`() => !document.querySelector(".f-fix [name=children]")?.checked`)
	if got, err := d.w.TicketByNumber(ctx, 8); err != nil || got.Stage != tracker.Confirming || got.Fix == "" || got.Summary == "" {
		t.Errorf("the child is %s %q %v", got.Stage, got.Summary, err)
	}
	d.open("/tickets/7")
	d.tap(d.sees("#family button", "with the same fix"))
	d.sees("#flash", "3 tickets moved")
	if got, err := d.w.TicketByNumber(ctx, 8); err != nil || got.Stage != tracker.Completed {
		t.Errorf("the child is %s %v", got.Stage, err)
	}

	// A template, and a ticket from it.
	d.open("/tickets/templates")
	d.MustElement("#name").MustInput("Laptop exchange")
	d.MustElement("#subject").MustInput("Laptop exchange: ")
	d.MustElement("#body").MustInput("- copy the files\n- take the old one back")
	d.tap(d.sees("form button", "Save"))
	d.sees(".template-rows", "Laptop exchange")
	shot("templates")
	d.open("/tickets/new")
	d.tap(d.sees(".from-template a", "Laptop exchange"))
	d.sees("main", "What is to be done")
	d.MustElement("#address").MustInput("hana.sato@aldermere.example")
	shot("from-template")
	d.tap(d.sees("button.btn-primary", "Open"))
	d.sees(".pins", "take the old one back")

	// A call, by its key: who and what.
	d.open("/board")
	d.Keyboard.MustType('v')
	d.MustElement("#who").MustInput("hana.sato@aldermere.example")
	d.sees("[role=option]", "Hana Sato").MustClick()
	d.MustElement(".picker.chosen")
	d.MustElement("#what").MustInput("The headset is silent\nSince this morning.")
	shot("call")
	d.tap(d.sees("button.btn-primary", "Open"))
	d.sees("#thead", "The headset is silent")
	d.sees("#said", "Since this morning.")
}
