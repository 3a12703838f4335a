//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/mailgen"
	"helpdeskd/migrations"
)

// logs waits until the log says something.
func (d *daemon) logs(t testing.TB, words ...string) {
	t.Helper()
	until(t, 30*time.Second, fmt.Sprintf("the log says %q; it ends with:\n%s", words, tail(d.log.String(), 5)), func() bool {
		if !d.running() {
			t.Fatalf("the daemon ended: %v", d.err)
		}
		for line := range strings.Lines(d.log.String()) {
			all := true
			for _, w := range words {
				all = all && strings.Contains(strings.ToLower(line), strings.ToLower(w))
			}
			if all {
				return true
			}
		}
		return false
	})
}

// health reads the mail-health page until it says something.
func (h *house) health(words ...string) {
	h.t.Helper()
	v := h.admin()
	page := ""
	until(h.t, 30*time.Second, fmt.Sprintf("the mail-health page says %q", words), func() bool {
		page = v.page("/mail")
		for _, w := range words {
			if !strings.Contains(strings.ToLower(page), strings.ToLower(w)) {
				return false
			}
		}
		return true
	})
}

// few returns a few requests.
func few(prefix string, seed uint64, n int) []checker.Entry {
	return generated(prefix, mailgen.New(seed, helpAddress, 400, mailgen.Usual, time.Now().Add(-time.Hour)).Many(n))
}

// proxy forwards connections, and can refuse them, cut them, and say no.
type proxy struct {
	addr string
	to   string
	mu   sync.Mutex
	say  string // written instead of forwarding
	open map[net.Conn]bool
	l    net.Listener
}

func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), to: to, open: map[net.Conn]bool{}, l: l}
	go p.accept(l)
	t.Cleanup(func() { p.close(); p.cut() })
	return p
}

func (p *proxy) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go p.serve(c)
	}
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	p.mu.Lock()
	say := p.say
	p.mu.Unlock()
	if say != "" {
		io.WriteString(c, say)
		return
	}
	s, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer s.Close()
	p.mu.Lock()
	p.open[c], p.open[s] = true, true
	p.mu.Unlock()
	go func() {
		io.Copy(s, c)
		s.Close()
	}()
	io.Copy(c, s)
}

// close refuses new connections; reopen takes them again at the same address.
func (p *proxy) close() { p.l.Close() }

func (p *proxy) reopen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	p.l = l
	go p.accept(l)
}

// cut breaks every connection there is.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
		delete(p.open, c)
	}
}

func (p *proxy) answer(say string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.say = say
}

// A server that cannot be reached, then refuses, then works, then breaks off
// again and again: said plainly each time, and nothing is lost.
func TestServerTrouble(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			p := newProxy(t, h.imapTo)
			h.imapTo = p.addr
			p.close()
			h.put(few("trouble", 11, 150)...)
			d := h.serve()
			d.logs(t, "level=", p.addr)
			d.ready(t)
			h.health("refused")
			p.answer("* BYE Closed for maintenance\r\n")
			p.reopen(t)
			h.health("maintenance")
			p.answer("")
			for range 10 {
				time.Sleep(120 * time.Millisecond)
				p.cut()
			}
			h.settle(2 * time.Minute)
			d.stop(t)
			h.check(h.options())
		})
	}
}

// What is wrong with the sign-in or the folder is named, in the log and on
// the mail-health page, and mending it is enough.
func TestWrongSettings(t *testing.T) {
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`)
	}))
	defer tokens.Close()
	h := newHouse(t, migrations.SQLite)
	h.put(few("wrong", 12, 40)...)
	for _, c := range []struct {
		name  string
		set   func()
		words []string
	}{
		{"a wrong password", func() { h.secret = "wrong" }, []string{"password"}},
		{"a missing folder", func() { h.box = []string{`folder = "Helpdesk/2026"`} }, []string{"Helpdesk/2026"}},
		{"a bad token", func() {
			h.imapAuth = fmt.Sprintf("auth = \"xoauth2\"\n[mailbox.oauth]\ntoken_url = %q\nclient_id = \"id\"\nclient_secret = \"bad\"\nscope = \"https://outlook.office365.com/.default\"\n", tokens.URL)
		}, []string{"token", "invalid client secret"}},
	} {
		secret, box := h.secret, h.box
		c.set()
		d := h.serve()
		d.logs(t, c.words...)
		d.ready(t)
		h.health(c.words...)
		if code := d.stop(t); code != 0 {
			t.Errorf("%s: exit status %d", c.name, code)
		}
		h.secret, h.box, h.imapAuth = secret, box, ""
	}
	d := h.serve()
	h.settle(time.Minute)
	d.stop(t)
	h.check(h.options())
}

// A damaged configuration stops the start, with every mistake named.
func TestDamagedConfiguration(t *testing.T) {
	h := newHouse(t, migrations.SQLite)
	h.top = []string{`colour = "red"`}
	h.box = []string{`trust = "everybody"`}
	code, out := h.command("serve")
	if code != 1 || !strings.Contains(out, "colour") || !strings.Contains(out, "trust") || strings.Contains(out, "goroutine") || strings.Contains(out, helpSecret) {
		t.Errorf("exit status %d:\n%s", code, out)
	}
	path := h.write()
	if err := os.WriteFile(path, []byte("listen = \"127.0.0.1:\x00\n[[mailbox"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := launch(t, nil, "--config", path, "serve")
	if code := d.exit(t, 20*time.Second); code != 1 || !strings.Contains(d.log.String(), path) {
		t.Errorf("exit status %d:\n%s", code, d.log.String())
	}
}

// Mail that nobody can read is set aside and seen; the rest goes on.
func TestUnreadableMail(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			h := newHouse(t, engine)
			junk := [][]byte{
				{},
				[]byte("\r\n"),
				[]byte("no header at all, only words\r\n"),
				bytes.Repeat([]byte{0}, 2000),
				bytes.Repeat([]byte("\xff\xfe\x00junk"), 3000),
				[]byte("From: \r\n\r\n"),
				append([]byte("From: a@corp.example\r\nSubject: "), bytes.Repeat([]byte("x"), 300_000)...),
				[]byte("From: <deep@corp.example>\r\nMIME-Version: 1.0\r\n" + nested(400)),
				[]byte("From: one@corp.example\r\nFrom: two@corp.example\r\nSubject: who\r\n\r\nhello\r\n"),
			}
			quarantined := []string{"quarantine"}
			for i, raw := range junk {
				e := checker.Entry{Key: fmt.Sprintf("junk %d", i), Raw: raw, Fates: quarantined}
				if i == 6 || i == 7 { // readable, with effort
					e.Fates, e.Ack = []string{"new"}, checker.AckMay
				}
				h.put(e)
				h.put(few(fmt.Sprintf("after junk %d", i), uint64(i), 3)...)
			}
			d := h.serve()
			h.settle(time.Minute)
			d.ready(t)
			h.health("quarantine")
			d.stop(t)
			h.check(h.options())
		})
	}
}

func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\nat last\r\n")
	return b.String()
}

// A mail of 60 MB becomes a ticket with its attachment, within bounded memory.
func TestLargeMail(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			h := newHouse(t, engine)
			h.put(few("before", 13, 20)...)
			var b bytes.Buffer
			b.WriteString("From: big@corp.example\r\nSubject: the log you asked for\r\nMessage-ID: <big@mail.corp.example>\r\nMIME-Version: 1.0\r\n" +
				"Content-Type: multipart/mixed; boundary=large\r\n\r\n--large\r\nContent-Type: text/plain\r\n\r\nHere it is, mkbigbigbig0.\r\n" +
				"--large\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=server.log\r\nContent-Transfer-Encoding: base64\r\n\r\n")
			line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("0123456789abcdefghi"), 3)) + "\r\n"
			b.WriteString(strings.Repeat(line, 60<<20/len(line)))
			b.WriteString("--large--\r\n")
			h.put(checker.Entry{Key: "60 MB", Raw: b.Bytes(), Thread: "60 MB", Fates: []string{"new"}, Ticket: true, Requester: "big@corp.example", Ack: checker.AckMust, Marker: "mkbigbigbig0"})
			h.put(few("after", 14, 20)...)
			d := h.serve()
			h.settle(2 * time.Minute)
			peak := memory(d, "VmHWM")
			d.stop(t)
			h.check(h.options())
			var size int64
			h.query(&size, `SELECT size FROM attachment WHERE name = 'server.log'`)
			if want := int64(60<<20/len(line)) * 57; size != want {
				t.Errorf("the attachment has %d bytes, not %d", size, want)
			}
			t.Logf("peak memory %d MB", peak>>20)
			if peak > 250<<20 {
				t.Errorf("peak memory %d MB", peak>>20)
			}
		})
	}
}

// entryOf is a plain request of somebody at corp.example.
func entryOf(who string) checker.Entry {
	from := who + "@corp.example"
	return checker.Entry{Key: who, Thread: who, Fates: []string{"new"}, Ticket: true, Requester: from, Raw: letter(from, "Help", who+"@mail.corp.example", "Please help.")}
}
