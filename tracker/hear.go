package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// heard is what a client's message did as an answer to a question of ours.
type heard struct {
	Understood bool // it says that we understood: it changes nothing else
}

// spoken is a client's message as it is held against what was asked.
type spoken struct {
	Actor     Actor // the client
	TicketID  int64
	MessageID int64
	Text      string   // the whole mail
	Reply     string   // its new words
	Answers   []string // In-Reply-To and then References, newest first, without brackets
}

// hearTx takes a client's message as the answer to what was asked: it fills in
// what is still unknown, or says that we understood. What can not be assigned
// stays an ordinary message. Only what joined its ticket by itself comes here:
// never held mail.
func (s *Store) hearTx(ctx context.Context, tx *migrations.Tx, m spoken) (heard, error) {
	q, how, err := askedOf(ctx, tx, m)
	if err != nil || q == nil || q.AnsweredAt != 0 {
		return heard{}, err
	}
	if isConfirmation(m.Reply) { // a yes answers what was asked last
		later, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE id = ? AND stage = 'confirming' AND stage_at >= ?`, m.TicketID, q.AskedAt)
		if err != nil || later {
			return heard{}, err
		}
	}
	if q.Kind == QuestionUnderstood {
		return s.hearUnderstoodTx(ctx, tx, m, q)
	}
	if item := wholeAnswers(q.List, m.Text, m.Reply); item != "" {
		if saysNothingOf(item, m.Reply) || !how.named && how.later {
			return heard{}, nil
		}
		if !how.named { // what is said of a fix is about that
			over, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE id = ? AND stage IN ('confirming', 'completed', 'dropped')`, m.TicketID)
			if err != nil || over {
				return heard{}, err
			}
		}
	}
	answers := answersIn(q.List, m.Text, m.Reply)
	if len(answers) == 0 {
		return heard{}, nil
	}
	if err := s.fillTx(ctx, tx, m.Actor, m.TicketID, m.MessageID, answers); err != nil {
		return heard{}, err
	}
	return heard{}, s.questionAnsweredTx(ctx, tx, q, m.TicketID, m.MessageID)
}

// wasAsked reports whether a question of ours went to a client: who came to the
// ticket later, as by a merge, answers nothing that only others were asked.
func wasAsked(ctx context.Context, q read, clientID int64, x *Question) (bool, error) {
	return exists(ctx, q, `SELECT 1 FROM ticket WHERE id = ? AND client_id = ? UNION ALL SELECT 1 FROM outbox WHERE message_id = ? AND kind = 'reply' AND client_id = ? LIMIT 1`,
		x.TicketID, clientID, x.MessageID, clientID)
}

// fillTx writes down answers where nothing certain is known.
func (s *Store) fillTx(ctx context.Context, tx *migrations.Tx, actor Actor, ticketID, messageID int64, answers map[FactItem]string) error {
	known, err := factMap(ctx, tx, ticketID)
	if err != nil {
		return err
	}
	var filled []string
	for _, item := range Checklist() {
		value := answers[item]
		if was := known[item]; value == "" || was.Value != "" && !was.Guess {
			continue
		}
		if err := s.writeFactTx(ctx, tx, ticketID, Fact{Item: item, Value: value, Source: FromReply, MessageID: messageID}); err != nil {
			return err
		}
		filled = append(filled, string(item))
	}
	if len(filled) == 0 {
		return nil
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: ticketID, Kind: "facts", Became: strings.Join(filled, ",")})
}

// answeredTx notes which message answered what was asked of a ticket last.
func (s *Store) answeredTx(ctx context.Context, tx *migrations.Tx, ticketID, messageID int64) error {
	q, err := lastQuestion(ctx, tx, ticketID)
	if err != nil || q == nil {
		return err
	}
	return s.questionAnsweredTx(ctx, tx, q, ticketID, messageID)
}

// questionAnsweredTx notes which message answered, and that nothing is open any
// more where that is so. The ticket is the one whose checklist it fills: the
// question's own, or what that was merged into.
func (s *Store) questionAnsweredTx(ctx context.Context, tx *migrations.Tx, q *Question, ticketID, messageID int64) error {
	if q.AnsweredAt != 0 || q.Kind != QuestionAsk {
		return nil
	}
	known, err := factMap(ctx, tx, ticketID)
	if err != nil {
		return err
	}
	var at *migrations.Stamp
	if !slices.ContainsFunc(q.Items(), func(i FactItem) bool { return known[i].Value == "" }) {
		now := s.stamp()
		at = &now
	}
	if _, err := tx.Exec(ctx, `UPDATE question SET answer_id = ?, answered_at = ? WHERE id = ?`, messageID, at, q.ID); err != nil {
		return fmt.Errorf("note that a question was answered: %w", err)
	}
	return nil
}

func (s *Store) hearUnderstoodTx(ctx context.Context, tx *migrations.Tx, m spoken, q *Question) (heard, error) {
	if isThanks(m.Reply) && !isPlainYes(m.Reply) {
		return heard{}, nil
	}
	yes := isPlainYes(m.Reply)
	if _, err := tx.Exec(ctx, `UPDATE question SET answer_id = ?, answered_at = ? WHERE id = ?`, m.MessageID, s.stamp(), q.ID); err != nil {
		return heard{}, fmt.Errorf("note that a question was answered: %w", err)
	}
	if !yes {
		return heard{}, nil
	}
	if err := s.writeFactTx(ctx, tx, m.TicketID, Fact{Item: FactUnderstood, Value: answerText(m.Reply), Source: FromReply, MessageID: m.MessageID}); err != nil {
		return heard{}, err
	}
	return heard{Understood: true}, s.RecordTx(ctx, tx, Event{Actor: m.Actor, Subject: "ticket", SubjectID: m.TicketID, Kind: "understood"})
}
