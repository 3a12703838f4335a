// Package migrations is the database: it opens SQLite or PostgreSQL, brings
// the schema up to date, and holds what differs between the two engines.
// Every other package writes one SQL text for both.
//
// Invariants: times are Stamps (microseconds, UTC); all writing goes through
// DB.Tx; on SQLite there is one writing connection and a pool that can only
// read; a schema newer than this binary is refused. It owns no table but
// goose's own.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	_ "modernc.org/sqlite" // the SQLite driver
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// Engine names what the database is.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// idleReaders is how many connections that only read stay open on SQLite.
const idleReaders = 4

// DB is an open database with an up-to-date schema.
type DB struct {
	Engine Engine
	Dir    string // of the SQLite file; "" on PostgreSQL

	write *sqlx.DB
	read  *sqlx.DB
	dsn   string // on PostgreSQL, for connections of another kind

	meters *meters // nil: nobody counts
}

// Open opens the database that dsn names, `sqlite:DIR/helpdeskd.db` or
// `postgres://…` (everything after the scheme reaches lib/pq, so several
// hosts and target_session_attrs work), and migrates it. Several processes
// may open the same database at once.
func Open(ctx context.Context, dsn string) (*DB, error) {
	db, err := Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := db.Refuse(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Connect opens the database without looking at its schema.
func Connect(ctx context.Context, dsn string) (*DB, error) {
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"))
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		return openPostgres(ctx, dsn)
	}
	scheme, _, _ := strings.Cut(dsn, ":")
	return nil, Invalidf("the database must be sqlite:PATH or postgres://…, not %q", scheme+":…")
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return nil, Invalidf("the database sqlite: needs a path, for example sqlite:/var/lib/helpdeskd/helpdeskd.db")
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	// Mails are nobody else's business, whoever made the folder. What SQLite
	// writes beside the file takes over its mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	f.Close()
	// Pages that mail after mail changes are copied back once in 40 MB of log
	// instead of once in 4, which takes intake 4 to 5 % less time.
	pragmas := "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=wal_autocheckpoint(10000)"
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + pragmas
	w, err := sqlx.Open("sqlite", name+"&_pragma=cache_size(-8000)")
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	w.SetMaxOpenConns(1)
	if err := w.PingContext(ctx); err != nil {
		w.Close()
		return nil, fmt.Errorf("open sqlite %s: %w", path, err)
	}
	r, err := sqlx.Open("sqlite", name+"&_pragma=cache_size(-2000)&_pragma=query_only(1)")
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	r.SetMaxOpenConns(8)
	r.SetMaxIdleConns(idleReaders)
	return &DB{Engine: SQLite, Dir: dir, write: w, read: r}, nil
}

// Hasten has SQLite leave it to the system when what was committed reaches the
// disk, for tests: pulling the plug would lose it.
func (db *DB) Hasten(ctx context.Context) error {
	if db.Engine != SQLite {
		return nil
	}
	_, err := db.write.ExecContext(ctx, `PRAGMA synchronous = OFF`)
	return translate(err)
}

// Close closes every connection.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// provider is goose on a pool; on PostgreSQL that of migrations, see migrate.
func (db *DB) provider(pool *sql.DB) (*goose.Provider, error) {
	sub, err := fs.Sub(files, string(db.Engine))
	if err != nil {
		return nil, err
	}
	if db.Engine == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, pool, sub)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, sub, goose.WithSessionLocker(locker))
}

// Version returns the schema version of the database and the newest that
// this binary knows.
func (db *DB) Version(ctx context.Context) (have, know int64, err error) {
	p, err := db.provider(db.write.DB)
	if err != nil {
		return 0, 0, fmt.Errorf("read migrations: %w", err)
	}
	for _, s := range p.ListSources() {
		know = max(know, s.Version)
	}
	have, err = p.GetDBVersion(ctx)
	if err != nil {
		return 0, know, fmt.Errorf("read the schema version: %w", err)
	}
	return have, know, nil
}

// Migrate brings the schema up to date.
func (db *DB) Migrate(ctx context.Context) error { return db.MigrateTo(ctx, 0) }

// MigrateTo brings the schema to a version that this program knows, or to the
// newest for 0. It never goes back.
func (db *DB) MigrateTo(ctx context.Context, version int64) error {
	// goose has no lock for SQLite, and of three at once one fails.
	if db.Engine == SQLite {
		l := flock.New(filepath.Join(db.Dir, "migrate.lock"))
		if _, err := l.TryLockContext(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("wait for another migration: %w", err)
		}
		defer l.Unlock()
	}
	have, know, err := db.Version(ctx)
	if err != nil {
		return err
	}
	if have > know {
		return Invalidf("this database was written by a newer helpdeskd (schema %d, this one knows %d): start that version, or restore a backup made by this one", have, know)
	}
	if version == 0 {
		version = know
	}
	if have >= version {
		return nil
	}
	pool := db.write.DB
	if db.Engine == Postgres { // a migration may take longer than any statement should
		c, err := postgresConnector(db.dsn, true)
		if err != nil {
			return err
		}
		pool = sql.OpenDB(c)
		defer pool.Close()
	}
	p, err := db.provider(pool)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrate the schema from %d to %d: %w", have, version, err)
	}
	return nil
}

// Fingerprint returns a digest of every migration, by which tests know that
// a prepared database is still the right one.
func Fingerprint() string {
	h := sha256.New()
	_ = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := files.ReadFile(path)
			fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil))
}

// Scrub has the engine forget the bytes of what was deleted. SQLite writes its
// file anew, without what was free in it, for which it needs as much free disk
// again, and others' writes wait. PostgreSQL is asked to reuse the space, and
// overwrites it as it does: see docs/admin.md.
func (db *DB) Scrub(ctx context.Context) error {
	if db.Engine == Postgres {
		_, err := db.write.ExecContext(ctx, `VACUUM`)
		if err != nil {
			return fmt.Errorf("vacuum: %w", translate(err))
		}
		return nil
	}
	// What VACUUM gathers would be in memory otherwise, as large as the database.
	for _, q := range []string{`PRAGMA temp_store = FILE`, `VACUUM`, `PRAGMA temp_store = MEMORY`} {
		if _, err := db.write.ExecContext(ctx, q); err != nil {
			db.write.ExecContext(context.WithoutCancel(ctx), `PRAGMA temp_store = MEMORY`)
			return fmt.Errorf("have SQLite forget what was deleted: %w", translate(err))
		}
	}
	var busy, log, moved int
	if err := db.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
		return fmt.Errorf("have SQLite forget what was deleted: %w", translate(err))
	}
	if busy != 0 {
		return Temporaryf("The database was being read all the time, so its log could not be emptied: bytes of what was deleted stay in it until it is.")
	}
	return nil
}

// VacuumInto writes a copy of a SQLite database, as it is at one moment, to a
// file that is not there yet.
func (db *DB) VacuumInto(ctx context.Context, path string) error {
	if db.Engine != SQLite {
		return Invalidf("only SQLite copies itself into a file")
	}
	if _, err := db.write.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copy the database: %w", translate(err))
	}
	return nil
}
