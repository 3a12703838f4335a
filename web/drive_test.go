package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// drive is a technician at a browser.
type drive struct {
	*rod.Page
	t   testing.TB
	w   *world
	url string

	plain atomic.Bool // the site has no scripts
	mute  atomic.Bool // what is sent to the site arrives, but the answer is lost
}

var scriptTag = regexp.MustCompile(`(?s)<script.*?</script>`)

// withoutScripts answers as a site would that has none. Blocking their files
// is not enough: the browser may hold them in memory.
func withoutScripts(site http.Handler, rw http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding")
	rec := httptest.NewRecorder()
	site.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		rw.Header()[k] = v
	}
	rw.Header().Del("Content-Length")
	rw.WriteHeader(rec.Code)
	rw.Write(scriptTag.ReplaceAll(rec.Body.Bytes(), nil))
}

// newDrive opens the sign-in page of a filled desk and signs the technician in.
func newDrive(t *testing.T, engine migrations.Engine, width, height int, flags ...string) *drive {
	t.Helper()
	b := openBrowser(t, flags...)
	w := newWorld(t, dbtest.Open(t, engine))
	w.story()
	d := &drive{t: t, w: w}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if d.plain.Load() {
			withoutScripts(w.site, rw, r)
			return
		}
		if d.mute.Load() && r.Method == http.MethodPost {
			w.site.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		w.site.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	d.Page, d.url = openPage(t, b, width, height), srv.URL
	t.Cleanup(func() {
		if dir := os.Getenv("HELPDESKD_SHOTS"); t.Failed() && dir != "" {
			d.Page.Context(context.Background()).Timeout(10 * time.Second).MustScreenshot(filepath.Join(dir, t.Name()+".png"))
		}
	})
	d.open("/board")
	d.MustElement("#email").MustInput(w.tech.Email)
	d.MustElement("#password").MustInput(testPassword)
	d.MustElement("form button").MustClick()
	d.MustElement("#board")
	return d
}

func (d *drive) open(path string) {
	d.t.Helper()
	d.MustNavigate(d.url + path).MustWaitLoad()
}

// leaving reports whether a page was asked just while it was being left for
// another, so that the same can be asked of that one.
func leaving(err error) bool {
	return err != nil && strings.Contains(err.Error(), "navigated or closed")
}

// settled asks again, for ten seconds, what met a page being left; it is for
// what changes nothing.
func (d *drive) settled(ask func() error) {
	d.t.Helper()
	began := time.Now()
	err := ask()
	for leaving(err) && time.Since(began) < 10*time.Second {
		err = ask()
	}
	if err != nil {
		d.t.Fatalf("on %s: %v", d.MustInfo().URL, err)
	}
}

// MustElement is rod's, after a page was left too.
func (d *drive) MustElement(selector string) (e *rod.Element) {
	d.t.Helper()
	d.settled(func() (err error) { e, err = d.Element(selector); return err })
	return e
}

// MustElements is rod's, after a page was left too.
func (d *drive) MustElements(selector string) (all rod.Elements) {
	d.t.Helper()
	d.settled(func() (err error) { all, err = d.Elements(selector); return err })
	return all
}

// MustHas is rod's, after a page was left too.
func (d *drive) MustHas(selector string) (has bool) {
	d.t.Helper()
	d.settled(func() (err error) { has, _, err = d.Has(selector); return err })
	return has
}

// MustWait is rod's, after a page was left too.
func (d *drive) MustWait(js string, args ...any) {
	d.t.Helper()
	d.settled(func() error { return d.Wait(rod.Eval(js, args...)) })
}

// sees waits until an element that matches has the text, in itself or below.
func (d *drive) sees(selector, text string) *rod.Element {
	d.t.Helper()
	p := d.Timeout(10 * time.Second)
	e, err := p.ElementR(selector, text)
	for leaving(err) {
		e, err = p.ElementR(selector, text)
	}
	if err != nil {
		d.t.Fatalf("no %s with %q on %s: %v\n%s", selector, text, d.MustInfo().URL, err, d.MustElement("main").MustText())
	}
	return e.CancelTimeout()
}

// inFrame waits until what a frame shows has the text, and returns the frame.
// It is looked for anew each time: the document in it may just be replaced.
func (d *drive) inFrame(selector, text string) *rod.Page {
	d.t.Helper()
	for began := time.Now(); ; {
		frame, err := d.MustElement(selector).Frame()
		if err == nil {
			if _, err = frame.Timeout(time.Second).ElementR("body", text); err == nil {
				return frame
			}
		}
		if time.Since(began) > 10*time.Second {
			d.t.Fatalf("%s lacks %q: %v\n%s", selector, text, err, d.MustElement(selector).MustFrame().MustElement("body").MustText())
		}
	}
}

// tap clicks where an element is, also where its own ::after lies over it,
// which rod takes for something that covers it.
func (d *drive) tap(e *rod.Element) {
	d.t.Helper()
	e.MustScrollIntoView()
	// What a bar lies over is scrolled to, as people do.
	e.MustEval(`() => {
		const r = this.getBoundingClientRect(), at = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
		if (!at || !this.contains(at)) this.scrollIntoView({block: "center"});
	}`)
	at := e.MustShape().OnePointInside()
	d.Mouse.MustMoveTo(at.X, at.Y).MustClick(proto.InputMouseButtonLeft)
}

// inView waits until the middle of an element can be seen, covered by nothing.
func (d *drive) inView(e *rod.Element) {
	d.t.Helper()
	_, err := e.Timeout(10 * time.Second).Eval(`async function () {
		for (;;) {
			const r = this.getBoundingClientRect(), at = document.elementFromPoint(r.x + Math.min(r.width / 2, 20), r.y + r.height / 2);
			if (at && this.contains(at)) return;
			await new Promise(requestAnimationFrame);
		}
	}`)
	if err != nil {
		d.t.Fatalf("cannot be seen: %v", err)
	}
}

// choose opens one of the menus in a ticket's head and presses an entry.
func (d *drive) choose(menu, entry string) {
	d.t.Helper()
	d.MustElement(fmt.Sprintf(`.prop > summary[title="%s"]`, menu)).MustClick()
	d.sees(".prop[open] .sheet button, .prop[open] .sheet a", entry).MustClick()
}

// write opens a tab of the composer, types, and presses the button.
func (d *drive) write(tab, text, button string) {
	d.t.Helper()
	d.MustElement(`label[for="tab-` + tab + `"]`).MustClick()
	d.MustElement(".f-" + tab + " textarea").MustSelectAllText().MustInput(text)
	d.sees(".f-"+tab+" button", button).MustClick()
}

func TestATechniciansDay(t *testing.T) { aDay(t) }

// TestATechniciansDayOnPostgres is the same day; it is long, so that the quick
// run of the tests has only TestSmokeOnPostgres.

func aDay(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	w := d.w
	// Triage with a star, on the ticket that nobody has triaged.
	d.tap(d.sees("#cards-requested .subject", "Imprimante"))
	d.sees(".thead h2", "Imprimante")
	d.choose("Priority", "Cannot work at all")
	d.sees(".prop > summary .prio.p3s", "Cannot work")
	d.sees("#said .whisper", "set the priority to 3★")
	if w.count(`SELECT count(*) FROM ticket WHERE number = 4 AND level = 3 AND star`) != 1 {
		t.Fatal("the star is not stored")
	}
	// Take.
	d.sees(".topbar .btn", "Take it").MustClick()
	d.sees(".prop > summary .value", "Tomas Rehak")
	d.sees(".prop > summary .stage", "In progress")
	// Word the subject anew, in place.
	d.MustElement(".thead .edit summary").MustClick()
	d.MustElement(`.thead input[name="subject"]`).MustSelectAllText().MustInput("Printer on the second floor prints blank pages")
	d.MustElement(`.thead input[name="subject"]`).MustType(input.Enter)
	d.sees(".thead h2", "Printer on the second floor")
	// Category.
	d.choose("Category", "Printing")
	d.sees(".prop > summary .value", "Printing")
	// Reply: it spells out to whom, and is queued.
	d.MustElement(".f-reply textarea").MustFocus()
	d.sees(".f-reply .rcpt", "chloe.dubois@aldermere.example")
	d.write("reply", "Bonjour Chloé,\nI am coming up.", "Send to Chloé")
	d.sees(".flash", "on its way")
	reply := d.sees(".msg.own .text", "I am coming up")
	d.inView(reply)
	if w.count(`SELECT count(*) FROM outbox WHERE kind = 'reply' AND to_address = 'chloe.dubois@aldermere.example'`) != 1 {
		t.Fatal("the reply is not queued")
	}
	// Note: on yellow paper, sent to nobody.
	d.write("note", "Drum was empty.", "Save the note")
	d.sees(".msg.note .text", "Drum was empty")
	// Fix and complete.
	d.MustElement(`label[for="tab-fix"]`).MustClick()
	d.MustElement("#fix-summary").MustInput("Half pages: the printer’s drum was worn.")
	d.write("fix", "Replaced the drum.", "Complete without asking")
	d.sees(".flash", "Fixed and completed")
	d.sees(".prop > summary .stage", "Completed")
	d.sees(".solved", "Replaced the drum")
	if w.count(`SELECT count(*) FROM ticket WHERE number = 4 AND stage = 'completed' AND fix = 'Replaced the drum.'`) != 1 {
		t.Fatal("the ticket is not completed")
	}
	// Approve a held mail.
	d.open("/held")
	d.sees(".msg.held", "Urgent: invoice")
	before := w.count(`SELECT count(*) FROM ticket`)
	d.sees(".decide button", "Approve: open a ticket").MustClick()
	d.sees(".flash", "Approved")
	if w.count(`SELECT count(*) FROM ticket`) != before+1 {
		t.Fatal("the approved mail opened no ticket")
	}
	// And reject the other.
	d.MustElement(".reject summary").MustClick()
	d.MustElement(`.reject input[name="reason"]`).MustInput("not from Ines")
	d.sees(".reject button", "Reject").MustClick()
	d.sees(".empty-state", "No mail waits")
	if w.count(`SELECT count(*) FROM message WHERE state = 'rejected'`) != 1 {
		t.Fatal("the other mail is not rejected")
	}
}

// TestLive: what happens elsewhere appears by itself, and what is being typed stays.
func TestLive(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "The lift camera is black", text: "Since this morning."})
	d.sees("#cards-requested .subject", "lift camera")
	d.open("/tickets/7")
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.MustElement(".f-reply textarea").MustInput("Half a sentence")
	d.w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: database", text: "Now it works for Priya too.", answers: "m7@mail.example"})
	d.sees(".msg .text", "works for Priya too")
	if v := d.MustElement(".f-reply textarea").MustProperty("value").Str(); v != "Half a sentence" {
		t.Fatalf("what was typed is now %q", v)
	}
	// It survives a reload too.
	d.MustReload().MustWaitLoad()
	if v := d.MustElement(".f-reply textarea").MustProperty("value").Str(); v != "Half a sentence" {
		t.Fatalf("after a reload what was typed is %q", v)
	}
}

func TestBoardByKeyboardAndDrag(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	// Keyboard: to the first card, m, 2.
	d.Keyboard.MustType('j')
	name := d.MustEval(`() => document.activeElement.closest(".tcard").dataset.number`).Str()
	d.Keyboard.MustType('m')
	d.sees(".movebar button", "In progress")
	d.Keyboard.MustType('2')
	d.sees("#cards-in_progress #t"+name, "HD-"+name)
	if d.w.count(`SELECT count(*) FROM ticket WHERE number = `+name+` AND stage = 'in_progress'`) != 1 {
		t.Fatal("m did not move the ticket")
	}
	// A fix is asked for where the stage needs one.
	d.Keyboard.MustType('m')
	d.Keyboard.MustType('4')
	d.sees(".f-fix .rcpt", "What solved it")
	d.MustWait(`() => document.activeElement.matches(".f-fix textarea")`)
	// Drag, from requested to in progress.
	d.open("/board")
	card := d.MustElement("#cards-requested .tcard")
	number := *card.MustAttribute("data-number")
	from, to := card.MustShape().Box(), d.MustElement("#cards-in_progress .tcard").MustShape().Box()
	m := d.Mouse
	m.MustMoveTo(from.X+from.Width/2, from.Y+20).MustDown(proto.InputMouseButtonLeft)
	for i := 1; i <= 10; i++ {
		k := float64(i) / 10
		m.MustMoveTo(from.X+from.Width/2+(to.X-from.X)*k, from.Y+20+(to.Y+10-from.Y-20)*k)
		d.MustEval(`() => new Promise(requestAnimationFrame)`)
	}
	m.MustUp(proto.InputMouseButtonLeft)
	d.sees("#cards-in_progress #t"+number, "HD-"+number)
}

// TestMailFrame: a mail's HTML shows its own picture, runs nothing, loads
// nothing from outside, and is as tall as it needs.
func TestMailFrame(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	var mu sync.Mutex
	var asked []string
	wait := d.EachEvent(func(e *proto.NetworkRequestWillBeSent) {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(e.Request.URL, d.url) && !strings.HasPrefix(e.Request.URL, "data:") {
			asked = append(asked, e.Request.URL)
		}
	})
	go wait()
	d.open("/tickets/7")
	d.sees("#m7 .fold summary", "As it was sent").MustClick()
	inFrame := func(js string) string {
		return `() => { const doc = document.querySelector("#m7 iframe").contentDocument; return !!doc && doc.readyState === "complete" && ` + js + ` }`
	}
	d.MustWait(inFrame(`doc.body.innerText.includes("closed today")`))
	d.MustWait(inFrame(`doc.images.length === 1 && doc.images[0].naturalWidth === 480`))
	if !d.MustEval(inFrame(`doc.querySelector(".hd-bar").innerText.startsWith("One ") && doc.scripts.length === 0`)).Bool() {
		t.Fatal("the frame does not say what was left out, or has scripts")
	}
	d.MustWait(`() => { const f = document.querySelector("#m7 iframe"); return Math.abs(f.clientHeight - f.contentDocument.documentElement.scrollHeight) < 6 }`)
	mu.Lock()
	defer mu.Unlock()
	if len(asked) > 0 {
		t.Fatalf("asked outside: %v", asked)
	}
}

// TestWithoutJavaScript: every form works.
func TestWithoutJavaScript(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	// Switching scripts off in the browser would stop the test's own looking too.
	d.plain.Store(true)
	d.open("/board")
	if d.MustEval(`() => typeof htmx !== "undefined" || document.documentElement.classList.contains("js")`).Bool() {
		t.Fatal("scripts run")
	}
	d.open("/tickets/4")
	d.choose("Priority", "Part of the work is impeded")
	d.sees(".prop > summary .prio.p2", "Work impeded")
	d.choose("Stage", "In progress")
	d.sees(".prop > summary .stage", "In progress")
	d.write("note", "Without scripts.", "Save the note")
	d.sees(".msg.note .text", "Without scripts")
	d.write("reply", "A reply without scripts.", "Send to Chloé")
	d.sees(".msg.own .text", "A reply without scripts")
}

// TestOnAPhone: nothing is wider than the window (innerWidth would grow along on a phone), and the bar has five entries.
func TestOnAPhone(t *testing.T) {
	d := newDrive(t, usual, 390, 844)
	for _, path := range []string{"/board", "/tickets", "/tickets/7", "/tickets/9", "/held", "/people", "/people/1", "/search?q=printer", "/mail", "/mail/quarantine/1", "/accounts", "/accounts/2", "/account", "/settings", "/settings/look", "/settings/mail", "/settings/mail/ack_inside", "/settings/hours", "/settings/categories", "/settings/forms", "/settings/tickets", "/audit", "/tickets/new"} {
		d.open(path)
		if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
			t.Errorf("%s is %d px wider than the window", path, over)
		}
	}
	shown := d.MustEval(`() => [...document.querySelectorAll(".rail > *")].filter(e => e.offsetParent || e.getClientRects().length).length`).Int()
	if shown != 5 {
		t.Errorf("the bar has %d entries", shown)
	}
}
