package inventory

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// next returns a movement of the asset that leaves everything as it is but
// its status. The caller changes what else changes.
func (a Asset) next(kind string, to Status) Movement {
	return Movement{Kind: kind, Status: to, LocationID: a.LocationID, HolderID: a.HolderID, Quantity: a.Quantity}
}

// edges says from which status an asset can go to which. Staying in a status
// (to another place or person, or with another quantity) is an edge too. The
// empty status is that of an asset before its first movement. Taking the last
// movement back ("back") is free of it: it only returns to what was.
var edges = map[Status][]Status{
	"":          {Stowed, Deployed, Maintenance, Repair, Retired, Disposed},
	Stowed:      {Stowed, Deployed, Maintenance, Repair, Retired, Disposed},
	Deployed:    {Stowed, Deployed, Maintenance, Repair, Retired, Disposed},
	Maintenance: {Stowed, Deployed, Maintenance, Repair, Retired, Disposed},
	Repair:      {Stowed, Deployed, Maintenance, Repair, Retired, Disposed},
	Retired:     {Stowed, Deployed, Disposed},
	Disposed:    {Stowed},
}

// gone reports whether a status is one of things that are not in use any more.
func gone(s Status) bool { return s == Retired || s == Disposed }

// moveTx writes a movement: the one place where place, holder, status and
// quantity of an asset change. Of m the caller gives Kind, Status, LocationID,
// HolderID and Quantity (see Asset.next), and where they apply OtherID, Reason,
// WorkOrderID and At; the rest is filled here. Against the rules it is Invalid,
// and when somebody moved the asset since a was read, a Conflict that says
// what happened. *a is afterwards as it is stored.
func (s *Store) moveTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, a *Asset, m Movement) error {
	if err := s.checkMove(ctx, tx, a, &m); err != nil {
		return err
	}
	// Never before the last one, whatever the clocks of several nodes say.
	m.At = max(m.At, s.stamp(), a.MovedAt)
	// The row's lock has whoever comes second wait, and then find no row.
	n, err := tx.Exec(ctx, `UPDATE asset SET status = ?, location_id = ?, holder_id = ?, quantity = ?, moves = moves + 1, moved_at = ?, updated_at = ? WHERE id = ? AND moves = ?`,
		m.Status, m.LocationID, m.HolderID, m.Quantity, m.At, m.At, a.ID, a.Moves)
	if err != nil {
		return fmt.Errorf("move asset %d: %w", a.ID, err)
	}
	if n == 0 {
		return s.overtaken(ctx, tx, a.ID)
	}
	_, err = tx.Exec(ctx, `INSERT INTO movement (asset_id, n, at, kind, was_status, was_location_id, was_holder_id, was_quantity,
			status, location_id, holder_id, quantity, other_id, reason, work_order_id, account_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.Moves+1, m.At, m.Kind, m.WasStatus, m.WasLocationID, m.WasHolderID, m.WasQuantity,
		m.Status, m.LocationID, m.HolderID, m.Quantity, m.OtherID, m.Reason, m.WorkOrderID, orNull(actor.AccountID))
	if err != nil {
		return fmt.Errorf("write movement %d of asset %d: %w", a.Moves+1, a.ID, err)
	}
	err = s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: tracker.KindAsset, SubjectID: a.ID, Kind: "moved",
		Was: reference(m.WasStatus, m.WasLocationID, m.WasHolderID, m.WasQuantity), Became: reference(m.Status, m.LocationID, m.HolderID, m.Quantity)})
	if err != nil {
		return err
	}
	if err := s.tracker.IndexTx(ctx, tx, tracker.KindAsset, a.ID); err != nil {
		return err
	}
	*a, err = assetWhere(ctx, tx, `a.id = ?`, a.ID)
	return err
}

// reference returns where an asset is as events hold it: "stowed location:3",
// "deployed client:7", "stowed location:3 x12".
func reference(status Status, location, holder *int64, quantity int64) string {
	if status == "" {
		return ""
	}
	parts := []string{string(status)}
	if location != nil {
		parts = append(parts, "location:"+strconv.FormatInt(*location, 10))
	}
	if holder != nil {
		parts = append(parts, "client:"+strconv.FormatInt(*holder, 10))
	}
	if quantity != 1 {
		parts = append(parts, "x"+strconv.FormatInt(quantity, 10))
	}
	return strings.Join(parts, " ")
}

// checkMove refuses what no asset can become, and fills in what it was.
func (s *Store) checkMove(ctx context.Context, tx *migrations.Tx, a *Asset, m *Movement) error {
	// What splits off begins where the asset was that it splits from.
	if a.Moves > 0 || m.Kind != "split" {
		m.WasStatus, m.WasLocationID, m.WasHolderID, m.WasQuantity = a.Status, a.LocationID, a.HolderID, a.Quantity
	}
	var err error
	if m.Reason, err = textLines("reason", "reason", m.Reason, maxText); err != nil {
		return err
	}
	if m.Kind != "back" && !canBecome(a.Status, m.Status) {
		if gone(a.Status) {
			return migrations.Invalidf("%s is %s. Stow it somewhere first.", a.Tag, inWords[a.Status])
		}
		return migrations.Invalidf("%s is %s: it can not be %s from there.", a.Tag, inWords[a.Status], inWords[m.Status])
	}
	switch {
	case m.Quantity < 0:
		return migrations.InvalidAt("quantity", "A quantity can not be negative.")
	case m.Quantity > maxQuantity:
		return migrations.InvalidAt("quantity", "A quantity is at most %d.", maxQuantity)
	case a.Serial != "" && m.Quantity > 1:
		return migrations.InvalidAt("quantity", "%s has a serial number, so it is one thing and not %d.", a.Tag, m.Quantity)
	case m.Status == Stowed && m.LocationID == nil:
		return migrations.InvalidAt("location", "Please say where %s is stowed.", a.Tag)
	case m.Status == Stowed && m.HolderID != nil:
		return migrations.InvalidAt("holder", "What is stowed is with nobody. Deploy it to give it to a person.")
	case m.Status == Deployed && m.LocationID == nil && m.HolderID == nil:
		return migrations.InvalidAt("holder", "Please say to whom, or where, %s is deployed.", a.Tag)
	case gone(m.Status) && m.HolderID != nil:
		return migrations.InvalidAt("holder", "What is %s is with nobody.", inWords[m.Status])
	case m.Status == Disposed && m.LocationID != nil:
		return migrations.InvalidAt("location", "What is disposed of is nowhere.")
	}
	if err := checkPlace(ctx, tx, a, m); err != nil {
		return err
	}
	if m.HolderID != nil && !same(m.HolderID, a.HolderID) {
		if err := checkHolder(ctx, tx, *m.HolderID); err != nil {
			return err
		}
	}
	if (gone(a.Status) || a.Status == "") && !gone(m.Status) {
		return checkModel(ctx, tx, a.ModelID)
	}
	return nil
}

func canBecome(from, to Status) bool {
	for _, s := range edges[from] {
		if s == to {
			return true
		}
	}
	return false
}

// shared makes a read hold its rows until the commit, so that what was
// checked stays true. On SQLite only one writes at a time anyway.
func shared(tx *migrations.Tx) string {
	if tx.Dialect() == migrations.Postgres {
		return ` FOR SHARE`
	}
	return ``
}

func checkPlace(ctx context.Context, tx *migrations.Tx, a *Asset, m *Movement) error {
	if m.LocationID == nil || same(m.LocationID, a.LocationID) && m.Status == a.Status {
		return nil
	}
	var l Location
	err := tx.Get(ctx, &l, `SELECT id, kind, path, archived_at FROM location WHERE id = ?`+shared(tx), *m.LocationID)
	switch {
	case migrations.KindOf(err) == migrations.NotFound:
		return &migrations.Error{Kind: migrations.NotFound, Message: "There is no such place.", Field: "location"}
	case err != nil:
		return fmt.Errorf("read location %d: %w", *m.LocationID, err)
	case l.ArchivedAt != nil:
		return migrations.InvalidAt("location", "%s is archived. Bring it back first, or choose another place.", l.Path)
	case l.Kind == Vendor && m.Status == Stowed:
		return migrations.InvalidAt("location", "%s is a vendor: nothing is stowed there.", l.Path)
	}
	return nil
}

func checkHolder(ctx context.Context, tx *migrations.Tx, id int64) error {
	var one int
	err := tx.Get(ctx, &one, `SELECT 1 FROM client WHERE id = ? AND erased_at IS NULL`+shared(tx), id)
	if migrations.KindOf(err) == migrations.NotFound {
		return &migrations.Error{Kind: migrations.NotFound, Message: "There is no such person.", Field: "holder"}
	}
	if err != nil {
		return fmt.Errorf("read client %d: %w", id, err)
	}
	return nil
}

func checkModel(ctx context.Context, tx *migrations.Tx, id int64) error {
	var m Model
	err := tx.Get(ctx, &m, `SELECT manufacturer, name, archived_at FROM model WHERE id = ?`+shared(tx), id)
	switch {
	case migrations.KindOf(err) == migrations.NotFound:
		return &migrations.Error{Kind: migrations.NotFound, Message: "There is no such model.", Field: "model"}
	case err != nil:
		return fmt.Errorf("read model %d: %w", id, err)
	case m.ArchivedAt != nil:
		return migrations.InvalidAt("model", "The model %s is archived. Bring it back first.", m.Title())
	}
	return nil
}

// overtaken returns the Conflict of a movement that came second.
func (s *Store) overtaken(ctx context.Context, q read, assetID int64) error {
	var m Movement
	err := q.Get(ctx, &m, movementSelect+`WHERE v.asset_id = ? ORDER BY v.n DESC LIMIT 1`, assetID)
	if migrations.KindOf(err) == migrations.NotFound {
		return migrations.NotFoundf("There is no such asset.")
	}
	if err != nil {
		return fmt.Errorf("read the last movement of asset %d: %w", assetID, err)
	}
	return migrations.Conflictf("%s %s. Nothing was changed.", m.Sentence(), ago(s.Now().Sub(m.At.Time())))
}

// Sentence says in words what a movement was: Ben Okafor deployed A-0012 to Anna Lind.
func (m Movement) Sentence() string {
	who := m.AccountName
	if who == "" {
		who = "The system"
	}
	with := ""
	switch {
	case m.HolderName != "" && m.LocationPath != "":
		with = " to " + m.HolderName + " (" + m.LocationPath + ")"
	case m.HolderName != "":
		with = " to " + m.HolderName
	case m.LocationPath != "":
		with = " in " + m.LocationPath
	}
	switch m.Kind {
	case "register":
		return who + " registered " + m.Tag + with
	case "stow":
		return who + " stowed " + m.Tag + with
	case "deploy":
		return who + " deployed " + m.Tag + with
	case "repair":
		return who + " sent " + m.Tag + " to repair"
	case "maintain":
		return who + " sent " + m.Tag + " to maintenance"
	case "back":
		return who + " took " + m.Tag + " back to where it was"
	case "split":
		return who + " split pieces of " + m.Tag
	case "join":
		return who + " joined pieces of " + m.Tag
	case "retire":
		return who + " retired " + m.Tag
	case "dispose":
		return who + " disposed of " + m.Tag
	case "recover":
		return who + " brought " + m.Tag + " back into use" + with
	case "count":
		return who + " counted " + m.Tag + ": " + strconv.FormatInt(m.Quantity, 10)
	}
	return who + " moved " + m.Tag
}

// ago says how long ago something was.
func ago(d time.Duration) string {
	unit := func(n int, what string) string {
		if n == 1 {
			return "1 " + what + " ago"
		}
		return strconv.Itoa(n) + " " + what + "s ago"
	}
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return unit(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		return unit(int(d/time.Hour), "hour")
	}
	return unit(int(d/(24*time.Hour)), "day")
}

// movementSelect reads movements (v) with the names that they mean.
const movementSelect = `SELECT v.id, v.asset_id, v.n, v.at, v.kind, v.was_status, v.was_location_id, COALESCE(wl.path, '') AS was_location_path,
	v.was_holder_id, COALESCE(wh.name, '') AS was_holder_name, v.was_quantity, v.status, v.location_id, COALESCE(l.path, '') AS location_path,
	v.holder_id, COALESCE(h.name, '') AS holder_name, v.quantity, v.other_id, v.reason, v.work_order_id, v.account_id, COALESCE(ac.name, '') AS account_name,
	a.tag, TRIM(m.manufacturer || ' ' || m.name) AS model_title
	FROM movement v JOIN asset a ON a.id = v.asset_id JOIN model m ON m.id = a.model_id
	LEFT JOIN location wl ON wl.id = v.was_location_id LEFT JOIN client wh ON wh.id = v.was_holder_id
	LEFT JOIN location l ON l.id = v.location_id LEFT JOIN client h ON h.id = v.holder_id
	LEFT JOIN account ac ON ac.id = v.account_id `

// assetColumns reads assets (a) with the names that they mean.
const assetColumns = `a.id, a.tag, a.model_id, m.category, m.manufacturer, m.name AS model_name, a.serial, a.parent_id, a.hostname, a.purpose, a.specs, a.reference,
	a.purchased_on, a.cost, a.estimated_value, a.currency, a.warranty_until, a.end_of_life_on, a.import_ref, a.status,
	a.location_id, COALESCE(l.path, '') AS location_path, COALESCE(l.name, '') AS location_name, a.holder_id, COALESCE(h.name, '') AS holder_name,
	a.quantity, a.moves, a.moved_at, a.created_at, a.updated_at, a.version`

const assetJoins = `JOIN model m ON m.id = a.model_id LEFT JOIN location l ON l.id = a.location_id LEFT JOIN client h ON h.id = a.holder_id `

// assetWhere returns the one asset that condition finds.
func assetWhere(ctx context.Context, q read, condition string, args ...any) (Asset, error) {
	var a Asset
	err := q.Get(ctx, &a, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE `+condition, args...)
	if migrations.KindOf(err) == migrations.NotFound {
		return a, migrations.NotFoundf("There is no such asset.")
	}
	if err != nil {
		return a, fmt.Errorf("read asset: %w", err)
	}
	return a, nil
}

// lockTx holds an asset's row until the commit, so that what is read of it
// stays true. Of several, the lowest id comes first, lest two wait for each other.
func lockTx(ctx context.Context, tx *migrations.Tx, id int64) error {
	if _, err := tx.Exec(ctx, `UPDATE asset SET moves = moves WHERE id = ?`, id); err != nil {
		return fmt.Errorf("lock asset %d: %w", id, err)
	}
	return nil
}
