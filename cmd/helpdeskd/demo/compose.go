package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// File is something attached to a mail, or shown in it when it has a ContentID.
type File struct {
	Name, Type string
	ContentID  string
	Data       []byte
}

// Draft is a mail before it is written out.
type Draft struct {
	From       mail.Address
	To         []mail.Address
	Subject    string
	Text, HTML string
	Files      []File
	InReplyTo  string   // without brackets
	References []string // without brackets, oldest first
	Extra      []string // further header fields, "Name: value"
	Date       time.Time
	ID         string // without brackets; made up where empty
}

// from returns a person as an author or recipient.
func (p Person) mailbox() mail.Address { return mail.Address{Name: p.Name, Address: p.Address()} }

func helpdeskMailbox() mail.Address { return mail.Address{Name: "IT helpdesk", Address: Helpdesk} }

// Bytes writes the mail out as it goes over the wire.
func (d Draft) Bytes() []byte {
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("From", d.From.String())
	to := make([]string, len(d.To))
	for i, a := range d.To {
		to[i] = a.String()
	}
	field("To", strings.Join(to, ",\r\n "))
	field("Subject", mime.QEncoding.Encode("utf-8", oneLine(d.Subject)))
	field("Date", d.Date.Format(time.RFC1123Z))
	if d.ID == "" {
		d.ID = newMessageID(d.From.Address)
	}
	field("Message-ID", "<"+d.ID+">")
	if d.InReplyTo != "" {
		field("In-Reply-To", "<"+d.InReplyTo+">")
	}
	if len(d.References) > 0 {
		field("References", "<"+strings.Join(d.References, ">\r\n <")+">")
	}
	for _, x := range d.Extra {
		b.WriteString(x + "\r\n")
	}
	field("MIME-Version", "1.0")
	head, body := d.body()
	for _, name := range []string{"Content-Type", "Content-Transfer-Encoding"} {
		if v := head.Get(name); v != "" {
			field(name, v)
		}
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// body nests what the mail has: mixed(related(alternative(text, html), inline), files).
func (d Draft) body() (textproto.MIMEHeader, []byte) {
	head, body := textPart("plain", d.Text)
	if d.HTML != "" {
		h2, b2 := textPart("html", d.HTML)
		head, body = combine("alternative", []textproto.MIMEHeader{head, h2}, [][]byte{body, b2})
	}
	for _, inline := range []bool{true, false} {
		heads, bodies := []textproto.MIMEHeader{head}, [][]byte{body}
		for _, f := range d.Files {
			if (f.ContentID != "") == inline {
				h, b := f.part()
				heads, bodies = append(heads, h), append(bodies, b)
			}
		}
		if len(heads) > 1 {
			head, body = combine(map[bool]string{true: "related", false: "mixed"}[inline], heads, bodies)
		}
	}
	return head, body
}

func textPart(subtype, text string) (textproto.MIMEHeader, []byte) {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))) // a Buffer does not fail
	_ = w.Close()
	if !strings.HasSuffix(b.String(), "\n") {
		b.WriteString("\r\n")
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", `text/`+subtype+`; charset="utf-8"`)
	h.Set("Content-Transfer-Encoding", "quoted-printable")
	return h, b.Bytes()
}

func (f File) part() (textproto.MIMEHeader, []byte) {
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", mime.FormatMediaType(orElse(f.Type, "application/octet-stream"), map[string]string{"name": f.Name}))
	kind := "attachment"
	if f.ContentID != "" {
		kind = "inline"
		h.Set("Content-ID", "<"+f.ContentID+">")
	}
	h.Set("Content-Disposition", mime.FormatMediaType(kind, map[string]string{"filename": f.Name}))
	h.Set("Content-Transfer-Encoding", "base64")
	code := base64.StdEncoding.EncodeToString(f.Data)
	var b bytes.Buffer
	for len(code) > 76 {
		b.WriteString(code[:76] + "\r\n")
		code = code[76:]
	}
	b.WriteString(code + "\r\n")
	return h, b.Bytes()
}

func combine(subtype string, heads []textproto.MIMEHeader, bodies [][]byte) (textproto.MIMEHeader, []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := range heads {
		p, _ := w.CreatePart(heads[i]) // a Buffer does not fail
		_, _ = p.Write(bodies[i])
	}
	_ = w.Close()
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", fmt.Sprintf(`multipart/%s; boundary="%s"`, subtype, w.Boundary()))
	return h, b.Bytes()
}

// newMessageID makes one under the domain of an address.
func newMessageID(address string) string {
	plain, _ := tracker.NewToken()
	_, domain, _ := strings.Cut(address, "@")
	return plain + "@" + domain
}

// escape makes text safe inside HTML, keeping its lines.
func paragraphs(text string) string {
	r := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var b strings.Builder
	for _, p := range strings.Split(text, "\n\n") {
		fmt.Fprintf(&b, "<p>%s</p>\r\n", strings.ReplaceAll(r.Replace(p), "\n", "<br>\r\n"))
	}
	return b.String()
}
