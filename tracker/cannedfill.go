package tracker

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"helpdeskd/migrations"
)

// gapSign is a gap that a filled-in reply leaves where a value is missing:
// ⟦asset⟧. Nobody types these brackets.
var gapSign = regexp.MustCompile(`⟦[^⟦⟧\n]{0,60}⟧`)

// Fill puts values for the placeholders into a reply. What is missing leaves a
// gap, which is filled in by hand before the answer can be sent.
func (c Canned) Fill(values map[string]string) string {
	return mailMark.ReplaceAllStringFunc(c.Body, func(m string) string {
		name := strings.Trim(m, "{}")
		if v := oneLine(values[name]); v != "" {
			return clip(gapSign.ReplaceAllString(v, ""), 200)
		}
		return "⟦" + strings.ReplaceAll(name, "_", " ") + "⟧"
	})
}

// checkGaps refuses an answer with a gap.
func checkGaps(text string) error {
	if gap := gapSign.FindString(text); gap != "" {
		return migrations.Invalidf("Please fill in the gap %s first, or take it out. Nothing was sent.", gap)
	}
	return nil
}

// CannedValues returns what the placeholders of replies stand for on a ticket.
// asset is the name of the one asset that it is about, "" where there is none
// or more than one; helpdesk is what the desk calls itself in mails.
func (s *Store) CannedValues(ctx context.Context, t *Ticket, by Account, asset string) (map[string]string, error) {
	company, err := s.Setting(ctx, SetCompany)
	if err != nil {
		return nil, fmt.Errorf("fill in a reply: %w", err)
	}
	name := nameUnless(t.ClientName, t.ClientAddress)
	v := map[string]string{"client": name, "first_name": givenName(name), "ticket": t.Name(), "subject": t.Subject, "technician": by.Name, "asset": asset, "company": company, "helpdesk": "Helpdesk"}
	if company != "" {
		v["helpdesk"] = company + " Helpdesk"
	}
	return v, nil
}

// givenName is the first name in a person's name, "Kovac, Anna" included; ""
// for none.
func givenName(name string) string {
	if _, after, ok := strings.Cut(name, ","); ok && strings.TrimSpace(after) != "" {
		name = after
	}
	first, _, _ := strings.Cut(oneLine(name), " ")
	return first
}

// SignatureMarks are the placeholders of a technician's own signature.
func SignatureMarks() []string { return []string{"technician", "company", "helpdesk"} }

// checkSignature cleans a technician's own signature.
func checkSignature(text string) (string, error) {
	text = strings.TrimSpace(manyLines(text))
	if n := len([]rune(text)); n > 1000 {
		return "", migrations.InvalidAt("signature", "This signature has %d characters; the most is 1000.", n)
	}
	if err := checkMarks(text, SignatureMarks()); err != nil {
		return "", migrations.InvalidAt("signature", "%s", migrations.SafeMessage(err))
	}
	return text, nil
}
