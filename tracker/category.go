package tracker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// Category is what a ticket is about, from a short list that staff edit.
type Category struct {
	ID       int64  `db:"id"`
	Name     string `db:"name"`
	Position int64  `db:"position"`
	Archived bool   `db:"archived"` // kept on tickets that have it, not offered any more
	Version  int64  `db:"version"`
}

// Categories returns the categories in their order, archived ones last and
// only when asked for.
func (s *Store) Categories(ctx context.Context, archived bool) ([]Category, error) {
	var list []Category
	err := s.db.Select(ctx, &list, `SELECT id, name, position, archived, version FROM category WHERE ? OR NOT archived ORDER BY archived, position, id`, archived)
	if err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	return list, nil
}

// CategoryTickets is how many tickets have a category, and how many of them are
// not completed or dropped.
type CategoryTickets struct {
	CategoryID int64 `db:"category_id"`
	All        int64 `db:"n"`
	Open       int64 `db:"unfinished"`
}

// CategoryCounts returns the counts by category.
func (s *Store) CategoryCounts(ctx context.Context) (map[int64]CategoryTickets, error) {
	var rows []CategoryTickets
	err := s.db.Select(ctx, &rows, `SELECT category_id, count(*) AS n, count(CASE WHEN closed_at IS NULL THEN 1 END) AS unfinished
		FROM ticket WHERE category_id IS NOT NULL GROUP BY category_id`)
	if err != nil {
		return nil, fmt.Errorf("count tickets by category: %w", err)
	}
	all := map[int64]CategoryTickets{}
	for _, r := range rows {
		all[r.CategoryID] = r
	}
	return all, nil
}

// AddCategory adds a category behind the others.
func (s *Store) AddCategory(ctx context.Context, actor Actor, name string) (Category, error) {
	c := Category{Version: 1}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if c.Name, err = cleanCategory(name); err != nil {
			return err
		}
		if err = tx.Get(ctx, &c.Position, `SELECT COALESCE(MAX(position), 0) + 1 FROM category`); err != nil {
			return err
		}
		c.ID, err = tx.Insert(ctx, `INSERT INTO category (name, position, archived) VALUES (?, ?, FALSE) RETURNING id`, c.Name, c.Position)
		if migrations.IsUnique(err) {
			return migrations.InvalidAt("name", "There is already a category %q.", c.Name)
		}
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "category", SubjectID: c.ID, Kind: "created"})
	})
	if err != nil {
		return Category{}, fmt.Errorf("add category: %w", err)
	}
	return c, nil
}

// CategoryChange says what to change of a category; nil leaves it alone.
type CategoryChange struct {
	Name     *string
	Archived *bool
}

// UpdateCategory renames a category, archives it or offers it again. Conflict
// where somebody changed it since that version.
func (s *Store) UpdateCategory(ctx context.Context, actor Actor, id int64, change CategoryChange, version int64) (Category, error) {
	var c Category
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		err := tx.Get(ctx, &c, `UPDATE category SET version = version WHERE id = ? RETURNING id, name, position, archived, version`, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.NotFoundf("There is no such category.")
		}
		if err != nil {
			return err
		}
		if version != AnyVersion && version != c.Version {
			return errStale()
		}
		was := c
		if change.Name != nil {
			if c.Name, err = cleanCategory(*change.Name); err != nil {
				return err
			}
		}
		if change.Archived != nil {
			c.Archived = *change.Archived
		}
		if c == was {
			return nil
		}
		c.Version++
		_, err = tx.Exec(ctx, `UPDATE category SET name = ?, archived = ?, version = ? WHERE id = ?`, c.Name, c.Archived, c.Version, id)
		if migrations.IsUnique(err) {
			return migrations.InvalidAt("name", "There is already a category %q.", c.Name)
		}
		if err != nil {
			return err
		}
		e := Event{Actor: actor, Subject: "category", SubjectID: id, Kind: "edited"}
		if was.Archived != c.Archived {
			e.Kind, e.Was, e.Became = "archived", fmt.Sprint(was.Archived), fmt.Sprint(c.Archived)
		}
		return s.RecordTx(ctx, tx, e)
	})
	if err != nil {
		return Category{}, fmt.Errorf("change category %d: %w", id, err)
	}
	return c, nil
}

// MoveCategory puts a category one place up or down among those that are
// offered. At the end of the list it stays where it is.
func (s *Store) MoveCategory(ctx context.Context, actor Actor, id int64, up bool) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var all []Category // held, so that two who move at once wait for each other
		if err := tx.Select(ctx, &all, `UPDATE category SET version = version RETURNING id, name, position, archived, version`); err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b Category) int {
			return cmp.Or(strings.Compare(fmt.Sprint(a.Archived), fmt.Sprint(b.Archived)), cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
		})
		i := slices.IndexFunc(all, func(c Category) bool { return c.ID == id })
		if i < 0 {
			return migrations.NotFoundf("There is no such category.")
		}
		j := i + 1
		if up {
			j = i - 1
		}
		if j < 0 || j >= len(all) || all[j].Archived != all[i].Archived {
			return nil
		}
		all[i], all[j] = all[j], all[i]
		for at, c := range all {
			if c.Position == int64(at+1) {
				continue
			}
			if _, err := tx.Exec(ctx, `UPDATE category SET position = ? WHERE id = ?`, at+1, c.ID); err != nil {
				return err
			}
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "category", SubjectID: id, Kind: "moved", Was: fmt.Sprint(i + 1), Became: fmt.Sprint(j + 1)})
	})
	if err != nil {
		return fmt.Errorf("move category %d: %w", id, err)
	}
	return nil
}

func cleanCategory(name string) (string, error) {
	name = oneLine(name)
	if name == "" || utf8.RuneCountInString(name) > 60 {
		return "", migrations.InvalidAt("name", "Please give the category a name of at most 60 characters.")
	}
	return name, nil
}
