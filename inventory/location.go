package inventory

import (
	"context"
	"errors"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// LocationKind is what sort of place a location is.
type LocationKind string

// The kinds of locations. Things are stowed in any but a vendor's.
const (
	Site      LocationKind = "site"
	Warehouse LocationKind = "warehouse"
	Room      LocationKind = "room"
	Vendor    LocationKind = "vendor"
)

// LocationKinds returns every kind, in the order of menus.
func LocationKinds() []LocationKind { return []LocationKind{Site, Warehouse, Room, Vendor} }

// Location is a place in the tree of places.
type Location struct {
	ID         int64             `db:"id"`
	ParentID   *int64            `db:"parent_id"`
	Kind       LocationKind      `db:"kind"`
	Name       string            `db:"name"`
	Path       string            `db:"path"` // the names from the root, divided by " > "
	ArchivedAt *migrations.Stamp `db:"archived_at"`
	Version    int64             `db:"version"`
}

// LocationNode is a location in the tree, with what lies in it.
type LocationNode struct {
	Location
	Depth  int   // 0 for a root
	Here   int64 // pieces in this very place, retired and disposed ones left out
	Within int64 // those and the pieces in the places below
}

// LocationEdit is what may be said of a location.
type LocationEdit struct {
	ParentID int64 // 0 for a root
	Kind     LocationKind
	Name     string // up to 100 characters, without " > "
}

var errTODO = errors.New("not yet")

// Locations returns the tree, every node after its parent, siblings by name.
func (s *Store) Locations(ctx context.Context, archived bool) ([]LocationNode, error) {
	return nil, errTODO
}

// Location returns one location.
func (s *Store) Location(ctx context.Context, id int64) (Location, error) {
	return Location{}, errTODO
}

// FindLocations returns the locations whose path has all of text's words, for pickers.
func (s *Store) FindLocations(ctx context.Context, text string, limit int) ([]Location, error) {
	return nil, errTODO
}

// CreateLocation makes a location; a path that exists is Invalid.
func (s *Store) CreateLocation(ctx context.Context, actor tracker.Actor, in LocationEdit) (Location, error) {
	return Location{}, errTODO
}

// EnsureLocation returns the location of a path ("Main site > Store room"), its missing parts made.
func (s *Store) EnsureLocation(ctx context.Context, actor tracker.Actor, path string, kind LocationKind) (Location, error) {
	return Location{}, errTODO
}

// ChangeLocation renames or moves a location and renames the paths below it. A
// place can not move into itself or below; a stale version is a Conflict.
func (s *Store) ChangeLocation(ctx context.Context, actor tracker.Actor, id int64, in LocationEdit, version int64) (Location, error) {
	return Location{}, errTODO
}

// ArchiveLocation hides an empty location, and brings it back. One with assets
// or unarchived places in it is refused, with their number.
func (s *Store) ArchiveLocation(ctx context.Context, actor tracker.Actor, id int64, archived bool, version int64) (Location, error) {
	return Location{}, errTODO
}
