package demo

import (
	"bytes"
	"image/png"
	"log/slog"
	"strings"
	"testing"
	"time"

	"helpdeskd/ingest"
	"helpdeskd/tracker"
)

// samplesHub has everybody's mailbox and a letter of the helpdesk to those
// who answer one.
func samplesHub(t *testing.T) *Hub {
	t.Helper()
	h, err := NewHub(Domain, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	addresses := []string{Helpdesk, FormSender}
	for _, p := range Everybody() {
		addresses = append(addresses, p.Address())
	}
	for _, a := range addresses {
		if _, err := h.AddAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range Employees() {
		d := Draft{From: helpdeskMailbox(), To: nil, Subject: "[HD-7] Screen, internet??? and more", Text: "Please look now.", Date: time.Now()}
		if err := h.Submit(within(t), Helpdesk, []string{p.Address()}, d.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestSampleMailsAreWhatTheyPretendToBe(t *testing.T) {
	h := samplesHub(t)
	classes := map[tracker.Class]int{}
	forms, inline, files, french, german, internal, failed := 0, 0, 0, 0, 0, 0, 0
	for i, sample := range sampleMails() {
		a := sample(time.Now(), h)
		if a.raw == nil {
			t.Fatalf("mail %d was not made", i)
		}
		if err := a.hand(within(t), h); err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
		l, err := h.Await(within(t), Helpdesk, func(l Letter) bool { return !l.Sent && strings.Contains(string(l.Raw), messageID(a.raw)) })
		if err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
		in := ingest.Parse(l.Raw, ingest.Options{Own: []string{Helpdesk}, FormSenders: []string{FormSender}})
		if len(in.Defects) > 0 || in.FromDefect != "" {
			t.Errorf("mail %d is damaged: %v %s", i, in.Defects, in.FromDefect)
		}
		classes[in.Class]++
		for _, p := range in.Parts {
			switch p.Role {
			case tracker.RoleInline:
				inline++
			case tracker.RoleFile:
				files++
			}
		}
		if in.Form != nil {
			forms++
			if in.Form.Requester.Address != "priya.nair@"+Domain && in.Form.Requester.Address != "greta.solheim@"+Domain {
				t.Errorf("mail %d: the form's requester is %+v", i, in.Form.Requester)
			}
			if len(in.Form.Answers) < 8 {
				t.Errorf("mail %d: %d answers", i, len(in.Form.Answers))
			}
		}
		if strings.Contains(in.Text, "Bonjour") {
			french++
		}
		if strings.Contains(in.Text, "Guten Tag") {
			german++
		}
		if in.AuthAs == "Internal" {
			internal++
		} else if len(in.AuthResults) == 1 && strings.Contains(in.AuthResults[0], "dmarc=fail") && strings.Contains(string(l.Raw), "edith.harrow@") {
			failed++
		}
	}
	if forms != 3 || inline < 2 || files < 2 || french == 0 || german == 0 || failed != 1 || internal < 15 {
		t.Errorf("forms %d, inline %d, files %d, french %d, german %d, internal %d, forged %d", forms, inline, files, french, german, internal, failed)
	}
	for class, least := range map[tracker.Class]int{tracker.ClassHuman: 15, tracker.ClassAutoReply: 1, tracker.ClassBounce: 1, tracker.ClassList: 1} {
		if classes[class] < least {
			t.Errorf("%d mails of class %s: %v", classes[class], class, classes)
		}
	}
}

func TestReplyThreadsAndQuotes(t *testing.T) {
	h := samplesHub(t)
	edith := person("edith.harrow")
	l := lastAbout(h, edith.Address(), "")
	if l == nil {
		t.Fatal("no letter")
	}
	d := Reply(edith, *l, "Thank you.", nil, time.Now())
	in := ingest.Parse(d.Bytes(), ingest.Options{})
	id := messageID(l.Raw)
	if d.To[0].Address != Helpdesk || in.Subject != "Re: [HD-7] Screen, internet??? and more" || len(in.InReplyTo) != 1 || in.InReplyTo[0] != id || in.References[len(in.References)-1] != id {
		t.Errorf("to %v, subject %q, in reply to %v, references %v; the letter is %s", d.To, in.Subject, in.InReplyTo, in.References, id)
	}
	if !strings.HasPrefix(in.Reply, "Thank you.") || strings.Contains(in.Reply, "look now") || !strings.Contains(in.Quoted, "Please look now.") {
		t.Errorf("reply %q, quoted %q", in.Reply, in.Quoted)
	}
	again := Reply(edith, Letter{Raw: d.Bytes()}, "x", nil, time.Now())
	if again.Subject != "Re: [HD-7] Screen, internet??? and more" || len(again.References) != 2 {
		t.Errorf("the subject %q, references %v", again.Subject, again.References)
	}
}

func TestDraftsSurviveTheirWriting(t *testing.T) {
	p := person("amelie.vasseur")
	d := Draft{From: p.mailbox(), Subject: "Été à Besançon, sans son\r\nBcc: x@y.example", Text: "Ligne 1\n.\n" + strings.Repeat("é", 300), Date: time.Now(),
		HTML:  "<p>é<img src=\"cid:c@x\"></p>",
		Files: []File{{Name: "règle & compas.txt", Type: "text/plain", Data: []byte("données")}, {Name: "c.png", Type: "image/png", ContentID: "c@x", Data: clockFace(20, 1, 2, false)}}}
	d.To = append(d.To, helpdeskMailbox())
	in := ingest.Parse(d.Bytes(), ingest.Options{})
	if in.Subject != "Été à Besançon, sans sonBcc: x@y.example" || in.From[0].Name != p.Name || strings.Contains(string(d.Bytes()), "\r\nBcc:") {
		t.Errorf("subject %q, from %v", in.Subject, in.From)
	}
	if len(in.Parts) != 3 || len(in.Defects) > 0 {
		t.Fatalf("parts %+v, defects %v", in.Parts, in.Defects)
	}
	for _, part := range in.Parts {
		b, err := decode(Letter{Raw: d.Bytes()}, part)
		if err != nil {
			t.Fatal(err)
		}
		switch part.Role {
		case tracker.RoleFile:
			if part.Name != "règle & compas.txt" || string(b) != "données" {
				t.Errorf("the file is %q with %q", part.Name, b)
			}
		case tracker.RoleInline:
			if _, err := png.Decode(bytes.NewReader(b)); err != nil || part.ContentID != "c@x" {
				t.Errorf("the picture: %v", err)
			}
		}
	}
}

func TestStoriesAreComplete(t *testing.T) {
	last := time.Duration(1 << 62)
	for _, s := range stories() {
		name := s.subject
		if s.form != nil {
			name = s.form.Happened
		}
		if person(s.who).Key == "" || person(s.who).Role != "" {
			t.Errorf("%q: nobody is called %s", name, s.who)
		}
		if s.form == nil && (s.subject == "" || s.text == "") || s.level < 1 || s.level > 3 || s.star && s.level != 3 || s.category == "" {
			t.Errorf("%q is incomplete", name)
		}
		if (s.by != "") != (s.via != "") || s.by != "" && person(s.by).Role == "" {
			t.Errorf("%q: who wrote it down?", name)
		}
		if s.ago >= last {
			t.Errorf("%q is out of order", name)
		}
		last = s.ago
		left := s.ago
		fixed := false
		for _, st := range s.steps {
			if left -= st.after; left <= 0 {
				t.Errorf("%q ends in the future", name)
			}
			if st.do.byClient() != (st.who == "") || st.who != "" && person(st.who).Role == "" {
				t.Errorf("%q: who does %s?", name, st.do)
			}
			if st.do.wordless() == (st.text != "") {
				t.Errorf("%q: %s with text %q", name, st.do, st.text)
			}
			fixed = fixed || st.do == fixes || st.do == patches
			if st.do == confirms && !fixed {
				t.Errorf("%q is confirmed without a fix", name)
			}
		}
	}
}
