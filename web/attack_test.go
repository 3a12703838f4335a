package web

import (
	"bytes"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// upload is a form with a file that is too large to be kept in memory.
func upload(t *testing.T, path string) *http.Request {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	m.WriteField("text", "Here it is.")
	f, err := m.CreateFormFile("files", "big.bin")
	if err != nil {
		t.Fatal(err)
	}
	f.Write(make([]byte, 3<<20))
	m.Close()
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// TestUploadsLeaveNoFiles: what a form carried is gone from the disk when it
// was answered, whoever sent it.
func TestUploadsLeaveNoFiles(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for who, b := range map[string]*browse{"a stranger": {w: w}, "a manager": w.session(w.manager), "a technician": w.session(w.tech)} {
		for _, path := range []string{"/tickets/1/reply", "/tickets/999999/reply", "/login", "/setup"} {
			res := b.do(upload(t, path))
			left, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) > 0 {
				t.Fatalf("%s uploaded to %s (%d) and left %d files", who, path, res.Code, len(left))
			}
		}
	}
}

// TestErrorPagesForStrangers: whoever is not signed in gets a page too, and
// the log stays quiet.
func TestErrorPagesForStrangers(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	var log bytes.Buffer
	var err error
	w.site, err = New(w.Store, inventory.New(w.Store), Options{Mail: plainReader{}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	w.ok(err)
	cross := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("email=x"))
	cross.Header.Set("Origin", "https://evil.example")
	large := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("email="+strings.Repeat("x", formLimit)))
	large.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, c := range map[string]struct {
		r    *http.Request
		code int
	}{
		"nowhere":    {httptest.NewRequest(http.MethodGet, "/nope", nil), http.StatusNotFound},
		"method":     {httptest.NewRequest(http.MethodPut, "/board", nil), http.StatusMethodNotAllowed},
		"cross-site": {cross, http.StatusForbidden},
		"too large":  {large, http.StatusRequestEntityTooLarge},
	} {
		res := (&browse{w: w}).do(c.r)
		if res.Code != c.code || !strings.HasPrefix(res.Header().Get("Content-Type"), "text/html") || !strings.Contains(res.Body.String(), `class="bare"`) {
			t.Errorf("%s: %d %s\n%.300s", name, res.Code, res.Header().Get("Content-Type"), res.Body)
		}
	}
	if strings.Contains(log.String(), "ERROR") {
		t.Errorf("the log says\n%s", &log)
	}
}

// TestOddBytes: bytes that a database refuses as text are never our fault.
// Each route gets them in every field that anything reads, at once; and, since
// one field's refusal hides the others, in each alone that its form or its
// handler's file names. SQLite takes any bytes as text, so that is for PostgreSQL.
func TestOddBytes(t *testing.T) {
	t.Parallel()
	names := formNames(t)
	everyRoute(t, func(t *testing.T, x *routed) {
		b := x.session(x.admin)
		alone := x.DB().Engine == migrations.Postgres || os.Getenv("HELPDESKD_TEST_POSTGRES") == ""
		const odd, oddText = "a\x00b\xff\xfe\xed\xa0\x80\r\n", "a\x00b\uffff\ufeff\u0085\u202e\r\n" // a form that is no UTF-8 is refused: TestDamagedForms
		try := func(e route, what string, r *http.Request) {
			res := b.do(r)
			if res.Code >= 500 && !(throttled[e.path] && res.Code == http.StatusServiceUnavailable) {
				t.Errorf("%s %s with odd bytes in %s: %d", e.method, e.path, what, res.Code)
			}
			if endsSession(res) {
				b = x.session(x.admin)
			}
		}
		tried := 0
		for _, e := range x.table {
			if e.path == "/live" || e.path == "/logout" || e.path == "/styleguide" { // endless, over, without fields
				continue
			}
			known := slices.Clone(names[e.method+" "+handlerName(e)])
			if e.method == http.MethodGet {
				to := fill(e.path, true)
				for _, address := range x.addresses(e) {
					if u, err := url.Parse(address); err == nil {
						known = append(known, slices.Collect(maps.Keys(u.Query()))...)
					}
				}
				all := url.Values{}
				for _, name := range names[e.method] {
					all.Set(name, odd)
				}
				try(e, "every field", httptest.NewRequest(e.method, to+"?"+all.Encode(), nil))
				for _, name := range distinct(known) {
					if alone {
						tried++
						try(e, name, httptest.NewRequest(e.method, to+"?"+url.Values{name: {odd}}.Encode(), nil))
					}
				}
				continue
			}
			s := x.sheets(e)[0]
			var all []pair
			for _, name := range names[e.method] {
				all = append(all, pair{name: name, value: oddText})
			}
			try(e, "every field", s.request(append(all, s.pairs...)))
			for _, p := range s.pairs {
				known = append(known, p.name)
			}
			for _, name := range distinct(known) {
				if alone {
					tried++
					try(e, name, s.request(append([]pair{{name: name, value: oddText}}, s.pairs...)))
				}
			}
		}
		if alone && tried < 4*len(x.table) {
			t.Errorf("only %d fields of %d routes were tried", tried, len(x.table))
		}
		// Odd bytes in the path.
		for _, path := range []string{"/attachments/a%00b", "/attachments/%ff%fe", "/tickets/%00", "/people/%ff", "/%00", "/messages/1%00/html"} {
			if res := b.get(path); res.Code >= 500 {
				t.Errorf("%s: %d", path, res.Code)
			}
		}
	})
}

// endsSession reports whether an answer sends somebody off to sign in.
func endsSession(res *httptest.ResponseRecorder) bool {
	return res.Code == http.StatusUnauthorized || res.Code == http.StatusSeeOther && strings.HasPrefix(res.Header().Get("Location"), "/login")
}

// distinct returns names sorted, each once.
func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// handlerName is the name of the method that answers a route.
func handlerName(e route) string {
	name := runtime.FuncForPC(reflect.ValueOf(e.handle).Pointer()).Name() // helpdeskd/web.(*site).board-fm
	return strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "-fm")
}

// formNames returns the names of the fields that are read: of all handlers by
// method, and of those in one file by method and handler.
func formNames(t *testing.T) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	handlers := regexp.MustCompile(`(?m)^func \(s \*site\) (\w+)\(`)
	for _, f := range sources {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for method, field := range map[string]string{http.MethodPost: `(?:PostFormValue|formInt)\((?:r, )?"([a-z_]+)"\)`, http.MethodGet: `\.Get\("([a-z_]+)"\)`} {
			var here []string
			for _, m := range regexp.MustCompile(field).FindAllStringSubmatch(string(text), -1) {
				here = append(here, m[1])
			}
			names[method] = append(names[method], here...)
			for _, h := range handlers.FindAllStringSubmatch(string(text), -1) {
				names[method+" "+h[1]] = here
			}
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		names[method] = distinct(names[method])
	}
	if len(names[http.MethodGet]) < 8 || len(names[http.MethodPost]) < 20 || len(names["POST newTicket"]) < 3 {
		t.Fatalf("found only the fields %v", names)
	}
	return names
}

// TestSetupHashesNothingForStrangers: without the code nobody can have the
// machine hash passwords.
func TestSetupHashesNothingForStrangers(t *testing.T) {
	w := makeWorld(t, dbtest.Open(t, migrations.SQLite), false)
	b := &browse{w: w}
	start := time.Now()
	const tries = 200 // of 20 ms and more each, were they hashed
	for range tries {
		if res := b.post("/setup", "code", "guess", "name", "Eve", "email", "eve@evil.example", "password", testPassword); res.Code != http.StatusConflict {
			t.Fatalf("a second set-up: %d", res.Code)
		}
	}
	took := time.Since(start)
	start = time.Now()
	w.as(w.tech)
	if one := time.Since(start); took > tries/4*one {
		t.Errorf("%d refused set-ups took %s, one sign-in %s", tries, took, one)
	}
}

// TestLiveEndsWithTheSession: who signed out, or was shut out, hears no more.
func TestLiveEndsWithTheSession(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	var err error
	w.site, err = New(w.Store, inventory.New(w.Store), Options{Mail: plainReader{}, liveBeat: 20 * time.Millisecond})
	w.ok(err)
	srv := httptest.NewServer(w.site)
	defer srv.Close()
	listen := func() *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/live", nil)
		w.ok(err)
		r.AddCookie(w.session(w.tech).cookie[0])
		res, err := srv.Client().Do(r)
		w.ok(err)
		return res
	}
	res := listen()
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %d", res.StatusCode)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		new(bytes.Buffer).ReadFrom(res.Body)
	}()
	off := false
	_, err = w.UpdateAccount(t.Context(), w.admin.Actor(), w.tech.ID, tracker.AccountChange{Enabled: &off}, tracker.AnyVersion)
	w.ok(err)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the stream of a disabled account goes on")
	}
}

// TestLiveIsBounded: one account can not hold streams without end.
func TestLiveIsBounded(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	srv := httptest.NewServer(w.site)
	defer srv.Close()
	defer srv.CloseClientConnections()
	cookie := w.session(w.tech).cookie[0]
	last := 0
	for range maxLive + 1 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/live", nil)
		w.ok(err)
		r.AddCookie(cookie)
		res, err := srv.Client().Do(r)
		w.ok(err)
		defer res.Body.Close()
		last = res.StatusCode
	}
	if last != http.StatusServiceUnavailable {
		t.Errorf("stream %d: %d", maxLive+1, last)
	}
}
