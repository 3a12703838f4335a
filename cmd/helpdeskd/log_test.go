package main

import (
	"context"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/migrations"
)

// TestTheLogHoldsNoSecretAndNoMail runs the whole house at the level debug,
// with marked secrets, tokens and mails, through what works and what fails.
func TestTheLogHoldsNoSecretAndNoMail(t *testing.T) {
	hub, path := company(t, migrations.SQLite)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secrets := regexp.MustCompile(`(?m)^password = "([^"]+)"$`).FindAllStringSubmatch(string(text), -1)
	if len(secrets) != 2 {
		t.Fatalf("the configuration has %d passwords", len(secrets))
	}
	more := "\n[alarm]\nwebhook_url = \"http://127.0.0.1:1/MARKhookaddress\"\nwebhook_secret = \"MARKhooksecret\"\n" +
		"[log]\nlevel = \"debug\"\n[metrics]\ntoken = \"MARKmetricstoken\"\n" +
		"[[mailbox]]\nname = \"other\"\naddress = \"other@aster.example\"\n[mailbox.imap]\nhost = \"127.0.0.1\"\nport = " + portOf(t, hub) + "\nsecurity = \"plain\"\npassword = \"MARKwrongpassword\"\n" +
		"[mailbox.smtp]\nhost = \"127.0.0.1\"\nport = 1\nsecurity = \"plain\"\npassword = \"MARKwrongsmtp\"\n"
	if err := os.WriteFile(path, append(text, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, nil, "--config", path, "serve")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	draft := demo.Draft{From: mail.Address{Name: "MARKname", Address: "ann@aster.example"}, To: []mail.Address{{Address: "desk@aster.example"}},
		Subject: "MARKsubject of it", Text: "MARKbody: my password is MARKpassword.", Date: time.Now()}
	if err := hub.Submit(ctx, "ann@aster.example", []string{"desk@aster.example"}, draft.Bytes()); err != nil {
		t.Fatal(err)
	}
	if _, err := hub.Await(ctx, "ann@aster.example", func(l demo.Letter) bool { return !l.Sent }); err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?m)^setup code: (\S+) `).FindStringSubmatch(r.out.String())[1]
	r.post("/setup", url.Values{"code": {code}, "name": {"MARKperson"}, "email": {"ida@aster.example"}, "password": {"MARK nine quiet bicycles"}})
	send := func(at string, form url.Values) {
		if res, err := r.client.PostForm(r.site+at, form); err == nil {
			res.Body.Close()
		}
	}
	send("/login", url.Values{"email": {"ida@aster.example"}, "password": {"MARK another password"}})
	for _, at := range []string{"/choose-password?t=MARKlinktoken", "/search?q=MARKquery", "/tickets/1", "/messages/1/raw", "/attachments/MARKuid", "/nothing/MARKpath", "/metrics", "/readyz"} {
		if res, err := r.client.Get(r.site + at); err == nil {
			res.Body.Close()
		}
	}
	send("/tickets/1/note", url.Values{"text": {"MARKnote"}})
	send("/settings/alarms/test", url.Values{"route": {"webhook"}})
	eventually(t, time.Minute, "the other mailbox is refused", func() bool { return strings.Contains(r.err.String(), "mailbox=other") })
	r.end()
	log := r.err.String()
	for _, said := range []string{"mail decided", "msg=request", "route=/choose-password", "level=DEBUG"} {
		if !strings.Contains(log, said) {
			t.Errorf("the log does not say %q: the test looks at too little", said)
		}
	}
	for _, line := range strings.Split(log, "\n") {
		if strings.Contains(line, "MARK") || strings.Contains(line, code) {
			t.Errorf("the log tells %s", line)
		}
		for _, s := range secrets {
			if strings.Contains(line, s[1]) {
				t.Errorf("the log tells a password: %s", line)
			}
		}
	}
}

func portOf(t *testing.T, hub *demo.Hub) string {
	t.Helper()
	_, port, _ := strings.Cut(hub.IMAPAddr().String(), ":")
	return port
}
