package mailer

import (
	"context"
	"flag"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
)

var update = flag.Bool("update", false, "write the golden files anew")

const testToken = "abcdefghijklmnopqrstuvwxyz"

func testRenderer(t testing.TB) *renderer {
	t.Helper()
	at := time.Date(2026, 11, 5, 9, 30, 0, 0, time.UTC)
	r, err := newRenderer("en", time.UTC, func() time.Time { return at }, func(context.Context, string) (*tracker.Blob, error) {
		return nil, os.ErrNotExist
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var testDesk = desk{company: "Acme", silentDays: 7, brand: "Acme Helpdesk", formLink: "https://forms.example/it", publicURL: "https://desk.acme.example", plus: true}

// sample returns an item of each kind, as the tracker fills it.
func sample(kind string) tracker.OutboxItem {
	it := tracker.OutboxItem{
		ID: 1, Kind: kind, MailboxID: 1, Mailbox: "main", MailboxAddress: "helpdesk@acme.example",
		ToAddress: "anna.kovac@acme.example", ToName: "Anna Kovač", TicketID: 7, TicketNumber: 12,
		TicketSubject: "Printer on the second floor prints only half pages", Stage: "requested", Level: 2, TriagedAt: 1,
		RequesterName: "Anna Kovač", RequesterAddress: "anna.kovac@acme.example",
		InReplyTo: "m1@acme.example", References: []string{"m0@acme.example", "m1@acme.example"},
		ThreadTopic: "Printer on the second floor prints only half pages", ThreadIndex: "AQHdbP1fSx8AwqXZTn+KEVLws8nW5w==",
	}
	at := migrations.At(time.Date(2026, 11, 5, 8, 12, 0, 0, time.UTC))
	incoming := &tracker.OutMessage{
		Direction: "in", FromName: "Anna Kovač", FromAddress: "anna.kovac@acme.example", At: at,
		Body:        "Hello,\n\nsince this morning the big printer on the second floor prints only the upper half of every page. I tried it from Word and from the browser: it is always the same.\n\nThe offers for our client must go out at noon, see https://intranet.acme.example/offers?week=45. Could somebody have a look?\n\nThank you\nAnna",
		Attachments: []tracker.Attachment{{Name: "half page.jpg", Size: 482133}, {Name: "printer.pdf", Size: 12100}},
	}
	switch kind {
	case tracker.MailAck:
		it.Ack = &tracker.AckDetail{EchoSubject: true, AskQuestions: true}
		it.Message = incoming
		it.References, it.InReplyTo = []string{"m1@acme.example"}, "m1@acme.example"
	case tracker.MailReply:
		it.Message = &tracker.OutMessage{Direction: "out", FromName: "Maria Lopez", At: at,
			Body: "Hello Anna,\n\nthank you for telling us. The fuser of that printer is worn; a new one is on its way and I will fit it before eleven.\n\nUntil then you can print on the first floor:\n- choose \"P1-East\" in the print dialog\n- your badge opens it\n\nInstructions: https://intranet.acme.example/print."}
		it.Quoted = incoming
	case tracker.MailNotify:
		it.ToAddress, it.ToName, it.AccountID = "maria.lopez@acme.example", "Maria Lopez", 3
		it.Message, it.References, it.InReplyTo, it.ThreadIndex = incoming, nil, "", ""
	case tracker.MailNotice:
		it.ToAddress, it.ToName, it.AccountID = "maria.lopez@acme.example", "Maria Lopez", 3
		it.Notice = "Your answer by mail was not sent to the client, because our mail server could not confirm that it came from you. It is kept on the ticket.\nOpen the ticket and approve it there, or write the answer on its page."
		it.Message = &tracker.OutMessage{Direction: "in", FromName: "Maria Lopez", FromAddress: "maria.lopez@acme.example", At: at, Body: "Hello Anna, I will be there at ten."}
	case tracker.MailRemind:
		it.Message = &tracker.OutMessage{Direction: "out", FromName: "Maria Lopez", At: at, Body: "Does it happen from every computer, or from yours only?"}
	case tracker.MailDue:
		it.ToAddress, it.ToName, it.AccountID = "maria.lopez@acme.example", "Maria Lopez", 3
		it.Due = []tracker.DueItem{{TicketID: 7, Number: 12, Priority: "2", What: tracker.MissedAnswer, At: at}}
	}
	return it
}

var boundary = regexp.MustCompile(`[0-9a-f]{60}`)

// settled returns rendered bytes with what is random replaced.
func settled(b []byte) string {
	seen := map[string]string{}
	return boundary.ReplaceAllStringFunc(string(b), func(s string) string {
		if seen[s] == "" {
			seen[s] = "boundary-" + string(rune('a'+len(seen)))
		}
		return seen[s]
	})
}

func golden(t *testing.T, name, have string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if have != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", name, firstDifference(have, string(want)))
	}
}

func firstDifference(have, want string) string {
	h, w := strings.Split(have, "\n"), strings.Split(want, "\n")
	for i := range h {
		if i >= len(w) || h[i] != w[i] {
			other := "(end)"
			if i < len(w) {
				other = w[i]
			}
			return "have " + h[i] + "\nwant " + other
		}
	}
	return "have is shorter"
}

func TestRenderGolden(t *testing.T) {
	r := testRenderer(t)
	form := sample(tracker.MailNotify)
	form.Star, form.Level = true, 3
	form.Message = &tracker.OutMessage{Direction: "in", FromName: "Flow", FromAddress: "flow@acme.example", At: form.Message.At,
		Form: &tracker.Form{Answers: []tracker.Answer{
			{Question: "What happened?", Answer: "The till does not start.\nThe screen stays black."},
			{Question: "Since when?", Answer: "This morning"},
			{Question: "Pictures", Files: []tracker.AnswerFile{{Name: "till.jpg"}}},
			{Question: "Room", Answer: ""},
		}}}
	stranger := sample(tracker.MailAck)
	stranger.Ack = &tracker.AckDetail{}
	confirming := sample(tracker.MailReply)
	confirming.Stage, confirming.Quoted = "confirming", nil
	confirming.Message.Body = "Hello Anna,\n\nthe new fuser is in, and the test page is whole again."
	asked := confirming
	fixed := *asked.Message
	fixed.Body = "Hello Anna Berg,\n\nthis is what we did:\n\nReplaced the fuser."
	asked.Message = &fixed
	plainDesk := testDesk
	plainDesk.plus, plainDesk.publicURL, plainDesk.formLink, plainDesk.texts = false, "", "", map[string]string{tracker.TextSignature: "IT department\nextension 4400"}
	many := sample(tracker.MailDue)
	many.TicketID, many.TicketNumber, many.TicketSubject, many.ThreadTopic, many.DueMore = 0, 0, "", "", 3
	many.Due = append(many.Due, tracker.DueItem{TicketID: 9, Number: 14, Priority: "3*", What: tracker.MissedSolution, At: many.Due[0].At},
		tracker.DueItem{TicketID: 11, Number: 16, Priority: "1", What: tracker.LateVendor, At: many.Due[0].At})
	for _, c := range []struct {
		name string
		item tracker.OutboxItem
		desk desk
	}{
		{"ack", sample(tracker.MailAck), testDesk},
		{"ack-stranger", stranger, plainDesk},
		{"reply", sample(tracker.MailReply), testDesk},
		{"reply-confirming", confirming, plainDesk},
		{"reply-asked", asked, testDesk},
		{"notify", sample(tracker.MailNotify), testDesk},
		{"notify-form", form, plainDesk},
		{"notice", sample(tracker.MailNotice), testDesk},
		{"remind", sample(tracker.MailRemind), testDesk},
		{"due", sample(tracker.MailDue), testDesk},
		{"due-many", many, testDesk},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := r.render(t.Context(), c.item, c.desk, testToken)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".eml", settled(out.Bytes))
			l, err := r.letter(c.item, c.desk, testToken)
			if err != nil {
				t.Fatal(err)
			}
			txt, htm, err := r.forms.write(l)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".txt", txt)
			golden(t, c.name+".html", htm)
		})
	}
}

// TestPriorityInWords: a priority that nobody has set is not told as one.
func TestPriorityInWords(t *testing.T) {
	r := testRenderer(t)
	for _, c := range []struct {
		item tracker.OutboxItem
		want string
	}{
		{tracker.OutboxItem{Level: 1}, "not triaged yet"},
		{tracker.OutboxItem{Level: 1, TriagedAt: 1}, "1 – an inconvenience"},
		{tracker.OutboxItem{Level: 3, TriagedAt: 1}, "3 – a major part of the work is impossible"},
		{tracker.OutboxItem{Level: 3, Star: true, TriagedAt: 1}, "3★ – cannot work at all"},
	} {
		item := sample(tracker.MailNotify)
		item.Level, item.Star, item.TriagedAt = c.item.Level, c.item.Star, c.item.TriagedAt
		l, err := r.letter(item, testDesk, testToken)
		if err != nil {
			t.Fatal(err)
		}
		if txt, _, err := r.forms.write(l); err != nil || !strings.Contains(txt, c.want) {
			t.Errorf("%+v: no %q in %s, %v", c.item, c.want, txt, err)
		}
	}
}

// TestAFormIsQuotedAsItsPerson: not as the robot that mailed the answers.
func TestAFormIsQuotedAsItsPerson(t *testing.T) {
	r := testRenderer(t)
	it := sample(tracker.MailReply)
	q := *it.Quoted
	q.FromName, q.FromAddress, q.Form = "IT request form", "forms@acme.example", &tracker.Form{}
	it.Quoted = &q
	l, err := r.letter(it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	txt, _, err := r.forms.write(l)
	if err != nil || !strings.Contains(txt, "Anna Kovač wrote:") || strings.Contains(txt, "IT request form") {
		t.Errorf("%v\n%s", err, txt)
	}
}

// TestHeaders checks what each kind of mail says about itself.
func TestHeaders(t *testing.T) {
	r := testRenderer(t)
	for _, c := range []struct {
		kind, auto, suppress, subject string
	}{
		{tracker.MailAck, "auto-replied", "All", "Re: Printer on the second floor prints only half pages [HD-12]"},
		{tracker.MailReply, "", "", "Re: Printer on the second floor prints only half pages [HD-12]"},
		{tracker.MailNotify, "auto-generated", "All", "Printer on the second floor prints only half pages [HD-12]"},
		{tracker.MailNotice, "auto-generated", "All", "Please look: Printer on the second floor prints only half pages [HD-12]"},
	} {
		out, err := r.render(t.Context(), sample(c.kind), testDesk, testToken)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(out.Bytes)))
		if err != nil {
			t.Fatal(err)
		}
		replyTo := `"Acme Helpdesk" <helpdesk+` + testToken + `@acme.example>`
		if c.kind == tracker.MailNotice {
			replyTo = ""
		}
		for name, want := range map[string]string{
			"Auto-Submitted": c.auto, "X-Auto-Response-Suppress": c.suppress, "Subject": c.subject, "Precedence": "",
			"Message-Id": "<hd." + testToken + "@acme.example>", "Reply-To": replyTo,
			LoopHeader: "helpdesk@acme.example", "From": `"Acme Helpdesk" <helpdesk@acme.example>`, "User-Agent": "", "X-Mailer": "",
		} {
			if have := m.Header.Get(name); have != want {
				t.Errorf("%s: %s is %q, want %q", c.kind, name, have, want)
			}
		}
		want := testToken
		if c.kind == tracker.MailNotice {
			want = ""
		}
		if out.MailID != "hd."+testToken+"@acme.example" || out.Token != want {
			t.Errorf("%s: mail id %q, token %q", c.kind, out.MailID, out.Token)
		}
	}
}

// TestAckEchoesNothing: an acknowledgement goes to whoever a mail claims to
// be from, so that no word of the sender may come back in it.
func TestAckEchoesNothing(t *testing.T) {
	r := testRenderer(t)
	it := sample(tracker.MailAck)
	it.Ack = &tracker.AckDetail{AskQuestions: true}
	it.TicketSubject, it.ThreadTopic, it.ToName, it.RequesterName = "SPAMWORD", "SPAMWORD", "SPAMWORD", "SPAMWORD"
	it.Message.Body, it.Message.Subject, it.Message.FromName = "SPAMWORD", "SPAMWORD", "SPAMWORD"
	out, err := r.render(t.Context(), it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out.Bytes), "SPAM") {
		t.Errorf("the acknowledgement echoes the sender:\n%s", out.Bytes)
	}
	it.Ack.EchoSubject = true
	out, err = r.render(t.Context(), it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out.Bytes), "SPAM"); n != 2 { // Subject and Thread-Topic
		t.Errorf("the acknowledgement inside the organisation has the subject %d times, want 2", n)
	}
}

func TestEncodedWords(t *testing.T) {
	for _, s := range append(hostile, "plain words stay", "Grüße aus Köln und mehr", "a =?utf-8?q?b?= c") {
		clean := oneLine(s, 200)
		h := &head{}
		h.text("Subject", clean)
		for _, line := range strings.Split(h.b.String(), "\r\n") {
			if len(line) > 90 {
				t.Errorf("a line of %d bytes: %q", len(line), line)
			}
		}
		value := strings.TrimPrefix(strings.ReplaceAll(h.b.String(), "\r\n", ""), "Subject:")
		back, err := new(mime.WordDecoder).DecodeHeader(strings.TrimSpace(value))
		if err != nil || back != clean {
			t.Errorf("%q comes back as %q, %v", clean, back, err)
		}
	}
}

func TestBaseSubject(t *testing.T) {
	for in, want := range map[string]string{
		"Re: AW: Fwd: Printer [HD-12]": "Printer", "[External] RE: [HD-3] x": "x", "Re[2]: y": "y", "Reise nach Rom": "Reise nach Rom", "": "", "re:": "",
	} {
		if have := baseSubject(in); have != want {
			t.Errorf("baseSubject(%q) = %q, want %q", in, have, want)
		}
	}
}

// keyUse finds catalogue keys in the sources.
var keyUse = regexp.MustCompile(`(?:say|explainKey)\("([a-z0-9_.]+)"`)

func TestCatalogueIsWhole(t *testing.T) {
	w, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("*.go")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range keyUse.FindAllStringSubmatch(string(b), -1) {
			if _, ok := w[m[1]]; !ok && !strings.HasSuffix(m[1], ".") && !strings.HasSuffix(f, "_test.go") {
				t.Errorf("%s says %q, which the catalogue does not know", f, m[1])
			}
		}
	}
	keys := []string{"priority.1", "priority.2", "priority.3", "priority.star"}
	for _, r := range replies {
		keys = append(keys, "fault."+r.key)
	}
	for _, s := range []stage{stageConnect, stageEncryption, stageGreeting, stageToken, stageLogin, stageSender} {
		keys = append(keys, "check."+string(s), "check.ok."+string(s))
	}
	for _, s := range []stage{stageConnect, stageEncryption, stageGreeting, stageLogin, stageSender, stageRecipient, stageData} {
		keys = append(keys, "fault.refused_"+string(s))
	}
	b, _ := os.ReadFile("fault.go")
	for _, m := range regexp.MustCompile(`return "([a-z_]+)"`).FindAllStringSubmatch(string(b), -1) {
		keys = append(keys, "fault."+m[1])
	}
	for _, text := range tracker.MailTexts() {
		keys = append(keys, "text."+text.Key)
	}
	for _, about := range []string{tracker.LinkInvite, tracker.LinkReset, "changed"} {
		for _, part := range []string{"subject", "heading", "button"} {
			keys = append(keys, "account."+about+"."+part)
		}
	}
	for _, done := range tracker.CommandsDone() {
		keys = append(keys, "did."+done)
	}
	for _, why := range []string{tracker.UnclearWord, tracker.UnclearBelow, tracker.UnclearMasked} {
		keys = append(keys, "did.unsent."+why)
	}
	keys = append(keys, "account.invite.valid", "account.reset.lead", "account.reset.lead_admin", "account.changed.lead")
	for _, k := range keys {
		what, _ := remedy.Case(strings.TrimPrefix(k, "fault.")).Explain(remedy.About{})
		if _, ok := w[k]; !ok && k != "fault.refused_" && what == "" {
			t.Errorf("the catalogue does not know %q", k)
		}
	}
	var all strings.Builder
	for _, f := range files {
		b, _ := os.ReadFile(f)
		all.Write(b)
	}
	for k := range w {
		used := strings.Contains(all.String(), `"`+k+`"`) || strings.Contains(all.String(), `"`+strings.TrimPrefix(k, "fault.")+`"`)
		used = used || slices.Contains(keys, k)
		for _, family := range []string{"stage.", "priority.", "fact.", "due.", "notify.waiting.", "digest.waits.", "check.", "fault.refused_"} {
			used = used || strings.HasPrefix(k, family)
		}
		if !used {
			t.Errorf("nothing says %q", k)
		}
	}
}
