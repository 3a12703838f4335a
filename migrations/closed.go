package migrations

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// The reasons why a database is closed.
const (
	ClosedMoved     = "moved"     // its contents went to another database
	ClosedArriving  = "arriving"  // a move into it was begun and is not finished
	ClosedRestoring = "restoring" // a restore into it was begun and is not finished
)

// Closed says that Open refuses the database. It is one row of the table
// closed, which this package owns.
type Closed struct {
	Reason string `db:"reason"`
	Other  string `db:"other"` // where it went to or what comes from where, without passwords
	At     Stamp  `db:"at"`
}

// Closed returns why the database is closed, nil where it is not.
func (db *DB) Closed(ctx context.Context) (*Closed, error) {
	known, err := db.hasClosed(ctx)
	if err != nil || !known {
		return nil, err
	}
	var c Closed
	err = db.Get(ctx, &c, `SELECT reason, other, at FROM closed LIMIT 1`)
	if KindOf(err) == NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("see whether the database is closed: %w", err)
	}
	return &c, nil
}

// hasClosed reports whether the schema has the table: a database that is not
// migrated yet has not.
func (db *DB) hasClosed(ctx context.Context) (bool, error) {
	query := `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'closed'`
	if db.Engine == SQLite {
		query = `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'closed'`
	}
	var n int
	if err := db.Get(ctx, &n, query); err != nil {
		return false, fmt.Errorf("see whether the database is closed: %w", err)
	}
	return n > 0, nil
}

// Reopen has Open accept the database again.
func (db *DB) Reopen(ctx context.Context) error {
	return db.Tx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM closed`)
		return err
	})
}

func closeTx(ctx context.Context, tx *sqlx.Tx, e Engine, c Closed) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM closed`); err != nil {
		return fmt.Errorf("close the database: %w", translate(err))
	}
	if _, err := tx.ExecContext(ctx, rebind(e, `INSERT INTO closed (reason, other, at) VALUES (?, ?, ?)`), c.Reason, c.Other, c.At); err != nil {
		return fmt.Errorf("close the database: %w", translate(err))
	}
	return nil
}

// words say why, and what to do about it.
func (c Closed) words() string {
	at := c.At.Time().Format("2006-01-02 15:04 UTC")
	switch c.Reason {
	case ClosedMoved:
		return fmt.Sprintf("this database was moved to %s on %s: name that one in the configuration (helpdeskd move --undo opens this one again)", c.Other, at)
	case ClosedArriving:
		return fmt.Sprintf("moving %s into this database was begun on %s and not finished: run helpdeskd move again", c.Other, at)
	}
	return fmt.Sprintf("restoring %s into this database was begun on %s and not finished: run helpdeskd restore again", c.Other, at)
}

// Refuse returns why the database must not be worked on, nil where it may be.
func (db *DB) Refuse(ctx context.Context) error {
	c, err := db.Closed(ctx)
	if err != nil || c == nil {
		return err
	}
	return &Error{Kind: Conflict, Message: c.words()}
}
