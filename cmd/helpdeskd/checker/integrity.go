package checker

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Integrity reports what is damaged in the database itself: its pages and
// indexes, and rows that name others which are not there.
func Integrity(ctx context.Context, dsn string) ([]Finding, error) {
	db, err := Connect(dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if strings.HasPrefix(dsn, "sqlite:") {
		return sqliteIntegrity(ctx, db)
	}
	return postgresIntegrity(ctx, db)
}

func sqliteIntegrity(ctx context.Context, db *sql.DB) (out []Finding, err error) {
	err = each(ctx, db, `PRAGMA integrity_check`, func(r *sql.Rows) error {
		var said string
		if err := r.Scan(&said); err != nil || said == "ok" {
			return err
		}
		out = append(out, Finding{Damaged, said})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check the database's integrity: %w", err)
	}
	err = each(ctx, db, `PRAGMA foreign_key_check`, func(r *sql.Rows) error {
		var table, parent string
		var row sql.NullInt64
		var n int
		if err := r.Scan(&table, &row, &parent, &n); err != nil {
			return err
		}
		out = append(out, Finding{Damaged, fmt.Sprintf("row %d of %s names a row of %s that is not there", row.Int64, table, parent)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check the foreign keys: %w", err)
	}
	return out, nil
}

// postgresIntegrity counts orphans of every foreign key of one column, which
// all of ours are. PostgreSQL keeps no checksum that a session could verify.
func postgresIntegrity(ctx context.Context, db *sql.DB) (out []Finding, err error) {
	type key struct{ child, column, parent, target string }
	var keys []key
	err = each(ctx, db, `SELECT quote_ident(c.relname), quote_ident(a.attname), quote_ident(p.relname), quote_ident(b.attname)
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
		WHERE k.contype = 'f' AND array_length(k.conkey, 1) = 1 AND k.connamespace = 'public'::regnamespace`, func(r *sql.Rows) error {
		var k key
		if err := r.Scan(&k.child, &k.column, &k.parent, &k.target); err != nil {
			return err
		}
		keys = append(keys, k)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the foreign keys: %w", err)
	}
	for _, k := range keys {
		var n int
		q := fmt.Sprintf(`SELECT COUNT(*) FROM %[1]s c WHERE c.%[2]s IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %[3]s p WHERE p.%[4]s = c.%[2]s)`, k.child, k.column, k.parent, k.target)
		if err := db.QueryRowContext(ctx, q).Scan(&n); err != nil {
			return nil, fmt.Errorf("check the foreign key %s.%s: %w", k.child, k.column, err)
		}
		if n > 0 {
			out = append(out, Finding{Damaged, fmt.Sprintf("%d rows of %s name rows of %s that are not there", n, k.child, k.parent)})
		}
	}
	return out, nil
}
