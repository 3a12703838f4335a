package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// settleJunk holds a mail that lay in the Junk folder, whoever it is from: the
// mail server thought it dangerous, and who reads Junk too wants to look
// first. What came from another folder is not its business, unless it is such
// a mail that a person moved there.
func (s *Store) settleJunk(ctx context.Context, tx *migrations.Tx, d *decision) error {
	if d.work.Hold == "" {
		return s.releaseJunkTx(ctx, tx, d)
	}
	if err := s.settleKnown(ctx, tx, d); err != nil || d.out.Fate != "" {
		return err
	}
	switch d.in.Class {
	case ClassBounce, ClassDeliveryNotice, ClassReceipt, ClassFeedback: // they name no sender
	default:
		if err := s.settleUnclear(ctx, tx, d); err != nil || d.out.Fate != "" {
			return err
		}
	}
	if err := s.identify(ctx, tx, d); err != nil {
		return err
	}
	return s.holdTx(ctx, tx, d, 0, d.work.Hold)
}

// releaseJunkTx forgets that a mail was held because of where it lay: a person
// has moved it out of Junk, which says that it is none. It is then decided as
// if it had come to the inbox at once, also where somebody had rejected it.
// Who only copies what makes up the mail's identity, or whom our mail server
// calls a forger, does not make it give way: it stays held.
func (s *Store) releaseJunkTx(ctx context.Context, tx *migrations.Tx, d *decision) error {
	id := identity(d.in)
	if !d.batch.maybe(id) {
		return nil
	}
	alike := underAnyVerdict(id)
	if d.verdict == verdictFail {
		alike = []string{id + verdictFail.mark()}
	}
	var held []int64
	err := selectIn(ctx, tx, &held, `SELECT m.id FROM message m JOIN inbox i ON i.id = m.inbox_id
		WHERE m.identity IN (?) AND m.identity <> '' AND m.state IN ('held', 'rejected') AND m.ticket_id IS NULL AND i.hold <> '' AND i.mailbox_id = ?
			AND EXISTS (SELECT 1 FROM message a WHERE a.identity = m.identity AND a.content = ?) ORDER BY m.id`,
		alike, d.work.MailboxID, d.in.ContentDigest)
	if err != nil {
		return fmt.Errorf("look for the mail in Junk: %w", err)
	}
	for _, m := range held {
		rows, err := s.forgetHeldTx(ctx, tx, m)
		if err != nil {
			return err
		}
		for _, inboxID := range rows {
			err := recountTx(ctx, tx, []int64{inboxID}, func() error {
				_, err := tx.Exec(ctx, `UPDATE inbox SET fate = ?, reason = 'a person moved it out of the Junk folder, where it came again' WHERE id = ?`, FateDuplicate, inboxID)
				return err
			})
			if err != nil {
				return err
			}
			if err := s.RecordTx(ctx, tx, Event{Subject: "inbox", SubjectID: inboxID, Kind: "unjunked"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetHeldTx deletes a held message with its changed copies, so that the
// mail can be decided anew. It returns the inbox rows of all of them, the one
// that was shown last.
func (s *Store) forgetHeldTx(ctx context.Context, tx *migrations.Tx, messageID int64) (inboxIDs []int64, err error) {
	var copies []struct {
		ID      int64 `db:"id"`
		InboxID int64 `db:"inbox_id"`
	}
	err = tx.Select(ctx, &copies, `SELECT a.id, COALESCE(a.inbox_id, 0) AS inbox_id FROM message m JOIN message a ON a.identity = m.identity AND a.identity <> ''
		WHERE m.id = ? AND COALESCE(a.revision_of, a.id) = COALESCE(m.revision_of, m.id) ORDER BY a.id`, messageID)
	if err != nil {
		return nil, fmt.Errorf("find held message %d: %w", messageID, err)
	}
	var ids []int64
	for _, c := range copies {
		ids = append(ids, c.ID)
		if c.InboxID != 0 {
			inboxIDs = append(inboxIDs, c.InboxID)
		}
	}
	for _, table := range []string{`attachment WHERE message_id`, `message WHERE id`} {
		if len(ids) == 0 {
			break
		}
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` IN (`+marks(len(ids))+`)`, anys(ids)...); err != nil {
			return nil, fmt.Errorf("forget held message %d: %w", messageID, err)
		}
	}
	return inboxIDs, nil
}

// unjunkTx approves a mail that was held because of where it lay: it is
// decided once more, as if it had come to the inbox. It reports false for any
// other message.
func (s *Store) unjunkTx(ctx context.Context, tx *migrations.Tx, by Actor, messageID int64) (bool, error) {
	junk, err := exists(ctx, tx, `SELECT 1 FROM message m JOIN inbox i ON i.id = m.inbox_id WHERE m.id = ? AND m.state = 'held' AND m.ticket_id IS NULL AND i.hold <> ''`, messageID)
	if err != nil || !junk {
		return false, err
	}
	rows, err := s.forgetHeldTx(ctx, tx, messageID)
	if err != nil {
		return false, err
	}
	for i, id := range rows {
		query := `UPDATE inbox SET fate = 'revision', reason = 'a changed copy of it was approved', resolved_by = ? WHERE id = ?`
		if i == len(rows)-1 {
			query = `UPDATE inbox SET state = 'kept', attempts = 0, fence = 0, retry_at = NULL, hold = '', fate = '', reason = '', done_at = NULL, resolved_by = ? WHERE id = ?`
		}
		err := recountTx(ctx, tx, []int64{id}, func() error {
			_, err := tx.Exec(ctx, query, orNull(by.AccountID), id)
			return err
		})
		if err != nil {
			return false, fmt.Errorf("approve mail %d: %w", id, err)
		}
	}
	tx.AfterCommit(func() { signal(s.inboxNews) })
	return true, s.RecordTx(ctx, tx, Event{Actor: by, Subject: "inbox", SubjectID: rows[len(rows)-1], Kind: "approved"})
}

// HeldDecision tells what became of a mail that was held and is not any more,
// because it lay in the Junk folder and is decided anew: again is that the same
// person has decided so, as a double click does; Conflict says who else did,
// and NotFound that nobody has.
func (s *Store) HeldDecision(ctx context.Context, actor Actor, inboxID int64, decision string) (again bool, err error) {
	var last []EventRow
	err = s.db.Select(ctx, &last, `SELECT `+eventColumns+` FROM event WHERE subject = 'inbox' AND subject_id = ? AND kind IN ('approved', 'unjunked') ORDER BY id DESC LIMIT 1`, inboxID)
	switch {
	case err != nil:
		return false, fmt.Errorf("read what was decided about mail %d: %w", inboxID, err)
	case len(last) == 0:
		return false, migrations.NotFoundf("There is no such mail.")
	case last[0].Kind == "unjunked":
		return false, migrations.Conflictf("Somebody moved this mail out of the Junk folder meanwhile, and it was taken from there.")
	case last[0].Actor == actor.String() && decision == DecidedApproved:
		return true, nil
	}
	r, err := s.InboxMail(ctx, inboxID)
	if err != nil {
		return false, err
	}
	if r.ResolvedBy == "" {
		return false, migrations.Conflictf("Somebody approved this mail meanwhile.")
	}
	return false, migrations.Conflictf("%s approved this mail meanwhile.", r.ResolvedBy)
}
