package mailer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// head builds header fields. Every value is cleaned to one line and encoded
// here, so that nothing in a name or a subject can end its field: RFC 5322
// section 2.2.3 for the folding, RFC 2047 for what is beyond ASCII.
type head struct{ b strings.Builder }

const foldAt = 76 // columns; RFC 2047 section 2

// text adds an unstructured field.
func (h *head) text(name, value string) { h.field(name, encodeWords(value)) }

// address adds a field with one mailbox. The address must be clean.
func (h *head) address(name, display, address string) {
	if display == "" {
		h.field(name, []string{address})
		return
	}
	h.field(name, append(phrase(display), "<"+address+">"))
}

// ids adds a field of message ids, given without brackets; ids that can not
// stand in a header are left out.
func (h *head) ids(name string, ids ...string) {
	var atoms []string
	for _, id := range ids {
		if isMessageID(id) {
			atoms = append(atoms, "<"+id+">")
		}
	}
	if len(atoms) > 0 {
		h.field(name, atoms)
	}
}

// field writes atoms, which hold neither blanks nor line breaks, folding between them.
func (h *head) field(name string, atoms []string) {
	if h.b.Len() > 0 {
		h.b.WriteString("\r\n")
	}
	h.b.WriteString(name)
	h.b.WriteByte(':')
	col := len(name) + 1
	for i, a := range atoms {
		if i > 0 && col+1+len(a) > foldAt {
			h.b.WriteString("\r\n")
			col = 0
		}
		h.b.WriteByte(' ')
		h.b.WriteString(a)
		col += 1 + len(a)
	}
}

// isMessageID accepts what can stand between the brackets of a Message-ID,
// generously, since senders are: printable ASCII without blanks or brackets,
// and an @ somewhere.
func isMessageID(id string) bool {
	if id == "" || len(id) > 250 || !strings.Contains(id, "@") {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// phrase returns a display name as atoms: quoted where it is plain, encoded otherwise.
func phrase(name string) []string {
	name = oneLine(name, 60)
	plain := isASCII(name) && len(name) < 60 && !strings.Contains(name, "=?")
	if !plain {
		return encodedWords(name)
	}
	return []string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`}
}

// encodeWords splits text at its blanks. Words of plain ASCII stand as they
// are; runs of others are encoded together, with the blanks between them.
func encodeWords(s string) []string {
	var atoms, run []string
	flush := func() {
		if len(run) > 0 {
			atoms = append(atoms, encodedWords(strings.Join(run, " "))...)
			run = nil
		}
	}
	for _, w := range strings.Fields(s) {
		if isASCII(w) && len(w) <= 60 && !strings.Contains(w, "=?") {
			flush()
			atoms = append(atoms, w)
			continue
		}
		run = append(run, w)
	}
	flush()
	return atoms
}

// encodedWords encodes text by the Q encoding, a few whole characters to a
// word. Unlike the standard library's encoder it encodes plain ASCII too,
// so that a sender's own "=?" is never decoded by whoever reads it.
func encodedWords(s string) []string {
	const open, shut, room = "=?utf-8?q?", "?=", 75
	var words []string
	var b strings.Builder
	for _, r := range s {
		piece := ""
		switch {
		case r == ' ':
			piece = "_"
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '!', r == '*', r == '+', r == '/':
			piece = string(r)
		default:
			var buf [utf8.UTFMax]byte
			for _, c := range buf[:utf8.EncodeRune(buf[:], r)] {
				piece += fmt.Sprintf("=%02X", c)
			}
		}
		if len(open)+b.Len()+len(piece)+len(shut) > room-10 {
			words = append(words, open+b.String()+shut)
			b.Reset()
		}
		b.WriteString(piece)
	}
	if b.Len() > 0 {
		words = append(words, open+b.String()+shut)
	}
	return words
}
