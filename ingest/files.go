package ingest

import (
	"slices"
	"strings"

	"helpdeskd/tracker"
)

// files lists what a person can download of a mail.
func (w *walker) files(sel selection, long []*node, cids map[string]bool) []tracker.Part {
	var parts []tracker.Part
	names := map[string]int{}
	nodes := w.useful(append(sel.files, long...))
	for _, n := range nodes {
		role := tracker.RoleFile
		switch {
		case isMedia(n.typ) && cids[contentID(n)] && n.disp.value != "attachment":
			role = tracker.RoleInline
		case n.aside():
			role = tracker.RoleAside
		}
		if t := w.winmail[n]; t != nil {
			if t.whole {
				role = tracker.RoleAside
			}
			parts = append(parts, t.named(cids, names)...)
		}
		parts = append(parts, w.part(n, role, names))
	}
	for _, n := range w.sealed {
		p := w.part(n, tracker.RoleAside, names)
		p.ContentType = n.sealed
		parts = append(parts, p)
	}
	for i, n := range append(slices.Clone(sel.text), sel.html...) {
		if i >= len(sel.text) && slices.Contains(sel.text, n) {
			continue // it stands in for both
		}
		for _, p := range w.uuencoded(n) {
			p.Name = uniqueName(p.Name, names)
			parts = append(parts, p)
		}
	}
	for _, n := range nodes {
		if !isMessage(n.typ) || n.opaque {
			continue
		}
		for _, t := range w.winmailWithin(n) {
			parts = append(parts, t.named(cids, names)...)
		}
	}
	return parts
}

// useful leaves out what is no file to anybody: a PGP signature without a
// name, and the calendar alternative where the same invitation is attached.
// It notes what is signed and what is encrypted.
func (w *walker) useful(files []*node) []*node {
	invitation := false
	for _, n := range files {
		invitation = invitation || n.typ == "application/ics" || n.typ == "text/calendar" && n.name() != ""
	}
	out := files[:0]
	for _, n := range files {
		if n.opaque {
			out = append(out, n)
			continue
		}
		switch n.typ {
		case "application/pgp-signature":
			w.note(notePGPSigned)
			if n.name() == "" {
				continue
			}
		case "application/pkcs7-signature", "application/x-pkcs7-signature":
			w.note(noteSMIMESigned)
		case "application/pgp-encrypted":
			w.note(notePGPEncrypted)
		case "text/calendar":
			if n.name() == "" && invitation {
				continue
			}
		}
		out = append(out, n)
	}
	return out
}

// aside says whether a part belongs to signing and encrypting, so that it is
// no file that somebody attached (RFC 1847, RFC 3156, RFC 8551).
func (n *node) aside() bool {
	switch n.typ {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-encrypted":
		return !n.opaque
	}
	return false
}

func isMessage(typ string) bool { return typ == "message/rfc822" || typ == "message/global" }

// part describes a leaf. names makes attachment names unique; nil for bodies.
func (w *walker) part(n *node, role tracker.Role, names map[string]int) tracker.Part {
	p := tracker.Part{
		Role: role, ContentType: n.typ, ContentID: contentID(n), Encoding: n.enc,
		Offset: int64(n.off), Length: int64(n.end - n.off),
	}
	if strings.HasPrefix(n.typ, "text/") {
		p.Charset = strings.ToLower(cleanLine(n.charset(), 64))
	}
	if n.opaque {
		// the whole entity with its header, so that nothing is missing
		p.ContentType, p.Encoding = "message/rfc822", ""
		p.Offset, p.Length = int64(n.start), int64(n.end-n.start)
	}
	p.Size = decodedSize(w.raw[p.Offset:p.Offset+p.Length], p.Encoding)
	if names != nil {
		p.Name = uniqueName(w.fileName(n), names)
	}
	return p
}

// contentID is how the HTML names a part: by Content-ID, or, where it has
// none, by Content-Location (RFC 2557), without which no picture is found.
func contentID(n *node) string {
	id := n.header.get("content-id")
	if strings.Trim(id, "<> \t") == "" {
		id = n.header.get("content-location")
	}
	return cleanLine(strings.Trim(strings.TrimSpace(strings.ToValidUTF8(id, "")), "<>"), 255)
}
