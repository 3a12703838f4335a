package tracker

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// linkDesk is a desk with an administrator, whose outbox a test plays.
type linkDesk struct {
	*Store
	t     *testing.T
	now   time.Time
	admin Account
	lease *Lease
	box   int64
}

func newLinkDesk(t *testing.T, db *migrations.DB) *linkDesk {
	t.Helper()
	d := &linkDesk{t: t, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	d.Store = New(db, Options{Clock: func() time.Time { return d.now }, Node: "test"})
	var err error
	d.admin, err = d.CreateAccount(t.Context(), Actor{}, NewAccount{Email: "ines@aldermere.example", Name: "Ines Holm", Role: Admin, Password: "seven green umbrellas"})
	d.ok(err)
	box, err := d.OpenMailbox(t.Context(), "helpdesk", "helpdesk@aldermere.example", Begin{})
	d.ok(err)
	d.box = box.ID
	d.SetAccountMailbox(box.ID)
	d.lease, err = d.Acquire(t.Context(), "outbox")
	d.ok(err)
	return d
}

func (d *linkDesk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// due returns the mails to accounts that wait.
func (d *linkDesk) due() []OutboxItem {
	d.t.Helper()
	items, err := d.DueOutbox(d.t.Context(), d.lease, 20)
	d.ok(err)
	return items
}

// render does what the mailer does before it sends, and returns the token.
func (d *linkDesk) render(it OutboxItem) string {
	d.t.Helper()
	token, _ := NewToken()
	d.ok(d.Rendered(d.t.Context(), d.lease, it.ID, Rendered{Bytes: []byte("link " + token), MailID: "hd.x@aldermere.example", Token: token}))
	return token
}

func (d *linkDesk) invite(email string) Account {
	d.t.Helper()
	a, err := d.Invite(d.t.Context(), d.admin.Actor(), NewAccount{Email: email, Name: "Nora Lind", Role: Technician})
	d.ok(err)
	return a
}

func (d *linkDesk) count(query string, args ...any) (n int) {
	d.t.Helper()
	d.ok(d.DB().Get(d.t.Context(), &n, query, args...))
	return n
}

const goodPassword = "nine slow bicycles"

func TestInvitation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newLinkDesk(t, db)
		ctx := t.Context()
		a := d.invite("Nora@Aldermere.example")
		mails := d.due()
		if len(mails) != 1 || mails[0].Kind != MailAccount || mails[0].Priority != 1 || mails[0].ToAddress != "nora@aldermere.example" || mails[0].Account == nil ||
			mails[0].Account.About != LinkInvite || mails[0].Account.ByName != "Ines Holm" {
			t.Fatalf("the invitation is %+v", mails)
		}
		if d.count(`SELECT count(*) FROM account_token`) != 0 {
			t.Fatal("there is a token before the mail that carries it")
		}
		token := d.render(mails[0])
		if d.count(`SELECT count(*) FROM account_token WHERE hash = ?`, HashToken(token)) != 1 || d.count(`SELECT count(*) FROM account_token WHERE hash = ?`, token) != 0 {
			t.Fatal("the token is not kept as its hash alone")
		}
		d.ok(d.Sending(ctx, d.lease, mails[0].ID))
		digest := Digest([]byte("link " + token))
		if d.count(`SELECT count(*) FROM blob WHERE digest = ?`, digest) != 1 {
			t.Fatal("the mail is not kept until it is sent")
		}
		d.ok(d.Sent(ctx, d.lease, mails[0].ID, "250 ok", ""))
		if d.count(`SELECT count(*) FROM blob WHERE digest = ?`, digest) != 0 {
			t.Fatal("a mail that opens an account is kept after it was sent")
		}
		for range 3 { // looking uses nothing up
			if owner, kind, err := d.LinkOwner(ctx, token); err != nil || owner.ID != a.ID || kind != LinkInvite {
				t.Fatalf("the link is %+v %q, %v", owner, kind, err)
			}
		}
		if _, err := d.UseLink(ctx, token, "short", "192.0.2.1"); migrations.KindOf(err) != migrations.Invalid {
			t.Fatalf("a short password: %v", err)
		}
		signed, err := d.UseLink(ctx, token, goodPassword, "192.0.2.1")
		d.ok(err)
		if signed.ID != a.ID || signed.SignedInAt == nil {
			t.Fatalf("signed in as %+v", signed)
		}
		if _, err := d.UseLink(ctx, token, goodPassword, "192.0.2.1"); migrations.KindOf(err) != migrations.Denied {
			t.Fatalf("the link works twice: %v", err)
		}
		if _, err := d.CheckPassword(ctx, "nora@aldermere.example", goodPassword, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if n := len(d.due()); n != 0 {
			t.Fatalf("%d mails wait: a first password is not told as a change", n)
		}
	})
}

func TestReset(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newLinkDesk(t, db)
		ctx := t.Context()
		d.ok(d.RequestReset(ctx, "nobody@aldermere.example", "192.0.2.1"))
		if len(d.due()) != 0 {
			t.Fatal("a stranger is written to")
		}
		d.ok(d.RequestReset(ctx, " Ines@Aldermere.example ", "192.0.2.1"))
		first := d.render(d.due()[0])
		d.ok(d.RequestReset(ctx, "ines@aldermere.example", "192.0.2.1"))
		if _, _, err := d.LinkOwner(ctx, first); migrations.KindOf(err) != migrations.Denied {
			t.Fatalf("a newer link leaves the older one: %v", err)
		}
		mails := d.due()
		if len(mails) != 1 {
			t.Fatalf("%d mails wait, want the newest alone", len(mails))
		}
		token := d.render(mails[0])
		d.ok(d.Sending(ctx, d.lease, mails[0].ID))
		d.ok(d.Sent(ctx, d.lease, mails[0].ID, "250 ok", ""))
		d.now = d.now.Add(resetLife)
		if _, err := d.UseLink(ctx, token, goodPassword, "192.0.2.1"); migrations.KindOf(err) != migrations.Denied {
			t.Fatalf("the link works after its time: %v", err)
		}
		d.now = d.now.Add(-time.Minute)
		d.ok(db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO session (token, account_id, data, expires_at) VALUES ('x', ?, ?, ?)`, d.admin.ID, []byte{1}, migrations.At(d.now.Add(time.Hour)))
			return err
		}))
		_, err := d.UseLink(ctx, token, goodPassword, "192.0.2.1")
		d.ok(err)
		if d.count(`SELECT count(*) FROM session`) != 0 {
			t.Fatal("a session outlives the password it was begun with")
		}
		if _, err := d.CheckPassword(ctx, d.admin.Email, "seven green umbrellas", "192.0.2.9"); migrations.KindOf(err) != migrations.Denied {
			t.Fatalf("the old password: %v", err)
		}
		told := d.due()
		if len(told) != 1 || told[0].Account.About != linkChanged {
			t.Fatalf("the owner is told %+v", told)
		}
		// Word of the change outlives further requests.
		d.ok(d.RequestReset(ctx, "ines@aldermere.example", "192.0.2.2"))
		if n := len(d.due()); n != 2 {
			t.Fatalf("%d mails wait", n)
		}
	})
}

func TestResetsAreThrottled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newLinkDesk(t, db)
		for i := range resetsPerAddress + 5 { // from everywhere: the same answer, but no more mails
			d.ok(d.RequestReset(t.Context(), "ines@aldermere.example", "198.51.100."+string(rune('0'+i))))
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'account'`); n != resetsPerAddress {
			t.Fatalf("%d mails to one address", n)
		}
		var err error
		for range resetsPerNetwork + 1 {
			err = d.RequestReset(t.Context(), "nobody@aldermere.example", "192.0.2.1")
		}
		if migrations.KindOf(err) != migrations.Temporary {
			t.Fatalf("one network may ask for ever: %v", err)
		}
		for range linksPerNetwork {
			token, _ := NewToken()
			if _, err := d.UseLink(t.Context(), token, goodPassword, "192.0.2.1"); migrations.KindOf(err) != migrations.Denied {
				t.Fatalf("a guessed link: %v", err)
			}
		}
		if _, err := d.UseLink(t.Context(), "x", goodPassword, "192.0.2.1"); migrations.KindOf(err) != migrations.Temporary {
			t.Fatalf("guessing is not throttled: %v", err)
		}
	})
}

func TestLinksThatMustNotWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newLinkDesk(t, db)
		ctx := t.Context()
		a := d.invite("nora@aldermere.example")
		token := d.render(d.due()[0])
		dead := func(why string) {
			t.Helper()
			if _, err := d.UseLink(ctx, token, goodPassword, "192.0.2.1"); migrations.KindOf(err) != migrations.Denied {
				t.Fatalf("%s: %v", why, err)
			}
		}
		// Withdrawn: the person is disabled, what waited is cancelled, and nobody resends it.
		id := d.due()[0].ID
		w, err := d.WithdrawLinks(ctx, d.admin.Actor(), a.ID)
		d.ok(err)
		dead("a withdrawn invitation")
		if w.Enabled || len(d.due()) != 0 {
			t.Fatalf("withdrawn: %+v", w)
		}
		if err := d.ResendOutbox(ctx, d.admin.Actor(), id); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("a withdrawn invitation is sent again: %v", err)
		}
		if _, err := d.SendLink(ctx, d.admin.Actor(), a.ID); migrations.KindOf(err) != migrations.Invalid {
			t.Fatalf("a disabled person is mailed: %v", err)
		}
		// Enabled again, and shown: the link of a disabled account opens nothing.
		on, off := true, false
		a, err = d.UpdateAccount(ctx, d.admin.Actor(), a.ID, AccountChange{Enabled: &on}, AnyVersion)
		d.ok(err)
		_, token, _, err = d.ShowLink(ctx, d.admin.Actor(), a.ID)
		d.ok(err)
		_, err = d.UpdateAccount(ctx, d.admin.Actor(), a.ID, AccountChange{Enabled: &off}, AnyVersion)
		d.ok(err)
		dead("a disabled person's link")
		_, err = d.UpdateAccount(ctx, d.admin.Actor(), a.ID, AccountChange{Enabled: &on}, AnyVersion)
		d.ok(err)
		dead("a link from before the account was disabled")
		// Another address: what went to the old one is void.
		_, token, _, err = d.ShowLink(ctx, d.admin.Actor(), a.ID)
		d.ok(err)
		other := "nora.lind@aldermere.example"
		_, err = d.UpdateAccount(ctx, d.admin.Actor(), a.ID, AccountChange{Email: &other}, AnyVersion)
		d.ok(err)
		dead("a link from before the address was changed")
		for _, odd := range []string{"", "x", strings.Repeat("a", 26), strings.Repeat("a", 5000), "' OR 1=1 --"} {
			token = odd
			dead(odd)
		}
		// A mail whose writing was overtaken is not sent, and makes no token.
		_, err = d.SendLink(ctx, d.admin.Actor(), a.ID)
		d.ok(err)
		late := d.due()[0]
		_, err = d.SendLink(ctx, d.admin.Actor(), a.ID)
		d.ok(err)
		plain, _ := NewToken()
		if err := d.Rendered(ctx, d.lease, late.ID, Rendered{Bytes: []byte("late"), MailID: "late@aldermere.example", Token: plain}); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("an overtaken mail is written: %v", err)
		}
		token = plain
		dead("the token of a mail that was never sent")
	})
}

func TestNoMailboxNoMail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newLinkDesk(t, db)
		ctx := t.Context()
		d.SetAccountMailbox(0)
		a := d.invite("nora@aldermere.example")
		if _, err := d.SendLink(ctx, d.admin.Actor(), a.ID); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("a mail without a mailbox: %v", err)
		}
		_, token, _, err := d.ShowLink(ctx, d.admin.Actor(), a.ID)
		d.ok(err)
		if _, err := d.UseLink(ctx, token, goodPassword, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if n := d.count(`SELECT count(*) FROM outbox`); n != 0 {
			t.Fatalf("%d mails are owed", n)
		}
		if _, err := d.Invite(ctx, d.admin.Actor(), NewAccount{Email: "nora@aldermere.example", Name: "Nora", Role: Technician}); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("invited twice: %v", err)
		}
		if _, err := d.Invite(ctx, d.admin.Actor(), NewAccount{Email: "a@b.example\r\nBcc: evil@c.example", Name: "Nora", Role: Technician}); migrations.KindOf(err) != migrations.Invalid {
			t.Fatalf("an address with a line break: %v", err)
		}
	})
}

// A mail that was given up, or is held, is not written anew for the address
// that an account had before.
func TestOldAddressGetsNoLink(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newLinkDesk(t, db)
		ctx := t.Context()
		for _, state := range []string{"dead", "held", "uncertain"} {
			a := d.invite("nora." + state + "@old.example")
			mail := d.due()[0].ID
			d.ok(db.Tx(ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE outbox SET state = ? WHERE id = ?`, state, mail)
				return err
			}))
			email := "nora." + state + "@aldermere.example"
			_, err := d.UpdateAccount(ctx, d.admin.Actor(), a.ID, AccountChange{Email: &email}, AnyVersion)
			d.ok(err)
			if err := d.ResendOutbox(ctx, d.admin.Actor(), mail); err == nil {
				t.Fatalf("the invitation that was %s goes to %s after all", state, d.due()[0].ToAddress)
			}
		}
	})
}

// Somebody uses a link while an administrator sends another.
func TestLinkIsUsedWhileItIsReplaced(t *testing.T) {
	db := dbtest.Open(t, migrations.Postgres)
	d := newLinkDesk(t, db)
	ctx := t.Context()
	a := d.invite("nora@aldermere.example")
	token := d.render(d.due()[0])
	done := make(chan struct{})
	var used error
	d.ok(db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := d.linkableTx(ctx, tx, a.ID); err != nil {
			return err
		}
		go func() {
			defer close(done)
			_, used = d.UseLink(ctx, token, goodPassword, "192.0.2.1")
		}()
		for waits := 0; waits == 0; {
			d.ok(db.Get(ctx, &waits, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`))
		}
		return d.voidLinksTx(ctx, tx, d.admin.Actor(), a.ID)
	}))
	<-done
	if migrations.KindOf(used) != migrations.Denied {
		t.Fatalf("the link that was replaced: %v", used)
	}
}
