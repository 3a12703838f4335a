package mailer

import (
	"net/mail"
	"strings"
	"testing"

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
