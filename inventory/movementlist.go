package inventory

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/migrations"
)

// MovementFilter chooses movements: exactly one of the three.
type MovementFilter struct {
	AssetID    int64
	LocationID int64 // into or out of this very place
	ClientID   int64 // to or from this person
}

// Movements returns movements, the newest first, and what to give as after for the next ones.
func (s *Store) Movements(ctx context.Context, f MovementFilter, after string, limit int) (list []Movement, more string, err error) {
	limit = pageSize(limit)
	before, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	if before == 0 {
		before = 1 << 62
	}
	switch {
	case f.AssetID != 0:
		// By its own numbers, which are in order whatever the ids are.
		err = s.db.Select(ctx, &list, movementSelect+`WHERE v.asset_id = ? AND v.n < ? ORDER BY v.n DESC LIMIT ?`, f.AssetID, before, limit+1)
	case f.LocationID != 0:
		err = s.movementsOf(ctx, &list, `location_id`, f.LocationID, before, limit+1)
	case f.ClientID != 0:
		err = s.movementsOf(ctx, &list, `holder_id`, f.ClientID, before, limit+1)
	default:
		return nil, "", migrations.Invalidf("Please say of which asset, place or person.")
	}
	if err != nil {
		return nil, "", fmt.Errorf("list movements: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		key := list[limit-1].ID
		if f.AssetID != 0 {
			key = list[limit-1].N
		}
		more = strconv.FormatInt(key, 10)
	}
	return list, more, nil
}

// movementsOf reads movements to or from a place or person: the newest of
// each index, then the newest of both.
func (s *Store) movementsOf(ctx context.Context, list *[]Movement, column string, id, before int64, limit int) error {
	var ids []int64
	err := s.db.Select(ctx, &ids, `SELECT id FROM (SELECT id FROM movement WHERE `+column+` = ? AND id < ? ORDER BY id DESC LIMIT ?) AS came
		UNION SELECT id FROM (SELECT id FROM movement WHERE was_`+column+` = ? AND id < ? ORDER BY id DESC LIMIT ?) AS went
		ORDER BY id DESC LIMIT ?`, id, before, limit, id, before, limit, limit)
	if err != nil || len(ids) == 0 {
		return err
	}
	return s.db.Select(ctx, list, movementSelect+`WHERE v.id IN (`+marks(len(ids))+`) ORDER BY v.id DESC`, anys(ids)...)
}

// AssetsAt returns what was at a place (this very one) or with a person at an
// instant in the past, by the ledger: of each asset the movement that had
// brought it there, the newest first. Of an asset it returns where that was.
func (s *Store) AssetsAt(ctx context.Context, f MovementFilter, at migrations.Stamp, limit int) ([]Movement, error) {
	var condition string
	var id int64
	switch {
	case f.AssetID != 0:
		condition, id = `v.asset_id = ?`, f.AssetID
	case f.LocationID != 0:
		condition, id = `v.location_id = ? AND v.quantity > 0`, f.LocationID
	case f.ClientID != 0:
		condition, id = `v.holder_id = ? AND v.quantity > 0`, f.ClientID
	default:
		return nil, migrations.Invalidf("Please say of which asset, place or person.")
	}
	// An asset's movements are in the order of their times, so the next one decides.
	var list []Movement
	err := s.db.Select(ctx, &list, movementSelect+`WHERE `+condition+` AND v.at <= ?
		AND NOT EXISTS (SELECT 1 FROM movement x WHERE x.asset_id = v.asset_id AND x.n = v.n + 1 AND x.at <= ?) ORDER BY v.id DESC LIMIT ?`, id, at, at, pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("read what was where: %w", err)
	}
	return list, nil
}
