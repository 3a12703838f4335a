package tracker

import (
	"slices"
	"strings"
	"unicode"
)

// PersonField is what a column of an imported file says of a person.
type PersonField string

// The fields. Several columns may be addresses; first and last together are a name.
const (
	PersonFull    PersonField = "name"
	PersonFirst   PersonField = "first"
	PersonLast    PersonField = "last"
	PersonMail    PersonField = "addresses"
	PersonDept    PersonField = "department"
	PersonCalled  PersonField = "phone"
	PersonManages PersonField = "high"
)

// personHeaders are the headers that are understood: ours first, then others
// in English, German, French, Spanish and Italian, folded and words only.
var personHeaders = []struct {
	field PersonField
	words []string
}{
	{PersonFull, []string{"name", "full name", "display name", "displayname", "person", "employee", "anzeigename", "mitarbeiter", "nom complet", "nom affiche", "nombre completo", "nome completo"}},
	{PersonFirst, []string{"first name", "given name", "givenname", "firstname", "vorname", "prenom", "nombre", "nome"}},
	{PersonLast, []string{"last name", "surname", "family name", "lastname", "sn", "nachname", "familienname", "nom", "nom de famille", "apellido", "apellidos", "cognome"}},
	{PersonMail, []string{"addresses", "address", "email", "e mail", "mail", "email address", "e mail address", "mail address", "email addresses", "primary email", "secondary email", "email 1", "email 2", "email 3", "user principal name", "userprincipalname", "proxyaddresses", "aliases", "alias", "e mail adresse", "mailadresse", "mailadressen", "e mail adressen", "courriel", "adresse e mail", "adresse mail", "adresses mail", "correo", "correo electronico", "indirizzo email", "posta elettronica"}},
	{PersonDept, []string{"department", "dept", "division", "team", "abteilung", "bereich", "service", "departement", "departamento", "reparto", "dipartimento"}},
	{PersonCalled, []string{"phone", "telephone", "phone number", "telephone number", "telephonenumber", "extension", "telefon", "telefonnummer", "durchwahl", "telefono", "numero de telephone", "poste"}},
	{PersonManages, []string{"high management", "management", "vip", "executive", "geschaftsleitung", "geschaftsfuhrung", "direction", "direccion", "direzione"}},
}

// PersonFields returns every field, in the order of menus.
func PersonFields() []PersonField {
	all := make([]PersonField, len(personHeaders))
	for i, h := range personHeaders {
		all[i] = h.field
	}
	return all
}

// PersonHeaders returns the headers that are taken for a field, the first is ours.
func PersonHeaders(f PersonField) []string {
	for _, h := range personHeaders {
		if h.field == f {
			return h.words
		}
	}
	return nil
}

// PlainHeader is a header of a file as it is compared: folded, words only.
func PlainHeader(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return ' '
	}, Fold(s))
	return strings.Join(strings.Fields(s), " ")
}

// personColumns takes each column for a field by its header, "" for none.
// known is how many are.
func personColumns(row []string) (fields []PersonField, known int) {
	fields = make([]PersonField, len(row))
	for i, c := range row {
		plain := PlainHeader(c)
		for _, h := range personHeaders {
			if slices.Contains(h.words, plain) && (h.field == PersonMail || !slices.Contains(fields, h.field)) {
				fields[i] = h.field
				known++
				break
			}
		}
	}
	return fields, known
}

// yesWords are what a column of high management may say.
var yesWords = map[string]bool{"yes": true, "y": true, "true": true, "1": true, "x": true, "ja": true, "j": true, "wahr": true, "oui": true, "o": true, "vrai": true, "si": true, "s": true,
	"no": false, "n": false, "false": false, "0": false, "-": false, "nein": false, "falsch": false, "non": false, "faux": false}
