package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestShots takes pictures of every page into the folder HELPDESKD_SHOTS, to
// be looked at: HELPDESKD_SHOTS=/tmp/shots go test ./web -run TestShots
func TestShots(t *testing.T) {
	dir := os.Getenv("HELPDESKD_SHOTS")
	if dir == "" {
		t.Skip("HELPDESKD_SHOTS is not set: it names the folder for pictures of every page")
	}
	b := openBrowser(t)
	sizes := []struct {
		name       string
		wide, high int
	}{{"desk", 1440, 900}, {"tablet", 820, 1180}, {"phone", 390, 844}}
	only := func(variable, name string) bool {
		v := os.Getenv(variable)
		return v == "" || strings.Contains(v, name)
	}
	for _, kind := range []string{"full", "empty"} {
		if !only("HELPDESKD_SHOT_WORLD", kind) {
			continue
		}
		w := newWorld(t, dbtest.Open(t, migrations.SQLite))
		if kind == "full" {
			w.fullStory()
		}
		srv := httptest.NewServer(w.site)
		t.Cleanup(srv.Close)
		pages := shotPages(t, w, kind)
		for _, size := range sizes {
			if !only("HELPDESKD_SHOT_SIZES", size.name) {
				continue
			}
			p := openPage(t, b, size.wide, size.high).CancelTimeout().Timeout(20 * time.Minute)
			for _, theme := range []string{"light", "dark"} {
				if !only("HELPDESKD_SHOT_THEME", theme) {
					continue
				}
				proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}.Call(p)
				for _, pg := range pages {
					me := w.admin
					if pg.path == "/requests" {
						me = w.manager
					}
					signedIn(t, b, srv.URL, w.session(me), pg.need != anyone)
					p.MustSetViewport(size.wide, size.high, 1, size.wide < 700)
					p.MustNavigate(srv.URL + pg.address).MustWaitLoad()
					p.MustWaitIdle()
					if over := p.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
						t.Errorf("%s at %s is %d px wider than the window", pg.address, size.name, over)
					}
					shot := fmt.Sprintf("%s%s-%s-%s.png", kind, strings.NewReplacer("/", "_", "?", "_", "=", "_", "&", "_").Replace(pg.address), size.name, theme)
					p.MustScreenshot(filepath.Join(dir, shot))
				}
			}
			p.MustClose()
		}
	}
}

// shotPages are the pages of which pictures are taken: those that
// HELPDESKD_SHOT_PAGES names, or all. An empty desk has no pages of things.
func shotPages(t *testing.T, w *world, kind string) []screen {
	if some := strings.Fields(os.Getenv("HELPDESKD_SHOT_PAGES")); len(some) > 0 {
		var pages []screen
		for _, a := range some {
			pg := screen{address: a, need: tracker.ReadTickets, path: a}
			if a == "/login" || a == "/forgot" || a == "/setup" {
				pg.need = anyone
			}
			pages = append(pages, pg)
		}
		return pages
	}
	if kind == "full" {
		return screensOf(t, w)
	}
	var pages []screen
	for _, e := range tableOf(t, w) {
		if e.method == http.MethodGet && e.need != anyone && !strings.Contains(e.path, "{") && e.path != "/live" {
			if res := w.session(w.admin).get(e.path); res.Code == http.StatusOK && strings.HasPrefix(res.Body.String(), "<!doctype") {
				pages = append(pages, screen{path: e.path, address: e.path, need: e.need})
			}
		}
	}
	return pages
}

// signedIn gives the browser the session of a client of ours, or takes it away.
func signedIn(t testing.TB, b *rod.Browser, url string, as *browse, in bool) {
	t.Helper()
	b.MustSetCookies()
	if !in {
		return
	}
	var cookies []*proto.NetworkCookieParam
	for _, c := range as.cookie {
		cookies = append(cookies, &proto.NetworkCookieParam{Name: c.Name, Value: c.Value, URL: url})
	}
	if err := b.SetCookies(cookies); err != nil {
		t.Fatal(err)
	}
}
