package inventory

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// together runs fn n times at once and returns what each answered.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWins ends the test unless one was done and all others were refused so.
func oneWins(t *testing.T, errs []error, kind migrations.Kind, words string) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, kind, words)
	}
	if won != 1 {
		t.Fatalf("%d of %d won: %v", won, len(errs), errs)
	}
}

func TestOneOfManyMovesAThing(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for _, n := range []int{2, 2, 2, 10, 10} {
			a := d.register(AssetEdit{ModelID: d.mouse.ID}, 6)
			people := make([]int64, n)
			for i := range people {
				people[i] = d.client(fmt.Sprintf("Person %d", i))
			}
			errs := together(n, func(i int) error {
				to := Place{Status: Deployed, HolderID: people[i]}
				if i%3 == 1 {
					to.Quantity = 2
				}
				var err error
				switch i % 4 {
				case 3:
					_, err = d.Count(ctx, d.ben, a.ID, int64(20+i), "", a.Moves)
				default:
					_, err = d.Move(ctx, d.ben, a.ID, to, a.Moves)
				}
				return err
			})
			oneWins(t, errs, migrations.Conflict, "Ben Okafor ")
			for _, err := range errs {
				if err != nil && !strings.HasSuffix(migrations.SafeMessage(err), "just now. Nothing was changed.") {
					t.Fatalf("told %q", migrations.SafeMessage(err))
				}
			}
			if now := must(d.Asset(ctx, a.ID))(t); now.Moves != 2 {
				t.Fatalf("after the race %+v", now)
			}
		}
	})
}

func TestOneOfManyRegistersASerial(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		at := Place{Status: Stowed, LocationID: d.room.ID}
		oneWins(t, together(8, func(i int) error {
			_, err := d.Register(ctx, d.ben, AssetEdit{ModelID: d.laptop.ID, Serial: []string{"X 1", "x1"}[i%2]}, at)
			return err
		}), migrations.Invalid, "is already that of A-0")
		oneWins(t, together(8, func(i int) error {
			_, err := d.Register(ctx, d.ben, AssetEdit{ModelID: d.laptop.ID, Tag: []string{"Desk-1", "DESK-1"}[i%2]}, at)
			return err
		}), migrations.Invalid, "There is already an asset ")
		// Drawn tags never meet, not even with one that somebody types.
		next := must(d.NextTag(ctx))(t)
		errs := together(8, func(i int) error {
			in := AssetEdit{Model: &ModelEdit{Category: "screen", Manufacturer: "Visto", Name: "Wide 27"}}
			if i == 0 {
				in.Tag = next
			}
			_, err := d.Register(ctx, d.ben, in, at)
			return err
		})
		tags := map[string]bool{}
		for i, err := range errs {
			if err != nil && i != 0 {
				t.Fatal(err)
			}
		}
		list, _, err := d.Assets(ctx, AssetFilter{}, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			tags[tracker.Fold(a.Tag)] = true
		}
		if len(tags) != len(list) || len(list) < 9 || !tags[tracker.Fold(next)] {
			t.Fatalf("tags %v of %d assets", tags, len(list))
		}
		models, _, err := d.Models(ctx, ModelFilter{Text: "wide"}, "", 10)
		if err != nil || len(models) != 1 || models[0].OnHand < 7 {
			t.Fatalf("models %+v %v", models, err)
		}
	})
}

// Splits, joins and their undoing touch two assets each: whoever comes first,
// nobody waits for ever, and no piece is lost or made.
func TestPiecesAreKeptWhoeverMovesThem(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{ModelID: d.mouse.ID}, 100)
		var parts []Asset
		for range 6 {
			parts = append(parts, must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 4}, tracker.AnyVersion))(t))
		}
		errs := together(12, func(i int) error {
			p := parts[i%6]
			for range 5 {
				var err error
				switch i % 4 {
				case 0:
					_, err = d.Move(ctx, d.ben, p.ID, Place{Status: Stowed, LocationID: d.room.ID}, tracker.AnyVersion)
				case 1:
					_, err = d.UndoMove(ctx, d.ben, p.ID, tracker.AnyVersion)
				case 2:
					_, err = d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.carl, Quantity: 1}, tracker.AnyVersion)
				case 3:
					_, err = d.UndoMove(ctx, d.ben, a.ID, tracker.AnyVersion)
				}
				if k := migrations.KindOf(err); err != nil && k != migrations.Invalid && k != migrations.Conflict {
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		if m := must(d.Model(ctx, d.mouse.ID))(t); m.Total != 100 {
			t.Fatalf("of 100 pieces there are %+v", m)
		}
	})
}

func TestAPlaceIsNotArchivedUnderAThing(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for i := range 6 {
			l := must(d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Room, Name: fmt.Sprintf("Room %d", i)}))(t)
			a := d.register(AssetEdit{}, 0)
			errs := together(2, func(i int) error {
				if i == 0 {
					_, err := d.Move(ctx, d.ben, a.ID, Place{Status: Stowed, LocationID: l.ID}, a.Moves)
					return err
				}
				_, err := d.ArchiveLocation(ctx, d.eva, l.ID, true, l.Version)
				return err
			})
			oneWins(t, errs, migrations.Invalid, l.Name)
		}
	})
}
