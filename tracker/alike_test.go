package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"helpdeskd/migrations"
)

// said is what a report says.
type said struct{ subject, text string }

// TestReportsOfOneOutage: what people write within minutes about the same
// trouble, in their own words and languages, is found alike.
func TestReportsOfOneOutage(t *testing.T) {
	for _, set := range []struct {
		name    string
		reports []said
	}{
		{"internet", []said{
			{"No internet", "Hi, there is no internet in accounting since 9:10.\n\nRegards\nHana Sato\nFinch & Harrow Ltd, 12 Mill Lane"},
			{"Internet is down??", "I can't open any web page. Is it only me?"},
			{"wifi and internet not working", "Hello team, nothing loads here. Thanks, Omar"},
			{"Kein Internet", "Guten Tag, seit 9 Uhr geht das Internet nicht mehr. Grüße Jana"},
			{"Netzwerk ausgefallen", "bei uns im zweiten Stock"},
			{"Plus d'internet", "Bonjour, plus de connexion depuis ce matin. Cordialement, Aline"},
			{"Help!", "the network is gone"},
			{"Sin internet en la oficina", "Hola, no funciona desde hoy"},
		}},
		{"printing", []said{
			{"Cannot print", "Printing fails for everybody here"},
			{"Printer not working", "nothing comes out"},
			{"Drucker geht nicht", "Er druckt nichts mehr"},
			{"Imprimante en panne", "elle n'imprime plus"},
			{"Printers are down", ""},
		}},
		{"an application, by its name", []said{
			{"Finanzportal error 0x8004", "When opening an invoice: server rejected session"},
			{"Finanzportal down", "it says: server rejected session"},
			{"finanzportal hangs", ""},
		}},
		{"the same words without a fault that we know", []said{
			{"日本語入力ができません", "今朝からです"},
			{"日本語入力ができません", ""},
		}},
		{"long reports", []said{
			{"Strange message", "When I open the invoice module it shows 'certificate expired on gateway finch7' and closes."},
			{"Invoices", "The invoice module closes at once, certificate expired on gateway finch7."},
		}},
	} {
		for i, a := range set.reports {
			for _, b := range set.reports[i+1:] {
				if !gistOf(a.subject, a.text).alike(gistOf(b.subject, b.text)) {
					t.Errorf("%s: %q and %q are not found alike:\n%+v\n%+v", set.name, a.subject, b.subject, gistOf(a.subject, a.text), gistOf(b.subject, b.text))
				}
			}
		}
	}
}

// TestReportsOfDifferentThings: a helpdesk's usual hour holds no outage.
func TestReportsOfDifferentThings(t *testing.T) {
	sign := "\n\nKind regards\nMara Lind\nFinch & Harrow Ltd | 12 Mill Lane, Leeds | www.finchharrow.example\nThis message is confidential."
	hour := []said{
		{"Outlook signature", "How do I change my signature in Outlook?" + sign},
		{"Outlook calendar share", "I can not share my calendar with Omar." + sign},
		{"Search in Outlook finds nothing", "It does not find mails older than a year." + sign},
		{"Printer jam on floor 2", "Paper is stuck." + sign},
		{"Printer out of toner", "The one beside reception." + sign},
		{"Printer for home office", "I would need a printer at home, please." + sign},
		{"Password reset", "I forgot my password, please reset it." + sign},
		{"My password expired", "Can not log in." + sign},
		{"Laptop is slow", "It takes ten minutes to start." + sign},
		{"Laptop does not start", "Only a black screen." + sign},
		{"New laptop for a starter", "Jana begins on Monday." + sign},
		{"Monitor flickers", "The left one." + sign},
		{"Zugriff auf Laufwerk S", "Bitte für Jana einrichten." + sign},
		{"Neue Maus", "Meine ist zu klein." + sign},
		{"Excel stürzt ab", "Beim Öffnen der Planung." + sign},
		{"Souris", "Bonjour, il me faudrait une souris." + sign},
		{"Telephone: voicemail", "How do I switch it off?" + sign},
		{"Question", "Where do I find the travel form?" + sign},
		{"Re: Help", "Thank you very much." + sign},
		{"", "" + sign},
	}
	for i, a := range hour {
		for _, b := range hour[i+1:] {
			if gistOf(a.subject, a.text).alike(gistOf(b.subject, b.text)) {
				t.Errorf("%q and %q are taken for the same trouble:\n%+v\n%+v", a.subject, b.subject, gistOf(a.subject, a.text), gistOf(b.subject, b.text))
			}
		}
	}
}

// TestWhatMakesNoBurst: several who ask for something, things of their own,
// other categories, and words that stand in every mail of the house.
func TestWhatMakesNoBurst(t *testing.T) {
	for _, p := range [][2]said{
		{{"Password reset", ""}, {"Password reset please", ""}},
		{{"New mouse", ""}, {"New mouse", ""}},
		{{"Access to the share", "for Omar please"}, {"Access to the share", "for Jana please"}},
		{{"Laptop broken", "it fell down"}, {"Laptop not working", "no picture"}},
		{{"Bildschirm defekt", ""}, {"Screen broken", ""}},
	} {
		if gistOf(p[0].subject, p[0].text).alike(gistOf(p[1].subject, p[1].text)) {
			t.Errorf("%q and %q are taken for an outage", p[0].subject, p[1].subject)
		}
	}
	a, b := gistOf("Internet down", ""), gistOf("Internet down", "")
	a.category, b.category = 1, 2
	if a.alike(b) {
		t.Error("reports of two categories are taken for the same trouble")
	}
	house := map[string]bool{"finchharrow": true, "northwing": true, "reception": true}
	a, b = gistOf("Finchharrow northwing reception", "lamp broken"), gistOf("Finchharrow northwing reception", "door stuck")
	if !a.alike(b) {
		t.Error("the words themselves are alike")
	}
	if a.without(house).alike(b.without(house)) {
		t.Error("words that stand in every mail of the house make reports alike")
	}
}

// The sliding hour finds as many people as looking at every hour does.
func TestMostPeopleWithinAnHour(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	for range 300 {
		var near []*report
		for i := range 1 + r.IntN(25) {
			near = append(near, &report{ID: int64(i + 1), At: migrations.Stamp(r.Int64N(int64(3 * burstWindow))), person: fmt.Sprint(r.IntN(6))})
		}
		me := near[r.IntN(len(near))]
		most := 0
		for _, first := range near {
			people := map[string]bool{}
			mine := false
			for _, x := range near {
				if x.At >= first.At && x.At-first.At <= burstWindow {
					people[x.person], mine = true, mine || x == me
				}
			}
			if mine {
				most = max(most, len(people))
			}
		}
		got := mostPeople(slices.Clone(near), me)
		if peopleOf(got) != most || !slices.Contains(got, me) || got[len(got)-1].At-got[0].At > burstWindow {
			t.Fatalf("%d people instead of %d", peopleOf(got), most)
		}
	}
}

// alike compares two gists by the numbers of their words.
func (g gist) alike(o gist) bool {
	numbers := wordNumbers{}
	return numbers.of(g).alike(numbers.of(o))
}
