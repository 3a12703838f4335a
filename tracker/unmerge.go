package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// Merged is what is known of a duplicate.
type Merged struct {
	Into     Ticket           // where it goes on
	By       string           // who merged it, "" for the system
	At       migrations.Stamp // when
	Undoable bool             // it can still be taken back
}

type mergeRow struct {
	IntoID    int64            `db:"into_id"`
	Detail    string           `db:"detail"`
	AccountID int64            `db:"account_id"`
	At        migrations.Stamp `db:"at"`
}

func mergeOf(ctx context.Context, q read, ticketID int64) (r mergeRow, d mergeDetail, err error) {
	err = q.Get(ctx, &r, `SELECT into_id, detail, COALESCE(account_id, 0) AS account_id, at FROM ticket_merge WHERE ticket_id = ?`, ticketID)
	if migrations.KindOf(err) == migrations.NotFound {
		return r, d, migrations.NotFoundf("This ticket is not merged into another one (any more).")
	}
	if err == nil {
		err = json.Unmarshal([]byte(r.Detail), &d)
	}
	if err != nil {
		err = fmt.Errorf("read the merge of ticket %d: %w", ticketID, err)
	}
	return r, d, err
}

// MergedInto returns where a duplicate went; NotFound for a ticket that is none.
func (s *Store) MergedInto(ctx context.Context, ticketID int64) (m Merged, err error) {
	r, _, err := mergeOf(ctx, s.db, ticketID)
	if err != nil {
		return m, err
	}
	if m.Into, err = s.TicketByID(ctx, r.IntoID); err != nil {
		return m, err
	}
	m.At = r.At
	if r.AccountID != 0 {
		a, err := accountWhere(ctx, s.db, `id = ?`, r.AccountID)
		if err != nil && migrations.KindOf(err) != migrations.NotFound {
			return m, err
		}
		m.By = a.Name
	}
	m.Undoable, err = s.undoable(ctx, s.db, r)
	if m.Into.Archived() {
		m.Undoable = false
	}
	return m, err
}

// undoable reports whether a merge can be taken back: within a day, and later
// as long as nothing happened on the other ticket since.
func (s *Store) undoable(ctx context.Context, q read, r mergeRow) (bool, error) {
	if s.Now().Sub(r.At.Time()) <= UnmergeWithin {
		return true, nil
	}
	since, err := exists(ctx, q, `SELECT 1 FROM event WHERE subject = 'ticket' AND subject_id = ? AND at > ? AND kind NOT IN ('seen', 'sent') LIMIT 1`, r.IntoID, r.At)
	return !since, err
}

// Unmerge takes a merge back: what came from the duplicate goes back to it,
// and it is again what it was. What was written since stays where it is.
func (s *Store) Unmerge(ctx context.Context, actor Actor, number int64) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		if t, err = ticketWhere(ctx, tx, `t.number = ?`, number); err != nil {
			return err
		}
		r, _, err := mergeOf(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		may, err := s.undoable(ctx, tx, r)
		if err != nil {
			return err
		}
		into, err := ticketWhere(ctx, tx, `t.id = ?`, r.IntoID)
		switch {
		case err != nil:
			return err
		case into.Archived():
			return errArchived(&into)
		case !may:
			return migrations.Conflictf("This can not be taken back any more: %s went on since. Split off what belongs to another matter instead.", into.Name())
		}
		t, err = s.unmergeTx(ctx, tx, actor, t.ID)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("take back the merge of %s: %w", TicketName(number), err)
	}
	return t, nil
}

// unmergeTx takes a merge back, under the lock of the ticket numbers.
func (s *Store) unmergeTx(ctx context.Context, tx *migrations.Tx, actor Actor, ticketID int64) (t Ticket, err error) {
	r, d, err := mergeOf(ctx, tx, ticketID)
	if err != nil {
		return t, err
	}
	t, into, err := s.lockTwoTx(ctx, tx, ticketID, r.IntoID)
	if err != nil {
		return t, err
	}
	for _, m := range []struct {
		query string
		ids   []int64
	}{
		{`UPDATE message SET ticket_id = ? WHERE ticket_id = ? AND id IN `, d.Messages},
		{`UPDATE message SET ticket_id = ? WHERE ticket_id = ? AND revision_of IN `, d.Messages}, // changed copies that came since
		{`UPDATE note SET ticket_id = ? WHERE ticket_id = ? AND id IN `, d.Notes},
		{`UPDATE outbox SET ticket_id = ? WHERE ticket_id = ? AND id IN `, d.Mails},
		{`UPDATE reply_token SET ticket_id = ? WHERE ticket_id = ? AND outbox_id IN `, d.Mails},
		{`UPDATE client_link SET ticket_id = ? WHERE ticket_id = ? AND outbox_id IN `, d.Mails},
		{`UPDATE inbox SET ticket_id = ? WHERE ticket_id = ? AND id IN `, d.Inbox},
		{`UPDATE ticket SET merged_into_id = ? WHERE merged_into_id = ? AND id IN `, d.Duplicates},
		{`UPDATE ticket_merge SET into_id = ? WHERE into_id = ? AND ticket_id IN `, d.Duplicates},
	} {
		for ids := range slices.Chunk(m.ids, 400) {
			if _, err := tx.Exec(ctx, m.query+`(`+marks(len(ids))+`)`, append([]any{t.ID, into.ID}, anys(ids)...)...); err != nil {
				return t, fmt.Errorf("move back: %w", err)
			}
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE inbox SET ticket_id = ? WHERE ticket_id = ? AND id IN (SELECT m.inbox_id FROM message m WHERE m.ticket_id = ? AND m.inbox_id IS NOT NULL)`, t.ID, into.ID, t.ID); err != nil {
		return t, fmt.Errorf("move back: %w", err)
	}
	for _, client := range d.Joined {
		n, err := tx.Exec(ctx, `DELETE FROM participant WHERE ticket_id = ? AND client_id = ?`, into.ID, client)
		if err != nil {
			return t, err
		}
		if n == 0 {
			continue
		}
		if err := s.revokeTokensTx(ctx, tx, into.ID, client); err != nil {
			return t, err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: into.ID, Kind: "participant_removed", Was: clientRef(client)}); err != nil {
			return t, err
		}
	}
	for _, account := range d.Watching {
		if _, err := tx.Exec(ctx, `DELETE FROM watcher WHERE ticket_id = ? AND account_id = ?`, into.ID, account); err != nil {
			return t, err
		}
	}
	for _, l := range d.Linked {
		if err := s.unlinkTx(ctx, tx, actor, Thing{KindTicket, into.ID}, l); err != nil {
			return t, err
		}
	}
	if err := s.unmergeFamilyTx(ctx, tx, &t, &into, d); err != nil {
		return t, err
	}
	if err := unmergeFactsTx(ctx, tx, &t, &into); err != nil {
		return t, err
	}
	err = t.setTx(ctx, tx, `merged_into_id = NULL, stage = ?, stage_at = ?, closed_at = ?, archived_at = NULL, news = ?`, d.Stage, d.StageAt, orNull(int64(d.ClosedAt)), d.News)
	if err != nil {
		return t, err
	}
	if d.Waiting.On != "" && !d.Stage.Closed() {
		if t, err = ticketWhere(ctx, tx, `t.id = ?`, t.ID); err != nil {
			return t, err
		}
		if err := s.setWaitingTx(ctx, tx, actor, &t, d.Waiting); err != nil {
			return t, err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM ticket_merge WHERE ticket_id = ?`, t.ID); err != nil {
		return t, err
	}
	if err := s.recordPairTx(ctx, tx, actor, &t, &into, "unmerged", "unmerged_here"); err != nil {
		return t, err
	}
	return ticketWhere(ctx, tx, `t.id = ?`, t.ID)
}

// unmergeFamilyTx gives a ticket its children and its parent back, where those
// went nowhere else since.
func (s *Store) unmergeFamilyTx(ctx context.Context, tx *migrations.Tx, t, into *Ticket, d mergeDetail) error {
	parent := into.ID
	if into.ParentID != 0 {
		parent = into.ParentID
	}
	for _, child := range d.Children {
		_, err := tx.Exec(ctx, `UPDATE ticket SET parent_id = ?, version = version + 1 WHERE id = ? AND merged_into_id IS NULL
			AND (parent_id = ? OR (id = ? AND parent_id IS NULL AND NOT EXISTS (SELECT 1 FROM ticket c WHERE c.parent_id = ticket.id)))`, t.ID, child, parent, into.ID)
		if err != nil {
			return fmt.Errorf("give %s its children back: %w", t.Name(), err)
		}
	}
	if d.Parent == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE ticket SET parent_id = ? WHERE id = ? AND EXISTS (SELECT 1 FROM ticket p WHERE p.id = ? AND p.parent_id IS NULL AND p.merged_into_id IS NULL)
		AND NOT EXISTS (SELECT 1 FROM ticket c WHERE c.parent_id = ticket.id)`, d.Parent, t.ID, d.Parent)
	if err != nil {
		return fmt.Errorf("give %s its parent back: %w", t.Name(), err)
	}
	return nil
}

// LeadOn returns a ticket by its number, or where it was merged into one, that.
// What there is not, or was deleted, is Invalid at "into".
func (s *Store) LeadOn(ctx context.Context, number int64) (Ticket, error) {
	return s.leadOnTx(ctx, s.db, number)
}

// DuplicatesOf returns the tickets that were merged into one, oldest first.
func (s *Store) DuplicatesOf(ctx context.Context, ticketID int64) (list []Ticket, err error) {
	if err := s.db.Select(ctx, &list, ticketSelect+`WHERE t.merged_into_id = ? ORDER BY t.id LIMIT 200`, ticketID); err != nil {
		return nil, fmt.Errorf("list the duplicates of ticket %d: %w", ticketID, err)
	}
	return list, nil
}
