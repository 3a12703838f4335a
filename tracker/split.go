package tracker

import (
	"context"
	"encoding/json"
	"fmt"

	"helpdeskd/migrations"
)

// Splitting says what becomes a ticket of its own.
type Splitting struct {
	MessageID   int64
	Follow      bool   // with what was said and noted after it
	Subject     string // "" for the message's
	Acknowledge bool   // its author is told the new number
}

type splitRow struct {
	ID        int64            `db:"id"`
	TicketID  int64            `db:"ticket_id"`
	Direction string           `db:"direction"`
	State     string           `db:"state"`
	ClientID  int64            `db:"client_id"`
	Address   string           `db:"from_address"`
	Subject   string           `db:"subject"`
	InboxID   int64            `db:"inbox_id"`
	Body      string           `db:"body"`
	Class     Class            `db:"class"`
	Identity  string           `db:"identity"`
	Form      string           `db:"form"` // JSON, "" for none
	At        migrations.Stamp `db:"at"`
}

// Split makes a client's message, with what follows it by choice, a ticket of
// its own: its author asks, its files go along, and whatever answers it lands
// there. Both tickets are linked. It is Invalid where nothing would be left.
func (s *Store) Split(ctx context.Context, actor Actor, in Splitting) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		t, err = s.splitTx(ctx, tx, actor, in)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("split off message %d: %w", in.MessageID, err)
	}
	return t, nil
}

func (s *Store) splitTx(ctx context.Context, tx *migrations.Tx, actor Actor, in Splitting) (t Ticket, err error) {
	// First, as who decides mail does: so no answer to it is decided meanwhile.
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return t, err
	}
	var m splitRow
	err = tx.Get(ctx, &m, `SELECT id, COALESCE(ticket_id, 0) AS ticket_id, direction, state, COALESCE(client_id, 0) AS client_id, from_address, subject, COALESCE(inbox_id, 0) AS inbox_id, body, class, identity, form, at FROM message WHERE id = ?`, in.MessageID)
	switch {
	case migrations.KindOf(err) == migrations.NotFound && err != nil:
		return t, migrations.NotFoundf("There is no such message.")
	case err != nil:
		return t, err
	case m.TicketID == 0 || m.Direction != "in" || m.State != "shown" || m.ClientID == 0:
		return t, migrations.Invalidf("Only what a client wrote can be split off.")
	}
	if err := s.lockManyTx(ctx, tx, []int64{m.TicketID}); err != nil {
		return t, err
	}
	old, err := ticketWhere(ctx, tx, `t.id = ?`, m.TicketID)
	if err != nil {
		return t, err
	}
	if old.Archived() {
		return t, errArchived(&old)
	}
	ids, err := s.splitOff(ctx, tx, m, in.Follow)
	if err != nil {
		return t, err
	}
	if t, err = s.openSplitTx(ctx, tx, actor, &old, m, in.Subject); err != nil {
		return t, err
	}
	if err := s.moveMessagesTx(ctx, tx, old.ID, t.ID, ids); err != nil {
		return t, err
	}
	if err := s.knowSplitTx(ctx, tx, &t, m); err != nil {
		return t, err
	}
	if in.Follow {
		if _, err := tx.Exec(ctx, `UPDATE note SET ticket_id = ? WHERE ticket_id = ? AND at >= ? AND kind <> 'system'`, t.ID, old.ID, m.At); err != nil {
			return t, fmt.Errorf("move notes: %w", err)
		}
	}
	// Who watches the conversation goes on watching all of it.
	if _, err := tx.Exec(ctx, `INSERT INTO watcher (ticket_id, account_id, at) SELECT t.id, w.account_id, w.at FROM watcher w JOIN ticket t ON t.id = ? WHERE w.ticket_id = ?`, t.ID, old.ID); err != nil {
		return t, fmt.Errorf("have them watch %s: %w", t.Name(), err)
	}
	var others []int64
	err = tx.Select(ctx, &others, `SELECT DISTINCT client_id FROM message WHERE ticket_id = ? AND client_id IS NOT NULL AND client_id <> ? AND state = 'shown' ORDER BY client_id`, t.ID, m.ClientID)
	if err != nil {
		return t, err
	}
	for _, id := range others {
		if err := s.joinPersonTx(ctx, tx, actor, &t, id); err != nil {
			return t, err
		}
	}
	if in.Acknowledge {
		if err := s.ackSplitTx(ctx, tx, &t, m); err != nil {
			return t, err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO link (a_kind, a_id, b_kind, b_id, created_by, created_at) VALUES ('ticket', ?, 'ticket', ?, ?, ?) ON CONFLICT (a_kind, a_id, b_kind, b_id) DO NOTHING`,
		min(old.ID, t.ID), max(old.ID, t.ID), orNull(actor.AccountID), s.stamp())
	if err != nil {
		return t, fmt.Errorf("link the two: %w", err)
	}
	if err := s.recordPairTx(ctx, tx, actor, &t, &old, "split_off", "split"); err != nil {
		return t, err
	}
	return ticketWhere(ctx, tx, `t.id = ?`, t.ID)
}

// splitOff returns the messages that go, with the copies that they took the
// place of. What waits for a decision stays.
func (s *Store) splitOff(ctx context.Context, tx *migrations.Tx, m splitRow, follow bool) (ids []int64, err error) {
	which, args := `x.id = ?`, []any{m.ID}
	if follow {
		which, args = `x.ticket_id = ? AND x.state <> 'held' AND (x.at > ? OR (x.at = ? AND x.id >= ?))`, []any{m.TicketID, m.At, m.At, m.ID}
	}
	err = tx.Select(ctx, &ids, `SELECT m.id FROM message m WHERE m.ticket_id = ? AND (m.id IN (SELECT x.id FROM message x WHERE `+which+`)
		OR COALESCE(m.revision_of, m.id) IN (SELECT COALESCE(x.revision_of, x.id) FROM message x WHERE `+which+`)) ORDER BY m.id`,
		append(append([]any{m.TicketID}, args...), args...)...)
	if err != nil {
		return nil, fmt.Errorf("list what is split off: %w", err)
	}
	left, err := exists(ctx, tx, `SELECT 1 FROM message WHERE ticket_id = ? AND state = 'shown' AND id NOT IN (`+marks(len(ids))+`) LIMIT 1`, append([]any{m.TicketID}, anys(ids)...)...)
	if err == nil && !left {
		err = migrations.Invalidf("Nothing would be left of this ticket: give it another subject or requester instead.")
	}
	return ids, err
}

// openSplitTx opens the new ticket. Who has the old one has it too.
func (s *Store) openSplitTx(ctx context.Context, tx *migrations.Tx, actor Actor, old *Ticket, m splitRow, subject string) (t Ticket, err error) {
	if subject == "" {
		subject = m.Subject
	}
	if subject = oneLine(subject); subject == "" {
		subject = old.Subject
	}
	if subject, err = checkSubject(clip(subject, 500)); err != nil {
		return t, err
	}
	var c Client
	if c, err = clientByID(ctx, tx, m.ClientID); err != nil {
		return t, err
	}
	// A form's mail comes from the form: its author's own address then.
	var address string
	err = tx.Get(ctx, &address, `SELECT COALESCE((SELECT a.address FROM client_address a WHERE a.client_id = ? ORDER BY CASE WHEN a.address = LOWER(?) THEN 0 ELSE 1 END, a.main DESC, a.created_at, a.address LIMIT 1), '')`, m.ClientID, m.Address)
	if err != nil {
		return t, fmt.Errorf("find where to answer: %w", err)
	}
	id, _, err := s.openTx(ctx, tx, opening{Actor: actor, MailboxID: old.MailboxID, Client: &c, Address: address, Subject: subject, OpenedAt: m.At, Vouched: verdictOf(m.Identity).vouched()})
	if err != nil {
		return t, err
	}
	if t, err = ticketWhere(ctx, tx, `t.id = ?`, id); err != nil {
		return t, err
	}
	if err := t.setTx(ctx, tx, `news = FALSE`); err != nil {
		return t, err
	}
	err = s.assignTx(ctx, tx, actor, &t, old.AssigneeID, false)
	return t, err
}

// knowSplitTx fills in the checklist of the new ticket by what it begins with,
// as if that had come alone.
func (s *Store) knowSplitTx(ctx context.Context, tx *migrations.Tx, t *Ticket, m splitRow) error {
	if m.Class != ClassHuman {
		return nil
	}
	r := request{TicketID: t.ID, MessageID: m.ID, Client: &Client{ID: m.ClientID, Name: t.ClientName}, Subject: m.Subject, Text: m.Body}
	if m.Form != "" {
		r.Form = new(Form)
		if err := json.Unmarshal([]byte(m.Form), r.Form); err != nil {
			return fmt.Errorf("read form of message %d: %w", m.ID, err)
		}
	}
	_, err := s.knowTx(ctx, tx, r)
	return err
}

// moveMessagesTx moves messages with their mails, tokens and Message-IDs, so
// that what answers them is led to the ticket that they are on.
func (s *Store) moveMessagesTx(ctx context.Context, tx *migrations.Tx, from, to int64, ids []int64) error {
	in := `(` + marks(len(ids)) + `)`
	var refs []string
	err := tx.Select(ctx, &refs, `SELECT mail_id FROM message WHERE id IN `+in+` AND mail_id <> ''
		UNION SELECT mail_id FROM outbox WHERE message_id IN `+in+` AND mail_id <> '' UNION SELECT server_mail_id FROM outbox WHERE message_id IN `+in+` AND server_mail_id <> ''`,
		append(append(anys(ids), anys(ids)...), anys(ids)...)...)
	if err != nil {
		return fmt.Errorf("list the Message-IDs: %w", err)
	}
	for _, q := range []string{
		`UPDATE inbox SET ticket_id = ? WHERE ticket_id = ? AND id IN (SELECT m.inbox_id FROM message m WHERE m.inbox_id IS NOT NULL AND m.id IN ` + in + `)`,
		`UPDATE reply_token SET ticket_id = ? WHERE ticket_id = ? AND outbox_id IN (SELECT o.id FROM outbox o WHERE o.message_id IN ` + in + `)`,
		`UPDATE client_link SET ticket_id = ? WHERE ticket_id = ? AND outbox_id IN (SELECT o.id FROM outbox o WHERE o.message_id IN ` + in + `)`,
		`UPDATE outbox SET ticket_id = ? WHERE ticket_id = ? AND message_id IN ` + in,
		`UPDATE message SET ticket_id = ? WHERE ticket_id = ? AND id IN ` + in,
	} {
		if _, err := tx.Exec(ctx, q, append([]any{to, from}, anys(ids)...)...); err != nil {
			return fmt.Errorf("move messages: %w", err)
		}
	}
	for _, ref := range refs {
		if _, err := tx.Exec(ctx, `DELETE FROM message_ref WHERE ref = ? AND (ticket_id = ? OR ticket_id IN (SELECT d.id FROM ticket d WHERE d.merged_into_id = ?))`, ref, from, from); err != nil {
			return fmt.Errorf("move a Message-ID: %w", err)
		}
		if err := s.referTx(ctx, tx, to, ref, true); err != nil {
			return err
		}
	}
	return nil
}

// ackSplitTx acknowledges the new ticket, unless the mail's own
// acknowledgement went along.
func (s *Store) ackSplitTx(ctx context.Context, tx *migrations.Tx, t *Ticket, m splitRow) error {
	has, err := exists(ctx, tx, `SELECT 1 FROM outbox WHERE ticket_id = ? AND kind = 'ack' LIMIT 1`, t.ID)
	if err != nil || has {
		return err
	}
	if t.MailboxID == 0 || !sendable(t.ClientAddress) {
		return migrations.Invalidf("%s can not be told by mail: there is no address to write to.", t.ClientName)
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailAck, MailboxID: t.MailboxID, TicketID: t.ID, MessageID: m.ID, ClientID: t.ClientID, ToAddress: t.ClientAddress, ToName: nameUnless(t.ClientName, t.ClientAddress), Ack: &AckDetail{}})
	if err != nil || m.InboxID == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE inbox SET acks = acks + 1 WHERE id = ?`, m.InboxID); err != nil {
		return fmt.Errorf("note the acknowledgement: %w", err)
	}
	return nil
}
