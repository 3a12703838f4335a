package ingest

import "strings"

const (
	pgpSigned    = "-----BEGIN PGP SIGNED MESSAGE-----"
	pgpSignature = "-----BEGIN PGP SIGNATURE-----"
	pgpEnd       = "-----END PGP SIGNATURE-----"
	pgpMessage   = "-----BEGIN PGP MESSAGE-----"
)

// pgpText takes the frame off a text that was signed in place (RFC 4880
// section 7), and notes what is signed or encrypted. A frame that is quoted is
// left alone.
func (w *walker) pgpText(text string) string {
	if !strings.Contains(text, "-----BEGIN PGP ") {
		return text
	}
	if atLine(text, pgpMessage) >= 0 {
		w.note(notePGPInText)
	}
	start := atLine(text, pgpSigned)
	if start < 0 {
		return text
	}
	w.note(notePGPSigned)
	_, body, _ := strings.Cut(text[start:], "\n")
	for { // the armour's header, up to an empty line
		line, rest, more := strings.Cut(body, "\n")
		if line = strings.TrimSpace(line); line != "" && !armourHeader(line) {
			break
		}
		body = rest
		if line == "" || !more {
			break
		}
	}
	after := ""
	if i := atLine(body, pgpSignature); i >= 0 {
		if j := strings.Index(body[i:], pgpEnd); j >= 0 { // else it was cut, and where it ends is not known
			_, after, _ = strings.Cut(body[i+j:], "\n")
			body = body[:i]
		}
	}
	var b strings.Builder
	b.WriteString(text[:start])
	for line := range strings.Lines(body) {
		b.WriteString(strings.TrimPrefix(line, "- ")) // dash-escaped
	}
	b.WriteString(after)
	return b.String()
}

// armourHeader knows the header lines of a text that was signed in place (RFC
// 4880 section 6.2): what else holds a colon is the author's.
func armourHeader(line string) bool {
	for _, name := range []string{"Hash:", "Charset:", "Version:", "Comment:", "MessageID:", "NotDashEscaped:"} {
		if strings.HasPrefix(line, name) {
			return true
		}
	}
	return false
}

// atLine is where a line that is mark begins, -1 for nowhere.
func atLine(text, mark string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], mark)
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || text[i-1] == '\n' {
			return i
		}
		from = i + len(mark)
	}
}
