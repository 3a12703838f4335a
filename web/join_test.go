package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

var _ = example("/tickets/{number}/merge", "/tickets/1/merge", "/tickets/1/merge?into=2") && example("/messages/{id}/split", "/messages/1/split") &&
	example("/call", "/call", "/call?person=1") && example("/tickets/templates", "/tickets/templates") && example("/tickets/templates/{id}", "/tickets/templates/1")

// TestFixForAllChildren: the fix tab's tick takes the open children along, to
// where the button pressed says, with the fix and the sentence; who only saves
// the fix is told, and loses nothing.
func TestFixForAllChildren(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b, ctx := w.session(w.tech), t.Context()
		wantPage(t, b, "/tickets/7", `name="workaround"`)
		if page := b.get("/tickets/7").Body.String(); strings.Contains(page, `name="children"`) {
			t.Error("a tick for children where there are none")
		}
		_, err := w.Adopt(ctx, w.tech.Actor(), 7, []int64{2, 3})
		w.ok(err)
		wantPage(t, b, "/tickets/7", "of the 2 open tickets below it, with the same fix and sentence")
		p, err := w.TicketByNumber(ctx, 7)
		w.ok(err)
		send := func(then string) *httptest.ResponseRecorder {
			return b.post("/tickets/7/fix", "version", fmt.Sprint(p.Version), "was", p.Fix, "was_stage", string(p.Stage), "fix", "The host mended its storage.",
				"summary", "Files could not be saved because the storage was full.", "children", "1", "then", then)
		}
		res := send("")
		if body := res.Body.String(); res.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "To save only the fix, take the tick away") ||
			!strings.Contains(body, "The host mended its storage.") || !strings.Contains(body, `name="children" value="1" checked`) {
			t.Fatalf("only saved: %d %s", res.Code, mainOf(body))
		}
		for range 2 { // the answer was lost: sent again
			if res := send("completed"); res.Code != http.StatusSeeOther {
				t.Fatalf("%d %s", res.Code, mainOf(res.Body.String()))
			}
		}
		for _, n := range []int64{7, 2, 3} {
			x, err := w.TicketByNumber(ctx, n)
			w.ok(err)
			fix := "The host mended its storage."
			if n == 3 {
				fix = "Replaced the 7 m USB extension by an active one." // its own, which it had before
			}
			if x.Stage != tracker.Completed || x.Fix != fix || x.Summary != "Files could not be saved because the storage was full." {
				t.Errorf("%s: %s %q %q", x.Name(), x.Stage, x.Fix, x.Summary)
			}
		}
		wantPage(t, b, "/tickets/7", "Fixed and completed.")
	})
}

// TestABurstsOthersAreTold: a report that joins or leaves has the open pages of
// its other tickets read themselves anew, by one line a burst.
func TestABurstsOthersAreTold(t *testing.T) {
	var b strings.Builder
	tell(&b, []tracker.EventRow{{ID: 1, Subject: "ticket", SubjectID: 8, Kind: "burst", Became: "3"}, {ID: 2, Subject: "ticket", SubjectID: 9, Kind: "burst", Became: "3"},
		{ID: 3, Subject: "ticket", SubjectID: 8, Kind: "burst_left", Was: "4"}, {ID: 4, Subject: "ticket", SubjectID: 5, Kind: "stage", Was: "6", Became: "7"}})
	for _, want := range []string{"event: b3\n", "event: b4\n", "event: t8\n"} {
		if strings.Count(b.String(), want) != 1 {
			t.Errorf("%q is not told once:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "event: b6") || strings.Contains(b.String(), "event: b7") {
		t.Errorf("another event is told as a burst's:\n%s", b.String())
	}
}
