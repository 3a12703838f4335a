package tracker

import (
	"context"
	"encoding/json"
	"fmt"

	"helpdeskd/migrations"
)

// admitTx lets a held message in, as a person decided: that of somebody who
// may answer tickets now goes out to the client in their name, anybody else's
// joins its ticket, and one without a ticket opens one. It returns the ticket.
func (s *Store) admitTx(ctx context.Context, tx *migrations.Tx, by Actor, messageID int64) (ticketID int64, err error) {
	var m struct {
		State     string           `db:"state"`
		TicketID  *int64           `db:"ticket_id"`
		AccountID *int64           `db:"account_id"`
		ClientID  *int64           `db:"client_id"`
		MailboxID int64            `db:"mailbox_id"`
		FromName  string           `db:"from_name"`
		From      string           `db:"from_address"`
		Subject   string           `db:"subject"`
		Body      string           `db:"body"`
		Class     Class            `db:"class"`
		Identity  string           `db:"identity"`
		Form      string           `db:"form"`
		MailID    string           `db:"mail_id"`
		Thread    string           `db:"thread_index"`
		At        migrations.Stamp `db:"at"`
	}
	err = tx.Get(ctx, &m, `SELECT m.state, m.ticket_id, m.account_id, m.client_id, COALESCE(i.mailbox_id, 0) AS mailbox_id, m.from_name, m.from_address, m.subject, m.body,
			m.class, m.identity, m.form, m.mail_id, m.thread_index, m.at
		FROM message m LEFT JOIN inbox i ON i.id = m.inbox_id WHERE m.id = ?`, messageID)
	if err != nil {
		return 0, fmt.Errorf("read held message %d: %w", messageID, err)
	}
	if m.State != "held" {
		return 0, migrations.Conflictf("somebody has decided about this mail meanwhile: reload the page")
	}
	author := Address{Name: m.FromName, Address: m.From}
	answers, err := answersTx(ctx, tx, m.AccountID)
	if err != nil {
		return 0, err
	}
	if m.TicketID != nil && answers {
		ticketID = *m.TicketID
		if carriesCommands(m.Body) {
			// Commands are run for the five conditions alone, and a mail with
			// some in it is not for the client as it stands.
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'kept' WHERE id = ?`, messageID); err != nil {
				return 0, fmt.Errorf("keep message %d: %w", messageID, err)
			}
			return ticketID, s.admittedTx(ctx, tx, by, ticketID)
		}
		if err := s.sendMessageTx(ctx, tx, Actor{AccountID: *m.AccountID}, ticketID, messageID); err != nil {
			return 0, err
		}
		return ticketID, s.admittedTx(ctx, tx, by, ticketID)
	}
	in := Inbound{Subject: m.Subject, Reply: m.Body}
	if m.Form != "" {
		in.Form = new(Form)
		if err := json.Unmarshal([]byte(m.Form), in.Form); err != nil {
			return 0, fmt.Errorf("read form of message %d: %w", messageID, err)
		}
	}
	policy := s.policy(m.MailboxID)
	if m.TicketID == nil && in.Form != nil && sendable(in.Form.Requester.Address) && !policy.isOurs(in.Form.Requester.Address) &&
		s.speaksForOthers(&decision{in: &in, policy: policy, author: author}) {
		author = in.Form.Requester
	}
	client, err := s.clientTx(ctx, tx, author)
	if err != nil {
		return 0, err
	}
	if m.TicketID != nil {
		ticketID = *m.TicketID
	} else {
		ticketID, _, err = s.openTx(ctx, tx, opening{Actor: clientActor(client), MailboxID: m.MailboxID, Client: client, Address: author.Address, Subject: subjectOf(&in), OpenedAt: m.At, Form: in.Form, Text: m.Body, Vouched: verdictOf(m.Identity).vouched(), Machine: m.Class != ClassHuman && in.Form == nil})
		if err != nil {
			return 0, err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE message SET state = 'shown', ticket_id = ?, client_id = ?, account_id = NULL WHERE id = ?`, ticketID, client.ID, messageID); err != nil {
		return 0, fmt.Errorf("show message %d: %w", messageID, err)
	}
	if err := s.referTx(ctx, tx, ticketID, m.MailID, true); err != nil {
		return 0, err
	}
	if err := s.converseTx(ctx, tx, ticketID, m.Thread, m.Subject); err != nil {
		return 0, err
	}
	if m.TicketID != nil {
		err = s.joinTx(ctx, tx, joining{Actor: clientActor(client), TicketID: ticketID, MessageID: messageID, Human: m.Class == ClassHuman, Answers: m.Class == ClassHuman && !isThanks(m.Body)})
		if err != nil {
			return 0, err
		}
	} else if m.Class == ClassHuman {
		if _, err := s.knowTx(ctx, tx, request{TicketID: ticketID, MessageID: messageID, Client: client, Form: in.Form, Subject: m.Subject, Text: m.Body}); err != nil {
			return 0, err
		}
	}
	return ticketID, s.admittedTx(ctx, tx, by, ticketID)
}

// answersTx reports whether a message's author is somebody who may answer
// tickets now, whatever they could when it came.
func answersTx(ctx context.Context, tx *migrations.Tx, accountID *int64) (bool, error) {
	if accountID == nil {
		return false, nil
	}
	a, err := accountWhere(ctx, tx, `id = ?`, *accountID)
	if err != nil {
		return false, fmt.Errorf("read the author of a held message: %w", err)
	}
	return May(a, WorkTickets), nil
}

// admittedTx records who let a message in.
func (s *Store) admittedTx(ctx context.Context, tx *migrations.Tx, by Actor, ticketID int64) error {
	return s.RecordTx(ctx, tx, Event{Actor: by, Subject: "ticket", SubjectID: ticketID, Kind: "approved"})
}
