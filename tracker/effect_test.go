package tracker

import "testing"

func TestEffect(t *testing.T) {
	for answer, want := range map[string]string{
		"I cannot work at all": "3*", "I can't work.": "3*", "We are unable to work until it is back": "3*", "Everyone in the company is affected": "3*", "Cannot do anything": "3*", "I can not do my job at all": "3*", "I can't do my job": "3*", "Nothing works, we cannot do our work": "3*", "I can do my job": "",
		"Je ne peux plus travailler du tout": "3*", "Toute l'entreprise est concernée": "3*", "Ich kann gar nicht arbeiten": "3*", "Alle betroffen": "3*", "Kann nicht mehr arbeiten": "3*", "Je ne peux rien faire": "3*", "Ich kann nichts mehr machen": "3*", "Wir können nichts tun": "3*",
		"A major part of my work is impossible": "3", "Une grande partie de mon travail": "3", "Großteil der Arbeit unmöglich": "3", "High": "3", "hoch": "3", "Élevé": "3", "stark eingeschränkt": "3",
		"Part of my work is impeded": "2", "I cannot work on the reports": "2", "I can still work, but slower": "2", "Mon travail est ralenti": "2", "teilweise eingeschränkt": "2", "Mittel": "2", "Moyen": "2",
		"Just an inconvenience": "1", "No effect": "1", "I can still work": "1", "Une gêne": "1", "Aucun impact": "1", "Keine": "1", "gering": "1", "low": "1", "Pas urgent": "1", "Nicht alle betroffen, ich kann noch arbeiten": "1",
		"4": "", "Rather blue": "", "": "", "departmental": "", "nonetheless": "",
	} {
		got := ""
		if level, star, ok := effectOf(answer); ok {
			got = string(rune('0' + level))
			if star {
				got += "*"
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", answer, got, want)
		}
	}
}
