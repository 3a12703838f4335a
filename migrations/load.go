package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Load fills a database from scratch: what it held is gone, and its indexes
// and foreign keys are put up, and checked, at the end.
type Load struct {
	tx     *sqlx.Tx
	engine Engine
	tables []Table
	open   *sql.Stmt
	isCopy bool
}

// Load runs fn, which fills the tables, in one transaction. Before it commits,
// every foreign key is checked, and what counts by itself goes on behind the
// highest number. With c the database is closed in the same transaction.
//
// On SQLite the file must be nobody else's, and is worth nothing when this
// fails: nothing is logged, and nothing is surely on disk before it is synced.
func (db *DB) Load(ctx context.Context, c *Closed, fn func(l *Load) error) error {
	if db.Engine == SQLite { // what only reads keeps the file from being ours alone
		db.read.SetMaxIdleConns(0)
		defer db.read.SetMaxIdleConns(idleReaders)
	}
	tables, err := Tables(ctx, db)
	if err != nil {
		return err
	}
	if db.Engine == SQLite {
		for _, p := range []string{`journal_mode = OFF`, `synchronous = OFF`, `foreign_keys = OFF`, `cache_size = -65536`} {
			if _, err := db.write.ExecContext(ctx, `PRAGMA `+p); err != nil {
				return fmt.Errorf("prepare to fill the database: %w", translate(err))
			}
		}
	}
	tx, done, err := db.beginLong(ctx, db.write, nil)
	if err != nil {
		return fmt.Errorf("begin to fill the database: %w", err)
	}
	defer done()
	defer tx.Rollback()
	l := &Load{tx: tx, engine: db.Engine, tables: tables}
	again, err := l.strip(ctx)
	if err != nil {
		return fmt.Errorf("empty the database: %w", translate(err))
	}
	if err := fn(l); err != nil {
		return err
	}
	if err := l.End(ctx); err != nil {
		return err
	}
	for _, q := range again {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.120s: %w", q, translate(err))
		}
	}
	if err := l.checkReferences(ctx); err != nil {
		return err
	}
	if err := l.count(ctx); err != nil {
		return err
	}
	if c != nil {
		if err := closeTx(ctx, tx, db.Engine, *c); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	if db.Engine == SQLite {
		for _, p := range []string{`synchronous = FULL`, `journal_mode = WAL`, `foreign_keys = ON`, `cache_size = -8000`} {
			if _, err := db.write.ExecContext(ctx, `PRAGMA `+p); err != nil {
				return fmt.Errorf("end filling the database: %w", translate(err))
			}
		}
	}
	return nil
}

// Tables returns the tables that there are.
func (l *Load) Tables() []Table { return l.tables }

// strip empties every table and takes off indexes and foreign keys, and
// returns the statements that put them up again.
func (l *Load) strip(ctx context.Context) (again []string, err error) {
	if l.engine == SQLite {
		var indexes []struct{ Name, SQL string }
		if err := l.tx.SelectContext(ctx, &indexes, `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`); err != nil {
			return nil, err
		}
		for _, i := range indexes {
			if _, err := l.tx.ExecContext(ctx, `DROP INDEX `+quoted(i.Name)); err != nil {
				return nil, err
			}
			again = append(again, i.SQL)
		}
		for _, t := range append(l.names(), "search_words") {
			if _, err := l.tx.ExecContext(ctx, `DELETE FROM `+quoted(t)); err != nil {
				return nil, err
			}
		}
		return again, nil
	}
	if _, err := l.tx.ExecContext(ctx, `SET LOCAL lock_timeout = '15s'; SET LOCAL maintenance_work_mem = '256MB'`); err != nil {
		return nil, err
	}
	var parts []struct{ Drop, Again string }
	err = l.tx.SelectContext(ctx, &parts, `SELECT 'ALTER TABLE ' || CAST(conrelid::regclass AS TEXT) || ' DROP CONSTRAINT ' || quote_ident(conname) AS drop,
			'ALTER TABLE ' || CAST(conrelid::regclass AS TEXT) || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(c.oid) AS again
		FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.contype = 'f' AND n.nspname = current_schema()`)
	if err != nil {
		return nil, err
	}
	var indexes []struct{ Drop, Again string }
	err = l.tx.SelectContext(ctx, &indexes, `SELECT 'DROP INDEX ' || CAST(i.indexrelid::regclass AS TEXT) AS drop, pg_get_indexdef(i.indexrelid) AS again
		FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid JOIN pg_namespace n ON n.oid = r.relnamespace
		WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)`)
	if err != nil {
		return nil, err
	}
	names := append(l.names(), "search_words")
	for i := range names {
		names[i] = quoted(names[i])
	}
	// Locked first, so that who is at work there is told of once.
	todo := []string{`LOCK TABLE ` + strings.Join(names, ", ") + ` IN ACCESS EXCLUSIVE MODE`}
	for _, p := range slices.Concat(parts, indexes) {
		todo = append(todo, p.Drop)
	}
	todo = append(todo, `TRUNCATE `+strings.Join(names, ", "))
	for _, q := range todo {
		if _, err := l.tx.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("%.60s: %w", q, err)
		}
	}
	for _, p := range slices.Concat(indexes, parts) {
		again = append(again, p.Again)
	}
	return again, nil
}

func (l *Load) names() []string {
	var names []string
	for _, t := range l.tables {
		names = append(names, t.Name)
	}
	return names
}

// Begin has the next rows go into some columns of a table.
func (l *Load) Begin(ctx context.Context, table string, columns []string) error {
	if err := l.End(ctx); err != nil {
		return err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoted(c)
	}
	query := `COPY ` + quoted(table) + ` (` + strings.Join(names, ", ") + `) FROM STDIN`
	if l.isCopy = l.engine == Postgres; !l.isCopy {
		query = `INSERT INTO ` + quoted(table) + ` (` + strings.Join(names, ", ") + `) VALUES (?` + strings.Repeat(", ?", len(columns)-1) + `)`
	}
	s, err := l.tx.PrepareContext(ctx, query)
	if err != nil {
		return fmt.Errorf("fill table %s: %w", table, translate(err))
	}
	l.open = s
	return nil
}

// Row writes a row into the columns that Begin named.
func (l *Load) Row(ctx context.Context, values []any) error {
	_, err := l.open.ExecContext(ctx, values...)
	return translate(err)
}

// End ends the rows of the last Begin.
func (l *Load) End(ctx context.Context) error {
	if l.open == nil {
		return nil
	}
	s := l.open
	l.open = nil
	if l.isCopy {
		if _, err := s.ExecContext(ctx); err != nil {
			s.Close()
			return translate(err)
		}
	}
	return translate(s.Close())
}

// checkReferences is for SQLite, which does not look at foreign keys when they
// are put up.
func (l *Load) checkReferences(ctx context.Context) error {
	if l.engine != SQLite {
		return nil
	}
	var bad []struct {
		Table  string `db:"table"`
		RowID  *int64 `db:"rowid"`
		Parent string `db:"parent"`
	}
	if err := l.tx.SelectContext(ctx, &bad, `SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 5`); err != nil {
		return fmt.Errorf("check the foreign keys: %w", translate(err))
	}
	if len(bad) > 0 {
		return Invalidf("what came is not whole: a row of %s (%d) names a row of %s that is not there", bad[0].Table, Or((*Stamp)(bad[0].RowID)), bad[0].Parent)
	}
	return nil
}

// count has the columns that count by themselves go on behind what is there.
// SQLite does by itself.
func (l *Load) count(ctx context.Context) error {
	if l.engine != Postgres {
		return nil
	}
	list, err := identities(ctx, l.tx)
	if err != nil {
		return err
	}
	for _, i := range list {
		q := fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%s', '%s'), GREATEST((SELECT MAX(%s) FROM %s), 1), EXISTS (SELECT 1 FROM %s))`,
			quoted(i.Table), i.Column, quoted(i.Column), quoted(i.Table), quoted(i.Table))
		if _, err := l.tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("set the numbering of table %s: %w", i.Table, translate(err))
		}
	}
	return nil
}

type identity struct {
	Table  string `db:"tbl"`
	Column string `db:"col"`
}

func identities(ctx context.Context, q sqlx.QueryerContext) (list []identity, err error) {
	err = sqlx.SelectContext(ctx, q, &list, `SELECT CAST(table_name AS TEXT) AS tbl, CAST(column_name AS TEXT) AS col FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("list the columns that count: %w", translate(err))
	}
	return list, nil
}
