package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// OutboxFilter chooses among the mails that we owe or owed; zero values choose all.
type OutboxFilter struct {
	State     string // one of OutboxCounts
	Kind      string // one of MailKinds
	MailboxID int64
	Returned  bool   // what came back, or is late on its way
	To        string // a whole address, a ticket (HD-12), or part of a recipient's address or name
}

// MailKinds returns the kinds of mail that we send, people's words first.
func MailKinds() []string {
	return []string{MailReply, MailAccount, MailCode, MailNotice, MailCommands, MailAck, MailNotify, MailClosed, MailRemind, MailDue, MailDigest}
}

// outboxNear is among how many of the newest mails a part of a name or
// address is looked for: no index knows the middle of words.
const outboxNear = 100_000

// where returns the conditions of a filter. A word that is in no list is Invalid.
func (f OutboxFilter) where(ctx context.Context, s *Store) ([]string, []any, error) {
	where, args := whichOf(f.State, `o.state`, OutboxCounts()...)
	if where == nil {
		return nil, nil, migrations.Invalidf("There is no such list of mails.")
	}
	if f.State != "" && f.State != OutboxSent {
		where = append(where, `o.state <> 'sent'`) // for the partial index
	}
	kinds, values := whichOf(f.Kind, `o.kind`, MailKinds()...)
	if kinds == nil {
		return nil, nil, migrations.Invalidf("There is no such kind of mail.")
	}
	where, args = append(where, kinds...), append(args, values...)
	if f.MailboxID != 0 {
		where, args = append(where, `o.mailbox_id = ?`), append(args, f.MailboxID)
	}
	if f.Returned {
		where = append(where, `o.bounce <> ''`)
	}
	word := strings.ToLower(oneLine(f.To))
	number, isTicket := strings.CutPrefix(word, "hd-")
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case word == "":
	case isTicket && err == nil:
		where, args = append(where, `o.ticket_id = (SELECT id FROM ticket WHERE number = ?)`), append(args, n)
	case strings.Contains(strings.Trim(word, "@"), "@"):
		where, args = append(where, `o.to_address = ?`), append(args, word)
	default:
		var newest int64
		if err := s.db.Get(ctx, &newest, `SELECT COALESCE(MAX(id), 0) FROM outbox`); err != nil {
			return nil, nil, err
		}
		like := likeWord(word)
		where = append(where, `o.id > ?`, `(o.to_address LIKE ? ESCAPE '!' OR LOWER(o.to_name) LIKE ? ESCAPE '!')`)
		args = append(args, newest-outboxNear, like, like)
	}
	return where, args, nil
}

// likeWord is a LIKE pattern, escaped by !, that finds word anywhere.
func likeWord(word string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(word) + "%"
}

// OutboxMails returns the mails that a filter chooses, the newest first, and
// what to give as before for the next ones (0 at the end).
func (s *Store) OutboxMails(ctx context.Context, f OutboxFilter, before int64, limit int) (list []OutboxRow, more int64, err error) {
	where, args, err := f.where(ctx, s)
	if err != nil {
		return nil, 0, err
	}
	limit = pageSize(limit)
	if before > 0 {
		where, args = append(where, `o.id < ?`), append(args, before)
	}
	if err := s.db.Select(ctx, &list, outboxSelect+`WHERE `+strings.Join(where, ` AND `)+` ORDER BY o.id DESC LIMIT ?`, append(args, limit+1)...); err != nil {
		return nil, 0, fmt.Errorf("list outbox: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = list[limit-1].ID
	}
	return list, more, nil
}

// CountOutbox returns how many mails a filter chooses, counting no further than limit.
func (s *Store) CountOutbox(ctx context.Context, f OutboxFilter, limit int) (n int, err error) {
	where, args, err := f.where(ctx, s)
	if err != nil {
		return 0, err
	}
	err = s.db.Get(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM outbox o WHERE `+strings.Join(where, ` AND `)+` LIMIT ?) few`, append(args, limit)...)
	if err != nil {
		return 0, fmt.Errorf("count outbox: %w", err)
	}
	return n, nil
}

// OutboxStory is a mail of ours with all that is known of its way.
type OutboxStory struct {
	OutboxRow
	ServerMailID string       // the Message-ID that the server gave it; "" where it named none
	Answers      int          // live reply tokens in it: an answer with one is taken for its recipient's
	Copies       []OutboxRow  // the same words to others, each with its own result
	Events       []OutboxStep // what people did to it, the oldest first
}

// OutboxStep is something that a person, or a stop of ours, did to a mail.
type OutboxStep struct {
	At   migrations.Stamp `db:"at"`
	Kind string           `db:"kind"` // resent, cancelled, dead, uncertain, …
	By   string           `db:"by"`   // an account's name; "" for helpdeskd itself
}

// OutboxStory returns one mail that we owe or owed, with its way.
func (s *Store) OutboxStory(ctx context.Context, id int64) (OutboxStory, error) {
	var v OutboxStory
	var err error
	if v.OutboxRow, err = s.OutboxMail(ctx, id); err != nil {
		return v, err
	}
	var message *int64
	if err := s.db.Get(ctx, &message, `SELECT message_id FROM outbox WHERE id = ?`, id); err != nil {
		return v, fmt.Errorf("read outbox %d: %w", id, err)
	}
	if err := s.db.Get(ctx, &v.ServerMailID, `SELECT server_mail_id FROM outbox WHERE id = ?`, id); err != nil {
		return v, fmt.Errorf("read outbox %d: %w", id, err)
	}
	if err := s.db.Get(ctx, &v.Answers, `SELECT count(*) FROM reply_token WHERE ticket_id = (SELECT ticket_id FROM outbox WHERE id = ?) AND outbox_id = ? AND revoked_at IS NULL`, id, id); err != nil {
		return v, fmt.Errorf("read outbox %d: %w", id, err)
	}
	if message != nil && v.Kind == MailReply {
		if err := s.db.Select(ctx, &v.Copies, outboxSelect+`WHERE o.message_id = ? AND o.kind = ? AND o.id <> ? ORDER BY o.id`, *message, MailReply, id); err != nil {
			return v, fmt.Errorf("read the copies of mail %d: %w", id, err)
		}
	}
	err = s.db.Select(ctx, &v.Events, `SELECT e.at, e.kind, COALESCE(a.name, '') AS by
		FROM event e LEFT JOIN account a ON e.actor = 'account:' || CAST(a.id AS TEXT)
		WHERE e.subject = 'outbox' AND e.subject_id = ? ORDER BY e.id`, id)
	if err != nil {
		return v, fmt.Errorf("read what was done to mail %d: %w", id, err)
	}
	return v, nil
}
