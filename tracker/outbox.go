package tracker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// The states of an outbox row; its edges are in docs/design.md.
const (
	OutboxQueued    = "queued"    // due at due_at
	OutboxSending   = "sending"   // committed before DATA: from here on it may have been delivered
	OutboxSent      = "sent"      // the server took it
	OutboxUncertain = "uncertain" // the answer after DATA was lost: only a person resends
	OutboxDead      = "dead"      // refused for good, or tried for too long
	OutboxCancelled = "cancelled" // by a person
	OutboxHeld      = "held"      // until a person releases it
)

// The kinds of mail that we send, and their priorities: people's words first.
const (
	MailReply  = "reply"  // a technician's words to a client
	MailNotice = "notice" // something a technician must know: a held reply
	MailAck    = "ack"    // acknowledgement of a new ticket
	MailNotify = "notify" // a technician is told of a ticket or an answer

	// MailAccount goes to somebody who signs in: an invitation, a link for a
	// new password, word that it was changed.
	MailAccount = "account"

	MailCode   = "code"   // a code by which a client proves their address
	MailClosed = "closed" // a client is told that their request is completed, and asked how it was

	// MailCommands tells a technician what became of the commands in their
	// mail; answers to it are answers on the ticket, like those to MailNotify.
	MailCommands = "commands"

	// MailDigest is a technician's work at a glance, once a day; it belongs to
	// no ticket, and neither do answers to it.
	MailDigest = "digest"
)

const (
	MailRemind = "remind" // a client is reminded that we wait for them
	MailDue    = "due"    // somebody who works is told of what was missed, or waits for long
)

var mailPriority = map[string]int{MailRemind: 3, MailDue: 2, MailReply: 1, MailAccount: 1, MailCode: 1, MailNotice: 2, MailCommands: 2, MailAck: 3, MailNotify: 4, MailClosed: 4, MailDigest: 4}

// Mail is a mail that we owe somebody.
type Mail struct {
	Kind      string
	MailboxID int64 // whose address it comes from
	TicketID  int64
	MessageID int64 // what it carries or announces; 0 for none
	ClientID  int64 // to whom: a client,
	AccountID int64 // or an account
	ToAddress string
	ToName    string
	Ack       *AckDetail
	Notice    string // text of a notice
	Account   *AccountDetail
	Code      *CodeDetail
	After     time.Duration // how long its author can take it back; 0: it goes at once
	Due       []DueItem     // of MailDue,
	DueMore   int           // and how many there are beyond
	Commands  *CommandAnswer
	Daily     *Digested
}

// AckDetail is what an acknowledgement may say.
type AckDetail struct {
	EchoSubject  bool `json:"echo_subject,omitempty"`  // only to people inside the organisation
	AskQuestions bool `json:"ask_questions,omitempty"` // ask what is open:

	Missing []FactItem `json:"missing,omitempty"` // this, in order; empty for all that we ask
}

type mailDetail struct {
	Ack     *AckDetail     `json:"ack,omitempty"`
	Notice  string         `json:"notice,omitempty"`
	Account *AccountDetail `json:"account,omitempty"`
	Code    *CodeDetail    `json:"code,omitempty"`
	Due     []DueItem      `json:"due,omitempty"`
	DueMore int            `json:"due_more,omitempty"`

	Commands *CommandAnswer `json:"commands,omitempty"`
	Daily    *Digested      `json:"daily,omitempty"`
}

// carriesKey reports whether mails of a kind carry what lets their reader in:
// nobody reads them here, and once they are sent their bytes are forgotten.
func carriesKey(kind string) bool { return kind == MailAccount || kind == MailCode }

// staffMails are the kinds that tell those who work here of tickets and people,
// beyond the one that they are about: similar ones and their fixes, what else is late.
// Nothing finds the cited one's words in their bytes, so these are not kept.
const staffMails = `('notify', 'notice', 'commands', 'digest', 'due')`

// forgotten reports whether the bytes of a mail go once it was sent: it carries
// a key, or is one of staffMails. Its words are on the pages, for who may see them.
func forgotten(kind string) bool {
	switch kind {
	case MailNotify, MailNotice, MailCommands, MailDigest, MailDue:
		return true
	}
	return carriesKey(kind)
}

// forgetStaffTx drops the bytes of all mails to those who work here that
// have not left, whatever they cite: something that they may cite goes. Each is
// rendered anew, under the same Message-ID, where it is sent after all.
func (s *Store) forgetStaffTx(ctx context.Context, tx *migrations.Tx) error {
	var gone []string
	err := tx.Select(ctx, &gone, `SELECT digest FROM outbox WHERE state <> 'sent' AND state <> 'sending' AND digest <> '' AND kind IN `+staffMails)
	if err == nil && len(gone) > 0 {
		_, err = tx.Exec(ctx, `UPDATE outbox SET digest = '' WHERE state <> 'sent' AND state <> 'sending' AND digest <> '' AND kind IN `+staffMails)
	}
	if err != nil {
		return fmt.Errorf("forget mails to technicians: %w", err)
	}
	return s.dropBlobsTx(ctx, tx, gone)
}

func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// firstMailbox returns the mailbox from which mail leaves that belongs to none,
// 0 where there is none.
func firstMailbox(ctx context.Context, q read) (id int64, err error) {
	err = q.Get(ctx, &id, `SELECT id FROM mailbox ORDER BY id LIMIT 1`)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return 0, fmt.Errorf("find a mailbox to write from: %w", err)
	}
	return id, nil
}

// mustMailbox is firstMailbox where nothing can be done without one.
func mustMailbox(ctx context.Context, q read) (int64, error) {
	id, err := firstMailbox(ctx, q)
	if err == nil && id == 0 {
		err = migrations.Conflictf("No mailbox is connected yet, so nothing can be sent.")
	}
	return id, err
}

const insertOutbox = `INSERT INTO outbox (kind, priority, state, due_at, mailbox_id, ticket_id, message_id, client_id, account_id, to_address, to_name, detail, created_at)`

// EnqueueTx queues a mail in the transaction that makes it due.
func (s *Store) EnqueueTx(ctx context.Context, tx *migrations.Tx, m Mail) (int64, error) {
	row, err := s.outboxRow(m)
	if err != nil {
		return 0, err
	}
	id, err := tx.Insert(ctx, insertOutbox+` VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, row...)
	if err != nil {
		return 0, fmt.Errorf("queue %s mail: %w", m.Kind, err)
	}
	tx.AfterCommit(func() { signal(s.outboxNews) })
	return id, nil
}

// enqueueLaterTx is EnqueueTx for what a batch queues many of and does not
// read back: one statement writes them all before the commit.
func (s *Store) enqueueLaterTx(ctx context.Context, tx *migrations.Tx, m Mail) error {
	row, err := s.outboxRow(m)
	if err != nil {
		return err
	}
	if err := tx.Later(ctx, insertOutbox, "", row...); err != nil {
		return fmt.Errorf("queue %s mail: %w", m.Kind, err)
	}
	tx.AfterCommit(func() { signal(s.outboxNews) })
	return nil
}

// outboxRow returns the values of insertOutbox.
func (s *Store) outboxRow(m Mail) ([]any, error) {
	if mailPriority[m.Kind] == 0 {
		return nil, fmt.Errorf("queue mail: unknown kind %q", m.Kind)
	}
	detail := ""
	if m.Ack != nil || m.Notice != "" || m.Account != nil || m.Code != nil || len(m.Due) > 0 || m.Commands != nil || m.Daily != nil {
		b, err := json.Marshal(mailDetail{Ack: m.Ack, Notice: m.Notice, Account: m.Account, Code: m.Code, Due: m.Due, DueMore: m.DueMore, Commands: m.Commands, Daily: m.Daily})
		if err != nil {
			return nil, fmt.Errorf("queue mail: %w", err)
		}
		detail = string(b)
	}
	now := s.stamp()
	return []any{m.Kind, mailPriority[m.Kind], OutboxQueued, now + migrations.Stamp(m.After.Microseconds()), m.MailboxID, orNull(m.TicketID), orNull(m.MessageID), orNull(m.ClientID), orNull(m.AccountID),
		strings.ToLower(m.ToAddress), m.ToName, detail, now}, nil
}

// RecoverOutbox is called when the outbox's lease begins: what an earlier
// holder was sending may have been delivered, so it becomes uncertain.
func (s *Store) RecoverOutbox(ctx context.Context, l *Lease) (int, error) {
	n := 0
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		var ids []int64
		if err := tx.Select(ctx, &ids, `SELECT id FROM outbox WHERE state = 'sending' AND state <> 'sent' AND fence < ? ORDER BY id`, l.fence); err != nil {
			return err
		}
		n = len(ids)
		for _, id := range ids {
			if err := s.settleTx(ctx, tx, id, OutboxUncertain, "helpdeskd stopped while it was being sent: the server may have taken it"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("recover the outbox: %w", err)
	}
	return n, nil
}

// Rendered is a mail as it will be sent, byte for byte.
type Rendered struct {
	Bytes   []byte
	MailID  string // our Message-ID, without brackets
	Thread  string // its Thread-Index, "" for none
	Subject string // as it is sent
	Token   string // the reply token in it, or that of an account's link, or the code, in clear; only its hash is kept
	Page    string // the token of the link to the employee's page in it, "" for none; as Token
}

// Rendered records, once, what will be sent. A mail that was rendered before
// keeps its first bytes, and Conflict says so.
func (s *Store) Rendered(ctx context.Context, l *Lease, id int64, r Rendered) error {
	digest := Digest(r.Bytes)
	large := len(r.Bytes) > SmallBlob
	if large {
		if _, _, err := s.PutBlob(ctx, bytes.NewReader(r.Bytes)); err != nil {
			return err
		}
	}
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		if !large {
			if err := s.putSmallTx(ctx, tx, digest, r.Bytes); err != nil {
				return err
			}
		}
		var row struct {
			TicketID  *int64 `db:"ticket_id"`
			MessageID *int64 `db:"message_id"`
			ClientID  *int64 `db:"client_id"`
			AccountID *int64 `db:"account_id"`
			Kind      string `db:"kind"`
			Detail    string `db:"detail"`
		}
		err := tx.Get(ctx, &row, `UPDATE outbox SET mail_id = ?, digest = ?, thread_index = ? WHERE id = ? AND digest = '' AND state = 'queued'
			RETURNING ticket_id, message_id, client_id, account_id, kind, detail`, r.MailID, digest, r.Thread, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.Conflictf("mail %d was rendered before, or is not queued any more", id)
		}
		if err == nil && row.Kind == MailAccount && row.AccountID != nil {
			var d mailDetail
			if err := json.Unmarshal([]byte(row.Detail), &d); err != nil || d.Account == nil {
				return fmt.Errorf("the mail to account %d does not say what it is about: %w", *row.AccountID, err)
			}
			return s.renderedLinkTx(ctx, tx, *row.AccountID, d.Account.About, r.Token)
		}
		if err == nil && row.Kind == MailCode {
			var d mailDetail
			if err := json.Unmarshal([]byte(row.Detail), &d); err != nil || d.Code == nil {
				return fmt.Errorf("the mail does not say which code it carries: %w", err)
			}
			return s.renderedCodeTx(ctx, tx, d.Code.ID, r.Token)
		}
		if err != nil || row.TicketID == nil {
			return err
		}
		if r.Page != "" && row.ClientID != nil {
			if err := s.linkedTx(ctx, tx, r.Page, *row.TicketID, *row.ClientID, id); err != nil {
				return err
			}
		}
		if r.Token != "" {
			_, err = tx.Exec(ctx, `INSERT INTO reply_token (hash, ticket_id, client_id, account_id, outbox_id, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
				HashToken(r.Token), *row.TicketID, row.ClientID, row.AccountID, id, s.stamp())
			if err != nil {
				return err
			}
		}
		if row.Kind == MailReply && row.MessageID != nil {
			if _, err := tx.Exec(ctx, `UPDATE message SET mail_id = ? WHERE id = ? AND direction = 'out' AND mail_id = ''`, r.MailID, *row.MessageID); err != nil {
				return err
			}
		}
		if err := s.converseTx(ctx, tx, *row.TicketID, r.Thread, r.Subject); err != nil {
			return err
		}
		return s.referTx(ctx, tx, *row.TicketID, r.MailID, true)
	})
	if err != nil {
		return fmt.Errorf("record rendered mail %d: %w", id, err)
	}
	return nil
}

// Sending commits, just before DATA, that the mail may be delivered from now on.
func (s *Store) Sending(ctx context.Context, l *Lease, id int64) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE outbox SET state = 'sending', attempts = attempts + 1, sending_at = ?, fence = ? WHERE id = ? AND state = 'queued' AND digest <> ''`,
			s.stamp(), l.fence, id)
		if err == nil && n == 0 {
			return migrations.Conflictf("mail %d is not queued any more", id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("begin to send mail %d: %w", id, err)
	}
	return nil
}

// Sent records the server's final words, and the Message-ID that it gave the
// mail where it says so.
func (s *Store) Sent(ctx context.Context, l *Lease, id int64, response, serverMailID string) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		var row struct {
			TicketID *int64 `db:"ticket_id"`
			Kind     string `db:"kind"`
			Digest   string `db:"digest"`
		}
		err := tx.Get(ctx, &row, `UPDATE outbox SET state = 'sent', sent_at = ?, response = ?, server_mail_id = ? WHERE id = ? AND state = 'sending' RETURNING ticket_id, kind, digest`,
			s.stamp(), clip(oneLine(response), 500), clip(serverMailID, 998), id)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.Conflictf("mail %d was not being sent", id)
		}
		if err != nil {
			return err
		}
		if forgotten(row.Kind) {
			if err := s.forgetSentTx(ctx, tx, id, row.Digest); err != nil {
				return err
			}
		}
		if row.TicketID == nil {
			return nil
		}
		if serverMailID != "" {
			if err := s.referTx(ctx, tx, *row.TicketID, serverMailID, true); err != nil {
				return err
			}
		}
		return s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: *row.TicketID, Kind: "sent", Became: row.Kind})
	})
	if err != nil {
		return fmt.Errorf("record sent mail %d: %w", id, err)
	}
	return nil
}

// Retry puts a mail back that the server surely did not take.
func (s *Store) Retry(ctx context.Context, l *Lease, id int64, why string, at time.Time) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbox SET state = 'queued', attempts = CASE WHEN state = 'queued' THEN attempts + 1 ELSE attempts END, due_at = ?, response = ?
			WHERE id = ? AND state IN ('queued', 'sending')`, migrations.At(at), clip(oneLine(why), 500), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("retry mail %d: %w", id, err)
	}
	return nil
}

// Dead gives a mail up: the server refused it for good, or for too long.
func (s *Store) Dead(ctx context.Context, l *Lease, id int64, why string) error {
	return s.settle(ctx, l, id, OutboxDead, why)
}

// Uncertain marks a mail whose answer after DATA was lost. The machine never
// resends it; a person may, with the same Message-ID.
func (s *Store) Uncertain(ctx context.Context, l *Lease, id int64, why string) error {
	return s.settle(ctx, l, id, OutboxUncertain, why)
}

func (s *Store) settle(ctx context.Context, l *Lease, id int64, state, why string) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error { return s.settleTx(ctx, tx, id, state, why) })
	if err != nil {
		return fmt.Errorf("mark mail %d %s: %w", id, state, err)
	}
	return nil
}

func (s *Store) settleTx(ctx context.Context, tx *migrations.Tx, id int64, state, why string) error {
	var ticket *int64
	err := tx.Get(ctx, &ticket, `UPDATE outbox SET state = ?, response = ? WHERE id = ? AND state IN ('queued', 'sending') RETURNING ticket_id`, state, clip(oneLine(why), 500), id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	e := Event{Subject: "outbox", SubjectID: id, Kind: state}
	if ticket != nil {
		e = Event{Subject: "ticket", SubjectID: *ticket, Kind: "mail_" + state}
	}
	return s.RecordTx(ctx, tx, e)
}

// ResendOutbox queues a dead, uncertain, held or cancelled mail again: the
// same bytes under the same Message-ID, so that a second copy is recognised.
func (s *Store) ResendOutbox(ctx context.Context, actor Actor, id int64) error {
	return s.byHand(ctx, actor, id, OutboxQueued, "resent", `(state IN ('dead', 'uncertain', 'held') OR state = 'cancelled' AND kind NOT IN ('account', 'code'))`)
}

// CancelOutbox has a mail never sent (again).
func (s *Store) CancelOutbox(ctx context.Context, actor Actor, id int64) error {
	return s.byHand(ctx, actor, id, OutboxCancelled, "cancelled", `state IN ('queued', 'dead', 'uncertain', 'held')`)
}

func (s *Store) byHand(ctx context.Context, actor Actor, id int64, state, kind, from string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE outbox SET state = ?, due_at = ?, attempts = 0, sought_from = NULL, sought_at = NULL WHERE id = ? AND `+from, state, s.stamp(), id)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := knownTx(ctx, tx, `SELECT 1 FROM outbox WHERE id = ?`, id); err != nil {
				return err
			}
			return migrations.Conflictf("this mail has moved on meanwhile: reload the page to see where it stands")
		}
		tx.AfterCommit(func() { signal(s.outboxNews) })
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "outbox", SubjectID: id, Kind: kind})
	})
	if err != nil {
		return fmt.Errorf("%s mail %d: %w", kind, id, err)
	}
	return nil
}
