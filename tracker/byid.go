package tracker

import (
	"context"
	"fmt"
)

// TicketsByID returns the tickets of some ids, in their order; unknown ones
// are left out.
func (s *Store) TicketsByID(ctx context.Context, ids []int64) ([]Ticket, error) {
	var rows []Ticket
	if len(ids) == 0 {
		return nil, nil
	}
	if err := s.db.Select(ctx, &rows, ticketSelect+`WHERE t.id IN (`+marks(len(ids))+`)`, anyOf(ids)...); err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	return inOrder(ids, rows, func(t Ticket) int64 { return t.ID }), nil
}

// ClientsByID returns the clients of some ids, in their order; unknown ones
// are left out, and who was merged has the names of whom they are.
func (s *Store) ClientsByID(ctx context.Context, ids []int64) ([]Client, error) {
	var rows []Client
	if len(ids) == 0 {
		return nil, nil
	}
	if err := s.db.Select(ctx, &rows, `SELECT c.id, n.name, n.department, n.phone, n.high_management, c.created_at, c.version, COALESCE(c.erased_at, 0) AS erased_at, COALESCE(c.merged_into_id, 0) AS merged_into_id
		FROM client c JOIN client n ON n.id = COALESCE(c.merged_into_id, c.id) WHERE c.id IN (`+marks(len(ids))+`)`, anyOf(ids)...); err != nil {
		return nil, fmt.Errorf("read clients: %w", err)
	}
	return inOrder(ids, rows, func(c Client) int64 { return c.ID }), nil
}

func anyOf(ids []int64) []any {
	all := make([]any, len(ids))
	for i, id := range ids {
		all[i] = id
	}
	return all
}

// inOrder returns rows in the order in which ids name them, each once.
func inOrder[T any](ids []int64, rows []T, id func(T) int64) []T {
	at := make(map[int64]T, len(rows))
	for _, r := range rows {
		at[id(r)] = r
	}
	list := make([]T, 0, len(rows))
	for _, i := range ids {
		if r, ok := at[i]; ok {
			list = append(list, r)
			delete(at, i)
		}
	}
	return list
}

// EventNames returns the names of those who did what events tell, and of the
// people and categories that they name, by reference: account:7, client:12.
func (s *Store) EventNames(ctx context.Context, events []EventRow) (map[string]string, error) {
	return s.namesOf(ctx, events)
}
