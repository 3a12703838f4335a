package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// Figures are what a desk can tell of a period to people who do not work in it.
type Figures struct {
	Opened int
	Solved int // completed in the period, and not opened again since
	Unsaid int // of them: without a sentence of what it was and why

	FirstAnswer Waits // of those whose first answer was in the period
	Solution    Waits // of the solved: from the request to the fix

	Content [4]int // by score, 1 to 3: how content people said they were, in the period
}

// Waits are how long people waited, by the clock on the wall, nights and
// weekends too.
type Waits struct {
	N      int
	Median time.Duration
	Worst  time.Duration
}

// Figures counts what happened from one time on and before another.
func (s *Store) Figures(ctx context.Context, from, to time.Time) (f Figures, err error) {
	a, b := migrations.At(from), migrations.At(to)
	if f.Opened, err = s.Opened(ctx, from, to); err != nil {
		return f, err
	}
	// A fix may have been worded anew after the ticket was completed.
	f.Solution, err = s.waits(ctx, `SELECT CASE WHEN t.fixed_at IS NULL OR t.fixed_at > t.closed_at THEN t.closed_at ELSE t.fixed_at END - t.opened_at
		FROM ticket t WHERE t.stage = 'completed' AND t.closed_at >= ? AND t.closed_at < ? AND `+unmerged, a, b)
	if err != nil {
		return f, err
	}
	f.Solved = f.Solution.N
	if err := s.db.Get(ctx, &f.Unsaid, `SELECT count(*) FROM ticket t WHERE t.stage = 'completed' AND t.summary = '' AND t.closed_at >= ? AND t.closed_at < ? AND `+unmerged, a, b); err != nil {
		return f, fmt.Errorf("count what nobody summed up: %w", err)
	}
	f.FirstAnswer, err = s.waits(ctx, `SELECT t.first_answer_at - t.opened_at FROM ticket t WHERE t.first_answer_at >= ? AND t.first_answer_at < ? AND `+unmerged, a, b)
	if err != nil {
		return f, err
	}
	var scores []struct {
		Score int `db:"score"`
		N     int `db:"n"`
	}
	if err := s.db.Select(ctx, &scores, `SELECT score, count(*) AS n FROM satisfaction WHERE at >= ? AND at < ? GROUP BY score`, a, b); err != nil {
		return f, fmt.Errorf("count how content people are: %w", err)
	}
	for _, x := range scores {
		if x.Score >= 1 && x.Score <= 3 {
			f.Content[x.Score] = x.N
		}
	}
	return f, nil
}

// waits reads waiting times in microseconds; one that is less than nothing,
// since a clock was wrong, is nothing.
func (s *Store) waits(ctx context.Context, query string, args ...any) (Waits, error) {
	var all []int64
	if err := s.db.Select(ctx, &all, query, args...); err != nil {
		return Waits{}, fmt.Errorf("read how long people waited: %w", err)
	}
	w := Waits{N: len(all)}
	if w.N == 0 {
		return w, nil
	}
	slices.Sort(all)
	n := len(all)
	w.Median = time.Duration(max((all[(n-1)/2]+all[n/2])/2, 0)) * time.Microsecond
	w.Worst = time.Duration(max(all[n-1], 0)) * time.Microsecond
	return w, nil
}

// Counted are how many requests were opened, and how many solved, by step of a period.
type Counted struct{ Opened, Solved []int }

// Counted counts by the steps that cuts divide a period into.
func (s *Store) Counted(ctx context.Context, cuts []time.Time) (Counted, error) {
	var c Counted
	for i := range len(cuts) - 1 {
		n, err := s.Opened(ctx, cuts[i], cuts[i+1])
		if err != nil {
			return c, err
		}
		c.Opened = append(c.Opened, n)
		if err := s.db.Get(ctx, &n, `SELECT count(*) FROM ticket t WHERE t.stage = 'completed' AND t.closed_at >= ? AND t.closed_at < ? AND `+unmerged, migrations.At(cuts[i]), migrations.At(cuts[i+1])); err != nil {
			return c, fmt.Errorf("count what was solved: %w", err)
		}
		c.Solved = append(c.Solved, n)
	}
	return c, nil
}

// Told is a solved request as a manager reads it.
type Told struct {
	Subject    string           `db:"subject"`
	Summary    string           `db:"summary"` // what it was and why
	Category   string           `db:"category"`
	Workaround bool             `db:"workaround"` // it is still to be fixed properly
	ClosedAt   migrations.Stamp `db:"closed_at"`
	Tickets    int              `db:"tickets"` // that the sentence was written on
	People     int              `db:"people"`  // whom those concern, 0 for nobody known
}

// SolvedAndTold returns what was solved in a period and why, in the sentences
// that were written for managers: what weighed most first. A sentence stands
// once, however many tickets it was written on: by the ticket of a problem that
// many reported, else by the one that weighed most.
func (s *Store) SolvedAndTold(ctx context.Context, from, to time.Time, limit int) (list []Told, err error) {
	// By windows alone: a join of the sentences with themselves is quadratic
	// wherever PostgreSQL guesses that they are few.
	err = s.db.Select(ctx, &list, migrations.Anew+`SELECT f.subject, f.summary, COALESCE(k.name, '') AS category, f.unmended = 1 AS workaround, f.closed_at, f.tickets, f.people
		FROM (SELECT r.*, count(*) OVER same AS tickets, max(r.unmended_one) OVER same AS unmended, COALESCE(max(r.person) OVER same, 0) AS people, max(r.weight) OVER same AS most,
				row_number() OVER (PARTITION BY r.summary ORDER BY r.of_many DESC, r.weight DESC, r.closed_at DESC, r.id DESC) AS place
			FROM (SELECT t.id, t.subject, t.summary, t.category_id, t.closed_at, CASE WHEN t.star THEN 10 ELSE 0 END + t.level AS weight,
				CASE WHEN EXISTS (SELECT 1 FROM ticket o WHERE o.parent_id = t.id AND o.summary = t.summary) THEN 1 ELSE 0 END AS of_many,
				CASE WHEN t.workaround AND t.workaround_done_at IS NULL THEN 1 ELSE 0 END AS unmended_one,
				CASE WHEN COALESCE(t.for_client_id, t.client_id) IS NOT NULL THEN
					dense_rank() OVER (PARTITION BY t.summary, COALESCE(t.for_client_id, t.client_id) IS NULL ORDER BY COALESCE(t.for_client_id, t.client_id)) END AS person
				FROM ticket t WHERE t.stage = 'completed' AND t.summary <> '' AND t.closed_at >= ? AND t.closed_at < ? AND `+unmerged+`) AS r
			WINDOW same AS (PARTITION BY r.summary)) AS f
		LEFT JOIN category k ON k.id = f.category_id
		WHERE f.place = 1 ORDER BY f.most DESC, f.closed_at DESC, f.id DESC LIMIT ?`, migrations.At(from), migrations.At(to), limit)
	if err != nil {
		return nil, fmt.Errorf("read what was solved and why: %w", err)
	}
	return list, nil
}

// Stop is an open request that keeps somebody from a major part of their work.
type Stop struct {
	Number     int64            `db:"number"`
	Subject    string           `db:"subject"`
	Summary    string           `db:"summary"`
	Effect     string           `db:"effect"` // what can not be done, as a technician wrote it; "" where nobody did
	Name       string           `db:"name"`   // whom it concerns, "" for nobody known
	Department string           `db:"department"`
	Assignee   string           `db:"assignee"` // "" for nobody
	Stage      Stage            `db:"stage"`
	Star       bool             `db:"star"`
	Judged     bool             `db:"judged"`  // the desk has set the priority, it is not only suggested
	Waiting    string           `db:"waiting"` // WaitingClient, WaitingVendor or ""
	Others     int              `db:"others"`  // how many more reported the same
	OpenedAt   migrations.Stamp `db:"opened_at"`
}

// stops are the open requests of the highest level: as the desk judged, or
// where it has not, as was suggested, of a burst by that. One for which a fix is
// recorded and the client was asked stops nobody any more.
const stops = ` FROM ticket t WHERE t.archived_at IS NULL AND t.stage IN ('requested', 'in_progress') AND ` + unmerged + alone + `
	AND (t.triaged_at IS NOT NULL AND t.level = 3 OR t.triaged_at IS NULL AND (t.suggested_level = 3 OR ` + bursting + `))`

// Stops returns what keeps people from their work now, the gravest first, and
// how many there are.
func (s *Store) Stops(ctx context.Context, limit int) (list []Stop, n int, err error) {
	if err := s.db.Get(ctx, &n, `SELECT count(*)`+stops); err != nil {
		return nil, 0, fmt.Errorf("count what stops people: %w", err)
	}
	err = s.db.Select(ctx, &list, `SELECT t.number, t.subject, t.summary, t.stage, t.opened_at, t.waiting,
		CASE WHEN t.triaged_at IS NULL THEN (t.suggested_star OR `+bursting+`) ELSE t.star END AS star, t.triaged_at IS NOT NULL AS judged,
		COALESCE(c.name, '') AS name, COALESCE(c.department, '') AS department, COALESCE(a.name, '') AS assignee,
		COALESCE((SELECT f.value FROM fact f WHERE f.ticket_id = t.id AND f.item = 'effect' AND f.source = 'technician'), '') AS effect, `+others+` AS others
		FROM ticket t LEFT JOIN client c ON c.id = COALESCE(t.for_client_id, t.client_id) LEFT JOIN account a ON a.id = t.assignee_id
		WHERE t.id IN (SELECT t.id`+stops+`) ORDER BY star DESC, t.opened_at, t.id LIMIT ?`, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("read what stops people: %w", err)
	}
	return list, n, nil
}

// JudgedStops returns how many of what Stops tells were judged by the desk;
// the others are only suggested.
func (s *Store) JudgedStops(ctx context.Context) (n int, err error) {
	if err := s.db.Get(ctx, &n, `SELECT count(*)`+stops+` AND t.triaged_at IS NOT NULL`); err != nil {
		return 0, fmt.Errorf("count what was judged to stop people: %w", err)
	}
	return n, nil
}

// bursting is an open report of what several report, as long as another of them
// is open, or was merged into it. Here and below bursts are counted at once and
// not ticket by ticket, since thousands may report the same.
const bursting = `(t.burst_id IS NOT NULL AND (t.burst_id IN (SELECT m.burst_id FROM ticket m WHERE m.burst_id IS NOT NULL AND m.closed_at IS NULL GROUP BY m.burst_id HAVING count(*) > 1)
	OR EXISTS (SELECT 1 FROM ticket m WHERE m.merged_into_id = t.id AND m.burst_id = t.burst_id)))`

// alone leaves out a report of a problem whose own ticket stops people, too,
// and of a burst that nobody has judged all but the first: those stand for it.
const alone = ` AND (t.parent_id IS NULL OR NOT EXISTS (SELECT 1 FROM ticket p WHERE p.id = t.parent_id AND p.stage IN ('requested', 'in_progress') AND p.level = 3 AND p.triaged_at IS NOT NULL))
	AND (t.burst_id IS NULL OR t.triaged_at IS NOT NULL OR t.id IN (SELECT MIN(b.id) FROM ticket b WHERE b.burst_id IS NOT NULL AND b.triaged_at IS NULL
		AND b.archived_at IS NULL AND b.stage IN ('requested', 'in_progress') AND b.merged_into_id IS NULL GROUP BY b.burst_id))`

// others counts the tickets for which t stands.
const others = `(SELECT count(*) FROM ticket o WHERE o.closed_at IS NULL AND (o.parent_id = t.id
	OR (o.burst_id = t.burst_id AND t.triaged_at IS NULL AND o.triaged_at IS NULL AND o.id <> t.id AND o.merged_into_id IS NULL)))`

// Weights are how many requests are open, by how much they weigh on work.
type Weights struct {
	Stop, Impede, Inconvenience int
	Unjudged                    int // nobody has judged them yet; they are none of the others
	Oldest                      migrations.Stamp
	Unanswered                  int // nobody has answered yet
}

// OpenWeights counts what is open now.
func (s *Store) OpenWeights(ctx context.Context) (w Weights, err error) {
	var rows []struct {
		Level      int              `db:"level"`
		N          int              `db:"n"`
		Unanswered int              `db:"unanswered"`
		Oldest     migrations.Stamp `db:"oldest"`
	}
	err = s.db.Select(ctx, &rows, `SELECT CASE WHEN t.triaged_at IS NULL THEN CASE WHEN t.suggested_level = 3 OR `+bursting+` THEN 3 ELSE 0 END ELSE t.level END AS level, count(*) AS n,
		SUM(CASE WHEN t.first_answer_at IS NULL THEN 1 ELSE 0 END) AS unanswered, MIN(t.opened_at) AS oldest
		FROM ticket t WHERE t.archived_at IS NULL AND t.stage IN ('requested', 'in_progress') AND `+unmerged+` GROUP BY 1`)
	if err != nil {
		return w, fmt.Errorf("count what is open: %w", err)
	}
	for _, r := range rows {
		switch r.Level {
		case 3:
			w.Stop = r.N
		case 2:
			w.Impede = r.N
		case 1:
			w.Inconvenience = r.N
		default:
			w.Unjudged = r.N
		}
		w.Unanswered += r.Unanswered
		if w.Oldest == 0 || r.Oldest < w.Oldest {
			w.Oldest = r.Oldest
		}
	}
	return w, nil
}
