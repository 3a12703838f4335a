package ingest

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// Bounds on what is read as text.
const (
	maxText = 1 << 20 // bytes of text kept of one mail
	maxHTML = 4 << 20 // bytes of HTML source that are looked at
)

// body is the readable side of a mail.
type body struct {
	text     string
	plain    string        // of the text/plain parts, "" when there are none
	doc      *htmltext.Doc // of the HTML parts, nil when there are none
	fromHTML bool          // text was rendered from doc
	parts    []tracker.Part
}

// readBody decodes the text, renders the HTML and lists the parts.
func readBody(w *walker, root *node) *body {
	sel := selectParts(root)
	w.unpack(&sel)
	b := &body{}
	cids := map[string]bool{}
	var beyond []*node
	if b.doc, beyond = w.joinHTML(sel.html); b.doc != nil {
		for _, c := range b.doc.CIDs {
			cids[c] = true
		}
	}
	long := b.choose(w, sel)
	if b.fromHTML {
		long = beyond
	}
	b.text = w.pgpText(b.text)
	if len(b.text) > maxText {
		b.text = cutUTF8(b.text, maxText)
		w.defect("the text is longer than is shown")
	}
	for _, n := range sel.html {
		if n.typ == "text/html" {
			b.parts = append(b.parts, w.part(n, tracker.RoleHTML, nil))
		}
	}
	b.parts = append(b.parts, w.files(sel, long, cids)...)
	for i := range b.parts {
		b.parts[i] = w.locate(b.parts[i])
	}
	return b
}

// choose takes the HTML rendering, which is what the author wrote and saw;
// plain alternatives are made from it by programs and are often stubs. The
// plain text counts where there is no HTML, or clearly less text in it.
func (b *body) choose(w *walker, sel selection) (long []*node) {
	html := ""
	if b.doc != nil {
		html = cleanBody(b.doc.Text())
	}
	have := len(strings.TrimSpace(html))
	if have > 0 && have*6 > plainBytes(sel.text) {
		b.text, b.fromHTML = html, true
		return nil
	}
	b.plain, long = w.joinPlain(sel.text)
	if b.plain = strings.TrimRight(b.plain, " \t"); have > 0 && len(strings.TrimSpace(b.plain)) < 3*have {
		b.text, b.fromHTML = html, true
		return nil
	}
	b.text = b.plain
	return long
}

// plainBytes is the encoded size of the text/plain parts.
func plainBytes(parts []*node) int {
	n := 0
	for _, p := range parts {
		if p.typ == "text/plain" {
			n += p.end - p.off
		}
	}
	return n
}

// joinPlain decodes text parts one after the other. HTML that stands in for a
// text part is rendered in its place.
func (w *walker) joinPlain(parts []*node) (text string, long []*node) {
	var b strings.Builder
	onlyHTML := true
	for _, n := range parts {
		if n.typ == "text/plain" {
			onlyHTML = false
		}
	}
	if onlyHTML {
		return "", nil
	}
	for _, n := range parts {
		if b.Len() >= maxText {
			long = append(long, n)
			continue
		}
		var t string
		switch n.typ {
		case "text/plain":
			var cut bool
			t, cut = w.text(n, maxText-b.Len())
			if cut {
				w.defect("the text is longer than is shown; the whole of it is attached")
				long = append(long, n)
			}
		case "text/html":
			t = cleanBody(htmltext.Parse(w.html(n), maxText-b.Len()).Text())
		default:
			continue
		}
		for _, t := range []string{t, w.tailText(n)} {
			if b.Len() > 0 && t != "" && !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte('\n')
			}
			b.WriteString(t)
		}
	}
	return b.String(), long
}

// joinHTML reads the HTML body; plain parts among it keep their place, and
// those that are not read to their end are returned too.
func (w *walker) joinHTML(parts []*node) (doc *htmltext.Doc, long []*node) {
	any := false
	for _, n := range parts {
		any = any || n.typ == "text/html"
	}
	if !any {
		return nil, nil
	}
	left := maxText
	for _, n := range parts {
		if left <= 0 {
			if n.typ == "text/plain" {
				long = append(long, n)
			}
			continue
		}
		var d *htmltext.Doc
		switch n.typ {
		case "text/html":
			d = htmltext.Parse(w.html(n), left)
		case "text/plain":
			t, cut := w.text(n, left)
			if d = htmltext.FromText(t); cut || d.Cut {
				long = append(long, n)
			}
		default:
			continue
		}
		if t := w.tailText(n); t != "" {
			d.Append(htmltext.FromText(t))
		}
		if d.Cut {
			w.defect("the text is longer than is shown")
		}
		left -= len(d.Text())
		if doc == nil {
			doc = d
		} else {
			doc.Append(d)
		}
	}
	return doc, long
}

// text decodes one text part: at most max bytes, line ends \n, valid UTF-8.
func (w *walker) text(n *node, max int) (s string, cut bool) {
	raw, cut := decodeAll(w.raw[n.off:n.end], n.enc, max)
	raw, cut = w.withoutFiles(n, raw, cut, max)
	if cut {
		raw = trimPartialRune(raw)
	}
	s, note := decodeCharset(raw, n.charset())
	if note != "" {
		w.defect(note)
	}
	s = cleanBody(strings.TrimPrefix(s, "\ufeff"))
	if len(s) > max {
		s, cut = cutUTF8(s, max), true
	}
	if strings.EqualFold(n.params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(n.params["delsp"], "yes"))
	}
	return s, cut
}

// html decodes the source of an HTML part.
func (w *walker) html(n *node) string {
	raw, cut := decodeAll(w.raw[n.off:n.end], n.enc, maxHTML)
	if cut {
		raw = trimPartialRune(raw)
		w.defect("the HTML is longer than is read as text")
	}
	s, note := htmlSource(raw, n.charset())
	if note != "" {
		w.defect(note)
	}
	return s
}

// htmlSource decodes HTML. UTF-7 would smuggle markup past filters and is left
// as it is.
func htmlSource(raw []byte, charset string) (src, note string) {
	if charset == "" {
		charset = metaCharset(raw)
	}
	refused := isUTF7(strings.ToLower(charset))
	if refused {
		charset = "us-ascii"
	}
	src, note = decodeCharset(raw, charset)
	if refused {
		note = "HTML in UTF-7 is shown undecoded"
	}
	src = strings.TrimPrefix(src, "\ufeff")
	if strings.IndexByte(src, 0) >= 0 {
		src = strings.ReplaceAll(src, "\x00", "")
	}
	return strings.ToValidUTF8(src, "\uFFFD"), note
}

// metaCharset finds <meta … charset=x> in the first KiB of a document that
// has no charset parameter.
func metaCharset(raw []byte) string {
	head := bytes.ToLower(raw[:min(len(raw), 2048)])
	_, after, ok := bytes.Cut(head, []byte("charset="))
	if !ok {
		return ""
	}
	after = bytes.TrimLeft(after, "\"' ")
	if i := bytes.IndexAny(after, "\"'>; /\r\n"); i > 0 && i < 40 {
		return string(after[:i])
	}
	return ""
}

// unflow joins the lines of RFC 3676 format=flowed text.
func unflow(s string, delsp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open, depth := false, 0
	for len(s) > 0 {
		line, rest, more := strings.Cut(s, "\n")
		s = rest
		q := 0
		for q < len(line) && line[q] == '>' {
			q++
		}
		body := strings.TrimPrefix(line[q:], " ")
		sig := body == "-- "
		if !open || q != depth || sig {
			if open {
				b.WriteByte('\n')
			}
			if q > 0 {
				b.WriteString(line[:q])
				b.WriteByte(' ')
			}
		}
		depth = q
		open = strings.HasSuffix(body, " ") && !sig && more
		if open && delsp {
			body = body[:len(body)-1]
		}
		b.WriteString(body)
		if !open && more {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// cutUTF8 cuts at most max bytes without splitting a character.
func cutUTF8(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

func trimPartialRune(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		c := b[len(b)-i]
		if c >= 0xc0 && !utf8.FullRune(b[len(b)-i:]) {
			return b[:len(b)-i]
		}
		if c < 0x80 {
			break
		}
	}
	return b
}
