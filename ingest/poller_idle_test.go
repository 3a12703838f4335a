package ingest

import (
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestExistsBeforeIdleIsAnswered(t *testing.T) {
	f := newFake(t)
	var idles atomic.Int32
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if cmd == "IDLE" && idles.Add(1) == 1 {
			f.add(note(1))
			c.say("* 1 EXISTS")
			c.say("+ idling")
			c.r.ReadString('\n')
			c.say("%s OK", tag)
			return true
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.tune = func(p *Poller) { p.cfg.Poll = time.Minute } // so that only the hint can tell
	r.start()
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
}

func TestSilentIdleIsOnlyAHint(t *testing.T) {
	f := newFake(t)
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "it idles", func() bool { return f.said("^IDLE$") > 0 })
	f.add(note(1)) // nothing is said of it
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
}

func TestIdleThatIsNeverAnswered(t *testing.T) {
	f := newFake(t)
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if cmd == "IDLE" {
			c.r.ReadString('\n')
			return true
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.tune = func(p *Poller) { p.times.silence = 100 * time.Millisecond }
	r.start()
	until(t, "it gives IDLE up", func() bool { return f.said("^IDLE$") == 2 })
	for n := range 3 {
		f.add(note(n))
		until(t, "a ticket", func() bool { return r.tickets() == n+1 })
	}
	if n := f.said("^IDLE$"); n != 2 || f.logins != 3 {
		t.Fatalf("it tried IDLE %d times, with %d logins", n, f.logins)
	}
}

func TestFolderNumberedAnew(t *testing.T) {
	f := newFake(t)
	for n := range 5 {
		f.add(note(n))
	}
	cfg := f.config()
	cfg.LeaveInPlace = true
	r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
	r.start()
	until(t, "5 tickets", func() bool { return r.tickets() == 5 })
	f.mu.Lock()
	f.validity, f.next = 8, 100
	for i := range f.folders["INBOX"] {
		f.folders["INBOX"][i].uid += 50
	}
	f.mu.Unlock()
	f.add(note(77))
	f.drop()
	until(t, "the new mail", func() bool { return r.tickets() == 6 })
	until(t, "the old ones are known", func() bool { return r.count("fate = 'duplicate'") == 5 })
	if f.said("^SELECT") != 0 || f.said("MOVE|STORE|COPY|EXPUNGE|CREATE") != 0 {
		t.Fatal("the mailbox was touched")
	}
}
