package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"helpdeskd/migrations"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestMonths: months begin at midnight of their zone, also where the clocks
// are changed in that very night.
func TestMonths(t *testing.T) {
	for _, c := range []struct {
		zone  string
		year  int
		month time.Month
		want  []string // in UTC
	}{
		{"UTC", 2026, time.January, []string{"2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"}},
		{"Europe/Zagreb", 2026, time.April, []string{"2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z"}},
		{"Pacific/Kiritimati", 2026, time.March, []string{"2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"}},
		{"America/Asuncion", 2017, time.October, []string{"2017-09-01T04:00:00Z", "2017-10-01T04:00:00Z", "2017-11-01T03:00:00Z"}}, // 1 October: no midnight
		{"America/Havana", 2020, time.November, []string{"2020-10-01T04:00:00Z", "2020-11-01T04:00:00Z", "2020-12-01T05:00:00Z"}},  // 1 November: two midnights
	} {
		var got []string
		for _, x := range Months(c.year, c.month, 2, zone(t, c.zone)) {
			got = append(got, x.UTC().Format(time.RFC3339))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %d-%d: %v, want %v", c.zone, c.year, c.month, got, c.want)
		}
	}
}

// plainTicket is a ticket as the tests count it, without SQL.
type plainTicket struct {
	Opened     time.Time
	Category   int64
	Department string
	Assets     []int64
}

// scatter fills the desk with n tickets around the edges of months of a zone,
// and tells of each what counts.
func scatter(t *testing.T, d *desk, n int, in *time.Location) []plainTicket {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 11))
	departments := []string{"", "Finance", "Sales"}
	all := make([]plainTicket, n)
	for i := range all {
		p := &all[i]
		edge := time.Date(2026, time.Month(1+r.IntN(5)), 1, 0, 0, 0, 0, in)
		p.Opened = edge.Add(time.Duration(r.IntN(4000)-2000) * time.Minute)
		if r.IntN(6) == 0 {
			p.Opened = edge.Add(time.Duration(r.IntN(3)-1) * time.Microsecond) // at the edge itself, or beside it
		}
		who := r.IntN(6)
		p.Department = departments[who%3]
		p.Category = int64(r.IntN(4))
		d.clock.add(p.Opened.Sub(d.clock.Now()))
		x := d.open(t, fmt.Sprintf("Ticket %d", i), fmt.Sprintf("person%d", who))
		must(d.UpdateClient(t.Context(), d.tech.Actor(), x.ClientID, ClientChange{Department: new(p.Department)}, AnyVersion))(t)
		must(d.SetCategory(t.Context(), d.tech.Actor(), x.Number, p.Category, AnyVersion))(t)
		for range r.IntN(3) {
			asset := int64(1 + r.IntN(5))
			if !slices.Contains(p.Assets, asset) {
				p.Assets = append(p.Assets, asset)
				if err := d.Link(t.Context(), d.tech.Actor(), Thing{KindTicket, x.ID}, Thing{KindAsset, asset}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	d.clock.add(time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC).Sub(d.clock.Now()))
	return all
}

// TestTrendsAgree: what SQL counts is what a walk over all rows counts, on
// both engines, in zones on either side of UTC, at the edges of months; and
// the lists that the numbers lead to hold as many.
func TestTrendsAgree(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		all := scatter(t, d, 120, zone(t, "Pacific/Auckland"))
		for _, name := range []string{"Pacific/Auckland", "America/St_Johns"} {
			in := zone(t, name)
			cuts := Months(2026, time.April, 3, in)
			got := must(d.Trends(t.Context(), cuts))(t)
			steps, categories, departments, assets := make([]int, 3), map[int64]int{}, map[string]int{}, map[int64]int{}
			total := 0
			for _, p := range all {
				local := p.Opened.In(in)
				i := int(local.Month()) - 2
				if local.Year() != 2026 || i < 0 || i > 2 {
					continue
				}
				total++
				steps[i]++
				categories[p.Category]++
				departments[p.Department]++
				for _, a := range p.Assets {
					assets[a]++
				}
			}
			if total == 0 || got.Total != total || !slices.Equal(got.Steps, steps) {
				t.Fatalf("%s: %d requests, %v; want %d, %v", name, got.Total, got.Steps, total, steps)
			}
			if len(got.Categories) != len(categories) || len(got.Departments) != len(departments) || len(got.Assets) != len(assets) {
				t.Fatalf("%s: %+v, want %v %v %v", name, got, categories, departments, assets)
			}
			window := TicketFilter{Archived: ArchivedAlso, OpenedFrom: migrations.At(cuts[0]), OpenedBefore: migrations.At(cuts[3])}
			listed := func(what any, f TicketFilter, n int) {
				t.Helper()
				if c := must(d.CountTickets(t.Context(), f, 1000))(t); c != n {
					t.Errorf("%s: the list of %v has %d, want %d", name, what, c, n)
				}
			}
			listed("all", window, total)
			for _, c := range got.Categories {
				if c.N != categories[c.ID] || c.ID != 0 && c.Name == "" {
					t.Errorf("%s: category %+v, want %d", name, c, categories[c.ID])
				}
				f := window
				if f.CategoryID = c.ID; c.ID == 0 {
					f.CategoryID = Nobody
				}
				listed(c.Name, f, c.N)
			}
			for _, x := range got.Departments {
				if x.N != departments[x.Name] {
					t.Errorf("%s: department %+v, want %d", name, x, departments[x.Name])
				}
				f := window
				f.Department, f.NoDepartment = x.Name, x.Name == ""
				listed(x.Name, f, x.N)
			}
			for i, a := range got.Assets {
				if a.N != assets[a.ID] || i > 0 && a.N > got.Assets[i-1].N {
					t.Errorf("%s: asset %+v, want %d", name, a, assets[a.ID])
				}
				f := window
				f.AssetIDs = []int64{a.ID}
				listed(a.ID, f, a.N)
			}
			none := window
			none.AssetIDs = []int64{}
			listed("no asset", none, 0)
			if n := must(d.Opened(t.Context(), cuts[1], cuts[2]))(t); n != steps[1] {
				t.Errorf("%s: %d opened in March, want %d", name, n, steps[1])
			}
		}
		if _, err := d.FirstOpened(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
