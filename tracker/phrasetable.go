package tracker

import "strings"

// tellsOf is what phrases of a text tell of, one bit each.
type tellsOf uint8

const (
	tellsTrouble tellsOf = 1 << iota
	tellsSince
	tellsBehalf
	tellsComputer
	tellsRule // of ruleWords the first; the others are the bits above
)

// phraseTable are many phrases, found in one pass over a text instead of one
// for each. Those that begin with the same two bytes stand together.
type phraseTable [1024][]tellingPhrase

type tellingPhrase struct {
	text string
	of   tellsOf
}

// phraseSlot is where phrases that begin with two bytes stand. Others may stand
// there, too.
func phraseSlot(a, b byte) int { return (int(a)<<5 ^ int(b)) & 1023 }

// add puts in phrases of two bytes or more.
func (t *phraseTable) add(of tellsOf, phrases ...string) {
	for _, p := range phrases {
		slot := &t[phraseSlot(p[0], p[1])]
		*slot = append(*slot, tellingPhrase{p, of})
	}
}

// in returns what the phrases that a folded text contains tell of.
func (t *phraseTable) in(folded string) (of tellsOf) {
	for i := 0; i+1 < len(folded); i++ {
		for _, p := range t[phraseSlot(folded[i], folded[i+1])] {
			if of&p.of == 0 && strings.HasPrefix(folded[i:], p.text) {
				of |= p.of
			}
		}
	}
	return of
}

// factPhrases are all phrases that are looked for in what people write.
var factPhrases = func() *phraseTable {
	t := &phraseTable{}
	for i, r := range ruleWords {
		t.add(tellsRule<<i, r.parts...)
	}
	t.add(tellsTrouble, troubles...)
	t.add(tellsSince, sinceWords...)
	t.add(tellsBehalf, behalfWords...)
	t.add(tellsComputer, computerWords...)
	return t
}()
