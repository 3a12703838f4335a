package inventory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Step is one entry of an asset's life line: exactly one of the three.
type Step struct {
	At       migrations.Stamp
	Movement *Movement
	Order    *Order // opened then, or with Finished closed then
	Finished bool
	Event    *tracker.EventRow // a link, a change, a file of it or of an order
}

// lifeEvents are the events of an asset that its life line tells. Movements
// and work orders tell themselves.
var lifeEvents = []any{"linked", "unlinked", "file_added", "file_removed", "changed"}

type lifeKey struct {
	At     migrations.Stamp `db:"at"`
	Source string           `db:"source"`
	ID     int64            `db:"id"`
}

// Life returns an asset's life in time order, the newest first, and what to
// give as after for what was before.
func (s *Store) Life(ctx context.Context, assetID int64, after string, limit int) (steps []Step, more string, err error) {
	from := lifeKey{At: 1 << 62, Source: "zzz"}
	if after != "" {
		if from, err = parseLifeKey(after); err != nil {
			return nil, "", err
		}
	}
	args := []any{assetID, assetID}
	args = append(args, lifeEvents...)
	args = append(args, assetID, assetID, assetID, from.At, from.At, from.Source, from.At, from.Source, from.ID, limit+1)
	var keys []lifeKey
	err = s.db.Select(ctx, &keys, `SELECT at, source, id FROM (
			SELECT at, 'movement' AS source, id FROM movement WHERE asset_id = ?
			UNION ALL SELECT at, 'event' AS source, id FROM event WHERE subject = 'asset' AND subject_id = ? AND kind IN (`+marks(len(lifeEvents))+`)
			UNION ALL SELECT e.at, 'event' AS source, e.id FROM work_order w JOIN event e ON e.subject = 'work_order' AND e.subject_id = w.id WHERE w.asset_id = ? AND e.kind IN ('file_added', 'file_removed')
			UNION ALL SELECT opened_at AS at, 'opened' AS source, id FROM work_order WHERE asset_id = ?
			UNION ALL SELECT finished_at AS at, 'finished' AS source, id FROM work_order WHERE asset_id = ? AND finished_at IS NOT NULL) AS l
		WHERE at < ? OR (at = ? AND source < ?) OR (at = ? AND source = ? AND id < ?)
		ORDER BY at DESC, source DESC, id DESC LIMIT ?`, args...)
	if err != nil {
		return nil, "", fmt.Errorf("read the life of asset %d: %w", assetID, err)
	}
	if len(keys) > limit {
		keys = keys[:limit]
		more = keys[limit-1].String()
	}
	steps, err = s.steps(ctx, keys)
	return steps, more, err
}

func (k lifeKey) String() string {
	return strconv.FormatInt(int64(k.At), 10) + "." + k.Source + "." + strconv.FormatInt(k.ID, 10)
}

func parseLifeKey(text string) (lifeKey, error) {
	parts := strings.Split(text, ".")
	wrong := migrations.Invalidf("This part of the life line is not known. Please start from its newest entry.")
	if len(parts) != 3 {
		return lifeKey{}, wrong
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	id, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || err2 != nil || !slices.Contains([]string{"movement", "event", "opened", "finished"}, parts[1]) {
		return lifeKey{}, wrong
	}
	return lifeKey{At: migrations.Stamp(at), Source: parts[1], ID: id}, nil
}

// steps reads what the keys stand for, in their order.
func (s *Store) steps(ctx context.Context, keys []lifeKey) ([]Step, error) {
	ids := map[string][]int64{}
	for _, k := range keys {
		ids[k.Source] = append(ids[k.Source], k.ID)
	}
	movements := map[int64]*Movement{}
	if len(ids["movement"]) > 0 {
		rows, err := s.movementsByID(ctx, ids["movement"])
		if err != nil {
			return nil, err
		}
		for i := range rows {
			movements[rows[i].ID] = &rows[i]
		}
	}
	orders := map[int64]*Order{}
	if all := append(slices.Clone(ids["opened"]), ids["finished"]...); len(all) > 0 {
		slices.Sort(all)
		rows, err := s.OrdersByID(ctx, slices.Compact(all))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			orders[rows[i].ID] = &rows[i]
		}
	}
	events := map[int64]*tracker.EventRow{}
	if len(ids["event"]) > 0 {
		rows, err := s.tracker.EventsByID(ctx, ids["event"])
		if err != nil {
			return nil, err
		}
		for i := range rows {
			events[rows[i].ID] = &rows[i]
		}
	}
	steps := make([]Step, 0, len(keys))
	for _, k := range keys {
		step := Step{At: k.At}
		switch k.Source {
		case "movement":
			step.Movement = movements[k.ID]
		case "opened", "finished":
			step.Order, step.Finished = orders[k.ID], k.Source == "finished"
		default:
			step.Event = events[k.ID]
		}
		if step.Movement != nil || step.Order != nil || step.Event != nil {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

func (s *Store) movementsByID(ctx context.Context, ids []int64) ([]Movement, error) {
	var list []Movement
	err := s.db.Select(ctx, &list, movementSelect+`WHERE v.id IN (`+marks(len(ids))+`)`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read movements: %w", err)
	}
	return list, nil
}
