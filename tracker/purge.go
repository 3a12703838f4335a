package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// purgeMargin is how much longer than the setting says a ticket stays, so that
// a clock that is some days ahead deletes nothing early.
const purgeMargin = 7 * 24 * time.Hour

// purgeBatch is how many tickets one transaction deletes.
const purgeBatch = 10

// Due is what the purge would delete.
type Due struct {
	Tickets int
	Before  time.Time // archived before this; zero: nothing ever
	Kept    int       // of those, so many are left out by somebody's wish
	Waiting int       // and so many because of mail that is not sent or decided
}

// trustedNow is the time by which the purge counts. It is never ahead of what
// somebody else's clock vouches for: when the newest mail arrived in its
// mailbox, as the mail server says. A clock of ours that is wrong by years so
// deletes nothing; a desk without mail deletes later. Where no mail ever came
// from a mailbox there is our clock alone, and the margin.
//
// Counted is from archived_at, which only the clock's lease sets, two months
// after the closing as a rule: a ticket closed while our clock stood in the
// past is not old.
func (s *Store) trustedNow(ctx context.Context, q read) (time.Time, error) {
	now := s.Now()
	var newest migrations.Stamp
	err := q.Get(ctx, &newest, `SELECT COALESCE(MAX(received_at), 0) FROM (SELECT received_at FROM inbox WHERE uid IS NOT NULL ORDER BY id DESC LIMIT 200) newest`)
	if err != nil {
		return now, fmt.Errorf("look how late it is: %w", err)
	}
	if newest > 0 && newest.Time().Before(now) {
		now = newest.Time()
	}
	return now.Add(-purgeMargin), nil
}

const purgeWaits = `EXISTS (SELECT 1 FROM outbox o WHERE o.ticket_id = ticket.id AND o.state IN ('queued', 'sending', 'uncertain', 'held'))
	OR EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = ticket.id AND m.state = 'held')`

// PurgePreview returns what the purge would delete at once with so many months.
func (s *Store) PurgePreview(ctx context.Context, months int) (Due, error) {
	var d Due
	if months <= 0 {
		return d, nil
	}
	now, err := s.trustedNow(ctx, s.db)
	if err != nil {
		return d, err
	}
	d.Before = now.AddDate(0, -months, 0)
	at := migrations.At(d.Before)
	for _, q := range []struct {
		dest  *int
		where string
	}{{&d.Tickets, `NOT keep AND NOT (` + purgeWaits + `)`}, {&d.Kept, `keep`}, {&d.Waiting, `NOT keep AND (` + purgeWaits + `)`}} {
		if err := s.db.Get(ctx, q.dest, `SELECT count(*) FROM ticket WHERE archived_at IS NOT NULL AND archived_at <= ? AND merged_into_id IS NULL AND `+q.where, at); err != nil {
			return d, fmt.Errorf("count what would be deleted: %w", err)
		}
	}
	return d, nil
}

// Purge deletes the tickets that were archived as many calendar months ago as
// SetPurge says, but those that somebody keeps, and those about which a mail is
// not sent or not decided. It returns how many there were.
func (s *Store) Purge(ctx context.Context, l *Lease) (int, error) {
	months, err := s.numberSetting(ctx, SetPurge, 0)
	if err != nil || months == 0 {
		return 0, err
	}
	total := 0
	defer func() {
		if total > 0 {
			s.noteErased(ctx)
		}
	}()
	for {
		now, err := s.trustedNow(ctx, s.db)
		if err != nil {
			return total, err
		}
		// A month's end is clipped, so that the exact day is decided in Go.
		latest := migrations.At(now.AddDate(0, -months, 4))
		// What was merged goes with its ticket.
		due := `archived_at IS NOT NULL AND archived_at <= ? AND merged_into_id IS NULL AND NOT keep AND NOT (` + purgeWaits + `)`
		var rows []archivedTicket
		if err := s.db.Select(ctx, &rows, `SELECT id, archived_at FROM ticket WHERE `+due+` ORDER BY archived_at, id LIMIT ?`, latest, purgeBatch); err != nil {
			return total, fmt.Errorf("find tickets to delete: %w", err)
		}
		rows = slices.DeleteFunc(rows, func(r archivedTicket) bool { return addMonths(r.ArchivedAt.Time(), months).After(now) })
		if len(rows) == 0 {
			return total, nil
		}
		n := 0
		err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
			n = 0
			if _, err := lockNumbersTx(ctx, tx); err != nil {
				return err
			}
			for _, r := range rows {
				// Somebody may have re-opened or kept it since.
				still, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE id = ? AND `+due, r.ID, latest)
				if err != nil {
					return err
				}
				if !still {
					continue
				}
				if err := s.deleteTicketTx(ctx, tx, Actor{}, r.ID, CausePurged, ""); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("delete archived tickets: %w", err)
		}
		if total += n; n == 0 {
			return total, nil
		}
	}
}

type archivedTicket struct {
	ID         int64            `db:"id"`
	ArchivedAt migrations.Stamp `db:"archived_at"`
}

// KeepTicket has the purge leave a ticket alone, or not any more.
func (s *Store) KeepTicket(ctx context.Context, actor Actor, number int64, keep bool) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var id int64
		err := tx.Get(ctx, &id, `UPDATE ticket SET keep = ?, version = version + 1 WHERE number = ? AND keep <> ? RETURNING id`, keep, number, keep)
		if migrations.KindOf(err) == migrations.NotFound {
			_, err := ticketWhere(ctx, tx, `t.number = ?`, number)
			return err // it is so already
		}
		if err != nil {
			return err
		}
		kind := "kept"
		if !keep {
			kind = "kept_no_more"
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: id, Kind: kind})
	})
	if err != nil {
		return fmt.Errorf("keep %s: %w", TicketName(number), err)
	}
	return nil
}
