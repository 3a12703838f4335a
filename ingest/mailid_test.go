package ingest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// What is noted when a mail is kept is what Parse finds later.
func TestMailIDIsWhatParseFinds(t *testing.T) {
	raws := map[string][]byte{
		"none":       []byte("From: anna@aldermere.example\r\nSubject: x\r\n\r\nMessage-ID: <no@aldermere.example>\r\n"),
		"folded":     []byte("Subject: x\r\nMESSAGE-id:\r\n\t<one@aldermere.example>\r\n\r\nx\r\n"),
		"two":        []byte("Message-ID: <one@aldermere.example>\r\nMessage-ID: <two@aldermere.example>\r\n\r\nx\r\n"),
		"bare":       []byte("Message-ID: one@aldermere.example\r\n\r\nx\r\n"),
		"mbox":       []byte("From anna Mon Mar  2 09:00:00 2026\nMessage-ID: <one@aldermere.example>\n\nx\n"),
		"empty":      nil,
		"no header":  []byte("hello"),
		"far behind": []byte(strings.Repeat("X-Filler: "+strings.Repeat("a", 60)+"\r\n", 900) + "Message-ID: <one@aldermere.example>\r\n\r\nx\r\n"),
	}
	files, _ := filepath.Glob("testdata/*/*.eml")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		raws[f] = raw
	}
	for name, raw := range raws {
		if got, want := mailID(raw), Parse(raw, Options{}).MessageID; got != want {
			t.Errorf("%s: noted %q, parsed %q", name, got, want)
		}
	}
}

func TestMailIDIsNotedWhicheverWayMailComes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s, cfg := dovecot(t, imaptest.Options{})
		r := newRig(t, db, cfg)
		large := func(n int) []byte { return append(note(n), bytes.Repeat([]byte("all work and no play\r\n"), 20000)...) }
		deliver(t, s, note(1))
		deliver(t, s, large(2))
		stop := r.start()
		until(t, "both", func() bool { return r.count("state = 'done'") == 2 })
		stop()
		p := OpenPipe(t.Context(), r.store, r.box.ID, PollerOptions{Parse: parseSimply})
		defer p.Close()
		for n, raw := range map[int][]byte{3: note(3), 4: large(4)} {
			if _, err := p.Keep(t.Context(), bytes.NewReader(raw)); err != nil {
				t.Fatal(n, err)
			}
		}
		var ids []string
		if err := db.Select(t.Context(), &ids, `SELECT mail_id FROM inbox ORDER BY mail_id`); err != nil {
			t.Fatal(err)
		}
		want := []string{"note1@aldermere.example", "note2@aldermere.example", "note3@aldermere.example", "note4@aldermere.example"}
		if !slices.Equal(ids, want) {
			t.Errorf("noted %v", ids)
		}
	})
}

// answer is a mail of the same person that answers the n-th note.
func answer(n int) []byte {
	return fmt.Appendf(nil, "From: Anna <anna%d@aldermere.example>\r\nTo: %s\r\nSubject: Re: printer %d\r\nMessage-ID: <answer%d@aldermere.example>\r\nIn-Reply-To: <note%d@aldermere.example>\r\nDate: Mon, 2 Mar 2026 09:05:00 +0000\r\n\r\nStill jammed.\r\n", n%10, deskUser, n, n, n)
}

// A mail that took too long once opens its ticket all the same, and the
// answers to it join that; the others do not wait.
func TestASlowMomentSplitsNoThread(t *testing.T) {
	for name, trouble := range map[string]func(r *rig, p *Poller){
		"slow": func(r *rig, p *Poller) {
			var first atomic.Bool
			p.work.times.parse = 60 * time.Millisecond
			p.work.parse = func(raw []byte) tracker.Inbound {
				if bytes.Contains(raw, []byte("<note3@")) && !bytes.Contains(raw, []byte("In-Reply-To")) && first.CompareAndSwap(false, true) {
					for end := time.Now().Add(20 * time.Second); r.count("retry_at IS NOT NULL") == 0 && time.Now().Before(end); {
						time.Sleep(time.Millisecond)
					}
				}
				return Parse(raw, Options{})
			}
		},
		"panic": func(r *rig, p *Poller) {
			var first atomic.Bool
			p.work.parse = func(raw []byte) tracker.Inbound {
				if bytes.Contains(raw, []byte("Subject: printer 3")) && first.CompareAndSwap(false, true) {
					panic("boom")
				}
				return Parse(raw, Options{})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
				r := newRig(t, db, noServer())
				r.tune = func(p *Poller) { trouble(r, p) }
				var raws [][]byte
				for n := range 6 {
					raws = append(raws, note(n), answer(n))
				}
				ids := r.handOver(raws...)
				r.start()
				until(t, "all", func() bool { return r.count("state = 'done'") == 12 })
				if n := r.count("fate = 'new'"); n != 6 || r.tickets() != 6 {
					t.Errorf("%d mails opened %d tickets instead of 6", n, r.tickets())
				}
				if r.count("id = ? AND fate = 'new' AND attempts > 1", ids[6]) != 1 || r.count("id = ? AND fate = 'append' AND attempts = 1", ids[7]) != 1 {
					t.Error("the answer opened the ticket, or it cost it a try")
				}
				var acks int
				if err := db.Get(t.Context(), &acks, `SELECT count(*) FROM outbox WHERE kind = 'ack'`); err != nil || acks != 6 {
					t.Errorf("%d acknowledgements, %v", acks, err)
				}
			})
		})
	}
}

// While the process is frozen, for whatever reason, no time is counted
// against a mail. The test freezes itself.
func TestAFrozenProcessBlamesNoMail(t *testing.T) {
	r := newRig(t, dbtest.Open(t, migrations.SQLite), noServer())
	p := r.poller()
	p.work.times.parse = 2 * time.Second
	begun, goOn := make(chan struct{}), make(chan struct{})
	p.work.parse = func(raw []byte) tracker.Inbound {
		close(begun)
		<-goOn
		return parseSimply(raw)
	}
	r.handOver(note(1))
	work, err := r.store.Claim(t.Context(), nil, r.box.ID, 1)
	if err != nil || len(work) != 1 {
		t.Fatal(work, err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := p.work.understand(t.Context(), work[0], nil)
		read <- err
	}()
	<-begun
	waker := exec.Command("sh", "-c", fmt.Sprintf("sleep 3; kill -CONT %d", os.Getpid()))
	if err := waker.Start(); err != nil {
		t.Fatal(err)
	}
	frozen := time.Now()
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for time.Since(frozen) < 2500*time.Millisecond { // the signal takes a moment
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	close(goOn)
	if err := <-read; err != nil {
		t.Errorf("frozen for %s: %v", time.Since(frozen), err)
	}
	waker.Wait()
}
