package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestAnAdministratorConnectsAMailbox starts from nothing: a mailbox on a real
// Dovecot and an SMTP server is made on the page, with a wrong password first;
// in shadow mode its test mail is only seen; switched on, without a restart,
// the next becomes a ticket, and is dropped; a forged
// header that arrives keeps trust off, and one that is stripped lets it on.
func TestAnAdministratorConnectsAMailbox(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		dir := t.TempDir()
		key, err := tracker.OpenKey(ctx, db, dir+"/key")
		if err != nil {
			t.Fatal(err)
		}
		store := tracker.New(db, tracker.Options{CheapHashes: true, Key: key})
		const password = "seven green umbrellas"
		if _, err := store.CreateAccount(ctx, tracker.Actor{}, tracker.NewAccount{Email: "ines@aldermere.example", Name: "Ines", Role: tracker.Admin, Password: password}); err != nil {
			t.Fatal(err)
		}
		box := imaptest.New(t, imaptest.Options{Users: []imaptest.User{{Name: helpLogin, Password: helpSecret}}})
		sink, err := checker.NewSink()
		if err != nil {
			t.Fatal(err)
		}
		defer sink.Close()
		sink.Refuse(func(_ string, _ []string, data []byte) error {
			return box.Deliver(helpLogin, "INBOX", data, time.Now())
		})
		d, err := newDesk(ctx, &config.Config{DataDir: dir, Ack: config.Ack{Enabled: true, MaxAge: time.Hour, Rate: 1000}}, store, "", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		worked := make(chan struct{})
		go func() { defer close(worked); d.work(ctx) }()
		defer func() { stop(); <-worked }()
		site := httptest.NewServer(d.site)
		defer site.Close()
		jar, _ := cookiejar.New(nil)
		client := &http.Client{Jar: jar}
		get := func(path string) string {
			r, err := client.Get(site.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			b, _ := io.ReadAll(r.Body)
			return string(b)
		}
		post := func(path string, pairs ...string) (at, body string) {
			v := url.Values{}
			for i := 0; i < len(pairs); i += 2 {
				v.Set(pairs[i], pairs[i+1])
			}
			r, err := client.PostForm(site.URL+path, v)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			b, _ := io.ReadAll(r.Body)
			if r.StatusCode >= 400 {
				t.Fatalf("%s: %d %s", path, r.StatusCode, b)
			}
			return r.Request.URL.Path, string(b)
		}
		until := func(path, what string) string {
			t.Helper()
			for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
				body := get(path)
				if strings.Contains(body, what) {
					return body
				}
				if time.Now().After(end) {
					t.Fatalf("%s never says %q:\n%s", path, what, body)
				}
			}
		}
		version := func(path string) string {
			return regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(get(path))[1]
		}
		post("/login", "email", "ines@aldermere.example", "password", password)

		// Wrong first.
		sh, sp, _ := net.SplitHostPort(sink.Addr)
		ca, err := os.ReadFile(box.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		form := []string{"kind", "other", "name", "help", "address", helpAddress, "display", "Helpdesk", "begin", "now", "poll", "5", "ca", string(ca),
			"imap_host", "localhost", "imap_port", fmt.Sprint(box.TLSPort), "imap_security", "tls", "imap_auth", "plain", "imap_username", helpLogin,
			"smtp_host", sh, "smtp_port", sp, "smtp_security", "plain", "smtp_auth", "none"}
		page, _ := post("/settings/mailboxes", append(form, "password", "wrong")...)
		until(page, "refuses the user name or the password")
		post(page, append(form, "password", helpSecret, "version", version(page+"/edit"))...)
		until(page, "Everything works")

		// Looked at only, without a restart: the test mail is seen, stays where it is, and opens nothing.
		post(page+"/switch", "to", "shadow", "version", version(page))
		until(page, page+`/test"`)
		post(page+"/test", "x", "1")
		until(page, "Would become a ticket")
		if n, err := box.Count(helpLogin, "INBOX"); err != nil || n != 1 {
			t.Fatalf("in shadow mode the folder holds %d mails, %v", n, err)
		}
		if _, err := store.TicketByNumber(ctx, 1); migrations.KindOf(err) != migrations.NotFound {
			t.Fatalf("shadow mode opened a ticket: %v", err)
		}
		post(page+"/test/end", "x", "1")

		// On, and the test mail arrives as a ticket.
		post("/mail/shadow/1/end", "how", "now", "sure", "1")
		post(page+"/test", "x", "1")
		body := until(page, "Drop HD-1")
		if !strings.Contains(body, "Accepted by the server") {
			t.Error("the way of the test mail is not shown")
		}
		post(page+"/test/end", "x", "1")
		if k, err := store.TicketByNumber(ctx, 1); err != nil || k.Stage != tracker.Dropped {
			t.Fatalf("the test's ticket is %s, %v", k.Stage, err)
		}

		// Forged headers: let through, then stripped.
		deliver := func(strip bool) {
			post(page+"/headers", "outside", "me@outside.example", "forged_id", "mx.aldermere.example")
			eml := get(page + "/headers.eml")
			if strip {
				_, rest, _ := strings.Cut(eml, "X-Helpdeskd")
				eml = "Authentication-Results: mx.aldermere.example; dmarc=pass header.from=outside.example\r\nX-Helpdeskd" + rest
			}
			if err := box.Deliver(helpLogin, "INBOX", []byte(eml), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		deliver(false)
		if body := until(page, "Dangerous"); strings.Contains(body, "Believe what mx") {
			t.Fatal("a forged verdict that arrives can be believed")
		}
		deliver(true)
		until(page, "Believe what mx.aldermere.example says")
		post(page+"/trust", "trust", "authserv-id", "authserv_id", "mx.aldermere.example", "version", version(page))
		if c, err := store.Connections(ctx); err != nil || len(c) != 1 || c[0].Trust != tracker.TrustAuthserv {
			t.Fatalf("%+v, %v", c, err)
		}
	})
}
