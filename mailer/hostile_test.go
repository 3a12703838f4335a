package mailer

import (
	"io"
	"mime"
	"net/mail"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// hostile are names and subjects that try to become something else.
var hostile = []string{
	"a\r\nBcc: evil@evil.example", "x\nFrom: boss@acme.example\n\nbody", "=?utf-8?q?a=0D=0ABcc:_evil@evil.example?=",
	"\u202egnp.exe\u200b\u2066", "<evil@evil.example>, \"x\"", "\"<evil@evil.example>\\", strings.Repeat("ü", 500), strings.Repeat("a", 3000),
	strings.Repeat("é ", 300), "\x00\x1b[31mred", "<script>alert(1)</script>", "{{.Sign}}", "日本語の件名です。とても長い件名なので折り返されるはずです。", "\xff\xfe", "", " ", ",;:()", "a\u2028b\u0085c",
}

// checkRendered fails unless a rendered mail is one mail to one person.
func checkRendered(t *testing.T, it tracker.OutboxItem, b []byte) {
	t.Helper()
	if err := wellFormed(b); err != nil {
		t.Fatalf("%v in\n%q", err, b)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"From", "To", "Subject", "Message-Id"} {
		if n := len(m.Header[f]); n != 1 {
			t.Fatalf("%d headers %s in\n%q", n, f, b)
		}
	}
	for _, f := range []string{"From", "To"} {
		list, err := m.Header.AddressList(f)
		if err != nil || len(list) != 1 {
			t.Fatalf("%s is %q: %v", f, m.Header.Get(f), err)
		}
		want := it.ToAddress
		if f == "From" {
			want = it.MailboxAddress
		}
		if list[0].Address != want {
			t.Fatalf("%s is %q, want %q", f, list[0].Address, want)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || strings.ContainsAny(subject, "\r\n\x00\u202e") || !strings.Contains(subject, "[HD-12]") {
		t.Fatalf("subject %q: %v", subject, err)
	}
	if _, err := io.ReadAll(m.Body); err != nil {
		t.Fatal(err)
	}
}

func TestHostileNames(t *testing.T) {
	r := testRenderer(t)
	for _, kind := range []string{tracker.MailAck, tracker.MailReply, tracker.MailNotify, tracker.MailNotice} {
		for _, bad := range hostile {
			it := spoilt(kind, bad)
			d := testDesk
			d.brand, d.texts = bad, map[string]string{tracker.TextSignature: bad, tracker.TextGreeting: bad}
			out, err := r.render(t.Context(), it, d, testToken)
			if err != nil {
				t.Fatalf("%s with %.40q: %v", kind, bad, err)
			}
			checkRendered(t, it, out.Bytes)
		}
	}
}

// spoilt is an item with a hostile text at every place that a sender fills.
func spoilt(kind, bad string) tracker.OutboxItem {
	it := sample(kind)
	it.ToName, it.TicketSubject, it.ThreadTopic, it.RequesterName, it.AssigneeName, it.Notice = bad, bad, bad, bad, bad, bad
	it.InReplyTo, it.References = bad, []string{bad, "ok@x.example", bad}
	m := *it.Message
	m.FromName, m.Body, m.Subject, m.FromAddress = bad, bad, bad, bad
	m.Attachments = nil
	it.Message = &m
	if it.Quoted != nil {
		q := m
		it.Quoted = &q
	}
	if it.Ack != nil {
		it.Ack = &tracker.AckDetail{EchoSubject: true, AskQuestions: true}
	}
	return it
}

// TestTokensAreNotPassedOn: what somebody quotes of a mail of ours keeps its
// reply token to itself.
func TestTokensAreNotPassedOn(t *testing.T) {
	const theirs = "abcdefghijklmnopqrstuvwx23"
	r := testRenderer(t)
	for _, kind := range []string{tracker.MailReply, tracker.MailNotify, tracker.MailNotice} {
		it := sample(kind)
		m := *it.Message
		m.Body = "-----Original Message-----\nReply-To: helpdesk+" + strings.ToUpper(theirs) + "@acme.example\nMessage-ID: <hd." + theirs + "@acme.example>\n\nWrite to a+b@acme.example."
		it.Message, it.Quoted, it.Notice = &m, &m, m.Body
		l, err := r.letter(it, testDesk, testToken)
		if err != nil {
			t.Fatal(err)
		}
		txt, htm, err := r.forms.write(l)
		if err != nil {
			t.Fatal(err)
		}
		if both := strings.ToLower(txt + htm); strings.Contains(both, theirs) {
			t.Errorf("a %s passes a reply token on:\n%s", kind, txt)
		} else if !strings.Contains(both, "a+b@acme.example") && !strings.Contains(both, "a&#43;b@acme.example") {
			t.Errorf("a %s lost an address:\n%s", kind, txt)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, s)
	}
	r := testRenderer(f)
	f.Fuzz(func(t *testing.T, name, subject string) {
		for _, kind := range []string{tracker.MailAck, tracker.MailReply, tracker.MailNotify, tracker.MailNotice} {
			it := spoilt(kind, name)
			it.TicketSubject = subject
			out, err := r.render(t.Context(), it, testDesk, testToken)
			if err != nil {
				t.Fatal(err)
			}
			checkRendered(t, it, out.Bytes)
		}
	})
}

func TestHostileAddresses(t *testing.T) {
	r := testRenderer(t)
	for _, bad := range []string{
		"", "anna", "@acme.example", "anna@", "a b@acme.example", "a@acme.example\r\nRCPT TO:<b@x.example>", "a@acme.example>", "<a@acme.example>",
		"a@acme.example,b@x.example", "a@b@acme.example", "\"a b\"@acme.example", "a..b@acme.example", ".a@acme.example", "a@acme..example", "a@-x.example",
		"a@[127.0.0.1]", "a@acme.example SIZE=1", "a\x00@acme.example", "a\u202e@acme.example", strings.Repeat("a", 260) + "@x.example",
	} {
		it := sample(tracker.MailReply)
		it.ToAddress = bad
		if out, err := r.render(t.Context(), it, testDesk, testToken); err == nil {
			t.Errorf("%q is taken for an address:\n%s", bad, out.Bytes)
		}
	}
	for in, want := range map[string]string{
		"o'neil+it@acme.example": "o'neil+it@acme.example", "jürgen@acme.example": "jürgen@acme.example", "a@bücher.example": "a@xn--bcher-kva.example",
	} {
		if have, err := cleanAddress(in); err != nil || have != want {
			t.Errorf("cleanAddress(%q) = %q, %v", in, have, err)
		}
	}
}
