//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/mailgen"
)

// Mails that panic, hang, eat all memory or are fatal to the process cost it
// one death at most; after three tries, the later ones in a process of their
// own, a person gets them with the reason in words, and all others are decided.
func TestMailsThatKill(t *testing.T) {
	want := map[string]string{
		"panic":  "it could not be read: the program panicked: this mail says so, three times; the raw mail is kept",
		"hang":   "it took more than 3 s",
		"memory": "it needed more than 256 MB of memory",
		"fatal":  "it goes deeper than any mail should",
	}
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			good := mailgen.New(20, helpAddress, 400, mailgen.Mix{}, time.Now().Add(-time.Hour)).Many(12)
			for i, mark := range []string{"panic", "hang", "memory", "fatal"} {
				h.put(generated("good "+mark, good[3*i:3*i+3])...)
				h.put(checker.Entry{Key: mark, Fates: []string{"quarantine"},
					Raw: []byte(fmt.Sprintf("From: Mallory <mallory@killer.example>\r\nTo: %s\r\nMessage-ID: <%s@killer.example>\r\nSubject: %s\r\nX-Failpoint: %s\r\n\r\nHello\r\n", helpAddress, mark, mark, mark))})
			}
			deaths := 0
			d := h.serve("FAILPOINT_READ_TIME=3s")
			until(t, 40*time.Second, "everything is decided", func() bool {
				if !d.running() {
					deaths++
					d.quiet = true
					d = h.serve("FAILPOINT_READ_TIME=3s")
				}
				var open int
				h.query(&open, fmt.Sprintf(`SELECT count(*) + %d - (SELECT count(*) FROM inbox) FROM inbox WHERE state <> 'done'`, len(h.record.Entries)))
				return open == 0
			})
			if deaths > 1 {
				t.Errorf("the process died %d times", deaths)
			}
			for mark, reason := range want {
				var got string
				h.query(&got, `SELECT i.reason FROM inbox i JOIN blob b ON b.digest = i.digest WHERE i.fate = 'quarantine' AND i.attempts = 3 AND i.mail_id = '`+mark+`@killer.example'`)
				if !strings.Contains(got, reason) {
					t.Errorf("%s is set aside because %q, want %q", mark, got, reason)
				}
			}
			h.settle(time.Minute)
			d.stop(t)
			h.check(h.options())
		})
	}
}
