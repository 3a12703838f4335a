package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

// Folding a text of Latin letters the short way gives what the long way gives.
func TestFoldingTheShortWay(t *testing.T) {
	both := func(s string) bool {
		t.Helper()
		want := foldAny(strings.ToLower(s))
		if got := Fold(s); got != want {
			t.Fatalf("%q is folded as %q, must be %q", s, got, want)
		}
		return want != s
	}
	for r := range rune(0x300) {
		for _, s := range []string{"%", "a%b", " %", "%% x", "x % y"} {
			both(strings.ReplaceAll(s, "%", string(r)))
		}
	}
	r := rand.New(rand.NewPCG(3, 5))
	often := []string{" ", "\t", "\n", "\v", "\u00a0", "a", "B", ".", "é", "É", "e\u0301", "ß", "´", "ŉ", "İ", "\x85", "\u0301", "\xff", "ﬁ", "語", "ร", "Ж"}
	folded := 0
	for range 50_000 {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteString(often[r.IntN(len(often)-r.IntN(2)*6)]) // half of them Latin alone
		}
		if both(b.String()) {
			folded++
		}
	}
	if folded < 1000 {
		t.Errorf("only %d texts had something to fold", folded)
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
