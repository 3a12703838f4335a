package tracker

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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

// termPattern finds addresses and names as whole words; nil for none. Before
// one may stand the end of a character that JSON escapes, as in \nanna@….
func termPattern(addresses, names []string) *regexp.Regexp {
	var terms []string
	for _, a := range addresses {
		terms = append(terms, regexp.QuoteMeta(a))
	}
	for _, n := range names {
		terms = append(terms, strings.ReplaceAll(regexp.QuoteMeta(n), " ", `\s+`))
	}
	if len(terms) == 0 {
		return nil
	}
	// The longest first, so that nothing is left of it.
	slices.SortFunc(terms, func(a, b string) int { return len(b) - len(a) })
	return regexp.MustCompile(`(?i)(^|\\u[0-9a-f]{4}|\\[nrt]|[^\p{L}\p{N}._%+-])(?:` + strings.Join(terms, "|") + `)($|[^\p{L}\p{N}])`)
}

// redactor returns what takes addresses and names out of texts.
func redactor(addresses, names []string) func(string) string {
	of := termPattern(addresses, names)
	if of == nil {
		return func(s string) string { return s }
	}
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

// wholeIn reports whether an address, in lower case, stands in a raw mail: as
// the whole of one, not as the end of joanna@…. What stands before it may be
// encoded, as in =3Danna@… and %3Canna@….
func wholeIn(raw []byte, address string) bool {
	for at := 0; ; {
		i := bytes.Index(raw[at:], []byte(address))
		if i < 0 {
			return false
		}
		i += at
		after, _ := utf8.DecodeRune(raw[i+len(address):])
		before, _ := utf8.DecodeLastRune(raw[:i])
		encoded := i >= 3 && (raw[i-3] == '=' || raw[i-3] == '%') && isHex(raw[i-2]) && isHex(raw[i-1])
		if !isWord(after) && (encoded || !isWord(before) && !strings.ContainsRune("._%+-", before)) {
			return true
		}
		at = i + 1
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
