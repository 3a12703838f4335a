package web

import (
	"fmt"
	"net/http"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestHistoryByPages: a person's history has each request, movement and repair
// once, the newest first, over any number of pages.
func TestHistoryByPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.story()
		w.repairs()
		ctx, hana := t.Context(), w.client("Hana Sato")
		for i := range 60 {
			if i == 30 { // in the midst of the requests
				o, err := w.things.Order(ctx, 1)
				w.ok(err)
				w.ok(w.things.AddOrderNote(ctx, w.tech.Actor(), o.Number, "Still here"))
			}
			_, err := w.OpenTicket(ctx, w.tech.Actor(), tracker.NewTicket{Subject: fmt.Sprint("Matter ", i), Text: "x", Via: tracker.NotePhone,
				Requester: tracker.Address{Name: "Hana Sato", Address: "hana.sato@aldermere.example"}})
			w.ok(err)
		}
		s := &site{store: w.Store, things: w.things}
		var err error
		s.words, err = loadWords("en")
		w.ok(err)
		for which, want := range map[string]int{
			historyAll:     w.count(`SELECT count(*) FROM ticket WHERE client_id = ?`, hana) + w.count(`SELECT count(*) FROM movement WHERE holder_id = ? OR was_holder_id = ?`, hana, hana) + w.count(`SELECT count(*) FROM work_order WHERE client_id = ?`, hana),
			historyThings:  w.count(`SELECT count(*) FROM movement WHERE holder_id = ? OR was_holder_id = ?`, hana, hana),
			historyRepairs: w.count(`SELECT count(*) FROM work_order WHERE client_id = ?`, hana),
		} {
			seen := map[string]bool{}
			var last migrations.Stamp
			n := 0
			for after := ""; ; {
				rows, more, err := s.personHistory(ctx, hana, which, after)
				w.ok(err)
				for _, r := range rows {
					if n++; last != 0 && r.At > last {
						t.Errorf("%s: %s is out of order", which, r.Title)
					}
					last = r.At
					seen[fmt.Sprint(r.To, r.At, r.Title)] = true
				}
				if after = more; more == "" {
					break
				}
			}
			if n != want || len(seen) != want || want == 0 {
				t.Errorf("%s: %d rows, %d different, want %d", which, n, len(seen), want)
			}
		}
		for _, bad := range []string{"x", "1-2", "1-2-x", "1--2-3"} {
			if res := w.session(w.tech).get(personPath(hana) + "?show=everything&after=" + bad); res.Code != http.StatusUnprocessableEntity {
				t.Errorf("a page %q: %d", bad, res.Code)
			}
		}
	})
}
