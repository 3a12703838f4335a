package ingest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// identity is a made-up Entra: a token endpoint, and the endpoint at which
// Dovecot asks whether a token is good.
type identity struct {
	*httptest.Server
	mu     sync.Mutex
	asked  int
	good   map[string]bool
	answer func(w http.ResponseWriter, r *http.Request) bool // may answer itself
	expiry int
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	id := &identity{good: map[string]bool{}, expiry: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id.mu.Lock()
		defer id.mu.Unlock()
		id.asked++
		if id.answer != nil && id.answer(w, r) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_secret") != "s3cret" || r.FormValue("scope") != "https://outlook.example/.default" {
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"})
			return
		}
		token := fmt.Sprintf("token-%d", id.asked)
		id.good[token] = true
		json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": id.expiry})
	})
	mux.HandleFunc("/introspect", func(w http.ResponseWriter, r *http.Request) {
		id.mu.Lock()
		defer id.mu.Unlock()
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("Content-Type", "application/json")
		if id.good[token] {
			json.NewEncoder(w).Encode(map[string]any{"active": true, "user": deskUser})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"active": false})
	})
	id.Server = httptest.NewServer(mux)
	t.Cleanup(id.Close)
	return id
}

func (id *identity) config(cfg MailboxConfig) MailboxConfig {
	cfg.Auth, cfg.Password = AuthXOAuth2, ""
	cfg.TokenEndpoint, cfg.ClientID, cfg.ClientSecret, cfg.Scope = id.URL+"/token", "app", "s3cret", "https://outlook.example/.default"
	return cfg
}

func TestXOAuth2AgainstDovecot(t *testing.T) {
	id := newIdentity(t)
	s, cfg := dovecot(t, imaptest.Options{Introspect: id.URL + "/introspect"})
	r := newRig(t, dbtest.Open(t, migrations.SQLite), id.config(cfg))
	r.start()
	deliver(t, s, note(1))
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
	// The connection is lost: the token is still good and used again.
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, note(2))
	until(t, "the next", func() bool { return r.tickets() == 2 })
	id.mu.Lock()
	if id.asked != 1 {
		t.Fatalf("%d tokens were asked for", id.asked)
	}
	// The token is revoked and the connection lost: a new one is asked for.
	id.good = map[string]bool{}
	id.mu.Unlock()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, note(3))
	until(t, "the third", func() bool { return r.tickets() == 3 })
	if strings.Contains(r.log.String(), "token-") || strings.Contains(r.log.String(), "s3cret") {
		t.Fatal("a secret is in the log")
	}
}

func TestTokenIsRenewedBeforeItEnds(t *testing.T) {
	id := newIdentity(t)
	id.expiry = 60 // less than the five minutes that a token must still be good for
	tok, err := newTokens(id.config(MailboxConfig{}))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 3; i++ {
		got, err := tok.token(t.Context())
		if err != nil || got != fmt.Sprintf("token-%d", i) {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

func TestTokenFailuresInPlainWords(t *testing.T) {
	refuse := func(status int, code, text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": text})
			return true
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		secret string
		want   string
	}{
		"wrong secret":   {secret: "wr0ng", want: "secret's value, not its id"},
		"expired secret": {answer: refuse(401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired."), want: "has expired"},
		"unknown app":    {answer: refuse(400, "unauthorized_client", "AADSTS700016: Application not found in the directory."), want: "Correct the client id"},
		"unknown tenant": {answer: refuse(400, "invalid_request", "AADSTS90002: Tenant not found."), want: "Correct the tenant"},
		"wrong scope":    {answer: refuse(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."), want: "Correct the scope"},
		"down":           {answer: refuse(503, "", ""), want: "trouble of its own"},
		"redirect": {answer: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://127.0.0.1:1/steal", http.StatusTemporaryRedirect)
			return true
		}, want: "Check the token endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			id := newIdentity(t)
			id.answer = c.answer
			cfg := id.config(newFake(t).config())
			if c.secret != "" {
				cfg.ClientSecret = c.secret
			}
			r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
			r.start()
			until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, c.want) })
			if e := r.mailbox().LastError; strings.ContainsAny(e, "\r\n") || strings.Contains(e, cfg.ClientSecret) {
				t.Fatalf("%q", e)
			}
		})
	}
}

func TestExchangeRefusals(t *testing.T) {
	challenge := "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZXhhbXBsZS8ifQ==" // {"status":"400",…}
	for name, c := range map[string]struct {
		quirk func(c *fakeConn, tag, cmd string) bool
		want  string
	}{
		"challenge": {want: "IMAP.AccessAsApp", quirk: func(c *fakeConn, tag, cmd string) bool {
			if !strings.HasPrefix(cmd, "AUTHENTICATE XOAUTH2") {
				return false
			}
			c.say("+ %s", challenge)
			c.r.ReadString('\n')
			c.say("%s NO AUTHENTICATE failed.", tag)
			return true
		}},
		"plain no": {want: "New-ServicePrincipal", quirk: func(c *fakeConn, tag, cmd string) bool {
			if !strings.HasPrefix(cmd, "AUTHENTICATE") {
				return false
			}
			c.say("%s NO AUTHENTICATE failed.", tag)
			return true
		}},
		"not connected": {want: "Signing in worked", quirk: func(c *fakeConn, tag, cmd string) bool {
			if !strings.HasPrefix(cmd, "SELECT") {
				return false
			}
			c.say("%s BAD User is authenticated but not connected.", tag)
			return true
		}},
		"unavailable": {want: "left alone for a while", quirk: func(c *fakeConn, tag, cmd string) bool {
			if !strings.HasPrefix(cmd, "SELECT") {
				return false
			}
			c.say("%s NO Server Unavailable. 15", tag)
			c.Close()
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			id := newIdentity(t)
			f := newFake(t)
			f.caps += " AUTH=XOAUTH2"
			f.quirk = c.quirk
			r := newRig(t, dbtest.Open(t, migrations.SQLite), id.config(f.config()))
			r.start()
			until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, c.want) })
			if c.want == "left alone for a while" {
				return // for a minute, as the next line would show
			}
			f.mu.Lock()
			f.quirk = nil
			f.mu.Unlock()
			f.add(note(1))
			until(t, "it goes on by itself", func() bool { return r.tickets() == 1 && r.mailbox().LastError == "" })
		})
	}
}

func TestWrongPasswordAndFolderMendedWhileRunning(t *testing.T) {
	s, cfg := dovecot(t, imaptest.Options{})
	cfg.Folder = "Support"
	cfg.Password = "new one"
	r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
	r.start()
	until(t, "the password is refused", func() bool { return strings.Contains(r.mailbox().LastError, "user name or the password") })
	if err := s.SetUsers(imaptest.User{Name: deskUser, Password: "new one"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the folder is missing", func() bool {
		e := r.mailbox().LastError
		return strings.Contains(e, "The folder Support can not be opened") && strings.Contains(e, "The mailbox has: INBOX")
	})
	if err := s.Deliver(deskUser, "Support", note(1), time.Time{}); err != nil {
		t.Fatal(err)
	}
	until(t, "a ticket", func() bool { return r.tickets() == 1 && r.mailbox().LastError == "" })
}
