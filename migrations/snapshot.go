package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Snapshot reads the database as it was at one moment, whatever others write
// meanwhile. On SQLite its log can not shrink before Close.
type Snapshot struct {
	tx     *sqlx.Tx
	engine Engine
	frozen bool
	done   func()
}

// Snapshot begins to read the database as it is now.
func (db *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	o := &sql.TxOptions{ReadOnly: true}
	if db.Engine == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, done, err := db.beginLong(ctx, db.read, o)
	if err != nil {
		return nil, fmt.Errorf("begin to read: %w", err)
	}
	s := &Snapshot{tx: tx, engine: db.Engine, done: done}
	// The moment is that of the first reading.
	var one int
	if err := tx.GetContext(ctx, &one, `SELECT COUNT(*) FROM counter`); err != nil {
		s.Close()
		return nil, fmt.Errorf("begin to read: %w", translate(err))
	}
	return s, nil
}

// Freeze is Snapshot, and nobody can write until it is closed. When this
// process dies the database goes on as if nothing had been.
func (db *DB) Freeze(ctx context.Context) (*Snapshot, error) {
	tables, err := Tables(ctx, db)
	if err != nil {
		return nil, err
	}
	o := &sql.TxOptions{}
	if db.Engine == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, done, err := db.beginLong(ctx, db.write, o)
	if err != nil {
		return nil, fmt.Errorf("hold the database: %w", err)
	}
	s := &Snapshot{tx: tx, engine: db.Engine, frozen: true, done: done}
	if db.Engine == Postgres {
		names := make([]string, len(tables))
		for i, t := range tables {
			names[i] = quoted(t.Name)
		}
		_, err = tx.ExecContext(ctx, `SET LOCAL lock_timeout = '15s'`)
		if err == nil {
			_, err = tx.ExecContext(ctx, `LOCK TABLE `+strings.Join(names, ", ")+` IN SHARE MODE`)
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("hold the database, which somebody is writing to: %w", translate(err))
		}
	}
	return s, nil
}

// beginLong begins a transaction that may take hours: PostgreSQL's usual bounds
// on statements and silences do not hold for it.
func (db *DB) beginLong(ctx context.Context, pool *sqlx.DB, o *sql.TxOptions) (*sqlx.Tx, func(), error) {
	done := func() {}
	if db.Engine == Postgres {
		c, err := postgresConnector(db.dsn, true)
		if err != nil {
			return nil, nil, err
		}
		own := sqlx.NewDb(sql.OpenDB(c), "postgres")
		pool, done = own, func() { own.Close() }
	}
	tx, err := pool.BeginTxx(ctx, o)
	if err != nil {
		done()
		return nil, nil, translate(err)
	}
	return tx, done, nil
}

// SchemaVersion returns the version of the schema that q reads.
func SchemaVersion(ctx context.Context, q Queryer) (int64, error) {
	var v int64
	if err := q.Get(ctx, &v, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`); err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	return v, nil
}

// Close ends the reading; what was written under Freeze is forgotten.
func (s *Snapshot) Close() error {
	err := s.tx.Rollback()
	s.done()
	return err
}

// Leave ends a Freeze, closing the database for good in the same transaction.
func (s *Snapshot) Leave(ctx context.Context, c Closed) error {
	if !s.frozen {
		return fmt.Errorf("this reads only")
	}
	if err := closeTx(ctx, s.tx, s.engine, c); err != nil {
		return err
	}
	if err := s.tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	return nil
}

// Dialect returns the engine.
func (s *Snapshot) Dialect() Engine { return s.engine }

// Get reads one row.
func (s *Snapshot) Get(ctx context.Context, dest any, query string, args ...any) error {
	return translate(s.tx.GetContext(ctx, dest, rebind(s.engine, query), args...))
}

// Select reads rows.
func (s *Snapshot) Select(ctx context.Context, dest any, query string, args ...any) error {
	return translate(s.tx.SelectContext(ctx, dest, rebind(s.engine, query), args...))
}

// Each reads rows one at a time, as many as there are. The values, of the
// driver's types, are valid during the call of fn only, which must not read
// the snapshot itself.
func (s *Snapshot) Each(ctx context.Context, fn func(values []any) error, query string, args ...any) error {
	rows, err := s.tx.QueryContext(ctx, rebind(s.engine, query), args...)
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return translate(err)
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return translate(err)
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// Rows reads a table. The values have the types of the columns' kinds: int64,
// string, []byte, bool, float64, or nil. A value that is not of its column's
// kind, which SQLite admits, is an error that names it.
func (s *Snapshot) Rows(ctx context.Context, t Table, fn func(values []any) error) error {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quoted(c.Name)
	}
	return s.Each(ctx, func(values []any) error {
		for i, c := range t.Columns {
			v, err := As(c.Kind, values[i])
			if err != nil {
				return fmt.Errorf("table %s, column %s: %w (the row: %.300v)", t.Name, c.Name, err, values)
			}
			values[i] = v
		}
		return fn(values)
	}, `SELECT `+strings.Join(names, ", ")+` FROM `+quoted(t.Name))
}

// As brings a driver's value to the type of its column.
func As(kind ColumnKind, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		switch kind {
		case KindInt:
			return v, nil
		case KindBool:
			return v != 0, nil
		case KindReal:
			return float64(v), nil
		}
	case string:
		switch kind {
		case KindText:
			return v, nil
		case KindBytes:
			return []byte(v), nil
		}
	case []byte:
		switch kind {
		case KindText:
			return string(v), nil
		case KindBytes:
			if v == nil {
				v = []byte{}
			}
			return v, nil
		}
	case bool:
		switch kind {
		case KindBool:
			return v, nil
		case KindInt:
			if v {
				return int64(1), nil
			}
			return int64(0), nil
		}
	case float64:
		if kind == KindReal {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%.60q is not of the kind %s", fmt.Sprint(v), kind)
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
