//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/ingest/imaptest"
)

// TestCheckSendsAMailThatArrives runs `helpdeskd check --send` beside a
// running helpdeskd, on a real Dovecot: the test mail of one mailbox becomes a
// ticket that is dropped again, that of one in shadow mode is seen only. Then
// it judges the headers of a forged mail by file.
func TestCheckSendsAMailThatArrives(t *testing.T) {
	t.Parallel()
	box := imaptest.New(t, imaptest.Options{Users: []imaptest.User{{Name: "help", Password: helpSecret}, {Name: "looks", Password: helpSecret}}})
	sink, err := checker.NewSink()
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	sink.Refuse(func(_ string, to []string, data []byte) error {
		user, _, _ := strings.Cut(to[0], "@")
		return box.Deliver(user, "INBOX", data, time.Now())
	})
	_, port, _ := net.SplitHostPort(sink.Addr)
	dir := t.TempDir()
	text := fmt.Sprintf("listen = \"127.0.0.1:0\"\ndata_dir = %q\n", dir)
	for _, name := range []string{"help", "looks"} {
		text += fmt.Sprintf("[[mailbox]]\nname = %q\naddress = \"%s@aldermere.example\"\npoll = \"5s\"\nshadow = %v\n", name, name, name == "looks") +
			fmt.Sprintf("[mailbox.imap]\nhost = \"localhost\"\nport = %d\nsecurity = \"tls\"\nca_file = %q\nusername = %q\npassword = %q\n", box.TLSPort, box.CAFile, name, helpSecret) +
			fmt.Sprintf("[mailbox.smtp]\nhost = \"127.0.0.1\"\nport = %s\nsecurity = \"plain\"\nauth = \"none\"\n", port)
	}
	path := filepath.Join(dir, "helpdeskd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := program(t, "", nil, "--config", path, "check", "--send"); r.code != 0 || !strings.Contains(r.out, "the next start makes it") {
		t.Errorf("before the first start: %+v", r)
	}
	start(t, nil, "--config", path, "serve")
	r := program(t, "", nil, "--config", path, "check", "--send")
	if r.code != 0 || r.err != "" {
		t.Errorf("%+v", r)
	}
	for _, want := range []string{"ok    help, test mail, accepted: ", "ok    help, test mail, arrived: it became HD-1, which is dropped again",
		"ok    looks, test mail, accepted: ", "ok    looks, test mail, arrived: shadow mode: it would open a ticket"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is missing in\n%s", want, r.out)
		}
	}
	if n, err := box.Count("looks", "INBOX"); err != nil || n != 1 {
		t.Errorf("%d mails lie where shadow mode left them, %v", n, err)
	}
	for _, m := range sink.All() {
		if !slices.Equal(m.To, []string{"help@aldermere.example"}) && !slices.Equal(m.To, []string{"looks@aldermere.example"}) {
			t.Errorf("a test told %v", m.To)
		}
	}

	forged := program(t, "", nil, "--config", path, "check", "--forge", "me@outside.example", "--forge-as", "mx.aldermere.example")
	if forged.code != 0 || !strings.HasPrefix(forged.out, "X-MS-Exchange-Organization-AuthAs: Internal\r\n") {
		t.Fatalf("%+v", forged)
	}
	head, rest, _ := strings.Cut(forged.out, "Authentication-Results:")
	_, rest, _ = strings.Cut(rest, "\r\n")
	stripped := strings.Replace(head+rest, "X-MS-Exchange-Organization-AuthAs: Internal\r\n", "", 1)
	const stamp = "Authentication-Results: mx.aldermere.example; dmarc=pass header.from=outside.example\r\n"
	for _, row := range []struct {
		mail, want string
		code       int
	}{
		{forged.out, "dangerous: the forged", 1},
		{stamp + stripped, "ok    verdict: forged headers were taken away", 0},
		{stripped, "the server says nothing about senders itself", 1},
	} {
		file := filepath.Join(dir, "saved.eml")
		if err := os.WriteFile(file, []byte(row.mail), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := program(t, "", nil, "--config", path, "check", "--headers", file); r.code != row.code || !strings.Contains(r.out, row.want) {
			t.Errorf("want %q: %+v", row.want, r)
		}
	}
}
