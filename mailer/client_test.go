package mailer

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// linkedDesk has links to the employee's page.
func linkedDesk() desk {
	d := testDesk
	d.linkDays = 90
	return d
}

var escape = regexp.MustCompile(`=[0-9A-F]{2}`)

func rendered(t *testing.T, it tracker.OutboxItem, d desk) (tracker.Rendered, string) {
	t.Helper()
	out, err := testRenderer(t).render(t.Context(), it, d, testToken)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.NewReplacer("=\r\n", "", "\r\n", "\n").Replace(string(out.Bytes)) // enough of quoted-printable to read it
	return out, escape.ReplaceAllStringFunc(whole, func(e string) string {
		c, _ := strconv.ParseUint(e[1:], 16, 8)
		return string([]byte{byte(c)})
	})
}

// TestMailsToClientsLinkToTheirPage: each with a token of its own, which
// stands in the text alone; mails to technicians and a site without an address
// have none.
func TestMailsToClientsLinkToTheirPage(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []string{tracker.MailAck, tracker.MailReply, tracker.MailClosed} {
		it := sample(kind)
		it.ClientID = 5
		out, text := rendered(t, it, linkedDesk())
		if !tracker.IsToken(out.Page) || out.Page == out.Token || seen[out.Page] {
			t.Fatalf("%s: the token %q", kind, out.Page)
		}
		seen[out.Page] = true
		head, body, _ := strings.Cut(text, "\n\n")
		if strings.Contains(head, out.Page) || strings.Count(body, "https://desk.acme.example/r/"+out.Page) < 2 {
			t.Errorf("%s: %s", kind, text)
		}
		for what, d := range map[string]desk{"no address": {brand: "Desk", linkDays: 90}, "switched off": testDesk} {
			if out, text := rendered(t, it, d); out.Page != "" || strings.Contains(text, "/r/") {
				t.Errorf("%s, %s: %s", kind, what, text)
			}
		}
	}
	for _, kind := range []string{tracker.MailNotify, tracker.MailNotice} {
		if out, text := rendered(t, sample(kind), linkedDesk()); out.Page != "" || strings.Contains(text, "/r/") {
			t.Errorf("%s: %s", kind, text)
		}
	}
}

// TestConfirmingMailHasTwoButtons, in both forms, and the closing one three.
func TestConfirmingMailHasTwoButtons(t *testing.T) {
	it := sample(tracker.MailReply)
	it.ClientID, it.Stage = 5, "confirming"
	out, text := rendered(t, it, linkedDesk())
	page := "https://desk.acme.example/r/" + out.Page
	for _, want := range []string{"Yes, it is fixed: " + page + "?solved=yes", "No, still broken: " + page + "?solved=no", `href="` + page + `?solved=yes"`, `href="` + page + `?solved=no"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	closed := sample(tracker.MailClosed)
	closed.ClientID, closed.Stage, closed.TicketSubject = 5, "completed", "Buy cheap pills"
	out, text = rendered(t, closed, linkedDesk())
	for _, want := range []string{"Your request is closed [HD-12]", "?rate=1", "?rate=2", "?rate=3", "Auto-Submitted: auto-generated"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "pills") || strings.Contains(string(out.Bytes), "Thread-Topic") {
		t.Errorf("it says what somebody else wrote: %s", text)
	}
}

// TestQuotesCarryNoLinks: what somebody quotes of our mails is passed on to
// nobody with the link in it.
func TestQuotesCarryNoLinks(t *testing.T) {
	stolen := strings.Repeat("k7", 13)
	link := "https://desk.acme.example/r/" + stolen + "?solved=yes"
	wrapped := "https://eur.safelinks.example/?url=https%3A%2F%2Fdesk.acme.example%2Fr%2F" + stolen + "%3Fsolved"
	for _, kind := range []string{tracker.MailReply, tracker.MailNotify, tracker.MailNotice} {
		it := sample(kind)
		it.Message.Body = "See " + link + " and " + wrapped
		it.Quoted = &tracker.OutMessage{FromName: "Anna", Body: link + "\n" + wrapped}
		if kind == tracker.MailNotice {
			it.Notice = link
		}
		it.Message.Form = nil
		if _, text := rendered(t, it, linkedDesk()); strings.Contains(text, stolen) || !strings.Contains(text, "/r/…") {
			t.Errorf("%s passes it on: %s", kind, text)
		}
	}
	form := sample(tracker.MailNotify)
	form.Message.Form = &tracker.Form{Answers: []tracker.Answer{{Question: "What?", Answer: link}}}
	if _, text := rendered(t, form, linkedDesk()); strings.Contains(text, stolen) {
		t.Errorf("a form passes it on: %s", text)
	}
}

// TestCodeMail: the code stands in the text alone.
func TestCodeMail(t *testing.T) {
	it := tracker.OutboxItem{Kind: tracker.MailCode, MailboxAddress: "helpdesk@acme.example", ToAddress: "anna@acme.example", ClientID: 5}
	out, text := rendered(t, it, linkedDesk())
	if !regexp.MustCompile(`^\d{8}$`).MatchString(out.Token) || out.Page != "" {
		t.Fatalf("the code %q", out.Token)
	}
	head, body, _ := strings.Cut(text, "\n\n")
	if shown := out.Token[:4] + " " + out.Token[4:]; !strings.Contains(body, shown) || strings.Contains(head, shown) || strings.Contains(head, out.Token) || strings.Contains(head, "Reply-To") || strings.Contains(body, "/r/") {
		t.Fatal(text)
	}
}

// TestRequesterIsNotNamedToOthers: who takes part in somebody else's ticket,
// and whose name is not known, is not greeted by the requester's, and what they
// said by a form is not put in the requester's mouth.
func TestRequesterIsNotNamedToOthers(t *testing.T) {
	it := sample(tracker.MailReply)
	it.RequesterID, it.ClientID, it.RequesterName, it.RequesterAddress = 5, 6, "Zoe Quint", "zoe@acme.example"
	it.ToName, it.ToAddress = "", "ben@acme.example"
	it.Quoted.Form = &tracker.Form{}
	if _, text := rendered(t, it, linkedDesk()); strings.Contains(text, "Zoe") || strings.Contains(text, "zoe@") {
		t.Errorf("the requester is named to another: %s", text)
	}
	d := linkedDesk()
	d.texts = map[string]string{tracker.TextGreeting: "Hello {name},"}
	if _, text := rendered(t, it, d); strings.Contains(text, "Zoe") {
		t.Errorf("another is greeted by the requester's name: %s", text)
	}
	it.ClientID = 5
	if _, text := rendered(t, it, d); !strings.Contains(text, "Hello Zoe Quint,") {
		t.Errorf("the requester is not greeted: %s", text)
	}
}
