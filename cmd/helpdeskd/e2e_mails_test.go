//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/mailgen"
)

// letter writes a plain mail. Headers are extra lines.
func letter(from, subject, id, text string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\n", from, helpAddress, subject, time.Now().Format(time.RFC1123Z))
	if id != "" {
		fmt.Fprintf(&b, "Message-ID: <%s>\r\n", id)
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return append(b.Bytes(), "\r\n"+strings.ReplaceAll(text, "\n", "\r\n")+"\r\n"...)
}

func marker(s string, n int) string { return fmt.Sprintf("mk%s%0*d", s, 10-len(s), n) }

// pairs are n mails and n replies to them, waiting together: most in order,
// some with all replies after all mails, some with the reply before the mail.
func pairs(n int) []checker.Entry {
	var first, later []checker.Entry
	for i := range n {
		who := fmt.Sprintf("pair%d@corp.example", i)
		id := fmt.Sprintf("pair-%d@mail.corp.example", i)
		thread := fmt.Sprintf("pair %d", i)
		a := checker.Entry{Key: thread + ", the mail", Thread: thread, Fates: []string{"new"}, Ticket: true, Requester: who, Ack: checker.AckMust, Marker: marker("pa", i),
			Raw: letter(who, "The scanner is stuck", id, "It is stuck since Monday, "+marker("pa", i)+".")}
		b := checker.Entry{Key: thread + ", the reply", Thread: thread, Fates: []string{"append"}, Ticket: true, Requester: who, Marker: marker("pb", i),
			Raw: letter(who, "Re: The scanner is stuck", "reply-"+id, "Still stuck, "+marker("pb", i)+".\n\nOn Monday you wrote:\n> It is stuck since Monday.", "In-Reply-To: <"+id+">", "References: <"+id+">")}
		switch {
		case i%10 == 8: // the answer overtook the mail: it opens the ticket
			a.Fates, b.Fates = b.Fates, a.Fates
			a.Ack, b.Ack = b.Ack, a.Ack
			first = append(first, b, a)
		case i%10 == 9:
			first, later = append(first, a), append(later, b)
		default:
			first = append(first, a, b)
		}
	}
	return append(first, later...)
}

// copies are mails that arrive several times, and mails without a Message-ID.
func copies(n int) []checker.Entry {
	var out []checker.Entry
	for i := range n {
		who := fmt.Sprintf("copy%d@corp.example", i)
		for kind, id := range map[string]string{"with": fmt.Sprintf("copy-%d@mail.corp.example", i), "without": ""} {
			m := marker("c"+kind[len(kind)-1:], i)
			e := checker.Entry{Key: fmt.Sprintf("copy %d %s a Message-ID", i, kind), Thread: fmt.Sprintf("copy %d %s", i, kind), Fates: []string{"new"}, Ticket: true,
				Requester: who, Ack: checker.AckMust, Marker: m, Raw: letter(who, "No sound", id, "There is no sound, "+m+".")}
			again := e
			again.Fates, again.Ticket, again.Key = []string{"duplicate"}, false, e.Key+", again"
			out = append(out, e, again, again)
		}
	}
	return out
}

// outsiders are answers to somebody else's mail by people who have no part in
// it: who was not named gets a ticket of their own, who was copied in is held.
func outsiders(n int) []checker.Entry {
	var out []checker.Entry
	for i := range n {
		who, stranger, copied := fmt.Sprintf("owner%d@corp.example", i), fmt.Sprintf("stranger%d@corp.example", i), fmt.Sprintf("copied%d@corp.example", i)
		id := fmt.Sprintf("owner-%d@mail.corp.example", i)
		ref := "In-Reply-To: <" + id + ">"
		thread := fmt.Sprintf("owner %d", i)
		out = append(out,
			checker.Entry{Key: thread, Thread: thread, Fates: []string{"new"}, Ticket: true, Requester: who, Ack: checker.AckMust, Marker: marker("oa", i),
				Raw: letter(who, "Door badge", id, "The badge is dead, "+marker("oa", i)+".", "Cc: <"+copied+">")},
			checker.Entry{Key: thread + ", a stranger", Thread: thread + " stranger", Fates: []string{"new"}, Ticket: true, Requester: stranger, Ack: checker.AckMust, Marker: marker("ob", i),
				Raw: letter(stranger, "Re: Door badge", "s-"+id, "Mine too, "+marker("ob", i)+".", ref)},
			checker.Entry{Key: thread + ", copied in", Thread: thread, Fates: []string{"pending"}, Marker: marker("oc", i),
				Raw: letter(copied, "Re: Door badge", "c-"+id, "And mine, "+marker("oc", i)+".", ref)})
	}
	return out
}

// zammad are the mails of a public helpdesk's test suite. Nothing is known of
// them but their headers: robots are those that say so.
func zammad(t testing.TB) []checker.Entry {
	dir := corpusDir(t, "zammad")
	if dir == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails in %s: %v", dir, err)
	}
	var out []checker.Entry
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		e := checker.Entry{Key: "zammad " + filepath.Base(f), Raw: raw, Ack: checker.AckMay}
		if m, err := mail.ReadMessage(bytes.NewReader(raw)); err != nil || !oneAuthor(m.Header) {
			// It may be that nobody can be named as its author: a person has to look.
			e.Fates = []string{"new", "append", "none", "quarantine"}
		} else if automatic(m.Header) {
			e.Ack = checker.AckNever
		}
		out = append(out, e)
	}
	return out
}

// oneAuthor reports whether the standard library reads exactly one author.
func oneAuthor(h mail.Header) bool {
	list, err := mail.ParseAddressList(strings.Join(h["From"], ","))
	return len(h["From"]) == 1 && err == nil && len(list) == 1
}

// automatic reports whether a header says outright that no person wrote the
// mail, or that it wants no automatic answer.
func automatic(h mail.Header) bool {
	if a := strings.ToLower(h.Get("Auto-Submitted")); a != "" && a != "no" {
		return true
	}
	switch strings.ToLower(h.Get("Precedence")) {
	case "bulk", "list", "junk":
		return true
	}
	return strings.HasPrefix(h.Get("Content-Type"), "multipart/report") || h.Get("List-Unsubscribe") != "" || h.Get("List-Id") != "" || h.Get("X-Auto-Response-Suppress") != "" || h.Get("Return-Path") == "<>"
}

// forms are the form mails of the corpus, with the requesters that it names.
// It also returns the addresses that send for others, and those that must
// never be written to.
func forms(t testing.TB) (entries []checker.Entry, senders, robots []string) {
	dir := corpusDir(t, "forms")
	if dir == "" {
		return nil, nil, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Specimens []struct {
			File      string   `json:"file"`
			IsForm    bool     `json:"is_form"`
			NeverAck  []string `json:"never_ack"`
			Requester struct {
				Email string `json:"email"`
			} `json:"requester"`
		} `json:"specimens"`
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	for _, x := range expected.Specimens {
		raw, err := os.ReadFile(filepath.Join(dir, x.File))
		if err != nil {
			t.Fatal(err)
		}
		e := checker.Entry{Key: "forms " + x.File, Raw: raw, Thread: "forms " + x.File, Fates: []string{"new"}, Ticket: true, Detached: true,
			Requester: strings.ToLower(x.Requester.Email), Ack: checker.AckMust}
		if e.Requester == "" {
			e.Ack = checker.AckNever
		}
		entries, robots = append(entries, e), append(robots, x.NeverAck...)
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if from, err := mail.ParseAddress(m.Header.Get("From")); err == nil && x.IsForm {
			senders = append(senders, from.Address)
		}
	}
	return entries, senders, robots
}

// everything is what the issue asks for: the corpus, 200 pairs, copies, mails
// without a Message-ID, outsiders, and 2,000 generated mails.
func (h *house) everything(generate int) []checker.Entry {
	g := mailgen.New(20260302, helpAddress, 500, mailgen.Usual, time.Now().Add(-time.Hour))
	all := generated("generated", g.Many(generate))
	all = append(all, pairs(200)...)
	all = append(all, copies(25)...)
	all = append(all, outsiders(10)...)
	all = append(all, zammad(h.t)...)
	entries, senders, robots := forms(h.t)
	h.record.Robots = robots
	h.box = append(h.box, fmt.Sprintf("form_senders = [%s]", quoteAll(senders)))
	return append(all, entries...)
}

func quoteAll(list []string) string {
	q := make([]string, len(list))
	for i, s := range list {
		q[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(q, ", ")
}
