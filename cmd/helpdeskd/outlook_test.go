package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// TestOutlookExchange plays a conversation with somebody at Outlook, whose
// answers come without References, as they do through some gateways: the
// Thread-Index that we sent, one block longer, leads to the ticket.
func TestOutlookExchange(t *testing.T) {
	for _, e := range engines {
		t.Run(string(e), func(t *testing.T) { playOutlook(t, e) })
	}
}

func playOutlook(t *testing.T, e migrations.Engine) {
	d := newHostileDesk(t, e)
	letter := func(name, index string) tracker.Outcome {
		raw, err := os.ReadFile(filepath.Join("testdata", "outlook", name+".eml"))
		d.ok(err)
		text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "THREAD-INDEX", index)
		return d.take([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	}
	begun := tracker.NewThreadIndex(d.now.Add(-time.Hour), [16]byte{0x4b, 0x1f, 0, 0xc2, 0xa5, 0xd9, 0x4e, 0x7f})
	opened := letter("1-opens", begun.String())
	if opened.Fate != tracker.FateNew || opened.Acks != 1 {
		t.Fatalf("opening it: %+v", opened)
	}
	sent := func(to string) (index tracker.ThreadIndex, topic string) {
		t.Helper()
		for _, m := range d.drain() {
			if !strings.Contains(m.Header().Get("To"), to) {
				continue
			}
			x, ok := tracker.ReadThreadIndex(m.Header().Get("Thread-Index"))
			if !ok {
				t.Fatalf("the mail to %s has no Thread-Index: %v", to, m.Header())
			}
			return x, m.Header().Get("Thread-Topic")
		}
		t.Fatalf("nothing was sent to %s", to)
		return
	}
	ack, topic := sent("petra.lindqvist")
	if ack.GUID() != begun.GUID() || len(ack.Answers()) != 1 || topic != "Teams drops every call after ten minutes" {
		t.Fatalf("the acknowledgement is answer %d of conversation %s under %q", len(ack.Answers()), ack.GUID(), topic)
	}
	d.now = d.now.Add(20 * time.Minute)
	hers := ack.Answered(d.now, 0x5c)
	if o := letter("2-answers", hers.String()); o.Fate != tracker.FateAppend || o.Ticket != opened.Ticket {
		t.Fatalf("her answer: %+v, want it on %s", o, opened.Ticket)
	}
	if o := letter("3-stranger", hers.Answered(d.now, 1).String()); o.Fate != tracker.FateNew || o.Ticket == opened.Ticket {
		t.Fatalf("a stranger with the same index: %+v", o)
	}
	if o := letter("4-another-matter", hers.String()); o.Fate != tracker.FateNew || o.Ticket == opened.Ticket {
		t.Fatalf("another subject over an old mail: %+v", o)
	}
	d.drain()
	number, err := tracker.ParseTicketName(opened.Ticket)
	d.ok(err)
	tech, err := d.store.AccountByEmail(d.ctx, "tech1@corp.example")
	d.ok(err)
	_, err = d.store.Reply(d.ctx, tech.Actor(), number, tracker.ReplyInput{Text: "Please restart the router at your desk."})
	d.ok(err)
	if answer, topic := sent("petra.lindqvist"); answer.GUID() != begun.GUID() || len(answer.Answers()) != 3 || topic != "Teams drops every call after ten minutes" ||
		!strings.HasPrefix(answer.String(), hers.String()[:32]) {
		t.Fatalf("our answer is number %d of conversation %s under %q", len(answer.Answers()), answer.GUID(), topic)
	}
}
