package tracker

import (
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// HeldMessage is a mail that waits until a person decides about it.
type HeldMessage struct {
	Message
	TicketNumber  int64  // 0: it would open a ticket
	TicketSubject string // of that ticket
	Technician    string // the account's name, where approving sends it to the client as theirs
}

// HeldCount returns how many mails wait for a decision.
func (s *Store) HeldCount(ctx context.Context) (int, error) {
	var n int
	if err := s.db.Get(ctx, &n, `SELECT count(*) FROM message WHERE state = 'held'`); err != nil {
		return 0, fmt.Errorf("count held mails: %w", err)
	}
	return n, nil
}

// Held returns the mails that wait for a decision, the newest first, and what
// to give as before for the next ones (0 at the end).
func (s *Store) Held(ctx context.Context, before int64, limit int) (list []HeldMessage, more int64, err error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	messages, err := s.messagesWhere(ctx, shownMessages()+`WHERE m.state = 'held' AND m.id < ? ORDER BY m.id DESC LIMIT ?`, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(messages) > limit {
		messages = messages[:limit]
		more = messages[limit-1].ID
	}
	list, err = s.heldOn(ctx, messages)
	return list, more, err
}

// heldOn adds the tickets and technicians of held messages.
func (s *Store) heldOn(ctx context.Context, messages []Message) ([]HeldMessage, error) {
	tickets, people := []int64{0}, []int64{0} // a list may not be empty
	for _, m := range messages {
		tickets, people = append(tickets, m.TicketID), append(people, m.AccountID)
	}
	var named []Ticket
	if err := s.db.Select(ctx, &named, ticketSelect+`WHERE t.id IN (`+marks(len(tickets))+`)`, anys(tickets)...); err != nil {
		return nil, fmt.Errorf("read tickets of held mails: %w", err)
	}
	var accounts []Account
	if err := s.db.Select(ctx, &accounts, `SELECT `+accountColumns+` FROM account WHERE id IN (`+marks(len(people))+`)`, anys(people)...); err != nil {
		return nil, fmt.Errorf("read technicians of held mails: %w", err)
	}
	list := make([]HeldMessage, 0, len(messages))
	for _, m := range messages {
		h := HeldMessage{Message: m}
		if i := slices.IndexFunc(named, func(t Ticket) bool { return t.ID == m.TicketID }); i >= 0 {
			h.TicketNumber, h.TicketSubject = named[i].Number, named[i].Subject
			if a := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == m.AccountID }); a >= 0 && May(accounts[a], WorkTickets) {
				h.Technician = accounts[a].Name
			}
		}
		list = append(list, h)
	}
	return list, nil
}

// ApproveHeld lets a held mail in: a technician's goes to the client in their
// name, anybody else's joins its ticket or opens one. participant also makes
// who wrote it take part in the ticket from now on. It returns the ticket,
// with the number 0 where there is none yet: what lay in the Junk folder is
// decided once more in a moment, as if it had come to the inbox.
func (s *Store) ApproveHeld(ctx context.Context, actor Actor, messageID int64, participant bool) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		if err := lockHeldTx(ctx, tx, messageID); err != nil {
			return err
		}
		if junk, err := s.unjunkTx(ctx, tx, actor, messageID); err != nil || junk {
			return err
		}
		id, err := s.admitTx(ctx, tx, actor, messageID)
		if err != nil {
			return err
		}
		if t, err = ticketWhere(ctx, tx, `t.id = ?`, id); err != nil || !participant {
			return err
		}
		var client int64
		if err := tx.Get(ctx, &client, `SELECT COALESCE(client_id, 0) FROM message WHERE id = ?`, messageID); err != nil || client == 0 {
			return err
		}
		return s.joinPersonTx(ctx, tx, actor, &t, client)
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("approve held mail %d: %w", messageID, err)
	}
	return t, nil
}

// RejectHeld sets a held mail aside for good: it stays readable, and nobody
// is told.
func (s *Store) RejectHeld(ctx context.Context, actor Actor, messageID int64, why string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockHeldTx(ctx, tx, messageID); err != nil {
			return err
		}
		var m struct {
			State    string `db:"state"`
			TicketID int64  `db:"ticket_id"`
			InboxID  int64  `db:"inbox_id"`
		}
		err := tx.Get(ctx, &m, `SELECT state, COALESCE(ticket_id, 0) AS ticket_id, COALESCE(inbox_id, 0) AS inbox_id FROM message WHERE id = ?`, messageID)
		if err != nil {
			return err
		}
		if m.State != "held" {
			return migrations.Conflictf("Somebody has decided about this mail meanwhile.")
		}
		if _, err := tx.Exec(ctx, `UPDATE message SET state = 'rejected' WHERE id = ?`, messageID); err != nil {
			return err
		}
		reason := "rejected"
		if why = oneLine(why); why != "" {
			reason += ": " + why
		}
		_, err = tx.Exec(ctx, `UPDATE inbox SET fate = CASE WHEN fate = 'pending' THEN 'none' ELSE fate END, reason = ?, resolved_by = ? WHERE id IN (`+heldMails+`)`,
			clip(reason, 500), orNull(actor.AccountID), messageID)
		if err != nil {
			return err
		}
		e := Event{Actor: actor, Subject: "ticket", SubjectID: m.TicketID, Kind: "rejected"}
		if m.TicketID == 0 {
			e.Subject, e.SubjectID = "inbox", m.InboxID
		}
		return s.RecordTx(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("reject held mail %d: %w", messageID, err)
	}
	return nil
}

// lockHeldTx keeps others from deciding about the same message.
func lockHeldTx(ctx context.Context, tx *migrations.Tx, messageID int64) error {
	n, err := tx.Exec(ctx, `UPDATE message SET state = state WHERE id = ?`, messageID)
	if err == nil && n == 0 {
		return migrations.NotFoundf("There is no such mail.")
	}
	return err
}
