package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// reports has a mail server say something about a mail of ours.
func (w *world) reports(class tracker.Class, to string, b tracker.Bounce) {
	w.t.Helper()
	ctx := w.t.Context()
	w.ok(w.DB().Get(ctx, &b.OriginalMessageID, `SELECT mail_id FROM outbox WHERE to_address = ? ORDER BY id DESC LIMIT 1`, to))
	w.uid++
	raw := fmt.Appendf(nil, "Subject: report %d\r\n\r\n", w.uid)
	_, err := w.Keep(ctx, w.lease, w.mailbox.ID, []tracker.RawMail{{UIDValidity: 1, UID: w.uid, ReceivedAt: w.Now(), Data: raw}})
	w.ok(err)
	work, err := w.Claim(ctx, w.lease, w.mailbox.ID, 10)
	w.ok(err)
	b.Recipients = []string{to}
	_, err = w.Receive(ctx, w.lease, []tracker.Item{{Work: work[0], Mail: tracker.Inbound{Digest: tracker.Digest(raw), From: []tracker.Address{{Address: "mailer-daemon@mx.example"}}, Class: class, Bounce: &b}}})
	w.ok(err)
}

// TestWhatCameBackIsShown: on the ticket, above the text that one writes, on
// the person's page and in mail health; one press takes the mark off. With
// HELPDESKD_SHOTS it leaves pictures of them.
func TestWhatCameBackIsShown(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	const anna, late = "anna.berg@client.example", "otto@client.example"
	w.arrives(letter{name: "Anna Berg", address: anna, subject: "Scanner", text: "The scanner is broken."})
	w.send()
	w.arrives(letter{name: "Otto Lind", address: late, subject: "Mouse", text: "The mouse is broken."})
	w.send()
	w.reports(tracker.ClassBounce, anna, tracker.Bounce{Action: tracker.ActionFailed, Status: "5.1.1", Permanent: true, Reason: "the address does not exist"})
	w.reports(tracker.ClassDeliveryNotice, late, tracker.Bounce{Action: tracker.ActionDelayed, Status: "4.4.1", Reason: "the receiving server could not be reached in time"})

	b := w.session(w.admin)
	has := func(path string, words ...string) {
		t.Helper()
		body := b.get(path).Body.String()
		for _, s := range words {
			if !strings.Contains(body, s) {
				t.Errorf("%s does not say %q", path, s)
			}
		}
	}
	id := w.count(`SELECT client_id FROM client_address WHERE address = ?`, anna)
	person := fmt.Sprintf("/people/%d", id)
	has("/tickets/1", "The acknowledgement to Anna Berg came back: the address does not exist (5.1.1)", "Our acknowledgement to "+anna+" could not be delivered", "a telephone call is surer", "It works again")
	has("/tickets/2", "The acknowledgement to Otto Lind is delayed")
	has(person, "the address does not exist", "It works again")
	has("/mail", "came back", "delayed", "the receiving server could not be reached in time (4.4.1)")
	if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" {
		w.shoot(dir, b, "/tickets/1?do=reply", "/tickets/2", person, "/mail#returned")
	}
	if res := b.post(person+"/reached", "address", anna, "back", "/tickets/1"); res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/tickets/1" {
		t.Errorf("pressing it answers %d %s", res.Code, res.Header().Get("Location"))
	}
	if body := b.get("/tickets/1").Body.String(); strings.Contains(body, "a telephone call is surer") {
		t.Error("the mark is still there")
	}
}

// shoot takes pictures of pages, wide and narrow, light and dark.
func (w *world) shoot(dir string, as *browse, paths ...string) {
	b := openBrowser(w.t)
	srv := httptest.NewServer(w.site)
	defer srv.Close()
	for _, wide := range []int{1440, 390} {
		p := openPage(w.t, b, wide, 1000)
		signedIn(w.t, b, srv.URL, as, true)
		for _, theme := range []string{"light", "dark"} {
			proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(p)
			for i, path := range paths {
				p.MustNavigate(srv.URL + path).MustWaitLoad()
				p.MustWaitIdle()
				p.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("bounce-%d-%d-%s.png", i, wide, theme)))
			}
		}
		p.MustClose()
	}
}
