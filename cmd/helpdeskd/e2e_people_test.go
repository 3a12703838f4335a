//go:build linux

package main

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
)

const (
	technician = "tina@corp.example"
	client     = "carl@client.example"
	trusted    = "Authentication-Results: mx.corp.example; dmarc=pass header.from=corp.example"
)

// expect waits for a mail to somebody whose text has a word, and returns its header.
func (h *house) expect(to, word string) (mail.Header, checker.Received) {
	h.t.Helper()
	r, ok := h.sink.Find(20*time.Second, func(r checker.Received) bool {
		return r.To[0] == to && strings.Contains(plainText(r), word)
	})
	if !ok {
		h.t.Fatalf("no mail to %s says %q; there are %d mails", to, word, h.sink.Len())
	}
	return r.Header(), r
}

// plainText undoes quoted-printable far enough to find words in it.
func plainText(r checker.Received) string {
	s := strings.ReplaceAll(string(r.Data), "=\r\n", "")
	return strings.NewReplacer("=3D", "=", "=20", " ").Replace(s)
}

// reply writes an answer to a mail, as mail programs do.
func replyTo(h mail.Header, from, id, text string, headers ...string) []byte {
	headers = append([]string{"In-Reply-To: " + h.Get("Message-Id"), "References: " + strings.TrimSpace(h.Get("References")+" "+h.Get("Message-Id"))}, headers...)
	return letter(from, "Re: "+h.Get("Subject"), id, text, headers...)
}

// fate waits for what becomes of the mail with a Message-ID.
func (h *house) fate(id string) (fate string) {
	h.t.Helper()
	h.settle(30 * time.Second)
	h.query(&fate, fmt.Sprintf(`SELECT i.fate FROM inbox i JOIN message m ON m.inbox_id = i.id WHERE m.mail_id = '%s'`, id))
	return fate
}

// trusting is a house whose mail server's verdicts are trusted, with a technician.
func trusting(t *testing.T) (*house, *daemon) {
	h := newHouse(t, engines[0])
	return h, h.open()
}

func (h *house) open() *daemon {
	h.box = []string{`trust = "authserv-id"`, `authserv_id = "mx.corp.example"`}
	h.account(technician, "Tina Technician", "technician")
	d := h.serve()
	d.ready(h.t)
	return d
}

// A technician answers the notification by mail: with a verdict of our own
// server it goes on to the client, whose answer comes back into the ticket;
// without one it is held until somebody approves it.
func TestTechnicianAnswersByMail(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			h := newHouse(t, engine)
			d := h.open()
			h.put(checker.Entry{Key: "the request", Raw: letter("Carl Client <"+client+">", "No network", "ask@client.example", "The network is gone, mkrequest000."),
				Thread: "carl", Fates: []string{"new"}, Ticket: true, Requester: client, Ack: checker.AckMust, Marker: "mkrequest000"})
			ack, _ := h.expect(client, "HD-1")
			if ack.Get("Auto-Submitted") != "auto-replied" || !strings.Contains(ack.Get("In-Reply-To"), "ask@client.example") {
				t.Errorf("the acknowledgement: %v", ack)
			}
			notice, _ := h.expect(technician, "mkrequest000")

			h.put(checker.Entry{Key: "the trusted answer", Raw: replyTo(notice, "Tina Technician <"+technician+">", "one@corp.example", "Please restart the router, mkanswerone0.", trusted),
				Thread: "carl", Fates: []string{"append"}, Ticket: true})
			reply, raw := h.expect(client, "mkanswerone0")
			switch {
			case !strings.Contains(reply.Get("In-Reply-To")+reply.Get("References"), "ask@client.example"):
				t.Errorf("the answer does not thread: %q %q", reply.Get("In-Reply-To"), reply.Get("References"))
			case reply.Get("Auto-Submitted") != "":
				t.Error("the technician's words are called automatic")
			case strings.Contains(string(raw.Data), technician):
				t.Errorf("the technician's address is in the client's mail:\n%s", raw.Data)
			}

			h.put(checker.Entry{Key: "the client's answer", Raw: replyTo(reply, client, "two@client.example", "It works now, but slowly, mkclientback."),
				Thread: "carl", Fates: []string{"append"}, Ticket: true, Marker: "mkclientback"})
			h.expect(technician, "mkclientback")

			h.put(checker.Entry{Key: "the untrusted answer", Raw: replyTo(notice, technician, "three@corp.example", "Send me your password, mkforgedword."),
				Thread: "carl", Fates: []string{"pending"}, Ticket: true})
			if f := h.fate("three@corp.example"); f != "pending" {
				t.Errorf("the answer without a verdict is %q", f)
			}
			h.put(checker.Entry{Key: "a failed verdict", Raw: replyTo(notice, technician, "four@corp.example", "Click here, mkfailedword.", strings.Replace(trusted, "pass", "fail", 1)),
				Thread: "carl", Fates: []string{"pending"}, Ticket: true})
			if f := h.fate("four@corp.example"); f != "pending" {
				t.Errorf("the answer with a failed verdict is %q", f)
			}
			if _, ok := h.sink.Find(200*time.Millisecond, func(r checker.Received) bool {
				return r.To[0] == client && (strings.Contains(plainText(r), "mkforgedword") || strings.Contains(plainText(r), "mkfailedword"))
			}); ok {
				t.Fatal("a held answer went out")
			}

			// A person lets the first one through, and refuses the second.
			ada := h.admin()
			held := regexp.MustCompile(`/held/(\d+)/approve`).FindAllStringSubmatch(ada.page("/held"), -1)
			if len(held) != 2 {
				t.Fatalf("%d mails are held: %v", len(held), held)
			}
			for _, m := range held {
				var subject string
				h.query(&subject, `SELECT mail_id FROM message WHERE id = `+m[1])
				if strings.HasPrefix(subject, "three@") {
					ada.submit("/held/" + m[1] + "/approve")
				} else {
					ada.submit("/held/"+m[1]+"/reject", "why", "not from Tina")
				}
			}
			h.expect(client, "mkforgedword")
			h.settle(30 * time.Second)
			if code := d.stop(t); code != 0 {
				t.Errorf("exit status %d", code)
			}
			// Approving and refusing change the fates of the held mails.
			for i := range h.record.Entries {
				if e := &h.record.Entries[i]; len(e.Fates) == 1 && e.Fates[0] == "pending" {
					e.Fates = []string{"pending", "append", "none"}
				}
			}
			h.check(h.options())
			if _, ok := h.sink.Find(0, func(r checker.Received) bool {
				return r.To[0] == client && strings.Contains(plainText(r), "mkfailedword")
			}); ok {
				t.Error("a refused answer went out")
			}
		})
	}
}

// A completed request comes back when its client writes, but not by a bare
// "thanks" or an automatic answer.
func TestReopenByMail(t *testing.T) {
	h, d := trusting(t)
	h.put(checker.Entry{Key: "the request", Raw: letter(client, "No network", "ask@client.example", "The network is gone."),
		Thread: "carl", Fates: []string{"new"}, Ticket: true, Requester: client, Ack: checker.AckMust})
	ack, _ := h.expect(client, "HD-1")
	h.settle(30 * time.Second)
	ada := h.admin()
	var version string
	h.query(&version, `SELECT version FROM ticket WHERE number = 1`)
	ada.submit("/tickets/1/fix", "fix", "Restarted the switch.", "summary", "The network was gone: a switch hung.", "then", "completed", "version", version)
	stage := func() (s string) {
		h.query(&s, `SELECT stage FROM ticket WHERE number = 1`)
		return s
	}
	for _, m := range []struct{ id, text, header, want string }{
		{"thanks@client.example", "Thanks!", "X-A: b", "completed"},
		{"away@client.example", "I am away until Monday.", "Auto-Submitted: auto-replied", "completed"},
		{"again@client.example", "It is gone again since this morning, can you look?", "X-A: b", "requested"},
	} {
		h.put(checker.Entry{Key: m.id, Raw: replyTo(ack, client, m.id, m.text, m.header), Thread: "carl", Fates: []string{"append"}, Ticket: true})
		if f := h.fate(m.id); f != "append" {
			t.Errorf("%s is %q", m.id, f)
		}
		if got := stage(); got != m.want {
			t.Errorf("after %s the stage is %q, not %q", m.id, got, m.want)
		}
	}
	d.stop(t)
	h.check(h.options())
}
