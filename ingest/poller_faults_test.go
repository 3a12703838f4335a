package ingest

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// faulty runs a poller against a fake until all mail became tickets, each
// exactly once, and was moved.
func faulty(t *testing.T, mails int, arrange func(f *fake), tune func(p *Poller)) (*rig, *fake) {
	t.Helper()
	f := newFake(t)
	for n := range mails {
		f.add(note(n))
	}
	if arrange != nil {
		arrange(f)
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.tune = tune
	r.start()
	until(t, fmt.Sprintf("%d tickets", mails), func() bool { return r.tickets() == mails })
	until(t, "all moved", func() bool { return f.count("INBOX") == 0 && f.count("Processed") == mails })
	until(t, "all marked", func() bool { return r.count("moved_at IS NULL") == 0 })
	if n := r.count("fate <> 'new' OR state <> 'done'"); n != 0 {
		t.Fatalf("%d rows are not plain new tickets", n)
	}
	for n := range mails { // to the last byte
		if r.count("digest = ?", tracker.Digest(note(n))) != 1 {
			t.Fatalf("mail %d is not kept as it was", n)
		}
	}
	return r, f
}

func TestPlainFake(t *testing.T) { faulty(t, 450, nil, nil) }

func TestUIDAfterTheBody(t *testing.T) {
	faulty(t, 30, func(f *fake) {
		f.item = func(c *fakeConn, seq int, m fakeMail) {
			c.say(`* %d FETCH (FLAGS (\Seen) BODY[] {%d}`+"\r\n%s UID %d INTERNALDATE \"%s\")", seq, len(m.raw), m.raw, m.uid, m.at.Format("_2-Jan-2006 15:04:05 -0700"))
		}
	}, nil)
}

func TestLargeBodyWithLateUID(t *testing.T) {
	big := append(note(1), bytes.Repeat([]byte("0123456789abcdef\r\n"), 60_000)...)
	f := newFake(t)
	f.add(big)
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		c.say(`* %d FETCH (BODY[] {%d}`+"\r\n%s UID %d)", seq, len(m.raw), m.raw, m.uid)
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
	if r.count("size = ?", len(big)) != 1 {
		t.Fatal("it was not kept whole")
	}
}

func TestFlagsOfTheSameMessageBeforeItsBody(t *testing.T) {
	faulty(t, 30, func(f *fake) {
		f.item = func(c *fakeConn, seq int, m fakeMail) {
			c.say(`* %d FETCH (UID %d FLAGS (\Recent))`, seq, m.uid)
			fakeItem(c, seq, m)
		}
	}, nil)
}

func TestConnectionDroppedWithinABody(t *testing.T) {
	var drops atomic.Int32
	faulty(t, 300, func(f *fake) {
		f.item = func(c *fakeConn, seq int, m fakeMail) {
			if m.uid%97 == 0 && drops.Add(1) <= 4 {
				fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n%s", seq, m.uid, len(m.raw), m.raw[:len(m.raw)/2])
				c.Close()
				return
			}
			fakeItem(c, seq, m)
		}
	}, nil)
	if drops.Load() < 4 {
		t.Fatalf("only %d drops", drops.Load())
	}
}

func TestLargeBodyCutOffIsNeverStored(t *testing.T) {
	big := append(note(1), bytes.Repeat([]byte("0123456789abcdef\r\n"), 40_000)...)
	var drops atomic.Int32
	f := newFake(t)
	f.add(big)
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		if drops.Add(1) <= 2 {
			fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n%s", seq, m.uid, len(m.raw), m.raw[:400_000])
			c.Close()
			return
		}
		fakeItem(c, seq, m)
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "a ticket", func() bool { return r.tickets() == 1 })
	var n int
	if err := r.db.Get(t.Context(), &n, `SELECT count(*) FROM blob WHERE size <> ?`, len(big)); err != nil || n != 0 {
		t.Fatalf("%d pieces were stored, %v", n, err)
	}
}

func TestServerFallsSilentWithinFetch(t *testing.T) {
	var hangs atomic.Int32
	faulty(t, 20, func(f *fake) {
		f.item = func(c *fakeConn, seq int, m fakeMail) {
			if m.uid == 7 && hangs.Add(1) == 1 {
				fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\nhalf", seq, m.uid, len(m.raw))
				c.f.mu.Unlock()
				c.r.ReadString('\n') // until the client hangs up
				c.f.mu.Lock()
				return
			}
			fakeItem(c, seq, m)
		}
	}, func(p *Poller) { p.times.silence = 200 * time.Millisecond })
}

func TestServerDrips(t *testing.T) {
	var drips atomic.Int32
	faulty(t, 3, func(f *fake) {
		f.item = func(c *fakeConn, seq int, m fakeMail) {
			if m.uid != 2 || drips.Add(1) > 1 {
				fakeItem(c, seq, m)
				return
			}
			fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n", seq, m.uid, 10_000)
			c.f.mu.Unlock()
			defer c.f.mu.Lock()
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range 5_000 {
				<-tick.C
				if _, err := c.Write([]byte("x")); err != nil {
					return // it hung up
				}
			}
		}
	}, func(p *Poller) { p.times.silence = 30 * time.Millisecond })
}

func TestMessageThatBreaksTheConnectionDoesNotStopTheQueue(t *testing.T) {
	f := newFake(t)
	for n := range 20 {
		f.add(note(n))
	}
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		if m.uid == 5 {
			c.say("* %d FETCH (UID 5 NONSENSE {3", seq)
			c.Close()
			return
		}
		fakeItem(c, seq, m)
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "the other 19", func() bool { return r.tickets() == 19 && f.count("Processed") == 19 })
	if f.count("INBOX") != 1 {
		t.Fatal("the bad one is gone")
	}
	f.mu.Lock()
	f.item = nil
	f.mu.Unlock()
	until(t, "it came after all", func() bool { return r.tickets() == 20 })
}

func TestMessageThatIsNotReadyYet(t *testing.T) {
	var asked atomic.Int32
	faulty(t, 10, func(f *fake) {
		f.item = func(c *fakeConn, seq int, m fakeMail) {
			if m.uid == 10 && asked.Add(1) <= 5 {
				c.say("* %d FETCH (UID %d FLAGS () BODY[] NIL)", seq, m.uid)
				return
			}
			fakeItem(c, seq, m)
		}
	}, nil)
}

func TestFetchRefusedForOneMessage(t *testing.T) {
	f := newFake(t)
	for n := range 10 {
		f.add(note(n))
	}
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		set := strings.Fields(cmd)
		if !strings.HasPrefix(cmd, "UID FETCH") || !inSet(set[2], 4) {
			return false
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		for i, m := range f.folders["INBOX"] {
			if m.uid != 4 && inSet(set[2], m.uid) {
				f.write(c, i+1, m, true)
			}
		}
		c.say("%s NO Some messages could not be read", tag)
		return true
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "the other 9", func() bool { return r.tickets() == 9 && f.count("Processed") == 9 })
	until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, "UID 4") })
}

func TestVanishedMeanwhile(t *testing.T) {
	f := newFake(t)
	for n := range 10 {
		f.add(note(n))
	}
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		if m.uid != 3 {
			fakeItem(c, seq, m)
		}
	}
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID FETCH") {
			f.mu.Lock()
			defer f.mu.Unlock()
			for i, m := range f.folders["INBOX"] {
				if m.uid == 3 {
					f.folders["INBOX"] = append(f.folders["INBOX"][:i:i], f.folders["INBOX"][i+1:]...)
					break
				}
			}
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "9 moved", func() bool { return r.tickets() == 9 && f.count("Processed") == 9 && f.count("INBOX") == 0 })
	until(t, "no trouble", func() bool { m := r.mailbox(); return m.LastOKAt != nil && m.LastError == "" })
	if strings.Contains(r.log.String(), "no body yet") {
		t.Fatal("it asked again for what is gone")
	}
}

func TestPlaceholderIsAskedForAgain(t *testing.T) {
	real := note(1)
	holder := []byte("From: \"Microsoft Exchange Server\" <>\r\nSubject: Retrieval using the IMAP4 protocol failed for the following message: 1\r\n\r\nThe server couldn't retrieve the following message\r\n")
	var asked atomic.Int32
	f := newFake(t)
	f.add(real)
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		if asked.Add(1) <= 2 {
			m.raw = holder
		}
		fakeItem(c, seq, m)
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "the real mail", func() bool { return r.tickets() == 1 })
	if n := r.count("TRUE"); n != 1 {
		t.Fatalf("%d rows", n)
	}
}

func TestPlaceholderForGoodIsKept(t *testing.T) {
	f := newFake(t)
	f.add([]byte("From: \"Microsoft Exchange Server\" <>\r\nSubject: Retrieval using the IMAP4 protocol failed for the following message: 1\r\n\r\nThe server couldn't retrieve the following message\r\n"))
	f.add(note(2))
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	r.start()
	until(t, "the other mail", func() bool { return r.tickets() == 1 })
	until(t, "quarantine", func() bool { return r.count("fate = 'quarantine'") == 1 })
}

func TestThrottledThenBye(t *testing.T) {
	var n atomic.Int32
	r, f := faulty(t, 5, func(f *fake) {
		f.quirk = func(c *fakeConn, tag, cmd string) bool {
			if strings.HasPrefix(cmd, "SELECT") && n.Add(1) == 1 {
				c.say("%s BAD Request is throttled. Suggested Backoff Time: 300 milliseconds", tag)
				c.say("* BYE Session invalidated")
				c.Close()
				return true
			}
			return false
		}
	}, nil)
	if f.logins != 2 {
		t.Fatalf("%d logins", f.logins)
	}
	if !strings.Contains(r.log.String(), "left alone for a while") {
		t.Fatal("the log does not say that it was throttled")
	}
}

// After a BYE every answer looks empty. Nothing may be concluded from it.
func TestByeThenOKIsNotAnEmptyFolder(t *testing.T) {
	f := newFake(t)
	for n := range 5 {
		f.add(note(n))
	}
	var byes atomic.Int32
	// The first poller keeps, but can not move.
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID MOVE") {
			c.Close()
			return true
		}
		return false
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	stop := r.start()
	until(t, "5 tickets", func() bool { return r.tickets() == 5 })
	stop()
	f.mu.Lock()
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		if strings.HasPrefix(cmd, "UID SEARCH") && !strings.Contains(cmd, ":*") && byes.Add(1) <= 3 {
			c.say("* BYE shutting down")
			c.say("%s OK search completed", tag)
			c.Close()
			return true
		}
		return false
	}
	f.mu.Unlock()
	r.start()
	until(t, "all moved", func() bool { return f.count("Processed") == 5 && f.count("INBOX") == 0 })
	until(t, "all marked", func() bool { return r.count("moved_at IS NULL") == 0 })
	if byes.Load() < 3 {
		t.Fatal("it never asked what is still there")
	}
}

// A torn message's command is abandoned; nothing of it may stay behind.
func TestBrokenConnectionsLeaveNothingBehind(t *testing.T) {
	f := newFake(t)
	f.add(note(1))
	var torn atomic.Int32
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		torn.Add(1)
		fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n%s", seq, m.uid, len(m.raw), m.raw[:40])
		c.Close()
	}
	r := newRig(t, dbtest.Open(t, migrations.SQLite), f.config())
	before := runtime.NumGoroutine()
	stop := r.start()
	until(t, "many torn messages", func() bool { return torn.Load() > 25 })
	stop()
	until(t, "every goroutine has ended", func() bool { return runtime.NumGoroutine() <= before })
}
