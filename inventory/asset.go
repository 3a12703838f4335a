package inventory

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Status is where an asset is in its life.
type Status string

// The statuses.
const (
	Stowed      Status = "stowed"      // lies in a place, ready
	Deployed    Status = "deployed"    // with a person, or at work in a place
	Maintenance Status = "maintenance" // away for maintenance
	Repair      Status = "repair"      // away for repair
	Retired     Status = "retired"     // out of use, still there
	Disposed    Status = "disposed"    // gone
)

// Statuses returns every status, in the order of menus.
func Statuses() []Status { return []Status{Stowed, Deployed, Maintenance, Repair, Retired, Disposed} }

// Asset is one thing, or several alike that lie together.
type Asset struct {
	ID             int64            `db:"id"`
	Tag            string           `db:"tag"`
	ModelID        int64            `db:"model_id"`
	Category       Category         `db:"category"` // of the model
	Manufacturer   string           `db:"manufacturer"`
	ModelName      string           `db:"model_name"`
	Serial         string           `db:"serial"`
	ParentID       *int64           `db:"parent_id"`
	Hostname       string           `db:"hostname"`
	Purpose        string           `db:"purpose"`
	Specs          string           `db:"specs"` // a line "name: value" each
	Reference      string           `db:"reference"`
	PurchasedOn    string           `db:"purchased_on"`    // 2026-11-22, "" where unknown
	Cost           *int64           `db:"cost"`            // of one piece, minor units, nil where unknown
	EstimatedValue *int64           `db:"estimated_value"` // of one piece, minor units
	Currency       string           `db:"currency"`
	WarrantyUntil  string           `db:"warranty_until"`
	EndOfLifeOn    string           `db:"end_of_life_on"`
	ImportRef      string           `db:"import_ref"`
	Status         Status           `db:"status"`
	LocationID     *int64           `db:"location_id"`
	LocationPath   string           `db:"location_path"`
	LocationName   string           `db:"location_name"`
	HolderID       *int64           `db:"holder_id"`
	HolderName     string           `db:"holder_name"`
	Quantity       int64            `db:"quantity"`
	Moves          int64            `db:"moves"` // the number of its last movement
	MovedAt        migrations.Stamp `db:"moved_at"`
	CreatedAt      migrations.Stamp `db:"created_at"`
	UpdatedAt      migrations.Stamp `db:"updated_at"`
	Version        int64            `db:"version"`
}

// Title is what the asset is, in words: manufacturer and model.
func (a Asset) Title() string { return Model{Manufacturer: a.Manufacturer, Name: a.ModelName}.Title() }

// Thing names the asset for links, files and search.
func (a Asset) Thing() tracker.Thing { return tracker.Thing{Kind: tracker.KindAsset, ID: a.ID} }

// Place is where a thing is registered or moved to.
type Place struct {
	Status     Status // Stowed or Deployed
	LocationID int64
	HolderID   int64 // a client
	Quantity   int64 // 0 for 1 on registering, for all on moving
	Reason     string
}

// AssetFilter chooses assets for a list. The zero value finds all that are not retired or disposed.
type AssetFilter struct {
	Statuses   []Status
	Category   Category
	ModelID    int64
	LocationID int64 // this place and the places below it
	HolderID   int64
	Text       string // words to search
	WarrantyTo string // whose warranty ends on this day or earlier, but not before today
	Gone       bool   // also retired and disposed ones
}

// where returns the conditions of f on asset a, and what is joined for them.
func (s *Store) where(ctx context.Context, f AssetFilter) (join string, conditions []string, args []any, err error) {
	switch {
	case len(f.Statuses) == 1:
		conditions, args = append(conditions, `a.status = ?`), append(args, f.Statuses[0])
	case len(f.Statuses) > 1:
		// The index has each status in its order, not several together: walking back from the newest is quicker.
		conditions, args = append(conditions, `a.status || '' IN (`+marks(len(f.Statuses))+`)`), append(args, anys(f.Statuses)...)
	case !f.Gone:
		conditions = append(conditions, `a.status NOT IN ('retired', 'disposed')`)
	}
	// What has joined another asset is there, under its tag.
	conditions = append(conditions, `NOT (a.status = 'disposed' AND a.quantity = 0)`)
	if f.Category != "" {
		join = `JOIN model m ON m.id = a.model_id `
		conditions, args = append(conditions, `m.category = ?`), append(args, f.Category)
	}
	if f.ModelID != 0 {
		conditions, args = append(conditions, `a.model_id = ?`), append(args, f.ModelID)
	}
	if f.LocationID != 0 {
		// Read beforehand, so that the engines know how few they are.
		var places []int64
		if err := s.db.Select(ctx, &places, below+` LIMIT 10000`, f.LocationID); err != nil {
			return "", nil, nil, fmt.Errorf("read the places below %d: %w", f.LocationID, err)
		}
		if len(places) == 0 {
			places = []int64{f.LocationID}
		}
		conditions, args = append(conditions, `a.location_id IN (`+marks(len(places))+`)`), append(args, anys(places)...)
	}
	if f.HolderID != 0 {
		conditions, args = append(conditions, `a.holder_id = ?`), append(args, f.HolderID)
	}
	if f.WarrantyTo != "" {
		to, err := parseDay("warranty_to", "day", f.WarrantyTo)
		if err != nil {
			return "", nil, nil, err
		}
		conditions, args = append(conditions, `a.warranty_until >= ? AND a.warranty_until <= ?`), append(args, s.Today(), to)
	}
	return join, conditions, args, nil
}

// Assets returns the assets that f chooses, the newest first, and what to give as after for the next ones.
func (s *Store) Assets(ctx context.Context, f AssetFilter, after string, limit int) (list []Asset, more string, err error) {
	limit = pageSize(limit)
	before, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.chosen(ctx, f, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list assets: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		more = strconv.FormatInt(rows[limit-1].Key, 10)
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	list, err = s.AssetsByID(ctx, ids)
	return list, more, err
}

// CountAssets returns how many assets f chooses, at most limit.
func (s *Store) CountAssets(ctx context.Context, f AssetFilter, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	rows, err := s.chosen(ctx, f, 0, limit)
	if err != nil {
		return 0, fmt.Errorf("count assets: %w", err)
	}
	return len(rows), nil
}

// keyed is an asset's id with its place in a list: the id itself, or, where
// words are searched, that of its document.
type keyed struct {
	Key int64 `db:"key"`
	ID  int64 `db:"id"`
}

// chosen returns the ids of the assets that f chooses. Sorting ids alone is
// cheap where no index has the order.
func (s *Store) chosen(ctx context.Context, f AssetFilter, before int64, limit int) (rows []keyed, err error) {
	join, conditions, args, err := s.where(ctx, f)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(f.Text) != "" {
		return tracker.SelectFound[keyed](ctx, s.tracker, tracker.Found{Kind: tracker.KindAsset, Text: f.Text, Columns: `d.id AS key, a.id`,
			Inner: `asset a ON a.id = d.ref `, Outer: join, Conditions: conditions, Args: args, Before: before, Limit: limit})
	}
	if before != 0 {
		conditions, args = append(conditions, `a.id < ?`), append(args, before)
	}
	err = s.db.Select(ctx, &rows, `SELECT a.id AS key, a.id FROM asset a `+join+`WHERE `+strings.Join(conditions, ` AND `)+` ORDER BY a.id DESC LIMIT ?`, append(args, limit)...)
	return rows, err
}

// Asset returns one asset.
func (s *Store) Asset(ctx context.Context, id int64) (Asset, error) {
	return assetWhere(ctx, s.db, `a.id = ?`, id)
}

// AssetsByID returns the assets of some ids, in their order; unknown ones are left out.
func (s *Store) AssetsByID(ctx context.Context, ids []int64) ([]Asset, error) {
	at := map[int64]Asset{}
	for rest := ids; len(rest) > 0; {
		some := rest[:min(len(rest), 1000)]
		rest = rest[len(some):]
		var rows []Asset
		if err := s.db.Select(ctx, &rows, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (`+marks(len(some))+`)`, anys(some)...); err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
		for _, a := range rows {
			at[a.ID] = a
		}
	}
	list := make([]Asset, 0, len(at))
	for _, id := range ids {
		if a, ok := at[id]; ok {
			list = append(list, a)
		}
	}
	return list, nil
}

// AssetByTag returns the asset with a tag, in any case.
func (s *Store) AssetByTag(ctx context.Context, tag string) (Asset, error) {
	return assetWhere(ctx, s.db, `a.tag_folded = ?`, tracker.Fold(tracker.OneLine(tag)))
}

// AssetsNamed returns the assets whose tag, hostname or serial number is
// exactly text, in any case: the one with the tag first, then the newest, at
// most limit. One that has only its beginning is not among them.
func (s *Store) AssetsNamed(ctx context.Context, text string, limit int) ([]Asset, error) {
	return assetsNamed(ctx, s.db, text, limit)
}

func assetsNamed(ctx context.Context, q read, text string, limit int) ([]Asset, error) {
	text = tracker.OneLine(text)
	name, serial := tracker.Fold(text), foldSerial(text)
	if name == "" {
		return nil, nil
	}
	var list []Asset
	err := q.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (
			SELECT id FROM asset WHERE tag_folded = ?
			UNION SELECT id FROM asset WHERE hostname_folded <> '' AND hostname_folded = ?
			UNION SELECT id FROM asset WHERE serial_folded <> '' AND serial_folded = ?)
		ORDER BY CASE WHEN a.tag_folded = ? THEN 0 ELSE 1 END, a.id DESC LIMIT ?`, name, name, serial, name, pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("read the assets named so: %w", err)
	}
	return list, nil
}

// HeldBy returns what a person has now, the newest first.
func (s *Store) HeldBy(ctx context.Context, clientID int64, limit int) ([]Asset, error) {
	var list []Asset
	err := s.db.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.holder_id = ? ORDER BY a.moved_at DESC, a.id DESC LIMIT ?`, clientID, pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("list what client %d has: %w", clientID, err)
	}
	return list, nil
}

// assetTexts returns what an asset is found by.
func (s *Store) assetTexts(ctx context.Context, q read, id int64) ([]string, error) {
	a, err := assetWhere(ctx, q, `a.id = ?`, id)
	if err != nil {
		return nil, unlessNotFound(err)
	}
	m, err := modelWhere(ctx, q, `m.id = ?`, a.ModelID)
	if err != nil {
		return nil, err
	}
	// Tags and serials are typed with and without what divides them.
	texts := []string{a.Tag, joined(a.Tag), a.Serial, joined(a.Serial), a.Title(), strings.ReplaceAll(string(a.Category), "_", " "),
		a.Hostname, a.Reference, a.HolderName, a.LocationPath, a.Purpose, a.ImportRef, a.Specs, m.Specs}
	return texts, nil
}

// joined returns text without spaces and dashes.
func joined(text string) string {
	return strings.NewReplacer("-", "", " ", "", "_", "", "/", "").Replace(text)
}
