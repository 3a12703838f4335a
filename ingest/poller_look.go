package ingest

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdeskd/tracker"
)

// Look says in which of a mailbox's folders a mail lies whose subject has
// these words; "" for none of them. It changes nothing.
func Look(ctx context.Context, cfg MailboxConfig, subject string) (folder string, err error) {
	if err := cfg.Validate(); err != nil {
		return "", err
	}
	cfg = cfg.withDefaults()
	s, err := openSession(ctx, cfg, 30*time.Second)
	if err != nil {
		return "", err
	}
	defer s.logout()
	for _, name := range append([]string{cfg.Folder}, s.folders()...) {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err := s.open(name, true); err != nil {
			if s.dead() {
				return "", err
			}
			continue // a folder that can not be opened holds nothing for us
		}
		found, err := s.find(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: subject}}}, func(uint32) bool { return true })
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return name, nil
		}
	}
	return "", nil
}

// ReadHeaderTest reads what became of the headers of a header test's mail.
func ReadHeaderTest(raw []byte, p tracker.Probe) tracker.HeaderTest {
	t := tracker.HeaderTest{Nonce: p.Nonce, ForgedID: p.ForgedID}
	h := readHeader(raw)
	for _, f := range h.fields {
		value := clean(string(bytes.ToValidUTF8([]byte(f.value), []byte("?"))))
		switch strings.ToLower(f.name) {
		case "x-ms-exchange-organization-authas":
			t.AuthAs = append(t.AuthAs, value)
		case "authentication-results":
			t.AuthResults = append(t.AuthResults, value)
		case strings.ToLower(tracker.HeaderMark):
			nonce, _, _ := strings.Cut(strings.TrimSpace(value), " ")
			t.Marked = t.Marked || nonce == p.Nonce
		}
	}
	return t
}

// ReadSavedHeaderTest is ReadHeaderTest for a mail of which only the bytes are
// known: nonce and name are taken from its own marker.
func ReadSavedHeaderTest(raw []byte) tracker.HeaderTest {
	h := readHeader(raw)
	var p tracker.Probe
	for _, f := range h.fields {
		if strings.EqualFold(f.name, tracker.HeaderMark) {
			p.Nonce, p.ForgedID, _ = strings.Cut(clean(f.value), " ")
			break
		}
	}
	if p.Nonce == "" { // nothing can have it
		p.Nonce = "\x00"
	}
	return ReadHeaderTest(raw, p)
}
