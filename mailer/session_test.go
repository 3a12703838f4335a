package mailer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/oauth/oauthtest"
)

// quick are timeouts for servers that misbehave on purpose.
var quick = timeouts{
	dial: 2 * time.Second, command: 2 * time.Second, block: 2 * time.Second, final: 700 * time.Millisecond,
	look: 50 * time.Millisecond, late: 300 * time.Millisecond, idle: time.Minute, fresh: time.Minute,
}

var (
	small  = []byte("From: a@acme.example\r\nSubject: x\r\n\r\n.\r\nbody\r\n")
	simple = envelope{from: "helpdesk@acme.example", to: "anna@acme.example"}
)

func dial(t *testing.T, c SMTPConfig, wait timeouts) *session {
	t.Helper()
	s, err := connect(t.Context(), c, wait, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.wire.Close() })
	return s
}

func yes() error { return nil }

// TestDeliver sends over every kind of protection and sign-in, and compares
// the bytes that arrive.
func TestDeliver(t *testing.T) {
	users := map[string]string{"helpdesk@acme.example": "pässword", "app@acme.example": "ACCESS-1"}
	mechs := []string{"PLAIN", "LOGIN", "XOAUTH2"}
	id := oauthtest.New(t)
	for _, c := range []struct {
		name   string
		server sinkOptions
		change func(c *SMTPConfig)
	}{
		{"plain", sinkOptions{}, func(c *SMTPConfig) {}},
		{"starttls plain", sinkOptions{startTLS: true, users: users, mechs: mechs}, func(c *SMTPConfig) {
			c.Security, c.Auth, c.Password = SecurityStartTLS, AuthPlain, "pässword"
		}},
		{"tls login", sinkOptions{tls: true, users: users, mechs: mechs}, func(c *SMTPConfig) {
			c.Security, c.Auth, c.Password = SecurityTLS, AuthLogin, "pässword"
		}},
		{"starttls xoauth2", sinkOptions{startTLS: true, users: users, mechs: mechs}, func(c *SMTPConfig) {
			c.Security, c.Auth, c.Username = SecurityStartTLS, AuthXOAuth2, "app@acme.example"
			c.Tokens = id.Account(t, id.Config()).Mail()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := startSink(t, c.server)
			config := plainConfig(server.addr)
			config.CAFile = server.ca
			c.change(&config)
			if bad := config.Validate(); len(bad) > 0 {
				t.Fatal(bad)
			}
			s := dial(t, config, quick)
			for i := range 3 {
				v := s.deliver(t.Context(), simple, small, yes)
				if v.fate != delivered || v.broken {
					t.Fatalf("mail %d: %+v %v", i, v, v.why)
				}
			}
			mails := server.wait(t, 3)
			for _, m := range mails {
				if m.data != string(small) || m.from != simple.from || len(m.to) != 1 || m.to[0] != simple.to || m.utf8 {
					t.Errorf("arrived: %+v", m)
				}
			}
			want := 1
			if c.server.startTLS {
				want = 2 // go-smtp begins a new session after STARTTLS
			}
			if server.sessions != want {
				t.Errorf("%d sessions for 3 mails, want %d", server.sessions, want)
			}
			s.close()
		})
	}
}

// TestFates plays what servers do on their bad days.
func TestFates(t *testing.T) {
	big := []byte(strings.Repeat("line of a large mail\r\n", 800_000)) // 17 MB: more than any socket buffer
	ok := func(rest ...string) []string {
		return hello(append([]string{"< MAIL", "> 250 ok", "< RCPT", "> 250 ok", "< DATA"}, rest...)...)
	}
	for _, c := range []struct {
		name      string
		script    []string
		data      []byte
		want      fate
		committed bool
		broken    bool
		text      string
	}{
		{"taken", ok("> 354 go", "data", "> 250 2.0.0 OK <ABC@prod.example> [Hostname=x]"), small, delivered, true, false, "2.0.0 OK <ABC@prod.example> [Hostname=x]"},
		{"taken in several lines", ok("> 354 go", "data", "> 250-first", "> 250 last"), small, delivered, true, false, "first\nlast"},
		{"taken with another 2xx", ok("> 354 go", "data", "> 251 forwarded"), small, delivered, true, true, "forwarded"},
		{"sender refused", hello("< MAIL", "> 550 5.7.60 SendAsDenied"), small, blocked, false, true, ""},
		{"busy at the sender", hello("< MAIL", "> 421 4.3.2 busy"), small, blocked, false, true, ""},
		{"unknown recipient", hello("< MAIL", "> 250 ok", "< RCPT", "> 550 5.1.1 no such user", "< RSET", "> 250 ok"), small, refused, false, false, ""},
		{"greylisted", hello("< MAIL", "> 250 ok", "< RCPT", "> 451 4.7.1 later", "< RSET", "> 250 ok"), small, deferred, false, false, ""},
		{"lost at the recipient", hello("< MAIL", "> 250 ok", "< RCPT", "close"), small, deferred, false, true, ""},
		{"DATA put off", ok("> 451 later", "< RSET", "> 250 ok"), small, deferred, true, false, ""},
		{"DATA refused", ok("> 554 no", "< RSET", "> 250 ok"), small, refused, true, false, ""},
		{"DATA and 421", ok("> 421 closing"), small, deferred, true, true, ""},
		{"lost at DATA", ok("close"), small, deferred, true, true, ""},
		{"lost in the mail", ok("> 354 go", "head", "close"), big, deferred, true, true, ""},
		{"answered in the mail", ok("> 354 go", "head", "> 552 5.3.4 too big", "wait"), small, refused, true, true, ""},
		{"put off in the mail", ok("> 354 go", "head", "> 421 shutting down", "wait"), small, deferred, true, true, ""},
		{"refused after the dot", ok("> 354 go", "data", "> 550 spam", "< RSET", "> 250 ok"), small, refused, true, false, ""},
		{"put off after the dot", ok("> 354 go", "data", "> 452 full", "< RSET", "> 250 ok"), small, deferred, true, false, ""},
		{"432 after the dot", ok("> 354 go", "data", "> 432 4.3.2 sender thread limit exceeded", "< RSET", "> 250 ok"), small, deferred, true, false, ""},
		{"send as denied after the dot", ok("> 354 go", "data", "> 554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "< RSET", "> 250 ok"), small, deferred, true, false, ""},
		{"refused, then RSET fails", ok("> 354 go", "data", "> 550 spam", "close"), small, refused, true, true, ""},
		{"lost after the dot", ok("> 354 go", "data", "close"), small, uncertain, true, true, ""},
		{"silent after the dot", ok("> 354 go", "data", "wait"), small, uncertain, true, true, ""},
		{"nonsense after the dot", ok("> 354 go", "data", "> what?"), small, uncertain, true, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := dial(t, plainConfig(scripted(t, c.script)), quick)
			committed := false
			v := s.deliver(t.Context(), simple, c.data, func() error { committed = true; return nil })
			if v.fate != c.want || v.broken != c.broken || v.text != c.text || committed != c.committed {
				t.Errorf("fate %d (want %d), broken %v (want %v), text %q, committed %v, why %v", v.fate, c.want, v.broken, c.broken, v.text, committed, v.why)
			}
		})
	}
}

// TestCommitFails: when the row can not be committed as sending, nothing is sent.
func TestCommitFails(t *testing.T) {
	server := startSink(t, sinkOptions{})
	s := dial(t, plainConfig(server.addr), quick)
	away := errors.New("the database is away")
	v := s.deliver(t.Context(), simple, small, func() error { return away })
	if v.fate != abandoned || !errors.Is(v.err, away) || len(server.all()) != 0 {
		t.Errorf("%+v, %d mails", v, len(server.all()))
	}
}

// TestKilledConnection cuts the connection from our side while the mail is
// on its way: a torn dot is not a sent one.
func TestKilledConnection(t *testing.T) {
	addr := scripted(t, hello("< MAIL", "> 250 ok", "< RCPT", "> 250 ok", "< DATA", "> 354 go", "wait"))
	s := dial(t, plainConfig(addr), quick)
	s.wait.final = time.Nanosecond // so that the write of the dot itself fails
	v := s.deliver(t.Context(), simple, small, yes)
	if v.fate != deferred || !v.broken {
		t.Errorf("a dot that was never written is %+v, %v", v, v.why)
	}
}

func TestLimitsAnnounced(t *testing.T) {
	server := startSink(t, sinkOptions{maxBytes: 1000})
	s := dial(t, plainConfig(server.addr), quick)
	v := s.deliver(t.Context(), simple, []byte(strings.Repeat("x\r\n", 1000)), yes)
	if v.fate != refused {
		t.Errorf("a mail beyond SIZE: %+v", v)
	}
	abroad := envelope{from: simple.from, to: "jürgen@acme.example", utf8: true}
	if v := s.deliver(t.Context(), abroad, small, yes); v.fate != refused || !errors.Is(v.why, errInternational) {
		t.Errorf("an international address: %+v", v)
	}
	if v := s.deliver(t.Context(), simple, small, yes); v.fate != delivered {
		t.Errorf("the next mail: %+v", v)
	}
	able := startSink(t, sinkOptions{utf8: true})
	s = dial(t, plainConfig(able.addr), quick)
	for _, e := range []envelope{abroad, simple} {
		if v := s.deliver(t.Context(), e, small, yes); v.fate != delivered {
			t.Errorf("%+v: %+v %v", e, v, v.why)
		}
	}
	if m := able.wait(t, 2); !m[0].utf8 || m[1].utf8 {
		t.Errorf("SMTPUTF8 only where it is needed: %+v", m)
	}
}

// TestCheck tries configurations that do not work, and wants each named in
// words that say what to do.
func TestCheck(t *testing.T) {
	users := map[string]string{"helpdesk@acme.example": "right"}
	mechs := []string{"PLAIN", "XOAUTH2"}
	open := startSink(t, sinkOptions{})
	starttls := startSink(t, sinkOptions{startTLS: true, users: users, mechs: mechs})
	secure := startSink(t, sinkOptions{tls: true, users: users, mechs: mechs})
	id := oauthtest.New(t)
	config, ca := testTLSFor(t, time.Now().Add(-time.Hour), "127.0.0.1")
	expired := serveTLS(t, config)
	config, otherCA := testTLSFor(t, time.Now().Add(time.Hour), "mail.example")
	otherName := serveTLS(t, config)
	byToken := func(c *SMTPConfig, change func(*oauth.Config)) {
		conf := id.Config()
		change(&conf)
		c.Auth, c.Tokens = AuthXOAuth2, id.Account(t, conf).Mail()
	}
	for _, c := range []struct {
		name, addr string
		change     func(c *SMTPConfig)
		fails      string // the step
		says       string // in what is said and advised
	}{
		{"all well", open.addr, func(c *SMTPConfig) {}, "", "mail from helpdesk@acme.example is taken"},
		{"all well with TLS", starttls.addr, func(c *SMTPConfig) {
			c.Security, c.Auth, c.Password, c.CAFile = SecurityStartTLS, AuthPlain, "right", starttls.ca
		}, "", "signed in as helpdesk@acme.example"},
		{"settings", open.addr, func(c *SMTPConfig) { c.Auth = AuthPlain }, "Settings", "password is missing"},
		{"no such host", "smtp.invalid:25", func(c *SMTPConfig) { c.Security = SecurityStartTLS }, "Connection", "is not known"},
		{"nothing listens", "127.0.0.1:1", func(c *SMTPConfig) {}, "Connection", "Nothing answers at 127.0.0.1:1"},
		{"unknown authority", starttls.addr, func(c *SMTPConfig) { c.Security = SecurityStartTLS }, "Encryption", "ca_file"},
		{"expired", expired, func(c *SMTPConfig) { c.Security, c.CAFile = SecurityTLS, ca }, "Encryption", "has expired"},
		{"other name", otherName, func(c *SMTPConfig) { c.Security, c.CAFile = SecurityTLS, otherCA }, "Encryption", "another name"},
		{"tls at a starttls port", starttls.addr, func(c *SMTPConfig) { c.Security = SecurityTLS }, "Encryption", "starttls"},
		{"starttls at an open server", open.addr, func(c *SMTPConfig) { c.Security = SecurityStartTLS }, "Encryption", "nothing was sent in clear"},
		{"login without one", starttls.addr, func(c *SMTPConfig) { c.Security, c.CAFile = SecurityStartTLS, starttls.ca }, "Sender accepted", "wants a sign-in"},
		{"wrong password", secure.addr, func(c *SMTPConfig) {
			c.Security, c.Auth, c.Password, c.CAFile = SecurityTLS, AuthPlain, "wrong", secure.ca
		}, "Sign-in", "SMTP.SendAsApp"}, // 535 5.7.3
		{"mechanism", secure.addr, func(c *SMTPConfig) {
			c.Security, c.Auth, c.Password, c.CAFile = SecurityTLS, AuthLogin, "right", secure.ca
		}, "Sign-in", "does not offer the configured way"},
		{"token refused by the server", secure.addr, func(c *SMTPConfig) {
			c.Security, c.CAFile = SecurityTLS, secure.ca
			byToken(c, func(*oauth.Config) {})
		}, "Sign-in", "New-ServicePrincipal"},
		{"wrong secret", secure.addr, func(c *SMTPConfig) {
			c.Security, c.CAFile = SecurityTLS, secure.ca
			byToken(c, func(o *oauth.Config) { o.ClientSecret = "wrong" })
		}, "Access token", "not its id"},
		{"no token endpoint", secure.addr, func(c *SMTPConfig) {
			c.Security, c.CAFile = SecurityTLS, secure.ca
			byToken(c, func(o *oauth.Config) { o.TokenURL = "http://127.0.0.1:1/token" })
		}, "Access token", "can not be reached"},
		{"SMTP switched off", scripted(t, []string{"> 220 x", "< EHLO", "> 250-x", "> 250 AUTH PLAIN", "< AUTH PLAIN", "> 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox"}), func(c *SMTPConfig) {
			c.Auth, c.Password = AuthPlain, "x"
		}, "Sign-in", "SmtpClientAuthenticationDisabled $false"},
		{"454", scripted(t, []string{"> 220 x", "< EHLO", "> 250-x", "> 250 AUTH PLAIN", "< AUTH PLAIN", "> 454 4.7.0 Temporary authentication failure"}), func(c *SMTPConfig) {
			c.Auth, c.Password = AuthPlain, "x"
		}, "Sign-in", "at the moment"},
		{"SendAsDenied", scripted(t, hello("< MAIL", "> 550 5.7.60 SMTP; Client does not have permissions to send as this sender")), func(c *SMTPConfig) {}, "Sender accepted", "Add-RecipientPermission"},
		{"busy", scripted(t, []string{"> 421 4.3.2 Service not available"}), func(c *SMTPConfig) {}, "Greeting", "too many connections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := plainConfig(c.addr)
			if host, _, _ := strings.Cut(c.addr, ":"); host != config.Host {
				config.Host = host
			}
			c.change(&config)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			steps := Check(ctx, config, nil)
			last := steps[len(steps)-1]
			if c.fails == "" != last.OK || !last.OK && last.Name != c.fails {
				t.Fatalf("%v", steps)
			}
			for _, s := range steps[:len(steps)-1] {
				if !s.OK && c.fails != "Settings" {
					t.Errorf("goes on after %v", s)
				}
			}
			if !strings.Contains(fmt.Sprint(steps), c.says) {
				t.Errorf("it does not say %q:\n%v", c.says, steps)
			}
			if !last.OK && last.Advice == "" && c.fails != "Settings" {
				t.Errorf("no advice: %v", last)
			}
			for _, secret := range []string{"right", "wrong", oauthtest.Secret, "ACCESS-1"} {
				if config.Password == secret && strings.Contains(fmt.Sprint(steps), " "+secret) {
					t.Errorf("a secret is shown: %v", steps)
				}
			}
		})
	}
	if n := len(open.all()) + len(starttls.all()) + len(secure.all()); n != 0 {
		t.Errorf("checking sent %d mails", n)
	}
}

// TestNoCredentialsInClear: where TLS can not be had, the password stays here.
func TestNoCredentialsInClear(t *testing.T) {
	server := startSink(t, sinkOptions{users: map[string]string{"helpdesk@acme.example": "right"}, mechs: []string{"PLAIN"}})
	c := plainConfig(server.addr)
	c.Security, c.Auth, c.Password = SecurityStartTLS, AuthPlain, "right"
	_, err := connect(t.Context(), c, quick, nil)
	if !errors.Is(err, errNoStartTLS) {
		t.Errorf("%v", err)
	}
	c.Host, c.Security = "smtp.acme.example", SecurityPlain
	if bad := c.Validate(); len(bad) != 1 {
		t.Errorf("plain to another machine: %v", bad)
	}
}

func TestValidateNamesEverything(t *testing.T) {
	bad := SMTPConfig{Address: "x", Port: 70000, Security: "ssl", Auth: AuthXOAuth2, Hello: "a b", CAFile: "/nonexistent.pem"}.Validate()
	text := errors.Join(bad...).Error()
	for _, want := range []string{"address", "host", "port", "security", "where its tokens come from", "hello", "authorities"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not name %s:\n%s", want, text)
		}
	}
	if _, err := os.Stat("/nonexistent.pem"); err == nil {
		t.Fatal("that file should not exist")
	}
}
