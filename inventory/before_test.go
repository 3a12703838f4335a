package inventory

import (
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Before tells what moved and was repaired of some assets, and what went to or
// from a person, within a time and before an instant: the oldest first, each once.
func TestBeforeARequest(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		laptop, other := d.register(AssetEdit{Tag: "L 1"}, 0), d.register(AssetEdit{Tag: "L 2"}, 0)
		move := func(a Asset, to Place) {
			t.Helper()
			d.clock.add(time.Hour)
			must(d.Move(ctx, d.ben, a.ID, to, tracker.AnyVersion))(t)
		}
		move(laptop, Place{Status: Deployed, HolderID: d.carl, Reason: "long ago"})
		d.clock.add(30 * 24 * time.Hour)
		move(laptop, Place{Status: Deployed, HolderID: d.anna, Reason: "swapped"})
		move(other, Place{Status: Deployed, HolderID: d.anna, Reason: "lent"})
		d.clock.add(time.Hour)
		o := must(d.OpenOrder(ctx, d.ben, NewOrder{OrderEdit: OrderEdit{Title: "Fan", AssetID: laptop.ID}}))(t)
		d.clock.add(time.Hour)
		at := migrations.At(d.clock.Now())
		move(other, Place{Status: Stowed, LocationID: d.room.ID, Reason: "after it"})
		say := func(steps []Step, err error) (said []string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			var last migrations.Stamp
			for _, s := range steps {
				if s.At < last || s.At >= at {
					t.Errorf("out of order or too late: %+v", s)
				}
				last = s.At
				switch {
				case s.Order != nil:
					said = append(said, s.Order.Title)
				case s.Movement.Reason != "":
					said = append(said, s.Movement.Reason)
				default:
					said = append(said, string(s.Movement.Kind))
				}
			}
			return said
		}
		week := 7 * 24 * time.Hour
		for name, c := range map[string]struct {
			assets []int64
			client int64
			want   string
		}{
			"the asset's":          {[]int64{laptop.ID}, 0, "[swapped Fan]"},
			"the person's":         {nil, d.anna, "[swapped lent Fan]"},
			"both, each once":      {[]int64{laptop.ID, other.ID}, d.anna, "[swapped lent Fan]"},
			"who gave it away":     {nil, d.carl, "[swapped Fan]"},
			"nobody and nothing":   {nil, 0, "[]"},
			"an asset that is not": {[]int64{999}, 0, "[]"},
		} {
			if got := sprint(say(d.Before(ctx, c.assets, c.client, at, week))); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		if got := say(d.Before(ctx, []int64{laptop.ID}, 0, o.OpenedAt, week)); sprint(got) != "[swapped]" {
			t.Errorf("before the order: %s", got)
		}
	})
}

func sprint(list []string) string {
	s := "["
	for i, x := range list {
		if i > 0 {
			s += " "
		}
		s += x
	}
	return s + "]"
}
