package web

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// TestConnectingInABrowser: an administrator chooses the service, fills in the
// form, and reads on the mailbox's page, which keeps itself up to date, what is
// wrong, the one thing to do and the lines to copy; on a desk and on a phone.
func TestConnectingInABrowser(t *testing.T) {
	for _, width := range []int{1440, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			d := newDrive(t, usual, width, 900)
			for _, c := range d.w.session(d.w.admin).cookie {
				d.MustSetCookies(&proto.NetworkCookieParam{Name: c.Name, Value: c.Value, URL: d.url})
			}
			shot := func(name string) {
				if dir := os.Getenv("HELPDESKD_LOOK"); dir != "" {
					for _, theme := range []string{"light", "dark"} {
						proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(d)
						d.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, theme)))
					}
				}
				if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
					t.Errorf("%s is %d px wider than the window", d.MustInfo().URL, over)
				}
			}
			d.open("/settings/mailboxes")
			shot("list")
			d.open("/settings/mailboxes/new?kind=microsoft365")
			for name, value := range map[string]string{"name": "desk", "address": "desk@aldermere.example", "tenant": "aldermere.example", "client_id": "5c0ffee0", "client_secret": "very-secret-value"} {
				d.MustElement(`[name="` + name + `"]`).MustSelectAllText().MustInput(value)
			}
			shot("form")
			d.MustElement(`[name="client_secret"]`).MustType('\r')
			d.sees(".box-tried .bad", "does not open the mailbox desk@aldermere.example")
			d.sees(".box-do", "Give the app the mailbox")
			d.sees(".box-lines", "Add-MailboxPermission -Identity 'desk@aldermere.example'")
			shot("failed")
			d.tap(d.sees("#switch button", "Only look at first"))
			d.sees("#switch", "Switch it off")
			shot("on")
		})
	}
}
