package mailer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxAddress is the longest path RFC 5321 section 4.5.3.1.3 allows, without
// its angle brackets.
const maxAddress = 254

// envelope is whom a mail is from and for, ready for the SMTP commands.
type envelope struct {
	from, to string
	utf8     bool // the recipient's local part needs SMTPUTF8 (RFC 6531)
}

// cleanAddress returns an address as it may stand in a command and a header:
// a dot-atom local part and a domain, which is turned to its ASCII form. A
// local part beyond ASCII is left as it is. Anything else is refused, so that
// neither a second command nor a second recipient can hide in it.
func cleanAddress(a string) (string, error) {
	at := strings.LastIndexByte(a, '@')
	if at <= 0 || at == len(a)-1 || !utf8.ValidString(a) {
		return "", fmt.Errorf("%q is not a mail address", a)
	}
	local, domain := a[:at], a[at+1:]
	for _, part := range strings.Split(local, ".") {
		if part == "" {
			return "", fmt.Errorf("%q is not a mail address: a dot stands at the wrong place before the @", a)
		}
	}
	for _, r := range local {
		if !isAtom(r) && r != '.' {
			return "", fmt.Errorf("%q is not a mail address: %q can not stand before the @", a, r)
		}
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !isDomain(ascii) {
		return "", fmt.Errorf("%q is not a mail address: %q is not a domain", a, domain)
	}
	if len(local)+1+len(ascii) > maxAddress {
		return "", fmt.Errorf("%q is too long for a mail address", a)
	}
	return local + "@" + ascii, nil
}

// isAtom reports atext of RFC 5322, and letters and digits beyond ASCII.
func isAtom(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r < utf8.RuneSelf:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isDomain(d string) bool {
	if d == "" || len(d) > 253 {
		return false
	}
	for _, label := range strings.Split(d, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
				return false
			}
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// splitAddress returns the two halves of a clean address.
func splitAddress(a string) (local, domain string) {
	at := strings.LastIndexByte(a, '@')
	if at < 0 {
		return a, ""
	}
	return a[:at], a[at+1:]
}

// oneLine returns text as it may stand in a header: valid, on one line,
// without control, zero-width or bidirectional characters, at most max runes.
func oneLine(s string, max int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsSpace(r) || r == '\u2028' || r == '\u2029' {
			space = b.Len() > 0
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) {
			continue
		}
		if n >= max {
			b.WriteRune('…')
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
			n++
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
