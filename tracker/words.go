package tracker

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine returns s as names and titles are kept: one line of valid UTF-8
// without control characters, spaces single, none at the ends.
func OneLine(s string) string { return oneLine(s) }

// ManyLines returns s as texts are kept: valid UTF-8 without control
// characters but tabs, lines ended by \n.
func ManyLines(s string) string { return manyLines(s) }

// oneLine returns s as it can stand on one line: valid UTF-8 without control
// and invisible formatting characters, spaces single, none at the ends.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r) && r != '\u200d': // joined emoji stay whole
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// manyLines returns s as text that people wrote: valid UTF-8, lines ended by
// \n, no control characters but tabs, no empty lines at either end.
func manyLines(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r':
			return '\n'
		case unicode.Is(unicode.Cc, r):
			return -1
		}
		return r
	}, s)
	return strings.Trim(strings.TrimRightFunc(s, unicode.IsSpace), "\n")
}

// beginning cuts a line after a word, with the sign that it goes on; it has at
// most n bytes and that sign.
func beginning(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = clip(s, n)
	if i := strings.LastIndexByte(s, ' '); i > n/2 {
		s = s[:i]
	}
	return strings.TrimRight(s, " ,;:-") + "…"
}

// clip returns at most n bytes of s, cut between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
