package ingest

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"helpdeskd/tracker"
)

// maxAddresses bounds the mailboxes read from one header field.
const maxAddresses = 500

// addressList is a tolerant reader of RFC 5322 section 3.4 address lists. The
// addr-spec is taken literally; only names are decoded. odd names the first
// spelling that readers disagree about, "" when there is none.
func addressList(s, hint string) (list []tracker.Address, odd string) {
	if len(s) > 256<<10 {
		s = s[:256<<10]
	}
	p := addressReader{hint: hint}
	for len(s) > 0 && len(p.list) < maxAddresses {
		s = p.step(s)
	}
	p.flush()
	return p.list, p.odd
}

type addressReader struct {
	hint    string
	list    []tracker.Address
	odd     string
	phrase  strings.Builder // words before the angle, still encoded
	comment strings.Builder
	addr    string
	angled  bool
	quoted  bool // the phrase has a quoted string
}

// step consumes one lexical element of s.
func (p *addressReader) step(s string) string {
	switch c := s[0]; c {
	case '"':
		text, n := cutQuoted(s)
		if hidden.MatchString(text) && strings.Contains(text, "\x1b") {
			p.setOdd("an address among shifted characters")
		}
		// a quoted local part belongs to the address: "a b"@x.example
		if n < len(s) && s[n] == '@' {
			p.phrase.WriteString(s[:n])
			if strings.ContainsAny(text, "@<>,:") {
				p.setOdd("an address inside a quoted local part")
			}
			return s[n:]
		}
		p.space()
		p.phrase.WriteString(text)
		p.quoted = true
		return s[n:]
	case '(':
		text, n := cutComment(s)
		if p.comment.Len() > 0 {
			p.comment.WriteByte(' ')
		}
		p.comment.WriteString(text)
		return s[n:]
	case 0x1b:
		n := cutShifted(s)
		if hidden.MatchString(s[:n]) {
			p.setOdd("an address among shifted characters")
		}
		n = max(n, 1)
		p.phrase.WriteString(s[:n])
		return s[n:]
	case '<':
		return p.angle(s)
	case ',', ';':
		p.flush()
		return s[1:]
	case ':':
		// a group "Name: a, b;" (RFC 5322 section 3.4)
		if !p.angled && !strings.Contains(p.phrase.String(), "@") {
			p.reset()
			return s[1:]
		}
		p.phrase.WriteByte(c)
		return s[1:]
	case '=':
		if strings.HasPrefix(s, "=?") {
			if _, _, n, ok := cutWord(s); ok {
				p.phrase.WriteString(s[:n])
				return s[n:]
			}
		}
		p.phrase.WriteByte(c)
		return s[1:]
	default:
		n := strings.IndexAny(s[1:], "\"(<,;:=\x1b")
		if n < 0 {
			n = len(s) - 1
		}
		p.phrase.WriteString(s[:n+1])
		return s[n+1:]
	}
}

func (p *addressReader) space() {
	if t := p.phrase.String(); t != "" && !strings.HasSuffix(t, " ") {
		p.phrase.WriteByte(' ')
	}
}

func (p *addressReader) setOdd(s string) {
	if p.odd == "" {
		p.odd = s
	}
}

// angle reads "<addr>", also "<<addr>>", a route and a missing ">".
func (p *addressReader) angle(s string) string {
	for strings.HasPrefix(s, "<<") {
		s = s[1:]
	}
	end := strings.IndexAny(s, ">")
	if comma := strings.IndexAny(s, ",;"); end < 0 || comma >= 0 && comma < end && !strings.HasPrefix(s, "<@") {
		if end < 0 {
			end = comma
		}
		if end < 0 {
			end = len(s)
		}
	}
	in := s[1:max(end, 1)]
	if len(in) > 2048 {
		in = in[:2048]
		p.setOdd("an address of more than 320 bytes")
	}
	rest := s[min(end+1, len(s)):]
	for strings.HasPrefix(rest, ">") {
		rest = rest[1:]
	}
	if p.angled {
		p.setOdd("several addresses in one mailbox")
		p.flush()
	}
	if strings.HasPrefix(in, "@") {
		if i := strings.LastIndexByte(in, ':'); i >= 0 {
			in = in[i+1:]
			p.setOdd("a source route in the address")
		} else {
			in = "" // "<@mx.client.example>", as Courier signs its reports: nobody
		}
	}
	if i := strings.IndexByte(in, '('); i >= 0 {
		p.setOdd("a comment inside the address")
		var b strings.Builder
		for len(in) > 0 {
			if in[0] == '(' {
				_, n := cutComment(in)
				in = in[n:]
				continue
			}
			b.WriteByte(in[0])
			in = in[1:]
		}
		in = b.String()
	}
	p.addr, p.angled = in, true
	return rest
}

// flush ends one mailbox.
func (p *addressReader) flush() {
	phrase, comment := strings.TrimSpace(p.phrase.String()), p.comment.String()
	addr, angled, quoted := p.addr, p.angled, p.quoted
	p.reset()
	if !angled {
		if phrase == "" {
			if comment != "" {
				p.list = append(p.list, tracker.Address{Name: cleanLine(decodeText(comment, p.hint), 320)})
			}
			return
		}
		addr, phrase = bareAddress(phrase, quoted)
	}
	name := strings.Trim(cleanLine(decodeText(phrase, p.hint), 320), "\"' ")
	if name == "" && comment != "" {
		name = cleanLine(decodeText(comment, p.hint), 320)
	}
	clean, odd := cleanAddress(addr)
	if odd != "" {
		p.setOdd(odd)
	}
	if strings.EqualFold(name, clean) {
		name = ""
	}
	if name == "" && clean == "" && !angled {
		return
	}
	p.list = append(p.list, tracker.Address{Name: name, Address: clean})
}

func (p *addressReader) reset() {
	p.phrase.Reset()
	p.comment.Reset()
	p.addr, p.angled, p.quoted = "", false, false
}

// bareAddress finds the address in a mailbox without angle brackets.
func bareAddress(phrase string, quoted bool) (addr, rest string) {
	if !strings.Contains(phrase, "@") {
		return "", phrase
	}
	words := strings.Fields(phrase)
	for i := len(words) - 1; i >= 0; i-- {
		if w := words[i]; strings.Contains(w, "@") {
			return strings.Trim(w, "[]'"), strings.Join(append(words[:i:i], words[i+1:]...), " ")
		}
	}
	return phrase, ""
}

// cleanAddress makes the literal addr-spec storable: lower case, no blanks or
// controls. What had to go is reported, since readers differ about it.
func cleanAddress(s string) (addr, odd string) {
	s = strings.TrimSpace(s)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if !utf8.ValidString(s) {
		s, odd = strings.ToValidUTF8(s, "\uFFFD"), "bytes that are not text in the address"
	}
	var b strings.Builder
	for _, r := range s {
		if r == ' ' || r == '\t' {
			continue
		}
		if invisible(r) {
			odd = "control or invisible characters in the address"
			continue
		}
		if b.Len() >= 320 {
			odd = "an address of more than 320 bytes"
			break
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String()), odd
}

// hidden finds what a reader who knows no shifts would take for an address.
var hidden = regexp.MustCompile(`[!-~]@[0-9A-Za-z.-]*\.[A-Za-z]{2}`)

// cutShifted returns the length of the double-byte or katakana characters of
// ISO-2022-JP (RFC 1468) at the start of s, with the shifts around them; 0
// where there are none, or where they have no end. Their bytes look like
// quotes, brackets and commas, and are none.
func cutShifted(s string) int {
	in := false
	for _, shift := range []string{"\x1b$@", "\x1b$B", "\x1b$(D", "\x1b(I"} {
		in = in || strings.HasPrefix(s, shift)
	}
	if !in {
		return 0
	}
	for i := 3; i < len(s); i++ {
		switch c := s[i]; {
		case c == 0x1b:
			if strings.HasPrefix(s[i:], "\x1b(B") || strings.HasPrefix(s[i:], "\x1b(J") {
				return i + 3
			}
			return i // another shift
		case c <= ' ' || c >= 0x7f:
			return 0
		}
	}
	return 0
}

// cutQuoted reads a quoted string at the start of s; an unclosed one ends
// before the next "<", as every tolerant reader does.
func cutQuoted(s string) (text string, n int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case 0x1b:
			n := max(cutShifted(s[i:]), 1)
			b.WriteString(s[i : i+n])
			i += n - 1
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), i + 1
		default:
			b.WriteByte(s[i])
		}
	}
	if i := strings.IndexByte(s, '<'); i > 0 {
		return strings.Trim(s[1:i], "\" "), i
	}
	return b.String(), len(s)
}

// cutComment reads a nested comment at the start of s.
func cutComment(s string) (text string, n int) {
	depth := 0
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case 0x1b:
			n := max(cutShifted(s[i:]), 1)
			b.WriteString(s[i : i+n])
			i += n - 1
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		case '(':
			if depth++; depth > 1 {
				b.WriteByte('(')
			}
		case ')':
			if depth--; depth == 0 {
				return b.String(), i + 1
			}
			b.WriteByte(')')
		default:
			b.WriteByte(s[i])
		}
	}
	if i := strings.IndexByte(s, '<'); i > 0 {
		return strings.TrimSpace(s[1:i]), i
	}
	return b.String(), len(s)
}
