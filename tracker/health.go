package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Count is how many there are of something.
type Count struct {
	What string `db:"what"`
	N    int    `db:"n"`
}

// Health is how mail is doing.
type Health struct {
	Mailboxes []Mailbox
	Inbox     []Count // kept and working, then every fate: they add up to Taken
	Taken     int     // every mail that was ever taken
	Outbox    []Count // by state: they add up to Owed
	Owed      int     // every mail that we ever owed
	Held      int     // mails that wait for a decision
	ToIndex   int     // things that search does not know yet

	OldestKept migrations.Stamp // when the oldest mail that is not understood yet was taken; 0 for none
	OldestDue  migrations.Stamp // since when the oldest mail is due; 0 for none
	NextRetry  migrations.Stamp // when the next mail that was put off is tried again; 0 for none
}

// InboxCounts are the words in Health.Inbox in their order.
func InboxCounts() []string {
	return []string{inboxKept, inboxWorking, FateNew, FateAppend, FateRevision, FateDuplicate, FatePending, FateNone, FateQuarantine, FateShadow}
}

// OutboxCounts are the words in Health.Outbox in their order.
func OutboxCounts() []string {
	return []string{OutboxQueued, OutboxSending, OutboxUncertain, OutboxDead, OutboxHeld, OutboxCancelled, OutboxSent}
}

// Health returns how mail is doing.
func (s *Store) Health(ctx context.Context) (Health, error) {
	var h Health
	var err error
	if h.Mailboxes, err = s.Mailboxes(ctx); err != nil {
		return h, err
	}
	// One statement each, so that the counts are of one moment. All are counted
	// in an index that says nothing but the fate, and what is open, which is
	// little, is taken out again; || keeps SQLite to the index of those.
	h.Inbox, h.Taken, err = s.counts(ctx, InboxCounts(), `SELECT fate AS what, count(*) AS n FROM inbox GROUP BY fate
		UNION ALL SELECT fate || '' AS what, -count(*) AS n FROM inbox WHERE state <> 'done' GROUP BY fate || ''
		UNION ALL SELECT state AS what, count(*) AS n FROM inbox WHERE state <> 'done' GROUP BY state`)
	if err != nil {
		return h, err
	}
	h.Outbox, h.Owed, err = s.counts(ctx, OutboxCounts(), `SELECT 'sent' AS what, count(*) AS n FROM outbox
		UNION ALL SELECT 'sent' AS what, -count(*) AS n FROM outbox WHERE state <> 'sent'
		UNION ALL SELECT state AS what, count(*) AS n FROM outbox WHERE state <> 'sent' GROUP BY state`)
	if err != nil {
		return h, err
	}
	if h.Held, err = s.HeldCount(ctx); err != nil {
		return h, err
	}
	now := s.stamp()
	for _, q := range []struct {
		dest  any
		query string
		args  []any
	}{
		{&h.ToIndex, `SELECT count(*) FROM search_queue`, nil},
		{&h.OldestKept, `SELECT COALESCE(MIN(kept_at), 0) FROM inbox WHERE state <> 'done'`, nil},
		{&h.OldestDue, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE state = 'queued' AND ` + isDue, []any{now}},
		{&h.NextRetry, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE state = 'queued' AND NOT ` + isDue, []any{now}},
	} {
		if err := s.db.Get(ctx, q.dest, q.query, q.args...); err != nil {
			return h, fmt.Errorf("read mail health: %w", err)
		}
	}
	return h, nil
}

// counts returns a count for every word, and their sum. A word that the query
// alone knows is added at the end, so that nothing is left out of the sum.
func (s *Store) counts(ctx context.Context, words []string, query string) ([]Count, int, error) {
	var rows []Count
	if err := s.db.Select(ctx, &rows, query); err != nil {
		return nil, 0, fmt.Errorf("count mail: %w", err)
	}
	at := map[string]int{}
	var list []Count
	for _, w := range words {
		at[w] = len(list)
		list = append(list, Count{What: w})
	}
	total := 0
	for _, r := range rows {
		total += r.N
		if _, ok := at[r.What]; !ok {
			at[r.What] = len(list)
			list = append(list, Count{What: r.What})
		}
		list[at[r.What]].N += r.N
	}
	known := len(words)
	return append(list[:known], slices.DeleteFunc(list[known:], func(c Count) bool { return c.N == 0 })...), total, nil
}

// InboxRow is a mail that was taken.
type InboxRow struct {
	ID           int64            `db:"id"`
	MailboxID    int64            `db:"mailbox_id"`
	Mailbox      string           `db:"mailbox"`
	UID          int64            `db:"uid"` // 0: handed over by the ingest command
	Digest       string           `db:"digest"`
	Size         int64            `db:"size"` // bytes
	ReceivedAt   migrations.Stamp `db:"received_at"`
	KeptAt       migrations.Stamp `db:"kept_at"`
	State        string           `db:"state"` // kept, working, done
	Attempts     int              `db:"attempts"`
	RetryAt      migrations.Stamp `db:"retry_at"`
	Fate         string           `db:"fate"`
	Class        Class            `db:"class"`
	Sender       string           `db:"sender"`
	Subject      string           `db:"subject"`
	Reason       string           `db:"reason"`
	TicketNumber int64            `db:"ticket_number"`
	DoneAt       migrations.Stamp `db:"done_at"`
	ErasedAt     migrations.Stamp `db:"erased_at"`   // its raw mail and text are gone: its ticket or its author was erased
	ResolvedBy   string           `db:"resolved_by"` // name of who retried, approved, rejected or discarded it
}

const inboxSelect = `SELECT i.id, i.mailbox_id, b.name AS mailbox, COALESCE(i.uid, 0) AS uid, i.digest, i.size, i.received_at, i.kept_at, i.state, i.attempts,
	COALESCE(i.retry_at, 0) AS retry_at, i.fate, i.class, i.sender, i.subject, i.reason, COALESCE(t.number, g.number, 0) AS ticket_number,
	COALESCE(i.done_at, 0) AS done_at, COALESCE(i.erased_at, 0) AS erased_at, COALESCE(a.name, '') AS resolved_by
	FROM inbox i JOIN mailbox b ON b.id = i.mailbox_id LEFT JOIN ticket t ON t.id = i.ticket_id LEFT JOIN tombstone g ON g.ticket_id = i.ticket_id LEFT JOIN account a ON a.id = i.resolved_by `

// Inbox returns mails that were taken, the newest first: all, or those that
// one of InboxCounts counts, and what to give as before for the next ones
// (0 at the end).
func (s *Store) Inbox(ctx context.Context, what string, before int64, limit int) (list []InboxRow, more int64, err error) {
	where, args := whichOf(what, `i.fate`, FateNew, FateAppend, FateRevision, FateDuplicate, FatePending, FateNone, FateQuarantine, FateShadow)
	switch what {
	case inboxKept, inboxWorking:
		where, args = []string{`i.state <> 'done' AND i.state = ?`}, []any{what}
	default:
		if where == nil {
			return nil, 0, migrations.Invalidf("There is no such list of mails.")
		}
	}
	limit = pageSize(limit)
	if before != 0 {
		where, args = append(where, `i.id < ?`), append(args, before)
	}
	if err := s.db.Select(ctx, &list, inboxSelect+`WHERE `+strings.Join(where, ` AND `)+` ORDER BY i.id DESC LIMIT ?`, append(args, limit+1)...); err != nil {
		return nil, 0, fmt.Errorf("list inbox: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = list[limit-1].ID
	}
	return list, more, nil
}

// whichOf returns the condition for one of the values of a column; for ""
// that which all meet, and nil for any other word.
func whichOf(what, column string, values ...string) ([]string, []any) {
	if what == "" {
		return []string{`TRUE`}, nil
	}
	for _, v := range values {
		if v == what {
			return []string{column + ` = ?`}, []any{what}
		}
	}
	return nil, nil
}

func pageSize(limit int) int {
	if limit <= 0 || limit > 500 {
		return 50
	}
	return limit
}

// InboxMail returns one mail that was taken. Its bytes are the blob Digest.
func (s *Store) InboxMail(ctx context.Context, id int64) (InboxRow, error) {
	var r InboxRow
	err := s.db.Get(ctx, &r, inboxSelect+`WHERE i.id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return r, migrations.NotFoundf("There is no such mail.")
	}
	if err != nil {
		return r, fmt.Errorf("read inbox %d: %w", id, err)
	}
	return r, nil
}

// RetryQuarantined has a quarantined mail understood once more, as if it had
// just been taken; but one that had all its tries is not read in the daemon
// itself again.
func (s *Store) RetryQuarantined(ctx context.Context, actor Actor, id int64) error {
	return s.resolveQuarantined(ctx, actor, id, "retried", `state = 'kept', attempts = CASE WHEN attempts >= 3 THEN 1 ELSE 0 END, fence = 0, retry_at = NULL, fate = '', reason = '', done_at = NULL`)
}

// DiscardQuarantined decides that nothing becomes of a quarantined mail. It
// is kept, with the reason.
func (s *Store) DiscardQuarantined(ctx context.Context, actor Actor, id int64, why string) error {
	if why = oneLine(why); why == "" {
		return migrations.Invalidf("Please write why this mail is discarded.")
	}
	return s.resolveQuarantined(ctx, actor, id, "discarded", `fate = 'none', reason = ?`, clip("discarded: "+why, 500))
}

// knownTx fails for a mail that is not there at all.
func knownTx(ctx context.Context, tx *migrations.Tx, query string, id int64) error {
	var one int
	err := tx.Get(ctx, &one, query, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return migrations.NotFoundf("There is no such mail.")
	}
	return err
}

func (s *Store) resolveQuarantined(ctx context.Context, actor Actor, id int64, kind, columns string, args ...any) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE inbox SET `+columns+`, resolved_by = ? WHERE id = ? AND state = 'done' AND fate = 'quarantine'`,
			append(args, orNull(actor.AccountID), id)...)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := knownTx(ctx, tx, `SELECT 1 FROM inbox WHERE id = ?`, id); err != nil {
				return err
			}
			return migrations.Conflictf("This mail is not in quarantine (any more).")
		}
		tx.AfterCommit(func() { signal(s.inboxNews) })
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "inbox", SubjectID: id, Kind: kind})
	})
	if err != nil {
		return fmt.Errorf("%s mail %d: %w", kind, id, err)
	}
	return nil
}

// OutboxRow is a mail that we owe, or owed.
type OutboxRow struct {
	ID            int64            `db:"id"`
	Kind          string           `db:"kind"`
	Priority      int              `db:"priority"`
	State         string           `db:"state"`
	DueAt         migrations.Stamp `db:"due_at"`
	Attempts      int              `db:"attempts"`
	Mailbox       string           `db:"mailbox"`
	ToName        string           `db:"to_name"`
	ToAddress     string           `db:"to_address"`
	TicketNumber  int64            `db:"ticket_number"`
	TicketSubject string           `db:"ticket_subject"`
	MailID        string           `db:"mail_id"`
	Digest        string           `db:"digest"` // of the rendered bytes, "" before
	SendingAt     migrations.Stamp `db:"sending_at"`
	SentAt        migrations.Stamp `db:"sent_at"`
	Response      string           `db:"response"`
	CreatedAt     migrations.Stamp `db:"created_at"`
	Bounce        string           `db:"bounce"` // as of a Delivery
	BounceAt      migrations.Stamp `db:"bounce_at"`
	BounceReason  string           `db:"bounce_reason"`
}

const outboxSelect = `SELECT o.id, o.kind, o.priority, o.state, o.due_at, o.attempts, b.name AS mailbox, o.to_name, o.to_address,
	COALESCE(t.number, 0) AS ticket_number, COALESCE(t.subject, '') AS ticket_subject, o.mail_id, o.digest,
	COALESCE(o.sending_at, 0) AS sending_at, COALESCE(o.sent_at, 0) AS sent_at, o.response, o.created_at,
	o.bounce, COALESCE(o.bounce_at, 0) AS bounce_at, o.bounce_reason
	FROM outbox o JOIN mailbox b ON b.id = o.mailbox_id LEFT JOIN ticket t ON t.id = o.ticket_id `

// Outbox returns mails that we owe or owed, the newest first: all, or those
// in one state, and what to give as before for the next ones (0 at the end).
func (s *Store) Outbox(ctx context.Context, state string, before int64, limit int) (list []OutboxRow, more int64, err error) {
	where, args := whichOf(state, `o.state`, OutboxCounts()...)
	if where == nil {
		return nil, 0, migrations.Invalidf("There is no such list of mails.")
	}
	if state != "" && state != OutboxSent {
		where = append(where, `o.state <> 'sent'`) // for the partial index
	}
	limit = pageSize(limit)
	if before != 0 {
		where, args = append(where, `o.id < ?`), append(args, before)
	}
	if err := s.db.Select(ctx, &list, outboxSelect+`WHERE `+strings.Join(where, ` AND `)+` ORDER BY o.id DESC LIMIT ?`, append(args, limit+1)...); err != nil {
		return nil, 0, fmt.Errorf("list outbox: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = list[limit-1].ID
	}
	return list, more, nil
}

// returnedFor is how long mail health shows what came back.
const returnedFor = 30 * 24 * time.Hour

// Returned returns mails of ours of the last 30 days that came back, or that
// a server has trouble to deliver, the latest news first.
func (s *Store) Returned(ctx context.Context, limit int) (list []OutboxRow, err error) {
	err = s.db.Select(ctx, &list, outboxSelect+`WHERE o.bounce <> '' AND o.bounce_at > ? ORDER BY o.bounce_at DESC, o.id DESC LIMIT ?`, migrations.At(s.Now().Add(-returnedFor)), pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("list mail that came back: %w", err)
	}
	return list, nil
}

// OutboxMail returns one mail that we owe, or owed.
func (s *Store) OutboxMail(ctx context.Context, id int64) (OutboxRow, error) {
	var r OutboxRow
	err := s.db.Get(ctx, &r, outboxSelect+`WHERE o.id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return r, migrations.NotFoundf("There is no such mail.")
	}
	if err != nil {
		return r, fmt.Errorf("read outbox %d: %w", id, err)
	}
	return r, nil
}
