package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker/erased"
)

// syncSlack is how many rows below the last one are looked at again, because
// commits land out of order.
const syncSlack = 1000

// SyncErased writes to this node's journal what was erased, by whichever
// node, and is not in it yet.
func (s *Store) SyncErased(ctx context.Context) error {
	if s.erased == nil {
		return nil
	}
	s.syncing.Lock()
	defer s.syncing.Unlock()
	for _, kind := range []struct {
		name  string
		table string
		since *int64
	}{{erased.Ticket, `tombstone`, &s.synced[0]}, {erased.Person, `erasure`, &s.synced[1]}} {
		for after := max(0, *kind.since-syncSlack); ; {
			entries, last, err := s.erasuresAfter(ctx, kind.name, kind.table, after)
			if err != nil {
				return fmt.Errorf("write the journal of erasures: %w", err)
			}
			if len(entries) == 0 {
				break
			}
			if err := s.erased.Add(entries...); err != nil {
				return err
			}
			after = last
			*kind.since = max(*kind.since, last)
		}
	}
	return nil
}

// erasuresAfter returns the next erasures of a kind, without those in the journal.
func (s *Store) erasuresAfter(ctx context.Context, kind, table string, after int64) (entries []erased.Entry, last int64, err error) {
	var rows []struct {
		ID        int64            `db:"id"`
		UID       string           `db:"uid"`
		Number    int64            `db:"number"`
		CreatedAt migrations.Stamp `db:"created_at"`
		Cause     string           `db:"cause"`
		Addresses string           `db:"addresses"`
		Keep      bool             `db:"keep"`
		Account   int64            `db:"account_id"`
		At        migrations.Stamp `db:"at"`
	}
	columns := `id, uid, number, created_at, cause, '' AS addresses, FALSE AS keep, COALESCE(account_id, 0) AS account_id, deleted_at AS at`
	done := ``
	if kind == erased.Person {
		columns = `id, uid, 0 AS number, 0 AS created_at, '' AS cause, addresses, keep, COALESCE(account_id, 0) AS account_id, begun_at AS at`
		done = ` AND done_at IS NOT NULL`
	}
	if err := s.db.Select(ctx, &rows, `SELECT `+columns+` FROM `+table+` WHERE id > ?`+done+` ORDER BY id LIMIT 200`, after); err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		last = r.ID
		e := erased.Entry{ID: r.UID, Kind: kind, At: int64(r.At), Number: r.Number, CreatedAt: int64(r.CreatedAt), Cause: r.Cause, AccountID: r.Account, Keep: r.Keep, Addresses: strings.Fields(r.Addresses)}
		known, err := s.erased.Has(e.ID)
		if err != nil {
			return nil, 0, err
		}
		if !known {
			var mails []goneRow
			if err := s.db.Select(ctx, &mails, `SELECT hash, content, own FROM gone_mail WHERE uid = ? ORDER BY hash`, e.ID); err != nil {
				return nil, 0, err
			}
			for _, m := range mails {
				e.Mails = append(e.Mails, erased.Mail{Hash: m.Hash, Content: m.Content, Own: m.Own})
			}
		}
		entries = append(entries, e)
	}
	return entries, last, nil
}

// ReapplyErasures erases again, in a database that was just restored, what
// the journal knows to have been erased or deleted and the database does not:
// this node's journal, and those of more (files of other nodes). It must have
// returned before anything is shown, read from a mailbox or sent. told, where
// not nil, is called as it goes on. It returns how much was erased; running it
// again does nothing more.
func (s *Store) ReapplyErasures(ctx context.Context, more []string, told func(done, all int)) (n int, err error) {
	var entries []erased.Entry
	files := more
	if s.erased != nil {
		files = append([]string{s.erased.Path()}, more...)
	}
	for _, file := range files {
		all, err := erased.Read(file)
		if err != nil {
			return 0, err
		}
		entries = append(entries, all...)
	}
	// Tickets first: what a person's erasure deleted need not be searched.
	slices.SortStableFunc(entries, func(a, b erased.Entry) int { return strings.Compare(b.Kind, a.Kind) })
	for i, e := range entries {
		if told != nil {
			told(i, len(entries))
		}
		var done bool
		switch e.Kind {
		case erased.Ticket:
			done, err = s.reapplyTicket(ctx, e)
		case erased.Person:
			done, err = s.reapplyPerson(ctx, e)
		}
		if err != nil {
			return n, fmt.Errorf("erase again what was erased after the backup: %w", err)
		}
		if done {
			n++
		}
	}
	if told != nil {
		told(len(entries), len(entries))
	}
	if err := s.SyncErased(ctx); err != nil {
		return n, err
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.scrub(ctx)
}

// reapplyTicket deletes a ticket again. Its number is taken in any case.
func (s *Store) reapplyTicket(ctx context.Context, e erased.Entry) (done bool, err error) {
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		known, err := exists(ctx, tx, `SELECT 1 FROM tombstone WHERE uid = ?`, e.ID)
		if err != nil || known {
			return err
		}
		var id int64
		err = tx.Get(ctx, &id, `SELECT id FROM ticket WHERE number = ? AND created_at = ?`, e.Number, e.CreatedAt)
		switch {
		case err == nil:
			if _, err := tx.Exec(ctx, `UPDATE outbox SET state = 'uncertain' WHERE ticket_id = ? AND state = 'sending'`, id); err != nil {
				return err
			}
			if err := s.deleteTicketTx(ctx, tx, Actor{AccountID: e.AccountID}, id, e.Cause, ""); err != nil {
				return err
			}
			// Under its own name, so that the next restore knows it.
			var was string
			if err := tx.Get(ctx, &was, `SELECT uid FROM tombstone WHERE ticket_id = ?`, id); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE gone_mail SET uid = ? WHERE uid = ?`, e.ID, was); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE tombstone SET uid = ?, deleted_at = ? WHERE ticket_id = ?`, e.ID, e.At, id); err != nil {
				return err
			}
			done = true
		case migrations.KindOf(err) == migrations.NotFound:
			// Opened after the backup, deleted before the restore.
			taken, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE number = ? UNION ALL SELECT 1 FROM tombstone WHERE number = ?`, e.Number, e.Number)
			if err != nil {
				return err
			}
			if taken {
				return s.noteJournalMailsTx(ctx, tx, e)
			}
			if _, err := tx.Insert(ctx, `INSERT INTO tombstone (uid, number, created_at, cause, account_id, deleted_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
				e.ID, e.Number, e.CreatedAt, e.Cause, orNull(e.AccountID), e.At); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE counter SET value = ? WHERE name = 'ticket' AND value < ?`, e.Number, e.Number); err != nil {
				return err
			}
		default:
			return err
		}
		return s.noteJournalMailsTx(ctx, tx, e)
	})
	if err != nil {
		return false, fmt.Errorf("delete %s: %w", TicketName(e.Number), err)
	}
	return done, nil
}

func (s *Store) noteJournalMailsTx(ctx context.Context, tx *migrations.Tx, e erased.Entry) error {
	for _, m := range e.Mails {
		if err := noteGoneTx(ctx, tx, e.ID, goneRow{Hash: m.Hash, Content: m.Content, Own: m.Own}); err != nil {
			return err
		}
	}
	return nil
}

// reapplyPerson erases a person again: everybody with one of the addresses.
func (s *Store) reapplyPerson(ctx context.Context, e erased.Entry) (bool, error) {
	known, err := exists(ctx, s.db, `SELECT 1 FROM erasure WHERE uid = ? AND done_at IS NOT NULL`, e.ID)
	if err != nil || known || s.erased == nil {
		return false, err
	}
	found, err := s.addressesHashed(ctx, e.Addresses)
	if err != nil {
		return false, err
	}
	if err := s.db.Tx(ctx, func(tx *migrations.Tx) error { return s.noteJournalMailsTx(ctx, tx, e) }); err != nil {
		return false, err
	}
	if err := s.eraseAgain(ctx, e, found); err != nil {
		return false, err
	}
	return len(found) > 0, nil
}
