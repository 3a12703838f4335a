package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// Category is what a ticket is about, from a short list that staff edit.
type Category struct {
	ID       int64  `db:"id"`
	Name     string `db:"name"`
	Position int64  `db:"position"`
	Archived bool   `db:"archived"` // kept on tickets that have it, not offered any more
}

// Categories returns the categories in their order, archived ones last and
// only when asked for.
func (s *Store) Categories(ctx context.Context, archived bool) ([]Category, error) {
	var list []Category
	err := s.db.Select(ctx, &list, `SELECT id, name, position, archived FROM category WHERE ? OR NOT archived ORDER BY archived, position, id`, archived)
	if err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	return list, nil
}

// SaveCategory adds a category (ID 0) or changes one.
func (s *Store) SaveCategory(ctx context.Context, actor Actor, c Category) (Category, error) {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if c.Name, err = cleanName(c.Name); err != nil {
			return err
		}
		kind := "edited"
		if c.ID == 0 {
			kind = "created"
			c.ID, err = tx.Insert(ctx, `INSERT INTO category (name, position, archived) VALUES (?, ?, ?) RETURNING id`, c.Name, c.Position, c.Archived)
		} else {
			var n int64
			n, err = tx.Exec(ctx, `UPDATE category SET name = ?, position = ?, archived = ? WHERE id = ?`, c.Name, c.Position, c.Archived, c.ID)
			if err == nil && n == 0 {
				return migrations.NotFoundf("There is no such category.")
			}
		}
		if migrations.IsUnique(err) {
			return migrations.Conflictf("There is already a category %q.", c.Name)
		}
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "category", SubjectID: c.ID, Kind: kind})
	})
	if err != nil {
		return Category{}, fmt.Errorf("save category: %w", err)
	}
	return c, nil
}
