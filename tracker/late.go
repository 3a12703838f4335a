package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// A mail that was put off (it hung, its bytes or the database could not be
// had, the process died at it) is overtaken by what came after it. Answers to
// it, and copies of it, wait behind it, since they would open a ticket of
// their own; nothing else does. The wait ends when the mail before is
// decided, which it is after its third try at the latest, and in any case:
const lateAtMost = 10 * time.Minute // since the waiting mail was kept

// lateEvery is how soon a waiting mail looks again at the earliest, while the
// mail before it is being tried.
const lateEvery = time.Second

// lateRow is a mail that was put off and is not decided yet.
type lateRow struct {
	ID        int64            `db:"id"`
	MailboxID int64            `db:"mailbox_id"`
	MailID    string           `db:"mail_id"`
	RetryAt   migrations.Stamp `db:"retry_at"`
}

// gatherLate looks up every mail that was put off. There are few, as a rule none.
func (s *Store) gatherLate(ctx context.Context, tx *migrations.Tx, b *batch) error {
	var rows []lateRow
	err := tx.Select(ctx, &rows, `SELECT id, mailbox_id, mail_id, retry_at FROM inbox WHERE retry_at IS NOT NULL AND state <> 'done' AND mail_id <> ''`)
	if err != nil {
		return fmt.Errorf("look for mail that was put off: %w", err)
	}
	for _, r := range rows {
		b.late[r.MailID] = append(b.late[r.MailID], r)
	}
	return nil
}

// waitTx has a mail wait where it names one that was kept before it and is
// late. That is no try of its own.
func (s *Store) waitTx(ctx context.Context, tx *migrations.Tx, b *batch, it Item) (waits bool, err error) {
	now := s.stamp()
	if len(b.late) == 0 || now-it.Work.KeptAt > migrations.Stamp(lateAtMost/time.Microsecond) {
		return false, nil
	}
	var at migrations.Stamp
	for _, list := range [][]string{{it.Mail.MessageID}, it.Mail.InReplyTo, it.Mail.References} {
		for _, id := range list {
			for _, r := range b.late[clip(id, 998)] {
				if r.ID < it.Work.InboxID && r.MailboxID == it.Work.MailboxID {
					at = max(at, r.RetryAt, now+migrations.Stamp(lateEvery/time.Microsecond))
				}
			}
		}
	}
	if at == 0 {
		return false, nil
	}
	n, err := tx.Exec(ctx, `UPDATE inbox SET state = 'kept', attempts = attempts - 1, retry_at = ?, reason = ? WHERE id = ? AND state = 'working'`,
		at, "it waits for the mail that it answers, which is tried again", it.Work.InboxID)
	if err != nil {
		return false, fmt.Errorf("have mail %d wait: %w", it.Work.InboxID, err)
	}
	if n == 0 {
		return false, errUndecided
	}
	if id := clip(it.Mail.MessageID, 998); id != "" { // what answers this one waits too
		b.late[id] = append(b.late[id], lateRow{it.Work.InboxID, it.Work.MailboxID, id, at})
	}
	return true, nil
}

// inTime forgets that a mail was late: it is decided.
func (b *batch) inTime(it Item) {
	if id := clip(it.Mail.MessageID, 998); len(b.late[id]) > 0 {
		b.late[id] = slices.DeleteFunc(b.late[id], func(r lateRow) bool { return r.ID == it.Work.InboxID })
	}
}
