package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// TestStaleEditsAreShownInWords: what is chosen out of several stands there by
// its word on both sides, and the page's own button saves it.
func TestStaleEditsAreShownInWords(t *testing.T) {
	w := newWorld(t, dbOf(t))
	w.story()
	store, room := w.stock()
	b := w.session(w.admin)
	bar, part := w.assetByTag("A-0003"), w.assetByTag("A-0001")
	person := w.client("Hana Sato")
	_, settings, err := w.Settings(t.Context(), ticketSettings...)
	w.ok(err)
	set := []string{tracker.SetSilentDays, "5", tracker.SetArchive, "12", tracker.SetCurrency, "EUR"}
	for _, x := range []struct {
		path        string
		version     int64
		first, mine []string
		shown       []string // words of both
		value       string   // of mine, in the form
		stored      string
	}{
		{locationPath(room.ID), room.Version, []string{"name", "Room Elbe", "kind", "room", "parent", ""}, []string{"name", "Room Elbe", "kind", "warehouse", "parent", idText(store.ID)},
			[]string{"Room<", "Store<", "In nothing: it stands by itself", "Harbour Street &gt; Store room"}, `name="parent" value="` + idText(store.ID), fmt.Sprintf("location WHERE id = %d AND kind = 'warehouse' AND parent_id = %d", room.ID, store.ID)},
		{modelPath(bar.ModelID), 1, []string{"name", "Rally Bar", "manufacturer", "Logitech", "category", "screen"}, []string{"name", "Rally Bar", "manufacturer", "Logitech", "category", "audio_visual", "min_on_hand", "2"},
			[]string{"Screen", "Audio"}, `name="category" value="audio_visual"`, fmt.Sprintf("model WHERE id = %d AND category = 'audio_visual'", bar.ModelID)},
		{assetPath(bar.ID), bar.Version, []string{"what", bar.Title(), "tag", bar.Tag, "parent_text", "A-0002"}, []string{"what", bar.Title(), "tag", bar.Tag, "parent_text", "A-0001"},
			[]string{"A-0001 Lenovo", "A-0002 Lenovo"}, `name="parent" value="` + idText(part.ID), fmt.Sprintf("asset WHERE id = %d AND parent_id = %d", bar.ID, part.ID)},
		{personPath(person), int64(w.count(fmt.Sprintf(`SELECT version FROM client WHERE id = %d`, person))), []string{"name", "Hana Sato", "department", "Sales"}, []string{"name", "Hana Sato", "department", "Sales", "high", "1"},
			[]string{"yes", "no"}, `name="high" value="1"`, fmt.Sprintf("client WHERE id = %d AND high_management", person)},
		{fmt.Sprintf("/accounts/%d", w.tech.ID), w.tech.Version, []string{"name", w.tech.Name, "email", w.tech.Email, "role", "manager"}, []string{"name", w.tech.Name, "email", w.tech.Email, "role", "admin"},
			[]string{"Manager", "Administrator"}, `name="role" value="admin"`, fmt.Sprintf("account WHERE id = %d AND role = 'admin'", w.tech.ID)},
		{"/settings/tickets", settings, append([]string{tracker.SetAck, "", tracker.SetNotify, "none"}, set...), append([]string{tracker.SetAck, "on", tracker.SetNotify, "mine"}, set...),
			[]string{"yes", "no"}, `name="account.notify" value="mine"`, "setting WHERE name = 'account.notify' AND value = 'mine'"},
	} {
		send := func(version int64, pairs []string) (int, string) {
			res := b.post(x.path, append([]string{"version", fmt.Sprint(version)}, pairs...)...)
			return res.Code, mainOf(res.Body.String())
		}
		if code, page := send(x.version, x.first); code != http.StatusSeeOther {
			t.Fatalf("%s: the first edit: %d %s", x.path, code, problemText(page))
		}
		code, page := send(x.version, x.mine)
		if code != http.StatusConflict {
			t.Fatalf("%s: the second edit: %d %s", x.path, code, problemText(page))
		}
		for _, word := range append(x.shown, x.value) {
			if !strings.Contains(page, word) {
				t.Errorf("%s does not show %q:\n%s", x.path, word, page)
			}
		}
		var form []string
		for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
			form = append(form, m[1], m[2])
		}
		for _, m := range regexp.MustCompile(`<textarea class="form-control" name="([^"]+)"[^>]*>([^<]*)<`).FindAllStringSubmatch(page, -1) {
			form = append(form, m[1], m[2])
		}
		if res := b.post(x.path, form...); res.Code != http.StatusSeeOther || w.count(`SELECT count(*) FROM `+x.stored) != 1 {
			t.Errorf("%s: one's own, by the page's button: %d %s", x.path, res.Code, problemText(res.Body.String()))
		}
	}
}
