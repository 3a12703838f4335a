package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// OrderNote is a dated note on an order.
type OrderNote struct {
	ID          int64            `db:"id"`
	AccountID   *int64           `db:"account_id"`
	AccountName string           `db:"account_name"`
	Body        string           `db:"body"`
	At          migrations.Stamp `db:"at"`
}

// OrderNotes returns an order's notes, the oldest first.
func (s *Store) OrderNotes(ctx context.Context, orderID int64) ([]OrderNote, error) {
	var list []OrderNote
	err := s.db.Select(ctx, &list, `SELECT n.id, n.account_id, COALESCE(a.name, '') AS account_name, n.body, n.at
		FROM work_order_note n LEFT JOIN account a ON a.id = n.account_id WHERE n.work_order_id = ? ORDER BY n.id`, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the notes of an order: %w", err)
	}
	return list, nil
}

// AddOrderNote writes a dated note on an order, open or closed.
func (s *Store) AddOrderNote(ctx context.Context, actor tracker.Actor, number int64, body string) error {
	return s.WriteOrderNote(ctx, actor, number, body, "")
}

// WriteOrderNote is AddOrderNote for a form with the random key once: the same
// note sent again, since the answer was lost, is one note. Other words under
// the same key are a Conflict.
func (s *Store) WriteOrderNote(ctx context.Context, actor tracker.Actor, number int64, body, once string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		o, err := s.lockOrderTx(ctx, tx, number)
		if err != nil {
			return err
		}
		if body, err = textLines("text", "note", body, maxOrderText); err != nil {
			return err
		}
		if body == "" {
			return migrations.InvalidAt("text", "Please write something: the note is empty.")
		}
		var was struct {
			OrderID   int64  `db:"work_order_id"`
			AccountID int64  `db:"account_id"`
			Body      string `db:"body"`
		}
		found, err := onceTx(ctx, tx, &was, once, `SELECT work_order_id, COALESCE(account_id, 0) AS account_id, body FROM work_order_note WHERE once = ? AND once <> ''`)
		switch {
		case err != nil:
			return err
		case found && (was.OrderID != o.ID || was.AccountID != actor.AccountID):
			return errDamaged()
		case found && was.Body != body:
			return migrations.Conflictf("This note was already saved with other words. Please look at it before you save this one too.")
		case found:
			return nil
		}
		_, err = tx.Exec(ctx, `INSERT INTO work_order_note (work_order_id, account_id, body, once, at) VALUES (?, ?, ?, ?, ?)`,
			o.ID, orNull(actor.AccountID), body, once, s.stamp())
		if err != nil {
			return fmt.Errorf("write note: %w", err)
		}
		return s.orderChangedTx(ctx, tx, actor, o.ID, "note", "", "")
	})
	if err != nil {
		return fmt.Errorf("write a note on %s: %w", OrderName(number), err)
	}
	return nil
}

// maxOnce bounds the key of a form, in bytes.
const maxOnce = 64

func errDamaged() error { return migrations.Invalidf("The form arrived damaged.") }

// onceTx reads into was what was already written under a form's key, by a
// query that takes the key, and reports whether there is something.
func onceTx(ctx context.Context, tx *migrations.Tx, was any, once, query string) (bool, error) {
	if once == "" {
		return false, nil
	}
	if len(once) > maxOnce {
		return false, errDamaged()
	}
	err := tx.Get(ctx, was, query, once)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for what was written before: %w", err)
	}
	return true, nil
}
