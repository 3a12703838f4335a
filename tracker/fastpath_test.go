package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

// Folding a text of ASCII the short way gives what the long way gives.
func TestFoldPlainIsFold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	const often = "  \t\n\v\f\rab."
	plain := 0
	for range 20_000 {
		b := make([]byte, r.IntN(12))
		for i := range b {
			b[i] = byte(r.IntN(128))
			if r.IntN(2) == 0 {
				b[i] = often[r.IntN(len(often))]
			}
		}
		s := strings.ToLower(string(b))
		got, ok := foldPlain(s)
		if want := foldAny(s); !ok || got != want {
			t.Fatalf("%q is folded as %q (%v), must be %q", s, got, ok, want)
		}
		if got != s {
			plain++
		}
		at := r.IntN(len(s) + 1)
		if _, ok := foldPlain(s[:at] + "é" + s[at:]); ok {
			t.Fatalf("%q with an é is taken for ASCII", s)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d texts had something to fold", plain)
	}
}

// The table finds the phrases that looking for each finds.
func TestFactPhrasesAreAllFound(t *testing.T) {
	kinds := map[tellsOf][]string{tellsTrouble: troubles, tellsSince: sinceWords, tellsBehalf: behalfWords, tellsComputer: computerWords}
	var all []string
	for i, x := range ruleWords {
		kinds[tellsRule<<i] = x.parts
	}
	for of, phrases := range kinds {
		if of == 0 {
			t.Fatal("there are more rules than bits")
		}
		all = append(all, phrases...)
	}
	slices.Sort(all)
	r := rand.New(rand.NewPCG(9, 2))
	for range 3000 {
		var b strings.Builder
		for range r.IntN(4) {
			p := all[r.IntN(len(all))]
			from := r.IntN(2)
			b.WriteString(p[from : len(p)-r.IntN(2)])
			b.WriteString([]string{"", " ", "é", "x"}[r.IntN(4)])
		}
		got := factPhrases.in(b.String())
		for of, phrases := range kinds {
			if want := slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(b.String(), p) }); (got&of != 0) != want {
				t.Fatalf("%q: kind %b is found: %v, must be %v", b.String(), of, !want, want)
			}
		}
	}
}

// A batch, which compares only reports that share a word, finds alike those
// that comparing with all finds alike.
func TestReportsThatShareWordsAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	words := strings.Fields("printer internet scanner window invoice outlook badge door lamp garden slow broken")
	some := func(n int) string {
		var b strings.Builder
		for range 1 + r.IntN(n) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		return b.String()
	}
	found := 0
	for range 20 {
		one, many := &reports{}, &reports{batch: true}
		for i := range 60 {
			me := report{ID: int64(i + 1), At: migrations.Stamp(i) * burstWindow / 40, person: fmt.Sprint(r.IntN(20)), counts: r.IntN(8) > 0, gist: gistOf(some(3), some(8))}
			if i%20 == 19 { // the words that say nothing
				one.common, many.common = map[string]bool{"garden": true}, map[string]bool{"garden": true}
				one.all, many.all, many.having, many.known = nil, nil, nil, 0
			}
			a, b := me, me
			var near [2][]int64
			for k, x := range []*report{&a, &b} {
				o := []*reports{one, many}[k]
				for _, y := range o.around(x) {
					near[k] = append(near[k], y.ID)
				}
				o.all = append(o.all, x)
			}
			if !slices.Equal(near[0], near[1]) {
				t.Fatalf("report %d: a batch finds %v, one mail %v", i, near[1], near[0])
			}
			if len(near[0]) > 1 {
				found++
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d reports were like another", found)
	}
}
