// Package inventory is things: locations, models, assets and their movements,
// work orders and what they cost. (Money and secrets follow.)
//
// Invariants: the movement ledger is append-only, and an asset's place,
// holder, status and quantity are those of its last movement; every movement
// names the one before it, so of two people who move the same thing one wins
// and the other is told; a serial is once per model; an asset with a serial is
// one thing; what is on hand is what is stowed, nothing else; money is integer
// minor units with a currency; whatever changes state writes its Event in the
// same transaction, and on the linked tickets too.
//
// It owns the tables location, model, asset, movement, work_order,
// work_order_note and line.
package inventory

import (
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
// tracker's search.
func New(t *tracker.Store) *Store {
	s := &Store{db: t.DB(), tracker: t}
	t.IndexKind(tracker.KindAsset, s.assetTexts)
	t.IndexKind(tracker.KindWorkOrder, s.orderTexts)
	return s
}

// Now returns the time by the tracker's clock, in UTC.
func (s *Store) Now() time.Time { return s.tracker.Now() }

func (s *Store) stamp() migrations.Stamp { return migrations.At(s.tracker.Now()) }

type read = migrations.Queryer
