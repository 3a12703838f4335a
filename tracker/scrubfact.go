package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// scrubFactsTx takes a person out of what is known of a ticket: what they
// said goes, and they are not named by the rest. Of their own ticket all goes
// that was not written by a technician.
func scrubFactsTx(ctx context.Context, tx *migrations.Tx, p Erasing, ticketID int64, requester bool) error {
	_, err := tx.Exec(ctx, `DELETE FROM fact WHERE ticket_id = ? AND ((source <> 'technician' AND ?) OR (? <> 0 AND message_id IN (SELECT id FROM message WHERE client_id = ?)))`,
		ticketID, requester, p.ClientID, p.ClientID)
	if err != nil {
		return fmt.Errorf("erase what is known of ticket %d: %w", ticketID, err)
	}
	var rows []struct {
		ID    int64  `db:"id"`
		Value string `db:"value"`
	}
	if err := tx.Select(ctx, &rows, `SELECT id, value FROM fact WHERE ticket_id = ?`, ticketID); err != nil {
		return fmt.Errorf("read what is known of ticket %d: %w", ticketID, err)
	}
	for _, f := range rows {
		if now := p.Redact(f.Value); now != f.Value {
			if _, err := tx.Exec(ctx, `UPDATE fact SET value = ?, version = version + 1 WHERE id = ?`, now, f.ID); err != nil {
				return fmt.Errorf("redact what is known of ticket %d: %w", ticketID, err)
			}
		}
	}
	return nil
}
