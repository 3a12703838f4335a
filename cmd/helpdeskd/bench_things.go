//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// makes are what the bench's company has bought.
var makes = []inventory.ModelEdit{
	{Category: "computer", Manufacturer: "Corvid", Name: "Slate 14"}, {Category: "computer", Manufacturer: "Corvid", Name: "Slate 16"},
	{Category: "computer", Manufacturer: "Norden", Name: "Tower 3"}, {Category: "screen", Manufacturer: "Lumen", Name: "27Q"},
	{Category: "screen", Manufacturer: "Lumen", Name: "32U"}, {Category: "phone", Manufacturer: "Tello", Name: "Desk 5"},
	{Category: "printer", Manufacturer: "Presswell", Name: "M400"}, {Category: "network", Manufacturer: "Meshline", Name: "AP 60"},
	{Category: "server", Manufacturer: "Norden", Name: "Rack 2"}, {Category: "audio_visual", Manufacturer: "Lumen", Name: "Projector 90"},
	{Category: "part", Manufacturer: "", Name: "Docking station"}, {Category: "part", Manufacturer: "", Name: "USB-C charger 65 W"},
}

// furnish brings the inventory to n assets, each moved a few times, and a
// repair for every tenth.
func (b *bench) furnish(st *tracker.Store, things *inventory.Store, admin tracker.Account, n int) error {
	var have, people int
	if err := st.DB().Get(b.ctx, &have, `SELECT COUNT(*) FROM asset`); err != nil {
		return fmt.Errorf("count assets: %w", err)
	}
	if err := st.DB().Get(b.ctx, &people, `SELECT COALESCE(MAX(id), 0) FROM client`); err != nil {
		return fmt.Errorf("count people: %w", err)
	}
	if have >= n || people == 0 {
		return nil
	}
	step, end := b.bar(fmt.Sprintf("making %d assets", n-have), n-have)
	defer end()
	r := rand.New(rand.NewPCG(uint64(have), 5))
	var rooms, stores []int64
	for site := range 4 {
		for room := range 20 {
			l, err := things.EnsureLocation(b.ctx, admin.Actor(), fmt.Sprintf("Site %d > Room %d", site+1, 100+room), inventory.Room)
			if err != nil {
				return err
			}
			rooms = append(rooms, l.ID)
		}
		l, err := things.EnsureLocation(b.ctx, admin.Actor(), fmt.Sprintf("Site %d > Store room", site+1), inventory.Warehouse)
		if err != nil {
			return err
		}
		stores = append(stores, l.ID)
	}
	for at := have; at < n; at++ {
		m := makes[r.IntN(len(makes))]
		edit := inventory.AssetEdit{Model: &m, Hostname: fmt.Sprintf("pc-%05d", at), Serial: fmt.Sprintf("SN%d%06d", r.IntN(900)+100, at), PurchasedOn: time.Now().AddDate(0, -r.IntN(60), 0).Format(time.DateOnly)}
		a, err := things.Register(b.ctx, admin.Actor(), edit, inventory.Place{Status: inventory.Stowed, LocationID: stores[r.IntN(len(stores))]})
		if err != nil {
			return err
		}
		to := inventory.Place{Status: inventory.Deployed, HolderID: int64(1 + r.IntN(people))}
		if r.IntN(4) == 0 {
			to = inventory.Place{Status: inventory.Deployed, LocationID: rooms[r.IntN(len(rooms))]}
		}
		if r.IntN(6) > 0 {
			if a, err = things.Move(b.ctx, admin.Actor(), a.ID, to, a.Moves); err != nil {
				return err
			}
		}
		if at%10 == 0 {
			o := inventory.NewOrder{OrderEdit: inventory.OrderEdit{Title: "Screen flickers", AssetID: a.ID}, TakeIn: at%20 == 0}
			if _, err := things.OpenOrder(b.ctx, admin.Actor(), o); err != nil {
				return err
			}
		}
		step(1)
	}
	return nil
}
