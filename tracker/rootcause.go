package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// OpenRootCause opens a ticket for the cause of a recurring problem, linked
// with its occurrences and its asset, and mails nobody: note says what it is
// about. Where one is open already it returns that, and made is false.
func (s *Store) OpenRootCause(ctx context.Context, actor Actor, r Recurring, subject, note string) (t Ticket, made bool, err error) {
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil { // who comes at the same time waits, and finds this one
			return err
		}
		known, err := settledKeys(ctx, tx)
		if err != nil {
			return err
		}
		if d := known[r.Key]; d.Number != 0 {
			t, err = ticketWhere(ctx, tx, `t.number = ?`, d.Number)
			return err
		}
		category, err := r.liveCategoryTx(ctx, tx)
		if err != nil {
			return err
		}
		if t, err = s.openByHandTx(ctx, tx, actor, NewTicket{Subject: clip(oneLine(subject), 500), Text: note, CategoryID: category}); err != nil {
			return err
		}
		for _, o := range r.Tickets {
			if _, err := s.LinkTx(ctx, tx, actor, Thing{KindTicket, t.ID}, Thing{KindTicket, o.ID}); err != nil {
				return err
			}
		}
		if r.AssetID != 0 {
			if _, err := s.LinkTx(ctx, tx, actor, Thing{KindTicket, t.ID}, Thing{KindAsset, r.AssetID}); err != nil {
				return err
			}
		}
		made = true
		return s.problemDecidedTx(ctx, tx, actor, r, t.ID)
	})
	if err != nil {
		return Ticket{}, false, fmt.Errorf("open a root-cause ticket: %w", err)
	}
	return t, made, nil
}

// liveCategoryTx is the problem's category, 0 where it is not offered any more.
func (r Recurring) liveCategoryTx(ctx context.Context, tx *migrations.Tx) (int64, error) {
	ok, err := exists(ctx, tx, `SELECT 1 FROM category WHERE id = ? AND NOT archived`, r.CategoryID)
	if err != nil || !ok {
		return 0, err
	}
	return r.CategoryID, nil
}

// DismissRecurring sets a recurring problem aside: it is not shown any more,
// until it came three times more.
func (s *Store) DismissRecurring(ctx context.Context, actor Actor, r Recurring) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := s.problemDecidedTx(ctx, tx, actor, r, 0); err != nil {
			return err
		}
		return s.recurringEventTx(ctx, tx, actor, r.Key, "recurring_dismissed")
	})
	if err != nil {
		return fmt.Errorf("set a recurring problem aside: %w", err)
	}
	return nil
}

// UndismissRecurring takes it back that a problem was set aside; what is not
// set aside stays as it is.
func (s *Store) UndismissRecurring(ctx context.Context, actor Actor, key string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var at migrations.Stamp
		err := tx.Get(ctx, &at, `SELECT at FROM recurrence WHERE key = ? AND ticket_id IS NULL`, key)
		if migrations.KindOf(err) == migrations.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		// Alike words were set aside with it, at the same moment by the same person.
		if err := s.recurringEventTx(ctx, tx, actor, key, "recurring_shown"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM recurrence WHERE ticket_id IS NULL AND at = ? AND account_id = (SELECT r.account_id FROM recurrence r WHERE r.key = ?)`, at, key); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("show a recurring problem again: %w", err)
	}
	return nil
}

// recurringEventTx records what happened to a problem at what it is about: the
// asset, the person, or the category of alike words.
func (s *Store) recurringEventTx(ctx context.Context, tx *migrations.Tx, actor Actor, key, kind string) error {
	part := strings.Split(key, ":")
	e := Event{Actor: actor, Kind: kind, Subject: map[string]string{RecursAsset: KindAsset, RecursPerson: KindClient, RecursWords: "category"}[part[0]]}
	if e.Subject == "" || len(part) < 2 {
		return migrations.NotFoundf("There is no such problem.")
	}
	var err error
	if e.SubjectID, err = strconv.ParseInt(part[1], 10, 64); err != nil {
		return migrations.NotFoundf("There is no such problem.")
	}
	return s.RecordTx(ctx, tx, e)
}

// problemDecidedTx writes down what was decided about a problem.
func (s *Store) problemDecidedTx(ctx context.Context, tx *migrations.Tx, actor Actor, r Recurring, ticketID int64) error {
	at := s.stamp() // one for all, by which they are taken back together
	for _, key := range r.keys {
		_, err := tx.Exec(ctx, `INSERT INTO recurrence (key, client_id, ticket_id, account_id, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET ticket_id = excluded.ticket_id, account_id = excluded.account_id, at = excluded.at`,
			key, orNull(r.ClientID), orNull(ticketID), orNull(actor.AccountID), at)
		if err != nil {
			return fmt.Errorf("write down a decision: %w", err)
		}
	}
	return nil
}

// IsRootCause reports whether a ticket was opened for the cause of a recurring problem.
func (s *Store) IsRootCause(ctx context.Context, ticketID int64) (bool, error) {
	return exists(ctx, s.db, `SELECT 1 FROM recurrence WHERE ticket_id = ?`, ticketID)
}
