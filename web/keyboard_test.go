package web

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// clockFields have several stops of their own.
var clockFields = regexp.MustCompile(`type="(date|time|datetime-local|month)"`)

var inputTag = regexp.MustCompile(`<input[^>]*>`)

// targetsJS finds what a finger is to hit and cannot: targets under 24 by 24
// CSS pixels, WCAG 2.2 success criterion 2.5.8. As there, links within a
// sentence are left out, and small targets whose circle of 24 pixels touches
// no other target.
const targetsJS = `() => {
	const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab]")].filter(e => {
		const s = getComputedStyle(e);
		return s.visibility !== "hidden" && s.pointerEvents !== "none" && e.getClientRects().length && !e.closest("[hidden], .visually-hidden, .skip") && e.checkVisibility();
	});
	const box = (e) => { const l = e.matches("input[type=checkbox], input[type=radio], input[type=file]") && e.closest("label"); return (l || e).getBoundingClientRect(); };
	const cover = (e) => { // a link whose ::after covers its card is as large as the card
		const a = getComputedStyle(e, "::after");
		return a.position === "absolute" && a.inset === "0px" && a.content !== "none" ? e.offsetParent.getBoundingClientRect() : box(e);
	};
	const inline = (e) => e.tagName === "A" && getComputedStyle(e).display.startsWith("inline") && getComputedStyle(e).display !== "inline-flex" &&
		[...e.parentElement.childNodes].some(n => n !== e && n.textContent.trim());
	const rects = all.map(cover);
	return all.filter((e, i) => {
		const r = rects[i];
		if (!r.width || r.width >= 23.5 && r.height >= 23.5 || inline(e)) return false;
		const x = r.x + r.width / 2, y = r.y + r.height / 2;
		return rects.some((o, j) => j !== i && !all[j].contains(e) && !e.contains(all[j]) && o.width &&
			Math.hypot(Math.max(o.left - x, x - o.right, 0), Math.max(o.top - y, y - o.bottom, 0)) < 12);
	}).map(e => { const r = box(e); return e.outerHTML.slice(0, 120) + " " + Math.round(r.width) + "x" + Math.round(r.height); });
}`

// widerJS finds what makes a page wider than its window.
const widerJS = `() => {
	const wide = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= wide) return [];
	return [document.documentElement.scrollWidth - wide + " px too wide"].concat([...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1 && e.checkVisibility() && !e.closest(".visually-hidden")).slice(-3).map(e => e.outerHTML.slice(0, 140)));
}`

// barJS finds what the bar at the bottom of a phone lies over at the end of a
// page, where nobody can scroll further.
const barJS = `() => {
	const bar = document.querySelector(".rail")?.getBoundingClientRect(), main = document.querySelector("main");
	if (!bar || !main || bar.top < innerHeight / 2) return [];
	scrollTo(0, document.documentElement.scrollHeight);
	const under = main.getBoundingClientRect().bottom - bar.top;
	scrollTo(0, 0);
	return under > 1 ? [Math.round(under) + " px of " + main.lastElementChild?.outerHTML.slice(0, 120)] : [];
}`

// cutJS finds words that are cut off in what has to be read in full.
const cutJS = `() => [...document.querySelectorAll(".btn, .chip, h1, h2, label, .form-label, .tag, th, .hint, .rail .item span")].filter(e => e.checkVisibility() && !e.closest(".visually-hidden, .topbar h1, .main-cell") && getComputedStyle(e).overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).textOverflow !== "ellipsis").map(e => e.outerHTML.slice(0, 120))`

// clippedJS finds marks and buttons that reach out of what cuts them off.
const clippedJS = `() => [...document.querySelectorAll("main :is(.tag, .btn, .chip)")].filter(e => {
	if (!e.checkVisibility() || e.closest(".visually-hidden")) return false;
	const r = e.getBoundingClientRect();
	for (let a = e.parentElement; a && a.tagName !== "MAIN"; a = a.parentElement) {
		const x = getComputedStyle(a).overflowX, b = a.getBoundingClientRect();
		if (x === "auto" || x === "scroll") return false; // can be scrolled to
		if (x !== "visible" && r.width && b.width && (r.right > b.right + 1 || r.left < b.left - 1)) return true;
	}
	return false;
}).map(e => e.outerHTML.slice(0, 120))`

// spacingJS sets the text as wide as WCAG 1.4.12 wants it to be bearable.
const spacingJS = `() => { const s = new CSSStyleSheet(); s.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }"); document.adoptedStyleSheets = [s]; }`

// focusJS tells where the focus is, whether it can be seen there, and whether
// anything lies over it.
const focusJS = `() => {
	const e = document.activeElement;
	if (!e || e === document.body || e === document.documentElement) return { n: -1 };
	const all = window.__stops ||= [...document.querySelectorAll("*")];
	const seen = (x) => { const s = getComputedStyle(x), a = getComputedStyle(x, "::after"); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1.5 || /inset|0px 0px 0px [1-9]/.test(s.boxShadow) && s.boxShadow !== "none" || a.outlineStyle !== "none" && parseFloat(a.outlineWidth) >= 1.5; };
	let ring = seen(e) || e.closest(".tcard") && seen(e.closest(".tcard"));
	if (e.matches("input[type=radio]") && !ring) ring = [...document.querySelectorAll("label")].some(l => l.control === e && seen(l)) || !!e.closest("label") && seen(e.closest("label"));
	if (e.tagName === "IFRAME") ring = true;
	const r = (getComputedStyle(e).opacity === "0" && e.labels?.[0] || e).getBoundingClientRect();
	const at = [[.5, .5], [.1, .2], [.9, .8], [.1, .8], [.9, .2]].map(([x, y]) => document.elementFromPoint(r.x + r.width * x, r.y + r.height * y)).filter(Boolean);
	const label = e.labels?.[0];
	const open = r.width < 2 || at.some(o => e.contains(o) || o.contains(e) && !o.matches("header, nav, .composer") || label?.contains(o) || o.closest(".tcard") && o.closest(".tcard") === e.closest(".tcard"));
	return { n: all.indexOf(e), ring: !!ring, open, html: e.outerHTML.slice(0, 140), tabindex: e.tabIndex };
}`

// atFocus is what focusJS tells.
type atFocus struct {
	N          int
	Ring, Open bool
	HTML       string
	Tabindex   int
}

func telling(p *rod.Page, js string, args ...any) []string {
	var all []string
	for _, v := range p.MustEval(js, args...).Arr() {
		all = append(all, v.Str())
	}
	return all
}

// TestEveryPageByKeyboardAndNarrow goes through every page: with the Tab key,
// as wide as 320 pixels, at a zoom of 200 percent and with wide letters. It
// looks for focus that cannot be seen, is trapped or covered, for targets too
// small to hit, for sideways scrolling, and for what a page needs to be found
// by its name.
func TestEveryPageByKeyboardAndNarrow(t *testing.T) {
	t.Parallel()
	x := openTabs(t)
	pages := screensOf(t, x.w)
	readers := x.w.readers()
	titles := map[string]string{}
	t.Run("as", func(t *testing.T) {
		for _, who := range []string{"admin", "manager", "nobody"} { // a technician's pages are an administrator's
			t.Run(who, func(t *testing.T) {
				if who != "admin" {
					t.Parallel()
				}
				p := x.reader(t, readers[who], 1440, 900)
				for _, pg := range pages {
					if pg.seenBy(readers[who]) {
						lookOver(t, p, x.url, pg)
						if who == "admin" {
							title := p.MustInfo().Title
							if other, twice := titles[title]; twice && other != pg.path {
								t.Errorf("%s and %s have the same title %q", other, pg.path, title)
							}
							titles[title] = pg.path
						}
					}
				}
			})
		}
	})
}

func lookOver(t *testing.T, p *rod.Page, url string, pg screen) {
	t.Helper()
	bad := func(what string, list []string) {
		t.Helper()
		if len(list) > 0 {
			t.Errorf("%s: %s:\n  %s", pg.address, what, strings.Join(list[:min(len(list), 4)], "\n  "))
		}
	}
	p.MustSetViewport(1440, 900, 1, false)
	p.MustNavigate(url + pg.address).MustWaitLoad()
	if v := p.MustEval(`() => [document.documentElement.lang, document.title, document.querySelectorAll("h1").length, document.querySelectorAll("main").length].join("|")`).Str(); !strings.HasPrefix(v, "en|") || strings.HasPrefix(v, "en||") || !strings.HasSuffix(v, "|1|1") {
		t.Errorf("%s: language, title, h1 and main are %q", pg.address, v)
	}
	bad("targets too small at 1440 px", telling(p, targetsJS))
	tabThrough(t, p, pg)
	// 1440 by 900 at 200 percent.
	p.MustSetViewport(720, 450, 1, false)
	bad("sideways scrolling at 200 percent", telling(p, widerJS))
	p.MustSetViewport(320, 640, 1, false)
	bad("sideways scrolling at 320 px", telling(p, widerJS))
	bad("targets too small at 320 px", telling(p, targetsJS))
	bad("marks and buttons cut off at 320 px", telling(p, clippedJS))
	bad("below the bar at the end of the page", telling(p, barJS))
	p.MustEval(spacingJS)
	bad("sideways scrolling with wide letters", telling(p, widerJS))
	bad("words cut off with wide letters", telling(p, cutJS))
}

// tabThrough presses Tab until the focus has gone once around.
func tabThrough(t *testing.T, p *rod.Page, pg screen) {
	t.Helper()
	p.MustEval(`() => { document.activeElement?.blur(); scrollTo(0, 0); window.__stops = null; window.getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex"); }`)
	const most = 45
	last, seen := -1, map[int]bool{}
	for i := range most {
		if err := p.Keyboard.Press(input.Tab); err != nil {
			t.Fatal(err)
		}
		var at atFocus
		raw, _ := p.MustEval(focusJS).MarshalJSON()
		if err := json.Unmarshal(raw, &at); err != nil {
			t.Fatal(err)
		}
		if at.N < 0 || seen[at.N] && at.N != last {
			break // around once
		}
		if at.N == last && !strings.HasPrefix(at.HTML, "<iframe") && !clockFields.MatchString(at.HTML) {
			t.Errorf("%s: the focus is trapped at %s", pg.address, at.HTML)
			break
		}
		if i == 0 && pg.need != "" && !strings.Contains(at.HTML, `class="skip"`) {
			t.Errorf("%s: the first stop is %s, not the way past the rail", pg.address, at.HTML)
		}
		if at.Tabindex > 0 {
			t.Errorf("%s: %s pushes itself before others", pg.address, at.HTML)
		}
		if !at.Ring {
			t.Errorf("%s: the focus cannot be seen at %s", pg.address, at.HTML)
		}
		if !at.Open {
			t.Errorf("%s: something lies over the focus at %s", pg.address, at.HTML)
		}
		seen[at.N], last = true, at.N
	}
	if len(seen) < 2 && pg.need != "" {
		t.Errorf("%s: Tab reaches only %d places", pg.address, len(seen))
	}
}

// TestMotionAndForcedColours: whoever asks for less motion gets none, and in
// a contrast theme the marks that are only colours keep an edge.
func TestMotionAndForcedColours(t *testing.T) {
	x := openTabs(t)
	p := x.reader(t, &x.w.admin, 1440, 900)
	emulate := func(name, value string) {
		if err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: name, Value: value}}}).Call(p); err != nil {
			t.Fatal(err)
		}
	}
	emulate("prefers-reduced-motion", "reduce")
	p.MustNavigate(x.url + "/tickets/7").MustWaitLoad()
	if moving := telling(p, `() => [...document.querySelectorAll("*")].filter(e => { const s = getComputedStyle(e); return /[1-9]/.test(s.transitionDuration) || s.animationName !== "none" }).map(e => e.outerHTML.slice(0, 100))`); len(moving) > 0 {
		t.Errorf("still moves: %v", moving[:min(3, len(moving))])
	}
	emulate("forced-colors", "active")
	p.MustNavigate(x.url + "/board").MustWaitLoad()
	if edgeless := telling(p, `() => [...document.querySelectorAll(".btn, .chip, .tag, .tcard")].filter(e => e.checkVisibility() && getComputedStyle(e).borderTopWidth === "0px").map(e => e.outerHTML.slice(0, 100))`); len(edgeless) > 0 {
		t.Errorf("without an edge in forced colours: %v", edgeless[:min(3, len(edgeless))])
	}
}

// TestSigningInIsAccessible: nothing stands in the way of password managers
// and of pasting (WCAG 3.3.8).
func TestSigningInIsAccessible(t *testing.T) {
	x := openTabs(t)
	for _, pg := range screensOf(t, x.w) {
		b := &browse{w: x.w}
		if pg.need != anyone {
			b = x.w.session(x.w.admin)
		}
		body := b.get(pg.address).Body.String()
		for _, in := range inputTag.FindAllString(body, -1) {
			if strings.Contains(in, `type="password"`) && !strings.Contains(in, `autocomplete="current-password"`) && !strings.Contains(in, `autocomplete="new-password"`) {
				t.Errorf("%s: a password manager does not know %s", pg.address, in)
			}
			if pg.need == anyone && strings.Contains(in, `type="email"`) && !strings.Contains(in, "autocomplete=") {
				t.Errorf("%s: nothing says what %s is", pg.address, in)
			}
		}
	}
	for _, f := range []string{"static/app.js", "static/parts.js"} {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			if strings.Contains(line, `"paste"`) && strings.Contains(line, "password") {
				t.Errorf("%s meddles with pasting: %s", f, line)
			}
		}
	}
	p := x.reader(t, nil, 390, 844)
	p.MustNavigate(x.url + "/login").MustWaitLoad()
	got := p.MustEval(`() => { const i = document.querySelector("#password"), d = new DataTransfer(); d.setData("text", "x"); return i.dispatchEvent(new ClipboardEvent("paste", { clipboardData: d, bubbles: true, cancelable: true })) }`).Bool()
	if !got {
		t.Error("pasting a password is refused")
	}
}
