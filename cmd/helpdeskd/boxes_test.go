package main

import (
	"context"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/seal"
)

// What keeps a mailbox from being run may pass without anybody touching it: a
// full disk, a database that was away for a moment.
func TestAMailboxThatCouldNotBeRunIsTriedAgain(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	key, err := seal.New([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	store := tracker.New(dbtest.Open(t, migrations.SQLite), tracker.Options{Key: key})
	conf := &config.Config{DataDir: t.TempDir()}
	d, err := newDesk(ctx, conf, store, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(appCertificate(t, time.Now().Add(time.Hour))))
	if block == nil || block.Type != "CERTIFICATE" {
		t.Fatalf("no certificate: %+v", block)
	}
	server := tracker.ConnectionServer{Host: "127.0.0.1", Port: 1, Security: "tls", Auth: "plain"}
	made, err := store.AddConnection(ctx, tracker.Actor{}, tracker.Connection{Name: "desk", Address: "desk@aster.example", Secrets: tracker.ConnectionSecrets{Password: "pink elephants"},
		ConnectionSettings: tracker.ConnectionSettings{Kind: tracker.KindOtherServer, Grant: tracker.GrantNone, IMAP: server, SMTP: server, CA: string(pem.EncodeToMemory(block))}})
	if err != nil {
		t.Fatal(err)
	}
	inTheWay := filepath.Join(conf.DataDir, "ca")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.EnableConnection(ctx, tracker.Actor{}, made.ID, true, tracker.AnyVersion); err != nil {
		t.Fatal(err)
	}
	d.boxes.retry = 20 * time.Millisecond
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.boxes.run(ctx)
	}()
	defer func() { stop(); <-over }()
	until := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s does not come", what)
			}
		}
	}
	var box tracker.Mailbox
	until("what is wrong", func() bool {
		all, err := store.Mailboxes(ctx)
		if err == nil && len(all) == 1 {
			box = all[0]
		}
		return box.LastError != ""
	})
	if d.boxes.runs(box.ID) {
		t.Fatal("it runs without its authority")
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	until("its next try", func() bool { return d.boxes.runs(box.ID) })
}
