package tracker

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func viewNames(t *testing.T, d *desk, who Account) []string {
	t.Helper()
	var names []string
	for _, v := range must(d.SavedViews(t.Context(), "tickets", who.ID))(t) {
		names = append(names, v.Name)
	}
	return names
}

func TestSavedViews(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		save := func(by Account, name, query string, shared bool) SavedView {
			return must(d.SaveView(ctx, by, SavedView{List: "tickets", Name: name, Query: query, Shared: shared}))(t)
		}
		mine := save(d.tech, " My  desk ", "who=me&after=40&past=1,2&live=1&view=9&q=", false)
		if mine.Name != "My desk" || mine.Query != "who=me" || mine.OwnerName != d.tech.Name {
			t.Fatalf("saved as %+v", mine)
		}
		open := save(d.tech, "Open", "stage=requested", true)
		save(d.admin, "Stars", "star=1", true)
		if got := viewNames(t, d, d.tech); !slices.Equal(got, []string{"Open", "Stars", "My desk"}) {
			t.Fatalf("the technician sees %v", got)
		}
		if got := viewNames(t, d, d.admin); !slices.Equal(got, []string{"Open", "Stars"}) {
			t.Fatalf("the administrator sees %v", got)
		}

		// Who may not, and what is no view.
		_, err := d.SaveView(ctx, d.manager, SavedView{List: "tickets", Name: "x"})
		wantKind(t, err, migrations.Denied)
		for _, bad := range []SavedView{{List: "tickets"}, {List: "tickets", Name: strings.Repeat("é", 61)}, {List: "nothing", Name: "x"}, {List: "tickets", Name: "oPEN"}, {List: "tickets", Name: "x", Query: "%zz"}, {List: "tickets", Name: "x", Query: "q=" + strings.Repeat("a", 2001)}} {
			_, err := d.SaveView(ctx, d.tech, bad)
			wantKind(t, err, migrations.Invalid)
		}
		other := must(d.CreateAccount(ctx, Actor{}, NewAccount{Email: "uma@desk.example", Name: "Uma", Role: Technician}))(t)
		_, err = d.RemoveView(ctx, other, open.ID) // sees it, but it is not hers
		wantKind(t, err, migrations.Denied)
		_, err = d.RemoveView(ctx, other, mine.ID) // does not even see it
		wantKind(t, err, migrations.NotFound)
		wantKind(t, d.MoveView(ctx, other, open.ID, 1), migrations.Denied)

		// Rename, another filter, stale.
		name, query := "Still open", "stage=requested&stage=in_progress"
		now := must(d.ChangeView(ctx, d.tech, open.ID, ViewChange{Name: &name, Query: &query}, open.Version))(t)
		if now.Name != name || now.Query != query || now.Version != open.Version+1 {
			t.Fatalf("changed to %+v", now)
		}
		_, err = d.ChangeView(ctx, d.tech, open.ID, ViewChange{Name: &name}, open.Version)
		wantKind(t, err, migrations.Conflict)
		taken := "my desk"
		_, err = d.ChangeView(ctx, d.tech, open.ID, ViewChange{Name: &taken}, now.Version)
		wantKind(t, err, migrations.Invalid)

		// Order, among its like.
		if err := d.MoveView(ctx, d.tech, open.ID, 1); err != nil {
			t.Fatal(err)
		}
		if got := viewNames(t, d, d.tech); !slices.Equal(got, []string{"Stars", name, "My desk"}) {
			t.Fatalf("moved: %v", got)
		}
		if err := d.MoveView(ctx, d.admin, open.ID, -9); err != nil {
			t.Fatal(err)
		}

		// Remove, and back where it was.
		was := must(d.RemoveView(ctx, d.admin, open.ID))(t)
		if got := viewNames(t, d, d.tech); !slices.Equal(got, []string{"Stars", "My desk"}) {
			t.Fatalf("removed: %v", got)
		}
		must(d.SaveView(ctx, d.tech, was))(t)
		if got := viewNames(t, d, d.tech); !slices.Equal(got, []string{name, "Stars", "My desk"}) {
			t.Fatalf("restored: %v", got)
		}
		for i := range maxViews {
			if _, err := d.SaveView(ctx, d.tech, SavedView{List: "tickets", Name: fmt.Sprint("v", i)}); err != nil {
				wantKind(t, err, migrations.Invalid)
				if i != maxViews-3 {
					t.Fatalf("refused after %d", i)
				}
				return
			}
		}
		t.Fatal("any number of views can be made")
	})
}

func TestCountTickets(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for i := range 7 {
			d.open(t, fmt.Sprintf("printer %d", i), "anna")
		}
		must(d.Assign(ctx, d.admin.Actor(), 3, d.tech.ID, AnyVersion))(t)
		must(d.SetStage(ctx, d.admin.Actor(), 4, StageChange{Stage: Dropped, Reason: "x"}, AnyVersion))(t)
		must(d.IndexPending(ctx, nil))(t)
		for _, c := range []struct {
			f     TicketFilter
			limit int
			want  int
		}{
			{TicketFilter{}, 100, 7}, {TicketFilter{}, 5, 5}, {TicketFilter{AssigneeID: d.tech.ID}, 9, 1}, {TicketFilter{AssigneeID: Nobody}, 9, 6},
			{TicketFilter{Stages: []Stage{Requested}}, 9, 6}, {TicketFilter{Text: "print"}, 9, 7}, {TicketFilter{Text: "print"}, 2, 2}, {TicketFilter{Text: "???"}, 2, 0},
			{TicketFilter{Archived: ArchivedOnly}, 9, 0}, {TicketFilter{Archived: ArchivedAlso, AssigneeID: d.tech.ID}, 9, 1},
		} {
			if got := must(d.CountTickets(ctx, c.f, c.limit))(t); got != c.want {
				t.Errorf("%+v up to %d: %d, want %d", c.f, c.limit, got, c.want)
			}
			list, _, err := d.Tickets(ctx, c.f, "", c.limit)
			if err != nil || len(list) != c.want {
				t.Errorf("%+v lists %d, %v", c.f, len(list), err)
			}
		}
		// The oldest first, by pages.
		first, more, err := d.Tickets(ctx, TicketFilter{Oldest: true}, "", 4)
		if err != nil || more == "" || first[0].Number != 1 || first[3].Number != 4 {
			t.Fatal(first, more, err)
		}
		rest, more, err := d.Tickets(ctx, TicketFilter{Oldest: true}, more, 4)
		if err != nil || more != "" || len(rest) != 3 || rest[0].Number != 5 {
			t.Fatal(rest, more, err)
		}
	})
}

func TestTwoMoveViewsAtOnce(t *testing.T) {
	db := dbtest.Open(t, migrations.Postgres)
	d := newLinkDesk(t, db)
	ctx := t.Context()
	var ids []int64
	for _, name := range []string{"One", "Two", "Three", "Four"} {
		v, err := d.SaveView(ctx, d.admin, SavedView{Shared: true, List: "tickets", Name: name})
		d.ok(err)
		ids = append(ids, v.ID)
	}
	for range 20 {
		var wg sync.WaitGroup
		errs := make([]error, len(ids))
		for i, id := range ids {
			wg.Go(func() { errs[i] = d.MoveView(ctx, d.admin, id, 1-2*(i%2)) })
		}
		wg.Wait()
		for _, err := range errs {
			d.ok(err)
		}
	}
	all, err := d.SavedViews(ctx, "tickets", d.admin.ID)
	d.ok(err)
	for i, v := range all {
		if v.Position != int64(i+1) {
			t.Fatalf("%s is at %d of the row, and %d is kept", v.Name, i+1, v.Position)
		}
	}
}
