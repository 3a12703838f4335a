package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// handOver keeps mails as the ingest command would.
func (r *rig) handOver(raws ...[]byte) []int64 {
	r.t.Helper()
	var mails []tracker.RawMail
	for _, raw := range raws {
		mails = append(mails, tracker.RawMail{Data: raw, ReceivedAt: time.Now(), MailID: mailID(raw)})
	}
	ids, err := r.store.Keep(context.Background(), nil, r.box.ID, mails)
	if err != nil {
		r.t.Fatal(err)
	}
	return ids
}

func noServer() MailboxConfig { return MailboxConfig{Name: "desk", Address: deskUser} }

func TestMailThatPanicsCostsOnlyItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r := newRig(t, db, noServer())
		var mu sync.Mutex
		tries := 0
		r.tune = func(p *Poller) {
			p.work.parse = func(raw []byte) tracker.Inbound {
				if bytes.Contains(raw, []byte("printer 3")) {
					mu.Lock()
					tries++
					mu.Unlock()
					panic("boom")
				}
				return parseSimply(raw)
			}
		}
		var raws [][]byte
		for n := range 10 {
			raws = append(raws, note(n))
		}
		ids := r.handOver(raws...)
		r.start()
		until(t, "the others", func() bool { return r.tickets() == 9 })
		until(t, "quarantine", func() bool { return r.count("fate = 'quarantine' AND id = ?", ids[3]) == 1 })
		o, _, err := r.store.OutcomeOf(t.Context(), ids[3])
		if err != nil || !strings.Contains(o.Reason, "panicked: boom") || tries != 3 {
			t.Fatalf("%+v, %v, %d tries", o, err, tries)
		}
	})
}

func TestMailThatHangsCostsOnlyItself(t *testing.T) {
	r := newRig(t, dbtest.Open(t, migrations.SQLite), noServer())
	free := make(chan struct{})
	t.Cleanup(func() { close(free) })
	var mu sync.Mutex
	hung := 0
	r.tune = func(p *Poller) {
		p.work.times.parse = 50 * time.Millisecond
		p.work.parse = func(raw []byte) tracker.Inbound {
			if bytes.Contains(raw, []byte("printer 3")) {
				mu.Lock()
				hung++
				mu.Unlock()
				<-free
			}
			return parseSimply(raw)
		}
	}
	var raws [][]byte
	for n := range 10 {
		raws = append(raws, note(n))
	}
	ids := r.handOver(raws...)
	r.start()
	until(t, "the others", func() bool { return r.tickets() == 9 })
	until(t, "quarantine", func() bool { return r.count("fate = 'quarantine' AND id = ?", ids[3]) == 1 })
	if mu.Lock(); hung != 1 {
		t.Fatalf("%d parsers hang", hung)
	}
	mu.Unlock()
}

func TestOrderIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r := newRig(t, db, noServer())
		var raws [][]byte
		for n := range 220 {
			raws = append(raws, note(n))
		}
		r.handOver(raws...)
		r.start()
		until(t, "220 tickets", func() bool { return r.tickets() == 220 })
		var subjects []string
		if err := db.Select(t.Context(), &subjects, `SELECT subject FROM ticket ORDER BY number`); err != nil {
			t.Fatal(err)
		}
		for n, s := range subjects {
			if s != fmt.Sprintf("printer %d", n) {
				t.Fatalf("ticket %d is %q", n+1, s)
			}
		}
	})
}

// Stopping finishes what is in hand: no mail loses a try to a restart.
func TestStoppingCostsNoTry(t *testing.T) {
	r := newRig(t, dbtest.Open(t, migrations.SQLite), noServer())
	var raws [][]byte
	for n := range 300 {
		raws = append(raws, note(n))
	}
	r.handOver(raws...)
	for done := 0; done < 300; done = r.count("state = 'done'") {
		stop := r.start()
		until(t, "some progress", func() bool { return r.count("state = 'done'") > done })
		stop()
		if n := r.count("state = 'working'"); n != 0 {
			t.Fatalf("%d mails are left claimed", n)
		}
	}
	if n := r.count("attempts <> 1"); n != 0 || r.tickets() != 300 {
		t.Fatalf("%d mails lost a try, %d tickets", n, r.tickets())
	}
}

func TestPipeDecidesItselfOrLetsTheDaemon(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r := newRig(t, db, noServer())
		o := PollerOptions{Parse: parseSimply}
		take := func(store *tracker.Store, raw []byte) tracker.Outcome {
			t.Helper()
			p := OpenPipe(t.Context(), store, r.box.ID, o)
			defer p.Close()
			id, err := p.Keep(t.Context(), bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			out, err := p.Outcome(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if out := take(r.store, note(1)); out.Fate != tracker.FateNew || out.Ticket != "HD-1" || out.Acks != 1 || out.Class != tracker.ClassHuman {
			t.Fatalf("%+v", out)
		}
		if out := take(r.store, note(1)); out.Fate != tracker.FateDuplicate || out.Acks != 0 {
			t.Fatalf("%+v", out)
		}
		r.start()
		until(t, "the daemon has the lease", func() bool { return strings.Contains(r.log.String(), "lease acquired") })
		fence := r.fence()
		other := tracker.New(db, tracker.Options{})
		other.SetPolicy(tracker.Policy{MailboxID: r.box.ID, Address: deskUser})
		if out := take(other, note(2)); out.Fate != tracker.FateNew || out.Ticket != "HD-2" {
			t.Fatalf("%+v", out)
		}
		if r.fence() != fence {
			t.Fatal("the command took the lease from a living daemon")
		}
	})
}

func (r *rig) fence() (n int64) {
	r.t.Helper()
	if err := r.db.Get(context.Background(), &n, `SELECT fence FROM lease WHERE name = ?`, leaseName(r.box.ID)); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// A mail of 60 MB goes through a pipe in little memory.
func TestPipeStreamsLargeMail(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // as helpdeskd runs
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r := newRig(t, db, noServer())
		var peak uint64
		p := OpenPipe(t.Context(), r.store, r.box.ID, PollerOptions{Parse: func(raw []byte) tracker.Inbound {
			peak = max(peak, heap())
			in := parseSimply(raw[:1000])
			in.Digest, in.Size = tracker.Digest(raw), int64(len(raw))
			return in
		}})
		defer p.Close()
		before := heap()
		line := []byte(strings.Repeat("0123456789abcdef", 4) + "\r\n")
		big := io.MultiReader(bytes.NewReader(note(1)), &repeat{line: line, left: 60 << 20, at: func() { peak = max(peak, heap()) }})
		id, err := p.Keep(t.Context(), big)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Outcome(t.Context(), id)
		if err != nil || out.Fate != tracker.FateNew {
			t.Fatalf("%+v, %v", out, err)
		}
		if r.count("size > ?", 60<<20) != 1 {
			t.Fatal("it was not kept whole")
		}
		if peak > before+24<<20 {
			t.Fatalf("the heap grew by %d MB", (peak-before)>>20)
		}
	})
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// repeat is a long stream of lines.
type repeat struct {
	line []byte
	left int
	n    int
	at   func()
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	if r.n++; r.n%200 == 0 {
		r.at()
	}
	n := copy(p, r.line)
	r.left -= n
	return n, nil
}
