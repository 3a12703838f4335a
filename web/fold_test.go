package web

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestFolds: what a mail repeats is folded away and one click from being seen,
// in its place too where the mail is text alone; a forward says whose mail it
// passes on.
func TestFolds(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.arrives(letter{name: "Anna Berg", address: "anna@aldermere.example", subject: "Fwd: screen", text: "It works <now>.", quoted: "> does it\n> work?",
		forwarded: &tracker.Forwarded{From: tracker.Address{Name: "Bob & Co", Address: "bob@client.example"}, Date: "Mon, 2 March 2026 09:00", Subject: "broken screen"}})
	b := w.session(w.tech)
	page := b.get("/tickets/1").Body.String()
	for _, want := range []string{
		"Forwarded: first written by Bob &amp; Co (bob@client.example) on Mon, 2 March 2026 09:00, “broken screen”",
		`<summary title="Show 2 lines of quoted text and signature">`, "&gt; does it", "As it was sent",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	id := w.count(`SELECT MAX(id) FROM message`)
	frame := b.get(fmt.Sprintf("/messages/%d/html", id))
	if csp := frame.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") {
		t.Errorf("the frame may do %s", csp)
	}
	if s := frame.Body.String(); !strings.Contains(s, "It works &lt;now&gt;.") {
		t.Errorf("the whole text: %s", s)
	}
}

// TestFormAsItWasSent: of a form's mail the answers are shown, and all else
// that it says is one click away, also where it has no HTML.
func TestFormAsItWasSent(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.received("From: flow@aldermere.example\r\nTo: helpdesk@aldermere.example\r\nSubject: IT help\r\nMessage-ID: <t1@aldermere.example>\r\nDate: Wed, 4 Mar 2026 10:00:00 +0000\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\r\n" +
		"Words above the questions.\r\n\r\nName: Anna Berg\r\nEmail: anna@aldermere.example\r\nProblem: The printer is broken.\r\n")
	page := w.session(w.tech).get("/tickets/1").Body.String()
	if !strings.Contains(page, "The printer is broken.") || strings.Contains(page, "Words above the questions.") {
		t.Fatal("the answers are not what is shown")
	}
	if !strings.Contains(page, "As it was sent") {
		t.Error("what else the mail says is nowhere to be seen")
	}
}

// TestWhatIsSaidOfAMail: notes stand below the message, and what was mended
// opens there, also by touch and key.
func TestWhatIsSaidOfAMail(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.arrives(letter{name: "Anna Berg", address: "anna@aldermere.example", subject: "Old scanner", text: "See below.",
		notes: []string{"Signed with S/MIME (not checked)"}, defects: []string{"a line without a colon", "the text is UTF-8, not <latin1>"}})
	page := w.session(w.tech).get("/tickets/1").Body.String()
	for _, want := range []string{"<span>Signed with S/MIME (not checked)</span>", `<details class="damage"><summary>`, "<p>a line without a colon\nthe text is UTF-8, not &lt;latin1&gt;</p>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
