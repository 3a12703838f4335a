package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"helpdeskd/migrations"
)

// The causes of a deletion.
const (
	CauseDeleted = "deleted" // an administrator deleted this ticket
	CausePurged  = "purged"  // its time was over
	CauseErased  = "erased"  // its requester was erased
)

// Tombstone is what is left of a deleted ticket.
type Tombstone struct {
	Number    int64            `db:"number"`
	TicketID  int64            `db:"ticket_id"` // 0: it was not in the backup that was restored
	Cause     string           `db:"cause"`     // deleted, purged, erased
	Reason    string           `db:"reason"`    // in the administrator's words, "" for none
	AccountID int64            `db:"account_id"`
	By        string           `db:"by_name"` // that account's name, "" for none
	Messages  int              `db:"messages"`
	Notes     int              `db:"notes"`
	Files     int              `db:"files"`
	Sent      int              `db:"sent"` // mails of ours
	DeletedAt migrations.Stamp `db:"deleted_at"`
}

// Name returns the number as people write it: HD-12.
func (t Tombstone) Name() string { return TicketName(t.Number) }

// TombstoneOf returns what is left of a deleted ticket; NotFound where no
// ticket of this number was deleted.
func (s *Store) TombstoneOf(ctx context.Context, number int64) (Tombstone, error) {
	var t Tombstone
	err := s.db.Get(ctx, &t, `SELECT d.number, COALESCE(d.ticket_id, 0) AS ticket_id, d.cause, d.reason, COALESCE(d.account_id, 0) AS account_id, COALESCE(a.name, '') AS by_name,
		d.messages, d.notes, d.files, d.sent, d.deleted_at FROM tombstone d LEFT JOIN account a ON a.id = d.account_id WHERE d.number = ?`, number)
	if migrations.KindOf(err) == migrations.NotFound {
		return t, migrations.NotFoundf("There is no such ticket.")
	}
	if err != nil {
		return t, fmt.Errorf("read what is left of a ticket: %w", err)
	}
	return t, nil
}

// Doomed is what goes when a ticket is deleted.
type Doomed struct {
	Messages int `db:"messages"`
	Notes    int `db:"notes"`
	Files    int `db:"files"`
	Sent     int `db:"sent"`   // mails of ours that have left
	Unsent   int `db:"unsent"` // that have not
	Held     int `db:"held"`   // mails that wait for a decision
}

// Doomed returns what would go if the ticket were deleted.
func (s *Store) Doomed(ctx context.Context, ticketID int64) (Doomed, error) {
	return doomed(ctx, s.db, ticketID)
}

func doomed(ctx context.Context, q read, ticketID int64) (d Doomed, err error) {
	err = q.Get(ctx, &d, `SELECT (SELECT count(*) FROM message WHERE ticket_id = ?) AS messages, (SELECT count(*) FROM note WHERE ticket_id = ?) AS notes,
		(SELECT count(*) FROM message m JOIN attachment a ON a.message_id = m.id WHERE m.ticket_id = ? AND a.role = 'file')
			+ (SELECT count(*) FROM file f WHERE f.owner_kind = 'fix' AND f.owner_id = ?)
			+ (SELECT count(*) FROM note n JOIN file f ON f.owner_kind = 'note' AND f.owner_id = n.id WHERE n.ticket_id = ?) AS files,
		(SELECT count(*) FROM outbox WHERE ticket_id = ? AND state = 'sent') AS sent,
		(SELECT count(*) FROM outbox WHERE ticket_id = ? AND state IN ('queued', 'sending', 'uncertain', 'held', 'dead')) AS unsent,
		(SELECT count(*) FROM message WHERE ticket_id = ? AND state = 'held') AS held`,
		ticketID, ticketID, ticketID, ticketID, ticketID, ticketID, ticketID, ticketID)
	if err != nil {
		return d, fmt.Errorf("count what belongs to ticket %d: %w", ticketID, err)
	}
	return d, nil
}

// DeleteTicket deletes a ticket for good: messages, raw mails, notes, files,
// tokens, what search knows of it, and the mails that we owe about it. Its
// number stays taken, and its mails coming again are known and do not open it
// anew. Conflict while a mail of it is being sent.
func (s *Store) DeleteTicket(ctx context.Context, actor Actor, number int64, reason string) error {
	if reason = clip(oneLine(reason), 500); reason == "" {
		return migrations.InvalidAt("reason", "Please write why this ticket is deleted.")
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// First, as who decides mail does: so no mail joins it meanwhile.
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		t, err := ticketWhere(ctx, tx, `t.number = ?`, number)
		if err != nil {
			return err
		}
		return s.deleteTicketTx(ctx, tx, actor, t.ID, CauseDeleted, reason)
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", TicketName(number), err)
	}
	s.noteErased(ctx)
	return nil
}

// noteErased writes the journal after a commit. What fails is said, and tried
// again by the clock.
func (s *Store) noteErased(ctx context.Context) {
	if err := s.SyncErased(context.WithoutCancel(ctx)); err != nil {
		s.log.Error("the journal of erasures could not be written, trying again: until then a restore would bring back what was erased", slog.Any("error", err))
	}
}

// deleteTicketTx deletes a ticket, under the lock of the ticket numbers.
func (s *Store) deleteTicketTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64, cause, reason string) error {
	var t struct {
		Number    int64            `db:"number"`
		CreatedAt migrations.Stamp `db:"created_at"`
		ClientID  *int64           `db:"client_id"`
		BurstID   *int64           `db:"burst_id"`
	}
	if err := tx.Get(ctx, &t, `UPDATE ticket SET version = version + 1 WHERE id = ? RETURNING number, created_at, client_id, burst_id`, id); err != nil {
		return fmt.Errorf("take ticket %d: %w", id, err)
	}
	if err := s.partFamilyTx(ctx, tx, actor, id, t.ClientID, cause, reason); err != nil {
		return err
	}
	sending, err := exists(ctx, tx, `SELECT 1 FROM outbox WHERE ticket_id = ? AND state = 'sending' AND state <> 'sent'`, id)
	if err != nil {
		return err
	}
	if sending {
		return migrations.Conflictf("A mail of %s is being sent this very moment. Please try again in a minute.", TicketName(t.Number))
	}
	d, err := doomed(ctx, tx, id)
	if err != nil {
		return err
	}
	uid, _ := NewToken()
	now := s.stamp()
	_, err = tx.Insert(ctx, `INSERT INTO tombstone (uid, number, ticket_id, created_at, cause, reason, account_id, messages, notes, files, sent, deleted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		uid, t.Number, id, t.CreatedAt, cause, reason, orNull(actor.AccountID), d.Messages, d.Notes, d.Files, d.Sent, now)
	if err != nil {
		return fmt.Errorf("leave a tombstone: %w", err)
	}
	if err := s.goneMailTx(ctx, tx, uid, `ticket_id = ?`, id); err != nil {
		return err
	}
	blobs, err := s.digestsOfTicket(ctx, tx, id)
	if err != nil {
		return err
	}
	links, err := links(ctx, tx, Thing{KindTicket, id})
	if err != nil {
		return err
	}
	// What was held on it waits for nobody any more.
	var held []int64
	if err := tx.Select(ctx, &held, `SELECT id FROM inbox WHERE ticket_id = ? AND fate = 'pending' AND state = 'done'`, id); err != nil {
		return fmt.Errorf("delete ticket %d: %w", id, err)
	}
	if len(held) > 0 {
		err := recountTx(ctx, tx, held, func() error {
			_, err := tx.Exec(ctx, `UPDATE inbox SET fate = 'none' WHERE id IN (`+marks(len(held))+`)`, anys(held)...)
			return err
		})
		if err != nil {
			return fmt.Errorf("delete ticket %d: %w", id, err)
		}
	}
	for _, q := range []struct {
		query string
		twice bool
	}{
		{query: `DELETE FROM fact WHERE ticket_id = ?`},
		{query: `DELETE FROM question WHERE ticket_id = ?`},
		// A message may have been moved here from where it answered something.
		{query: `UPDATE fact SET message_id = NULL WHERE message_id IN (SELECT id FROM message WHERE ticket_id = ?)`},
		{query: `UPDATE question SET message_id = NULL WHERE message_id IN (SELECT id FROM message WHERE ticket_id = ?)`},
		{query: `UPDATE question SET answer_id = NULL WHERE answer_id IN (SELECT id FROM message WHERE ticket_id = ?)`},
		{query: `DELETE FROM reply_token WHERE ticket_id = ?`},
		{query: `DELETE FROM client_link WHERE ticket_id = ?`},
		{query: `DELETE FROM satisfaction WHERE ticket_id = ?`},
		{query: `DELETE FROM outbox WHERE ticket_id = ?`},
		{query: `DELETE FROM outbox WHERE message_id IN (SELECT id FROM message WHERE ticket_id = ?)`},
		{query: `DELETE FROM take_back WHERE message_id IN (SELECT id FROM message WHERE ticket_id = ?)`},
		{query: `DELETE FROM attachment WHERE message_id IN (SELECT id FROM message WHERE ticket_id = ?)`},
		{query: `DELETE FROM message WHERE ticket_id = ?`},
		{query: `DELETE FROM message_ref WHERE ticket_id = ?`},
		{query: `DELETE FROM conversation WHERE ticket_id = ?`},
		{query: `DELETE FROM participant WHERE ticket_id = ?`},
		{query: `DELETE FROM watcher WHERE ticket_id = ?`},
		{query: `DELETE FROM presence WHERE ticket_id = ?`},
		{query: `DELETE FROM file WHERE owner_kind = 'note' AND owner_id IN (SELECT id FROM note WHERE ticket_id = ?)`},
		{query: `DELETE FROM file WHERE owner_kind = 'fix' AND owner_id = ?`},
		{query: `DELETE FROM note WHERE ticket_id = ?`},
		{query: `DELETE FROM ticket_merge WHERE ticket_id = ?`},
		{query: `DELETE FROM link WHERE (a_kind = 'ticket' AND a_id = ?) OR (b_kind = 'ticket' AND b_id = ?)`, twice: true},
		{query: `UPDATE inbox SET sender = '', subject = '', mail_id = '', reason = 'ticket deleted', reason_before = '' WHERE ticket_id = ? AND state = 'done'`},
		{query: `DELETE FROM recurrence WHERE ticket_id = ?`},
		{query: `DELETE FROM ticket WHERE id = ?`},
	} {
		args := []any{id}
		if q.twice {
			args = append(args, id)
		}
		if _, err := tx.Exec(ctx, q.query, args...); err != nil {
			return fmt.Errorf("delete ticket %d: %w", id, err)
		}
	}
	if err := s.emptiedTx(ctx, tx, `ticket_id = ? AND state = 'done'`, id); err != nil {
		return err
	}
	if t.BurstID != nil {
		if err := s.countBurstTx(ctx, tx, *t.BurstID); err != nil {
			return err
		}
	}
	if err := s.unindexTx(ctx, tx, KindTicket, id); err != nil {
		return err
	}
	if err := s.dropBlobsTx(ctx, tx, blobs); err != nil {
		return err
	}
	if err := s.forgetStaffTx(ctx, tx); err != nil {
		return err
	}
	for _, l := range links {
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: l.Kind, SubjectID: l.ID, Kind: "unlinked", Became: Thing{KindTicket, id}.String()}); err != nil {
			return err
		}
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: id, Kind: "deleted", Was: TicketName(t.Number), Became: cause})
}

// digestsOfTicket returns all content that a ticket's rows name.
func (s *Store) digestsOfTicket(ctx context.Context, q read, id int64) ([]string, error) {
	var all []string
	err := q.Select(ctx, &all, `SELECT digest FROM inbox WHERE ticket_id = ? UNION SELECT digest FROM message WHERE ticket_id = ? AND digest <> ''
		UNION SELECT a.digest FROM message m JOIN attachment a ON a.message_id = m.id WHERE m.ticket_id = ?
		UNION SELECT digest FROM outbox WHERE ticket_id = ? AND digest <> ''
		UNION SELECT digest FROM file WHERE owner_kind = 'fix' AND owner_id = ?
		UNION SELECT f.digest FROM note n JOIN file f ON f.owner_kind = 'note' AND f.owner_id = n.id WHERE n.ticket_id = ?`, id, id, id, id, id, id)
	if err != nil {
		return nil, fmt.Errorf("list the content of ticket %d: %w", id, err)
	}
	slices.Sort(all)
	return all, nil
}

// unindexTx has search forget a thing that is gone. It is queued too: an
// indexer that read it before may write it after.
func (s *Store) unindexTx(ctx context.Context, tx *migrations.Tx, kind string, ref int64) error {
	id := `id`
	if tx.Dialect() == migrations.SQLite {
		id = `rowid`
	}
	_, err := tx.Exec(ctx, `DELETE FROM search_words WHERE `+id+` IN (SELECT d.id FROM search_doc d WHERE d.kind = ? AND d.ref = ?)`, kind, ref)
	if err != nil {
		return fmt.Errorf("have search forget %s %d: %w", kind, ref, err)
	}
	return s.IndexTx(ctx, tx, kind, ref)
}
