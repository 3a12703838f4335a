// Package inventory is things: locations, models, assets and their movements,
// work orders and what they cost. (Money and secrets follow.)
//
// Invariants: the movement ledger is append-only, and an asset's place,
// holder, status and quantity are those of its last movement; every movement
// names the one before it, so of two people who move the same thing one wins
// and the other is told; a serial is once per model; an asset with a serial is
// one thing; pieces are neither lost nor made by splitting and joining; what is
// on hand is what is stowed, nothing else; money is integer minor units with a
// currency; whatever changes state writes its Event in the
// same transaction, and on the linked tickets too.
//
// Several alike without serials are one asset with a quantity. Part of it that
// moves splits off as an asset of its own (A-0012-2), and joins again when it
// is stowed where the asset is stowed that it was split from, unless there is
// an open order on it. What joined stays as a disposed asset with no pieces: out
// of every list and count, found by its tag and its id, so that links to it and
// its life line stay readable.
//
// Rows are locked in one order: the tree of places (with the counter of tags),
// work orders, assets in the order of their ids, places.
//
// It owns the tables location, model, asset, movement, work_order,
// work_order_note and line.
package inventory

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Store is the inventory on the tracker's database. It is safe for concurrent use.
type Store struct {
	db      *migrations.DB
	tracker *tracker.Store
}

// New returns the inventory beside a tracker, and has its things found by the
// tracker's search and by what technicians write by mail.
func New(t *tracker.Store) *Store {
	s := &Store{db: t.DB(), tracker: t}
	t.IndexKind(tracker.KindAsset, s.assetTexts)
	t.IndexKind(tracker.KindWorkOrder, s.orderTexts)
	t.IndexNamed(tracker.KindAsset, func(ctx context.Context, q read, clientID int64) (ids []int64, err error) {
		err = q.Select(ctx, &ids, `SELECT id FROM asset WHERE holder_id = ? ORDER BY id`, clientID)
		return ids, err
	})
	t.IndexNamed(tracker.KindWorkOrder, func(ctx context.Context, q read, clientID int64) (ids []int64, err error) {
		err = q.Select(ctx, &ids, `SELECT id FROM work_order WHERE client_id = ? ORDER BY id`, clientID)
		return ids, err
	})
	t.KnowAssets(tracker.AssetsIn{Of: s.knownIn, Named: s.namedIn, Own: s.ownComputer})
	t.AlsoErase(tracker.AlsoPerson{Count: s.countPerson, Export: s.exportPerson, Erase: s.erasePerson, Merge: s.mergePerson})
	t.SetThings(s)
	return s
}

// Now returns the time by the tracker's clock, in UTC.
func (s *Store) Now() time.Time { return s.tracker.Now() }

func (s *Store) stamp() migrations.Stamp { return migrations.At(s.tracker.Now()) }

type read = migrations.Queryer

// errStale is the refusal of an edit of something that changed meanwhile.
func errStale() error {
	return migrations.Conflictf("Somebody else changed this meanwhile. Nothing was overwritten: please look at what is there now, and change it again.")
}

// errPage is the refusal of a list's page that no list gave out.
func errPage() error {
	return migrations.Invalidf("This page of the list is not known. Please start from its first page.")
}

// pageKey reads the after of a list, 0 for its first page.
func pageKey(after string) (int64, error) {
	if after == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(after, 10, 64)
	if err != nil || n <= 0 {
		return 0, errPage()
	}
	return n, nil
}

// pageSize returns how many rows a page has.
func pageSize(limit int) int {
	if limit <= 0 || limit > 500 {
		return 50
	}
	return limit
}

// plural writes a number with its noun.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// indexAssetsTx has the assets that condition finds indexed anew.
func (s *Store) indexAssetsTx(ctx context.Context, tx *migrations.Tx, condition string, args ...any) error {
	return s.indexTx(ctx, tx, tracker.KindAsset, `SELECT id FROM asset WHERE `+condition+` ORDER BY id`, args...)
}

// indexOrdersTx has the work orders that condition finds indexed anew.
func (s *Store) indexOrdersTx(ctx context.Context, tx *migrations.Tx, condition string, args ...any) error {
	return s.indexTx(ctx, tx, tracker.KindWorkOrder, `SELECT id FROM work_order WHERE `+condition+` ORDER BY id`, args...)
}

func (s *Store) indexTx(ctx context.Context, tx *migrations.Tx, kind, query string, args ...any) error {
	var ids []int64
	if err := tx.Select(ctx, &ids, query, args...); err != nil {
		return fmt.Errorf("find each %s to index: %w", kind, err)
	}
	return s.tracker.IndexManyTx(ctx, tx, kind, ids)
}

// again runs fn in a transaction, and once more when it met what another
// transaction had made meanwhile, such as the same tag: then fn sees it, and
// says so in words.
func (s *Store) again(ctx context.Context, fn func(tx *migrations.Tx) error) error {
	var err error
	for range 3 {
		if err = s.db.Tx(ctx, fn); !migrations.IsUnique(err) {
			return err
		}
	}
	return &migrations.Error{Kind: migrations.Conflict, Message: "Somebody else made the same at this moment. Please try again.", Err: err}
}
