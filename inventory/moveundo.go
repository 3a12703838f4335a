package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// UndoMove takes an asset's movement of the number seen (its Moves then; the
// last one with tracker.AnyVersion) back with a movement of its own, as long
// as nothing came of other movements since: pieces that joined or split off and
// were put back leave it as it was. A split or join is taken back on both
// assets; a movement of a work order only by the work order.
func (s *Store) UndoMove(ctx context.Context, actor tracker.Actor, assetID int64, seen int64) (Asset, error) {
	var a Asset
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		a, err = s.undoTx(ctx, tx, actor, assetID, seen)
		return err
	})
	if err != nil {
		return Asset{}, fmt.Errorf("take back the movement of asset %d: %w", assetID, err)
	}
	return a, nil
}

func (s *Store) undoTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, assetID, seen int64) (Asset, error) {
	// Movements never change: this one is read without the lock, to know which
	// other asset to lock.
	m, err := movementOf(ctx, tx, assetID, seen)
	if migrations.KindOf(err) == migrations.NotFound && seen != tracker.AnyVersion {
		return Asset{}, s.overtaken(ctx, tx, assetID)
	}
	if err != nil {
		return Asset{}, err
	}
	if m.OtherID != nil && *m.OtherID < assetID {
		if err := lockTx(ctx, tx, *m.OtherID); err != nil {
			return Asset{}, err
		}
	}
	a, err := s.seenTx(ctx, tx, assetID, tracker.AnyVersion)
	if err != nil {
		return Asset{}, err
	}
	stands, err := m.stands(ctx, tx, &a)
	switch {
	case err != nil:
		return Asset{}, err
	case !stands:
		return Asset{}, s.overtaken(ctx, tx, assetID)
	case m.WorkOrderID != nil:
		return Asset{}, migrations.Invalidf("A work order moved %s. Please change the work order instead.", a.Tag)
	case m.WasStatus == Repair || m.WasStatus == Maintenance:
		return Asset{}, migrations.Invalidf("%s was %s before, and only a work order brings it there.", a.Tag, inWords[m.WasStatus])
	case m.OtherID == nil && m.N == 1:
		return Asset{}, migrations.Invalidf("%s was only just registered: there is nothing to go back to. If it should not be here, dispose of it.", a.Tag)
	case m.OtherID == nil:
		return a, s.moveTx(ctx, tx, actor, &a, m.undone(nil))
	}
	if err := lockTx(ctx, tx, *m.OtherID); err != nil {
		return Asset{}, err
	}
	other, err := assetWhere(ctx, tx, `a.id = ?`, *m.OtherID)
	if err != nil {
		return Asset{}, err
	}
	others, err := m.counterpart(ctx, tx)
	if err != nil {
		return Asset{}, err
	}
	if stands, err = others.stands(ctx, tx, &other); err != nil {
		return Asset{}, err
	}
	if !stands {
		return Asset{}, s.overtaken(ctx, tx, other.ID)
	}
	part := &a
	if others.N == 1 {
		part = &other
	}
	if m.N == 1 || others.N == 1 {
		if err := undoneSplit(ctx, tx, part); err != nil {
			return Asset{}, err
		}
	}
	one, two := m.undone(&other.ID), others.undone(&a.ID)
	one.At, two.At = other.MovedAt, a.MovedAt
	// The lower id first, here too.
	if a.ID < other.ID {
		if err := s.moveTx(ctx, tx, actor, &a, one); err != nil {
			return Asset{}, err
		}
		return a, s.moveTx(ctx, tx, actor, &other, two)
	}
	if err := s.moveTx(ctx, tx, actor, &other, two); err != nil {
		return Asset{}, err
	}
	return a, s.moveTx(ctx, tx, actor, &a, one)
}

// movementOf returns an asset's movement of a number, the last one with
// tracker.AnyVersion.
func movementOf(ctx context.Context, q read, assetID, n int64) (Movement, error) {
	if n == tracker.AnyVersion {
		return lastMovement(ctx, q, assetID)
	}
	var m Movement
	err := q.Get(ctx, &m, movementSelect+`WHERE v.asset_id = ? AND v.n = ?`, assetID, n)
	if err != nil {
		return m, fmt.Errorf("read movement %d of asset %d: %w", n, assetID, err)
	}
	return m, nil
}

// stands reports whether a locked asset is as its movement m left it, with at
// most pieces that came and went since.
func (m Movement) stands(ctx context.Context, q read, a *Asset) (bool, error) {
	if m.N == a.Moves {
		return true, nil
	}
	if m.Status != a.Status || !same(m.LocationID, a.LocationID) || !same(m.HolderID, a.HolderID) || m.Quantity != a.Quantity {
		return false, nil
	}
	var n int
	if err := q.Get(ctx, &n, `SELECT count(*) FROM movement WHERE asset_id = ? AND n > ? AND other_id IS NULL`, m.AssetID, m.N); err != nil {
		return false, fmt.Errorf("read what happened to asset %d since: %w", m.AssetID, err)
	}
	return n == 0, nil
}

// counterpart returns the other asset's half of a split, a join, or the taking
// back of one. Both halves are always written together, so that the third
// between the two on the one side is the third on the other.
func (m Movement) counterpart(ctx context.Context, q read) (Movement, error) {
	between := func(id, other, until int64) (all []int64, err error) {
		err = q.Select(ctx, &all, `SELECT n FROM movement WHERE asset_id = ? AND other_id = ? AND n <= ? ORDER BY n`, id, other, until)
		return all, err
	}
	mine, err := between(m.AssetID, *m.OtherID, m.N)
	if err != nil {
		return Movement{}, fmt.Errorf("read the pieces of asset %d: %w", m.AssetID, err)
	}
	theirs, err := between(*m.OtherID, m.AssetID, 1<<62)
	if err != nil || len(theirs) < len(mine) {
		return Movement{}, fmt.Errorf("read the other half of movement %d of asset %d: %w", m.N, m.AssetID, err)
	}
	return movementOf(ctx, q, *m.OtherID, theirs[len(mine)-1])
}

// undoneSplit refuses to have a part gone again that has become a thing of its own.
func undoneSplit(ctx context.Context, q read, part *Asset) error {
	if part.Serial != "" {
		return migrations.Invalidf("%s has a serial number by now, so it is not put back among the others.", part.Tag)
	}
	order, err := openOrderOn(ctx, q, part.ID)
	if err == nil && order != 0 {
		err = migrations.Invalidf("There is a repair of %s, %s. Finish or cancel it first.", part.Tag, OrderName(order))
	}
	return err
}

// undone returns the movement that takes m back. Pieces that did not exist
// before a split are gone again.
func (m Movement) undone(other *int64) Movement {
	b := Movement{Kind: "back", Status: m.WasStatus, LocationID: m.WasLocationID, HolderID: m.WasHolderID, Quantity: m.WasQuantity, OtherID: other}
	if m.N == 1 {
		b.Status, b.LocationID, b.HolderID, b.Quantity = Disposed, nil, nil, 0
	}
	return b
}

func lastMovement(ctx context.Context, q read, assetID int64) (Movement, error) {
	var m Movement
	err := q.Get(ctx, &m, movementSelect+`WHERE v.asset_id = ? ORDER BY v.n DESC LIMIT 1`, assetID)
	if migrations.KindOf(err) == migrations.NotFound {
		return m, migrations.NotFoundf("There is no such asset.")
	}
	if err != nil {
		return m, fmt.Errorf("read the last movement of asset %d: %w", assetID, err)
	}
	return m, nil
}
