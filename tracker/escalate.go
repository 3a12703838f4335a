package tracker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// What a ticket's people are told of by the clock.
const (
	MissedAnswer   = "answer"   // nobody answered within the target
	MissedSolution = "solution" // it was not solved within the target
	MissedDue      = "due"      // its due date has passed
	LateVendor     = "vendor"   // the vendor's day has passed
	QuietWait      = "quiet"    // it waits, and nothing has happened for days
)

// DueItem is a ticket in a mail of the clock. It holds no words of anybody, so
// that erasing needs not look for them in it.
type DueItem struct {
	TicketID int64            `json:"ticket"`
	Number   int64            `json:"number"`
	Priority string           `json:"priority"` // 1, 2, 3, 3*
	What     string           `json:"what"`     // MissedAnswer, …
	At       migrations.Stamp `json:"at"`       // until when it was owed, or since when it is quiet
}

// tellGap is how long what was missed is gathered before another mail tells
// of it.
const tellGap = 10 * time.Minute

// Escalate marks what open tickets have missed, each target once, and tells
// the assignee and whom SetTell names: one mail a person, however many there
// are, and at most one every ten minutes. It returns how many tickets it marked.
func (s *Store) Escalate(ctx context.Context, l *Lease) (int, error) {
	if err := s.unmiss(ctx, l); err != nil {
		return 0, fmt.Errorf("look for what is not missed: %w", err)
	}
	total := 0
	for after := int64(0); ; {
		now := s.stamp()
		var ids []int64
		err := s.db.Select(ctx, &ids, `SELECT id FROM ticket WHERE deadline IS NOT NULL AND deadline <= ? AND id > ? AND (
				(respond_by <= ? AND respond_missed_at IS NULL AND first_answer_at IS NULL)
				OR (solve_by <= ? AND solve_missed_at IS NULL AND waiting <> 'client' AND stage <> 'confirming')
				OR (due_at <= ? AND due_missed_at IS NULL)) ORDER BY id LIMIT ?`, now, after, now, now, now, clockBatch)
		if err != nil {
			return total, fmt.Errorf("find what is missed: %w", err)
		}
		if len(ids) == 0 {
			break
		}
		n := 0
		err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
			n = 0
			for _, id := range ids {
				missed, err := s.missedTx(ctx, tx, id)
				if err != nil && migrations.KindOf(err) != migrations.NotFound { // deleted meanwhile
					return err
				}
				if missed {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("mark what is missed: %w", err)
		}
		total += n
		after = ids[len(ids)-1]
	}
	if err := s.tellMissed(ctx, l); err != nil {
		return total, fmt.Errorf("tell of what is missed: %w", err)
	}
	return total, nil
}

// unmiss takes back what was marked by a clock that was ahead.
func (s *Store) unmiss(ctx context.Context, l *Lease) error {
	var ids []int64
	now := s.stamp()
	err := s.db.Select(ctx, &ids, `SELECT id FROM ticket WHERE deadline IS NOT NULL AND (respond_missed_at > ? OR solve_missed_at > ? OR due_missed_at > ?) ORDER BY id LIMIT ?`, now, now, now, clockBatch)
	if err != nil || len(ids) == 0 {
		return err
	}
	return s.underLease(ctx, l, func(tx *migrations.Tx) error {
		for _, id := range ids {
			if err := s.lockTicketTx(ctx, tx, id); err != nil {
				return err
			}
			if err := s.deadlinesTx(ctx, tx, Actor{}, id); err != nil && migrations.KindOf(err) != migrations.NotFound {
				return err
			}
		}
		return nil
	})
}

// lockTicketTx keeps others from a ticket until the transaction ends.
func (s *Store) lockTicketTx(ctx context.Context, tx *migrations.Tx, id int64) error {
	_, err := tx.Exec(ctx, `UPDATE ticket SET stage = stage WHERE id = ?`, id)
	return err
}

// missedTx looks at a ticket again, now that it is locked, and marks what it
// has missed.
func (s *Store) missedTx(ctx context.Context, tx *migrations.Tx, id int64) (bool, error) {
	if err := s.lockTicketTx(ctx, tx, id); err != nil {
		return false, err
	}
	if err := s.deadlinesTx(ctx, tx, Actor{}, id); err != nil {
		return false, err
	}
	var t clockRow
	err := tx.Get(ctx, &t, `SELECT `+clockColumns+` FROM ticket WHERE id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound || err == nil && t.Stage.Closed() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, some := s.stamp(), false
	for _, x := range []struct {
		what, column string
		by, missed   migrations.Stamp
		over         bool
	}{
		{MissedAnswer, "respond_missed_at", t.RespondBy, t.RespondMissed, t.FirstAnswerAt != 0},
		{MissedSolution, "solve_missed_at", t.SolveBy, t.SolveMissed, pausing(t.Stage, t.Waiting)},
		{MissedDue, "due_missed_at", t.DueAt, t.DueMissed, false},
	} {
		if x.by == 0 || x.by > now || x.missed != 0 || x.over {
			continue
		}
		some = true
		if _, err := tx.Exec(ctx, `UPDATE ticket SET `+x.column+` = ?, missed_told = FALSE WHERE id = ?`, now, id); err != nil {
			return false, err
		}
		if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: id, Kind: "missed", Became: x.what}); err != nil {
			return false, err
		}
	}
	return some, nil
}

// missedRow is a ticket of whose missed targets nobody was told yet.
type missedRow struct {
	clockRow
	Number     int64 `db:"number"`
	AssigneeID int64 `db:"assignee_id"`
}

// tellMissed queues the mails about all that was marked and not told yet.
func (s *Store) tellMissed(ctx context.Context, l *Lease) error {
	some, err := exists(ctx, s.db, `SELECT 1 FROM ticket WHERE NOT missed_told LIMIT 1`)
	if err != nil || !some {
		return err
	}
	return s.underLease(ctx, l, func(tx *migrations.Tx) error {
		now := s.Now()
		recent, err := exists(ctx, tx, `SELECT 1 FROM outbox WHERE kind = 'due' AND created_at > ? AND created_at <= ? LIMIT 1`, migrations.At(now.Add(-tellGap)), migrations.At(now))
		if err != nil || recent {
			return err
		}
		var rows []missedRow
		// Read as they are marked, so that of two who do this at once each tells of its own.
		err = tx.Select(ctx, &rows, `UPDATE ticket SET missed_told = TRUE WHERE NOT missed_told RETURNING `+clockColumns+`, number, COALESCE(assignee_id, 0) AS assignee_id`)
		if err != nil {
			return err
		}
		slices.SortFunc(rows, func(a, b missedRow) int { return cmp.Compare(a.ID, b.ID) })
		more, err := s.toldOfMissedTx(ctx, tx)
		if err != nil {
			return err
		}
		var told []toldOf
		for _, r := range rows {
			// What was missed last is the news; nothing where it was mended since.
			it := DueItem{TicketID: r.ID, Number: r.Number, Priority: priorityName(r.Level, r.Star)}
			last := migrations.Stamp(0)
			for _, x := range []struct {
				what       string
				by, missed migrations.Stamp
			}{{MissedAnswer, r.RespondBy, r.RespondMissed}, {MissedSolution, r.SolveBy, r.SolveMissed}, {MissedDue, r.DueAt, r.DueMissed}} {
				if x.missed != 0 && x.missed >= last {
					last, it.What, it.At = x.missed, x.what, x.by
				}
			}
			if last != 0 && !r.Stage.Closed() {
				told = append(told, toldOf{it, r.AssigneeID})
			}
		}
		return s.tellPeopleTx(ctx, tx, told, more)
	})
}

// toldOfMissedTx returns the accounts that SetTell names.
func (s *Store) toldOfMissedTx(ctx context.Context, tx *migrations.Tx) ([]int64, error) {
	tell, err := s.setting(ctx, tx, SetTell)
	if err != nil {
		return nil, err
	}
	var ids []int64
	if tell == TellAdmins {
		err = tx.Select(ctx, &ids, `SELECT id FROM account WHERE enabled AND role = 'admin' ORDER BY id`)
		return ids, err
	}
	if id, ok := strings.CutPrefix(tell, "account:"); ok {
		n, _ := strconv.ParseInt(id, 10, 64)
		ids = append(ids, n)
	}
	return ids, nil
}

// toldOf is a ticket that its assignee is told of.
type toldOf struct {
	DueItem
	assignee int64 // 0: who wishes to hear of everything
}

// maxTold is how many tickets one mail lists.
const maxTold = 50

// tellPeopleTx queues one mail for everybody who is to hear of these tickets: their
// assignees, and the accounts of more of all of them.
func (s *Store) tellPeopleTx(ctx context.Context, tx *migrations.Tx, told []toldOf, more []int64) error {
	if len(told) == 0 {
		return nil
	}
	var people []Account
	if err := tx.Select(ctx, &people, `SELECT `+accountColumns+` FROM account WHERE enabled AND role <> 'manager' AND notify <> 'none' ORDER BY id`); err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	box, err := firstMailbox(ctx, tx)
	if err != nil || box == 0 { // nothing to write from: the pages say it
		return err
	}
	for _, p := range people {
		var items []DueItem
		for _, x := range told {
			if x.assignee == p.ID || x.assignee == 0 && p.Notify == NotifyAll || slices.Contains(more, p.ID) {
				items = append(items, x.DueItem)
			}
		}
		if len(items) == 0 {
			continue
		}
		m := Mail{Kind: MailDue, MailboxID: box, AccountID: p.ID, ToAddress: p.Email, ToName: p.Name, Due: items[:min(len(items), maxTold)], DueMore: max(len(items)-maxTold, 0)}
		if len(items) == 1 {
			m.TicketID = items[0].TicketID
		}
		if _, err := s.EnqueueTx(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}
