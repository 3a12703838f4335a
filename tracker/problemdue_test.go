package tracker

import (
	"context"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/oauth/oauthtest"
	"helpdeskd/tracker/seal"
)

// wrong are the problems of one look but for the leases, which nobody holds.
func (d *mailDesk) wrong(o *Observer) map[string]Problem {
	d.t.Helper()
	problems, _, err := d.Look(d.ctx, o)
	d.ok(err)
	all := map[string]Problem{}
	for _, p := range problems {
		if p.Kind != AlarmLease && p.Kind != AlarmOutboxOld {
			all[p.Kind] = p
		}
	}
	return all
}

// TestAnOldBackupIsFound by the setting's days, and none is found at once.
func TestAnOldBackupIsFound(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.knownFor = 0
		o := &Observer{}
		if got := d.wrong(o); len(got) != 0 {
			t.Fatalf("nobody asked to be told of backups, but there is %v", got)
		}
		d.ok(d.SetSetting(d.ctx, Actor{}, SetAlarmBackup, "2"))
		if got := d.wrong(o)[AlarmBackup]; got.Detail != "There is none." {
			t.Errorf("without a backup there is %+v", got)
		}
		d.ok(d.RecordBackup(d.ctx, BackupMade{TakenAt: d.stamp(), EndedAt: d.stamp(), File: "/b"}))
		made := d.now
		d.now = made.Add(48 * time.Hour)
		if got := d.wrong(o); len(got) != 0 {
			t.Errorf("after two days there is %v", got)
		}
		d.now = made.Add(49 * time.Hour)
		if got := d.wrong(o)[AlarmBackup]; got.Detail != "It is of 2026-03-02." || !got.Since.Equal(made.Add(48*time.Hour)) {
			t.Errorf("after 49 hours there is %+v", got)
		}
		d.ok(d.RecordBackup(d.ctx, BackupMade{TakenAt: d.stamp(), EndedAt: d.stamp(), File: "/b"}))
		if got := d.wrong(o); len(got) != 0 {
			t.Errorf("after the next backup there is %v", got)
		}
	})
}

// TestAPlaceholderThatStays is told by words of its own, not as quarantine.
func TestAPlaceholderThatStays(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		in := d.mail()
		in.Class = ClassPlaceholder
		d.receive(in)
		got := d.wrong(&Observer{})
		if _, also := got[AlarmQuarantine]; also || got[AlarmPlaceholder].Detail != "1 mail" {
			t.Errorf("there is %+v", got)
		}
	})
}

// TestARefreshTokenDies is found when it is refused, also while the token that
// it gave lasts, and when nobody has used it for long; not of a mailbox that is
// switched off, and not once somebody has signed in anew.
func TestARefreshTokenDies(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		var err error
		d.key, err = seal.New([]byte("0123456789abcdef0123456789abcdef"))
		d.ok(err)
		id := oauthtest.New(t)
		id.Allow = "yes"
		account := func() *oauth.Account {
			a, err := oauth.New(oauth.Config{Mailbox: "helpdesk", Flow: oauth.FlowDevice, TokenURL: id.URL + "/oauth2/v2.0/token", ClientID: oauthtest.ClientID},
				oauth.Options{Keeper: d.Grants("helpdesk"), Hasten: time.Millisecond})
			d.ok(err)
			return a
		}
		signIn := func() {
			code, err := account().StartDevice(d.ctx)
			d.ok(err)
			_, err = account().AwaitDevice(d.ctx, code)
			d.ok(err)
		}
		ask := func() error {
			ctx, done := context.WithTimeout(d.ctx, time.Minute)
			defer done()
			_, err := account().Mail().Token(ctx)
			return err
		}
		on, off := &Observer{Mailboxes: []Watched{{ID: d.mailbox.ID, Name: "helpdesk"}}}, &Observer{}
		signIn()
		d.ok(ask())
		if got := d.wrong(on); len(got) != 0 {
			t.Fatalf("it works, but there is %v", got)
		}
		id.RevokeGrants()
		if err := ask(); err == nil {
			t.Fatal("the provider still takes it")
		}
		got := d.wrong(on)[AlarmRefresh]
		if got.About != "helpdesk" || !strings.Contains(got.Detail, "sign-in has ended") || strings.Contains(got.Detail, "REFRESH-") || !got.Since.Equal(d.now) {
			t.Errorf("it is refused, and there is %+v", got)
		}
		if got := d.wrong(off); len(got) != 0 {
			t.Errorf("the mailbox is off, but there is %v", got)
		}
		d.now = d.now.Add(time.Hour)
		if err := ask(); err == nil || !d.wrong(on)[AlarmRefresh].Since.Equal(d.now.Add(-time.Hour)) {
			t.Errorf("refused once more: %v, %+v", err, d.wrong(on))
		}
		signIn()
		if got := d.wrong(on); len(got) != 0 {
			t.Errorf("somebody signed in anew, but there is %v", got)
		}
		// A provider that gives no new refresh token: using it counts, too.
		id.Lock()
		id.Rotate = false
		id.Unlock()
		for range 2 {
			d.now = d.now.Add(59 * 24 * time.Hour)
			d.ok(ask())
			if got := d.wrong(on); len(got) != 0 {
				t.Errorf("it was just used, but there is %v", got)
			}
		}
		d.now = d.now.Add(61 * 24 * time.Hour)
		if got := d.wrong(on)[AlarmRefresh]; !strings.HasPrefix(got.Detail, "It was last used on ") {
			t.Errorf("unused for 61 days, and there is %+v", got)
		}
	})
}
