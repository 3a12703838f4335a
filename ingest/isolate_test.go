package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestMain is also the program that reads mails apart.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == ReadCommand {
		if err := serveReader(os.Stdin, os.Stdout, badly); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// badly is a parser with the faults that a mail asks for in its subject.
func badly(raw []byte, o Options) tracker.Inbound {
	in := Parse(raw, o)
	switch in.Subject {
	case "panic":
		panic("boom")
	case "hang":
		for in.Size >= 0 {
			in.Size = (in.Size + 1) % 1000
		}
	case "memory":
		for {
			hoard = append(hoard, bytes.Repeat([]byte("x"), 1<<20))
		}
	case "deep":
		in.Size = int64(len(fmt.Sprint(deep(0))))
	case "exit":
		os.Exit(3)
	case "look": // tells what it has of us
		open, _ := filepath.Glob("/proc/self/fd/*")
		in.Text = fmt.Sprintf("%q %d files", os.Environ(), len(open))
	}
	return in
}

// hoard is what a mail has the process keep.
var hoard [][]byte

func deep(n int) int {
	if n < 0 {
		return 0
	}
	return deep(n+1) + n
}

func titled(subject string) []byte {
	return []byte("From: Anna Berg <anna@office.example>\r\nTo: " + deskUser + "\r\nMessage-ID: <" + subject + "@office.example>\r\nSubject: " + subject + "\r\n\r\nHello\r\n")
}

func apart(t *testing.T) *Isolated {
	t.Helper()
	i := NewIsolated(func() Options { return Options{Own: []string{deskUser}} })
	t.Cleanup(i.Close)
	return i
}

// What is understood apart is what is understood here.
func TestReadingApartIsReading(t *testing.T) {
	t.Parallel()
	i := apart(t)
	files, err := filepath.Glob("testdata/*/*.eml")
	if err != nil {
		t.Fatal(err)
	}
	if corpus := os.Getenv("HELPDESKD_CORPUS"); corpus != "" {
		more, _ := filepath.Glob(filepath.Join(corpus, "*", "*.eml"))
		files = append(files, more[:min(len(more), 400)]...)
	}
	mails := [][]byte{titled("plain"), nil, []byte("no mail at all"), []byte("Return-Path: <>\r\nFrom: a@b.example\r\nDate: Fri, 1 Jan 9999 00:00:00 -0100\r\n\r\n\xff\xfe")}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, raw)
	}
	for n, raw := range mails {
		got, err := i.Read(raw, time.Minute)
		if err != nil {
			t.Fatalf("mail %d: %v", n, err)
		}
		want := Parse(raw, Options{Own: []string{deskUser}})
		a, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) || (want.ReturnPath == nil) != (got.ReturnPath == nil) || !want.Date.Equal(got.Date) {
			t.Fatalf("mail %d is understood otherwise:\n%.2000s\n%.2000s", n, a, b)
		}
	}
	t.Logf("%d mails", len(mails))
}

// Whatever a mail does to the process that reads it is told in words, and the
// next one is read.
func TestReadingApartSurvivesEverything(t *testing.T) {
	t.Setenv("HELPDESKD_SECRET", "nobody may see this")
	i := apart(t)
	for _, c := range []struct{ subject, want string }{
		{"panic", "the program panicked: boom"},
		{"memory", "it needed more than 256 MB of memory"},
		{"deep", "it goes deeper than any mail should"},
		{"exit", "the process that read it ended: exit status 3"},
		{"hang", "it took more than 0.6 s"},
	} {
		limit := time.Minute
		if c.subject == "hang" {
			limit = 600 * time.Millisecond
		}
		if _, err := i.Read(titled(c.subject), limit); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %q", c.subject, err, c.want)
		}
		if in, err := i.Read(titled("after "+c.subject), time.Minute); err != nil || in.Subject != "after "+c.subject {
			t.Fatalf("after %s: %+v %v", c.subject, in, err)
		}
	}
	in, err := i.Read(titled("look"), time.Minute)
	if err != nil || strings.Contains(in.Text, "SECRET") || strings.Contains(in.Text, "PATH") || !strings.Contains(in.Text, "GOMAXPROCS") {
		t.Errorf("it knows of us: %s, %v", in.Text, err)
	}
	kid := i.kid
	i.Close()
	select {
	case <-kid.gone:
	default:
		t.Error("it lives on")
	}
}

// A mail that breaks is tried apart from its second try on; what can not be
// started costs no try.
func TestTriesAfterTheFirstAreMadeApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r := newRig(t, db, noServer())
		i := apart(t)
		free := make(chan struct{})
		t.Cleanup(func() { close(free) })
		lost := &Stuck{}
		r.tune = func(p *Poller) {
			p.work.times.parse = time.Second
			p.work.apart, p.work.lost = i, lost
			p.work.parse = func(raw []byte) tracker.Inbound {
				if in := Parse(raw, Options{}); in.Subject == "hang" {
					<-free
				} else if in.Subject == "panic" {
					panic("boom")
				}
				return Parse(raw, Options{})
			}
		}
		ids := r.handOver(titled("hang"), titled("panic"), titled("plain"))
		r.start()
		until(t, "quarantine", func() bool { return r.count("fate = 'quarantine' AND attempts = 3") == 2 })
		for n, want := range []string{"it could not be read: it took more than 1 s, three times; the raw mail is kept", "it could not be read: the program panicked: boom, three times; the raw mail is kept"} {
			if o, _, err := r.store.OutcomeOf(t.Context(), ids[n]); err != nil || o.Reason != want {
				t.Errorf("%+v, %v", o, err)
			}
		}
		if r.tickets() != 1 || lost.N() != 1 {
			t.Errorf("%d tickets, %d readings are stuck in this process", r.tickets(), lost.N())
		}
	})
}

// With too many stuck, no mail is read in this process any more.
func TestStuckProcessReadsApart(t *testing.T) {
	r := newRig(t, dbtest.Open(t, migrations.SQLite), noServer())
	r.tune = func(p *Poller) {
		p.work.apart = apart(t)
		p.work.lost.n.Store(maxStuck)
		p.work.parse = func([]byte) tracker.Inbound { panic("it was read here") }
	}
	r.handOver(titled("plain"))
	r.start()
	until(t, "the ticket", func() bool { return r.tickets() == 1 })
	if n := r.count("attempts <> 1"); n != 0 {
		t.Error("it took more than one try")
	}
}

func TestNoProcessCostsNoTry(t *testing.T) {
	r := newRig(t, dbtest.Open(t, migrations.SQLite), noServer())
	none := NewIsolated(func() Options { return Options{} }, filepath.Join(t.TempDir(), "gone"))
	r.tune = func(p *Poller) {
		p.work.times.disk = 20 * time.Millisecond
		p.work.apart = none
		p.work.parse = func([]byte) tracker.Inbound { panic("boom") }
	}
	r.handOver(titled("panic"))
	stop := r.start()
	until(t, "several starts that fail", func() bool { return strings.Count(r.log.String(), "process of its own") > 4 })
	stop()
	if r.count("state = 'kept' AND attempts = 1") != 1 {
		t.Error("its tries were used up though no process could be started")
	}
	none.command = []string{ownProgram(), ReadCommand}
	r.start()
	until(t, "quarantine", func() bool { return r.count("fate = 'quarantine' OR ticket_id IS NOT NULL") == 1 })
}
