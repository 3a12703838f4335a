package mailer

import (
	"regexp"
	"strings"
)

// The prefixes that mail programs of our languages put before a subject, and
// the tags that we and Exchange put into it.
var (
	prefixes = regexp.MustCompile(`(?i)^(?:(?:re|aw|fwd?|wg|sv|vs|antw|tr|rif|ynt)(?:\[\d+\])?\s*:|\[(?:ext|external|extern|externe)\])\s*`)
	tags     = regexp.MustCompile(`(?i)\[hd-\d+\]`)
)

// baseSubject returns a subject without prefixes and tags.
func baseSubject(s string) string {
	s = strings.Join(strings.Fields(tags.ReplaceAllString(s, " ")), " ")
	for {
		t := prefixes.ReplaceAllString(s, "")
		if t == s {
			return s
		}
		s = t
	}
}
