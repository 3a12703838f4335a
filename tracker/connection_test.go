package tracker

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/seal"
)

// withKey gives the desk a key file's key.
func withKey(t *testing.T, d *desk) {
	t.Helper()
	d.key = must(seal.New([]byte("0123456789abcdef0123456789abcdef")))(t)
}

// otherServer is a connection to a plain server, as the page makes it.
func otherServer(name, address string) Connection {
	return Connection{Name: name, Address: address, ConnectionSettings: ConnectionSettings{
		Kind: KindOtherServer, Display: "IT helpdesk", Grant: GrantNone, Send: SendSMTP,
		IMAP: ConnectionServer{Host: "mail.company.example", Security: "tls", Auth: "plain"},
		SMTP: ConnectionServer{Host: "mail.company.example", Security: "starttls", Auth: "plain"},
	}, Secrets: ConnectionSecrets{Password: "pink elephants"}}
}

func TestConnections(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		withKey(t, d)
		ctx := t.Context()
		d.DeclareMailboxes([]Declared{{Name: "support", Address: "support@company.example", Aliases: []string{"it@company.example"}}})
		version := must(d.ConnectionsVersion(ctx))(t)
		c := must(d.AddConnection(ctx, d.admin.Actor(), otherServer(" Helpdesk", "Helpdesk@Company.example ")))(t)
		if c.Name != "helpdesk" || c.Address != "helpdesk@company.example" || c.Enabled || c.Version != 1 || c.Folder != "INBOX" || c.Processed != "Processed" || c.Begin != "now" || c.Trust != TrustNone {
			t.Fatalf("made as %+v", c)
		}
		if now := must(d.ConnectionsVersion(ctx))(t); now <= version {
			t.Fatalf("the version went from %d to %d: no node would see the new mailbox", version, now)
		}

		// The database holds no password, and the value never prints one.
		var raw string
		if err := d.db.Get(ctx, &raw, `SELECT settings || secrets FROM connection`); err != nil || strings.Contains(raw, "pink") || !strings.Contains(raw, "s1") {
			t.Fatalf("stored as %q, %v", raw, err)
		}
		if said := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(said, "pink") {
			t.Fatalf("printing shows the password: %s", said)
		}
		if got := must(d.Connection(ctx, c.ID))(t); got.Secrets.Password != "pink elephants" {
			t.Fatalf("read back as %q", got.Secrets.Password)
		}

		// No name and no address twice, also not of the configuration file.
		for field, other := range map[string]Connection{
			"name":    otherServer("helpdesk", "b@company.example"),
			"address": otherServer("b", "helpdesk@company.example"),
		} {
			_, err := d.AddConnection(ctx, d.admin.Actor(), other)
			wantField(t, err, field)
		}
		_, err := d.AddConnection(ctx, d.admin.Actor(), otherServer("support", "c@company.example"))
		wantField(t, err, "name")
		_, err = d.AddConnection(ctx, d.admin.Actor(), otherServer("c", "IT@company.example"))
		wantField(t, err, "address")

		// A stale edit is refused; an empty secret stays.
		edit := c
		edit.Display, edit.Secrets = "Helpdesk of Company", ConnectionSecrets{}
		changed := must(d.ChangeConnection(ctx, d.admin.Actor(), edit))(t)
		if changed.Version != 2 || changed.Secrets.Password != "pink elephants" || changed.Display != "Helpdesk of Company" {
			t.Fatalf("changed to %+v", changed)
		}
		_, err = d.ChangeConnection(ctx, d.admin.Actor(), edit)
		wantKind(t, err, migrations.Conflict)

		// Switched on it has a mailbox, which stays when it is removed.
		on := must(d.EnableConnection(ctx, d.admin.Actor(), c.ID, true, changed.Version))(t)
		if !on.Enabled || on.Version != 3 {
			t.Fatalf("switched on as %+v", on)
		}
		var n int
		if err := d.db.Get(ctx, &n, `SELECT count(*) FROM mailbox WHERE name = 'helpdesk' AND begin_at IS NOT NULL`); err != nil || n != 1 {
			t.Fatalf("%d mailboxes, %v", n, err)
		}
		if again := must(d.EnableConnection(ctx, d.admin.Actor(), c.ID, true, AnyVersion))(t); again.Version != 3 {
			t.Fatalf("switched on twice: version %d", again.Version)
		}
		wantKind(t, d.RemoveConnection(ctx, d.admin.Actor(), c.ID, 1), migrations.Conflict)
		if err := d.RemoveConnection(ctx, d.admin.Actor(), c.ID, 3); err != nil {
			t.Fatal(err)
		}
		wantKind(t, d.RemoveConnection(ctx, d.admin.Actor(), c.ID, AnyVersion), migrations.NotFound)
		var kinds []string
		if err := d.db.Select(ctx, &kinds, `SELECT kind FROM event WHERE subject = 'connection' ORDER BY id`); err != nil || fmt.Sprint(kinds) != "[made edited enabled removed]" {
			t.Fatalf("events %v, %v", kinds, err)
		}
	})
}

// A password is not sent to a server that it was not written for, and the
// sign-in of a person goes with what it was for.
func TestSecretsStayWithTheirServer(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		withKey(t, d)
		ctx := t.Context()
		c := must(d.AddConnection(ctx, d.admin.Actor(), otherServer("helpdesk", "helpdesk@company.example")))(t)
		elsewhere := c
		elsewhere.IMAP.Host, elsewhere.Secrets = "mail.mallory.example", ConnectionSecrets{}
		_, err := d.ChangeConnection(ctx, d.admin.Actor(), elsewhere)
		wantField(t, err, "password")
		elsewhere.IMAP.Host, elsewhere.SMTP.Host = c.IMAP.Host, "mail.mallory.example"
		_, err = d.ChangeConnection(ctx, d.admin.Actor(), elsewhere)
		wantField(t, err, "password")
		elsewhere.Secrets.Password = "green elephants"
		if got := must(d.ChangeConnection(ctx, d.admin.Actor(), elsewhere))(t); got.Secrets.Password != "green elephants" {
			t.Fatalf("changed to %+v", got)
		}

		device := otherServer("device", "device@company.example")
		device.Kind, device.Grant, device.Tenant, device.ClientID, device.Secrets = KindMicrosoft365, GrantDevice, "company.example", "app", ConnectionSecrets{}
		c = must(d.AddConnection(ctx, d.admin.Actor(), device))(t)
		grants := func() (n int) {
			t.Helper()
			if err := d.db.Get(ctx, &n, `SELECT count(*) FROM mailbox_grant`); err != nil {
				t.Fatal(err)
			}
			return n
		}
		signIn := func() {
			t.Helper()
			if err := d.Grants(c.Name).Replace(ctx, oauth.Grant{Refresh: "refresh", ClientID: "app"}); err != nil {
				t.Fatal(err)
			}
		}
		signIn()
		c.Display = "IT"
		if c = must(d.ChangeConnection(ctx, d.admin.Actor(), c))(t); grants() != 1 {
			t.Fatal("the sign-in went with a change that has nothing to do with it")
		}
		c.Address = "other@company.example"
		if c = must(d.ChangeConnection(ctx, d.admin.Actor(), c))(t); grants() != 0 {
			t.Fatal("the sign-in for one mailbox is kept for another")
		}
		signIn()
		if err := d.RemoveConnection(ctx, d.admin.Actor(), c.ID, AnyVersion); err != nil || grants() != 0 {
			t.Fatalf("the refresh token stays behind a mailbox that was removed (%v)", err)
		}
	})
}

// A connection says what is missing at the field where it is missing.
func TestConnectionMistakes(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		withKey(t, d)
		for field, spoil := range map[string]func(*Connection){
			"name":            func(c *Connection) { c.Name = "Help desk" },
			"address":         func(c *Connection) { c.Address = "helpdesk" },
			"kind":            func(c *Connection) { c.Kind = "exchange" },
			"display":         func(c *Connection) { c.Display = "<b>" },
			"imap_host":       func(c *Connection) { c.IMAP.Host = "" },
			"smtp_host":       func(c *Connection) { c.SMTP.Host = "https://mail" },
			"imap_port":       func(c *Connection) { c.IMAP.Port = 70000 },
			"password":        func(c *Connection) { c.Secrets.Password = "" },
			"tenant":          func(c *Connection) { c.Kind, c.Grant = KindMicrosoft365, GrantClient },
			"client_id":       func(c *Connection) { c.Kind, c.Grant, c.Tenant = KindMicrosoft365, GrantClient, "t" },
			"client_secret":   func(c *Connection) { c.Kind, c.Grant, c.Tenant, c.ClientID = KindMicrosoft365, GrantClient, "t", "c" },
			"folder":          func(c *Connection) { c.Folder = "a*" },
			"processed":       func(c *Connection) { c.Processed = "inbox" },
			"junk":            func(c *Connection) { c.Junk = "INBOX" },
			"begin":           func(c *Connection) { c.Begin = "yesterday" },
			"ca":              func(c *Connection) { c.CA = "hello" },
			"own_domains":     func(c *Connection) { c.OwnDomains = []string{"x y"} },
			"service_account": func(c *Connection) { c.Kind, c.Grant = KindGoogle, GrantService },
		} {
			c := otherServer("helpdesk", "helpdesk@company.example")
			spoil(&c)
			_, err := d.AddConnection(t.Context(), d.admin.Actor(), c)
			wantField(t, err, field)
		}
	})
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	wantKind(t, err, migrations.Invalid)
	if got := migrations.FieldOf(err); got != field {
		t.Fatalf("the problem is at %q (%v), want %q", got, err, field)
	}
}

// The mail of a round trip opens a ticket for who tries, answers nobody and is
// dropped with one call. A stranger who copies its subject gains nothing.
func TestRoundTripOpensATicket(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t, ctx := d.t, d.ctx
		admin := must(d.CreateAccount(ctx, Actor{}, NewAccount{Email: "ines@desk.example", Name: "Ines Admin", Role: Admin}))(t)
		p := must(d.StartRound(ctx, admin.Actor(), d.mailbox.ID))(t)
		_, err := d.ProbeMail(ctx, p)
		wantKind(t, err, migrations.NotFound)
		own := func(subject, id string) Inbound {
			return d.mail(from(d.mailbox.Address), func(in *Inbound) { in.Subject, in.MessageID = subject, id })
		}
		o := d.receive(own(p.Subject(), "rewritten@exchange.example"))
		if o.Fate != FateNew || o.Acks != 0 {
			t.Fatalf("the test mail became %+v", o)
		}
		row := must(d.ProbeMail(ctx, p))(t)
		ticket := must(d.TicketByNumber(ctx, row.TicketNumber))(t)
		if ticket.ClientAddress != admin.Email {
			t.Fatalf("%s is asked for by %q", o.Ticket, ticket.ClientAddress)
		}
		var owed int
		if err := d.db.Get(ctx, &owed, `SELECT count(*) FROM outbox`); err != nil || owed != 0 {
			t.Fatalf("%d mails are owed, %v", owed, err)
		}
		if err := d.EndProbe(ctx, admin.Actor(), p); err != nil {
			t.Fatal(err)
		}
		if got := must(d.TicketByNumber(ctx, row.TicketNumber))(t); got.Stage != Dropped {
			t.Fatalf("the test's ticket is %s", got.Stage)
		}
		if err := d.EndProbe(ctx, admin.Actor(), p); err != nil { // twice does no harm
			t.Fatal(err)
		}
		// The nonce is used up, and what is not ours is held as ever.
		if o := d.receive(own(p.Subject()+" ", "two@exchange.example")); o.Fate != FatePending {
			t.Fatalf("after its end the nonce still opens tickets: %+v", o)
		}
		if o := d.receive(own("helpdeskd mailbox test aaaaaaaaaaaaaaaaaaaaaaaaaa", "three@exchange.example")); o.Fate != FatePending {
			t.Fatalf("a made-up nonce became %+v", o)
		}
	})
}

func TestHeaderTestVerdicts(t *testing.T) {
	const nonce = "abcdefghijklmnopqrstuvwxyz"
	forged := func(id string) string {
		if id != "" {
			id += "; "
		}
		return id + `dmarc=pass reason="` + nonce + `" header.from=company.example`
	}
	for name, c := range map[string]struct {
		h                  HeaderTest
		want               string
		exchange, authserv bool
	}{
		"sent without them":        {HeaderTest{}, HeadersUnmarked, false, false},
		"exchange strips":          {HeaderTest{Marked: true, AuthAs: []string{"Anonymous"}, AuthResults: []string{"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=out.example; dmarc=bestguesspass"}}, HeadersClean, true, false},
		"exchange lets it through": {HeaderTest{Marked: true, AuthAs: []string{"Internal"}, AuthResults: []string{"spf=pass smtp.mailfrom=out.example"}}, HeadersAuthAs, false, false},
		"forged on top":            {HeaderTest{Marked: true, AuthResults: []string{forged(""), "spf=pass"}}, HeadersForged, false, false},
		"below the server's own":   {HeaderTest{Marked: true, ForgedID: "mx.company.example", AuthAs: []string{"Internal"}, AuthResults: []string{"mx.company.example; dmarc=pass", forged("mx.other.example")}}, HeadersClean, false, true},
		"in another name":          {HeaderTest{Marked: true, ForgedID: "company.example", AuthResults: []string{"mx.company.example; dmarc=pass"}}, HeadersOther, false, false},
		"a server that is silent":  {HeaderTest{Marked: true, ForgedID: "mx.company.example"}, HeadersNothing, false, false},
		"a relay that adds none":   {HeaderTest{Marked: true, ForgedID: "mx.company.example", AuthResults: []string{forged("mx.company.example")}}, HeadersForged, false, false},
	} {
		c.h.Nonce = nonce
		if got := c.h.Verdict(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := c.h.Allows(TrustExchange, ""); got != c.exchange {
			t.Errorf("%s: exchange may be trusted: %v", name, got)
		}
		if got := c.h.Allows(TrustAuthserv, "MX.company.example"); got != c.authserv {
			t.Errorf("%s: authserv-id may be trusted: %v", name, got)
		}
		if c.h.Allows(TrustAuthserv, "mx.other.example") || c.h.Allows(TrustNone, "") {
			t.Errorf("%s: allows what it did not show", name)
		}
	}
}

// Headers are believed after a test that shows they are stripped, or on the
// administrator's own word, which stays in the audit.
func TestTrustNeedsAPassedTest(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		withKey(t, d)
		ctx := t.Context()
		c := otherServer("helpdesk", "helpdesk@company.example")
		c.Trust, c.AuthservID = TrustAuthserv, "mx.company.example" // not by this door
		c = must(d.AddConnection(ctx, d.admin.Actor(), c))(t)
		if c.Trust != TrustNone {
			t.Fatalf("made with trust %s", c.Trust)
		}
		c = must(d.EnableConnection(ctx, d.admin.Actor(), c.ID, true, c.Version))(t)
		box := must(d.OpenMailbox(ctx, c.Name, c.Address, Begin{}))(t)
		want := Trusting{Trust: TrustAuthserv, AuthservID: "MX.company.example"}
		_, err := d.TrustConnection(ctx, d.admin.Actor(), c.ID, want, c.Version)
		wantField(t, err, "trust")

		test := func(h HeaderTest) {
			p := must(d.StartHeaders(ctx, d.admin.Actor(), box.ID, "me@outside.example", "mx.company.example"))(t)
			h.Nonce, h.ForgedID, h.Marked = p.Nonce, p.ForgedID, true
			if err := d.RecordHeaderTest(ctx, d.admin.Actor(), p.ID, h); err != nil {
				t.Fatal(err)
			}
		}
		test(HeaderTest{AuthResults: []string{"mx.company.example; dmarc=fail"}})
		c = must(d.TrustConnection(ctx, d.admin.Actor(), c.ID, want, c.Version))(t)
		if c.Trust != TrustAuthserv || c.AuthservID != "mx.company.example" {
			t.Fatalf("trusts %s %s", c.Trust, c.AuthservID)
		}
		// Another server starts from nothing again.
		c.IMAP.Host = "mail2.company.example"
		c = must(d.ChangeConnection(ctx, d.admin.Actor(), c))(t)
		if c.Trust != TrustNone {
			t.Fatal("what one server showed is believed of another")
		}
		// A newer test that failed outweighs the older.
		test(HeaderTest{AuthResults: []string{"mx.company.example; dmarc=pass reason=" + must(d.LastProbe(ctx, box.ID, ProbeHeaders))(t).Nonce}})
		test(HeaderTest{})
		_, err = d.TrustConnection(ctx, d.admin.Actor(), c.ID, want, c.Version)
		wantField(t, err, "trust")
		want.Knowing = true
		c = must(d.TrustConnection(ctx, d.admin.Actor(), c.ID, want, c.Version))(t)
		var became string
		if err := d.db.Get(ctx, &became, `SELECT became FROM event WHERE kind = 'trust' ORDER BY id DESC LIMIT 1`); err != nil || became != "authserv-id untested" {
			t.Fatalf("the audit says %q, %v", became, err)
		}
	})
}

// Several open pages find the mail of a header test: it is recorded once.
func TestAHeaderTestIsRecordedOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		box := must(d.OpenMailbox(ctx, "helpdesk", "helpdesk@company.example", Begin{}))(t)
		p := must(d.StartHeaders(ctx, d.admin.Actor(), box.ID, "me@outside.example", "mx.company.example"))(t)
		for _, nonce := range []string{p.Nonce, "another", p.Nonce} {
			if err := d.RecordHeaderTest(ctx, d.admin.Actor(), p.ID, HeaderTest{Nonce: nonce, Marked: true}); err != nil {
				t.Fatal(err)
			}
		}
		p = must(d.LastProbe(ctx, box.ID, ProbeHeaders))(t)
		var events int
		if err := d.DB().Get(ctx, &events, `SELECT count(*) FROM event WHERE kind = 'headers_tested'`); err != nil {
			t.Fatal(err)
		}
		if h := p.Headers(); events != 1 || h == nil || h.Nonce != p.Nonce {
			t.Errorf("%d events, and it says %+v", events, h)
		}
		if err := d.RecordHeaderTest(ctx, d.admin.Actor(), p.ID+1, HeaderTest{}); migrations.KindOf(err) != migrations.NotFound {
			t.Errorf("a test that there is not: %v", err)
		}
	})
}
