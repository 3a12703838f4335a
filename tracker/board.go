package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// BoardFilter narrows the board. The zero value shows everybody's tickets.
type BoardFilter struct {
	AssigneeID int64 // 0 for all, Nobody for what nobody has taken
	CategoryID int64 // 0 for all, Nobody for what has none
	Dropped    bool  // with the dropped ones as a fifth column
	Limit      int   // cards a column; 50 where zero
}

// CountCap is up to where the board counts; a column's Count beyond it reads
// CountCap + 1 and is shown as "more than 10,000".
const CountCap = 10_000

// Column is a column of the board: star first, then level, then age. The
// closed ones are sorted by when they were closed, the latest first, so that
// what was just finished is in sight.
type Column struct {
	Stage   Stage
	Count   int
	Tickets []Ticket
	More    string // to BoardColumn for the next cards; "" at the end
}

// Board returns the columns with their first cards. Archived tickets are not
// on it.
func (s *Store) Board(ctx context.Context, f BoardFilter) ([]Column, error) {
	columns := make([]Column, 0, 5)
	for _, stage := range Stages() {
		if stage == Dropped && !f.Dropped {
			continue
		}
		c, err := s.BoardColumn(ctx, f, stage, "")
		if err != nil {
			return nil, err
		}
		where, args := f.where(stage)
		err = s.db.Get(ctx, &c.Count, `SELECT count(*) FROM (SELECT 1 AS one FROM ticket t WHERE `+where+` LIMIT ?) counted`, append(args, CountCap+1)...)
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", stage, err)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// BoardColumn returns the cards of one column that follow after, a Column's
// More. Count is not filled.
func (s *Store) BoardColumn(ctx context.Context, f BoardFilter, stage Stage, after string) (Column, error) {
	c := Column{Stage: stage}
	if !stage.Valid() {
		return c, migrations.Invalidf("There is no stage %q.", clip(string(stage), 40))
	}
	limit := f.Limit
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	var from boardKey
	if after != "" {
		if _, err := fmt.Sscanf(after, "%d.%d.%d", &from.group, &from.at, &from.id); err != nil || from.group < 0 || from.group >= len(boardGroups) {
			return c, migrations.Invalidf("This page of the board is not known. Please start from the board's first page.")
		}
	}
	var err error
	if stage.Closed() {
		c.Tickets, err = s.closedCards(ctx, f, stage, from, limit+1)
	} else {
		c.Tickets, err = s.openCards(ctx, f, stage, from, limit+1)
	}
	if err != nil {
		return c, fmt.Errorf("list %s: %w", stage, err)
	}
	if len(c.Tickets) > limit {
		c.Tickets = c.Tickets[:limit]
		c.More = cardKey(&c.Tickets[limit-1])
	}
	return c, nil
}

// boardGroups are the priorities in the order of the board. Cards are read
// group by group, so that each page is one walk along the index, however deep.
var boardGroups = [...]struct {
	star  bool
	level int64
}{{true, 3}, {false, 3}, {false, 2}, {false, 1}}

// boardKey is the place of a card: its group, and within that its time and id.
type boardKey struct {
	group  int
	at, id int64
}

func cardKey(t *Ticket) string {
	at, group := t.OpenedAt, 0
	if t.Stage.Closed() {
		at = t.ClosedAt
	} else {
		for i, g := range boardGroups {
			if g.star == t.Star && g.level == t.Level {
				group = i
			}
		}
	}
	return fmt.Sprintf("%d.%d.%d", group, at, t.ID)
}

func (s *Store) openCards(ctx context.Context, f BoardFilter, stage Stage, from boardKey, limit int) ([]Ticket, error) {
	var cards []Ticket
	for group := from.group; group < len(boardGroups) && len(cards) < limit; group++ {
		where, args := f.where(stage)
		where += ` AND t.star = ? AND t.level = ? AND (t.opened_at, t.id) > (?, ?)`
		args = append(args, boardGroups[group].star, boardGroups[group].level, from.at, from.id, limit-len(cards))
		var some []Ticket
		if err := s.db.Select(ctx, &some, ticketSelect+`WHERE `+where+` ORDER BY t.opened_at, t.id LIMIT ?`, args...); err != nil {
			return nil, err
		}
		cards = append(cards, some...)
		from.at, from.id = 0, 0
	}
	return cards, nil
}

func (s *Store) closedCards(ctx context.Context, f BoardFilter, stage Stage, from boardKey, limit int) ([]Ticket, error) {
	where, args := f.where(stage)
	if from.id != 0 {
		where += ` AND (t.closed_at, t.id) < (?, ?)`
		args = append(args, from.at, from.id)
	}
	var cards []Ticket
	err := s.db.Select(ctx, &cards, ticketSelect+`WHERE `+where+` ORDER BY t.closed_at DESC, t.id DESC LIMIT ?`, append(args, limit)...)
	return cards, err
}

// where returns the condition for a column's tickets.
func (f BoardFilter) where(stage Stage) (string, []any) {
	conditions, args := []string{`t.archived_at IS NULL AND t.stage = ?`}, []any{stage}
	// The plus keeps the engine on the board's index: somebody's tickets of ten
	// years are many, those on the board are few.
	conditions, args = oneOrNone(conditions, args, `+t.assignee_id`, f.AssigneeID)
	conditions, args = oneOrNone(conditions, args, `t.category_id`, f.CategoryID)
	return strings.Join(conditions, ` AND `), args
}

// oneOrNone adds a condition on a column that may be null.
func oneOrNone(conditions []string, args []any, column string, id int64) ([]string, []any) {
	switch {
	case id == Nobody:
		conditions = append(conditions, column+` IS NULL`)
	case id != 0:
		conditions, args = append(conditions, column+` = ?`), append(args, id)
	}
	return conditions, args
}
