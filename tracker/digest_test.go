package tracker

import (
	"encoding/json"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// One digest a working day at its reader's hour, whatever the clock and the
// nodes do.
func TestDigests(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tess := d.technician("tess@aldermere.example")
		d.ok(d.SetZone(d.ctx, Actor{}, tess.ID, "America/New_York"))
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		l, err := d.Acquire(d.ctx, "clock")
		d.ok(err)
		defer l.Release(d.ctx)
		send := func(at string, want int) {
			t := d.t
			t.Helper()
			d.now, err = time.Parse(time.RFC3339, at)
			d.ok(err)
			n, err := d.SendDigests(d.ctx, l)
			d.ok(err)
			if n != want {
				t.Errorf("at %s: %d digests, must be %d", at, n, want)
			}
		}
		send("2026-03-03T13:30:00Z", 0) // nobody asked for one
		hour := int64(8)
		_, err = d.UpdateAccount(d.ctx, tess.Actor(), tess.ID, AccountChange{DigestHour: &hour}, AnyVersion)
		d.ok(err)
		send("2026-03-03T12:59:00Z", 0) // 7:59 in New York
		send("2026-03-03T13:00:00Z", 1)
		send("2026-03-03T13:01:00Z", 0) // once
		send("2026-03-03T14:30:00Z", 0)
		send("2026-03-04T16:30:00Z", 0) // slept past the hour: none today
		send("2026-03-05T15:30:00Z", 1) // a little late
		send("2026-03-07T13:00:00Z", 0) // Saturday
		d.ok(d.SetSetting(d.ctx, Actor{}, SetHolidays, `[{"date":"2026-03-09","name":"A day off"}]`))
		send("2026-03-09T12:30:00Z", 0)
		send("2026-03-10T12:30:00Z", 1) // daylight saving time began

		var detail string
		d.ok(d.db.Get(d.ctx, &detail, `SELECT detail FROM outbox WHERE kind = 'digest' ORDER BY id LIMIT 1`))
		var m mailDetail
		d.ok(json.Unmarshal([]byte(detail), &m))
		if m.Daily == nil || m.Daily.FreeN != 1 || len(m.Daily.Free) != 1 || m.Daily.MineN != 0 {
			d.t.Errorf("the digest is %s", detail)
		}
		lo, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		items, err := d.DueOutbox(d.ctx, lo, 100)
		d.ok(err)
		lo.Release(d.ctx)
		for _, it := range items {
			if it.Kind == MailDigest && (len(it.Free) != 1 || it.Free[0].Number != 1 || it.Free[0].ClientName != "Anna Berg") {
				d.t.Errorf("the digest shows %+v", it.Free)
			}
			if it.Kind == MailNotify && it.Brief == nil {
				d.t.Error("the notification has no brief")
			}
		}

		// What is sent is forgotten; an answer to it belongs to no ticket.
		token := d.send()["tess@aldermere.example"]
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'digest' AND digest <> ''`); n != 0 {
			d.t.Errorf("%d digests are kept after they were sent", n)
		}
		var id string
		d.ok(d.db.Get(d.ctx, &id, `SELECT mail_id FROM outbox WHERE kind = 'digest' ORDER BY id DESC LIMIT 1`))
		o := d.receive(d.mail(from("tess@aldermere.example"), answers(id), says("#take\nWhat about HD-1?")))
		if o.Fate != FateNone || o.Ticket != "" || o.Commands != 0 {
			d.t.Errorf("an answer to a digest: %+v (%s)", o, token)
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'notice' AND ticket_id IS NULL AND to_address = 'tess@aldermere.example'`); n != 1 {
			d.t.Errorf("%d words to who answered a digest", n)
		}

		// Nothing to tell: no mail, and none later that day.
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = 1`)
			return err
		}))
		send("2026-03-11T12:30:00Z", 0)
		off := NoDigest
		_, err = d.UpdateAccount(d.ctx, tess.Actor(), tess.ID, AccountChange{DigestHour: &off}, AnyVersion)
		d.ok(err)
		bad := int64(24)
		if _, err := d.UpdateAccount(d.ctx, tess.Actor(), tess.ID, AccountChange{DigestHour: &bad}, AnyVersion); migrations.KindOf(err) != migrations.Invalid {
			d.t.Errorf("the hour 24: %v", err)
		}
	})
}

// Two nodes that both think it is theirs, and one that took over from the
// other: one digest a day.
func TestDigestsOfTwoNodes(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tess := d.technician("tess@aldermere.example")
		d.ok(d.SetZone(d.ctx, Actor{}, tess.ID, "UTC"))
		hour := int64(8)
		_, err := d.UpdateAccount(d.ctx, tess.Actor(), tess.ID, AccountChange{DigestHour: &hour}, AnyVersion)
		d.ok(err)
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		other := New(d.db, Options{Clock: func() time.Time { return d.now }, Node: "other"})
		l, err := d.Acquire(d.ctx, "clock")
		d.ok(err)
		for day := 3; day <= 5; day++ {
			d.now = time.Date(2026, 3, day, 8, 0, 0, 0, time.UTC)
			sums, errs := make(chan int, 4), make(chan error, 4)
			for _, s := range []*Store{d.Store, other, d.Store, other} {
				go func() {
					n, err := s.SendDigests(d.ctx, l)
					sums <- n
					errs <- err
				}()
			}
			sum := 0
			for range 4 {
				sum += <-sums
				d.ok(<-errs)
			}
			if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'digest'`); sum != 1 || n != day-2 {
				d.t.Fatalf("day %d: %d were sent at once, %d so far", day, sum, n)
			}
		}
		// The other node takes over: what had the lease writes nothing more, the next day has one.
		d.now = time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)
		l.Release(d.ctx)
		next, err := other.Acquire(d.ctx, "clock")
		d.ok(err)
		defer next.Release(d.ctx)
		if n, err := d.SendDigests(d.ctx, l); err == nil || n != 0 {
			d.t.Errorf("without the lease: %d, %v", n, err)
		}
		for want := 1; want >= 0; want-- {
			if n, err := other.SendDigests(d.ctx, next); err != nil || n != want {
				d.t.Errorf("after the takeover: %d, not %d, %v", n, want, err)
			}
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'digest_sent' AND subject_id = ?`, tess.ID); n != 4 {
			d.t.Errorf("%d events", n)
		}
	})
}
