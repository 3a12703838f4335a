package mailgen

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"mime"
	"mime/quotedprintable"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// shapes are the ways in which a body can be written.
var shapes = []string{"plain", "plain", "utf-8", "base64", "latin1", "windows-1252", "iso-2022-jp", "html", "alternative", "alternative", "alternative", "attachment", "inline", "utf-16"}

// write gives m its bytes: headers, the extra headers, and the words in one of the shapes.
func (g *Generator) write(m *Mail, extra []string, words string) {
	m.Shape = "alternative"
	if !g.mix.Plain {
		m.Shape = one(g.r, shapes)
	}
	var b bytes.Buffer
	when := g.at(len(g.done)).Format("Mon, 02 Jan 2006 15:04:05 -0700")
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("Return-Path: <%s>", m.From)
	for i := range 1 + g.r.IntN(3) {
		line("Received: from mx%d.%s (mx%d.%s [10.%d.%d.%d])\r\n\tby hub%d.%s with ESMTPS id %08X;\r\n\t%s",
			i, g.Domain, i, g.Domain, g.r.IntN(255), g.r.IntN(255), g.r.IntN(255), i, g.Domain, g.r.Uint32(), when)
	}
	line("From: %s <%s>", phrase(m.Name), m.From)
	line("To: IT Helpdesk <%s>", g.To)
	line("Subject: %s", word(m.Subject))
	line("Date: %s", when)
	if m.MessageID != "" {
		line("Message-ID: <%s>", m.MessageID)
	}
	for _, h := range extra {
		line("%s", h)
	}
	line("MIME-Version: 1.0")
	for g.Size > 0 && len(words)*2+b.Len() < g.Size {
		words += "\n" + one(g.r, sentences) + " " + one(g.r, sentences)
	}
	m.Body = words
	g.body(&b, m.Shape, strings.ReplaceAll(words, "\n", "\r\n"))
	m.Raw = b.Bytes()
}

func (g *Generator) body(b *bytes.Buffer, shape, words string) {
	page := "<html><body><p>" + strings.ReplaceAll(html.EscapeString(words), "\r\n", "<br>\r\n") + "</p></body></html>\r\n"
	switch shape {
	case "base64":
		part(b, "text/plain; charset=utf-8", "base64", []byte(words))
	case "latin1":
		part(b, "text/plain; charset=iso-8859-1", "quoted-printable", encode(charmap.ISO8859_1, words))
	case "windows-1252":
		part(b, "text/plain; charset=windows-1252", "8bit", encode(charmap.Windows1252, words+"\r\n€ 12,50 – “quoted”"))
	case "iso-2022-jp":
		part(b, "text/plain; charset=iso-2022-jp", "7bit", encode(japanese.ISO2022JP, words+"\r\nプリンターが動きません。"))
	case "utf-16":
		part(b, "text/plain; charset=utf-16", "base64", encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), words))
	case "html":
		part(b, "text/html; charset=utf-8", "quoted-printable", []byte(page))
	case "alternative":
		g.multi(b, "alternative", func(next func()) {
			next()
			part(b, "text/plain; charset=utf-8", "quoted-printable", []byte(words))
			next()
			part(b, "text/html; charset=utf-8", "quoted-printable", []byte(page))
		})
	case "attachment":
		g.multi(b, "mixed", func(next func()) {
			next()
			part(b, "text/plain; charset=utf-8", "8bit", []byte(words))
			next()
			fmt.Fprintf(b, "Content-Disposition: attachment; filename*=UTF-8''%s\r\n", "Fehler%20%C3%BC"+fmt.Sprint(g.r.IntN(1000))+".log")
			part(b, "application/octet-stream", "base64", g.noise(600+g.r.IntN(3000)))
		})
	case "inline":
		g.multi(b, "related", func(next func()) {
			next()
			part(b, "text/html; charset=utf-8", "quoted-printable", []byte(strings.Replace(page, "</p>", `</p><img src="cid:shot@pc">`, 1)))
			next()
			b.WriteString("Content-ID: <shot@pc>\r\nContent-Disposition: inline; filename=screen.png\r\n")
			part(b, "image/png", "base64", append([]byte("\x89PNG\r\n\x1a\n"), g.noise(900)...))
		})
	case "utf-8":
		part(b, "text/plain; charset=utf-8", "8bit", []byte(words))
	default: // 7 bit, without saying so
		b.WriteString("Content-Type: text/plain\r\n\r\n" + ascii7(words) + "\r\n")
	}
}

// multi writes a multipart body; fill calls next before each part.
func (g *Generator) multi(b *bytes.Buffer, sub string, fill func(next func())) {
	boundary := fmt.Sprintf("=_%08x%08x", g.r.Uint32(), g.r.Uint32())
	fmt.Fprintf(b, "Content-Type: multipart/%s; boundary=\"%s\"\r\n\r\n", sub, boundary)
	fill(func() { fmt.Fprintf(b, "--%s\r\n", boundary) })
	fmt.Fprintf(b, "--%s--\r\n", boundary)
}

// part writes the content headers, the empty line and the content.
func part(b *bytes.Buffer, contentType, transfer string, content []byte) {
	fmt.Fprintf(b, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", contentType, transfer)
	switch transfer {
	case "base64":
		s := base64.StdEncoding.EncodeToString(content)
		for len(s) > 76 {
			b.WriteString(s[:76] + "\r\n")
			s = s[76:]
		}
		b.WriteString(s)
	case "quoted-printable":
		w := quotedprintable.NewWriter(b)
		w.Write(content)
		w.Close()
	default:
		b.Write(content)
	}
	b.WriteString("\r\n")
}

// encode writes s in another charset; what that lacks becomes its substitute.
func encode(e encoding.Encoding, s string) []byte {
	out, err := encoding.ReplaceUnsupported(e.NewEncoder()).Bytes([]byte(s))
	if err != nil {
		return []byte(ascii7(s))
	}
	return out
}

func (g *Generator) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.r.Uint32())
	}
	return b
}

// word encodes a header's text where it must be (RFC 2047).
func word(s string) string { return mime.QEncoding.Encode("utf-8", s) }

// phrase is a display name.
func phrase(s string) string {
	if w := word(s); w != s {
		return w
	}
	return `"` + s + `"`
}

func ascii7(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 {
			return r
		}
		return '?'
	}, s)
}

// ascii is a name as the local part of an address.
func ascii(s string) string {
	s = norm.NFD.String(strings.NewReplacer("ø", "o", "ł", "l").Replace(s))
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r > 127 || r == '\'' {
			return -1
		}
		return r
	}, s))
}
