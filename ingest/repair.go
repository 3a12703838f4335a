package ingest

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// textTypes are what programs call text and HTML instead of their names.
var textTypes = map[string]string{
	"text": "text/plain", "plain": "text/plain", "plain/text": "text/plain", "text/ascii": "text/plain", "text/txt": "text/plain", "text/text": "text/plain", "ascii": "text/plain", "text/plain-text": "text/plain",
	"html": "text/html", "html/text": "text/html", "text/htm": "text/html", "text/xhtml": "text/html", "application/html": "text/html",
}

// partHeader mends the header of a part. A part that begins with a blank line
// has no header, whatever its text looks like, and one whose lines merely hold
// colons has none either.
func (w *walker) partHeader(n *node) {
	raw := w.raw[n.start:n.end]
	first, next := cutLine(raw, 0)
	if len(bytes.TrimSpace(first)) == 0 && len(raw) > 0 {
		if !beginsContent(bytes.TrimLeft(raw, "\r\n \t")) {
			n.header = header{size: next}
		}
		return
	}
	if n.header.size < len(raw) || n.header.tooBig {
		return
	}
	for i := range n.header.fields {
		if strings.HasPrefix(n.header.fields[i].name, "content-") {
			return
		}
	}
	if len(n.header.fields) > 0 {
		n.header = header{}
		w.defect("a part has no header of its own")
	}
}

// repair looks at how a text part begins, since labels lie: HTML that is
// called plain, text that is called base64, and text below a base64 body.
// Cards and reports of other types are left alone.
func (w *walker) repair(n *node) {
	switch n.typ {
	case "message/partial":
		w.defect("this is piece " + orUnknown(n.params["number"]) + " of " + orUnknown(n.params["total"]) + " of a mail that was cut up for sending")
	case "message/external-body":
		w.defect(elsewhere(n))
	}
	if n.typ != "text/plain" && n.typ != "text/html" || n.disp.value == "attachment" {
		return
	}
	if n.enc == "base64" {
		w.repairBase64(n)
	}
	if n.typ == "text/plain" && n.name() == "" {
		head, _ := decodeAll(w.raw[n.off:n.end], n.enc, 512)
		head = bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))))
		if bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html")) {
			n.typ = "text/html"
			w.defect("HTML was declared as plain text")
		}
	}
}

func orUnknown(s string) string {
	if s = cleanLine(s, 10); s == "" {
		return "?"
	}
	return s
}

// elsewhere says where a file is that the mail only points to (RFC 2046
// section 5.2.3, RFC 2017).
func elsewhere(n *node) string {
	where := n.params["url"]
	for _, name := range []string{"site", "server", "directory", "name"} {
		if where == "" || n.params["url"] == "" && n.params[name] != "" {
			where = strings.Trim(where+" "+n.params[name], " ")
		}
	}
	if where = cleanLine(where, 200); where == "" {
		return "a file is not in the mail but elsewhere"
	}
	return "a file is not in the mail but at " + where
}

// repairBase64 sees whether a body is base64 at all, and whether text follows
// it: mailing lists and scanners add lines without looking at the encoding.
func (w *walker) repairBase64(n *node) {
	body := w.raw[n.off:n.end]
	head := bytes.TrimLeft(body[:min(len(body), 4096)], "\r\n")
	for _, blank := range []string{"\n\n", "\n\r\n"} {
		if i := bytes.Index(head, []byte(blank)); i > 0 {
			head = head[:i]
		}
	}
	if strange, all := outsiders(head); strange*12 > all && utf8.Valid(head) {
		if t, _ := decodeAll(head, "base64", 0); !utf8.Valid(t) {
			n.enc = ""
			w.defect("a text was declared as base64 and is not")
			return
		}
	}
	// Only the last few KiB can be such a text.
	from := max(0, len(body)-8192)
	for {
		i := bytes.Index(body[from:], []byte("\n"))
		if i < 0 {
			return
		}
		from += i + 1
		if line, _ := cutLine(body, from); len(bytes.TrimSpace(line)) > 0 {
			continue
		}
		rest := body[from:]
		if strange, all := outsiders(rest); strange*12 > all && all > 0 && from > 0 {
			n.tail = [2]int{n.off + from, n.end}
			n.end = n.off + from
			w.defect("text stands below a base64 body; it is shown as it is")
		}
		return
	}
}

// outsiders counts the characters that base64 does not have, of all but line
// ends.
func outsiders(b []byte) (strange, all int) {
	for _, c := range b {
		switch {
		case c == '\r' || c == '\n':
			continue
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/', c == '=':
		default:
			strange++
		}
		all++
	}
	return strange, all
}

// tailText is the text below a base64 body.
func (w *walker) tailText(n *node) string {
	if n.tail[1] == 0 {
		return ""
	}
	t, _ := decodeCharset(w.raw[n.tail[0]:n.tail[1]], "")
	return strings.TrimSpace(cleanBody(t))
}
