package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// calledFor names a ticket as a person knows it: who came to it by a merge gave
// it another subject, and reads nothing of what others ask for.
func (s *Store) calledFor(ctx context.Context, q read, t *Ticket, clientID int64) error {
	if clientID == 0 || clientID == t.ClientID {
		return nil
	}
	err := q.Get(ctx, &t.Subject, `SELECT d.subject FROM ticket d WHERE d.merged_into_id = ? 
		AND (d.client_id = ? OR EXISTS (SELECT 1 FROM participant x WHERE x.ticket_id = d.id AND x.client_id = ?)) ORDER BY d.id DESC LIMIT 1`, t.ID, clientID, clientID)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return fmt.Errorf("see what client %d calls %s: %w", clientID, t.Name(), err)
	}
	return nil
}
