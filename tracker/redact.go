package tracker

import (
	"regexp"
	"slices"
	"strings"
)

// Erased stands where something was taken out of a text.
const Erased = "[erased]"

// fullNames returns the names that are surely one person's, in every order in
// which people write them: those of one word are not, and are left to a human.
func fullNames(names []string) []string {
	var all []string
	for _, n := range names {
		n = oneLine(n)
		if strings.Contains(n, "@") || len(n) < 5 {
			continue
		}
		last, first, comma := strings.Cut(n, ",")
		words := strings.Fields(n)
		if comma {
			words = append(strings.Fields(first), strings.Fields(last)...)
		}
		if len(words) < 2 || slices.ContainsFunc(words, func(w string) bool { return len(w) < 2 }) && len(words) == 2 {
			continue
		}
		n := len(words)
		all = append(all, strings.Join(words, " "), words[n-1]+" "+strings.Join(words[:n-1], " "), words[n-1]+", "+strings.Join(words[:n-1], " "))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// redactor returns what takes addresses and names out of texts.
func redactor(addresses, names []string) func(string) string {
	var terms []string
	for _, a := range addresses {
		terms = append(terms, regexp.QuoteMeta(a))
	}
	for _, n := range names {
		terms = append(terms, strings.ReplaceAll(regexp.QuoteMeta(n), " ", `\s+`))
	}
	if len(terms) == 0 {
		return func(s string) string { return s }
	}
	// The longest first, so that nothing is left of it.
	slices.SortFunc(terms, func(a, b string) int { return len(b) - len(a) })
	of := regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}._%+-])(?:` + strings.Join(terms, "|") + `)($|[^\p{L}\p{N}])`)
	return func(s string) string {
		// What stands between two is part of one match only: once more.
		for range 3 {
			now := of.ReplaceAllString(s, "${1}"+Erased+"${2}")
			if now == s {
				break
			}
			s = now
		}
		return s
	}
}
