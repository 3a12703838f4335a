package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

func (d *desk) file(text string) *csvfile.File {
	d.t.Helper()
	return must(csvfile.Open([]byte(text), 0))(d.t)
}

func (d *desk) check(text string, o ImportOptions) *ImportPlan {
	d.t.Helper()
	return must(d.CheckImport(d.t.Context(), d.file(text), o))(d.t)
}

// bring checks a file and imports it.
func (d *desk) bring(text string, o ImportOptions) ImportDone {
	d.t.Helper()
	p := d.check(text, o)
	if p.Bad > 0 && !o.SkipBad {
		d.t.Fatalf("problems: %+v", p.Problems)
	}
	return must(d.Import(d.t.Context(), d.ben, 4711, d.file(text), o, p.Lines(), nil))(d.t)
}

// address gives a person a mail address.
func (d *desk) address(client int64, address string) {
	d.t.Helper()
	err := d.db.Tx(d.t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(d.t.Context(), `INSERT INTO client_address (address, client_id, created_at) VALUES (?, ?, 1)`, address, client)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// counts are how many rows every table has.
func (d *desk) counts() string {
	d.t.Helper()
	var tables []string
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_words%' AND name NOT LIKE 'sqlite%' ORDER BY name`
	if d.db.Engine == migrations.Postgres {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
	}
	if err := d.db.Select(d.t.Context(), &tables, query); err != nil {
		d.t.Fatal(err)
	}
	if len(tables) < 20 {
		d.t.Fatalf("only the tables %v", tables)
	}
	var b strings.Builder
	for _, table := range tables {
		var n int
		if err := d.db.Get(d.t.Context(), &n, `SELECT count(*) FROM `+table); err != nil {
			d.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d\n", table, n)
	}
	return b.String()
}

func (d *desk) export() string {
	d.t.Helper()
	var b bytes.Buffer
	if err := d.ExportAssets(d.t.Context(), AssetFilter{Gone: true}, &b); err != nil {
		d.t.Fatal(err)
	}
	return b.String()
}

func TestHeadersOfOtherPrograms(t *testing.T) {
	for name, c := range map[string]struct{ head, want string }{
		"ours":            {strings.Join(assetHeaders, ","), "tag,category,manufacturer,model,serial,hostname,purpose,specs,reference,status,location,holder,holder_mail,quantity,purchased_on,cost,estimated_value,currency,warranty_until,end_of_life_on,import_ref"},
		"technical names": {"tag,model,purchased_on,warranty_until,import_ref,ESTIMATED_VALUE", "tag,model,purchased_on,warranty_until,import_ref,estimated_value"},
		"Snipe-IT sample": {"Company,Name,Asset Tag,Category,Supplier,Manufacturer,Location,Order Number,Model,Model Notes,Model Number,Asset Notes,Purchase Date,Purchase Cost,Checkout Type,Checked Out To: Username,Checked Out To: First Name,Checked Out To: Last Name,Checked Out To: Email,Checked Out To: Location,Asset EOL Date",
			",hostname,tag,category,,manufacturer,location,reference,model,spec,spec,purpose,purchased_on,cost,,holder,holder_first,holder_last,holder_mail,,end_of_life_on"},
		"Snipe-IT report": {"Company,Asset Name,Asset Tag,Model,Model No.,Category,Manufacturer,Serial,Purchased,Cost,EOL,Warranty,Warranty Expires,Current Value,Default Location,Checked Out,Type,Username,Status",
			",hostname,tag,model,spec,category,manufacturer,serial,purchased_on,cost,end_of_life_on,,warranty_until,estimated_value,location,holder,,,status"},
		"GLPI": {"Name,Entity,Status,Manufacturer,Serial number,Type,Model,Operating System - Name,Location,Last update,Processor,Inventory number,User,Group,Alternate username,UUID,Comments",
			"hostname,,status,manufacturer,serial,category,model,spec,location,,spec,tag,holder,,,spec,purpose"},
		"GLPI financial":    {"Name,Model,Order number,Invoice number,Date of purchase,Warranty duration,Warranty expiration date,Supplier,Value,Decommission date", "hostname,model,reference,,purchased_on,warranty_months,warranty_until,,cost,end_of_life_on"},
		"Odoo quant":        {"Product,Location,Lot/Serial Number,Package,Owner,On Hand Quantity,Available,Reserved Quantity,Unit,Company", "model,location,serial,,holder,quantity,,,,"},
		"Odoo equipment":    {"Equipment Name,Owner,Assigned Date,Serial Number,Technician,Equipment Category,Vendor,Vendor Reference,Model,Effective Date,Cost,Warranty Expiration Date,Scrap Date,Location,Used By,Assigned to Employee", "purpose,,,serial,,category,,reference,model,purchased_on,cost,warranty_until,end_of_life_on,location,,holder"},
		"Odoo, fewer":       {"Equipment Name,Serial Number,Warranty,Used By", "model,serial,warranty_until,holder"},
		"German":            {"Inventarnr.,Typ,Hersteller,Modell,Seriennr.,Rechnername,Standort,Benutzer,E-Mail,Kaufdatum,Garantie bis,Preis,Anzahl,Bemerkung", "tag,category,manufacturer,model,serial,hostname,location,holder,holder_mail,purchased_on,warranty_until,cost,quantity,purpose"},
		"German, otherwise": {"Inventarnummer,Gerätetyp,Marke,Bezeichnung,Seriennummer,Raum,Mitarbeiter,Anschaffungsdatum,Garantieende,Anschaffungskosten,Menge,Status", "tag,category,manufacturer,model,serial,location,holder,purchased_on,warranty_until,cost,quantity,status"},
		"French":            {"N° d'inventaire,Type,Fabricant,Modèle,N° de série,Emplacement,Utilisateur,Date d'achat,Fin de garantie,Prix,Quantité,Remarques", "tag,category,manufacturer,model,serial,location,holder,purchased_on,warranty_until,cost,quantity,purpose"},
		"nothing we know":   {"foo,bar", ","},
		"twice and strange": {"Serial, SERIAL NUMBER ,mod\u200bel,Modele2,Model", "serial,,,,model"},
	} {
		var got []string
		for _, f := range guessFields(strings.Split(c.head, ",")) {
			got = append(got, string(f))
		}
		if g := strings.Join(got, ","); g != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, g, c.want)
		}
	}
}

func TestImportedValues(t *testing.T) {
	for in, want := range map[string]string{"2026-11-22": "2026-11-22", "22.11.2026": "2026-11-22", "1. 2. 2026": "2026-02-01", "3/4/2026": "2026-04-03", "3/4/26": "2026-04-03", "22-11-2026": "2026-11-22", "2026-11-22 10:30:00": "2026-11-22",
		"2026-11-22T10:30:00Z": "2026-11-22", "22 Nov 2026": "2026-11-22", "Nov 2, 2026": "2026-11-02", "3/4/98": "1998-04-03", "": "", "0000-00-00": ""} {
		if got, err := importDay(in, DayFirst); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", in, got, err, want)
		}
	}
	if got, _ := importDay("3/4/2026", MonthFirst); got != "2026-03-04" {
		t.Error(got)
	}
	for _, in := range []string{"30.2.2026", "2026-13-01", "2026-02-30", "soon", "31/31/2026", "1.1.1066", "=1+1", "12/2026"} {
		if got, err := importDay(in, DayFirst); err == nil {
			t.Errorf("%q is %q", in, got)
		}
	}
	for in, want := range map[string]string{"1299.5": "129950 ", "1.299,50 €": "129950 EUR", "$1,299.50": "129950 USD", "CHF 1'299.50": "129950 CHF", "1 299,50": "129950 ", "0": "0 ", "£12": "1200 GBP", "12,-": "1200 ", "1.299": "129900 ", "12 kr": "1200 "} {
		minor, named, err := importMoney(in, "EUR")
		if got := fmt.Sprintf("%d %s", minor, named); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"-5", "about 12", "12 pieces", "1.2.3", "=1+1", "free", "1e9"} {
		if minor, _, err := importMoney(in, "EUR"); err == nil {
			t.Errorf("%q is %d", in, minor)
		}
	}
	for in, want := range map[string]int64{"3": 3, "3.00": 3, "1,000": 1000, "1.000": 1000, "0": 0, "2,0": 2} {
		if got, err := importQuantity(in); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"-1", "1.5", "many", "9999999999", "1,00,0"} {
		if got, err := importQuantity(in); err == nil {
			t.Errorf("%q is %d", in, got)
		}
	}
	for in, want := range map[string]Category{"Laptops": "computer", "LCD Monitor": "screen", "computer": "computer", "Audio-visual": "audio_visual", "IT / Servers": "server", "Mobile Phones": "phone", "Access point": "network", "Chairs": "other"} {
		if got, _ := importCategory(in); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

// TestDryRunWritesNothing, and says every problem at its row, field and value.
func TestDryRunWritesNothing(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.address(d.anna, "anna.lind@desk.example")
		d.client("Twin Name")
		d.client("Twin Name")
		old := d.register(AssetEdit{Tag: "IT-1", Serial: "S1"}, 1)
		text := "Tag;Manufacturer;Model;Serial;Status;Location;Holder;Quantity;Purchased on;Cost;Import ref\r\n" +
			"IT-2;Nordfell;Book 14;S2;stowed;Depot;;;2026-01-31;1.299,00;a\r\n" + // 2
			"IT-3;Nordfell;Book 14;s 1;stowed;Depot;;;;;\r\n" + // 3: that of IT-1
			"IT-4;Nordfell;Book 14;S2;stowed;Depot;;;;;\r\n" + // 4: twice
			"it-2;Nordfell;Book 15;S9;stowed;Depot;;;;;\r\n" + // 5: tag twice
			"IT-6;Nordfell;Book 15;S6;lent;Depot;;;31.02.2026;-3;\r\n" + // 6: status, date, cost
			"IT-7;Nordfell;Mouse;;stowed;Depot;;-4;;;\r\n" + // 7
			"IT-8;Nordfell;Mouse;S8;stowed;Depot;;2;;;\r\n" + // 8
			"IT-9;Nordfell;;;stowed;Depot;;;;;\r\n" + // 9: no model
			"IT-10;Nordfell;Book 14;;deployed;;Nobody Known;;;;\r\n" + // 10
			"IT-11;Nordfell;Book 14;;deployed;;nobody@else.example;;;;\r\n" + // 11
			"IT-12;Nordfell;Book 14;;deployed;;Twin Name;;;;\r\n" + // 12
			"IT-13;Nordfell;Book 14;;stowed;;;;;;\r\n" + // 13: no place
			"IT-14;Nordfell;Book 14;;stowed;Fixit;;;;;\r\n" + // 14: a vendor
			"IT-15;Nordfell;" + strings.Repeat("x", 200) + ";;stowed;Depot;;;;;\r\n" + // 15
			"IT-1;Contoso;Screen;Z9;stowed;Depot;;;;;\r\n" + // 16: another thing
			"IT-17;Nordfell;Book 14;;stowed;Depot;;;;;;;too;many\r\n" + // 17
			"IT-18;Nordfell;Book 14;;stowed;Depot;Anna Lind;;;;\r\n" + // 18: stowed with somebody
			"IT-19;Nordfell;New one;;deployed;Main site > Attic;Anna Lind <ANNA.lind@desk.example>;;;;b\r\n" + // 19
			"IT-20;Nordfell;Mouse;;stowed;store room;;40;;;\r\n" + // 20: by the place's name alone
			"IT-21;Nordfell;Book 14;;;;nobody@else.example;;;;\r\n" + // 21: one thing is wrong, not two
			";;;;;;;;;;\r\n\r\n"
		before := d.counts()
		p := d.check(text, ImportOptions{})
		if after := d.counts(); after != before {
			t.Fatalf("the dry run wrote:\n%s\nbefore\n%s", after, before)
		}
		var got []string
		for _, w := range p.Problems {
			got = append(got, fmt.Sprintf("%d %s %q %s", w.Row, w.Field, clip(w.Value, 19), clip(w.Message, 60)))
		}
		want := []string{
			`3 serial "s 1" The serial number S1 is already that of IT-1, which is the s…`,
			`4 serial "S2" Row 2 has this serial number for the same model too.`,
			`5 tag "it-2" Row 2 has this tag too.`,
			`6 cost "-3" An amount can not be below 0.`,
			`6 purchased_on "31.02.2026" There is no day 31.02.2026 in the calendar.`,
			`6 status "lent" “lent” is not a status that is known. Use stowed, deployed, …`,
			`7 quantity "-4" A quantity can not be negative.`,
			`8 quantity "2" A thing with a serial number is one thing, not 2.`,
			`9 model "" What is it? A new asset needs a model.`,
			`10 holder "Nobody Known" There is nobody called Nobody Known here. Give the mail addr…`,
			`11 holder "nobody@else.example" Nobody here has the address nobody@else.example.`,
			`12 holder "Twin Name" There are 2 people called Twin Name. Give the mail address.`,
			`13 location "" Where is it stowed? A place is missing.`,
			`14 location "Fixit" Fixit is a vendor: nothing is stowed there.`,
			`15 model "xxxxxxxxxxxxxxxxxxx…" The model's name has 200 characters, 100 are the most.`,
			`16 tag "IT-1" IT-1 is another thing here: Nordfell Book 14 with the serial…`,
			`17  "too" This row has 14 cells, but the header has 11. A cell with a …`,
			`18 holder "Anna Lind" What is stowed is with nobody. Make the status deployed, or …`,
			`21 holder "nobody@else.example" Nobody here has the address nobody@else.example.`,
		}
		if !slices.Equal(got, want) {
			t.Fatalf("problems:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if p.New != 3 || p.Bad != 17 || p.Changed+p.Same != 0 || p.Rows != 20 || p.ModelN != 1 || p.PlaceN != 1 || p.Delimiter != ';' {
			t.Fatalf("plan: %+v", p)
		}
		_, err := d.Import(t.Context(), d.ben, 1, d.file(text), ImportOptions{}, p.Lines(), nil)
		refused(t, err, migrations.Invalid, "17 rows have problems")
		if after := d.counts(); after != before {
			t.Fatal("a refused import wrote something")
		}
		// The bad ones can be brought again, mended.
		var bad bytes.Buffer
		if err := d.BadRows(t.Context(), d.file(text), ImportOptions{}, &bad); err != nil {
			t.Fatal(err)
		}
		again := d.check(bad.String(), ImportOptions{})
		if again.Bad != 15 || again.Columns[0].Header != "problem" || again.Columns[0].Field != "" {
			t.Fatalf("brought again: %+v", again) // rows 4 and 5 are fine by themselves
		}
		// And the good ones imported.
		done := d.bring(text, ImportOptions{SkipBad: true})
		if done.New != 3 || done.Left != 17 || done.Models != 1 || done.Places != 1 {
			t.Fatalf("done: %+v", done)
		}
		a := must(d.AssetByTag(t.Context(), "it-19"))(t)
		if a.HolderName != "Anna Lind" || a.LocationPath != "Main site > Attic" || a.Status != Deployed || a.Moves != 1 || a.ImportRef != "b" {
			t.Fatalf("%+v", a)
		}
		b := must(d.AssetByTag(t.Context(), "IT-20"))(t)
		if b.Quantity != 40 || b.LocationPath != "Main site > Store room" || *b.LocationID != d.room.ID {
			t.Fatalf("%+v", b)
		}
		c := must(d.AssetByTag(t.Context(), "IT-2"))(t)
		if *c.Cost != 129900 || c.Currency != "EUR" || c.PurchasedOn != "2026-01-31" || c.ModelID != d.laptop.ID {
			t.Fatalf("%+v", c)
		}
		moves, _, err := d.Movements(t.Context(), MovementFilter{AssetID: a.ID}, "", 10)
		if err != nil || len(moves) != 1 || moves[0].Kind != "register" || moves[0].Reason != "import" || moves[0].AccountName != "Ben Okafor" {
			t.Fatalf("%+v %v", moves, err)
		}
		if is := must(d.Asset(t.Context(), old.ID))(t); is.Version != old.Version || is.Moves != old.Moves {
			t.Fatalf("IT-1 was touched: %+v", is)
		}
		found := must(d.Imported(t.Context(), 4711))(t)
		done.At = found.At
		if found != done || len(must(d.ImportedAssets(t.Context(), found, 10))(t)) != 3 {
			t.Fatalf("kept %+v, did %+v", found, done)
		}
		// Again: all is as it is.
		if p := d.check(text, ImportOptions{}); p.Same != 3 || p.New+p.Changed != 0 {
			t.Fatalf("again: %+v", p)
		}
	})
}

// TestImportChangesWhatDiffers: matched by tag, by reference, by model and serial.
func TestImportChangesWhatDiffers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.address(d.anna, "anna.lind@desk.example")
		one := d.register(AssetEdit{Tag: "IT-1", Serial: "S1", Hostname: "old", Purpose: "Kept"}, 1)
		two := d.register(AssetEdit{Tag: "IT-2", ImportRef: "equip_7"}, 1)
		three := d.register(AssetEdit{Tag: "IT-3", Serial: "S3"}, 1)
		four := d.register(AssetEdit{Tag: "IT-4", ModelID: d.mouse.ID}, 5)
		same := d.register(AssetEdit{Tag: "IT-5", Hostname: "h5"}, 1)
		text := "asset_tag,external id,manufacturer,model,serial,hostname,location,holder mail,quantity\n" +
			"it-1,,,,,new-name,,anna.lind@desk.example,\n" +
			",equip_7,,,,h2,Depot,,\n" +
			",,Nordfell,book 14,s3,,Depot,,\n" +
			"IT-4,,,,,,,,9\n" +
			"IT-5,,,,,h5,,,\n"
		p := d.check(text, ImportOptions{})
		if p.Changed != 4 || p.Same != 1 || p.Bad+p.New != 0 {
			t.Fatalf("%+v", p)
		}
		if c := p.Preview[0]; fmt.Sprint(c.Changes) != "[hostname status location holder]" && fmt.Sprint(c.Changes) != "[hostname status holder]" || c.Holder != "Anna Lind" {
			t.Fatalf("%+v", c)
		}
		d.clock.add(time.Hour)
		done := d.bring(text, ImportOptions{})
		if done.Changed != 4 || done.Same != 1 || done.IDs != "" {
			t.Fatalf("%+v", done)
		}
		get := func(a Asset) Asset { return must(d.Asset(t.Context(), a.ID))(t) }
		if a := get(one); a.Hostname != "new-name" || a.Purpose != "Kept" || a.Status != Deployed || orZero(a.HolderID) != d.anna || a.Tag != "IT-1" || a.Serial != "S1" || a.Moves != 2 {
			t.Fatalf("%+v", a)
		}
		if a := get(two); a.Hostname != "h2" || a.LocationPath != "Depot" || a.Status != Stowed || a.Tag != "IT-2" {
			t.Fatalf("%+v", a)
		}
		if a := get(three); a.LocationPath != "Depot" || a.Version != three.Version || a.Serial != "S3" {
			t.Fatalf("%+v", a)
		}
		if a := get(four); a.Quantity != 9 || a.Moves != 2 {
			t.Fatalf("%+v", a)
		}
		if a := get(same); a.Version != same.Version || a.Moves != 1 {
			t.Fatalf("%+v", a)
		}
		moves, _, _ := d.Movements(t.Context(), MovementFilter{AssetID: four.ID}, "", 10)
		if moves[0].Kind != "count" || moves[0].Reason != "import" {
			t.Fatalf("%+v", moves[0])
		}
	})
}

// TestImportRefusesWhatChanged: between dry run and confirmation somebody moved a thing.
// TestUnknownKindsAreNamed: whoever brings a list is told which kinds of things
// become "other", but not of models that are there already, or of rows left out.
func TestUnknownKindsAreNamed(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.register(AssetEdit{Tag: "IT-1", Serial: "S1"}, 1) // a Nordfell Book 14
		p := d.check("Type,Manufacturer,Model,Location\nWidget,,One,Depot\nWidget,,Two,Depot\nKabel,,HDMI 2 m,Depot\nLaptop,,Three,Depot\nGadget,Nordfell,Book 14,Depot\nGizmo,,Four,\n", ImportOptions{})
		if got := strings.Join(p.Others, ","); got != "Widget" {
			t.Errorf("unknown kinds: %q of %+v", got, p.Problems)
		}
	})
}

func TestImportRefusesWhatChanged(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		a := d.register(AssetEdit{Tag: "IT-1"}, 1)
		text := "tag,model,manufacturer,location,hostname\nIT-7,Book 14,Nordfell,Depot,h7\nIT-1,,,Depot,h1\nIT-8,Book 14,Nordfell,Depot,h8\n"
		p := d.check(text, ImportOptions{})
		must(d.Move(t.Context(), d.eva, a.ID, Place{Status: Deployed, HolderID: d.carl}, a.Moves))(t)
		d.register(AssetEdit{Tag: "IT-8"}, 1)
		before := d.counts()
		_, err := d.Import(t.Context(), d.ben, 1, d.file(text), ImportOptions{}, p.Lines(), nil)
		var changed *ImportChanged
		if !errors.As(err, &changed) || !slices.Equal(changed.Rows, []int{3, 4}) || migrations.KindOf(err) != migrations.Conflict || !strings.Contains(migrations.SafeMessage(err), "rows 3, 4") {
			t.Fatalf("%v", err)
		}
		if d.counts() != before {
			t.Fatal("something was written")
		}
		_, err = d.Import(t.Context(), d.ben, 1, d.file(text), ImportOptions{}, "nonsense", nil)
		if err == nil || d.counts() != before {
			t.Fatalf("without a plan: %v", err)
		}
	})
}

// TestRoundTrip: export, import into an empty desk, export again: the same bytes.
func TestRoundTrip(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.address(d.anna, "anna.lind@desk.example")
		cost := int64(129900)
		nasty := []string{"=cmd|' /C calc'!A0", "+1", "-2", "@x", "'=1", "''", "a;b,c\t\"d\"", "line\n  two", "＝1", "0012", `="0012"`, "Ünï 😀", "|"}
		for i, n := range nasty {
			d.register(AssetEdit{Hostname: n, Purpose: n, Specs: n + "\nx: y", Reference: n, Serial: fmt.Sprint("-", i), ImportRef: n, Cost: &cost, Currency: "CHF", PurchasedOn: "2026-01-02", WarrantyUntil: "2029-01-02"}, 1)
		}
		d.register(AssetEdit{Model: &ModelEdit{Category: "part", Name: "=HYPERLINK(1)", Manufacturer: "@Evil"}, Purpose: "\tindented"}, 12)
		zero := d.register(AssetEdit{ModelID: d.mouse.ID}, 3)
		must(d.Count(ctx, d.ben, zero.ID, 0, "lost", zero.Moves))(t)
		lent := d.register(AssetEdit{Serial: "L1"}, 1)
		must(d.Move(ctx, d.ben, lent.ID, Place{Status: Deployed, HolderID: d.anna, LocationID: d.site.ID}, lent.Moves))(t)
		carls := d.register(AssetEdit{Serial: "L2"}, 1)
		must(d.Move(ctx, d.ben, carls.ID, Place{Status: Deployed, HolderID: d.carl}, carls.Moves))(t)
		for _, to := range []Status{Retired, Disposed} {
			a := d.register(AssetEdit{}, 1)
			must(d.Retire(ctx, d.ben, a.ID, to, "old", a.Moves))(t)
		}
		broken := d.register(AssetEdit{Serial: "B1"}, 1)
		must(d.OpenOrder(ctx, d.ben, NewOrder{OrderEdit: OrderEdit{Title: "Cracked", AssetID: broken.ID}, TakeIn: true}))(t)
		first := d.export()
		for _, bad := range []string{",=", ",+1", ",-2", ",@", "\n=", "\n@", ",\"=", ",\"+", ",\"-", ",\"@", ",\t", ",\"\t"} {
			if strings.Contains(first, bad) {
				t.Errorf("a formula is let out: %q", bad)
			}
		}
		other := &desk{t: t, clock: d.clock}
		other.tracker = tracker.New(dbtest.Open(t, d.db.Engine), tracker.Options{Clock: d.clock.Now})
		other.Store = New(other.tracker)
		other.ben = must(other.tracker.CreateAccount(ctx, tracker.Actor{}, tracker.NewAccount{Email: "ben@desk.example", Name: "Ben", Role: tracker.Technician, Password: testPassword}))(t).Actor()
		other.address(other.client("Anna Lind"), "anna.lind@desk.example")
		other.client("Carl Mora")
		done := other.bring(first, ImportOptions{})
		second := other.export()
		if first != second {
			a, b := strings.Split(first, "\r\n"), strings.Split(second, "\r\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Errorf("went out as\n%q\ncame back as\n%q", a[i], b[i])
				}
			}
			t.Fatalf("%d and %d lines", len(a), len(b))
		}
		if done.New != strings.Count(first, "\r\n")-1 {
			t.Fatalf("%+v", done)
		}
		if p := other.check(second, ImportOptions{}); p.Same != done.New {
			t.Fatalf("what was imported differs from itself: %+v", p)
		}
	})
}

func TestDatesThatCanBeReadBothWays(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		head := "Model,Location,Purchase date,EOL\n"
		both := head + "A,Depot,3/4/2026,\nB,Depot,5/6/2026,\n"
		p := d.check(both, ImportOptions{})
		if !p.Ask || p.Columns[2].Ask != "3/4/2026" || p.Columns[3].Ask != "" {
			t.Fatalf("%+v", p)
		}
		_, err := d.Import(t.Context(), d.ben, 1, d.file(both), ImportOptions{}, p.Lines(), nil)
		refused(t, err, migrations.Invalid, "how the dates")
		d.bring(both, ImportOptions{Dates: MonthFirst})
		var day string
		if err := d.db.Get(t.Context(), &day, `SELECT MIN(purchased_on) FROM asset`); err != nil || day != "2026-03-04" {
			t.Fatal(day, err)
		}
		// One date decides, for the other columns too.
		if p := d.check(head+"A,Depot,3/4/2026,11/30/2030\n", ImportOptions{}); p.Ask || p.Dates != MonthFirst || p.Bad != 0 {
			t.Fatalf("%+v", p)
		}
		if p := d.check(head+"A,Depot,31/4/2026,\nB,Depot,1/2/2026,\n", ImportOptions{}); p.Ask || p.Bad != 1 || p.Problems[0].Row != 2 {
			t.Fatalf("%+v", p) // the first is day first, and April has no such day
		}
	})
}

func TestFilesOfOtherPrograms(t *testing.T) {
	for name, want := range map[string]struct {
		rows, models, places int
		has                  []string
	}{
		"snipeit.csv":        {3, 2, 2, []string{"SNP-001 Fabrikam Traveler 14 deployed Harbour office >Anna Lind x1 2025-03-12 119900 USD", "SNP-002 Fabrikam Traveler 14 stowed Harbour office > x1 2025-03-31 119900 USD"}},
		"glpi.csv":           {2, 2, 3, []string{"INV-77 Contoso Panorama 27 stowed Headquarters > Cellar > x1 2024-05-06 27990 EUR", "INV-78 Fabrikam Rack One deployed Headquarters > Server room >Carl Mora x1  0 EUR"}},
		"odoo-quant.csv":     {3, 2, 2, []string{"A-0003 USB-C cable stowed WH > Stock > x40  0 EUR", "A-0001 Traveler 14 stowed WH > Stock > x1  0 EUR"}},
		"odoo-equipment.csv": {2, 2, 1, []string{"A-0001 Panorama 27 deployed Annex >Anna Lind x1 2024-01-15 20000 EUR"}},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, d *desk) {
				d.address(d.anna, "anna.lind@desk.example")
				text, err := os.ReadFile("testdata/" + name)
				if err != nil {
					t.Fatal(err)
				}
				done := d.bring(string(text), ImportOptions{})
				if done.New != want.rows || done.Models != want.models || done.Places != want.places {
					t.Errorf("%+v", done)
				}
				var got []string
				for _, a := range must(d.ImportedAssets(t.Context(), done, 50))(t) {
					cost := int64(0)
					if a.Cost != nil {
						cost = *a.Cost
					}
					got = append(got, fmt.Sprintf("%s %s %s %s >%s x%d %s %d %s", a.Tag, a.Title(), a.Status, a.LocationPath, a.HolderName, a.Quantity, a.PurchasedOn, cost, a.Currency))
				}
				for _, w := range want.has {
					if !slices.Contains(got, w) {
						t.Errorf("no %q in\n%s", w, strings.Join(got, "\n"))
					}
				}
			})
		})
	}
}

// TestTagsThatLaterRowsName are not drawn for rows without one.
func TestTagsThatLaterRowsName(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		next := must(d.NextTag(t.Context()))(t)
		done := d.bring("model,tag,location\nOne,,Depot\nTwo,"+next+",Depot\nThree,,Depot\n", ImportOptions{})
		if done.New != 3 {
			t.Fatalf("%+v", done)
		}
		if a := must(d.AssetByTag(t.Context(), next))(t); a.ModelName != "Two" {
			t.Fatalf("%+v", a)
		}
		if a := d.register(AssetEdit{}, 1); a.Tag != "A-0004" {
			t.Fatalf("the next tag is %s", a.Tag)
		}
	})
}

func TestBrokenFiles(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		p := d.check("tag,model,location\nIT-1,\"Book,Depot\nIT-2,Book,Depot\nIT-3,Book\nIT-4,B\uFFFDok,Depot\n", ImportOptions{})
		if p.Bad != 3 || p.New != 1 || p.Problems[0].Row != 2 || !strings.Contains(p.Problems[0].Message, "never closes") || p.Problems[1].Field != FieldLocation || !strings.Contains(p.Problems[2].Message, "could not be read") {
			t.Fatalf("%+v", p.Problems)
		}
		p = d.check("Inventory of the annex\nprinted today\n\ntag,model,location\nIT-1,Book,Depot\ntag,model,location\nLaptops (2)\nIT-2,Book,Depot\n", ImportOptions{})
		if p.HeaderRow != 4 || p.New != 2 || p.Bad != 0 || p.Preview[1].Row != 8 {
			t.Fatalf("%+v", p)
		}
		if p := d.check("what,where\nBook,Depot\n", ImportOptions{}); !p.NoModel || p.Bad != 1 {
			t.Fatalf("%+v", p)
		}
		if p := d.check("what,where\nBook,Depot\n", ImportOptions{Columns: map[int]ImportField{0: FieldModel, 1: FieldLocation}}); p.New != 1 || p.Bad != 0 {
			t.Fatalf("%+v", p)
		}
		_, err := d.CheckImport(t.Context(), d.file("tag,model\n"+strings.Repeat("\"x,y\n", 40000)), ImportOptions{})
		refused(t, err, migrations.Invalid, "quotation mark")
		_, err = d.CheckImport(t.Context(), d.file("tag,model\n"+strings.Repeat("a,b\n", MaxImportRows+1)), ImportOptions{})
		refused(t, err, migrations.Invalid, "100000 rows")
	})
}

// TestManyRows measures an import of 20,000 rows: go test -v prints the times.
func TestManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("an import of thousands of rows is left out under -short")
	}
	n := 2_000
	if os.Getenv("HELPDESKD_TEST_FULL") != "" {
		n = 20_000
	}
	eachDesk(t, func(t *testing.T, d *desk) {
		var b strings.Builder
		b.WriteString("tag,category,manufacturer,model,serial,hostname,status,location,cost,purchased_on\r\n")
		for i := range n {
			tag := fmt.Sprintf("IT-%05d", i)
			if i%4 == 0 {
				tag = ""
			}
			fmt.Fprintf(&b, "%s,computer,Nordfell,Book %d,SN%07d,nb-%d,stowed,Main site > Room %d,\"1,299.00\",2026-01-31\r\n", tag, i%50, i, i, i%80)
		}
		from := time.Now()
		p := d.check(b.String(), ImportOptions{})
		dry := time.Since(from)
		from = time.Now()
		last := 0
		done := must(d.Import(t.Context(), d.ben, 1, d.file(b.String()), ImportOptions{}, p.Lines(), func(done, total int) {
			if done < last || total != n {
				t.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
		}))(t)
		t.Logf("%d rows: dry run %v, import %v", n, dry.Round(time.Millisecond), time.Since(from).Round(time.Millisecond))
		if done.New != n || last != n || done.Models != 49 || done.Places != 80 {
			t.Fatalf("%+v, %d", done, last)
		}
		if got := strings.Count(d.export(), "\r\n"); got != n+1 {
			t.Fatalf("%d lines go out", got)
		}
	})
}
