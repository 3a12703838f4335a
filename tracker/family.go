package tracker

import (
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// Adoption is what became of tickets that were to be children.
type Adoption struct {
	Adopted []int64   // numbers, in their order
	Same    int       // that were its children already
	Refused []Refusal // the others, with the reason
}

// MaxChildren is how many children a ticket can have.
const MaxChildren = 500

// Adopt makes tickets the children of one that is the problem behind them; all
// are numbers. A family has one depth: who has a parent has no children. What
// is refused is named with the reason, the rest is done.
func (s *Store) Adopt(ctx context.Context, actor Actor, parent int64, children []int64) (Adoption, error) {
	var a Adoption
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		a, err = s.adoptTx(ctx, tx, actor, parent, children)
		return err
	})
	if err != nil {
		return Adoption{}, fmt.Errorf("give %s children: %w", TicketName(parent), err)
	}
	return a, nil
}

func (s *Store) adoptTx(ctx context.Context, tx *migrations.Tx, actor Actor, parent int64, numbers []int64) (a Adoption, err error) {
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return a, err
	}
	p, err := s.leadOnTx(ctx, tx, parent)
	if err != nil {
		return a, err
	}
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(numbers) == 0 {
		return a, migrations.InvalidAt("ticket", "Please choose a ticket first.")
	}
	if len(numbers) > MaxChildren {
		return a, migrations.InvalidAt("ticket", "These are %d tickets: a ticket can have up to %d children.", len(numbers), MaxChildren)
	}
	var rows []Ticket
	ids := []int64{p.ID}
	for _, n := range numbers {
		c, err := ticketWhere(ctx, tx, `t.number = ?`, n)
		if migrations.KindOf(err) == migrations.NotFound {
			a.Refused = append(a.Refused, Refusal{n, "There is no such ticket."})
			continue
		}
		if err != nil {
			return a, err
		}
		rows, ids = append(rows, c), append(ids, c.ID)
	}
	if err := s.lockManyTx(ctx, tx, ids); err != nil {
		return a, err
	}
	if p, err = ticketWhere(ctx, tx, `t.id = ?`, p.ID); err != nil {
		return a, err
	}
	switch {
	case p.ParentID != 0:
		return a, migrations.InvalidAt("ticket", "%s has a parent itself, and so can not have children.", p.Name())
	case p.Archived():
		return a, errArchived(&p)
	}
	var has int
	if err := tx.Get(ctx, &has, `SELECT count(*) FROM ticket WHERE parent_id = ?`, p.ID); err != nil {
		return a, err
	}
	for _, c := range rows {
		if c.ParentID == p.ID {
			a.Same++
			continue
		}
		why, err := s.refuseChild(ctx, tx, &p, &c)
		if err != nil {
			return a, err
		}
		if why == "" && has+len(a.Adopted) >= MaxChildren { // an answer to all would pass some over
			why = fmt.Sprintf("%s has %d children, and can not have more.", p.Name(), MaxChildren)
		}
		if why != "" {
			a.Refused = append(a.Refused, Refusal{c.Number, why})
			continue
		}
		if err := c.setTx(ctx, tx, `parent_id = ?`, p.ID); err != nil {
			return a, err
		}
		if err := s.recordPairTx(ctx, tx, actor, &c, &p, "adopted", "child_added"); err != nil {
			return a, err
		}
		a.Adopted = append(a.Adopted, c.Number)
	}
	return a, nil
}

// refuseChild says why a ticket can not be the child of another, "" where it can.
func (s *Store) refuseChild(ctx context.Context, q read, p, c *Ticket) (string, error) {
	switch {
	case c.ID == p.ID:
		return "A ticket can not be its own parent.", nil
	case c.MergedIntoID != 0:
		return "It was merged into another ticket.", nil
	case c.Archived():
		return "It is archived.", nil
	}
	has, err := exists(ctx, q, `SELECT 1 FROM ticket WHERE parent_id = ? LIMIT 1`, c.ID)
	if err == nil && has {
		return "It has children itself.", nil
	}
	return "", err
}

// Orphan takes a ticket from its parent. A ticket without one is left as it is.
func (s *Store) Orphan(ctx context.Context, actor Actor, number int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		t, err := ticketWhere(ctx, tx, `t.number = ?`, number)
		if err != nil || t.ParentID == 0 {
			return err
		}
		c, p, err := s.lockTwoTx(ctx, tx, t.ID, t.ParentID)
		if err != nil {
			return err
		}
		if err := c.setTx(ctx, tx, `parent_id = NULL`); err != nil {
			return err
		}
		return s.recordPairTx(ctx, tx, actor, &c, &p, "parted", "child_removed")
	})
	if err != nil {
		return fmt.Errorf("take %s from its parent: %w", TicketName(number), err)
	}
	return nil
}

// Children returns the tickets that a ticket is the problem behind, those that
// are open first.
func (s *Store) Children(ctx context.Context, ticketID int64) ([]Ticket, error) {
	return childrenOf(ctx, s.db, ticketID)
}

func childrenOf(ctx context.Context, q read, ticketID int64) (list []Ticket, err error) {
	err = q.Select(ctx, &list, ticketSelect+`WHERE t.parent_id = ? ORDER BY CASE WHEN t.stage IN ('completed', 'dropped') THEN 1 ELSE 0 END, t.id LIMIT ?`, ticketID, MaxChildren)
	if err != nil {
		return nil, fmt.Errorf("list the children of ticket %d: %w", ticketID, err)
	}
	return list, nil
}

// markParentTx has a ticket's parent show that a child has news. Before the
// child is locked: parents are locked first everywhere.
func (s *Store) markParentTx(ctx context.Context, tx *migrations.Tx, actor Actor, childID int64) error {
	var parent int64
	err := tx.Get(ctx, &parent, `UPDATE ticket SET news = TRUE, updated_at = ? WHERE id = (SELECT c.parent_id FROM ticket c WHERE c.id = ?)
		AND stage NOT IN ('completed', 'dropped') RETURNING id`, s.stamp(), childID)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mark the parent of ticket %d: %w", childID, err)
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: parent, Kind: "child_message", Became: Thing{KindTicket, childID}.String()})
}
