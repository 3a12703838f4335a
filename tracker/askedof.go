package tracker

import (
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// asking is how a message stands to the question that it is held against.
type asking struct {
	named bool // it says itself that it answers the mail that asked
	later bool // another mail of ours went to its author since
}

// ours is a mail of ours to a client about a ticket.
type ours struct {
	ID           int64            `db:"id"`
	Kind         string           `db:"kind"`
	State        string           `db:"state"`
	MessageID    int64            `db:"message_id"`
	MailID       string           `db:"mail_id"`
	ServerMailID string           `db:"server_mail_id"`
	CreatedAt    migrations.Stamp `db:"created_at"`
}

// left reports whether the client may have read it.
func (o ours) left() bool { return o.State == "sending" || o.State == "sent" || o.State == "uncertain" }

// askedOf returns which question of ours a client's message is held against:
// the one whose mail it answers, else the last that they were asked, on the
// ticket or on what was merged into it; nil for none.
func askedOf(ctx context.Context, q read, m spoken) (*Question, asking, error) {
	var list []Question
	err := q.Select(ctx, &list, questionSelect+`WHERE ticket_id IN (SELECT id FROM ticket WHERE id = ? OR merged_into_id = ?) ORDER BY id DESC LIMIT 50`, m.TicketID, m.TicketID)
	if err != nil {
		return nil, asking{}, fmt.Errorf("read what was asked of ticket %d: %w", m.TicketID, err)
	}
	asked := list[:0]
	for _, x := range list {
		mine, err := wasAsked(ctx, q, m.Actor.ClientID, &x)
		if err != nil {
			return nil, asking{}, err
		}
		if mine {
			asked = append(asked, x)
		}
	}
	if len(asked) == 0 {
		return nil, asking{}, nil
	}
	var mails []ours
	err = q.Select(ctx, &mails, `SELECT id, kind, state, COALESCE(message_id, 0) AS message_id, mail_id, server_mail_id, created_at FROM outbox WHERE ticket_id = ? AND client_id = ? ORDER BY id DESC LIMIT 300`,
		m.TicketID, m.Actor.ClientID)
	if err != nil {
		return nil, asking{}, fmt.Errorf("read what client %d was sent: %w", m.Actor.ClientID, err)
	}
	// The first that is known is what it answers: References name all that went before, too.
	for _, id := range m.Answers {
		at := slices.IndexFunc(mails, func(o ours) bool { return id != "" && (o.MailID == id || o.ServerMailID == id) })
		if at < 0 {
			continue
		}
		for _, x := range asked {
			if slices.Contains(askingMails(mails, x), mails[at].ID) {
				return &x, asking{named: true}, nil
			}
		}
		break
	}
	x := asked[0]
	carry := askingMails(mails, x)
	later := slices.ContainsFunc(mails, func(o ours) bool {
		if !o.left() || slices.Contains(carry, o.ID) {
			return false
		}
		if len(carry) == 0 { // by now it is gone
			return o.CreatedAt > x.AskedAt
		}
		return o.ID > slices.Min(carry)
	})
	return &x, asking{later: later}, nil
}

// askingMails returns which mails carry a question: the acknowledgement that
// was made with it, or the answer that asked and what reminds of it.
func askingMails(mails []ours, x Question) (ids []int64) {
	var ack ours
	near := func(o ours) migrations.Stamp { return max(o.CreatedAt-x.AskedAt, x.AskedAt-o.CreatedAt) }
	for _, o := range mails {
		switch {
		case x.MessageID != 0 && o.MessageID == x.MessageID:
			ids = append(ids, o.ID)
		case x.MessageID == 0 && o.Kind == MailAck && (ack.ID == 0 || near(o) <= near(ack)):
			ack = o
		}
	}
	if ack.ID != 0 {
		ids = append(ids, ack.ID)
	}
	return ids
}
