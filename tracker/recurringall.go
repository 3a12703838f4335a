package tracker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"helpdeskd/migrations"
)

const (
	recurringHeld = time.Minute // how old what Recurring returns may be
	recurringMost = 200         // assets, and people, that may recur: those with the most tickets
)

// recurringFound is what was found, for a while.
type recurringFound struct {
	sync.Mutex
	at    time.Time
	known map[string]settled // what was decided then
	list  []Recurring
}

// Recurring returns all recurring problems, the most frequent first. What was
// set aside is not among them. A decision shows at once, a new ticket within
// recurringHeld: on a busy desk something happens every second, and it would
// be looked for all day.
func (s *Store) Recurring(ctx context.Context) ([]Recurring, error) {
	known, err := settledKeys(ctx, s.db)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	s.recurring.Lock()
	defer s.recurring.Unlock()
	if age := now.Sub(s.recurring.at); age >= 0 && age < recurringHeld && maps.Equal(known, s.recurring.known) {
		return slices.Clone(s.recurring.list), nil
	}
	list, err := s.findRecurring(ctx, known)
	if err != nil {
		return nil, err
	}
	s.recurring.at, s.recurring.known, s.recurring.list = now, known, list
	return slices.Clone(list), nil
}

// findRecurring looks at the last RecurringDays: of assets and people at every
// ticket, of subjects at the newest recurringRead.
func (s *Store) findRecurring(ctx context.Context, known map[string]settled) ([]Recurring, error) {
	since := s.recurringSince()
	// Whatever was decided may be among those with the most.
	most := recurringMost + len(known)
	all, err := assetProblems(ctx, s.db, since, known, ` AND l.a_id IN (SELECT x.id FROM (SELECT o.a_id AS id, count(*) AS n FROM ticket u JOIN link o ON o.a_kind = 'asset' AND o.b_kind = 'ticket' AND o.b_id = u.id
		WHERE u.opened_at >= ? AND u.stage <> 'dropped' AND u.merged_into_id IS NULL GROUP BY o.a_id HAVING count(*) >= ? ORDER BY n DESC, id DESC LIMIT ?) AS x)`, since, recurringTimes, most)
	if err != nil {
		return nil, err
	}
	var pairs []struct {
		ClientID int64 `db:"client_id"`
	}
	err = s.db.Select(ctx, &pairs, `SELECT DISTINCT y.client_id FROM (SELECT x.client_id, x.category_id, count(*) AS n
		FROM (SELECT COALESCE(t.for_client_id, t.client_id) AS client_id, t.category_id FROM ticket t
			WHERE t.opened_at >= ? AND t.category_id IS NOT NULL AND t.stage <> 'dropped' AND `+unmerged+`) AS x
		WHERE x.client_id IS NOT NULL GROUP BY x.client_id, x.category_id HAVING count(*) >= ? ORDER BY n DESC, x.client_id DESC LIMIT ?) AS y`, since, recurringTimes, most)
	if err != nil {
		return nil, fmt.Errorf("find who asks again and again: %w", err)
	}
	if len(pairs) > 0 {
		ids := make([]any, len(pairs))
		for i, p := range pairs {
			ids[i] = p.ClientID
		}
		rows, err := occurrences(ctx, s.db, since, recurringRows, ` AND COALESCE(t.for_client_id, t.client_id) IN (`+marks(len(ids))+`)`, ids...)
		if err != nil {
			return nil, err
		}
		all = append(all, personProblems(rows, known)...)
	}
	rows, err := occurrences(ctx, s.db, since, recurringRead, ``)
	if err != nil {
		return nil, err
	}
	return unlike(append(all, wordProblems(rows, known)...)), nil
}

// OftenAsked is what somebody asks about again and again.
type OftenAsked struct {
	N          int             // requests within RecurringDays
	Categories []CategoryCount // twice or more, the most frequent first
	Assets     []AssetCount    // the same
}

// OftenAsked counts a person's requests of the last RecurringDays by category
// and by the assets that they are about. Those that were merged do not count.
func (s *Store) OftenAsked(ctx context.Context, clientID int64) (o OftenAsked, err error) {
	since := migrations.At(s.Now().AddDate(0, 0, -RecurringDays))
	var kinds []CategoryCount
	err = s.db.Select(ctx, &kinds, `SELECT COALESCE(k.id, 0) AS id, COALESCE(k.name, '') AS name, count(*) AS n FROM ticket t LEFT JOIN category k ON k.id = t.category_id
		WHERE t.client_id = ? AND t.opened_at >= ? AND `+unmerged+` GROUP BY COALESCE(k.id, 0), COALESCE(k.name, '') ORDER BY n DESC, name`, clientID, since)
	if err != nil {
		return o, fmt.Errorf("count what somebody asks about: %w", err)
	}
	for _, k := range kinds {
		o.N += k.N
		if k.ID != 0 && k.N > 1 {
			o.Categories = append(o.Categories, k)
		}
	}
	err = s.db.Select(ctx, &o.Assets, `SELECT l.a_id AS id, count(*) AS n FROM ticket t JOIN link l ON l.a_kind = 'asset' AND l.b_kind = 'ticket' AND l.b_id = t.id
		WHERE t.client_id = ? AND t.opened_at >= ? AND `+unmerged+` GROUP BY l.a_id HAVING count(*) > 1 ORDER BY n DESC, id LIMIT 5`, clientID, since)
	if err != nil {
		return o, fmt.Errorf("count what somebody's requests are about: %w", err)
	}
	return o, nil
}
