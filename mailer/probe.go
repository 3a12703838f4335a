package mailer

import (
	"context"
	"errors"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// SendProbe sends the mail of a round trip from a mailbox to itself, past the
// outbox: it is nobody's answer. It returns the server's answer; the step says
// what went wrong, nil where all went well.
func SendProbe(ctx context.Context, c SMTPConfig, p tracker.Probe, now time.Time) (answer string, failed *Step) {
	w, err := loadWords("en")
	if err != nil {
		return "", &Step{Name: "settings", Said: err.Error()}
	}
	bad := func(err error) (string, *Step) {
		step := w.failed(c, err)
		return "", &step
	}
	if wrong := c.Validate(); len(wrong) > 0 {
		return "", &Step{Name: w.say("check.settings"), Said: errors.Join(wrong...).Error()}
	}
	from, err := cleanAddress(c.Address)
	if err != nil {
		return bad(newTrouble(stageSender, err))
	}
	s, err := open(ctx, c, usual)
	if err != nil {
		return bad(err)
	}
	defer s.close()
	v := s.deliver(ctx, envelope{from: from, to: from}, probeMail(from, p, now), func() error { return nil })
	switch {
	case v.fate == delivered:
		return oneLine(v.text, 500), nil
	case v.why != nil:
		return bad(v.why)
	case v.err != nil:
		return bad(v.err)
	}
	return bad(newTrouble(stageData, errors.New("nobody knows whether the mail was taken")))
}

// probeMail is the mail of a round trip. It says nothing of itself that would
// have it taken for an automatic mail, so that it goes a person's way.
func probeMail(address string, p tracker.Probe, now time.Time) []byte {
	lines := []string{
		"From: <" + address + ">",
		"To: <" + address + ">",
		"Subject: " + p.Subject(),
		"Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + p.MailID + ">",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=us-ascii",
		"X-Auto-Response-Suppress: All",
		"",
		"This mail tries whether what is sent to the helpdesk becomes a ticket.",
		"Nobody is answered, and its ticket can be dropped.",
		"",
	}
	return []byte(strings.Join(lines, "\r\n"))
}
