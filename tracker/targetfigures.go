package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// TargetFigures say how many requests met their targets.
type TargetFigures struct {
	Answered       int `db:"answered"` // had a target for the first answer, and have had that answer, or have missed it
	AnsweredInTime int `db:"answered_in_time"`
	Solved         int `db:"solved"` // were completed, with a target for that
	SolvedInTime   int `db:"solved_in_time"`
	Overdue        int `db:"overdue"` // are open now and overdue
}

// TargetFigures counts the requests that were opened (for answers) and
// completed (for solutions) from one instant until before another.
func (s *Store) TargetFigures(ctx context.Context, from, to migrations.Stamp) (TargetFigures, error) {
	var f TargetFigures
	err := s.db.Get(ctx, &f, `SELECT
		COALESCE(SUM(CASE WHEN opened_at >= ? AND opened_at < ? AND respond_by IS NOT NULL AND stage <> 'dropped' AND (first_answer_at IS NOT NULL OR closed_at IS NOT NULL OR respond_missed_at IS NOT NULL) THEN 1 ELSE 0 END), 0) AS answered,
		COALESCE(SUM(CASE WHEN opened_at >= ? AND opened_at < ? AND respond_by IS NOT NULL AND stage <> 'dropped' AND (first_answer_at IS NOT NULL OR closed_at IS NOT NULL) AND respond_missed_at IS NULL THEN 1 ELSE 0 END), 0) AS answered_in_time,
		COALESCE(SUM(CASE WHEN closed_at >= ? AND closed_at < ? AND stage = 'completed' AND solve_by IS NOT NULL THEN 1 ELSE 0 END), 0) AS solved,
		COALESCE(SUM(CASE WHEN closed_at >= ? AND closed_at < ? AND stage = 'completed' AND solve_by IS NOT NULL AND solve_missed_at IS NULL THEN 1 ELSE 0 END), 0) AS solved_in_time,
		COALESCE(SUM(CASE WHEN deadline < ? THEN 1 ELSE 0 END), 0) AS overdue
		FROM ticket WHERE target_basis <> 0 OR deadline IS NOT NULL`, from, to, from, to, from, to, from, to, s.stamp())
	if err != nil {
		return f, fmt.Errorf("count the targets that were met: %w", err)
	}
	return f, nil
}
