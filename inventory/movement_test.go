package inventory

import (
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

func TestAnAssetsWay(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{Serial: "NF-77 12", Hostname: "book-12"}, 0)
		if a.Tag != "A-0001" || a.state() != (Asset{Status: Stowed, LocationID: &d.room.ID, Quantity: 1}).state() || a.Moves != 1 || a.LocationPath != "Main site > Store room" || a.Currency != "EUR" {
			t.Fatalf("registered %+v", a)
		}
		d.clock.add(time.Hour)
		b := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Reason: "new\r\ncolleague"}, a.Moves))(t)
		if b.Status != Deployed || b.HolderName != "Anna Lind" || b.LocationID != nil || b.Moves != 2 || b.Version != a.Version {
			t.Fatalf("deployed %+v", b)
		}
		d.clock.add(2 * time.Minute)
		_, err := d.Move(ctx, d.eva, a.ID, Place{Status: Stowed, LocationID: d.depot.ID}, a.Moves)
		refused(t, err, migrations.Conflict, "Ben Okafor deployed A-0001 to Anna Lind 2 minutes ago. Nothing was changed.")
		_, err = d.Move(ctx, d.eva, a.ID, Place{Status: Deployed, HolderID: d.anna}, b.Moves)
		refused(t, err, migrations.Invalid, "A-0001 is already deployed with Anna Lind")
		list, more, err := d.Movements(ctx, MovementFilter{AssetID: a.ID}, "", 1)
		if err != nil || len(list) != 1 || more != "2" || list[0].Kind != "deploy" || list[0].Reason != "new\ncolleague" || list[0].WasLocationPath != a.LocationPath || list[0].HolderName != "Anna Lind" || list[0].AccountName != "Ben Okafor" || list[0].ModelName != "Nordfell Book 14" {
			t.Fatalf("movements %+v %q %v", list, more, err)
		}
		list, more, err = d.Movements(ctx, MovementFilter{AssetID: a.ID}, more, 1)
		if err != nil || len(list) != 1 || more != "" || list[0].Kind != "register" {
			t.Fatalf("movements %+v %q %v", list, more, err)
		}
		if list, _, err := d.Movements(ctx, MovementFilter{LocationID: d.room.ID}, "", 10); err != nil || len(list) != 2 {
			t.Fatalf("movements of the room %+v %v", list, err)
		}
		if list, _, err := d.Movements(ctx, MovementFilter{ClientID: d.anna}, "", 10); err != nil || len(list) != 1 {
			t.Fatalf("movements of Anna %+v %v", list, err)
		}
		c := must(d.UndoMove(ctx, d.eva, a.ID, b.Moves))(t)
		if c.state() != a.state() || c.Moves != 3 {
			t.Fatalf("taken back %+v", c)
		}
		if held := must(d.HeldBy(ctx, d.anna, 10))(t); len(held) != 0 {
			t.Fatalf("Anna still has %+v", held)
		}
	})
}

func TestPiecesSplitAndJoin(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{ModelID: d.mouse.ID, Reference: "box 4"}, 10)
		p := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 3}, a.Moves))(t)
		if p.Tag != "A-0001-2" || p.Quantity != 3 || p.HolderID == nil || *p.HolderID != d.anna || orZero(p.ParentID) != a.ID || p.Reference != "box 4" || p.Moves != 1 {
			t.Fatalf("split off %+v", p)
		}
		a = must(d.Asset(ctx, a.ID))(t)
		if a.Quantity != 7 || a.Moves != 2 {
			t.Fatalf("left %+v", a)
		}
		m := must(d.Model(ctx, d.mouse.ID))(t)
		if m.OnHand != 7 || m.Deployed != 3 || m.Total != 10 {
			t.Fatalf("counts %+v", m)
		}
		// Of what was split off, a piece is split off, under the first one's tag.
		q := must(d.Move(ctx, d.ben, p.ID, Place{Status: Deployed, HolderID: d.carl, Quantity: 1}, p.Moves))(t)
		if q.Tag != "A-0001-3" || q.Quantity != 1 {
			t.Fatalf("split off %+v", q)
		}
		j := must(d.Move(ctx, d.ben, q.ID, Place{Status: Stowed, LocationID: d.room.ID}, q.Moves))(t)
		if j.ID != a.ID || j.Quantity != 8 {
			t.Fatalf("joined %+v", j)
		}
		q = must(d.AssetByTag(ctx, "a-0001-3"))(t)
		if q.Status != Disposed || q.Quantity != 0 || q.LocationID != nil {
			t.Fatalf("what joined is %+v", q)
		}
		list, _, err := d.Assets(ctx, AssetFilter{Gone: true}, "", 10)
		if err != nil || len(list) != 2 {
			t.Fatalf("list %+v %v", list, err)
		}
		_, err = d.Move(ctx, d.ben, q.ID, Place{Status: Stowed, LocationID: d.room.ID}, q.Moves)
		refused(t, err, migrations.Invalid, "nothing left of A-0001-3")
		// The join is taken back, and done again by taking that back.
		a = must(d.UndoMove(ctx, d.ben, a.ID, j.Moves))(t)
		q = must(d.Asset(ctx, q.ID))(t)
		if a.Quantity != 7 || q.Quantity != 1 || orZero(q.HolderID) != d.carl {
			t.Fatalf("taken back %+v %+v", a, q)
		}
		q = must(d.UndoMove(ctx, d.ben, q.ID, q.Moves))(t)
		a = must(d.Asset(ctx, a.ID))(t)
		if a.Quantity != 8 || q.Quantity != 0 {
			t.Fatalf("and again %+v %+v", a, q)
		}
		// A split is taken back too; not once something else happened.
		x := must(d.Move(ctx, d.ben, a.ID, Place{Status: Stowed, LocationID: d.depot.ID, Quantity: 2}, a.Moves))(t)
		x = must(d.UndoMove(ctx, d.ben, x.ID, x.Moves))(t)
		a = must(d.Asset(ctx, a.ID))(t)
		if x.Status != Disposed || x.Quantity != 0 || a.Quantity != 8 {
			t.Fatalf("split taken back %+v %+v", x, a)
		}
		x = must(d.Move(ctx, d.ben, a.ID, Place{Status: Stowed, LocationID: d.depot.ID, Quantity: 2}, a.Moves))(t)
		if x.Tag != "A-0001-5" {
			t.Fatalf("a tag is used again: %s", x.Tag)
		}
		must(d.Count(ctx, d.eva, a.ID, 5, "counted", a.Moves+1))(t)
		_, err = d.UndoMove(ctx, d.ben, x.ID, x.Moves)
		refused(t, err, migrations.Conflict, "Eva Roth counted A-0001: 5 just now")
	})
}

func TestAMovementOfWhatMovedMeanwhileIsRefused(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		stale := d.register(AssetEdit{}, 0)
		must(d.Move(ctx, d.eva, stale.ID, Place{Status: Deployed, HolderID: d.carl, LocationID: d.site.ID}, stale.Moves))(t)
		d.clock.add(25 * time.Hour)
		was := stale
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error { return d.moveTx(ctx, tx, d.ben, &stale, stale.next("repair", Repair)) })
		refused(t, err, migrations.Conflict, "Eva Roth deployed A-0001 to Carl Mora (Main site) 1 day ago. Nothing was changed.")
		if stale.Moves != was.Moves || stale.Status != was.Status {
			t.Fatalf("refused, and yet mended to %+v", stale)
		}
		// The ledger itself takes no number twice, and nothing below nothing.
		for _, q := range []string{
			`INSERT INTO movement (asset_id, n, at, kind, status, quantity) VALUES (?, 2, 1, 'stow', 'stowed', 1)`,
			`UPDATE asset SET quantity = -1 WHERE id = ?`,
			`UPDATE asset SET quantity = 2, serial = 'x' WHERE id = ?`,
		} {
			if err := d.db.Tx(ctx, func(tx *migrations.Tx) error { _, err := tx.Exec(ctx, q, stale.ID); return err }); err == nil {
				t.Errorf("the database takes %s", q)
			}
		}
		// A clock that went back makes no movement before the last one.
		d.clock.add(-48 * time.Hour)
		a := must(d.Asset(ctx, stale.ID))(t)
		b := must(d.Move(ctx, d.ben, a.ID, Place{Status: Stowed, LocationID: d.depot.ID}, a.Moves))(t)
		if b.MovedAt != a.MovedAt {
			t.Fatalf("moved at %d, and before that at %d", b.MovedAt, a.MovedAt)
		}
	})
}

func TestMovementsOfAWorkOrderAreNotTakenBack(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{}, 0)
		move := func(m Movement) {
			t.Helper()
			if err := d.db.Tx(ctx, func(tx *migrations.Tx) error { return d.moveTx(ctx, tx, d.ben, &a, m) }); err != nil {
				t.Fatal(err)
			}
		}
		m := a.next("repair", Repair)
		m.WorkOrderID = new(int64(5))
		move(m)
		_, err := d.UndoMove(ctx, d.ben, a.ID, a.Moves)
		refused(t, err, migrations.Invalid, "change the work order")
		_, err = d.Count(ctx, d.ben, a.ID, 3, "", a.Moves)
		refused(t, err, migrations.Invalid, "in repair")
		// Taken from the bench by hand: it does not go back there by hand.
		a = must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna}, a.Moves))(t)
		_, err = d.UndoMove(ctx, d.ben, a.ID, a.Moves)
		refused(t, err, migrations.Invalid, "was in repair before")
		line := d.register(AssetEdit{ModelID: d.mouse.ID}, 3)
		if err := d.db.Tx(ctx, func(tx *migrations.Tx) error { return d.moveTx(ctx, tx, d.ben, &line, line.next("repair", Repair)) }); err != nil {
			t.Fatal(err)
		}
		_, err = d.Move(ctx, d.ben, line.ID, Place{Status: Stowed, LocationID: d.depot.ID, Quantity: 1}, line.Moves)
		refused(t, err, migrations.Invalid, "only be moved as a whole")
	})
}

// A piece that broke is stowed again beside those that work.
func TestPieceUnderRepairStaysItself(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{ModelID: d.mouse.ID}, 6)
		p := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 1}, a.Moves))(t)
		o := must(d.OpenOrder(ctx, d.ben, NewOrder{OrderEdit: OrderEdit{Title: "Does not click", AssetID: p.ID}}))(t)
		// Its split is not taken back: the repair would be of nothing.
		_, err := d.UndoMove(ctx, d.ben, p.ID, p.Moves)
		refused(t, err, migrations.Invalid, p.Tag, "repair")
		_, err = d.UndoMove(ctx, d.ben, a.ID, tracker.AnyVersion)
		refused(t, err, migrations.Invalid, p.Tag, "repair")
		// Nor does it join the others.
		p = must(d.Move(ctx, d.ben, p.ID, Place{Status: Stowed, LocationID: d.room.ID}, p.Moves))(t)
		if p.Tag == a.Tag || p.Status != Stowed || p.Quantity != 1 {
			t.Fatalf("stowed as %+v", p)
		}
		o = must(d.StepOrder(ctx, d.ben, o.Number, OrderStep{Status: Assessed}, o.Version))(t)
		if p = must(d.Asset(ctx, p.ID))(t); p.Status != Repair {
			t.Fatalf("%s is %s", p.Tag, p.Status)
		}
		must(d.StepOrder(ctx, d.ben, o.Number, OrderStep{Status: Done, Resolution: "A new switch."}, o.Version))(t)
		// Once that is over, it does.
		p = must(d.Move(ctx, d.ben, p.ID, Place{Status: Deployed, HolderID: d.carl}, tracker.AnyVersion))(t)
		p = must(d.Move(ctx, d.ben, p.ID, Place{Status: Stowed, LocationID: d.room.ID}, p.Moves))(t)
		if p.Tag != a.Tag || p.Quantity != 6 {
			t.Fatalf("joined %+v", p)
		}
	})
}

// What has a serial now is not put back among those that have none.
func TestPieceWithASerialStaysItself(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{ModelID: d.mouse.ID}, 6)
		p := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 1}, a.Moves))(t)
		p = must(d.ChangeAsset(ctx, d.ben, p.ID, AssetEdit{Serial: "SN-7"}, p.Version))(t)
		for _, id := range []int64{p.ID, a.ID} {
			_, err := d.UndoMove(ctx, d.ben, id, tracker.AnyVersion)
			refused(t, err, migrations.Invalid, p.Tag, "serial number")
		}
		if now := must(d.Asset(ctx, p.ID))(t); now.Status != Deployed || now.Quantity != 1 {
			t.Fatalf("it is %+v", now)
		}
	})
}
