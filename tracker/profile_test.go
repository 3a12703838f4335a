package tracker

import (
	"slices"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// TestProfileFigures: what a person's tickets tell, by hand.
func TestProfileFigures(t *testing.T) {
	at := func(month time.Month, day, hour int) migrations.Stamp {
		return migrations.At(time.Date(2026, month, day, hour, 0, 0, 0, time.UTC))
	}
	var p Profile
	p.tell([]profileRow{
		{OpenedAt: at(11, 20, 8), AnsweredAt: at(11, 20, 10), CategoryID: 2, CategoryName: "Software"},
		{OpenedAt: at(11, 1, 0), FixedAt: at(11, 1, 4), AnsweredAt: at(11, 1, 1), ClosedAt: at(11, 2, 0), CategoryID: 2, CategoryName: "Software"},
		{OpenedAt: at(1, 31, 23), FixedAt: at(2, 1, 1), ClosedAt: at(2, 1, 1)},
		{OpenedAt: at(1, 1, 0), FixedAt: at(1, 1, 9), ClosedAt: at(1, 1, 9), CategoryID: 5, CategoryName: "Printing"},
		{OpenedAt: migrations.At(time.Date(2025, 11, 30, 23, 0, 0, 0, time.UTC)), ClosedAt: 1}, // a year ago and a month
	}, time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	if p.Total != 5 || p.Open != 1 || p.FixedIn != 4*time.Hour {
		t.Fatalf("%d tickets, %d open, fixed in %v", p.Total, p.Open, p.FixedIn)
	}
	if p.AnsweredIn != 90*time.Minute || p.FirstSeen != migrations.At(time.Date(2025, 11, 30, 23, 0, 0, 0, time.UTC)) {
		t.Fatalf("answered in %v, first seen %v", p.AnsweredIn, p.FirstSeen)
	}
	var n []int
	for _, m := range p.Months {
		n = append(n, m.N)
	}
	if !slices.Equal(n, []int{0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}) || p.Months[0].Month != time.December || p.Months[0].Year != 2025 {
		t.Fatalf("months %+v", p.Months)
	}
	if !slices.Equal(p.Categories, []CategoryCount{{0, "", 2}, {2, "Software", 2}, {5, "Printing", 1}}) {
		t.Fatalf("categories %+v", p.Categories)
	}
	var none Profile
	none.tell(nil, time.Now())
	if none.FixedIn != 0 || len(none.Months) != 12 {
		t.Fatalf("nothing tells %+v", none)
	}
}

func TestClientsByDepartment(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for _, who := range []string{"anna", "bert", "carla", "dora", "emil"} {
			x := d.open(t, "Ticket", who)
			if who < "dora" {
				must(d.UpdateClient(ctx, d.tech.Actor(), x.ClientID, ClientChange{Department: new("Purchasing")}, AnyVersion))(t)
			}
		}
		must(d.IndexPending(ctx, nil))(t)
		if got := must(d.Departments(ctx, 9))(t); !slices.Equal(got, []Department{{"Purchasing", 3}}) {
			t.Fatalf("departments %v", got)
		}
		for _, c := range []struct {
			f    ClientFilter
			want []string
		}{
			{ClientFilter{}, []string{"Anna", "Bert", "Carla", "Dora", "Emil"}},
			{ClientFilter{Department: "Purchasing"}, []string{"Anna", "Bert", "Carla"}},
			{ClientFilter{Department: "Purchasing", Text: "office"}, []string{"Bert", "Carla", "Anna"}}, // the newest two, then the rest
			{ClientFilter{Text: "em"}, []string{"Emil"}},
			{ClientFilter{Text: "em", Department: "Purchasing"}, nil},
			{ClientFilter{Text: "-"}, nil},
		} {
			var got []string
			after := ""
			for {
				list, more, err := d.ListClients(ctx, c.f, after, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range list {
					got = append(got, x.Name)
				}
				if after = more; more == "" {
					break
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v: %v, want %v", c.f, got, c.want)
			}
			if n := must(d.CountClients(ctx, c.f, 100))(t); n != len(c.want) {
				t.Errorf("%+v counts %d", c.f, n)
			}
		}
	})
}
