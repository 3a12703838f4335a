package web

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// everyWorld runs fn on a filled desk, on both engines.
func everyWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.story()
		fn(t, w)
	})
}

// tableOf returns the route table of a world's site, and checks that the
// router knows exactly these addresses.
func tableOf(t *testing.T, w *world) []route {
	t.Helper()
	s := &site{store: w.Store}
	table := s.table()
	known := map[string]bool{}
	for _, e := range table {
		known[e.method+" "+e.path] = true
	}
	walked := map[string]bool{}
	err := chi.Walk(w.site.(chi.Router), func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if !strings.HasPrefix(path, "/static/") {
			walked[method+" "+path] = true
			if !known[method+" "+path] {
				t.Errorf("%s %s is served but not in the table", method, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range known {
		if !walked[k] {
			t.Errorf("%s is in the table but not served", k)
		}
	}
	return table
}

// fill makes an address of a route's path. Things are called 1 when they are
// there, and have a number that nothing has otherwise.
func fill(path string, there bool) string {
	n := "999999"
	if there {
		n = "1"
	}
	return strings.NewReplacer("{number}", n, "{id}", n, "{uid}", "nosuchfile"+n).Replace(path)
}

func TestWhateverChangesIsAPost(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	for _, e := range tableOf(t, w) {
		if e.method != http.MethodGet && e.method != http.MethodPost {
			t.Errorf("%s %s: only GET and POST are used", e.method, e.path)
		}
		if e.method == http.MethodPost && e.need == tracker.ReadPlain {
			t.Errorf("%s changes something but asks only for the right to read", e.path)
		}
	}
}

// routed is what the tests of all routes go by: a filled desk, what the router
// serves, and what the pages lead to.
type routed struct {
	*world
	table []route
	*harvest
	watch *watch
}

// everyRoute runs fn on a whole story, on both engines.
func everyRoute(t *testing.T, fn func(t *testing.T, x *routed)) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.fullStory()
		w.confirmable()
		x := &routed{world: w, table: tableOf(t, w), harvest: gather(t, w)}
		x.watch = w.watch()
		fn(t, x)
	})
}

// confirmable adds to the story what pages have forms for only then.
func (w *world) confirmable() {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.SaveView(ctx, w.admin, tracker.SavedView{List: "tickets", Name: "Rooms", Query: "q=room"})
	w.ok(err)
}

// client is a fresh browser of an account, of nobody where it is nil.
func (x *routed) client(a *tracker.Account) *browse {
	x.t.Helper()
	if a == nil {
		return &browse{w: x.world}
	}
	b := x.session(*a)
	x.watch.changed("session") // which was just opened
	return b
}

// kept are the tables that a route may write to though it changes nothing that
// a person decides, and why. Everything else must stay as it is.
func kept(e route) []string {
	// A worker of the test renews the lease it holds, by the clock.
	all := []string{"lease"}
	switch {
	case e.path == "/tickets/{number}" && e.method == http.MethodGet:
		// Reading a ticket is what takes the mark of news off it, with its event.
		all = append(all, "ticket", "event")
	case e.method == http.MethodGet && slices.Contains([]string{"/people/{id}", "/people/{id}/same", "/people/export.csv", "/messages/{id}/raw", "/attachments/{uid}", "/attachments/{uid}/thumb", "/mail/quarantine/{id}/raw", "/mail/quarantine/{id}"}, e.path):
		// Who looks at a person's data is on record, once a day.
		all = append(all, "event")
	case e.path == "/import/check", e.path == "/people/import/check":
		// The plan that is shown is kept under its digest, so that exactly it
		// is carried out; it is swept with the file.
		all = append(all, "blob", "blob_chunk")
	case e.path == "/account/password":
		// Wrong tries are counted, and a right old password is a sign-in.
		all = append(all, "throttle", "account", "event")
	case throttled[e.path]:
		// Tries are counted.
		all = append(all, "throttle")
	}
	return all
}

// same fails where an answer changed more than it may.
func (x *routed) same(t *testing.T, e route, what string) {
	t.Helper()
	for _, table := range x.watch.changed() {
		if !slices.Contains(kept(e), table) {
			t.Errorf("%s changed %s", what, table)
		}
	}
}

// sheets returns the forms of a route as the pages have them, one where they
// have none, which is said once.
func (x *routed) sheets(e route) []sheet {
	if f := x.forms[e.path]; len(f) > 0 {
		return f
	}
	return []sheet{{route: e.path, action: fill(e.path, true), carries: withFiles[e.path], pairs: enough}}
}

// enough is what forms need that no example page has, to get as far as looking
// for what they are of.
var enough = []pair{{name: "version", value: "1"}, {name: "reason", value: "x"}, {name: "name", value: "x"}, {name: "text", value: "x"}, {name: "status", value: "assessed"}}

// addresses returns where a route that reads is found.
func (x *routed) addresses(e route) []string {
	all := append(slices.Clone(examples[e.path]), x.links[e.path]...)
	if len(all) == 0 {
		all = []string{fill(e.path, true)}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// get reads an address. A stream is listened to until it says something.
func (x *routed) get(b *browse, method, address string) *httptest.ResponseRecorder {
	ctx, cancel := context.WithCancel(x.t.Context())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, address, nil)
	for _, c := range b.cookie {
		r.AddCookie(c)
	}
	res := httptest.NewRecorder()
	if patternOf(x.world, http.MethodGet, address) == "/live" {
		x.site.ServeHTTP(&hangUp{res, cancel}, r)
	} else {
		x.site.ServeHTTP(res, r)
	}
	return res
}

// hangUp ends a request as soon as something is flushed to it.
type hangUp struct {
	*httptest.ResponseRecorder
	cancel func()
}

func (h *hangUp) Flush() { h.cancel() }

// throttled are the routes that count wrong tries, which is what they are
// asked to do with them.
var throttled = map[string]bool{"/login": true, "/forgot": true, "/setup": true, "/choose-password": true, "/account/password": true, "/my/code": true, "/my/enter": true,
	"/r/{token}/say": true, "/r/{token}/answer": true, "/r/{token}/rate": true, "/my/{number}/say": true, "/my/{number}/answer": true, "/my/{number}/rate": true}

// TestReadingChangesNothing: no GET or HEAD changes a row of any table, for
// whoever asks, and HEAD answers as GET does.
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		readers := x.readers()
		for _, who := range roles(readers) {
			b := x.client(readers[who])
			read := 0
			for _, e := range x.table {
				if e.method != http.MethodGet {
					continue
				}
				for _, address := range x.addresses(e) {
					what := "GET " + address + " as " + who
					res := x.get(b, http.MethodGet, address)
					x.same(t, e, what)
					x.allowed(t, e, readers[who], res, what)
					if res.Code == http.StatusOK {
						read++
					}
					head := x.get(b, http.MethodHead, address)
					x.same(t, e, "HEAD "+address+" as "+who)
					if head.Code != res.Code || head.Header().Get("Content-Type") != res.Header().Get("Content-Type") || head.Header().Get("Location") != res.Header().Get("Location") {
						t.Errorf("%s: %d %v, HEAD: %d %v", what, res.Code, res.Header(), head.Code, head.Header())
					}
				}
			}
			if want := map[string]int{"admin": 80, "technician": 60, "manager": 3, "nobody": 3}[who]; read < want {
				t.Errorf("%s read only %d addresses", who, read)
			}
		}
	})
}

// owned are the routes of things that only some of those may change who may
// change such things, and who those are.
var owned = map[string]string{"/notes/{id}": "who wrote the note, and admins", "/views/{id}": "whose it is, and admins",
	"/views/{id}/move": "whose it is, and admins", "/views/{id}/remove": "whose it is, and admins"}

// allowed checks that an answer follows the route's need.
func (x *routed) allowed(t *testing.T, e route, a *tracker.Account, res *httptest.ResponseRecorder, what string) (may bool) {
	t.Helper()
	may = e.need == anyone || a != nil && tracker.May(*a, e.need)
	signIn := res.Code == http.StatusUnauthorized
	if e.method == http.MethodGet {
		signIn = res.Code == http.StatusSeeOther && strings.HasPrefix(res.Header().Get("Location"), "/login")
	}
	switch {
	case !may && a == nil && !signIn:
		t.Errorf("%s: %d, want to be asked to sign in", what, res.Code)
	case !may && a != nil && res.Code != http.StatusForbidden:
		t.Errorf("%s: %d, want 403", what, res.Code)
	case may && e.need != anyone && res.Code == http.StatusForbidden && owned[e.path] != "" && a.Role != tracker.Admin:
	case may && (signIn && e.need != anyone || res.Code == http.StatusForbidden && e.path != "/setup" || res.Code >= 500):
		t.Errorf("%s: %d %.600s", what, res.Code, res.Body)
	}
	return may
}

// elsewhere is how browsers mark what a page of another site sends.
var elsewhere = []http.Header{
	{"Origin": {"https://evil.example"}},
	{"Origin": {"null"}},
	{"Sec-Fetch-Site": {"cross-site"}},
	{"Sec-Fetch-Site": {"same-site"}},
	{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://example.com"}}, // a lie about the origin does not help
	{"Origin": {"http://example.com.evil.example"}},
	{"Origin": {"http://example.com:8443"}},
}

// TestChangesAcrossSites: whatever changes something is refused to the pages
// of other sites, with nothing changed.
func TestChangesAcrossSites(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		b := x.client(&x.admin)
		for _, e := range x.table {
			if e.method != http.MethodPost {
				continue
			}
			s := x.sheets(e)[0]
			for _, h := range elsewhere {
				for _, c := range []*browse{b, {w: x.world}} {
					r := s.request(s.pairs)
					r.Header.Del("Sec-Fetch-Site")
					maps.Copy(r.Header, h)
					if res := c.do(r); res.Code != http.StatusForbidden {
						t.Errorf("POST %s with %v: %d, want 403", s.action, h, res.Code)
					}
				}
				x.same(t, e, fmt.Sprintf("POST %s with %v", s.action, h))
			}
		}
	})
}

// TestChangesFromHere: our own pages' forms go on, and so does a client that is
// no browser, which says nothing of where it comes from: the session's cookie,
// which is SameSite, is what keeps other pages out of that.
func TestChangesFromHere(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	for name, h := range map[string]http.Header{
		"same-origin": {"Sec-Fetch-Site": {"same-origin"}},
		"typed":       {"Sec-Fetch-Site": {"none"}},
		"origin":      {"Origin": {"http://example.com"}},
		"nothing":     {},
		"referer":     {"Referer": {"https://evil.example/page"}},
	} {
		r := posted("/account/notify", "application/x-www-form-urlencoded", []byte("notify=all"))
		r.Header.Del("Sec-Fetch-Site")
		maps.Copy(r.Header, h)
		res := w.session(w.tech).do(r)
		if to := res.Header().Get("Location"); res.Code == http.StatusForbidden || strings.Contains(to, "evil") {
			t.Errorf("%s: %d to %q", name, res.Code, to)
		}
	}
	if c := w.as(w.admin).cookie[0]; c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the session's cookie is %+v", c)
	}
}

// TestChangesByRole: the forms of the admin's pages, sent by whoever may not,
// change nothing; sent by whoever may, most of them do.
func TestChangesByRole(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		readers := x.readers()
		for _, who := range roles(readers) {
			b := x.client(readers[who])
			for _, e := range x.table {
				if e.method != http.MethodPost || e.need == anyone || readers[who] != nil && tracker.May(*readers[who], e.need) {
					continue
				}
				sheets := x.sheets(e)
				for _, s := range sheets[:min(3, len(sheets))] {
					what := "POST " + s.action + " as " + who
					x.allowed(t, e, readers[who], b.do(s.request(s.pairs)), what)
					x.same(t, e, what)
				}
			}
		}
		// What follows changes the desk, each time a little more.
		made := map[string]bool{}
		for _, who := range []string{"manager", "technician", "admin"} {
			for _, e := range x.table {
				if e.method != http.MethodPost || e.need == anyone || !tracker.May(*readers[who], e.need) {
					continue
				}
				sheets := x.sheets(e)
				for _, s := range sheets[:min(2, len(sheets))] {
					for _, pairs := range [][]pair{s.pairs, s.reworded()} {
						pairs = slices.Clone(pairs)
						for i := range pairs {
							if pairs[i].name == "version" {
								pairs[i].value = "-1" // whatever was changed before
							}
						}
						b := x.client(readers[who])
						x.allowed(t, e, readers[who], b.do(s.request(pairs)), "POST "+s.action+" as "+who)
					}
				}
				for _, table := range x.watch.changed() {
					if table != "lease" && (table != "session" || e.path == "/logout") {
						made[e.path] = true
					}
				}
			}
		}
		var idle []string
		for _, e := range x.table {
			if e.method == http.MethodPost && e.need != anyone && !made[e.path] {
				idle = append(idle, e.path)
			}
		}
		n := 0
		for _, e := range x.table {
			if e.method == http.MethodPost {
				n++
			}
		}
		t.Logf("%d of %d changes were really made; not %v", n-len(idle), n, idle)
		if len(idle) > n/2 {
			t.Errorf("only %d of %d changes were really made: the other tests would see nothing", n-len(idle), n)
		}
	})
}

// placeholder is a part of a route's path that names a thing.
var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// unknown makes the addresses of a route where one of its things is unknown:
// groups of them, all of a group for the same thing.
func unknown(pattern, address string) (groups [][]string) {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	words, parts := strings.Split(pattern, "/"), strings.Split(u.Path, "/")
	for i, word := range words {
		if !placeholder.MatchString(word) {
			continue
		}
		odd := []string{"999999", "9223372036854775807", "99999999999999999999", "0", "-1", "abc", "1e3", "0x1", "%2B1", "%D9%A1", "%00", "%FF", strings.Repeat("9", 2000)}
		var group []string
		for _, o := range odd {
			changed := slices.Clone(parts)
			for j := range changed {
				changed[j] = url.PathEscape(changed[j])
			}
			changed[i] = o
			to := strings.Join(changed, "/")
			if u.RawQuery != "" {
				to += "?" + u.RawQuery
			}
			group = append(group, to)
		}
		groups = append(groups, group)
	}
	return groups
}

// TestUnknownThingsAreNotFound: whatever an address names that is not there,
// never was, or can not be, the answer is the same.
func TestUnknownThingsAreNotFound(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		b := x.client(&x.admin)
		check := func(e route, address string, ask func(address string) *httptest.ResponseRecorder) {
			for _, group := range unknown(e.path, address) {
				first := ""
				for _, to := range group {
					res := ask(to)
					x.same(t, e, e.method+" "+to)
					if res.Code != http.StatusNotFound {
						t.Errorf("%s %.80s: %d, want 404", e.method, to, res.Code)
						continue
					}
					body := strings.ReplaceAll(strings.ReplaceAll(res.Body.String(), to, ""), html.EscapeString(to), "")
					if strings.Contains(to, "%00") || strings.Contains(to, "%FF") {
						continue // no text: answered before anything is looked up
					}
					if first == "" {
						first = body
					} else if body != first {
						t.Errorf("%s %.80s is answered unlike %.80s: %s", e.method, to, group[0], difference(first, body))
					}
				}
			}
		}
		for _, e := range x.table {
			if !strings.Contains(e.path, "{") {
				continue
			}
			if e.method == http.MethodGet {
				check(e, x.addresses(e)[0], b.get)
				continue
			}
			s := x.sheets(e)[0]
			check(e, s.action, func(to string) *httptest.ResponseRecorder {
				s.action = to
				return b.do(s.request(s.pairs))
			})
		}
	})
}

// difference shows where two texts part.
func difference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-40):min(len(s), i+120)] }
	return fmt.Sprintf("%q, not %q", cut(b), cut(a))
}

// TestOthersViewsAreNotFound: what a person may not see is answered like what
// is not there, and like what was there once.
func TestOthersViewsAreNotFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		add := func(a tracker.Account) int64 {
			v, err := w.SaveView(ctx, a, tracker.SavedView{List: "tickets", Name: "Rooms " + a.Name, Query: "q=room"})
			w.ok(err)
			return v.ID
		}
		others, gone := add(w.admin), add(w.tech)
		if res := w.session(w.tech).post(fmt.Sprintf("/views/%d/remove", gone), "version", "1"); res.Code != http.StatusSeeOther {
			t.Fatalf("removing a view: %d", res.Code)
		}
		x := w.watch()
		for _, what := range []string{"", "/move", "/remove"} {
			first := ""
			for _, id := range []int64{999999, others, gone} {
				b := w.session(w.tech)
				x.changed()
				res := b.post(fmt.Sprintf("/views/%d%s", id, what), "version", "1", "name", "Mine now", "up", "1", "query", "q=x")
				if changed := x.changed(); res.Code != http.StatusNotFound || len(changed) > 0 {
					t.Errorf("view %d%s: %d, changed %v", id, what, res.Code, changed)
				}
				if first == "" {
					first = res.Body.String()
				} else if res.Body.String() != first {
					t.Errorf("view %d%s: %s", id, what, difference(first, res.Body.String()))
				}
			}
		}
	})
}

// whole are the routes whose form is all there with nothing filled in.
var whole = map[string]string{
	"/tickets/{number}/burst/leave": "a button",
	"/tickets/{number}/unmerge":     "takes a merge back",
	"/account/keys":                 "one box, which is not ticked",
	"/tickets/{number}/keep":        "a button that names what it does",
	"/alarms/{id}/mute":             "a button that names for how long",
	"/settings/alarms/test":         "a button",
	"/people/{id}/export":           "a button, and a box that may be left out",
	"/held/{id}/approve":            "the box may be left out, and the mail names itself",
	"/held/{id}/reject":             "the reason may be left out",
	"/mail/boxes/{id}/compare":      "a button",
	"/mail/senders/{id}/remove":     "a button",
	"/views/restore":                "an undo of nothing",
	"/replies/restore":              "an undo of nothing",
	"/replies/{id}/remove":          "a button",
	"/messages/{id}/back":           "a button",
	"/views/{id}/move":              "a button that names the direction",
	"/views/{id}/remove":            "a button",
	"/settings/look/logo/remove":    "a button",
	"/settings/mail/{key}/preview":  "an empty wording is the text that comes with the program",
	"/my/leave":                     "a button",
}

// button reports whether an empty form is all of a route's form.
func (x *routed) button(e route) bool {
	return whole[e.path] != "" || slices.ContainsFunc(x.sheets(e), func(s sheet) bool { return len(s.pairs) == 0 })
}

// TestDamagedForms: a form that is too large, broken, or lacks what it must
// have, is told to be so, and changes nothing.
func TestDamagedForms(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		b := x.client(&x.admin)
		stranger := &browse{w: x.world}
		for _, e := range x.table {
			if e.method != http.MethodPost {
				continue
			}
			s := x.sheets(e)[0]
			limit := formLimit
			if withFiles[e.path] {
				limit = filesLimit
			}
			const plain = "application/x-www-form-urlencoded"
			good := encode(s.pairs)
			padded := func(n int) []byte {
				body := append([]byte(good), "&pad="...)
				return append(body, bytes.Repeat([]byte("x"), n-len(body))...)
			}
			many := "--b\r\nContent-Disposition: form-data; name=\"pad\"\r\n\r\n"
			type damage struct {
				contentType string
				body        []byte
				code        int // 0: any 4xx
			}
			for name, d := range map[string]damage{
				"too large":              {plain, padded(limit + 1), 413},
				"too large, in parts":    {"multipart/form-data; boundary=b", slices.Concat([]byte(many), bytes.Repeat([]byte("x"), limit), []byte("\r\n--b--\r\n")), 413},
				"no boundary":            {"multipart/form-data", []byte(good), 0},
				"cut off":                {"multipart/form-data; boundary=b", []byte(many + "half of it"), 0},
				"no parts":               {"multipart/form-data; boundary=b", []byte("nothing like it"), 0},
				"bad header of a part":   {"multipart/form-data; boundary=b", []byte("--b\r\nno colon\r\n\r\nx\r\n--b--\r\n"), 0},
				"other multipart":        {"multipart/mixed; boundary=b", []byte(many + "x\r\n--b--\r\n"), 0},
				"broken escapes":         {plain, []byte(good + "&pad=%zz&%"), 0},
				"semicolons":             {plain, []byte(good + "&a;b=c"), 0},
				"JSON":                   {"application/json", []byte(`{"version":1}`), 0},
				"text":                   {"text/plain", []byte(good), 0},
				"no type":                {"", []byte(good), 0},
				"a type that is no type": {"///", []byte(good), 0},
				"bytes that are no text": {plain, []byte(good + "&pad=a%ff%feb"), 0},
				"a name that is no text": {plain, []byte(good + "&a%ff=b"), 0},
				"another coding":         {plain + "; charset=utf-16", []byte(good + "&pad=%D8%00"), 0},
			} {
				res := b.do(posted(s.action, d.contentType, d.body))
				what := fmt.Sprintf("POST %s, %s", s.action, name)
				if res.Code < 400 || res.Code >= 500 || d.code != 0 && res.Code != d.code || !strings.HasPrefix(res.Header().Get("Content-Type"), "text/html") {
					t.Errorf("%s: %d %s", what, res.Code, res.Header().Get("Content-Type"))
				}
				x.same(t, e, what)
				if e.need == anyone {
					continue
				}
				if res := stranger.do(posted(s.action, d.contentType, d.body[:min(len(d.body), 2<<20)])); res.Code != http.StatusUnauthorized {
					t.Errorf("%s, by nobody: %d", what, res.Code)
				}
			}
			if b.get("/account").Code != http.StatusOK {
				b = x.client(&x.admin) // the session ended
			}
		}
	})
}

// TestFormsWithoutTheirFields: what a form must have is asked for.
func TestFormsWithoutTheirFields(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		for _, e := range x.table {
			if e.method != http.MethodPost {
				continue
			}
			refused := func(s sheet, pairs []pair, strict bool, what string) {
				b := x.client(&x.admin)
				res := b.do(s.request(pairs))
				what = fmt.Sprintf("POST %s (on %s), %s", s.action, s.from, what)
				if res.Code >= 500 || strict && res.Code < 400 {
					t.Errorf("%s: %d to %s", what, res.Code, res.Header().Get("Location"))
				}
				if res.Code < 400 { // what is not sent stays as it is, which the next page says
					x.ok(x.Sessions().DeleteCtx(t.Context(), b.cookie[0].Value))
				}
				for _, table := range x.watch.changed() {
					if table != "session" && !slices.Contains(kept(e), table) {
						t.Errorf("%s changed %s", what, table)
					}
				}
			}
			if !x.button(e) {
				refused(x.sheets(e)[0], nil, true, "with nothing in it")
			}
			sheets := x.sheets(e)
			for _, s := range sheets[:min(3, len(sheets))] {
				for _, p := range s.pairs {
					if p.must && (s.chosen == "" || p.name == "version") && whole[e.path] == "" {
						refused(s, s.without(p.name), p.name == "version", "without "+p.name)
					}
				}
			}
		}
	})
}

// TestRepeatedFields: a field that comes twice, with something odd first, is no
// trouble of ours.
func TestRepeatedFields(t *testing.T) {
	t.Parallel()
	everyRoute(t, func(t *testing.T, x *routed) {
		b := x.session(x.admin)
		for _, e := range x.table {
			if e.method != http.MethodPost {
				continue
			}
			s := x.sheets(e)[0]
			for _, p := range s.pairs {
				for _, odd := range []string{"", "-1", "99999999999999999999", "a\x00b", strings.Repeat("\u0416", 5000), "\u202e\u2066"} {
					pairs := slices.Concat([]pair{{name: p.name, value: odd}}, s.pairs, []pair{p})
					res := b.do(s.request(pairs))
					if res.Code >= 500 && !(throttled[e.path] && res.Code == http.StatusServiceUnavailable) {
						t.Errorf("POST %s with %q for %s first: %d", s.action, odd[:min(len(odd), 20)], p.name, res.Code)
					}
					if endsSession(res) {
						b = x.session(x.admin)
					}
					if strings.HasPrefix(e.path, "/account") {
						break // would end with nobody who may go on
					}
				}
			}
		}
	})
}

func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	b := w.session(w.admin)
	for _, path := range []string{"/login", "/board", "/tickets/7", "/nothing", "/static/app.css", "/healthz"} {
		h := b.get(path).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: the policy %q is loose", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || h.Get("X-DNS-Prefetch-Control") != "off" {
			t.Errorf("%s lacks security headers: %v", path, h)
		}
	}
	if c := w.as(w.admin).cookie[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the session cookie is %+v", c)
	}
}
