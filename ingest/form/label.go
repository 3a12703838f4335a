package form

import (
	"strings"
	"unicode/utf8"

	"helpdeskd/tracker"
)

// noise are the sentences that Forms puts below a question for screen readers
// and that are copied along with it, and how services mark what must be
// answered; without accents.
var noise = set("required to answer", "required", "this question is required", "single line text", "multi line text", "multiline text", "multi line", "single choice", "multiple choice", "choice", "rating", "ranking", "likert", "date", "file upload", "net promoter score", "number", "non anonymous question", "text", "please input date in format of m d yyyy", "please input date",
	"erforderlich", "pflichtfeld", "muss beantwortet werden", "antwort erforderlich", "einzeiliger text", "mehrzeiliger text", "einfachauswahl", "einzelauswahl", "mehrfachauswahl", "auswahl", "bewertung", "rangfolge", "datum", "datei hochladen", "dateiupload",
	"obligatoire", "reponse obligatoire", "reponse requise", "champ obligatoire", "requis", "texte sur une seule ligne", "texte sur une ligne", "texte a une ligne", "texte multiligne", "texte sur plusieurs lignes", "choix unique", "choix multiple", "choix multiples", "evaluation", "classement", "chargement de fichier")

// marks are the noise that shows that a label was copied with it; the rest
// only counts behind these.
var marks = set("required to answer", "this question is required", "single line text", "multi line text", "multiline text", "muss beantwortet werden", "antwort erforderlich", "einzeiliger text", "mehrzeiliger text", "reponse obligatoire", "reponse requise", "texte sur une seule ligne", "texte sur une ligne", "texte a une ligne", "texte multiligne", "texte sur plusieurs lignes", "erforderlich", "obligatoire", "required", "single choice", "multiple choice", "choix unique", "choix multiple", "choix multiples", "einfachauswahl", "mehrfachauswahl", "einzelauswahl")

// cleanLabel takes away what designers and copiers leave on a label: bullets,
// numbering, colons, stars, and the "Required to answer." of Forms.
func cleanLabel(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), " ")
	s = trimLabel(s)
	s = dropNumber(s)
	for {
		before := s
		s = trimLabel(dropMark(dropSentences(s)))
		if s == before {
			return s
		}
	}
}

func trimLabel(s string) string {
	s = strings.TrimLeft(s, "*•·▪●○◦‣–—-> \t\u200b\ufeff")
	return strings.TrimRight(s, " :*\u00a0：\u200b\ufeff")
}

// dropSentences takes the sentences of a screen reader off the end.
func dropSentences(s string) string {
	marked := false
	rest := s
	for {
		t := strings.TrimRight(rest, " .")
		i := strings.LastIndex(t, ". ")
		if j := strings.LastIndex(t, "? "); j > i {
			i = j
		}
		if j := strings.LastIndex(t, "* "); j > i {
			i = j
		}
		if i <= 0 {
			break
		}
		n := norm(t[i+2:])
		if !noise[n] {
			break
		}
		marked = marked || marks[n]
		rest = t[:i+1]
	}
	if !marked {
		return s
	}
	if strings.HasSuffix(rest, ".") && !strings.Contains(strings.TrimSuffix(rest, "."), ". ") {
		rest = strings.TrimSuffix(rest, ".")
	}
	return rest
}

// dropMark takes "(required)" and the like off the end.
func dropMark(s string) string {
	if i := strings.LastIndexAny(s, "(["); i > 0 && (strings.HasSuffix(s, ")") || strings.HasSuffix(s, "]")) && marks[norm(s[i:])] || i > 0 && norm(s[i:]) == "pflichtfeld" {
		return s[:i]
	}
	return s
}

// dropNumber takes a question's number off: "1. ", "2) ", "(3) ", "Q4: ",
// "Question 5 - ", "Frage 6:".
func dropNumber(s string) string {
	rest, word := s, false
	for _, w := range []string{"question", "frage", "q"} {
		if len(s) > len(w) && strings.EqualFold(s[:len(w)], w) {
			if t := strings.TrimLeft(s[len(w):], " .#n°"); t != "" && t[0] >= '0' && t[0] <= '9' {
				rest, word = t, true
				break
			}
		}
	}
	open := strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, "[")
	if open {
		rest = rest[1:]
	}
	j := 0
	for j < len(rest) && rest[j] >= '0' && rest[j] <= '9' {
		j++
	}
	if j == 0 || j > 3 {
		return s
	}
	rest = rest[j:]
	end := strings.TrimLeft(rest, " ")
	switch {
	case end == "":
		return s
	case open && (end[0] == ')' || end[0] == ']'), end[0] == '.' || end[0] == ')', word && (end[0] == ':' || end[0] == '-'):
		end = end[1:]
	case strings.HasPrefix(end, "- ") || strings.HasPrefix(end, "– "):
		_, n := utf8.DecodeRuneInString(end)
		end = end[n:]
	default:
		return s
	}
	if t := strings.TrimLeft(end, " "); t != "" && (t[0] < '0' || t[0] > '9') {
		return t
	}
	return s
}

// norm makes labels comparable: lower case, without accents, letters and
// digits, single blanks.
func norm(s string) string {
	if len(s) > 2000 {
		s = s[:2000]
	}
	return tracker.Fold(tracker.NormalLabel(s))
}

// maxLabel is how long a label can be that has a meaning, in bytes.
const maxLabel = 300

// meaning says what a label asks for, "" when it is no known synonym. What
// staff taught comes first.
func (r *reading) meaning(label string) tracker.Meaning {
	if label == "" || len(label) > maxLabel*2 {
		return ""
	}
	if m, ok := r.meanings[label]; ok {
		return m
	}
	n := norm(label)
	m, taught := r.taught[n]
	switch {
	case m == tracker.MeansNothing:
		m = ""
	case !taught && len(n) <= maxLabel:
		m = meaningOf(n, r.language)
	}
	if len(r.meanings) < 2000 {
		r.meanings[label] = m
	}
	return m
}

// asks reports whether a line's label is certainly a question: it has a
// meaning, belongs to the response, or is asked as one.
func (r *reading) asks(label string) bool {
	if strings.HasSuffix(label, "?") || r.meaning(label) != "" {
		return true
	}
	n := norm(label)
	return isMeta(n) || r.taught[n] != ""
}

// meaningOf finds a normalised label among the synonyms: as a whole, else by
// the first meaning that has a phrase in it, beginning at a word.
func meaningOf(n, language string) tracker.Meaning {
	if n == "" {
		return ""
	}
	v := vocabulary()
	bare := n
	for _, tail := range []string{" optional", " if any", " if known", " falls bekannt", " facultatif", " si connu", " freiwillig"} {
		bare = strings.TrimSuffix(bare, tail)
	}
	if w, ok := v.whole[bare]; ok && (w.only == "" || language == "" || w.only == language) {
		return w.means
	}
	padded := " " + n + " "
	for _, p := range v.parts {
		if (p.only == "" || language == "" || p.only == language) && strings.Contains(padded, p.text) {
			return p.means
		}
	}
	if words := strings.Fields(n); len(words) <= 3 {
		for _, word := range words {
			if w, ok := v.whole[word]; ok && len(word) > 4 && w.only == "" && !w.alone {
				return w.means
			}
		}
	}
	return ""
}

// tongue guesses the language that labels are in by their small words.
func tongue(labels []string) string {
	count := map[string]int{}
	for _, l := range labels {
		for _, w := range strings.Fields(norm(l)) {
			if lang := smallWords[w]; lang != "" {
				count[lang]++
			}
		}
	}
	best := ""
	for _, lang := range []string{"en", "fr", "de"} {
		if count[lang] > count[best] {
			best = lang
		}
	}
	return best
}
