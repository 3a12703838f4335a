package ingest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker/oauth/oauthtest"
)

// byToken has a mailbox sign in with the tokens of a made-up provider.
func byToken(t *testing.T, id *oauthtest.Server, cfg MailboxConfig) MailboxConfig {
	t.Helper()
	cfg.Auth, cfg.Password, cfg.Tokens = AuthXOAuth2, "", id.Account(t, id.Config()).Mail()
	return cfg
}

func newIdentity(t *testing.T) *oauthtest.Server {
	t.Helper()
	id := oauthtest.New(t)
	id.User = deskUser
	return id
}

// noSecrets fails where the log holds a token or a secret.
func noSecrets(t *testing.T, log string) {
	t.Helper()
	for _, s := range []string{"ACCESS-", "REFRESH-", oauthtest.Secret} {
		if strings.Contains(log, s) {
			t.Errorf("%s is in the log:\n%s", s, log)
		}
	}
}

func TestXOAuth2AgainstDovecot(t *testing.T) {
	id := newIdentity(t)
	s, cfg := dovecot(t, imaptest.Options{Introspect: id.Introspect()})
	r := newRig(t, dbtest.Open(t, migrations.SQLite), byToken(t, id, cfg))
	r.start()
	deliver(t, s, note(1))
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
	// The connection is lost: the token is still good and used again.
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, note(2))
	until(t, "the next", func() bool { return r.tickets() == 2 })
	if n := id.Asked("client_credentials"); n != 1 {
		t.Fatalf("%d tokens were asked for", n)
	}
	// The token is revoked and the connection lost: a new one is asked for, and
	// nobody hears of it.
	id.Revoke()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, note(3))
	until(t, "the third", func() bool { return r.tickets() == 3 })
	if n := id.Asked("client_credentials"); n != 2 {
		t.Fatalf("%d tokens were asked for", n)
	}
	noSecrets(t, r.log.String())
}

// TestTokenThatTheServerNeverTakes: Dovecot refuses it, the page says why, and
// neither the endpoint nor the server is asked again and again.
func TestTokenThatTheServerNeverTakes(t *testing.T) {
	id := newIdentity(t)
	s, cfg := dovecot(t, imaptest.Options{Introspect: id.Introspect()})
	id.Ends = time.Nanosecond // no token is ever good at the mail server
	r := newRig(t, dbtest.Open(t, migrations.SQLite), byToken(t, id, cfg))
	r.start()
	until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, "New-ServicePrincipal") })
	// Once a permission was granted, it goes on by itself.
	id.Lock()
	id.Ends = 0
	id.Unlock()
	deliver(t, s, note(1))
	until(t, "a ticket", func() bool { return r.tickets() == 1 && r.mailbox().LastError == "" })
	noSecrets(t, r.log.String()+r.mailbox().LastError)
}

// TestWorksPastTheEndOfTokens: the server cuts the connection when the token
// ends, as Exchange does, and the work goes on with the next.
func TestWorksPastTheEndOfTokens(t *testing.T) {
	id := newIdentity(t)
	id.Expires = 2 * time.Second
	s, cfg := dovecot(t, imaptest.Options{Introspect: id.Introspect()})
	r := newRig(t, dbtest.Open(t, migrations.SQLite), byToken(t, id, cfg))
	r.start()
	for n := 1; n <= 3; n++ {
		deliver(t, s, note(n))
		until(t, "a ticket", func() bool { return r.tickets() == n })
		asked := id.Asked("client_credentials")
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Every connection asks for a token; one that is about to end brings another.
		until(t, "another token", func() bool {
			if id.Asked("client_credentials") > asked {
				return true
			}
			if err := s.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			return false
		})
	}
	noSecrets(t, r.log.String())
}

func TestTokenFailuresInPlainWords(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		secret string
		want   string
	}{
		"wrong secret":   {secret: "wr0ng~secret", want: "secret's value, not its id"},
		"expired secret": {answer: oauthtest.Refuse(401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired."), want: "has expired"},
		"unknown app":    {answer: oauthtest.Refuse(400, "unauthorized_client", "AADSTS700016: Application not found in the directory."), want: "Correct the client id"},
		"down":           {answer: oauthtest.Refuse(503, "", ""), want: "trouble of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := newIdentity(t)
			id.Answer = c.answer
			conf := id.Config()
			if c.secret != "" {
				conf.ClientSecret = c.secret
			}
			cfg := byToken(t, id, newFake(t).config())
			cfg.Tokens = id.Account(t, conf).Mail()
			r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
			r.start()
			until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, c.want) })
			if e := r.mailbox().LastError; strings.ContainsAny(e, "\r\n") || strings.Contains(e, conf.ClientSecret) {
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
			r := newRig(t, dbtest.Open(t, migrations.SQLite), byToken(t, id, f.config()))
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
