package web

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// TestShots takes pictures of every page into the folder HELPDESKD_SHOTS, to
// be looked at: HELPDESKD_SHOTS=/tmp/shots go test ./web -run TestShots
func TestShots(t *testing.T) {
	dir := os.Getenv("HELPDESKD_SHOTS")
	if dir == "" {
		t.Skip("HELPDESKD_SHOTS is not set: it names the folder for pictures of every page")
	}
	b := openBrowser(t)
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.fullStory()
	srv := httptest.NewServer(w.site)
	t.Cleanup(srv.Close)
	pages := strings.Fields(os.Getenv("HELPDESKD_SHOT_PAGES"))
	if len(pages) == 0 {
		pages = []string{"/login", "/board", "/board?closed=1", "/tickets", "/tickets/7", "/tickets/6", "/tickets/9", "/tickets/new", "/held", "/people", "/people/1", "/search?q=database", "/mail", "/accounts", "/accounts/2", "/account", "/forgot", "/settings", "/settings/look", "/settings/mail", "/settings/mail/ack_inside", "/settings/hours", "/settings/categories", "/settings/forms", "/settings/tickets", "/audit", "/nothing"}
	}
	me := w.as(w.admin)
	sizes := map[string][2]int{"desk": {1440, 900}, "tablet": {820, 1180}, "phone": {390, 844}}
	only := os.Getenv("HELPDESKD_SHOT_SIZES")
	for name, size := range sizes {
		if only != "" && !strings.Contains(only, name) {
			continue
		}
		p := openPage(t, b, size[0], size[1])
		for _, theme := range []string{"light", "dark"} {
			if v := os.Getenv("HELPDESKD_SHOT_THEME"); v != "" && v != theme {
				continue
			}
			proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(p)
			for i, page := range pages {
				signedIn(t, b, srv.URL, me, page != "/login")
				p.MustNavigate(srv.URL + page).MustWaitLoad()
				p.MustWaitIdle()
				if over := p.MustEval(`() => document.documentElement.scrollWidth - innerWidth`).Int(); over > 0 {
					t.Errorf("%s at %s is %d px wider than the window", page, name, over)
				}
				shot := fmt.Sprintf("%02d%s-%s-%s.png", i, strings.NewReplacer("/", "_", "?", "_", "=", "_").Replace(page), name, theme)
				p.MustScreenshot(filepath.Join(dir, shot))
			}
		}
		p.MustClose()
	}
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
