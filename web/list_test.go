package web

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

func itoa(n int) string { return strconv.Itoa(n) }

func savedAs(name, query string) tracker.SavedView {
	return tracker.SavedView{List: "tickets", Name: name, Query: query, Shared: true}
}

func TestPageLinks(t *testing.T) {
	read := func(text string) url.Values { q, _ := url.ParseQuery(text); return q }
	for _, c := range []struct {
		q, more           string
		first, back, next string
		n                 int
	}{
		{"", "", "", "", "", 1},
		{"who=me&live=1", "90", "", "", "/t?after=90&who=me", 1},
		{"after=90&who=me", "40", "/t?who=me", "/t?who=me", "/t?after=40&past=90&who=me", 2},
		{"after=40&past=90", "20", "/t", "/t?after=90", "/t?after=20&past=90%2C40", 3},
		{"after=20&past=90,40", "", "/t", "/t?after=40&past=90", "", 4},
	} {
		p := pagesOf("/t", read(c.q), c.more)
		if p.First != c.first || p.Back != c.back || p.Next != c.next || p.N != c.n {
			t.Errorf("%q: %+v", c.q, p)
		}
	}
	// The address does not grow without end, and back still leads back.
	q := url.Values{}
	for i := range 3 * maxPast {
		next, _ := url.Parse(pagesOf("/t", q, itoa(1000000-i)).Next)
		q = next.Query()
	}
	if len(q.Encode()) > 12*maxPast {
		t.Fatalf("the address is %d long", len(q.Encode()))
	}
	if p := pagesOf("/t", q, ""); p.N != 0 || p.Back == p.First {
		t.Fatalf("deep in the list: %+v", p)
	}
}

func TestViewsAndBulkPages(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		res := b.post("/views", "list", "tickets", "name", "Mine", "query", "who=me&after=3")
		if res.Code != 303 || res.Header().Get("Location") != "/tickets?view=1&who=me" {
			t.Fatalf("%d %s", res.Code, res.Header().Get("Location"))
		}
		// Another technician's own view is nobody else's, and what is everybody's only its owner or an administrator removes.
		if res := w.session(w.admin).post("/views/1/remove"); res.Code != 404 {
			t.Errorf("somebody else's own view: %d", res.Code)
		}
		if _, err := w.SaveView(t.Context(), w.admin, savedAs("All stars", "star=1")); err != nil {
			t.Fatal(err)
		}
		if res := b.post("/views/2/remove"); res.Code != 403 {
			t.Errorf("everybody's view, removed by another: %d", res.Code)
		}
		for _, pairs := range [][]string{{}, {"row", "1:1"}, {"do", "priority:2"}, {"row", "1:1", "do", "priority:9"}, {"row", "1:1", "do", "stage:dropped"}, {"row", "x", "do", "priority:2"}, {"row", "1:1", "do", "assignee:x"}, {"row", "-1:1", "do", "category:1"}} {
			if res := b.post("/tickets/bulk", pairs...); res.Code != 422 {
				t.Errorf("%v: %d", pairs, res.Code)
			}
		}
		if n := w.count(`SELECT count(*) FROM bulk`); n != 0 {
			t.Errorf("%d bulk actions were written", n)
		}
		if res := b.post("/tickets/bulk", "row", "1:1", "row", "2:0", "do", "priority:2"); res.Code != 303 {
			t.Errorf("two stale rows: %d", res.Code)
		}
	})
}

// wantPage looks for texts on a page.
func wantPage(t *testing.T, b *browse, path string, texts ...string) {
	t.Helper()
	res := b.get(path)
	for _, text := range texts {
		if res.Code != 200 || !strings.Contains(res.Body.String(), text) {
			t.Errorf("%s (%d) lacks %q", path, res.Code, text)
		}
	}
}
