package tracker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"helpdeskd/migrations"
)

// Names of those who show by beats that they work. A mailbox's worker is
// BeatDecide with the mailbox's id behind it, a node BeatNode with its own.
const (
	BeatOutbox = "outbox"
	BeatIndex  = "index"
	BeatClock  = "clock"
	BeatDecide = "decide:"
	BeatNode   = "node:"
)

// beats are those of this process that the database does not know yet. A beat
// costs a map's entry; WriteBeats writes all of them in one transaction.
type beats struct {
	mu  sync.Mutex
	due map[string]bool
}

// Alive notes that a job of this process works. It is cheap enough for every
// turn of a loop.
func (s *Store) Alive(name string) {
	s.beats.mu.Lock()
	defer s.beats.mu.Unlock()
	if s.beats.due == nil {
		s.beats.due = map[string]bool{}
	}
	s.beats.due[name] = true
}

// Node returns the name of this node.
func (s *Store) Node() string { return s.node }

// WriteBeats writes who of this process has shown life since the last time,
// and that the process itself lives.
func (s *Store) WriteBeats(ctx context.Context) error {
	s.Alive(BeatNode + s.node)
	s.beats.mu.Lock()
	due := s.beats.due
	s.beats.due = nil
	s.beats.mu.Unlock()
	now := s.stamp()
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(due)) { // in one order, so that nodes do not wait in a circle
			_, err := tx.Exec(ctx, `INSERT INTO beat (name, node, at, n) VALUES (?, ?, ?, 1)
				ON CONFLICT (name) DO UPDATE SET node = excluded.node, at = excluded.at, n = beat.n + 1`, name, s.node, now)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for name := range due {
			s.Alive(name)
		}
		return fmt.Errorf("write heartbeats: %w", err)
	}
	return nil
}

// Leave takes this node off the list of those that are expected to live.
func (s *Store) Leave(ctx context.Context) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM beat WHERE name = ?`, BeatNode+s.node)
		return err
	})
	if err != nil {
		return fmt.Errorf("take node %s off the list: %w", s.node, err)
	}
	return nil
}

// ForgetNode takes a node that is gone for good off the list of those that are
// expected to live: a person's decision, or that of time.
func (s *Store) ForgetNode(ctx context.Context, actor Actor, node string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM beat WHERE name = ?`, BeatNode+node)
		if err != nil || n == 0 {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "alarm", Kind: "node_forgotten", Was: node})
	})
	if err != nil {
		return fmt.Errorf("forget node %s: %w", node, err)
	}
	return nil
}

// Beat is the last sign of life of somebody.
type Beat struct {
	Name string           `db:"name"`
	Node string           `db:"node"`
	At   migrations.Stamp `db:"at"`
	N    int64            `db:"n"`
}

// Beats returns every sign of life, by name.
func (s *Store) Beats(ctx context.Context) ([]Beat, error) {
	var list []Beat
	if err := s.db.Select(ctx, &list, `SELECT name, node, at, n FROM beat ORDER BY name`); err != nil {
		return nil, fmt.Errorf("read heartbeats: %w", err)
	}
	return list, nil
}

// LeaseState is who holds a lease.
type LeaseState struct {
	Name   string `db:"name"`
	Holder string `db:"holder"` // NODE/START, "" for nobody
	Fence  int64  `db:"fence"`
	Beat   int64  `db:"beat"`
}

// HolderNode is the node that holds it.
func (l LeaseState) HolderNode() string {
	node, _, _ := strings.Cut(l.Holder, "/")
	return node
}

// Leases returns every lease, by name.
func (s *Store) Leases(ctx context.Context) ([]LeaseState, error) {
	var list []LeaseState
	if err := s.db.Select(ctx, &list, `SELECT name, holder, fence, beat FROM lease ORDER BY name`); err != nil {
		return nil, fmt.Errorf("read leases: %w", err)
	}
	return list, nil
}

// changing is what one looker remembers of numbers that grow while somebody
// lives: for how long, by the looker's own clock, they have not grown. So no
// dead process is hidden by a clock that is ahead, and none that lives is
// taken for dead because a clock is behind.
type changing struct {
	n     int64
	since time.Time
	first time.Time // when it was first looked at
}

// unchanged returns for how long the number stayed the same in the looker's eyes.
func (x *Observer) unchanged(name string, n int64, now time.Time) time.Duration {
	c, ok := x.seen[name]
	if !ok || c.n != n {
		if !ok {
			c.first = now
		}
		c.n, c.since = n, now
		x.seen[name] = c
	}
	return max(0, now.Sub(c.since))
}
