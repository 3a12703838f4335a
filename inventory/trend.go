package inventory

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// ModelTickets is how many requests are linked with things of a model.
type ModelTickets struct {
	ID           int64  `db:"id"`
	Manufacturer string `db:"manufacturer"`
	Name         string `db:"name"`
	N            int    `db:"n"`
}

// Title is the model's maker and name.
func (m ModelTickets) Title() string {
	return Model{Manufacturer: m.Manufacturer, Name: m.Name}.Title()
}

// TicketsByModel returns the models with the most linked requests that were
// opened from one time on and before another. A request that is linked with
// two things of a model counts once.
func (s *Store) TicketsByModel(ctx context.Context, from, to time.Time, limit int) (list []ModelTickets, err error) {
	err = s.db.Select(ctx, &list, `SELECT m.id, m.manufacturer, m.name, count(DISTINCT t.id) AS n
		FROM link l JOIN ticket t ON t.id = l.b_id JOIN asset a ON a.id = l.a_id JOIN model m ON m.id = a.model_id
		WHERE l.a_kind = 'asset' AND l.b_kind = 'ticket' AND t.opened_at >= ? AND t.opened_at < ? AND t.merged_into_id IS NULL
		GROUP BY m.id, m.manufacturer, m.name ORDER BY n DESC, m.id LIMIT ?`, migrations.At(from), migrations.At(to), limit)
	if err != nil {
		return nil, fmt.Errorf("count requests by model: %w", err)
	}
	return list, nil
}

// TicketedAssets returns the assets of a model that requests are linked with.
func (s *Store) TicketedAssets(ctx context.Context, modelID int64) (ids []int64, err error) {
	err = s.db.Select(ctx, &ids, `SELECT DISTINCT a.id FROM asset a JOIN link l ON l.a_kind = 'asset' AND l.a_id = a.id AND l.b_kind = 'ticket'
		WHERE a.model_id = ? ORDER BY a.id LIMIT 5000`, modelID)
	if err != nil {
		return nil, fmt.Errorf("find the assets of model %d: %w", modelID, err)
	}
	return ids, nil
}
