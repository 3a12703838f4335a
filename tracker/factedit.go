package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// SetFact writes down, corrects or empties what is known of an item of a
// ticket, as somebody saw it in version (0: nothing was there). Conflict where
// somebody else was faster.
func (s *Store) SetFact(ctx context.Context, actor Actor, number int64, item FactItem, value string, version int64) (Ticket, error) {
	return s.addToTicket(ctx, "write down what is known of", number, func(tx *migrations.Tx, t *Ticket) error {
		if !item.Valid() {
			return migrations.Invalidf("There is no line %q to fill in.", clip(string(item), 40))
		}
		value = manyLines(strings.TrimSpace(value))
		if len(value) > maxFact {
			return migrations.InvalidAt("value", "This is too long: a line can have up to 2,000 characters. Put the rest into a note.")
		}
		known, err := factMap(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		was, ok := known[item]
		switch {
		case was.Version != version && version != AnyVersion:
			if was.Value == value {
				return nil
			}
			return errStale()
		case ok && was.Value == value && !was.Guess, !ok && value == "":
			return nil
		}
		f := Fact{Item: item, Value: value, Source: FromTechnician, AccountID: actor.AccountID}
		if was.Value == value { // confirmed as it was guessed: it is still from there
			f.MessageID, f.ThingID = was.MessageID, was.ThingID
		}
		return s.setFactTx(ctx, tx, actor, t, f)
	})
}

// FillFact takes the whole of a client's message as the answer to one item:
// by it a technician assigns what could not be.
func (s *Store) FillFact(ctx context.Context, actor Actor, number int64, item FactItem, messageID int64) (Ticket, error) {
	return s.addToTicket(ctx, "fill in what is known of", number, func(tx *migrations.Tx, t *Ticket) error {
		if !item.Asked() {
			return migrations.Invalidf("There is no line %q to fill in.", clip(string(item), 40))
		}
		var m struct {
			Body string `db:"body"`
		}
		err := tx.Get(ctx, &m, `SELECT body FROM message WHERE id = ? AND ticket_id = ? AND direction = 'in' AND state = 'shown'`, messageID, t.ID)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.NotFoundf("There is no such message on %s.", t.Name())
		}
		if err != nil {
			return fmt.Errorf("read message %d: %w", messageID, err)
		}
		value := answerText(m.Body)
		if value == "" {
			return migrations.Invalidf("This message has no words to fill in.")
		}
		if err := s.setFactTx(ctx, tx, actor, t, Fact{Item: item, Value: value, Source: FromReply, MessageID: messageID, AccountID: actor.AccountID}); err != nil {
			return err
		}
		return s.answeredTx(ctx, tx, t.ID, messageID)
	})
}

// setFactTx writes a fact over what was there.
func (s *Store) setFactTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, f Fact) error {
	if err := s.writeFactTx(ctx, tx, t.ID, f); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "fact", "", string(f.Item))
}

func (s *Store) writeFactTx(ctx context.Context, tx *migrations.Tx, ticketID int64, f Fact) error {
	_, err := tx.Exec(ctx, `INSERT INTO fact (ticket_id, item, value, source, guess, message_id, account_id, thing_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (ticket_id, item) DO UPDATE SET value = excluded.value, source = excluded.source, guess = excluded.guess, message_id = excluded.message_id,
		account_id = excluded.account_id, thing_id = excluded.thing_id, at = excluded.at, version = fact.version + 1`,
		ticketID, string(f.Item), f.Value, f.Source, f.Guess, orNull(f.MessageID), orNull(f.AccountID), f.ThingID, s.stamp())
	if err != nil {
		return fmt.Errorf("write down %s of ticket %d: %w", f.Item, ticketID, err)
	}
	return s.IndexTx(ctx, tx, KindTicket, ticketID)
}
