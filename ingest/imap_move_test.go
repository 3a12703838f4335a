package ingest

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// Poorer and odder Dovecots: each must end with every mail in the processed
// folder, once, and (but for one) nothing left in the inbox.
func TestMovingOnPoorServers(t *testing.T) {
	for name, c := range map[string]struct {
		o         imaptest.Options
		processed string
		onDisk    string
		left      int // of 120, marked as deleted
	}{
		"no MOVE":            {o: imaptest.Options{Capability: "IMAP4rev1 SASL-IR IDLE LITERAL+ UIDPLUS NAMESPACE"}},
		"no MOVE no UIDPLUS": {o: imaptest.Options{Capability: "IMAP4rev1 IDLE"}, left: 120},
		"no IDLE":            {o: imaptest.Options{Capability: "IMAP4rev1 UIDPLUS MOVE"}},
		"prefix":             {o: imaptest.Options{Prefix: "INBOX."}},
		"nested":             {processed: "Helpdesk/Done", onDisk: "Helpdesk.Done"},
		"not ASCII":          {processed: "Erledigt für Büro", onDisk: "Erledigt f&APw-r B&APw-ro"},
	} {
		t.Run(name, func(t *testing.T) {
			s, cfg := dovecot(t, c.o)
			cfg.Processed = c.processed
			if c.onDisk == "" {
				c.onDisk = "Processed"
			}
			r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
			for n := range 120 {
				deliver(t, s, note(n))
			}
			r.start()
			until(t, "120 tickets", func() bool { return r.tickets() == 120 })
			until(t, "120 marked", func() bool { return r.count("moved_at IS NOT NULL") == 120 })
			if n := inFolder(t, s, c.onDisk); n != 120 {
				names, _ := s.Folders(deskUser)
				t.Fatalf("%d in the processed folder; folders %q", n, names)
			}
			left, err := s.Messages(deskUser, "INBOX")
			if err != nil || len(left) != c.left {
				t.Fatalf("%d left, %v", len(left), err)
			}
			for _, m := range left {
				if !strings.Contains(m.Flags, "T") {
					t.Fatalf("%s is left unmarked", m.Path)
				}
			}
		})
	}
}

// go-imap's own Move deletes mail that could not be copied.
func TestRefusedCopyDeletesNothing(t *testing.T) {
	f := newFake(t)
	f.caps = "IMAP4rev1 AUTH=PLAIN UIDPLUS"
	for n := range 5 {
		f.add(note(n))
	}
	var refuse atomic.Bool
	refuse.Store(true)
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID COPY") && refuse.Load() {
			c.say("%s NO [OVERQUOTA] mailbox is full", tag)
			return true
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "5 tickets all the same", func() bool { return r.tickets() == 5 })
	until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, "mailbox is full") })
	f.add(note(6))
	until(t, "mail is still taken", func() bool { return r.tickets() == 6 })
	if f.count("INBOX") != 6 || f.said("STORE|EXPUNGE") != 0 {
		t.Fatalf("%d left in the inbox", f.count("INBOX"))
	}
	refuse.Store(false)
	until(t, "all moved", func() bool { return f.count("INBOX") == 0 && f.count("Processed") == 6 })
	until(t, "the page is clean", func() bool { return r.mailbox().LastError == "" })
}

func TestCrashBetweenCopyAndExpungeCopiesOnce(t *testing.T) {
	f := newFake(t)
	f.caps = "IMAP4rev1 AUTH=PLAIN UIDPLUS"
	for n := range 5 {
		f.add(note(n))
	}
	var dropped atomic.Bool
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID EXPUNGE") && dropped.CompareAndSwap(false, true) {
			c.Close()
			return true
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "all moved", func() bool { return f.count("INBOX") == 0 && r.count("moved_at IS NOT NULL") == 5 })
	until(t, "5 tickets", func() bool { return r.tickets() == 5 })
	if f.count("Processed") != 5 {
		t.Fatalf("%d in Processed", f.count("Processed"))
	}
}

// Exchange offers MOVE only after the login, and does not say so there.
func TestMoveIsOfferedAfterLogin(t *testing.T) {
	f := newFake(t)
	f.before = "IMAP4rev1 AUTH=PLAIN SASL-IR"
	cfg := f.config().withDefaults()
	for range 2000 { // go-imap is late by microseconds only
		s, err := openSession(t.Context(), cfg, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := s.caps.Has(imap.CapMove), s.c.Caps().Has(imap.CapMove)
		s.close()
		if !ours || !theirs {
			t.Fatalf("we know of MOVE: %v, go-imap does: %v", ours, theirs)
		}
	}
}

// The program is stopped in the middle of copying: it finishes the move.
func TestStoppedWhileMoving(t *testing.T) {
	f := newFake(t)
	f.caps = "IMAP4rev1 AUTH=PLAIN UIDPLUS"
	for n := range 5 {
		f.add(note(n))
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID COPY") {
			cancel()
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.poller().Run(ctx)
	if f.count("INBOX") != 0 || f.count("Processed") != 5 || r.count("moved_at IS NOT NULL") != 5 {
		t.Fatalf("%d in INBOX, %d in Processed, %d marked", f.count("INBOX"), f.count("Processed"), r.count("moved_at IS NOT NULL"))
	}
	r.start()
	until(t, "5 tickets", func() bool { return r.tickets() == 5 })
	if f.count("Processed") != 5 {
		t.Fatalf("%d in Processed", f.count("Processed"))
	}
}

func TestProcessedFolderDeletedMeanwhile(t *testing.T) {
	f := newFake(t)
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	f.add(note(1))
	until(t, "moved", func() bool { return f.count("Processed") == 1 })
	f.mu.Lock()
	delete(f.folders, "Processed")
	f.mu.Unlock()
	f.add(note(2))
	until(t, "made again", func() bool { return f.count("Processed") == 1 && f.count("INBOX") == 0 })
}

func TestFolderThatCannotBeMade(t *testing.T) {
	f := newFake(t)
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "CREATE") {
			c.say("%s NO [NOPERM] not here", tag)
			return true
		}
		return false
	}
	f.add(note(1))
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
	until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, "The folder Processed") })
	if f.count("INBOX") != 1 {
		t.Fatal("the mail is gone")
	}
}

// The demo's mail server is this one.
func TestInMemoryServer(t *testing.T) {
	for _, move := range []bool{false, true} {
		t.Run(fmt.Sprintf("move %v", move), func(t *testing.T) {
			mem := imapmemserver.New()
			user := imapmemserver.NewUser(deskUser, deskPass)
			if err := user.Create("INBOX", nil); err != nil {
				t.Fatal(err)
			}
			mem.AddUser(user)
			caps := imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}
			if move {
				caps[imap.CapMove] = struct{}{}
			}
			srv := imapserver.New(&imapserver.Options{
				NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
					return mem.NewSession(), nil, nil
				},
				Caps: caps, InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
			})
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go srv.Serve(ln)
			t.Cleanup(func() { srv.Close() })
			r := newRig(t, dbtest.Open(t, migrations.SQLite), MailboxConfig{Name: "desk", Address: deskUser, Password: deskPass,
				Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: SecurityPlain, Begin: "everything"})
			r.start()
			for n := range 60 {
				raw := note(n)
				if _, err := user.Append("INBOX", literalBytes{strings.NewReader(string(raw))}, &imap.AppendOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "60 tickets", func() bool { return r.tickets() == 60 })
			until(t, "60 moved", func() bool { return r.count("moved_at IS NOT NULL") == 60 })
			for folder, want := range map[string]uint32{"INBOX": 0, "Processed": 60} {
				st, err := user.Status(folder, &imap.StatusOptions{NumMessages: true})
				if err != nil || *st.NumMessages != want {
					t.Fatalf("%s has %v, %v", folder, st, err)
				}
			}
		})
	}
}

type literalBytes struct{ *strings.Reader }
