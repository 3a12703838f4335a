package tracker

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestAccountsAreCheckedAndVersioned(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.admin.Actor()
		a := must(d.CreateAccount(ctx, by, NewAccount{Email: " Oda@Desk.example", Name: "Oda\u202e  Ek\n", Role: Technician, Password: testPassword}))(t)
		if a.Email != "oda@desk.example" || a.Name != "Oda Ek" || a.Notify != NotifyAll || !a.Enabled {
			t.Fatalf("created %+v", a)
		}
		_, err := d.CreateAccount(ctx, by, NewAccount{Email: "ODA@desk.example", Name: "x", Role: Technician})
		wantKind(t, err, migrations.Conflict)
		for _, in := range []NewAccount{
			{Email: "oda", Name: "x", Role: Technician},
			{Email: "Oda <o@desk.example>", Name: "x", Role: Technician},
			{Email: "o@desk.example", Name: " \u200b", Role: Technician},
			{Email: "o@desk.example", Name: "x", Role: "root"},
			{Email: "o@desk.example", Name: "x", Role: Admin, Password: "short"},
			{Email: "o@desk.example", Name: "x", Role: Admin, Password: "o@desk.example"},
			{Email: "o@desk.example", Name: "x", Role: Admin, Password: strings.Repeat("a", 12)},
			{Email: "o@desk.example", Name: "x", Role: Admin, Password: strings.Repeat("ab", 200)},
			{Email: "o@desk.example", Name: "x", Role: Admin, Notify: "sometimes"},
		} {
			_, err := d.CreateAccount(ctx, by, in)
			wantKind(t, err, migrations.Invalid)
		}
		b := must(d.UpdateAccount(ctx, by, a.ID, AccountChange{Name: new("Oda Ekdal"), Notify: new(NotifyMine)}, a.Version))(t)
		if b.Name != "Oda Ekdal" || b.Version != a.Version+1 {
			t.Fatalf("updated %+v", b)
		}
		_, err = d.UpdateAccount(ctx, by, a.ID, AccountChange{Name: new("Somebody")}, a.Version)
		wantKind(t, err, migrations.Conflict)
		_, err = d.UpdateAccount(ctx, by, a.ID, AccountChange{Email: new("tomas@desk.example")}, AnyVersion)
		wantKind(t, err, migrations.Conflict)
		_, err = d.UpdateAccount(ctx, by, d.admin.ID, AccountChange{Enabled: new(false)}, AnyVersion)
		wantKind(t, err, migrations.Invalid)
		_, err = d.UpdateAccount(ctx, by, d.admin.ID, AccountChange{Role: new(Technician)}, AnyVersion)
		wantKind(t, err, migrations.Invalid)
		if got := must(d.Account(ctx, d.admin.ID))(t); got.Role != Admin || !got.Enabled {
			t.Fatalf("the last administrator became %+v", got)
		}
		if all := must(d.Technicians(ctx))(t); len(all) != 3 { // with the admin, without the manager
			t.Fatalf("technicians: %+v", all)
		}
	})
}

func TestSignIn(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		a := must(d.CheckPassword(ctx, "TOMAS@desk.example ", testPassword, "192.0.2.1"))(t)
		if a.ID != d.tech.ID || a.SignedInAt == nil {
			t.Fatalf("signed in as %+v", a)
		}
		_, wrong := d.CheckPassword(ctx, "tomas@desk.example", testPassword+"!", "192.0.2.1")
		_, unknown := d.CheckPassword(ctx, "nobody@desk.example", testPassword, "192.0.2.1")
		wantKind(t, wrong, migrations.Denied)
		wantKind(t, unknown, migrations.Denied)
		if wrong.Error() != unknown.Error() {
			t.Fatalf("%q tells an unknown address from %q", unknown, wrong)
		}
		must(d.UpdateAccount(ctx, d.admin.Actor(), d.tech.ID, AccountChange{Enabled: new(false)}, AnyVersion))(t)
		_, err := d.CheckPassword(ctx, "tomas@desk.example", testPassword, "192.0.2.1")
		wantKind(t, err, migrations.Denied)
		noPassword := must(d.CreateAccount(ctx, d.admin.Actor(), NewAccount{Email: "new@desk.example", Name: "New", Role: Technician}))(t)
		_, err = d.CheckPassword(ctx, noPassword.Email, "", "192.0.2.1")
		wantKind(t, err, migrations.Denied)
	})
}

func TestSignInIsThrottled(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for range throttlePerPair {
			_, err := d.CheckPassword(ctx, "tomas@desk.example", "wrong wrong wrong", "192.0.2.1")
			wantKind(t, err, migrations.Denied)
		}
		for range throttlePerAddress {
			_, err := d.CheckPassword(ctx, "Tomas@desk.example", testPassword, "192.0.2.1")
			wantKind(t, err, migrations.Temporary)
			if !strings.Contains(err.Error(), "15 minutes") {
				t.Fatalf("the refusal says %q", err)
			}
		}
		// Who else is there, and the same person elsewhere, still get in.
		must(d.CheckPassword(ctx, "ines@desk.example", testPassword, "192.0.2.1"))(t)
		must(d.CheckPassword(ctx, "tomas@desk.example", testPassword, "192.0.2.50"))(t)
		d.clock.add(throttleWindow + time.Second)
		must(d.CheckPassword(ctx, "tomas@desk.example", testPassword, "192.0.2.1"))(t)
		// A success forgives what came before.
		for range throttlePerPair - 1 {
			_, err := d.CheckPassword(ctx, "tomas@desk.example", "wrong wrong wrong", "192.0.2.1")
			wantKind(t, err, migrations.Denied)
		}
		must(d.CheckPassword(ctx, "tomas@desk.example", testPassword, "192.0.2.1"))(t)
		must(d.CheckPassword(ctx, "tomas@desk.example", testPassword, "192.0.2.1"))(t)
		left := func() (n int) {
			if err := d.sweepSignIns(ctx, nil); err != nil {
				t.Fatal(err)
			}
			if err := d.db.Get(ctx, &n, `SELECT count(*) FROM throttle`); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if left() == 0 {
			t.Fatal("counts were forgotten too early")
		}
		if d.clock.add(throttleWindow + time.Second); left() != 0 {
			t.Fatal("old counts are kept")
		}
	})
}

func TestTriesFromManyNetworksAddUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s := New(db, Options{})
		for i := range throttlePerAddress {
			if err := s.count(t.Context(), signInTries("a@desk.example", fmt.Sprintf("192.0.%d.1", i))); err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, s.count(t.Context(), signInTries("a@desk.example", "198.51.100.1")), migrations.Temporary)
		for i := range throttlePerNetwork {
			if err := s.count(t.Context(), signInTries(fmt.Sprintf("b%d@desk.example", i), "203.0.113.1")); err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, s.count(t.Context(), signInTries("c@desk.example", "203.0.113.1")), migrations.Temporary)
	})
}

func TestNetworksAreToldApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s := New(db, Options{})
		try := func(ip string) error {
			return db.Tx(t.Context(), func(tx *migrations.Tx) error { return s.throttleTx(t.Context(), tx, network(ip), 3) })
		}
		for _, ip := range []string{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::3"} {
			if err := try(ip); err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, try("2001:db8:1:2::4"), migrations.Temporary)
		if err := try("2001:db8:1:3::4"); err != nil {
			t.Fatal(err)
		}
		if got := network("::ffff:192.0.2.1"); got != "192.0.2.1" {
			t.Fatalf("a mapped address is of network %s", got)
		}
	})
}

// sessionData is what scs.GobCodec makes of a session.
func sessionData(t *testing.T, values map[string]any) []byte {
	t.Helper()
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(&struct {
		Deadline time.Time
		Values   map[string]any
	}{time.Now(), values})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSessionsEndWithTheirAccount(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, x := t.Context(), d.Sessions()
		mine := sessionData(t, map[string]any{SessionAccount: d.tech.ID})
		later := d.clock.Now().Add(time.Hour)
		for _, token := range []string{"one", "two", "three"} {
			if err := x.CommitCtx(ctx, token, mine, later); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Commit("visitor", sessionData(t, map[string]any{"x": "y"}), later); err != nil {
			t.Fatal(err)
		}
		alive := func(token string) bool {
			data, ok, err := x.FindCtx(ctx, token)
			if err != nil {
				t.Fatal(err)
			}
			return ok && len(data) > 0
		}
		if err := x.DeleteCtx(ctx, "three"); err != nil || alive("three") || !alive("one") || !alive("visitor") {
			t.Fatalf("after ending one session: %v", err)
		}
		if err := d.SetPassword(ctx, d.tech.Actor(), d.tech.ID, "another fine password", "two"); err != nil {
			t.Fatal(err)
		}
		if alive("one") || !alive("two") {
			t.Fatal("a new password must end the other sessions, and only those")
		}
		must(d.CheckPassword(ctx, d.tech.Email, "another fine password", "192.0.2.1"))(t)
		must(d.UpdateAccount(ctx, d.admin.Actor(), d.tech.ID, AccountChange{Enabled: new(false)}, AnyVersion))(t)
		if alive("two") || !alive("visitor") {
			t.Fatal("disabling must end the account's sessions, and only those")
		}
		// A request that was under way may store its session once more.
		if err := x.CommitCtx(ctx, "two", mine, later); err != nil || alive("two") {
			t.Fatalf("a disabled account's session came back: %v", err)
		}
		d.clock.add(2 * time.Hour)
		if alive("visitor") {
			t.Fatal("an expired session is alive")
		}
	})
}

func TestSetupCodeWorksOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		s, ctx := New(db, Options{}), t.Context()
		me := NewAccount{Email: "first@desk.example", Name: "First", Role: Manager, Password: testPassword}
		if !must(s.NeedsSetup(ctx))(t) {
			t.Fatal("an empty database needs a setup")
		}
		_, err := s.UseSetupCode(ctx, "", me)
		wantKind(t, err, migrations.Denied)
		old := must(s.SetupCode(ctx))(t)
		code := must(s.SetupCode(ctx))(t)
		for _, wrong := range []string{old, "", "-", code + "a"} {
			_, err := s.UseSetupCode(ctx, wrong, me)
			wantKind(t, err, migrations.Denied)
		}
		var stored string
		if err := db.Get(ctx, &stored, `SELECT value FROM setting WHERE name = ?`, SetSetupCode); err != nil || strings.Contains(stored, code[:5]) {
			t.Fatalf("stored %q, %v", stored, err)
		}
		a := must(s.UseSetupCode(ctx, " "+strings.ToUpper(code), me))(t)
		if a.Role != Admin {
			t.Fatalf("the first account is %s", a.Role)
		}
		if kept := must(s.Account(ctx, a.ID))(t); kept.SignedInAt == nil || a.SignedInAt == nil || *kept.SignedInAt != *a.SignedInAt {
			t.Fatalf("who set up has signed in at %v, stored %v", a.SignedInAt, kept.SignedInAt)
		}
		_, err = s.UseSetupCode(ctx, code, NewAccount{Email: "second@desk.example", Name: "Second", Password: testPassword})
		wantKind(t, err, migrations.Conflict)
		_, err = s.SetupCode(ctx)
		wantKind(t, err, migrations.Conflict)
		if must(s.NeedsSetup(ctx))(t) {
			t.Fatal("it still needs a setup")
		}
	})
}

func TestMay(t *testing.T) {
	account := func(r AccountRole) Account { return Account{ID: 1, Role: r, Enabled: true} }
	for _, c := range []struct {
		who  Account
		do   Action
		want bool
	}{
		{account(Admin), ManageAccounts, true},
		{account(Technician), WorkTickets, true},
		{account(Technician), DecideHeld, true},
		{account(Technician), ManageAccounts, false},
		{account(Technician), EditSettings, false},
		{account(Manager), ReadPlain, true},
		{account(Manager), ReadTickets, false},
		{account(Manager), WorkTickets, false},
		{account("other"), ReadPlain, false},
		{Account{ID: 1, Role: Admin}, ReadPlain, false},
		{Account{Role: Admin, Enabled: true}, ReadPlain, false},
	} {
		if got := May(c.who, c.do); got != c.want {
			t.Errorf("may %+v %s: %v", c.who, c.do, got)
		}
	}
}

func TestDamagedHashesMatchNothing(t *testing.T) {
	h := newHasher(false)
	good := must(h.hash(t.Context(), testPassword))(t)
	if !strings.HasPrefix(good, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %s", good)
	}
	if ok, err := h.verify(t.Context(), good, testPassword); err != nil || !ok {
		t.Fatalf("%v %v", ok, err)
	}
	for _, phc := range []string{"", "$", h.nobodys(), strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "v=19", "v=16", 1), good[:len(good)-10] + "!!", strings.Replace(good, "argon2id", "argon2i", 1), good[:strings.LastIndex(good, "$")+1]} {
		if ok, err := h.verify(t.Context(), phc, testPassword); err != nil || ok {
			t.Errorf("%q: %v %v", phc, ok, err)
		}
	}
}

// What waits for somebody is not sent to them once they may not read it.
func TestDisablingCancelsWaitingMail(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		x := d.open(t, "Printer", "anna")
		must(d.Assign(ctx, d.admin.Actor(), x.Number, d.tech.ID, AnyVersion))(t)
		must(d.Reply(ctx, d.tech.Actor(), x.Number, ReplyInput{Text: "Coming."}))(t)
		must(d.UpdateAccount(ctx, d.admin.Actor(), d.tech.ID, AccountChange{Name: new("Tom Tech")}, AnyVersion))(t)
		if got := fmt.Sprint(d.outbox(t, x.ID)); got != "[notify tomas@desk.example queued reply anna@office.example queued]" {
			t.Fatalf("queued: %s", got)
		}
		must(d.UpdateAccount(ctx, d.admin.Actor(), d.tech.ID, AccountChange{Enabled: new(false)}, AnyVersion))(t)
		if got := fmt.Sprint(d.outbox(t, x.ID)); got != "[notify tomas@desk.example cancelled reply anna@office.example queued]" {
			t.Errorf("after disabling: %s", got)
		}
	})
}

// The page of held mails asks the database as often for many as for one.
func TestHeldMailsNameTheirTickets(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		for range 3 {
			first := d.mail()
			o := d.receive(first)
			d.want(d.receive(d.mail(from(tech.Email), answers(first.MessageID))), FatePending, o.Ticket, 0)
		}
		list, _, err := d.Held(d.ctx, 0, 2)
		d.ok(err)
		if len(list) != 2 || list[0].TicketNumber != 3 || list[1].TicketNumber != 2 || list[0].TicketSubject != "The printer is on fire" || list[1].Technician != tech.Name {
			t.Errorf("held: %+v", list)
		}
	})
}
