package tracker

import "testing"

func TestEffect(t *testing.T) {
	for answer, want := range map[string]string{
		"I cannot work at all": "3*", "I can't work.": "3*", "We are unable to work until it is back": "3*", "Everyone in the company is affected": "3*", "Cannot do anything": "3*", "I can not do my job at all": "3*", "I can't do my job": "3*", "Nothing works, we cannot do our work": "3*", "I can do my job": "",
		"Je ne peux plus travailler du tout": "3*", "Toute l'entreprise est concernée": "3*", "Ich kann gar nicht arbeiten": "3*", "Alle betroffen": "3*", "Kann nicht mehr arbeiten": "3*", "Je ne peux rien faire": "3*", "Ich kann nichts mehr machen": "3*", "Wir können nichts tun": "3*",
		"A major part of my work is impossible": "3", "Une grande partie de mon travail": "3", "Großteil der Arbeit unmöglich": "3", "High": "3", "hoch": "3", "Élevé": "3", "stark eingeschränkt": "3",
		"Part of my work is impeded": "2", "I cannot work on the reports": "2", "I can still work, but slower": "2", "Mon travail est ralenti": "2", "teilweise eingeschränkt": "2", "Mittel": "2", "Moyen": "2",
		"Just an inconvenience": "1", "No effect": "1", "I can still work": "1", "Une gêne": "1", "Aucun impact": "1", "Keine": "1", "gering": "1", "low": "1", "Pas urgent": "1", "Nicht alle betroffen, ich kann noch arbeiten": "1",
		"Nobody can work": "3*", "No one can work any more": "3*", "Nothing works": "3*", "Niemand kann arbeiten": "3*", "Nichts geht mehr": "3*", "Personne ne peut travailler": "3*", "Plus rien ne fonctionne": "3*", "Nothing": "1",
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

// TestEffectOfYesAndNo: where the question is whether one can go on, a bare no
// says that one cannot.
func TestEffectOfYesAndNo(t *testing.T) {
	for _, c := range []struct{ question, answer, want string }{
		{"Can you still work?", "No", "3*"}, {"Can you still work?", "not at all", "3*"}, {"Können Sie noch arbeiten?", "Nein, gar nicht", "3*"}, {"Pouvez-vous encore travailler ?", "Non", "3*"},
		{"Can you still work?", "Yes", ""}, {"Can you still work?", "No problem", ""}, {"Can you still work?", "Yes, but slower", "2"},
		{"Does it affect your work?", "No", ""}, {"Does it affect your work?", "Not at all", "1"}, {"How strongly does it affect your work?", "I cannot work at all", "3*"},
	} {
		got := ""
		if level, star, ok := effectOfAnswer(c.question, c.answer); ok {
			got = string(rune('0' + level))
			if star {
				got += "*"
			}
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.question, c.answer, got, c.want)
		}
	}
}
