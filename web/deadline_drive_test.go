package web

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

var _ = example("/settings/targets", "/settings/targets")

// TestWaitingAndDeadlinesInABrowser: a client and a vendor are waited for, a
// due date passes while the board is open, targets are set and missed.
func TestWaitingAndDeadlinesInABrowser(t *testing.T) {
	for _, width := range []int{1440, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { waitingInABrowser(t, width) })
	}
}

func waitingInABrowser(t *testing.T, width int) {
	d := newDrive(t, usual, width, 900)
	ctx := t.Context()
	shot := func(name string) {
		if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" {
			d.MustScreenshot(filepath.Join(dir, fmt.Sprint(name, "-", width, ".png")))
		}
		if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
			t.Errorf("%s is %d px wider than the window", name, over)
		}
		if cut := telling(d.Page, clippedJS); len(cut) > 0 {
			t.Errorf("%s: cut off: %s", name, cut)
		}
	}
	_, err := d.w.things.CreateLocation(ctx, d.w.admin.Actor(), inventory.LocationEdit{Kind: inventory.Vendor, Name: "Brightline Repairs"})
	d.w.ok(err)
	clock := func(says string) { // on a phone in the drawer
		t.Helper()
		if width > 700 {
			d.sees("#side-clock", says)
			return
		}
		d.MustElement(".drawer-open").MustClick()
		d.inView(d.sees("#side-clock", says))
		d.Keyboard.MustType(input.Escape)
		d.MustWait(`() => getComputedStyle(document.querySelector("#side")).visibility === "hidden"`)
	}
	menu := func(of string) { // on a phone behind "More"
		t.Helper()
		if summary := d.MustElement(of + " summary"); summary.MustVisible() {
			d.tap(summary)
			return
		}
		d.tap(d.MustElement(".more-props > summary"))
		d.tap(d.MustElement(of + " summary"))
	}
	ticket := func() tracker.Ticket {
		x, err := d.w.TicketByNumber(ctx, 7)
		d.w.ok(err)
		return x
	}
	// The settings, with a mistake first: nothing typed is lost.
	boss := d.second(d.w.admin, width, 900)
	boss.open("/settings/targets")
	boss.sees("h2", "Response targets")
	boss.MustElement(`[name="hours.target.answer_star"]`).MustSelectAllText().MustInput("soon")
	boss.MustElement(`[name="target.on"]`).MustClick()
	boss.tap(boss.sees("form.form-settings button", "Save"))
	boss.sees(".problem, .problems", "Please give hours")
	if v := boss.value(`[name="hours.target.answer_star"]`); v != "soon" {
		t.Fatalf("what was typed is now %q", v)
	}
	boss.MustElement(`[name="hours.target.answer_star"]`).MustSelectAllText().MustInput("0.5")
	gone := boss.MustWaitNavigation()
	boss.tap(boss.sees("form.form-settings button", "Save"))
	gone()
	boss.sees(".flash", "Saved|saved")
	if v, err := d.w.Setting(ctx, "target.answer_star"); err != nil || v != "30" {
		t.Fatalf("half an hour is %q minutes: %v", v, err)
	}
	if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" {
		boss.MustScreenshot(filepath.Join(dir, fmt.Sprint("settings-targets-", width, ".png")))
	}
	d.w.ok(d.w.SetSetting(ctx, d.w.admin.Actor(), tracker.SetTargets, "off")) // until the end
	// By the keyboard: h, then c.
	d.open("/tickets/7")
	d.listens()
	d.Keyboard.MustType(input.KeyH)
	d.sees("#prop-waiting[open] button", "Waiting for client")
	shot("waiting-menu")
	d.Keyboard.MustType(input.KeyC)
	d.sees("#prop-waiting summary", "Waiting for client")
	clock("since")
	d.sees(".timeline, #said", "waits for the client")
	// On a vendor, with its day.
	menu("#prop-waiting")
	d.MustElement("#wait-vendor").MustSelect("Brightline Repairs")
	d.MustEval(`(day) => document.querySelector("#wait-expected").value = day`, d.w.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	d.tap(d.sees("#prop-waiting button", "Wait for vendor"))
	d.sees("#prop-waiting summary", "Brightline Repairs")
	if x := ticket(); x.Waiting != tracker.WaitingVendor || x.Vendor != "Brightline Repairs" || x.ExpectedOn == "" {
		t.Fatalf("waits %q %q %q", x.Waiting, x.Vendor, x.ExpectedOn)
	}
	// Due tomorrow by the keyboard, then at a time: what is near is pointed out.
	d.Keyboard.MustType(input.KeyD)
	d.sees("#prop-due[open] button", "Tomorrow")
	d.Keyboard.MustType(input.KeyM)
	d.sees("#prop-due summary", "tomorrow")
	_, err = d.w.SetDue(ctx, d.w.tech.Actor(), 7, tracker.DueDate{At: migrations.At(d.w.Now().Add(41 * time.Minute))}, tracker.AnyVersion)
	d.w.ok(err)
	d.sees("#prop-due .tag.warn", "in 40 min") // live
	shot("due-soon")
	d.open("/board")
	d.listens()
	d.sees("#t7 .tag.warn", "in 40 min")
	d.sees("#t7 .tag", "Brightline Repairs")
	// It passes while the board is open: the mark turns by itself.
	d.w.ago(-time.Hour)
	if n, err := d.w.Escalate(ctx, nil); err != nil || n != 1 {
		t.Fatalf("%d missed: %v", n, err)
	}
	d.sees("#t7 .tag.bad", "late") // nobody can work
	d.sees("#board-late .chip", "1 overdue")
	shot("board-overdue")
	d.tap(d.sees("#board-late .chip", "1 overdue"))
	d.sees("#list tr#r7 .tag", "late")
	if n := len(d.MustElements("#list tbody tr")); n != 1 {
		t.Fatalf("%d rows are overdue", n)
	}
	shot("list-overdue")
	// Answering and asking in one.
	d.open("/tickets/7")
	d.MustElement(".f-reply textarea").MustClick().MustInput("Which of the two is it?")
	d.tap(d.sees(".f-reply button", "Send and wait for client"))
	d.sees("#prop-waiting summary", "Waiting for client")
	shot("ticket-waits")
	d.w.ok(d.w.SetSetting(ctx, d.w.admin.Actor(), tracker.SetTargets, "on"))
	if n, err := d.w.RecountTargets(ctx, nil); err != nil || n == 0 {
		t.Fatalf("%d counted: %v", n, err)
	}
	d.open("/tickets/7")
	clock("Solve by")
	shot("ticket-targets")
}
