package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// Watchers returns the enabled accounts that watch a ticket, by name.
func (s *Store) Watchers(ctx context.Context, ticketID int64) ([]Account, error) {
	var all []Account
	err := s.db.Select(ctx, &all, `SELECT `+accountColumns+` FROM account WHERE enabled AND role <> 'manager'
		AND id IN (SELECT account_id FROM watcher WHERE ticket_id = ?) ORDER BY name, id`, ticketID)
	if err != nil {
		return nil, fmt.Errorf("list watchers: %w", err)
	}
	return all, nil
}

// WatchTicket has somebody told of a ticket as if it were theirs, by their own
// setting of notifications. Only they themselves ask for it: nobody is made to
// watch by answering, so that no mail comes that nobody wanted.
func (s *Store) WatchTicket(ctx context.Context, actor Actor, number int64) (Ticket, error) {
	return s.addToTicket(ctx, "watch", number, func(tx *migrations.Tx, t *Ticket) error { return s.watchTx(ctx, tx, actor, t) })
}

func (s *Store) watchTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket) error {
	by, err := accountWhere(ctx, tx, `id = ?`, actor.AccountID)
	if err != nil {
		return err
	}
	if !May(by, WorkTickets) {
		return migrations.Deniedf("%s may not watch tickets.", by.Name)
	}
	n, err := tx.Exec(ctx, `INSERT INTO watcher (ticket_id, account_id, at) VALUES (?, ?, ?) ON CONFLICT (ticket_id, account_id) DO NOTHING`, t.ID, by.ID, s.stamp())
	if err != nil || n == 0 {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "watched", "", accountRef(by.ID))
}

// UnwatchTicket ends that.
func (s *Store) UnwatchTicket(ctx context.Context, actor Actor, number int64) (Ticket, error) {
	return s.addToTicket(ctx, "stop watching", number, func(tx *migrations.Tx, t *Ticket) error { return s.unwatchTx(ctx, tx, actor, t) })
}

func (s *Store) unwatchTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket) error {
	n, err := tx.Exec(ctx, `DELETE FROM watcher WHERE ticket_id = ? AND account_id = ?`, t.ID, actor.AccountID)
	if err != nil || n == 0 {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "unwatched", accountRef(actor.AccountID), "")
}
