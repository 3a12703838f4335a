package web

import (
	"testing"
	"time"

	"helpdeskd/migrations"
)

// TestAChipFillsItsPicker: one of the recent places, pressed, is chosen in the
// field beside it, in the place of whoever was picked before.
func TestAChipFillsItsPicker(t *testing.T) {
	d := newDrive(t, migrations.SQLite, 1440, 900)
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
	d := newDrive(t, migrations.SQLite, 1440, 900)
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
