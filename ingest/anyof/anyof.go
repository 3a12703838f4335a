// Package anyof looks for many phrases in a text at once: mails are searched
// for dozens of them, and most mails hold none.
package anyof

import "strings"

// Set is a set of phrases of two bytes or more, made once and then read only.
type Set struct {
	pairs  [1 << 10]uint64 // one bit for every pair of bytes that begins a phrase
	starts map[[2]byte][]string
}

// New returns the set of these phrases. A phrase of fewer than two bytes is
// not taken.
func New(phrases ...string) *Set {
	s := &Set{starts: map[[2]byte][]string{}}
	for _, p := range phrases {
		if len(p) < 2 {
			continue
		}
		k := [2]byte{p[0], p[1]}
		s.starts[k] = append(s.starts[k], p)
		n := slot(p[0], p[1])
		s.pairs[n>>6] |= 1 << (n & 63)
	}
	return s
}

func slot(a, b byte) uint { return uint(a)<<8 | uint(b) }

// In reports whether text holds one of the phrases.
func (s *Set) In(text string) bool { return s.Count(text, 1) > 0 }

// Count returns how many different phrases text holds, at most max.
func (s *Set) Count(text string, max int) int {
	var found []string
	for i := 0; i+1 < len(text); i++ {
		n := slot(text[i], text[i+1])
		if s.pairs[n>>6]&(1<<(n&63)) == 0 {
			continue
		}
		for _, p := range s.starts[[2]byte{text[i], text[i+1]}] {
			if !strings.HasPrefix(text[i:], p) || contains(found, p) {
				continue
			}
			if found = append(found, p); len(found) >= max {
				return max
			}
		}
	}
	return len(found)
}

func contains(list []string, p string) bool {
	for _, q := range list {
		if p == q {
			return true
		}
	}
	return false
}
