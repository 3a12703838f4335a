package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// setAside keeps a mail and quarantines it, as one that could not be read.
func (w *world) setAside(subject string) int64 {
	w.t.Helper()
	ctx := w.t.Context()
	w.uid++
	raw := []byte("From: Anna Berg <anna@office.example>\r\nSubject: " + subject + "\r\n\r\nHello <script>alert(1)</script>\r\n")
	_, err := w.Keep(ctx, w.lease, w.mailbox.ID, []tracker.RawMail{{UIDValidity: 1, UID: w.uid, ReceivedAt: w.Now(), Data: raw}})
	w.ok(err)
	work, err := w.Claim(ctx, w.lease, w.mailbox.ID, 10)
	w.ok(err)
	w.ok(w.Quarantine(ctx, w.lease, work[0].InboxID, "it could not be read: it took more than 60 s, three times"))
	return work[0].InboxID
}

// Each thing that a person may do about a quarantined mail, by its page's forms.
func TestQuarantinedMailOnItsPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		b, other := w.session(w.tech), w.session(w.admin)
		say := func(res interface{ String() string }, words ...string) {
			t.Helper()
			for _, x := range words {
				if !strings.Contains(res.String(), x) {
					t.Errorf("the page does not say %q", x)
				}
			}
		}
		id := w.setAside("The printer")
		page := b.get(mailPath(id))
		say(page.Body, "three times", "Open a ticket", "Hello &lt;script&gt;")
		say(b.get("/mail/ledger?what=quarantine").Body, mailPath(id))
		say(b.get("/mail").Body, "are accounted for", "waits for you")

		// Validation loses nothing.
		res := b.post(mailPath(id)+"/open", "subject", "", "name", "Bea Moss", "address", "bea@office.example")
		if say(res.Body, "Please write a subject.", "bea@office.example"); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("without a subject: %d", res.Code)
		}
		res = b.post(mailPath(id)+"/open", "subject", "Printer", "name", "Bea Moss", "address", "bea@office.example")
		if res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/tickets/1" {
			t.Fatalf("open: %d %s", res.Code, res.Header().Get("Location"))
		}
		say(b.get("/tickets/1").Body, "Printer", "Bea Moss")
		if res = other.post(mailPath(id)+"/discard", "reason", "spam"); res.Code != http.StatusConflict {
			t.Fatalf("too late: %d", res.Code)
		}
		say(res.Body, w.tech.Name+" opened a ticket with this mail (HD-1) meanwhile.")

		id = w.setAside("More of it")
		say(b.post(mailPath(id)+"/attach", "ticket_text", "HD-99").Body, "HD-99")
		if res = b.post(mailPath(id)+"/attach", "ticket_text", "HD-1"); res.Header().Get("Location") != "/tickets/1" {
			t.Fatalf("attach: %d %s", res.Code, res.Body)
		}

		first, second := w.setAside("one"), w.setAside("two")
		if res = b.post("/mail/ledger/discard", "reason", "spam", "row", fmt.Sprint(first), "row", fmt.Sprint(second)); res.Code != http.StatusSeeOther {
			t.Fatalf("discard both: %d", res.Code)
		}
		if n := w.count(`SELECT count(*) FROM inbox WHERE decision = 'discarded'`); n != 2 {
			t.Fatalf("%d are discarded", n)
		}
		say(b.get(mailPath(first)).Body, "Take this back", "discarded: spam")
		b.post(mailPath(first) + "/back")
		if m, err := w.InboxMail(t.Context(), first); err != nil || m.Fate != tracker.FateQuarantine {
			t.Fatalf("taken back: %+v %v", m, err)
		}

		say(b.post(mailPath(first)+"/ignore", "pattern", w.admin.Email, "why", "noise").Body, "can not be ignored", "noise")
		if res = b.post(mailPath(first)+"/ignore", "pattern", "@spam.example", "why", "noise"); res.Code != http.StatusSeeOther {
			t.Fatalf("ignore: %d", res.Code)
		}
		say(b.get("/mail/senders").Body, "@spam.example", "noise", w.tech.Name)
		b.post("/mail/senders/1/remove")
		if n := w.count(`SELECT count(*) FROM sender_rule`); n != 0 {
			t.Fatal("the rule stays")
		}
		wrong, err := w.Recount(t.Context())
		if err != nil || len(wrong) > 0 {
			t.Fatalf("the sums are wrong: %q %v", wrong, err)
		}
	})
}

func TestHeldMailsShowTheirConditions(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.arrives(letter{name: "Anna Berg", address: "anna@aldermere.example", subject: "Printer", text: "It smells."})
	for _, n := range []string{"one", "two", "three"} {
		w.arrives(letter{name: "Mallory", address: "mallory@aldermere.example", subject: n, text: "Open up", stranger: true})
	}
	b := w.session(w.tech)
	held, _, err := w.Held(t.Context(), 0, 10)
	w.ok(err)
	if body := b.get("/held").Body.String(); strings.Count(body, "It passed the checks of our mail server") != 3 || !strings.Contains(body, "No:") {
		t.Error("the page does not show why")
	}
	if res := b.post(fmt.Sprintf("/held/%d/attach", held[0].ID), "ticket_text", "HD-1"); res.Code != http.StatusSeeOther {
		t.Fatalf("attach: %d %s", res.Code, res.Body)
	}
	if n := w.count(`SELECT count(*) FROM message WHERE ticket_id = 1 AND state = 'shown' AND subject = 'three'`); n != 1 {
		t.Fatal("it is not on the ticket")
	}
	if res := b.post("/held/many", "do", "reject", "reason", "spam", "row", fmt.Sprint(held[1].ID), "row", fmt.Sprint(held[2].ID)); res.Code != http.StatusSeeOther {
		t.Fatalf("reject both: %d", res.Code)
	}
	if n, err := w.HeldCount(t.Context()); err != nil || n != 0 {
		t.Fatalf("%d are held, %v", n, err)
	}
}
