package web

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/mail/outbox", "/mail/outbox", "/mail/outbox?state=uncertain", "/mail/outbox?to=nobody%40nowhere.example") &&
	example("/mail/outbox/{id}", "/mail/outbox/1", "/mail/outbox/2")

// TestAnUncertainMailIsDecided: from the ticket to the mail, what became of
// it, and sent again by hand.
func TestAnUncertainMailIsDecided(t *testing.T) {
	t.Parallel()
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		list := b.get("/mail/outbox?state=uncertain").Body.String()
		var id int64
		w.ok(w.DB().Get(t.Context(), &id, `SELECT id FROM outbox WHERE state = 'uncertain'`))
		to := "/mail/outbox/" + strconv.FormatInt(id, 10)
		if !strings.Contains(list, `href="`+to+`"`) || strings.Count(list, "<tr>") != 2 {
			t.Errorf("the list of uncertain mails has %d rows", strings.Count(list, "<tr>"))
		}
		page := b.get(to).Body.String()
		for _, want := range []string{"The server&#39;s last word was lost", "It may have arrived", "Send again", "the connection was lost after DATA"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", to, want)
			}
		}
		var digest, mailID string
		w.ok(w.DB().Get(t.Context(), &digest, `SELECT digest FROM outbox WHERE id = ?`, id))
		w.ok(w.DB().Get(t.Context(), &mailID, `SELECT mail_id FROM outbox WHERE id = ?`, id))
		if secret := strings.TrimPrefix(strings.Split(mailID, "@")[0], "hd."); len(secret) != 26 || strings.Contains(page, secret) {
			t.Errorf("the page shows the reply token %s", secret)
		}
		if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" && w.DB().Engine == migrations.SQLite {
			w.shoot(dir, b, "/mail/outbox", to, "/tickets/7", "/account")
		}
		if res := b.post(to + "/resend"); res.Code != http.StatusSeeOther {
			t.Fatalf("sending it again: %d", res.Code)
		}
		var now struct {
			State  string `db:"state"`
			Digest string `db:"digest"`
			MailID string `db:"mail_id"`
		}
		w.ok(w.DB().Get(t.Context(), &now, `SELECT state, digest, mail_id FROM outbox WHERE id = ?`, id))
		if now.State != tracker.OutboxQueued || now.Digest != digest || now.MailID != mailID {
			t.Errorf("it is %+v now, and was %s %s", now, digest, mailID)
		}
		if page = b.get(to).Body.String(); !strings.Contains(page, w.tech.Name+" had it sent again") {
			t.Error("the page does not tell who had it sent again")
		}
	})
}

// TestNobodyReadsAnAccountsLink: what opens an account is on no page.
func TestNobodyReadsAnAccountsLink(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	if _, err := w.Invite(t.Context(), w.admin.Actor(), tracker.NewAccount{Email: "mika@aldermere.example", Name: "Mika", Role: tracker.Technician}); err != nil {
		t.Fatal(err)
	}
	l, err := w.Acquire(t.Context(), "outbox")
	w.ok(err)
	var id int64
	w.ok(w.DB().Get(t.Context(), &id, `SELECT MAX(id) FROM outbox WHERE kind = 'account'`))
	secret, _ := tracker.NewToken()
	w.ok(w.Rendered(t.Context(), l, id, tracker.Rendered{Bytes: []byte("Subject: Welcome\r\n\r\nhttps://desk.example/choose-password?token=" + secret), MailID: "x@aldermere.example", Token: secret}))
	page := w.session(w.tech).get("/mail/outbox/" + strconv.FormatInt(id, 10)).Body.String()
	if strings.Contains(page, secret) || strings.Contains(page, "choose-password") || !strings.Contains(page, "Nobody reads it here") {
		t.Error("the page shows the link of an account")
	}
}

// TestAnswersAreTakenBack on a ticket, on one's own account, and on another's.
func TestAnswersAreTakenBack(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	live := func(where string, args ...any) int {
		return w.count(`SELECT count(*) FROM reply_token WHERE revoked_at IS NULL AND `+where, args...)
	}
	var number, client int64
	w.ok(w.DB().Get(t.Context(), &number, `SELECT MAX(t.number) FROM reply_token r JOIN ticket t ON t.id = r.ticket_id WHERE r.client_id IS NOT NULL AND t.archived_at IS NULL`))
	w.ok(w.DB().Get(t.Context(), &client, `SELECT MAX(r.client_id) FROM reply_token r JOIN ticket t ON t.id = r.ticket_id WHERE t.number = ?`, number))
	b, path := w.session(w.tech), ticketPath(number)
	if page := b.get(path).Body.String(); !strings.Contains(page, path+"/answers/revoke") {
		t.Fatal("the ticket does not offer to take answers back")
	}
	if live(`client_id = ?`, client) == 0 {
		t.Fatal("nothing to take back")
	}
	of := live(`client_id = ? AND ticket_id <> (SELECT id FROM ticket WHERE number = ?)`, client, number)
	if res := b.post(path+"/answers/revoke", "client", strconv.FormatInt(client, 10), "account", "0"); res.Code != http.StatusSeeOther {
		t.Fatalf("%d", res.Code)
	}
	if n := live(`client_id = ?`, client); n != of {
		t.Errorf("%d left, want %d", n, of)
	}
	for who, do := range map[*tracker.Account]string{&w.tech: "/account/answers/revoke", &w.admin: "/accounts/" + strconv.FormatInt(w.tech.ID, 10) + "/answers/revoke"} {
		if res := w.session(*who).post(do); res.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", do, res.Code)
		}
	}
	if n := live(`account_id = ?`, w.tech.ID); n != 0 {
		t.Errorf("%d of the account's left", n)
	}
}
