package mailer

import (
	"context"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// text returns one of the texts that staff may word anew, filled in. What the
// marks stand for is cleaned: it becomes part of a mail.
func (r *renderer) text(d desk, key string, values map[string]string) string {
	t, _ := tracker.MailTextByKey(key)
	wording := d.texts[key]
	if strings.TrimSpace(wording) == "" {
		wording = r.words.say("text." + key)
	}
	return fill(t, wording, d, values)
}

// own returns a technician's own signature, filled in; "" for none.
func (r *renderer) own(d desk, wording, name string) string {
	return fill(tracker.MailText{Marks: tracker.SignatureMarks()}, wording, d, map[string]string{"technician": name})
}

func fill(t tracker.MailText, wording string, d desk, values map[string]string) string {
	clean := map[string]string{"helpdesk": d.brand, "company": d.company}
	if d.company == "" {
		clean["company"] = d.brand
	}
	for name, v := range values {
		clean[name] = oneLine(v, 200)
	}
	return strings.TrimSpace(t.Fill(cleanText(wording), clean))
}

// lines returns the lines of a text that hold something.
func lines(text string) []string {
	var all []string
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			all = append(all, l)
		}
	}
	return all
}

// opening says when the desk opens, "" while it is open, where that is not to
// be said, and where it does not open at all.
func (r *renderer) opening(d desk) string {
	now := r.now()
	if !d.tells || !d.hours.Set() || d.hours.Open(now) {
		return ""
	}
	at := d.hours.NextOpening(now)
	if at.IsZero() {
		return ""
	}
	return at.Format(r.words.say("opening"))
}

// DefaultText returns a text as it is where staff have not worded it anew.
func (m *Mailer) DefaultText(key string) string { return m.words.say("text." + key) }

// PreviewText shows a wording on a sample: the mail's subject and its text. An
// empty wording is the default.
func (m *Mailer) PreviewText(ctx context.Context, key, wording string) (subject, text string, err error) {
	t, ok := tracker.MailTextByKey(key)
	if !ok {
		return "", "", migrations.NotFoundf("There is no such text.")
	}
	if err := t.Check(wording); err != nil {
		return "", "", err
	}
	d, err := m.readSettings(ctx)
	if err != nil {
		return "", "", err
	}
	texts := map[string]string{}
	for k, v := range d.texts {
		texts[k] = v
	}
	texts[key] = wording
	d.texts = texts
	return m.renderer.preview(key, d)
}

// preview writes the sample mail that a text stands in.
func (r *renderer) preview(key string, d desk) (subject, text string, err error) {
	w := r.words
	it := tracker.OutboxItem{
		Kind: tracker.MailAck, TicketNumber: 1024, TicketID: 1, TicketSubject: w.say("sample.subject"), Stage: "in_progress",
		RequesterName: w.say("sample.client"), RequesterAddress: "anna.kovac@company.example",
		ToName: w.say("sample.client"), ToAddress: "anna.kovac@company.example",
		Message: &tracker.OutMessage{FromName: w.say("sample.technician"), Body: w.say("sample.answer")},
	}
	switch key {
	case tracker.TextAckInside:
		it.Ack = &tracker.AckDetail{EchoSubject: true, AskQuestions: true}
	case tracker.TextAckOutside:
		it.Ack = &tracker.AckDetail{AskQuestions: true}
	case tracker.TextAckClosed:
		it.Ack = &tracker.AckDetail{EchoSubject: true}
		d.tells = true
		if !d.hours.Set() || d.hours.Open(r.now()) || d.hours.NextOpening(r.now()).IsZero() {
			d.hours = sampleHours(r)
		}
	case tracker.TextConfirm:
		it.Kind, it.Stage = tracker.MailReply, "confirming"
	case tracker.TextGreeting, tracker.TextSignature:
		it.Kind = tracker.MailReply
	case tracker.TextRemind:
		it.Kind, it.Message.Direction, it.Message.Body, it.Message.At = tracker.MailRemind, "out", w.say("sample.question"), migrations.At(r.now().Add(-3*24*time.Hour))
	case tracker.TextInvite:
		it = tracker.OutboxItem{Kind: tracker.MailAccount, ToName: w.say("sample.technician"), ToAddress: "maria.lopez@company.example",
			Account: &tracker.AccountDetail{About: tracker.LinkInvite, ByName: w.say("sample.client")}}
		if !isWebLink(d.publicURL) {
			d.publicURL = "https://helpdesk.example"
		}
	}
	l, err := r.letter(it, d, "…")
	if err != nil {
		return "", "", err
	}
	text, _, err = r.forms.write(l)
	return r.subject(it, d), text, err
}

// sampleHours are closed now and open on the next working day at eight.
func sampleHours(r *renderer) tracker.Hours {
	h := tracker.Hours{Zone: r.zone.String()}
	if h.Zone == "Local" {
		h.Zone = "UTC"
	}
	for day := 1; day <= 5; day++ {
		h.Week[day] = []tracker.Span{{From: 8 * 60, To: 17 * 60}}
	}
	if today := r.now().In(h.Location()); h.Open(r.now()) {
		h.Holidays = []tracker.Holiday{{Date: today.Format("2006-01-02")}}
	}
	return h
}
