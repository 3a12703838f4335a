package tracker

import (
	"context"
	"fmt"
)

// Found is a query on the things of one kind that a search finds, for the
// packages that own those things: so their lists filter by words as well.
type Found struct {
	Kind       string
	Text       string   // what somebody typed
	Columns    string   // of the result; d.id, the document, is the key of its pages
	Inner      string   // the thing's table, joined to the document: "asset a ON a.id = d.ref "
	Outer      string   // what is joined to that
	Conditions []string // on the joined tables
	Args       []any
	Before     int64 // only documents below this id; 0 for all
	Limit      int
}

// SelectFound returns the rows that f finds, the newest document first; none
// where its text has no words.
func SelectFound[T any](ctx context.Context, s *Store, f Found) ([]T, error) {
	m, ok := s.match(f.Text)
	if !ok {
		return nil, nil
	}
	rows, err := selectFound[T](ctx, s, m, foundQuery{columns: f.Columns, kinds: []string{f.Kind}, inner: f.Inner, outer: f.Outer,
		conditions: f.Conditions, args: f.Args, before: f.Before, limit: f.Limit})
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", f.Kind, err)
	}
	return rows, nil
}
