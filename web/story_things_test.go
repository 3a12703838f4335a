package web

import (
	"strings"
	"time"

	"helpdeskd/inventory"
)

// What lies in the store besides what is repaired, and a thing with names as
// long as they may be.
func init() {
	chapters = append(chapters, func(w *world) {
		w.ago(40 * time.Hour)
		store, _ := w.stock()
		long := strings.Repeat("Extraordinarily-long-name", 8)
		_, err := w.things.Register(w.t.Context(), w.tech.Actor(), inventory.AssetEdit{Tag: strings.Repeat("TAG-", 15), Model: &inventory.ModelEdit{Category: "other", Manufacturer: long[:100], Name: long[100:200]},
			Serial: long[:100], Hostname: long[:60], Purpose: long, Specs: "Long: " + long}, inventory.Place{Status: inventory.Stowed, LocationID: store.ID})
		w.ok(err)
		w.ago(0)
		w.index()
	})
}

var _ = example("/assets", "/assets", "/assets?view=alike", "/assets?q=nothinglikethis") &&
	example("/assets/{id}", "/assets/1", "/assets/3", "/assets/8", "/assets/9") &&
	example("/assets/{id}/edit", "/assets/4/edit") &&
	example("/assets/{id}/move", "/assets/4/move?do=stow", "/assets/5/move?do=deploy", "/assets/3/move?do=count", "/assets/2/move?do=retire") &&
	example("/locations/{id}", "/locations/2", "/locations/4") &&
	example("/models/{id}", "/models/1")
