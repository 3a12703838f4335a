package checker

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/lib/pq"  // the PostgreSQL driver
	_ "modernc.org/sqlite" // the SQLite driver
)

// Taken is a row of the inbox.
type Taken struct {
	ID      int64
	UID     sql.NullInt64
	Digest  string
	State   string
	Fate    string
	Reason  string
	Ticket  int64 // its number, 0 for none
	Moved   bool
	Subject string
	Class   string
}

// Ticket is a ticket with the mails that it holds.
type Ticket struct {
	Number  int64
	Subject string
	Address string
	In      []In
}

// In is a received message of a ticket, a technician's too.
type In struct {
	ID    int64
	Inbox int64 // 0 for none
	State string
	Text  string // subject, words and quotes
}

// Owed is a row of the outbox.
type Owed struct {
	ID     int64
	Kind   string
	State  string
	To     string
	MailID string
	Ticket int64 // its number, 0 for none
}

// Database is what the database says.
type Database struct {
	Inbox   []Taken
	Tickets map[int64]*Ticket // by number
	Held    []In              // received messages without a ticket
	Outbox  []Owed
}

// Read reads the database at dsn (`sqlite:PATH` or `postgres://…`) through its
// own connection.
func Read(ctx context.Context, dsn string) (*Database, error) {
	db, err := Connect(dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	d := &Database{Tickets: map[int64]*Ticket{}}
	for _, step := range []func(context.Context, *sql.DB) error{d.readInbox, d.readTickets, d.readMessages, d.readOutbox} {
		if err := step(ctx, db); err != nil {
			return nil, fmt.Errorf("read the database: %w", err)
		}
	}
	return d, nil
}

// Connect opens the database at dsn without looking at it.
func Connect(dsn string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	}
	return sql.Open("postgres", dsn)
}

func (d *Database) readInbox(ctx context.Context, db *sql.DB) error {
	return each(ctx, db, `SELECT i.id, i.uid, i.digest, i.state, i.fate, i.reason, COALESCE(t.number, 0),
		CASE WHEN i.moved_at IS NULL THEN 0 ELSE 1 END, i.subject, i.class
		FROM inbox i LEFT JOIN ticket t ON t.id = i.ticket_id ORDER BY i.id`, func(r *sql.Rows) error {
		var t Taken
		var moved int
		if err := r.Scan(&t.ID, &t.UID, &t.Digest, &t.State, &t.Fate, &t.Reason, &t.Ticket, &moved, &t.Subject, &t.Class); err != nil {
			return err
		}
		t.Moved = moved == 1
		d.Inbox = append(d.Inbox, t)
		return nil
	})
}

func (d *Database) readTickets(ctx context.Context, db *sql.DB) error {
	return each(ctx, db, `SELECT number, subject, client_address FROM ticket ORDER BY number`, func(r *sql.Rows) error {
		t := &Ticket{}
		if err := r.Scan(&t.Number, &t.Subject, &t.Address); err != nil {
			return err
		}
		d.Tickets[t.Number] = t
		return nil
	})
}

func (d *Database) readMessages(ctx context.Context, db *sql.DB) error {
	return each(ctx, db, `SELECT m.id, COALESCE(m.inbox_id, 0), m.state, COALESCE(t.number, 0), m.subject, m.body, m.quoted, m.form
		FROM message m LEFT JOIN ticket t ON t.id = m.ticket_id WHERE m.inbox_id IS NOT NULL OR m.direction = 'in' ORDER BY m.id`, func(r *sql.Rows) error {
		var in In
		var number int64
		var subject, body, quoted, form string
		if err := r.Scan(&in.ID, &in.Inbox, &in.State, &number, &subject, &body, &quoted, &form); err != nil {
			return err
		}
		in.Text = subject + "\n" + body + "\n" + quoted + "\n" + form
		if t := d.Tickets[number]; t != nil {
			t.In = append(t.In, in)
		} else {
			d.Held = append(d.Held, in)
		}
		return nil
	})
}

func (d *Database) readOutbox(ctx context.Context, db *sql.DB) error {
	return each(ctx, db, `SELECT o.id, o.kind, o.state, o.to_address, o.mail_id, COALESCE(t.number, 0)
		FROM outbox o LEFT JOIN ticket t ON t.id = o.ticket_id ORDER BY o.id`, func(r *sql.Rows) error {
		var o Owed
		if err := r.Scan(&o.ID, &o.Kind, &o.State, &o.To, &o.MailID, &o.Ticket); err != nil {
			return err
		}
		o.To = fold(o.To)
		d.Outbox = append(d.Outbox, o)
		return nil
	})
}

func each(ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
