package web

import (
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
	"golang.org/x/net/html"

	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// tabs is a browser before a filled desk, with a window for every reader.
type tabs struct {
	w   *world
	b   *rod.Browser
	url string
}

func openTabs(t *testing.T) *tabs {
	t.Helper()
	b := openBrowser(t)
	w := newWorld(t, dbtest.Open(t, usual))
	w.fullStory()
	srv := httptest.NewServer(w.site)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return &tabs{w: w, b: b, url: srv.URL}
}

// reader opens a window of its own, signed in as an account, or as nobody.
func (x *tabs) reader(t *testing.T, a *tracker.Account, width, height int) *rod.Page {
	t.Helper()
	b := x.b.MustIncognito()
	p := openPage(t, b, width, height).CancelTimeout().Timeout(8 * time.Minute)
	if a != nil {
		me := x.w.session(*a)
		for _, c := range me.cookie {
			if err := b.SetCookies([]*proto.NetworkCookieParam{{Name: c.Name, Value: c.Value, URL: x.url}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p
}

// shape is what a page consists of as an account sees it, below the frame that
// all pages share: the tags of its content, in order.
func (x *tabs) shape(t *testing.T, a tracker.Account, address string) (tags []string) {
	t.Helper()
	_, content, ok := strings.Cut(x.w.session(a).get(address).Body.String(), "<main")
	if !ok {
		t.Fatalf("%s has no content", address)
	}
	for z := html.NewTokenizer(strings.NewReader(content)); z.Next() != html.ErrorToken; {
		if token := z.Token(); token.Type == html.StartTagToken || token.Type == html.SelfClosingTagToken {
			tags = append(tags, token.Data)
		}
	}
	return tags
}

// violation is what axe found wrong.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []any
		FailureSummary string
	}
}

// look is how axe sees a page; nil rules are all.
type look struct {
	theme string
	width int
	rules any
}

// axeRun runs axe in a page that it was put into.
const axeRun = `async (rules) => {
	const options = { resultTypes: ["violations"], iframes: false };
	options.runOnly = rules ? { type: "rule", values: rules } : { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
	const r = await axe.run(document, options);
	return r.violations.map(v => ({ ID: v.id, Impact: v.impact || "", Help: v.help, Nodes: v.nodes.map(n => ({ Target: n.target, FailureSummary: n.failureSummary })) }));
}`

// TestAxe has axe (https://www.deque.com/axe/, in testdata/axe) look at every
// page as each reader who may see it, light and dark, wide and narrow. A page
// is loaded once; the theme is changed on it, and what only colours decide is
// then looked at again.
func TestAxe(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	x := openTabs(t)
	pages := screensOf(t, x.w)
	readers := x.w.readers()
	var looked int
	var mu sync.Mutex
	t.Run("as", func(t *testing.T) {
		for _, who := range roles(readers) {
			t.Run(who, func(t *testing.T) {
				t.Parallel()
				p := x.reader(t, readers[who], 1440, 900)
				p.MustEvalOnNewDocument(string(source))
				// Colours that are still on their way from one theme to the other are no finding.
				if err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}}).Call(p); err != nil {
					t.Fatal(err)
				}
				for _, pg := range pages {
					if !pg.seenBy(readers[who]) {
						continue
					}
					looks := []look{{"light", 1440, nil}, {"dark", 390, nil}}
					if who == "technician" && pg.seenBy(readers["admin"]) && os.Getenv("HELPDESKD_TEST_FULL") == "" {
						if slices.Equal(x.shape(t, x.w.tech, pg.address), x.shape(t, x.w.admin, pg.address)) {
							continue
						}
						looks = looks[:1] // where a button or more is not there
					}
					p.MustSetViewport(1440, 900, 1, false)
					p.MustNavigate(x.url + pg.address).MustWaitLoad()
					if !p.MustEval(`() => typeof axe === "object"`).Bool() {
						t.Fatalf("%s: axe is not in the page", pg.address)
					}
					if who == "admin" || !pg.seenBy(readers["admin"]) { // colours do not hang on who reads
						looks = append(looks, look{"dark", 1440, []string{"color-contrast"}}, look{"light", 390, []string{"color-contrast"}})
					}
					for _, as := range looks {
						p.MustSetViewport(as.width, 900, 1, false)
						p.MustEval(`(theme) => document.documentElement.setAttribute("data-bs-theme", theme)`, as.theme)
						var found []violation
						res, err := p.Eval(axeRun, as.rules)
						if err != nil {
							t.Fatalf("%s: %v", pg.address, err)
						}
						if err := res.Value.Unmarshal(&found); err != nil {
							t.Fatal(err)
						}
						mu.Lock()
						looked++
						mu.Unlock()
						for _, v := range found {
							text := describe(v)
							t.Errorf("%s as %s, %s, %d px: %s (%s): %s\n%s", pg.address, who, as.theme, as.width, v.ID, v.Impact, v.Help, text)
						}
					}
				}
			})
		}
	})
	if looked < 4*len(pages) {
		t.Errorf("axe looked only %d times at %d pages", looked, len(pages))
	}
	t.Logf("axe looked %d times at %d pages", looked, len(pages))
}

// describe tells where a violation is, three places at most.
func describe(v violation) string {
	var b strings.Builder
	for i, n := range v.Nodes {
		if i == 3 {
			fmt.Fprintf(&b, "  and %d more\n", len(v.Nodes)-3)
			break
		}
		fmt.Fprintf(&b, "  %v: %s\n", n.Target, strings.ReplaceAll(n.FailureSummary, "\n", " "))
	}
	return b.String()
}
