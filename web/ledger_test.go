package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func init() { chapters = append(chapters, (*world).folders) }

// folders has the mailbox looked into, with what a person must look at.
func (w *world) folders() {
	w.t.Helper()
	ctx := w.t.Context()
	at := w.back.Load()
	w.back.Add(int64(time.Hour))
	defer w.back.Store(at)
	var f tracker.Folder
	for _, x := range []struct {
		name, role string
		look       tracker.FolderLook
	}{
		{"INBOX", tracker.RoleInbox, tracker.FolderLook{Messages: 412, Waiting: 2, Vanished: 1}},
		{"Junk Email", tracker.RoleJunk, tracker.FolderLook{Messages: 6}},
		{"Processed", tracker.RoleProcessed, tracker.FolderLook{Messages: 38}},
	} {
		var err error
		f, err = w.OpenFolder(ctx, w.mailbox.ID, x.name, x.role)
		w.ok(err)
		x.look.UIDValidity = 1
		f, err = w.Looked(ctx, f, x.look)
		w.ok(err)
	}
	w.ok(w.Reconciled(ctx, f, tracker.FolderLook{UIDValidity: 1, Messages: 38}, 3, 38))
	w.ok(w.IgnoreSender(ctx, w.tech.Actor(), "@noise.example", "advertising", 0))
}

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

// What a mailbox holds stands beside what was taken of it, red where it does
// not add up, and a comparison is asked for by a button.
func TestMailboxIsComparedOnThePage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.ago(time.Hour)
		later := func(d time.Duration) { w.back.Add(-int64(d)) }
		b := w.session(w.tech)
		page := func(has string, lacks ...string) {
			t.Helper()
			body := b.get("/mail").Body.String()
			if !strings.Contains(body, has) {
				t.Errorf("the page does not say %q", has)
			}
			for _, x := range lacks {
				if strings.Contains(body, x) {
					t.Errorf("the page says %q", x)
				}
			}
		}
		page("No mail of "+w.mailbox.Address, "Compare now")
		w.arrives(letter{name: "Anna Berg", address: "anna@aldermere.example", subject: "Printer", text: "It smells."})
		open := func(name, role string, k tracker.FolderLook) tracker.Folder {
			f, err := w.OpenFolder(ctx, w.mailbox.ID, name, role)
			w.ok(err)
			k.UIDValidity = 1
			f, err = w.Looked(ctx, f, k)
			w.ok(err)
			return f
		}
		open("INBOX", tracker.RoleInbox, tracker.FolderLook{Messages: 9, Waiting: 2})
		open("Junk Email", tracker.RoleJunk, tracker.FolderLook{Messages: 4})
		done := open("Processed", tracker.RoleProcessed, tracker.FolderLook{Messages: 1})
		page("INBOX holds 9 mails: 2 not taken yet", "can not be taken")
		page("Junk Email, whose mails are held for you, holds 4 mails.")
		page("Processed, where taken mail is moved to, holds 1 mail.")
		page("Not compared with the mailbox yet")
		later(11 * time.Minute)
		page("2 mails in INBOX can not be taken. helpdeskd keeps trying")
		open("INBOX", tracker.RoleInbox, tracker.FolderLook{Messages: 7, Vanished: 1})
		page("1 mail was gone from INBOX before it could be taken: somebody moved or deleted it. Press", "can not be taken")
		if !strings.Contains(b.get("/mail/ledger").Body.String(), "1 mail was gone from INBOX") {
			t.Error("the ledger does not say what does not add up")
		}
		later(time.Second)
		to := fmt.Sprintf("/mail/boxes/%d/compare", w.mailbox.ID)
		if res := w.session(w.manager).post(to); res.Code != http.StatusForbidden {
			t.Fatalf("a manager may ask: %d", res.Code)
		}
		if res := b.post(to); res.Code != http.StatusSeeOther {
			t.Fatalf("ask: %d", res.Code)
		}
		page("To be compared with the mailbox at the next look", "Compare now<")
		later(time.Second)
		w.ok(w.Reconciled(ctx, done, tracker.FolderLook{UIDValidity: 1, Messages: 3, Waiting: 1}, 1, 3))
		page("1 missed mail was found and taken.", "at the next look")
		page("1 mail in Processed can not be taken")
		page("1 mail was once gone from INBOX before it could be taken; the folders were compared since", "Press")
		w.ok(w.Reconciled(ctx, done, tracker.FolderLook{UIDValidity: 1, Messages: 3}, 0, 3))
		page("nothing was missing.", "can not be taken")
		if res := b.post("/mail/boxes/99/compare"); res.Code != http.StatusNotFound {
			t.Fatalf("another mailbox: %d", res.Code)
		}
	})
}

// A wrong number loses nothing, and who comes too late is told by whom.
func TestHeldMailIsNotLostOnTheWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.arrives(letter{name: "Mallory", address: "mallory@aldermere.example", subject: "one", text: "Open up", stranger: true})
		held, _, err := w.Held(ctx, 0, 10)
		w.ok(err)
		b, other := w.session(w.tech), w.session(w.admin)
		res := b.post(fmt.Sprintf("/held/%d/attach", held[0].ID), "ticket_text", "HD-99", "participant", "1", "mail", fmt.Sprint(held[0].InboxID))
		body := res.Body.String()
		if res.Code != http.StatusUnprocessableEntity || strings.Count(body, `value="HD-99"`) != 1 || !strings.Contains(body, `<details class="reject" open>`) || !strings.Contains(body, `value="1" checked`) || !strings.Contains(body, "Open up") {
			t.Fatalf("a wrong number: %d %s", res.Code, body)
		}

		w.uid++
		_, err = w.Keep(ctx, w.lease, w.mailbox.ID, []tracker.RawMail{{Folder: "Junk Email", UIDValidity: 1, UID: w.uid, ReceivedAt: w.Now(), Hold: "it was in the Junk folder", Stays: true, Data: []byte("Subject: two\r\n\r\n.")}})
		w.ok(err)
		work, err := w.Claim(ctx, w.lease, w.mailbox.ID, 10)
		w.ok(err)
		_, err = w.Receive(ctx, w.lease, []tracker.Item{{Work: work[0], Mail: tracker.Inbound{Digest: work[0].Digest, ContentDigest: work[0].Digest, MessageID: "two@mail.example",
			From: []tracker.Address{{Address: "eva@aldermere.example"}}, To: []tracker.Address{{Address: w.mailbox.Address}}, Class: tracker.ClassHuman, Subject: "two", AuthAs: "Internal"}}})
		w.ok(err)
		held, _, err = w.Held(ctx, 0, 10)
		w.ok(err)
		to, mail := fmt.Sprintf("/held/%d", held[0].ID), fmt.Sprint(work[0].InboxID)
		if !strings.Contains(b.get("/held").Body.String(), `name="mail" value="`+mail+`"`) {
			t.Fatal("the form does not name its mail")
		}
		for range 2 { // a double click
			if res := b.post(to+"/approve", "mail", mail); res.Code != http.StatusSeeOther {
				t.Fatalf("approve: %d %s", res.Code, res.Body)
			}
		}
		for _, do := range []string{"/approve", "/reject", "/attach"} {
			res := other.post(to+do, "mail", mail, "ticket_text", "HD-1")
			if res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), w.tech.Name+" approved this mail meanwhile.") {
				t.Fatalf("%s too late: %d %s", do, res.Code, res.Body)
			}
		}
		if res := b.post(to+"/reject", "mail", mail); res.Code != http.StatusConflict {
			t.Fatalf("rejecting what one approved: %d", res.Code)
		}
		if res := b.post(to+"/approve", "mail", "12345"); res.Code != http.StatusNotFound {
			t.Fatalf("of no mail: %d", res.Code)
		}
	})
}

// What was only looked at in shadow mode did not go without a ticket for want of a need.
func TestShadowMailIsNamedInTheSum(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.setAside("The printer")
	if err := w.Store.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE inbox_tally SET what = 'shadow' WHERE what = 'quarantine'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if page := w.session(w.tech).get("/mail").Body.String(); !strings.Contains(page, "1 only looked at") || strings.Contains(page, "needed none") {
		t.Error("the sentence does not say that a mail was only looked at")
	}
}

// Where the sums are off, the sentence says how far, and of which mailbox.
func TestSumsThatAreOffAreNamed(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.setAside("The printer")
	if err := w.Store.DB().Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE inbox_tally SET n = n + 2000 WHERE what = 'taken'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if page := w.session(w.tech).get("/mail").Body.String(); !strings.Contains(page, "2,001 mails of helpdesk@") || !strings.Contains(page, "but 1 are accounted for") {
		t.Error("the page does not say how far the sums are off")
	}
}
