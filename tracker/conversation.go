package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// Message is a mail of a ticket, in or out, or an answer written on the site.
type Message struct {
	ID          int64            `db:"id"`
	TicketID    int64            `db:"ticket_id"` // 0: held without a ticket
	Direction   string           `db:"direction"` // in, out
	State       string           `db:"state"`     // shown, kept (a technician's, for nobody outside), held, rejected, superseded
	HeldReason  string           `db:"held_reason"`
	CheckText   string           `db:"checks" json:"-"`
	InboxID     int64            `db:"inbox_id"`
	ClientID    int64            `db:"client_id"`
	AccountID   int64            `db:"account_id"` // the technician who wrote it, or seems to have
	FromName    string           `db:"from_name"`
	FromAddress string           `db:"from_address"`
	ToLine      string           `db:"to_line"`
	CcLine      string           `db:"cc_line"`
	Subject     string           `db:"subject"`
	Body        string           `db:"body"`   // the author's new words
	Quoted      string           `db:"quoted"` // folded away
	Class       Class            `db:"class"`
	ClassReason string           `db:"class_reason"`
	Defects     string           `db:"defects"` // a line each
	Notes       string           `db:"notes"`   // a line each: signed, encrypted, unpacked
	Digest      string           `db:"digest"`  // of the raw mail; "" for what was written on the site
	Cut         bool             `db:"cut"`     // Body or Quoted goes on; MessageByID has all of it
	FormJSON    string           `db:"form" json:"-"`
	OriginJSON  string           `db:"forwarded" json:"-"`
	RevisionOf  int64            `db:"revision_of"` // the first copy, where this is a changed one
	SentDate    migrations.Stamp `db:"sent_date"`   // the Date header, only shown
	At          migrations.Stamp `db:"at"`

	Checks      []Check      `db:"-"` // of a held mail: the conditions that it was measured by
	Form        *Form        `db:"-"`
	Forwarded   *Forwarded   `db:"-"` // the original, where the mail is a forward
	Attachments []Attachment `db:"-"` // files, inline images and HTML bodies
	Mails       []Delivery   `db:"-"` // what we sent: the answer itself, or the acknowledgement
}

// Files returns the attachments that people mean by the word.
func (m *Message) Files() []Attachment {
	return slices.DeleteFunc(slices.Clone(m.Attachments), func(a Attachment) bool { return a.Role != RoleFile })
}

// HTML returns the HTML body, nil for none.
func (m *Message) HTML() *Attachment {
	for i := range m.Attachments {
		if m.Attachments[i].Role == RoleHTML {
			return &m.Attachments[i]
		}
	}
	return nil
}

// Delivery is how a mail of ours to one person goes.
type Delivery struct {
	ID        int64            `db:"id"` // of the outbox row
	MessageID int64            `db:"message_id"`
	Kind      string           `db:"kind"`  // reply, ack
	State     string           `db:"state"` // queued, sending, sent, uncertain, dead, cancelled, held
	ToName    string           `db:"to_name"`
	ToAddress string           `db:"to_address"`
	Attempts  int              `db:"attempts"`
	DueAt     migrations.Stamp `db:"due_at"`
	SentAt    migrations.Stamp `db:"sent_at"`
	Response  string           `db:"response"` // the server's last words

	Bounce       string           `db:"bounce"` // what we were told later: BounceDelayed, BounceFailed, or nothing
	BounceAt     migrations.Stamp `db:"bounce_at"`
	BounceReason string           `db:"bounce_reason"`
}

// shownBody is up to how many characters of a message a page shows at once.
const shownBody = 64 << 10

// shownMessages reads messages as pages show them, many at once.
func shownMessages() string {
	cut := func(column string) string { return fmt.Sprintf(`SUBSTR(%s, 1, %d)`, column, shownBody) }
	return messageColumns(cut(`m.body`), cut(`m.quoted`), fmt.Sprintf(`LENGTH(m.body) > %d OR LENGTH(m.quoted) > %d`, shownBody, shownBody))
}

func messageColumns(body, quoted, cut string) string {
	return `SELECT m.id, COALESCE(m.ticket_id, 0) AS ticket_id, m.direction, m.state, m.held_reason, m.checks, COALESCE(m.inbox_id, 0) AS inbox_id,
	COALESCE(m.client_id, 0) AS client_id, COALESCE(m.account_id, 0) AS account_id, m.from_name, m.from_address, m.to_line, m.cc_line, m.subject,
	` + body + ` AS body, ` + quoted + ` AS quoted, (` + cut + `) AS cut,
	m.class, m.class_reason, m.defects, m.notes, m.digest, m.form, m.forwarded, COALESCE(m.revision_of, 0) AS revision_of, COALESCE(m.sent_date, 0) AS sent_date, m.at
	FROM message m `
}

// messagesWhere runs a query for messages and adds all that belongs to them.
func (s *Store) messagesWhere(ctx context.Context, query string, args ...any) ([]Message, error) {
	var list []Message
	if err := s.db.Select(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	at, ids := map[int64]*Message{}, make([]any, len(list))
	for i := range list {
		m := &list[i]
		at[m.ID], ids[i] = m, m.ID
		m.Checks = readChecks(m.CheckText)
		if m.FormJSON != "" {
			m.Form = new(Form)
			if err := json.Unmarshal([]byte(m.FormJSON), m.Form); err != nil {
				s.log.Error("a stored form cannot be read", slog.Int64("message", m.ID), slog.Any("error", err))
				m.Form = nil
			}
		}
		if m.OriginJSON != "" {
			m.Forwarded = new(Forwarded)
			if err := json.Unmarshal([]byte(m.OriginJSON), m.Forwarded); err != nil {
				s.log.Error("what was stored of a forward cannot be read", slog.Int64("message", m.ID), slog.Any("error", err))
				m.Forwarded = nil
			}
		}
	}
	var files []Attachment
	if err := s.db.Select(ctx, &files, `SELECT `+attachmentColumns+` FROM attachment WHERE message_id IN (`+marks(len(ids))+`) ORDER BY id`, ids...); err != nil {
		return nil, fmt.Errorf("read attachments: %w", err)
	}
	for _, f := range files {
		at[f.MessageID].Attachments = append(at[f.MessageID].Attachments, f)
	}
	// What answered a mail hangs on its first copy, wherever a changed one is shown instead.
	for i := range list {
		if of := list[i].RevisionOf; of != 0 && at[of] == nil {
			at[of] = &list[i]
			ids = append(ids, of)
		}
	}
	var mails []Delivery
	err := s.db.Select(ctx, &mails, `SELECT id, message_id, kind, state, to_name, to_address, attempts, due_at, COALESCE(sent_at, 0) AS sent_at, response, bounce, COALESCE(bounce_at, 0) AS bounce_at, bounce_reason
		FROM outbox WHERE message_id IN (`+marks(len(ids))+`) AND kind IN ('reply', 'ack') ORDER BY id`, ids...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	for _, d := range mails {
		at[d.MessageID].Mails = append(at[d.MessageID].Mails, d)
	}
	return list, nil
}

// MessageByID returns one message, whole.
func (s *Store) MessageByID(ctx context.Context, id int64) (Message, error) {
	list, err := s.messagesWhere(ctx, messageColumns(`m.body`, `m.quoted`, `FALSE`)+`WHERE m.id = ?`, id)
	if err == nil && len(list) == 0 {
		err = migrations.NotFoundf("There is no such message.")
	}
	if err != nil {
		return Message{}, err
	}
	return list[0], nil
}

// AttachmentByUID returns an attachment by the random name in its link, with
// the message that it belongs to, for somebody who may read that.
func (s *Store) AttachmentByUID(ctx context.Context, reader Account, uid string) (Attachment, Message, error) {
	var a Attachment
	if !May(reader, ReadTickets) {
		return a, Message{}, migrations.Deniedf("You may not read this file.")
	}
	err := s.db.Get(ctx, &a, `SELECT `+attachmentColumns+` FROM attachment WHERE uid = ?`, clip(uid, 100))
	if migrations.KindOf(err) == migrations.NotFound {
		return a, Message{}, migrations.NotFoundf("There is no such file.")
	}
	if err != nil {
		return a, Message{}, fmt.Errorf("read attachment: %w", err)
	}
	m, err := s.MessageByID(ctx, a.MessageID)
	return a, m, err
}

// Entry is one thing in a ticket's conversation: a message, a note or an event.
type Entry struct {
	At      migrations.Stamp
	Message *Message
	Note    *Note
	Event   *EventRow
	Actor   string // name of who did it, for events; "" for the system
	Became  string // name of the person, category or so that an event names, "" for none
}

// Conversation is a ticket with all that its page shows.
type Conversation struct {
	Ticket       Ticket
	Entries      []Entry // oldest first
	Earlier      bool    // there are older ones than these
	Last         int64   // id of the last message, for ReplyInput.Seen; 0 for none
	Client       *Client // the requester, nil when unknown
	Addresses    []ClientAddress
	Participants []Participant
	Supported    *Client // whom we support, where somebody else wrote
	Held         int     // messages on the ticket that wait for a decision
	FixFiles     []File  // what was added to the fix
}

// Bounds on what one page of a conversation reads of each kind.
const maxEntries = 300

// Conversation returns a ticket with its conversation. Where that is very
// long the newest entries are returned, or those before a time (0: the end).
func (s *Store) Conversation(ctx context.Context, number int64, before migrations.Stamp) (Conversation, error) {
	var c Conversation
	var err error
	if c.Ticket, err = s.TicketByNumber(ctx, number); err != nil {
		return c, err
	}
	if c.Entries, c.Earlier, err = s.entries(ctx, c.Ticket.ID, before); err != nil {
		return c, err
	}
	for _, e := range c.Entries {
		if e.Message != nil {
			c.Last = max(c.Last, e.Message.ID)
			if e.Message.State == "held" {
				c.Held++
			}
		}
	}
	if c.Ticket.Fix != "" {
		fixed, err := s.filesOf(ctx, "fix", []any{c.Ticket.ID})
		if err != nil {
			return c, err
		}
		c.FixFiles = fixed[c.Ticket.ID]
	}
	if c.Participants, err = participants(ctx, s.db, c.Ticket.ID); err != nil {
		return c, err
	}
	if id := c.Ticket.ForClientID; id != 0 {
		who, err := s.ClientByID(ctx, id)
		if err != nil {
			return c, err
		}
		c.Supported = &who
	}
	if c.Ticket.ClientID == 0 {
		return c, nil
	}
	who, err := s.ClientByID(ctx, c.Ticket.ClientID)
	if err != nil {
		return c, err
	}
	c.Client = &who
	if c.Addresses, err = clientAddresses(ctx, s.db, who.ID); err != nil {
		return c, err
	}
	return c, nil
}

// entries merges messages, notes and events by time.
func (s *Store) entries(ctx context.Context, ticketID int64, before migrations.Stamp) ([]Entry, bool, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	var all []Entry
	messages, err := s.messagesWhere(ctx, shownMessages()+`WHERE m.ticket_id = ? AND m.state <> 'superseded' AND m.at < ? ORDER BY m.at DESC, m.id DESC LIMIT ?`, ticketID, before, maxEntries+1)
	if err != nil {
		return nil, false, err
	}
	slices.Reverse(messages) // read from the end, shown from the beginning
	for i := range messages {
		all = append(all, Entry{At: messages[i].At, Message: &messages[i]})
	}
	var notes []Note
	if err := s.db.Select(ctx, &notes, noteSelect+`WHERE n.ticket_id = ? AND n.at < ? ORDER BY n.at DESC, n.id DESC LIMIT ?`, ticketID, before, maxEntries+1); err != nil {
		return nil, false, fmt.Errorf("read notes: %w", err)
	}
	noteIDs := make([]any, len(notes))
	for i := range notes {
		noteIDs[i] = notes[i].ID
	}
	files, err := s.filesOf(ctx, "note", noteIDs)
	if err != nil {
		return nil, false, err
	}
	for i := range notes {
		notes[i].Files = files[notes[i].ID]
	}
	slices.Reverse(notes)
	for i := range notes {
		all = append(all, Entry{At: notes[i].At, Note: &notes[i]})
	}
	var events []EventRow
	err = s.db.Select(ctx, &events, `SELECT id, at, actor, subject, subject_id, kind, was, became FROM event
		WHERE subject = 'ticket' AND subject_id = ? AND at < ? AND kind NOT IN ('message', 'auto_message', 'answered', 'replied', 'note', 'bounced', 'seen', 'sent', 'asked', 'asked_understood', 'facts') ORDER BY at DESC, id DESC LIMIT ?`, ticketID, before, maxEntries+1)
	if err != nil {
		return nil, false, fmt.Errorf("read events: %w", err)
	}
	slices.Reverse(events)
	names, err := s.namesOf(ctx, events)
	if err != nil {
		return nil, false, err
	}
	for i, e := range events {
		all = append(all, Entry{At: e.At, Event: &events[i], Actor: names[e.Actor], Became: names[eventRef(e)]})
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return int(min(max(a.At-b.At, -1), 1)) })
	earlier := false
	for _, n := range []int{len(messages), len(notes), len(events)} {
		earlier = earlier || n > maxEntries
	}
	if !earlier {
		return all, false, nil
	}
	return all[max(0, len(all)-maxEntries):], true, nil
}

// eventRef returns whom or what an event names: the new value, or the old
// one where there is none any more.
func eventRef(e EventRow) string {
	ref := e.Became
	if ref == "" || ref == "0" {
		ref = e.Was
	}
	if e.Kind == "category" {
		return "category:" + ref
	}
	return ref
}

// namesOf returns the names of those whom events refer to, by reference:
// account:7, client:12, category:3.
func (s *Store) namesOf(ctx context.Context, events []EventRow) (map[string]string, error) {
	ids := map[string]map[int64]bool{}
	for _, e := range events {
		for _, ref := range []string{e.Actor, eventRef(e)} {
			kind, number, ok := strings.Cut(ref, ":")
			id, err := strconv.ParseInt(number, 10, 64)
			if !ok || err != nil {
				continue
			}
			if ids[kind] == nil {
				ids[kind] = map[int64]bool{}
			}
			ids[kind][id] = true
		}
	}
	names := map[string]string{}
	for _, kind := range []string{"account", "client", "category"} {
		if len(ids[kind]) == 0 {
			continue
		}
		var list []any
		for id := range ids[kind] {
			list = append(list, id)
		}
		var rows []struct {
			ID   int64  `db:"id"`
			Name string `db:"name"`
		}
		query := `SELECT id, name FROM ` + kind + ` WHERE id IN (`
		if kind == KindClient { // who was merged has the name of whom they are
			query = `SELECT c.id, n.name FROM client c JOIN client n ON n.id = COALESCE(c.merged_into_id, c.id) WHERE c.id IN (`
		}
		if err := s.db.Select(ctx, &rows, query+marks(len(list))+`)`, list...); err != nil {
			return nil, fmt.Errorf("read names: %w", err)
		}
		for _, r := range rows {
			names[kind+":"+strconv.FormatInt(r.ID, 10)] = r.Name
		}
	}
	return names, nil
}
