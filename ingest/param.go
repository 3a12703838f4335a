package ingest

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxParams bounds the parameters read from one header field.
const maxParams = 128

// paramValue is a Content-Type or Content-Disposition: the value in lower
// case and its parameters by lower-case name, decoded.
type paramValue struct {
	value  string
	params map[string]string
}

// parseParams reads "value; name=value; …" (RFC 2045 section 5.1) with RFC
// 2231 continuations and charsets, and with the RFC 2047 words and unquoted
// blanks that the RFCs forbid and mailers write.
func parseParams(s, hint string) paramValue {
	if len(s) > 64<<10 {
		s = s[:64<<10]
	}
	head, rest, _ := strings.Cut(s, ";")
	pv := paramValue{params: map[string]string{}}
	if i := strings.IndexByte(head, '='); i >= 0 {
		// no value, or no semicolon after it: "attachment filename=a.pdf"
		if j := strings.LastIndexAny(strings.TrimRight(head[:i], " \t"), " \t\r\n"); j >= 0 {
			head, rest = head[:j], s[j:]
		} else if knownParam(strings.TrimSpace(head[:i])) {
			head, rest = "", s
		}
	}
	pv.value = strings.ToLower(strings.TrimSpace(head))
	if i := strings.IndexAny(pv.value, " \t\r\n("); i >= 0 {
		pv.value = pv.value[:i]
	}
	var pieces map[string][]piece
	words := map[string]bool{} // written as encoded words: as good as RFC 2231
	for n := 0; rest != "" && n < maxParams; n++ {
		var name, value string
		var quoted bool
		name, value, quoted, rest = cutParam(rest)
		if name == "" {
			continue
		}
		base, idx, ext := splitName(name)
		if idx < 0 && !ext {
			if _, dup := pv.params[base]; !dup {
				if !quoted {
					value = strings.TrimSpace(value)
				}
				pv.params[base] = decodeParam(value, hint)
				words[base] = strings.HasPrefix(value, "=?")
			}
			continue
		}
		if pieces == nil {
			pieces = map[string][]piece{}
		}
		pieces[base] = append(pieces[base], piece{idx: idx, ext: ext, value: value})
	}
	for base, ps := range pieces {
		if v := joinPieces(ps, hint); v != "" && !(words[base] && pv.params[base] != "") {
			pv.params[base] = v
		}
	}
	return pv
}

// piece is one RFC 2231 segment: name*2*="…".
type piece struct {
	idx   int
	ext   bool
	value string
}

// joinPieces puts continuations together in the order of their numbers. A gap
// is left out, so that the name keeps its ending (RFC 2231 section 3 knows no
// gaps); of a number that comes twice the first counts.
func joinPieces(ps []piece, hint string) string {
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].idx < ps[j].idx })
	charset := ""
	var raw []byte
	anyExt := false
	if cs, _, ok := cutCharset(ps[0].value); ok && cs != "" && strings.IndexByte(ps[0].value, '%') >= 0 {
		ps[0].ext = true // its asterisk was forgotten, as were those after it
		for i := 1; i < len(ps); i++ {
			ps[i].ext = true
		}
	}
	last := -1
	for i, p := range ps {
		if p.idx == last {
			continue
		}
		last = p.idx
		v := p.value
		if p.ext {
			if i == 0 {
				if cs, text, ok := cutCharset(v); ok {
					charset, v = cs, text
				}
			}
			anyExt = true
			raw = append(raw, unescape(v, '%')...)
			continue
		}
		raw = append(raw, v...)
	}
	if !anyExt {
		return decodeParam(string(raw), hint)
	}
	t, _ := decodeCharset(raw, charset)
	if strings.Contains(t, "=?") {
		return decodeText(t, hint) // encoded twice over
	}
	return t
}

// cutCharset splits "utf-8'en'text" (RFC 2231 section 4). The language and its
// second apostrophe may be missing; an unknown charset is none, since names
// have apostrophes too.
func cutCharset(v string) (charset, text string, ok bool) {
	charset, rest, ok := strings.Cut(v, "'")
	if !ok || len(charset) > 40 || strings.ContainsAny(charset, " %") {
		return "", v, false
	}
	known := charset == "" || knownCharset(charset)
	language, text, two := strings.Cut(rest, "'")
	switch {
	case two && len(language) < 12 && strings.Trim(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "":
		return charset, text, true
	case known && charset != "":
		return charset, rest, true
	}
	return "", v, false
}

func knownCharset(label string) bool {
	switch label = strings.ToLower(label); label {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return true
	}
	return findEncoding(label) != nil
}

// decodeParam decodes a plain parameter as mailers write them: with encoded
// words, also twice over, or percent-encoded as if RFC 2231 had been asked for.
func decodeParam(s, hint string) string {
	if n := len(s); n > 2 && s[0] == '\'' && s[n-1] == '\'' {
		s = s[1 : n-1]
	}
	if strings.IndexByte(s, '%') >= 0 && !strings.Contains(s, "=?") {
		charset, text, ok := cutCharset(s)
		if !ok || charset == "" {
			charset, text = "utf-8", s
		}
		b := unescape(text, '%')
		if ok && charset != "utf-8" || utf8.Valid(b) && (ok || hasHigh(b)) && !hasHigh([]byte(text)) {
			t, _ := decodeCharset(b, charset)
			return t
		}
	}
	t := decodeText(s, hint)
	if strings.Contains(t, "=?") && strings.Contains(t, "?=") && t != s {
		return decodeText(t, hint)
	}
	return t
}

// splitName splits "filename*0*" into its base, index (-1: none) and whether
// it is extended.
func splitName(name string) (base string, idx int, ext bool) {
	base, tail, ok := strings.Cut(name, "*")
	if !ok {
		return name, -1, false
	}
	if tail == "" {
		return base, 0, true
	}
	if t, ok := strings.CutSuffix(tail, "*"); ok {
		tail, ext = t, true
	}
	n, err := strconv.Atoi(tail)
	if err != nil || n < 0 || n > 1000 {
		return name, -1, false
	}
	return base, n, ext
}

// cutParam reads one "name=value" up to its semicolon.
func cutParam(s string) (name, value string, quoted bool, rest string) {
	s = strings.TrimLeft(s, "; \t\r\n")
	eq := strings.IndexAny(s, "=;")
	if eq < 0 {
		return "", "", false, ""
	}
	if s[eq] == ';' {
		return "", "", false, s[eq+1:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:eq]))
	s = strings.TrimLeft(s[eq+1:], " \t\r\n")
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
				i++
				b.WriteByte(s[i])
			case s[i] == '"':
				after := strings.TrimLeft(s[i+1:], " \t\r\n")
				// a lone quote inside the name, as in "a "b".pdf"
				if after != "" && after[0] != ';' && after[0] != '(' && strings.IndexByte(after, '"') >= 0 && !strings.Contains(before(after, `"`), "=") {
					b.WriteByte('"')
					continue
				}
				_, rest, _ = strings.Cut(after, ";")
				if after != "" && after[0] != ';' && looksParam(after) {
					rest = after
				}
				return name, b.String(), true, rest
			default:
				b.WriteByte(s[i])
			}
		}
		return name, strings.TrimSpace(before(b.String(), ";")), true, ""
	}
	// unquoted: to the semicolon, or a parameter whose semicolon is missing,
	// but never inside an encoded word
	end := 0
	for end < len(s) && s[end] != ';' {
		if (s[end] == ' ' || s[end] == '\t' || s[end] == '\n') && end > 0 {
			if next := strings.TrimLeft(s[end:min(len(s), end+80)], " \t\r\n"); looksParam(next) && knownParam(before(next, "=")) {
				return name, strings.TrimSpace(s[:end]), false, s[end:]
			}
		}
		if strings.HasPrefix(s[end:], "=?") {
			if _, _, n, ok := cutWord(s[end:]); ok {
				end += n
				continue
			}
		}
		end++
	}
	value = s[:end]
	if end < len(s) {
		rest = s[end+1:]
	}
	return name, strings.TrimSpace(value), false, rest
}

// knownParam says whether a name is one of the parameters that content fields
// have, so that "a b=c.pdf" stays a name.
func knownParam(name string) bool {
	name = strings.ToLower(before(strings.TrimSpace(name), "*"))
	switch name {
	case "filename", "name", "size", "charset", "boundary", "format", "type", "creation-date", "modification-date", "read-date", "x-mac-type", "x-mac-creator", "x-unix-mode":
		return true
	}
	return false
}

// looksParam says whether text goes on with "name=", a missing semicolon.
func looksParam(s string) bool {
	i := strings.IndexByte(s, '=')
	return i > 0 && i < 40 && !strings.ContainsAny(s[:i], " \t\"")
}

func before(s, sep string) string {
	s, _, _ = strings.Cut(s, sep)
	return s
}
