package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"helpdeskd/migrations"
)

// behalf is whom a mail seems to be written for.
type behalf struct {
	Name, Address string
	Surname       bool // the name is one only, after a title
	Copied        bool // a colleague, without a name: perhaps who was copied in
}

// behalfWords stand before a name, folded.
var behalfWords = []string{"on behalf of ", "in the name of ", "for my colleague ", "for my co-worker ", "for my coworker ", "for our colleague ", "for a colleague", "for my colleague", "for my boss ", "for my manager ",
	"im namen von ", "im auftrag von ", "fur meine kollegin ", "fur meinen kollegen ", "fur unsere kollegin ", "fur unseren kollegen ", "fur meinen chef ", "fur meine chefin ", "fur eine kollegin", "fur einen kollegen",
	"au nom de ", "de la part de ", "pour ma collegue ", "pour mon collegue ", "pour notre collegue ", "pour un collegue", "pour une collegue", "pour le compte de "}

// helpless say of somebody, behind a title and a name, that they need help.
var helpless = []string{"kann nicht", "kann sich nicht", "kann kein", "kann seit", "braucht", "hat ein problem", "hat kein", "cannot", "can't", "can not", "is unable", "has a problem", "has no ", "needs ", "ne peut", "n'arrive", "a besoin", "n'a plus"}

// behalfIn reads out of a mail's own words whom it is written for, the zero
// value for nobody. It is a suggestion: only a known person is taken. text is
// bounded, and whole is the same folded.
func behalfIn(text, whole string) behalf {
	// A phrase lies within a sentence, so that most mails need be read for few.
	var phrases []string
	if factPhrases.in(whole)&tellsBehalf != 0 {
		phrases = slices.DeleteFunc(slices.Clone(behalfWords), func(p string) bool { return !strings.Contains(whole, p) })
	}
	if len(phrases) == 0 && !titled(whole) {
		return behalf{}
	}
	for _, sentence := range sentences(text) {
		folded := Fold(sentence)
		fields := strings.Fields(sentence)
		for _, p := range phrases {
			i := strings.Index(folded, p)
			if i < 0 || i > 0 && folded[i-1] != ' ' {
				continue
			}
			// Folding keeps the words, so what stands behind is counted in words.
			rest := fields[min(len(fields), len(strings.Fields(folded[:i+len(p)]))):]
			b := personIn(rest)
			if b.Name == "" && b.Address == "" {
				b.Copied = strings.Contains(p, "coll") || strings.Contains(p, "koll") || strings.Contains(p, "work")
			}
			if b != (behalf{}) {
				return b
			}
		}
		for i, w := range fields {
			if !isTitle(bareWord(w)) || i+1 == len(fields) {
				continue
			}
			if b := personIn(fields[i+1:]); b.Name != "" && slices.ContainsFunc(helpless, func(h string) bool { return strings.Contains(folded, h) }) {
				b.Surname = !strings.Contains(b.Name, " ")
				return b
			}
		}
	}
	return behalf{}
}

// titled reports whether a word of a folded text is a title.
func titled(folded string) bool {
	for w := range strings.FieldsSeq(folded) {
		if isTitle(strings.Trim(w, wordMarks)) {
			return true
		}
	}
	return false
}

func isTitle(w string) bool {
	switch w {
	case "frau", "herr", "herrn", "mr", "mrs", "ms", "miss", "mme", "madame", "monsieur", "dr":
		return true
	}
	return false
}

// personIn reads a name, or an address, at the beginning of some words.
func personIn(words []string) (b behalf) {
	var name []string
	for _, w := range words[:min(len(words), 6)] {
		bare := strings.Trim(w, "()<>,.;:!?\"'“”„")
		if strings.Contains(bare, "@") && sendable(strings.ToLower(bare)) {
			b.Address = strings.ToLower(bare)
			break
		}
		if isTitle(bareWord(w)) && len(name) == 0 {
			b.Surname = true
			continue
		}
		if r := []rune(bare); len(r) < 2 || !unicode.IsUpper(r[0]) || len(name) == 4 {
			break
		}
		name = append(name, bare)
		if strings.ContainsAny(w[len(w)-1:], ",.;:!?)") {
			break
		}
	}
	b.Name = strings.Join(name, " ")
	b.Surname = b.Surname && len(name) == 1
	return b
}

// supportedTx returns the known person whom a mail or a form is for, nil for
// nobody who is known beyond doubt. copied are the others whom it went to.
func (s *Store) supportedTx(ctx context.Context, tx *migrations.Tx, b behalf, copied []Address) (*Client, error) {
	if b.Address != "" {
		return clientByAddress(ctx, tx, b.Address)
	}
	if b.Copied && len(copied) == 1 {
		return clientByAddress(ctx, tx, strings.ToLower(copied[0].Address))
	}
	if b.Name == "" || len(b.Name) > 200 {
		return nil, nil
	}
	folded := Fold(b.Name)
	where, arg := `name_folded = ?`, folded
	if b.Surname {
		where, arg = `name_folded LIKE ? ESCAPE '\'`, "% "+likeEscape.Replace(folded)
	}
	var found []Client
	if err := tx.Select(ctx, &found, `SELECT `+clientColumns+` FROM client WHERE erased_at IS NULL AND `+where+` ORDER BY id LIMIT 2`, arg); err != nil {
		return nil, fmt.Errorf("look for whom a mail is written: %w", err)
	}
	if len(found) != 1 { // nobody, or one of several
		return nil, nil
	}
	return &found[0], nil
}
