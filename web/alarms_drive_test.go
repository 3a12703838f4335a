package web

import (
	"testing"
	"time"

	"helpdeskd/tracker"
)

// TestTheAlarmBannerComesAndGoes by itself, on a page that is not loaded anew.
func TestTheAlarmBannerComesAndGoes(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	d.MustWait(`() => !!document.querySelector("#live")?._htmx?.sse`)
	d.MustEval(`() => { window.same = true }`)
	if d.MustHas("#alarms p") {
		t.Fatal("nothing is wrong, but there is a banner")
	}
	d.w.back.Store(int64(time.Hour))
	d.w.ok(d.w.Judge(t.Context(), []tracker.Problem{{Kind: tracker.AlarmUnread, About: "helpdesk"}}, nil, nil))
	d.sees("#alarms p", "The mailbox helpdesk is not read")
	d.w.ok(d.w.Judge(t.Context(), nil, nil, nil)) // it looks well, and an hour later still does
	d.w.back.Store(0)
	d.w.ok(d.w.Judge(t.Context(), nil, nil, nil))
	d.MustWait(`() => !document.querySelector("#alarms p")`)
	if !d.MustEval(`() => window.same === true`).Bool() {
		t.Error("the page was loaded anew")
	}
}
