package ingest

import (
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// TestForwarded: who, when and what of forwards, inline and attached.
func TestForwarded(t *testing.T) {
	head := "From: Anna <anna@client.example>\nTo: help@corp.example\nMessage-ID: <a@client.example>\nDate: Mon, 2 Mar 2026 09:00:00 +0000\n"
	attached := "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{text}\n--b\nContent-Type: message/rfc822\n\nFrom: =?utf-8?q?Bj=C3=B6rn?= <bob@x.example>\nDate: Sun, 1 Mar 2026 08:00:00 +0100\nSubject: =?utf-8?q?kaputter_Gr=C3=BCn-Drucker?=\n\nIt broke.\n--b--\n"
	bob := tracker.Address{Name: "Bob Roth", Address: "bob@x.example"}
	for name, c := range map[string]struct {
		mail string
		want *tracker.Forwarded
	}{
		"an answer":      {"Subject: Re: x\n\nYes.\n\nFrom: Bob <bob@x.example>\nSent: Monday\nTo: Anna\nSubject: x\n\nold\n", nil},
		"inline":         {"Subject: FW: x\n\nFrom: Bob Roth <bob@x.example>\nSent: Monday, 2 March 2026 08:00\nTo: Anna\nSubject: x\n\nold\n", &tracker.Forwarded{From: bob, Date: "Monday, 2 March 2026 08:00", Subject: "x"}},
		"old outlook":    {"Subject: FW: x\n\n-----Original Message-----\nFrom: Bob Roth [mailto:bob@x.example]\nSent: Monday\nSubject: x\n\nold\n", &tracker.Forwarded{From: bob, Date: "Monday", Subject: "x"}},
		"colleague":      {"Subject: FW: x\n\nFrom: Roth, Bob\nSent: Monday\nTo: Anna\nSubject: x\n\nold\n", &tracker.Forwarded{From: tracker.Address{Name: "Roth, Bob"}, Date: "Monday", Subject: "x"}},
		"danish forward": {"Subject: VS: x\nContent-Type: text/plain; charset=utf-8\n\nSe her.\n\nFra: Bob Roth <bob@x.example>\nSendt: 2. marts 2026 08:00\nTil: Anna\nEmne: x\n\nold\n", &tracker.Forwarded{From: bob, Date: "2. marts 2026 08:00", Subject: "x"}},
		"finnish answer": {"Subject: VS: x\nContent-Type: text/plain; charset=utf-8\n\nKyllä.\n\nLähettäjä: Bob <bob@x.example>\nLähetetty: 2.3.2026 8.00\nVastaanottaja: Anna\nAihe: x\n\nold\n", nil},
		"by the text":    {"Subject: x\n\nSee below.\n\n---------- Forwarded message ---------\nFrom: Bob Roth <bob@x.example>\nDate: Mon, Mar 2, 2026 at 8:00 AM\nSubject: x\nTo: <anna@client.example>\n\nold\n", &tracker.Forwarded{From: bob, Date: "Mon, Mar 2, 2026 at 8:00 AM", Subject: "x"}},
		"attached":       {"Subject: Fwd: x\n" + strings.Replace(attached, "{text}", "Look.", 1), &tracker.Forwarded{From: tracker.Address{Name: "Björn", Address: "bob@x.example"}, Date: "Sun, 1 Mar 2026 08:00:00 +0100", Subject: "kaputter Grün-Drucker"}},
		"attached alone": {"Subject: x\n" + strings.Replace(attached, "{text}", "", 1), &tracker.Forwarded{From: tracker.Address{Name: "Björn", Address: "bob@x.example"}, Date: "Sun, 1 Mar 2026 08:00:00 +0100", Subject: "kaputter Grün-Drucker"}},
		"an attachment":  {"Subject: x\n" + strings.Replace(attached, "{text}", "My badge is lost, the mail is only an example.", 1), nil},
	} {
		got := Parse([]byte(head+c.mail), Options{})
		if f := got.Forwarded; (f == nil) != (c.want == nil) || f != nil && *f != *c.want {
			t.Errorf("%s: %+v, want %+v", name, f, c.want)
		}
		if c.want != nil && got.Quoted != "" {
			t.Errorf("%s: folded away %q", name, got.Quoted)
		}
		if c.want == nil && strings.Contains(got.Reply, "old") {
			t.Errorf("%s: the quote is not folded: %q", name, got.Reply)
		}
	}
}
