package anyof

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLikeContains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[abé ]{2,4}`)
		phrases := rapid.SliceOfNDistinct(word, 1, 6, rapid.ID[string]).Draw(t, "phrases")
		text := rapid.StringMatching(`[abé ]{0,30}`).Draw(t, "text")
		want := 0
		for _, p := range phrases {
			if strings.Contains(text, p) {
				want++
			}
		}
		s := New(phrases...)
		if got := s.Count(text, 100); got != want {
			t.Fatalf("%d of %q in %q, want %d", got, phrases, text, want)
		}
		if s.In(text) != (want > 0) {
			t.Fatal("In and Count disagree")
		}
	})
}
