package inventory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// maxBefore is how many steps of each kind Before reads.
const maxBefore = 20

// Before returns what happened to some assets, and to whatever moved to or from
// a person (0 for nobody), in the time before an instant, the oldest first:
// movements, and work orders that were opened or closed. What a work order
// moved is told by the order.
func (s *Store) Before(ctx context.Context, assets []int64, clientID int64, at migrations.Stamp, span time.Duration) ([]Step, error) {
	from := at - migrations.Stamp(span/time.Microsecond)
	if len(assets) == 0 && clientID == 0 {
		return nil, nil
	}
	of := slices.Clone(assets)
	var moves []Movement
	if len(of) > 0 {
		err := s.db.Select(ctx, &moves, movementSelect+`WHERE v.asset_id IN (`+marks(len(of))+`) AND v.at >= ? AND v.at < ? AND v.work_order_id IS NULL AND v.kind <> 'count' ORDER BY v.id DESC LIMIT ?`,
			append(anys(of), from, at, maxBefore)...)
		if err != nil {
			return nil, fmt.Errorf("read what moved before: %w", err)
		}
	}
	if clientID != 0 {
		for _, column := range []string{"holder_id", "was_holder_id"} {
			var theirs []Movement
			err := s.db.Select(ctx, &theirs, movementSelect+`WHERE v.`+column+` = ? AND v.at >= ? AND v.at < ? AND v.work_order_id IS NULL AND v.kind <> 'count' ORDER BY v.id DESC LIMIT ?`, clientID, from, at, maxBefore)
			if err != nil {
				return nil, fmt.Errorf("read what moved before: %w", err)
			}
			for _, m := range theirs {
				if !slices.ContainsFunc(moves, func(k Movement) bool { return k.ID == m.ID }) {
					moves = append(moves, m)
				}
				if !slices.Contains(of, m.AssetID) {
					of = append(of, m.AssetID)
				}
			}
		}
	}
	var steps []Step
	for i := range moves {
		steps = append(steps, Step{At: moves[i].At, Movement: &moves[i]})
	}
	if len(of) > 0 {
		var orders []Order
		err := s.db.Select(ctx, &orders, orderSelect+`WHERE o.asset_id IN (`+marks(len(of))+`) AND (o.opened_at >= ? AND o.opened_at < ? OR o.finished_at >= ? AND o.finished_at < ?) ORDER BY o.id DESC LIMIT ?`,
			append(anys(of), from, at, from, at, maxBefore)...)
		if err != nil {
			return nil, fmt.Errorf("read the repairs before: %w", err)
		}
		for i := range orders {
			o := &orders[i]
			if o.OpenedAt >= from && o.OpenedAt < at {
				steps = append(steps, Step{At: o.OpenedAt, Order: o})
			}
			if o.FinishedAt != nil && *o.FinishedAt >= from && *o.FinishedAt < at {
				steps = append(steps, Step{At: *o.FinishedAt, Order: o, Finished: true})
			}
		}
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return int(min(max(a.At-b.At, -1), 1)) })
	return steps, nil
}
