package mailer

import (
	"net/mail"
	"regexp"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func accountItem(about string) tracker.OutboxItem {
	return tracker.OutboxItem{ID: 1, Kind: tracker.MailAccount, MailboxAddress: "helpdesk@acme.example", ToAddress: "nora.lind@acme.example", ToName: "Nora Lind",
		Account: &tracker.AccountDetail{About: about, By: 1, ByName: "Ines Holm"}}
}

// TestAccountMails: the token stands in the link alone, never in a header.
func TestAccountMails(t *testing.T) {
	r := testRenderer(t)
	for about, says := range map[string]string{tracker.LinkInvite: "Ines Holm has made an account for you at Acme Helpdesk", tracker.LinkReset: "Ines Holm sends you this link", "changed": "was changed a moment ago"} {
		out, err := r.render(t.Context(), accountItem(about), testDesk, testToken)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(out.Bytes)))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range m.Header {
			if strings.Contains(strings.Join(values, ""), testToken) {
				t.Errorf("%s: %s carries the token", about, name)
			}
		}
		if strings.Contains(out.MailID, testToken) || out.Token != testToken {
			t.Errorf("%s: %q %q", about, out.MailID, out.Token)
		}
		if m.Header.Get("Reply-To") != "" || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%s: %v", about, m.Header)
		}
		body := strings.ReplaceAll(strings.ReplaceAll(string(out.Bytes), "=\r\n", ""), "=3D", "=")
		link := "https://desk.acme.example/choose-password?t=" + testToken
		if strings.Contains(body, link) != (about != "changed") || !strings.Contains(body, says) {
			t.Errorf("%s reads:\n%s", about, body)
		}
	}
	nowhere := testDesk
	nowhere.publicURL = ""
	if _, err := r.render(t.Context(), accountItem(tracker.LinkInvite), nowhere, testToken); err == nil {
		t.Error("a link to nowhere is sent")
	}
}

// TestAccountMailIsNotInjected: names are anybody's to choose.
func TestAccountMailIsNotInjected(t *testing.T) {
	it := accountItem(tracker.LinkInvite)
	it.ToName, it.Account.ByName = "Nora\r\nBcc: evil@acme.example", "Ines\r\nX-Evil: 1"
	out, err := testRenderer(t).render(t.Context(), it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(out.Bytes)))
	if err != nil || m.Header.Get("Bcc") != "" || m.Header.Get("X-Evil") != "" {
		t.Fatalf("%v %v", m.Header, err)
	}
}

var linkIn = regexp.MustCompile(`choose-password\?t=([a-z2-7]{26})`)

// TestAnInvitationArrives over SMTP, its link works, and what was sent is
// forgotten.
func TestAnInvitationArrives(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetPublicURL, "https://desk.acme.example")
		b.setting("text.invite", "Come in, says {by}.")
		b.store.SetAccountMailbox(b.mailbox.ID)
		admin, err := b.store.CreateAccount(t.Context(), tracker.Actor{}, tracker.NewAccount{Email: "ines@acme.example", Name: "Ines Holm", Role: tracker.Admin})
		if err != nil {
			t.Fatal(err)
		}
		nora, err := b.store.Invite(t.Context(), admin.Actor(), tracker.NewAccount{Email: "nora@acme.example", Name: "Nora Lind", Role: tracker.Technician})
		if err != nil {
			t.Fatal(err)
		}
		server := startSink(t, sinkOptions{})
		run(t, b.mailer(server.addr))
		got := server.wait(t, 1)[0]
		text := strings.ReplaceAll(strings.ReplaceAll(got.data, "=\r\n", ""), "=3D", "=")
		link := linkIn.FindStringSubmatch(text)
		if len(got.to) != 1 || got.to[0] != nora.Email || link == nil || !strings.Contains(text, "Come in, says Ines Holm.") {
			t.Fatalf("what arrives is for %v:\n%s", got.to, text)
		}
		var id int64
		if err := db.Get(t.Context(), &id, `SELECT id FROM outbox WHERE kind = 'account'`); err != nil {
			t.Fatal(err)
		}
		if row := b.until(id, tracker.OutboxSent); row.Digest != "" {
			t.Errorf("what opens an account is kept: %+v", row)
		}
		a, err := b.store.UseLink(t.Context(), link[1], "nine slow bicycles", "192.0.2.1")
		if err != nil || a.ID != nora.ID {
			t.Fatalf("the link opens %+v, %v", a, err)
		}
	})
}
