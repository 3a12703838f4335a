package ingest

import (
	"bytes"
	"strings"
)

// Bounds on the MIME structure. What lies beyond them is kept as one opaque
// part that a person can download.
const (
	maxDepth = 20
	maxParts = 500
)

// node is one MIME entity as ranges of the raw mail.
type node struct {
	header   header
	typ      string // lower-case type/subtype
	params   map[string]string
	disp     paramValue
	enc      string // "", base64, quoted-printable, uuencode
	start    int    // first byte of the entity's header
	off, end int    // the body
	subs     []*node
	opaque   bool      // beyond the bounds: not looked into
	tail     [2]int    // plain text that something wrote below a base64 body
	reported bool      // of a multipart/report
	files    []uuBlock // uuencoded in its text
	sealed   string    // the type of an S/MIME envelope whose content is among subs
}

func (n *node) charset() string { return n.params["charset"] }

func (n *node) multipart() bool { return strings.HasPrefix(n.typ, "multipart/") }

// walker builds the tree of one mail.
type walker struct {
	raw     []byte
	hint    string
	parts   int
	defects []string
	notes   []string

	unwrapped // what raw was extended by
}

// defect notes damage once. It may quote the mail, so it is made one clean line.
func (w *walker) defect(s string) {
	s = cleanLine(s, maxNote)
	for _, d := range w.defects {
		if d == s {
			return
		}
	}
	if len(w.defects) < 50 {
		w.defects = append(w.defects, s)
	}
}

// entity reads the entity at raw[start:end].
func (w *walker) entity(start, end, depth int, fallback string) *node {
	n := &node{start: start, end: end}
	n.header = readHeader(w.raw[start:end])
	if depth > 0 {
		w.partHeader(n)
	}
	n.off = start + n.header.size
	w.describe(n, fallback)
	if depth > 0 {
		for _, d := range n.header.defects {
			w.defect(d)
		}
	}
	w.parts++
	if n.multipart() {
		w.children(n, depth)
	} else {
		w.repair(n)
		if n.isEnvelope() {
			w.openEnvelope(n, depth)
		}
	}
	return n
}

// describe fills in type, parameters, disposition and encoding.
func (w *walker) describe(n *node, fallback string) {
	h := &n.header
	ct := parseParams(h.get("content-type"), w.hint)
	n.typ, n.params = ct.value, ct.params
	if types := h.all("content-type"); len(types) > 1 {
		w.defect("several Content-Type headers; the first one counts")
	}
	switch {
	case !h.has("content-type") || n.typ == "":
		n.typ = fallback
	case textTypes[n.typ] != "":
		n.typ = textTypes[n.typ]
	case n.typ == "multipart":
		n.typ = "multipart/mixed"
	case !validType(n.typ):
		w.defect("an unreadable Content-Type")
		n.typ = "application/octet-stream"
		if n.disp.value == "" && n.name() == "" {
			n.typ = "text/plain"
		}
	}
	n.disp = parseParams(h.get("content-disposition"), w.hint)
	n.enc = transferEncoding(h.get("content-transfer-encoding"))
	if len(h.all("content-transfer-encoding")) > 1 {
		w.defect("several Content-Transfer-Encoding headers; the first one counts")
	}
}

func validType(t string) bool {
	major, minor, ok := strings.Cut(t, "/")
	if !ok || major == "" || minor == "" || len(t) > 127 {
		return false
	}
	for i := 0; i < len(t); i++ {
		if c := t[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"[]?=`, c) >= 0 {
			return false
		}
	}
	return true
}

func transferEncoding(s string) string {
	s = strings.ToLower(strings.Trim(s, " \t\"'"))
	switch {
	case strings.HasPrefix(s, "base64"), s == "b", s == "base-64":
		return "base64"
	case strings.HasPrefix(s, "quoted"), s == "q", s == "qp":
		return "quoted-printable"
	case strings.Contains(s, "uue"):
		return "uuencode"
	}
	return ""
}

// children splits a multipart. A missing or wrong boundary is looked for in
// the body; where none is found the body is shown as text.
func (w *walker) children(n *node, depth int) {
	if depth >= maxDepth {
		n.opaque = true
		w.defect("parts are nested too deeply; the rest is kept as one attachment")
		return
	}
	boundary := strings.TrimRight(n.params["boundary"], " \t")
	ranges := w.split(n, boundary)
	if len(ranges) == 0 {
		if guessed := guessBoundary(w.raw[n.off:n.end]); guessed != "" && guessed != boundary {
			w.defect("the boundary of a multipart is missing or wrong; it was guessed")
			ranges = w.split(n, guessed)
		}
	}
	if len(ranges) == 0 {
		if len(bytes.TrimSpace(w.raw[n.off:n.end])) > 0 {
			w.defect("a multipart without parts is shown as text")
			n.typ = "text/plain"
		}
		return
	}
	fallback := "text/plain"
	if n.typ == "multipart/digest" {
		fallback = "message/rfc822"
	}
	if n.typ == "multipart/related" {
		defer n.rootFirst()
	}
	for _, r := range ranges {
		if w.parts >= maxParts {
			w.defect("more parts than are read; the rest is kept as one attachment")
			last := ranges[len(ranges)-1]
			w.parts++
			n.subs = append(n.subs, &node{typ: "application/octet-stream", start: r[0], off: r[0], end: last[1], opaque: true})
			return
		}
		sub := w.entity(r[0], r[1], depth+1, fallback)
		sub.reported = n.typ == "multipart/report"
		n.subs = append(n.subs, sub)
	}
}

// split returns the ranges of a multipart's parts: at lines that are the
// delimiter, or, where no such line exists, at lines that begin with it.
func (w *walker) split(n *node, boundary string) [][2]int {
	if boundary == "" {
		return nil
	}
	if r := splitAt(w.raw, n.off, n.end, boundary, true); len(r) > 0 {
		return r
	}
	if len(boundary) < 4 {
		return nil
	}
	r := splitAt(w.raw, n.off, n.end, boundary, false)
	if len(r) > 0 {
		w.defect("the delimiter lines differ from the declared boundary")
	}
	return r
}

func splitAt(raw []byte, off, end int, boundary string, exact bool) [][2]int {
	delim := []byte("--" + boundary)
	var out [][2]int
	partStart := -1
	closed := false
	pos := off
	for pos < end {
		i := bytes.Index(raw[pos:end], delim)
		if i < 0 {
			break
		}
		at := pos + i
		glued := at > off && raw[at-1] != '\n'
		if glued && (len(boundary) < 12 || !endsLine(raw[at+len(delim):end])) {
			pos = at + len(delim)
			continue
		}
		lineEnd := end
		if j := bytes.IndexByte(raw[at:end], '\n'); j >= 0 {
			lineEnd = at + j + 1
		}
		tail := raw[at+len(delim) : lineEnd]
		closing := bytes.HasPrefix(tail, []byte("--"))
		if closing {
			tail = tail[2:]
		}
		if exact && len(bytes.TrimSpace(tail)) > 0 {
			pos = lineEnd
			continue
		}
		if partStart >= 0 {
			out = append(out, [2]int{partStart, trimEOL(raw, partStart, at)})
		}
		if len(out) > 4*maxParts {
			// far beyond what is read: one last range holds everything else
			return append(out, [2]int{lineEnd, end})
		}
		if closing {
			// closed too early where a part with its header follows
			partStart, pos, closed = -1, lineEnd, true
			continue
		}
		if closed && !beginsContent(raw[lineEnd:end]) {
			pos = lineEnd
			continue
		}
		partStart, pos = lineEnd, lineEnd
	}
	if partStart >= 0 && partStart < end {
		out = append(out, [2]int{partStart, end})
	}
	return out
}

// endsLine says whether a delimiter that b follows stands at the end of its
// line. It looks no further than that, since there may be many on one line.
func endsLine(b []byte) bool {
	b = bytes.TrimPrefix(bytes.TrimLeft(b, " \t\r"), []byte("--"))
	b = bytes.TrimLeft(b, " \t\r")
	return len(b) == 0 || b[0] == '\n'
}

// trimEOL steps back over the line end that belongs to the delimiter.
func trimEOL(raw []byte, start, at int) int {
	if at > start && raw[at-1] == '\n' {
		at--
		if at > start && raw[at-1] == '\r' {
			at--
		}
	}
	return at
}

// guessBoundary looks for a line "--x" that is followed by a Content- field.
func guessBoundary(body []byte) string {
	for pos, i := 0, 0; pos < len(body) && i < 2000; i++ {
		line, next := cutLine(body, pos)
		if len(bytes.TrimRight(line, " \t")) > 2 && len(line) < 200 && bytes.HasPrefix(line, []byte("--")) {
			follow, _ := cutLine(body, next)
			if beginsContent(follow) {
				return string(bytes.TrimRight(line[2:], " \t"))
			}
		}
		pos = next
	}
	return ""
}

// beginsContent says whether a part's header begins here.
func beginsContent(b []byte) bool {
	return len(b) > 8 && strings.EqualFold(string(b[:8]), "content-")
}

// rootFirst brings the root of a multipart/related to the front: the part that
// its start parameter names, else the first one that is no image (RFC 2387
// section 3.2).
func (n *node) rootFirst() {
	root, start := 0, strings.Trim(strings.TrimSpace(n.params["start"]), "<>")
	for i, s := range n.subs {
		if start != "" && contentID(s) == start {
			root = i
			break
		}
		if isMedia(n.subs[root].typ) && (s.typ == "text/html" || s.multipart()) {
			root = i
		}
	}
	if root > 0 {
		first := n.subs[root]
		copy(n.subs[1:root+1], n.subs[:root])
		n.subs[0] = first
	}
}

// selection is which leaves are the body and which are attachments, by the
// rules of RFC 8621 section 4.1.4.
type selection struct {
	text, html []*node // the body as text and as HTML; images may be among both
	files      []*node
}

func selectParts(root *node) selection {
	var s selection
	s.text, s.html = s.pick([]*node{root}, "mixed", false, []*node{}, []*node{})
	return s
}

// pick follows parseStructure of RFC 8621; a nil list means "not wanted here".
func (s *selection) pick(parts []*node, kind string, inAlt bool, text, html []*node) (t, h []*node) {
	textLen, htmlLen := len(text), len(html)
	hadText, hadHTML := text != nil, html != nil
	for i, p := range parts {
		if p.multipart() && !p.opaque {
			sub := p.typ[len("multipart/"):]
			text, html = s.pick(p.subs, sub, inAlt || sub == "alternative", text, html)
			continue
		}
		if !p.inlineAt(i, kind) {
			s.files = append(s.files, p)
			continue
		}
		if kind == "alternative" {
			switch p.typ {
			case "text/plain":
				if text != nil {
					text = append(text, p)
				}
			case "text/html":
				if html != nil {
					html = append(html, p)
				}
			default:
				s.files = append(s.files, p)
			}
			continue
		}
		tx, hx := text, html
		if inAlt {
			switch p.typ {
			case "text/plain":
				hx = nil
			case "text/html":
				tx = nil
			}
		}
		if tx != nil {
			text = append(text, p)
		}
		if hx != nil {
			html = append(html, p)
		}
		if isMedia(p.typ) {
			s.files = append(s.files, p)
		}
	}
	if kind == "alternative" && hadText && hadHTML {
		if textLen == len(text) && htmlLen != len(html) {
			text = append(text, html[htmlLen:]...)
		} else if htmlLen == len(html) && textLen != len(text) {
			html = append(html, text[textLen:]...)
		}
	}
	return text, html
}

func isMedia(t string) bool {
	return strings.HasPrefix(t, "image/") || strings.HasPrefix(t, "audio/") || strings.HasPrefix(t, "video/")
}

// inlineAt says whether a leaf is part of the body rather than a file.
func (n *node) inlineAt(i int, kind string) bool {
	if n.opaque || n.disp.value == "attachment" {
		return false
	}
	if n.typ != "text/plain" && n.typ != "text/html" && !isMedia(n.typ) {
		return false
	}
	return i == 0 || kind != "related" && (isMedia(n.typ) || n.name() == "")
}
