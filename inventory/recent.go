package inventory

import (
	"context"
	"fmt"
)

// Recent is a person or a place where something went lately.
type Recent struct {
	ID   int64  `db:"id"`
	Name string `db:"name"` // of a place its path
}

// lately is how many of the last movements are looked at for the recent ones.
const lately = 1000

// RecentHolders returns to whom things went lately, the latest first.
func (s *Store) RecentHolders(ctx context.Context, limit int) ([]Recent, error) {
	var list []Recent
	err := s.db.Select(ctx, &list, `SELECT c.id AS id, c.name AS name FROM
			(SELECT holder_id AS holder_id, MAX(id) AS last FROM (SELECT id, holder_id FROM movement ORDER BY id DESC LIMIT ?) AS l WHERE holder_id IS NOT NULL GROUP BY holder_id) AS m
		JOIN client c ON c.id = m.holder_id WHERE c.erased_at IS NULL ORDER BY m.last DESC LIMIT ?`, lately, limit)
	if err != nil {
		return nil, fmt.Errorf("read the recent holders: %w", err)
	}
	return list, nil
}

// RecentPlaces returns where things were stowed lately, the latest first.
func (s *Store) RecentPlaces(ctx context.Context, limit int) ([]Recent, error) {
	var list []Recent
	err := s.db.Select(ctx, &list, `SELECT p.id AS id, p.path AS name FROM
			(SELECT location_id AS location_id, MAX(id) AS last FROM (SELECT id, location_id, status FROM movement ORDER BY id DESC LIMIT ?) AS l
				WHERE location_id IS NOT NULL AND status = 'stowed' GROUP BY location_id) AS m
		JOIN location p ON p.id = m.location_id WHERE p.archived_at IS NULL ORDER BY m.last DESC LIMIT ?`, lately, limit)
	if err != nil {
		return nil, fmt.Errorf("read the recent places: %w", err)
	}
	return list, nil
}

// LastStowed returns where an asset was stowed last, the zero Recent where
// that is not known or the place is archived.
func (s *Store) LastStowed(ctx context.Context, assetID int64) (Recent, error) {
	var list []Recent
	err := s.db.Select(ctx, &list, `SELECT p.id AS id, p.path AS name FROM movement m JOIN location p ON p.id = m.location_id
		WHERE m.asset_id = ? AND m.status = 'stowed' AND p.archived_at IS NULL ORDER BY m.n DESC LIMIT 1`, assetID)
	if err != nil {
		return Recent{}, fmt.Errorf("read where asset %d was stowed: %w", assetID, err)
	}
	if len(list) == 0 {
		return Recent{}, nil
	}
	return list[0], nil
}
