package web

import (
	"net/http"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// TestIdleSessionsEnd: twelve hours after the last thing that a person did;
// what a page asks by itself is done by nobody.
func TestIdleSessionsEnd(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.ago(100 * time.Hour)
	at := 100 * time.Hour
	pass := func(d time.Duration) { at -= d; w.ago(at) }
	b, lazy := w.as(w.tech), w.as(w.admin)
	for range 4 {
		pass(8 * time.Hour)
		if res := b.get("/account"); res.Code != http.StatusOK {
			t.Fatalf("somebody who works every eight hours: %d", res.Code)
		}
		lazy.get("/alarms/banner")
		lazy.get("/tickets?live=1")
	}
	if res := lazy.get("/account"); res.Code != http.StatusSeeOther {
		t.Errorf("a page that was left open for 32 hours: %d", res.Code)
	}
	writes := w.count(`SELECT count(*) FROM session WHERE account_id = ?`, w.tech.ID)
	pass(13 * time.Hour)
	if res := b.get("/account"); res.Code != http.StatusSeeOther || writes != 1 {
		t.Errorf("after thirteen idle hours: %d (%d sessions before)", res.Code, writes)
	}
	if n := w.count(`SELECT count(*) FROM session WHERE account_id = ?`, w.tech.ID); n != 0 {
		t.Errorf("%d sessions are kept", n)
	}
}
