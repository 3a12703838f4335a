package inventory

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// testClock is a clock that a test moves.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// desk is an inventory on a fresh database, with two technicians, some people and some places.
type desk struct {
	*Store
	t                 *testing.T
	clock             *testClock
	tracker           *tracker.Store
	ben, eva          tracker.Actor
	anna, carl        int64 // clients
	site, room, depot Location
	vendor            Location
	laptop, mouse     Model
}

const testPassword = "seven green umbrellas"

// eachDesk runs fn on both engines.
func eachDesk(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) { fn(t, newDesk(t, db)) })
}

func newDesk(t *testing.T, db *migrations.DB) *desk {
	t.Helper()
	d := &desk{t: t, clock: &testClock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	d.tracker = tracker.New(db, tracker.Options{Clock: d.clock.Now})
	d.Store = New(d.tracker)
	ctx := t.Context()
	account := func(email, name string) tracker.Actor {
		return must(d.tracker.CreateAccount(ctx, tracker.Actor{}, tracker.NewAccount{Email: email, Name: name, Role: tracker.Technician, Password: testPassword}))(t).Actor()
	}
	d.ben, d.eva = account("ben@desk.example", "Ben Okafor"), account("eva@desk.example", "Eva Roth")
	d.anna, d.carl = d.client("Anna Lind"), d.client("Carl Mora")
	d.site = must(d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Site, Name: "Main site"}))(t)
	d.room = must(d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Room, Name: "Store room", ParentID: d.site.ID}))(t)
	d.depot = must(d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Warehouse, Name: "Depot"}))(t)
	d.vendor = must(d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Vendor, Name: "Fixit"}))(t)
	d.laptop = must(d.CreateModel(ctx, d.ben, ModelEdit{Category: "computer", Manufacturer: "Nordfell", Name: "Book 14", Specs: "memory: 32 GB"}))(t)
	d.mouse = must(d.CreateModel(ctx, d.ben, ModelEdit{Category: "part", Manufacturer: "Nordfell", Name: "Mouse"}))(t)
	return d
}

// client makes a person.
func (d *desk) client(name string) int64 {
	d.t.Helper()
	var id int64
	err := d.db.Tx(d.t.Context(), func(tx *migrations.Tx) (err error) {
		id, err = tx.Insert(d.t.Context(), `INSERT INTO client (name, name_folded, created_at) VALUES (?, ?, 1) RETURNING id`, name, tracker.Fold(name))
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// register makes an asset in the store room.
func (d *desk) register(in AssetEdit, quantity int64) Asset {
	d.t.Helper()
	if in.ModelID == 0 && in.Model == nil {
		in.ModelID = d.laptop.ID
	}
	return must(d.Register(d.t.Context(), d.ben, in, Place{Status: Stowed, LocationID: d.room.ID, Quantity: quantity}))(d.t)
}

// must returns what a method returned, or ends the test.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused ends the test unless err has the kind, and says all of the words.
func refused(t *testing.T, err error, kind migrations.Kind, words ...string) {
	t.Helper()
	if got := migrations.KindOf(err); got != kind {
		t.Fatalf("error is %s, want %s: %v", got, kind, err)
	}
	for _, w := range words {
		if !strings.Contains(migrations.SafeMessage(err), w) {
			t.Fatalf("message %q does not say %q", migrations.SafeMessage(err), w)
		}
	}
}

// state returns where an asset is, shortly.
func (a Asset) state() string {
	return fmt.Sprintf("%s @%d >%d x%d", a.Status, orZero(a.LocationID), orZero(a.HolderID), a.Quantity)
}
