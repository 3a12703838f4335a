package tracker

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
)

func TestTemplatesBeginTickets(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.pair()
		tpl, err := d.SaveTemplate(d.ctx, tomas.Actor(), Template{Name: " New employee ", Subject: "New employee: ", Body: "- account\n- laptop, as for anna@aldermere.example", Level: 2, CategoryID: 3, AssigneeID: tomas.ID, Children: "Laptop\n\n Account \n"})
		d.ok(err)
		if tpl.Name != "New employee" || len(tpl.Below()) != 2 || tpl.Version != 1 {
			t.Fatalf("saved %+v", tpl)
		}
		stale := tpl
		tpl.Name = "Starter"
		tpl, err = d.SaveTemplate(d.ctx, tomas.Actor(), tpl)
		d.ok(err)
		wantKind(t, second(d.SaveTemplate(d.ctx, tomas.Actor(), stale)), migrations.Conflict)
		wantKind(t, second(d.SaveTemplate(d.ctx, tomas.Actor(), Template{Name: "x"})), migrations.Invalid)
		wantKind(t, second(d.SaveTemplate(d.ctx, tomas.Actor(), Template{Name: "x", Subject: "y", CategoryID: 999})), migrations.Invalid)
		wantKind(t, second(d.SaveTemplate(d.ctx, tomas.Actor(), Template{Name: "x", Subject: "y", Children: strings.Repeat("a\n", 21)})), migrations.Invalid)
		got, err := d.OpenTicket(d.ctx, tomas.Actor(), NewTicket{Subject: "New employee: Cleo", Requester: Address{Address: "cleo@aldermere.example"}, Level: tpl.Level, CategoryID: tpl.CategoryID,
			AssigneeID: tpl.AssigneeID, Plan: tpl.Body, Below: tpl.Below(), Acknowledge: true})
		d.ok(err)
		children, err := d.Children(d.ctx, got.ID)
		d.ok(err)
		pins, err := d.Pins(d.ctx, got.ID)
		d.ok(err)
		if len(children) != 2 || children[0].Subject != "Laptop" || children[1].ClientAddress != "cleo@aldermere.example" || len(pins) != 1 || got.CategoryID != 3 || d.ticketOf(got.Number).News {
			t.Errorf("opened %+v with %v and %v", got, children, pins)
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE ticket_id = ? AND kind = 'ack' AND to_address = 'cleo@aldermere.example'`, got.ID); n != 1 || d.send()["cleo@aldermere.example"] == "" {
			t.Errorf("%d acknowledgements", n)
		}
		wantKind(t, second(d.OpenTicket(d.ctx, tomas.Actor(), NewTicket{Subject: "Nobody", Acknowledge: true})), migrations.Invalid)
		d.sound()
		// Whoever is erased stands in no template.
		d.ok(d.Erase(d.ctx, tomas.Actor(), Erasure{Address: "anna@aldermere.example"}, nil))
		tpl, err = d.TemplateByID(d.ctx, tpl.ID)
		d.ok(err)
		if strings.Contains(tpl.Body, "anna@") {
			t.Errorf("the template still says %q", tpl.Body)
		}
		d.ok(d.RemoveTemplate(d.ctx, tomas.Actor(), tpl.ID))
		wantKind(t, d.RemoveTemplate(d.ctx, tomas.Actor(), tpl.ID), migrations.NotFound)
	})
}
