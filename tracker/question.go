package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// The kinds of Question.
const (
	QuestionAsk        = "ask"        // for what is missing, numbered
	QuestionUnderstood = "understood" // whether we understood it so
)

// Question is what a client was asked about a ticket.
type Question struct {
	ID         int64            `db:"id"`
	TicketID   int64            `db:"ticket_id"`
	Kind       string           `db:"kind"`
	List       string           `db:"items"`      // in the order of their numbers, with commas
	MessageID  int64            `db:"message_id"` // that asked; 0: the acknowledgement
	AnswerID   int64            `db:"answer_id"`  // that answered; 0: none yet
	AskedAt    migrations.Stamp `db:"asked_at"`
	AnsweredAt migrations.Stamp `db:"answered_at"` // 0: something is still open
}

// Items returns what was asked for, in the order of the numbers.
func (q Question) Items() []FactItem {
	var list []FactItem
	for _, i := range strings.Split(q.List, ",") {
		if x := FactItem(i); x.Asked() {
			list = append(list, x)
		}
	}
	return list
}

const questionSelect = `SELECT id, ticket_id, kind, items, COALESCE(message_id, 0) AS message_id, COALESCE(answer_id, 0) AS answer_id, asked_at, COALESCE(answered_at, 0) AS answered_at FROM question `

// LastQuestion returns what the client was asked last, nil for nothing ever.
func (s *Store) LastQuestion(ctx context.Context, ticketID int64) (*Question, error) {
	return lastQuestion(ctx, s.db, ticketID)
}

func lastQuestion(ctx context.Context, q read, ticketID int64) (*Question, error) {
	var x Question
	err := q.Get(ctx, &x, questionSelect+`WHERE ticket_id = ? ORDER BY id DESC LIMIT 1`, ticketID)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was asked of ticket %d: %w", ticketID, err)
	}
	return &x, nil
}

// Missing returns the items of the checklist that nothing is known of, of
// those that a client can be asked for.
func Missing(known map[FactItem]Fact) []FactItem {
	var list []FactItem
	for _, i := range Checklist() {
		if i != FactWho && known[i].Value == "" {
			list = append(list, i)
		}
	}
	return list
}

// AskInput is a mail that asks the client about a ticket.
type AskInput struct {
	Kind  string     // QuestionAsk, QuestionUnderstood
	Items []FactItem // of QuestionAsk: what the numbered lines of Text ask for, in order
	Text  string     // the whole mail
	Seen  int64      // as of ReplyInput
	Once  string     // as of ReplyInput
}

// Ask mails the client a question: an answer of a technician, whose answer in
// turn fills in what was asked. Of the items those count whose numbered line
// is left in the text.
func (s *Store) Ask(ctx context.Context, actor Actor, number int64, in AskInput) (int64, error) {
	var id int64
	_, err := s.addToTicket(ctx, "ask about", number, func(tx *migrations.Tx, t *Ticket) (err error) {
		if id, err = s.writtenTx(ctx, tx, "message", actor, t, in.Once, in.Text); err != nil || id != 0 {
			return err
		}
		if err := checkSeen(ctx, tx, t, in.Seen); err != nil {
			return err
		}
		items, kind := "", "asked"
		switch in.Kind {
		case QuestionUnderstood:
			kind = "asked_understood"
		case QuestionAsk:
			if items = stillAsked(in.Text, in.Items); items == "" {
				return migrations.Invalidf("No numbered question is left in the mail: please leave the number before each, for example 1.")
			}
		default:
			return migrations.Invalidf("There is no question of kind %q.", clip(in.Kind, 40))
		}
		if t.ClientAddress == "" {
			return migrations.Invalidf("It is not known who asks: set the requester first.")
		}
		if id, err = s.replyTx(ctx, tx, actor, t, ReplyInput{Text: in.Text, Once: in.Once}); err != nil {
			return err
		}
		_, err = tx.Insert(ctx, `INSERT INTO question (ticket_id, kind, items, message_id, asked_at) VALUES (?, ?, ?, ?, ?) RETURNING id`, t.ID, in.Kind, items, id, s.stamp())
		if err != nil {
			return fmt.Errorf("note what was asked: %w", err)
		}
		return s.changedTx(ctx, tx, actor, t, kind, "", items)
	})
	return id, err
}

// stillAsked returns the items whose number begins a line, and closes up the
// gaps: what is "2." in the mail stays the second item of the list.
func stillAsked(text string, items []FactItem) string {
	kept := make([]string, 0, len(items))
	some := false
	numbers := map[int]bool{}
	for _, line := range strings.Split(text, "\n") {
		if n, rest := numberOf(line); rest != "" {
			numbers[n] = true
		}
	}
	for i, item := range items {
		if item.Asked() && numbers[i+1] {
			kept, some = append(kept, string(item)), true
		} else {
			kept = append(kept, "-")
		}
	}
	if !some {
		return ""
	}
	return strings.Join(kept, ",")
}

// askedByAckTx notes what an acknowledgement asks for.
func (s *Store) askedByAckTx(ctx context.Context, tx *migrations.Tx, ticketID int64, items []FactItem) error {
	var list []string
	for _, i := range items {
		list = append(list, string(i))
	}
	err := tx.Later(ctx, `INSERT INTO question (ticket_id, kind, items, asked_at)`, ``, ticketID, QuestionAsk, strings.Join(list, ","), s.stamp())
	if err != nil {
		return fmt.Errorf("note what the acknowledgement asks: %w", err)
	}
	return nil
}
