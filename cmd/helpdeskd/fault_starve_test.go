//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"helpdeskd/ingest/imaptest"
)

// sendingTrouble has the mail server take nothing, or not now, or never: the
// outbox says why, people can see it, and what can still leave leaves.
func sendingTrouble(tr *trial) {
	tr.open("", imaptest.Options{})
	tr.sink.Refuse(func(_ string, to []string, _ []byte) error {
		switch {
		case to[0] == "refused@corp.example":
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "we do not want this"}
		case to[0] == "later@corp.example":
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"}
		}
		return nil
	})
	for _, who := range []string{"refused", "later", "taken"} {
		tr.put(entryOf(who))
	}
	p := newProxy(tr.t, tr.smtpTo)
	tr.smtpTo = p.addr
	p.close()
	d := tr.serve()
	d.ready(tr.t)
	tr.health("refused")
	tr.struck(1)
	p.reopen(tr.t)
	until(tr.t, time.Minute, "one is sent, one is dead, one waits", func() bool {
		var n int
		tr.query(&n, `SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND to_address = 'taken@corp.example'
			OR state = 'dead' AND to_address = 'refused@corp.example' OR state = 'queued' AND to_address = 'later@corp.example' AND attempts > 0`)
		return n == 3
	})
	tr.struck(2)
	tr.health("we do not want this")
	d.stop(tr.t)
	taken := map[string]int{}
	for _, m := range tr.sink.All() {
		taken[m.To[0]]++ // the administrator who looks at the pages may be told of the tickets too
	}
	if taken["taken@corp.example"] != 1 || taken["refused@corp.example"]+taken["later@corp.example"] != 0 {
		tr.t.Errorf("the sink took %v", taken)
	}
}

// putOff has the server put mail off for all sorts of passing reasons. In the
// end all has left, once.
func putOff(tr *trial) {
	tr.usual()
	var left, said atomic.Int64
	left.Store(int64(many(6, 100)))
	tr.sink.Refuse(func(string, []string, []byte) error {
		if left.Add(-1) < 0 {
			return nil
		}
		said.Add(1)
		if !longForm() { // the other two have the whole mailbox wait for a minute
			return &smtp.SMTPError{Code: one(tr, 451, 452), EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back"}
		}
		return one(tr,
			&smtp.SMTPError{Code: 432, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Concurrent connections limit exceeded"},
			&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 500}, Message: "Server busy. Please try again later"},
			&smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"},
			&smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Temporary server error"})
	})
	d := tr.serve()
	d.ready(tr.t)
	tr.put(tr.requests("off", many(20, 200))...)
	until(tr.t, 2*time.Minute, "every refusal was said, and all has left", func() bool {
		if left.Load() < 0 {
			return true
		}
		tr.hurry()
		return false
	})
	tr.struck(int(said.Load()))
	tr.over()
	until(tr.t, 2*time.Minute, "all has left", func() bool {
		tr.hurry()
		return len(tr.outbox(`state IN ('queued', 'sending')`)) == 0 && len(tr.inbox(`state <> 'done'`)) == 0 && len(tr.inbox(`state = 'done'`)) >= len(tr.record.Entries)
	})
	tr.settle(time.Minute)
	tr.recovered()
	d.stop(tr.t)
	tr.judge(tr.options())
}

// hurry has what was put off be due now, so that nobody waits for minutes.
func (tr *trial) hurry() {
	tr.runAll(`UPDATE outbox SET due_at = 1 WHERE state = 'queued' AND attempts > 0`)
	time.Sleep(50 * time.Millisecond)
}

// noFiles leaves the process no file descriptor for a while.
func noFiles(tr *trial) {
	tr.usual()
	d := launchWith(tr.t, tr.env, "sh", "-c", `ulimit -n 64; exec "$0" "$@"`, helpdeskd(tr.t), "--config", tr.write(), "serve")
	d.listen = tr.listen
	d.ready(tr.t)
	for i := range many(2, 20) {
		before := strings.Count(d.log.String(), "too many open files")
		var held []net.Conn
		visit := func(n int) { // each costs it one, as long as it has any
			for range n {
				c, err := net.Dial("tcp", tr.listen)
				if err != nil {
					tr.t.Fatal(err)
				}
				fmt.Fprint(c, "GET / HTTP/1.1\r\n") // and never goes on
				held = append(held, c)
			}
		}
		visit(80)
		tr.put(tr.requests(fmt.Sprint("files ", i), 40)...)
		until(tr.t, time.Minute, "the log says that there are no more files", func() bool {
			tr.imap.Kill() // so that it must connect anew
			if err := tr.imap.Restart(tr.t.Context()); err != nil {
				tr.t.Fatal(err)
			}
			visit(5) // what it let go of
			time.Sleep(200 * time.Millisecond)
			return strings.Count(d.log.String(), "too many open files") > before
		})
		tr.struck(1)
		for _, c := range held {
			c.Close()
		}
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
		tr.settle(time.Minute)
	}
	d.stop(tr.t)
	tr.judge(tr.options())
}

// noNames has no name be found for a while. The names are localhost, in a
// file of hosts that only this process sees.
func noNames(tr *trial) {
	tr.usual()
	dir := tr.t.TempDir()
	hosts, resolv := filepath.Join(dir, "hosts"), filepath.Join(dir, "resolv.conf")
	set := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			tr.t.Fatal(err)
		}
	}
	const good = "127.0.0.1 localhost\n"
	set(hosts, good)
	set(resolv, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n") // where nobody answers
	script := `mount --bind ` + hosts + ` /etc/hosts && mount --bind ` + resolv + ` /etc/resolv.conf && exec "$0" "$@"`
	if out, err := exec.Command("unshare", "-m", "sh", "-c", script, "true").CombinedOutput(); err != nil {
		tr.t.Skipf("/etc/hosts can not be another one for one process: ./test.sh as root runs this: %s", out)
	}
	for _, to := range []*string{&tr.imapTo, &tr.smtpTo} {
		_, port, _ := net.SplitHostPort(*to)
		*to = "localhost:" + port
	}
	d := launchWith(tr.t, tr.env, "unshare", "-m", "sh", "-c", script, helpdeskd(tr.t), "--config", tr.write(), "serve")
	d.listen = tr.listen
	d.ready(tr.t)
	for i := range many(1, 10) {
		before := strings.Count(d.log.String(), "lookup localhost")
		set(hosts, "")
		tr.put(tr.requests(fmt.Sprint("names ", i), 40)...)
		until(tr.t, time.Minute, "the log says that a name is not found", func() bool {
			tr.imap.Kill() // so that it must connect anew; names are remembered for five seconds
			if err := tr.imap.Restart(tr.t.Context()); err != nil {
				tr.t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
			return strings.Count(d.log.String(), "lookup localhost") > before
		})
		tr.struck(1)
		set(hosts, good)
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
		tr.settle(time.Minute)
	}
	d.stop(tr.t)
	tr.judge(tr.options())
}
