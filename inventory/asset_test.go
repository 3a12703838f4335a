package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

func tagsOf(list []Asset) string {
	var tags []string
	for _, a := range list {
		tags = append(tags, a.Tag)
	}
	return strings.Join(tags, " ")
}

func TestWhatIsSaidOfAnAssetIsChecked(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{Tag: "Old 1", Serial: "SN 1"}, 0)
		long := func(n int) string { return strings.Repeat("ü", n) }
		amount := func(n int64) *int64 { return &n }
		for _, c := range []struct {
			name  string
			in    AssetEdit
			field string
			says  string
		}{
			{"tag too long", AssetEdit{Tag: long(61)}, "tag", "61 characters, 60 are the most"},
			{"tag taken, in another case", AssetEdit{Tag: "OLD 1"}, "tag", "already an asset Old 1"},
			{"tag taken, spaced otherwise", AssetEdit{Tag: " old  1"}, "tag", "already an asset Old 1"},
			{"serial taken", AssetEdit{Serial: "sn1"}, "serial", "SN 1 is already that of Old 1"},
			{"serial too long", AssetEdit{Serial: long(101)}, "serial", "101 characters"},
			{"serial of nothing", AssetEdit{Serial: "\u0301"}, "serial", "compared"},
			{"tag of nothing", AssetEdit{Tag: "\u0301"}, "tag", "compared"},
			{"host name too long", AssetEdit{Hostname: long(101)}, "hostname", "101 characters"},
			{"purpose too long", AssetEdit{Purpose: long(2001)}, "purpose", "2001 characters"},
			{"specs too long", AssetEdit{Specs: long(10_001)}, "specs", "10001 characters"},
			{"reference too long", AssetEdit{Reference: long(2001)}, "reference", "2001 characters"},
			{"no day", AssetEdit{PurchasedOn: "yesterday"}, "purchased_on", "2026-11-22"},
			{"a day that is not", AssetEdit{PurchasedOn: "2026-02-30"}, "purchased_on", "no day of the calendar"},
			{"a day written short", AssetEdit{WarrantyUntil: "2026-2-3"}, "warranty_until", "no day of the calendar"},
			{"a day of another age", AssetEdit{EndOfLifeOn: "1969-12-31"}, "end_of_life_on", "1970 and 2200"},
			{"a day far off", AssetEdit{EndOfLifeOn: "2201-01-01"}, "end_of_life_on", "1970 and 2200"},
			{"negative cost", AssetEdit{Cost: amount(-1)}, "cost", "negative"},
			{"too much cost", AssetEdit{Cost: amount(1_000_000_000_000)}, "cost", "too large"},
			{"negative value", AssetEdit{EstimatedValue: amount(-1)}, "estimated_value", "negative"},
			{"no currency", AssetEdit{Currency: "EURO"}, "currency", "three letters"},
			{"no letters", AssetEdit{Currency: "E1R"}, "currency", "three letters"},
			{"no model of that category", AssetEdit{Model: &ModelEdit{Category: "boat", Name: "Sloop"}}, "category", "what kind of thing"},
			{"no model's name", AssetEdit{Model: &ModelEdit{Category: "part", Name: " \x00"}}, "name", "name"},
		} {
			in := c.in
			if in.Model == nil {
				in.ModelID = d.laptop.ID
			}
			_, err := d.Register(ctx, d.ben, in, Place{Status: Stowed, LocationID: d.room.ID})
			if refused(t, err, migrations.Invalid, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q, want %q", c.name, migrations.FieldOf(err), c.field)
			}
			if c.in.Model != nil {
				continue
			}
			b := d.register(AssetEdit{}, 0)
			_, err = d.ChangeAsset(ctx, d.ben, b.ID, in, b.Version)
			if refused(t, err, migrations.Invalid, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q, want %q", c.name, migrations.FieldOf(err), c.field)
			}
		}
		_, err := d.Register(ctx, d.ben, AssetEdit{}, Place{Status: Stowed, LocationID: d.room.ID})
		refused(t, err, migrations.Invalid, "choose a model")
		_, err = d.Register(ctx, d.ben, AssetEdit{ModelID: 99}, Place{Status: Stowed, LocationID: d.room.ID})
		refused(t, err, migrations.NotFound, "no such model")
		_, err = d.Register(ctx, d.ben, AssetEdit{ModelID: d.mouse.ID, ParentID: 99}, Place{Status: Stowed, LocationID: d.room.ID})
		refused(t, err, migrations.NotFound, "part of")
		_, err = d.ChangeAsset(ctx, d.ben, 999, AssetEdit{}, 1)
		refused(t, err, migrations.NotFound, "no such asset")
		// The same serial of another model is another thing.
		if b := d.register(AssetEdit{ModelID: d.mouse.ID, Serial: "SN 1"}, 0); b.Serial != "SN 1" {
			t.Fatalf("registered %+v", b)
		}
		// What can not be shown is left out, and texts are kept whole.
		b := d.register(AssetEdit{Hostname: " pc\x00\t 7\u202e ", Purpose: "one\r\ntwo\x07", Cost: amount(0), Currency: "chf", Reference: long(2000), Tag: long(60)}, 0)
		if b.Hostname != "pc 7" || b.Purpose != "one\ntwo" || *b.Cost != 0 || b.Currency != "CHF" || b.Reference != long(2000) || b.Tag != long(60) {
			t.Fatalf("registered %+v", b)
		}
		if a.Currency != "EUR" {
			t.Fatalf("currency %q", a.Currency)
		}
		if err := d.tracker.SetSetting(ctx, d.ben, tracker.SetCurrency, "GBP"); err != nil {
			t.Fatal(err)
		}
		if c := d.register(AssetEdit{}, 0); c.Currency != "GBP" {
			t.Fatalf("currency %q", c.Currency)
		}
	})
}

func TestWhereAnAssetCanBe(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		old := must(d.CreateLocation(ctx, d.ben, LocationEdit{Kind: Room, Name: "Old room"}))(t)
		old = must(d.ArchiveLocation(ctx, d.ben, old.ID, true, old.Version))(t)
		for _, c := range []struct {
			name  string
			to    Place
			kind  migrations.Kind
			field string
			says  string
		}{
			{"nowhere", Place{Status: Stowed}, migrations.Invalid, "location", "where"},
			{"no status", Place{LocationID: d.room.ID}, migrations.Invalid, "status", "stow or to deploy"},
			{"another status", Place{Status: Repair, LocationID: d.room.ID}, migrations.Invalid, "status", "stow or to deploy"},
			{"stowed with a person", Place{Status: Stowed, LocationID: d.room.ID, HolderID: d.anna}, migrations.Invalid, "holder", "with nobody"},
			{"stowed at a vendor", Place{Status: Stowed, LocationID: d.vendor.ID}, migrations.Invalid, "location", "Fixit is a vendor"},
			{"stowed in an archived place", Place{Status: Stowed, LocationID: old.ID}, migrations.Invalid, "location", "Old room is archived"},
			{"deployed in an archived place", Place{Status: Deployed, LocationID: old.ID}, migrations.Invalid, "location", "Old room is archived"},
			{"deployed to nobody", Place{Status: Deployed}, migrations.Invalid, "holder", "to whom, or where"},
			{"no such place", Place{Status: Stowed, LocationID: 999}, migrations.NotFound, "location", "no such place"},
			{"a negative place", Place{Status: Stowed, LocationID: -1}, migrations.NotFound, "location", "no such place"},
			{"no such person", Place{Status: Deployed, HolderID: 999}, migrations.NotFound, "holder", "no such person"},
			{"a negative person", Place{Status: Deployed, HolderID: -1}, migrations.NotFound, "holder", "no such person"},
			{"negative pieces", Place{Status: Stowed, LocationID: d.depot.ID, Quantity: -1}, migrations.Invalid, "quantity", "negative"},
			{"a long reason", Place{Status: Stowed, LocationID: d.depot.ID, Reason: strings.Repeat("x", 2001)}, migrations.Invalid, "reason", "2001 characters"},
		} {
			_, err := d.Register(ctx, d.ben, AssetEdit{ModelID: d.mouse.ID}, c.to)
			if refused(t, err, c.kind, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q, want %q", c.name, migrations.FieldOf(err), c.field)
			}
			a := d.register(AssetEdit{ModelID: d.mouse.ID}, 5)
			_, err = d.Move(ctx, d.ben, a.ID, c.to, a.Moves)
			if refused(t, err, c.kind, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q, want %q", c.name, migrations.FieldOf(err), c.field)
			}
			if b := must(d.Asset(ctx, a.ID))(t); !reflect.DeepEqual(b, a) {
				t.Errorf("%s: refused, and yet changed to %+v", c.name, b)
			}
		}
		_, err := d.Register(ctx, d.ben, AssetEdit{ModelID: d.laptop.ID, Serial: "1"}, Place{Status: Stowed, LocationID: d.room.ID, Quantity: 2})
		refused(t, err, migrations.Invalid, "one thing and not 2")
		_, err = d.Register(ctx, d.ben, AssetEdit{ModelID: d.laptop.ID}, Place{Status: Stowed, LocationID: d.room.ID, Quantity: 1_000_001})
		refused(t, err, migrations.Invalid, "at most")
		a := d.register(AssetEdit{ModelID: d.mouse.ID}, 5)
		_, err = d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 6}, a.Moves)
		refused(t, err, migrations.Invalid, "only 5 of "+a.Tag)
		_, err = d.ChangeAsset(ctx, d.ben, a.ID, AssetEdit{Serial: "1"}, a.Version)
		refused(t, err, migrations.Invalid, "stands for 5 pieces")
		_, err = d.Count(ctx, d.ben, a.ID, -1, "", a.Moves)
		refused(t, err, migrations.Invalid, "negative")
		_, err = d.Count(ctx, d.ben, a.ID, 5, "", a.Moves)
		refused(t, err, migrations.Invalid, "Nothing was changed")
		a = must(d.Count(ctx, d.ben, a.ID, 0, "all lost", a.Moves))(t)
		_, err = d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna}, a.Moves)
		refused(t, err, migrations.Invalid, "nothing left")
		b := d.register(AssetEdit{Serial: "2"}, 0)
		_, err = d.Count(ctx, d.ben, b.ID, 1, "", b.Moves)
		refused(t, err, migrations.Invalid, "serial")
		_, err = d.UndoMove(ctx, d.ben, b.ID, b.Moves)
		refused(t, err, migrations.Invalid, "only just registered")
		for _, call := range []func(id int64) error{
			func(id int64) error {
				_, err := d.Move(ctx, d.ben, id, Place{Status: Stowed, LocationID: d.room.ID}, 1)
				return err
			},
			func(id int64) error { _, err := d.Retire(ctx, d.ben, id, Retired, "old", 1); return err },
			func(id int64) error { _, err := d.Count(ctx, d.ben, id, 1, "", 1); return err },
			func(id int64) error { _, err := d.UndoMove(ctx, d.ben, id, 1); return err },
			func(id int64) error { _, err := d.Asset(ctx, id); return err },
		} {
			refused(t, call(999), migrations.NotFound, "There is no such asset.")
		}
	})
}

func TestRetireDisposeAndRecover(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{Serial: "1"}, 0)
		a = must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, LocationID: d.site.ID}, a.Moves))(t)
		_, err := d.Retire(ctx, d.ben, a.ID, Retired, "\n", a.Moves)
		refused(t, err, migrations.Invalid, "say why")
		_, err = d.Retire(ctx, d.ben, a.ID, Repair, "old", a.Moves)
		refused(t, err, migrations.Invalid, "retired or disposed")
		_, err = d.Retire(ctx, d.ben, a.ID, Retired, "old", 1)
		refused(t, err, migrations.Conflict, "deployed A-0001 to Anna Lind (Main site)")
		a = must(d.Retire(ctx, d.ben, a.ID, Retired, "old", a.Moves))(t)
		if a.Status != Retired || a.HolderID != nil || orZero(a.LocationID) != d.site.ID {
			t.Fatalf("retired %+v", a)
		}
		_, err = d.Retire(ctx, d.ben, a.ID, Retired, "old", a.Moves)
		refused(t, err, migrations.Invalid, "already retired")
		a = must(d.Retire(ctx, d.ben, a.ID, Disposed, "sold", a.Moves))(t)
		if a.Status != Disposed || a.LocationID != nil {
			t.Fatalf("disposed %+v", a)
		}
		_, err = d.Retire(ctx, d.ben, a.ID, Retired, "no", a.Moves)
		refused(t, err, migrations.Invalid, "Stow it somewhere first")
		_, err = d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna}, a.Moves)
		refused(t, err, migrations.Invalid, "Stow it somewhere first")
		// A model of which nothing is in use may be archived, and comes back first.
		m := must(d.ArchiveModel(ctx, d.ben, d.laptop.ID, true, d.laptop.Version))(t)
		_, err = d.Move(ctx, d.ben, a.ID, Place{Status: Stowed, LocationID: d.room.ID}, a.Moves)
		refused(t, err, migrations.Invalid, "archived")
		_, err = d.UndoMove(ctx, d.ben, a.ID, a.Moves)
		if err != nil {
			t.Fatalf("retired again: %v", err)
		}
		_, err = d.Register(ctx, d.ben, AssetEdit{ModelID: m.ID}, Place{Status: Stowed, LocationID: d.room.ID})
		refused(t, err, migrations.Invalid, "archived")
		must(d.ArchiveModel(ctx, d.ben, m.ID, false, m.Version))(t)
		a = must(d.Move(ctx, d.ben, a.ID, Place{Status: Stowed, LocationID: d.room.ID}, a.Moves+1))(t)
		if a.Status != Stowed {
			t.Fatalf("recovered %+v", a)
		}
		list, _, err := d.Movements(ctx, MovementFilter{AssetID: a.ID}, "", 10)
		var kinds []string
		for _, m := range list {
			kinds = append(kinds, m.Kind)
		}
		if err != nil || strings.Join(kinds, " ") != "recover back dispose retire deploy register" {
			t.Fatalf("movements %v %v", kinds, err)
		}
	})
}

func TestSeveralAreMovedAndTheRefusedNamed(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a, b, c := d.register(AssetEdit{}, 0), d.register(AssetEdit{}, 0), d.register(AssetEdit{}, 3)
		must(d.Retire(ctx, d.eva, b.ID, Disposed, "lost", b.Moves))(t)
		all := must(d.MoveMany(ctx, d.ben, map[int64]int64{a.ID: 1, b.ID: 1, c.ID: 1, 999: 1}, Place{Status: Deployed, HolderID: d.carl, Quantity: 1}))(t)
		if len(all) != 4 || all[0].Err != nil || all[0].Asset.HolderName != "Carl Mora" || all[2].Err != nil || all[2].Asset.Quantity != 3 {
			t.Fatalf("moved %+v", all)
		}
		refused(t, all[1].Err, migrations.Conflict, "Eva Roth disposed of A-0002 just now")
		if all[1].Asset.Tag != "A-0002" {
			t.Fatalf("the refused one is %+v", all[1].Asset)
		}
		refused(t, all[3].Err, migrations.NotFound)
		_, err := d.MoveMany(ctx, d.ben, nil, Place{})
		refused(t, err, migrations.Invalid)
	})
}

func TestAssetsAreChangedByVersion(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{Serial: "1", Hostname: "one"}, 0)
		b := must(d.ChangeAsset(ctx, d.ben, a.ID, AssetEdit{Tag: "L-1", Serial: "1", Hostname: "two", ModelID: d.mouse.ID}, a.Version))(t)
		if b.Tag != "L-1" || b.Hostname != "two" || b.ModelName != "Mouse" || b.Version != 2 || b.Moves != a.Moves || b.Currency != "EUR" {
			t.Fatalf("changed %+v", b)
		}
		_, err := d.ChangeAsset(ctx, d.eva, a.ID, AssetEdit{Hostname: "three"}, a.Version)
		refused(t, err, migrations.Conflict, "Nothing was overwritten")
		if c := must(d.ChangeAsset(ctx, d.ben, a.ID, AssetEdit{Tag: "L-1", Serial: "1", Hostname: "two"}, b.Version))(t); !reflect.DeepEqual(c, b) {
			t.Fatalf("a change of nothing made %+v", c)
		}
		var became []string
		if err := d.db.Select(ctx, &became, `SELECT kind || ' ' || became FROM event WHERE subject = 'asset' AND subject_id = ? ORDER BY id`, a.ID); err != nil {
			t.Fatal(err)
		}
		want := []string{"registered ", "moved stowed location:" + fmt.Sprint(d.room.ID), "changed tag model hostname"}
		if !slices.Equal(became, want) {
			t.Fatalf("events %q, want %q", became, want)
		}
		c := d.register(AssetEdit{ParentID: a.ID}, 0)
		_, err = d.ChangeAsset(ctx, d.ben, a.ID, AssetEdit{Serial: "1", ParentID: c.ID}, tracker.AnyVersion)
		refused(t, err, migrations.Invalid, "part of itself")
	})
}

func TestAssetsAreListedAndFound(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		must(d.EnsureLocation(ctx, d.ben, "Main site > Hall > Cabinet", Room))(t)
		cabinet := must(d.FindLocations(ctx, "cab main", 5))(t)[0]
		d.register(AssetEdit{Serial: "NF 77-12", Hostname: "BOOK-1", Reference: "Kostenstelle 4711", WarrantyUntil: "2026-03-20"}, 0)
		b := d.register(AssetEdit{Specs: "memory: 64 GB", WarrantyUntil: "2026-03-01"}, 0)
		c := d.register(AssetEdit{ModelID: d.mouse.ID, Purpose: "for the déjà vu room"}, 7)
		e := d.register(AssetEdit{}, 0)
		must(d.Move(ctx, d.ben, b.ID, Place{Status: Deployed, HolderID: d.anna}, b.Moves))(t)
		must(d.Move(ctx, d.ben, c.ID, Place{Status: Stowed, LocationID: cabinet.ID}, c.Moves))(t)
		must(d.Retire(ctx, d.ben, e.ID, Retired, "old", e.Moves))(t)
		must(d.tracker.IndexPending(ctx, nil))(t)
		for _, x := range []struct {
			f    AssetFilter
			want string
		}{
			{AssetFilter{}, "A-0003 A-0002 A-0001"},
			{AssetFilter{Gone: true}, "A-0004 A-0003 A-0002 A-0001"},
			{AssetFilter{Statuses: []Status{Retired}}, "A-0004"},
			{AssetFilter{Statuses: []Status{Stowed, Deployed}}, "A-0003 A-0002 A-0001"},
			{AssetFilter{Category: "computer"}, "A-0002 A-0001"},
			{AssetFilter{ModelID: d.mouse.ID}, "A-0003"},
			{AssetFilter{LocationID: d.site.ID}, "A-0003 A-0001"},
			{AssetFilter{LocationID: cabinet.ID}, "A-0003"},
			{AssetFilter{LocationID: 999}, ""},
			{AssetFilter{HolderID: d.anna}, "A-0002"},
			{AssetFilter{WarrantyTo: "2026-03-31"}, "A-0001"},
			{AssetFilter{Text: "nordfell"}, "A-0003 A-0002 A-0001"},
			{AssetFilter{Text: "nordfell", Gone: true}, "A-0004 A-0003 A-0002 A-0001"},
			{AssetFilter{Text: "nordfell", LocationID: d.site.ID}, "A-0003 A-0001"},
			{AssetFilter{Text: "nordfell book", Statuses: []Status{Deployed}}, "A-0002"},
			{AssetFilter{Text: "a-0002"}, "A-0002"},
			{AssetFilter{Text: "A0001"}, "A-0001"},
			{AssetFilter{Text: "nf7712"}, "A-0001"},
			{AssetFilter{Text: "4711"}, "A-0001"},
			{AssetFilter{Text: "book-1"}, "A-0001"},
			{AssetFilter{Text: "64 gb"}, "A-0002"},
			{AssetFilter{Text: "anna"}, "A-0002"},
			{AssetFilter{Text: "deja cabinet"}, "A-0003"},
			{AssetFilter{Text: "computer"}, "A-0002 A-0001"},
			{AssetFilter{Text: "zebra"}, ""},
			{AssetFilter{Text: "%_' \" *"}, ""},
		} {
			var got []Asset
			for after, pages := "", 0; after != "" || pages == 0; pages++ {
				list, more, err := d.Assets(ctx, x.f, after, 2)
				if err != nil || pages > 5 {
					t.Fatalf("%+v: %v", x.f, err)
				}
				got, after = append(got, list...), more
			}
			if tagsOf(got) != x.want {
				t.Errorf("%+v finds %q, want %q", x.f, tagsOf(got), x.want)
			}
			if n := must(d.CountAssets(ctx, x.f, 2))(t); n != min(len(got), 2) {
				t.Errorf("%+v counts %d, at most 2 of %d", x.f, n, len(got))
			}
		}
		_, _, err := d.Assets(ctx, AssetFilter{}, "x", 10)
		refused(t, err, migrations.Invalid, "first page")
		_, _, err = d.Assets(ctx, AssetFilter{WarrantyTo: "soon"}, "", 10)
		refused(t, err, migrations.Invalid, "calendar")
		if list := must(d.AssetsByID(ctx, []int64{c.ID, 999, b.ID}))(t); tagsOf(list) != "A-0003 A-0002" {
			t.Fatalf("by id %q", tagsOf(list))
		}
		if a := must(d.AssetByTag(ctx, " a-0002 "))(t); a.ID != b.ID {
			t.Fatalf("by tag %+v", a)
		}
		// What names an asset is followed when it changes.
		must(d.ChangeModel(ctx, d.ben, d.laptop.ID, ModelEdit{Category: "computer", Manufacturer: "Südfell", Name: "Book"}, d.laptop.Version))(t)
		must(d.ChangeLocation(ctx, d.ben, d.site.ID, LocationEdit{Kind: Site, Name: "Harbour"}, d.site.Version))(t)
		must(d.tracker.IndexPending(ctx, nil))(t)
		if list, _, err := d.Assets(ctx, AssetFilter{Text: "sudfell"}, "", 5); err != nil || tagsOf(list) != "A-0002 A-0001" {
			t.Fatalf("by the model's new name %q %v", tagsOf(list), err)
		}
		person := must(d.tracker.ClientByID(ctx, d.anna))(t)
		must(d.tracker.UpdateClient(ctx, d.ben, d.anna, tracker.ClientChange{Name: new("Anna Ødegård")}, person.Version))(t)
		must(d.tracker.IndexPending(ctx, nil))(t)
		if list, _, err := d.Assets(ctx, AssetFilter{Text: "odegard"}, "", 5); err != nil || tagsOf(list) != "A-0002" {
			t.Fatalf("by the holder's new name %q %v", tagsOf(list), err)
		}
		if list, _, err := d.Assets(ctx, AssetFilter{Text: "harbour"}, "", 5); err != nil || tagsOf(list) != "A-0003 A-0001" {
			t.Fatalf("by the place's new name %q %v", tagsOf(list), err)
		}
	})
}

func TestTagsAreDrawn(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		if next := must(d.NextTag(ctx))(t); next != "A-0001" {
			t.Fatalf("next is %s", next)
		}
		d.register(AssetEdit{Tag: "a-0001"}, 0)
		for i := range 201 {
			d.register(AssetEdit{Tag: fmt.Sprintf("A-%04d", i+3)}, 0)
		}
		if a := d.register(AssetEdit{}, 0); a.Tag != "A-0002" {
			t.Fatalf("drawn %s", a.Tag)
		}
		if next := must(d.NextTag(ctx))(t); next != "A-0204" {
			t.Fatalf("next is %s", next)
		}
		if a := d.register(AssetEdit{}, 0); a.Tag != "A-0204" {
			t.Fatalf("drawn %s", a.Tag)
		}
		long := strings.Repeat("t", 60)
		a := d.register(AssetEdit{Tag: long, ModelID: d.mouse.ID}, 3)
		if b := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 1}, a.Moves))(t); b.Tag != long[:52]+"-2" {
			t.Fatalf("split off %s", b.Tag)
		}
	})
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Second: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 47 * time.Hour: "1 day ago", 72 * time.Hour: "3 days ago"} {
		if got := ago(d); got != want {
			t.Errorf("ago(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestCostsAreOfOnePiece(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := d.register(AssetEdit{ModelID: d.mouse.ID, Cost: new(int64(1250))}, 10)
		b := must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 3}, a.Moves))(t)
		one, two := must(d.LifetimeCost(ctx, a.ID))(t), must(d.LifetimeCost(ctx, b.ID))(t)
		if *b.Cost != 1250 || one["EUR"] != 7*1250 || two["EUR"] != 3*1250 {
			t.Fatalf("a piece %d, those left %v, those split off %v", *b.Cost, one, two)
		}
	})
}
