package web

import (
	"context"
	"slices"
	"strconv"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// personThings is what a person has and had: a part of their page.
type personThings struct {
	Now    []inventory.Asset
	Before []heldThing
	All    string // the list of everything they have, "" when Now is all
	More   bool   // there was more before
	Give   string // how to give them something
}

// heldThing is something that a person had for a time.
type heldThing struct {
	AssetID     int64
	Tag, Title  string
	From, Until migrations.Stamp // From is 0 where it began before what was read
}

// personThings reads what a person has and had, for their page.
func (s *site) personThings(ctx context.Context, clientID int64) (personThings, error) {
	const shown = 20
	var v personThings
	var err error
	if v.Now, err = s.things.HeldBy(ctx, clientID, shown+1); err != nil {
		return v, err
	}
	v.Give = "/assets?status=stowed"
	if len(v.Now) > shown {
		v.Now = v.Now[:shown]
		v.All = "/assets?holder=" + strconv.FormatInt(clientID, 10)
	}
	moves, more, err := s.things.Movements(ctx, inventory.MovementFilter{ClientID: clientID}, "", 100)
	if err != nil {
		return v, err
	}
	v.Before = heldBefore(moves, clientID)
	if v.More = more != ""; len(v.Before) > shown {
		v.Before, v.More = v.Before[:shown], true
	}
	return v, nil
}

// heldBefore makes times with a beginning and an end out of the movements to
// and from a person, the newest first.
func heldBefore(moves []inventory.Movement, clientID int64) []heldThing {
	is := func(p *int64) bool { return p != nil && *p == clientID }
	var all []heldThing
	open := map[int64]int{} // asset: its entry in all that has no beginning yet
	for _, m := range moves {
		switch {
		case is(m.WasHolderID) && !is(m.HolderID):
			open[m.AssetID] = len(all)
			all = append(all, heldThing{AssetID: m.AssetID, Tag: m.Tag, Title: m.ModelName, Until: m.At})
		case is(m.HolderID) && !is(m.WasHolderID):
			if i, ok := open[m.AssetID]; ok {
				all[i].From = m.At
				delete(open, m.AssetID)
			}
		}
	}
	return slices.Clip(all)
}
