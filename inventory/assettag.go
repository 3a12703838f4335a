package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// tagOf words the n-th tag.
func tagOf(n int64) string { return fmt.Sprintf("A-%04d", n) }

// NextTag returns the tag that registering would draw, for the form.
func (s *Store) NextTag(ctx context.Context) (string, error) {
	var last int64
	if err := s.db.Get(ctx, &last, `SELECT value FROM counter WHERE name = 'asset'`); err != nil {
		return "", fmt.Errorf("read the last tag: %w", err)
	}
	n, err := freeTag(ctx, s.db, last, tagOf)
	return tagOf(n), err
}

// freeTag returns the first number after last whose tag nothing has.
func freeTag(ctx context.Context, q read, last int64, tag func(n int64) string) (int64, error) {
	const some = 200
	for {
		folded := make([]any, some)
		for i := range folded {
			folded[i] = tracker.Fold(tag(last + 1 + int64(i)))
		}
		var taken []string
		if err := q.Select(ctx, &taken, `SELECT tag_folded FROM asset WHERE tag_folded IN (`+marks(some)+`)`, folded...); err != nil {
			return 0, fmt.Errorf("look for a free tag: %w", err)
		}
		used := map[string]bool{}
		for _, t := range taken {
			used[t] = true
		}
		for i, t := range folded {
			if !used[t.(string)] {
				return last + 1 + int64(i), nil
			}
		}
		last += some
	}
}

// drawTagTx draws the next free tag. Others who draw wait until the commit.
func drawTagTx(ctx context.Context, tx *migrations.Tx) (string, error) {
	var last int64
	if err := tx.Get(ctx, &last, `UPDATE counter SET value = value + 1 WHERE name = 'asset' RETURNING value`); err != nil {
		return "", fmt.Errorf("draw a tag: %w", err)
	}
	n, err := freeTag(ctx, tx, last-1, tagOf)
	if err != nil {
		return "", err
	}
	if n != last {
		if _, err := tx.Exec(ctx, `UPDATE counter SET value = ? WHERE name = 'asset'`, n); err != nil {
			return "", fmt.Errorf("draw a tag: %w", err)
		}
	}
	return tagOf(n), nil
}
