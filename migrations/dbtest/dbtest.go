// Package dbtest gives every test its own fresh database on both engines.
//
// SQLite is always there. PostgreSQL is a real server whose address test.sh
// puts into HELPDESKD_TEST_POSTGRES (a URL of a user who may create
// databases); without it the PostgreSQL half of a test is skipped and says so.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"helpdeskd/migrations"
)

// Tests are many short worlds of their own: collecting what they leave less
// often saves a fifth of their time.
func init() {
	// Not what a test has its own binary do as helpdeskd.
	if slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.") }) {
		debug.SetGCPercent(400)
	}
}

// Each runs fn once per engine, each time with a fresh, migrated database.
func Each(t *testing.T, fn func(t *testing.T, db *migrations.DB)) {
	t.Helper()
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(engine), func(t *testing.T) { fn(t, Open(t, engine)) })
	}
}

// Open returns a fresh, migrated database of one engine, closed when the test ends.
func Open(t testing.TB, engine migrations.Engine) *migrations.DB {
	t.Helper()
	db, err := migrations.Open(context.Background(), DSN(t, engine))
	if err != nil {
		t.Fatalf("open a fresh %s database: %v", engine, err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Hasten(context.Background()); err != nil {
		t.Fatalf("hasten a fresh %s database: %v", engine, err)
	}
	return db
}

// DSN returns the address of a fresh database of one engine, for tests that
// start a whole helpdeskd on it.
func DSN(t testing.TB, engine migrations.Engine) string {
	t.Helper()
	if engine == migrations.SQLite {
		path := filepath.Join(t.TempDir(), "helpdeskd.db")
		file, err := migrated()
		if err == nil {
			err = os.WriteFile(path, file, 0o600)
		}
		if err != nil {
			t.Fatalf("make a fresh sqlite database: %v", err)
		}
		return "sqlite:" + path
	}
	base := os.Getenv("HELPDESKD_TEST_POSTGRES")
	if base == "" {
		t.Skip("HELPDESKD_TEST_POSTGRES is not set: ./test.sh starts a PostgreSQL and sets it")
	}
	admin, err := sql.Open("postgres", base)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer admin.Close()
	tmpl := template(t, admin, base)
	name := "t_" + strings.ToLower(rand.Text()[:16])
	exec(t, admin, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy`, name, tmpl))
	t.Cleanup(func() {
		admin, err := sql.Open("postgres", base)
		if err == nil {
			admin.Exec(fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, name))
			admin.Close()
		}
	})
	return withDatabase(base, name)
}

// migrated is a migrated SQLite database, whose schema is applied once a process.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "dbtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "helpdeskd.db")
	db, err := migrations.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // which moves what is in the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// template makes, once per schema text, a migrated database to copy from.
func template(t testing.TB, admin *sql.DB, base string) string {
	t.Helper()
	name := "tmpl_" + migrations.Fingerprint()[:16]
	conn, err := admin.Conn(context.Background())
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer conn.Close()
	sum := sha256.Sum256([]byte(name))
	key := int64(sum[0])<<8 | int64(sum[1]) | 1<<40
	if _, err := conn.ExecContext(context.Background(), fmt.Sprintf(`SELECT pg_advisory_lock(%d)`, key)); err != nil {
		t.Fatalf("lock the template database: %v", err)
	}
	defer conn.ExecContext(context.Background(), fmt.Sprintf(`SELECT pg_advisory_unlock(%d)`, key))
	var n int
	if err := conn.QueryRowContext(context.Background(), `SELECT count(*) FROM pg_database WHERE datname = $1`, name).Scan(&n); err != nil {
		t.Fatalf("look for the template database: %v", err)
	}
	if n == 1 {
		return name
	}
	building := "build_" + hex.EncodeToString(sum[:4]) + strings.ToLower(rand.Text()[:6])
	exec(t, admin, `CREATE DATABASE `+building)
	db, err := migrations.Open(context.Background(), withDatabase(base, building))
	if err != nil {
		t.Fatalf("migrate the template database: %v", err)
	}
	db.Close()
	exec(t, admin, fmt.Sprintf(`ALTER DATABASE %s RENAME TO %s`, building, name))
	return name
}

func exec(t testing.TB, db *sql.DB, q string) {
	t.Helper()
	if _, err := db.Exec(q); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic("HELPDESKD_TEST_POSTGRES is not a URL: " + err.Error())
	}
	u.Path = "/" + name
	return u.String()
}
