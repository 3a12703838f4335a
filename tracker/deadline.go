package tracker

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// clockRow is what a ticket's deadlines are made of.
type clockRow struct {
	ID            int64             `db:"id"`
	Stage         Stage             `db:"stage"`
	Level         int64             `db:"level"`
	Star          bool              `db:"star"`
	TriagedAt     *migrations.Stamp `db:"triaged_at"`
	OpenedAt      migrations.Stamp  `db:"opened_at"`
	StageAt       migrations.Stamp  `db:"stage_at"`
	ClosedAt      migrations.Stamp  `db:"closed_at"`
	Waiting       string            `db:"waiting"`
	WaitingSince  migrations.Stamp  `db:"waiting_since"`
	FirstAnswerAt migrations.Stamp  `db:"first_answer_at"`
	DueAt         migrations.Stamp  `db:"due_at"`

	clockTimes
}

// clockTimes are the columns that follow from the others. 0 is none.
type clockTimes struct {
	RespondBy     migrations.Stamp `db:"respond_by"`
	SolveBy       migrations.Stamp `db:"solve_by"`
	Basis         int64            `db:"target_basis"`
	Deadline      migrations.Stamp `db:"deadline"`
	RespondMissed migrations.Stamp `db:"respond_missed_at"`
	SolveMissed   migrations.Stamp `db:"solve_missed_at"`
	DueMissed     migrations.Stamp `db:"due_missed_at"`
}

const clockColumns = `id, stage, level, star, triaged_at, opened_at, stage_at, COALESCE(closed_at, 0) AS closed_at, waiting, COALESCE(waiting_since, 0) AS waiting_since,
	COALESCE(first_answer_at, 0) AS first_answer_at, COALESCE(due_at, 0) AS due_at, COALESCE(respond_by, 0) AS respond_by, COALESCE(solve_by, 0) AS solve_by,
	target_basis, COALESCE(deadline, 0) AS deadline, COALESCE(respond_missed_at, 0) AS respond_missed_at, COALESCE(solve_missed_at, 0) AS solve_missed_at,
	COALESCE(due_missed_at, 0) AS due_missed_at`

// deadlinesTx counts anew until when a ticket must be answered, solved and
// done, after something changed that they follow from: its stage, priority or
// waiting, its first answer, its due date. Closing ends all waiting. Whatever
// does that calls it last in its transaction, once its event is recorded.
func (s *Store) deadlinesTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	var t clockRow
	if err := tx.Get(ctx, &t, `SELECT `+clockColumns+` FROM ticket WHERE id = ?`, id); err != nil {
		return fmt.Errorf("read the deadlines of ticket %d: %w", id, err)
	}
	if t.Stage.Closed() && t.Waiting != "" {
		if err := s.stopWaitingTx(ctx, tx, actor, id, t.Waiting); err != nil {
			return err
		}
		t.Waiting = ""
	}
	rules, err := s.targetRules(ctx, tx)
	if err != nil {
		return err
	}
	if !rules.on && t.Basis == 0 && t.DueAt == 0 && t.Deadline == 0 && t.DueMissed == 0 {
		return nil
	}
	was := t.clockTimes
	stopped, err := s.countTx(ctx, tx, &t, rules)
	if err != nil {
		return err
	}
	t.miss(s.stamp(), stopped)
	if t.clockTimes == was {
		return nil
	}
	_, err = tx.Exec(ctx, `UPDATE ticket SET respond_by = ?, solve_by = ?, target_basis = ?, deadline = ?, respond_missed_at = ?, solve_missed_at = ?, due_missed_at = ? WHERE id = ?`,
		orNull(int64(t.RespondBy)), orNull(int64(t.SolveBy)), t.Basis, orNull(int64(t.Deadline)),
		orNull(int64(t.RespondMissed)), orNull(int64(t.SolveMissed)), orNull(int64(t.DueMissed)), id)
	if err != nil {
		return fmt.Errorf("change the deadlines of ticket %d: %w", id, err)
	}
	return nil
}

// countTx counts the response targets, and returns since when the solution's
// clock stands still, 0 while it runs.
func (s *Store) countTx(ctx context.Context, tx *migrations.Tx, t *clockRow, rules targetRules) (stopped migrations.Stamp, err error) {
	now := rank(t.Level, t.Star)
	p := past{opened: t.OpenedAt.Time(), ranks: []rankSince{{t.OpenedAt.Time(), now}}}
	if rules.on && (t.Stage != Requested || t.TriagedAt != nil || t.Waiting != "") {
		if err := tx.Flush(ctx); err != nil { // the event that led here
			return 0, err
		}
		var events []EventRow
		if err := tx.Select(ctx, &events, `SELECT `+eventColumns+` FROM event WHERE subject = 'ticket' AND subject_id = ? ORDER BY id`, t.ID); err != nil {
			return 0, fmt.Errorf("read the past of ticket %d: %w", t.ID, err)
		}
		p = pastOf(t.OpenedAt.Time(), now, events)
		if last := p.ranks[len(p.ranks)-1].rank; last != now { // the row says more than the events
			p.ranks = append(p.ranks, rankSince{t.OpenedAt.Time(), now})
		}
	}
	if pausing(t.Stage, t.Waiting) {
		if stopped = t.StageAt; !t.Stage.Closed() && t.Stage != Confirming {
			stopped = t.WaitingSince
		}
		if !p.stopped.IsZero() {
			stopped = migrations.At(p.stopped)
		}
	}
	switch {
	case t.Stage.Closed() && t.Basis != 0: // what it was closed with stays, for the figures
	case rules.on:
		t.RespondBy = stampOf(p.by(rules.hours, rules.answer, nil))
		t.SolveBy = stampOf(p.by(rules.hours, rules.solve, p.pauses))
		t.Basis = rules.basis
	default:
		t.RespondBy, t.SolveBy, t.Basis = 0, 0, 0
	}
	return stopped, nil
}

func stampOf(t time.Time) migrations.Stamp {
	if t.IsZero() {
		return 0
	}
	return migrations.At(t)
}

// miss finds the nearest deadline that still runs, and what was missed when
// the ticket was answered or done. What is missed while it is open the clock
// marks, which tells of it.
func (t *clockRow) miss(now, stopped migrations.Stamp) {
	t.Deadline = 0
	near := func(at migrations.Stamp) {
		if at != 0 && (t.Deadline == 0 || at < t.Deadline) {
			t.Deadline = at
		}
	}
	// settle marks what is over as missed where it came too late; what is
	// in the future (again) is not missed.
	settle := func(missed *migrations.Stamp, by, done migrations.Stamp) {
		switch {
		case by == 0 || done != 0 && done <= by || done == 0 && by > now:
			*missed = 0
		case done != 0 && *missed == 0:
			*missed = done
		}
	}
	answered := t.FirstAnswerAt
	if answered == 0 {
		answered = t.ClosedAt
	}
	solved := migrations.Stamp(0)
	if stopped != 0 {
		solved = stopped
	}
	if t.Stage == Dropped { // nothing was owed
		t.RespondMissed, t.SolveMissed, t.DueMissed = 0, 0, 0
		return
	}
	settle(&t.RespondMissed, t.RespondBy, answered)
	settle(&t.SolveMissed, t.SolveBy, solved)
	settle(&t.DueMissed, t.DueAt, t.ClosedAt)
	if answered == 0 {
		near(t.RespondBy)
	}
	if stopped == 0 {
		near(t.SolveBy)
	}
	if t.ClosedAt == 0 {
		near(t.DueAt)
	}
}

// firstAnswerTx notes that a person has answered the client: by mail, by
// telephone or face to face. Only the first counts.
func (s *Store) firstAnswerTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	n, err := tx.Exec(ctx, `UPDATE ticket SET first_answer_at = ? WHERE id = ? AND first_answer_at IS NULL`, s.stamp(), id)
	if err != nil {
		return fmt.Errorf("note the first answer of ticket %d: %w", id, err)
	}
	if n == 0 {
		return nil
	}
	return s.deadlinesTx(ctx, tx, actor, id)
}

// answersAgainTx finds the first answer anew after one was taken back.
func (s *Store) answersAgainTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	_, err := tx.Exec(ctx, `UPDATE ticket SET first_answer_at = (SELECT MIN(said.at) FROM (
			SELECT m.at FROM message m WHERE m.ticket_id = ? AND m.direction = 'out' AND m.state = 'shown'
			UNION ALL SELECT n.at FROM note n WHERE n.ticket_id = ? AND n.kind IN ('phone', 'in_person')) said) WHERE id = ?`, id, id, id)
	if err != nil {
		return fmt.Errorf("find the first answer of ticket %d: %w", id, err)
	}
	return s.deadlinesTx(ctx, tx, actor, id)
}

// RecountTargets brings the deadlines of open tickets to the targets and
// hours that hold now. It returns how many there were.
func (s *Store) RecountTargets(ctx context.Context, l *Lease) (int, error) {
	rules, err := s.targetRules(ctx, s.db)
	if err != nil {
		return 0, err
	}
	total := 0
	for after := int64(0); ; {
		var ids []int64
		err := s.db.Select(ctx, &ids, `SELECT id FROM ticket WHERE archived_at IS NULL AND stage IN ('requested', 'in_progress', 'confirming') AND target_basis <> ? AND id > ? ORDER BY id LIMIT ?`,
			rules.basis, after, clockBatch)
		if err != nil {
			return total, fmt.Errorf("find tickets to count anew: %w", err)
		}
		if len(ids) == 0 {
			return total, nil
		}
		err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
			for _, id := range ids {
				// Locked, so that nobody moves it between this look and the change.
				if n, err := tx.Exec(ctx, `UPDATE ticket SET stage = stage WHERE id = ?`, id); err != nil || n == 0 {
					if err != nil {
						return err
					}
					continue
				}
				if err := s.deadlinesTx(ctx, tx, Actor{}, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("count targets anew: %w", err)
		}
		total += len(ids)
		after = ids[len(ids)-1]
	}
}
