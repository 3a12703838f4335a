package watch_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/watch"
	"helpdeskd/ingest"
	"helpdeskd/ingest/imaptest"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// alone is a node with probes and without mailboxes: nobody holds its leases.
type alone struct {
	t     *testing.T
	clock *clock
	store *tracker.Store
	watch *watch.Watch
}

func newAlone(t *testing.T, db *migrations.DB, at time.Time, probes func(s *tracker.Store) []watch.Probe) *alone {
	a := &alone{t: t, clock: &clock{at: at}}
	a.store = tracker.New(db, tracker.Options{Clock: a.clock.now, Node: "one"})
	var err error
	if a.watch, err = watch.New(a.store, watch.Options{Probes: probes(a.store)}); err != nil {
		t.Fatal(err)
	}
	return a
}

// after lets time pass, looks, and returns the open alarms with their details.
func (a *alone) after(d time.Duration) string {
	a.t.Helper()
	a.clock.add(d)
	a.watch.Round(a.t.Context())
	list, err := a.store.OpenAlarms(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	var all []string
	for _, x := range list {
		if x.Kind != tracker.AlarmLease {
			all = append(all, x.Key+": "+x.Detail)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// over looks until nothing is open, for as long as an alarm is held.
func (a *alone) over() {
	a.t.Helper()
	for range 10 {
		if a.after(time.Minute) == "" {
			return
		}
	}
	a.t.Errorf("ten minutes after it was mended, there is %s", a.after(0))
}

func (a *alone) set(name, value string) {
	a.t.Helper()
	if err := a.store.SetSetting(a.t.Context(), tracker.Actor{}, name, value); err != nil {
		a.t.Fatal(err)
	}
}

const day = 24 * time.Hour

// TestTheSitesCertificateExpires, and is renewed without a restart.
func TestTheSitesCertificateExpires(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		file := filepath.Join(t.TempDir(), "cert.pem")
		put := func(until time.Time) {
			cert, _, err := imaptest.Cert(at.Add(-day), until)
			if err == nil {
				err = os.WriteFile(file, cert, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		put(at.Add(30 * day))
		a := newAlone(t, db, at, func(s *tracker.Store) []watch.Probe { return []watch.Probe{watch.Certificate(s, file)} })
		if got := a.after(15 * day); got != "" {
			t.Errorf("15 days before there is %s", got)
		}
		if got, want := a.after(2*day), "certificate||one: It ends on 2026-04-01."; got != want {
			t.Errorf("13 days before there is %q", got)
		}
		put(at.Add(300 * day))
		a.over()
		a.set(tracker.SetAlarmDays, "0")
		if got := a.after(290 * day); got != "" {
			t.Errorf("switched off, and there is %s", got)
		}
		a.set(tracker.SetAlarmDays, "40")
		if got := a.after(0); !strings.HasPrefix(got, "certificate|") {
			t.Errorf("switched on, and there is %q", got)
		}
	})
}

// TestAMailServersCertificateExpires: it is seen where the server is met, to
// read and to send, and forgotten a day after the server was met last.
func TestAMailServersCertificateExpires(t *testing.T) {
	db := dbtest.Open(t, migrations.SQLite)
	until := time.Now().Add(10 * day)
	cert, key, err := imaptest.Cert(time.Now().Add(-day), until)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	// It shakes hands and hangs up: more is not needed to see a certificate.
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake() // the client tells how it went
			c.Close()
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	meet := map[string]func(a *alone, s *watch.Servers){
		"sending": func(a *alone, s *watch.Servers) {
			_, err := mailer.SendWord(t.Context(), mailer.SMTPConfig{Address: "a@aster.example", Host: "127.0.0.1", Port: port, Security: "tls", Auth: "none", CAFile: ca, SawCert: s.Saw},
				mailer.Word{ID: "x", To: []string{"b@aster.example"}, At: time.Now()})
			if err == nil {
				t.Error("a server that hangs up took a mail")
			}
		},
		"reading": func(a *alone, s *watch.Servers) {
			m, err := a.store.OpenMailbox(t.Context(), "desk", "desk@aster.example", tracker.Begin{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := ingest.NewPoller(a.store, m.ID, ingest.MailboxConfig{Name: "desk", Address: m.Address, Host: "127.0.0.1", Port: port, Security: "tls", Auth: "plain",
				Username: "u", Password: "p", CAFile: ca, Poll: time.Second, SawCert: s.Saw}, ingest.PollerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			over := make(chan struct{})
			go func() { defer close(over); p.Run(ctx) }()
			for until := time.Now().Add(time.Minute); len(s.Probe(a.store)(t.Context())) == 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(until) {
					t.Error("the poller has not met the server")
					break
				}
			}
			stop()
			<-over
		},
	}
	for name, do := range meet {
		var servers *watch.Servers
		a := newAlone(t, db, time.Now(), func(s *tracker.Store) []watch.Probe {
			servers = watch.NewServers(s.Now)
			return []watch.Probe{servers.Probe(s)}
		})
		if got := a.after(0); got != "" {
			t.Fatalf("%s: nothing was met, and there is %s", name, got)
		}
		do(a, servers)
		if got, want := a.after(0), "server_cert|127.0.0.1|one: It ends on "+until.UTC().Format(time.DateOnly)+"."; got != want {
			t.Errorf("%s: there is %q, not %q", name, got, want)
		}
		a.clock.add(25 * time.Hour)
		a.over()
	}
}

// TestLittleRoom is found by the setting.
func TestLittleRoom(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		free := int64(2 << 30)
		var asked string
		a := newAlone(t, db, time.Now(), func(s *tracker.Store) []watch.Probe {
			return []watch.Probe{watch.Disk(s, "/data", func(dir string) (int64, error) { asked = dir; return free, nil })}
		})
		if got := a.after(time.Minute); got != "" || asked != "/data" {
			t.Errorf("with 2 GB free (of %q) there is %s", asked, got)
		}
		free = 100 << 20
		if got := a.after(time.Minute); got != "disk||one: 100 MB are free." {
			t.Errorf("with 100 MB free there is %q", got)
		}
		a.set(tracker.SetAlarmDisk, "50")
		a.over()
	})
}

// TestAWrongClock is found by the database server's clock, and by that of the
// sign-in server.
func TestAWrongClock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		off := time.Hour // their clock before ours
		asked := 0
		var a *alone
		them := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			w.Header().Set("Date", a.clock.now().Add(off).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusMethodNotAllowed)
		}))
		defer them.Close()
		a = newAlone(t, db, time.Now(), func(s *tracker.Store) []watch.Probe {
			return []watch.Probe{watch.Clock(s, "http://127.0.0.1:1/", them.URL)}
		})
		if got := a.after(0); got != "clock||one: It is 1h0m0s off, by the sign-in server's clock." && got != "clock||one: It is 59m59s off, by the sign-in server's clock." {
			t.Errorf("there is %q", got)
		}
		for range 20 {
			a.after(20 * time.Second)
		}
		if asked != 1 {
			t.Errorf("the sign-in server was asked %d times within minutes", asked)
		}
		off = 0
		got := ""
		for range 12 { // it is asked again within an hour
			got = a.after(6 * time.Minute)
		}
		if db.Engine == migrations.SQLite && got != "" {
			t.Errorf("it is set, but there is %s", got)
		}
		if db.Engine == migrations.Postgres && !strings.HasSuffix(got, "the database server's clock.") {
			t.Errorf("the clock is an hour ahead of the database server's, but there is %q", got)
		}
	})
}

// TestReadingThatDoesNotEnd is told, and is over when the process is anew.
func TestReadingThatDoesNotEnd(t *testing.T) {
	stuck := 0
	a := newAlone(t, dbtest.Open(t, migrations.SQLite), time.Now(), func(s *tracker.Store) []watch.Probe {
		return []watch.Probe{watch.Stuck(s, func() int { return stuck })}
	})
	if got := a.after(time.Minute); got != "" {
		t.Errorf("nothing hangs, and there is %s", got)
	}
	stuck = 1
	if got := a.after(time.Minute); got != "stuck||one: " {
		t.Errorf("there is %q", got)
	}
	stuck = 0
	a.over()
}
