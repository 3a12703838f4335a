package mailer

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

func TestBriefGolden(t *testing.T) {
	it := sample(tracker.MailNotify)
	it.TriagedAt, it.Level = 0, 1
	it.Brief = &tracker.Brief{Department: "Sales", Phone: "0123 456", High: true, Suggested: "3*", Reason: "high management asks",
		Held: []string{"A-0012 Nordfell Book 14 (PC-12)"}, Unknown: []tracker.FactItem{tracker.FactWhen, tracker.FactDoing}, Waiting: "client",
		Deadline: migrations.At(time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)),
		Similar:  []tracker.BriefSimilar{{Number: 4, Subject: "Half pages again", Fix: "Cleaned the rollers."}}}
	r := testRenderer(t)
	l, err := r.letter(it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	txt, htm, err := r.forms.write(l)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "notify-brief.txt", txt)
	golden(t, "notify-brief.html", htm)
	for _, part := range []string{"3★: high management asks", "0123 456", "A-0012", "which has passed", "Cleaned the rollers.", "#note"} {
		if !strings.Contains(txt, part) {
			t.Errorf("the notification lacks %q", part)
		}
	}
}

func TestDigestGolden(t *testing.T) {
	it := sample(tracker.MailNotify)
	it.Kind, it.Message, it.TicketID, it.TicketNumber = tracker.MailDigest, nil, 0, 0
	it.Daily = &tracker.Digested{MineN: 1, FreeN: 42, Answered: 3, Done: 2}
	it.Mine = []tracker.DigestTicket{{Number: 12, Subject: "Printer on fire", Stage: tracker.InProgress, Level: 3, Star: true, News: true, ClientName: "Anna Kovač",
		Deadline: migrations.At(time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC))}}
	it.Free = []tracker.DigestTicket{{Number: 13, Stage: tracker.Requested, Level: 1, Waiting: "client"}}
	r := testRenderer(t)
	l, err := r.letter(it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	txt, htm, err := r.forms.write(l)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "digest.txt", txt)
	golden(t, "digest.html", htm)
	out, err := r.render(t.Context(), it, testDesk, testToken)
	if err != nil || strings.Contains(string(out.Bytes), "+"+testToken) || !strings.Contains(out.Subject, "42") {
		t.Errorf("%q %v", out.Subject, err)
	}
}
