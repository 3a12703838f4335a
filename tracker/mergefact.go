package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// mergeFactsTx fills the empty lines of a ticket with what is known of its
// duplicate, which keeps its own. What was emptied by hand stays empty, and
// that the duplicate's person says we understood is about that alone.
func mergeFactsTx(ctx context.Context, tx *migrations.Tx, from, into *Ticket) error {
	_, err := tx.Exec(ctx, `INSERT INTO fact (ticket_id, item, value, source, guess, message_id, account_id, thing_id, at)
		SELECT t.id, f.item, f.value, f.source, f.guess, f.message_id, f.account_id, f.thing_id, f.at FROM fact f JOIN ticket t ON t.id = ?
		WHERE f.ticket_id = ? AND f.value <> '' AND f.item <> 'understood' AND NOT EXISTS (SELECT 1 FROM fact o WHERE o.ticket_id = t.id AND o.item = f.item)`, into.ID, from.ID)
	if err != nil {
		return fmt.Errorf("fill in what is known of %s: %w", into.Name(), err)
	}
	return nil
}

// unmergeFactsTx takes back what mergeFactsTx filled in, as far as nobody
// edited it since, on the other ticket and on what was merged there after it.
// What the duplicate was asked and was answered on the other ticket is open again.
func unmergeFactsTx(ctx context.Context, tx *migrations.Tx, t, into *Ticket) error {
	_, err := tx.Exec(ctx, `DELETE FROM fact WHERE version = 1 AND ticket_id <> ? AND ticket_id IN (SELECT x.id FROM ticket x WHERE x.id = ? OR x.merged_into_id = ?)
		AND EXISTS (SELECT 1 FROM fact o WHERE o.ticket_id = ? AND o.item = fact.item AND o.value = fact.value AND o.source = fact.source AND o.at = fact.at
			AND COALESCE(o.message_id, 0) = COALESCE(fact.message_id, 0))`, t.ID, into.ID, into.ID, t.ID)
	if err != nil {
		return fmt.Errorf("take back what is known of %s: %w", into.Name(), err)
	}
	_, err = tx.Exec(ctx, `UPDATE question SET answer_id = NULL, answered_at = NULL WHERE ticket_id = ? AND answer_id IN (SELECT m.id FROM message m WHERE m.ticket_id = ?)`, t.ID, into.ID)
	if err != nil {
		return fmt.Errorf("open again what was asked of %s: %w", t.Name(), err)
	}
	return nil
}
