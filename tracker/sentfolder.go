package tracker

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// soughtFor is how long a mail of which it is uncertain whether it left is
// looked for where the server keeps what was sent, soughtEvery how often.
const (
	soughtFor   = 10 * time.Minute
	soughtEvery = 30 * time.Second
)

// Sought is an uncertain mail of ours that the Sent folder may tell about.
type Sought struct {
	ID     int64            `db:"id"`
	MailID string           `db:"mail_id"` // our Message-ID, without brackets
	From   migrations.Stamp `db:"sought_from"`
}

// ToSeek returns the uncertain mails of a mailbox that are to be looked for in
// its Sent folder now.
func (s *Store) ToSeek(ctx context.Context, mailboxID int64) ([]Sought, error) {
	var list []Sought
	err := s.db.Select(ctx, &list, `SELECT id, mail_id, COALESCE(sought_from, 0) AS sought_from FROM outbox
		WHERE state = 'uncertain' AND state <> 'sent' AND mailbox_id = ? AND mail_id <> '' AND (sought_from IS NULL OR sought_from > 0 AND sought_at <= ?) ORDER BY id LIMIT 20`,
		mailboxID, migrations.At(s.Now().Add(-soughtEvery)))
	if err != nil {
		return nil, fmt.Errorf("look for uncertain mail: %w", err)
	}
	return list, nil
}

// LastSent returns the Message-ID of the mail that a mailbox sent last, "" for none.
func (s *Store) LastSent(ctx context.Context, mailboxID int64) (string, error) {
	var id string
	err := s.db.Get(ctx, &id, `SELECT mail_id FROM outbox WHERE state = 'sent' AND mailbox_id = ? AND mail_id <> '' ORDER BY id DESC LIMIT 1`, mailboxID)
	if migrations.KindOf(err) == migrations.NotFound {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for a mail that was sent: %w", err)
	}
	return id, nil
}

// FoundSent records that an uncertain mail was sent after all: its copy lies
// in the folder of that name.
func (s *Store) FoundSent(ctx context.Context, l *Lease, id int64, folder string) error {
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		var row struct {
			TicketID *int64 `db:"ticket_id"`
			Kind     string `db:"kind"`
			Digest   string `db:"digest"`
			Response string `db:"response"`
		}
		err := tx.Get(ctx, &row, `UPDATE outbox SET state = 'sent', sent_at = sending_at WHERE id = ? AND state = 'uncertain' RETURNING ticket_id, kind, digest, response`, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return nil // a person decided meanwhile
		}
		if err != nil {
			return err
		}
		if err := s.tellTx(ctx, tx, id, row.Response, "its copy lies in "+folder+", so it was sent"); err != nil {
			return err
		}
		if forgotten(row.Kind) {
			err := s.forgetSentTx(ctx, tx, id, row.Digest)
			if err != nil || carriesKey(row.Kind) || row.Kind == MailDigest {
				return err
			}
		}
		e := Event{Subject: "outbox", SubjectID: id, Kind: "found_sent"}
		if row.TicketID != nil {
			e = Event{Subject: "ticket", SubjectID: *row.TicketID, Kind: "sent", Became: row.Kind}
		}
		return s.RecordTx(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("record mail %d as sent: %w", id, err)
	}
	return nil
}

// NotFoundSent records that an uncertain mail was not found. After some
// minutes, or at once where over, it says so in words and gives the search up;
// the mail stays uncertain.
func (s *Store) NotFoundSent(ctx context.Context, l *Lease, m Sought, words string, over bool) error {
	now := s.stamp()
	from := m.From
	if from == 0 {
		from = now
	}
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		if !over && now-from < migrations.Stamp(soughtFor/time.Microsecond) {
			_, err := tx.Exec(ctx, `UPDATE outbox SET sought_from = ?, sought_at = ? WHERE id = ? AND state = 'uncertain'`, from, now, m.ID)
			return err
		}
		var response string
		err := tx.Get(ctx, &response, `UPDATE outbox SET sought_from = 0, sought_at = ? WHERE id = ? AND state = 'uncertain' RETURNING response`, now, m.ID)
		if migrations.KindOf(err) == migrations.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return s.tellTx(ctx, tx, m.ID, response, words+" (until "+now.Time().UTC().Format("15:04")+" UTC)")
	})
	if err != nil {
		return fmt.Errorf("record that mail %d was not found: %w", m.ID, err)
	}
	return nil
}

// tellTx adds words to what is known of a mail's way.
func (s *Store) tellTx(ctx context.Context, tx *migrations.Tx, id int64, response, words string) error {
	if response != "" {
		response = clip(response, 300) + "; "
	}
	_, err := tx.Exec(ctx, `UPDATE outbox SET response = ? WHERE id = ?`, clip(oneLine(response+words), 500), id)
	return err
}
