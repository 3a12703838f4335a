package web

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/mail/shadow/{id}", "/mail/shadow/1")

// shade has a mailbox in shadow mode with some mails seen, and returns its page.
func (w *world) shade() string {
	w.t.Helper()
	w.ok(w.BeginShadow(w.t.Context(), tracker.Actor{}, w.mailbox.ID))
	w.arrives(letter{name: "Anna Berg", address: "anna@aldermere.example", subject: "The scanner hums", text: "It hums."})
	w.arrives(letter{name: "Bo Lind", address: "bo@elsewhere.example", subject: "An <b>offer</b>", text: "Buy.", stranger: true})
	return fmt.Sprintf("/mail/shadow/%d", w.mailbox.ID)
}

func TestShadowModeIsShownAndEnded(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	path := w.shade()
	tech, admin := w.as(w.tech), w.as(w.admin)
	page := tech.page(path)
	for _, want := range []string{"The scanner hums", "would open a ticket", "would be held for a person", "anna@aldermere.example would get an acknowledgement", "An &lt;b&gt;offer"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" {
		w.shoot(dir, admin, path, "/mail")
	}
	if strings.Contains(page, path+"/end") {
		t.Error("a technician is offered to switch it on")
	}
	if !strings.Contains(admin.page("/mail"), path) {
		t.Error("mail health does not lead there")
	}
	if !strings.Contains(admin.page(path), path+"/end") {
		t.Error("the administrator can not switch it on")
	}
	if code := tech.post(path+"/end", "how", "apply", "sure", "1").Code; code != http.StatusForbidden {
		t.Errorf("a technician gets %d", code)
	}
	for _, fields := range [][]string{{"how", "apply"}, {"sure", "1"}, {"how", "later", "sure", "1"}} {
		if code := admin.post(path+"/end", fields...).Code; code != http.StatusUnprocessableEntity {
			t.Errorf("%v gets %d", fields, code)
		}
	}
	if code := admin.post(path+"/end", "how", "apply", "sure", "1").Code; code != http.StatusSeeOther {
		t.Errorf("switching on: %d", code)
	}
	if n := w.count(`SELECT count(*) FROM inbox WHERE state = 'kept' AND quiet`); n != 2 {
		t.Errorf("%d mails wait", n)
	}
	if page := admin.page(path); !strings.Contains(page, "is switched on") || strings.Contains(page, path+"/end") {
		t.Error("the page does not say that it is switched on")
	}
}
