package inventory

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// tree writes the tree of places, each as deep as it is: name here/within.
func (d *desk) tree(archived bool) string {
	var lines []string
	for _, n := range must(d.Locations(d.t.Context(), archived))(d.t) {
		lines = append(lines, fmt.Sprintf("%s%s %d/%d", strings.Repeat("-", n.Depth), n.Name, n.Here, n.Within))
	}
	return strings.Join(lines, ", ")
}

func TestPlacesAreATree(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		shelf := must(d.EnsureLocation(ctx, d.ben, "main SITE > store room > Shelf 2", Room))(t)
		if shelf.Path != "Main site > Store room > Shelf 2" || orZero(shelf.ParentID) != d.room.ID {
			t.Fatalf("made %+v", shelf)
		}
		if again := must(d.EnsureLocation(ctx, d.ben, " Main site  >  Store room > SHELF 2", Warehouse))(t); again.ID != shelf.ID || again.Kind != Room {
			t.Fatalf("made once more %+v", again)
		}
		other := must(d.EnsureLocation(ctx, d.ben, "Annex > Cellar > Box", Warehouse))(t)
		if p := must(d.Location(ctx, *other.ParentID))(t); other.Kind != Warehouse || p.Kind != Room || must(d.Location(ctx, *p.ParentID))(t).Kind != Site {
			t.Fatalf("made %+v in %+v", other, p)
		}
		d.register(AssetEdit{ModelID: d.mouse.ID}, 4)
		a := d.register(AssetEdit{}, 0)
		must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, LocationID: shelf.ID}, a.Moves))(t)
		if got := d.tree(false); got != "Annex 0/0, -Cellar 0/0, --Box 0/0, Depot 0/0, Fixit 0/0, Main site 0/5, -Store room 4/5, --Shelf 2 1/1" {
			t.Fatalf("tree %s", got)
		}
		// A room moves with all that is in it.
		room := must(d.ChangeLocation(ctx, d.ben, d.room.ID, LocationEdit{ParentID: d.depot.ID, Kind: Room, Name: "Store"}, d.room.Version))(t)
		if room.Path != "Depot > Store" || room.Version != 2 {
			t.Fatalf("moved %+v", room)
		}
		if s := must(d.Location(ctx, shelf.ID))(t); s.Path != "Depot > Store > Shelf 2" {
			t.Fatalf("below it %+v", s)
		}
		if a := must(d.Asset(ctx, a.ID))(t); a.LocationPath != "Depot > Store > Shelf 2" {
			t.Fatalf("in it %+v", a)
		}
		list := must(d.FindLocations(ctx, "shelf dep", 10))(t)
		if len(list) != 1 || list[0].ID != shelf.ID {
			t.Fatalf("found %+v", list)
		}
		if list := must(d.FindLocations(ctx, "100%_!", 10))(t); len(list) != 0 {
			t.Fatalf("found %+v", list)
		}
		for _, c := range []struct {
			name, field, says string
			in                LocationEdit
		}{
			{"no name", "name", "a name", LocationEdit{Kind: Room, Name: " \x00 "}},
			{"too long", "name", "101 characters", LocationEdit{Kind: Room, Name: strings.Repeat("é", 101)}},
			{"the divider", "name", "divides", LocationEdit{Kind: Room, Name: "A > B"}},
			{"the divider at the end", "name", "divides", LocationEdit{Kind: Room, Name: "A >"}},
			{"a wide divider", "name", "divides", LocationEdit{Kind: Room, Name: "A ＞ B"}},
			{"no kind", "kind", "what sort", LocationEdit{Name: "A"}},
			{"another kind", "kind", "what sort", LocationEdit{Kind: "moon", Name: "A"}},
			{"a path that exists", "name", "already a place Annex", LocationEdit{Kind: Room, Name: "ANNEX"}},
			{"a path that exists below", "name", "already a place Annex > Cellar", LocationEdit{Kind: Room, Name: "cellar", ParentID: *must(d.Location(ctx, *other.ParentID))(t).ParentID}},
		} {
			_, err := d.CreateLocation(ctx, d.ben, c.in)
			if refused(t, err, migrations.Invalid, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q", c.name, migrations.FieldOf(err))
			}
			_, err = d.ChangeLocation(ctx, d.ben, d.vendor.ID, c.in, tracker.AnyVersion)
			if refused(t, err, migrations.Invalid, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q", c.name, migrations.FieldOf(err))
			}
		}
		_, err := d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Room, Name: "A", ParentID: 999})
		refused(t, err, migrations.NotFound, "to put it in")
		for _, into := range []int64{d.depot.ID, room.ID, shelf.ID} {
			_, err = d.ChangeLocation(ctx, d.ben, d.depot.ID, LocationEdit{ParentID: into, Kind: Warehouse, Name: "Depot"}, tracker.AnyVersion)
			refused(t, err, migrations.Invalid, "can not be in itself")
		}
		_, err = d.ChangeLocation(ctx, d.ben, room.ID, LocationEdit{ParentID: d.depot.ID, Kind: Room, Name: "Other"}, d.room.Version)
		refused(t, err, migrations.Conflict, "Nothing was overwritten")
		_, err = d.ChangeLocation(ctx, d.ben, room.ID, LocationEdit{ParentID: d.depot.ID, Kind: Vendor, Name: "Store"}, room.Version)
		refused(t, err, migrations.Invalid, "1 thing is stowed here")
		_, err = d.ChangeLocation(ctx, d.ben, 999, LocationEdit{Kind: Room, Name: "A"}, 1)
		refused(t, err, migrations.NotFound, "no such place")
		if same := must(d.ChangeLocation(ctx, d.ben, room.ID, LocationEdit{ParentID: d.depot.ID, Kind: Room, Name: "Store"}, room.Version))(t); same.Version != room.Version {
			t.Fatalf("a change of nothing made %+v", same)
		}
		deep := strings.Repeat("x > ", 11)
		must(d.EnsureLocation(ctx, d.ben, deep+"y", Room))(t)
		_, err = d.EnsureLocation(ctx, d.ben, deep+"y > z", Room)
		refused(t, err, migrations.Invalid, "12 levels")
		x := must(d.EnsureLocation(ctx, d.ben, "x", Room))(t)
		_, err = d.ChangeLocation(ctx, d.ben, x.ID, LocationEdit{ParentID: d.depot.ID, Kind: Room, Name: "x"}, x.Version)
		refused(t, err, migrations.Invalid, "12 levels")
		_, err = d.EnsureLocation(ctx, d.ben, "a >  > b", Room)
		refused(t, err, migrations.Invalid)
	})
}

func TestEmptyPlacesAreArchived(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		_, err := d.ArchiveLocation(ctx, d.ben, d.site.ID, true, d.site.Version)
		refused(t, err, migrations.Invalid, "1 place in it")
		a := d.register(AssetEdit{}, 0)
		_, err = d.ArchiveLocation(ctx, d.ben, d.room.ID, true, d.room.Version)
		refused(t, err, migrations.Invalid, "Main site > Store room still has 1 thing in it")
		a = must(d.Retire(ctx, d.ben, a.ID, Retired, "old", a.Moves))(t)
		_, err = d.ArchiveLocation(ctx, d.ben, d.room.ID, true, d.room.Version)
		refused(t, err, migrations.Invalid, "1 retired thing in it")
		must(d.Retire(ctx, d.ben, a.ID, Disposed, "gone", a.Moves))(t)
		_, err = d.ArchiveLocation(ctx, d.ben, d.room.ID, true, 99)
		refused(t, err, migrations.Conflict)
		room := must(d.ArchiveLocation(ctx, d.ben, d.room.ID, true, d.room.Version))(t)
		if room.ArchivedAt == nil || d.tree(false) != "Depot 0/0, Fixit 0/0, Main site 0/0" || d.tree(true) != "Depot 0/0, Fixit 0/0, Main site 0/0, -Store room 0/0" {
			t.Fatalf("archived %+v: %s, %s", room, d.tree(false), d.tree(true))
		}
		_, err = d.UndoMove(ctx, d.ben, a.ID, a.Moves+1)
		refused(t, err, migrations.Invalid, "is archived")
		_, err = d.EnsureLocation(ctx, d.ben, room.Path, Room)
		refused(t, err, migrations.Invalid, "is archived")
		_, err = d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Room, Name: "store ROOM", ParentID: d.site.ID})
		refused(t, err, migrations.Invalid, "bring it back instead")
		site := must(d.ArchiveLocation(ctx, d.ben, d.site.ID, true, d.site.Version))(t)
		_, err = d.ArchiveLocation(ctx, d.ben, room.ID, false, room.Version)
		refused(t, err, migrations.Invalid, "Main site is archived")
		must(d.ArchiveLocation(ctx, d.ben, site.ID, false, site.Version))(t)
		room = must(d.ArchiveLocation(ctx, d.ben, room.ID, false, room.Version))(t)
		if room.ArchivedAt != nil || room.Version != 3 {
			t.Fatalf("back %+v", room)
		}
		var kinds []string
		if err := d.db.Select(ctx, &kinds, `SELECT kind FROM event WHERE subject = 'location' AND subject_id = ? ORDER BY id`, room.ID); err != nil || strings.Join(kinds, " ") != "created archived unarchived" {
			t.Fatalf("events %v %v", kinds, err)
		}
	})
}

func TestTwoMovedPlacesMakeNoRing(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for i := range 5 {
			a := must(d.CreateLocation(t.Context(), d.ben, LocationEdit{Kind: Site, Name: fmt.Sprintf("A%d", i)}))(t)
			b := must(d.CreateLocation(t.Context(), d.ben, LocationEdit{Kind: Site, Name: fmt.Sprintf("B%d", i)}))(t)
			pair := []Location{a, b}
			oneWins(t, together(2, func(i int) error {
				_, err := d.ChangeLocation(t.Context(), d.ben, pair[i].ID, LocationEdit{ParentID: pair[1-i].ID, Kind: Site, Name: pair[i].Name}, tracker.AnyVersion)
				return err
			}), migrations.Invalid, "can not be in itself")
		}
	})
}
