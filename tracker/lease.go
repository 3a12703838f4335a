package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"helpdeskd/migrations"
)

// Lease is the right to do one job: a mailbox, the outbox, the index, the
// clock. It has no expiry time, since clocks differ: a challenger takes over
// when the beat has not changed for the TTL on the challenger's own monotonic
// clock, raising the fence; a frozen holder's late transaction then fails.
type Lease struct {
	s      *Store
	name   string
	holder string
	fence  int64

	once sync.Once
	lost chan struct{}
	stop context.CancelFunc
}

type leaseRow struct {
	Holder string `db:"holder"`
	Fence  int64  `db:"fence"`
	Beat   int64  `db:"beat"`
}

// Acquire waits until the lease is ours or ctx ends. A holder of the same
// node is dead, because a node runs once (its data directory is locked): its
// lease is taken over at once.
func (s *Store) Acquire(ctx context.Context, name string) (*Lease, error) {
	start, _ := NewToken()
	holder := s.node + "/" + s.start + "/" + start
	var seen leaseRow
	var since time.Time
	wait := max(s.ttl/10, 5*time.Millisecond)
	for {
		row, fence, err := s.tryLease(ctx, name, holder, seen, !since.IsZero() && time.Since(since) >= s.ttl)
		if err != nil && migrations.KindOf(err) != migrations.Conflict {
			return nil, fmt.Errorf("acquire lease %s: %w", name, err)
		}
		if fence != 0 {
			return s.hold(name, holder, fence), nil
		}
		if row != seen || since.IsZero() {
			seen, since = row, time.Now()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// TryAcquire takes the lease if it is free now, else returns nil.
func (s *Store) TryAcquire(ctx context.Context, name string) (*Lease, error) {
	start, _ := NewToken()
	holder := s.node + "/" + s.start + "/" + start
	_, fence, err := s.tryLease(ctx, name, holder, leaseRow{}, false)
	if err != nil && migrations.KindOf(err) != migrations.Conflict {
		return nil, fmt.Errorf("acquire lease %s: %w", name, err)
	}
	if fence == 0 {
		return nil, nil
	}
	return s.hold(name, holder, fence), nil
}

// tryLease takes the lease where it is free, held by an earlier start of this
// node, or silent; otherwise it returns the row as it stands.
func (s *Store) tryLease(ctx context.Context, name, holder string, seen leaseRow, silent bool) (row leaseRow, fence int64, err error) {
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		err := tx.Get(ctx, &row, `SELECT holder, fence, beat FROM lease WHERE name = ?`, name)
		if migrations.KindOf(err) == migrations.NotFound {
			_, err = tx.Exec(ctx, `INSERT INTO lease (name, holder, fence, beat) VALUES (?, ?, 1, 1)`, name, holder)
			fence = 1
			return err
		}
		if err != nil {
			return err
		}
		node, _, _ := strings.Cut(row.Holder, "/")
		if row.Holder != "" && node != s.node && !(silent && row == seen) {
			return nil
		}
		if tx.Dialect() == migrations.Postgres {
			// The strongest lock: it waits for the holder's transactions, which
			// then end under the old fence, and no new one can begin.
			if err := tx.Get(ctx, &row.Beat, `SELECT beat FROM lease WHERE name = ? FOR UPDATE`, name); err != nil {
				return err
			}
			if silent && row != seen {
				return nil // it lives after all
			}
		}
		n, err := tx.Exec(ctx, `UPDATE lease SET holder = ?, fence = fence + 1, beat = beat + 1 WHERE name = ? AND fence = ? AND beat = ? AND holder = ?`,
			holder, name, row.Fence, row.Beat, row.Holder)
		if err != nil || n == 0 {
			return err
		}
		fence = row.Fence + 1
		return nil
	})
	if err != nil {
		return row, 0, err
	}
	return row, fence, nil
}

func (s *Store) hold(name, holder string, fence int64) *Lease {
	ctx, stop := context.WithCancel(context.Background())
	l := &Lease{s: s, name: name, holder: holder, fence: fence, lost: make(chan struct{}), stop: stop}
	go l.beat(ctx)
	return l
}

func (l *Lease) beat(ctx context.Context) {
	t := time.NewTicker(l.s.ttl / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := l.s.db.Tx(ctx, func(tx *migrations.Tx) error { return l.beatTx(ctx, tx) })
		switch {
		case ctx.Err() != nil:
			return
		case migrations.KindOf(err) == migrations.Conflict:
			return
		case err != nil: // the database is away: the fence decides once it is back
			l.s.log.Warn("lease beat failed", slog.String("lease", l.name), slog.Any("error", err))
		}
	}
}

// checkTx fails with Conflict when the lease was lost. On PostgreSQL the row
// stays locked until the transaction ends, so that nobody can take over in the
// middle of it; the lock is one that the holder's transactions share, so that
// mail can be kept while other mail is decided. On SQLite there is one writer.
func (l *Lease) checkTx(ctx context.Context, tx *migrations.Tx) error {
	if tx.Dialect() != migrations.Postgres {
		return l.beatTx(ctx, tx)
	}
	var one int
	err := tx.Get(ctx, &one, `SELECT 1 FROM lease WHERE name = ? AND holder = ? AND fence = ? FOR KEY SHARE`, l.name, l.holder, l.fence)
	if migrations.KindOf(err) == migrations.NotFound {
		return l.gone(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("check lease %s: %w", l.name, err)
	}
	return nil
}

// beatTx shows that the holder lives, and fails like checkTx.
func (l *Lease) beatTx(ctx context.Context, tx *migrations.Tx) error {
	n, err := tx.Exec(ctx, `UPDATE lease SET beat = beat + 1 WHERE name = ? AND holder = ? AND fence = ?`, l.name, l.holder, l.fence)
	if err != nil {
		return fmt.Errorf("check lease %s: %w", l.name, err)
	}
	if n == 0 {
		return l.gone(ctx, tx)
	}
	return nil
}

// gone is called where the row names somebody else. Where that is another
// process under this node's id, the node was copied: its data directory is
// locked, so that no other start of its own can live beside this one.
func (l *Lease) gone(ctx context.Context, tx *migrations.Tx) error {
	var holder string
	if err := tx.Get(ctx, &holder, `SELECT holder FROM lease WHERE name = ?`, l.name); err == nil && l.s.twin != nil {
		if node, rest, _ := strings.Cut(holder, "/"); node == l.s.node && !strings.HasPrefix(rest, l.s.start+"/") {
			l.s.twinOnce.Do(l.s.twin)
		}
	}
	l.once.Do(func() { close(l.lost) })
	l.stop()
	return migrations.Conflictf("lease %s was taken over", l.name)
}

// Fence returns the number under which this holder works; later holders have higher ones.
func (l *Lease) Fence() int64 { return l.fence }

// Lost is closed once it is known that somebody else took over.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Release gives the lease up, so that the next one need not wait.
func (l *Lease) Release(ctx context.Context) error {
	l.stop()
	err := l.s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE lease SET holder = '', beat = beat + 1 WHERE name = ? AND holder = ? AND fence = ?`, l.name, l.holder, l.fence)
		return err
	})
	if err != nil {
		return fmt.Errorf("release lease %s: %w", l.name, err)
	}
	return nil
}

// underLease runs fn in a transaction that a lost lease refuses. A nil lease
// checks nothing, for work that needs none.
func (s *Store) underLease(ctx context.Context, l *Lease, fn func(tx *migrations.Tx) error) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if l != nil {
			if err := l.checkTx(ctx, tx); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}
