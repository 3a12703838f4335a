package tracker

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// TestBulksAreForgotten: once a bulk action can not be undone any more, only
// its counts are kept.
func TestBulksAreForgotten(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, me := t.Context(), d.tech.Actor()
		d.open(t, "one", "anna")
		d.open(t, "two", "anna")
		must(d.SetStage(ctx, me, 1, StageChange{Stage: Dropped, Reason: "private matter"}, AnyVersion))(t)
		rows := append(rowsOf(t, d, 1, 2), BulkRow{999, 1})
		b := must(d.BulkTickets(ctx, me, rows, BulkAction{Do: "stage", Stage: InProgress}))(t)
		if b.Counts != (BulkCounts{Done: 2, Refused: 1}) {
			t.Fatalf("%+v", b.Counts)
		}
		detail := func() (text string) {
			t.Helper()
			if err := d.db.Get(ctx, &text, `SELECT detail FROM bulk WHERE id = ?`, b.ID); err != nil {
				t.Fatal(err)
			}
			return text
		}
		d.clock.add(UndoWithin)
		if n := must(d.ForgetBulks(ctx, nil))(t); n != 0 || !strings.Contains(detail(), "private matter") {
			t.Fatalf("forgotten %d while it can be undone: %s", n, detail())
		}
		d.clock.add(time.Second)
		if n := must(d.ForgetBulks(ctx, nil))(t); n != 1 || detail() != "" {
			t.Fatalf("forgotten %d: %s", n, detail())
		}
		if n := must(d.ForgetBulks(ctx, nil))(t); n != 0 {
			t.Fatalf("and again %d", n)
		}
		all := must(d.Bulks(ctx, me.AccountID, 5))(t)
		if len(all) != 1 || all[0].Counts != b.Counts || all[0].Undoable(d.Now()) || len(all[0].Done)+len(all[0].Refused) != 0 {
			t.Fatalf("%+v", all)
		}
		_, err := d.UndoBulk(ctx, me, b.ID)
		if migrations.KindOf(err) != migrations.Conflict || !strings.Contains(migrations.SafeMessage(err), "ten minutes") {
			t.Fatal(err)
		}
	})
}
