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

// AssetEdit is what may be said of an asset, besides where it is.
type AssetEdit struct {
	Tag            string     // up to 60 characters; "" on registering draws the next one
	ModelID        int64      // or, on registering and in imports, Model
	Model          *ModelEdit // made where none of this manufacturer and name exists
	Serial         string
	ParentID       int64
	Hostname       string
	Purpose        string
	Specs          string
	Reference      string
	PurchasedOn    string
	Cost           *int64
	EstimatedValue *int64
	Currency       string // "" for the company's
	WarrantyUntil  string
	EndOfLifeOn    string
	ImportRef      string
}

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
	text = tracker.OneLine(text)
	name, serial := tracker.Fold(text), foldSerial(text)
	if name == "" {
		return nil, nil
	}
	var list []Asset
	err := s.db.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (
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

// clean returns what was said of an asset as it is stored.
func (in AssetEdit) clean() (AssetEdit, error) {
	for _, f := range []struct {
		text        *string
		field, what string
		limit       int
		lines       bool
	}{
		{&in.Tag, "tag", "tag", maxTag, false},
		{&in.Serial, "serial", "serial number", maxName, false},
		{&in.Hostname, "hostname", "host name", maxName, false},
		{&in.Purpose, "purpose", "purpose", maxText, true},
		{&in.Specs, "specs", "specification", maxSpecs, true},
		{&in.Reference, "reference", "reference", maxText, true},
		{&in.ImportRef, "import_ref", "reference of the import", maxText, false},
	} {
		var err error
		if f.lines {
			*f.text, err = textLines(f.field, f.what, *f.text, f.limit)
		} else {
			*f.text, err = textLine(f.field, f.what, *f.text, f.limit)
		}
		if err != nil {
			return in, err
		}
	}
	for _, f := range []struct {
		day         *string
		field, what string
	}{{&in.PurchasedOn, "purchased_on", "day of purchase"}, {&in.WarrantyUntil, "warranty_until", "end of the warranty"}, {&in.EndOfLifeOn, "end_of_life_on", "end of life"}} {
		var err error
		if *f.day, err = parseDay(f.field, f.what, *f.day); err != nil {
			return in, err
		}
	}
	if in.Serial != "" && foldSerial(in.Serial) == "" {
		return in, migrations.InvalidAt("serial", "The serial number has no characters that can be compared.")
	}
	if in.Tag != "" && tracker.Fold(in.Tag) == "" {
		return in, migrations.InvalidAt("tag", "The tag has no characters that can be compared.")
	}
	if err := checkMoney("cost", "cost", in.Cost); err != nil {
		return in, err
	}
	if err := checkMoney("estimated_value", "estimated value", in.EstimatedValue); err != nil {
		return in, err
	}
	var err error
	in.Currency, err = parseCurrency(in.Currency)
	return in, err
}

// otherAsset refuses a tag that another asset has, and a serial that another
// of the same model has, and names it.
func otherAsset(ctx context.Context, q read, tag string, model Model, serial string, except int64) error {
	other, err := assetWhere(ctx, q, `a.tag_folded = ? AND a.id <> ?`, tracker.Fold(tag), except)
	if err == nil {
		return migrations.InvalidAt("tag", "There is already an asset %s, a %s. Tags are used once.", other.Tag, other.Title())
	}
	if migrations.KindOf(err) != migrations.NotFound || serial == "" {
		return unlessNotFound(err)
	}
	other, err = assetWhere(ctx, q, `a.model_id = ? AND a.serial_folded = ? AND a.serial_folded <> '' AND a.id <> ?`, model.ID, foldSerial(serial), except)
	if err == nil {
		return migrations.InvalidAt("serial", "The serial number %s is already that of %s, which is the same model, %s.", other.Serial, other.Tag, model.Title())
	}
	return unlessNotFound(err)
}

func unlessNotFound(err error) error {
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	return err
}

// modelTx returns the model that an edit names, made where it only describes it.
func (s *Store) modelTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in AssetEdit) (Model, error) {
	if in.ModelID == 0 && in.Model == nil {
		return Model{}, migrations.InvalidAt("model", "Please choose a model.")
	}
	if in.ModelID == 0 {
		return s.ensureModelTx(ctx, tx, actor, *in.Model)
	}
	m, err := modelWhere(ctx, tx, `m.id = ?`, in.ModelID)
	if migrations.KindOf(err) == migrations.NotFound {
		return m, &migrations.Error{Kind: migrations.NotFound, Message: "There is no such model.", Field: "model"}
	}
	return m, err
}

// checkParent refuses a parent that is not there, or is a part of the asset itself.
func checkParent(ctx context.Context, q read, id, parent int64) error {
	if parent == 0 {
		return nil
	}
	for at, steps := parent, 0; at != 0; steps++ {
		if at == id || steps > 100 {
			return migrations.InvalidAt("parent", "An asset can not be a part of itself.")
		}
		var up *int64
		err := q.Get(ctx, &up, `SELECT parent_id FROM asset WHERE id = ?`, at)
		if migrations.KindOf(err) == migrations.NotFound {
			return &migrations.Error{Kind: migrations.NotFound, Message: "There is no such asset for it to be a part of.", Field: "parent"}
		}
		if err != nil {
			return fmt.Errorf("read the parent of asset %d: %w", at, err)
		}
		at = orZero(up)
	}
	return nil
}

// Register makes an asset where it is, its first movement with it. A tag that
// exists, or a serial that the model has already, is Invalid and names the other asset.
func (s *Store) Register(ctx context.Context, actor tracker.Actor, in AssetEdit, at Place) (Asset, error) {
	var a Asset
	err := s.again(ctx, func(tx *migrations.Tx) (err error) {
		a, err = s.registerTx(ctx, tx, actor, in, at)
		return err
	})
	if err != nil {
		return Asset{}, fmt.Errorf("register asset: %w", err)
	}
	return a, nil
}

// registerTx is Register within a transaction.
func (s *Store) registerTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in AssetEdit, at Place) (Asset, error) {
	if err := at.check(); err != nil {
		return Asset{}, err
	}
	if at.Quantity == 0 {
		at.Quantity = 1
	}
	return s.registerAtTx(ctx, tx, actor, in, Movement{Kind: "register", Status: at.Status, LocationID: orNull(at.LocationID), HolderID: orNull(at.HolderID), Quantity: at.Quantity, Reason: at.Reason})
}

// registerAtTx makes an asset with its first movement, to any status: what an
// import brings may be in repair, or gone.
func (s *Store) registerAtTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in AssetEdit, m Movement) (Asset, error) {
	in, err := in.clean()
	if err != nil {
		return Asset{}, err
	}
	model, err := s.modelTx(ctx, tx, actor, in)
	if err != nil {
		return Asset{}, err
	}
	if in.Tag == "" {
		if in.Tag, err = drawTagTx(ctx, tx); err != nil {
			return Asset{}, err
		}
	}
	if err := otherAsset(ctx, tx, in.Tag, model, in.Serial, 0); err != nil {
		return Asset{}, err
	}
	if err := checkParent(ctx, tx, 0, in.ParentID); err != nil {
		return Asset{}, err
	}
	if in.Currency == "" {
		if in.Currency, err = s.currencyTx(ctx, tx); err != nil {
			return Asset{}, err
		}
	}
	now := s.stamp()
	// It is nowhere until its first movement, in this same transaction.
	id, err := tx.Insert(ctx, `INSERT INTO asset (tag, tag_folded, model_id, serial, serial_folded, parent_id, hostname, hostname_folded, purpose, specs, reference, purchased_on,
			cost, estimated_value, currency, warranty_until, end_of_life_on, import_ref, status, quantity, moves, moved_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, ?, ?) RETURNING id`,
		in.Tag, tracker.Fold(in.Tag), model.ID, in.Serial, foldSerial(in.Serial), orNull(in.ParentID), in.Hostname, tracker.Fold(in.Hostname), in.Purpose, in.Specs, in.Reference, in.PurchasedOn,
		in.Cost, in.EstimatedValue, in.Currency, in.WarrantyUntil, in.EndOfLifeOn, in.ImportRef, now, now)
	if err != nil {
		return Asset{}, err
	}
	if err := s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: tracker.KindAsset, SubjectID: id, Kind: "registered"}); err != nil {
		return Asset{}, err
	}
	a, err := assetWhere(ctx, tx, `a.id = ?`, id)
	if err != nil {
		return Asset{}, err
	}
	err = s.moveTx(ctx, tx, actor, &a, m)
	return a, err
}

// currencyTx is the company's.
func (s *Store) currencyTx(ctx context.Context, tx *migrations.Tx) (string, error) {
	c, err := s.tracker.SettingTx(ctx, tx, tracker.SetCurrency)
	if err != nil {
		return "", err
	}
	if c, err = parseCurrency(c); err != nil || c == "" {
		return "EUR", nil
	}
	return c, nil
}

// ChangeAsset changes what is said of an asset; a stale version is a Conflict.
// An empty tag, model or currency leaves the one that is there.
func (s *Store) ChangeAsset(ctx context.Context, actor tracker.Actor, id int64, in AssetEdit, version int64) (Asset, error) {
	var a Asset
	err := s.again(ctx, func(tx *migrations.Tx) (err error) {
		if in.ParentID != 0 {
			if err := lockTreeTx(ctx, tx); err != nil {
				return err
			}
		}
		a, err = s.changeAssetTx(ctx, tx, actor, id, in, version)
		return err
	})
	if err != nil {
		return Asset{}, fmt.Errorf("change asset %d: %w", id, err)
	}
	return a, nil
}

// changeAssetTx is ChangeAsset within a transaction.
func (s *Store) changeAssetTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, id int64, in AssetEdit, version int64) (Asset, error) {
	if err := lockTx(ctx, tx, id); err != nil {
		return Asset{}, err
	}
	was, err := assetWhere(ctx, tx, `a.id = ?`, id)
	if err != nil {
		return Asset{}, err
	}
	if version != tracker.AnyVersion && version != was.Version {
		return Asset{}, errStale()
	}
	if in, err = in.clean(); err != nil {
		return Asset{}, err
	}
	if in.Tag == "" {
		in.Tag = was.Tag
	}
	if in.Currency == "" {
		in.Currency = was.Currency
	}
	model := Model{ID: was.ModelID, Manufacturer: was.Manufacturer, Name: was.ModelName}
	if in.ModelID != 0 && in.ModelID != was.ModelID || in.ModelID == 0 && in.Model != nil {
		if model, err = s.modelTx(ctx, tx, actor, in); err != nil {
			return Asset{}, err
		}
		if model.ID != was.ModelID && !gone(was.Status) {
			if err := checkModel(ctx, tx, model.ID); err != nil {
				return Asset{}, err
			}
		}
	}
	if err := otherAsset(ctx, tx, in.Tag, model, in.Serial, id); err != nil {
		return Asset{}, err
	}
	if in.Serial != "" && was.Quantity > 1 {
		return Asset{}, migrations.InvalidAt("serial", "%s stands for %d pieces, and a serial number is that of one. Deploy or stow one piece on its own first.", was.Tag, was.Quantity)
	}
	if in.ParentID != orZero(was.ParentID) {
		if err := checkParent(ctx, tx, id, in.ParentID); err != nil {
			return Asset{}, err
		}
	}
	changed := in.changed(was, model.ID)
	if len(changed) == 0 {
		return was, nil
	}
	_, err = tx.Exec(ctx, `UPDATE asset SET tag = ?, tag_folded = ?, model_id = ?, serial = ?, serial_folded = ?, parent_id = ?, hostname = ?, hostname_folded = ?, purpose = ?, specs = ?, reference = ?,
			purchased_on = ?, cost = ?, estimated_value = ?, currency = ?, warranty_until = ?, end_of_life_on = ?, import_ref = ?, updated_at = ?, version = version + 1 WHERE id = ?`,
		in.Tag, tracker.Fold(in.Tag), model.ID, in.Serial, foldSerial(in.Serial), orNull(in.ParentID), in.Hostname, tracker.Fold(in.Hostname), in.Purpose, in.Specs, in.Reference,
		in.PurchasedOn, in.Cost, in.EstimatedValue, in.Currency, in.WarrantyUntil, in.EndOfLifeOn, in.ImportRef, s.stamp(), id)
	if err != nil {
		return Asset{}, err
	}
	err = s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: tracker.KindAsset, SubjectID: id, Kind: "changed", Became: strings.Join(changed, " ")})
	if err != nil {
		return Asset{}, err
	}
	if err := s.tracker.IndexTx(ctx, tx, tracker.KindAsset, id); err != nil {
		return Asset{}, err
	}
	if in.Tag != was.Tag || model.ID != was.ModelID {
		if err := s.indexOrdersTx(ctx, tx, `asset_id = ?`, id); err != nil {
			return Asset{}, err
		}
	}
	return assetWhere(ctx, tx, `a.id = ?`, id)
}

// changed returns the names of the fields in which an edit differs from what was.
func (in AssetEdit) changed(was Asset, modelID int64) (fields []string) {
	amount := func(p *int64) int64 {
		if p == nil {
			return -1
		}
		return *p
	}
	for _, f := range []struct {
		name string
		is   bool
	}{
		{"tag", in.Tag != was.Tag}, {"model", modelID != was.ModelID}, {"serial", in.Serial != was.Serial}, {"parent", in.ParentID != orZero(was.ParentID)},
		{"hostname", in.Hostname != was.Hostname}, {"purpose", in.Purpose != was.Purpose}, {"specs", in.Specs != was.Specs}, {"reference", in.Reference != was.Reference},
		{"purchased_on", in.PurchasedOn != was.PurchasedOn}, {"cost", amount(in.Cost) != amount(was.Cost)}, {"estimated_value", amount(in.EstimatedValue) != amount(was.EstimatedValue)},
		{"currency", in.Currency != was.Currency}, {"warranty_until", in.WarrantyUntil != was.WarrantyUntil}, {"end_of_life_on", in.EndOfLifeOn != was.EndOfLifeOn},
		{"import_ref", in.ImportRef != was.ImportRef},
	} {
		if f.is {
			fields = append(fields, f.name)
		}
	}
	return fields
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
