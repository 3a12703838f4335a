package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// TicketFilter chooses tickets for a list. The zero value finds all that are
// not archived.
type TicketFilter struct {
	Stages     []Stage
	Level      int64 // 0 for all
	Star       bool  // only with a star
	Untriaged  bool  // only where nobody has set the priority
	News       bool  // only where the client waits for an answer
	AssigneeID int64 // 0 for all, Nobody for what nobody has taken
	CategoryID int64 // 0 for all, Nobody for what has none
	ClientID   int64
	Waiting    string           // WaitingClient, WaitingVendor; "" for all
	DueBefore  migrations.Stamp // only what has a deadline before that; 0 for all
	WatcherID  int64            // only what this account watches
	Text       string           // words to search; archived tickets are found too
	Archived   Archived
	Oldest     bool // the oldest first; not where words are searched
	ByDue      bool // the nearest deadline first, what has none last; not where words are searched or archived tickets shown

	OpenedFrom, OpenedBefore migrations.Stamp // 0: no bound
	Department               string           // the requester's, exactly
	NoDepartment             bool             // only where it is not known
	AssetIDs                 []int64          // only what is linked with one of them; empty, not nil: nothing
	NoMerged                 bool             // without copies of others
}

// Archived says whether a list shows archived tickets.
type Archived string

// The choices of Archived. The zero value hides them, unless words are searched.
const (
	ArchivedHidden Archived = "hidden"
	ArchivedAlso   Archived = "also"
	ArchivedOnly   Archived = "only"
)

// Tickets returns the tickets that f chooses, the newest first unless it says
// otherwise, and what to give as after for the next ones ("" at the end).
func (s *Store) Tickets(ctx context.Context, f TicketFilter, after string, limit int) (list []Ticket, more string, err error) {
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	var before int64
	byDue := f.ByDue && strings.TrimSpace(f.Text) == "" && f.hidesArchived()
	if after != "" && !byDue {
		if before, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, "", migrations.Invalidf("This page of the list is not known. Please start from its first page.")
		}
	}
	conditions, args := f.where()
	type row struct {
		Ticket
		Key int64 `db:"key"`
	}
	var rows []row
	if strings.TrimSpace(f.Text) != "" {
		m, ok := s.match(f.Text)
		if !ok {
			return nil, "", nil
		}
		rows, err = selectFound[row](ctx, s, m, foundQuery{
			columns: `d.id AS key, ` + ticketColumns, inner: `ticket t ON t.id = d.ref `, outer: ticketJoins,
			kinds: []string{KindTicket}, conditions: conditions, args: args, before: before, limit: limit + 1,
		})
	} else if byDue {
		if conditions, args, err = f.beyondDue(conditions, args, after); err != nil {
			return nil, "", err
		}
		err = s.db.Select(ctx, &rows, `SELECT `+noDeadlineLast+` AS key, `+ticketColumns+` FROM ticket t `+ticketJoins+`WHERE `+strings.Join(conditions, ` AND `)+` ORDER BY `+noDeadlineLast+`, t.id LIMIT ?`, append(args, limit+1)...)
	} else {
		beyond, order := `t.id < ?`, `t.id DESC`
		if f.Oldest {
			beyond, order = `t.id > ?`, `t.id`
		}
		if before != 0 {
			conditions, args = append(conditions, beyond), append(args, before)
		}
		conditions = append(conditions, `TRUE`)
		err = s.db.Select(ctx, &rows, `SELECT t.id AS key, `+ticketColumns+` FROM ticket t `+ticketJoins+`WHERE `+strings.Join(conditions, ` AND `)+` ORDER BY `+order+` LIMIT ?`, append(args, limit+1)...)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list tickets: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		more = strconv.FormatInt(rows[limit-1].Key, 10)
		if byDue {
			more += "." + strconv.FormatInt(rows[limit-1].ID, 10)
		}
	}
	for _, r := range rows {
		list = append(list, r.Ticket)
	}
	return list, more, nil
}

// noDeadlineLast sorts by deadline; what has none comes last.
const noDeadlineLast = `COALESCE(t.deadline, 9000000000000000000)`

// beyondDue adds where a page that is sorted by deadline begins.
func (f TicketFilter) beyondDue(conditions []string, args []any, after string) ([]string, []any, error) {
	if after == "" {
		return append(conditions, `TRUE`), args, nil
	}
	var at, id int64
	if _, err := fmt.Sscanf(after, "%d.%d", &at, &id); err != nil {
		return nil, nil, migrations.Invalidf("This page of the list is not known. Please start from its first page.")
	}
	return append(conditions, `(`+noDeadlineLast+`, t.id) > (?, ?)`), append(args, at, id), nil
}

// CountTickets returns how many tickets f chooses, counting no further than limit.
func (s *Store) CountTickets(ctx context.Context, f TicketFilter, limit int) (n int, err error) {
	conditions, args := f.where()
	if strings.TrimSpace(f.Text) != "" {
		m, ok := s.match(f.Text)
		if !ok {
			return 0, nil
		}
		rows, err := selectFound[struct {
			One int `db:"one"`
		}](ctx, s, m, foundQuery{columns: `1 AS one`, inner: `ticket t ON t.id = d.ref `, kinds: []string{KindTicket}, conditions: conditions, args: args, limit: limit})
		if err != nil {
			return 0, fmt.Errorf("count tickets: %w", err)
		}
		return len(rows), nil
	}
	err = s.db.Get(ctx, &n, `SELECT count(*) FROM (SELECT 1 AS one FROM ticket t WHERE `+strings.Join(append(conditions, `TRUE`), ` AND `)+` LIMIT ?) counted`, append(args, limit)...)
	if err != nil {
		return 0, fmt.Errorf("count tickets: %w", err)
	}
	return n, nil
}

func (f TicketFilter) where() (conditions []string, args []any) {
	if n := len(f.Stages); n > 0 && n < 6 {
		conditions, args = append(conditions, `t.stage IN (`+marks(n)+`)`), append(args, anys(f.Stages)...)
	}
	if f.Level != 0 {
		conditions, args = append(conditions, `t.level = ?`), append(args, f.Level)
	}
	if f.Star {
		conditions = append(conditions, `t.star`)
	}
	if f.Untriaged {
		conditions = append(conditions, `t.triaged_at IS NULL`)
	}
	if f.News {
		conditions = append(conditions, `t.news`)
	}
	assignee := `t.assignee_id`
	if f.hidesArchived() {
		assignee = `+t.assignee_id` // of ten years' tickets few are live: those are walked, not all of somebody's
	}
	conditions, args = oneOrNone(conditions, args, assignee, f.AssigneeID)
	conditions, args = oneOrNone(conditions, args, `t.category_id`, f.CategoryID)
	if f.ClientID != 0 {
		conditions, args = append(conditions, `t.client_id = ?`), append(args, f.ClientID)
	}
	if f.Waiting != "" {
		conditions, args = append(conditions, `t.waiting = ?`), append(args, f.Waiting)
	}
	if f.DueBefore != 0 {
		conditions, args = append(conditions, `t.deadline < ?`), append(args, f.DueBefore)
	}
	if f.OpenedFrom != 0 {
		conditions, args = append(conditions, `t.opened_at >= ?`), append(args, f.OpenedFrom)
	}
	if f.OpenedBefore != 0 {
		conditions, args = append(conditions, `t.opened_at < ?`), append(args, f.OpenedBefore)
	}
	if f.Department != "" {
		conditions, args = append(conditions, `t.client_id IN (SELECT d.id FROM client d WHERE d.department = ?)`), append(args, f.Department)
	}
	if f.NoDepartment {
		conditions = append(conditions, `(t.client_id IS NULL OR t.client_id IN (SELECT d.id FROM client d WHERE d.department = ''))`)
	}
	if f.NoMerged {
		conditions = append(conditions, unmerged)
	}
	switch n := len(f.AssetIDs); {
	case n > 0:
		conditions, args = append(conditions, `t.id IN (SELECT l.b_id FROM link l WHERE l.a_kind = 'asset' AND l.b_kind = 'ticket' AND l.a_id IN (`+marks(n)+`))`), append(args, anys(f.AssetIDs)...)
	case f.AssetIDs != nil:
		conditions = append(conditions, `FALSE`)
	}
	if f.WatcherID != 0 {
		conditions, args = append(conditions, `t.id IN (SELECT ticket_id FROM watcher WHERE account_id = ?)`), append(args, f.WatcherID)
	}
	switch {
	case f.Archived == ArchivedOnly:
		conditions = append(conditions, `t.archived_at IS NOT NULL`)
	case f.hidesArchived():
		conditions = append(conditions, `t.archived_at IS NULL`)
	}
	return conditions, args
}

// hidesArchived reports whether f leaves archived tickets out.
func (f TicketFilter) hidesArchived() bool {
	return f.Archived != ArchivedOnly && f.Archived != ArchivedAlso && !(f.Archived == "" && f.Text != "")
}
