package mailer

import (
	"bytes"
	"fmt"
	"strings"
)

// maxLine is the longest line a mail may have, without its CRLF (RFC 5322
// section 2.1.1).
const maxLine = 998

// once are the fields of which a mail has exactly one.
var once = []string{"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}

// wellFormed checks what is about to be sent, whatever wrote it: lines end
// in CRLF and nothing else, none is too long, and the fields that decide who
// says what to whom stand there exactly once. A mail that fails it is not sent.
func wellFormed(b []byte) error {
	seen := map[string]int{}
	inHead := true
	for len(b) > 0 {
		i := bytes.Index(b, []byte("\r\n"))
		if i < 0 {
			i = len(b)
		}
		line := b[:i]
		b = b[min(i+2, len(b)):]
		if bytes.ContainsAny(line, "\r\n\x00") {
			return fmt.Errorf("a line has a stray CR, LF or NUL: %.60q", line)
		}
		if len(line) > maxLine {
			return fmt.Errorf("a line has %d bytes", len(line))
		}
		switch {
		case !inHead:
		case len(line) == 0:
			inHead = false
		case line[0] == ' ' || line[0] == '\t':
			if len(bytes.TrimSpace(line)) == 0 {
				return fmt.Errorf("a header line is blank")
			}
		default:
			name, _, ok := bytes.Cut(line, []byte(":"))
			if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
				return fmt.Errorf("a header line has no name: %.60q", line)
			}
			seen[strings.ToLower(string(name))]++
		}
	}
	for _, name := range once {
		if seen[name] != 1 {
			return fmt.Errorf("the header %s stands there %d times", name, seen[name])
		}
	}
	for _, name := range []string{"reply-to", "in-reply-to", "references", "auto-submitted"} {
		if seen[name] > 1 {
			return fmt.Errorf("the header %s stands there %d times", name, seen[name])
		}
	}
	for _, name := range []string{"cc", "bcc", "sender", "resent-to"} {
		if seen[name] > 0 {
			return fmt.Errorf("there is a header %s", name)
		}
	}
	return nil
}
