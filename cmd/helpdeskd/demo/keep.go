package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

// keeper keeps the inventory of the history: it knows things, places and
// people by the names that the history has for them.
type keeper struct {
	h        *History
	now      time.Time
	people   map[string]int64 // clients, by name
	places   map[string]int64 // by path
	models   map[string]int64 // by key of kits
	assets   map[string]int64 // by hostname, or another key
	orders   map[string]int64 // numbers, by title
	pictures []func() []byte  // drawn once, ahead of their time
	n        int              // things registered one by one, for their serials
}

func newKeeper(h *History, now time.Time) *keeper {
	return &keeper{h: h, now: now, people: map[string]int64{}, places: map[string]int64{}, models: map[string]int64{}, assets: map[string]int64{}, orders: map[string]int64{}}
}

// begin brings in what the company had, on the first day.
func (k *keeper) begin(ctx context.Context) error {
	s, by := k.h.Things, k.h.accounts[mara]
	for _, m := range company(k.now) {
		if !m.from.After(beginning(k.now)) {
			if err := k.welcome(ctx, m.Person); err != nil {
				return err
			}
		}
	}
	for _, p := range places {
		l, err := s.EnsureLocation(ctx, by, p.path, p.kind)
		if err != nil {
			return err
		}
		k.places[p.path] = l.ID
	}
	for key, kit := range sorted(kits) {
		m, err := s.CreateModel(ctx, by, kit.ModelEdit)
		if err != nil {
			return err
		}
		k.models[key] = m.ID
	}
	all := pieces()
	f, err := csvfile.Open([]byte(csvOf(k.now, all)), ';')
	if err != nil {
		return err
	}
	plan, err := s.CheckImport(ctx, f, inventory.ImportOptions{})
	if err != nil {
		return err
	}
	if plan.Bad > 0 || plan.ModelN > 0 || plan.PlaceN > 0 {
		return fmt.Errorf("the first inventory has %d problems, %d new models and %d new places: %+v %v", plan.Bad, plan.ModelN, plan.PlaceN, plan.Problems, plan.Models)
	}
	done, err := s.Import(ctx, by, 1787, f, inventory.ImportOptions{}, plan.Lines(), nil)
	if err != nil {
		return err
	}
	got, err := s.ImportedAssets(ctx, done, len(all))
	if err != nil || len(got) != len(all) {
		return errors.Join(err, fmt.Errorf("%d of %d things came in", len(got), len(all)))
	}
	for i, p := range all {
		k.assets[keyOfPiece(p, i)] = got[i].ID
	}
	return nil
}

// keyOfPiece is what the history calls a thing.
func keyOfPiece(p piece, i int) string {
	switch {
	case p.host != "":
		return p.host
	case p.n > 1 || kits[p.kit].serial == "":
		return p.kit
	case p.to == "Clara Whitlock":
		return "screen-clara"
	case strings.HasPrefix(p.to, besancon):
		return "screen-besancon"
	}
	return fmt.Sprintf("%s-%d", p.kit, i)
}

// welcome makes a person known.
func (k *keeper) welcome(ctx context.Context, p Person) error {
	c, err := k.h.Store.AddClient(ctx, k.h.accounts[mara], tracker.Address{Name: p.Name, Address: p.Address()}, tracker.ClientChange{Department: &p.Department, Phone: &p.Phone, HighManagement: &p.High})
	k.people[p.Name] = c.ID
	return err
}

// register takes a new thing in, where it is: in the store room, or deployed elsewhere.
func (k *keeper) register(ctx context.Context, by, key, host, kitKey, at string, pieces int64) error {
	kit := kits[kitKey]
	edit := inventory.AssetEdit{ModelID: k.models[kitKey], Hostname: host, PurchasedOn: k.h.Clock.Now().AddDate(0, 0, -6).Format(time.DateOnly)}
	if kit.cost > 0 {
		edit.Cost = &kit.cost
	}
	if kit.warranty > 0 {
		edit.WarrantyUntil = k.h.Clock.Now().AddDate(0, kit.warranty, -6).Format(time.DateOnly)
	}
	if kit.serial != "" {
		k.n++
		edit.Serial = serialOf(kit.serial, 1000+k.n)
	}
	to := inventory.Place{Status: inventory.Stowed, LocationID: k.places[at], Quantity: pieces}
	if at != storeRoom {
		to.Status = inventory.Deployed
	}
	if to.LocationID == 0 {
		return fmt.Errorf("there is no place %q", at)
	}
	a, err := k.h.Things.Register(ctx, k.h.accounts[by], edit, to)
	k.assets[key] = a.ID
	return err
}

// move takes a thing, or some pieces of it, to a person or a place. What splits
// off is known as the key and the person afterwards.
func (k *keeper) move(ctx context.Context, by, key, to string, pieces int64, why string) error {
	place := inventory.Place{Status: inventory.Deployed, HolderID: k.people[to], LocationID: k.places[to], Quantity: pieces, Reason: why}
	if to == storeRoom || strings.HasSuffix(to, "Cupboard") {
		place.Status = inventory.Stowed
	}
	if place.HolderID == 0 && place.LocationID == 0 {
		return fmt.Errorf("%s is nobody and nowhere", to)
	}
	a, err := k.asset(key)
	if err != nil {
		return err
	}
	moved, err := k.h.Things.Move(ctx, k.h.accounts[by], a, place, tracker.AnyVersion)
	if moved.ID != a && err == nil {
		k.assets[key+"/"+to] = moved.ID
	}
	return err
}

func (k *keeper) asset(key string) (int64, error) {
	if id := k.assets[key]; id != 0 {
		return id, nil
	}
	return 0, fmt.Errorf("there is no thing %q", key)
}

// farewell takes back what somebody had.
func (k *keeper) farewell(ctx context.Context, name string) error {
	held, err := k.h.Things.HeldBy(ctx, k.people[name], 50)
	if err != nil {
		return err
	}
	for _, a := range held {
		to := inventory.Place{Status: inventory.Stowed, LocationID: k.places[storeRoom], Reason: name + " left the company"}
		if _, err := k.h.Things.Move(ctx, k.h.accounts[tobias], a.ID, to, a.Moves); err != nil {
			return err
		}
	}
	return nil
}

// retire takes a thing out of use.
func (k *keeper) retire(ctx context.Context, by, key string, to inventory.Status, why string) error {
	id, err := k.asset(key)
	if err != nil {
		return err
	}
	_, err = k.h.Things.Retire(ctx, k.h.accounts[by], id, to, why, tracker.AnyVersion)
	return err
}

// count writes down how many of several alike there are.
func (k *keeper) count(ctx context.Context, by, key string, n int64, why string) error {
	id, err := k.asset(key)
	if err != nil {
		return err
	}
	_, err = k.h.Things.Count(ctx, k.h.accounts[by], id, n, why, tracker.AnyVersion)
	return err
}

// open opens a repair.
func (k *keeper) open(ctx context.Context, r repair) error {
	id, err := k.asset(r.asset)
	if err != nil {
		return err
	}
	in := inventory.NewOrder{Kind: r.kind, OrderEdit: inventory.OrderEdit{Title: r.title, Reason: r.reason, AssetID: id, AssigneeID: k.h.accounts[r.by].AccountID, VendorID: k.places[r.vendor], UnderWarranty: r.warranty}}
	if r.planned != 0 {
		in.PlannedOn = k.now.AddDate(0, 0, r.planned).Format(time.DateOnly)
	}
	if r.ticket != "" {
		if in.TicketID, err = k.h.ticketAbout(ctx, r.ticket); err != nil {
			return err
		}
	}
	o, err := k.h.Things.OpenOrder(ctx, k.h.accounts[r.by], in)
	k.orders[r.title+r.asset] = o.Number
	return err
}

// work does one step of a repair, or notes it.
func (k *keeper) work(ctx context.Context, r repair, w work) error {
	number, by := k.orders[r.title+r.asset], k.h.accounts[r.by]
	if w.status == "" {
		return k.h.Things.AddOrderNote(ctx, by, number, w.text)
	}
	step := inventory.OrderStep{Status: w.status, Resolution: w.text}
	if w.status == inventory.WrittenOff || w.status == inventory.Cancelled {
		step = inventory.OrderStep{Status: w.status, Reason: w.text}
	}
	_, err := k.h.Things.StepOrder(ctx, by, number, step, tracker.AnyVersion)
	return err
}

// bill writes what a repair costs.
func (k *keeper) bill(ctx context.Context, r repair) error {
	for _, l := range r.lines {
		if _, err := k.h.Things.AddLine(ctx, k.h.accounts[r.by], k.orders[r.title+r.asset], l); err != nil {
			return err
		}
	}
	return nil
}

// photo adds a drawn picture to a thing.
func (k *keeper) photo(ctx context.Context, by, key, name string, picture []byte) error {
	id, err := k.asset(key)
	if err != nil {
		return err
	}
	_, err = k.h.Store.AddFile(ctx, k.h.accounts[by], tracker.Thing{Kind: tracker.KindAsset, ID: id}, name, bytes.NewReader(picture))
	return err
}

// link links a thing with a ticket.
func (k *keeper) link(ctx context.Context, by, key, ticket string) error {
	id, err := k.asset(key)
	if err != nil {
		return err
	}
	t, err := k.h.ticketAbout(ctx, ticket)
	if err != nil {
		return err
	}
	return k.h.Store.Link(ctx, k.h.accounts[by], tracker.Thing{Kind: tracker.KindTicket, ID: t}, tracker.Thing{Kind: tracker.KindAsset, ID: id})
}
