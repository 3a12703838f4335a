package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/alarms", "/alarms") && example("/alarms/banner") && example("/settings/alarms", "/settings/alarms") &&
	example("/settings/alarms/mail", "/settings/alarms/mail") && example("/settings/alarms/webhook", "/settings/alarms/webhook")

// sampleAlarms tells nobody: the routes are the business of cmd's tests.
type sampleAlarms struct{ w *world }

func (a sampleAlarms) Ways(context.Context) []AlarmWay { return a.w.inFile }

// Ready asks the database, as the real one does.
func (s sampleAlarms) Ready(ctx context.Context) []string {
	if s.w.DB().Ping(ctx) != nil {
		return []string{"the database does not answer"}
	}
	return nil
}

func (a sampleAlarms) Test(ctx context.Context, actor tracker.Actor, name string) error {
	return a.w.RouteTried(ctx, actor, name, "")
}

func init() { chapters = append(chapters, (*world).alarmed) }

// alarmed gives the desk alarms of every state, and a route of each fate.
func (w *world) alarmed() {
	w.t.Helper()
	ctx, admin := w.t.Context(), w.admin.Actor()
	over := []tracker.Problem{{Kind: tracker.AlarmServerCert, About: "mail.aldermere.example", Node: "one", Detail: "It ends on 2026-04-01."}}
	w.ok(w.Judge(ctx, over, nil, nil))
	w.ok(w.Judge(ctx, []tracker.Problem{
		{Kind: tracker.AlarmUnread, About: "helpdesk", Detail: "The server imap.aldermere.example does not answer: connection refused."},
		{Kind: tracker.AlarmDisk, Node: "one", Detail: "412 MB are free."},
		{Kind: tracker.AlarmNode, About: "a-node-with-a-rather-long-name.rooms.aldermere.example"},
		{Kind: tracker.AlarmBackup, Detail: "It is of 2026-01-31."},
	}, nil, nil))
	open, err := w.OpenAlarms(ctx)
	w.ok(err)
	for _, a := range open {
		switch a.Kind {
		case tracker.AlarmDisk:
			w.ok(w.SeeAlarm(ctx, w.tech.Actor(), a.ID))
		case tracker.AlarmBackup:
			w.ok(w.MuteAlarm(ctx, admin, a.ID, 24*time.Hour))
		}
	}
	w.ok(w.SetAlarmMail(ctx, admin, tracker.AlarmMail{Host: "smtp.other.example", Security: "starttls", Username: "alarms", Password: "pink elephants", From: "alarms@other.example",
		To: []string{"ines@other.example", "lead@other.example"}}, 0))
	w.ok(w.RouteTried(ctx, admin, tracker.RouteMail, ""))
	w.ok(w.SetAlarmHook(ctx, admin, tracker.AlarmHook{URL: "https://hooks.chat.example/T000/a-secret-part", Secret: "blue giraffes"}, 0))
	w.ok(w.RouteTried(ctx, admin, tracker.RouteWebhook, "The webhook at hooks.chat.example answered 404 Not Found."))
}

// TestRoutesOfAlarmsAreMadeOnThePage, tried, changed and removed; secrets are
// sealed and never shown; what the configuration file has is only shown.
func TestRoutesOfAlarmsAreMadeOnThePage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		admin, tech := w.session(w.admin), w.session(w.tech)
		secret := []string{"pink elephants", "a-secret-part", "blue giraffes"}
		form := []string{"version", "0", "to", "lead@other.example\nines@other.example", "from", "alarms@other.example", "host", "smtp.other.example", "port", "", "security", "starttls", "username", "alarms", "password", secret[0]}
		with := func(name, value string) []string {
			v := append([]string(nil), form...)
			for i := 0; i < len(v); i += 2 {
				if v[i] == name {
					v[i+1] = value
				}
			}
			return v
		}
		if res := tech.post("/settings/alarms/mail", form...); res.Code != http.StatusForbidden {
			t.Errorf("a technician makes a route: %d", res.Code)
		}
		for field, bad := range map[string]string{"to": "helpdesk@aldermere.example", "from": "helpdesk@aldermere.example", "host": "", "port": "abc", "security": "plain", "username": "", "password": ""} {
			res := admin.post("/settings/alarms/mail", with(field, bad)...)
			page := res.Body.String()
			if res.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `href="#`+field+`"`) {
				t.Errorf("%s = %q: %d without words at the field", field, bad, res.Code)
			}
			if field != "host" && !strings.Contains(page, `value="smtp.other.example"`) || field != "to" && !strings.Contains(page, "ines@other.example</textarea>") {
				t.Errorf("%s = %q: what was typed is lost", field, bad)
			}
		}
		if res := admin.post("/settings/alarms/mail", form...); res.Code != http.StatusSeeOther {
			t.Fatalf("mail: %d %s", res.Code, res.Body)
		}
		for _, bad := range []string{"", "http://hooks.chat.example/x", "https://user:pw@hooks.chat.example/x"} {
			if res := admin.post("/settings/alarms/webhook", "version", "0", "url", bad); res.Code != http.StatusUnprocessableEntity {
				t.Errorf("the address %q: %d", bad, res.Code)
			}
		}
		if res := admin.post("/settings/alarms/webhook", "version", "0", "url", "https://hooks.chat.example/T000/"+secret[1], "secret", secret[2]); res.Code != http.StatusSeeOther {
			t.Fatalf("webhook: %d %s", res.Code, res.Body)
		}
		made, err := w.AlarmWays(t.Context())
		w.ok(err)
		if made.Mail.Password != secret[0] || len(made.Mail.To) != 2 || !strings.HasSuffix(made.Hook.URL, secret[1]) || made.Hook.Secret != secret[2] {
			t.Errorf("it is kept as %#v %#v", made.Mail, made.Hook)
		}
		if res := admin.post("/settings/alarms/mail", form...); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), `value="smtp.other.example"`) {
			t.Errorf("made twice: %d", res.Code)
		}
		// No password goes to a server that it was not written for.
		version := strconv.FormatInt(made.MailVersion, 10)
		form[1], form[len(form)-1] = version, ""
		if res := admin.post("/settings/alarms/mail", with("host", "smtp.evil.example")...); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `href="#password"`) {
			t.Errorf("another server with the kept password: %d", res.Code)
		}
		if res := admin.post("/settings/alarms/mail", with("port", "2525")...); res.Code != http.StatusSeeOther {
			t.Errorf("another port: %d %s", res.Code, res.Body)
		}
		for _, name := range []string{"mail", "webhook"} {
			if res := admin.post("/settings/alarms/test", "route", name); res.Code != http.StatusSeeOther {
				t.Errorf("test of %s: %d", name, res.Code)
			}
		}
		now, err := w.AlarmWays(t.Context())
		w.ok(err)
		if now.Mail.Port != 2525 || now.Mail.Password != secret[0] {
			t.Errorf("changed to %+v", now.Mail)
		}
		var kept []string
		w.ok(db.Select(t.Context(), &kept, `SELECT settings || secrets FROM alarm_way UNION ALL SELECT was || became FROM event`))
		shown := strings.Join(kept, "\n")
		for _, path := range []string{"/settings/alarms", "/settings/alarms/mail", "/settings/alarms/webhook", "/audit"} {
			shown += admin.get(path).Body.String()
		}
		for _, s := range secret {
			if strings.Contains(shown, s) || strings.Contains(shown, url.QueryEscape(s)) {
				t.Errorf("%q is shown, or lies in the database", s)
			}
		}
		for _, want := range []string{"mail: smtp.other.example", "webhook: hooks.chat.example"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the audit does not say %q", want)
			}
		}
		w.inFile = []AlarmWay{{Name: tracker.RouteMail, To: "lead@file.example", File: true}}
		if page := admin.get("/settings/alarms").Body.String(); !strings.Contains(page, "lead@file.example") || strings.Contains(page, `href="/settings/alarms/mail"`) || strings.Contains(page, "lead@other.example") {
			t.Error("what the file has is not shown as such")
		}
		if res := admin.post("/settings/alarms/mail", with("port", "25")...); res.Code != http.StatusConflict {
			t.Errorf("what the file has was changed: %d", res.Code)
		}
		w.inFile = nil
		if res := admin.post("/settings/alarms/remove", "route", "mail", "version", version); res.Code != http.StatusConflict {
			t.Errorf("removed by an old page: %d", res.Code)
		}
		if res := admin.post("/settings/alarms/remove", "route", "mail", "version", strconv.FormatInt(now.MailVersion, 10)); res.Code != http.StatusSeeOther {
			t.Errorf("removed: %d", res.Code)
		}
		if now, err = w.AlarmWays(t.Context()); err != nil || now.Mail != nil || now.Hook == nil {
			t.Errorf("after that there is %+v, %v", now, err)
		}
	})
}

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
