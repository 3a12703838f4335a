package tracker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// EventFilter chooses events for the audit; the zero value chooses all.
type EventFilter struct {
	Actor   string // account:7, client:12, system
	Subject string // ticket, account, setting, …
	Kind    string // stage, changed, …
	From    time.Time
	To      time.Time // not in it
}

// EventKey is where a page of events ends.
type EventKey struct {
	At migrations.Stamp
	ID int64
}

// Events returns events, the newest first, from the one after before (the zero
// value for the beginning). The indexes that serve each filter leave out what
// is common, see the schema: the conditions say so again, for the planner.
func (s *Store) Events(ctx context.Context, f EventFilter, before EventKey, limit int) ([]EventRow, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if f.Actor != "" {
		add(`actor = ?`, f.Actor)
		if f.Actor != (Actor{}).String() {
			add(`actor <> 'system'`)
		}
	}
	if f.Subject != "" {
		add(`subject = ?`, f.Subject)
		if f.Subject != KindTicket {
			add(`subject <> 'ticket'`)
		}
	}
	if f.Kind != "" {
		add(`kind = ?`, f.Kind)
		if f.Kind != "opened" && f.Kind != "sent" && f.Kind != "stage" {
			add(`kind <> 'opened' AND kind <> 'sent' AND kind <> 'stage'`)
		}
	}
	if !f.From.IsZero() {
		add(`at >= ?`, migrations.At(f.From))
	}
	if !f.To.IsZero() {
		add(`at < ?`, migrations.At(f.To))
	}
	if before.ID != 0 {
		add(`(at, id) < (?, ?)`, before.At, before.ID)
	}
	query := `SELECT id, at, actor, subject, subject_id, kind, was, became FROM event`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	var rows []EventRow
	if err := s.db.Select(ctx, &rows, query+` ORDER BY at DESC, id DESC LIMIT ?`, append(args, limit)...); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return rows, nil
}

// Key returns the key of the page that ends with the event.
func (e EventRow) Key() EventKey { return EventKey{e.At, e.ID} }
