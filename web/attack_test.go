package web

import (
	"bytes"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
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

// TestOddBytes: bytes that no database takes as text are no trouble of ours.
func TestOddBytes(t *testing.T) {
	t.Parallel()
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const odd = "a%00b%ff%fe%ed%a0%80%0d%0a"
		names := formNames(t)
		// SQLite takes any bytes as text and PostgreSQL does not, so there each
		// field is odd alone: another one's refusal then hides nothing.
		alone := w.DB().Engine == migrations.Postgres || os.Getenv("HELPDESKD_TEST_POSTGRES") == ""
		for at, e := range tableOf(t, w) {
			if e.path == "/live" || e.path == "/logout" || e.path == "/styleguide" { // endless, over, without fields
				continue
			}
			if e.method == http.MethodGet && !alone {
				if res := b.get(fill(e.path, true) + "?" + strings.Join(names[e.method], "="+odd+"&") + "=" + odd); res.Code >= 500 {
					t.Errorf("GET %s with odd bytes in every field: %d", e.path, res.Code)
				}
			}
			for i, name := range names[e.method] {
				if !alone && e.method == http.MethodGet {
					continue
				}
				// Most routes know few of the names: each route tries a quarter, and every name meets many routes.
				if (at+i)%4 != 0 && os.Getenv("HELPDESKD_TEST_FULL") == "" {
					continue
				}
				res := func() *httptest.ResponseRecorder {
					if e.method == http.MethodGet {
						return b.get(fill(e.path, true) + "?" + name + "=" + odd)
					}
					values := map[string]string{"version": "-1", "email": "x" + name + "@aldermere.example", "name": "x", "role": "technician", "text": "x", "stage": "requested"}
					if strings.HasPrefix(e.path, "/accounts/") || strings.HasPrefix(e.path, "/account/") {
						values = map[string]string{}
					}
					values[name] = ""
					body := name + "=a%00b%ef%bf%be%ef%bb%bf%c2%85%e2%80%ae%0d%0a" // no UTF-8 is refused: TestDamagedForms
					for k, v := range values {
						if v != "" {
							body += "&" + form(k, v)
						}
					}
					r := httptest.NewRequest(http.MethodPost, fill(e.path, true), strings.NewReader(body))
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					r.Header.Set("Sec-Fetch-Site", "same-origin")
					return b.do(r)
				}()
				if res.Code >= 500 && (e.path != "/account/password" || res.Code != http.StatusServiceUnavailable) { // too many tries
					t.Errorf("%s %s with odd bytes in %s: %d", e.method, e.path, name, res.Code)
				}
				if res.Code == http.StatusUnauthorized || res.Code == http.StatusSeeOther && strings.HasPrefix(res.Header().Get("Location"), "/login") {
					b = w.session(w.admin)
				}
			}
		}
		// Odd bytes in the path.
		for _, path := range []string{"/attachments/a%00b", "/attachments/%ff%fe", "/tickets/%00", "/people/%ff", "/%00", "/messages/1%00/html"} {
			if res := b.get(path); res.Code >= 500 {
				t.Errorf("%s: %d", path, res.Code)
			}
		}
	})
}

// formNames returns the names of all fields that handlers read, by method.
func formNames(t *testing.T) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	sources, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sources {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for method, field := range map[string]string{http.MethodPost: `(?:PostFormValue|formInt)\((?:r, )?"([a-z_]+)"\)`, http.MethodGet: `\.Get\("([a-z_]+)"\)`} {
			for _, m := range regexp.MustCompile(field).FindAllStringSubmatch(string(text), -1) {
				if !slices.Contains(names[method], m[1]) {
					names[method] = append(names[method], m[1])
				}
			}
		}
	}
	if len(names[http.MethodGet]) < 8 || len(names[http.MethodPost]) < 20 {
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
