package web

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-rod/rod/lib/input"
)

// The widths that people have.
var widths = map[string][2]int{"desk": {1440, 900}, "tablet": {820, 1180}, "phone": {390, 844}}

// TestAnAssetsDay: registered, deployed to a person, stowed from the list,
// photographed, and its life line tells all of it.
func TestAnAssetsDay(t *testing.T) {
	for name, size := range widths {
		t.Run(name, func(t *testing.T) { anAssetsDay(t, size[0], size[1]) })
	}
}

func anAssetsDay(t *testing.T, width, height int) {
	d := newDrive(t, usual, width, height)
	d.w.stock()
	d.open("/assets")
	d.sees(".topbar .btn", "Register an asset").MustClick()
	// A new model: the fields for it appear.
	d.MustWait(`() => document.activeElement.id === "what"`)
	d.MustElement("#what").MustInput("Apple MacBook Air")
	d.inView(d.MustElement("#category"))
	d.MustElement("#category").MustSelect("Computer")
	d.MustElement("#manufacturer").MustInput("Apple")
	d.MustElement("#serial").MustInput("MB-1")
	// A place out of the picker, by some letters, arrow and Enter.
	d.MustElement("#at").MustInput("store")
	d.sees(".picks li", "Store room")
	d.MustElement("#at").MustType(input.ArrowDown, input.Enter)
	d.MustElement(".picker.chosen")
	d.sees(".form-foot .btn", "Register it").MustClick()
	d.sees(".flash", "is registered")
	d.sees(".where-now", "Stowed")
	tag := d.MustElement(".topbar h1").MustText()
	a := d.w.assetByTag(tag)
	if a.Manufacturer != "Apple" || a.ModelName != "MacBook Air" || a.Serial != "MB-1" {
		t.Fatalf("registered %+v", a)
	}
	// Deploy: open it, choose, press.
	d.sees(".acts.big summary", "Deploy").MustClick()
	d.MustWait(`() => document.activeElement.name === "to_text"`)
	d.Keyboard.MustType('b', 'e', 'n')
	d.sees(".act[open] .picks li", "Ben Achebe").MustClick()
	d.sees(".act[open] form .btn-primary", "Deploy").MustClick()
	d.sees(".flash", tag+" is with Ben Achebe now")
	d.sees(".where-now .where", "Ben Achebe")
	// Stow it from the list: its last place stands there already.
	d.open("/assets")
	row := fmt.Sprintf("#a%d", a.ID)
	d.sees(row+" .row-acts a", "Stow").MustClick()
	d.sees(".move-row .btn-primary", "Stow")
	if v := d.MustElement(`.move-row input[name="to_text"]`).MustProperty("value").Str(); v != "Harbour Street > Store room" {
		t.Fatalf("the place is %q", v)
	}
	d.sees(".move-row .btn-primary", "Stow").MustClick()
	d.sees(".flash", tag+" is stowed")
	d.sees(row, "Stowed")
	// And undo.
	d.sees(".flash button", "Undo").MustClick()
	d.sees(".flash", "taken back")
	d.sees(row, "Ben Achebe")
	// A photo.
	d.open(fmt.Sprintf("/assets/%d", a.ID))
	file := filepath.Join(t.TempDir(), "Scratch on the lid.png")
	d.w.ok(os.WriteFile(file, picture(480, 300), 0o600))
	d.MustElement(`.drop input[type="file"]`).MustSetFiles(file)
	d.sees(".flash", "The file is added")
	d.MustWait(`() => { const i = document.querySelector(".photos img"); i?.scrollIntoView({ block: "center" }); return i && i.complete && i.naturalWidth > 0 }`)
	for _, text := range []string{"added Scratch on the lid.png", "gave it back to Ben Achebe", "stowed it: Harbour Street > Store room", "gave it to Ben Achebe", "registered it: Harbour Street > Store room"} {
		d.sees(".timeline li", text)
	}
	// The photo goes again, after a question.
	d.MustElement(".photos .file-remove summary").MustClick()
	d.sees(".file-remove[open] button", "Remove it").MustClick()
	d.sees(".flash", "is removed")
	if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
		t.Errorf("the page is %d px wider than the window", over)
	}
}

// TestTwoBrowsersMoveTheSame: one wins, the other is told who, and does it anyway.
func TestTwoBrowsersMoveTheSame(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.w.stock()
	d.open("/assets/2")
	d.sees(".acts.big summary", "Deploy").MustClick()
	ines := d.w.session(d.w.admin)
	a := d.w.assetByTag("A-0002")
	ines.post("/assets/2/move", "do", "deploy", "seen", fmt.Sprint(a.Moves), "to_text", "Chloé Dubois")
	d.MustElement(`.act[open] input[name="to_text"]`).MustInput("ben")
	d.sees(".act[open] .picks li", "Ben Achebe").MustClick()
	d.sees(".act[open] form .btn-primary", "Deploy").MustClick()
	d.sees(".meanwhile", "Ines Holm deployed A-0002 to Chloé Dubois")
	d.sees(".thing-head .now", "Chloé Dubois")
	d.sees(".move-form .btn-primary", "Deploy").MustClick()
	d.sees(".where-now .where", "Ben Achebe")
}

// TestThingsWithoutJavaScript: every form works.
func TestThingsWithoutJavaScript(t *testing.T) {
	d := newDrive(t, usual, 390, 844)
	d.w.stock()
	d.plain.Store(true)
	d.open("/assets")
	d.sees("#a2 .row-acts a", "Deploy").MustClick()
	d.MustElement(`.move-form input[name="to_text"]`).MustInput("Nobody Atall")
	d.sees(".move-form .btn-primary", "Deploy").MustClick()
	d.sees(".entry-error", "Nobody Atall")
	d.MustElement(`.move-form input[name="to_text"]`).MustSelectAllText().MustInput("Ben Achebe")
	d.sees(".move-form .btn-primary", "Deploy").MustClick()
	d.sees("#a2", "Ben Achebe")
	// One of the recent ones is one button.
	d.sees("#a3 .row-acts a", "Deploy").MustClick()
	d.sees(".recent button", "Ben Achebe").MustClick()
	d.sees("#a3", "Ben Achebe")
	d.open("/assets/new")
	d.MustElement("#what").MustInput("Lenovo ThinkPad T14")
	d.MustElement("#at").MustInput("Store room")
	d.sees(".form-foot .btn", "Register it").MustClick()
	d.sees(".flash", "is registered")
}

// TestThingsFit: no page is wider than the window, with long names too.
func TestThingsFit(t *testing.T) {
	b := openBrowser(t)
	w := newWorld(t, dbOf(t))
	w.story()
	w.stock()
	w.longNames()
	srv := httptest.NewServer(w.site)
	t.Cleanup(srv.Close)
	signedIn(t, b, srv.URL, w.session(w.tech), true)
	for name, size := range widths {
		p := openPage(t, b, size[0], size[1])
		for _, path := range []string{"/assets", "/assets?alike=1", "/assets/6", "/assets/6/edit", "/assets/6/move?do=deploy", "/assets/new", "/locations", "/locations/5", "/locations/5?on=2026-01-01", "/models", "/models/5", "/people/1"} {
			p.MustNavigate(srv.URL + path).MustWaitLoad()
			if over := p.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				what := p.MustEval(`() => [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 6).map(e => e.tagName + "." + e.className).join(" ")`).Str()
				t.Errorf("%s on a %s is %d px wider than the window: %s", path, name, over, what)
			}
		}
		p.MustClose()
	}
}
