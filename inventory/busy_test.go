package inventory

import (
	"context"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// postgresDesk is a desk on PostgreSQL, where several write at once.
func postgresDesk(t *testing.T) *desk { return newDesk(t, dbtest.Open(t, migrations.Postgres)) }

// untilWaiting returns once somebody waits for another's lock, or done is closed.
func (d *desk) untilWaiting(done <-chan struct{}) {
	d.t.Helper()
	for {
		select {
		case <-done:
			return
		case <-d.t.Context().Done():
			d.t.Fatal("nobody waits")
		default:
		}
		var n int
		if err := d.db.Get(d.t.Context(), &n, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
			d.t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
}

// More people than the pool has connections: who holds the lock that the
// others wait for must not need a second one.
func TestManyOpenOrdersAtOnce(t *testing.T) {
	d := postgresDesk(t)
	a := d.register(AssetEdit{ModelID: d.laptop.ID}, 1)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for _, err := range together(40, func(i int) error {
		_, err := d.OpenOrder(ctx, d.ben, NewOrder{OrderEdit: OrderEdit{Title: "Broken", AssetID: a.ID * int64(i%2), AssigneeID: d.ben.AccountID}})
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A place is renamed while several things are registered in it.
func TestRegisteringMeetsARenamedPlace(t *testing.T) {
	d := postgresDesk(t)
	ctx := t.Context()
	done := make(chan struct{})
	var registered error
	err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockTreeTx(ctx, tx); err != nil {
			return err
		}
		go func() {
			defer close(done)
			_, registered = d.RegisterSingly(ctx, d.ben, AssetEdit{ModelID: d.laptop.ID, Tag: "First"}, Place{Status: Stowed, LocationID: d.room.ID}, 2, nil)
		}()
		d.untilWaiting(done)
		_, err := d.changeLocationTx(ctx, tx, d.ben, d.room.ID, LocationEdit{ParentID: orZero(d.room.ParentID), Kind: d.room.Kind, Name: "Renamed"}, tracker.AnyVersion)
		return err
	})
	<-done
	if err != nil || registered != nil {
		t.Fatalf("renaming: %v, registering: %v", err, registered)
	}
}

func TestTwoPartsOfEachOther(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for range 10 {
			a, b := d.register(AssetEdit{ModelID: d.mouse.ID}, 1), d.register(AssetEdit{ModelID: d.mouse.ID}, 1)
			errs := together(2, func(i int) error {
				one, other := a, b
				if i == 1 {
					one, other = b, a
				}
				_, err := d.ChangeAsset(t.Context(), d.ben, one.ID, AssetEdit{ParentID: other.ID}, one.Version)
				return err
			})
			oneWins(t, errs, migrations.Invalid, "can not be a part of itself")
		}
	})
}
