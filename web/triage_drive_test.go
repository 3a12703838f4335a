package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"

	"helpdeskd/tracker"
)

// TestTriageInABrowser: three people report one outage; a technician sees it
// on the board, accepts the suggestion, cites what solved it last time below a
// draft, links that, and answers the three as one.
func TestTriageInABrowser(t *testing.T) { triageInABrowser(t) }

func triageInABrowser(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	w := d.w
	writes := func(name, subject, text string) (number int64) {
		o, _ := w.arrives(letter{name: name, address: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@aldermere.example", subject: subject, text: text})
		number, err := tracker.ParseTicketName(o.Ticket)
		w.ok(err)
		return number
	}
	w.ago(48 * time.Hour)
	past := writes("Oskar Nilsen", "Internet broken at the front desk", "Since this morning.")
	_, err := w.RecordFix(t.Context(), tracker.Actor{AccountID: w.tech.ID}, past, "Plugged the switch in again.", tracker.AnyVersion)
	w.ok(err)
	w.ago(20 * time.Minute)
	one := writes("Oskar Nilsen", "No internet", "Nothing loads here.")
	w.ago(10 * time.Minute)
	two := writes("Priya Raman", "Internet is down?", "No page opens.")
	w.ago(0)
	three := writes("Jonas Weber", "Wi-Fi and network gone", "Teams says no connection.")

	d.open("/board")
	d.sees(fmt.Sprintf("#t%d .tag.many", two), "3 report this")
	d.open(fmt.Sprintf("/tickets/%d", one))
	d.sees(".suggest", fmt.Sprintf("Three people reported something alike within 20 minutes: HD-%d, HD-%d and HD-%d", one, two, three))
	d.sees("#burst h2", "3 people report something alike")
	d.sees("#history", "2 other requests in 90 days")
	d.sees(".suggest button", "Accept").MustClick()
	d.sees(".prop > summary .prio.p3s", "Cannot work")

	// A fix is cited below what is written already.
	text := d.MustElement(".f-reply textarea")
	text.MustInput("Hello Oskar,")
	d.tap(d.sees("#similar [data-solved]", "Cite the fix"))
	if err := d.Timeout(10 * time.Second).Wait(rod.Eval(`() => document.querySelector(".f-reply textarea").value === "Hello Oskar,\n\nPlugged the switch in again."`)); err != nil {
		t.Fatalf("the answer reads %q", d.MustElement(".f-reply textarea").MustProperty("value").String())
	}
	d.sees("#similar .because", "same person")
	d.tap(d.sees("#similar button", "Link"))
	d.sees("#links", tracker.TicketName(past))
	if w.count(`SELECT count(*) FROM link WHERE a_kind = 'ticket' AND b_kind = 'ticket'`) != 1 {
		t.Error("the similar request is not linked")
	}

	// One click, and one answer goes to all.
	d.tap(d.sees("#burst button", "Answer it here for all 2 others"))
	d.sees("#family", tracker.TicketName(three))
	if w.count(`SELECT count(*) FROM ticket p JOIN ticket c ON c.parent_id = p.id WHERE p.number = ? AND c.number IN (?, ?)`, one, two, three) != 2 {
		t.Error("the others are not parts of it")
	}
	// Another that comes later is added to it with one click, or stands by itself.
	four := writes("Chloé Dubois", "Plus d'internet", "Rien ne marche.")
	d.open(fmt.Sprintf("/tickets/%d", four))
	d.sees("#burst h2", "4 people")
	d.sees("#burst button", "Add to "+tracker.TicketName(one))
	d.tap(d.sees("#burst button", "This is something else"))
	d.sees(".flash", tracker.TicketName(four)+" stands by itself")
	if d.MustHas("#burst") || w.count(`SELECT count(*) FROM ticket WHERE number = ? AND burst_id IS NULL AND burst_out`, four) != 1 {
		t.Error("it did not leave")
	}

	// Without scripts the link opens the page with the fix in the answer.
	d.plain.Store(true)
	d.open(fmt.Sprintf("/tickets/%d", four))
	if d.MustHas("#similar [data-solved]") {
		t.Error("what solved somebody else's request for another reason is cited here")
	}
	d.open(fmt.Sprintf("/tickets/%d?do=reply&cite=%s", one, tracker.TicketName(past)))
	if got := d.MustElement(".f-reply textarea").MustProperty("value").String(); got != "Plugged the switch in again." {
		t.Errorf("the answer begins with %q", got)
	}
	// It only fills an empty answer, and names nothing that is not there.
	if page := w.as(w.tech).get(fmt.Sprintf("/tickets/%d?do=reply&cite=HD-9999", one)); page.Code != 404 {
		t.Errorf("citing what is not there: %d", page.Code)
	}
}
