package inventory

import (
	"context"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Category is what kind of thing a model is.
type Category string

// Categories returns every category, in the order of menus.
func Categories() []Category {
	return []Category{"computer", "screen", "phone", "printer", "network", "server", "audio_visual", "part", "service", "other"}
}

// Valid reports whether c is one of the categories.
func (c Category) Valid() bool {
	for _, k := range Categories() {
		if c == k {
			return true
		}
	}
	return false
}

// Model is what assets can be: one manufacturer's one product.
type Model struct {
	ID               int64             `db:"id"`
	Category         Category          `db:"category"`
	Manufacturer     string            `db:"manufacturer"`
	Name             string            `db:"name"`
	UsefulLifeMonths int64             `db:"useful_life_months"` // 0: not known
	MinOnHand        int64             `db:"min_on_hand"`        // 0: no watch
	Specs            string            `db:"specs"`              // a line "name: value" each
	ArchivedAt       *migrations.Stamp `db:"archived_at"`
	Version          int64             `db:"version"`
}

// Title is manufacturer and name.
func (m Model) Title() string {
	if m.Manufacturer == "" {
		return m.Name
	}
	return m.Manufacturer + " " + m.Name
}

// ModelCount is a model with how many pieces there are: several alike as one line.
type ModelCount struct {
	Model
	OnHand   int64 `db:"on_hand"`  // stowed only
	Deployed int64 `db:"deployed"` // deployed
	Away     int64 `db:"away"`     // in repair or maintenance
	Total    int64 `db:"total"`    // all but retired and disposed
}

// Short reports whether fewer are on hand than should be.
func (m ModelCount) Short() bool { return m.OnHand < m.MinOnHand }

// ModelEdit is what may be said of a model.
type ModelEdit struct {
	Category         Category
	Manufacturer     string
	Name             string
	UsefulLifeMonths int64 // 0 to 1200
	MinOnHand        int64 // 0 to 1,000,000
	Specs            string
}

// ModelFilter chooses models for the list. The zero value finds all that are not archived.
type ModelFilter struct {
	Category Category
	Text     string
	Short    bool // only where fewer are on hand than should be
	Archived bool // also archived ones
}

// Models returns models with their counts, by title; after is a page's more.
func (s *Store) Models(ctx context.Context, f ModelFilter, after string, limit int) (list []ModelCount, more string, err error) {
	return nil, "", errTODO
}

// Model returns one model with its counts.
func (s *Store) Model(ctx context.Context, id int64) (ModelCount, error) {
	return ModelCount{}, errTODO
}

// CreateModel makes a model; one of the same manufacturer and name is Invalid.
func (s *Store) CreateModel(ctx context.Context, actor tracker.Actor, in ModelEdit) (Model, error) {
	return Model{}, errTODO
}

// ChangeModel changes a model; a stale version is a Conflict.
func (s *Store) ChangeModel(ctx context.Context, actor tracker.Actor, id int64, in ModelEdit, version int64) (Model, error) {
	return Model{}, errTODO
}

// ArchiveModel hides a model of which nothing is left but retired and disposed pieces, and brings it back.
func (s *Store) ArchiveModel(ctx context.Context, actor tracker.Actor, id int64, archived bool, version int64) (Model, error) {
	return Model{}, errTODO
}
