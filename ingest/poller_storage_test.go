package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func (r *rig) exec(query string) {
	r.t.Helper()
	err := r.db.Tx(context.Background(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(context.Background(), query)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// The disk is full: nothing is lost, the page says so, and it goes on by
// itself once there is room.
func TestDiskFull(t *testing.T) {
	s, cfg := dovecot(t, imaptest.Options{})
	r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
	var pages int
	if err := r.db.Get(t.Context(), &pages, `PRAGMA page_count`); err != nil {
		t.Fatal(err)
	}
	r.exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+20))
	for n := range 300 {
		deliver(t, s, append(note(n), bytes.Repeat([]byte("filling line\r\n"), 300)...))
	}
	r.start()
	until(t, "the log says so", func() bool { return strings.Contains(r.log.String(), "The disk is full") })
	if in, out := inFolder(t, s, "INBOX"), inFolder(t, s, "Processed"); in+out != 300 {
		t.Fatalf("%d in INBOX, %d in Processed", in, out)
	}
	r.exec(`PRAGMA max_page_count = 1000000`)
	until(t, "300 tickets", func() bool { return r.tickets() == 300 })
	until(t, "300 moved", func() bool { return inFolder(t, s, "Processed") == 300 })
	until(t, "the page is clean", func() bool { return r.mailbox().LastError == "" })
	if n := r.count("fate <> 'new'"); n != 0 {
		t.Fatalf("%d mails were hurt", n)
	}
}

// Large mail has no place: other mail goes on, and nothing of it is lost.
func TestNoPlaceForLargeMail(t *testing.T) {
	f := newFake(t)
	f.add(append(note(1), bytes.Repeat([]byte("0123456789abcdef\r\n"), 40_000)...))
	f.add(note(2))
	db := dbtest.Open(t, migrations.SQLite)
	r := newRig(t, db, f.config())
	wall := filepath.Join(db.Dir, "blobs")
	if err := os.WriteFile(wall, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	until(t, "the page says so", func() bool { return strings.Contains(r.mailbox().LastError, "could not be stored") })
	until(t, "the other mail", func() bool { return r.tickets() == 1 && f.count("Processed") == 1 })
	if f.count("INBOX") != 1 {
		t.Fatal("the mail is gone")
	}
	if err := os.Remove(wall); err != nil {
		t.Fatal(err)
	}
	until(t, "both", func() bool { return r.tickets() == 2 && r.mailbox().LastError == "" })
}

// The database goes away in the middle of the work.
func TestDatabaseConnectionsDropped(t *testing.T) {
	s, cfg := dovecot(t, imaptest.Options{})
	r := newRig(t, dbtest.Open(t, migrations.Postgres), cfg)
	r.tune = func(p *Poller) { p.times.workEvery, p.work.times.workEvery = 10*time.Millisecond, 10*time.Millisecond }
	const mails = 600
	for n := range mails {
		deliver(t, s, note(n))
	}
	r.start()
	for cut := 1; cut <= 5; cut++ {
		until(t, "some progress", func() bool {
			n, err := r.done()
			return err == nil && n >= cut*60
		})
		// Every connection but this one.
		var n int
		_ = r.db.Get(t.Context(), &n, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	until(t, "all decided", func() bool { n, err := r.done(); return err == nil && n == mails })
	until(t, "all moved", func() bool { return r.count("moved_at IS NOT NULL") == mails })
	if r.tickets() != mails || r.count("fate = 'new'") != mails || inFolder(t, s, "Processed") != mails {
		t.Fatalf("%d tickets, %d new, %d moved", r.tickets(), r.count("fate = 'new'"), inFolder(t, s, "Processed"))
	}
}

func (r *rig) done() (n int, err error) {
	err = r.db.Get(context.Background(), &n, `SELECT count(*) FROM inbox WHERE state = 'done'`)
	return n, err
}

// A mail of 60 MB comes by IMAP among small ones, in little memory.
func TestLargeMailInLittleMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // as helpdeskd runs
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s, cfg := dovecot(t, imaptest.Options{})
		line := []byte(strings.Repeat("0123456789abcdef", 4) + "\r\n")
		big, err := io.ReadAll(io.MultiReader(bytes.NewReader(note(0)), &repeat{line: line, left: 60 << 20, at: func() {}}))
		if err != nil {
			t.Fatal(err)
		}
		size := len(big)
		digest := tracker.Digest(big)
		deliver(t, s, big)
		big = nil
		for n := 1; n < 200; n++ {
			deliver(t, s, note(n))
		}
		r := newRig(t, db, cfg)
		r.tune = func(p *Poller) {
			p.times.silence = time.Minute
			p.work.parse = func(raw []byte) tracker.Inbound {
				in := parseSimply(raw[:min(len(raw), 1000)])
				in.Digest, in.Size = tracker.Digest(raw), int64(len(raw))
				return in
			}
		}
		runtime.GC() // lest the mail itself count
		before, peak := heap(), uint64(0)
		ctx, cancel := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() {
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				peak = max(peak, heap())
				<-tick.C
			}
		})
		r.start()
		until(t, "200 tickets", func() bool { return r.tickets() == 200 })
		until(t, "200 moved", func() bool { return inFolder(t, s, "Processed") == 200 })
		cancel()
		watching.Wait()
		if r.count("size = ? AND digest = ?", size, digest) != 1 {
			t.Fatal("it was not kept whole")
		}
		if peak > before+40<<20 {
			t.Fatalf("the heap grew by %d MB", (peak-before)>>20)
		}
		t.Logf("the heap grew by %d MB", (max(peak, before)-before)>>20)
	})
}
