package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// partFamilyTx is what deleting a ticket means for those that hang on it. Its
// children have no parent any more. What was merged into it is one
// conversation with it and goes too; only where a person is erased, what
// others asked for is given back to them first. A duplicate that is deleted
// leaves the other ticket what answers to its mails are known by.
func (s *Store) partFamilyTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64, clientID *int64, cause, reason string) error {
	var children []int64
	if err := tx.Select(ctx, &children, `UPDATE ticket SET parent_id = NULL, version = version + 1 WHERE parent_id = ? RETURNING id`, id); err != nil {
		return fmt.Errorf("part the children of ticket %d: %w", id, err)
	}
	for _, child := range children {
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: child, Kind: "orphaned", Was: Thing{KindTicket, id}.String()}); err != nil {
			return err
		}
	}
	var duplicates []struct {
		ID       int64  `db:"id"`
		ClientID *int64 `db:"client_id"`
	}
	if err := tx.Select(ctx, &duplicates, `SELECT id, client_id FROM ticket WHERE merged_into_id = ? ORDER BY id DESC`, id); err != nil {
		return fmt.Errorf("list the duplicates of ticket %d: %w", id, err)
	}
	for _, d := range duplicates {
		var err error
		if cause == CauseErased && d.ClientID != nil && (clientID == nil || *d.ClientID != *clientID) {
			_, err = s.unmergeTx(ctx, tx, actor, d.ID)
		} else if err = s.deleteTicketTx(ctx, tx, actor, d.ID, cause, reason); migrations.KindOf(err) == migrations.NotFound {
			err = nil // it went with another duplicate
		}
		if err != nil {
			return err
		}
	}
	for _, q := range []string{
		`INSERT INTO message_ref (ref, ticket_id, known) SELECT r.ref, d.merged_into_id, r.known FROM message_ref r JOIN ticket d ON d.id = r.ticket_id WHERE d.id = ? AND d.merged_into_id IS NOT NULL ON CONFLICT (ref, ticket_id) DO NOTHING`,
		`INSERT INTO conversation (guid, ticket_id, topic) SELECT c.guid, d.merged_into_id, c.topic FROM conversation c JOIN ticket d ON d.id = c.ticket_id WHERE d.id = ? AND d.merged_into_id IS NOT NULL ON CONFLICT (guid, ticket_id, topic) DO NOTHING`,
	} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return fmt.Errorf("leave what ticket %d is known by: %w", id, err)
		}
	}
	return nil
}
