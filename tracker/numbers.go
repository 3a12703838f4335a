package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// Numbers are what a monitor asks of a desk. They come from rows and partial
// indexes that stay small however much mail there ever was.
type Numbers struct {
	Mailboxes       []Mailbox
	Undecided       int
	OldestUndecided migrations.Stamp // its arrival; 0 for none
	Quarantined     int
	Outbox          []Count // what has not left, by state; every state is there
	OldestDue       migrations.Stamp
	Bounced         []Count
	ToIndex         int
	Leases          []LeaseState
	Beats           []Beat
	Alarms          []Alarm // open ones
}

// Numbers returns them.
func (s *Store) Numbers(ctx context.Context) (n Numbers, err error) {
	if n.Mailboxes, err = s.Mailboxes(ctx); err != nil {
		return n, err
	}
	if n.Leases, err = s.Leases(ctx); err != nil {
		return n, err
	}
	if n.Beats, err = s.Beats(ctx); err != nil {
		return n, err
	}
	if n.Alarms, err = s.OpenAlarms(ctx); err != nil {
		return n, err
	}
	now := s.stamp()
	for _, q := range []struct {
		dest  any
		query string
		args  []any
	}{
		{&n.Undecided, `SELECT count(*) FROM inbox WHERE state <> 'done'`, nil},
		{&n.OldestUndecided, `SELECT COALESCE(MIN(received_at), 0) FROM inbox WHERE state <> 'done'`, nil},
		{&n.Quarantined, `SELECT count(*) FROM inbox WHERE fate = 'quarantine'`, nil},
		{&n.OldestDue, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE state = 'queued' AND ` + isDue, []any{now, now}},
		{&n.ToIndex, `SELECT count(*) FROM search_queue`, nil},
	} {
		if err := s.db.Get(ctx, q.dest, q.query, q.args...); err != nil {
			return n, fmt.Errorf("read numbers: %w", err)
		}
	}
	var rows []Count
	if err := s.db.Select(ctx, &rows, `SELECT state AS what, count(*) AS n FROM outbox WHERE state <> 'sent' GROUP BY state`); err != nil {
		return n, fmt.Errorf("count the outbox: %w", err)
	}
	have := map[string]int{}
	for _, r := range rows {
		have[r.What] = r.N
	}
	for _, state := range OutboxCounts() {
		if state != OutboxSent {
			n.Outbox = append(n.Outbox, Count{What: state, N: have[state]})
		}
	}
	err = s.db.Select(ctx, &n.Bounced, `SELECT bounce AS what, count(*) AS n FROM outbox WHERE bounce <> '' AND bounce_at > ? GROUP BY bounce`, migrations.At(s.Now().Add(-returnedFor)))
	if err != nil {
		return n, fmt.Errorf("count what came back: %w", err)
	}
	return n, nil
}
