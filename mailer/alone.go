package mailer

import (
	"bytes"
	"context"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Word is a mail that goes by an account of its own, past the outbox and the
// helpdesk's mailbox: an alarm, which may be about these.
type Word struct {
	ID      string // of the Message-ID, before the @
	To      []string
	Subject string
	Text    string
	At      time.Time
}

// SendWord sends it to each of its recipients, over one connection. It fails
// when nobody got it, with Temporary words for people; missed says in words who
// else did not. Where the server's last answer was lost, it failed: a second
// mail with the same Message-ID is better than none.
func SendWord(ctx context.Context, c SMTPConfig, m Word) (missed string, err error) {
	w, err := loadWords("en")
	if err != nil {
		return "", err
	}
	if bad := c.Validate(); len(bad) > 0 {
		return "", bad[0]
	}
	sender, err := cleanAddress(c.Address)
	if err != nil {
		return "", err
	}
	tell := func(err error) string {
		what, advice := w.explain(c, err)
		return strings.TrimSpace(what + " " + advice)
	}
	var s *session
	defer func() {
		if s != nil {
			s.close()
		}
	}()
	var failed []string
	sent := 0
	for _, to := range m.To {
		if s == nil {
			if s, err = connect(ctx, c, usual, nil); err != nil {
				failed = append(failed, tell(err))
				break
			}
		}
		rcpt, err := cleanAddress(to)
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s is no address.", to))
			continue
		}
		v := s.deliver(ctx, envelope{from: sender, to: rcpt}, m.bytes(sender, rcpt), func() error { return nil })
		if v.broken {
			s.close()
			s = nil
		}
		switch {
		case v.fate == delivered:
			sent++
		case v.why != nil:
			failed = append(failed, rcpt+": "+tell(v.why))
		default:
			failed = append(failed, rcpt+": not sent.")
		}
	}
	missed = strings.Join(failed, " ")
	if sent == 0 {
		return "", migrations.Temporaryf("%s", missed)
	}
	return missed, nil
}

// bytes writes the mail. Robots must not answer it (RFC 3834 section 5).
func (m Word) bytes(from, to string) []byte {
	_, domain, _ := strings.Cut(from, "@")
	var h head
	h.field("Date", strings.Fields(m.At.Format(time.RFC1123Z)))
	h.address("From", "helpdeskd", from)
	h.address("To", "", to)
	h.text("Subject", oneLine(m.Subject, 200))
	h.ids("Message-ID", m.ID+"@"+domain)
	h.field("Auto-Submitted", []string{"auto-generated"})
	h.field("X-Auto-Response-Suppress", []string{"All"})
	h.field("MIME-Version", []string{"1.0"})
	h.field("Content-Type", []string{"text/plain;", "charset=utf-8"})
	h.field("Content-Transfer-Encoding", []string{"quoted-printable"})
	var b bytes.Buffer
	b.WriteString(h.b.String())
	b.WriteString("\r\n\r\n")
	q := quotedprintable.NewWriter(&b)
	q.Write([]byte(strings.ReplaceAll(cleanText(m.Text), "\n", "\r\n"))) // into memory
	q.Close()
	return b.Bytes()
}
