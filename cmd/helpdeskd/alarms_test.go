package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/watch"
	"helpdeskd/ingest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/seal"
)

// TestWhatMailboxesSignInWithExpires: client secrets by the day that somebody
// wrote down, of the file and of the site, and certificates by themselves; a
// month, a fortnight and three days before.
func TestWhatMailboxesSignInWithExpires(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		key, err := seal.New([]byte("0123456789abcdef0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		store := tracker.New(db, tracker.Options{Clock: func() time.Time { return now }, Key: key})
		byToken := config.Server{Host: "outlook.office365.com", Auth: "xoauth2"}
		c := &config.Config{Mailboxes: []config.Mailbox{{Name: "file", IMAP: byToken, SMTP: byToken, OAuth: config.OAuth{ClientSecret: "x", SecretExpires: "2026-03-20"}}}}
		site := func(name, until string, secrets tracker.ConnectionSecrets) tracker.Connection {
			server := tracker.ConnectionServer{Host: "outlook.office365.com", Security: "tls", Auth: "xoauth2"}
			made, err := store.AddConnection(ctx, tracker.Actor{}, tracker.Connection{Name: name, Address: name + "@aster.example", Secrets: secrets, ConnectionSettings: tracker.ConnectionSettings{
				Kind: tracker.KindMicrosoft365, Grant: tracker.GrantClient, Tenant: "aster.example", ClientID: "c", IMAP: server, SMTP: server, SecretUntil: until}})
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		on := func(m tracker.Connection) {
			if _, err := store.EnableConnection(ctx, tracker.Actor{}, m.ID, true, tracker.AnyVersion); err != nil {
				t.Fatal(err)
			}
		}
		certificate := appCertificate(t, now.Add(100*24*time.Hour))
		on(site("secret", "2026-03-04", tracker.ConnectionSecrets{ClientSecret: "x"}))
		on(site("certified", "", tracker.ConnectionSecrets{Certificate: certificate}))
		site("off", "2026-03-03", tracker.ConnectionSecrets{ClientSecret: "x"})
		boxes := newBoxes(store, c, nil, nil, nil, nil, nil, slog.New(slog.DiscardHandler))
		probe := watch.Secrets(store, boxes.endings)
		find := func() string {
			var all []string
			for _, p := range probe(ctx) {
				if p.Kind != tracker.AlarmSecret || !strings.HasPrefix(p.Detail, "It ends on 2026-") {
					t.Errorf("found %+v", p)
				}
				all = append(all, p.About)
			}
			return strings.Join(all, ", ")
		}
		if got, want := find(), "file (30 days), secret (14 days), secret (3 days), secret (30 days)"; got != want {
			t.Errorf("found %s, not %s", got, want)
		}
		now = now.Add(98 * 24 * time.Hour)
		if got := find(); !strings.HasPrefix(got, "certified (14 days), certified (3 days), certified (30 days), file") {
			t.Errorf("two days before the certificate ends: %s", got)
		}
	})
}

// appCertificate is an application's certificate with its key, PEM.
func appCertificate(t *testing.T, until time.Time) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.AddDate(-1, 0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// TestRoutesMadeOnTheSite are taken without a restart, stay known while the
// database is away, and give way to those of the configuration file.
func TestRoutesMadeOnTheSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		key, err := seal.New([]byte("0123456789abcdef0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		chat := func(name string) *httptest.Server {
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if sign := r.Header.Get("X-Helpdeskd-Signature"); sign != "sha256="+watch.Sign("between us", r.Header.Get("X-Helpdeskd-Timestamp"), body) {
					name += " wrongly signed"
				}
				got = append(got, name)
			}))
			t.Cleanup(s.Close)
			return s
		}
		site, file := chat("site"), chat("file")
		store := tracker.New(db, tracker.Options{Key: key})
		d := func(c *config.Config) *lookout {
			boxes := newBoxes(store, c, nil, nil, &ingest.Stuck{}, nil, nil, slog.New(slog.DiscardHandler))
			l, err := newLookout(c, store, boxes, watch.NewServers(store.Now), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		l := d(&config.Config{})
		if err := l.Test(ctx, tracker.Actor{}, tracker.RouteWebhook); migrations.KindOf(err) != migrations.NotFound {
			t.Fatalf("a route that is not there: %v", err)
		}
		if err := store.SetAlarmHook(ctx, tracker.Actor{}, tracker.AlarmHook{URL: site.URL + "/secret-part", Secret: "between us"}, 0); err != nil {
			t.Fatal(err)
		}
		if err := l.Test(ctx, tracker.Actor{}, tracker.RouteWebhook); err != nil || !slices.Equal(got, []string{"site"}) {
			t.Fatalf("told %q, %v", got, err)
		}
		if err := store.SetAlarmMail(ctx, tracker.Actor{}, tracker.AlarmMail{Host: "127.0.0.1", Port: 1, Security: "plain", From: "a@aster.example", To: []string{"b@aster.example"}}, 0); err != nil {
			t.Fatal(err)
		}
		if err := l.Test(ctx, tracker.Actor{}, tracker.RouteMail); err != nil {
			t.Fatal(err)
		}
		if r, err := store.AlarmRoutes(ctx); err != nil || r[tracker.RouteWebhook].Error != "" || r[tracker.RouteMail].Error == "" {
			t.Errorf("they fare %+v, %v", r, err)
		}
		got = nil
		both := d(&config.Config{Alarm: config.Alarm{WebhookURL: config.Secret(file.URL), WebhookSecret: "between us"}})
		if err := both.Test(ctx, tracker.Actor{}, tracker.RouteWebhook); err != nil || !slices.Equal(got, []string{"file"}) || len(both.routes(ctx)) != 2 {
			t.Errorf("with one in the file, told %q, %v", got, err)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if n := len(l.routes(gone)); n != 2 {
			t.Errorf("while the database is away there are %d routes", n)
		}
		ways, err := store.AlarmWays(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.RemoveAlarmWay(ctx, tracker.Actor{}, tracker.RouteMail, ways.MailVersion); err != nil {
			t.Fatal(err)
		}
		if n := len(l.routes(ctx)); n != 1 {
			t.Errorf("with one removed there are %d", n)
		}
	})
}

// TestMetricsOnAnAddressOfTheirOwn are shown there and nothing else, to those
// who have the token.
func TestMetricsOnAnAddressOfTheirOwn(t *testing.T) {
	c := &config.Config{Metrics: config.Metrics{Listen: "127.0.0.1:0", Token: "0123456789abcdef"}}
	d, err := newDesk(t.Context(), c, tracker.New(dbtest.Open(t, migrations.SQLite), tracker.Options{}), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	at, end, err := listenMetrics(c, d.metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	get := func(path, token string) (int, string) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at.String()+path, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	if code, text := get("/metrics", "0123456789abcdef"); code != 200 || !strings.Contains(text, "helpdeskd_database_up 1") || !strings.Contains(text, "helpdeskd_build_info") {
		t.Errorf("with the token: %d\n%s", code, text)
	}
	for _, token := range []string{"", "0123456789abcdee"} {
		if code, text := get("/metrics", token); code != http.StatusUnauthorized || strings.Contains(text, "helpdeskd_") {
			t.Errorf("with the token %q: %d %s", token, code, text)
		}
	}
	for _, path := range []string{"/", "/login", "/healthz", "/debug/pprof/"} {
		if code, _ := get(path, "0123456789abcdef"); code != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, code)
		}
	}
	taken := &config.Config{Metrics: config.Metrics{Listen: at.String()}}
	if _, _, err := listenMetrics(taken, d.metrics); err == nil || !strings.Contains(err.Error(), "change metrics.listen") {
		t.Errorf("an address that is taken: %v", err)
	}
	if at, end, err := listenMetrics(&config.Config{}, d.metrics); at != nil || err != nil {
		t.Errorf("without an address: %v %v", at, err)
	} else {
		end()
	}
}
