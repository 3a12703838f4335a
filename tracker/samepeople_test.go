package tracker

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// person returns whose address this is.
func (d *mailDesk) person(address string) Client {
	d.t.Helper()
	return must(d.ClientByAddress(d.ctx, address))(d.t)
}

// same merges two people as they are.
func (d *mailDesk) same(from, into Client, take ...string) (Client, error) {
	from, into = must(d.ClientByID(d.ctx, from.ID))(d.t), must(d.ClientByID(d.ctx, into.ID))(d.t)
	return d.MergePeople(d.ctx, Actor{}, SamePerson{From: from.ID, Into: into.ID, FromVersion: from.Version, IntoVersion: into.Version, Take: take})
}

var clientColumn = regexp.MustCompile(`^\s+(\w*(?:client|holder)_id)\s+BIGINT`)

// namesClient returns every column of the schema that names a client. A new
// one has to be handled in MergePeople.
func namesClient(t *testing.T) (all [][2]string) {
	t.Helper()
	text, err := os.ReadFile("../migrations/sqlite/00001_initial.sql")
	if err != nil {
		t.Fatal(err)
	}
	table := ""
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "CREATE TABLE "); ok {
			table, _, _ = strings.Cut(rest, " ")
		}
		if m := clientColumn.FindStringSubmatch(line); m != nil {
			all = append(all, [2]string{table, m[1]})
		}
	}
	if len(all) < 15 {
		t.Fatalf("the schema has only %v", all)
	}
	return all
}

// annaTwice is annaEverywhere, and Anna again under another address, with
// everything that names a person.
func annaTwice(d *mailDesk) (anna, second Client) {
	annaEverywhere(d)
	boss := must(d.AccountByEmail(d.ctx, "ines@desk.example"))(d.t)
	by := Actor{AccountID: boss.ID}
	d.want(d.receive(d.mail(from("anna.berg@aldermere.example"), says("The quetzal screen, from my other address."))), FateNew, "HD-4", 1)
	_, err := d.AddParticipant(d.ctx, by, 2, Address{Address: "anna.berg@aldermere.example"})
	d.ok(err)
	_, err = d.AddParticipant(d.ctx, by, 1, Address{Address: "anna.berg@aldermere.example"})
	d.ok(err)
	anna, second = d.person("anna@aldermere.example"), d.person("anna.berg@aldermere.example")
	third := d.ticketOf(3)
	_, err = d.SetFor(d.ctx, by, 3, second.ID, third.Version)
	d.ok(err)
	d.ok(d.Link(d.ctx, by, Thing{KindClient, second.ID}, Thing{KindTicket, d.ticketOf(2).ID}))
	d.ok(d.Link(d.ctx, by, Thing{KindClient, anna.ID}, Thing{KindTicket, d.ticketOf(2).ID}))
	d.ok(d.Link(d.ctx, by, Thing{KindClient, second.ID}, Thing{KindClient, anna.ID}))
	d.ok(d.Link(d.ctx, by, Thing{KindClient, second.ID}, Thing{KindTicket, third.ID}))
	carl := d.person("carl@client.example")
	d.ok(d.NotSamePerson(d.ctx, by, second.ID, carl.ID))
	for _, q := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO client_link (hash, ticket_id, client_id, outbox_id, expires_at, created_at) SELECT 'h', ?, ?, MIN(id), 1, 1 FROM outbox`, []any{d.ticketOf(4).ID, second.ID}},
		{`INSERT INTO client_code (challenge, client_id, expires_at, created_at) VALUES ('c', ?, 1, 1)`, []any{second.ID}},
		{`INSERT INTO client_session (hash, client_id, expires_at, created_at) VALUES ('s', ?, 1, 1)`, []any{second.ID}},
		{`INSERT INTO satisfaction (ticket_id, client_id, score, comment, at) VALUES (?, ?, 1, 'older quetzal', 5)`, []any{d.ticketOf(1).ID, anna.ID}},
		{`INSERT INTO satisfaction (ticket_id, client_id, score, comment, at) VALUES (?, ?, 3, 'newer', 9)`, []any{d.ticketOf(1).ID, second.ID}},
		{`INSERT INTO satisfaction (ticket_id, client_id, score, at) VALUES (?, ?, 2, 9)`, []any{d.ticketOf(4).ID, second.ID}},
		{`INSERT INTO recurrence (key, client_id, at) VALUES ('person:' || CAST(? AS TEXT) || ':3', ?, 1)`, []any{second.ID, second.ID}},
		{`INSERT INTO recurrence (key, client_id, at) VALUES ('person:' || CAST(? AS TEXT) || ':4', ?, 1)`, []any{second.ID, second.ID}},
		{`INSERT INTO recurrence (key, client_id, at) VALUES ('person:' || CAST(? AS TEXT) || ':4', ?, 2)`, []any{anna.ID, anna.ID}},
		{`INSERT INTO former_address (address, client_id, removed_at) VALUES ('quetzal-old@aldermere.example', ?, 1)`, []any{second.ID}},
		{`INSERT INTO saved_view (account_id, list, name, query, created_at) VALUES (?, 'tickets', 'Hers', 'client=' || CAST(? AS TEXT) || '&level=2', 1)`, []any{boss.ID, second.ID}},
	} {
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, q.query, q.args...)
			return err
		}))
	}
	return anna, second
}

func TestTwoPeopleAreOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newMailDesk(t, db)
		anna, second := annaTwice(d)
		dept, high := "Finance", true
		_, err := d.UpdateClient(d.ctx, Actor{}, second.ID, ClientChange{Department: &dept, HighManagement: &high}, -1)
		d.ok(err)
		d.send()
		before := d.count(`SELECT count(*) FROM message WHERE client_id IN (?, ?)`, anna.ID, second.ID)

		stale := must(d.ClientByID(d.ctx, second.ID))(t)
		_, err = d.MergePeople(d.ctx, Actor{}, SamePerson{From: second.ID, Into: anna.ID, FromVersion: stale.Version - 1, IntoVersion: anna.Version})
		d.kindIs(err, migrations.Conflict)
		_, err = d.same(anna, anna)
		d.kindIs(err, migrations.Invalid)
		one, err := d.same(second, anna, PersonDepartment, PersonHigh)
		d.ok(err)
		if one.ID != anna.ID || one.Name != "Anna Berg" || one.Department != "Finance" || !one.HighManagement {
			t.Errorf("they are %+v", one)
		}
		for _, c := range namesClient(t) {
			if n := d.count(`SELECT count(*) FROM `+c[0]+` WHERE `+c[1]+` = ?`, second.ID); n != 0 {
				t.Errorf("%d rows of %s.%s name who was merged", n, c[0], c[1])
			}
		}
		for query, want := range map[string]int{
			`SELECT count(*) FROM ticket WHERE client_id = ?`:                                                      2,
			`SELECT count(*) FROM participant WHERE client_id = ?`:                                                 1,
			`SELECT count(*) FROM message WHERE client_id = ?`:                                                     before,
			`SELECT count(*) FROM ticket WHERE for_client_id = ?`:                                                  1,
			`SELECT count(*) FROM client_address WHERE client_id = ?`:                                              2,
			`SELECT count(*) FROM satisfaction WHERE client_id = ?`:                                                2,
			`SELECT count(*) FROM recurrence WHERE client_id = ?`:                                                  2,
			`SELECT count(*) FROM not_same WHERE a_id = ? OR b_id = ?`:                                             1,
			`SELECT count(*) FROM client WHERE merged_into_id = ?`:                                                 1,
			`SELECT count(*) FROM event WHERE kind = 'merged_from' AND subject_id = ?`:                             1,
			`SELECT count(*) FROM link WHERE (a_kind = 'client' AND a_id = ?) OR (b_kind = 'client' AND b_id = ?)`: 2,
		} {
			if n := d.count(query, []any{anna.ID, anna.ID}[:strings.Count(query, "?")]...); n != want {
				t.Errorf("%d, want %d: %s", n, want, query)
			}
		}
		if n := d.count(`SELECT count(*) FROM satisfaction WHERE comment = 'newer'`); n != 1 {
			t.Error("the later word about a ticket is lost")
		}
		if n := d.count(`SELECT count(*) FROM saved_view WHERE query LIKE 'client=` + clientRef(anna.ID)[7:] + `&%'`); n != 1 {
			t.Error("a saved view shows nobody now")
		}
		d.sound()
		// The old id names whom they are, is found no more, and takes nothing new.
		old := must(d.ClientByID(d.ctx, second.ID))(t)
		if old.MergedIntoID != anna.ID || old.Name != "" {
			t.Errorf("who was merged is %+v", old)
		}
		if list := must(d.ClientsByID(d.ctx, []int64{second.ID}))(t); len(list) != 1 || list[0].Name != "Anna Berg" {
			t.Errorf("events name %+v", list)
		}
		_, err = d.UpdateClient(d.ctx, Actor{}, second.ID, ClientChange{Department: &dept}, -1)
		d.kindIs(err, migrations.Invalid)
		if _, err = d.same(second, anna); err != nil { // once more is done already
			t.Error(err)
		}
		_, err = d.same(d.person("carl@client.example"), second)
		d.kindIs(err, migrations.Invalid)
		_, err = d.IndexPending(d.ctx, nil)
		d.ok(err)
		for _, words := range []string{"Anna Berg", "anna.berg"} {
			if list, _, err := d.ListClients(d.ctx, ClientFilter{Text: words}, "", 10); err != nil || len(list) != 1 || list[0].ID != anna.ID {
				t.Errorf("%s finds %+v, %v", words, list, err)
			}
		}
		// Mail from the other address is hers, and joins what she takes part in.
		d.want(d.receive(d.mail(from("anna.berg@aldermere.example"), says("The quetzal mouse."))), FateNew, "HD-5", 1)
		if got := d.ticketOf(5); got.ClientID != anna.ID || got.ClientAddress != "anna.berg@aldermere.example" {
			t.Errorf("a new request is %+v", got)
		}
		// Who is merged further leads on, and erasing takes all that was of either.
		third := must(d.AddClient(d.ctx, Actor{}, Address{Name: "A. Berg", Address: "berg@client.example"}, ClientChange{}))(t)
		_, err = d.same(anna, third, PersonName)
		d.ok(err)
		if c := must(d.ClientByID(d.ctx, second.ID))(t); c.MergedIntoID != third.ID {
			t.Errorf("the first leads to %d, want %d", c.MergedIntoID, third.ID)
		}
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "berg@client.example"}, nil))
		d.nothingLeft(t, "quetzal", "anna@aldermere", "anna.berg", "Anna Berg", "berg@client", "A. Berg")
		_, err = d.same(d.person("carl@client.example"), third)
		d.kindIs(err, migrations.Invalid)
		d.sound()
	})
}

// TestTwoMergeAtOnce: of several that make the same people one in different
// directions one wins, and a mail that comes meanwhile is nobody's who is gone.
func TestTwoMergeAtOnce(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from("anna.berg@aldermere.example"))), FateNew, "HD-2", 1)
		a, b := d.person("anna@aldermere.example"), d.person("anna.berg@aldermere.example")
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				m := SamePerson{From: a.ID, Into: b.ID, FromVersion: a.Version, IntoVersion: b.Version}
				switch i {
				case 1:
					m.From, m.Into, m.FromVersion, m.IntoVersion = b.ID, a.ID, b.Version, a.Version
				case 2:
					_, errs[i] = d.AddParticipant(d.ctx, Actor{}, 1, Address{Address: "anna.berg@aldermere.example"})
					return
				case 3:
					_, errs[i] = d.AddParticipant(d.ctx, Actor{}, 2, Address{Address: "anna@aldermere.example"})
					return
				}
				_, errs[i] = d.MergePeople(d.ctx, Actor{}, m)
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			d.t.Errorf("both or neither: %v, %v", errs[0], errs[1])
		}
		if err := errors.Join(errs[2:]...); err != nil {
			d.t.Error(err)
		}
		gone := d.count(`SELECT id FROM client WHERE merged_into_id IS NOT NULL`)
		for _, c := range namesClient(d.t) {
			if n := d.count(`SELECT count(*) FROM `+c[0]+` WHERE `+c[1]+` = ?`, gone); n != 0 {
				d.t.Errorf("%d rows of %s.%s name who was merged", n, c[0], c[1])
			}
		}
		d.sound()
	})
}

func TestSeveralAddresses(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t := d.t
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(from("carl@client.example"))), FateNew, "HD-2", 1)
		anna := d.person("anna@aldermere.example")
		for _, bad := range []string{"", "no address", "carl@client.example", "anna@aldermere.example", d.mailbox.Address} {
			_, err := d.AddAddress(d.ctx, Actor{}, anna.ID, bad, -1)
			d.kindIs(err, migrations.Invalid)
		}
		_, err := d.RemoveAddress(d.ctx, Actor{}, anna.ID, "anna@aldermere.example", -1)
		d.kindIs(err, migrations.Invalid) // the last one
		now, err := d.AddAddress(d.ctx, Actor{}, anna.ID, " Zoe.Berg@Client.example ", anna.Version)
		d.ok(err)
		_, err = d.SetMainAddress(d.ctx, Actor{}, anna.ID, "zoe.berg@client.example", anna.Version)
		d.kindIs(err, migrations.Conflict)
		now, err = d.SetMainAddress(d.ctx, Actor{}, anna.ID, "zoe.berg@client.example", now.Version)
		d.ok(err)
		_, err = d.SetMainAddress(d.ctx, Actor{}, anna.ID, "carl@client.example", now.Version)
		d.kindIs(err, migrations.Invalid)
		if p, err := d.ClientProfile(d.ctx, anna.ID, d.now.Location()); err != nil || p.Addresses[0].Address != "zoe.berg@client.example" || !p.Addresses[0].Main || len(p.Addresses) != 2 {
			t.Errorf("%+v, %v", p.Addresses, err)
		}
		if list, _, err := d.Clients(d.ctx, "", "", 10); err != nil || list[0].Address != "zoe.berg@client.example" {
			t.Errorf("%+v, %v", list, err)
		}
		// An open ticket is answered to where it was asked from; without that address, to the main one.
		if tk := d.ticketOf(1); tk.ClientAddress != "anna@aldermere.example" {
			t.Errorf("answers go to %s", tk.ClientAddress)
		}
		if n := must(d.AddressUse(d.ctx, anna.ID, "Anna@aldermere.example"))(t); n != 1 {
			t.Errorf("%d open tickets use it", n)
		}
		_, err = d.RemoveAddress(d.ctx, Actor{}, anna.ID, "anna@aldermere.example", now.Version)
		d.ok(err)
		if tk := d.ticketOf(1); tk.ClientAddress != "zoe.berg@client.example" {
			t.Errorf("answers go to %s", tk.ClientAddress)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'client' AND subject_id = ? AND kind LIKE 'address_%' AND was = '' AND became = ''`, anna.ID); n != 3 {
			t.Errorf("%d events tell of addresses", n)
		}
		// Erasing looks for the address that she had, too.
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "zoe.berg@client.example"}, nil))
		d.nothingLeft(t, "anna@aldermere", "zoe.berg")
		d.sound()
	})
}

func TestWhoLooksLikeOnePerson(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t := d.t
		add := func(name, address string) Client {
			return must(d.AddClient(d.ctx, Actor{}, Address{Name: name, Address: address}, ClientChange{}))(t)
		}
		d.technician("ines@second.example")
		ours := d.mailbox.Address[strings.IndexByte(d.mailbox.Address, '@'):]
		a, b := add("José Vidal", "jv@client.example"), add("JOSE  VIDAL", "jose@client.example")
		x, y := add("K. Lund", "kim"+ours), add("Kim Lund", "kim@second.example")
		add("Kim Other", "kim@elsewhere.example")
		pairs := must(d.AlikePeople(d.ctx, 10))(t)
		if len(pairs) != 2 || pairs[0].A.ID != a.ID || pairs[0].B.ID != b.ID || pairs[0].Why != AlikeName || pairs[1].A.ID != x.ID || pairs[1].B.ID != y.ID || pairs[1].Why != AlikeAddress || pairs[1].AtA != "kim"+ours {
			t.Fatalf("%+v", pairs)
		}
		d.ok(d.NotSamePerson(d.ctx, Actor{}, y.ID, x.ID))
		d.ok(d.NotSamePerson(d.ctx, Actor{}, x.ID, y.ID))
		_, err := d.same(b, a)
		d.ok(err)
		if pairs = must(d.AlikePeople(d.ctx, 10))(t); len(pairs) != 0 {
			t.Errorf("%+v", pairs)
		}
		d.sound()
	})
}
