package tracker

import (
	"context"
	"fmt"
	"math"
	"slices"

	"helpdeskd/migrations"
)

// MailPreview is a mail as its recipient will see it.
type MailPreview struct {
	From, To, Subject string
	HTML, Text        string
}

// DraftReply returns the mails that an answer would be, one a recipient, the
// requester's first, as the mailer gets them, and writes nothing. Their files
// are only names and sizes.
func (s *Store) DraftReply(ctx context.Context, actor Actor, number int64, in ReplyInput) ([]OutboxItem, error) {
	t, err := s.TicketByNumber(ctx, number)
	if err != nil {
		return nil, err
	}
	by, err := s.Account(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	to, err := answerTo(ctx, s.db, t.ID)
	if err != nil {
		return nil, err
	}
	if in.ThenStage == "" {
		in.ThenStage = t.Stage
	}
	m := OutMessage{Direction: "out", FromName: by.Name, FromAddress: by.Email, Subject: t.Subject, Body: manyLines(in.Text), AccountID: by.ID, Signature: by.Signature, At: s.stamp()}
	for _, f := range in.Files {
		m.Attachments = append(m.Attachments, Attachment{Role: RoleFile, Name: fileName(f.Name), ContentType: f.ContentType, Size: f.Size})
	}
	var items []OutboxItem
	for _, p := range to {
		if !sendable(p.Address) || !p.Requester && slices.Contains(in.Without, p.ClientID) {
			continue
		}
		it := OutboxItem{Kind: MailReply, Priority: mailPriority[MailReply], CreatedAt: s.stamp(), MailboxID: p.MailboxID, ToAddress: p.Address, ToName: nameUnless(p.Name, p.Address), ClientID: p.ClientID,
			MessageID: math.MaxInt64, TicketID: t.ID, TicketNumber: t.Number, TicketSubject: t.Subject, Stage: string(in.ThenStage), Level: int(t.Level), Star: t.Star, TriagedAt: t.TriagedAt,
			Fix: t.Fix, RequesterID: t.ClientID, RequesterName: t.ClientName, RequesterAddress: t.ClientAddress, AssigneeName: t.AssigneeName, Message: &m}
		err := s.db.Get(ctx, &it, `SELECT id AS mailbox_id, name AS mailbox, address AS mailbox_address FROM mailbox WHERE id = ? OR CAST(? AS BIGINT) = 0 ORDER BY id LIMIT 1`, p.MailboxID, p.MailboxID)
		if err != nil {
			return nil, fmt.Errorf("find a mailbox to answer from: %w", err)
		}
		theirs := t
		if err := s.calledFor(ctx, s.db, &theirs, p.ClientID); err != nil {
			return nil, err
		}
		it.TicketSubject = theirs.Subject
		if err := s.fillThread(ctx, &it); err != nil {
			return nil, fmt.Errorf("gather a draft for %s: %w", t.Name(), err)
		}
		items = append(items, it)
	}
	if len(items) == 0 {
		return nil, migrations.Invalidf("this ticket has nobody to answer: set its requester first")
	}
	return items, nil
}
