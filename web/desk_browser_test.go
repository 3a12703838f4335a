package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// second signs another person in, in a browser of their own.
func (d *drive) second(who tracker.Account, width, height int) *drive {
	d.t.Helper()
	b := d.Browser().MustIncognito()
	o := &drive{Page: openPage(d.t, b, width, height), t: d.t, w: d.w, url: d.url}
	signedIn(d.t, b, d.url, d.w.session(who), true)
	return o
}

// listens waits until the page is told of changes.
func (d *drive) listens() {
	d.t.Helper()
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
}

func (d *drive) value(selector string) string {
	d.t.Helper()
	return d.MustElement(selector).MustProperty("value").Str()
}

// TestTwoBrowsersOneTicket: of two edits at once one wins; the other person
// sees both texts and loses nothing.
func TestTwoBrowsersOneTicket(t *testing.T) {
	for _, size := range [][2]int{{1440, 900}, {820, 1180}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			o := d.second(d.w.admin, size[0], size[1])
			d.open("/tickets/4")
			o.open("/tickets/4")
			d.listens()
			// The subject: d is wording it when o saves another.
			d.MustElement(".thead .edit summary").MustClick()
			d.MustElement(`.thead input[name="subject"]`).MustSelectAllText().MustInput("Mine: the printer upstairs")
			o.MustElement(".thead .edit summary").MustClick()
			o.MustElement(`.thead input[name="subject"]`).MustSelectAllText().MustInput("Theirs: printer of floor 2")
			o.MustElement(`.thead input[name="subject"]`).MustType(input.Enter)
			o.sees(".thead h2", "Theirs")
			d.MustWait(`() => document.querySelector(".thead h2").textContent.startsWith("Theirs")`)
			if v := d.value(`.thead input[name="subject"]`); v != "Mine: the printer upstairs" || !d.MustEval(`() => document.activeElement.name === "subject"`).Bool() {
				t.Fatalf("while it was being typed it became %q", v)
			}
			d.MustElement(`.thead input[name="subject"]`).MustType(input.Enter)
			d.sees(".sheet-page h2", "Ines Holm changed HD-4 meanwhile")
			d.sees(".versus .in", "Theirs: printer of floor 2")
			if v := d.value(`.versus textarea`); v != "Mine: the printer upstairs" {
				t.Fatalf("one's own is %q", v)
			}
			if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				t.Errorf("the page with both is %d px too wide", over)
			}
			d.sees(".sheet-page button", "Save yours").MustClick()
			d.sees(".thead h2", "Mine: the printer upstairs")
			// The fix: both write one.
			d.listens()
			d.MustElement(`label[for="tab-fix"]`).MustClick()
			d.MustElement(".f-fix textarea").MustInput("My fix: a new drum")
			o.write("fix", "Their fix: cleaned it", "Only write it down")
			o.sees(".solved", "Their fix")
			d.sees(".solved", "Their fix")
			d.MustElement("#fix-summary").MustInput("The printer smeared: its drum was worn.")
			d.sees(".f-fix button", "Complete without asking").MustClick()
			d.sees(".versus .in", "Their fix: cleaned it")
			if v := d.value(`.versus textarea`); v != "My fix: a new drum" {
				t.Fatalf("one's own fix is %q", v)
			}
			d.sees(".sheet-page button", "Save yours").MustClick()
			d.sees(".solved", "My fix: a new drum")
			d.sees(".prop > summary .stage", "Completed")
			// The priority, out of a menu that was open.
			o.open("/tickets/4")
			o.MustElement("#prop-priority > summary").MustClick()
			d.choose("Priority", "Part of the work")
			d.sees("#prop-priority > summary", "Work impeded")
			o.sees("#prop-priority[open] .sheet button", "Cannot work at all").MustClick()
			o.sees(".versus .in", "2: Part of the work")
			o.sees(".versus .in", "3★: Cannot work")
			o.sees(".sheet-page a", "Keep what is there").MustClick()
			o.sees("#prop-priority > summary", "Work impeded")
		})
	}
}

// TestAReplyWrittenMeanwhile: what the client wrote while an answer was being
// written is hinted at, shown before sending, and the answer goes once.
func TestAReplyWrittenMeanwhile(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	for i := range 12 { // so that what arrives is out of sight
		_, err := d.w.AddNote(t.Context(), d.w.admin.Actor(), 7, tracker.NoteNote, fmt.Sprintf("Note %d\n\nwith\n\nlines", i))
		d.w.ok(err)
	}
	d.open("/tickets/7")
	d.listens()
	d.MustElement(".f-reply textarea").MustInput("Please restart it.")
	d.MustEval(`() => scrollTo(0, 0)`)
	for _, text := range []string{"It works again.", "Really."} {
		d.w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: database", text: text, answers: "m7@mail.example"})
	}
	d.sees("#arrived", "2 new messages")
	if at := d.MustEval(`() => scrollY`).Int(); at != 0 {
		t.Fatalf("the page jumped to %d", at)
	}
	d.MustElement(".f-reply textarea").MustFocus()
	d.KeyActions().Press(input.ControlLeft).Type(input.Enter).MustDo()
	d.sees(".f-reply .meanwhile", "Hana Sato wrote meanwhile")
	d.sees(".f-reply .meanwhile", "It works again")
	if v := d.value(".f-reply textarea"); v != "Please restart it." {
		t.Fatalf("the answer became %q", v)
	}
	if n := d.w.count(`SELECT count(*) FROM message WHERE body = 'Please restart it.'`); n != 0 {
		t.Fatal("it was sent all the same")
	}
	d.sees(".f-reply .refusal button", "Send anyway").MustClick()
	d.sees(".flash", "on its way")
	d.sees(".msg.own .text", "Please restart it")
	if n := d.w.count(`SELECT count(*) FROM message WHERE body = 'Please restart it.'`); n != 1 {
		t.Fatalf("it was sent %d times", n)
	}
	if v := d.value(".f-reply textarea"); v != "" || d.MustHas(".f-reply .refusal") {
		t.Fatalf("the composer still has %q", v)
	}
	// The hint leads to what is new.
	d.MustEval(`() => scrollTo(0, 0)`)
	d.w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: database", text: "One more thing.", answers: "m7@mail.example"})
	d.sees("#arrived", "One new message").MustClick()
	d.inView(d.sees(".msg .text", "One more thing"))
	d.MustWait(`() => document.querySelector("#arrived").hidden`)
}

// TestDrafts: what was typed survives a lost connection, a lost answer, a
// closed tab, a crashed page and a session that ended; and is sent once.
func TestDrafts(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.open("/tickets/7")
	proto.NetworkEnable{}.Call(d.Page)
	offline := func(is bool) {
		proto.NetworkEmulateNetworkConditions{Offline: is, DownloadThroughput: -1, UploadThroughput: -1}.Call(d.Page)
	}
	sent := func(text string) int { return d.w.count(`SELECT count(*) FROM message WHERE body = ?`, text) }
	// No connection.
	d.MustElement(".f-reply textarea").MustFocus()
	d.MustElement(".f-reply textarea").MustInput("Written in a tunnel.")
	d.paste(".f-reply textarea", "image.png", 40)
	d.sees(".f-reply .picked .name", "Screenshot")
	offline(true)
	d.sees(".f-reply .foot button", "Send to Hana").MustClick()
	d.sees(".f-reply .sending", "Not sent: no connection. Your text is kept here.")
	if v := d.value(".f-reply textarea"); v != "Written in a tunnel." || len(d.MustElements(".f-reply .picked li")) != 1 {
		t.Fatalf("the form has %q", v)
	}
	offline(false)
	// The connection is back, but the first answer is lost: it is stored, the browser does not know.
	d.mute.Store(true)
	d.sees(".f-reply .sending button", "Send again").MustClick()
	d.MustWait(`() => !!document.querySelector(".f-reply:not([aria-busy]) .sending")`)
	d.mute.Store(false)
	if sent("Written in a tunnel.") != 1 {
		t.Fatal("the test lost the request, not the answer")
	}
	d.MustWait(`() => Object.keys(localStorage).some((k) => k.endsWith(":7:reply"))`)
	// The page crashes before it is sent again; a new tab has it, with its key.
	b := d.Browser()
	go proto.PageCrash{}.Call(d.Page)
	d.Page = openPage(t, b, 1440, 900)
	d.open("/tickets/7")
	d.sees(".f-reply .draft-line", "Draft from \\d\\d:\\d\\d")
	if v := d.value(".f-reply textarea"); v != "Written in a tunnel." {
		t.Fatalf("after the crash the draft is %q", v)
	}
	d.MustElement(".f-reply textarea").MustFocus()
	d.sees(".f-reply .foot button", "Send to Hana").MustClick()
	d.sees(".flash", "on its way")
	d.MustWait(`() => document.querySelector(".f-reply textarea").value === ""`)
	if n := sent("Written in a tunnel."); n != 1 {
		t.Fatalf("it was sent %d times", n)
	}
	if n := d.w.count(`SELECT count(*) FROM attachment WHERE name LIKE 'Screenshot%'`); n != 1 {
		t.Fatalf("%d pictures went with it", n)
	}
	if d.MustEval(`() => Object.keys(localStorage).some((k) => k.endsWith(":7:reply"))`).Bool() {
		t.Fatal("the draft outlives what was sent")
	}
	// Two tabs with one draft: sent in one, it is gone in the other.
	d.MustElement(".f-reply textarea").MustInput("Only once.")
	d.MustWait(`() => Object.keys(localStorage).some((k) => k.endsWith(":7:reply"))`)
	tab := &drive{Page: openPage(t, b, 1440, 900), t: t, w: d.w, url: d.url}
	tab.open("/tickets/7")
	tab.sees(".f-reply .draft-line", "Draft from")
	tab.MustElement(".f-reply textarea").MustFocus()
	tab.sees(".f-reply .foot button", "Send to Hana").MustClick()
	tab.sees(".flash", "on its way")
	d.sees(".f-reply .draft-line", "sent from another window")
	if v := d.value(".f-reply textarea"); v != "" || sent("Only once.") != 1 {
		t.Fatalf("the other tab still has %q", v)
	}
	tab.MustClose()
	// The session ends: the text stays, and goes after signing in again.
	d.MustElement(".f-note textarea").MustEval(`() => document.querySelector("label[for=tab-note]").click()`)
	d.MustElement(".f-note textarea").MustInput("A note of the night.")
	d.w.ok(d.w.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM session`)
		return err
	}))
	d.sees(".f-note button", "Save the note").MustClick()
	d.sees(".f-note .sending", "you have been signed out")
	signedIn(t, b, d.url, d.w.session(d.w.tech), true)
	d.open("/tickets/7")
	d.MustElement(".f-note textarea").MustEval(`() => document.querySelector("label[for=tab-note]").click()`)
	if v := d.value(".f-note textarea"); v != "A note of the night." {
		t.Fatalf("after signing in the note is %q", v)
	}
	// Discarded, and taken back.
	d.sees(".f-note .draft-line button", "Discard").MustClick()
	d.sees(".f-note .draft-line", "discarded")
	if v := d.value(".f-note textarea"); v != "" {
		t.Fatalf("discarded it is %q", v)
	}
	d.sees(".f-note .draft-line button", "Undo").MustClick()
	if v := d.value(".f-note textarea"); v != "A note of the night." {
		t.Fatalf("taken back it is %q", v)
	}
}

// paste puts a picture into a field as the clipboard does.
func (d *drive) paste(selector, name string, size int) {
	d.t.Helper()
	d.MustElement(selector).MustEval(`async function (name, size) {
		const c = document.createElement("canvas");
		c.width = c.height = size;
		c.getContext("2d").fillRect(0, 0, size, size / 2);
		const data = new DataTransfer();
		data.items.add(new File([await new Promise((r) => c.toBlob(r))], name, { type: "image/png" }));
		this.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
	}`, name, size)
}

// TestPastedPictures: into reply, note and fix, seen before they go, taken
// out again, and not beyond the limit.
func TestPastedPictures(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.open("/tickets/4")
	for _, x := range []struct{ tab, text, button, shown string }{
		{"note", "", "Save the note", ".msg.note .tile.shot img"},
		{"reply", "Look at this.", "Send to Chlo", ".msg.own .tile.shot img"},
		{"fix", "This part.", "Only write it down", ".solved .tile.shot img"},
	} {
		d.MustElement(`label[for="tab-` + x.tab + `"]`).MustClick()
		form := ".f-" + x.tab
		d.paste(form+" textarea", "image.png", 300)
		d.paste(form+" textarea", "second.png", 50)
		d.sees(form+" .picked .name", "second.png")
		d.MustElement(form + " .picked li:nth-child(2) button").MustClick()
		d.MustWait(`() => document.querySelectorAll(".picked li").length === 1`)
		if x.text != "" {
			d.MustElement(form + " textarea").MustInput(x.text)
		}
		d.sees(form+" .foot button", x.button).MustClick()
		img := d.MustElement(x.shown)
		img.MustScrollIntoView()
		img.MustWait(`() => this.complete && this.naturalWidth === 270`)
		d.MustWait(`() => !document.querySelector(".picked li")`)
	}
	if a, f := d.w.count(`SELECT count(*) FROM attachment WHERE name LIKE 'Screenshot%.png'`), d.w.count(`SELECT count(*) FROM file WHERE name LIKE 'Screenshot%.png'`); a != 1 || f != 2 {
		t.Fatalf("%d attachments and %d files", a, f)
	}
	// Dropped on the page, and too large.
	d.MustElement(`label[for="tab-reply"]`).MustClick()
	d.MustEval(`() => {
		const data = new DataTransfer();
		data.items.add(new File([new Uint8Array(21 * 2 ** 20)], "film.mp4"));
		data.items.add(new File(["a"], "list.txt"));
		document.querySelector(".talk").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
	}`)
	d.sees(".f-reply .sending", "film.mp4 is too large: together the files may have up to 20 MB")
	d.sees(".f-reply .picked .name", "list.txt")
}

// TestTheTicketByKeyboard: tabs, menus and the edit of a note.
func TestTheTicketByKeyboard(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.open("/tickets/4")
	keys := func(all ...input.Key) {
		for _, k := range all {
			d.Keyboard.MustType(k)
		}
	}
	keys('p', '2')
	d.sees("#prop-priority > summary", "Work impeded")
	keys('s', 'i')
	d.sees("#prop-stage > summary", "In progress")
	keys('a', 'i')
	d.sees("#prop-assignee > summary", "Ines Holm")
	keys('l')
	d.MustWait(`() => !!document.querySelector("#prop-category[open]")`)
	keys(input.Escape)
	d.MustWait(`() => !document.querySelector(".prop[open]") && !!document.activeElement.closest("#prop-category")`)
	keys('s', 'd')
	d.MustWait(`() => document.activeElement.name === "reason"`)
	keys(input.Escape)
	// The composer's tabs: letters, arrows, sending, leaving.
	keys('n')
	d.MustWait(`() => document.activeElement.matches(".f-note textarea")`)
	keys(input.Escape)
	d.MustElement("#tab-note").MustFocus()
	keys(input.ArrowRight)
	d.MustWait(`() => document.activeElement.id === "tab-fix" && !!document.querySelector(".f-fix").offsetParent`)
	keys(input.ArrowLeft, input.Tab)
	d.MustWait(`() => document.activeElement.matches(".f-note textarea")`)
	d.MustElement(".f-note textarea").MustInput("By keyboard")
	d.KeyActions().Press(input.ControlLeft).Type(input.Enter).MustDo()
	d.sees(".msg.note .text", "By keyboard")
	// One's own note is changed in its place.
	d.sees(".msg.note .edit summary", "Change").MustClick()
	d.MustElement(".msg.note .edit textarea").MustSelectAllText().MustInput("By hand")
	d.sees(".msg.note .edit button", "Save").MustClick()
	d.sees(".msg.note .text", "By hand")
	// Every key has words for the sheet of keys.
	if bad := d.MustEval(`() => [...document.querySelectorAll("[data-key]")].filter((e) => !e.dataset.says).length`).Int(); bad > 0 {
		t.Errorf("%d keys without words", bad)
	}
}

func TestTheDrawer(t *testing.T) {
	for _, size := range [][2]int{{820, 1180}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			d.open("/tickets/7")
			d.listens()
			d.sees(".drawer-open", "Hana Sato").MustClick()
			d.inView(d.sees("#side .person a", "Hana Sato"))
			if !d.MustEval(`() => document.activeElement.id === "side" && document.querySelector(".talk").inert`).Bool() {
				t.Fatal("the focus is not in the drawer")
			}
			// It stays open when the page reads itself again.
			_, err := d.w.AddNote(t.Context(), d.w.admin.Actor(), 7, tracker.NoteNote, "Meanwhile")
			d.w.ok(err)
			d.MustWait(`() => [...document.querySelectorAll(".msg.note .text")].some((e) => e.textContent === "Meanwhile")`)
			d.inView(d.sees("#side .person a", "Hana Sato"))
			d.Keyboard.MustType(input.Escape)
			d.MustWait(`() => document.activeElement.matches(".drawer-open") && getComputedStyle(document.querySelector("#side")).visibility === "hidden"`)
		})
	}
}

// TestLiveWithinASecond: a ticket moved in one browser is seen in the other,
// and what the other is doing is left alone.
func TestLiveWithinASecond(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	o := d.second(d.w.admin, 1440, 900)
	d.open("/board")
	d.listens()
	o.open("/tickets/4")
	// The reader is on a card, with its menu of stages open.
	d.Keyboard.MustType('j')
	d.Keyboard.MustType('m')
	d.MustElement(".movebar")
	focus := d.MustEval(`() => { const c = document.activeElement.outerHTML; window.held = document.activeElement; return c }`).Str()
	var worst time.Duration
	for i, x := range []struct{ stage, column string }{{"In progress", "in_progress"}, {"Requested", "requested"}, {"In progress", "in_progress"}} {
		o.MustElement("#prop-stage > summary").MustClick()
		button := o.sees("#prop-stage[open] .sheet button", x.stage)
		began := time.Now()
		button.MustClick()
		d.MustElement("#cards-" + x.column + " #t4")
		took := time.Since(began)
		worst = max(worst, took)
		if took > 5*time.Second {
			t.Errorf("move %d was seen after %v", i, took)
		}
		o.sees(".prop > summary .stage", x.stage)
	}
	t.Logf("a move in one browser was seen in the other after at most %v", worst)
	if !d.MustEval(`() => document.activeElement === window.held && document.querySelector(".movebar") !== null`).Bool() {
		t.Errorf("the open menu lost the focus: was %s", focus)
	}
	// The connection breaks and comes back: what was missed is made up for.
	d.open("/tickets/4")
	d.listens()
	proto.NetworkEnable{}.Call(d.Page)
	offline := func(is bool) {
		proto.NetworkEmulateNetworkConditions{Offline: is, DownloadThroughput: -1, UploadThroughput: -1}.Call(d.Page)
	}
	offline(true)
	o.choose("Priority", "Part of the work")
	o.sees("#prop-priority > summary", "Work impeded")
	offline(false)
	d.sees("#prop-priority > summary", "Work impeded")
}
