package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"helpdeskd/migrations"
)

// The states of an inbox row; its edges are in docs/design.md.
const (
	inboxKept    = "kept"    // ours, waiting to be understood
	inboxWorking = "working" // claimed under a fence
	inboxDone    = "done"    // its fate is decided
)

// The fates of a mail: one vocabulary for ledger, pages, commands and tests.
const (
	FateNew        = "new"        // opened a ticket
	FateAppend     = "append"     // joined a ticket
	FateRevision   = "revision"   // a changed copy of a mail that we have
	FateDuplicate  = "duplicate"  // a mail that we have
	FatePending    = "pending"    // held until a person decides
	FateNone       = "none"       // kept, no ticket: bounce, receipt, own, parked
	FateQuarantine = "quarantine" // not understood: a person must look
	FateShadow     = "shadow"     // seen in shadow mode: nothing was done
)

// MaxAttempts is how often a mail is tried before it is quarantined. Only the
// first try shares a claim with other mails, so that one which kills the
// process is found out and costs no other mail its tries.
const MaxAttempts = 3

// RawMail is one mail as it was received.
type RawMail struct {
	Folder      string // where it lay; "" when handed over by the ingest command
	UIDValidity uint32 // 0 when handed over by the ingest command
	UID         uint32
	ReceivedAt  time.Time // INTERNALDATE
	MailID      string    // Message-ID of its header, "" where none was found: mail that names it waits for it (late.go)
	Data        []byte    // at most SmallBlob bytes; larger mail is put before, and named by Digest and Size
	Digest      string
	Size        int64
	Hold        string // why a person must decide whatever it says, "" where nothing stands in the way
	Quiet       bool   // nothing is answered by itself: it may have been, before a restore
	Stays       bool   // its copy in the mailbox is left where it is
}

// Keep makes mails ours, in one transaction: after it the mailbox may be
// touched. It returns an inbox id a mail, 0 for one that was ours already.
func (s *Store) Keep(ctx context.Context, l *Lease, mailboxID int64, mails []RawMail) ([]int64, error) {
	var ids []int64
	err := s.underLease(ctx, l, func(tx *migrations.Tx) (err error) {
		ids, err = s.keepTx(ctx, tx, mailboxID, mails)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep %d mails: %w", len(mails), err)
	}
	signal(s.inboxNews)
	return ids, nil
}

// keepRows is how many mails one INSERT carries at most.
const keepRows = 100

func (s *Store) keepTx(ctx context.Context, tx *migrations.Tx, mailboxID int64, mails []RawMail) ([]int64, error) {
	now := s.stamp()
	var ids []int64
	sums := tally{}
	for part := range slices.Chunk(mails, keepRows) {
		args := make([]any, 0, 13*len(part))
		for _, m := range part {
			if m.Digest == "" {
				m.Digest, m.Size = Digest(m.Data), int64(len(m.Data))
				if err := s.putLaterTx(ctx, tx, m.Digest, m.Data); err != nil {
					return nil, err
				}
			}
			var validity, uid *int64
			if m.UID != 0 {
				v, u := int64(m.UIDValidity), int64(m.UID)
				validity, uid = &v, &u
			}
			received := migrations.At(m.ReceivedAt)
			if received <= 0 || received > now { // age never depends on another's clock
				received = now
			}
			var moved *migrations.Stamp
			if m.Stays {
				moved = &now
			}
			args = append(args, mailboxID, m.Folder, validity, uid, m.Digest, m.Size, clip(m.MailID, 998), received, now, inboxKept, clip(m.Hold, 200), m.Quiet, moved)
		}
		if err := tx.Flush(ctx); err != nil { // the rows refer to their blobs
			return nil, err
		}
		var rows []struct {
			ID  int64  `db:"id"`
			UID *int64 `db:"uid"`
		}
		const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		err := tx.Select(ctx, &rows, `INSERT INTO inbox (mailbox_id, folder, uidvalidity, uid, digest, size, mail_id, received_at, kept_at, state, hold, quiet, moved_at) VALUES `+
			row+strings.Repeat(", "+row, len(part)-1)+` ON CONFLICT (mailbox_id, folder, uidvalidity, uid) DO NOTHING RETURNING id, uid`, args...)
		if err != nil {
			return nil, err
		}
		sums.add(mailboxID, taken, int64(len(rows)))
		byUID := map[uint32]int64{}
		var piped []int64 // handed over by the ingest command, in order
		for _, r := range rows {
			if r.UID != nil {
				byUID[uint32(*r.UID)] = r.ID
			} else {
				piped = append(piped, r.ID)
			}
		}
		slices.Sort(piped)
		for _, m := range part {
			if m.UID != 0 {
				ids = append(ids, byUID[m.UID])
				continue
			}
			ids = append(ids, piped[0])
			piped = piped[1:]
		}
	}
	return ids, sums.writeTx(ctx, tx)
}

// KnownUIDs returns which UIDs of a folder at or above from the inbox holds.
func (s *Store) KnownUIDs(ctx context.Context, mailboxID int64, folder string, uidvalidity, from uint32) (map[uint32]bool, error) {
	var uids []int64
	err := s.db.Select(ctx, &uids, `SELECT uid FROM inbox WHERE mailbox_id = ? AND folder = ? AND uidvalidity = ? AND uid >= ?`, mailboxID, folder, int64(uidvalidity), int64(from))
	if err != nil {
		return nil, fmt.Errorf("list known UIDs: %w", err)
	}
	known := make(map[uint32]bool, len(uids))
	for _, u := range uids {
		known[uint32(u)] = true
	}
	return known, nil
}

// Unmoved returns kept UIDs whose copy in the folder has not been dealt with.
func (s *Store) Unmoved(ctx context.Context, mailboxID int64, folder string, uidvalidity uint32, limit int) ([]uint32, error) {
	var uids []int64
	err := s.db.Select(ctx, &uids, `SELECT uid FROM inbox WHERE mailbox_id = ? AND folder = ? AND uidvalidity = ? AND uid IS NOT NULL AND moved_at IS NULL ORDER BY uid LIMIT ?`,
		mailboxID, folder, int64(uidvalidity), limit)
	if err != nil {
		return nil, fmt.Errorf("list unmoved mail: %w", err)
	}
	out := make([]uint32, len(uids))
	for i, u := range uids {
		out[i] = uint32(u)
	}
	return out, nil
}

// UnmovedMail is a kept mail whose copy in the folder has not been dealt with.
type UnmovedMail struct {
	UID    int64  `db:"uid"`
	Digest string `db:"digest"`
	Size   int64  `db:"size"`
	Moved  int    `db:"moved"` // how many mails with the same bytes were dealt with in this mailbox
}

// UnmovedMails returns what is known of kept mails whose copies in the folder
// have not been dealt with.
func (s *Store) UnmovedMails(ctx context.Context, mailboxID int64, folder string, uidvalidity uint32, uids []uint32) ([]UnmovedMail, error) {
	var out []UnmovedMail
	for part := range slices.Chunk(uids, 500) {
		query, args, err := sqlx.In(`SELECT i.uid, i.digest, i.size,
			(SELECT COUNT(*) FROM inbox o WHERE o.digest = i.digest AND o.mailbox_id = i.mailbox_id AND o.uid IS NOT NULL AND o.moved_at IS NOT NULL) AS moved
			FROM inbox i WHERE i.mailbox_id = ? AND i.folder = ? AND i.uidvalidity = ? AND i.uid IN (?) AND i.moved_at IS NULL ORDER BY i.uid`,
			mailboxID, folder, int64(uidvalidity), part)
		if err != nil {
			return nil, err
		}
		var some []UnmovedMail
		if err := s.db.Select(ctx, &some, query, args...); err != nil {
			return nil, fmt.Errorf("read unmoved mail: %w", err)
		}
		out = append(out, some...)
	}
	return out, nil
}

// MarkMoved records that a folder's copies were moved, or are gone.
func (s *Store) MarkMoved(ctx context.Context, mailboxID int64, folder string, uidvalidity uint32, uids []uint32) error {
	if len(uids) == 0 {
		return nil
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for part := range slices.Chunk(uids, 500) {
			query, args, err := sqlx.In(`UPDATE inbox SET moved_at = ? WHERE mailbox_id = ? AND folder = ? AND uidvalidity = ? AND uid IN (?) AND moved_at IS NULL`,
				s.stamp(), mailboxID, folder, int64(uidvalidity), part)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark %d mails moved: %w", len(uids), err)
	}
	return nil
}

// Work is a claimed mail.
type Work struct {
	InboxID    int64            `db:"id"`
	MailboxID  int64            `db:"mailbox_id"`
	Digest     string           `db:"digest"`
	Size       int64            `db:"size"`
	ReceivedAt migrations.Stamp `db:"received_at"`
	KeptAt     migrations.Stamp `db:"kept_at"`
	Attempts   int              `db:"attempts"` // this try included
	Reason     string           `db:"reason"`   // what the try before failed of, "" for none
	Hold       string           `db:"hold"`     // as of a RawMail
	Quiet      bool             `db:"quiet"`
}

// wrongClock is how far ahead a mail is never put off: a clock that was ahead
// wrote that, and has been put right since.
const wrongClock = migrations.Stamp(time.Hour / time.Microsecond)

// openMail is what waits, and what a dead holder had claimed; its parameters
// are the mailbox, now, now and wrongClock, and the fence.
const openMail = `mailbox_id = ? AND state <> 'done' AND ((state = 'kept' AND (retry_at IS NULL OR retry_at <= ? OR retry_at > ?)) OR (state = 'working' AND fence < ?))`

type claimable struct {
	ID       int64  `db:"id"`
	Attempts int    `db:"attempts"`
	Reason   string `db:"reason"` // of the last try that told one
}

// why tells why a mail that has had its tries is set aside.
func (c claimable) why() string {
	text := fmt.Sprintf("reading it failed %d times; the raw mail is kept", c.Attempts)
	if c.Reason != "" {
		text += "; " + c.Reason
	}
	return text
}

// HasWork reports whether Claim would find mail. It writes nothing, so that
// an idle desk leaves the disk alone.
func (s *Store) HasWork(ctx context.Context, l *Lease, mailboxID int64) (bool, error) {
	fence := int64(0)
	if l != nil {
		fence = l.fence
	}
	found, err := exists(ctx, s.db, `SELECT 1 FROM inbox WHERE `+openMail+` LIMIT 1`, mailboxID, s.stamp(), s.stamp()+wrongClock, fence)
	if err != nil {
		return false, fmt.Errorf("look for mail to be understood: %w", err)
	}
	return found, nil
}

// LeftBehind returns the mailboxes that have mail which was kept so long ago
// and is still not decided.
func (s *Store) LeftBehind(ctx context.Context, ago time.Duration) ([]Mailbox, error) {
	var list []Mailbox
	err := s.db.Select(ctx, &list, `SELECT `+mailboxColumns+` FROM mailbox
		WHERE EXISTS (SELECT 1 FROM inbox i WHERE i.mailbox_id = mailbox.id AND i.state <> 'done' AND i.kept_at <= ?) ORDER BY id`, migrations.At(s.Now().Add(-ago)))
	if err != nil {
		return nil, fmt.Errorf("look for mail that was left behind: %w", err)
	}
	return list, nil
}

// Claim takes mails to be understood, oldest first, and commits the try
// before it returns. A mail that was tried before comes alone; one that has
// had its tries is quarantined instead.
func (s *Store) Claim(ctx context.Context, l *Lease, mailboxID int64, limit int) ([]Work, error) {
	var work []Work
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		work = nil
		fence := int64(0)
		if l != nil {
			fence = l.fence
		}
		now := s.stamp()
		var next []claimable
		if err := tx.Select(ctx, &next, `SELECT id, attempts, reason FROM inbox WHERE `+openMail+` ORDER BY id LIMIT ?`, mailboxID, now, now+wrongClock, fence, limit); err != nil {
			return err
		}
		ready := next[:0]
		for _, row := range next {
			switch {
			case row.Attempts == MaxAttempts-1 && now < s.settled:
				if err := s.postponeTx(ctx, tx, row.ID); err != nil {
					return err
				}
				continue
			case row.Attempts < MaxAttempts:
				ready = append(ready, row)
				continue
			}
			if err := s.quarantineTx(ctx, tx, row.ID, row.why()); err != nil {
				return err
			}
		}
		next = ready
		n := 0
		for n < len(next) && next[n].Attempts == 0 {
			n++
		}
		if n == 0 && len(next) > 0 {
			n = 1
		}
		if n == 0 {
			return nil
		}
		ids := make([]int64, n)
		for i, row := range next[:n] {
			ids[i] = row.ID
		}
		query, args, err := sqlx.In(`UPDATE inbox SET state = 'working', attempts = attempts + 1, fence = ? WHERE id IN (?)
			RETURNING id, mailbox_id, digest, size, received_at, kept_at, attempts, reason, hold, quiet`, fence, ids)
		if err != nil {
			return err
		}
		return tx.Select(ctx, &work, query, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("claim mail: %w", err)
	}
	slices.SortFunc(work, func(a, b Work) int { return int(a.InboxID - b.InboxID) })
	return work, nil
}

// crashPause is how long a process must have lived before a mail gets its last
// try. A process that dies soon after each start, for whatever reason, so does
// not use up the tries of mail that is not to blame.
const crashPause = 5 * time.Second

func (s *Store) postponeTx(ctx context.Context, tx *migrations.Tx, inboxID int64) error {
	_, err := tx.Exec(ctx, `UPDATE inbox SET state = 'kept', retry_at = ? WHERE id = ? AND state <> 'done'`, s.settled, inboxID)
	return err
}

// Release gives a claimed mail back, to be tried again at retryAt.
func (s *Store) Release(ctx context.Context, l *Lease, inboxID int64, why string, retryAt time.Time) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE inbox SET state = 'kept', retry_at = ?, reason = ? WHERE id = ? AND state = 'working'`,
			migrations.At(retryAt), clip(oneLine(why), 500), inboxID)
		return err
	})
	if err != nil {
		return fmt.Errorf("release mail %d: %w", inboxID, err)
	}
	return nil
}

// Unclaim gives a claimed mail back with its try, which it was not to blame
// for, to be tried again at retryAt.
func (s *Store) Unclaim(ctx context.Context, l *Lease, inboxID int64, why string, retryAt time.Time) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE inbox SET state = 'kept', attempts = attempts - 1, retry_at = ?, reason = ? WHERE id = ? AND state = 'working'`,
			migrations.At(retryAt), clip(oneLine(why), 500), inboxID)
		return err
	})
	if err != nil {
		return fmt.Errorf("give mail %d back: %w", inboxID, err)
	}
	return nil
}

// Quarantine sets a mail aside for a person, with the reason in words.
func (s *Store) Quarantine(ctx context.Context, l *Lease, inboxID int64, reason string) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error { return s.quarantineTx(ctx, tx, inboxID, reason) })
	if err != nil {
		return fmt.Errorf("quarantine mail %d: %w", inboxID, err)
	}
	return nil
}

func (s *Store) quarantineTx(ctx context.Context, tx *migrations.Tx, inboxID int64, reason string) error {
	var boxes []int64
	err := tx.Select(ctx, &boxes, `UPDATE inbox SET state = 'done', fate = ?, reason = ?, done_at = ? WHERE id = ? AND state <> 'done' RETURNING mailbox_id`,
		FateQuarantine, clip(oneLine(reason), 500), s.stamp(), inboxID)
	if err != nil || len(boxes) == 0 {
		return err
	}
	sums := tally{}
	sums.add(boxes[0], FateQuarantine, 1)
	if err := sums.writeTx(ctx, tx); err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Subject: "inbox", SubjectID: inboxID, Kind: "quarantined"})
}

// Outcome is what became of a mail.
type Outcome struct {
	InboxID  int64
	Fate     string
	Ticket   string // HD-12, or ""
	Acks     int
	Commands int
	Class    Class
	Reason   string
	Decision string // DecidedIgnored where a rule did
}

// OutcomeOf returns what became of a mail, and whether that is decided yet.
func (s *Store) OutcomeOf(ctx context.Context, inboxID int64) (Outcome, bool, error) {
	var row struct {
		State    string `db:"state"`
		Fate     string `db:"fate"`
		Number   *int64 `db:"number"`
		Acks     int    `db:"acks"`
		Commands int    `db:"commands"`
		Class    Class  `db:"class"`
		Reason   string `db:"reason"`
	}
	err := s.db.Get(ctx, &row, `SELECT i.state, i.fate, COALESCE(t.number, g.number) AS number, i.acks, i.commands, i.class, i.reason
		FROM inbox i LEFT JOIN ticket t ON t.id = i.ticket_id LEFT JOIN tombstone g ON g.ticket_id = i.ticket_id WHERE i.id = ?`, inboxID)
	if err != nil {
		return Outcome{}, false, fmt.Errorf("read the outcome of mail %d: %w", inboxID, err)
	}
	o := Outcome{InboxID: inboxID, Fate: row.Fate, Acks: row.Acks, Commands: row.Commands, Class: row.Class, Reason: row.Reason}
	if row.Number != nil {
		o.Ticket = TicketName(*row.Number)
	}
	return o, row.State == inboxDone, nil
}
