package carry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Arrival fills the database that an address names from elsewhere. When it is
// interrupted the database is what it was, or says that it is not finished:
// every start refuses it, and a second try takes its place.
type Arrival struct {
	DSN     string
	Schema  int64             // of what comes; it is migrated to the newest afterwards
	Mark    migrations.Closed // what an unfinished database says
	Replace bool              // also one that is in use
	// Stay leaves the mark when all is done; the caller takes it off.
	Stay bool
	// Fill fills the tables.
	Fill func(db *migrations.DB, l *migrations.Load) error
	// After makes it fit to go on; before are the leases of what was there.
	After func(db *migrations.DB, before []tracker.LeaseState) error
}

// Run fills the database. aside is where the former one lies, when that was in
// use and is a file.
func (a Arrival) Run(ctx context.Context) (aside string, err error) {
	path, lite := strings.CutPrefix(a.DSN, "sqlite:")
	if lite {
		return a.file(ctx, strings.TrimPrefix(path, "//"))
	}
	db, err := migrations.Connect(ctx, a.DSN)
	if err != nil {
		return "", err
	}
	defer db.Close()
	before, _, err := a.look(ctx, db)
	if err != nil {
		return "", err
	}
	if err := a.fill(ctx, db, before); err != nil || a.Stay {
		return "", err
	}
	return "", db.Reopen(ctx)
}

// look refuses a database that is in use, and returns its leases.
func (a Arrival) look(ctx context.Context, db *migrations.DB) (before []tracker.LeaseState, used bool, err error) {
	if used, err = InUse(ctx, db); err != nil {
		return nil, false, err
	}
	if used && !a.Replace {
		closed, err := db.Closed(ctx)
		if err != nil {
			return nil, false, err
		}
		if closed == nil || closed.Reason == migrations.ClosedMoved {
			return nil, true, ErrInUse
		}
		used = false // only the rest of an earlier try
	}
	tables, err := migrations.Tables(ctx, db)
	if err != nil || len(tables) == 0 {
		return nil, used, err
	}
	before, err = tracker.New(db, tracker.Options{}).Leases(ctx)
	return before, used, err
}

// ErrInUse says that the database holds something.
var ErrInUse = &migrations.Error{Kind: migrations.Conflict, Message: "the database is not empty"}

// InUse reports whether a database holds anything that people or mails made.
func InUse(ctx context.Context, db *migrations.DB) (bool, error) {
	tables, err := migrations.Tables(ctx, db)
	if err != nil {
		return false, err
	}
	for _, t := range tables {
		switch t.Name {
		case "account", "asset", "client", "inbox", "ticket":
			var n int
			if err := db.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM `+t.Name+` LIMIT 1) AS first`); err != nil {
				return false, fmt.Errorf("see whether the database is empty: %w", err)
			}
			if n > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

func (a Arrival) fill(ctx context.Context, db *migrations.DB, before []tracker.LeaseState) error {
	if err := db.MigrateTo(ctx, a.Schema); err != nil {
		return err
	}
	have, know, err := db.Version(ctx)
	if err != nil {
		return err
	}
	if have > a.Schema {
		return migrations.Invalidf("what comes has the schema %d and the database there already %d: make a new, empty database and name that one", a.Schema, have)
	}
	if a.Schema > know {
		return migrations.Invalidf("what comes was written by a newer helpdeskd (schema %d, this one knows %d): use that version", a.Schema, know)
	}
	if err := db.Load(ctx, &a.Mark, func(l *migrations.Load) error { return a.Fill(db, l) }); err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	return a.After(db, before)
}

// file fills a database file beside the one that is meant, which takes its
// place when it is whole and on disk.
func (a Arrival) file(ctx context.Context, path string) (aside string, err error) {
	var before []tracker.LeaseState
	used := false
	if _, err := os.Stat(path); err == nil {
		if before, used, err = a.lookFile(ctx, path); err != nil {
			return "", err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	part := path + ".arriving"
	if err := removeDatabase(part); err != nil {
		return "", err
	}
	defer removeDatabase(part)
	if err := a.filePart(ctx, part, before); err != nil {
		return "", err
	}
	if err := syncFile(part); err != nil {
		return "", err
	}
	if used {
		aside = path + ".before-" + time.Now().UTC().Format("20060102-150405")
		if err := os.Link(path, aside); err != nil {
			return "", fmt.Errorf("keep the former database: %w", err)
		}
	}
	if err := os.Rename(part, path); err != nil {
		return aside, err
	}
	return aside, syncDir(filepath.Dir(path))
}

// lookFile looks, and closes the database such that nothing of its log is left.
func (a Arrival) lookFile(ctx context.Context, path string) (before []tracker.LeaseState, used bool, err error) {
	db, err := migrations.Connect(ctx, "sqlite:"+path)
	if err != nil {
		return nil, false, err
	}
	before, used, err = a.look(ctx, db)
	db.Close()
	if err != nil {
		return nil, false, err
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return nil, false, migrations.Conflictf("another program has %s open: end it first", path)
	}
	return before, used, nil
}

func (a Arrival) filePart(ctx context.Context, part string, before []tracker.LeaseState) error {
	db, err := migrations.Connect(ctx, "sqlite:"+part)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Hasten(ctx); err != nil { // it is synced as a whole
		return err
	}
	if err := a.fill(ctx, db, before); err != nil || a.Stay {
		return err
	}
	return db.Reopen(ctx)
}

func removeDatabase(path string) error {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
