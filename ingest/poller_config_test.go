package ingest

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
)

func TestValidateNamesEveryMistake(t *testing.T) {
	good := MailboxConfig{Name: "desk", Address: deskUser, Password: "x", Host: "imap.aldermere.example"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := (MailboxConfig{Name: "desk", Address: deskUser}).Validate(); err != nil {
		t.Fatalf("a mailbox without a server: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*MailboxConfig)
		want   []string
	}{
		"all at once": {func(c *MailboxConfig) {
			*c = MailboxConfig{Host: "h", Security: "ssl", Auth: "ntlm", Begin: "yesterday", Port: 70000, Poll: time.Millisecond}
		},
			[]string{"no name", "not an address", "begin is", "port 70000", "security is", "auth is", "every 1ms"}},
		"plain elsewhere":      {func(c *MailboxConfig) { c.Security = SecurityPlain }, []string{"readable through the network to imap.aldermere.example"}},
		"plain, hidden":        {func(c *MailboxConfig) { c.Security, c.Host = SecurityPlain, "localhost.evil.example" }, []string{"readable through the network"}},
		"no password":          {func(c *MailboxConfig) { c.Password = "" }, []string{"no password"}},
		"line break":           {func(c *MailboxConfig) { c.Password = "x\r\nA1 LOGOUT" }, []string{"line break"}},
		"token from nowhere":   {func(c *MailboxConfig) { c.Auth = AuthXOAuth2 }, []string{"where its tokens come from"}},
		"processed is INBOX":   {func(c *MailboxConfig) { c.Processed = "Inbox" }, []string{"the processed folder is the folder that is read"}},
		"wildcard":             {func(c *MailboxConfig) { c.Processed = "Done*" }, []string{"may not contain"}},
		"CA file that is none": {func(c *MailboxConfig) { c.CAFile = "/no/such/file" }, []string{"can not be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			err := cfg.Validate()
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in %v", want, err)
				}
			}
		})
	}
}

func TestLocalhostThatIsElsewhere(t *testing.T) {
	// What is on loopback now may resolve to another machine tomorrow: the
	// connection itself is looked at, too.
	f := failure(MailboxConfig{Host: "localhost"}, stageDial, errNotLoopback)
	if !strings.Contains(f.Plain(), "not this machine") {
		t.Fatal(f.Plain())
	}
}

func TestCheckOfAGoodMailbox(t *testing.T) {
	id := newIdentity(t)
	s, cfg := dovecot(t, imaptest.Options{Introspect: id.Introspect()})
	cfg = byToken(t, id, cfg)
	cfg.Security, cfg.Port, cfg.CAFile, cfg.Host = SecurityTLS, s.TLSPort, s.CAFile, "localhost"
	deliver(t, s, note(1))
	steps := Check(t.Context(), cfg, nil)
	var names []string
	for _, st := range steps {
		if !st.OK || st.Message == "" || st.Do != "" {
			t.Errorf("%+v", st)
		}
		names = append(names, st.Name)
	}
	if got := strings.Join(names, ", "); got != "settings, name, connection, encryption, token, sign-in, folder, processed folder" {
		t.Fatal(got)
	}
	if !strings.Contains(steps[6].Message, "INBOX has 1 messages; mail is noticed at once (IDLE), moved by MOVE") {
		t.Fatal(steps[6].Message)
	}
	if n := inFolder(t, s, "INBOX"); n != 1 {
		t.Fatal("check took the mail")
	}
}

func TestBackoffGrowsAndForgives(t *testing.T) {
	b := backoff{times: defaultTiming()}
	network, login := &Failure{}, &Failure{Login: true}
	var last time.Duration
	for range 12 {
		last = b.next(network, 0)
	}
	if last < b.times.retryMax/2 || last > b.times.retryMax {
		t.Fatalf("after many failures it waits %v", last)
	}
	// A connection that works for a moment and breaks is not forgiven.
	b.worked()
	if d := b.next(network, time.Second); d < b.times.retryMax/2 {
		t.Fatalf("after a short success it waits %v", d)
	}
	b.worked()
	if d := b.next(network, time.Hour); d > b.times.retryMin {
		t.Fatalf("after a long success it waits %v", d)
	}
	b.n = 0
	if d := b.next(login, 0); d < b.times.loginMin/2 {
		t.Fatalf("after a refused login it waits %v", d)
	}
	if d := b.next(&Failure{Wait: 299961 * time.Millisecond}, 0); d < 299961*time.Millisecond {
		t.Fatalf("throttled, it waits %v", d)
	}
}
