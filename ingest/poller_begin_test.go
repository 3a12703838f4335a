package ingest

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// Where reading begins: four mails of different days lie there, a fifth comes.
func TestWhereReadingBegins(t *testing.T) {
	for begin, c := range map[string]struct{ before, after int }{
		"now":        {0, 1},
		"everything": {4, 5},
		"2026-03-01": {2, 3},
	} {
		t.Run(begin, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
				s, cfg := dovecot(t, imaptest.Options{})
				cfg.Begin = begin
				for i, day := range []string{"2025-12-24T08:00:00Z", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z"} {
					at, _ := time.Parse(time.RFC3339, day)
					if err := s.Deliver(deskUser, "INBOX", note(i), at); err != nil {
						t.Fatal(err)
					}
				}
				r := newRig(t, db, cfg)
				stop := r.start()
				until(t, "the first look", func() bool { return r.mailbox().LastOKAt != nil })
				until(t, "what lay there", func() bool { return r.tickets() == c.before })
				deliver(t, s, note(5))
				until(t, "what came", func() bool { return r.tickets() == c.after })
				stop()
				r.start() // and nothing more at the next start
				deliver(t, s, note(6))
				until(t, "what came later", func() bool { return r.tickets() == c.after+1 })
				until(t, "the others are left", func() bool {
					return inFolder(t, s, "INBOX") == 4-c.before && inFolder(t, s, "Processed") == c.after+1
				})
			})
		})
	}
}

// A mailbox is configured while its server is away; mail that comes meanwhile
// is ours, for "from now on" means from when it was asked for.
func TestNowIsWhenItWasConfigured(t *testing.T) {
	s, cfg := dovecot(t, imaptest.Options{})
	cfg.Begin = "now"
	if err := s.Deliver(deskUser, "INBOX", note(1), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
	if err := s.Deliver(deskUser, "INBOX", note(2), time.Now().Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	r.start()
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
	until(t, "one left", func() bool { return inFolder(t, s, "INBOX") == 1 && inFolder(t, s, "Processed") == 1 })
}

// A server is rebuilt: the folder has a new UIDVALIDITY and every UID means
// something else. Nothing is lost, nothing doubled, old mail stays alone.
func TestServerRebuilt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s, cfg := dovecot(t, imaptest.Options{})
		cfg.LeaveInPlace, cfg.Begin = true, "now"
		if err := s.Deliver(deskUser, "INBOX", note(0), time.Now().Add(-48*time.Hour)); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, db, cfg)
		r.start()
		until(t, "the first look", func() bool { return r.mailbox().LastOKAt != nil })
		for n := 1; n <= 3; n++ {
			if err := s.Deliver(deskUser, "INBOX", note(n), time.Now().Add(2*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "3 tickets", func() bool { return r.tickets() == 3 })
		was := r.mailbox().UIDValidity
		s.Stop()
		if err := s.Renumber(deskUser, "INBOX"); err != nil {
			t.Fatal(err)
		}
		deliver(t, s, note(4))
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "the fourth", func() bool { return r.tickets() == 4 })
		until(t, "the others are known", func() bool { return r.count("fate = 'duplicate'") == 3 })
		until(t, "the new UIDVALIDITY is recorded", func() bool { return r.mailbox().UIDValidity != was })
		all, err := s.Messages(deskUser, "INBOX")
		if err != nil || len(all) != 5 {
			t.Fatalf("%d in the inbox, %v", len(all), err)
		}
		for _, m := range all {
			if strings.Trim(m.Flags, "ab") != "" {
				t.Fatalf("flags %q were set on %s", m.Flags, m.Path)
			}
		}
	})
}

func TestSeveralMailboxes(t *testing.T) {
	s, cfg := dovecot(t, imaptest.Options{Users: []imaptest.User{{Name: "it@aldermere.example", Password: "p2"}}})
	db := dbtest.Open(t, migrations.SQLite)
	r := newRig(t, db, cfg)
	cfg.Name, cfg.Address, cfg.Password = "it", "it@aldermere.example", "p2"
	r2 := newRig(t, db, cfg)
	r2.store = r.store
	r.start()
	r2.start()
	for n := range 20 {
		deliver(t, s, note(n))
		if err := s.Deliver("it@aldermere.example", "INBOX", note(100+n), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "20 each", func() bool {
		return r.count("mailbox_id = ? AND state = 'done'", r.box.ID) == 20 && r.count("mailbox_id = ? AND state = 'done'", r2.box.ID) == 20
	})
}
