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
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		o, err := orderWhere(ctx, tx, `o.number = ?`, number)
		if err != nil {
			return err
		}
		if body, err = textLines("text", "note", body, maxOrderText); err != nil {
			return err
		}
		if body == "" {
			return migrations.InvalidAt("text", "Please write something: the note is empty.")
		}
		_, err = tx.Exec(ctx, `INSERT INTO work_order_note (work_order_id, account_id, body, at) VALUES (?, ?, ?, ?)`,
			o.ID, orNull(actor.AccountID), body, s.stamp())
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
