package tracker

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

func TestPeopleAreListedByNameAndFound(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for _, who := range []string{"zoe", "émile", "anna", "bert", "anna"} {
			d.open(t, "Ticket of "+who, who)
		}
		d.put(t, 3, `stage = 'completed', closed_at = 1, archived_at = 2`)
		must(d.IndexPending(ctx, nil))(t)
		var names []string
		for after, pages := "", 0; after != "" || pages == 0; pages++ {
			list, more, err := d.Clients(ctx, "", after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				names = append(names, c.Name)
				if want := c.Name == "Anna"; want && (c.Open != 1 || c.Address != "anna@office.example") {
					t.Errorf("row %+v", c)
				}
			}
			if after = more; pages > 5 {
				t.Fatal("the pages do not end")
			}
		}
		if got := strings.Join(names, " "); got != "Anna Bert Émile Zoe" {
			t.Fatalf("names %q", got)
		}
		list, _, err := d.Clients(ctx, "em off", "", 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("found %+v %v", list, err)
		}
		_, _, err = d.Clients(ctx, "", "x", 10)
		wantKind(t, err, migrations.Invalid)
		p := must(d.ClientProfile(ctx, must(clientByAddress(ctx, d.db, "anna@office.example"))(t).ID, time.UTC))(t)
		if p.Total != 2 || p.Open != 1 || len(p.Addresses) != 1 || p.LastSeen == 0 || len(p.Months) != 12 || p.Months[11].Month != time.March || p.Months[11].N != 2 {
			t.Fatalf("profile %+v", p)
		}
		_, err = d.ClientProfile(ctx, 999, time.UTC)
		wantKind(t, err, migrations.NotFound)
	})
}

func TestClientsAreEditedByVersion(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Screen", "anna")
		must(d.IndexPending(ctx, nil))(t)
		c := must(d.ClientByID(ctx, x.ClientID))(t)
		y := must(d.UpdateClient(ctx, by, c.ID, ClientChange{Name: new("Anna Ødegård"), Department: new(" Purchasing "), HighManagement: new(true)}, c.Version))(t)
		if y.Name != "Anna Ødegård" || y.Department != "Purchasing" || !y.HighManagement || y.Version != c.Version+1 {
			t.Fatalf("edited %+v", y)
		}
		if got := must(d.ClientByID(ctx, c.ID))(t); got != y {
			t.Fatalf("stored %+v, returned %+v", got, y)
		}
		_, err := d.UpdateClient(ctx, by, c.ID, ClientChange{Phone: new("1")}, c.Version)
		wantKind(t, err, migrations.Conflict)
		_, err = d.UpdateClient(ctx, by, c.ID, ClientChange{Name: new("  ")}, y.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.UpdateClient(ctx, by, c.ID, ClientChange{Phone: new(strings.Repeat("1", 300))}, y.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.UpdateClient(ctx, by, 999, ClientChange{}, AnyVersion)
		wantKind(t, err, migrations.NotFound)
		must(d.IndexPending(ctx, nil))(t)
		if p := must(d.Search(ctx, "odegard", KindTicket, 0, 5))(t); len(p.Hits) != 1 {
			t.Fatal("a ticket is not found by its requester's new name")
		}
		if z := must(d.TicketByNumber(ctx, x.Number))(t); z.ClientName != "Anna Ødegård" || !z.ClientHigh || z.ClientDepartment != "Purchasing" {
			t.Fatalf("ticket %+v", z)
		}
		cat := must(d.AddCategory(ctx, d.admin.Actor(), "Robots"))(t)
		_, err = d.AddCategory(ctx, d.admin.Actor(), "Robots")
		wantKind(t, err, migrations.Invalid)
		must(d.UpdateCategory(ctx, d.admin.Actor(), cat.ID, CategoryChange{Archived: new(true)}, cat.Version))(t)
		_, err = d.UpdateCategory(ctx, d.admin.Actor(), cat.ID, CategoryChange{Archived: new(false)}, cat.Version)
		wantKind(t, err, migrations.Conflict)
		if n, all := len(must(d.Categories(ctx, false))(t)), len(must(d.Categories(ctx, true))(t)); n != 8 || all != 9 {
			t.Fatalf("%d categories, %d with archived ones", n, all)
		}
	})
}
