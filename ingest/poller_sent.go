package ingest

import (
	"context"
	"errors"

	"github.com/emersion/go-imap/v2"

	"helpdeskd/tracker"
)

// seek looks for uncertain mails of ours in the Sent folder, where servers such
// as Exchange and Google keep what they sent by themselves. Nothing is ever
// put there, and nothing sent again.
func (r *round) seek(ctx context.Context, _ tracker.Mailbox) error {
	list, err := r.store.ToSeek(ctx, r.id)
	if err != nil {
		return failure(r.cfg, stageStore, err)
	}
	if len(list) == 0 {
		return nil
	}
	name, err := r.s.findFolder(r.cfg.Sent, sentFolder)
	if errors.Is(err, errNoFolder) {
		for _, m := range list {
			if err := r.store.NotFoundSent(ctx, r.lease, m, "the mailbox has no folder of sent mail that could tell", true); err != nil {
				return failure(r.cfg, stageStore, err)
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	v := r.visit(r.s, r.lease, name, "", "")
	if err := r.s.open(name, true); err != nil {
		return v.aside(err)
	}
	words := ""
	for _, m := range list {
		there, err := r.s.hasMail(m.MailID)
		if err != nil {
			return err
		}
		if there {
			if err := r.store.FoundSent(ctx, r.lease, m.ID, name); err != nil {
				return failure(r.cfg, stageStore, err)
			}
			continue
		}
		if words == "" {
			if words, err = r.absence(ctx, name); err != nil {
				return err
			}
		}
		if err := r.store.NotFoundSent(ctx, r.lease, m, words, false); err != nil {
			return failure(r.cfg, stageStore, err)
		}
	}
	return nil
}

// absence says what it means that a mail does not lie in the Sent folder: less
// where no other mail of ours does.
func (r *round) absence(ctx context.Context, folder string) (string, error) {
	last, err := r.store.LastSent(ctx, r.id)
	if err != nil {
		return "", failure(r.cfg, stageStore, err)
	}
	if last != "" {
		there, err := r.s.hasMail(last)
		if err != nil {
			return "", err
		}
		if there {
			return "looked for in " + folder + ", where other mails of ours lie, and not found", nil
		}
	}
	return "looked for in " + folder + " and not found, which means little: no other mail of ours lies there either", nil
}

// hasMail reports whether the folder has a mail with a Message-ID, also where
// Exchange gave it another.
func (s *session) hasMail(id string) (bool, error) {
	for _, field := range []string{"Message-ID", "X-Microsoft-Original-Message-ID"} {
		found, err := s.find(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: field, Value: id}}}, func(uint32) bool { return true })
		if err != nil {
			return false, err
		}
		if len(found) > 0 {
			return true, nil
		}
	}
	return false, s.alive(stageSearch) // after a BYE every answer looks empty
}
