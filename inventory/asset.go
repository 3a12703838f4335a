package inventory

import (
	"context"

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
	PurchasedOn    string           `db:"purchased_on"` // 2026-11-22, "" where unknown
	Cost           *int64           `db:"cost"`         // minor units, nil where unknown
	EstimatedValue *int64           `db:"estimated_value"`
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

// Assets returns the assets that f chooses, the newest first, and what to give as after for the next ones.
func (s *Store) Assets(ctx context.Context, f AssetFilter, after string, limit int) (list []Asset, more string, err error) {
	return nil, "", errTODO
}

// CountAssets returns how many assets f chooses, at most limit.
func (s *Store) CountAssets(ctx context.Context, f AssetFilter, limit int) (int, error) {
	return 0, errTODO
}

// Asset returns one asset.
func (s *Store) Asset(ctx context.Context, id int64) (Asset, error) { return Asset{}, errTODO }

// AssetsByID returns the assets of some ids, in their order; unknown ones are left out.
func (s *Store) AssetsByID(ctx context.Context, ids []int64) ([]Asset, error) { return nil, errTODO }

// AssetByTag returns the asset with a tag, in any case.
func (s *Store) AssetByTag(ctx context.Context, tag string) (Asset, error) { return Asset{}, errTODO }

// HeldBy returns what a person has now, the newest first.
func (s *Store) HeldBy(ctx context.Context, clientID int64, limit int) ([]Asset, error) {
	return nil, errTODO
}

// NextTag returns the tag that registering would draw, for the form.
func (s *Store) NextTag(ctx context.Context) (string, error) { return "", errTODO }

// Register makes an asset where it is, its first movement with it. A tag that
// exists, or a serial that the model has already, is Invalid and names the other asset.
func (s *Store) Register(ctx context.Context, actor tracker.Actor, in AssetEdit, at Place) (Asset, error) {
	return Asset{}, errTODO
}

// ChangeAsset changes what is said of an asset; a stale version is a Conflict.
func (s *Store) ChangeAsset(ctx context.Context, actor tracker.Actor, id int64, in AssetEdit, version int64) (Asset, error) {
	return Asset{}, errTODO
}

// assetTexts returns what an asset is found by.
func (s *Store) assetTexts(ctx context.Context, q read, id int64) ([]string, error) {
	return nil, errTODO
}
