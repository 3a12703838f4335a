package ingest

import (
	"bytes"
	"strings"
)

// Bounds on a header block. A block beyond them is not read further: the mail
// is reported as malformed, its raw bytes stay whole.
const (
	maxHeaderBytes  = 4 << 20
	maxHeaderFields = 5000
)

// field is one header field: its name in lower case and its unfolded value,
// still encoded.
type field struct {
	name  string
	value string
	// odd says that the name was written in a spelling that readers disagree
	// about ("From :", a folded name): RFC 5322 section 4.5 obsolete syntax.
	odd bool
}

// header is one parsed header block.
type header struct {
	fields  []field
	defects []string
	size    int  // bytes up to and including the blank line
	tooBig  bool // the bounds above were hit

	// folds of the last field, joined once so that a value of many lines
	// takes linear time
	folds []byte
	known int // the header is known to go on up to this offset
}

// settle gives the last field its folds.
func (h *header) settle() {
	if len(h.folds) > 0 {
		h.fields[len(h.fields)-1].value += string(h.folds)
		h.folds = h.folds[:0]
	}
}

// get returns the first value of a field, trimmed, and "" when absent.
func (h *header) get(name string) string {
	for i := range h.fields {
		if h.fields[i].name == name {
			return strings.TrimSpace(h.fields[i].value)
		}
	}
	return ""
}

// has says whether the field is there at all.
func (h *header) has(name string) bool {
	for i := range h.fields {
		if h.fields[i].name == name {
			return true
		}
	}
	return false
}

// all returns every value of a field, topmost first, trimmed.
func (h *header) all(name string) []string {
	var out []string
	for i := range h.fields {
		if h.fields[i].name == name {
			out = append(out, strings.TrimSpace(h.fields[i].value))
		}
	}
	return out
}

func (h *header) defect(s string) {
	s = cleanLine(s, maxNote)
	for _, d := range h.defects {
		if d == s {
			return
		}
	}
	h.defects = append(h.defects, s)
}

// readHeader reads the header block at the start of raw, repairing what mail
// in the wild does to it: a BOM, blank lines or an mbox "From " line in front,
// lines without a colon, a missing blank line, whitespace around the name. It
// never fails; size says where the body begins.
func readHeader(raw []byte) header {
	var h header
	h.read(raw)
	h.settle()
	h.folds = nil
	return h
}

func (h *header) read(raw []byte) {
	pos := skipPreface(raw, h)
	for pos < len(raw) {
		line, next := cutLine(raw, pos)
		if pos >= maxHeaderBytes || len(h.fields) >= maxHeaderFields || next-pos > maxHeaderBytes {
			h.tooBig = true
			h.size = headerEnd(raw, pos)
			return
		}
		if len(line) == 0 {
			h.size = next
			return
		}
		name, value, ok := splitField(line)
		switch {
		case line[0] == ' ' || line[0] == '\t':
			if !h.fold(line, raw, next) {
				h.size = pos
				return
			}
		case ok:
			h.add(name, value, line)
		case len(h.fields) == 0 || !h.more(raw, next):
			h.defect("the blank line between header and body is missing")
			h.size = pos
			return
		case isFieldName(line):
			// kept, because a folded ":" may follow on the next line
			h.settle()
			h.fields = append(h.fields, field{name: strings.ToLower(string(line)), odd: true})
			h.defect("a header line has no colon")
		case isMboxFrom(line):
			h.defect("an mbox \"From \" line stands in the header")
		default:
			// a fold that lost its leading space belongs to the field above
			last := &h.fields[len(h.fields)-1]
			if last.name == "subject" || last.name == "to" || last.name == "cc" {
				h.folds = append(append(h.folds, ' '), line...)
			}
			h.defect("a header line has no colon")
		}
		pos = next
	}
	h.size = len(raw)
}

// skipPreface steps over what may stand before the first field.
func skipPreface(raw []byte, h *header) int {
	pos := 0
	if bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) {
		pos = 3
	}
	start := pos
	for i := 0; i < 64 && pos < len(raw); i++ {
		line, next := cutLine(raw, pos)
		if len(bytes.TrimSpace(line)) == 0 {
			pos = next
			continue
		}
		if isMboxFrom(line) {
			start, pos = next, next
			continue
		}
		break
	}
	if pos != start {
		if line, _ := cutLine(raw, pos); !looksLikeField(line) {
			return start
		}
		h.defect("blank lines stand before the header")
	}
	return pos
}

// fold joins a folded line to its field. It says false where the line is not
// a continuation at all but the first line of the body.
func (h *header) fold(line, raw []byte, next int) bool {
	if len(h.fields) == 0 {
		// an indented first line: a field when it looks like one
		trimmed := bytes.TrimLeft(line, " \t")
		if name, value, ok := splitField(trimmed); ok && looksLikeField(trimmed) {
			h.add(name, value, trimmed)
			h.fields[len(h.fields)-1].odd = true
			return true
		}
		return h.more(raw, next)
	}
	last := &h.fields[len(h.fields)-1]
	if last.odd && last.value == "" && len(h.folds) == 0 {
		// "From\r\n : a@b": a folded field name
		if v, ok := bytes.CutPrefix(bytes.TrimLeft(line, " \t"), []byte(":")); ok {
			last.value = string(v)
			h.defect("a header name is folded over two lines")
			return true
		}
	}
	if len(bytes.TrimSpace(line)) == 0 {
		// only white space: part of the fold when more header follows
		return h.more(raw, next)
	}
	h.folds = append(h.folds, line...)
	return true
}

func (h *header) add(name, value, line []byte) {
	h.settle()
	trimmed := bytes.TrimRight(name, " \t")
	f := field{name: strings.ToLower(string(trimmed)), value: string(value), odd: len(trimmed) != len(name)}
	if f.odd {
		h.defect("white space stands before the colon of a header field")
	}
	// fields glued together by a broken gateway: "Date: ...+0200Received: from"
	for i := 0; i < 4 && short(f.name); i++ {
		at, glued := gluedField(f.value)
		if at <= 0 {
			break
		}
		rest := f.value[at+len(glued)+1:]
		f.value = f.value[:at]
		h.fields = append(h.fields, f)
		// odd: not every reader finds it, so nobody is known by it
		f = field{name: strings.ToLower(glued), value: rest, odd: true}
		h.defect("two header fields are glued together")
	}
	h.fields = append(h.fields, f)
}

// short says whether a field's value is never free text.
func short(name string) bool {
	switch name {
	case "date", "message-id", "mime-version", "content-transfer-encoding", "in-reply-to", "return-path", "x-mailer", "x-priority":
		return true
	}
	return false
}

// gluedField finds a field name inside a value that can not hold one.
func gluedField(v string) (at int, name string) {
	at = -1
	for _, n := range []string{"Received", "From", "To", "Cc", "Subject", "Date", "Message-ID", "Message-Id", "MIME-Version", "Mime-Version", "Content-Type", "Content-Transfer-Encoding", "Reply-To", "Return-Path", "References", "In-Reply-To"} {
		if i := strings.Index(v, n+":"); i > 0 && (at < 0 || i < at || i == at && len(n) > len(name)) {
			if c := v[i-1]; c != '-' && c != '(' && c != '"' {
				at, name = i, n
			}
		}
	}
	return at, name
}

// cutLine returns the line at pos without its end, and where the next begins.
func cutLine(raw []byte, pos int) (line []byte, next int) {
	i := bytes.IndexByte(raw[pos:], '\n')
	if i < 0 {
		return bytes.TrimRight(raw[pos:], "\r"), len(raw)
	}
	return bytes.TrimRight(raw[pos:pos+i], "\r"), pos + i + 1
}

// headerEnd finds the blank line after an oversized header block.
func headerEnd(raw []byte, pos int) int {
	rest := raw[pos:]
	end := len(raw)
	for _, sep := range []string{"\n\r\n", "\n\n"} {
		if i := bytes.Index(rest, []byte(sep)); i >= 0 && pos+i+len(sep) < end {
			end = pos + i + len(sep)
		}
	}
	return end
}

// splitField splits "Name: value". The name must be printable ASCII without a
// colon, except for blanks before the colon (RFC 5322 section 4.5.1).
func splitField(line []byte) (name, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return nil, nil, false
	}
	name = line[:i]
	if !isFieldName(bytes.TrimRight(name, " \t")) {
		return nil, nil, false
	}
	return name, line[i+1:], true
}

func isFieldName(b []byte) bool {
	if len(b) == 0 || len(b) > 200 {
		return false
	}
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return true
}

// looksLikeField is stricter than splitField: letters, digits and hyphens
// only, as every real field name has. Text such as "http://x" is not one.
func looksLikeField(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 76 {
		return false
	}
	for _, c := range bytes.TrimRight(line[:i], " \t") {
		if !(c == '-' || c == '_' || c == '.' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return !bytes.HasPrefix(line[i:], []byte("://"))
}

// more says whether header fields go on after pos: whether one of the next few
// lines looks like a field, or, further down but before a blank line, a line
// is a field that every mail has. The answer is kept, so that a header full of
// stray lines is looked at once.
func (h *header) more(raw []byte, pos int) bool {
	if pos < h.known {
		return true
	}
	for i := 0; i < 500 && pos < len(raw); i++ {
		line, next := cutLine(raw, pos)
		if len(line) == 0 {
			return false
		}
		if line[0] != ' ' && line[0] != '\t' && looksLikeField(line) && (i < 8 || isCommonField(line)) {
			h.known = next
			return true
		}
		pos = next
	}
	return false
}

func isCommonField(line []byte) bool {
	name := strings.ToLower(string(line[:bytes.IndexByte(line, ':')]))
	switch name {
	case "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "received", "return-path":
		return true
	}
	return false
}

func isMboxFrom(line []byte) bool {
	line = bytes.TrimPrefix(line, []byte(">"))
	return bytes.HasPrefix(line, []byte("From ")) && !bytes.HasPrefix(bytes.TrimLeft(line[5:], " \t"), []byte(":"))
}
