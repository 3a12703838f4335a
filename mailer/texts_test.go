package mailer

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestTextsAreUsed: what staff word anew stands in the mails.
func TestTextsAreUsed(t *testing.T) {
	r := testRenderer(t)
	d := testDesk
	d.texts = map[string]string{
		tracker.TextAckInside: "Inside {ticket}, {company}.", tracker.TextAckOutside: "Outside {ticket}.", tracker.TextConfirm: "Good now, {ticket}?",
		tracker.TextGreeting: "Dear {name},", tracker.TextSignature: "IT of {company}\n{technician} {unknown}", tracker.TextInvite: "{by} wants you at {helpdesk}.",
	}
	inside, outside, confirming := sample(tracker.MailAck), sample(tracker.MailAck), sample(tracker.MailReply)
	outside.Ack = &tracker.AckDetail{}
	confirming.Stage = "confirming"
	for _, c := range []struct {
		it   tracker.OutboxItem
		says []string
	}{
		{inside, []string{"Inside HD-12, Acme."}},
		{outside, []string{"Outside HD-12."}},
		{confirming, []string{"Good now, HD-12?", "Dear Anna Kovač,\n\nHello Anna,", "IT of Acme\nMaria Lopez {unknown}"}},
		{accountItem(tracker.LinkInvite), []string{"Ines Holm wants you at Acme Helpdesk."}},
	} {
		l, err := r.letter(c.it, d, testToken)
		if err != nil {
			t.Fatal(err)
		}
		txt, _, err := r.forms.write(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, say := range c.says {
			if !strings.Contains(txt, say) {
				t.Errorf("no %q in\n%s", say, txt)
			}
		}
	}
}

// TestTheDeskSaysWhenItOpens, where that is set and it is closed.
func TestTheDeskSaysWhenItOpens(t *testing.T) {
	r := testRenderer(t)
	d := testDesk
	d.tells = true
	d.hours = tracker.Hours{Zone: "Europe/Zurich"}
	d.hours.Week[time.Friday] = []tracker.Span{{From: 8 * 60, To: 17 * 60}}
	says := func() bool {
		l, err := r.letter(sample(tracker.MailAck), d, "")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(strings.Join(l.Lead, "\n"), "We are back on Friday 6 November at 08:00.")
	}
	if !says() { // now is Thursday, 5 November 2026
		t.Error("the acknowledgement does not say when the desk opens")
	}
	d.hours.Week[time.Thursday] = []tracker.Span{{From: 8 * 60, To: 17 * 60}}
	if says() {
		t.Error("it says so while the desk is open")
	}
	d.hours.Week[time.Thursday], d.tells = nil, false
	if says() {
		t.Error("it says so though staff do not want it")
	}
	if d.hours, d.tells = (tracker.Hours{}), true; says() {
		t.Error("it says so without hours")
	}
}

// TestEveryTextHasASample, by default and worded anew, with its marks known.
func TestEveryTextHasASample(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		store := tracker.New(db, tracker.Options{})
		m, err := New(store, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range tracker.MailTexts() {
			if err := text.Check(m.DefaultText(text.Key)); err != nil || strings.HasPrefix(m.DefaultText(text.Key), "text.") {
				t.Errorf("the default of %s: %v", text.Key, err)
			}
			wording := "Zebra {" + strings.Join(slices.Sorted(maps.Keys(set(text.Marks))), "} {") + "}"
			subject, sample, err := m.PreviewText(t.Context(), text.Key, wording)
			if err != nil || subject == "" || !strings.Contains(sample, "Zebra") || strings.Contains(sample, "{") {
				t.Errorf("%s: %q %q %v", text.Key, subject, sample, err)
			}
			if _, _, err := m.PreviewText(t.Context(), text.Key, "{nonsense}"); migrations.KindOf(err) != migrations.Invalid {
				t.Errorf("%s takes {nonsense}: %v", text.Key, err)
			}
		}
	})
}

func set(all []string) map[string]bool {
	m := map[string]bool{}
	for _, a := range all {
		m[a] = true
	}
	return m
}
