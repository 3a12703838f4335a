package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// InboxRow is a mail that was taken, as the ledger shows it.
type InboxRow struct {
	ID           int64            `db:"id"`
	MailboxID    int64            `db:"mailbox_id"`
	Mailbox      string           `db:"mailbox"`
	Folder       string           `db:"folder"` // where it lay; "" where handed over by the ingest command
	UIDValidity  int64            `db:"uidvalidity"`
	UID          int64            `db:"uid"` // 0: handed over by the ingest command
	Digest       string           `db:"digest"`
	Size         int64            `db:"size"`    // bytes
	MailID       string           `db:"mail_id"` // Message-ID
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
	ReasonBefore string           `db:"reason_before"` // which a decision took the place of
	Decision     string           `db:"decision"`      // DecidedDiscarded and its like, "" for none
	TicketNumber int64            `db:"ticket_number"`
	Acks         int              `db:"acks"`
	DoneAt       migrations.Stamp `db:"done_at"`
	MovedAt      migrations.Stamp `db:"moved_at"`    // when the mailbox's copy was dealt with
	ResolvedBy   string           `db:"resolved_by"` // name of who decided about it
	ErasedAt     migrations.Stamp `db:"erased_at"`   // its raw mail and text are gone: its ticket or its author was erased

	GoneAt    migrations.Stamp `db:"gone_at"`    // when its ticket was deleted; 0 while that is there
	GoneCause string           `db:"gone_cause"` // deleted, purged, erased
	GoneBy    string           `db:"gone_by"`    // name of who deleted it, "" for nobody
}

// What returns the word under which the ledger counts a mail: its state, and
// once that is done its fate.
func (r InboxRow) What() string {
	if r.State != inboxDone {
		return r.State
	}
	return r.Fate
}

// ByRule reports whether a rule ignored the mail.
func (r InboxRow) ByRule() bool { return r.Decision == DecidedIgnored && r.ResolvedBy == "" }

// MayTakeBack reports whether TakeBack may undo what was decided.
func (r InboxRow) MayTakeBack() bool {
	return r.Fate == FateNone && r.ResolvedBy != "" && (r.Decision == DecidedDiscarded || r.Decision == DecidedRejected || r.Decision == DecidedIgnored)
}

const inboxSelect = `SELECT i.id, i.mailbox_id, b.name AS mailbox, i.folder, COALESCE(i.uidvalidity, 0) AS uidvalidity, COALESCE(i.uid, 0) AS uid, i.digest, i.size, i.mail_id, i.received_at, i.kept_at,
	i.state, i.attempts, COALESCE(i.retry_at, 0) AS retry_at, i.fate, i.class, i.sender, i.subject, i.reason, i.reason_before, i.decision, COALESCE(t.number, g.number, 0) AS ticket_number,
	i.acks, COALESCE(i.done_at, 0) AS done_at, COALESCE(i.moved_at, 0) AS moved_at, COALESCE(a.name, '') AS resolved_by,
	COALESCE(i.erased_at, 0) AS erased_at, COALESCE(g.deleted_at, 0) AS gone_at, COALESCE(g.cause, '') AS gone_cause, COALESCE(ga.name, '') AS gone_by
	FROM inbox i JOIN mailbox b ON b.id = i.mailbox_id LEFT JOIN ticket t ON t.id = i.ticket_id LEFT JOIN account a ON a.id = i.resolved_by
	LEFT JOIN tombstone g ON g.ticket_id = i.ticket_id LEFT JOIN account ga ON ga.id = g.account_id `

// MailFilter says which mails of the ledger. The zero value is all of them.
type MailFilter struct {
	MailboxID   int64
	What        string // one of InboxCounts
	Class       Class
	Sender      string // an address; @ and a domain; or a part of an address
	Words       string // all in the subject, the sender, the reason or the Message-ID
	From, Until time.Time
}

// plain reports whether the tally knows how many mails a filter finds.
func (f MailFilter) plain() bool {
	return f.Class == "" && f.Sender == "" && f.Words == "" && f.From.IsZero() && f.Until.IsZero()
}

// MailPage is a page of the ledger, the newest mail first.
type MailPage struct {
	Mails []InboxRow
	More  int64 // what to give as before for what follows; 0 at the end
	// LookedTo is set where the page is short because only so much of the
	// ledger was looked through, back to mail that was taken then; the rest is
	// behind More.
	LookedTo migrations.Stamp
}

// lookThrough is how many mails one page looks through at most where no index
// leads to what is asked for: some 50 ms.
const lookThrough = 100_000

// Ledger returns a page of the ledger. Mails are in the order in which they
// were taken; the days of a filter are those of taking, too.
func (s *Store) Ledger(ctx context.Context, f MailFilter, before int64, limit int) (MailPage, error) {
	where, args, led, err := s.ledgerWhere(ctx, f)
	if err != nil {
		return MailPage{}, err
	}
	limit = pageSize(limit)
	var top int64
	if err := s.db.Get(ctx, &top, `SELECT COALESCE(MAX(id), 0) + 1 FROM inbox`); err != nil {
		return MailPage{}, fmt.Errorf("read the ledger: %w", err)
	}
	if before <= 0 || before > top {
		before = top
	}
	bottom := int64(0)
	if !f.From.IsZero() {
		if bottom, err = s.firstTaken(ctx, top, migrations.At(f.From)); err != nil {
			return MailPage{}, err
		}
	}
	if !f.Until.IsZero() {
		end, err := s.firstTaken(ctx, top, migrations.At(f.Until))
		if err != nil {
			return MailPage{}, err
		}
		before = min(before, end)
	}
	floor := bottom
	if !led {
		floor = max(bottom, before-lookThrough)
	}
	var p MailPage
	where = append(where, `i.id < ?`, `i.id >= ?`)
	args = append(args, before, floor, limit+1)
	if err := s.db.Select(ctx, &p.Mails, inboxSelect+`WHERE `+strings.Join(where, ` AND `)+` ORDER BY i.id DESC LIMIT ?`, args...); err != nil {
		return p, fmt.Errorf("read the ledger: %w", err)
	}
	if len(p.Mails) > limit {
		p.Mails = p.Mails[:limit]
		p.More = p.Mails[limit-1].ID
		return p, nil
	}
	if floor > bottom && floor > 1 {
		p.More = floor
		err := s.db.Get(ctx, &p.LookedTo, `SELECT kept_at FROM inbox WHERE id >= ? ORDER BY id LIMIT 1`, floor)
		if err != nil && migrations.KindOf(err) != migrations.NotFound {
			return p, fmt.Errorf("read the ledger: %w", err)
		}
	}
	return p, nil
}

// ledgerWhere makes the conditions of a filter. led says that an index leads
// to them in their order, or that they leave nothing out.
func (s *Store) ledgerWhere(ctx context.Context, f MailFilter) (where []string, args []any, led bool, err error) {
	conditions, by := 0, false // how many there are; whether one of them leads by itself
	add := func(leads bool, condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
		conditions, by = conditions+1, by || leads
	}
	where = []string{`TRUE`}
	if f.MailboxID != 0 {
		add(true, `i.mailbox_id = ?`, f.MailboxID)
	}
	switch {
	case f.What == "":
	case f.What == inboxKept || f.What == inboxWorking:
		add(true, `i.state <> 'done' AND i.state = ?`, f.What)
	case !slices.Contains(InboxCounts(), f.What):
		return nil, nil, false, migrations.Invalidf("There is no such list of mails.")
	default:
		add(true, `i.fate = ?`, f.What)
	}
	switch {
	case f.Class == "":
	case f.Class == ClassHuman:
		add(false, `i.class = 'human'`)
	default:
		add(true, `i.class = ? AND i.class <> 'human' AND i.class <> ''`, string(f.Class))
	}
	few := false
	if sender := strings.ToLower(strings.TrimSpace(f.Sender)); sender != "" {
		local, _, whole := cutAddress(sender)
		switch {
		case whole && local != "":
			add(true, `i.sender = ? AND i.sender <> ''`, sender)
			few = true
		case strings.HasPrefix(sender, "@"):
			add(false, `LOWER(i.sender) LIKE ? ESCAPE '!'`, "%"+escapeLike(sender))
		default:
			add(false, `LOWER(i.sender) LIKE ? ESCAPE '!'`, "%"+escapeLike(sender)+"%")
		}
	}
	for _, w := range strings.Fields(strings.ToLower(clip(f.Words, 200))) {
		like := "%" + escapeLike(w) + "%"
		add(false, `(LOWER(i.subject) LIKE ? ESCAPE '!' OR LOWER(i.sender) LIKE ? ESCAPE '!' OR LOWER(i.reason) LIKE ? ESCAPE '!' OR i.mail_id LIKE ? ESCAPE '!')`, like, like, like, like)
	}
	led = conditions == 0 || conditions == 1 && by || few
	if !led && f.What != "" { // what is rare is soon looked through
		var n int64
		err := s.db.Get(ctx, &n, `SELECT COALESCE(CAST(SUM(n) AS BIGINT), 0) FROM inbox_tally WHERE what = ?`, f.What)
		if err != nil {
			return nil, nil, false, fmt.Errorf("read the sums of the ledger: %w", err)
		}
		led = n < lookThrough/5
	}
	return where, args, led, nil
}

func escapeLike(s string) string {
	return strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(s)
}

// firstTaken returns the first id of mail that was taken at or after a time,
// top where there is none. Ids are drawn in the order of taking, so that it is
// found by halving; where our clock was set back meanwhile, a day's edge is
// that order's.
func (s *Store) firstTaken(ctx context.Context, top int64, at migrations.Stamp) (int64, error) {
	low, high := int64(0), top
	for low < high {
		mid := low + (high-low)/2
		var row struct {
			ID     int64            `db:"id"`
			KeptAt migrations.Stamp `db:"kept_at"`
		}
		err := s.db.Get(ctx, &row, `SELECT id, kept_at FROM inbox WHERE id >= ? ORDER BY id LIMIT 1`, mid)
		switch {
		case migrations.KindOf(err) == migrations.NotFound:
			high = mid
		case err != nil:
			return 0, fmt.Errorf("read the ledger: %w", err)
		case row.KeptAt < at:
			low = row.ID + 1
		default:
			high = mid
		}
	}
	return low, nil
}

// LedgerCount returns how many mails a filter finds, where that is known
// without looking at them.
func (s *Store) LedgerCount(ctx context.Context, f MailFilter) (n int, known bool, err error) {
	if !f.plain() {
		return 0, false, nil
	}
	sums, err := s.LedgerSums(ctx)
	if err != nil {
		return 0, false, err
	}
	for _, b := range sums {
		switch {
		case f.MailboxID != 0 && b.Mailbox.ID != f.MailboxID:
		case f.What == "":
			n += b.Sum
		default:
			n += b.N(f.What)
		}
	}
	return n, true, nil
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

// MailEvents returns what was recorded about a mail itself, the oldest first.
func (s *Store) MailEvents(ctx context.Context, id int64) ([]EventRow, error) {
	var list []EventRow
	if err := s.db.Select(ctx, &list, `SELECT `+eventColumns+` FROM event WHERE subject = 'inbox' AND subject_id = ? ORDER BY id LIMIT 200`, id); err != nil {
		return nil, fmt.Errorf("read the events of mail %d: %w", id, err)
	}
	return list, nil
}
