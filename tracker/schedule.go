package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"helpdeskd/migrations"
)

// clockBatch is how many tickets one transaction of the clock changes, so
// that people's work never waits for it long.
const clockBatch = 100

// How often unused files are looked for, which reads all contents that there
// are, and how long after the start first: what came meanwhile is taken in
// before.
const (
	sweepEvery = time.Hour
	sweepFirst = 10 * time.Minute
)

// RunClock does all that is due by time, each minute, under the lease
// "clock", until ctx ends or the lease is lost. What fails is logged and
// tried again.
func (s *Store) RunClock(ctx context.Context, l *Lease) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	swept := time.Now().Add(-sweepEvery + sweepFirst)
	for {
		jobs := []struct {
			name string
			do   func(ctx context.Context, l *Lease) error
		}{
			{"complete silent tickets", func(ctx context.Context, l *Lease) error { _, err := s.AutoComplete(ctx, l); return err }},
			{"count targets anew", func(ctx context.Context, l *Lease) error { _, err := s.RecountTargets(ctx, l); return err }},
			{"tell of what was missed", func(ctx context.Context, l *Lease) error { _, err := s.Escalate(ctx, l); return err }},
			{"remind clients", func(ctx context.Context, l *Lease) error { _, err := s.RemindClients(ctx, l); return err }},
			{"tell of what waits", func(ctx context.Context, l *Lease) error { _, err := s.NudgeAssignees(ctx, l); return err }},
			{"write digests", func(ctx context.Context, l *Lease) error { _, err := s.SendDigests(ctx, l); return err }},
			{"archive closed tickets", func(ctx context.Context, l *Lease) error { _, err := s.Archive(ctx, l); return err }},
			{"delete what is over", func(ctx context.Context, l *Lease) error { _, err := s.Purge(ctx, l); return err }},
			{"finish erasures", func(ctx context.Context, _ *Lease) error { return s.ResumeErasures(ctx) }},
			{"forget old sign-ins", s.sweepSignIns},
			{"forget old links to tickets", s.sweepGuests},
			{"forget what can not be undone", func(ctx context.Context, l *Lease) error { _, err := s.ForgetBulks(ctx, l); return err }},
		}
		if time.Since(swept) >= sweepEvery {
			swept = time.Now()
			jobs = append(jobs, struct {
				name string
				do   func(ctx context.Context, l *Lease) error
			}{"sweep unused files", func(ctx context.Context, _ *Lease) error { _, err := s.SweepBlobs(ctx); return err }})
		}
		for _, job := range jobs {
			s.Alive(BeatClock)
			err := job.do(ctx, l)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case leaseLost(l):
				return migrations.Conflictf("lease clock was taken over")
			case err != nil:
				s.log.Error("a regular job failed, trying again", slog.String("job", job.name), slog.Any("error", err))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.Lost():
		case <-tick.C:
		}
	}
}

// AutoComplete completes, marked as unconfirmed, the tickets in confirming
// whose client has been silent for the days of SetSilentDays since the mail
// that asked them was sent. One that was never sent, or perhaps, completes
// nothing; nor does what the client wrote and nobody has looked at, or a mail
// that is held. It returns how many there were.
func (s *Store) AutoComplete(ctx context.Context, l *Lease) (int, error) {
	days, err := s.numberSetting(ctx, SetSilentDays, 7)
	if err != nil || days == 0 {
		return 0, err
	}
	before := migrations.At(s.Now().Add(-time.Duration(days) * 24 * time.Hour))
	const due = `ticket.stage = 'confirming' AND ticket.archived_at IS NULL AND ticket.stage_at <= ? AND NOT ticket.news
		AND (SELECT MAX(o.sent_at) FROM outbox o WHERE o.ticket_id = ticket.id AND o.kind = 'reply' AND o.state = 'sent' AND o.sent_at >= ticket.stage_at) <= ?
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ticket_id = ticket.id AND o.kind = 'reply' AND o.state IN ('queued', 'sending', 'uncertain', 'held'))
		AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = ticket.id AND m.state = 'held')`
	total := 0
	for {
		var ids []int64
		if err := s.db.Select(ctx, &ids, `SELECT id FROM ticket WHERE `+due+` ORDER BY id LIMIT ?`, before, before, clockBatch); err != nil {
			return total, fmt.Errorf("find silent tickets: %w", err)
		}
		if len(ids) == 0 {
			return total, nil
		}
		n := 0
		err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
			n = 0
			for _, id := range ids {
				now := s.stamp()
				// The condition again, on the row itself: somebody may have written since.
				changed, err := tx.Exec(ctx, `UPDATE ticket SET stage = 'completed', stage_at = ?, closed_at = ?, unconfirmed = TRUE, updated_at = ?, version = version + 1
					WHERE id = ? AND `+due, now, now, now, id, before, before)
				if err != nil {
					return err
				}
				if changed == 0 {
					continue
				}
				n++
				if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: id, Kind: "unconfirmed", Was: string(Confirming), Became: string(Completed)}); err != nil {
					return err
				}
				if err := s.deadlinesTx(ctx, tx, Actor{}, id); err != nil {
					return err
				}
				if err := s.askRatingTx(ctx, tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("complete silent tickets: %w", err)
		}
		if total += n; n == 0 {
			return total, nil
		}
	}
}

// Archive archives the tickets that were closed as many calendar months ago
// as SetArchive says. It returns how many there were.
func (s *Store) Archive(ctx context.Context, l *Lease) (int, error) {
	months, err := s.numberSetting(ctx, SetArchive, 2)
	if err != nil || months == 0 {
		return 0, err
	}
	now := s.Now()
	// A month's end is clipped, so that the exact day is decided in Go: what
	// closed on December 31 is archived on the last day of February.
	latest := migrations.At(now.AddDate(0, -months, 4))
	total := 0
	for after := migrations.Stamp(0); ; {
		var rows []closedTicket
		err := s.db.Select(ctx, &rows, `SELECT id, closed_at FROM ticket WHERE archived_at IS NULL AND stage IN ('completed', 'dropped') AND closed_at > ? AND closed_at <= ?
			ORDER BY closed_at, id LIMIT ?`, after, latest, clockBatch)
		if err != nil {
			return total, fmt.Errorf("find tickets to archive: %w", err)
		}
		if len(rows) == 0 {
			return total, nil
		}
		last, full := rows[len(rows)-1].ClosedAt, len(rows) == clockBatch
		rows = slices.DeleteFunc(rows, func(r closedTicket) bool { return addMonths(r.ClosedAt.Time(), months).After(now) })
		n, err := s.archive(ctx, l, rows)
		if err != nil {
			return total, fmt.Errorf("archive tickets: %w", err)
		}
		total += n
		// Several may have closed in one instant: begin again with that one as
		// long as that archives something.
		if n > 0 {
			last--
		}
		after = max(after, last)
		if !full {
			return total, nil
		}
	}
}

type closedTicket struct {
	ID       int64            `db:"id"`
	ClosedAt migrations.Stamp `db:"closed_at"`
}

// archive archives tickets that were not re-opened meanwhile, and returns how
// many. Without any it writes nothing.
func (s *Store) archive(ctx context.Context, l *Lease, rows []closedTicket) (n int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
		n = 0
		for _, r := range rows {
			changed, err := tx.Exec(ctx, `UPDATE ticket SET archived_at = ?, updated_at = ?, version = version + 1 WHERE id = ? AND archived_at IS NULL AND closed_at = ?`,
				s.stamp(), s.stamp(), r.ID, r.ClosedAt)
			if err != nil {
				return err
			}
			if changed == 0 {
				continue
			}
			n++
			if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: r.ID, Kind: "archived"}); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// addMonths returns the same day of a later month, or its last day where it
// has no such day.
func addMonths(t time.Time, months int) time.Time {
	later := t.AddDate(0, months, 0)
	if later.Day() != t.Day() {
		return later.AddDate(0, 0, -later.Day())
	}
	return later
}

// numberSetting returns a setting that is a whole number, or usual where it
// cannot be read as one. 0 switches off what it is for.
func (s *Store) numberSetting(ctx context.Context, name string, usual int) (int, error) {
	v, err := s.Setting(ctx, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 10_000 {
		return usual, nil
	}
	return n, nil
}
