package tracker

import (
	"fmt"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker/csvfile"
)

func (d *mailDesk) peopleFile(text string) *csvfile.File {
	d.t.Helper()
	return must(csvfile.Open([]byte(text), 0))(d.t)
}

// takes imports a file as its dry run says.
func (d *mailDesk) takes(text string) (*PeoplePlan, error) {
	d.t.Helper()
	p := must(d.CheckPeople(d.ctx, d.peopleFile(text)))(d.t)
	_, err := d.ImportPeople(d.ctx, Actor{}, 7, d.peopleFile(text), p.Lines(), nil)
	return p, err
}

func TestPeopleAreImported(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t := d.t
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		ines := d.technician("ines@desk.example")
		gone := must(d.AddClient(d.ctx, Actor{}, Address{Name: "Gone", Address: "gone@client.example"}, ClientChange{}))(t)
		_ = gone
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "gone@client.example"}, nil))
		bo := must(d.AddClient(d.ctx, Actor{}, Address{Name: "Bo", Address: "bo@client.example"}, ClientChange{}))(t)
		text := "Vorname;Nachname;E-Mail;Aliases;Abteilung;Telefon;VIP\r\n" +
			"Anna;Berg;anna@aldermere.example;smtp:a.berg@aldermere.example;Finanz;12;ja\r\n" + // 2: is there, changes
			"Anna;Berg;another.anna@client.example;;Sales;;nein\r\n" + // 3: a name alone is nobody
			"Mallory;Evil;mallory@client.example;" + ines.Email + ";;;\r\n" + // 4: a technician's address
			"Gone;Again;gone@client.example;;;;\r\n" + // 5: somebody erased
			"Desk;Itself;" + d.mailbox.Address + ";;;;\r\n" + // 6
			"Two;People;anna@aldermere.example, bo@client.example;;;;\r\n" + // 7
			"Again;Anna;a.berg@aldermere.example;;;;\r\n" + // 8: named in row 2
			";;nameless@client.example;;;;\r\n" + // 9
			"No;Address;;;;;\r\n" + // 10
			"Bad;Address;not an address;;;;maybe\r\n" + // 11
			"=cmd|' /C calc'!A0;+1;formula@client.example;;@SUM(A1);-5;x\r\n" // 12
		p, err := d.takes(text)
		d.ok(err)
		if p.New != 2 || p.Changed != 1 || p.Same != 0 || p.Bad != 8 || p.Good() != 3 {
			t.Fatalf("%d new, %d changed, %d same, %d bad: %+v", p.New, p.Changed, p.Same, p.Bad, p.Problems)
		}
		var why strings.Builder
		for _, x := range p.Problems {
			fmt.Fprintf(&why, "%d %s: %s\n", x.Row, x.Field, x.Message)
		}
		for _, want := range []string{"4 addresses: With this address", "5 addresses: Whoever had", "6 addresses: This is the address of the helpdesk", "7 addresses: This row has addresses of two people", "8 addresses: Row 2 has", "9 name: There is no name", "10 addresses: There is no address", "11 high: “maybe”"} {
			if !strings.Contains(why.String(), want) {
				t.Errorf("no %q in\n%s", want, why.String())
			}
		}
		anna := d.person("a.berg@aldermere.example")
		if anna.ID != d.person("anna@aldermere.example").ID || anna.Name != "Anna Berg" || anna.Department != "Finanz" || !anna.HighManagement {
			t.Errorf("%+v", anna)
		}
		if profile := must(d.ClientProfile(d.ctx, anna.ID, d.now.Location()))(t); profile.Addresses[0].Address != "anna@aldermere.example" {
			t.Errorf("the main address is %+v now", profile.Addresses)
		}
		if d.person("another.anna@client.example").ID == anna.ID {
			t.Error("two people were made one by their name")
		}
		for _, nobody := range []string{"mallory@client.example", "gone@client.example", d.mailbox.Address} {
			if _, err := d.ClientByAddress(d.ctx, nobody); migrations.KindOf(err) != migrations.NotFound {
				t.Errorf("%s is somebody: %v", nobody, err)
			}
		}
		if c := d.person("bo@client.example"); c.ID != bo.ID || c.Version != bo.Version {
			t.Errorf("%+v", c)
		}
		// The second run finds everything as it is; so does what was exported.
		again := must(d.CheckPeople(d.ctx, d.peopleFile(text)))(t)
		if again.New+again.Changed != 0 || again.Same != 3 {
			t.Errorf("the second run: %d new, %d changed, %d same", again.New, again.Changed, again.Same)
		}
		var out strings.Builder
		d.ok(d.ExportPeople(d.ctx, Actor{}, ClientFilter{}, &out))
		if strings.Contains(out.String(), ",=") || strings.Contains(out.String(), "\n=") || strings.Contains(out.String(), ",@") || strings.Contains(out.String(), ",-") {
			t.Errorf("formulas leave:\n%s", out.String())
		}
		back := must(d.CheckPeople(d.ctx, d.peopleFile(out.String())))(t)
		if back.New+back.Changed+back.Bad != 0 || back.Same != 4 {
			t.Errorf("what was exported: %d new, %d changed, %d bad, %d same: %+v", back.New, back.Changed, back.Bad, back.Same, back.Problems)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'people_exported'`); n != 1 {
			t.Errorf("%d exports are in the audit", n)
		}
		if got := must(d.PeopleImported(d.ctx, 7))(t); got != (PeopleDone{New: 2, Changed: 1, Left: 8}) {
			t.Errorf("%+v", got)
		}
		// Whoever changed meanwhile is not overwritten.
		text = "name,addresses\nAnna B.,anna@aldermere.example\n"
		plan := must(d.CheckPeople(d.ctx, d.peopleFile(text)))(t)
		phone := "99"
		_, err = d.UpdateClient(d.ctx, Actor{}, anna.ID, ClientChange{Phone: &phone}, -1)
		d.ok(err)
		_, err = d.ImportPeople(d.ctx, Actor{}, 8, d.peopleFile(text), plan.Lines(), nil)
		d.kindIs(err, migrations.Conflict)
		d.sound()
	})
}

func TestPeopleFilesThatAreOdd(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t := d.t
		for text, want := range map[string]string{
			"name,department\nAnna,Finance\n": "no address",
			"\xff\xfeN\x00a\x00m\x00e\x00\t\x00M\x00a\x00i\x00l\x00\n\x00A\x00\t\x00a\x00@\x00b\x00.\x00e\x00x\x00\n\x00": "1 new",
			"Titel\n\nPr\xe9nom;Courriel\nJos\xe9;jose@client.example\n":                                                  "1 new",
		} {
			p := must(d.CheckPeople(d.ctx, d.peopleFile(text)))(t)
			if got := map[bool]string{true: "no address", false: fmt.Sprintf("%d new", p.New)}[p.NoAddress]; got != want {
				t.Errorf("%q: %s, want %s", text, got, want)
			}
		}
		many := "addresses\n" + strings.Repeat("x\n", MaxPeopleRows+1)
		if _, err := d.CheckPeople(d.ctx, d.peopleFile(many)); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("%v", err)
		}
		wide := "name,addresses\n" + strings.Repeat("n", 30_000) + "," + strings.Repeat("a@b.example;", 2000) + "\n"
		if p := must(d.CheckPeople(d.ctx, d.peopleFile(wide)))(t); p.Bad != 1 {
			t.Errorf("%+v", p.Problems)
		}
	})
}
