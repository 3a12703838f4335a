package inventory

import (
	"context"
	"fmt"
	"sort"
	"strings"

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

// Valid reports whether k is one of the kinds.
func (k LocationKind) Valid() bool { return k == Site || k == Warehouse || k == Room || k == Vendor }

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

// Bounds of the tree of places.
const (
	maxDepth = 12
	pathMark = " > "
)

const locationColumns = `id, parent_id, kind, name, path, archived_at, version`

// below is a query of a location's id and the ids of all below it.
const below = `WITH RECURSIVE below (id) AS (SELECT id FROM location WHERE id = ? UNION SELECT c.id FROM location c JOIN below b ON c.parent_id = b.id) SELECT id FROM below`

// Locations returns the tree, every node after its parent, siblings by name.
func (s *Store) Locations(ctx context.Context, archived bool) ([]LocationNode, error) {
	var all []struct {
		Location
		Folded string `db:"name_folded"`
		Here   int64  `db:"here"`
	}
	err := s.db.Select(ctx, &all, `SELECT l.id, l.parent_id, l.kind, l.name, l.path, l.archived_at, l.version, l.name_folded, COALESCE(c.here, 0) AS here
		FROM location l LEFT JOIN (SELECT location_id, CAST(SUM(quantity) AS BIGINT) AS here FROM asset
			WHERE location_id IS NOT NULL AND status IN ('stowed', 'deployed', 'maintenance', 'repair') GROUP BY location_id) AS c ON c.location_id = l.id
		WHERE ? OR l.archived_at IS NULL`, archived)
	if err != nil {
		return nil, fmt.Errorf("list locations: %w", err)
	}
	// Sorted here, so that both engines agree on the order.
	sort.Slice(all, func(i, j int) bool {
		if all[i].Folded != all[j].Folded {
			return all[i].Folded < all[j].Folded
		}
		return all[i].ID < all[j].ID
	})
	children := map[int64][]int{}
	known := map[int64]bool{}
	for _, l := range all {
		known[l.ID] = true
	}
	for i, l := range all {
		parent := orZero(l.ParentID)
		if !known[parent] {
			parent = 0
		}
		children[parent] = append(children[parent], i)
	}
	nodes := make([]LocationNode, 0, len(all))
	var walk func(parent int64, depth int) (within int64)
	walk = func(parent int64, depth int) (within int64) {
		for _, i := range children[parent] {
			at := len(nodes)
			nodes = append(nodes, LocationNode{Location: all[i].Location, Depth: depth, Here: all[i].Here})
			nodes[at].Within = all[i].Here + walk(all[i].ID, depth+1)
			within += nodes[at].Within
		}
		return within
	}
	walk(0, 0)
	return nodes, nil
}

// Location returns one location.
func (s *Store) Location(ctx context.Context, id int64) (Location, error) {
	return locationWhere(ctx, s.db, `id = ?`, id)
}

func locationWhere(ctx context.Context, q read, condition string, args ...any) (Location, error) {
	var l Location
	err := q.Get(ctx, &l, `SELECT `+locationColumns+` FROM location WHERE `+condition, args...)
	if migrations.KindOf(err) == migrations.NotFound {
		return l, migrations.NotFoundf("There is no such place.")
	}
	if err != nil {
		return l, fmt.Errorf("read location: %w", err)
	}
	return l, nil
}

// FindLocations returns the locations whose path has all of text's words, for pickers.
func (s *Store) FindLocations(ctx context.Context, text string, limit int) ([]Location, error) {
	if limit <= 0 || limit > 500 {
		limit = 20
	}
	conditions, args := hasWords(`path_folded`, text)
	var all []Location
	err := s.db.Select(ctx, &all, `SELECT `+locationColumns+` FROM location WHERE archived_at IS NULL`+conditions+` ORDER BY path_folded, id LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("find locations: %w", err)
	}
	return all, nil
}

// hasWords returns conditions that a folded column has every word of text.
func hasWords(column, text string) (conditions string, args []any) {
	words := strings.Fields(tracker.Fold(clip(tracker.OneLine(text), 200)))
	for _, w := range words[:min(len(words), 12)] {
		conditions += ` AND ` + column + ` LIKE ? ESCAPE '!'`
		args = append(args, `%`+strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(w)+`%`)
	}
	return conditions, args
}

// clean returns what was said of a location as it is stored.
func (in LocationEdit) clean() (LocationEdit, error) {
	var err error
	if in.Name, err = textLine("name", "name", in.Name, maxName); err != nil {
		return in, err
	}
	switch {
	case in.Name == "":
		return in, migrations.InvalidAt("name", "Please give the place a name.")
	case strings.Contains(" "+tracker.Fold(in.Name)+" ", pathMark):
		return in, migrations.InvalidAt("name", "A name can not have \">\" on its own in it: that divides a place from the place it is in.")
	case !in.Kind.Valid():
		return in, migrations.InvalidAt("kind", "Please say what sort of place it is: a site, a warehouse, a room or a vendor.")
	case in.ParentID < 0:
		return in, migrations.InvalidAt("parent", "There is no such place to put it in.")
	}
	return in, nil
}

// lockTreeTx has all others wait until the commit who change the tree of
// places, or what is a part of what, so that two changes can not make a ring
// together. Tags are drawn under the same lock. It comes before the rows of
// assets and places, lest two wait for each other.
func lockTreeTx(ctx context.Context, tx *migrations.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE counter SET value = value WHERE name = 'asset'`); err != nil {
		return fmt.Errorf("lock the places: %w", err)
	}
	return nil
}

// underTx returns the path of a place of some name in a parent (0 for a
// root), and refuses one that exists already, besides the place except.
func underTx(ctx context.Context, tx *migrations.Tx, parent int64, name string, except int64) (path string, err error) {
	path = name
	if parent != 0 {
		l, err := locationWhere(ctx, tx, `id = ?`, parent)
		switch {
		case migrations.KindOf(err) == migrations.NotFound:
			return "", &migrations.Error{Kind: migrations.NotFound, Message: "There is no such place to put it in.", Field: "parent"}
		case err != nil:
			return "", err
		case l.ArchivedAt != nil:
			return "", migrations.InvalidAt("parent", "%s is archived. Bring it back first, or choose another place.", l.Path)
		case strings.Count(l.Path, pathMark)+2 > maxDepth:
			return "", migrations.InvalidAt("parent", "Places can be %d levels deep at most.", maxDepth)
		}
		path = l.Path + pathMark + name
	}
	other, err := locationWhere(ctx, tx, `path_folded = ? AND id <> ?`, tracker.Fold(path), except)
	if migrations.KindOf(err) == migrations.NotFound {
		return path, nil
	}
	if err != nil {
		return "", err
	}
	if other.ArchivedAt != nil {
		return "", migrations.InvalidAt("name", "There is already a place %s. It is archived: bring it back instead.", other.Path)
	}
	return "", migrations.InvalidAt("name", "There is already a place %s.", other.Path)
}

// CreateLocation makes a location; a path that exists is Invalid.
func (s *Store) CreateLocation(ctx context.Context, actor tracker.Actor, in LocationEdit) (Location, error) {
	var l Location
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		l, err = s.createLocationTx(ctx, tx, actor, in)
		return err
	})
	if err != nil {
		return Location{}, fmt.Errorf("create location: %w", err)
	}
	return l, nil
}

func (s *Store) createLocationTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in LocationEdit) (Location, error) {
	in, err := in.clean()
	if err != nil {
		return Location{}, err
	}
	if err := lockTreeTx(ctx, tx); err != nil {
		return Location{}, err
	}
	l := Location{ParentID: orNull(in.ParentID), Kind: in.Kind, Name: in.Name, Version: 1}
	if l.Path, err = underTx(ctx, tx, in.ParentID, in.Name, 0); err != nil {
		return Location{}, err
	}
	l.ID, err = tx.Insert(ctx, `INSERT INTO location (parent_id, kind, name, name_folded, path, path_folded, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		l.ParentID, l.Kind, l.Name, tracker.Fold(l.Name), l.Path, tracker.Fold(l.Path), s.stamp())
	if err != nil {
		return Location{}, err
	}
	return l, s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "location", SubjectID: l.ID, Kind: "created"})
}

// EnsureLocation returns the location of a path ("Main site > Store room"), its
// missing parts made: the last of the given kind, those above it as site and rooms.
func (s *Store) EnsureLocation(ctx context.Context, actor tracker.Actor, path string, kind LocationKind) (Location, error) {
	var l Location
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		l, err = s.ensureLocationTx(ctx, tx, actor, path, kind)
		return err
	})
	if err != nil {
		return Location{}, fmt.Errorf("make location: %w", err)
	}
	return l, nil
}

// ensureLocationTx is EnsureLocation within a transaction.
func (s *Store) ensureLocationTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, path string, kind LocationKind) (Location, error) {
	names := strings.Split(tracker.OneLine(path), pathMark)
	var l Location
	for i, name := range names {
		in := LocationEdit{ParentID: l.ID, Name: name, Kind: kind}
		switch {
		case i == len(names)-1:
		case i == 0:
			in.Kind = Site
		default:
			in.Kind = Room
		}
		in, err := in.clean()
		if err != nil {
			return Location{}, err
		}
		full := in.Name
		if l.Path != "" {
			full = l.Path + pathMark + in.Name
		}
		found, err := locationWhere(ctx, tx, `path_folded = ?`, tracker.Fold(full))
		if migrations.KindOf(err) == migrations.NotFound {
			// Somebody may be making it just now: wait for that, and look again.
			if err := lockTreeTx(ctx, tx); err != nil {
				return Location{}, err
			}
			found, err = locationWhere(ctx, tx, `path_folded = ?`, tracker.Fold(full))
		}
		if migrations.KindOf(err) == migrations.NotFound {
			found, err = s.createLocationTx(ctx, tx, actor, in)
		}
		if err != nil {
			return Location{}, err
		}
		l = found
	}
	if l.ArchivedAt != nil {
		return Location{}, migrations.InvalidAt("location", "%s is archived. Bring it back first, or choose another place.", l.Path)
	}
	return l, nil
}

// ChangeLocation renames or moves a location and renames the paths below it. A
// place can not move into itself or below; a stale version is a Conflict.
func (s *Store) ChangeLocation(ctx context.Context, actor tracker.Actor, id int64, in LocationEdit, version int64) (Location, error) {
	var l Location
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		l, err = s.changeLocationTx(ctx, tx, actor, id, in, version)
		return err
	})
	if err != nil {
		return Location{}, fmt.Errorf("change location %d: %w", id, err)
	}
	return l, nil
}

func (s *Store) changeLocationTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, id int64, in LocationEdit, version int64) (Location, error) {
	if err := lockTreeTx(ctx, tx); err != nil {
		return Location{}, err
	}
	was, err := s.editedLocationTx(ctx, tx, id, version)
	if err != nil {
		return Location{}, err
	}
	if in, err = in.clean(); err != nil {
		return Location{}, err
	}
	var inside []Location // the place and those below
	if err := tx.Select(ctx, &inside, `SELECT `+locationColumns+` FROM location WHERE id IN (`+below+`)`, id); err != nil {
		return Location{}, err
	}
	deepest := 0
	for _, c := range inside {
		if c.ID == in.ParentID {
			return Location{}, migrations.InvalidAt("parent", "A place can not be in itself or in a place below it.")
		}
		deepest = max(deepest, strings.Count(c.Path[len(was.Path):], pathMark))
	}
	now := was
	now.Kind, now.Name, now.ParentID = in.Kind, in.Name, orNull(in.ParentID)
	if now.Path, err = underTx(ctx, tx, in.ParentID, in.Name, id); err != nil {
		return Location{}, err
	}
	if strings.Count(now.Path, pathMark)+1+deepest > maxDepth {
		return Location{}, migrations.InvalidAt("parent", "Places can be %d levels deep at most.", maxDepth)
	}
	if was.Kind != Vendor && now.Kind == Vendor {
		var stowed int64
		if err := tx.Get(ctx, &stowed, `SELECT count(*) FROM asset WHERE location_id = ? AND status = 'stowed'`, id); err != nil {
			return Location{}, err
		}
		if stowed > 0 {
			return Location{}, migrations.InvalidAt("kind", "%s stowed here, and nothing is stowed at a vendor's. Please move what is here first.", plural(stowed, "thing is", "things are"))
		}
	}
	var changed []string
	if was.Name != now.Name {
		changed = append(changed, "name")
	}
	if was.Kind != now.Kind {
		changed = append(changed, "kind")
	}
	if !same(was.ParentID, now.ParentID) {
		changed = append(changed, "parent")
	}
	if len(changed) == 0 {
		return was, nil
	}
	now.Version++
	_, err = tx.Exec(ctx, `UPDATE location SET parent_id = ?, kind = ?, name = ?, name_folded = ?, path = ?, path_folded = ?, version = version + 1 WHERE id = ?`,
		now.ParentID, now.Kind, now.Name, tracker.Fold(now.Name), now.Path, tracker.Fold(now.Path), id)
	if err != nil {
		return Location{}, err
	}
	if was.Path != now.Path {
		for _, c := range inside {
			if c.ID == id {
				continue
			}
			path := now.Path + c.Path[len(was.Path):]
			if _, err := tx.Exec(ctx, `UPDATE location SET path = ?, path_folded = ? WHERE id = ?`, path, tracker.Fold(path), c.ID); err != nil {
				return Location{}, err
			}
		}
		if err := s.indexAssetsTx(ctx, tx, `location_id IN (`+below+`)`, id); err != nil {
			return Location{}, err
		}
		if err := s.indexOrdersTx(ctx, tx, `vendor_id IN (`+below+`)`, id); err != nil {
			return Location{}, err
		}
	}
	return now, s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "location", SubjectID: id, Kind: "changed", Became: strings.Join(changed, " ")})
}

// editedLocationTx returns a location whose version is the one that somebody edits.
func (s *Store) editedLocationTx(ctx context.Context, tx *migrations.Tx, id, version int64) (Location, error) {
	if _, err := tx.Exec(ctx, `UPDATE location SET version = version WHERE id = ?`, id); err != nil {
		return Location{}, err
	}
	l, err := locationWhere(ctx, tx, `id = ?`, id)
	if err == nil && version != tracker.AnyVersion && version != l.Version {
		err = errStale()
	}
	return l, err
}

// ArchiveLocation hides an empty location, and brings it back. One with assets
// or unarchived places in it is refused, with their number.
func (s *Store) ArchiveLocation(ctx context.Context, actor tracker.Actor, id int64, archived bool, version int64) (Location, error) {
	var l Location
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if err := lockTreeTx(ctx, tx); err != nil {
			return err
		}
		if l, err = s.editedLocationTx(ctx, tx, id, version); err != nil {
			return err
		}
		if (l.ArchivedAt != nil) == archived {
			return nil
		}
		kind := "archived"
		if archived {
			if err := emptyTx(ctx, tx, l); err != nil {
				return err
			}
			now := s.stamp()
			l.ArchivedAt = &now
		} else {
			kind, l.ArchivedAt = "unarchived", nil
			if l.ParentID != nil {
				parent, err := locationWhere(ctx, tx, `id = ?`, *l.ParentID)
				if err != nil {
					return err
				}
				if parent.ArchivedAt != nil {
					return migrations.Invalidf("%s is archived. Bring it back first.", parent.Path)
				}
			}
		}
		l.Version++
		if _, err := tx.Exec(ctx, `UPDATE location SET archived_at = ?, version = version + 1 WHERE id = ?`, l.ArchivedAt, id); err != nil {
			return err
		}
		return s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "location", SubjectID: id, Kind: kind})
	})
	if err != nil {
		return Location{}, fmt.Errorf("archive location %d: %w", id, err)
	}
	return l, nil
}

// emptyTx refuses a location that has something in it.
func emptyTx(ctx context.Context, tx *migrations.Tx, l Location) error {
	var n struct {
		Used    int64 `db:"used"`
		Retired int64 `db:"retired"`
		Places  int64 `db:"places"`
	}
	err := tx.Get(ctx, &n, `SELECT count(CASE WHEN status <> 'retired' THEN 1 END) AS used, count(CASE WHEN status = 'retired' THEN 1 END) AS retired,
		(SELECT count(*) FROM location c WHERE c.parent_id = ? AND c.archived_at IS NULL) AS places FROM asset WHERE location_id = ?`, l.ID, l.ID)
	switch {
	case err != nil:
		return err
	case n.Places > 0:
		return migrations.Invalidf("%s still has %s in it. Please archive or move them first.", l.Path, plural(n.Places, "place", "places"))
	case n.Used > 0:
		return migrations.Invalidf("%s still has %s in it. Please move them first.", l.Path, plural(n.Used+n.Retired, "thing", "things"))
	case n.Retired > 0:
		return migrations.Invalidf("%s still has %s in it. Please move or dispose of them first.", l.Path, plural(n.Retired, "retired thing", "retired things"))
	}
	return nil
}
