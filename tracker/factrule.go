package tracker

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what rules read and write down, in bytes.
const (
	maxRuleText = 4 << 10
	maxFact     = 2000
	maxQuoted   = 300 // of a sentence taken out of a mail
)

// plainly is something that a rule read out of a text.
type plainly struct {
	item  FactItem
	value string
	guess bool
}

// ruleWords are phrases, folded, of which one in a sentence says that it
// tells of an item. English, German, French; general wording only.
var ruleWords = []struct {
	item  FactItem
	guess bool
	parts []string
}{
	{FactRepeat, false, []string{"every time", "each time", "everytime", "again and again", "happens always", "always happens", "reproducible", "only once", "just once", "happened once", "not every time", "from time to time", "now and then",
		"jedes mal", "jedesmal", "immer wieder", "reproduzierbar", "nur einmal", "ab und zu", "a chaque fois", "chaque fois", "systematiquement", "une seule fois", "de temps en temps"}},
	{FactEffect, false, []string{"cannot work", "can't work", "can not work", "unable to work", "no work is possible", "cannot do my", "can't do my", "cannot finish", "can't finish", "stops me from", "keeps me from", "blocks me", "i can still work", "can work meanwhile",
		"nicht arbeiten", "nicht weiterarbeiten", "arbeitsunfahig", "kann noch arbeiten", "ne peux pas travailler", "ne peux plus travailler", "impossible de travailler", "peux encore travailler"}},
	{FactDoing, true, []string{"when i ", "while i ", "as soon as i ", "after i ", "whenever i ", "wenn ich ", "als ich ", "sobald ich ", "nachdem ich ", "quand j", "lorsque j", "des que j", "apres avoir "}},
}

// troubles are words, folded, of a sentence that says what is wrong or wanted.
var troubles = []string{" not ", "n't ", "cannot", "error", "fail", "broken", "problem", "crash", "stuck", "freez", "wrong", "lost", "missing", "slow", "need", "please", "stopped", "locked", "blank", "noise",
	" nicht", " kein", "fehler", "kaputt", "defekt", "brauche", "bitte", "hangt", "sturzt", "verloren", "langsam", "gesperrt", " pas ", "plus ", "panne", "erreur", "besoin", "bloque", "perdu", "lent "}

// readFacts reads out of the words of a mail what they say plainly of the
// checklist. It never reads what they quote.
func readFacts(subject, text string) []plainly {
	var out []plainly
	known := map[FactItem]bool{}
	add := func(s plainly) {
		if s.value != "" && !known[s.item] {
			known[s.item] = true
			out = append(out, s)
		}
	}
	var first, trouble string
	words := 0
	for _, sentence := range sentences(clip(text, maxRuleText)) {
		folded := " " + Fold(sentence) + " "
		n := 0
		for range strings.FieldsSeq(sentence) {
			n++
		}
		if isGreeting(folded, n) {
			continue
		}
		words += n
		value := func() string { return beginning(oneLine(sentence), maxQuoted) } // few are kept
		tells := factPhrases.in(folded)
		if tells&tellsSince != 0 {
			add(plainly{FactWhen, sinceOf(sentence), false})
		}
		for i, r := range ruleWords {
			if tells&(tellsRule<<i) != 0 && !known[r.item] {
				add(plainly{r.item, value(), r.guess})
			}
		}
		if n < 3 {
			continue
		}
		if first == "" {
			first = value()
		}
		if trouble == "" && tells&tellsTrouble != 0 {
			trouble = value()
		}
	}
	switch {
	case words < 5: // "Please help!" says nothing
	case trouble != "":
		add(plainly{FactWhat, trouble, true})
	case len(strings.Fields(subject)) >= 3:
		add(plainly{FactWhat, beginning(oneLine(subject), maxQuoted), true})
	default:
		add(plainly{FactWhat, first, true})
	}
	return out
}

// sentences divides a text at the ends of its lines and sentences. A line that
// does not end a sentence goes on in the next.
func sentences(text string) []string {
	var out []string
	var b strings.Builder
	end := func() {
		if s := strings.TrimSpace(b.String()); s != "" {
			out = append(out, s)
		}
		b.Reset()
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			end()
			continue
		}
		from := 0
		for i, r := range line {
			if r != '.' && r != '!' && r != '?' {
				continue
			}
			if next, _ := utf8.DecodeRuneInString(line[i+1:]); i+1 == len(line) || unicode.IsSpace(next) {
				b.WriteString(line[from : i+1])
				from = i + 1
				end()
			}
		}
		b.WriteString(line[from:])
		if utf8.RuneCountInString(line) < 60 { // not broken because it was full
			end()
		} else {
			b.WriteByte(' ')
		}
	}
	end()
	return out
}

func isGreeting(folded string, words int) bool {
	if words > 6 {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimSpace(folded), " ")
	switch strings.Trim(first, ",.!:") {
	case "hello", "hi", "hey", "dear", "good", "hallo", "guten", "sehr", "liebe", "lieber", "liebes", "moin", "servus", "bonjour", "bonsoir", "cher", "chere", "salut", "regards", "best", "kind", "thanks", "thank", "viele", "mit", "danke", "merci", "cordialement":
		return true
	}
	return false
}

// sinceWords stand before a time, folded.
var sinceWords = []string{"since", "seit", "depuis", "started", "starting", "began", "appeared"}

// sinceOf returns what a sentence says about since when: the words from
// "since" on, where what follows is a time.
func sinceOf(sentence string) string {
	fields := strings.Fields(sentence)
	for i, w := range fields {
		if !slices.Contains(sinceWords, bareWord(w)) {
			continue
		}
		if i+1 < len(fields) {
			switch bareWord(fields[i+1]) {
			case "i", "we", "you", "he", "she", "they", "it", "there": // because
				continue
			}
		}
		end := 0
		for j := i + 1; j < len(fields) && j <= i+6; j++ {
			if isTime(bareWord(fields[j])) {
				end = j + 1
			}
			if strings.ContainsAny(fields[j][len(fields[j])-1:], ".,;!?)") {
				break
			}
		}
		if end != 0 {
			return oneLine(strings.TrimRight(strings.Join(fields[i:end], " "), ".,;!?)"))
		}
	}
	return ""
}

func bareWord(w string) string {
	w = Fold(w)
	if w != "" && isASCIIWord(w[0]) && isASCIIWord(w[len(w)-1]) { // most have nothing to trim
		return w
	}
	return strings.Trim(w, wordMarks)
}

// wordMarks stand around words.
const wordMarks = ".,;:!?()\"'“”„"

// isASCIIWord reports whether a byte is a small letter or a digit.
func isASCIIWord(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// isTime reports whether a folded word is of a day or an hour.
func isTime(w string) bool {
	switch w {
	case "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "yesterday", "today", "morning", "noon", "afternoon", "evening", "night", "week", "weeks", "weekend", "month", "months", "day", "days", "hour", "hours", "year", "years",
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "update", "restart", "lunch", "o'clock", "o’clock", "uhr",
		"montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "gestern", "heute", "vorgestern", "woche", "wochen", "monat", "monaten", "tag", "tagen", "stunde", "stunden", "morgen", "wochenende", "januar", "februar", "marz", "mai", "juni", "juli", "oktober", "dezember",
		"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "hier", "matin", "aujourd'hui", "aujourd’hui", "semaine", "semaines", "mois", "jour", "jours", "heure", "heures":
		return true
	}
	return strings.ContainsFunc(w, unicode.IsDigit)
}

// things returns the words of a text that may be the tag, the hostname or the
// serial number of something: letters and digits in one word, or a long
// number; at most twenty.
func things(text string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(clip(text, maxRuleText), endsThing) {
		w = strings.Trim(w, "./-_#")
		if len(w) < 3 || len(w) > 40 {
			continue
		}
		digits, letters, marked := 0, 0, false
		for _, r := range w {
			switch {
			case unicode.IsDigit(r):
				digits++
			case unicode.IsLetter(r):
				letters++
			default:
				marked = true
			}
		}
		if (digits > 0 && letters > 0 || digits >= 5 || marked && letters >= 3 && len(w) >= 5) &&
			!strings.Contains(w, "@") && !strings.Contains(w, "//") && !slices.Contains(out, w) {
			out = append(out, w)
		}
		if len(out) == 20 {
			break
		}
	}
	return out
}

// endsThing reports whether a character stands between things.
func endsThing(r rune) bool {
	if r < utf8.RuneSelf && isASCIIWord(byte(r)) { // most are
		return false
	}
	return unicode.IsSpace(r) || strings.ContainsRune(`,;:!?()[]{}"'“”„‘’<>|=*`, r)
}

// computerWords name, folded, the writer's computer.
var computerWords = []string{"my laptop", "my computer", "my pc", "my notebook", "my machine", "mein laptop", "meinem laptop", "mein rechner", "meinem rechner", "mein pc", "meinem pc", "mein notebook", "meinem notebook", "mein computer", "meinem computer",
	"mon ordinateur", "mon pc", "mon portable", "mon poste"}
