package web

import (
	"strings"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// The things of the story: what people hold, what lies in the store, and what
// is being repaired. Assets are 1 (a laptop with Hana), 2 (one in the store),
// 3 (in a room), 4 (a dozen cables), 5 (retired) and 6 (with long names);
// orders are 1 (in progress), 2 (done) and 3 (planned).
func init() {
	chapters = append(chapters, func(w *world) {
		ctx, by := w.t.Context(), w.tech.Actor()
		w.ago(40 * time.Hour)
		store, _ := w.stock()
		long := strings.Repeat("Extraordinarily-long-name", 8)
		_, err := w.things.Register(ctx, by, inventory.AssetEdit{Tag: strings.Repeat("TAG-", 15), Model: &inventory.ModelEdit{Category: "other", Manufacturer: long[:100], Name: long[100:200]},
			Serial: long[:100], Hostname: long[:60], Purpose: long, Specs: "Long: " + long}, inventory.Place{Status: inventory.Stowed, LocationID: store.ID})
		w.ok(err)
		w.ago(5 * time.Hour)
		ticket := w.count(`SELECT id FROM ticket WHERE number = 7`)
		vendor := w.count(`SELECT id FROM location WHERE kind = 'vendor'`)
		o, err := w.things.OpenOrder(ctx, by, inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Replace the swollen battery", Reason: "The touchpad lifts; the battery shows 61 % of its capacity.", AssetID: 1, AssigneeID: w.tech.ID, VendorID: int64(vendor), PlannedOn: w.Now().AddDate(0, 0, 2).Format("2006-01-02")}, TicketID: int64(ticket), TakeIn: true})
		w.ok(err)
		w.ago(4 * time.Hour)
		o, err = w.things.StepOrder(ctx, by, o.Number, inventory.OrderStep{Status: inventory.InProgress}, o.Version)
		w.ok(err)
		w.ok(w.things.AddOrderNote(ctx, by, o.Number, "The new battery arrived. The old one goes to the hazardous waste."))
		_, err = w.things.AddLine(ctx, by, o.Number, inventory.Line{Kind: "part", Text: "Battery 86 Wh", Quantity: 1000, UnitCost: 8990})
		w.ok(err)
		_, err = w.things.AddLine(ctx, by, o.Number, inventory.Line{Kind: "labour", Text: "Fitting", Quantity: 500, UnitCost: 6000})
		w.ok(err)
		w.ago(3 * time.Hour)
		done, err := w.things.OpenOrder(ctx, w.admin.Actor(), inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Camera does not turn", AssetID: 3}, TakeIn: true})
		w.ok(err)
		_, err = w.things.StepOrder(ctx, w.admin.Actor(), done.Number, inventory.OrderStep{Status: inventory.Done, Resolution: "Cleaned the drive and updated its firmware."}, done.Version)
		w.ok(err)
		_, err = w.things.OpenOrder(ctx, by, inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: long, Reason: long, PlannedOn: w.Now().AddDate(0, 0, -3).Format("2006-01-02")}})
		w.ok(err)
		w.ok(w.Link(ctx, by, tracker.Thing{Kind: tracker.KindTicket, ID: int64(ticket)}, tracker.Thing{Kind: tracker.KindAsset, ID: 3}))
		w.ago(0)
		w.index()
	})
}

var _ = example("/assets", "/assets", "/assets?view=alike", "/assets?q=nothinglikethis") &&
	example("/assets/{id}", "/assets/1", "/assets/4", "/assets/5", "/assets/6") &&
	example("/assets/{id}/edit", "/assets/1/edit") &&
	example("/assets/{id}/move", "/assets/1/move?do=stow", "/assets/2/move?do=deploy", "/assets/4/move?do=count", "/assets/2/move?do=retire") &&
	example("/locations/{id}", "/locations/2") &&
	example("/models/{id}", "/models/1") &&
	example("/orders", "/orders", "/orders?q=nothinglikethis") &&
	example("/orders/{number}", "/orders/1", "/orders/2", "/orders/3") &&
	example("/orders/new", "/orders/new", "/orders/new?ticket=7") &&
	example("/import/{id}") && example("/import/problems.csv")
