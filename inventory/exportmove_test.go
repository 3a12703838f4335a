package inventory

import (
	"fmt"
	"strings"
	"testing"
)

// Movements of a place and a person go out in full, each once, the oldest first.
func TestMovementsGoOut(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		var room, anna []string // tags, in the order of the movements
		for i := range exportPage + 20 {
			a := d.register(AssetEdit{ModelID: d.mouse.ID, Tag: fmt.Sprintf("M-%03d", i)}, 1)
			room = append(room, a.Tag)
			if i%2 == 0 {
				must(d.Move(t.Context(), d.ben, a.ID, Place{Status: Deployed, HolderID: d.anna}, a.Moves))(t)
				room, anna = append(room, a.Tag), append(anna, a.Tag)
			} else {
				must(d.Move(t.Context(), d.ben, a.ID, Place{Status: Stowed, LocationID: d.depot.ID}, a.Moves))(t)
				room = append(room, a.Tag)
			}
		}
		for _, x := range []struct {
			f    MovementFilter
			want []string
		}{
			{MovementFilter{LocationID: d.room.ID}, room},
			{MovementFilter{ClientID: d.anna}, anna},
			{MovementFilter{}, room},
			{MovementFilter{ClientID: d.carl}, nil},
		} {
			var out strings.Builder
			if err := d.ExportMovements(t.Context(), x.f, &out); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range strings.Split(strings.TrimSpace(out.String()), "\r\n")[1:] {
				got = append(got, strings.Split(line, ",")[1])
			}
			if strings.Join(got, " ") != strings.Join(x.want, " ") {
				t.Errorf("%+v gives %d movements, want %d", x.f, len(got), len(x.want))
			}
		}
	})
}
