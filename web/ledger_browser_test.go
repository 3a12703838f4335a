package web

import (
	"fmt"
	"testing"
)

// TestMailByHand: what a technician does about mail that needs a person, with
// a mouse, at a desk and on a telephone.
func TestMailByHand(t *testing.T) {
	for _, size := range [][2]int{{1440, 900}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			d.w.folders()
			fits := func() {
				t.Helper()
				if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
					t.Errorf("%s is %d px too wide", d.MustInfo().URL, over)
				}
			}
			// The mailbox does not add up: it is compared.
			d.open("/mail")
			d.sees(".account .bad", "can not be taken")
			fits()
			d.sees(".compare button", "Compare now").MustClick()
			d.sees(".flash", "at its next look")
			d.sees(".compare", "To be compared")

			// Out of quarantine a ticket is opened by hand.
			tickets := d.w.count(`SELECT count(*) FROM ticket`)
			d.open("/mail/ledger?what=quarantine")
			fits()
			d.MustElement("table.list td.main-cell a").MustClick()
			d.sees("h1", "A mail as it came")
			fits()
			for field, value := range map[string]string{"subject": "The scanner beeps", "name": "Bea Moss", "email": "bea@office.example"} {
				d.MustElement(`form[action$="/open"] #` + field).MustSelectAllText().MustInput(value)
			}
			d.sees(`form[action$="/open"] button`, "Open a ticket").MustClick()
			d.sees(".thead h2", "The scanner beeps")
			if n := d.w.count(`SELECT count(*) FROM ticket`); n != tickets+1 {
				t.Fatalf("%d tickets, %d before", n, tickets)
			}
			d.open("/mail/ledger?what=quarantine")
			d.sees(".empty-state", "No such mail")

			// A held mail joins another ticket; a wrong number is mended in place.
			d.open("/held")
			d.sees(".msg.held", "Urgent: invoice")
			fits()
			form := `.msg.held form[action$="/attach"] `
			d.sees(".msg.held .reject summary", "Add to another ticket").MustClick()
			d.MustElement(form + `input[name="ticket_text"]`).MustInput("HD-4711")
			d.MustElement(form + `input[name="participant"]`).MustClick()
			d.MustElement(form + "button").MustClick()
			d.sees(form+".wrong", "HD-4711")
			fits()
			if !d.MustElement(form + `input[name="participant"]`).MustProperty("checked").Bool() {
				t.Error("the box is not ticked any more")
			}
			d.MustElement(form + `input[name="ticket_text"]`).MustSelectAllText().MustInput("HD-4")
			d.MustElement(form + "button").MustClick()
			d.sees(".flash", "Approved: it is on HD-4")
			if n := d.w.count(`SELECT count(*) FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE t.number = 4 AND m.subject = 'Urgent: invoice' AND m.state = 'shown'`); n != 1 {
				t.Fatal("it is not on the ticket")
			}
		})
	}
}
