package web

import (
	"testing"

	"github.com/go-rod/rod/lib/input"
)

func TestKeys(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	path := func(want string) {
		t.Helper()
		if _, err := d.Eval(`async (want) => { for (let i = 0; location.pathname !== want; i++) { if (i > 600) throw new Error(location.pathname); await new Promise(requestAnimationFrame); } }`, want); err != nil {
			// the page that was asked went away under the question: ask the next one
			d.MustWaitLoad()
			d.MustWait(`() => location.pathname === "` + want + `"`)
		}
		d.MustWaitLoad()
	}
	// Every page by g and a letter, from a ticket too, where r alone replies.
	d.open("/tickets/7")
	for _, c := range []struct {
		key  input.Key
		path string
	}{{'r', "/orders"}, {'a', "/assets"}, {'p', "/people"}, {'t', "/tickets"}, {'b', "/board"}} {
		d.Keyboard.MustType('g', c.key)
		path(c.path)
	}
	d.Keyboard.MustType('c')
	path("/tickets/new")
	// Never while one types.
	d.MustElement("#subject").MustFocus()
	d.Keyboard.MustType('g', 'b', 'c', '/')
	if v := d.MustElement("#subject").MustProperty("value").Str(); v != "gbc/" {
		t.Fatalf("typed %q", v)
	}
	// The sheet names the keys of this page only, and closes.
	d.open("/tickets")
	d.Keyboard.MustType(input.ShiftLeft) // a modifier alone does nothing
	d.MustEval(`() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "?", bubbles: true, cancelable: true }))`)
	d.sees(".keys-sheet dd", "Select up to here")
	d.sees(".keys-sheet dd", "Go to the repairs")
	if d.MustHas(`.keys-sheet [data-where="#board"]`) {
		t.Fatal("the list's sheet names the board's keys")
	}
	d.Keyboard.MustType(input.Escape)
	d.MustWait(`() => !document.querySelector("dialog")`)
	// j, k, Enter and x in a list.
	d.Keyboard.MustType('j', 'j', 'k', 'x')
	d.sees("[data-picked]", "1 selected")
	first := d.MustEval(`() => document.activeElement.closest("tr").id`).Str()
	if want := *d.MustElement("tbody tr").MustAttribute("id"); first != want {
		t.Fatalf("j j k leads to %s, want %s", first, want)
	}
	d.Keyboard.MustType(input.Enter)
	d.MustElement(".thead")
	// Switched off in the account: nothing happens, but what is no letter works.
	d.open("/account")
	d.MustElement(`form[action="/account/keys"] [name="on"]`).MustClick()
	d.MustElement(`form[action="/account/keys"] button`).MustClick()
	d.sees(".flash", "Saved")
	if d.w.count(`SELECT count(*) FROM account WHERE keys_off`) != 1 {
		t.Fatal("not switched off")
	}
	d.open("/board")
	d.Keyboard.MustType('j', '/', 'c', 'g', 't')
	if d.MustEval(`() => document.activeElement.id === "q" || !!document.activeElement.closest(".tcard")`).Bool() || d.MustEval(`() => location.pathname`).Str() != "/board" {
		t.Fatal("the keys still work")
	}
	d.Keyboard.MustType(input.ArrowDown)
	d.MustWait(`() => !!document.activeElement.closest(".tcard")`)
}

// TestKeysWithoutScripts: the list of keys is a page.
func TestKeysPage(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		wantPage(t, b, "/keys", "Go to the repairs", "Move to a stage", "Select up to here", "<kbd>/</kbd>")
		if res := b.post("/account/keys"); res.Code != 303 || w.count(`SELECT count(*) FROM account WHERE keys_off`) != 1 {
			t.Fatal("not switched off", res.Code)
		}
		wantPage(t, b, "/keys", "switched single-letter keys off")
		b.post("/account/keys", "on", "1")
		if w.count(`SELECT count(*) FROM account WHERE keys_off`) != 0 {
			t.Fatal("not switched on again")
		}
	})
}
