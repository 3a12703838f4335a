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

	Acknowledge bool     // the requester is told the number by mail
	Plan        string   // what is to be done: a note, pinned
	Below       []string // subjects of tickets to be opened below it, for the same person
}

// OpenTicket opens a ticket by hand. It answers from the first mailbox, and
// acknowledges only where that is asked for: the person was there.
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
	o := opening{Actor: actor, OpenedAt: s.stamp(), Text: in.Text, Vouched: vouchedByHand}
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
	if err := s.assignTx(ctx, tx, actor, &t, in.AssigneeID, true); err != nil {
		return t, err
	}
	err = s.afterOpeningTx(ctx, tx, actor, &t, o, in)
	return t, err
}

// afterOpeningTx does what was asked for beside the ticket itself.
func (s *Store) afterOpeningTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, o opening, in NewTicket) error {
	if strings.TrimSpace(in.Plan) != "" {
		n, err := s.addNoteTx(ctx, tx, actor, t, NoteInput{Kind: NoteNote, Body: in.Plan})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE note SET pinned_at = ?, pinned_by = ? WHERE id = ?`, s.stamp(), orNull(actor.AccountID), n.ID); err != nil {
			return err
		}
	}
	for _, subject := range in.Below {
		id, _, err := s.openTx(ctx, tx, opening{Actor: actor, MailboxID: o.MailboxID, Client: o.Client, Address: o.Address, Subject: subject, OpenedAt: o.OpenedAt, Vouched: vouchedByHand})
		if err != nil {
			return err
		}
		c, err := ticketWhere(ctx, tx, `t.id = ?`, id)
		if err != nil {
			return err
		}
		if err := c.setTx(ctx, tx, `news = FALSE, parent_id = ?`, t.ID); err != nil {
			return err
		}
		if err := s.recordPairTx(ctx, tx, actor, &c, t, "adopted", "child_added"); err != nil {
			return err
		}
	}
	if !in.Acknowledge {
		return nil
	}
	if t.MailboxID == 0 || o.Client == nil || !sendable(t.ClientAddress) {
		return migrations.InvalidAt("ack", "Nobody can be told by mail: there is no address to write to.")
	}
	_, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailAck, MailboxID: t.MailboxID, TicketID: t.ID, ClientID: o.Client.ID, ToAddress: t.ClientAddress, ToName: nameUnless(t.ClientName, t.ClientAddress), Ack: &AckDetail{}})
	return err
}
