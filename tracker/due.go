package tracker

import (
	"context"
	"encoding/json"
	"fmt"

	"helpdeskd/migrations"
)

// OutboxItem is a due mail with all that rendering it needs.
type OutboxItem struct {
	ID             int64            `db:"id"`
	Kind           string           `db:"kind"`
	Priority       int              `db:"priority"`
	Attempts       int              `db:"attempts"` // before this one
	CreatedAt      migrations.Stamp `db:"created_at"`
	MailboxID      int64            `db:"mailbox_id"`
	Mailbox        string           `db:"mailbox"` // its name
	MailboxAddress string           `db:"mailbox_address"`
	ToAddress      string           `db:"to_address"`
	ToName         string           `db:"to_name"`
	ClientID       int64            `db:"client_id"`  // 0 for none
	AccountID      int64            `db:"account_id"` // 0 for none
	MailID         string           `db:"mail_id"`    // set once rendered
	Digest         string           `db:"digest"`     // of the rendered bytes, set once rendered
	Detail         string           `db:"detail"`
	MessageID      int64            `db:"message_id"`

	TicketID         int64            `db:"ticket_id"`
	TicketNumber     int64            `db:"ticket_number"`
	TicketSubject    string           `db:"ticket_subject"`
	Stage            string           `db:"stage"`
	Level            int              `db:"level"`
	Star             bool             `db:"star"`
	TriagedAt        migrations.Stamp `db:"triaged_at"` // 0 where Level is only the usual one
	Fix              string           `db:"fix"`
	RequesterID      int64            `db:"requester_id"` // client, 0 for nobody known
	RequesterName    string           `db:"requester_name"`
	RequesterAddress string           `db:"requester_address"`
	AssigneeName     string           `db:"assignee_name"`
	ForName          string           `db:"for_name"` // whom we support, where not the requester

	Message     *OutMessage `db:"-"` // what it carries or announces
	Quoted      *OutMessage `db:"-"` // the requester's last mail before it, for replies
	InReplyTo   string      `db:"-"` // Message-ID without brackets
	References  []string    `db:"-"` // oldest first, at most 20
	ThreadTopic string      `db:"-"`
	ThreadIndex string      `db:"-"` // of the mail that it answers, "" where it begins a conversation
	Ack         *AckDetail  `db:"-"`
	Notice      string      `db:"-"`

	Account  *AccountDetail `db:"-"`
	Due      []DueItem      `db:"-"`
	DueMore  int            `db:"-"`
	Commands *CommandAnswer `db:"-"`
	Daily    *Digested      `db:"-"`
	Mine     []DigestTicket `db:"-"` // the tickets of a digest as they are now
	Free     []DigestTicket `db:"-"`
	Brief    *Brief         `db:"-"` // of a notification, nil where it could not be had
}

// OutMessage is a message that a mail carries or announces.
type OutMessage struct {
	ID          int64            `db:"id"`
	Direction   string           `db:"direction"`
	FromName    string           `db:"from_name"`
	FromAddress string           `db:"from_address"`
	Subject     string           `db:"subject"`
	Body        string           `db:"body"`
	Quoted      string           `db:"quoted"`
	MailID      string           `db:"mail_id"`
	ThreadIndex string           `db:"thread_index"`
	ThreadTopic string           `db:"thread_topic"`
	AccountID   int64            `db:"account_id"` // the technician who wrote it, 0 for none
	ClientID    int64            `db:"client_id"`  // the client who did
	Signature   string           `db:"-"`          // that technician's own, with its placeholders
	FormJSON    string           `db:"form"`
	At          migrations.Stamp `db:"at"`
	Form        *Form            `db:"-"`
	Attachments []Attachment     `db:"-"` // files only
}

const outMessageColumns = `id, direction, from_name, from_address, subject, body, quoted, mail_id, thread_index, thread_topic, COALESCE(account_id, 0) AS account_id, COALESCE(client_id, 0) AS client_id, form, at`

// isDue is when a queued mail may go; its parameter is now. What was never put
// off is due whatever the time says, as the clock may have been ahead, but for
// what its author can take back: that waits for its moment, and is due too when
// that lies further ahead than anybody can have asked for.
var isDue = fmt.Sprintf(`(due_at <= ? OR attempts = 0 AND (due_at <= created_at OR due_at > %d + CAST(? AS BIGINT)))`, MaxTakeBack.Microseconds())

// DueOutbox returns what is due, people's replies first, then by age, without
// the mail of the mailboxes to skip: those that can not send now must not
// stand before the others.
func (s *Store) DueOutbox(ctx context.Context, l *Lease, limit int, skip ...int64) ([]OutboxItem, error) {
	var items []OutboxItem
	now := s.stamp()
	args := []any{now, now}
	without := ""
	for _, id := range skip {
		without += " AND mailbox_id <> ?"
		args = append(args, id)
	}
	args = append(args, limit)
	// The inner query walks the partial index; the rest is looked up for the few.
	err := s.db.Select(ctx, &items, `SELECT o.id, o.kind, o.priority, o.attempts, o.created_at, o.mailbox_id, b.name AS mailbox, b.address AS mailbox_address,
			o.to_address, o.to_name, COALESCE(o.client_id, 0) AS client_id, COALESCE(o.account_id, 0) AS account_id, o.mail_id, o.digest, o.detail,
			COALESCE(o.message_id, 0) AS message_id, COALESCE(o.ticket_id, 0) AS ticket_id, COALESCE(t.number, 0) AS ticket_number,
			COALESCE(t.subject, '') AS ticket_subject, COALESCE(t.stage, '') AS stage, COALESCE(t.level, 1) AS level, COALESCE(t.star, FALSE) AS star, COALESCE(t.triaged_at, 0) AS triaged_at,
			COALESCE(t.fix, '') AS fix, COALESCE(t.client_id, 0) AS requester_id, COALESCE(c.name, '') AS requester_name, COALESCE(t.client_address, '') AS requester_address,
			COALESCE(a.name, '') AS assignee_name, COALESCE(f.name, '') AS for_name
		FROM (SELECT * FROM outbox WHERE state = 'queued' AND `+isDue+without+` ORDER BY priority, due_at, id LIMIT ?) o
		JOIN mailbox b ON b.id = o.mailbox_id
		LEFT JOIN ticket t ON t.id = o.ticket_id
		LEFT JOIN client c ON c.id = t.client_id
		LEFT JOIN account a ON a.id = t.assignee_id
		LEFT JOIN client f ON f.id = t.for_client_id
		ORDER BY o.priority, o.due_at, o.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list due mail: %w", err)
	}
	due := items[:0]
	for i := range items {
		if items[i].Digest == "" { // else its bytes are fixed
			err := s.fillOutboxItem(ctx, &items[i])
			if items[i].Kind == MailReply && migrations.KindOf(err) == migrations.NotFound {
				continue // taken back since the list was read
			}
			if err != nil {
				return nil, fmt.Errorf("gather mail %d: %w", items[i].ID, err)
			}
		}
		due = append(due, items[i])
	}
	return due, nil
}

func (s *Store) fillOutboxItem(ctx context.Context, it *OutboxItem) error {
	if it.Detail != "" {
		var d mailDetail
		if err := json.Unmarshal([]byte(it.Detail), &d); err != nil {
			return err
		}
		it.Ack, it.Notice, it.Account, it.Due, it.DueMore = d.Ack, d.Notice, d.Account, d.Due, d.DueMore
		it.Commands, it.Daily = d.Commands, d.Daily
		if d.Daily != nil {
			var err error
			if it.Mine, err = s.digestTickets(ctx, d.Daily.Mine); err != nil {
				return err
			}
			if it.Free, err = s.digestTickets(ctx, d.Daily.Free); err != nil {
				return err
			}
		}
		if it.Account != nil && it.Account.By != 0 {
			by, err := s.Account(ctx, it.Account.By)
			if err != nil {
				return err
			}
			it.Account.ByName = by.Name
		}
	}
	if it.MessageID != 0 {
		m, err := s.outMessage(ctx, `SELECT `+outMessageColumns+` FROM message WHERE id = ?`, it.MessageID)
		if err != nil {
			return err
		}
		it.Message = m
	}
	if it.TicketID == 0 {
		return nil
	}
	if it.Kind == MailNotify {
		it.Brief = s.brief(ctx, it.TicketID)
	}
	if it.ClientID != 0 {
		t := Ticket{ID: it.TicketID, Number: it.TicketNumber, Subject: it.TicketSubject, ClientID: it.RequesterID}
		if err := s.calledFor(ctx, s.db, &t, it.ClientID); err != nil {
			return err
		}
		it.TicketSubject = t.Subject
	}
	return s.fillThread(ctx, it)
}

// fillThread finds what the mail answers. A client is answered on their own last
// shown mail, and where they wrote none under the requester's, but not with its
// words: what others wrote is quoted to nobody. A technician's notifications
// hang together under the first mail of the ticket that they were sent.
func (s *Store) fillThread(ctx context.Context, it *OutboxItem) error {
	it.ThreadTopic = ReadSubject(it.TicketSubject).Base
	if it.AccountID != 0 {
		if err := s.fillIndex(ctx, it, `account_id = ?`, it.AccountID); err != nil {
			return err
		}
		err := s.db.Select(ctx, &it.References, `SELECT mail_id FROM outbox WHERE ticket_id = ? AND account_id = ? AND mail_id <> '' AND id <> ? ORDER BY id LIMIT 20`, it.TicketID, it.AccountID, it.ID)
		if n := len(it.References); n > 0 {
			it.InReplyTo = it.References[n-1]
		}
		return err
	}
	if it.Kind == MailAck && it.Message != nil && it.Message.Direction == "in" {
		if it.Message.MailID != "" && it.Message.Form == nil {
			it.InReplyTo, it.References = it.Message.MailID, []string{it.Message.MailID}
			it.answer(it.Message)
		}
		return nil
	}
	last, err := s.outMessage(ctx, `SELECT `+outMessageColumns+` FROM message
		WHERE ticket_id = ? AND direction = 'in' AND state = 'shown' AND class = 'human' AND id < ? AND client_id IN (?, ?)
		ORDER BY CASE WHEN client_id = ? THEN 0 ELSE 1 END, id DESC LIMIT 1`, it.TicketID, max(it.MessageID, 1), it.ClientID, it.RequesterID, it.ClientID)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return err
	}
	if last != nil && last.ClientID == it.ClientID {
		it.Quoted = last
	}
	if last != nil && last.Form == nil {
		it.answer(last)
	}
	if it.ThreadIndex == "" { // what we wrote before began the conversation
		if err := s.fillIndex(ctx, it, `to_address = ?`, it.ToAddress); err != nil {
			return err
		}
	}
	var ids []string
	err = s.db.Select(ctx, &ids, `SELECT mail_id FROM (
			SELECT id, 0 AS ours, mail_id, at FROM message WHERE ticket_id = ? AND state = 'shown' AND direction = 'in' AND mail_id <> '' AND form = ''
			UNION ALL
			SELECT id, 1 AS ours, mail_id, created_at AS at FROM outbox WHERE ticket_id = ? AND to_address = ? AND mail_id <> ''
		) thread ORDER BY at DESC, ours DESC, id DESC LIMIT 20`, it.TicketID, it.TicketID, it.ToAddress)
	if err != nil {
		return err
	}
	for i := len(ids) - 1; i >= 0; i-- {
		it.References = append(it.References, ids[i])
	}
	if last != nil && last.MailID != "" && last.Form == nil {
		it.InReplyTo = last.MailID
	} else if len(ids) > 0 {
		it.InReplyTo = ids[0]
	}
	return nil
}

// answer continues the conversation of a mail under its own topic, whatever
// the ticket is called by now: Outlook keeps together what has both alike.
func (it *OutboxItem) answer(m *OutMessage) {
	it.ThreadIndex, it.ThreadTopic = m.ThreadIndex, ReadSubject(m.Subject).Base
	if m.ThreadTopic != "" {
		it.ThreadTopic = m.ThreadTopic
	}
}

// fillIndex takes the Thread-Index of our last mail on the ticket to somebody.
func (s *Store) fillIndex(ctx context.Context, it *OutboxItem, to string, who any) error {
	err := s.db.Get(ctx, &it.ThreadIndex, `SELECT thread_index FROM outbox WHERE ticket_id = ? AND `+to+` AND thread_index <> '' ORDER BY id DESC LIMIT 1`, it.TicketID, who)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	return err
}

func (s *Store) outMessage(ctx context.Context, query string, args ...any) (*OutMessage, error) {
	var m OutMessage
	if err := s.db.Get(ctx, &m, query, args...); err != nil {
		return nil, err
	}
	if m.FormJSON != "" {
		m.Form = new(Form)
		if err := json.Unmarshal([]byte(m.FormJSON), m.Form); err != nil {
			return nil, err
		}
	}
	if m.Direction == "out" && m.AccountID != 0 {
		if err := s.db.Get(ctx, &m.Signature, `SELECT signature FROM account WHERE id = ?`, m.AccountID); err != nil {
			return nil, err
		}
	}
	err := s.db.Select(ctx, &m.Attachments, `SELECT `+attachmentColumns+` FROM attachment WHERE message_id = ? AND role = 'file' ORDER BY id`, m.ID)
	return &m, err
}
