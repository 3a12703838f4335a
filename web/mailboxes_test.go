package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdeskd/ingest"
	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
)

var _ = example("/settings/mailboxes", "/settings/mailboxes") &&
	example("/settings/mailboxes/new", "/settings/mailboxes/new?kind=microsoft365", "/settings/mailboxes/new?kind=google", "/settings/mailboxes/new?kind=other") &&
	example("/settings/mailboxes/{id}", "/settings/mailboxes/1", "/settings/mailboxes/2") && example("/settings/mailboxes/{id}/edit", "/settings/mailboxes/1/edit") &&
	example("/settings/mailboxes/{id}/headers.eml")

func init() { chapters = append(chapters, (*world).connected) }

// sampleConnector finds what the tests want to show: the servers behind it are
// the business of cmd's tests.
type sampleConnector struct{ w *world }

func (k sampleConnector) Try(_ context.Context, c tracker.Connection, tell func(TryStep)) {
	tell(TryStep{Name: "connection", OK: true, Said: c.IMAP.Host + ":993 answers"})
	if c.Kind == tracker.KindMicrosoft365 {
		tell(TryStep{Name: "permission", OK: true, Said: "the token carries IMAP.AccessAsApp", ObjectID: "0b1ec7id-5e4f"})
		what, do := remedy.NotGranted.Explain(remedy.About{Mailbox: c.Address})
		tell(TryStep{Name: "folder", Said: what + ".", Do: do, Detail: "BAD User is authenticated but not connected.", Lines: remedy.For(remedy.NotGranted, remedy.Place{Mailbox: c.Address, ObjectID: "0b1ec7id-5e4f"})})
		return
	}
	tell(TryStep{Sending: true, Name: "sign-in", OK: true, Said: "as " + c.Address})
}

func (k sampleConnector) Send(_ context.Context, c tracker.Connection, p tracker.Probe) (string, *TryStep) {
	k.w.arrives(letter{name: "IT helpdesk", address: c.Address, subject: p.Subject(), text: "A test."})
	return "250 2.0.0 queued as 4F1", nil
}

func (sampleConnector) Look(context.Context, tracker.Connection, tracker.Probe) (string, error) {
	return "Junk Email", nil
}

func (sampleConnector) SignIn(context.Context, tracker.Connection) (SignIn, error) {
	return SignIn{Code: "ABCD-EFGH", URL: "https://microsoft.com/devicelogin", Until: time.Now().Add(time.Minute), Await: func(context.Context) (string, error) { return "anna@aldermere.example", nil }}, nil
}

func (sampleConnector) Headers(raw []byte, p tracker.Probe) tracker.HeaderTest {
	return ingest.ReadHeaderTest(raw, p)
}

// connected gives the desk two mailboxes that were made on the site, one of
// them on and with a test behind it.
func (w *world) connected() {
	w.t.Helper()
	ctx := w.t.Context()
	m := tracker.Connection{Name: "cloud", Address: "support@aldermere.example", ConnectionSettings: presetConnection(tracker.KindMicrosoft365).ConnectionSettings,
		Secrets: tracker.ConnectionSecrets{ClientSecret: "abc"}}
	m.Tenant, m.ClientID = "aldermere.example", "5c0ffee0-1111-2222-3333-444455556666"
	_, err := w.AddConnection(ctx, w.admin.Actor(), m)
	w.ok(err)
	o := tracker.Connection{Name: "rooms", Address: "rooms@aldermere.example", ConnectionSettings: presetConnection(tracker.KindOtherServer).ConnectionSettings, Secrets: tracker.ConnectionSecrets{Password: "abc"}}
	o.IMAP.Host, o.SMTP.Host = "mail.aldermere.example", "mail.aldermere.example"
	made, err := w.AddConnection(ctx, w.admin.Actor(), o)
	w.ok(err)
	_, err = w.EnableConnection(ctx, w.admin.Actor(), made.ID, true, tracker.AnyVersion)
	w.ok(err)
	box, err := w.OpenMailbox(ctx, "rooms", "rooms@aldermere.example", tracker.Begin{})
	w.ok(err)
	p, err := w.StartRound(ctx, w.admin.Actor(), box.ID)
	w.ok(err)
	w.ok(w.ProbeSent(ctx, p.ID, "250 2.0.0 queued as 4F1", ""))
	h, err := w.StartHeaders(ctx, w.admin.Actor(), box.ID, "me@outside.example", "aldermere.example")
	w.ok(err)
	w.ok(w.RecordHeaderTest(ctx, w.admin.Actor(), h.ID, tracker.HeaderTest{At: time.Now(), Marked: true, Nonce: h.Nonce, ForgedID: h.ForgedID, AuthResults: []string{"mx.aldermere.example; spf=pass smtp.mailfrom=outside.example; dmarc=pass header.from=outside.example"}}))
}

func TestConnectingAMailbox(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.admin)
		const list = "/settings/mailboxes"
		if body := b.get(list).Body.String(); !strings.Contains(body, "Which service is it at?") || !strings.Contains(body, "Microsoft 365") {
			t.Fatal("nothing says how to connect a mailbox")
		}
		for _, kind := range []string{"microsoft365", "google", "other"} {
			if res := b.get(list + "/new?kind=" + kind); res.Code != http.StatusOK || !strings.Contains(res.Body.String(), `name="address"`) {
				t.Fatalf("%s: %d", kind, res.Code)
			}
		}
		// What is missing is said at its field, and what was typed stays; the secret does not come back.
		form := []string{"kind", "microsoft365", "name", "desk", "address", "desk@aldermere.example", "display", "Desk", "grant", "client", "send", "smtp", "tenant", "aldermere.example", "begin", "now", "client_secret", "very-secret-value"}
		bad := b.post(list, form...)
		if bad.Code != http.StatusUnprocessableEntity || !strings.Contains(bad.Body.String(), "Application (client) ID from the app") || !strings.Contains(bad.Body.String(), `value="desk@aldermere.example"`) || strings.Contains(bad.Body.String(), "very-secret-value") {
			t.Fatalf("without a client id: %d", bad.Code)
		}
		res := b.post(list, append(form, "client_id", "5c0ffee0")...)
		to := res.Header().Get("Location")
		if res.Code != http.StatusSeeOther || !strings.HasPrefix(to, list+"/") {
			t.Fatalf("saved: %d %s", res.Code, to)
		}
		body := b.get(to).Body.String()
		for _, want := range []string{"To do now:", "Add-MailboxPermission -Identity &#39;desk@aldermere.example&#39; -User &#39;0b1ec7id-5e4f&#39; -AccessRights FullAccess", "authenticated but not connected",
			"New-ServicePrincipal -AppId &#39;5c0ffee0&#39; -ObjectId &#39;0b1ec7id-5e4f&#39;"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if strings.Contains(body, "very-secret-value") {
			t.Fatal("the page shows the secret")
		}
		if !strings.Contains(body, "Let it write as desk@aldermere.example") || strings.Contains(body, "Let it write as {0}") {
			t.Error("a step of the guide is not filled in")
		}
		// A stale edit is refused with what was typed.
		edit := []string{"version", "1", "address", "desk@aldermere.example", "display", "Other words", "grant", "client", "send", "smtp", "tenant", "t", "client_id", "c", "begin", "now"}
		if res := b.post(to, edit...); res.Code != http.StatusSeeOther {
			t.Fatalf("edited: %d %s", res.Code, res.Body)
		}
		if res := b.post(to, edit...); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), `value="Other words"`) || !strings.Contains(res.Body.String(), "Somebody else changed") {
			t.Fatalf("a stale edit: %d", res.Code)
		}
		// A sign-in by code: the page says who has signed in.
		if res := b.post(to+"/signin", "x", "1"); res.Code != http.StatusNotFound {
			t.Fatalf("a sign-in by code for an app: %d", res.Code)
		}
		edit[1], edit[7] = "2", "device"
		if res := b.post(to, edit...); res.Code != http.StatusSeeOther {
			t.Fatalf("to a sign-in by code: %d", res.Code)
		}
		if res := b.post(to+"/signin", "x", "1"); res.Code != http.StatusSeeOther {
			t.Fatalf("a sign-in by code: %d", res.Code)
		}
		for end := time.Now().Add(20 * time.Second); !strings.Contains(b.get(to).Body.String(), "Signed in as anna@aldermere.example."); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the page never says who signed in")
			}
		}
		// Only administrators.
		if res := w.session(w.tech).get(list); res.Code != http.StatusForbidden {
			t.Fatalf("a technician: %d", res.Code)
		}
		if res := b.post(to+"/remove", "version", "3"); res.Code != http.StatusSeeOther {
			t.Fatalf("removed: %d", res.Code)
		}
		if res := b.get(to); res.Code != http.StatusNotFound {
			t.Fatalf("after its removal: %d", res.Code)
		}
	})
}

// The test mail's way is shown, its ticket dropped with one press, and headers
// are believed after their test only.
func TestTestMailAndHeaders(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b, ctx := w.session(w.admin), t.Context()
		c := tracker.Connection{Name: "helpdesk", Address: w.mailbox.Address, ConnectionSettings: presetConnection(tracker.KindOtherServer).ConnectionSettings, Secrets: tracker.ConnectionSecrets{Password: "abc"}}
		c.IMAP.Host, c.SMTP.Host = "mail.aldermere.example", "mail.aldermere.example"
		c, err := w.AddConnection(ctx, w.admin.Actor(), c)
		w.ok(err)
		page := fmt.Sprintf("/settings/mailboxes/%d", c.ID)
		if res := b.post(page+"/switch", "version", "1", "to", "on"); res.Code != http.StatusSeeOther {
			t.Fatalf("switched on: %d", res.Code)
		}
		w.ok(w.PollResult(ctx, w.mailbox.ID, tracker.Poll{UIDValidity: 1}))
		if res := b.post(page+"/test", "x", "1"); res.Code != http.StatusSeeOther {
			t.Fatalf("test: %d", res.Code)
		}
		body := b.get(page).Body.String()
		for _, want := range []string{"250 2.0.0 queued as 4F1", "Kept by helpdeskd", "Drop HD-"} {
			if !strings.Contains(body, want) {
				t.Errorf("the way of the test mail does not show %q", want)
			}
		}
		if res := b.post(page+"/test/end", "x", "1"); res.Code != http.StatusSeeOther {
			t.Fatalf("end: %d", res.Code)
		}
		number, err := strconv.ParseInt(regexp.MustCompile(`Drop HD-(\d+)`).FindStringSubmatch(body)[1], 10, 64)
		w.ok(err)
		if k, err := w.TicketByNumber(ctx, number); err != nil || k.Stage != tracker.Dropped {
			t.Fatalf("the test's ticket is %s, %v", k.Stage, err)
		}

		// Forged headers.
		now := func() string { c, err := w.Connection(ctx, c.ID); w.ok(err); return fmt.Sprint(c.Version) }
		trust := []string{"trust", "authserv-id", "authserv_id", "mx.aldermere.example"}
		if res := b.post(page+"/trust", append(trust, "version", now())...); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "has not shown") {
			t.Fatalf("trust without a test: %d", res.Code)
		}
		if res := b.post(page+"/headers", "outside", "nobody"); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("an outsider without an address: %d", res.Code)
		}
		sent := func(strip bool) string {
			if res := b.post(page+"/headers", "outside", "me@outside.example", "forged_id", "mx.aldermere.example"); res.Code != http.StatusSeeOther {
				t.Fatalf("start: %d", res.Code)
			}
			if body := b.get(page).Body.String(); !strings.Contains(body, "curl.exe --url smtps://smtp.outside.example --user &#39;me@outside.example&#39;") {
				t.Error("no line for Windows PowerShell")
			}
			eml := b.get(page + "/headers.eml").Body.String()
			if !strings.Contains(eml, "X-MS-Exchange-Organization-AuthAs: Internal\r\n") || !strings.Contains(eml, "From: me@outside.example\r\n") {
				t.Fatalf("the mail to send is %q", eml)
			}
			if strip {
				_, rest, _ := strings.Cut(eml, "X-Helpdeskd")
				eml = "Authentication-Results: mx.aldermere.example; dmarc=pass header.from=outside.example\r\nX-Helpdeskd" + rest
			}
			w.received(eml)
			return b.get(page).Body.String()
		}
		if body := sent(false); !strings.Contains(body, "Dangerous: the forged verdict arrived") || strings.Contains(body, "Believe what mx") {
			t.Fatal("forged headers that arrive are not called dangerous")
		}
		if body := sent(true); !strings.Contains(body, "were taken away") || !strings.Contains(body, "Believe what mx.aldermere.example says") {
			t.Fatal("stripped headers do not offer trust")
		}
		if res := b.post(page+"/trust", append(trust, "version", now())...); res.Code != http.StatusSeeOther {
			t.Fatalf("trust after the test: %d", res.Code)
		}
	})
}

// Before there is a mailbox, the board leads whoever may connect one to where it is done.
func TestTheBoardLeadsToTheFirstMailbox(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	const lead = "No mailbox is connected yet"
	if strings.Contains(w.session(w.admin).get("/board").Body.String(), lead) {
		t.Error("there is a mailbox")
	}
	bare := &world{t: t, Store: tracker.New(dbtest.Open(t, migrations.SQLite), tracker.Options{CheapHashes: true, Key: testKey(t)})}
	var err error
	bare.site, err = New(bare.Store, inventory.New(bare.Store), Options{Version: "test", Mail: plainReader{}, Forms: realReader{}, Texts: sampleTexts{}, Connect: sampleConnector{bare}, Alarms: sampleAlarms{bare}, Log: slog.New(slog.DiscardHandler)})
	bare.ok(err)
	for _, row := range []struct {
		role tracker.AccountRole
		want bool
	}{{tracker.Admin, true}, {tracker.Technician, false}} {
		a, err := bare.CreateAccount(t.Context(), tracker.Actor{}, tracker.NewAccount{Email: string(row.role) + "@aldermere.example", Name: "Ines", Role: row.role, Password: testPassword})
		bare.ok(err)
		body := bare.session(a).get("/board").Body.String()
		if strings.Contains(body, lead) != row.want || row.want && !strings.Contains(body, `href="/settings/mailboxes">Connect a mailbox`) {
			t.Errorf("%s: %v", row.role, !row.want)
		}
	}
}
