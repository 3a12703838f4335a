package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/tracker/oauth/oauthtest"
)

// TestConnectByDeviceCode signs a mailbox of the configuration file in on the
// console: the grant is stored sealed, used by a new start, and forgotten.
func TestConnectByDeviceCode(t *testing.T) {
	id := oauthtest.New(t)
	id.Allow, id.Interval = "yes", 1
	dir := t.TempDir()
	file := filepath.Join(dir, "helpdeskd.toml")
	text := fmt.Sprintf(`data_dir = %q
[[mailbox]]
name = "desk"
address = "helpdesk@acme.example"
[mailbox.imap]
host = "imap.acme.example"
auth = "xoauth2"
[mailbox.smtp]
transport = "graph"
[mailbox.oauth]
flow = "device"
token_url = %q
client_id = %q
`, dir, id.TokenURL(), oauthtest.ClientID)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	helpdeskd := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := execute(t.Context(), append([]string{"--config", file}, args...), console{in: &bytes.Buffer{}, out: &out, err: &out})
		return code, out.String()
	}
	code, said := helpdeskd("connect", "desk")
	if code != 0 || !strings.Contains(said, "ABCD-EFGH") || !strings.Contains(said, "https://microsoft.example/devicelogin") || !strings.Contains(said, "signed in as helpdesk@acme.example") {
		t.Fatalf("%d: %s", code, said)
	}
	s := &session{console: console{err: &bytes.Buffer{}}, ctx: t.Context(), configFlag: file}
	store, done, err := s.store()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	conf, err := s.configuration()
	if err != nil {
		t.Fatal(err)
	}
	a, err := accountOf(conf.Mailboxes[0], store.Grants("desk"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := a.Mail().Token(t.Context()); err != nil {
		t.Fatal(err)
	} else if scope, ok := id.Good(token); !ok || !strings.Contains(scope, "IMAP.AccessAsUser.All") || !strings.Contains(scope, "offline_access") {
		t.Fatalf("%q %v", scope, ok)
	}
	if token, err := a.Graph().Token(t.Context()); err != nil {
		t.Fatal(err)
	} else if scope, _ := id.Good(token); scope != "https://graph.microsoft.com/Mail.Send" {
		t.Fatalf("%q", scope)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "helpdeskd.db"))
	wal, _ := os.ReadFile(filepath.Join(dir, "helpdeskd.db-wal"))
	if err != nil || strings.Contains(string(raw)+string(wal), "REFRESH-") || strings.Contains(said, "REFRESH-") || strings.Contains(said, "DEVICE-") {
		t.Fatalf("a refresh token is readable (%v)", err)
	}
	if code, said := helpdeskd("connect", "desk", "--forget"); code != 0 || !strings.Contains(said, "is forgotten") {
		t.Fatalf("%d: %s", code, said)
	}
	id.Lock()
	id.Allow = "authorization_declined"
	id.Unlock()
	if code, said := helpdeskd("connect", "desk"); code != 1 || !strings.Contains(said, "was declined") {
		t.Fatalf("%d: %s", code, said)
	}
	if code, said := helpdeskd("connect", "other"); code != 1 || !strings.Contains(said, `no mailbox "other"`) {
		t.Fatalf("%d: %s", code, said)
	}
}
