package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	sqlite "modernc.org/sqlite"
)

// Queryer is what reads: a DB (its read pool) or a Tx. Queries use ? for
// parameters on both engines.
type Queryer interface {
	// Get scans one row into dest; a missing row is a NotFound error.
	Get(ctx context.Context, dest any, query string, args ...any) error
	// Select scans all rows into the slice that dest points to.
	Select(ctx context.Context, dest any, query string, args ...any) error
	// Dialect names the engine, for the few texts that differ.
	Dialect() Engine
}

var rebound sync.Map // of query text by query text, PostgreSQL only

// maxMarks is up to how many parameters a text is remembered: those of lists
// have any number, and would gather without end.
const maxMarks = 40

func rebind(e Engine, q string) string {
	if e == SQLite {
		return q
	}
	if strings.Count(q, "?") > maxMarks {
		return sqlx.Rebind(sqlx.DOLLAR, q)
	}
	if v, ok := rebound.Load(q); ok {
		return v.(string)
	}
	r := sqlx.Rebind(sqlx.DOLLAR, q)
	rebound.Store(q, r)
	return r
}

// Dialect returns the engine.
func (db *DB) Dialect() Engine { return db.Engine }

// Get reads one row outside any transaction.
func (db *DB) Get(ctx context.Context, dest any, query string, args ...any) error {
	return translate(db.read.GetContext(ctx, dest, rebind(db.Engine, query), args...))
}

// Select reads rows outside any transaction.
func (db *DB) Select(ctx context.Context, dest any, query string, args ...any) error {
	return translate(db.read.SelectContext(ctx, dest, rebind(db.Engine, query), args...))
}

// Tx is a writing transaction. A query that it runs a second time is
// prepared, which makes batches cheap; on PostgreSQL connections do so.
type Tx struct {
	tx     *sqlx.Tx
	engine Engine
	once   map[string]*sqlx.Stmt // on SQLite
	later  []*pending
	after  []func()
}

// Tx runs fn in a transaction, and commits when it returns nil. On SQLite
// there is one at a time. The functions given to AfterCommit run once it is
// committed.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) (err error) {
	defer func(began time.Time) { db.meters.note(began, err) }(time.Now())
	t, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	tx := &Tx{tx: t, engine: db.Engine, once: map[string]*sqlx.Stmt{}}
	defer t.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// AfterCommit has f run when the transaction has been committed.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Dialect returns the engine.
func (tx *Tx) Dialect() Engine { return tx.engine }

// stmt returns the prepared statement of a query from its second use on, else
// nil, and nil where connections prepare.
func (tx *Tx) stmt(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if tx.engine == Postgres {
		return nil, nil
	}
	s, seen := tx.once[query]
	if s != nil {
		return s, nil
	}
	if !seen {
		tx.once[query] = nil
		return nil, nil
	}
	s, err := tx.tx.PreparexContext(ctx, rebind(tx.engine, query))
	if err != nil {
		return nil, translate(err)
	}
	tx.once[query] = s
	return s, nil
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := tx.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	var r sql.Result
	if s != nil {
		r, err = s.ExecContext(ctx, args...)
	} else {
		r, err = tx.tx.ExecContext(ctx, rebind(tx.engine, query), args...)
	}
	if err != nil {
		return 0, translate(err)
	}
	n, err := r.RowsAffected()
	return n, translate(err)
}

// Get reads one row.
func (tx *Tx) Get(ctx context.Context, dest any, query string, args ...any) error {
	s, err := tx.stmt(ctx, query)
	if err != nil {
		return err
	}
	if s != nil {
		return translate(s.GetContext(ctx, dest, args...))
	}
	return translate(tx.tx.GetContext(ctx, dest, rebind(tx.engine, query), args...))
}

// Select reads rows.
func (tx *Tx) Select(ctx context.Context, dest any, query string, args ...any) error {
	s, err := tx.stmt(ctx, query)
	if err != nil {
		return err
	}
	if s != nil {
		return translate(s.SelectContext(ctx, dest, args...))
	}
	return translate(tx.tx.SelectContext(ctx, dest, rebind(tx.engine, query), args...))
}

// Try runs fn within the transaction. Where fn fails, what it did is undone and
// the transaction goes on: for many alike of which some may be refused. What
// fn gave to AfterCommit is forgotten then too.
func (tx *Tx) Try(ctx context.Context, fn func() error) error {
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	if _, err := tx.tx.ExecContext(ctx, `SAVEPOINT attempt`); err != nil {
		return translate(err)
	}
	after := len(tx.after)
	err := fn()
	if err == nil {
		err = tx.Flush(ctx)
	}
	if err != nil {
		for _, p := range tx.later {
			p.args = nil
			clear(p.seen)
		}
		tx.after = tx.after[:after]
		if _, rerr := tx.tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT attempt`); rerr != nil {
			return fmt.Errorf("%w (and going back failed: %v)", err, rerr)
		}
	}
	if _, rerr := tx.tx.ExecContext(ctx, `RELEASE SAVEPOINT attempt`); rerr != nil && err == nil {
		err = translate(rerr)
	}
	return err
}

// pending is rows that one INSERT will write.
type pending struct {
	head, tail string
	width      int
	args       []any
	seen       map[string]bool
}

// laterRows is how many rows one INSERT of Later carries at most.
const laterRows = 100

// Later adds a row to an INSERT that runs before the commit, or at Flush:
// what nobody reads back within the transaction costs a batch one statement
// instead of one a row. head ends before VALUES, tail begins after the rows
// and is empty or an ON CONFLICT clause; with one, rows that are alike in their
// first two values, which must be the key, are written once.
func (tx *Tx) Later(ctx context.Context, head, tail string, args ...any) error {
	var p *pending
	for _, q := range tx.later {
		if q.head == head && q.tail == tail {
			p = q
		}
	}
	if p == nil {
		p = &pending{head: head, tail: tail, width: len(args), seen: map[string]bool{}}
		tx.later = append(tx.later, p)
	}
	if tail != "" {
		key := fmt.Sprint(args[0], "\x00", args[1])
		if p.seen[key] {
			return nil
		}
		p.seen[key] = true
	}
	p.args = append(p.args, args...)
	if len(p.args) < laterRows*p.width {
		return nil
	}
	return tx.flush(ctx, p)
}

// Flush writes what Later put off.
func (tx *Tx) Flush(ctx context.Context) error {
	for _, p := range tx.later {
		if err := tx.flush(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) flush(ctx context.Context, p *pending) error {
	if len(p.args) == 0 {
		return nil
	}
	row := "(" + strings.Repeat("?, ", p.width-1) + "?)"
	rows := len(p.args) / p.width
	query := p.head + " VALUES " + strings.Repeat(row+", ", rows-1) + row + " " + p.tail
	args := p.args
	p.args = nil
	clear(p.seen)
	_, err := tx.tx.ExecContext(ctx, rebind(tx.engine, query), args...)
	return translate(err)
}

// Insert runs an INSERT … RETURNING id.
func (tx *Tx) Insert(ctx context.Context, query string, args ...any) (int64, error) {
	var id int64
	err := tx.Get(ctx, &id, query, args...)
	return id, err
}

// translate gives the errors that callers act upon their kinds.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return &Error{Kind: NotFound, Message: "not found", Err: err}
	}
	if IsUnique(err) {
		return &Error{Kind: Conflict, Message: "this exists already", Err: err}
	}
	return err
}

// IsUnique reports whether err is a violated unique constraint.
func IsUnique(err error) bool {
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code() == 2067 || s.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY
	}
	var p *pq.Error
	return errors.As(err, &p) && p.Code == "23505"
}
