package tracker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// put sets columns of a ticket as no rule would.
func (d *desk) put(t *testing.T, number int64, columns string, args ...any) {
	t.Helper()
	err := d.db.Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE ticket SET `+columns+` WHERE number = ?`, append(args, number)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func numbers(list []Ticket) []int64 {
	out := []int64{}
	for _, t := range list {
		out = append(out, t.Number)
	}
	return out
}

func TestBoardIsInPriorityOrder(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		levels := []struct {
			level int64
			star  bool
		}{{1, false}, {3, true}, {2, false}, {3, false}, {1, false}, {3, true}, {3, false}, {2, false}}
		for i, l := range levels {
			x := d.open(t, fmt.Sprint("ticket ", i), "anna")
			d.put(t, x.Number, `level = ?, star = ?`, l.level, l.star)
			d.clock.add(time.Minute)
		}
		want := []int64{2, 6, 4, 7, 3, 8, 1, 5}
		columns := must(d.Board(ctx, BoardFilter{}))(t)
		if len(columns) != 4 || columns[0].Stage != Requested || columns[3].Stage != Completed {
			t.Fatalf("columns %+v", columns)
		}
		if got := numbers(columns[0].Tickets); !slices.Equal(got, want) || columns[0].Count != len(want) || columns[0].More != "" {
			t.Fatalf("requested: %v, count %d, more %q; want %v", got, columns[0].Count, columns[0].More, want)
		}
		if c := columns[0].Tickets[0]; c.ClientName != "Anna" || c.ClientAddress != "anna@office.example" || c.MailboxID != d.mailbox.ID {
			t.Fatalf("card %+v", c)
		}
		for size := 1; size <= 3; size++ {
			var got []int64
			for after, pages := "", 0; after != "" || pages == 0; pages++ {
				c := must(d.BoardColumn(ctx, BoardFilter{Limit: size}, Requested, after))(t)
				got, after = append(got, numbers(c.Tickets)...), c.More
				if pages > len(want) {
					t.Fatal("the pages do not end")
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("by pages of %d: %v, want %v", size, got, want)
			}
		}
		for _, after := range []string{"x", "9.1.1", "-1.2.3", "1"} {
			_, err := d.BoardColumn(ctx, BoardFilter{}, Requested, after)
			wantKind(t, err, migrations.Invalid)
		}
		_, err := d.BoardColumn(ctx, BoardFilter{}, "elsewhere", "")
		wantKind(t, err, migrations.Invalid)
	})
}

func TestBoardFiltersAndShowsClosedOnesByDate(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for i := range 6 {
			d.open(t, fmt.Sprint("ticket ", i), "anna")
		}
		d.put(t, 1, `assignee_id = ?`, d.tech.ID)
		d.put(t, 2, `category_id = 1`)
		d.put(t, 3, `stage = 'completed', closed_at = 30`)
		d.put(t, 4, `stage = 'completed', closed_at = 40, level = 3, star = FALSE`)
		d.put(t, 5, `stage = 'completed', closed_at = 20, archived_at = 50`)
		d.put(t, 6, `stage = 'dropped', closed_at = 10`)
		for _, c := range []struct {
			f    BoardFilter
			want [][]int64
		}{
			{BoardFilter{Dropped: true}, [][]int64{{1, 2}, {}, {}, {4, 3}, {6}}},
			{BoardFilter{AssigneeID: d.tech.ID}, [][]int64{{1}, {}, {}, {}}},
			{BoardFilter{AssigneeID: Nobody}, [][]int64{{2}, {}, {}, {4, 3}}},
			{BoardFilter{CategoryID: 1}, [][]int64{{2}, {}, {}, {}}},
			{BoardFilter{CategoryID: Nobody, AssigneeID: Nobody}, [][]int64{{}, {}, {}, {4, 3}}},
		} {
			columns := must(d.Board(ctx, c.f))(t)
			if len(columns) != len(c.want) {
				t.Fatalf("%+v: %d columns", c.f, len(columns))
			}
			for i, col := range columns {
				if got := numbers(col.Tickets); !slices.Equal(got, c.want[i]) || col.Count != len(c.want[i]) {
					t.Errorf("%+v: %s has %v (count %d), want %v", c.f, col.Stage, got, col.Count, c.want[i])
				}
			}
		}
		one := must(d.BoardColumn(ctx, BoardFilter{Limit: 1}, Completed, ""))(t)
		two := must(d.BoardColumn(ctx, BoardFilter{Limit: 1}, Completed, one.More))(t)
		if one.Tickets[0].Number != 4 || two.Tickets[0].Number != 3 || two.More != "" {
			t.Fatalf("pages %v %v", numbers(one.Tickets), numbers(two.Tickets))
		}
	})
}

func TestListFiltersAndPages(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for i := range 7 {
			d.open(t, fmt.Sprint("printer ", i), []string{"anna", "bert"}[i%2])
		}
		d.put(t, 1, `assignee_id = ?, news = FALSE`, d.tech.ID)
		d.put(t, 2, `level = 3, star = TRUE, triaged_at = 1`)
		d.put(t, 3, `stage = 'completed', closed_at = 1, archived_at = 2, category_id = 2`)
		d.put(t, 4, `stage = 'in_progress', level = 3`)
		bert := must(clientByAddress(ctx, d.db, "bert@office.example"))(t)
		if _, err := d.IndexPending(ctx, nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			f    TicketFilter
			want []int64
		}{
			{"open", TicketFilter{}, []int64{7, 6, 5, 4, 2, 1}},
			{"stages", TicketFilter{Stages: []Stage{InProgress, Completed}}, []int64{4}},
			{"archived too", TicketFilter{Stages: []Stage{InProgress, Completed}, Archived: ArchivedAlso}, []int64{4, 3}},
			{"archived only", TicketFilter{Archived: ArchivedOnly}, []int64{3}},
			{"level", TicketFilter{Level: 3}, []int64{4, 2}},
			{"star", TicketFilter{Star: true}, []int64{2}},
			{"untriaged of bert", TicketFilter{Untriaged: true, ClientID: bert.ID}, []int64{6, 4}},
			{"assigned", TicketFilter{AssigneeID: d.tech.ID}, []int64{1}},
			{"unassigned", TicketFilter{AssigneeID: Nobody}, []int64{7, 6, 5, 4, 2}},
			{"no category, any age", TicketFilter{CategoryID: Nobody, Archived: ArchivedAlso}, []int64{7, 6, 5, 4, 2, 1}},
			{"category", TicketFilter{CategoryID: 2, Archived: ArchivedAlso}, []int64{3}},
			{"news", TicketFilter{News: true}, []int64{7, 6, 5, 4, 2}},
			{"words find archived ones too", TicketFilter{Text: "Printer anna"}, []int64{7, 5, 3, 1}},
			{"words, hidden", TicketFilter{Text: "Printer anna", Archived: ArchivedHidden}, []int64{7, 5, 1}},
			{"words and filter", TicketFilter{Text: "printer", Level: 3}, []int64{4, 2}},
			{"no words", TicketFilter{Text: "  \"' "}, []int64{}},
		} {
			var got []int64
			for after, pages := "", 0; after != "" || pages == 0; pages++ {
				list, more, err := d.Tickets(ctx, c.f, after, 2)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				if got, after = append(got, numbers(list)...), more; pages > 10 {
					t.Fatalf("%s: the pages do not end", c.name)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
		_, _, err := d.Tickets(ctx, TicketFilter{}, "x", 2)
		wantKind(t, err, migrations.Invalid)
	})
}
