package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"helpdeskd/ingest"
	"helpdeskd/tracker"
)

var _ = example("/settings/forms/read", "/settings/forms/read", "/settings/forms/read?q=nothinglikethis", "/settings/forms/read?mail=1")

// realReader reads forms as the program does.
type realReader struct{}

func (realReader) ReadForm(raw []byte, taught tracker.FormReading) tracker.Inbound {
	return ingest.Parse(raw, ingest.Options{Own: []string{"helpdesk@aldermere.example"}, FormSenders: append([]string{"flow@aldermere.example"}, taught.Senders...), Labels: taught.Labels})
}

// odd is a mail of a form whose sender nobody knows, in words of its own.
const odd = "From: Intranet <intranet@aldermere.example>\r\nTo: helpdesk@aldermere.example\r\nSubject: Meldung 12\r\nMessage-ID: <odd-%s@aldermere.example>\r\nDate: Wed, 4 Mar 2026 10:00:00 +0000\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p><b>Wer bist du?</b> Hana Sato</p><p><b>Rückruf unter</b> hana.sato@aldermere.example</p><p><b>Was klemmt?</b> Der <i>Scanner</i> &lt;script&gt;alert(1)&lt;/script&gt; piept.</p>"

func oddMail(id string) string { return strings.Replace(odd, "%s", id, 1) }

// received lets a mail come as the program takes it.
func (w *world) received(raw string) tracker.Outcome {
	w.t.Helper()
	ids, err := w.Keep(w.t.Context(), w.lease, w.mailbox.ID, []tracker.RawMail{{ReceivedAt: w.Now(), Data: []byte(raw)}})
	w.ok(err)
	work, err := w.Claim(w.t.Context(), w.lease, w.mailbox.ID, 10)
	w.ok(err)
	r, err := w.FormReading(w.t.Context())
	w.ok(err)
	var out tracker.Outcome
	for _, job := range work {
		all, err := w.Receive(w.t.Context(), w.lease, []tracker.Item{{Work: job, Mail: realReader{}.ReadForm([]byte(raw), r)}})
		w.ok(err)
		if job.InboxID == ids[0] && len(all) > 0 {
			out = all[0]
		}
	}
	return out
}

// flat are the fields of a form as post takes them.
func flat(fields url.Values) []string {
	var all []string
	for name, values := range fields {
		for _, v := range values {
			all = append(all, name, v)
		}
	}
	return all
}

func TestTeachForms(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		for _, who := range []tracker.Account{w.admin, w.tech} {
			b := w.session(who)
			const page, teach = "/settings/forms/read", "/settings/forms/teach"
			// Nothing, a file of Outlook's, words that are no mail, and too much.
			for typed, says := range map[string]string{"": "choose a file", "\xd0\xcf\x11\xe0": "Outlook", "Hello, my printer": "not the source of a mail", "Subject: x\n\n" + strings.Repeat("x", maxTyped): "larger than 2 MB"} {
				res := b.sendFile(page, "file", "mail.eml", "message/rfc822", []byte(typed))
				if res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), says) {
					t.Errorf("%.20q: %d", typed, res.Code)
				}
			}
			res := b.post(page, "source", oddMail("a"))
			body := res.Body.String()
			if res.Code != http.StatusOK || !strings.Contains(body, "Not read as an answer of a form") || !strings.Contains(body, "Nothing in it says that a form sent it") || strings.Contains(body, "<script>alert") {
				t.Fatalf("%s: %d %s", who.Name, res.Code, body)
			}
			raw := base64.StdEncoding.EncodeToString([]byte(oddMail("a")))
			// The sender alone: the questions show, and nobody is named.
			body = b.post(page, "raw", raw, "of", "intranet@aldermere.example", "sender", "1").Body.String()
			if !strings.Contains(body, "The form does not say who asks") || !strings.Contains(body, "Rückruf unter") || !strings.Contains(body, "not saved yet") {
				t.Fatalf("with the sender: %s", body)
			}
			fields := url.Values{"raw": {raw}, "of": {"intranet@aldermere.example"}, "sender": {"1"},
				"question": {"Wer bist du?", "Rückruf unter", "Was klemmt?"}, "means": {"name", "email", "problem"}}
			body = b.post(page, flat(fields)...).Body.String()
			if !strings.Contains(body, "The request is opened for") || !strings.Contains(body, "Hana Sato") {
				t.Fatalf("with all: %s", body)
			}
			if r, _ := w.FormReading(t.Context()); len(r.Senders)+len(r.Labels) != 0 {
				t.Fatalf("a preview saved %+v", r)
			}
			if res = b.post(teach, flat(fields)...); res.Code != http.StatusOK || !strings.Contains(res.Body.String(), "Saved") {
				t.Fatalf("save: %d", res.Code)
			}
			other := tracker.New(w.DB(), tracker.Options{})
			if r, err := other.FormReading(t.Context()); err != nil || len(r.Senders) != 1 || len(r.Labels) != 3 {
				t.Fatalf("elsewhere: %+v %v", r, err)
			}
			// A like mail now has its requester.
			out := w.received(oddMail(string(who.Role)))
			n, _ := tracker.ParseTicketName(out.Ticket)
			got, err := w.TicketByNumber(t.Context(), n)
			if err != nil || got.ClientAddress != "hana.sato@aldermere.example" || got.Subject == "Meldung 12" {
				t.Fatalf("%+v: %+v %v", out, got, err)
			}
			// What was saved is taken back.
			if res = b.post(teach, flat(url.Values{"undo": {"1"}, "forget": {"intranet@aldermere.example"}, "label": {"Wer bist du?", "Rückruf unter", "Was klemmt?"}, "as": {"", "", ""}})...); res.Code != http.StatusSeeOther {
				t.Fatalf("undo: %d", res.Code)
			}
			if r, _ := w.FormReading(t.Context()); len(r.Senders)+len(r.Labels) != 0 {
				t.Fatalf("left: %+v", r)
			}
			// And a mail that was received is read again.
			if body := b.get(page).Body.String(); !strings.Contains(body, "Meldung 12") {
				t.Fatal("the mail is not in the list")
			}
			if body := b.get(page + "?q=MELDUNG+intranet").Body.String(); !strings.Contains(body, "Meldung 12") {
				t.Fatal("the mail is not found")
			}
		}
		// Who may not.
		m := w.session(w.manager)
		if res := m.get("/settings/forms/read"); res.Code != http.StatusForbidden {
			t.Errorf("a manager: %d", res.Code)
		}
	})
}

// TestUnteach: what is removed from the lists comes back by one press.
func TestUnteach(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		b.post("/settings/forms/senders", "sender", "forms@aldermere.example")
		b.post("/settings/forms/labels", "label", "Co se stalo?", "means", "problem")
		b.post("/settings/forms/senders/remove", "sender", "forms@aldermere.example")
		if body := b.get("/settings/forms").Body.String(); !strings.Contains(body, "no form sender any more") || !strings.Contains(body, "Undo") {
			t.Fatal("no undo for a sender")
		}
		b.post("/settings/forms/labels/remove", "label", "Co se stalo?")
		b.post("/settings/forms/teach", "undo", "1", "sender", "forms@aldermere.example", "forget", "", "label", "Co se stalo?", "as", "problem")
		r, err := w.FormReading(t.Context())
		if err != nil || len(r.Senders) != 1 || r.Labels["Co se stalo?"] != tracker.MeansProblem {
			t.Fatalf("%+v %v", r, err)
		}
		if res := b.post("/settings/forms/senders/remove", "sender", "nobody@aldermere.example"); res.Code != http.StatusNotFound {
			t.Errorf("a sender that is none: %d", res.Code)
		}
	})
}
