package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdeskd/tracker/transfer"
)

// maxSubject bounds decoded one-line header texts, in bytes (RFC 5322 2.1.1).
const maxSubject = 998

// maxNote bounds what is said of a mail in one line, in bytes.
const maxNote = 1000

// maxWord bounds one encoded word. RFC 2047 allows 75 bytes; mailers exceed
// that, but not by this much.
const maxWord = 8 << 10

// decodeText decodes a header text for display: RFC 2047 encoded words
// anywhere, also where the RFC forbids them (inside quotes, glued to text),
// and raw 8-bit bytes. hint is the charset to try for those, "" for a guess.
// The input is cut first, so that a flood of encoded words costs nothing.
func decodeText(s, hint string) string {
	if len(s) > 16<<10 {
		s = s[:16<<10]
	}
	if !strings.Contains(s, "=?") {
		return decodeRaw(s, hint)
	}
	var b strings.Builder
	var run wordRun
	for len(s) > 0 {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		wd, n, ok := readWord(s[i:])
		if !ok {
			if wd, ok = cutOff(s[i:]); ok {
				n = len(s) - i
			}
		}
		if !ok {
			run.flush(&b)
			b.WriteString(decodeRaw(s[:i+2], hint))
			s = s[i+2:]
			continue
		}
		between := s[:i]
		// white space between two encoded words is dropped (RFC 2047 6.2); a
		// character split over two words needs their bytes side by side
		if len(run) > 0 && (strings.TrimSpace(between) != "" || !strings.EqualFold(wd.charset, run[0].charset)) {
			run.flush(&b)
			if strings.TrimSpace(between) == "" {
				between = ""
			}
		}
		if len(run) == 0 {
			b.WriteString(decodeRaw(between, hint))
		}
		run = append(run, wd)
		s = s[i+n:]
	}
	run.flush(&b)
	b.WriteString(decodeRaw(s, hint))
	return b.String()
}

// word is one encoded word.
type word struct {
	charset string
	base64  bool
	text    string
}

func (w word) decode() []byte {
	if w.base64 {
		return decodeBase64([]byte(w.text), 0)
	}
	return decodeQ(w.text)
}

// wordRun is neighbouring words in one charset.
type wordRun []word

func (r *wordRun) flush(b *strings.Builder) {
	if len(*r) == 0 {
		return
	}
	var data []byte
	joined := false
	for i, w := range *r {
		data = append(data, w.decode()...)
		joined = joined || i > 0 && w.base64 && (*r)[i-1].base64 && len((*r)[i-1].text)%4 != 0
	}
	if joined && !utf8.Valid(data) {
		// base64 cut in the middle of its groups of four
		var all strings.Builder
		for _, w := range *r {
			if !w.base64 {
				all.Reset()
				break
			}
			all.WriteString(w.text)
		}
		if whole := decodeBase64([]byte(all.String()), 0); len(whole) > 0 && utf8.Valid(whole) {
			data = whole
		}
	}
	t, _ := decodeCharset(data, (*r)[0].charset)
	b.WriteString(t)
	*r = (*r)[:0]
}

// cutOff reads an encoded word that lost its end: the last thing in s.
func cutOff(s string) (word, bool) {
	s = strings.TrimSuffix(s, "?")
	if strings.ContainsAny(s, " \t") || len(s) > maxWord || len(s) < 2 || strings.Contains(s[2:], "=?") {
		return word{}, false
	}
	w, _, ok := readWord(s + "?=")
	if ok && !w.base64 && !strings.ContainsAny(w.text, "_=") {
		return word{}, false
	}
	return w, ok && w.text != ""
}

// decodeSubject decodes a subject: as decodeText, encoded twice where a
// gateway did that, with runs of blanks, which only hide what follows, as one.
func decodeSubject(s, hint string) string {
	t := decodeText(s, hint)
	if strings.HasPrefix(t, "=?") && strings.HasSuffix(t, "?=") {
		t = decodeText(t, hint)
	}
	return cleanLine(strings.Join(strings.Fields(t), " "), maxSubject)
}

// cutWord reads one encoded word at the start of s and says how long it is.
func cutWord(s string) (charset string, data []byte, n int, ok bool) {
	w, n, ok := readWord(s)
	if !ok {
		return "", nil, 0, false
	}
	return w.charset, w.decode(), n, true
}

// readWord reads one encoded word, not yet decoded. The charset may be
// missing, which RFC 2047 does not allow.
func readWord(s string) (w word, n int, ok bool) {
	rest := s[2:]
	i := strings.IndexByte(rest, '?')
	if i < 0 || i > 64 || i+2 >= len(rest) || rest[i+2] != '?' {
		return word{}, 0, false
	}
	charset := rest[:i]
	if strings.ContainsAny(charset, " \t\"<>,;=") {
		return word{}, 0, false
	}
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231 language
	enc := rest[i+1] | 0x20
	body := rest[i+3:]
	if len(body) > maxWord {
		body = body[:maxWord]
	}
	end := strings.Index(body, "?=")
	if end < 0 {
		return word{}, 0, false
	}
	// "=?utf-8?q?a?==20b?=": a "?=" that is itself followed by hex is text
	if enc == 'q' && end+4 < len(body) && hexAt(body, end+2) {
		if e := strings.Index(body[end+2:], "?="); e >= 0 && !strings.ContainsAny(body[end+2:end+2+e], " \t") {
			end += 2 + e
		}
	}
	text := body[:end]
	n = 2 + i + 3 + end + 2
	if enc == 'b' || enc == 'q' {
		return word{charset: charset, base64: enc == 'b', text: text}, n, true
	}
	return word{}, 0, false
}

// decodeQ is the Q encoding: RFC 2047 section 4.2.
func decodeQ(s string) []byte {
	return unescape(strings.ReplaceAll(s, "_", " "), '=')
}

// unescape reads the bytes that mark and two hexadecimal digits stand for; a
// broken escape stays as it was written.
func unescape(s string, mark byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == mark && hexAt(s, i+1) {
			b, _ := transfer.HexPair(s[i+1], s[i+2])
			out = append(out, b)
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// hexAt says whether two hexadecimal digits stand at s[i].
func hexAt(s string, i int) bool {
	if i+1 >= len(s) {
		return false
	}
	_, ok := transfer.HexPair(s[i], s[i+1])
	return ok
}

func decodeRaw(s, hint string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] == 0x1b {
			if utf8.ValidString(s) && s[i] >= 0x80 {
				return s
			}
			t, _ := decodeCharset([]byte(s), hint)
			return t
		}
	}
	return s
}

// invisible says whether a rune may not stand in a name, subject or file
// name: controls, bidi marks and overrides, zero-width characters, tags.
func invisible(r rune) bool {
	switch {
	case r < 0x20 || 0x7f <= r && r < 0xa0:
		return true
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff:
		return true
	case 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f:
		return true
	case 0xfff9 <= r && r <= 0xfffb, 0xe0000 <= r && r <= 0xe007f:
		return true
	}
	return false
}

// cleanLine makes a decoded text safe to show on one line: line breaks and
// tabs become a space, invisible characters go, the length is bounded.
func cleanLine(s string, max int) string {
	ok := utf8.ValidString(s) && len(s) <= max
	if ok {
		for _, r := range s {
			if invisible(r) {
				ok = false
				break
			}
		}
	}
	if ok {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		if r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == 0x2028 || r == 0x2029 {
			r = ' '
			if space {
				continue
			}
		} else if invisible(r) {
			continue
		}
		space = r == ' '
		if b.Len()+utf8.RuneLen(r) > max {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// cleanBody makes body text fit for storing and showing: valid UTF-8, line
// ends as \n, no controls but tab and newline, no bidi overrides. Where one of
// these stands before or in what would be a technician's command without it, a
// space without width takes its place: what was no command becomes none.
func cleanBody(s string) string {
	dirty := !utf8.ValidString(s)
	if !dirty {
		for _, r := range s {
			if badInBody(r) {
				dirty = true
				break
			}
		}
	}
	if !dirty {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	breaks := 0                 // CRs that wait for what follows: "\r\r\n" is one line end
	begun, hash := false, false // the line has letters; its first one is #
	for i, r := range s {
		if r == '\r' {
			breaks++
			continue
		}
		if r == '\n' {
			breaks = 0
		}
		for ; breaks > 0; breaks-- {
			b.WriteByte('\n')
			begun, hash = false, false
		}
		switch {
		case r == '\f' || r == '\v' || r == 0x85 || r == 0x2028 || r == 0x2029:
			b.WriteByte('\n')
			begun, hash = false, false
		case badInBody(r):
			if hash || !begun && beforeHash(s[i:min(i+32, len(s))]) {
				b.WriteRune('\u200b')
			}
		default:
			b.WriteRune(r)
			if r == '\n' {
				begun, hash = false, false
			} else if !begun && !unicode.IsSpace(r) {
				begun, hash = true, r == '#'
			}
		}
	}
	for ; breaks > 0; breaks-- {
		b.WriteByte('\n')
	}
	return b.String()
}

// beforeHash reports whether only blanks and what is left out stand before a #.
func beforeHash(s string) bool {
	for _, r := range s {
		switch {
		case r == '#':
			return true
		case r == '\n' || !unicode.IsSpace(r) && !badInBody(r):
			return false
		}
	}
	return false
}

func badInBody(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case r < 0x20, 0x7f <= r && r < 0xa0:
		return true
	case 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, r == 0x2028, r == 0x2029:
		return true
	}
	return false
}

// decodeBase64 decodes tolerantly: anything outside the alphabet is skipped,
// padding may be missing or stand in the middle, at most max bytes are
// returned (0 for all).
func decodeBase64(src []byte, max int) []byte {
	out, _ := transfer.All(src, transfer.Base64, max)
	return out
}
