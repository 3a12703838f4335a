package checker

import (
	"context"
	"database/sql"
	"fmt"
	"mime"
	"time"
)

// decode reads RFC 2047 words, and returns the text as it is where it cannot.
func decode(s string) string {
	d := mime.WordDecoder{}
	if t, err := d.DecodeHeader(s); err == nil {
		return t
	}
	return s
}

// State is how far a helpdesk has come.
type State struct {
	Kept, Open, Unmoved           int // of the inbox
	Queued, Sending, Sent, Failed int // of the outbox; Failed: uncertain or dead
	Tickets                       int
}

func (s State) String() string {
	return fmt.Sprintf("%d kept (%d open, %d unmoved), %d tickets, outbox %d queued %d sending %d sent %d failed",
		s.Kept, s.Open, s.Unmoved, s.Tickets, s.Queued, s.Sending, s.Sent, s.Failed)
}

// Look reads how far a helpdesk has come.
func Look(ctx context.Context, db *sql.DB) (State, error) {
	var s State
	err := db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN state <> 'done' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN moved_at IS NULL AND uid IS NOT NULL THEN 1 ELSE 0 END), 0) FROM inbox`).Scan(&s.Kept, &s.Open, &s.Unmoved)
	if err != nil {
		return s, fmt.Errorf("look at the inbox: %w", err)
	}
	err = db.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state = 'sending' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state = 'sent' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state IN ('uncertain', 'dead') THEN 1 ELSE 0 END), 0) FROM outbox`).Scan(&s.Queued, &s.Sending, &s.Sent, &s.Failed)
	if err != nil {
		return s, fmt.Errorf("look at the outbox: %w", err)
	}
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM ticket`).Scan(&s.Tickets); err != nil {
		return s, fmt.Errorf("look at the tickets: %w", err)
	}
	return s, nil
}

// Wait looks every fiftieth of a second until done says so, and fails when
// timeout has passed without it.
func Wait(ctx context.Context, dsn string, timeout time.Duration, done func(State) bool) (State, error) {
	db, err := Connect(dsn)
	if err != nil {
		return State{}, err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last State
	for {
		s, err := Look(ctx, db)
		if err == nil {
			last = s
			if done(s) {
				return s, nil
			}
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("waited %s in vain: %s", timeout, last)
		case <-tick.C:
		}
	}
}

// Settled reports whether n mails were kept and nothing is left to do.
func Settled(n int) func(State) bool {
	return func(s State) bool {
		return s.Kept >= n && s.Open == 0 && s.Unmoved == 0 && s.Queued == 0 && s.Sending == 0
	}
}
