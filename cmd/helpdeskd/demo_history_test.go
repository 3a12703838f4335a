package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// TestDemoTellsTwoYears: what the demo shows is as much as it says, and holds
// together: on the first start, and on the next in the same folder.
func TestDemoTellsTwoYears(t *testing.T) {
	dir := t.TempDir()
	began := time.Now()
	r := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", dir, "--quiet")
	t.Logf("the demo was up after %s", time.Since(began).Round(10*time.Millisecond))
	r.signIn()
	ctx := t.Context()
	store := openTestStore(t, []string{"HELPDESKD_DATA_DIR=" + dir})
	one := func(query string, args ...any) int {
		t.Helper()
		var n int
		if err := store.DB().Get(ctx, &n, query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	now, twoMonths := time.Now().UnixMicro(), time.Now().AddDate(0, -2, -5).UnixMicro()

	for _, c := range []struct {
		what     string
		from, to int
		query    string
	}{
		{"requests", 600, 900, `SELECT COUNT(*) FROM ticket`},
		{"months with requests", 24, 25, `SELECT COUNT(DISTINCT strftime('%Y-%m', opened_at / 1000000, 'unixepoch')) FROM ticket`},
		{"requests that are open", 10, 30, `SELECT COUNT(*) FROM ticket WHERE stage NOT IN ('completed', 'dropped')`},
		{"open stages", 3, 3, `SELECT COUNT(DISTINCT stage) FROM ticket WHERE stage NOT IN ('completed', 'dropped')`},
		{"archived requests", 480, 850, `SELECT COUNT(*) FROM ticket WHERE archived_at IS NOT NULL`},
		{"different fixes", 90, 900, `SELECT COUNT(DISTINCT fix) FROM ticket`},
		{"notes", 150, 600, `SELECT COUNT(*) FROM note`},
		{"answers of clients", 250, 1500, `SELECT COUNT(*) FROM inbox WHERE fate = 'append'`},
		{"people", 43, 55, `SELECT COUNT(*) FROM client`},
		{"people in high management", 1, 2, `SELECT COUNT(*) FROM client WHERE high_management`},
		{"people without a department", 0, 0, `SELECT COUNT(*) FROM client WHERE department = ''`},
		{"assets", 130, 175, `SELECT COUNT(*) FROM asset WHERE status NOT IN ('retired', 'disposed')`},
		{"kinds of things", 8, 10, `SELECT COUNT(DISTINCT m.category) FROM asset a JOIN model m ON m.id = a.model_id`},
		{"retired things", 3, 15, `SELECT COUNT(*) FROM asset WHERE status = 'retired'`},
		{"places", 20, 40, `SELECT COUNT(*) FROM location`},
		{"sites", 2, 3, `SELECT COUNT(*) FROM location WHERE kind = 'site'`},
		{"movements", 250, 600, `SELECT COUNT(*) FROM movement`},
		{"splits and joins", 20, 120, `SELECT COUNT(*) FROM movement WHERE kind IN ('split', 'join')`},
		{"repairs", 22, 30, `SELECT COUNT(*) FROM work_order`},
		{"repairs that are done", 15, 22, `SELECT COUNT(*) FROM work_order WHERE status = 'done'`},
		{"repairs written off", 1, 1, `SELECT COUNT(*) FROM work_order WHERE status = 'written_off'`},
		{"kinds of open repairs", 3, 4, `SELECT COUNT(DISTINCT status) FROM work_order WHERE finished_at IS NULL`},
		{"repairs with costs", 15, 30, `SELECT COUNT(DISTINCT owner_id) FROM line WHERE owner_kind = 'work_order'`},
		{"repairs linked with tickets", 12, 30, `SELECT COUNT(*) FROM link WHERE a_kind = 'ticket' AND b_kind = 'work_order'`},
		{"things linked with tickets", 60, 250, `SELECT COUNT(*) FROM link WHERE a_kind = 'asset' AND b_kind = 'ticket'`},
		{"pictures of things", 6, 20, `SELECT COUNT(*) FROM file WHERE owner_kind = 'asset' AND content_type = 'image/png'`},
		{"logos", 1, 1, `SELECT COUNT(*) FROM file WHERE owner_kind = 'look'`},
		{"saved views", 8, 20, `SELECT COUNT(*) FROM saved_view`},
		{"events", 8000, 20000, `SELECT COUNT(*) FROM event`},

		{"completed with what and why", 350, 800, `SELECT COUNT(*) FROM ticket WHERE stage = 'completed' AND summary <> ''`},
		{"ways to say what and why", 70, 200, `SELECT COUNT(DISTINCT summary) FROM ticket WHERE summary <> ''`},
		{"completed lately without it", 2, 30, `SELECT COUNT(*) FROM ticket WHERE stage = 'completed' AND summary = '' AND archived_at IS NULL`},
		{"work-arounds to be fixed", 3, 9, `SELECT COUNT(*) FROM ticket WHERE workaround AND workaround_done_at IS NULL`},
		{"requests of which it is not known who asks or what", 0, 0, `SELECT COUNT(*) FROM ticket t WHERE (SELECT COUNT(*) FROM fact f WHERE f.ticket_id = t.id AND f.item IN ('who', 'what') AND f.value <> '') <> 2`},
		{"lines of diagnosis by hand", 15, 60, `SELECT COUNT(*) FROM fact WHERE source = 'technician' AND item NOT IN ('who', 'what', 'when', 'doing', 'repeat', 'effect', 'asset')`},
		{"answers to what was missing", 3, 9, `SELECT COUNT(*) FROM fact WHERE source = 'reply'`},
		{"tickets below another", 4, 4, `SELECT COUNT(*) FROM ticket WHERE parent_id IS NOT NULL`},
		{"duplicates", 1, 1, `SELECT COUNT(*) FROM ticket WHERE merged_into_id IS NOT NULL`},
		{"who is waited for", 2, 2, `SELECT COUNT(DISTINCT waiting) FROM ticket WHERE waiting <> ''`},
		{"due dates", 3, 3, `SELECT COUNT(*) FROM ticket WHERE due_at IS NOT NULL`},
		{"pinned notes", 1, 1, `SELECT COUNT(*) FROM note WHERE pinned_at IS NOT NULL`},
		{"watchers", 3, 3, `SELECT COUNT(*) FROM watcher`},
		{"ready-made replies", 7, 7, `SELECT COUNT(*) FROM canned`},
		{"signatures", 3, 3, `SELECT COUNT(*) FROM account WHERE signature <> ''`},
		{"templates", 2, 2, `SELECT COUNT(*) FROM ticket_template`},
		{"ratings", 4, 6, `SELECT COUNT(*) FROM satisfaction`},
		{"requests opened again", 1, 6, `SELECT COUNT(DISTINCT subject_id) FROM event WHERE kind = 'reopened' AND was = 'completed'`},
		{"requests still broken", 1, 6, `SELECT COUNT(*) FROM message WHERE direction = 'in' AND body LIKE 'No, it is still broken.%'`},
		{"done by mail", 2, 20, `SELECT COUNT(*) FROM outbox WHERE kind = 'commands'`},

		{"requests of nobody", 0, 0, `SELECT COUNT(*) FROM ticket WHERE client_id IS NULL`},
		{"numbers left out", 0, 0, `SELECT MAX(number) - COUNT(*) FROM ticket`},
		{"requests that are out of order", 0, 0, `SELECT COUNT(*) FROM ticket a JOIN ticket b ON b.number = a.number + 1 WHERE b.opened_at < a.opened_at AND a.id NOT IN (SELECT subject_id FROM event WHERE kind = 'split_off') AND b.id NOT IN (SELECT subject_id FROM event WHERE kind = 'split_off')`},
		{"requests that were split off", 1, 1, `SELECT COUNT(*) FROM event WHERE kind = 'split_off'`},
		{"completed without a fix", 0, 0, `SELECT COUNT(*) FROM ticket WHERE stage IN ('confirming', 'completed') AND (fix = '' OR fixed_at IS NULL)`},
		{"dropped without a reason", 0, 0, `SELECT COUNT(*) FROM ticket WHERE stage = 'dropped' AND drop_reason = '' AND merged_into_id IS NULL`},
		{"worked by nobody", 0, 0, `SELECT COUNT(*) FROM ticket WHERE stage <> 'requested' AND merged_into_id IS NULL AND (assignee_id IS NULL OR triaged_at IS NULL OR category_id IS NULL)`},
		{"requests that end before they begin", 0, 0, `SELECT COUNT(*) FROM ticket WHERE stage_at < opened_at`},
		{"tickets without an event of their opening", 0, 0, `SELECT COUNT(*) FROM ticket t WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.subject = 'ticket' AND e.subject_id = t.id AND e.kind = 'opened')`},
		{"mails that are not sent", 0, 0, `SELECT COUNT(*) FROM outbox WHERE state <> 'sent'`},
		{"mails that became nothing", 0, 0, `SELECT COUNT(*) FROM inbox WHERE state <> 'done' OR fate NOT IN ('new', 'append')`},
		{"requests without an acknowledgement", 0, 0, `SELECT COUNT(*) FROM ticket t WHERE EXISTS (SELECT 1 FROM inbox i WHERE i.ticket_id = t.id AND i.fate = 'new') AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ticket_id = t.id AND o.kind = 'ack')`},
		{"requests with two acknowledgements", 0, 0, `SELECT COUNT(*) FROM (SELECT ticket_id FROM outbox WHERE kind = 'ack' GROUP BY ticket_id HAVING COUNT(*) > 1 + (SELECT COUNT(*) FROM ticket m WHERE m.merged_into_id = outbox.ticket_id))`},

		{"things that are not where their last movement says", 0, 0, `SELECT COUNT(*) FROM asset a JOIN movement m ON m.asset_id = a.id AND m.n = a.moves
			WHERE a.status <> m.status OR COALESCE(a.location_id, 0) <> COALESCE(m.location_id, 0) OR COALESCE(a.holder_id, 0) <> COALESCE(m.holder_id, 0) OR a.quantity <> m.quantity OR a.moved_at <> m.at`},
		{"things without movements", 0, 0, `SELECT COUNT(*) FROM asset a WHERE a.moves <> (SELECT COUNT(*) FROM movement m WHERE m.asset_id = a.id)`},
		{"movements that do not follow the one before", 0, 0, `SELECT COUNT(*) FROM movement b JOIN movement a ON a.asset_id = b.asset_id AND a.n = b.n - 1
			WHERE b.was_status <> a.status OR COALESCE(b.was_location_id, 0) <> COALESCE(a.location_id, 0) OR COALESCE(b.was_holder_id, 0) <> COALESCE(a.holder_id, 0) OR b.was_quantity <> a.quantity OR b.at < a.at`},
		{"movements without a reason", 0, 0, `SELECT COUNT(*) FROM movement WHERE reason = '' AND kind <> 'register'`},
		{"movements of nobody", 0, 0, `SELECT COUNT(*) FROM movement WHERE account_id IS NULL`},
		{"things with people who have left", 0, 0, `SELECT COUNT(*) FROM asset a JOIN client c ON c.id = a.holder_id WHERE c.name IN ('Percy Wren', 'Hugo Lindley', 'Walter Brook')`},
		{"things in repair without a repair", 0, 0, `SELECT COUNT(*) FROM asset a WHERE a.status IN ('repair', 'maintenance') AND NOT EXISTS (SELECT 1 FROM work_order o WHERE o.asset_id = a.id AND o.status IN ('assessed', 'in_progress', 'waiting'))`},
		{"repairs in work whose thing is in use", 0, 0, `SELECT COUNT(*) FROM work_order o JOIN asset a ON a.id = o.asset_id WHERE o.status IN ('assessed', 'in_progress', 'waiting') AND a.status NOT IN ('repair', 'maintenance')`},
		{"closed repairs without a word", 0, 0, `SELECT COUNT(*) FROM work_order WHERE finished_at IS NOT NULL AND resolution = ''`},
	} {
		if n := one(c.query); n < c.from || n > c.to {
			t.Errorf("%s: %d, not %d to %d", c.what, n, c.from, c.to)
		}
	}
	for what, column := range map[string]string{"event": "at", "movement": "at", "message": "at", "note": "at", "ticket": "stage_at", "work_order": "status_at", "link": "created_at", "file": "created_at", "outbox": "sent_at"} {
		if n := one(`SELECT COUNT(*) FROM `+what+` WHERE `+column+` > ?`, now); n > 0 {
			t.Errorf("%d rows of %s are in the future", n, what)
		}
	}
	if n := one(`SELECT COUNT(*) FROM ticket WHERE closed_at < ? AND archived_at IS NULL OR archived_at < closed_at`, twoMonths); n > 0 {
		t.Errorf("%d requests are not archived by the rule", n)
	}

	// What the lists promise.
	things := inventory.New(store)
	soon, err := things.CountAssets(ctx, inventory.AssetFilter{WarrantyTo: time.Now().AddDate(0, 0, 90).Format(time.DateOnly)}, 1000)
	if err != nil || soon < 3 || soon > 40 {
		t.Errorf("%d warranties end soon, %v", soon, err)
	}
	short, _, err := things.Models(ctx, inventory.ModelFilter{Short: true}, "", 50)
	if err != nil || len(short) < 1 || len(short) > 6 {
		t.Errorf("%d models are short on hand, %v", len(short), err)
	}
	overdue, err := things.CountOrders(ctx, inventory.OrderFilter{Overdue: true}, 10)
	if err != nil || overdue != 1 {
		t.Errorf("%d repairs are late, %v", overdue, err)
	}
	eventually(t, 30*time.Second, "everything can be found", func() bool { return one(`SELECT COUNT(*) FROM search_queue`) == 0 })
	for query, kind := range map[string]string{"certificate VPN": tracker.KindTicket, "FH-NB-0121": tracker.KindAsset, "rosalind": tracker.KindClient, "hinge": tracker.KindWorkOrder} {
		if page, err := store.Search(ctx, query, kind, 0, 20); err != nil || len(page.Hits) == 0 {
			t.Errorf("searching %s for %q finds nothing: %v", kind, query, err)
		}
	}
	for path, words := range map[string]string{"/board": "Confirming", "/tickets": "Nobody's yet", "/assets": "Warranty ends soon", "/orders": "Waiting for parts", "/audit": "Mara Lindqvist", "/people": "Rosalind Peake", "/styleguide": "specimen", "/demo": "/styleguide"} {
		if page := r.get(path); !strings.Contains(page, words) {
			t.Errorf("%s does not show %q", path, words)
		}
	}
	before := one(`SELECT COUNT(*) FROM movement`) * 100000 / max(1, one(`SELECT COUNT(*) FROM ticket`))
	if code := r.end(); code != 0 {
		t.Fatalf("exit %d", code)
	}
	again := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", dir, "--quiet")
	again.signIn()
	if after := one(`SELECT COUNT(*) FROM movement`) * 100000 / max(1, one(`SELECT COUNT(*) FROM ticket`)); after != before {
		t.Error("the second start wrote the history again")
	}
}

// TestDemoStartsOnAnyDay: its days move with the day on which it starts, and
// weekends, months and seasons with them. The story must come out all the same.
func TestDemoStartsOnAnyDay(t *testing.T) {
	for _, day := range []string{"2027-02-28T23:50", "2027-07-31T13:20", "2028-01-01T00:30"} {
		t.Run(day, func(t *testing.T) {
			until, err := time.ParseInLocation("2006-01-02T15:04", day, time.Local)
			if err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			stage := &theatre{clock: &demo.Clock{}, log: log, until: until}
			if stage.hub, err = demo.NewHub(demo.Domain, stage.clock.Now, log); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stage.hub.Close() })
			conf, err := stage.configuration(t.TempDir(), "http://127.0.0.1:1")
			if err != nil {
				t.Fatal(err)
			}
			s := &session{ctx: t.Context(), console: console{out: io.Discard, err: io.Discard}}
			store, err := s.open(s.ctx, conf, tracker.Options{Clock: stage.clock.Now, Log: log, Node: "test"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.DB().Close() })
			if err := stage.stage(s, conf, store); err != nil {
				t.Fatal(err)
			}
		})
	}
}
