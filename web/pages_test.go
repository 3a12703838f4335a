package web

import (
	"net/http"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// examples are addresses of the pages whose path names a thing, and further
// ones of pages that look different in several ways. The tests that go through
// every page take them from here, and fail for a path that has none. A file
// of tests adds its own with example.
var examples = map[string][]string{}

func example(path string, addresses ...string) bool {
	examples[path] = append(examples[path], addresses...)
	return true
}

var _ = example("/board", "/board", "/board?closed=1", "/board?who=me") &&
	example("/tickets", "/tickets", "/tickets?stage=confirming&level=2&q=room", "/tickets?q=nothinglikethis") &&
	example("/tickets/{number}", "/tickets/7", "/tickets/6", "/tickets/9", "/tickets/3", "/tickets/4?do=drop", "/tickets/7?do=fix&then=completed") &&
	example("/accounts/{id}", "/accounts/2") &&
	example("/people", "/people", "/people?q=nobody+at+all") &&
	example("/people/{id}", "/people/1", "/people/1?show=everything") &&
	example("/search", "/search", "/search?q=database", "/search?q=nothinglikethis") &&
	example("/mail", "/mail", "/mail?show=quarantine", "/mail?show=out-sent") &&
	example("/mail/quarantine/{id}", "/mail/quarantine/1", "/mail/quarantine/13") &&
	example("/mail/ledger", "/mail/ledger", "/mail/ledger?what=quarantine", "/mail/ledger?q=nothinglikethis&since=2026-01-01", "/mail/ledger?count=1&class=human&from=aldermere") &&
	example("/mail/senders") &&
	example("/mail/quarantine/{id}/raw") && example("/messages/{id}/html") && example("/messages/{id}/raw") && example("/attachments/{uid}") &&
	example("/attachments/{uid}/thumb") && example("/files/{uid}") && example("/files/{uid}/thumb") && example("/look/{uid}") && example("/settings/mail/{key}", "/settings/mail/ack_inside")

// chapters go on with the story where the areas of the site need more to show.
var chapters []func(w *world)

// fullStory is the story with all its chapters.
func (w *world) fullStory() {
	w.t.Helper()
	w.story()
	for _, more := range chapters {
		more(w)
	}
}

// screen is a page of the site that people look at.
type screen struct {
	path    string // of the route
	address string
	need    tracker.Action
}

// screensOf returns every page of the site, in the order of the route table,
// with its example addresses; HELPDESKD_PAGES names the routes of some, to look
// at them alone. What answers no HTML is no page.
func screensOf(t *testing.T, w *world) []screen {
	t.Helper()
	admin := w.session(w.admin)
	known := map[string]bool{}
	var all []screen
	for _, e := range tableOf(t, w) {
		known[e.path] = true
		if e.method != http.MethodGet {
			continue
		}
		addresses, ok := examples[e.path]
		if !ok {
			if strings.Contains(e.path, "{") {
				t.Errorf("%s has no example address: add one with example(%q, …) to a test file of its area, without addresses if it is no page", e.path, e.path)
				continue
			}
			addresses = []string{e.path}
		}
		for _, a := range addresses {
			b := admin
			if e.need == anyone {
				b = &browse{w: w}
			}
			if e.path == "/live" {
				continue // a stream without end
			}
			res := b.get(a)
			switch {
			case res.Code >= 300 && res.Code < 400:
			case e.path == "/setup", e.path == "/metrics": // over; for machines
			case ok && res.Code != http.StatusOK || res.Code >= 500:
				t.Errorf("GET %s, an example of %s: %d", a, e.path, res.Code)
			case strings.HasPrefix(res.Header().Get("Content-Type"), "text/html") && strings.HasPrefix(res.Body.String(), "<!doctype"): // the rest are parts of pages
				all = append(all, screen{path: e.path, address: a, need: e.need})
			}
		}
	}
	for path := range examples {
		if !known[path] {
			t.Errorf("there are examples of %s, which is not in the table", path)
		}
	}
	all = append(all, screen{path: "404", address: "/nothing", need: tracker.ReadPlain})
	if some := strings.Fields(os.Getenv("HELPDESKD_PAGES")); len(some) > 0 {
		all = slices.DeleteFunc(all, func(pg screen) bool { return !slices.Contains(some, pg.path) })
	}
	return all
}

// readers are who may see pages, by their role; nobody is whoever is not signed in.
func (w *world) readers() map[string]*tracker.Account {
	return map[string]*tracker.Account{"admin": &w.admin, "technician": &w.tech, "manager": &w.manager, "nobody": nil}
}

// seenBy reports whether an account may see a page. Who is signed in is not
// shown the sign-in page.
func (p screen) seenBy(a *tracker.Account) bool {
	if a == nil || p.need == anyone {
		return a == nil && p.need == anyone
	}
	return tracker.May(*a, p.need)
}

// roles are the names of readers, in a steady order.
func roles(of map[string]*tracker.Account) []string {
	var names []string
	for n := range of {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
