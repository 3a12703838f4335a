package inventory

import (
	"slices"

	"helpdeskd/tracker"
)

// ImportField is what a column of an imported file says of an asset.
type ImportField string

// The fields that a column can be taken for. Those of a person together find
// the holder; the columns taken for FieldSpec each become a line of the specs.
const (
	FieldTag            ImportField = "tag"
	FieldCategory       ImportField = "category"
	FieldManufacturer   ImportField = "manufacturer"
	FieldModel          ImportField = "model"
	FieldSerial         ImportField = "serial"
	FieldHostname       ImportField = "hostname"
	FieldPurpose        ImportField = "purpose"
	FieldSpecs          ImportField = "specs"
	FieldSpec           ImportField = "spec"
	FieldReference      ImportField = "reference"
	FieldStatus         ImportField = "status"
	FieldLocation       ImportField = "location"
	FieldHolder         ImportField = "holder"
	FieldHolderMail     ImportField = "holder_mail"
	FieldHolderFirst    ImportField = "holder_first"
	FieldHolderLast     ImportField = "holder_last"
	FieldQuantity       ImportField = "quantity"
	FieldPurchasedOn    ImportField = "purchased_on"
	FieldCost           ImportField = "cost"
	FieldEstimatedValue ImportField = "estimated_value"
	FieldCurrency       ImportField = "currency"
	FieldWarrantyUntil  ImportField = "warranty_until"
	FieldWarrantyMonths ImportField = "warranty_months"
	FieldEndOfLifeOn    ImportField = "end_of_life_on"
	FieldImportRef      ImportField = "import_ref"
)

// known are a field's headers: ours first, then those of Snipe-IT, GLPI and
// Odoo. Weak ones count only where no column has a better one.
type known struct {
	field  ImportField
	strong []string
	weak   []string
}

var headers = []known{
	{FieldTag, []string{"tag", "asset tag", "inventory number", "inventory no", "asset number", "asset no", "inventory tag"}, []string{"barcode", "asset id"}},
	{FieldCategory, []string{"category", "asset category", "equipment category", "product category", "model category"}, []string{"type", "kind", "product type"}},
	{FieldManufacturer, []string{"manufacturer", "make", "brand", "manufacturer name"}, nil},
	{FieldModel, []string{"model", "model name", "asset model", "product", "product variant"}, []string{"product name", "name", "equipment name", "asset name", "description"}},
	{FieldSerial, []string{"serial", "serial number", "serial no", "s n", "sn", "lot serial number", "lot serial", "lot id", "service tag"}, nil},
	{FieldHostname, []string{"hostname", "host name", "computer name", "dns name"}, []string{"name", "asset name", "host"}},
	{FieldPurpose, []string{"purpose", "used for", "use"}, []string{"equipment name", "asset notes", "notes", "comments", "comment", "description"}},
	{FieldSpecs, []string{"specs", "specifications", "technical specifications"}, nil},
	{FieldSpec, []string{"processor", "operating system", "operating system name", "memory", "ram", "uuid", "model number", "model no", "model notes", "mac address", "ip address"}, nil},
	{FieldReference, []string{"reference", "internal reference", "our reference"}, []string{"order number", "vendor reference", "ref"}},
	{FieldStatus, []string{"status", "asset status", "status label", "state"}, nil},
	{FieldLocation, []string{"location", "place", "location path", "room", "location name"}, []string{"checked out to location", "default location", "site"}},
	{FieldHolder, []string{"holder", "checked out to", "assigned to", "assigned to employee", "user", "holder name"}, []string{"checked out", "used by", "employee", "owner", "alternate username", "checked out to username", "username"}},
	{FieldHolderMail, []string{"holder mail", "holder email", "checked out to email", "user email", "email", "e mail", "mail"}, nil},
	{FieldHolderFirst, []string{"checked out to first name", "first name"}, nil},
	{FieldHolderLast, []string{"checked out to last name", "last name"}, nil},
	{FieldQuantity, []string{"quantity", "qty", "on hand quantity", "quantity on hand", "on hand", "count"}, nil},
	{FieldPurchasedOn, []string{"purchased on", "purchase date", "date of purchase", "bought on"}, []string{"purchased", "effective date", "delivery date"}},
	{FieldCost, []string{"cost", "purchase cost", "purchase price", "unit cost"}, []string{"price", "value"}},
	{FieldEstimatedValue, []string{"estimated value", "current value"}, nil},
	{FieldCurrency, []string{"currency", "currency code"}, nil},
	{FieldWarrantyUntil, []string{"warranty until", "warranty expires", "warranty expiration date", "warranty expiration", "warranty end"}, []string{"warranty"}},
	{FieldWarrantyMonths, []string{"warranty months", "warranty duration"}, nil},
	{FieldEndOfLifeOn, []string{"end of life on", "end of life", "eol date", "asset eol date", "eol", "decommission date", "scrap date"}, nil},
	{FieldImportRef, []string{"import ref", "import reference", "external id"}, []string{"id"}},
}

// abroad are German and French headers, as spreadsheets have them. They count
// after the strong ones.
var abroad = map[ImportField][]string{
	FieldTag:            {"inventarnummer", "inventarnr", "inventar nr", "inventar", "anlagennummer", "n d inventaire", "numero d inventaire", "no inventaire"},
	FieldCategory:       {"typ", "art", "kategorie", "geratetyp", "gerateart", "categorie", "genre"},
	FieldManufacturer:   {"hersteller", "marke", "fabrikat", "fabricant", "marque"},
	FieldModel:          {"modell", "bezeichnung", "gerat", "produkt", "modele", "designation", "produit", "appareil"},
	FieldSerial:         {"seriennummer", "seriennr", "serien nr", "n de serie", "numero de serie", "no serie"},
	FieldHostname:       {"rechnername", "computername", "geratename", "nom d hote", "nom de l ordinateur"},
	FieldPurpose:        {"bemerkung", "bemerkungen", "notiz", "verwendung", "zweck", "kommentar", "remarque", "remarques", "usage", "commentaire"},
	FieldReference:      {"referenz", "rechnungsnummer", "rechnung", "bestellnummer", "facture", "n de facture"},
	FieldStatus:         {"zustand", "statut", "etat"},
	FieldLocation:       {"standort", "ort", "raum", "lagerort", "emplacement", "lieu", "salle", "bureau"},
	FieldHolder:         {"benutzer", "nutzer", "mitarbeiter", "besitzer", "zugewiesen an", "ausgegeben an", "utilisateur", "attribue a", "affecte a"},
	FieldHolderMail:     {"mailadresse", "e mail adresse", "courriel", "adresse mail"},
	FieldHolderFirst:    {"vorname", "prenom"},
	FieldHolderLast:     {"nachname", "nom de famille"},
	FieldQuantity:       {"anzahl", "menge", "stuck", "stuckzahl", "quantite", "nombre"},
	FieldPurchasedOn:    {"kaufdatum", "gekauft am", "anschaffungsdatum", "date d achat", "achete le"},
	FieldCost:           {"preis", "kaufpreis", "anschaffungskosten", "anschaffungspreis", "kosten", "prix", "prix d achat", "cout"},
	FieldEstimatedValue: {"zeitwert", "restwert", "valeur actuelle"},
	FieldCurrency:       {"wahrung", "devise"},
	FieldWarrantyUntil:  {"garantie bis", "garantieende", "gewahrleistung bis", "fin de garantie", "garantie jusqu au"},
	FieldEndOfLifeOn:    {"lebensende", "ausmusterung", "fin de vie"},
}

// ImportFields returns every field, in the order of menus.
func ImportFields() []ImportField {
	all := make([]ImportField, len(headers))
	for i, h := range headers {
		all[i] = h.field
	}
	return all
}

// ImportHeaders returns the headers that are taken for a field, the first is ours.
func ImportHeaders(f ImportField) []string {
	for _, h := range headers {
		if h.field == f {
			return slices.Concat(h.strong, h.weak)
		}
	}
	return nil
}

// Valid reports whether f is one of the fields.
func (f ImportField) Valid() bool { return slices.Contains(ImportFields(), f) }

// once reports whether only one column can be taken for the field.
func (f ImportField) once() bool { return f != FieldSpec }

// guessFields takes each column for a field by its header; "" is left out.
// Every field is taken once, by its best header.
func guessFields(row []string) []ImportField {
	out := make([]ImportField, len(row))
	plain := make([]string, len(row))
	for i, c := range row {
		plain[i] = tracker.PlainHeader(c)
	}
	taken := map[ImportField]bool{}
	try := func(of func(known) []string) {
		for _, h := range headers {
			for _, name := range of(h) {
				for i := range row {
					if plain[i] != name || out[i] != "" || taken[h.field] && h.field.once() {
						continue
					}
					out[i] = h.field
					taken[h.field] = true
				}
			}
		}
	}
	try(func(h known) []string { return h.strong })
	try(func(h known) []string { return abroad[h.field] })
	try(func(h known) []string { return h.weak })
	return out
}

// headerScore is how many cells of a row are headers that we know.
func headerScore(row []string) int {
	n := 0
	for _, f := range guessFields(row) {
		if f != "" {
			n++
		}
	}
	return n
}

// slashPaths reports whether a file's places are divided by slashes, as Odoo
// writes them: WH/Stock/Shelf 1.
func slashPaths(row []string) bool {
	has := map[string]bool{}
	for _, c := range row {
		has[tracker.PlainHeader(c)] = true
	}
	return has["product"] && has["location"]
}
