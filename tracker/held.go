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
	Commands      bool   // theirs holds commands: approving keeps it on the ticket, runs none and sends nothing
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
				h.Technician, h.Commands = accounts[a].Name, carriesCommands(m.Body)
			}
		}
		list = append(list, h)
	}
	return list, nil
}

// HeldMail returns one held mail, or one that was held, by its message.
func (s *Store) HeldMail(ctx context.Context, messageID int64) (HeldMessage, error) {
	messages, err := s.messagesWhere(ctx, shownMessages()+`WHERE m.id = ? AND m.direction = 'in' AND m.state = 'held'`, messageID)
	if err != nil {
		return HeldMessage{}, err
	}
	if len(messages) == 0 {
		return HeldMessage{}, migrations.NotFoundf("There is no such mail.")
	}
	list, err := s.heldOn(ctx, messages)
	if err != nil {
		return HeldMessage{}, err
	}
	return list[0], nil
}

// HeldOf returns the message of a mail of the ledger that is held, 0 for none.
func (s *Store) HeldOf(ctx context.Context, inboxID int64) (int64, error) {
	var id int64
	err := s.db.Get(ctx, &id, `SELECT COALESCE(MAX(id), 0) FROM message WHERE state = 'held' AND (inbox_id = ? OR revision_of IN (SELECT id FROM message WHERE inbox_id = ?))`, inboxID, inboxID)
	if err != nil {
		return 0, fmt.Errorf("look for a held mail: %w", err)
	}
	return id, nil
}

// Approval is how a held mail is let in.
type Approval struct {
	Participant bool  // who wrote it takes part in the ticket from now on
	Number      int64 // of the ticket that it joins; 0: the one that it is held on, or a new one
}

// ApproveHeld lets a held mail in: a technician's goes to the client in their
// name, anybody else's joins its ticket or opens one. It returns the ticket,
// with the number 0 where there is none yet: what lay in the Junk folder is
// decided once more in a moment, as if it had come to the inbox.
func (s *Store) ApproveHeld(ctx context.Context, actor Actor, messageID int64, a Approval) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		done, rows, err := takeHeldTx(ctx, tx, actor, messageID, DecidedApproved)
		if err != nil {
			return err
		}
		if done {
			t, err = ticketWhere(ctx, tx, `t.id = ?`, rows[0].TicketID)
			return err
		}
		if a.Number == 0 {
			if junk, err := s.unjunkTx(ctx, tx, actor, messageID); err != nil || junk {
				return err
			}
		} else {
			to, err := ticketWhere(ctx, tx, `t.number = ?`, a.Number)
			if err == nil && to.MergedIntoID != 0 {
				to, err = ticketWhere(ctx, tx, `t.id = ?`, to.MergedIntoID)
			}
			if err != nil {
				return err
			}
			n, err := tx.Exec(ctx, `UPDATE message SET account_id = CASE WHEN ticket_id = ? THEN account_id END, ticket_id = ? WHERE id = ? AND (account_id IS NULL OR ticket_id IS NULL OR ticket_id = ?)`,
				to.ID, to.ID, messageID, to.ID)
			if err != nil {
				return err
			}
			if n == 0 { // their words would go to another client than they were written to
				return migrations.Invalidf("A technician's answer can only go to the ticket that it answers.")
			}
		}
		id, err := s.admitTx(ctx, tx, actor, messageID)
		if err != nil {
			return err
		}
		sums := tally{}
		for _, r := range rows {
			fate := r.Fate
			switch {
			case fate != FatePending:
			case r.TicketID == 0 && a.Number == 0:
				fate = FateNew
			default:
				fate = FateAppend
			}
			if err := s.resolveTx(ctx, tx, sums, actor, r, DecidedApproved, fate, "approved", id); err != nil {
				return err
			}
		}
		if t, err = ticketWhere(ctx, tx, `t.id = ?`, id); err != nil {
			return err
		}
		if a.Participant {
			var client int64
			if err := tx.Get(ctx, &client, `SELECT COALESCE(client_id, 0) FROM message WHERE id = ?`, messageID); err != nil {
				return err
			}
			if client != 0 {
				if err := s.joinPersonTx(ctx, tx, actor, &t, client); err != nil {
					return err
				}
			}
		}
		return sums.writeTx(ctx, tx)
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("approve held mail %d: %w", messageID, err)
	}
	return t, nil
}

// RejectHeld sets a held mail aside for good: it stays readable, nobody is
// told, and TakeBack undoes it.
func (s *Store) RejectHeld(ctx context.Context, actor Actor, messageID int64, why string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		done, rows, err := takeHeldTx(ctx, tx, actor, messageID, DecidedRejected)
		if err != nil || done {
			return err
		}
		var m struct {
			TicketID int64 `db:"ticket_id"`
			InboxID  int64 `db:"inbox_id"`
		}
		err = tx.Get(ctx, &m, `UPDATE message SET state = 'rejected' WHERE id = ? RETURNING COALESCE(ticket_id, 0) AS ticket_id, COALESCE(inbox_id, 0) AS inbox_id`, messageID)
		if err != nil {
			return err
		}
		reason := "rejected"
		if why = oneLine(why); why != "" {
			reason += ": " + why
		}
		sums := tally{}
		for _, r := range rows {
			fate := r.Fate
			if fate == FatePending {
				fate = FateNone
			}
			if err := s.resolveTx(ctx, tx, sums, actor, r, DecidedRejected, fate, reason, 0); err != nil {
				return err
			}
		}
		e := Event{Actor: actor, Subject: "ticket", SubjectID: m.TicketID, Kind: "rejected"}
		if m.TicketID == 0 {
			e.Subject, e.SubjectID = "inbox", m.InboxID
		}
		if err := s.RecordTx(ctx, tx, e); err != nil {
			return err
		}
		return sums.writeTx(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("reject held mail %d: %w", messageID, err)
	}
	return nil
}

// heldMails finds the inbox rows that a decision about a message decides: its
// own, and, where it is a changed copy, that of the mail whose place it took.
const heldMails = `SELECT m.inbox_id FROM message h JOIN message m ON m.id = h.id OR m.id = h.revision_of WHERE h.id = ?`

// heldRowsTx locks them, the oldest first.
func heldRowsTx(ctx context.Context, tx *migrations.Tx, messageID int64) ([]decidedRow, error) {
	var ids []int64
	if err := tx.Select(ctx, &ids, heldMails+` AND m.inbox_id IS NOT NULL`, messageID); err != nil {
		return nil, fmt.Errorf("find the mail of message %d: %w", messageID, err)
	}
	slices.Sort(ids)
	rows := make([]decidedRow, 0, len(ids))
	for _, id := range slices.Compact(ids) {
		r, err := lockMailTx(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// takeHeldTx takes a held message for a decision, with its mails. done says
// that the same person has just decided so: a form that is sent twice. It is
// Conflict when somebody else has.
func takeHeldTx(ctx context.Context, tx *migrations.Tx, actor Actor, messageID int64, decision string) (done bool, rows []decidedRow, err error) {
	if err := lockHeldTx(ctx, tx, messageID); err != nil {
		return false, nil, err
	}
	var state string
	if err := tx.Get(ctx, &state, `SELECT state FROM message WHERE id = ?`, messageID); err != nil {
		return false, nil, err
	}
	if rows, err = heldRowsTx(ctx, tx, messageID); err != nil || state == "held" {
		return false, rows, err
	}
	for _, r := range rows {
		if r.again(actor, decision) {
			return true, rows, nil
		}
	}
	if len(rows) == 0 {
		return false, nil, migrations.Conflictf("Somebody has decided about this mail meanwhile.")
	}
	return false, nil, meanwhile(ctx, tx, rows[0])
}

// lockHeldTx keeps others from deciding about the same message.
func lockHeldTx(ctx context.Context, tx *migrations.Tx, messageID int64) error {
	n, err := tx.Exec(ctx, `UPDATE message SET state = state WHERE id = ?`, messageID)
	if err == nil && n == 0 {
		return migrations.NotFoundf("There is no such mail.")
	}
	return err
}
