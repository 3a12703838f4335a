package tracker

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// SavedView is a name on a filter of a list.
type SavedView struct {
	ID        int64            `db:"id"`
	AccountID int64            `db:"account_id"` // whose it is
	OwnerName string           `db:"owner_name"`
	Shared    bool             `db:"shared"` // everybody sees it
	List      string           `db:"list"`   // tickets, assets, orders
	Name      string           `db:"name"`
	Query     string           `db:"query"` // of the list's address, encoded, its keys sorted
	Position  int64            `db:"position"`
	CreatedAt migrations.Stamp `db:"created_at"`
	Version   int64            `db:"version"`
}

// Bounds on saved views.
const (
	maxViews     = 40   // that one person sees above one list
	maxViewName  = 60   // characters
	maxViewQuery = 2000 // bytes
)

// ViewLists are the lists that views can be saved of.
func ViewLists() []string { return []string{"tickets", "assets", "orders"} }

const viewSelect = `SELECT v.id, v.account_id, COALESCE(a.name, '') AS owner_name, v.shared, v.list, v.name, v.query, v.position, v.created_at, v.version
	FROM saved_view v LEFT JOIN account a ON a.id = v.account_id `

// MayEditView reports whether somebody may change or remove a view: its
// owner may, and who may edit anybody's.
func MayEditView(a Account, v SavedView) bool {
	return May(a, SaveViews) && v.AccountID == a.ID || May(a, EditAnyView)
}

// SavedViews returns the views of a list that somebody sees: everybody's
// first, then their own, each in their order.
func (s *Store) SavedViews(ctx context.Context, list string, accountID int64) ([]SavedView, error) {
	return savedViews(ctx, s.db, list, accountID)
}

func savedViews(ctx context.Context, q read, list string, accountID int64) ([]SavedView, error) {
	var all []SavedView
	err := q.Select(ctx, &all, viewSelect+`WHERE v.list = ? AND (v.shared OR v.account_id = ?) ORDER BY v.position, v.id`, list, accountID)
	if err != nil {
		return nil, fmt.Errorf("list saved views: %w", err)
	}
	slices.SortStableFunc(all, func(a, b SavedView) int {
		switch {
		case a.Shared == b.Shared:
			return 0
		case a.Shared:
			return -1
		}
		return 1
	})
	return all, nil
}

// SavedView returns a view that somebody sees.
func (s *Store) SavedView(ctx context.Context, id, accountID int64) (SavedView, error) {
	return savedView(ctx, s.db, id, accountID)
}

func savedView(ctx context.Context, q read, id, accountID int64) (SavedView, error) {
	var v SavedView
	err := q.Get(ctx, &v, viewSelect+`WHERE v.id = ? AND (v.shared OR v.account_id = ?)`, id, accountID)
	if migrations.KindOf(err) == migrations.NotFound {
		return v, migrations.NotFoundf("There is no such view (any more).")
	}
	if err != nil {
		return v, fmt.Errorf("read saved view: %w", err)
	}
	return v, nil
}

// SaveView puts a name on a filter, at the end of the row. Of v only Shared,
// List, Name, Query and, where not 0, Position count.
func (s *Store) SaveView(ctx context.Context, by Account, v SavedView) (SavedView, error) {
	if !May(by, SaveViews) {
		return SavedView{}, errNotYours
	}
	if !slices.Contains(ViewLists(), v.List) {
		return SavedView{}, migrations.Invalidf("Of this list no views can be saved.")
	}
	v.AccountID = by.ID
	if err := v.check(); err != nil {
		return SavedView{}, err
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		all, err := savedViews(ctx, tx, v.List, by.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxViews {
			return migrations.Invalidf("There are %d views already. Please remove one first.", len(all))
		}
		if err := unlikeOthers(v, all); err != nil {
			return err
		}
		if v.Position == 0 {
			if err := tx.Get(ctx, &v.Position, `SELECT COALESCE(MAX(position), 0) + 1 FROM saved_view WHERE list = ?`, v.List); err != nil {
				return err
			}
		}
		id, err := tx.Insert(ctx, `INSERT INTO saved_view (account_id, shared, list, name, query, position, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			v.AccountID, v.Shared, v.List, v.Name, v.Query, v.Position, s.stamp())
		if err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "saved_view", SubjectID: id, Kind: "made", Became: v.List}); err != nil {
			return err
		}
		v, err = savedView(ctx, tx, id, by.ID)
		return err
	})
	if err != nil {
		return SavedView{}, fmt.Errorf("save a view: %w", err)
	}
	return v, nil
}

var errNotYours = migrations.Deniedf("This view belongs to somebody else: only they and administrators can change it.")

// check cleans name and query.
func (v *SavedView) check() error {
	v.Name = oneLine(v.Name)
	if v.Name == "" {
		return migrations.Invalidf("Please give the view a name.")
	}
	if utf8.RuneCountInString(v.Name) > maxViewName {
		return migrations.Invalidf("This name is too long: please say it in up to %d characters.", maxViewName)
	}
	q, err := url.ParseQuery(v.Query)
	if err != nil || len(v.Query) > maxViewQuery {
		return migrations.Invalidf("This filter can not be saved.")
	}
	v.Query = ViewQuery(q)
	return nil
}

// ViewQuery returns the part of a list's address that makes a view: without
// the place in the list, and what is empty.
func ViewQuery(q url.Values) string {
	keep := url.Values{}
	for k, all := range q {
		switch k {
		case "after", "past", "live", "view":
			continue
		}
		for _, v := range all {
			if v != "" {
				keep[k] = append(keep[k], v)
			}
		}
	}
	return keep.Encode()
}

func unlikeOthers(v SavedView, all []SavedView) error {
	for _, o := range all {
		if o.ID != v.ID && Fold(o.Name) == Fold(v.Name) {
			return migrations.Invalidf("There is a view called “%s” already.", o.Name)
		}
	}
	return nil
}

// ViewChange says what to change of a view; nil leaves it alone.
type ViewChange struct {
	Name, Query *string
	Shared      *bool
}

// ChangeView renames a view, gives it another filter, or shares it.
func (s *Store) ChangeView(ctx context.Context, by Account, id int64, c ViewChange, version int64) (SavedView, error) {
	var now SavedView
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		v, err := takeViewTx(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if version != AnyVersion && version != v.Version {
			return errStale()
		}
		if c.Name != nil {
			v.Name = *c.Name
		}
		if c.Query != nil {
			v.Query = *c.Query
		}
		if c.Shared != nil {
			v.Shared = *c.Shared
		}
		if err := v.check(); err != nil {
			return err
		}
		all, err := savedViews(ctx, tx, v.List, v.AccountID)
		if err != nil {
			return err
		}
		if err := unlikeOthers(v, all); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE saved_view SET name = ?, query = ?, shared = ?, version = version + 1 WHERE id = ?`, v.Name, v.Query, v.Shared, id); err != nil {
			return err
		}
		v.Version++
		now = v
		return s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "saved_view", SubjectID: id, Kind: "edited"})
	})
	if err != nil {
		return SavedView{}, fmt.Errorf("change view %d: %w", id, err)
	}
	return now, nil
}

// takeViewTx locks a view that somebody may edit.
func takeViewTx(ctx context.Context, tx *migrations.Tx, by Account, id int64) (SavedView, error) {
	if _, err := tx.Exec(ctx, `UPDATE saved_view SET version = version WHERE id = ?`, id); err != nil {
		return SavedView{}, err
	}
	v, err := savedView(ctx, tx, id, by.ID)
	if err == nil && !MayEditView(by, v) {
		return v, errNotYours
	}
	return v, err
}

// MoveView moves a view by some places among its like: everybody's, or one's own.
func (s *Store) MoveView(ctx context.Context, by Account, id int64, places int) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// Each writes the places of all: one after the other.
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		v, err := takeViewTx(ctx, tx, by, id)
		if err != nil {
			return err
		}
		all, err := savedViews(ctx, tx, v.List, by.ID)
		if err != nil {
			return err
		}
		like := slices.DeleteFunc(all, func(o SavedView) bool { return o.Shared != v.Shared })
		from := slices.IndexFunc(like, func(o SavedView) bool { return o.ID == id })
		to := min(max(from+places, 0), len(like)-1)
		like = slices.Insert(slices.Delete(like, from, from+1), to, v)
		for i, o := range like {
			if _, err := tx.Exec(ctx, `UPDATE saved_view SET position = ? WHERE id = ? AND position <> ?`, i+1, o.ID, i+1); err != nil {
				return err
			}
		}
		return s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "saved_view", SubjectID: id, Kind: "moved"})
	})
	if err != nil {
		return fmt.Errorf("move view %d: %w", id, err)
	}
	return nil
}

// RemoveView removes a view and returns it as it was, so that SaveView can
// bring it back.
func (s *Store) RemoveView(ctx context.Context, by Account, id int64) (SavedView, error) {
	var was SavedView
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if was, err = takeViewTx(ctx, tx, by, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM saved_view WHERE id = ?`, id); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "saved_view", SubjectID: id, Kind: "removed"})
	})
	if err != nil {
		return SavedView{}, fmt.Errorf("remove view %d: %w", id, err)
	}
	return was, nil
}
