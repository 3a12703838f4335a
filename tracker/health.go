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
	// One statement each, so that the counts are of one moment.
	h.Inbox, h.Taken, err = s.counts(ctx, InboxCounts(), `SELECT what, CAST(SUM(n) AS BIGINT) AS n FROM inbox_tally WHERE what <> 'taken' GROUP BY what
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
		{&h.OldestDue, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE state = 'queued' AND ` + isDue, []any{now, now}},
		{&h.NextRetry, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE state = 'queued' AND NOT ` + isDue, []any{now, now}},
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

// knownTx fails for a mail that is not there at all.
func knownTx(ctx context.Context, tx *migrations.Tx, query string, id int64) error {
	var one int
	err := tx.Get(ctx, &one, query, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return migrations.NotFoundf("There is no such mail.")
	}
	return err
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
