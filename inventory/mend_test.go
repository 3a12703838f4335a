package inventory

import (
	"fmt"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

// TestPlacesMadeTogetherAreOne: whoever comes second finds what the first made.
func TestPlacesMadeTogetherAreOne(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for round := range 12 {
			path := fmt.Sprintf("House %d > Cellar > Shelf 4", round)
			ids := make([]int64, 6)
			for i, err := range together(len(ids), func(i int) error {
				l, err := d.EnsureLocation(t.Context(), d.ben, path, Warehouse)
				ids[i] = l.ID
				return err
			}) {
				if err != nil || ids[i] != ids[0] {
					t.Fatalf("the %dth made %d, the first %d: %v", i, ids[i], ids[0], err)
				}
			}
		}
	})
}

// TestImportedAssetsAreTheImports: what others register meanwhile is not shown as imported.
func TestImportedAssetsAreTheImports(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		var done ImportDone
		for _, id := range []int64{3, 4, 5, 9, 11, 12} {
			done.add(id)
		}
		if done.IDs != "3-5,9,11-12" || len(done.ids(99)) != 6 || done.ids(5)[4] != 11 {
			t.Fatalf("kept %q, read %v", done.IDs, done.ids(99))
		}
		if d.db.Engine == migrations.SQLite {
			return // one writes at a time
		}
		ctx := t.Context()
		f := must(csvfile.Open([]byte("tag;model;category;location\nIT-1;Lamp;part;Depot\nIT-2;Lamp;part;Depot\nIT-3;Lamp;part;Depot\n"), ';'))(t)
		plan := must(d.CheckImport(ctx, f, ImportOptions{}))(t)
		// Somebody else's id is drawn between two of the import's.
		var other int64
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			im, err := d.newImporter(ctx, tx, f, ImportOptions{})
			if err != nil {
				return err
			}
			if err := im.each(ctx, func([]*importRow) error { return nil }); err != nil {
				return err
			}
			if err := im.lockTx(ctx, tx); err != nil {
				return err
			}
			n := 0
			im.begin()
			return im.each(ctx, func(rows []*importRow) error {
				for _, r := range rows {
					if n++; n == 2 {
						a, err := d.Register(ctx, d.eva, AssetEdit{ModelID: d.mouse.ID, Tag: "OTHER"}, Place{Status: Stowed, LocationID: d.room.ID})
						if err != nil {
							return err
						}
						other = a.ID
					}
					if err := im.writeRow(ctx, tx, d.ben, r, &tagDrawer{}, &done); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil || plan.New != 3 {
			t.Fatalf("%+v %v", plan, err)
		}
		done.IDs = done.IDs[len("3-5,9,11-12,"):]
		list := must(d.ImportedAssets(ctx, done, 10))(t)
		if len(list) != 3 || other <= list[0].ID || other >= list[2].ID {
			t.Fatalf("imported %s, the other is %d, shown %d", done.IDs, other, len(list))
		}
	})
}

// TestAnotherAssetIsLinkedWithTheTicket: as if the order had been opened with it.
func TestAnotherAssetIsLinkedWithTheTicket(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a, b := w.asset(Stowed, w.room, 0, 1), w.asset(Stowed, w.room, 0, 1)
		o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}, TicketID: w.ticket.ID})
		edit := o.Edit()
		edit.AssetID = b.ID
		_, err := w.ChangeOrder(t.Context(), w.tomas.Actor(), o.Number, edit, o.Version)
		w.ok(err)
		links, err := w.tracker.Links(t.Context(), tracker.Thing{Kind: tracker.KindTicket, ID: w.ticket.ID})
		w.ok(err)
		if len(links) != 3 {
			t.Errorf("the ticket has links %v", links)
		}
		events, err := w.tracker.EventsOf(t.Context(), tracker.KindTicket, w.ticket.ID, 50)
		w.ok(err)
		if events[0].Kind != "linked" || events[0].Became != b.Thing().String() {
			t.Errorf("the ticket says %+v", events[0])
		}
		events, err = w.tracker.EventsOf(t.Context(), tracker.KindWorkOrder, o.ID, 50)
		w.ok(err)
		if e := events[0]; e.Kind != "changed" || e.Was != a.Thing().String() || e.Became != b.Thing().String() {
			t.Errorf("the order says %+v", e)
		}
	})
}

// TestSeveralJoinsAreTakenBack: the newest first, all of them; and what they
// joined goes back too, where it was moved with them.
func TestSeveralJoinsAreTakenBack(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{ModelID: d.mouse.ID}, 10)
		p := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 3}, 1))(t)
		q := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.carl, Quantity: 2}, 2))(t)
		all := must(d.MoveMany(ctx, d.ben, map[int64]int64{a.ID: 3, p.ID: 1, q.ID: 1}, Place{Status: Stowed, LocationID: d.depot.ID}))(t)
		for i, id := range []int64{a.ID, p.ID, q.ID} {
			if all[i].Err != nil || all[i].ID != id || all[i].Asset.ID != a.ID {
				t.Fatalf("moved %+v", all)
			}
		}
		if a = must(d.Asset(ctx, a.ID))(t); a.Quantity != 10 || a.LocationPath != "Depot" {
			t.Fatalf("joined %+v", a)
		}
		// Not the first of two while the second stands.
		_, err := d.UndoMove(ctx, d.ben, p.ID, all[1].Moves)
		refused(t, err, migrations.Conflict, "joined pieces of A-0001 just now")
		for _, m := range []Moved{all[2], all[1], all[0]} {
			must(d.UndoMove(ctx, d.ben, m.ID, m.Moves))(t)
		}
		a, p, q = must(d.Asset(ctx, a.ID))(t), must(d.Asset(ctx, p.ID))(t), must(d.Asset(ctx, q.ID))(t)
		if a.Quantity != 5 || a.LocationPath != "Main site > Store room" || p.Quantity != 3 || p.HolderName != "Anna Lind" || q.Quantity != 2 || q.HolderName != "Carl Mora" {
			t.Fatalf("taken back %+v %+v %+v", a, p, q)
		}
	})
}

// TestQuantitiesAreReadOneWay: what could be a thousand or a fraction is asked about.
func TestQuantitiesAreReadOneWay(t *testing.T) {
	for text, want := range map[string]int64{"2": 2000, "1.5": 1500, "1,25": 1250, " .5 ": 500, "0,125": 125, "1000": 1_000_000, "1,000.5": 1_000_500, "1.000,5": 1_000_500, "1 000": 1_000_000, "1.1250": 1125, "100,000.0": 100_000_000, "2.": 2000} {
		if got, err := ParseQuantity(text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
		if got, err := ParseQuantity(DecimalQuantity(want)); err != nil || got != want {
			t.Errorf("%q is read back as %d, %v", DecimalQuantity(want), got, err)
		}
	}
	for text, words := range map[string]string{"1,000": "“1,000” can be read in two ways. Write 1000, or 1.", "1.125": "Write 1125, or 1.1250.", "12,500": "Write 12500, or 12.5000.", "": "how many", "x": "not a quantity",
		"1,00,000": "not a quantity", "1.2.3": "not a quantity", "-1": "more than 0", "0.000": "more than 0", "0.0001": "three digits", "1,000,000": "not be more"} {
		_, err := ParseQuantity(text)
		refused(t, err, migrations.Invalid, words)
	}
}

// TestHomeArchivedMeanwhile: what comes from a vendor's when its place is
// archived comes back to the nearest place above, or to one that is chosen.
func TestHomeArchivedMeanwhile(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		ctx, by := t.Context(), w.tomas.Actor()
		made := 0
		// away makes an asset at home in a place of that path, which is at the
		// vendor's for an order when the last n parts of the path are archived.
		away := func(n int, status Status, holder int64) (Asset, Order, Location, Location) {
			t.Helper()
			made++
			top, err := w.EnsureLocation(ctx, by, fmt.Sprintf("House %d", made), Site)
			w.ok(err)
			shelf, err := w.EnsureLocation(ctx, by, fmt.Sprintf("House %d > Cellar > Shelf", made), Room)
			w.ok(err)
			a := w.asset(status, shelf.ID, holder, 1)
			o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID, VendorID: w.vendor}, TakeIn: true})
			for l := shelf; n > 0; n-- {
				l, err = w.ArchiveLocation(ctx, by, l.ID, true, tracker.AnyVersion)
				w.ok(err)
				if l.ParentID != nil {
					l, err = w.Location(ctx, *l.ParentID)
					w.ok(err)
				}
			}
			return a, o, top, shelf
		}
		last := func(a Asset) (m Movement) {
			t.Helper()
			w.ok(w.db.Get(ctx, &m, `SELECT kind, reason, work_order_id FROM movement WHERE asset_id = ? ORDER BY n DESC LIMIT 1`, a.ID))
			return m
		}
		a, o, top, shelf := away(2, Stowed, 0)
		r, back, err := w.ReturnsTo(ctx, o)
		if err != nil || !back || r.Archived != shelf.Path || r.LocationPath != top.Path || r.Ask {
			t.Fatalf("%+v %v %v", r, back, err)
		}
		w.step(o, Done)
		w.at(a, Stowed, top.ID, 0)
		if m := last(a); m.Kind != "stow" || m.Reason != o.Name()+": "+shelf.Path+" is archived." || orZero(m.WorkOrderID) != o.ID {
			t.Fatalf("%+v", m)
		}
		// What was in use there is stowed; what somebody has stays theirs.
		a, o, top, _ = away(2, Deployed, 0)
		w.step(o, Cancelled)
		w.at(a, Stowed, top.ID, 0)
		a, o, _, _ = away(3, Deployed, w.anna)
		w.step(o, Done)
		w.at(a, Deployed, 0, w.anna)
		// No place is left: one is asked for.
		a, o, _, shelf = away(3, Stowed, 0)
		if r, _, err := w.ReturnsTo(ctx, o); err != nil || !r.Ask {
			t.Fatalf("%+v %v", r, err)
		}
		done := OrderStep{Status: Done, Resolution: "New hinge."}
		_, err = w.StepOrder(ctx, by, o.Number, done, o.Version)
		w.wantErr(err, migrations.Invalid, "place", a.Tag+" came from "+shelf.Path+", which is archived. Please choose")
		done.PlaceID = w.vendor
		_, err = w.StepOrder(ctx, by, o.Number, done, o.Version)
		w.wantErr(err, migrations.Invalid, "location", "is a vendor")
		w.at(a, Repair, w.vendor, 0)
		done.PlaceID = w.room
		_, err = w.StepOrder(ctx, by, o.Number, done, o.Version)
		w.ok(err)
		w.at(a, Stowed, w.room, 0)
		// Written off, and opened again after that.
		a, o, _, _ = away(0, Stowed, 0)
		o = w.step(o, WrittenOff)
		l := *w.at(a, Retired, w.vendor, 0).LocationID
		m, err := movementOf(ctx, w.db, a.ID, 1)
		w.ok(err)
		_, err = w.ArchiveLocation(ctx, by, *m.LocationID, true, tracker.AnyVersion)
		w.ok(err)
		w.step(o, InProgress)
		w.at(a, Repair, l, 0)
		// Fetched from the vendor when its place is archived.
		a, o, top, _ = away(2, Stowed, 0)
		edit := o.Edit()
		edit.VendorID = 0
		_, err = w.ChangeOrder(ctx, by, o.Number, edit, o.Version)
		w.ok(err)
		w.at(a, Repair, top.ID, 0)
	})
}
