package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// settleNotice parks what robots tell us about our own mail. A bounce of ours
// marks the outbox row, leaves a note on the ticket, and, when permanent,
// marks the client's address. None of it ever opens a ticket.
func (s *Store) settleNotice(ctx context.Context, tx *migrations.Tx, d *decision) error {
	switch d.in.Class {
	case ClassDeliveryNotice:
		d.fate(FateNone, "a delivery notice: nothing failed")
	case ClassReceipt:
		d.fate(FateNone, "a read receipt")
	case ClassFeedback:
		d.fate(FateNone, "a complaint report of a mail provider")
	case ClassBounce:
		return s.settleBounce(ctx, tx, d)
	}
	return nil
}

type outboxRef struct {
	ID        int64  `db:"id"`
	TicketID  *int64 `db:"ticket_id"`
	ClientID  *int64 `db:"client_id"`
	ToAddress string `db:"to_address"`
	Kind      string `db:"kind"`
}

// bouncedMail finds which of our mails a bounce is about: by the Message-ID
// that it names, ours or the server's, or by a reply token.
func bouncedMail(ctx context.Context, tx *migrations.Tx, in *Inbound) (*outboxRef, error) {
	const columns = `SELECT id, ticket_id, client_id, to_address, kind FROM outbox WHERE `
	ids := append(append([]string(nil), in.InReplyTo...), in.References...)
	if in.Bounce != nil && in.Bounce.OriginalMessageID != "" {
		ids = append([]string{in.Bounce.OriginalMessageID}, ids...)
	}
	var rows []outboxRef
	for _, id := range ids {
		if id == "" {
			continue
		}
		err := tx.Select(ctx, &rows, `SELECT id, ticket_id, client_id, to_address, kind FROM outbox WHERE mail_id = ? AND mail_id <> ''
			UNION ALL SELECT id, ticket_id, client_id, to_address, kind FROM outbox WHERE server_mail_id = ? AND server_mail_id <> '' LIMIT 1`, id, id)
		if err != nil || len(rows) > 0 {
			break
		}
	}
	if len(rows) == 0 {
		for _, hash := range tokensOf(in) {
			err := tx.Select(ctx, &rows, columns+`id = (SELECT outbox_id FROM reply_token WHERE hash = ?)`, hash)
			if err != nil {
				return nil, fmt.Errorf("look up bounced mail: %w", err)
			}
			if len(rows) > 0 {
				break
			}
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

func (s *Store) settleBounce(ctx context.Context, tx *migrations.Tx, d *decision) error {
	ours, err := bouncedMail(ctx, tx, d.in)
	if err != nil {
		return err
	}
	if ours == nil {
		d.fate(FateNone, "a bounce of a mail that we did not send")
		return nil
	}
	b := d.in.Bounce
	if b == nil {
		b = &Bounce{}
	}
	why := b.Reason
	if why == "" {
		why = d.in.ClassReason
	}
	why = clip(oneLine(why), 300)
	d.fate(FateNone, "a bounce of our mail to "+ours.ToAddress)
	if ours.TicketID != nil {
		d.ticket = *ours.TicketID
	}
	said := clip("bounced: "+strings.TrimSpace(b.Status+" "+why), 500)
	n, err := tx.Exec(ctx, `UPDATE outbox SET response = ? WHERE id = ? AND response <> ?`, said, ours.ID, said)
	if err != nil || n == 0 { // the same bounce came again
		return err
	}
	unreachable := b.Permanent && d.verdict != verdictFail && names(b.Recipients, ours.ToAddress)
	if unreachable && ours.ClientID != nil {
		if _, err := tx.Exec(ctx, `UPDATE client_address SET bounced_at = ?, bounce_reason = ? WHERE address = ?`, s.stamp(), why, ours.ToAddress); err != nil {
			return err
		}
	}
	d.batch.bounced[ours.ToAddress] = d.batch.bounced[ours.ToAddress] || unreachable
	if ours.TicketID == nil {
		return nil
	}
	what := "could not be delivered"
	if !b.Permanent {
		what = "could not be delivered yet, or for a passing reason"
	}
	text := fmt.Sprintf("Our mail to %s %s.", ours.ToAddress, what)
	if why != "" {
		text += " Their server says: " + why
	}
	return s.systemNoteTx(ctx, tx, d.ticket, text, "bounced")
}

// names reports whether a bounce is about an address: it is where it names
// none. One about another (our mail was forwarded, or somebody who saw it made
// the bounce up) says nothing about whether this one can be reached.
func names(recipients []string, address string) bool {
	return len(recipients) == 0 || slices.ContainsFunc(recipients, func(r string) bool { return strings.EqualFold(r, address) })
}

// systemNoteTx writes a note in the system's name, with its event.
func (s *Store) systemNoteTx(ctx context.Context, tx *migrations.Tx, ticketID int64, text, kind string) error {
	if _, err := tx.Exec(ctx, `INSERT INTO note (ticket_id, kind, body, at) VALUES (?, 'system', ?, ?)`, ticketID, text, s.stamp()); err != nil {
		return fmt.Errorf("write note: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE ticket SET news = TRUE, updated_at = ? WHERE id = ?`, s.stamp(), ticketID); err != nil {
		return fmt.Errorf("mark ticket %d: %w", ticketID, err)
	}
	return s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: ticketID, Kind: kind})
}

// settleOwn recognises our own mail coming back, by the Message-ID that we
// gave it. Mail from our own address that we did not send is held, unless it
// is a form's: flows may send as the shared mailbox.
func (s *Store) settleOwn(ctx context.Context, tx *migrations.Tx, d *decision) error {
	for _, id := range []string{d.in.MessageID, d.in.OriginalID} {
		if id == "" || !d.batch.maybe(id) {
			continue
		}
		ours, err := exists(ctx, tx, `SELECT 1 FROM outbox WHERE mail_id = ? AND mail_id <> '' UNION ALL SELECT 1 FROM outbox WHERE server_mail_id = ? AND server_mail_id <> '' LIMIT 1`, id, id)
		if err != nil {
			return err
		}
		if ours {
			d.out.Class = ClassOwn
			d.fate(FateNone, "our own mail came back")
			return nil
		}
	}
	if d.in.Form != nil || !d.policy.isOurs(d.author.Address) {
		return nil
	}
	if d.in.Class != ClassHuman {
		d.out.Class = ClassOwn
		d.fate(FateNone, "an automatic mail from our own address")
		return nil
	}
	return s.holdTx(ctx, tx, d, 0, "it names our own address as its sender, but we did not send it")
}
