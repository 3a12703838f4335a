package tracker

import (
	"context"
	"errors"
	"fmt"

	"helpdeskd/migrations"
)

// Reachable returns how many of some tickets' people mail would reach: each
// person once a ticket.
func (s *Store) Reachable(ctx context.Context, tickets []Ticket) (n int, err error) {
	for i := range tickets {
		if tickets[i].Stage.Closed() {
			continue
		}
		to, err := reachable(ctx, s.db, &tickets[i])
		if err != nil {
			return 0, err
		}
		n += len(to)
	}
	return n, nil
}

// addToFamily is addToTicket for what goes on to other tickets.
func (s *Store) addToFamily(ctx context.Context, doing string, number int64, fn func(tx *migrations.Tx, t *Ticket) error) (Ticket, error) {
	return s.onTicket(ctx, doing, number, fn, s.takeFirst(ctx, number))
}

// takeFirst takes a ticket as addToTicket does, after the ticket numbers: who
// goes on to its children meets nobody who goes the other way.
func (s *Store) takeFirst(ctx context.Context, number int64) func(tx *migrations.Tx) (Ticket, error) {
	return func(tx *migrations.Tx) (Ticket, error) {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return Ticket{}, err
		}
		if _, err := tx.Exec(ctx, `UPDATE ticket SET updated_at = ? WHERE number = ?`, s.stamp(), number); err != nil {
			return Ticket{}, fmt.Errorf("take ticket: %w", err)
		}
		return ticketWhere(ctx, tx, `t.number = ?`, number)
	}
}

// openChildrenTx takes the open children of a ticket, in the order of their ids.
func (s *Store) openChildrenTx(ctx context.Context, tx *migrations.Tx, parentID int64) (list []Ticket, err error) {
	err = tx.Select(ctx, &list, ticketSelect+`WHERE t.parent_id = ? AND t.stage NOT IN ('completed', 'dropped') AND t.archived_at IS NULL ORDER BY t.id LIMIT ?`, parentID, MaxChildren)
	if err != nil {
		return nil, fmt.Errorf("list the open children of ticket %d: %w", parentID, err)
	}
	return list, nil
}

// replyFamilyTx answers a ticket and all its open children: everybody gets a
// mail of their own, on their own ticket. Who can not be reached is left out;
// that nobody can be is Invalid.
func (s *Store) replyFamilyTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, in ReplyInput) (id int64, err error) {
	children, err := s.openChildrenTx(ctx, tx, t.ID)
	if err != nil {
		return 0, err
	}
	own, err := reachable(ctx, tx, t)
	if err != nil {
		return 0, err
	}
	if len(own) > 0 {
		id, err = s.replyTx(ctx, tx, actor, t, in)
	} else if in.Text, err = checkBody(in.Text, "the answer"); err == nil {
		if id, err = s.sayTx(ctx, tx, actor, t, in.Text, in.Once); err == nil {
			err = s.uploadsTx(ctx, tx, id, in.Files)
		}
		if err == nil {
			err = t.setTx(ctx, tx, `news = FALSE`)
		}
	}
	if err != nil {
		return 0, err
	}
	told := len(own)
	in.TakeBack = in.TakeBack && len(own) > 0 // all of it, by what went to its own people
	for i := range children {
		c := &children[i]
		to, err := reachable(ctx, tx, c)
		if err != nil {
			return 0, err
		}
		if len(to) == 0 {
			continue
		}
		each := in
		each.Once, each.Seen, each.Without = "", 0, nil
		news := c.News
		copied, err := s.replyTx(ctx, tx, actor, c, each)
		if err != nil {
			return 0, fmt.Errorf("answer %s: %w", c.Name(), err)
		}
		*in.copies = append(*in.copies, answerCopy{ID: copied, News: news, At: s.stamp()})
		told += len(to)
	}
	if told == 0 {
		return 0, migrations.Invalidf("Nobody of %s and the tickets below it can be reached by mail.", t.Name())
	}
	return id, nil
}

// StageChildren moves the open children of a ticket: to completed, or to
// confirming, which asks each of their people. They get its fix, and its
// sentence, unless they have their own. What is refused is named.
func (s *Store) StageChildren(ctx context.Context, actor Actor, number int64, stage Stage) (done []int64, refused []Refusal, err error) {
	_, err = s.onTicket(ctx, "move the children of", number, func(tx *migrations.Tx, t *Ticket) error {
		if stage != Completed && stage != Confirming {
			return migrations.Invalidf("The tickets below this one can be completed, or their people asked.")
		}
		children, err := s.openChildrenTx(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		if t.Fix == "" {
			return migrations.Invalidf("Please write what solved it first, even if it was only switching it off and on.")
		}
		for i := range children {
			c := &children[i]
			err := tx.Try(ctx, func() error { return s.stageChildTx(ctx, tx, actor, t, c, stage) })
			why, no := refusal(err)
			switch {
			case err == nil:
				done = append(done, c.Number)
			case errors.Is(err, errSame):
			case no:
				refused = append(refused, Refusal{c.Number, why})
			default:
				return err
			}
		}
		return nil
	}, s.takeFirst(ctx, number))
	return done, refused, err
}

func (s *Store) stageChildTx(ctx context.Context, tx *migrations.Tx, actor Actor, t, c *Ticket, stage Stage) error {
	taken, err := s.takeTicketTx(ctx, tx, c.Number, AnyVersion)
	if err != nil {
		return err
	}
	if taken.Stage == stage {
		return errSame
	}
	ch := StageChange{Stage: stage}
	if taken.Fix == "" {
		ch.Fix = t.Fix
	}
	if taken.Summary == "" {
		ch.Summary = t.Summary
	}
	if err := s.setStageTx(ctx, tx, actor, &taken, ch); err != nil || stage != Confirming {
		return err
	}
	_, err = s.askTx(ctx, tx, actor, &taken, false)
	return err
}

// unsendCopiesTx takes an answer back that went to children too: they have the
// news again that they had, unless somebody has answered since.
func (s *Store) unsendCopiesTx(ctx context.Context, tx *migrations.Tx, actor Actor, copies []answerCopy) error {
	for _, was := range copies {
		var c struct {
			TicketID int64  `db:"ticket_id"`
			Stage    string `db:"stage"`
		}
		err := tx.Get(ctx, &c, `SELECT t.id AS ticket_id, t.stage FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE m.id = ?`, was.ID)
		if migrations.KindOf(err) == migrations.NotFound {
			continue // deleted with its ticket
		}
		if err == nil {
			err = s.unsendTx(ctx, tx, c.TicketID, was.ID)
		}
		if err == nil && was.News {
			_, err = tx.Exec(ctx, `UPDATE ticket SET news = TRUE WHERE id = ? AND closed_at IS NULL
				AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = ticket.id AND m.direction = 'out' AND m.state = 'shown' AND m.at > ?)`, c.TicketID, was.At)
		}
		if err == nil {
			err = s.IndexTx(ctx, tx, KindTicket, c.TicketID)
		}
		if err == nil {
			err = s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: c.TicketID, Kind: "taken_back", Was: c.Stage, Became: c.Stage})
		}
		if err == nil {
			err = s.answersAgainTx(ctx, tx, actor, c.TicketID)
		}
		if err != nil {
			return fmt.Errorf("take back what went to a child: %w", err)
		}
	}
	return nil
}
