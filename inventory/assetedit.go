package inventory

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

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
