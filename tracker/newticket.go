package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// NewTicket is a request that a technician writes down for somebody.
type NewTicket struct {
	Subject    string
	Text       string   // what was said; becomes a note of kind Via
	Via        NoteKind // NotePhone, NoteInPerson, NoteNote where empty
	Requester  Address  // Address "" for nobody known
	Level      int64    // 0: not triaged yet
	Star       bool
	CategoryID int64 // 0 for none
	AssigneeID int64 // 0 for nobody
}

// OpenTicket opens a ticket by hand. It answers from the first mailbox, and
// acknowledges nothing: the person was there.
func (s *Store) OpenTicket(ctx context.Context, actor Actor, in NewTicket) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		t, err = s.openByHandTx(ctx, tx, actor, in)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("open a ticket: %w", err)
	}
	return t, nil
}

func (s *Store) openByHandTx(ctx context.Context, tx *migrations.Tx, actor Actor, in NewTicket) (t Ticket, err error) {
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return t, err
	}
	o := opening{Actor: actor, OpenedAt: s.stamp(), Text: in.Text}
	if o.Subject, err = checkSubject(in.Subject); err != nil {
		return t, err
	}
	if strings.TrimSpace(in.Requester.Address) != "" {
		if o.Client, o.Address, err = s.personTx(ctx, tx, in.Requester); err != nil {
			return t, err
		}
	}
	err = tx.Get(ctx, &o.MailboxID, `SELECT COALESCE(MIN(id), 0) FROM mailbox`)
	if err != nil {
		return t, fmt.Errorf("find a mailbox: %w", err)
	}
	id, _, err := s.openTx(ctx, tx, o)
	if err != nil {
		return t, err
	}
	if t, err = ticketWhere(ctx, tx, `t.id = ?`, id); err != nil {
		return t, err
	}
	if err := t.setTx(ctx, tx, `news = FALSE`); err != nil {
		return t, err
	}
	if strings.TrimSpace(in.Text) != "" {
		if _, err := s.addNoteTx(ctx, tx, actor, &t, NoteInput{Kind: in.Via, Body: in.Text}); err != nil {
			return t, err
		}
	}
	if _, err := s.knowTx(ctx, tx, request{TicketID: id, Client: o.Client, Subject: o.Subject, Text: in.Text, ByHand: actor.AccountID}); err != nil {
		return t, err
	}
	if in.Level != 0 {
		if err := s.setPriorityTx(ctx, tx, actor, &t, in.Level, in.Star); err != nil {
			return t, err
		}
	}
	if err := s.setCategoryTx(ctx, tx, actor, &t, in.CategoryID); err != nil {
		return t, err
	}
	err = s.assignTx(ctx, tx, actor, &t, in.AssigneeID, true)
	return t, err
}
