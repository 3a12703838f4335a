package inventory

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Movement is one step of an asset's way: append-only.
type Movement struct {
	ID              int64            `db:"id"`
	AssetID         int64            `db:"asset_id"`
	N               int64            `db:"n"`
	At              migrations.Stamp `db:"at"`
	Kind            string           `db:"kind"` // register, stow, deploy, repair, maintain, back, split, join, retire, dispose, recover, count
	WasStatus       Status           `db:"was_status"`
	WasLocationID   *int64           `db:"was_location_id"`
	WasLocationPath string           `db:"was_location_path"`
	WasHolderID     *int64           `db:"was_holder_id"`
	WasHolderName   string           `db:"was_holder_name"`
	WasQuantity     int64            `db:"was_quantity"`
	Status          Status           `db:"status"`
	LocationID      *int64           `db:"location_id"`
	LocationPath    string           `db:"location_path"`
	HolderID        *int64           `db:"holder_id"`
	HolderName      string           `db:"holder_name"`
	Quantity        int64            `db:"quantity"`
	OtherID         *int64           `db:"other_id"`
	Reason          string           `db:"reason"`
	WorkOrderID     *int64           `db:"work_order_id"`
	AccountID       *int64           `db:"account_id"`
	AccountName     string           `db:"account_name"`
	// Of the asset, for lists of many assets' movements.
	Tag       string `db:"tag"`
	ModelName string `db:"model_title"`
}

// check refuses a place that is none.
func (p Place) check() error {
	switch {
	case p.Status != Stowed && p.Status != Deployed:
		return migrations.InvalidAt("status", "Please say whether to stow or to deploy.")
	case p.LocationID < 0:
		return &migrations.Error{Kind: migrations.NotFound, Message: "There is no such place.", Field: "location"}
	case p.HolderID < 0:
		return &migrations.Error{Kind: migrations.NotFound, Message: "There is no such person.", Field: "holder"}
	case p.Quantity < 0:
		return migrations.InvalidAt("quantity", "A quantity can not be negative.")
	}
	return nil
}

// Move stows or deploys an asset. seen is the Moves of the asset that the
// person looked at: another movement since is a Conflict that says what
// happened, when and by whom. Part of a quantity splits off into an asset of
// its own, which is returned; pieces without serials and open orders that are
// stowed beside the asset they were split from join it again, and that one is returned.
func (s *Store) Move(ctx context.Context, actor tracker.Actor, assetID int64, to Place, seen int64) (Asset, error) {
	var a Asset
	err := s.again(ctx, func(tx *migrations.Tx) (err error) {
		a, err = s.placeTx(ctx, tx, actor, assetID, to, seen)
		return err
	})
	if err != nil {
		return Asset{}, fmt.Errorf("move asset %d: %w", assetID, err)
	}
	return a, nil
}

// seenTx locks and returns an asset whose last movement is the one that
// somebody looked at.
func (s *Store) seenTx(ctx context.Context, tx *migrations.Tx, id, seen int64) (Asset, error) {
	if err := lockTx(ctx, tx, id); err != nil {
		return Asset{}, err
	}
	a, err := assetWhere(ctx, tx, `a.id = ?`, id)
	if err == nil && seen != tracker.AnyVersion && seen != a.Moves {
		err = s.overtaken(ctx, tx, id)
	}
	return a, err
}

func (s *Store) placeTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, assetID int64, to Place, seen int64) (Asset, error) {
	if err := to.check(); err != nil {
		return Asset{}, err
	}
	// Those it was split from have lower ids: they are locked first.
	origins, err := origins(ctx, tx, assetID)
	if err != nil {
		return Asset{}, err
	}
	for i := len(origins) - 1; i >= 0; i-- {
		if err := lockTx(ctx, tx, origins[i]); err != nil {
			return Asset{}, err
		}
	}
	a, err := s.seenTx(ctx, tx, assetID, seen)
	if err != nil {
		return Asset{}, err
	}
	kind := "stow"
	if to.Status == Deployed {
		kind = "deploy"
	}
	if gone(a.Status) {
		kind = "recover"
	}
	m := Movement{Kind: kind, Status: to.Status, LocationID: orNull(to.LocationID), HolderID: orNull(to.HolderID), Quantity: a.Quantity, Reason: to.Reason}
	switch {
	case to.Quantity > a.Quantity && a.Quantity == 0, a.Quantity == 0 && (to.Status == Deployed || gone(a.Status)):
		return Asset{}, migrations.InvalidAt("quantity", "There is nothing left of %s.", a.Tag)
	case to.Quantity > a.Quantity:
		return Asset{}, migrations.InvalidAt("quantity", "There are only %d of %s, so %d can not be moved.", a.Quantity, a.Tag, to.Quantity)
	case a.Status == m.Status && same(a.LocationID, m.LocationID) && same(a.HolderID, m.HolderID):
		return Asset{}, migrations.Invalidf("%s is already %s. Nothing was changed.", a.Tag, a.Whereabouts())
	case to.Quantity != 0 && to.Quantity < a.Quantity:
		if a.Status != Stowed && a.Status != Deployed {
			return Asset{}, migrations.InvalidAt("quantity", "%s is %s: it can only be moved as a whole.", a.Tag, inWords[a.Status])
		}
		m.Quantity = to.Quantity
		return s.splitTx(ctx, tx, actor, &a, m, origins)
	}
	if m.Status == Stowed && a.Serial == "" && !gone(a.Status) {
		// A piece on which there is work to do stays apart from those that are whole.
		order, err := openOrderOn(ctx, tx, a.ID)
		if err != nil {
			return Asset{}, err
		}
		if order != 0 {
			origins = nil
		}
		for _, id := range origins {
			o, err := assetWhere(ctx, tx, `a.id = ?`, id)
			if err != nil {
				return Asset{}, err
			}
			if o.Status == Stowed && same(o.LocationID, m.LocationID) && o.ModelID == a.ModelID && o.Serial == "" {
				return o, s.joinTx(ctx, tx, actor, &o, &a, m)
			}
		}
	}
	return a, s.moveTx(ctx, tx, actor, &a, m)
}

// inWords says what a status is, after "is".
var inWords = map[Status]string{Stowed: "stowed", Deployed: "deployed", Maintenance: "in maintenance", Repair: "in repair", Retired: "retired", Disposed: "disposed of"}

// Whereabouts says where an asset is: stowed in Main site > Store room.
func (a Asset) Whereabouts() string {
	switch {
	case a.HolderName != "" && a.LocationPath != "":
		return inWords[a.Status] + " with " + a.HolderName + " (" + a.LocationPath + ")"
	case a.HolderName != "":
		return inWords[a.Status] + " with " + a.HolderName
	case a.LocationPath != "":
		return inWords[a.Status] + " in " + a.LocationPath
	}
	return inWords[a.Status]
}

// origins returns the assets that an asset was split from, the nearest first.
// The ledger says so and never changes, whatever the asset is a part of later.
func origins(ctx context.Context, q read, assetID int64) ([]int64, error) {
	var ids []int64
	for id := assetID; ; {
		var other []int64
		if err := q.Select(ctx, &other, `SELECT other_id FROM movement WHERE asset_id = ? AND n = 1 AND kind = 'split' AND other_id IS NOT NULL`, id); err != nil {
			return nil, fmt.Errorf("read what asset %d was split from: %w", assetID, err)
		}
		if len(other) == 0 {
			return ids, nil
		}
		id = other[0]
		ids = append(ids, id)
	}
}

// splitTx splits pieces off a, and moves them as m says.
func (s *Store) splitTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, a *Asset, m Movement, origins []int64) (Asset, error) {
	root := *a
	if len(origins) > 0 {
		var err error
		if root, err = assetWhere(ctx, tx, `a.id = ?`, origins[len(origins)-1]); err != nil {
			return Asset{}, err
		}
	}
	tag, err := splitTag(ctx, tx, root.Tag)
	if err != nil {
		return Asset{}, err
	}
	now := s.stamp()
	id, err := tx.Insert(ctx, `INSERT INTO asset (tag, tag_folded, model_id, parent_id, purpose, specs, reference, purchased_on, cost, estimated_value, currency,
			warranty_until, end_of_life_on, status, quantity, moves, moved_at, created_at, updated_at)
		SELECT CAST(? AS TEXT), CAST(? AS TEXT), model_id, id, purpose, specs, reference, purchased_on, cost, estimated_value, currency,
			warranty_until, end_of_life_on, '', 0, 0, 0, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM asset WHERE id = ? RETURNING id`, tag, tracker.Fold(tag), now, now, a.ID)
	if err != nil {
		return Asset{}, err
	}
	part, err := assetWhere(ctx, tx, `a.id = ?`, id)
	if err != nil {
		return Asset{}, err
	}
	if err := s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: tracker.KindAsset, SubjectID: id, Kind: "registered", Was: a.Thing().String()}); err != nil {
		return Asset{}, err
	}
	m.Kind, m.OtherID, m.At = "split", &a.ID, a.MovedAt
	m.WasStatus, m.WasLocationID, m.WasHolderID = a.Status, a.LocationID, a.HolderID
	left := a.next("split", a.Status)
	left.Quantity, left.OtherID, left.Reason = a.Quantity-m.Quantity, &part.ID, m.Reason
	if err := s.moveTx(ctx, tx, actor, a, left); err != nil {
		return Asset{}, err
	}
	return part, s.moveTx(ctx, tx, actor, &part, m)
}

// splitTag returns the first free of A-0012-2, A-0012-3, …
func splitTag(ctx context.Context, q read, tag string) (string, error) {
	short := []rune(tag)
	short = short[:min(len(short), maxTag-8)]
	name := func(n int64) string { return string(short) + "-" + strconv.FormatInt(n, 10) }
	n, err := freeTag(ctx, q, 1, name)
	return name(n), err
}

// joinTx puts a's pieces back to those of o, beside which m stows them. The
// asset a is gone with that, and found under its tag only.
func (s *Store) joinTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o, a *Asset, m Movement) error {
	more := o.next("join", Stowed)
	more.Quantity, more.OtherID, more.Reason, more.At = o.Quantity+a.Quantity, &a.ID, m.Reason, a.MovedAt
	m.Kind, m.Status, m.LocationID, m.HolderID, m.Quantity, m.OtherID, m.At = "join", Disposed, nil, nil, 0, &o.ID, o.MovedAt
	if err := s.moveTx(ctx, tx, actor, o, more); err != nil {
		return err
	}
	return s.moveTx(ctx, tx, actor, a, m)
}

// Retire takes an asset out of use (Retired) or says that it is gone
// (Disposed), with the reason, which must be given.
func (s *Store) Retire(ctx context.Context, actor tracker.Actor, assetID int64, to Status, reason string, seen int64) (Asset, error) {
	var a Asset
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if !gone(to) {
			return migrations.InvalidAt("status", "Please say whether it is retired or disposed of.")
		}
		if a, err = s.seenTx(ctx, tx, assetID, seen); err != nil {
			return err
		}
		if a.Status == to {
			return migrations.Invalidf("%s is already %s. Nothing was changed.", a.Tag, inWords[to])
		}
		if reason = tracker.ManyLines(reason); reason == "" {
			return migrations.InvalidAt("reason", "Please say why.")
		}
		m := a.next("retire", to)
		m.HolderID, m.Reason = nil, reason
		if to == Disposed {
			m.Kind, m.LocationID = "dispose", nil
		}
		return s.moveTx(ctx, tx, actor, &a, m)
	})
	if err != nil {
		return Asset{}, fmt.Errorf("retire asset %d: %w", assetID, err)
	}
	return a, nil
}

// Count sets a quantity after counting. Only of things without serials; never negative.
func (s *Store) Count(ctx context.Context, actor tracker.Actor, assetID, quantity int64, reason string, seen int64) (Asset, error) {
	var a Asset
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if a, err = s.seenTx(ctx, tx, assetID, seen); err != nil {
			return err
		}
		switch {
		case a.Serial != "":
			return migrations.InvalidAt("quantity", "%s has a serial number, so it is one thing and is not counted.", a.Tag)
		case a.Status != Stowed && a.Status != Deployed:
			return migrations.InvalidAt("quantity", "%s is %s: only what is stowed or deployed is counted.", a.Tag, inWords[a.Status])
		case quantity == a.Quantity:
			return migrations.InvalidAt("quantity", "There are %d of %s already. Nothing was changed.", quantity, a.Tag)
		}
		m := a.next("count", a.Status)
		m.Quantity, m.Reason = quantity, reason
		return s.moveTx(ctx, tx, actor, &a, m)
	})
	if err != nil {
		return Asset{}, fmt.Errorf("count asset %d: %w", assetID, err)
	}
	return a, nil
}

// Moved is one asset's outcome of MoveMany.
type Moved struct {
	ID    int64 // of the asset that was to be moved
	Moves int64 // the number of its movement, for UndoMove
	Asset Asset // as it is afterwards, or as it was when refused; what it joined, where it did
	Err   error // why it was not moved
}

// MoveMany moves several assets, each in full, to one place. What is refused
// is named; the others are moved. Each asset is a transaction of its own, and
// they come in the order of their ids. seen holds their Moves.
func (s *Store) MoveMany(ctx context.Context, actor tracker.Actor, seen map[int64]int64, to Place) ([]Moved, error) {
	if err := to.check(); err != nil {
		return nil, err
	}
	to.Quantity = 0
	ids := make([]int64, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	all := make([]Moved, 0, len(ids))
	for _, id := range ids {
		a, err := s.Move(ctx, actor, id, to, seen[id])
		if err != nil {
			switch migrations.KindOf(err) {
			case migrations.Invalid, migrations.Conflict, migrations.NotFound:
			default:
				return all, err
			}
			was, other := s.Asset(ctx, id)
			if other != nil && migrations.KindOf(other) != migrations.NotFound {
				return all, other
			}
			a = was
		}
		all = append(all, Moved{ID: id, Moves: seen[id] + 1, Asset: a, Err: err})
	}
	return all, nil
}
