package migrations_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func engines(t *testing.T, fn func(t *testing.T, dsn string)) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			dsn := dbtest.DSN(t, e)
			if e == migrations.Postgres { // DSN hands out a migrated copy; start from nothing
				db, err := migrations.Connect(t.Context(), dsn)
				if err != nil {
					t.Fatal(err)
				}
				err = db.Tx(t.Context(), func(tx *migrations.Tx) error {
					if _, err := tx.Exec(t.Context(), `DROP SCHEMA public CASCADE`); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), `CREATE SCHEMA public`)
					return err
				})
				db.Close()
				if err != nil {
					t.Fatal(err)
				}
			}
			fn(t, dsn)
		})
	}
}

func TestSeveralProcessesMayOpenAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, dsn string) {
		var g errgroup.Group
		for range 6 {
			g.Go(func() error {
				db, err := migrations.Open(context.Background(), dsn)
				if err != nil {
					return err
				}
				return db.Close()
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTheDatabaseIsPrivate: in a folder that everybody may enter, too.
func TestTheDatabaseIsPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := migrations.Open(t.Context(), "sqlite:"+filepath.Join(dir, "helpdeskd.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := filepath.Glob(filepath.Join(dir, "helpdeskd.db*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, f := range files {
		if i, err := os.Stat(f); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(f), i.Mode(), err)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, dsn string) {
		db, err := migrations.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Tx(t.Context(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)`, 9999, true)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		_, err = migrations.Open(t.Context(), dsn)
		if migrations.KindOf(err) != migrations.Invalid || !strings.Contains(err.Error(), "newer helpdeskd (schema 9999") {
			t.Fatalf("a newer schema gave %v", err)
		}
	})
}

func TestUnknownSchemeIsNamedWithoutSecrets(t *testing.T) {
	_, err := migrations.Open(t.Context(), "mysql://root:hunter2@db/x")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func TestTxRollsBackAndTranslates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		insert := func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)`, "look.company", "Aldermere", 1)
			return err
		}
		boom := errors.New("boom")
		ran := false
		err := db.Tx(ctx, func(tx *migrations.Tx) error {
			tx.AfterCommit(func() { ran = true })
			if err := insert(tx); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || ran {
			t.Fatalf("err %v, after-commit ran %v", err, ran)
		}
		var value string
		err = db.Get(ctx, &value, `SELECT value FROM setting WHERE name = ?`, "look.company")
		if migrations.KindOf(err) != migrations.NotFound {
			t.Fatalf("after a rollback: %q, %v", value, err)
		}
		if err := db.Tx(ctx, insert); err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(ctx, insert); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("a doubled row gave %v", err)
		}
	})
}

func TestBooleansAndStampsScan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		now := migrations.Stamp(1_700_000_000_123_456)
		err := db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Insert(ctx, `INSERT INTO client (name, name_folded, high_management, created_at) VALUES (?, ?, ?, ?) RETURNING id`, "Anna", "anna", true, now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var row struct {
			High bool             `db:"high_management"`
			At   migrations.Stamp `db:"created_at"`
		}
		if err := db.Get(ctx, &row, `SELECT high_management, created_at FROM client WHERE high_management`); err != nil {
			t.Fatal(err)
		}
		if !row.High || row.At != now || row.At.Time().UnixMicro() != int64(now) {
			t.Fatalf("got %+v", row)
		}
	})
}
