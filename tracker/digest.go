package tracker

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// NoDigest is the hour of who wants no daily digest.
const NoDigest int64 = -1

// Digested is what a digest tells of: tickets, of which the words are read
// when it is written, so that its row holds none. No ticket stands in it twice.
type Digested struct {
	Mine, Free     []int64 // the reader's own, and those that nobody has taken, the most urgent first
	MineN, FreeN   int     // how many there are of each
	Answered, Done int     // by the reader, since a day ago: answers sent, tickets closed
}

// maxDigested is how many tickets of a kind a digest names.
const maxDigested = 40

// DigestTicket is a ticket as a digest shows it.
type DigestTicket struct {
	Number     int64            `db:"number"`
	Subject    string           `db:"subject"`
	Stage      Stage            `db:"stage"`
	Level      int64            `db:"level"`
	Star       bool             `db:"star"`
	News       bool             `db:"news"` // its client wrote last
	Waiting    string           `db:"waiting"`
	Deadline   migrations.Stamp `db:"deadline"` // the nearest that still runs, 0 for none
	OpenedAt   migrations.Stamp `db:"opened_at"`
	ClientName string           `db:"client_name"`
}

// lateFor is how many hours after its own a digest is still written. After a
// longer sleep the day has none: nobody wants the mails of a week at once.
const lateFor = 3

// SendDigests writes to everybody whose hour has come on a working day of
// theirs. The day stands on the account, with the mail in one transaction, so
// that there is one a day across crashes and nodes. It returns how many mails
// there were; a day without anything to tell has none.
func (s *Store) SendDigests(ctx context.Context, l *Lease) (int, error) {
	var all []Account
	if err := s.db.Select(ctx, &all, `SELECT `+accountColumns+` FROM account WHERE enabled AND digest_hour >= 0 ORDER BY id`); err != nil {
		return 0, fmt.Errorf("list who wants a digest: %w", err)
	}
	if len(all) == 0 {
		return 0, nil
	}
	hours, err := s.Hours(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, a := range all {
		local := s.Now().In(zoneOr(a.Zone))
		if late := int64(local.Hour()) - a.DigestHour; late < 0 || late >= lateFor || !workday(hours, local) || !May(a, WorkTickets) {
			continue
		}
		sent, err := s.sendDigest(ctx, l, a, local.Format(time.DateOnly))
		if err != nil {
			return n, fmt.Errorf("write the digest of account %d: %w", a.ID, err)
		}
		if sent {
			n++
		}
	}
	return n, nil
}

// zoneOr returns a time zone by its name, the server's for none.
func zoneOr(name string) *time.Location {
	if z, err := time.LoadLocation(name); err == nil && name != "" {
		return z
	}
	return time.Local
}

// workday reports whether the desk works on a day: by its hours and holidays,
// and without hours on Monday to Friday.
func workday(h Hours, day time.Time) bool {
	date := day.Format(time.DateOnly)
	for _, x := range h.Holidays {
		if x.Date == date {
			return false
		}
	}
	if !h.Set() {
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	return len(h.Week[day.Weekday()]) > 0
}

func (s *Store) sendDigest(ctx context.Context, l *Lease, a Account, day string) (sent bool, err error) {
	err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
		sent = false
		n, err := tx.Exec(ctx, `UPDATE account SET digest_on = ? WHERE id = ? AND digest_on < ? AND enabled AND digest_hour = ?`, day, a.ID, day, a.DigestHour)
		if err != nil || n == 0 {
			return err
		}
		d, err := s.digestTx(ctx, tx, a)
		if err != nil || d.MineN+d.FreeN == 0 {
			return err
		}
		box, err := firstMailbox(ctx, tx)
		if err != nil || box == 0 {
			return err
		}
		if _, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailDigest, MailboxID: box, AccountID: a.ID, ToAddress: a.Email, ToName: a.Name, Daily: &d}); err != nil {
			return err
		}
		sent = true
		return s.RecordTx(ctx, tx, Event{Subject: "account", SubjectID: a.ID, Kind: "digest_sent"})
	})
	return sent, err
}

// digestTx gathers what a digest tells of.
func (s *Store) digestTx(ctx context.Context, tx *migrations.Tx, a Account) (d Digested, err error) {
	const open = ` FROM ticket WHERE archived_at IS NULL AND stage IN ('requested', 'in_progress', 'confirming') AND `
	const urgent = ` ORDER BY star DESC, news DESC, level DESC, id LIMIT ?`
	day := migrations.At(s.Now().Add(-24 * time.Hour))
	for _, q := range []struct {
		ids   *[]int64
		n     *int
		where string
		args  []any
	}{
		{&d.Mine, &d.MineN, `assignee_id = ?`, []any{a.ID}},
		{&d.Free, &d.FreeN, `assignee_id IS NULL`, nil},
	} {
		if err := tx.Select(ctx, q.ids, `SELECT id`+open+q.where+urgent, append(q.args, maxDigested)...); err != nil {
			return d, fmt.Errorf("gather tickets: %w", err)
		}
		if *q.n = len(*q.ids); *q.n == maxDigested {
			if err := tx.Get(ctx, q.n, `SELECT count(*)`+open+q.where, q.args...); err != nil {
				return d, fmt.Errorf("count tickets: %w", err)
			}
		}
	}
	err = tx.Get(ctx, &d.Answered, `SELECT COALESCE(SUM(CASE WHEN kind = 'taken_back' THEN -1 ELSE 1 END), 0) FROM event WHERE actor = ? AND subject = 'ticket' AND kind IN ('answered', 'replied', 'taken_back') AND at > ?`, a.Actor().String(), day)
	d.Answered = max(d.Answered, 0) // an answer of just before may have been taken back since
	if err == nil {
		err = tx.Get(ctx, &d.Done, `SELECT count(*) FROM event WHERE actor = ? AND subject = 'ticket' AND kind = 'stage' AND became IN ('completed', 'dropped') AND at > ?`, a.Actor().String(), day)
	}
	return d, err
}

// digestTickets returns the tickets of a digest as they are now, in its order;
// those that are gone are left out.
func (s *Store) digestTickets(ctx context.Context, ids []int64) ([]DigestTicket, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct {
		ID int64 `db:"id"`
		DigestTicket
	}
	err := s.db.Select(ctx, &rows, `SELECT t.id, t.number, t.subject, t.stage, t.level, t.star, t.news, t.waiting, COALESCE(t.deadline, 0) AS deadline, t.opened_at, COALESCE(c.name, '') AS client_name
		FROM ticket t LEFT JOIN client c ON c.id = t.client_id WHERE t.id IN (`+marks(len(ids))+`)`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read the tickets of a digest: %w", err)
	}
	var list []DigestTicket
	for _, id := range ids {
		for _, r := range rows {
			if r.ID == id {
				list = append(list, r.DigestTicket)
			}
		}
	}
	return list, nil
}

// settleDigest keeps what answers a digest from becoming a ticket, and says so
// to its reader, at most three times an hour.
func (s *Store) settleDigest(ctx context.Context, tx *migrations.Tx, d *decision) error {
	if d.account == nil || d.verdict != verdictPass || len(d.in.InReplyTo) == 0 {
		return nil
	}
	ids := d.in.InReplyTo[:min(len(d.in.InReplyTo), 10)]
	args := append([]any{d.account.ID}, anys(ids)...)
	some, err := exists(ctx, tx, `SELECT 1 FROM outbox WHERE kind = 'digest' AND account_id = ? AND mail_id <> '' AND mail_id IN (`+marks(len(ids))+`) LIMIT 1`, args...)
	if err != nil || !some {
		return err
	}
	d.fate(FateNone, "it answers a daily digest, which belongs to no ticket")
	if d.in.Class != ClassHuman || !d.account.Enabled || s.stale(d) {
		return nil
	}
	var recent int
	err = tx.Get(ctx, &recent, `SELECT count(*) FROM outbox WHERE ticket_id IS NULL AND account_id = ? AND kind = 'notice' AND created_at > ?`, d.account.ID, migrations.At(s.Now().Add(-time.Hour)))
	if err != nil || recent >= maxAcks {
		return err
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailNotice, MailboxID: d.work.MailboxID, AccountID: d.account.ID, ToAddress: d.account.Email, ToName: d.account.Name,
		Notice: "Your mail answers the daily digest, which belongs to no ticket, so nothing was done with it and nobody else has it.\nPlease answer a mail about the ticket itself: searching your mail for its number, as in [HD-12], finds it."})
	return err
}
