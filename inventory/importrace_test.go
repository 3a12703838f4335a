package inventory

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

// rowsOfMice is a file with so many lines that they are looked up in several
// goes, each the same as it is here, between a first line and a last one.
func (d *desk) rowsOfMice(first, last string) string {
	var b strings.Builder
	b.WriteString("Tag,Serial,Status,Location\n" + first + "\n")
	for i := range 2 * importChunk {
		tag := fmt.Sprintf("M-%04d", i)
		must(d.Register(d.t.Context(), d.ben, AssetEdit{Tag: tag, ModelID: d.mouse.ID}, Place{Status: Stowed, LocationID: d.room.ID}))(d.t)
		b.WriteString(tag + ",,,\n")
	}
	b.WriteString(last + "\n")
	return b.String()
}

// What the dry run leaves out stays out, also where an earlier row of the
// file takes the reason away.
func TestImportLeavesOutWhatThePlanLeavesOut(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.register(AssetEdit{Tag: "L-1", ModelID: d.laptop.ID, Serial: "S1"}, 1)
		b := d.register(AssetEdit{Tag: "L-2", ModelID: d.laptop.ID, Serial: "S0"}, 1)
		text := d.rowsOfMice("L-1,S2,,", "L-2,S1,,")
		text = strings.ReplaceAll(strings.Replace(text, "Tag,Serial", "Model,Tag,Serial", 1), "\n", "\n,")
		text = strings.TrimSuffix(text, ",")
		text = strings.ReplaceAll(text, "\n,L-", "\n"+d.laptop.Title()+",L-")
		p := d.check(text, ImportOptions{SkipBad: true})
		if p.Changed != 1 || p.Bad != 1 {
			t.Fatalf("planned %d changed, %d bad: %+v", p.Changed, p.Bad, p.Problems)
		}
		done := d.bring(text, ImportOptions{SkipBad: true})
		if now := must(d.Asset(t.Context(), b.ID))(t); done.Left != 1 || now.Serial != "S0" {
			t.Fatalf("%d left out, and L-2 has the serial %s now", done.Left, now.Serial)
		}
	})
}

// Somebody moves a thing while an import is under way that moves it too.
func TestImportMeetsSomebodyWhoMoves(t *testing.T) {
	for _, last := range []string{"L-1,,deployed,Main site > Elsewhere", "L-1,S9,deployed,Main site > Elsewhere"} {
		t.Run(last, func(t *testing.T) {
			d := postgresDesk(t)
			a := d.register(AssetEdit{Tag: "L-1", ModelID: d.laptop.ID}, 1)
			text := d.rowsOfMice("M-9999,,,", last)
			o := ImportOptions{SkipBad: true}
			p := d.check(text, o)
			if p.Changed != 1 {
				t.Fatalf("planned %+v", p.Problems)
			}
			anna, done := d.client("Anna Lind"), make(chan struct{})
			var moved error
			started := false
			_, err := d.Import(t.Context(), d.ben, 1, d.file(text), o, p.Lines(), func(int, int) {
				if started {
					return
				}
				started = true
				go func() {
					defer close(done)
					_, moved = d.Move(t.Context(), d.ben, a.ID, Place{Status: Deployed, HolderID: anna}, a.Moves)
				}()
				d.untilWaiting(done)
			})
			<-done
			if (err == nil) == (moved == nil) {
				t.Fatalf("import: %v, move: %v; one of them must be told of the other", err, moved)
			}
			for _, e := range []error{err, moved} {
				if e != nil && migrations.KindOf(e) != migrations.Conflict {
					t.Fatalf("told %v", e)
				}
			}
		})
	}
}
