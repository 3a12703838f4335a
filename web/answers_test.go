package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// TestAnswersOnATicket: uploads are links, long answers are folded, a certain
// time is the reader's own, and what is uncertain stays as it was written.
func TestAnswersOnATicket(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		f := &tracker.Form{Source: "power_automate", SubmittedAt: "3/4/2026 2:16 PM", Requester: tracker.Address{Name: "Hana Sato", Address: "hana.sato@aldermere.example"}, Answers: []tracker.Answer{
			{Question: "When?", Answer: "2026-03-04T10:00:00Z", Date: "2026-03-04"}, {Question: "Log", Answer: strings.Repeat("line of a log\n", 40) + "the end"}, {Question: "Skipped", Answer: ""},
			{Question: "Files", Answer: "a.png; b.txt", Files: []tracker.AnswerFile{{Name: "a.png", Link: "https://corp.example/a.png", Size: 2048}, {Name: "b.txt", Link: "javascript:alert(1)"}}}}}
		o, _ := w.arrives(letter{name: "Flow", address: "flow@aldermere.example", subject: "x", text: "x", form: f})
		body := w.session(w.tech).get("/tickets/" + strings.TrimPrefix(o.Ticket, "HD-")).Body.String()
		for _, want := range []string{"Submitted 3/4/2026 2:16 PM", "Show all of it", "the end", "no answer", `href="https://corp.example/a.png"`, "How it is read", `title="2026-03-04T10:00:00Z"`} {
			if !strings.Contains(body, want) {
				t.Errorf("no %q", want)
			}
		}
		if strings.Contains(body, "javascript:") || strings.Contains(body, "a.png; b.txt") {
			t.Error("an unsafe link, or the names twice")
		}
		// The connector sends it again, under another id: the ticket says so.
		if again, _ := w.arrives(letter{name: "Flow", address: "flow@aldermere.example", subject: "x", text: "x", form: f}); again.Fate != tracker.FateDuplicate {
			t.Fatalf("again: %+v", again)
		}
		if body := w.session(w.tech).get("/tickets/" + strings.TrimPrefix(o.Ticket, "HD-")).Body.String(); !strings.Contains(body, "sent the same answer once more") {
			t.Error("the ticket does not tell of the copy")
		}
		w.ago(-time.Minute)
	})
}

// TestWhoAsked: a form that names nobody, or whose sender may not speak for
// others, offers whom it may mean, and one press makes them the requester.
func TestWhoAsked(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "earlier", text: "x"})
		press := func(o tracker.Outcome) tracker.Ticket {
			t.Helper()
			n, _ := tracker.ParseTicketName(o.Ticket)
			page := b.get("/tickets/" + strings.TrimPrefix(o.Ticket, "HD-")).Body.String()
			if !strings.Contains(page, "The form names") || !strings.Contains(page, `name="address" value="hana.sato@aldermere.example"`) {
				t.Fatalf("%s offers nobody", o.Ticket)
			}
			got, err := w.TicketByNumber(t.Context(), n)
			w.ok(err)
			if res := b.post("/tickets/"+strings.TrimPrefix(o.Ticket, "HD-")+"/requester", "version", fmt.Sprint(got.Version), "was", got.ClientAddress, "name", "Hana Sato", "address", "hana.sato@aldermere.example"); res.Code != http.StatusSeeOther {
				t.Fatalf("press: %d", res.Code)
			}
			got, err = w.TicketByNumber(t.Context(), n)
			w.ok(err)
			return got
		}
		// By name only: somebody of that name is known.
		o, _ := w.arrives(letter{name: "Flow", address: "flow@aldermere.example", subject: "n", text: "n", form: &tracker.Form{Source: "power_automate", Requester: tracker.Address{Name: "Hana Sato"}, Answers: []tracker.Answer{{Question: "Name", Answer: "Hana Sato"}}}})
		if got := press(o); got.ClientAddress != "hana.sato@aldermere.example" {
			t.Errorf("%+v", got)
		}
		// From a flow's owner whom nobody named as a form sender.
		o, _ = w.arrives(letter{name: "Owner", address: "owner@aldermere.example", subject: "o", text: "o", form: &tracker.Form{Source: "power_automate", Requester: tracker.Address{Name: "Hana Sato", Address: "hana.sato@aldermere.example"}, Answers: []tracker.Answer{{Question: "Name", Answer: "Hana"}}}})
		if got := press(o); got.ClientAddress != "hana.sato@aldermere.example" || got.ClientName != "Hana Sato" {
			t.Errorf("%+v", got)
		}
		if body := b.get("/tickets/" + strings.TrimPrefix(o.Ticket, "HD-")).Body.String(); strings.Contains(body, "The form names") {
			t.Error("it still asks")
		}
	})
}
