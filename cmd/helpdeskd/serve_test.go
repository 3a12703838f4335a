package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestServeAtTheFirstRun(t *testing.T) {
	r := start(t, append(sqliteEnv(t), "HELPDESKD_LISTEN=127.0.0.1:0"), "serve")
	code := regexp.MustCompile(`(?m)^setup code: (\S+) `).FindStringSubmatch(r.out.String())
	if code == nil {
		t.Fatalf("no setup code in %q", r.out.String())
	}
	page := r.post("/setup", url.Values{"code": {code[1]}, "name": {"Ida Aster"}, "email": {"ida@aster.example"}, "password": {"nine quiet bicycles"}})
	if strings.Contains(page, `action="/setup"`) {
		t.Fatalf("the printed code is refused:\n%s", page)
	}
	// A page that stays open for live news does not hold up the end.
	live, err := r.client.Get(r.site + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	began := time.Now()
	if code := r.end(); code != 0 || time.Since(began) > 4*time.Second {
		t.Errorf("exit %d after %s", code, time.Since(began))
	}
	if log := r.err.String(); !strings.Contains(log, "msg=stopped") || !strings.Contains(log, "no mailbox") {
		t.Errorf("the log says\n%s", log)
	}
}

// company is a mail server and a configuration file that names it.
func company(t *testing.T, e migrations.Engine) (*demo.Hub, string) {
	t.Helper()
	hub, err := demo.NewHub("aster.example", time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	password, err := hub.AddAccount("desk@aster.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hub.AddAccount("ann@aster.example"); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`listen = "127.0.0.1:0"
data_dir = %q
database = %q
[[mailbox]]
name = "desk"
address = "desk@aster.example"
begin = "everything"
poll = "5s"
[mailbox.imap]
host = "127.0.0.1"
port = %d
security = "plain"
password = %q
[mailbox.smtp]
host = "127.0.0.1"
port = %d
security = "plain"
password = %q
`, t.TempDir(), dbtest.DSN(t, e), hub.IMAPAddr().Port, password, hub.SMTPAddr().Port, password)
	path := filepath.Join(t.TempDir(), "helpdeskd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return hub, path
}

func TestServeReadsAndAnswersMail(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			hub, path := company(t, e)
			r := start(t, nil, "--config", path, "serve")
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
			defer stop()
			draft := demo.Draft{From: mail.Address{Name: "Ann", Address: "ann@aster.example"}, To: []mail.Address{{Address: "desk@aster.example"}},
				Subject: "The lamp is out", Text: "A very private sentence.", Date: time.Now()}
			if err := hub.Submit(ctx, "ann@aster.example", []string{"desk@aster.example"}, draft.Bytes()); err != nil {
				t.Fatal(err)
			}
			ack, err := hub.Await(ctx, "ann@aster.example", func(l demo.Letter) bool { return !l.Sent })
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(ack.Raw), "[HD-1]") {
				t.Errorf("the acknowledgement is\n%s", ack.Raw)
			}
			if again := program(t, "", nil, "--config", path, "serve"); again.code != 1 || !strings.Contains(again.err, "another helpdeskd is running on") || strings.Count(again.err, "\n") != 1 {
				t.Errorf("a second one: %+v", again)
			}
			if code := r.end(); code != 0 {
				t.Errorf("exit %d", code)
			}
			s := &session{console: console{err: io.Discard}, ctx: t.Context(), configFlag: path}
			store, done, err := s.store()
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			var held int
			if err := store.DB().Get(t.Context(), &held, `SELECT count(*) FROM lease WHERE holder <> ''`); err != nil || held != 0 {
				t.Errorf("%d leases are still held, %v", held, err)
			}
			if log := r.err.String() + r.out.String(); strings.Contains(log, "private sentence") {
				t.Errorf("a mail's text is in the log:\n%s", log)
			}
		})
	}
}

// Each mailbox is read by its own poller, and answers under its own address.
func TestServeReadsSeveralMailboxes(t *testing.T) {
	hub, path := company(t, migrations.SQLite)
	password, err := hub.AddAccount("lab@aster.example")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, desk, _ := strings.Cut(string(text), "[[mailbox]]")
	lab := regexp.MustCompile(`(?m)^password = .*$`).ReplaceAllString(desk, fmt.Sprintf("password = %q", password))
	lab = strings.ReplaceAll(strings.ReplaceAll(lab, "desk@aster.example", "lab@aster.example"), `name = "desk"`, `name = "lab"`)
	if err := os.WriteFile(path, append(text, "\n[[mailbox]]"+lab...), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, nil, "--config", path, "serve")
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for _, to := range []string{"desk@aster.example", "lab@aster.example"} {
		draft := demo.Draft{From: mail.Address{Name: "Ann", Address: "ann@aster.example"}, To: []mail.Address{{Address: to}}, Subject: "To " + to, Text: "Please help.", Date: time.Now()}
		if err := hub.Submit(ctx, "ann@aster.example", []string{to}, draft.Bytes()); err != nil {
			t.Fatal(err)
		}
		_, err := hub.Await(ctx, "ann@aster.example", func(l demo.Letter) bool {
			m, err := mail.ReadMessage(bytes.NewReader(l.Raw))
			return err == nil && !l.Sent && strings.Contains(m.Header.Get("From"), to)
		})
		if err != nil {
			t.Fatalf("no acknowledgement from %s: %v", to, err)
		}
	}
}

func TestCheckTriesEverything(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			_, path := company(t, e)
			r := program(t, "", nil, "--config", path, "check")
			if r.code != 0 || r.err != "" || strings.Contains(r.out, "FAIL") {
				t.Fatalf("%+v", r)
			}
			for _, want := range []string{"ok    database: ", "ok    data directory: ", "ok    certificate: none", "ok    desk, reading, sign-in", "ok    desk, reading, processed folder", "ok    desk, sending, ", "checks passed"} {
				if !strings.Contains(r.out, want) {
					t.Errorf("%q is missing in\n%s", want, r.out)
				}
			}
			if e == migrations.Postgres && !strings.Contains(r.out, "ok    clock, against the database") {
				t.Errorf("the clock is not compared:\n%s", r.out)
			}
		})
	}
}

func TestCheckSaysWhatToDo(t *testing.T) {
	_, path := company(t, migrations.SQLite)
	for _, row := range []struct{ env, want string }{
		{"HELPDESKD_MAILBOX_DESK_IMAP_PASSWORD=wrong", "FAIL  desk, reading, sign-in"},
		{"HELPDESKD_MAILBOX_DESK_SMTP_PASSWORD=wrong", "FAIL  desk, sending, "},
		{"HELPDESKD_MAILBOX_DESK_FOLDER=Nowhere", "FAIL  desk, reading, folder"},
		{"HELPDESKD_MAILBOX_DESK_IMAP_PORT=1", "FAIL  desk, reading, connection"},
		{"HELPDESKD_DATABASE=postgres://u:hunter2@127.0.0.1:1/x", "FAIL  database: postgres://u:(secret)@127.0.0.1:1/x can not be opened"},
		{"HELPDESKD_DATA_DIR=/proc/helpdeskd", "FAIL  data directory: /proc/helpdeskd can not be created"},
	} {
		t.Run(row.env, func(t *testing.T) {
			r := program(t, "", []string{row.env}, "--config", path, "check")
			i := strings.Index(r.out, row.want)
			if r.code != 1 || i < 0 || !regexp.MustCompile(`^helpdeskd check: \d+ of \d+ checks failed\n$`).MatchString(r.err) {
				t.Fatalf("%+v", r)
			}
			lines := strings.SplitN(r.out[i:], "\n", 3)
			if !strings.HasPrefix(lines[1], "      ") || len(lines[1]) < 20 {
				t.Errorf("it does not say what to do:\n%s", r.out)
			}
			if strings.Contains(r.out, "hunter2") {
				t.Errorf("a password is shown:\n%s", r.out)
			}
		})
	}
}

func TestCheckShowsTheConfigurationWithoutSecrets(t *testing.T) {
	_, path := company(t, migrations.SQLite)
	r := program(t, "", []string{"HELPDESKD_MAILBOX_DESK_SMTP_PASSWORD=hunter2"}, "--config", path, "check", "--show-config")
	if r.code != 0 || strings.Contains(r.out, "hunter2") || !strings.Contains(r.out, `password = "(secret)"  # HELPDESKD_MAILBOX_DESK_SMTP_PASSWORD`) {
		t.Errorf("%+v", r)
	}
}

// selfSigned writes a certificate for 127.0.0.1.
func selfSigned(t *testing.T, dir string, serial int64, until time.Time) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool = x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(text)
	for file, b := range map[string][]byte{cert: text, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kb})} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, pool
}

func TestServeSpeaksTLS(t *testing.T) {
	cert, key, pool := selfSigned(t, t.TempDir(), 1, time.Now().Add(90*24*time.Hour))
	env := append(sqliteEnv(t), "HELPDESKD_LISTEN=127.0.0.1:0", "HELPDESKD_TLS_CERT="+cert, "HELPDESKD_TLS_KEY="+key)
	if r := program(t, "", env, "check"); r.code != 0 || !strings.Contains(r.out, "ok    certificate: valid for 127.0.0.1 until") {
		t.Errorf("check: %+v", r)
	}
	r := startAt(t, regexp.MustCompile(`(?m)^web: (https://\S+)/$`), env, "serve")
	r.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	if page := r.get("/setup"); !strings.Contains(page, `action="/setup"`) {
		t.Errorf("got\n%s", page)
	}
}

func TestCheckWarnsOfCertificates(t *testing.T) {
	for name, row := range map[string]struct {
		until time.Time
		host  string
		want  string
	}{
		"expiring": {time.Now().Add(72*time.Hour + time.Minute), "127.0.0.1", "it expires in 3 days"},
		"expired":  {time.Now().Add(-time.Hour), "127.0.0.1", "it expired on"},
		"other":    {time.Now().Add(90 * 24 * time.Hour), "desk.aster.example", "it is not for the host of public_url"},
	} {
		t.Run(name, func(t *testing.T) {
			cert, key, _ := selfSigned(t, t.TempDir(), 1, row.until)
			r := program(t, "", append(sqliteEnv(t), "HELPDESKD_TLS_CERT="+cert, "HELPDESKD_TLS_KEY="+key, "HELPDESKD_PUBLIC_URL=https://"+row.host), "check")
			if r.code != 1 || !strings.Contains(r.out, "FAIL  certificate: "+row.want) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestARenewedCertificateNeedsNoRestart(t *testing.T) {
	dir := t.TempDir()
	cert, key, _ := selfSigned(t, dir, 1, time.Now().Add(time.Hour))
	c := &certificates{cert: cert, key: key}
	serial := func() int64 {
		t.Helper()
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(got.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Fatalf("serial %d", n)
	}
	selfSigned(t, dir, 2, time.Now().Add(time.Hour))
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(cert, later, later); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 1 {
		t.Errorf("it was looked at again at once: serial %d", n)
	}
	c.looked = time.Time{}
	if n := serial(); n != 2 {
		t.Errorf("after the renewal: serial %d", n)
	}
	// Half a renewal keeps the former one.
	if err := os.WriteFile(key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	even := later.Add(time.Minute)
	if err := os.Chtimes(key, even, even); err != nil {
		t.Fatal(err)
	}
	c.looked = time.Time{}
	if n := serial(); n != 2 {
		t.Errorf("after half a renewal: serial %d", n)
	}
}

func TestTheNodeKeepsItsID(t *testing.T) {
	dir := t.TempDir()
	a, err := openPlace(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openPlace(dir); err == nil || !strings.Contains(err.Error(), "another helpdeskd is running") {
		t.Fatalf("a second one: %v", err)
	}
	a.Close()
	b, err := openPlace(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if a.Node != b.Node || len(a.Node) < 10 {
		t.Errorf("%q became %q", a.Node, b.Node)
	}
}
