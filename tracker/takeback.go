package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"helpdeskd/migrations"
)

// MaxTakeBack is the longest that an answer may be held for its author to
// take it back.
const MaxTakeBack = 60 * time.Second

// takeBackTime returns for how long answers can be taken back.
func (s *Store) takeBackTime(ctx context.Context, q migrations.Queryer) (time.Duration, error) {
	v, err := s.setting(ctx, q, SetTakeBack)
	if err != nil {
		return 0, err
	}
	n, _ := strconv.Atoi(v)
	return min(max(time.Duration(n)*time.Second, 0), MaxTakeBack), nil
}

// ticketState is what an answer may change of its ticket, as it was before:
// taking the answer back puts that back too.
type ticketState struct {
	Stage       Stage            `json:"stage"`
	StageAt     migrations.Stamp `json:"stage_at"`
	ClosedAt    migrations.Stamp `json:"closed_at,omitempty"`
	Unconfirmed bool             `json:"unconfirmed,omitempty"`
	News        bool             `json:"news,omitempty"`
	Waits       Waiting          `json:"waits"`
	WaitsSince  migrations.Stamp `json:"waits_since,omitempty"`
	Became      Stage            `json:"became"`    // by the answer,
	BecameAt    migrations.Stamp `json:"became_at"` // then: what nobody has moved since goes back
	BecameWaits string           `json:"became_waits,omitempty"`
	Copies      []answerCopy     `json:"copies,omitempty"`  // the same answer on the ticket's children
	Without     []int64          `json:"without,omitempty"` // participants who were not to get it
}

// answerCopy is an answer on a child of the ticket that it was written on.
type answerCopy struct {
	ID   int64            `json:"id"`
	News bool             `json:"news,omitempty"` // the child had some
	At   migrations.Stamp `json:"at"`
}

func stateOf(t *Ticket) ticketState {
	return ticketState{Stage: t.Stage, StageAt: t.StageAt, ClosedAt: t.ClosedAt, Unconfirmed: t.Unconfirmed, News: t.News, Waits: t.waits(), WaitsSince: t.WaitingSince}
}

// offerBackTx lets the author of an answer take it back, where it waits.
func (s *Store) offerBackTx(ctx context.Context, tx *migrations.Tx, actor Actor, messageID int64, what string, was ticketState, t *Ticket) error {
	var due migrations.Stamp
	now := s.stamp()
	if err := tx.Get(ctx, &due, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE message_id = ?`, messageID); err != nil {
		return fmt.Errorf("look when an answer leaves: %w", err)
	}
	if due <= now {
		return nil
	}
	was.Became, was.BecameAt, was.BecameWaits = t.Stage, t.StageAt, t.Waiting
	b, err := json.Marshal(was)
	if err != nil {
		return fmt.Errorf("note how an answer is taken back: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM take_back WHERE due_at < ?`, migrations.At(s.Now().Add(-time.Hour))); err != nil {
		return fmt.Errorf("forget what can not be taken back: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO take_back (message_id, account_id, what, was, due_at) VALUES (?, ?, ?, ?, ?)`, messageID, actor.AccountID, what, string(b), due)
	if err != nil {
		return fmt.Errorf("note how an answer is taken back: %w", err)
	}
	if t.Stage != Completed || was.Stage == Completed {
		return nil
	}
	// That it is completed is told no earlier than the answer that completed it.
	_, err = tx.Exec(ctx, `UPDATE outbox SET due_at = ? WHERE ticket_id = ? AND kind = 'closed' AND state = 'queued' AND attempts = 0 AND digest = '' AND due_at < ?`, due, t.ID, due)
	if err != nil {
		return fmt.Errorf("hold the word that %s is completed: %w", t.Name(), err)
	}
	return nil
}

// TakenBack is an answer that was not sent.
type TakenBack struct {
	Number int64 // of the ticket
	What   string
	Text   string
	Files  []Upload

	Without []int64 // participants who were not to get it, by the client's id
}

// Unsend takes back an answer of the actor's that has not left: its mails,
// its message and what it changed of the ticket, unless somebody has changed
// that since. What was recorded as the fix stays. Conflict once one of its
// mails has begun to leave: that is decided by the mails' rows.
func (s *Store) Unsend(ctx context.Context, actor Actor, messageID int64) (TakenBack, error) {
	var back TakenBack
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// First, as who joins or parts tickets does: the answer may go to another meanwhile.
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		m, err := ownAnswerTx(ctx, tx, actor, messageID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE ticket SET updated_at = ? WHERE id = ?`, s.stamp(), m.TicketID); err != nil {
			return err
		}
		t, err := ticketWhere(ctx, tx, `t.id = ?`, m.TicketID)
		if err != nil {
			return err
		}
		back = TakenBack{Number: t.Number, What: m.What, Text: m.Body}
		if back.What == "fix" {
			back.Text = t.Fix
		} else if back.Files, err = uploadedTx(ctx, tx, messageID); err != nil {
			return err
		}
		if err := s.unsendTx(ctx, tx, t.ID, messageID); err != nil {
			return err
		}
		var was ticketState
		if err := json.Unmarshal([]byte(m.Was), &was); err != nil {
			return fmt.Errorf("read what was before: %w", err)
		}
		back.Without = was.Without
		if err := s.putBackTx(ctx, tx, actor, &t, was, m.At); err != nil {
			return err
		}
		if err := s.unsendCopiesTx(ctx, tx, actor, was.Copies); err != nil {
			return err
		}
		if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
			return err
		}
		return s.answersAgainTx(ctx, tx, actor, t.ID)
	})
	if err != nil {
		return TakenBack{}, fmt.Errorf("take back message %d: %w", messageID, err)
	}
	return back, nil
}

type ownAnswer struct {
	TicketID  int64            `db:"ticket_id"`
	AccountID int64            `db:"account_id"`
	Body      string           `db:"body"`
	At        migrations.Stamp `db:"at"`
	What      string           `db:"what"`
	Was       string           `db:"was"`
}

// ownAnswerTx returns an answer that its author may still take back.
func ownAnswerTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) (m ownAnswer, err error) {
	err = tx.Get(ctx, &m, `SELECT COALESCE(m.ticket_id, 0) AS ticket_id, b.account_id, m.body, m.at, b.what, b.was FROM take_back b JOIN message m ON m.id = b.message_id WHERE b.message_id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return m, migrations.Conflictf("This answer cannot be taken back any more.")
	}
	if err == nil && m.AccountID != actor.AccountID {
		return m, migrations.Deniedf("Only who wrote an answer can take it back.")
	}
	return m, err
}

// uploadedTx returns the files of an answer, as they would be sent again.
func uploadedTx(ctx context.Context, tx *migrations.Tx, messageID int64) (files []Upload, err error) {
	var rows []struct {
		Name   string `db:"name"`
		Type   string `db:"content_type"`
		Digest string `db:"digest"`
		Size   int64  `db:"size"`
	}
	err = tx.Select(ctx, &rows, `SELECT name, content_type, digest, size FROM attachment WHERE message_id = ? ORDER BY id`, messageID)
	for _, r := range rows {
		files = append(files, Upload{Name: r.Name, ContentType: r.Type, Digest: r.Digest, Size: r.Size})
	}
	return files, err
}

// unsendTx removes an answer and its mails, none of which may have begun to
// leave. A mail that was written already is forgotten with its token.
func (s *Store) unsendTx(ctx context.Context, tx *migrations.Tx, ticketID, messageID int64) error {
	var mails []struct {
		ID     int64  `db:"id"`
		MailID string `db:"mail_id"`
		Digest string `db:"digest"`
	}
	err := tx.Select(ctx, &mails, `UPDATE outbox SET state = 'cancelled' WHERE message_id = ? AND kind = 'reply' AND state = 'queued' AND attempts = 0 RETURNING id, mail_id, digest`, messageID)
	if err != nil {
		return err
	}
	left, err := exists(ctx, tx, `SELECT 1 FROM outbox WHERE message_id = ? AND NOT (kind = 'reply' AND state = 'cancelled') LIMIT 1`, messageID)
	if err != nil {
		return err
	}
	if left || len(mails) == 0 {
		return migrations.Conflictf("Too late: this reply is on its way already. Please write another one.")
	}
	// With those that were cancelled before, since somebody was erased.
	mails = mails[:0]
	if err := tx.Select(ctx, &mails, `SELECT id, mail_id, digest FROM outbox WHERE message_id = ?`, messageID); err != nil {
		return err
	}
	var blobs []string
	for _, o := range mails {
		if o.Digest != "" {
			blobs = append(blobs, o.Digest)
		}
		for _, q := range []string{`DELETE FROM reply_token WHERE ticket_id = ? AND outbox_id = ?`, `DELETE FROM outbox WHERE ticket_id = ? AND id = ?`} {
			if _, err := tx.Exec(ctx, q, ticketID, o.ID); err != nil {
				return err
			}
		}
		if o.MailID != "" {
			if _, err := tx.Exec(ctx, `DELETE FROM message_ref WHERE ref = ? AND ticket_id = ?`, o.MailID, ticketID); err != nil {
				return err
			}
		}
	}
	for _, q := range []string{`DELETE FROM take_back WHERE message_id = ?`, `DELETE FROM attachment WHERE message_id = ?`, `DELETE FROM message WHERE id = ?`} {
		if _, err := tx.Exec(ctx, q, messageID); err != nil {
			return err
		}
	}
	return s.dropBlobsTx(ctx, tx, blobs)
}

// putBackTx undoes what an answer did to its ticket: the stage and the waiting
// where nobody has changed them since, and the mark of news where nobody has
// answered since it was written at.
func (s *Store) putBackTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, was ticketState, at migrations.Stamp) error {
	if was.News && !t.News {
		answered, err := exists(ctx, tx, `SELECT 1 FROM message WHERE ticket_id = ? AND direction = 'out' AND state = 'shown' AND at > ? LIMIT 1`, t.ID, at)
		if err != nil {
			return err
		}
		if err := t.setTx(ctx, tx, `news = ?`, !answered); err != nil {
			return err
		}
	}
	moved := t.Stage != was.Became || t.StageAt != was.BecameAt
	if was.Stage != was.Became && !moved {
		err := t.setTx(ctx, tx, `stage = ?, stage_at = ?, closed_at = ?, unconfirmed = ?, version = version + 1`, was.Stage, was.StageAt, orNull(int64(was.ClosedAt)), was.Unconfirmed)
		if err != nil {
			return err
		}
		// Nor is anybody told that it is completed: see offerBackTx.
		if err := dropClosedTx(ctx, tx, t.ID); err != nil {
			return err
		}
	}
	now := t.Stage
	if !moved {
		now = was.Stage
	}
	// Named by the stage, which targets and reports read out of the events.
	if err := s.changedTx(ctx, tx, actor, t, "taken_back", string(t.Stage), string(now)); err != nil {
		return err
	}
	if moved || t.Waiting != was.BecameWaits || t.Waiting == was.Waits.On {
		return nil
	}
	if err := s.setWaitingTx(ctx, tx, actor, t, was.Waits); err != nil {
		return err
	}
	return t.setTx(ctx, tx, `waiting_since = ?`, orNull(int64(was.WaitsSince)))
}

// CanTakeBack returns until when an account can take back its answers on a
// ticket, by the message's id.
func (s *Store) CanTakeBack(ctx context.Context, actor Actor, ticketID int64) (map[int64]migrations.Stamp, error) {
	var rows []struct {
		ID  int64            `db:"message_id"`
		Due migrations.Stamp `db:"due_at"`
	}
	err := s.db.Select(ctx, &rows, `SELECT b.message_id, b.due_at FROM take_back b JOIN message m ON m.id = b.message_id WHERE m.ticket_id = ? AND b.account_id = ? AND b.due_at > ?`,
		ticketID, actor.AccountID, s.stamp())
	if err != nil {
		return nil, fmt.Errorf("look what can be taken back: %w", err)
	}
	all := map[int64]migrations.Stamp{}
	for _, r := range rows {
		all[r.ID] = r.Due
	}
	return all, nil
}
