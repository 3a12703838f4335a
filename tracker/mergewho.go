package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// reached is somebody who takes part in a ticket, and where mail reaches them.
type reached struct {
	ClientID int64
	Name     string
	Address  string
}

// reachable returns a ticket's requester and participants that can be written to.
func reachable(ctx context.Context, q read, t *Ticket) ([]reached, error) {
	var all []reached
	if t.ClientID != 0 && sendable(t.ClientAddress) {
		all = append(all, reached{t.ClientID, t.ClientName, t.ClientAddress})
	}
	list, err := participants(ctx, q, t.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.ClientID != t.ClientID && sendable(p.Address) {
			all = append(all, reached{p.ClientID, p.Name, p.Address})
		}
	}
	return all, nil
}

// sayTx stores a technician's words as an outgoing message, mailed to nobody yet.
func (s *Store) sayTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, text, once string) (int64, error) {
	by, err := accountWhere(ctx, tx, `id = ?`, actor.AccountID)
	if err != nil {
		return 0, err
	}
	if !May(by, WorkTickets) {
		return 0, migrations.Deniedf("%s may not answer tickets.", by.Name)
	}
	id, err := tx.Insert(ctx, `INSERT INTO message (ticket_id, direction, state, account_id, from_name, from_address, subject, body, once, at)
		VALUES (?, 'out', 'shown', ?, ?, ?, ?, ?, ?, ?) RETURNING id`, t.ID, by.ID, by.Name, by.Email, t.Subject, text, once, s.stamp())
	if err != nil {
		return 0, fmt.Errorf("store what is said: %w", err)
	}
	return id, s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: t.ID, Kind: "answered"})
}

// mailToTx queues a message for one person alone.
func (s *Store) mailToTx(ctx context.Context, tx *migrations.Tx, t *Ticket, messageID int64, to reached) error {
	mailbox := t.MailboxID
	if mailbox == 0 {
		var err error
		if mailbox, err = mustMailbox(ctx, tx); err != nil {
			return err
		}
	}
	_, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailReply, MailboxID: mailbox, TicketID: t.ID, MessageID: messageID, ClientID: to.ClientID, ToAddress: to.Address, ToName: nameUnless(to.Name, to.Address)})
	return err
}
