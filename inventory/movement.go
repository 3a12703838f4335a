package inventory

import (
	"context"

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

// Move stows or deploys an asset. seen is the Moves of the asset that the
// person looked at: another movement since is a Conflict that says what
// happened, when and by whom. Part of a quantity splits off into an asset of
// its own, which is returned; pieces without serials that are stowed beside the
// asset they were split from join it again.
func (s *Store) Move(ctx context.Context, actor tracker.Actor, assetID int64, to Place, seen int64) (Asset, error) {
	return Asset{}, errTODO
}

// Retire takes an asset out of use (Retired) or says that it is gone
// (Disposed), with the reason, which must be given.
func (s *Store) Retire(ctx context.Context, actor tracker.Actor, assetID int64, to Status, reason string, seen int64) (Asset, error) {
	return Asset{}, errTODO
}

// Count sets a quantity after counting. Only of things without serials; never negative.
func (s *Store) Count(ctx context.Context, actor tracker.Actor, assetID, quantity int64, reason string, seen int64) (Asset, error) {
	return Asset{}, errTODO
}

// UndoMove takes the last movement of an asset back with a movement of its
// own, as long as nothing else happened to it since.
func (s *Store) UndoMove(ctx context.Context, actor tracker.Actor, assetID int64, seen int64) (Asset, error) {
	return Asset{}, errTODO
}

// Moved is one asset's outcome of MoveMany.
type Moved struct {
	Asset Asset // as it is afterwards, or as it was when refused
	Err   error // why it was not moved
}

// MoveMany moves several assets, each in full, to one place. What is refused
// is named; the others are moved.
func (s *Store) MoveMany(ctx context.Context, actor tracker.Actor, seen map[int64]int64, to Place) ([]Moved, error) {
	return nil, errTODO
}

// MovementFilter chooses movements: exactly one of the three.
type MovementFilter struct {
	AssetID    int64
	LocationID int64 // into or out of this very place
	ClientID   int64 // to or from this person
}

// Movements returns movements, the newest first, and what to give as after for the next ones.
func (s *Store) Movements(ctx context.Context, f MovementFilter, after string, limit int) (list []Movement, more string, err error) {
	return nil, "", errTODO
}

// AssetsAt returns what was at a place (this very one) or with a person at an
// instant in the past, by the ledger.
func (s *Store) AssetsAt(ctx context.Context, f MovementFilter, at migrations.Stamp, limit int) ([]Movement, error) {
	return nil, errTODO
}
