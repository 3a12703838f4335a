package tracker

import (
	"context"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// stock is an inventory of which one person has one laptop.
type stock struct{ holder int64 }

func (stock) LinkNamedTx(context.Context, *migrations.Tx, Actor, *Ticket, string) (string, error) {
	return "", nil
}

func (stock) RepairTx(context.Context, *migrations.Tx, Actor, *Ticket, string) (string, string, error) {
	return "", "", nil
}

func (s stock) HeldNamed(_ context.Context, client int64, _ int) ([]NamedAsset, error) {
	if client != s.holder {
		return nil, nil
	}
	return []NamedAsset{{ID: 77, Name: "A-0077 Laptop"}}, nil
}

// TestBriefKnowsPersonAndThings: what solved it before is found by the things
// of whom we support and by those of the ticket, as beside the ticket.
func TestBriefKnowsPersonAndThings(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		solved := func(number int64, fix string, asset int64) {
			t.Helper()
			_, err := d.SetStage(d.ctx, tech.Actor(), number, StageChange{Stage: Completed, Fix: fix}, AnyVersion)
			d.ok(err)
			x := must(d.TicketByNumber(d.ctx, number))(t)
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(d.ctx, `INSERT INTO link (a_kind, a_id, b_kind, b_id, created_at) VALUES ('asset', ?, 'ticket', ?, 1)`, asset, x.ID)
				return err
			}))
		}
		other := func(address, subject, words string) {
			d.want(d.receive(d.mail(from(address), says(words), func(in *Inbound) { in.Subject = subject })), FateNew, TicketName(int64(d.count(`SELECT count(*) FROM ticket`))), 1)
			d.now = d.now.Add(2 * time.Hour)
		}
		other("ben@aldermere.example", "Whistling", "The lantern whistles.")
		solved(1, "Oiled the fan", 77)
		other("cleo@aldermere.example", "Wobbling", "The table wobbles.")
		solved(2, "A new leg", 88)
		other("anna@aldermere.example", "Flickering lantern", "It flickers.")
		x := must(d.TicketByNumber(d.ctx, 3))(t)
		d.SetThings(stock{holder: x.ClientID})
		b := d.brief(d.ctx, x.ID)
		if b == nil || len(b.Held) != 1 || b.Held[0] != "A-0077 Laptop" || len(b.Similar) != 1 || b.Similar[0].Fix != "Oiled the fan" {
			t.Fatalf("by what she has: %+v", b)
		}
		// A thing that is linked counts too, once what was looked up is old.
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `INSERT INTO link (a_kind, a_id, b_kind, b_id, created_at) VALUES ('asset', 88, 'ticket', ?, 1)`, x.ID)
			return err
		}))
		if b = d.brief(d.ctx, x.ID); len(b.Similar) != 1 {
			t.Fatalf("looked up twice for one round of mails: %+v", b.Similar)
		}
		d.now = d.now.Add(briefFor)
		if b = d.brief(d.ctx, x.ID); len(b.Similar) != 2 {
			t.Fatalf("by what is linked: %+v", b.Similar)
		}
		// Where we support somebody else, their things count.
		d.SetThings(stock{holder: 0})
		_, err := d.SetForAddress(d.ctx, tech.Actor(), 3, Address{Address: "ben@aldermere.example"}, AnyVersion)
		d.ok(err)
		x = must(d.TicketByNumber(d.ctx, 3))(t)
		d.SetThings(stock{holder: x.ForClientID})
		if b = d.brief(d.ctx, x.ID); len(b.Held) != 1 || len(b.Similar) != 2 {
			t.Fatalf("by whom we support: %+v", b)
		}
	})
}
