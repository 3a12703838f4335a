package tracker

import (
	"testing"
	"time"

	"helpdeskd/migrations"
)

// TestThePurgeTrustsNoClockAlone is F22: a clock that is a day, or ten years,
// off deletes nothing early, ahead or behind.
func TestThePurgeTrustsNoClockAlone(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		clock, err := d.Acquire(d.ctx, "clock")
		d.ok(err)
		defer clock.Release(d.ctx)
		for range 4 {
			d.receive(d.mail())
		}
		d.send()
		archived := d.now
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = ?, archived_at = ? WHERE number < 4`, migrations.At(archived), migrations.At(archived))
			return err
		}))
		purge := func(want int) {
			t.Helper()
			n, err := d.Purge(d.ctx, clock)
			d.ok(err)
			if n != want {
				t.Errorf("at %s %d tickets were deleted, not %d", d.now, n, want)
			}
		}
		true12 := archived.AddDate(0, 12, 0)
		d.now = archived.AddDate(40, 0, 0)
		purge(0) // never is the default
		d.now = archived
		d.ok(d.SetSetting(d.ctx, Actor{}, SetPurge, "12"))
		d.ok(d.KeepTicket(d.ctx, Actor{}, 2, true))

		// It is one day before its time, by everybody's clock; ours is a day, then ten years ahead.
		d.now = true12.Add(-24 * time.Hour)
		d.receive(d.mail()) // which the mail server vouches for
		purge(0)
		d.now = true12
		purge(0)
		d.now = true12.AddDate(10, 0, 0)
		purge(0)
		if due, err := d.PurgePreview(d.ctx, 12); err != nil || due.Tickets != 0 {
			t.Errorf("the preview says %+v, %v", due, err)
		}
		// Back to the truth, and to the past.
		d.now = archived.AddDate(-30, 0, 0)
		purge(0)
		d.now = true12.Add(6 * 24 * time.Hour)
		d.receive(d.mail())
		purge(0) // within the margin
		d.now = true12.Add(purgeMargin + time.Hour)
		d.receive(d.mail())
		// A mail of one is not sent.
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE outbox SET state = 'held' WHERE ticket_id = 3`)
			return err
		}))
		due, err := d.PurgePreview(d.ctx, 12)
		if err != nil || due.Tickets != 1 || due.Kept != 1 || due.Waiting != 1 {
			t.Errorf("the preview says %+v, %v", due, err)
		}
		purge(1)
		purge(0)
		if stone, err := d.TombstoneOf(d.ctx, 1); err != nil || stone.Cause != CausePurged {
			t.Errorf("tombstone %+v, %v", stone, err)
		}
		d.ok(d.KeepTicket(d.ctx, Actor{}, 2, false))
		purge(1)
		if n := d.count(`SELECT count(*) FROM ticket WHERE number IN (3, 4)`); n != 2 {
			t.Error("tickets went whose time had not come")
		}
	})
}

// TestThePurgeGoesOnInBatches: and under its lease only.
func TestThePurgeGoesOnInBatches(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		clock, err := d.Acquire(d.ctx, "clock")
		d.ok(err)
		d.ok(d.SetSetting(d.ctx, Actor{}, SetPurge, "1"))
		for range 2*purgeBatch + 3 {
			d.receive(d.mail(func(in *Inbound) { in.Class = ClassAutoReply }))
		}
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = ?, archived_at = ?`, migrations.At(d.now), migrations.At(d.now))
			return err
		}))
		d.now = d.now.AddDate(0, 3, 0)
		d.receive(d.mail())
		d.ok(clock.Release(d.ctx))
		if _, err := d.Purge(d.ctx, clock); migrations.KindOf(err) != migrations.Conflict {
			t.Errorf("without the lease: %v", err)
		}
		clock, err = d.Acquire(d.ctx, "clock")
		d.ok(err)
		defer clock.Release(d.ctx)
		n, err := d.Purge(d.ctx, clock)
		d.ok(err)
		if n != 2*purgeBatch+3 || d.count(`SELECT count(*) FROM tombstone`) != n || d.count(`SELECT count(*) FROM ticket`) != 1 {
			t.Errorf("%d were deleted", n)
		}
	})
}
