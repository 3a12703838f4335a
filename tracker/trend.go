package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Months returns the beginnings of n calendar months in a zone, the last of
// them the month of year, and behind them the end of that one: n+1 times.
func Months(year int, month time.Month, n int, in *time.Location) []time.Time {
	cuts := make([]time.Time, n+1)
	for i := range cuts {
		cuts[i] = monthStart(year, month, i-n+1, in)
	}
	return cuts
}

// monthStart is when a month begins in a zone, shifted by some months: the
// first of two midnights where the clocks are put back then, and the first
// instant of the day where they skip midnight.
func monthStart(year int, month time.Month, shift int, in *time.Location) time.Time {
	year, month, _ = time.Date(year, month+time.Month(shift), 1, 12, 0, 0, 0, in).Date()
	t := wall(year, month, 1, 0, in)
	if t.Month() != month { // the zone took the side of the gap that is still the day before
		t = t.Add(time.Hour)
	}
	return t
}

// Trends are what requests that were opened in a period tell, by step of it.
// Every request counts that is there, whatever became of it; one that was
// merged into another is a copy and does not.
type Trends struct {
	Total       int
	Steps       []int           // by step
	Categories  []CategoryCount // the most frequent first; ID 0: under none
	Departments []Department    // the same; Name "": nobody knows
	Assets      []AssetCount    // those with the most linked requests, at most trendAssets
}

// AssetCount is how many requests are linked with an asset.
type AssetCount struct {
	ID int64 `db:"id"`
	N  int   `db:"n"`
}

// trendAssets is how many assets Trends names.
const trendAssets = 10

// Trends counts the requests that were opened between cuts[0] and the last of
// cuts, which divide the period into steps. There must be two cuts or more.
func (s *Store) Trends(ctx context.Context, cuts []time.Time) (Trends, error) {
	x := Trends{Steps: make([]int, len(cuts)-1)}
	from, to := migrations.At(cuts[0]), migrations.At(cuts[len(cuts)-1])
	// A step and category each from its index alone: sorting all of them by
	// category takes three times as long.
	var arms []string
	var args []any
	for i := range x.Steps {
		const within = ` AND t.opened_at >= ? AND t.opened_at < ? AND ` + unmerged
		arms = append(arms, fmt.Sprintf(`SELECT %d AS step, k.id AS category_id, (SELECT count(*) FROM ticket t WHERE t.category_id = k.id`+within+`) AS n FROM category k`, i),
			fmt.Sprintf(`SELECT %d AS step, 0 AS category_id, count(*) AS n FROM ticket t WHERE t.category_id IS NULL`+within, i))
		a, b := migrations.At(cuts[i]), migrations.At(cuts[i+1])
		args = append(args, a, b, a, b)
	}
	var rows []struct {
		Step       int   `db:"step"`
		CategoryID int64 `db:"category_id"`
		N          int   `db:"n"`
	}
	if err := s.db.Select(ctx, &rows, strings.Join(arms, ` UNION ALL `), args...); err != nil {
		return x, fmt.Errorf("count requests by month: %w", err)
	}
	names, err := s.categoryNames(ctx)
	if err != nil {
		return x, err
	}
	for _, r := range rows {
		if r.N == 0 {
			continue
		}
		x.Total += r.N
		x.Steps[r.Step] += r.N
		i := slices.IndexFunc(x.Categories, func(c CategoryCount) bool { return c.ID == r.CategoryID })
		if i < 0 {
			i, x.Categories = len(x.Categories), append(x.Categories, CategoryCount{ID: r.CategoryID, Name: names[r.CategoryID]})
		}
		x.Categories[i].N += r.N
	}
	slices.SortFunc(x.Categories, func(a, b CategoryCount) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
	err = s.db.Select(ctx, &x.Departments, migrations.Anew+`SELECT COALESCE(c.department, '') AS name, CAST(SUM(x.n) AS BIGINT) AS n
		FROM (SELECT t.client_id, count(*) AS n FROM ticket t WHERE t.opened_at >= ? AND t.opened_at < ? AND `+unmerged+` GROUP BY t.client_id) x
		LEFT JOIN client c ON c.id = x.client_id GROUP BY COALESCE(c.department, '') ORDER BY n DESC, name`, from, to)
	if err != nil {
		return x, fmt.Errorf("count requests by department: %w", err)
	}
	err = s.db.Select(ctx, &x.Assets, migrations.Anew+`SELECT l.a_id AS id, count(*) AS n FROM link l JOIN ticket t ON t.id = l.b_id
		WHERE l.a_kind = 'asset' AND l.b_kind = 'ticket' AND t.opened_at >= ? AND t.opened_at < ? AND `+unmerged+`
		GROUP BY l.a_id ORDER BY n DESC, id LIMIT ?`, from, to, trendAssets)
	if err != nil {
		return x, fmt.Errorf("count requests by asset: %w", err)
	}
	return x, nil
}

// unmerged leaves out tickets that are copies of others.
const unmerged = `t.merged_into_id IS NULL`

func (s *Store) categoryNames(ctx context.Context) (map[int64]string, error) {
	all, err := s.Categories(ctx, true)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, c := range all {
		names[c.ID] = c.Name
	}
	return names, nil
}

// Opened returns how many requests were opened from one time on and before another.
func (s *Store) Opened(ctx context.Context, from, to time.Time) (n int, err error) {
	if err := s.db.Get(ctx, &n, `SELECT count(*) FROM ticket t WHERE t.opened_at >= ? AND t.opened_at < ? AND `+unmerged, migrations.At(from), migrations.At(to)); err != nil {
		return 0, fmt.Errorf("count requests: %w", err)
	}
	return n, nil
}

// FirstOpened returns when the first request was opened, 0 where there is none.
func (s *Store) FirstOpened(ctx context.Context) (at migrations.Stamp, err error) {
	if err := s.db.Get(ctx, &at, `SELECT COALESCE(MIN(t.opened_at), 0) FROM ticket t WHERE `+unmerged); err != nil {
		return 0, fmt.Errorf("find the first request: %w", err)
	}
	return at, nil
}
