package tracker

import (
	"testing"
	"time"

	"helpdeskd/migrations"
)

// Who asks slowly all day long fills nobody's mailbox either, and can not tell
// that nothing is sent any more.
func TestCodesOfADay(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.SetAccountMailbox(d.mailbox.ID)
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		day := func() {
			t.Helper()
			before := d.count(`SELECT count(*) FROM outbox WHERE kind = 'code'`)
			for range codesPerDay + 6 {
				if c := must(d.AskCode(d.ctx, "Anna@aldermere.example", "192.0.2.9"))(t); !IsToken(c) {
					t.Fatalf("the answer is %q", c)
				}
				d.now = d.now.Add(16 * time.Minute)
				d.ok(d.sweepSignIns(d.ctx, nil))
			}
			if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'code'`) - before; n != codesPerDay {
				t.Errorf("%d codes a day", n)
			}
		}
		day()
		d.now = d.now.Add(throttleDay)
		day()
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: anna}, nil))
		if n := d.count(`SELECT count(*) FROM throttle WHERE name = ?`, throttleName("code-day:"+anna, throttleDay)); n != 0 {
			t.Error("an erased person's codes are counted still")
		}
	})
}

func TestFilesOfADay(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		g, sent := Guest{ClientID: 7, TicketID: 1}, 0
		for range guestFilesPerDay + 10 {
			err := d.GuestSends(d.ctx, g, "192.0.2.9")
			if err == nil {
				sent++
			} else {
				d.kindIs(err, migrations.Temporary)
			}
			d.now = d.now.Add(5 * time.Minute)
		}
		if sent != guestFilesPerDay {
			t.Errorf("%d forms with files were taken", sent)
		}
		d.ok(d.GuestSends(d.ctx, Guest{ClientID: 8, TicketID: 1}, "192.0.2.9"))
	})
}
