package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// TestSmokeOnPostgres goes once through every flow that the browser tests drive
// in full on SQLite, and on PostgreSQL with --full only.
func TestSmokeOnPostgres(t *testing.T) {
	d := newDrive(t, migrations.Postgres, 1440, 900)
	d.tap(d.sees("#cards-requested .subject", "Imprimante"))
	d.choose("Priority", "Part of the work is impeded")
	d.sees(".prop > summary .prio.p2", "Work impeded")
	d.write("reply", "I am coming up.", "Send and start work")
	d.sees(".msg.own .text", "I am coming up")
	d.sees(".prop > summary .stage", "In progress")
	d.open("/search?q=accounting+database")
	d.sees(".found .s", "Cannot reach the accounting database")
	for _, path := range []string{"/tickets", "/held", "/people", "/mail", "/account"} {
		d.open(path)
		d.MustElement("main")
		if d.MustHas(".trouble") {
			t.Errorf("%s: %s", path, d.MustElement(".trouble").MustText())
		}
	}
	smokeTriage(d)
	smokeFlow(d)
	smokeEmployee(d)
	smokeInsight(d)
}

// smokeTriage: an outage that three report is seen, judged and answered as one.
func smokeTriage(d *drive) {
	d.t.Helper()
	var numbers []string
	d.w.ago(48 * time.Hour)
	past, _ := d.w.arrives(letter{name: "Oskar Nilsen", address: "oskar.nilsen@aldermere.example", subject: "Internet broken at the front desk", text: "Since this morning."})
	d.w.ago(0)
	number, err := tracker.ParseTicketName(past.Ticket)
	d.w.ok(err)
	_, err = d.w.RecordFix(d.t.Context(), d.w.tech.Actor(), number, "Plugged the switch in again.", tracker.AnyVersion)
	d.w.ok(err)
	for _, who := range []string{"Oskar Nilsen", "Priya Raman", "Jonas Weber"} {
		o, _ := d.w.arrives(letter{name: who, address: strings.ToLower(strings.ReplaceAll(who, " ", ".")) + "@aldermere.example", subject: "No internet", text: "Nothing loads here."})
		numbers = append(numbers, strings.TrimPrefix(o.Ticket, "HD-"))
	}
	d.open("/tickets/" + numbers[0])
	d.sees("#burst h2", "3 people report something alike")
	d.sees("#history", "New headset for the front desk")
	d.sees("#similar [data-solved]", "Cite the fix")
	d.sees("#unknowns", "Since when")
	d.sees(".suggest button", "Accept").MustClick()
	d.sees(".prop > summary .prio.p3s", "Cannot work")
	d.tap(d.sees("#burst button", "Answer it here for all 2 others"))
	d.sees("#family", "HD-"+numbers[2])
	d.open("/tickets/" + numbers[0] + "/ask")
	d.sees("main textarea", "Since when")
	d.tap(d.sees("main button.btn-primary", "Send"))
	d.sees("#said .msg.own", "Since when")
}

// smokeFlow: waiting, a due date, a merge and its undo, a reply taken back,
// diagnosis and the fix with its sentence.
func smokeFlow(d *drive) {
	d.t.Helper()
	d.open("/tickets/7")
	d.listens()
	d.Keyboard.MustType(input.KeyH)
	d.sees("#prop-waiting[open] button", "Waiting for client")
	d.Keyboard.MustType(input.KeyC)
	d.sees("#prop-waiting summary", "Waiting for client")
	d.Keyboard.MustType(input.KeyD)
	d.sees("#prop-due[open] button", "Tomorrow")
	d.Keyboard.MustType(input.KeyM)
	d.sees("#prop-due summary", "tomorrow")
	d.write("reply", "Which of the two is it?", "^Send to")
	d.sees(".msg.own .leaving", "Sending in")
	d.tap(d.sees(".leaving button", "Take it back"))
	d.sees(".flash", "Taken back")
	d.open("/tickets/7")
	d.MustElement(`label[for="tab-fix"]`).MustClick()
	d.MustElement(".f-fix textarea").MustSelectAllText().MustInput("The host mended its storage.")
	d.MustElement("#fix-summary").MustSelectAllText().MustInput("The database was gone because the storage of its host failed.")
	d.tap(d.sees(".f-fix button", "whether it works"))
	d.sees(".prop > summary .stage", "Confirming")

	d.open("/tickets/3/merge?target=HD-2")
	d.MustElement("#target").MustSelectAllText().MustInput("HD-2")
	d.sees("[role=option]", "HD-2").MustClick()
	d.MustElement(".picker.chosen")
	d.tap(d.sees("button", "Show what happens"))
	d.tap(d.sees("button", "Merge HD-3 into HD-2"))
	d.sees("#family", "Merged into this one")
	d.open("/tickets/3")
	d.tap(d.sees("button", "Take the merge back"))
	d.sees("#thead h2", ".")
}

// smokeEmployee: the page behind the link in a mail.
func smokeEmployee(d *drive) {
	d.t.Helper()
	number, page := d.w.asked(letter{name: "Anna Kovac", address: "anna.k@aldermere.example", subject: "Half pages", text: "It prints only half of each page."})
	o := d.second(d.w.admin, 390, 844)
	o.open(page)
	o.sees("main", "Your turn to check")
	o.tap(o.sees("summary.btn", "still broken|no, "))
	o.MustElement("#why").MustInput("Page two is blank.")
	o.MustElement("#text").MustInput("And it smells.")
	o.tap(o.sees(".own-no button", "."))
	o.sees(".own-talk", "Page two is blank.")
	o.sees(".own-talk", "And it smells.")
	o.MustElement("#answer_effect").MustInput("I can not send the offers.")
	o.tap(o.sees("#asked button", "Send the answers"))
	o.sees(".own-talk", "I can not send the offers.")
	d.open(fmt.Sprintf("/tickets/%d", number))
	d.sees("#unknowns", "I can not send the offers.")
}

// smokeInsight: what requests tell.
func smokeInsight(d *drive) {
	d.t.Helper()
	for path, has := range map[string]string{"/trends?months=3": "By department", "/replies": "A new reply", "/tickets/templates": "Laptop|template", "/tickets?late=1": "Overdue",
		personPath(d.w.client("Hana Sato")): "Requests by month"} {
		d.open(path)
		d.sees("main", has)
	}
	o := d.second(d.w.manager, 1440, 900)
	o.open("/overview")
	o.sees(".overview .stops", "internet")
}
