package inventory

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// workshop is an inventory with what repairs need: two technicians, a person
// with a laptop, a store room and a vendor.
type workshop struct {
	*Store
	t                       *testing.T
	db                      *migrations.DB
	ines, tomas, mara       tracker.Account // administrator, technician, manager
	anna                    int64           // a client
	ticket                  tracker.Ticket  // hers
	room, vendor, elsewhere int64           // locations
	model                   int64
	made                    int
}

func eachWorkshop(t *testing.T, fn func(t *testing.T, w *workshop)) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		clock := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		var mu sync.Mutex
		tr := tracker.New(db, tracker.Options{Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			clock = clock.Add(time.Second)
			return clock
		}})
		w := &workshop{Store: New(tr), t: t, db: db}
		account := func(email, name string, role tracker.AccountRole) tracker.Account {
			a, err := tr.CreateAccount(t.Context(), tracker.Actor{}, tracker.NewAccount{Email: email, Name: name, Role: role, Password: "seven green umbrellas"})
			w.ok(err)
			return a
		}
		w.ines = account("ines@desk.example", "Ines Holm", tracker.Admin)
		w.tomas = account("tomas@desk.example", "Tomas Rehak", tracker.Technician)
		w.mara = account("mara@desk.example", "Mara Lund", tracker.Manager)
		var err error
		w.ticket, err = tr.OpenTicket(t.Context(), w.tomas.Actor(), tracker.NewTicket{Subject: "The screen flickers", Requester: tracker.Address{Name: "Anna Lind", Address: "anna@office.example"}})
		w.ok(err)
		w.anna = w.ticket.ClientID
		w.ok(db.Tx(t.Context(), func(tx *migrations.Tx) (err error) {
			place := func(name string, kind LocationKind) int64 {
				id, err := tx.Insert(t.Context(), `INSERT INTO location (kind, name, name_folded, path, path_folded, created_at) VALUES (?, ?, ?, ?, ?, 1) RETURNING id`,
					kind, name, tracker.Fold(name), name, tracker.Fold(name))
				w.ok(err)
				return id
			}
			w.room, w.vendor, w.elsewhere = place("Store room", Warehouse), place("Fixit Ltd", Vendor), place("Elbe", Room)
			w.model, err = tx.Insert(t.Context(), `INSERT INTO model (category, manufacturer, name, folded, created_at) VALUES ('computer', 'Lenovo', 'ThinkPad T14', 'lenovo thinkpad t14', 1) RETURNING id`)
			return err
		}))
		fn(t, w)
	})
}

func (w *workshop) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// asset makes an asset where at says, through the ledger.
func (w *workshop) asset(status Status, location, holder, quantity int64) Asset {
	w.t.Helper()
	w.made++
	tag := fmt.Sprintf("A-%04d", w.made)
	var a Asset
	w.ok(w.db.Tx(w.t.Context(), func(tx *migrations.Tx) error {
		id, err := tx.Insert(w.t.Context(), `INSERT INTO asset (tag, tag_folded, model_id, cost, currency, status, quantity, moves, moved_at, created_at, updated_at) VALUES (?, ?, ?, 120000, 'EUR', '', 0, 0, 0, 1, 1) RETURNING id`,
			tag, tracker.Fold(tag), w.model)
		if err != nil {
			return err
		}
		if a, err = assetWhere(w.t.Context(), tx, `a.id = ?`, id); err != nil {
			return err
		}
		return w.moveTx(w.t.Context(), tx, w.ines.Actor(), &a, Movement{Kind: "register", Status: status, LocationID: orNull(location), HolderID: orNull(holder), Quantity: quantity})
	}))
	return a
}

// move moves an asset as a person would.
func (w *workshop) move(id int64, m Movement) {
	w.t.Helper()
	w.ok(w.db.Tx(w.t.Context(), func(tx *migrations.Tx) error {
		a, err := assetWhere(w.t.Context(), tx, `a.id = ?`, id)
		if err != nil {
			return err
		}
		m.Quantity = a.Quantity
		return w.moveTx(w.t.Context(), tx, w.ines.Actor(), &a, m)
	}))
}

// at fails the test unless the asset is there, so, with this person.
func (w *workshop) at(a Asset, status Status, location, holder int64) Asset {
	w.t.Helper()
	now, err := assetWhere(w.t.Context(), w.db, `a.id = ?`, a.ID)
	w.ok(err)
	if now.Status != status || orZero(now.LocationID) != location || orZero(now.HolderID) != holder {
		w.t.Fatalf("%s is %s at %d with %d, want %s at %d with %d", a.Tag, now.Status, orZero(now.LocationID), orZero(now.HolderID), status, location, holder)
	}
	// The asset is what its last movement says.
	var m Movement
	w.ok(w.db.Get(w.t.Context(), &m, `SELECT n, status, location_id, holder_id, quantity FROM movement WHERE asset_id = ? ORDER BY n DESC LIMIT 1`, a.ID))
	if m.N != now.Moves || m.Status != now.Status || !same(m.LocationID, now.LocationID) || !same(m.HolderID, now.HolderID) || m.Quantity != now.Quantity {
		w.t.Fatalf("%s disagrees with its last movement %+v", a.Tag, m)
	}
	return now
}

func (w *workshop) open(in NewOrder) Order {
	w.t.Helper()
	if in.Title == "" {
		in.Title = "The hinge is broken"
	}
	o, err := w.OpenOrder(w.t.Context(), w.tomas.Actor(), in)
	w.ok(err)
	return o
}

func (w *workshop) step(o Order, to OrderStatus) Order {
	w.t.Helper()
	o, err := w.StepOrder(w.t.Context(), w.tomas.Actor(), o.Number, OrderStep{Status: to, Resolution: "New hinge.", Reason: "Not worth it."}, o.Version)
	w.ok(err)
	if o.Status != to {
		w.t.Fatalf("%s is %s, want %s", o.Name(), o.Status, to)
	}
	return o
}

func (w *workshop) wantErr(err error, kind migrations.Kind, field, words string) {
	w.t.Helper()
	if err == nil || migrations.KindOf(err) != kind || migrations.FieldOf(err) != field || !strings.Contains(migrations.SafeMessage(err), words) {
		w.t.Fatalf("got %q (%s, field %q), want %s at %q with %q", err, migrations.KindOf(err), migrations.FieldOf(err), kind, field, words)
	}
}

// TestOrderMovesItsAsset walks every edge between two statuses.
func TestOrderMovesItsAsset(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		for _, from := range OrderStatuses() {
			for _, to := range OrderStatuses() {
				a := w.asset(Deployed, w.elsewhere, w.anna, 1)
				o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}})
				w.at(a, Deployed, w.elsewhere, w.anna)
				if from != Planned {
					o = w.step(o, from)
				}
				before := w.at(a, w.statusIn(from), w.placeIn(from), w.holderIn(from))
				got, err := w.StepOrder(t.Context(), w.tomas.Actor(), o.Number, OrderStep{Status: to, Resolution: "New hinge.", Reason: "Not worth it."}, o.Version)
				if from != to && !from.Open() && !to.Open() {
					w.wantErr(err, migrations.Invalid, "status", "closed already")
					w.at(a, before.Status, orZero(before.LocationID), orZero(before.HolderID))
					continue
				}
				w.ok(err)
				switch {
				case from == WrittenOff && to == Planned: // it stays retired until work begins
					w.at(a, Retired, w.elsewhere, 0)
				default:
					w.at(a, w.statusIn(to), w.placeIn(to), w.holderIn(to))
				}
				if (got.FinishedAt == nil) != to.Open() || from != to && got.Version == o.Version {
					t.Fatalf("%s to %s: finished %v, version %d after %d", from, to, got.FinishedAt, got.Version, o.Version)
				}
			}
		}
	})
}

func (w *workshop) statusIn(o OrderStatus) Status {
	switch {
	case o.started():
		return Repair
	case o == WrittenOff:
		return Retired
	}
	return Deployed
}

func (w *workshop) placeIn(OrderStatus) int64 { return w.elsewhere }

func (w *workshop) holderIn(o OrderStatus) int64 {
	if o == WrittenOff {
		return 0
	}
	return w.anna
}

func TestOrderAtAVendor(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 1)
		o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID, VendorID: w.vendor}, TakeIn: true})
		if o.Status != Assessed || o.StartedAt == nil || o.ReturnN == nil || *o.ReturnN != 1 {
			t.Fatalf("taken in: %+v", o)
		}
		now := w.at(a, Repair, w.vendor, 0)
		var m Movement
		w.ok(w.db.Get(t.Context(), &m, `SELECT kind, work_order_id, account_id FROM movement WHERE asset_id = ? AND n = ?`, a.ID, now.Moves))
		if m.Kind != "repair" || orZero(m.WorkOrderID) != o.ID || orZero(m.AccountID) != w.tomas.ID {
			t.Fatalf("the movement is %+v", m)
		}
		// Fetched from the vendor, and sent there again: the asset follows.
		edit := o.Edit()
		edit.VendorID = 0
		o, err := w.ChangeOrder(t.Context(), w.ines.Actor(), o.Number, edit, o.Version)
		w.ok(err)
		w.at(a, Repair, w.room, 0)
		edit.VendorID = w.vendor
		o, err = w.ChangeOrder(t.Context(), w.ines.Actor(), o.Number, edit, o.Version)
		w.ok(err)
		w.at(a, Repair, w.vendor, 0)
		w.step(o, Done)
		w.at(a, Stowed, w.room, 0)
	})
}

// TestSeveralOrdersOnOneAsset: the last one that ends takes it back, to where
// it was before any of them.
func TestSeveralOrdersOnOneAsset(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Deployed, 0, w.anna, 1)
		one := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}, TakeIn: true})
		two := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID, VendorID: w.vendor}, TakeIn: true})
		w.at(a, Repair, w.vendor, w.anna)
		planned := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}})
		one = w.step(one, Done)
		w.at(a, Repair, w.vendor, w.anna)
		w.step(two, Cancelled)
		w.at(a, Deployed, 0, w.anna)
		// Opened again it goes to repair again.
		one = w.step(one, InProgress)
		w.at(a, Repair, 0, w.anna)
		if one.Resolution != "New hinge." || one.FinishedAt != nil {
			t.Fatalf("opened again: %+v", one)
		}
		// Somebody takes it elsewhere meanwhile: it stays there.
		w.move(a.ID, Movement{Kind: "stow", Status: Stowed, LocationID: &w.room})
		one = w.step(one, Waiting)
		w.at(a, Stowed, w.room, 0)
		w.step(one, Done)
		w.at(a, Stowed, w.room, 0)
		w.step(planned, Done)
		w.at(a, Stowed, w.room, 0)
	})
}

func TestOrdersOfGoneAssets(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 1)
		first := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}, TakeIn: true})
		second := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}})
		first = w.step(first, WrittenOff)
		now := w.at(a, Retired, w.room, 0)
		var m Movement
		w.ok(w.db.Get(t.Context(), &m, `SELECT kind, reason, work_order_id FROM movement WHERE asset_id = ? AND n = ?`, a.ID, now.Moves))
		if m.Kind != "retire" || m.Reason != "Not worth it." || orZero(m.WorkOrderID) != first.ID {
			t.Fatalf("the movement is %+v", m)
		}
		_, err := w.OpenOrder(t.Context(), w.tomas.Actor(), NewOrder{OrderEdit: OrderEdit{Title: "x", AssetID: a.ID}})
		w.wantErr(err, migrations.Invalid, "asset", "is retired")
		_, err = w.StepOrder(t.Context(), w.tomas.Actor(), second.Number, OrderStep{Status: InProgress}, second.Version)
		w.wantErr(err, migrations.Invalid, "asset", "is retired")
		if got, _ := w.Order(t.Context(), second.Number); got.Status != Planned {
			t.Fatalf("a refused step left %s", got.Status)
		}
		w.step(second, Cancelled)
		// The one that wrote it off brings it back, and to where it was.
		first = w.step(first, InProgress)
		w.at(a, Repair, w.room, 0)
		w.step(first, Done)
		w.at(a, Stowed, w.room, 0)
		w.move(a.ID, Movement{Kind: "dispose", Status: Disposed})
		_, err = w.OpenOrder(t.Context(), w.tomas.Actor(), NewOrder{OrderEdit: OrderEdit{Title: "x", AssetID: a.ID}})
		w.wantErr(err, migrations.Invalid, "asset", "disposed of")
	})
}

// TestALineOfSeveralStays: of twelve keyboards one is repaired; the others stay on the shelf.
func TestALineOfSeveralStays(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 12)
		o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}, TakeIn: true})
		w.at(a, Stowed, w.room, 0)
		w.step(o, WrittenOff)
		if now := w.at(a, Stowed, w.room, 0); now.Moves != 1 || now.Quantity != 12 {
			t.Fatalf("the line moved: %+v", now)
		}
	})
}

func TestOrderOnATicket(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Deployed, 0, w.anna, 1)
		o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}, TicketID: w.ticket.ID})
		if orZero(o.ClientID) != w.anna || o.ClientName != "Anna Lind" || o.AssetTag != a.Tag || o.AssetTitle != "Lenovo ThinkPad T14" || o.Number != 1 || o.Currency != "EUR" {
			t.Fatalf("got %+v", o)
		}
		o = w.step(o, InProgress)
		w.step(o, Done)
		events, err := w.tracker.EventsOf(t.Context(), tracker.KindTicket, w.ticket.ID, 50)
		w.ok(err)
		var got []string
		for _, e := range events {
			if e.Kind == "order" || e.Kind == "linked" {
				got = append(got, e.Kind+" "+e.Was+">"+e.Became)
			}
		}
		ref := o.Thing().String()
		want := []string{"linked >" + ref, "linked >" + a.Thing().String(), "order >" + ref + " planned", "order planned>" + ref + " in_progress", "order in_progress>" + ref + " done"}
		if len(got) > 1 && got[0] == want[len(want)-1] {
			for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
				got[i], got[j] = got[j], got[i]
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("the ticket says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		links, err := w.tracker.Links(t.Context(), tracker.Thing{Kind: tracker.KindTicket, ID: w.ticket.ID})
		w.ok(err)
		if len(links) != 2 {
			t.Fatalf("the ticket has links %v", links)
		}
		_, err = w.OpenOrder(t.Context(), w.tomas.Actor(), NewOrder{OrderEdit: OrderEdit{Title: "x"}, TicketID: 999})
		w.wantErr(err, migrations.Invalid, "ticket", "no such ticket")
	})
}

func TestOrderCosts(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 1)
		o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}})
		add := func(l Line) (Line, error) { return w.AddLine(t.Context(), w.tomas.Actor(), o.Number, l) }
		hinge, err := add(Line{Kind: "part", Text: "Hinge, left", Quantity: 2000, UnitCost: 1995})
		w.ok(err)
		_, err = add(Line{Kind: "labour", Text: "Opening and closing", Quantity: 1500, UnitCost: 6501}) // 97.515
		w.ok(err)
		_, err = add(Line{Kind: "shipping", Text: "There and back", Quantity: 1, UnitCost: 499}) // 0.499, rounds down to 0
		w.ok(err)
		if o, err = w.Order(t.Context(), o.Number); err != nil || o.Total != 3990+9752+0 {
			t.Fatalf("the total is %d, %v", o.Total, err)
		}
		lines, err := w.OrderLines(t.Context(), o.ID)
		w.ok(err)
		var sum int64
		for _, l := range lines {
			sum += l.Cost()
		}
		if sum != o.Total {
			t.Fatalf("the lines sum up to %d, the total is %d", sum, o.Total)
		}
		cost, err := w.LifetimeCost(t.Context(), a.ID)
		w.ok(err)
		if len(cost) != 1 || cost["EUR"] != 120000+13742 {
			t.Fatalf("the lifetime cost is %v", cost)
		}
		w.ok(w.RemoveLine(t.Context(), w.tomas.Actor(), o.Number, hinge.ID))
		w.wantErr(w.RemoveLine(t.Context(), w.tomas.Actor(), o.Number, hinge.ID), migrations.NotFound, "", "not there")
		other := w.open(NewOrder{})
		w.wantErr(w.RemoveLine(t.Context(), w.tomas.Actor(), other.Number, lines[1].ID), migrations.NotFound, "", "not there")
		// The largest line that is taken counts right; a larger one is refused.
		_, err = add(Line{Kind: "other", Text: "A data centre", Quantity: maxLineQuantity, UnitCost: maxLineCost})
		w.ok(err)
		if o, err = w.Order(t.Context(), o.Number); err != nil || o.Total != 9752+maxLineQuantity/1000*maxLineCost {
			t.Fatalf("the total is %d, %v", o.Total, err)
		}
		for _, bad := range []struct {
			l     Line
			field string
		}{
			{Line{Kind: "gift", Text: "x", Quantity: 1000}, "line_kind"},
			{Line{Kind: "part", Text: " \n", Quantity: 1000}, "line_text"},
			{Line{Kind: "part", Text: strings.Repeat("x", 201), Quantity: 1000}, "line_text"},
			{Line{Kind: "part", Text: "x", Quantity: 0}, "quantity"},
			{Line{Kind: "part", Text: "x", Quantity: -1000}, "quantity"},
			{Line{Kind: "part", Text: "x", Quantity: maxLineQuantity + 1}, "quantity"},
			{Line{Kind: "part", Text: "x", Quantity: 1000, UnitCost: -1}, "unit_cost"},
			{Line{Kind: "part", Text: "x", Quantity: 1000, UnitCost: maxLineCost + 1}, "unit_cost"},
		} {
			_, err := add(bad.l)
			w.wantErr(err, migrations.Invalid, bad.field, "")
		}
		_, err = w.AddLine(t.Context(), w.tomas.Actor(), 999, Line{})
		w.wantErr(err, migrations.NotFound, "", "no such repair")
	})
}

func TestOrderBadInput(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 1)
		for _, bad := range []struct {
			in    NewOrder
			field string
		}{
			{NewOrder{}, "title"},
			{NewOrder{OrderEdit: OrderEdit{Title: strings.Repeat("ä", 201)}}, "title"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", Reason: strings.Repeat("x", 20_001)}}, "reason"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", AssetID: 999}}, "asset"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", ClientID: 999}}, "client"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", AssigneeID: 999}}, "assignee"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", AssigneeID: w.mara.ID}}, "assignee"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", VendorID: w.room}}, "vendor"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", PlannedOn: "2026-02-30"}}, "planned_on"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", PlannedOn: "tomorrow"}}, "planned_on"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x", PlannedOn: "0026-02-03"}}, "planned_on"},
			{NewOrder{OrderEdit: OrderEdit{Title: "x"}, Kind: "party"}, "kind"},
		} {
			_, err := w.OpenOrder(t.Context(), w.tomas.Actor(), bad.in)
			w.wantErr(err, migrations.Invalid, bad.field, "")
		}
		o := w.open(NewOrder{OrderEdit: OrderEdit{Title: strings.Repeat("ä", 200), AssetID: a.ID}})
		if o.Number != 1 {
			t.Fatalf("what was refused drew numbers: the first order is %s", o.Name())
		}
		for _, bad := range []struct {
			to    OrderStep
			field string
		}{
			{OrderStep{Status: "lost"}, "status"},
			{OrderStep{Status: Done}, "resolution"},
			{OrderStep{Status: Done, Reason: "x", Resolution: " \n "}, "resolution"},
			{OrderStep{Status: WrittenOff, Resolution: "x"}, "reason"},
			{OrderStep{Status: Cancelled}, "reason"},
		} {
			_, err := w.StepOrder(t.Context(), w.tomas.Actor(), o.Number, bad.to, o.Version)
			w.wantErr(err, migrations.Invalid, bad.field, "")
		}
		w.wantErr(w.AddOrderNote(t.Context(), w.tomas.Actor(), o.Number, " \n"), migrations.Invalid, "text", "empty")
		w.wantErr(w.AddOrderNote(t.Context(), w.tomas.Actor(), 999, "x"), migrations.NotFound, "", "no such repair")
		_, err := w.Order(t.Context(), 999)
		w.wantErr(err, migrations.NotFound, "", "no such repair")
		_, err = w.ChangeOrder(t.Context(), w.tomas.Actor(), 999, OrderEdit{Title: "x"}, 1)
		w.wantErr(err, migrations.NotFound, "", "no such repair")
		// The asset can be changed while planned only.
		b := w.asset(Stowed, w.room, 0, 1)
		edit := o.Edit()
		edit.AssetID = b.ID
		o, err = w.ChangeOrder(t.Context(), w.tomas.Actor(), o.Number, edit, o.Version)
		w.ok(err)
		o = w.step(o, InProgress)
		w.at(a, Stowed, w.room, 0)
		w.at(b, Repair, w.room, 0)
		edit.AssetID = a.ID
		_, err = w.ChangeOrder(t.Context(), w.tomas.Actor(), o.Number, edit, o.Version)
		w.wantErr(err, migrations.Invalid, "asset", "only while")
	})
}

func TestOrderRaces(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 1)
		o := w.open(NewOrder{OrderEdit: OrderEdit{AssetID: a.ID}})
		_, err := w.ChangeOrder(t.Context(), w.tomas.Actor(), o.Number, OrderEdit{Title: "x"}, o.Version+1)
		w.wantErr(err, migrations.Conflict, "", "changed WO-1 meanwhile")
		// Two step at once: one wins, the other is told.
		at := func(n int, fn func(i int) error) (failed []error) {
			var wg sync.WaitGroup
			var mu sync.Mutex
			for i := range n {
				wg.Go(func() {
					if err := fn(i); err != nil {
						mu.Lock()
						defer mu.Unlock()
						failed = append(failed, err)
					}
				})
			}
			wg.Wait()
			return failed
		}
		failed := at(2, func(int) error {
			_, err := w.StepOrder(t.Context(), w.tomas.Actor(), o.Number, OrderStep{Status: InProgress}, o.Version)
			return err
		})
		if len(failed) != 1 || migrations.KindOf(failed[0]) != migrations.Conflict {
			t.Fatalf("of two steps at once failed: %v", errors.Join(failed...))
		}
		w.at(a, Repair, w.room, 0)
		// Eight orders open and end on one asset at once: it is back where it was.
		b := w.asset(Deployed, 0, w.anna, 1)
		failed = at(8, func(int) error {
			o, err := w.OpenOrder(t.Context(), w.tomas.Actor(), NewOrder{OrderEdit: OrderEdit{Title: "x", AssetID: b.ID}, TicketID: w.ticket.ID, TakeIn: true})
			if err != nil {
				return err
			}
			if _, err = w.AddLine(t.Context(), w.tomas.Actor(), o.Number, Line{Kind: "part", Text: "x", Quantity: 1000, UnitCost: 1}); err != nil {
				return err
			}
			_, err = w.StepOrder(t.Context(), w.tomas.Actor(), o.Number, OrderStep{Status: Done, Resolution: "x"}, tracker.AnyVersion)
			return err
		})
		if len(failed) > 0 {
			t.Fatal(errors.Join(failed...))
		}
		w.at(b, Deployed, 0, w.anna)
		var n int
		w.ok(w.db.Get(t.Context(), &n, `SELECT count(DISTINCT number) FROM work_order`))
		if n != 9 {
			t.Fatalf("%d numbers for 9 orders", n)
		}
	})
}

func TestOrderLists(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		a := w.asset(Stowed, w.room, 0, 1)
		mine := w.open(NewOrder{OrderEdit: OrderEdit{Title: "Kaputte Lüfter", AssigneeID: w.tomas.ID, PlannedOn: "2026-03-01"}})
		late := w.open(NewOrder{OrderEdit: OrderEdit{Title: "Mine, tomorrow", AssigneeID: w.tomas.ID, PlannedOn: "2026-03-03"}})
		sent := w.open(NewOrder{OrderEdit: OrderEdit{Title: "At the vendor", AssetID: a.ID, VendorID: w.vendor, ClientID: w.anna}})
		sent = w.step(sent, Waiting)
		done := w.step(w.open(NewOrder{OrderEdit: OrderEdit{Title: "Over", PlannedOn: "2026-02-01"}}), Done)
		w.ok(w.AddOrderNote(t.Context(), w.tomas.Actor(), done.Number, "Dust in the grille."))
		for name, x := range map[string]struct {
			f    OrderFilter
			want []Order
		}{
			"open":      {OrderFilter{}, []Order{sent, late, mine}},
			"all":       {OrderFilter{Closed: true}, []Order{done, sent, late, mine}},
			"closed":    {OrderFilter{Statuses: []OrderStatus{Done, WrittenOff, Cancelled}}, []Order{done}},
			"mine":      {OrderFilter{AssigneeID: w.tomas.ID}, []Order{late, mine}},
			"nobody's":  {OrderFilter{AssigneeID: tracker.Nobody}, []Order{sent}},
			"waiting":   {OrderFilter{Statuses: []OrderStatus{Waiting}}, []Order{sent}},
			"vendor":    {OrderFilter{VendorID: w.vendor}, []Order{sent}},
			"asset":     {OrderFilter{AssetID: a.ID}, []Order{sent}},
			"client":    {OrderFilter{ClientID: w.anna}, []Order{sent}},
			"overdue":   {OrderFilter{Overdue: true}, []Order{mine}},
			"repairs":   {OrderFilter{Kind: OrderRepair, Closed: true}, []Order{done, sent, late, mine}},
			"no upkeep": {OrderFilter{Kind: OrderMaintenance, Closed: true}, nil},
		} {
			var got []Order
			for after := ""; ; {
				page, more, err := w.Orders(t.Context(), x.f, after, 2)
				w.ok(err)
				got = append(got, page...)
				if after = more; more == "" {
					break
				}
			}
			n, err := w.CountOrders(t.Context(), x.f, 100)
			w.ok(err)
			if names(got) != names(x.want) || n != len(x.want) {
				t.Errorf("%s: got %s (count %d), want %s", name, names(got), n, names(x.want))
			}
		}
		w.index()
		for text, want := range map[string][]Order{"lufter": {mine}, "dust": {done}, "WO-2": {late}, "wo2": {late}, "hinge": {done}, "fixit think": {sent}, "zebra": nil} {
			got, _, err := w.Orders(t.Context(), OrderFilter{Text: text, Closed: true}, "", 10)
			w.ok(err)
			if names(got) != names(want) {
				t.Errorf("%q finds %s, want %s", text, names(got), names(want))
			}
		}
		if _, _, err := w.Orders(t.Context(), OrderFilter{}, "x", 2); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("a page that is none: %v", err)
		}
		by, err := w.OrdersByID(t.Context(), []int64{late.ID, 999, mine.ID, late.ID})
		w.ok(err)
		if names(by) != names([]Order{late, mine}) {
			t.Errorf("by id: %s", names(by))
		}
	})
}

// Words that find many orders, of which the filter leaves the oldest.
func TestOrderListFindsBehindManyOthers(t *testing.T) {
	eachWorkshop(t, func(t *testing.T, w *workshop) {
		one := w.open(NewOrder{OrderEdit: OrderEdit{Title: "Loud fan"}})
		for range 30 {
			w.step(w.open(NewOrder{OrderEdit: OrderEdit{Title: "Loud fan"}}), Done)
		}
		w.index()
		list, more, err := w.Orders(t.Context(), OrderFilter{Text: "fan"}, "", 2)
		w.ok(err)
		n, err := w.CountOrders(t.Context(), OrderFilter{Text: "fan"}, 2)
		w.ok(err)
		if names(list) != one.Name() || more != "" || n != 1 {
			t.Errorf("found %q, more %q, counted %d; want %s alone", names(list), more, n, one.Name())
		}
	})
}

// index indexes all that waits for it.
func (w *workshop) index() {
	w.t.Helper()
	l, err := w.tracker.Acquire(w.t.Context(), "index")
	w.ok(err)
	for n := 1; n > 0; {
		n, err = w.tracker.IndexPending(w.t.Context(), l)
		w.ok(err)
	}
}

func names(list []Order) string {
	var all []string
	for _, o := range list {
		all = append(all, o.Name())
	}
	return strings.Join(all, " ")
}
