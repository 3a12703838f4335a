package main

import (
	"errors"
	"fmt"

	"helpdeskd/tracker"
)

type reconcileCmd struct {
	Mailbox string `help:"Which mailbox; all of them where none is named." placeholder:"NAME"`
}

// Run asks the daemon to compare the processed folders with the ledger.
func (c reconcileCmd) Run(s *session) error {
	store, done, err := s.store()
	if err != nil {
		return err
	}
	defer done()
	all, err := store.Mailboxes(s.ctx)
	if err != nil {
		return err
	}
	asked := 0
	for _, m := range all {
		if c.Mailbox != "" && m.Name != c.Mailbox {
			continue
		}
		if err := store.AskReconciliation(s.ctx, tracker.Actor{}, m.ID); err != nil {
			return err
		}
		asked++
		fmt.Fprintf(s.out, "%s: the running helpdeskd compares its folders with the ledger at its next look, and takes what was never taken; Mail in the browser shows what it found\n", m.Name)
	}
	switch {
	case asked > 0:
	case c.Mailbox == "":
		return errors.New("there is no mailbox yet")
	default:
		return fmt.Errorf("there is no mailbox %q", c.Mailbox)
	}
	return nil
}
