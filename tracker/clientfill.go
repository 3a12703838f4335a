package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// ClientFill is a guest's answer to one of the questions on their page.
type ClientFill struct {
	Item     FactItem
	Question string // as it was shown
	Text     string
}

// toldOf returns what a guest is asked on their page: what the last mail to
// ask them asked for and is still unknown, in its order; nothing where they
// are not the requester, or where the request is done.
func (s *Store) toldOf(ctx context.Context, g Guest, t *Ticket) ([]FactItem, error) {
	if t.ClientID != g.ClientID || t.Stage.Closed() || t.Stage == Confirming || t.Archived() {
		return nil, nil
	}
	q, err := lastQuestion(ctx, s.db, t.ID)
	if err != nil || q == nil || q.Kind != QuestionAsk || q.AnsweredAt != 0 {
		return nil, err
	}
	left, err := s.askedFor(ctx, g, q)
	if err != nil || !left {
		return nil, err
	}
	known, err := factMap(ctx, s.db, t.ID)
	if err != nil {
		return nil, err
	}
	var list []FactItem
	for _, i := range q.Items() {
		if known[i].Value == "" {
			list = append(list, i)
		}
	}
	return list, nil
}

// askedFor reports whether a question went to the guest: an answer that can
// still be taken back has not.
func (s *Store) askedFor(ctx context.Context, g Guest, q *Question) (bool, error) {
	if q.MessageID == 0 {
		return true, nil // by the acknowledgement
	}
	return exists(ctx, s.db, `SELECT 1 FROM outbox WHERE message_id = ? AND kind = 'reply' AND client_id = ? AND state NOT IN ('queued', 'held', 'cancelled') LIMIT 1`, q.MessageID, g.ClientID)
}

// GuestFills takes a guest's answers to the questions on their page: they
// become a message of theirs, question above answer, so that whoever works the
// ticket reads them as any other, and fill in what is still unknown. Empty ones
// are left open. What else they wrote, and files, stand below. What a technician
// wrote down meanwhile stays.
func (s *Store) GuestFills(ctx context.Context, g Guest, fills []ClientFill, in ClientSays) (t Ticket, err error) {
	var said []string
	answers := map[FactItem]string{}
	for _, f := range fills {
		text := WithoutLinks(manyLines(strings.TrimSpace(f.Text)))
		if len(text) > maxFact {
			return t, migrations.InvalidAt(string(f.Item), "This is too long: an answer can have up to 2,000 characters. You can write more under “Add something”.")
		}
		if text != "" && f.Item.Asked() {
			said = append(said, f.Question+"\n"+text)
			answers[f.Item] = text
		}
	}
	if len(said) == 0 {
		return t, migrations.Invalidf("Please answer at least one of the questions.")
	}
	if more := manyLines(strings.TrimSpace(in.Text)); more != "" {
		said = append(said, more)
	}
	text := strings.Join(said, "\n\n")
	if len(text) > maxBody {
		return t, migrations.InvalidAt("text", tooLongSaid)
	}
	err = s.asGuest(ctx, g, in.IP, func(tx *migrations.Tx, was *Ticket) error {
		id, err := s.guestMessageTx(ctx, tx, g, was, text, in.Files, in.Once)
		if err != nil || id == 0 {
			return err
		}
		q, err := lastQuestion(ctx, tx, g.TicketID)
		if err != nil {
			return err
		}
		asked := map[FactItem]string{} // only the requester is asked, and only what was asked is filled in
		if q != nil && q.Kind == QuestionAsk && was.ClientID == g.ClientID {
			for _, i := range q.Items() {
				asked[i] = answers[i]
			}
		}
		if err := s.fillTx(ctx, tx, g.Actor(), g.TicketID, id, asked); err != nil {
			return err
		}
		if len(asked) > 0 {
			if err := s.answeredTx(ctx, tx, g.TicketID, id); err != nil {
				return err
			}
		}
		return s.joinTx(ctx, tx, joining{Actor: g.Actor(), TicketID: g.TicketID, MessageID: id, Human: true, Answers: true, FromPage: true})
	})
	if err != nil {
		return t, fmt.Errorf("take a client's answers: %w", err)
	}
	return s.TicketByID(ctx, g.TicketID)
}
