package tracker

import "testing"

// heldMessage is the one mail that waits for a decision.
func (d *mailDesk) heldMessage() HeldMessage {
	d.t.Helper()
	list, _, err := d.Held(d.ctx, 0, 10)
	d.ok(err)
	if len(list) != 1 {
		d.t.Fatalf("%d mails are held", len(list))
	}
	return list[0]
}

// TestApprovingSendsOnlyForTechnicians: who has no right to answer the ticket
// now does not answer it because somebody let their mail in.
func TestApprovingSendsOnlyForTechnicians(t *testing.T) {
	for name, unfit := range map[string]func(*AccountChange){
		"disabled": func(c *AccountChange) { off := false; c.Enabled = &off },
		"manager":  func(c *AccountChange) { r := Manager; c.Role = &r },
	} {
		t.Run(name, func(t *testing.T) {
			eachMailDesk(t, func(d *mailDesk) {
				admin, tech := d.technician("ines@aldermere.example"), d.technician("tomas@aldermere.example")
				d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
				id := tokenID(d.send()[tech.Email])
				var c AccountChange
				unfit(&c)
				_, err := d.UpdateAccount(d.ctx, admin.Actor(), tech.ID, c, AnyVersion)
				d.ok(err)
				d.want(d.receive(d.mail(from(tech.Email), answers(id), says("Pay me."))), FatePending, "HD-1", 0)
				h := d.heldMessage()
				if h.Technician != "" {
					t.Errorf("the page says that approving sends it in the name of %s", h.Technician)
				}
				_, err = d.ApproveHeld(d.ctx, admin.Actor(), h.ID, Approval{})
				d.ok(err)
				if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'reply'`); n != 0 {
					t.Error("approving sent it to the client")
				}
				if n := d.count(`SELECT count(*) FROM message WHERE id = ? AND state = 'shown' AND direction = 'in'`, h.ID); n != 1 {
					t.Error("approving did not show it")
				}
			})
		})
	}
}

// TestApprovingAFormAsksItsResponder: a held form's ticket is the person's
// who filled it in, not the robot's that sent it.
func TestApprovingAFormAsksItsResponder(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		admin := d.technician("ines@aldermere.example")
		d.want(d.receive(d.mail(from("flow@aldermere.example"), forged, func(in *Inbound) {
			in.Form = &Form{Source: "power_automate", Requester: Address{Name: "Bea Holm", Address: "bea@aldermere.example"}, Answers: []Answer{{Question: "What happened?", Answer: "Smoke."}}}
		})), FatePending, "", 0)
		ticket, err := d.ApproveHeld(d.ctx, admin.Actor(), d.heldMessage().ID, Approval{})
		d.ok(err)
		if ticket.ClientAddress != "bea@aldermere.example" || ticket.ClientName != "Bea Holm" {
			t.Errorf("the ticket is %s's, %s", ticket.ClientName, ticket.ClientAddress)
		}
	})
}
