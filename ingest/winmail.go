package ingest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/ingest/rtf"
	"helpdeskd/ingest/tnef"
	"helpdeskd/tracker"
	"helpdeskd/tracker/transfer"
)

// winmail is what was found in one winmail.dat.
type winmail struct {
	parts []tracker.Part
	whole bool // all of it was read
}

// maxWithin bounds how many attached messages are searched for winmail.dat.
const maxWithin = 20

// named returns the files with names that are unique in the mail.
func (t *winmail) named(cids map[string]bool, names map[string]int) []tracker.Part {
	out := make([]tracker.Part, len(t.parts))
	for i, p := range t.parts {
		p.Name = uniqueName(p.Name, names)
		if isMedia(p.ContentType) && p.ContentID != "" && cids[p.ContentID] {
			p.Role = tracker.RoleInline
		}
		out[i] = p
	}
	return out
}

// isWinmail says whether a leaf is a TNEF stream, by type or name and by its
// first bytes: gateways send it as any type.
func (w *walker) isWinmail(n *node) bool {
	switch {
	case n.opaque || n.multipart():
		return false
	case n.typ == "application/ms-tnef" || n.typ == "application/vnd.ms-tnef":
	case strings.HasSuffix(strings.ToLower(n.name()), ".dat"):
	default:
		return false
	}
	head, _ := decodeAll(w.raw[n.off:min(n.end, n.off+256)], n.enc, 4)
	return bytes.HasPrefix(head, []byte(tnef.Signature))
}

// unpack reads the winmail.dat among the files. Its text counts where the mail
// itself has none: else it says the same once more.
func (w *walker) unpack(sel *selection) {
	for _, n := range sel.files {
		if !w.isWinmail(n) {
			continue
		}
		m := w.readWinmail(n)
		if m == nil {
			continue
		}
		if w.isBlank(sel) {
			if b := w.winmailBody(n, m); b != nil {
				w.note("The text was unpacked from winmail.dat")
				sel.text, sel.html = append(sel.text, b), append(sel.html, b)
			}
		}
	}
}

// readWinmail reads one stream and remembers what is in it.
func (w *walker) readWinmail(n *node) *tnef.Message {
	via := n.whole()
	m := tnef.Read(tracker.OpenPart(bytes.NewReader(w.raw), via), func(b []byte, charset string) string {
		s, _ := decodeCharset(b, charset)
		return s
	})
	if m == nil {
		return nil
	}
	t := &winmail{}
	w.winmailFiles(t, via, m)
	t.whole = !m.Damaged && (len(t.parts) > 0 || m.Plain != nil || m.HTML != nil || m.RTF != nil)
	if m.Damaged {
		w.defect("winmail.dat is damaged: what could be read was unpacked, and all of it is attached")
	}
	switch len(t.parts) {
	case 0:
	case 1:
		w.note("1 file was unpacked from winmail.dat")
	default:
		w.note(fmt.Sprintf("%d files were unpacked from winmail.dat", len(t.parts)))
	}
	if w.winmail == nil {
		w.winmail = map[*node]*winmail{}
	}
	w.winmail[n] = t
	return m
}

// winmailFiles lists a message's files; of attached messages the text, under
// the subject, and then their files.
func (w *walker) winmailFiles(t *winmail, via tracker.Part, m *tnef.Message) {
	for _, f := range m.Files {
		if len(t.parts) >= maxParts {
			return
		}
		if f.Message == nil {
			typ := f.ContentType
			if !validType(typ) {
				typ = typeByName(f.Name)
			}
			p := w.winmailPart(via, f.Data, typ)
			p.ContentID = cleanLine(f.ContentID, 255)
			if p.Name = cleanName(f.Name); p.Name == "" {
				p.Name = nameByType(typ)
			}
			t.parts = append(t.parts, p)
			continue
		}
		name := subjectName(f.Message.Subject)
		if name == "" {
			if name = cleanName(f.Name); name == "" {
				name = "message"
			}
		}
		v, typ, ext := f.Data, "application/ms-tnef", ".dat"
		switch {
		case f.Message.HTML != nil:
			v, typ, ext = *f.Message.HTML, "text/html", ".html"
		case f.Message.RTF != nil:
			v, typ, ext = *f.Message.RTF, "application/rtf", ".rtf"
		case f.Message.Plain != nil:
			v, typ, ext = *f.Message.Plain, "text/plain", ".txt"
		case len(f.Message.Files) > 0:
			v.Length = -1 // nothing but its files
		}
		if v.Length >= 0 {
			p := w.winmailPart(via, v, typ)
			p.Name = name + ext
			t.parts = append(t.parts, p)
		}
		w.winmailFiles(t, via, f.Message)
	}
}

func (w *walker) winmailPart(via tracker.Part, v tnef.Value, typ string) tracker.Part {
	p := via
	p.Role, p.ContentType, p.Charset, p.Size = tracker.RoleFile, typ, v.Charset, v.Size
	p.Cuts = []tracker.Cut{{Offset: v.Offset, Length: v.Length, Encoding: v.Encoding}}
	return w.locate(p)
}

// winmailBody makes the text of a stream a part of the mail, nil for none.
func (w *walker) winmailBody(n *node, m *tnef.Message) *node {
	v, typ := m.HTML, "text/html"
	if v == nil {
		v, typ = m.Plain, "text/plain"
	}
	if m.RTF != nil && (v == nil || v.Size == 0) {
		v, typ = m.RTF, "text/plain"
	}
	if v == nil {
		return nil
	}
	via := n.whole()
	via.Cuts = []tracker.Cut{{Offset: v.Offset, Length: v.Length, Encoding: v.Encoding}}
	content, _ := io.ReadAll(io.LimitReader(bufio.NewReader(tracker.OpenPart(bytes.NewReader(w.raw), via)), maxHTML))
	charset := v.Charset
	switch v.Encoding {
	case transfer.UTF16:
		charset = "utf-8"
	case transfer.RTF:
		content, charset = []byte(w.rtfText(content)), "utf-8"
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil
	}
	at, ok := w.extend(via, content)
	if !ok {
		return nil
	}
	return &node{typ: typ, params: map[string]string{"charset": charset}, start: at, off: at, end: len(w.raw)}
}

// rtfText is the text of an RTF document; of HTML that Outlook wrapped into
// it, the text of that.
func (w *walker) rtfText(src []byte) string {
	text, html := rtf.Text(src, func(b []byte, charset string) string {
		s, _ := decodeCharset(b, charset)
		return s
	}, maxText/2)
	if html {
		return htmltext.Parse(text, maxText/2).Text()
	}
	return text
}

// isBlank says whether the mail itself says nothing.
func (w *walker) isBlank(sel *selection) bool {
	for _, n := range sel.text {
		b, _ := decodeAll(w.raw[n.off:n.end], n.enc, 4<<10)
		if strings.HasPrefix(n.typ, "text/") && len(bytes.TrimSpace(b)) > 0 {
			return false
		}
	}
	for _, n := range sel.html {
		if n.typ == "text/html" && n.end > n.off {
			return false
		}
	}
	return true
}

// winmailWithin unpacks every winmail.dat of an attached message: its reader
// may have no program that opens it.
func (w *walker) winmailWithin(n *node) []*winmail {
	start, end := n.off, n.end
	if n.enc != "" {
		content, cut := decodeAll(w.raw[n.off:n.end], n.enc, maxUnwrapped)
		if cut || !mayHoldWinmail(content) {
			return nil
		}
		at, ok := w.extend(n.whole(), content)
		if !ok {
			return nil
		}
		start, end = at, len(w.raw)
	} else if !mayHoldWinmail(w.raw[start:end]) {
		return nil
	}
	if w.within++; w.within > maxWithin {
		return nil
	}
	var found []*winmail
	sel := selectParts(w.entity(start, end, 1, "text/plain"))
	for _, f := range sel.files {
		switch {
		case w.isWinmail(f):
			if w.readWinmail(f); w.winmail[f] != nil {
				found = append(found, w.winmail[f])
			}
		case isMessage(f.typ) && !f.opaque:
			found = append(found, w.winmailWithin(f)...)
		}
	}
	return found
}

func mayHoldWinmail(b []byte) bool {
	for _, mark := range []string{"ms-tnef", "MS-TNEF", "winmail", "Winmail", "WINMAIL"} {
		if bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return false
}
