package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// PersonHistory is how often somebody asked lately, and of what.
type PersonHistory struct {
	Days   int // of how many days
	N      int
	Kinds  []CategoryCount // the most first
	Recent []Ticket        // the last four, of any time, with their fixes
}

// historyDays is how many days count as lately.
const historyDays = 90

// HistoryOf returns a person's requests beside one ticket of theirs.
func (s *Store) HistoryOf(ctx context.Context, clientID int64, beside *Ticket) (PersonHistory, error) {
	h := PersonHistory{Days: historyDays}
	if clientID == 0 {
		return h, nil
	}
	since := migrations.At(s.Now().AddDate(0, 0, -historyDays))
	err := s.db.Select(ctx, &h.Kinds, `SELECT COALESCE(k.name, '') AS name, count(*) AS n FROM ticket t LEFT JOIN category k ON k.id = t.category_id
		WHERE t.client_id = ? AND t.opened_at >= ? AND t.id <> ? AND t.merged_into_id IS NULL GROUP BY COALESCE(k.name, '') ORDER BY n DESC, name`, clientID, since, beside.ID)
	if err != nil {
		return h, fmt.Errorf("count a person's tickets: %w", err)
	}
	for _, k := range h.Kinds {
		h.N += k.N
	}
	err = s.db.Select(ctx, &h.Recent, ticketSelect+`WHERE t.client_id = ? AND t.id <> ? AND t.merged_into_id IS NULL ORDER BY t.id DESC LIMIT 4`, clientID, beside.ID)
	if err != nil {
		return h, fmt.Errorf("list recent tickets: %w", err)
	}
	return h, nil
}
