package inventory

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

func TestModelsCountTheirPieces(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		cable := must(d.CreateModel(ctx, d.ben, ModelEdit{Category: "part", Name: "Cable", MinOnHand: 3}))(t)
		pen := must(d.CreateModel(ctx, d.ben, ModelEdit{Category: "part", Name: "Écran stylus", MinOnHand: 1}))(t)
		a := d.register(AssetEdit{ModelID: cable.ID}, 10)
		must(d.Move(ctx, d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna, Quantity: 6}, a.Moves))(t)
		b := d.register(AssetEdit{ModelID: cable.ID}, 2)
		must(d.Retire(ctx, d.ben, b.ID, Retired, "worn", b.Moves))(t)
		m := must(d.Model(ctx, cable.ID))(t)
		if m.OnHand != 4 || m.Deployed != 6 || m.Away != 0 || m.Total != 10 || m.Short() {
			t.Fatalf("counts %+v", m)
		}
		// What is retired or with people is not on hand.
		a = must(d.Asset(ctx, a.ID))(t)
		must(d.Count(ctx, d.ben, a.ID, 2, "two are lost", a.Moves))(t)
		names := func(f ModelFilter) string {
			var names []string
			for after, pages := "", 0; after != "" || pages == 0; pages++ {
				list, more, err := d.Models(ctx, f, after, 2)
				if err != nil || pages > 5 {
					t.Fatal(err)
				}
				for _, m := range list {
					names = append(names, fmt.Sprintf("%s %d/%d", m.Title(), m.OnHand, m.Total))
				}
				after = more
			}
			return strings.Join(names, ", ")
		}
		for _, x := range []struct {
			f    ModelFilter
			want string
		}{
			{ModelFilter{}, "Cable 2/8, Écran stylus 0/0, Nordfell Book 14 0/0, Nordfell Mouse 0/0"},
			{ModelFilter{Short: true}, "Cable 2/8, Écran stylus 0/0"},
			{ModelFilter{Category: "computer"}, "Nordfell Book 14 0/0"},
			{ModelFilter{Text: "ecr"}, "Écran stylus 0/0"},
			{ModelFilter{Text: "mouse nord"}, "Nordfell Mouse 0/0"},
			{ModelFilter{Text: "%"}, ""},
		} {
			if got := names(x.f); got != x.want {
				t.Errorf("%+v lists %q, want %q", x.f, got, x.want)
			}
		}
		_, err := d.ArchiveModel(ctx, d.ben, cable.ID, true, cable.Version)
		refused(t, err, migrations.Invalid, "Cable is still in use: 2 assets are left of it")
		pen = must(d.ArchiveModel(ctx, d.ben, pen.ID, true, pen.Version))(t)
		if names(ModelFilter{Short: true}) != "Cable 2/8" || names(ModelFilter{Short: true, Archived: true}) != "Cable 2/8, Écran stylus 0/0" {
			t.Fatal("an archived model is listed, or not found at all")
		}
		_, err = d.CreateModel(ctx, d.ben, ModelEdit{Category: "part", Name: "ecran STYLUS"})
		refused(t, err, migrations.Invalid, "bring it back instead")
		if pen = must(d.ArchiveModel(ctx, d.ben, pen.ID, false, pen.Version))(t); pen.ArchivedAt != nil || pen.Version != 3 {
			t.Fatalf("back %+v", pen)
		}
		_, _, err = d.Models(ctx, ModelFilter{}, "-1", 10)
		refused(t, err, migrations.Invalid, "first page")
	})
}

func TestWhatIsSaidOfAModelIsChecked(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for _, c := range []struct {
			name, field, says string
			in                ModelEdit
		}{
			{"no name", "name", "a name", ModelEdit{Category: "part"}},
			{"long name", "name", "101 characters", ModelEdit{Category: "part", Name: strings.Repeat("é", 101)}},
			{"long manufacturer", "manufacturer", "101 characters", ModelEdit{Category: "part", Name: "X", Manufacturer: strings.Repeat("é", 101)}},
			{"long specs", "specs", "10001 characters", ModelEdit{Category: "part", Name: "X", Specs: strings.Repeat("é", 10_001)}},
			{"no category", "category", "what kind", ModelEdit{Name: "X"}},
			{"negative life", "useful_life_months", "0 and 1200", ModelEdit{Category: "part", Name: "X", UsefulLifeMonths: -1}},
			{"long life", "useful_life_months", "0 and 1200", ModelEdit{Category: "part", Name: "X", UsefulLifeMonths: 1201}},
			{"negative watch", "min_on_hand", "0 and 1000000", ModelEdit{Category: "part", Name: "X", MinOnHand: -1}},
			{"large watch", "min_on_hand", "0 and 1000000", ModelEdit{Category: "part", Name: "X", MinOnHand: 1_000_001}},
			{"another's title", "name", "already a model Nordfell Mouse", ModelEdit{Category: "part", Name: "mouse", Manufacturer: "NORDFELL"}},
		} {
			_, err := d.CreateModel(ctx, d.ben, c.in)
			if refused(t, err, migrations.Invalid, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q", c.name, migrations.FieldOf(err))
			}
			_, err = d.ChangeModel(ctx, d.ben, d.laptop.ID, c.in, tracker.AnyVersion)
			if refused(t, err, migrations.Invalid, c.says); migrations.FieldOf(err) != c.field {
				t.Errorf("%s: message at the field %q", c.name, migrations.FieldOf(err))
			}
		}
		m := must(d.ChangeModel(ctx, d.ben, d.laptop.ID, ModelEdit{Category: "server", Manufacturer: "Nordfell", Name: "Book  14", UsefulLifeMonths: 48}, d.laptop.Version))(t)
		if m.Version != 2 || m.Name != "Book 14" || m.Specs != "" {
			t.Fatalf("changed %+v", m)
		}
		_, err := d.ChangeModel(ctx, d.ben, d.laptop.ID, ModelEdit{Category: "server", Name: "X"}, d.laptop.Version)
		refused(t, err, migrations.Conflict)
		for _, err := range []error{
			func() error { _, err := d.Model(ctx, 99); return err }(),
			func() error {
				_, err := d.ChangeModel(ctx, d.ben, 99, ModelEdit{Category: "part", Name: "X"}, 1)
				return err
			}(),
			func() error { _, err := d.ArchiveModel(ctx, d.ben, 99, true, 1); return err }(),
		} {
			refused(t, err, migrations.NotFound, "There is no such model.")
		}
		var became string
		if err := d.db.Get(ctx, &became, `SELECT became FROM event WHERE subject = 'model' AND subject_id = ? AND kind = 'changed'`, m.ID); err != nil || became != "category useful_life_months specs" {
			t.Fatalf("event %q %v", became, err)
		}
		// Two who make the same model at once: one makes it, the other is told.
		oneWins(t, together(6, func(i int) error {
			_, err := d.CreateModel(ctx, d.ben, ModelEdit{Category: "part", Name: "Dock"})
			return err
		}), migrations.Invalid, "already a model Dock")
	})
}
