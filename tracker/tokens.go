package tracker

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxToken is the length in characters to which words are cut: what is longer
// is encoded data, not a word.
const maxToken = 40

// eachToken calls add for every word of a text as search knows them: lower
// case, without marks, split at all that is no letter or digit, so that a
// compound is found by its parts. Scripts that do not put spaces between words
// are cut into overlapping pairs. Both engines are given these words, and so
// agree. It stops when add returns false.
func eachToken(text string, add func(token string) bool) {
	var word []rune
	flush := func() bool {
		if len(word) == 0 {
			return true
		}
		more := addWord(word, add)
		word = word[:0]
		return more
	}
	folded, plain := foldForSearch(text), 0 // plain: so many bytes before are a word of ASCII alone
	for i, r := range folded {
		if r < utf8.RuneSelf && len(word) == 0 {
			if isASCIIWord(byte(r)) { // most are
				plain++
				continue
			}
			if plain > 0 && !add(folded[i-plain : i][:min(plain, maxToken)]) {
				return
			}
			plain = 0
			continue
		}
		if plain > 0 { // a word that goes on with other letters, or ends before them
			word, plain = append(word, []rune(folded[i-plain:i])...), 0
		}
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9': // most are
			if len(word) == 0 || !unspaced(word[len(word)-1]) {
				word = append(word, r)
				continue
			}
		case r < utf8.RuneSelf:
			if !flush() {
				return
			}
			continue
		case unicode.Is(unicode.Mn, r): // the accent of what came before
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mc, r):
			if !flush() {
				return
			}
			continue
		}
		if len(word) > 0 && unspaced(r) != unspaced(word[len(word)-1]) && !flush() {
			return
		}
		if spelled, ok := spelledOut(r); ok {
			word = append(word, []rune(spelled)...)
		} else {
			word = append(word, r)
		}
	}
	if plain > 0 {
		add(folded[len(folded)-plain:][:min(plain, maxToken)])
		return
	}
	flush()
}

func addWord(word []rune, add func(string) bool) bool {
	if !unspaced(word[0]) {
		return add(string(word[:min(len(word), maxToken)]))
	}
	for i := 0; i+1 < len(word); i++ {
		if !add(string(word[i : i+2])) {
			return false
		}
	}
	return add(string(word[len(word)-1:]))
}

func foldForSearch(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			// Decomposed first: some letters decompose into capitals.
			return strings.ToLower(norm.NFKD.String(strings.ToValidUTF8(text, " ")))
		}
	}
	return strings.ToLower(text)
}

// spelledOut returns how a letter that has no decomposition is commonly typed
// without it.
func spelledOut(r rune) (string, bool) {
	switch r {
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'ø':
		return "o", true
	case 'ł':
		return "l", true
	case 'đ', 'ð':
		return "d", true
	case 'þ':
		return "th", true
	case 'ı':
		return "i", true
	}
	return "", false
}

// unspaced reports whether a letter belongs to a script that is written
// without spaces between words.
func unspaced(r rune) bool {
	if r < 0x0E00 {
		return false
	}
	return r == 0x30FC || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// wordsOf returns the distinct words of texts, at most limit of them.
func wordsOf(limit int, texts ...string) []string {
	seen := make(map[string]struct{}, 64)
	var tokens []string
	for _, text := range texts {
		eachToken(text, func(token string) bool {
			if _, ok := seen[token]; !ok && len(tokens) < limit {
				seen[token] = struct{}{}
				tokens = append(tokens, token)
			}
			return len(tokens) < limit
		})
	}
	return tokens
}
