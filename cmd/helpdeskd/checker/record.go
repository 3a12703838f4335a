// Package checker tells whether a helpdesk lost, doubled, wrongly threaded or
// wrongly acknowledged mail. It belongs to the tests and shares no code with
// what it judges: it compares its own record of what was put into the mailbox
// with the Maildir folders on disk, the bytes that an SMTP sink received, and
// the database, read through plain SQL.
//
// Invariant: it only reads, and it trusts nobody's count. An empty list of
// findings means that every mail put in lies in the database exactly once, in
// its own ticket, was moved only after it was kept, and was acknowledged
// exactly as its record says. It owns no table.
package checker

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Ack says whether the ticket that a mail opens is to be acknowledged.
type Ack int

// Whether an acknowledgement is owed.
const (
	AckNever Ack = iota // to a robot, a list, ourselves; or nothing is opened
	AckMust             // exactly one, within the rule of three per requester and hour
	AckMay              // one or none
)

// Entry is one mail that was put into the mailbox, and what must become of it.
type Entry struct {
	Key string // for people, for example "pair 17, the reply"
	Raw []byte // as it was put in

	// Thread is shared by the mails that belong to one ticket; different
	// threads must be different tickets. Empty: nothing is claimed.
	Thread string
	// Fates are the fates that are right for this mail. Empty: any but quarantine.
	Fates []string
	// Ticket says whether the mail must have a ticket (true) or may have none.
	Ticket bool
	// Requester is the lower-case address of who asks, to whom the ticket's answers go.
	Requester string
	Ack       Ack
	// Detached says that answers do not refer to the mail: a form's mail was
	// not written by its requester.
	Detached bool
	// Marker is a word of the mail that its ticket must show, "" for none.
	Marker string
}

// Record is what was put into one mailbox.
type Record struct {
	Entries []Entry
	// Address and Aliases are the mailbox's own: nothing may ever be sent there.
	Address string
	Aliases []string
	// Staff are the technicians' addresses: what they get is not an acknowledgement.
	Staff []string
	// Robots are addresses to which nothing at all may go.
	Robots []string
}

// Add appends entries.
func (r *Record) Add(e ...Entry) { r.Entries = append(r.Entries, e...) }

// Digest returns the hex SHA-256 of a mail as an IMAP server hands it out:
// every line ends with CR LF (RFC 3501 section 2.2), and NUL, which cannot be
// carried (RFC 3501 section 4.3.1), is 0x80 as Dovecot has it.
func Digest(raw []byte) string {
	sum := sha256.Sum256(Wire(raw))
	return hex.EncodeToString(sum[:])
}

// Wire returns a mail as an IMAP server hands it out, see Digest.
func Wire(raw []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(raw) + len(raw)/40)
	var last byte
	for _, c := range raw {
		switch {
		case c == '\n' && last != '\r':
			b.WriteString("\r\n")
		case c == 0:
			b.WriteByte(0x80)
		default:
			b.WriteByte(c)
		}
		last = c
	}
	return b.Bytes()
}

func fold(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
