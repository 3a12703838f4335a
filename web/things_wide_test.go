package web

import (
	"strings"
	"time"

	"helpdeskd/inventory"
)

// A thing with names as long as they may be, after the others of the story.
func init() {
	chapters = append(chapters, func(w *world) {
		w.ago(40 * time.Hour)
		store, err := w.things.EnsureLocation(w.t.Context(), w.tech.Actor(), "Harbour Street > Store room", inventory.Warehouse)
		w.ok(err)
		long := strings.Repeat("Extraordinarily-long-name", 8)
		_, err = w.things.Register(w.t.Context(), w.tech.Actor(), inventory.AssetEdit{Tag: strings.Repeat("TAG-", 15), Model: &inventory.ModelEdit{Category: "other", Manufacturer: long[:100], Name: long[100:200]},
			Serial: long[:100], Hostname: long[:60], Purpose: long, Specs: "Long: " + long}, inventory.Place{Status: inventory.Stowed, LocationID: store.ID})
		w.ok(err)
		w.ago(0)
		w.index()
	})
}

var _ = example("/assets/{id}", "/assets/9") && example("/assets/{id}/edit", "/assets/9/edit")
