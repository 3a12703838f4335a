package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// mergePerson has everything that names one person name another, who is the
// same: what they hold, what moved to and from them, and their work orders.
// The ledger tells the same story with the other name, so that each movement
// still begins where the one before ended.
func (s *Store) mergePerson(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	for _, query := range []string{
		`UPDATE asset SET holder_id = ? WHERE holder_id = ?`,
		`UPDATE movement SET holder_id = ? WHERE holder_id = ?`,
		`UPDATE movement SET was_holder_id = ? WHERE was_holder_id = ?`,
		`UPDATE work_order SET client_id = ? WHERE client_id = ?`,
	} {
		if _, err := tx.Exec(ctx, query, into, from); err != nil {
			return fmt.Errorf("bring a person's things together: %w", err)
		}
	}
	return nil
}
