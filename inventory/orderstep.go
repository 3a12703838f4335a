package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// OrderStep moves an order on.
type OrderStep struct {
	Status     OrderStatus
	Resolution string // what was done: required for done
	Reason     string // required for written_off and cancelled; it is kept as the resolution
	PlaceID    int64  // where the asset is stowed when the place that it came from is archived; 0 for the nearest above that
}

// StepOrder moves an order to another status, and its asset with it: to repair
// when work begins, back to where it was when the last order on it is done or
// cancelled, retired when it is written off. An asset that somebody has moved
// elsewhere meanwhile stays there. A closed order can be opened again.
func (s *Store) StepOrder(ctx context.Context, actor tracker.Actor, number int64, to OrderStep, version int64) (Order, error) {
	var o Order
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if o, err = s.takeOrderTx(ctx, tx, number, version); err != nil {
			return err
		}
		return s.stepTx(ctx, tx, actor, &o, to)
	})
	if err != nil {
		return Order{}, fmt.Errorf("move %s on: %w", OrderName(number), err)
	}
	return o, nil
}

// stepTx moves a locked order on, and leaves it as it is then.
func (s *Store) stepTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o *Order, to OrderStep) error {
	was := o.Status
	switch {
	case !to.Status.Valid():
		return migrations.InvalidAt("status", "A repair has no such status.")
	case to.Status == was:
		return nil
	case !was.Open() && !to.Status.Open():
		return migrations.InvalidAt("status", "%s is closed already. Open it again first.", o.Name())
	}
	resolution, err := to.resolution()
	if err != nil {
		return err
	}
	if to.Status.Open() {
		resolution = o.Resolution // what was done before it was opened again stays to be read
	}
	now := s.stamp()
	columns, args := `status = ?, status_at = ?, resolution = ?, finished_at = ?`, []any{string(to.Status), now, resolution, nil}
	if !to.Status.Open() {
		args[3] = now
	}
	if to.Status.started() && o.StartedAt == nil {
		columns, args = columns+`, started_at = ?`, append(args, now)
	}
	if _, err := tx.Exec(ctx, `UPDATE work_order SET `+columns+` WHERE id = ?`, append(args, o.ID)...); err != nil {
		return fmt.Errorf("write order: %w", err)
	}
	o.Status, o.Resolution = to.Status, resolution
	switch {
	case to.Status == WrittenOff:
		err = s.writeOffTx(ctx, tx, actor, o)
	case to.Status.started() && !was.started():
		err = s.sendTx(ctx, tx, actor, o, true, to.PlaceID)
	case was.started() && !to.Status.started():
		err = s.returnTx(ctx, tx, actor, o, to.PlaceID)
	}
	if err != nil {
		return err
	}
	if err := s.orderChangedTx(ctx, tx, actor, o.ID, "status", string(was), string(to.Status)); err != nil {
		return err
	}
	if err := s.tellTicketsTx(ctx, tx, actor, o, was, to.Status); err != nil {
		return err
	}
	*o, err = orderWhere(ctx, tx, `o.id = ?`, o.ID)
	return err
}

// resolution returns what is written down of a step: what was done, or why not.
func (to OrderStep) resolution() (string, error) {
	switch to.Status {
	case Done:
		text, err := textLines("resolution", "text", to.Resolution, maxOrderText)
		if err == nil && text == "" {
			err = migrations.InvalidAt("resolution", "Please write what was done, even if it was only cleaned.")
		}
		return text, err
	case WrittenOff, Cancelled:
		text, err := textLines("reason", "reason", to.Reason, maxOrderText)
		if err == nil && text == "" {
			err = migrations.InvalidAt("reason", "Please write why.")
		}
		return text, err
	}
	return "", nil
}

// away reports whether a status means that an asset is under work.
func away(st Status) bool { return st == Repair || st == Maintenance }

func errGone(a *Asset) error {
	if a.Status == Disposed {
		return migrations.InvalidAt("asset", "%s is disposed of: it can not be repaired any more.", a.Tag)
	}
	return migrations.InvalidAt("asset", "%s is retired. Take it into use again first, then it can be repaired.", a.Tag)
}

// several reports whether an asset stands for more than one piece: such a
// line is left where it is, since only one of the pieces is under work.
func several(a *Asset) bool { return a.Quantity != 1 }

// lockAssetTx reads an asset and keeps others from moving it until the commit.
func (s *Store) lockAssetTx(ctx context.Context, tx *migrations.Tx, id int64) (*Asset, error) {
	if err := lockTx(ctx, tx, id); err != nil {
		return nil, err
	}
	a, err := assetWhere(ctx, tx, `a.id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, migrations.InvalidAt("asset", "There is no such asset.")
	}
	return &a, err
}

// lastMoveTx returns the order for whose sake an asset moved last, 0 where it
// was for no order's.
func (s *Store) lastMoveTx(ctx context.Context, tx *migrations.Tx, a *Asset) (order int64, err error) {
	err = tx.Get(ctx, &order, `SELECT COALESCE(work_order_id, 0) FROM movement WHERE asset_id = ? AND n = ?`, a.ID, a.Moves)
	if err != nil {
		return 0, fmt.Errorf("read the last movement of %s: %w", a.Tag, err)
	}
	return order, nil
}

// home returns the last movement after which an asset was in use or stowed:
// what it returns to.
func (s *Store) home(ctx context.Context, q read, a *Asset) (n int64, m Movement, err error) {
	err = q.Get(ctx, &m, `SELECT n, status, location_id, holder_id FROM movement
		WHERE asset_id = ? AND status NOT IN ('repair', 'maintenance', 'retired', 'disposed') ORDER BY n DESC LIMIT 1`, a.ID)
	if migrations.KindOf(err) == migrations.NotFound { // it was split off while it was away
		m = Movement{Status: Stowed, LocationID: a.LocationID, HolderID: a.HolderID}
		if a.HolderID != nil {
			m.Status = Deployed
		}
		return a.Moves, m, nil
	}
	if err != nil {
		return 0, m, fmt.Errorf("read where %s was: %w", a.Tag, err)
	}
	return m.N, m, nil
}

// sendTx takes the asset of a started order to repair: to its vendor, else it
// stays where it is. begins says that work begins now, and not only the
// vendor has changed: then an asset that somebody took elsewhere meanwhile
// stays there.
func (s *Store) sendTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o *Order, begins bool, place int64) error {
	if o.AssetID == nil {
		return nil
	}
	a, err := s.lockAssetTx(ctx, tx, *o.AssetID)
	if err != nil {
		return err
	}
	if several(a) || !begins && !away(a.Status) {
		return nil
	}
	n, home, err := s.home(ctx, tx, a)
	if err != nil {
		return err
	}
	if gone(a.Status) {
		// What this very order wrote off comes back when it is opened again.
		order, err := s.lastMoveTx(ctx, tx, a)
		if err != nil {
			return err
		}
		if order != o.ID || a.Status != Retired {
			return errGone(a)
		}
		back, err := instead(ctx, tx, home)
		if err != nil {
			return err
		}
		if home, err = back.movement("recover", o, a, place); err != nil {
			return err
		}
		if err := s.moveForTx(ctx, tx, actor, a, home); err != nil {
			return err
		}
		n = a.Moves
	}
	to := Movement{Kind: "repair", Status: Repair, LocationID: a.LocationID, HolderID: a.HolderID, WorkOrderID: &o.ID, Reason: o.Name()}
	if o.Kind == OrderMaintenance {
		to.Kind, to.Status = "maintain", Maintenance
	}
	switch {
	case o.VendorID != nil:
		to.LocationID = o.VendorID
	case !begins:
		// Fetched from the vendor. Where the place is archived the thing is on
		// somebody's bench until the work is over, and then a place is asked for.
		back, err := instead(ctx, tx, home)
		if err != nil {
			return err
		}
		to.LocationID = back.LocationID
	}
	if _, err := tx.Exec(ctx, `UPDATE work_order SET return_n = ? WHERE id = ?`, n, o.ID); err != nil {
		return fmt.Errorf("write order: %w", err)
	}
	if away(a.Status) && same(a.LocationID, to.LocationID) {
		return nil // another order has it under work already
	}
	return s.moveForTx(ctx, tx, actor, a, to)
}

// returnTx takes the asset back to where it was before it went to repair,
// unless another order is at work on it, or somebody has taken it elsewhere.
func (s *Store) returnTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o *Order, place int64) error {
	if o.AssetID == nil {
		return nil
	}
	a, err := s.lockAssetTx(ctx, tx, *o.AssetID)
	if err != nil {
		return err
	}
	if !away(a.Status) || several(a) {
		return nil
	}
	others, err := othersAtWork(ctx, tx, o)
	if err != nil || others {
		return err
	}
	_, home, err := s.home(ctx, tx, a)
	if err != nil {
		return err
	}
	back, err := instead(ctx, tx, home)
	if err != nil {
		return err
	}
	m, err := back.movement("back", o, a, place)
	if err != nil {
		return err
	}
	return s.moveForTx(ctx, tx, actor, a, m)
}

// Return is where an asset goes when the work on it is over.
type Return struct {
	Movement        // its status, place and holder, with their names
	Archived string // the path of the place that it came from, where that is archived by now
	Ask      bool   // and there is none above it: one must be chosen
}

// instead returns where an asset goes that is to return to home: where that
// place is archived, to its holder still, else stowed at the nearest place
// above it that is not.
func instead(ctx context.Context, q read, home Movement) (Return, error) {
	r := Return{Movement: home}
	if home.LocationID == nil {
		return r, nil
	}
	l, err := locationWhere(ctx, q, `id = ?`, *home.LocationID)
	if err != nil || l.ArchivedAt == nil {
		return r, err
	}
	r.Archived, r.LocationID, r.LocationPath = l.Path, nil, ""
	for l.ArchivedAt != nil || l.Kind == Vendor {
		if l.ParentID == nil {
			r.Ask = r.HolderID == nil
			return r, nil
		}
		if l, err = locationWhere(ctx, q, `id = ?`, *l.ParentID); err != nil {
			return r, err
		}
	}
	r.LocationID, r.LocationPath = &l.ID, l.Path
	if r.HolderID == nil {
		r.Status = Stowed
	}
	return r, nil
}

// movement is what takes asset a there for an order; place is the one that
// somebody chose, 0 for none.
func (r Return) movement(kind string, o *Order, a *Asset, place int64) (Movement, error) {
	m := Movement{Kind: kind, Status: r.Status, LocationID: r.LocationID, HolderID: r.HolderID, WorkOrderID: &o.ID, Reason: o.Name()}
	if r.Archived == "" {
		return m, nil
	}
	m.Reason = clip(o.Name()+": "+r.Archived+" is archived.", maxText-1)
	if m.Kind == "back" {
		m.Kind = "stow"
		if r.HolderID != nil {
			m.Kind = "deploy"
		}
	}
	switch {
	case place != 0 && r.HolderID == nil:
		m.Status, m.LocationID = Stowed, &place
	case r.Ask:
		return m, migrations.InvalidAt("place", "%s came from %s, which is archived. Please choose where it is stowed.", a.Tag, r.Archived)
	}
	return m, nil
}

// ReturnsTo returns to where the asset of an order goes when that is done or
// cancelled now, with the names of place and holder; false where it does not move.
func (s *Store) ReturnsTo(ctx context.Context, o Order) (r Return, back bool, err error) {
	if o.AssetID == nil || !o.Status.started() {
		return r, false, nil
	}
	a, err := assetWhere(ctx, s.db, `a.id = ?`, *o.AssetID)
	if err != nil || !away(a.Status) || several(&a) {
		return r, false, err
	}
	others, err := othersAtWork(ctx, s.db, &o)
	if err != nil || others {
		return r, false, err
	}
	n, _, err := s.home(ctx, s.db, &a)
	if err != nil {
		return r, false, err
	}
	var m Movement
	if err := s.db.Get(ctx, &m, movementSelect+`WHERE v.asset_id = ? AND v.n = ?`, a.ID, n); err != nil {
		return r, false, fmt.Errorf("read where %s was: %w", a.Tag, err)
	}
	if r, err = instead(ctx, s.db, m); err != nil {
		return r, false, err
	}
	return r, true, nil
}

// othersAtWork reports whether another order is at work on an order's asset.
func othersAtWork(ctx context.Context, q read, o *Order) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT count(*) FROM work_order WHERE asset_id = ? AND id <> ? AND status IN ('assessed', 'in_progress', 'waiting')`, *o.AssetID, o.ID)
	if err != nil {
		return false, fmt.Errorf("look for other orders: %w", err)
	}
	return n > 0, nil
}

// openOrderOn returns the number of an order that has work left to do on an
// asset, 0 where there is none.
func openOrderOn(ctx context.Context, q read, assetID int64) (number int64, err error) {
	err = q.Get(ctx, &number, `SELECT number FROM work_order WHERE asset_id = ? AND finished_at IS NULL ORDER BY id LIMIT 1`, assetID)
	if err = unlessNotFound(err); err != nil {
		return 0, fmt.Errorf("look for open orders: %w", err)
	}
	return number, nil
}

// writeOffTx retires the asset where it is, with the reason.
func (s *Store) writeOffTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o *Order) error {
	if o.AssetID == nil {
		return nil
	}
	a, err := s.lockAssetTx(ctx, tx, *o.AssetID)
	if err != nil {
		return err
	}
	if gone(a.Status) || several(a) {
		return nil
	}
	return s.moveForTx(ctx, tx, actor, a, Movement{Kind: "retire", Status: Retired, LocationID: a.LocationID, WorkOrderID: &o.ID, Reason: clip(o.Resolution, maxText-1)})
}

// moveForTx writes the movement of a locked asset for an order.
func (s *Store) moveForTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, a *Asset, m Movement) error {
	m.Quantity = a.Quantity
	return s.moveTx(ctx, tx, actor, a, m)
}
