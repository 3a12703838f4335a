package inventory

import (
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Checks returns what must hold of the inventory's tables beyond what the
// schema makes sure of: above all, that the ledger has no gaps and that each
// thing is where its last movement left it.
func Checks() []migrations.Check {
	const hand = "Somebody changed the rows by hand, or some are missing: compare with the last good backup, and restore it where they are needed."
	list := []migrations.Check{
		{Name: "movements are numbered without gaps", Query: `SELECT 'asset ' || a.tag || ': ' || a.moves || ' moves, ' || COALESCE(m.n, 0) || ' kept' AS what FROM asset a
			LEFT JOIN (SELECT asset_id, COUNT(*) AS n, MIN(n) AS lowest, MAX(n) AS highest FROM movement GROUP BY asset_id) m ON m.asset_id = a.id
			WHERE m.n IS NULL OR m.n <> a.moves OR m.lowest <> 1 OR m.highest <> a.moves`, Do: hand},
		{Name: "things are where their last movement left them", Query: `SELECT 'asset ' || a.tag AS what FROM asset a JOIN movement m ON m.asset_id = a.id AND m.n = a.moves
			WHERE m.status <> a.status OR m.quantity <> a.quantity OR COALESCE(m.location_id, 0) <> COALESCE(a.location_id, 0) OR COALESCE(m.holder_id, 0) <> COALESCE(a.holder_id, 0)`, Do: hand},
		{Name: "movements begin where the one before ended", Query: `SELECT 'asset with id ' || b.asset_id || ', movement ' || b.n AS what FROM movement b JOIN movement a ON a.asset_id = b.asset_id AND a.n = b.n - 1
			WHERE a.status <> b.was_status OR a.quantity <> b.was_quantity`, Do: hand},
		{Name: "work order numbers go on behind the last", Query: `SELECT 'number ' || MAX(number) || ' is given out, and the counter is at ' || (SELECT value FROM counter WHERE name = 'work_order') AS what FROM work_order
			HAVING MAX(number) > (SELECT value FROM counter WHERE name = 'work_order')`, Do: "Set it right while helpdeskd is stopped: UPDATE counter SET value = (SELECT MAX(number) FROM work_order) WHERE name = 'work_order'."},
		{Name: "things that are known of tickets are there", Query: `SELECT 'what is known of the ticket with id ' || f.ticket_id AS what FROM fact f WHERE f.item = 'asset' AND f.thing_id <> 0 AND f.thing_id NOT IN (SELECT a.id FROM asset a)`, Do: hand},
		tracker.Searchable(tracker.KindAsset, "asset"),
		tracker.Searchable(tracker.KindWorkOrder, "work_order"),
		tracker.Linked(tracker.KindAsset, "asset"),
		tracker.Linked(tracker.KindWorkOrder, "work_order"),
	}
	for _, r := range []migrations.Reference{
		{Table: "movement", Column: "location_id", Parent: "location", Key: "id"},
		{Table: "movement", Column: "was_location_id", Parent: "location", Key: "id"},
		{Table: "movement", Column: "holder_id", Parent: "client", Key: "id"},
		{Table: "movement", Column: "was_holder_id", Parent: "client", Key: "id"},
		{Table: "movement", Column: "other_id", Parent: "asset", Key: "id"},
		{Table: "movement", Column: "work_order_id", Parent: "work_order", Key: "id"},
		{Table: "movement", Column: "account_id", Parent: "account", Key: "id"},
		{Table: "work_order", Column: "created_by", Parent: "account", Key: "id"},
	} {
		list = append(list, migrations.Refers(r))
	}
	return list
}
