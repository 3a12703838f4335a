package web

import (
	"net/http"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestTheAlarmBanner is on every page of those who work, and on none of a
// manager's; it leaves out what somebody looks after or has muted.
func TestTheAlarmBanner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		tech, admin, manager := w.session(w.tech), w.session(w.admin), w.session(w.manager)
		const title, says = "Little room is left on one", "What to do"
		w.ok(w.Judge(t.Context(), []tracker.Problem{{Kind: tracker.AlarmDisk, Node: "one", Detail: "12 MB are free."}, {Kind: tracker.AlarmUnread, About: "desk<b>"}}, nil, nil))
		for _, b := range []*browse{tech, admin} {
			for _, path := range []string{"/board", "/people", "/account", "/alarms/banner"} {
				if page := b.get(path).Body.String(); !strings.Contains(page, title) || !strings.Contains(page, "and one more") || !strings.Contains(page, says) {
					t.Errorf("%s has no banner", path)
				}
			}
		}
		if page := manager.get("/requests").Body.String(); strings.Contains(page, title) || strings.Contains(page, `id="alarms"`) {
			t.Error("a manager is shown the banner")
		}
		if res := manager.get("/alarms"); res.Code != http.StatusForbidden {
			t.Errorf("a manager may open the page: %d", res.Code)
		}
		page := tech.get("/alarms").Body.String()
		for _, want := range []string{title, "12 MB are free.", "Make room in the data directory", "desk&lt;b&gt;", "All that can be wrong"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if strings.Contains(page, "desk<b>") {
			t.Error("a name is taken for markup")
		}
		open, err := w.OpenAlarms(t.Context())
		w.ok(err)
		if res := tech.post("/alarms/" + itoa(int(open[0].ID)) + "/seen"); res.Code != http.StatusSeeOther {
			t.Errorf("seen: %d", res.Code)
		}
		if res := tech.post("/alarms/"+itoa(int(open[1].ID))+"/mute", "hours", "4"); res.Code != http.StatusForbidden {
			t.Errorf("a technician mutes: %d", res.Code)
		}
		if res := admin.post("/alarms/"+itoa(int(open[1].ID))+"/mute", "hours", "4"); res.Code != http.StatusSeeOther {
			t.Errorf("mute: %d", res.Code)
		}
		if page := tech.get("/alarms/banner").Body.String(); strings.Contains(page, says) || !strings.Contains(page, `id="alarms"`) {
			t.Errorf("the banner says %s", page)
		}
		if page := admin.get("/alarms").Body.String(); !strings.Contains(page, "Tomas Rehak looks after it") || !strings.Contains(page, "Muted until") {
			t.Error("the page does not say who looks after it, and what is muted")
		}
	})
}
