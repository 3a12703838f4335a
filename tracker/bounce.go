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
// marks the client's address. None of it ever opens a ticket. What was only
// guessed to be a report, and is about no mail of ours, is taken for a
// person's words about their mail, and decided as such: a needless ticket is
// closed with a click, a lost one is never missed by anybody but who wrote it.
func (s *Store) settleNotice(ctx context.Context, tx *migrations.Tx, d *decision) error {
	if b := d.in.Bounce; b != nil && b.Guess {
		ours, err := bouncedMail(ctx, tx, d.in)
		if err != nil {
			return err
		}
		if ours == nil {
			d.in.Class, d.in.ClassReason, d.in.Bounce = ClassHuman, "", nil
			d.out.Class = d.in.Class
			return nil // d.in.SuppressAck stays: should it be a server's all the same, it gets no answer
		}
	}
	switch d.in.Class {
	case ClassDeliveryNotice:
		return s.settleDelay(ctx, tx, d)
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
	Bounce    string `db:"bounce"`

	SentAt migrations.Stamp `db:"sent_at"`
}

// bouncedMail finds which of our mails a bounce is about: by the Message-ID
// that it names, ours or the server's, or by a reply token.
func bouncedMail(ctx context.Context, tx *migrations.Tx, in *Inbound) (*outboxRef, error) {
	const columns = `SELECT id, ticket_id, client_id, to_address, kind, bounce, COALESCE(sent_at, 0) AS sent_at FROM outbox WHERE `
	ids := append(append([]string(nil), in.InReplyTo...), in.References...)
	if in.Bounce != nil && in.Bounce.OriginalMessageID != "" {
		ids = append([]string{in.Bounce.OriginalMessageID}, ids...)
	}
	var rows []outboxRef
	for _, id := range ids {
		if id == "" {
			continue
		}
		err := tx.Select(ctx, &rows, columns+`mail_id = ? AND mail_id <> ''
			UNION ALL `+columns+`server_mail_id = ? AND server_mail_id <> '' LIMIT 1`, id, id)
		if err != nil {
			return nil, fmt.Errorf("look up bounced mail: %w", err)
		}
		if len(rows) > 0 {
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
	b := bounceOf(d.in)
	why := clip(oneLine(b.Reason), 300)
	d.fate(FateNone, "a bounce of our mail to "+ours.ToAddress)
	if ours.TicketID != nil {
		d.ticket = *ours.TicketID
	}
	n, err := tx.Exec(ctx, `UPDATE outbox SET bounce = ?, bounce_at = ?, bounce_reason = ? WHERE id = ? AND bounce <> ?`, BounceFailed, s.stamp(), withStatus(why, b.Status), ours.ID, BounceFailed)
	if err != nil || n == 0 { // the same bounce came again
		return err
	}
	unreachable := b.Permanent && d.verdict != verdictFail && names(b.Recipients, ours.ToAddress)
	if unreachable && ours.ClientID != nil {
		if _, err := tx.Exec(ctx, `UPDATE client_address SET bounced_at = ?, bounce_reason = ? WHERE address = ?`, s.stamp(), why, strings.ToLower(ours.ToAddress)); err != nil {
			return err
		}
	}
	to := strings.ToLower(ours.ToAddress)
	d.batch.bounced[to] = d.batch.bounced[to] || unreachable
	if ours.Kind == MailAccount {
		if err := s.linkReturnedTx(ctx, tx, ours); err != nil {
			return err
		}
	}
	if ours.TicketID == nil || ours.Kind == MailNotify || ours.Kind == MailNotice {
		// not the client's conversation: mail health shows it
		return s.RecordTx(ctx, tx, Event{Subject: "outbox", SubjectID: ours.ID, Kind: "returned"})
	}
	return s.systemNoteTx(ctx, tx, d.ticket, returnedText(ours, b, why, unreachable), "bounced")
}

// What mail servers told us later about a mail that was sent.
const (
	BounceDelayed = "delayed" // a server goes on trying
	BounceFailed  = "failed"
)

func bounceOf(in *Inbound) *Bounce {
	b := Bounce{}
	if in.Bounce != nil {
		b = *in.Bounce
	}
	if b.Reason == "" {
		b.Reason = in.ClassReason
	}
	return &b
}

func withStatus(why, status string) string {
	if status == "" {
		return why
	}
	return why + " (" + clip(oneLine(status), 20) + ")"
}

// returnedText tells a technician what came back, why, and what can be done.
func returnedText(ours *outboxRef, b *Bounce, why string, unreachable bool) string {
	what := "mail"
	switch ours.Kind {
	case MailReply:
		what = "answer"
	case MailAck:
		what = "acknowledgement"
	}
	text := fmt.Sprintf("Our %s to %s could not be delivered", what, ours.ToAddress)
	if why != "" {
		text += ": " + withStatus(why, b.Status)
	}
	text += "."
	switch {
	case unreachable:
		text += " Further mail to this address will not arrive either: reach them by phone, or ask for another address."
	case !names(b.Recipients, ours.ToAddress):
		text += " It was passed on to " + clip(oneLine(strings.Join(b.Recipients, ", ")), 200) + ", where it failed."
	default:
		text += " The cause may pass: write again later, or reach them by phone."
	}
	return text
}

// settleDelay takes note of what servers report that is no failure: a mail
// that is late is shown so until it arrives or fails; one that arrived shows
// that its address works.
func (s *Store) settleDelay(ctx context.Context, tx *migrations.Tx, d *decision) error {
	ours, err := bouncedMail(ctx, tx, d.in)
	if err != nil {
		return err
	}
	b := bounceOf(d.in)
	if ours == nil {
		d.fate(FateNone, "a delivery notice: nothing failed")
		return nil
	}
	if ours.TicketID != nil {
		d.ticket = *ours.TicketID
	}
	if b.Action == ActionDelayed || b.Action == "" {
		d.fate(FateNone, "our mail to "+ours.ToAddress+" is delayed")
		_, err := tx.Exec(ctx, `UPDATE outbox SET bounce = ?, bounce_at = ?, bounce_reason = ? WHERE id = ? AND bounce <> ?`, BounceDelayed, s.stamp(), withStatus(clip(oneLine(b.Reason), 300), b.Status), ours.ID, BounceFailed)
		return err
	}
	d.fate(FateNone, "our mail to "+ours.ToAddress+" was delivered or passed on")
	if _, err := tx.Exec(ctx, `UPDATE outbox SET bounce = '', bounce_at = NULL, bounce_reason = '' WHERE id = ? AND bounce = ?`, ours.ID, BounceDelayed); err != nil {
		return err
	}
	if b.Action != ActionDelivered || d.verdict == verdictFail || !names(b.Recipients, ours.ToAddress) {
		return nil
	}
	_, err = tx.Exec(ctx, `UPDATE client_address SET bounced_at = NULL, bounce_reason = '' WHERE address = ? AND bounced_at < ?`, strings.ToLower(ours.ToAddress), ours.SentAt)
	return err
}

// reachedTx takes the mark off an address from which somebody wrote after it
// bounced: whoever writes from it has it. A mail that fails the checks, or was
// there before the bounce, says nothing.
func (s *Store) reachedTx(ctx context.Context, tx *migrations.Tx, d *decision) error {
	since := d.batch.bouncedAt[strings.ToLower(d.author.Address)]
	if since == 0 || d.in.Class != ClassHuman || d.verdict == verdictFail || d.work.ReceivedAt <= since {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE client_address SET bounced_at = NULL, bounce_reason = '' WHERE address = ? AND bounced_at = ?`, strings.ToLower(d.author.Address), since)
	return err
}

// ClearBounce takes the mark off a client's address by hand, for example
// after its owner had it mended.
func (s *Store) ClearBounce(ctx context.Context, actor Actor, clientID int64, address string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE client_address SET bounced_at = NULL, bounce_reason = '' WHERE client_id = ? AND address = ? AND bounced_at IS NOT NULL`, clientID, strings.ToLower(strings.TrimSpace(address)))
		if err != nil || n == 0 { // somebody else was faster, or nothing was marked
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "client", SubjectID: clientID, Kind: "address_cleared"})
	})
	if err != nil {
		return fmt.Errorf("clear the mark on an address of client %d: %w", clientID, err)
	}
	return nil
}

// Unreachable returns those of some addresses that mail came back from for
// good, with the reason.
func (s *Store) Unreachable(ctx context.Context, addresses []string) (list []ClientAddress, err error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	args := make([]any, len(addresses))
	for i, a := range addresses {
		args[i] = strings.ToLower(a)
	}
	err = s.db.Select(ctx, &list, `SELECT address, bounced_at, bounce_reason FROM client_address WHERE address IN (`+marks(len(args))+`) AND bounced_at IS NOT NULL ORDER BY address`, args...)
	if err != nil {
		return nil, fmt.Errorf("look up addresses that bounced: %w", err)
	}
	return list, nil
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
	probe, err := s.probeTx(ctx, tx, d)
	if err != nil {
		return err
	}
	if d.probe = probe; probe != nil {
		return nil
	}
	return s.holdTx(ctx, tx, d, 0, "it names our own address as its sender, but we did not send it")
}
