package demo

import (
	"strings"
	"time"
)

// member is somebody of the company with the time that they belong to it.
type member struct {
	Person
	from, until time.Time // zero: from the beginning, until now
}

// here reports whether the member belongs to the company at a time.
func (m member) here(at time.Time) bool {
	return !at.Before(m.from) && (m.until.IsZero() || at.Before(m.until))
}

// Colleagues returns the employees who are not played on /demo: they have a
// mailbox and a history like the others.
func Colleagues() []Person {
	var all []Person
	for _, c := range colleagues {
		name, rest, _ := strings.Cut(c, "|")
		department, phone, _ := strings.Cut(rest, "|")
		all = append(all, Person{Key: keyOf(name), Name: name, Department: department, Phone: phone, SignOff: firstOf(name)})
	}
	return all
}

// colleagues are name, department and telephone.
var colleagues = []string{
	"Agnes Thornbury|Finance|312", "Dmitri Vale|Finance|313", "Rosalind Peake|Finance|316", "Leo Vandermeer|Finance|314",
	"Lena Marchetti|Sales|341", "Callum Ashby|Sales|343", "Yuki Tanabe|Sales|344", "Maeve Dunne|Sales|345",
	"Sylvie Bonnard|Human resources|326", "Margit Soares|Purchasing|351",
	"Mats Ekholm|Dispatch|361", "Femi Adeyemi|Dispatch|362", "Ayla Demir|Dispatch|363",
	"Rosa Delgado|Assembly|372", "Piotr Zielak|Assembly|373", "Hamish Lorne|Assembly|374", "Ines Carvalho|Assembly|375", "Walter Brook|Assembly|376", "Samuel Oyelaran|Assembly|377", "Percy Wren|Assembly|388",
	"Clara Whitlock|Design|331", "Anton Reyes|Design|332", "Katja Winther|Design|333",
	"Nils Haugen|Quality|382", "Robin Castell|Quality|383",
	"Étienne Caron|Atelier Besançon|+33 555 0141", "Margaux Petit|Atelier Besançon|+33 555 0142",
	"Jürgen Kessler|Werkstatt Glashütte|+49 555 0172", "Heike Lorenz|Werkstatt Glashütte|+49 555 0173",
	"Oliver Penhale|Museum|391", "Hugo Lindley|Reception|301",
	"Tamsin Grey|Service workshop|395", "Bruno Keller|Service workshop|396", "Freya Lund|Service workshop|397",
}

// keyOf is the local part of a name's address: ascii, first.last.
func keyOf(name string) string {
	return strings.NewReplacer(" ", ".", "é", "e", "ü", "u", "ç", "c", "ö", "o", "í", "i").Replace(strings.ToLower(name))
}

func firstOf(name string) string {
	first, _, _ := strings.Cut(name, " ")
	return first
}

// company returns everybody who was with the company in the two years before
// now: people come in autumn, and now and then one leaves.
func company(now time.Time) []member {
	from, until := map[string]time.Time{
		"Freya Lund":      workday(now.AddDate(0, -14, 0)),
		"Rosalind Peake":  workday(now.Add(-90 * day)),
		"Jun Castellanos": junsFirstDay(now),
	}, map[string]time.Time{
		"Hugo Lindley": now.AddDate(0, -15, 0), "Walter Brook": now.AddDate(0, -9, 0), "Percy Wren": now.Add(-45 * day),
	}
	autumn := [][]string{{"Maeve Dunne", "Samuel Oyelaran"}, {"Katja Winther"}, {"Leo Vandermeer", "Ayla Demir"}, {"Robin Castell"}}
	for month := beginning(now).AddDate(0, 1, 1-beginning(now).Day()); month.Before(now.Add(-20*day)) && len(autumn) > 0; month = month.AddDate(0, 1, 0) {
		if month.Month() == time.September || month.Month() == time.October {
			for _, name := range autumn[0] {
				from[name] = workday(month)
			}
			autumn = autumn[1:]
		}
	}
	var all []member
	for _, p := range append(append(Everybody(), Manager()), Colleagues()...) {
		all = append(all, member{Person: p, from: from[p.Name], until: until[p.Name]})
	}
	return all
}

// beginning is when the story of the helpdesk begins.
func beginning(now time.Time) time.Time { return now.AddDate(-2, 0, 3) }

// workday returns eight in the morning of the day of t, or of the Monday after it.
func workday(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 8, 0, 0, 0, t.Location())
}

// atWork moves a time to when somebody is at work: from half past seven to
// half past five, Monday to Friday.
func atWork(t time.Time) time.Time {
	minutes := t.Hour()*60 + t.Minute()
	switch {
	case minutes >= 17*60+30:
		t = workday(t.AddDate(0, 0, 1)).Add(time.Duration(minutes*7%95) * time.Minute)
	case minutes < 7*60+30:
		t = time.Date(t.Year(), t.Month(), t.Day(), 7, 30+minutes%60, t.Second(), 0, t.Location())
	}
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = workday(t).Add(time.Duration(minutes*7%95) * time.Minute)
	}
	return t
}

// junsFirstDay is the last first of April that lies well before the stories.
func junsFirstDay(now time.Time) time.Time {
	d := time.Date(now.Year(), time.April, 1, 0, 0, 0, 0, now.Location())
	for now.Sub(d) < oldestStory()+14*day {
		d = d.AddDate(-1, 0, 0)
	}
	return workday(d)
}
