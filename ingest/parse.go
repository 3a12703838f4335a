package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/mail"
	"strings"
	"time"

	"helpdeskd/ingest/reply"
	"helpdeskd/tracker"
)

// Options is what Parse knows of the desk it reads for. The zero value reads
// any mail; it only finds no reply tokens in recipients.
type Options struct {
	// Own are the mailbox's addresses and aliases, in any case.
	Own []string
	// FormSenders are addresses whose mails are form answers even where
	// nothing in the headers says so.
	FormSenders []string
	// Labels adds to the built-in synonyms of form labels: a label as people
	// write it, in any case, and what it asks for.
	Labels map[string]tracker.Meaning
}

// maxTurned bounds the mails whose line ends are turned, in bytes.
const maxTurned = 8 << 20

// Parse understands one mail. It is pure: the same bytes and options give the
// same result, nothing is fetched and nothing decided. It never fails and
// never panics whatever the bytes; what is damaged is listed in Defects. Time
// is linear in len(raw), and memory beyond raw is bounded however large the
// mail is.
func Parse(raw []byte, opt Options) tracker.Inbound {
	sum := sha256.Sum256(raw)
	in := tracker.Inbound{Digest: hex.EncodeToString(sum[:]), Size: int64(len(raw))}
	kept := raw
	raw = ownLines(raw)
	w := &walker{raw: raw}
	root := w.entity(0, len(raw), 0, "text/plain")
	w.hint = root.charset()
	h := &root.header
	in.ContentDigest = contentDigest(raw, root)
	in.Defects = append(in.Defects, h.defects...)

	readIdentity(&in, h, w.hint)
	readThread(&in, h, opt, w.hint)
	readVerdicts(&in, h)
	if d := h.get("date"); d != "" {
		in.Date = readDate(d)
	}

	b := readBody(w, root)
	in.Text, in.Parts = b.text, b.parts
	if len(raw) > 0 && &raw[0] != &kept[0] {
		sizeAs(kept, in.Parts)
	}
	in.Defects = append(in.Defects, w.defects...)
	in.Notes = w.notes

	if b.doc != nil && b.fromHTML {
		in.Reply, in.Quoted = reply.SplitDoc(b.doc, passesOn(in.Subject, in.Text))
	} else {
		in.Reply, in.Quoted = reply.Split(in.Text, passesOn(in.Subject, in.Text))
	}
	classify(&in, h, root, b, w)
	if in.Class != tracker.ClassMalformed {
		readForm(&in, h, b, opt)
	}
	if in.Form != nil {
		in.Reply, in.Quoted = in.Text, ""
		return in
	}
	showInvitation(&in, w, root)
	if in.Class == tracker.ClassHuman {
		in.Forwarded = forwarded(&in, w, root)
	}
	return in
}

// ownLines gives a mail whose lines end in CR alone, as old Macs and broken
// pipes write them, ends that are read as such. Every offset stays what it is.
func ownLines(raw []byte) []byte {
	if len(raw) > maxTurned || bytes.IndexByte(raw, '\n') >= 0 || bytes.IndexByte(raw, '\r') < 0 {
		return raw
	}
	return bytes.ReplaceAll(raw, []byte{'\r'}, []byte{'\n'})
}

// sizeAs states sizes as kept gives them: a soft line break of quoted-printable
// takes more of the bytes where lines have been turned.
func sizeAs(kept []byte, parts []tracker.Part) {
	for i := range parts {
		if p := &parts[i]; len(p.Cuts) == 0 {
			p.Size = decodedSize(kept[p.Offset:p.Offset+p.Length], p.Encoding)
		}
	}
}

// contentDigest names what the author wrote: equal where only trace headers
// differ, as between two copies of one mail on different ways.
func contentDigest(raw []byte, root *node) string {
	d := sha256.New()
	for _, name := range []string{"content-type", "content-transfer-encoding"} {
		for _, v := range root.header.all(name) {
			io.WriteString(d, name+":"+strings.Join(strings.Fields(v), " ")+"\n")
		}
	}
	// A pipe's line ends are LF, IMAP's CRLF: the same words all the same.
	for body := raw[root.off:]; len(body) > 0; {
		line := body
		if i := bytes.Index(body, []byte("\r\n")); i >= 0 {
			line = body[:i]
			body = body[i+1:] // from the LF on
		} else {
			body = nil
		}
		d.Write(line)
	}
	return hex.EncodeToString(d.Sum(nil))
}

// readIdentity collects every claim of who wrote the mail, and whether the
// claim can be relied on: RFC 5322 section 3.6.2 wants exactly one From.
func readIdentity(in *tracker.Inbound, h *header, hint string) {
	var froms, odd int
	for i := range h.fields {
		f := &h.fields[i]
		if f.name != "from" {
			continue
		}
		froms++
		list, strange := addressList(f.value, hint)
		if len(in.From) < maxAddresses {
			in.From = append(in.From, list...)
		}
		if strange != "" {
			in.FromDefect = "From has " + strange
		}
		if f.odd {
			odd++
		}
	}
	real := 0
	for _, a := range in.From {
		if strings.Contains(a.Address, "@") {
			real++
		}
	}
	switch {
	case h.tooBig:
		in.FromDefect = "the header is larger than a mail may have"
	case froms == 0:
		in.FromDefect = "there is no From header"
	case froms > 1:
		in.FromDefect = "there are several From headers"
	case odd > 0:
		in.FromDefect = "From is written in a way that mail readers disagree about"
	case in.FromDefect != "":
	case len(in.From) == 0:
		in.FromDefect = "From is empty"
	case real == 0:
		in.FromDefect = "From holds no address"
	case len(in.From) > 1:
		in.FromDefect = "From names several people"
	}
	one := func(name string) []tracker.Address {
		var out []tracker.Address
		for _, v := range h.all(name) {
			list, _ := addressList(v, hint)
			if out = append(out, list...); len(out) > maxAddresses {
				return out[:maxAddresses]
			}
		}
		return out
	}
	if s := one("sender"); len(s) > 0 {
		in.Sender = &s[0]
	}
	in.ReplyTo, in.To, in.Cc = one("reply-to"), one("to"), one("cc")
	if h.has("return-path") {
		rp, _ := cleanAddress(strings.Trim(strings.TrimSpace(before(h.get("return-path"), "(")), "<>"))
		in.ReturnPath = &rp
	}
	for _, v := range h.all("subject") {
		if in.Subject == "" {
			in.Subject = decodeSubject(v, hint)
		}
	}
}

// readVerdicts takes over what servers on the way stamped, unjudged.
func readVerdicts(in *tracker.Inbound, h *header) {
	in.AuthAs = cleanLine(h.get("x-ms-exchange-organization-authas"), 64)
	for _, v := range h.all("authentication-results") {
		if len(in.AuthResults) >= 20 {
			break
		}
		in.AuthResults = append(in.AuthResults, cleanLine(strings.ToValidUTF8(v, "\uFFFD"), 4096))
	}
}

// readDate reads a Date header as far as it can be; the zero time otherwise.
func readDate(s string) time.Time {
	if len(s) > 200 {
		s = s[:200]
	}
	s = strings.Join(strings.Fields(s), " ")
	t, err := mail.ParseDate(s)
	if err != nil {
		if i := strings.IndexByte(s, '('); i > 0 {
			t, err = mail.ParseDate(strings.TrimSpace(s[:i]))
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700", "Mon Jan 2 15:04:05 2006", "2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04:05"} {
		if err == nil {
			break
		}
		t, err = time.Parse(layout, s)
	}
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC()
}
