//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
)

// TestCommandsByMail: a technician does a request by mail alone, over a real
// IMAP and SMTP, and its client gets nothing but what is theirs.
func TestCommandsByMail(t *testing.T) {
	h, d := trusting(t)
	answer := func(key, id, text string) {
		t.Helper()
		notice, _ := h.expect(technician, "mkneedsnet00")
		h.put(checker.Entry{Key: key, Raw: replyTo(notice, "Tina Technician <"+technician+">", id, text, trusted), Thread: "carl", Fates: []string{"append"}, Ticket: true})
	}
	h.put(checker.Entry{Key: "the request", Raw: letter("Carl Client <"+client+">", "No network", "ask@client.example", "The network is gone, mkneedsnet00."),
		Thread: "carl", Fates: []string{"new"}, Ticket: true, Requester: client, Ack: checker.AckMust, Marker: "mkneedsnet00"})
	h.expect(client, "HD-1")
	answer("taken", "take@corp.example", "#take\n#priority 3*\n\nI am on my way, mkonmyway000.")
	h.expect(client, "mkonmyway000")
	h.expect(technician, "#priority 3*")
	ticket := func(want string) {
		t.Helper()
		h.settle(30 * time.Second)
		var got string
		h.query(&got, `SELECT t.stage || ' ' || t.level || ' ' || CASE WHEN t.star THEN '*' ELSE '-' END || ' ' || a.email || ' ' || t.fix || ' ' || t.summary FROM ticket t JOIN account a ON a.id = t.assignee_id WHERE t.number = 1`)
		if got != want {
			t.Fatalf("the ticket is %q, not %q", got, want)
		}
	}
	ticket("in_progress 3 * " + technician + "  ")
	answer("in the house", "note@corp.example", "#note\nCarl spilled coffee, mkcoffeecup0.")
	answer("done", "done@corp.example", "#fix replaced the switch\n#done The network was gone because a switch was broken.\n\nIt runs again, mkrunsagain0.")
	h.expect(client, "mkrunsagain0")
	h.expect(technician, "#done")
	ticket("completed 3 * " + technician + " replaced the switch The network was gone because a switch was broken.")
	// What lies with the client: the acknowledgement and two answers, no command, note, sentence or address of ours.
	got := 0
	h.sink.Find(0, func(r checker.Received) bool {
		if r.To[0] != client {
			return false
		}
		got++
		for _, ours := range []string{"#take", "#priority", "#fix", "#done", "mkcoffeecup0", "broken", technician} {
			if strings.Contains(string(r.Data), ours) || strings.Contains(plainText(r), ours) {
				t.Errorf("the client got %q in\n%s", ours, r.Data)
			}
		}
		return false
	})
	if got != 3 {
		t.Errorf("the client got %d mails, not the acknowledgement and two answers", got)
	}
	if code := d.stop(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	h.check(h.options())
}
