package ingest

import (
	"strings"

	"helpdeskd/ingest/cms"
	"helpdeskd/tracker"
	"helpdeskd/tracker/transfer"
)

// What is said of signed and encrypted mails. Nothing is ever verified.
const (
	noteSMIMESigned     = "Signed with S/MIME (the signature is not checked here)"
	noteSMIMEOpaque     = "Signed with S/MIME (the signature is not checked here); the text and files were unpacked from it"
	noteSMIMEEncrypted  = "Encrypted with S/MIME: it cannot be read here. The encrypted mail is attached; ask for it unencrypted"
	noteSMIMECompressed = "Compressed with S/MIME: it is not opened here. The compressed mail is attached"
	noteSMIMEOnlyCerts  = "Holds S/MIME certificates and no text"
	notePGPSigned       = "Signed with PGP (the signature is not checked here)"
	notePGPEncrypted    = "Encrypted with PGP: it cannot be read here. The encrypted text is attached; ask for it unencrypted"
	notePGPInText       = "Encrypted with PGP: the text below cannot be read here; ask for it unencrypted"
)

// isEnvelope says whether a leaf is an S/MIME envelope: by its type, or, since
// gateways lose that, by its name (RFC 8551 section 3.2.1).
func (n *node) isEnvelope() bool {
	switch n.typ {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return true
	case "application/octet-stream", "application/pkcs7", "application/x-pkcs7":
		return strings.HasSuffix(strings.ToLower(n.name()), ".p7m")
	}
	return false
}

// openEnvelope reads the content of an opaque signature as parts of the mail.
// What can not be opened stays one file, and a note says what it is.
func (w *walker) openEnvelope(n *node, depth int) {
	raw, cut := decodeAll(w.raw[n.off:n.end], n.enc, maxUnwrapped)
	env, ok := cms.Read(raw)
	if !ok {
		return
	}
	switch env.Kind {
	case cms.Encrypted:
		w.note(noteSMIMEEncrypted)
		return
	case cms.Compressed:
		w.note(noteSMIMECompressed)
		return
	case cms.Certificates:
		w.note(noteSMIMEOnlyCerts)
		return
	}
	if cut || depth >= maxDepth || w.parts >= maxParts {
		w.defect("what is wrapped in this mail is too large to be opened here")
		return
	}
	content, _ := transfer.All(raw[env.Offset:env.Offset+env.Length], env.Encoding, 0)
	via := n.whole()
	via.Cuts = []tracker.Cut{{Offset: env.Offset, Length: env.Length, Encoding: env.Encoding}}
	at, ok := w.extend(via, content)
	if !ok {
		return
	}
	w.note(noteSMIMEOpaque)
	n.sealed, n.typ = n.typ, "multipart/signed"
	w.sealed = append(w.sealed, n)
	n.subs = []*node{w.entity(at, len(w.raw), depth+1, "text/plain")}
}
