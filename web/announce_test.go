package web

import (
	"testing"
	"time"

	"helpdeskd/tracker"
)

// regions notes, from before the page is read, whatever is put into a live
// region that was there already: only that is spoken.
const regions = `() => {
	window.spoken = [];
	const region = (n) => (n.nodeType === 1 ? n : n.parentElement)?.closest("[role=status], [role=alert], [aria-live]");
	addEventListener("DOMContentLoaded", () => {
		const there = new WeakSet(document.querySelectorAll("[role=status], [role=alert], [aria-live]"));
		new MutationObserver((all) => {
			for (const m of all) {
				const at = region(m.target);
				if (at && there.has(at) && m.addedNodes.length && at.textContent.trim()) window.spoken.push({ role: at.getAttribute("role"), text: at.textContent.trim().replace(/\s+/g, " ") });
			}
		}).observe(document, { subtree: true, childList: true, characterData: true });
	});
}`

// spoken waits until something was said in a live region, and checks that it
// still stands there.
func (d *drive) spoken(role, text string) {
	d.t.Helper()
	d.Timeout(10*time.Second).MustWait(`(role, text) => window.spoken?.some((x) => x.role === role && x.text.includes(text)) &&
		[...document.querySelectorAll("[role=" + role + "]")].some((x) => x.textContent.replace(/\s+/g, " ").includes(text))`, role, text)
}

// TestAnnouncements: what was done, what failed and what came by itself is
// said to whoever cannot see it, in words that name it.
func TestAnnouncements(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.MustEvalOnNewDocument("(" + regions + ")()")
	// What came: a request, a card that somebody else moved, a message.
	d.open("/board")
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	if got := d.MustElement("#told").MustText(); got != "" {
		t.Fatalf("the region is filled before anything happened: %q", got)
	}
	d.w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "The lift camera is black", text: "Since this morning."})
	d.spoken("status", "New: HD-10 The lift camera is black.")
	_, err := d.w.SetStage(t.Context(), d.w.admin.Actor(), 8, tracker.StageChange{Stage: tracker.InProgress}, tracker.AnyVersion)
	d.w.ok(err)
	d.spoken("status", "HD-8 Password expired while travelling is now: In progress.")
	d.open("/tickets")
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.w.arrives(letter{name: "Nora Falk", address: "nora.falk@aldermere.example", subject: "The lift is stuck", text: "Now it is."})
	d.spoken("status", "New: HD-11 The lift is stuck.")
	d.open("/tickets/7")
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: database", text: "Now it works for Priya too.", answers: "m7@mail.example"})
	d.spoken("status", "Hana Sato wrote: Now it works for Priya too.")
	// What was done.
	d.open("/account")
	d.MustElement("form[action='/account/notify'] button").MustClick()
	d.spoken("status", "Saved")
	// What failed: the field takes the focus, or the words are said.
	d.open("/account")
	d.MustElement("#old").MustInput("not the password")
	d.MustElement("#new").MustInput(testPassword)
	d.MustElement("#again").MustInput(testPassword)
	d.MustElement("form[action='/account/password'] button").MustClick()
	d.MustWait(`() => document.activeElement?.matches("[role=alert]") && document.activeElement.textContent.trim() !== ""`)
	d.open("/tickets/4?do=drop")
	// The connection is lost.
	d.MustEval(`() => document.dispatchEvent(new CustomEvent("htmx:error"))`)
	d.MustEval(`() => { Object.defineProperty(navigator, "onLine", { get: () => false, configurable: true }); document.dispatchEvent(new CustomEvent("htmx:error")); }`)
	d.spoken("status", "does not answer")
	// Signing in with a wrong password.
	me := d.Browser().MustIncognito()
	p := openPage(t, me, 1440, 900)
	p.MustEvalOnNewDocument("(" + regions + ")()")
	p.MustNavigate(d.url + "/login").MustWaitLoad()
	p.MustElement("#email").MustInput(d.w.tech.Email)
	p.MustElement("#password").MustInput("not the password")
	p.MustElement("form button").MustClick()
	p.MustWait(`() => window.spoken?.some((x) => x.role === "alert")`)
}
