package migrations

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/lib/pq"
)

// preparedMost is how many statements a connection to PostgreSQL keeps
// prepared, those that were used last, and how many it remembers to have seen.
const preparedMost = 200

// Anew begins the text of a statement whose best plan hangs on its values, as
// how long a period is: PostgreSQL plans it each time that it is run.
const Anew = "/* anew */ "

// direct is a setting that we ask for and that a server itself knows by that.
// Where a pooler is between us, it is gone, or the address says off: there what
// one connection prepared may be looked for on another, where something else
// has its name.
const direct = "helpdeskd.direct"

// preparing has connections to PostgreSQL keep what comes a second time
// prepared: for the server, to read and plan one of our statements takes
// several times as long as to run it.
type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	dc, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := dc.(pqConn)
	if !ok {
		dc.Close()
		return nil, fmt.Errorf("a connection of lib/pq lacks a method: %T", dc)
	}
	if is, err := isDirect(ctx, c); err != nil {
		c.Close()
		return nil, err
	} else if !is {
		return c, nil
	}
	return &preparingConn{pqConn: c, seen: map[string]bool{}, known: map[string]*list.Element{}, used: list.New()}, nil
}

// isDirect reports whether the server itself is at the other end.
func isDirect(ctx context.Context, c pqConn) (is bool, err error) {
	rows, err := c.QueryContext(ctx, `SELECT COALESCE(current_setting('`+direct+`', true), '') = 'on'`, nil)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return false, err
	}
	is, _ = row[0].(bool)
	return is, nil
}

// pqConn is what a connection of lib/pq can do.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// pqStmt is what a statement of lib/pq can do.
type pqStmt interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

// preparingConn is used by one goroutine at a time, as database/sql has it.
type preparingConn struct {
	pqConn
	seen  map[string]bool          // texts that came once
	known map[string]*list.Element // of *preparedStmt, by text
	used  *list.List               // those, the last used first
	spent bool                     // nobody gets the connection again
}

type preparedStmt struct {
	text string
	stmt pqStmt
}

// prepared returns the prepared statement of a text, nil where the connection
// itself runs it: the first time, and lists of any length.
func (c *preparingConn) prepared(ctx context.Context, text string, args []driver.NamedValue) (pqStmt, error) {
	if len(args) == 0 || len(args) > maxMarks || strings.HasPrefix(text, Anew) {
		return nil, nil
	}
	if e, ok := c.known[text]; ok {
		c.used.MoveToFront(e)
		return e.Value.(*preparedStmt).stmt, nil
	}
	if !c.seen[text] {
		if len(c.seen) >= preparedMost {
			clear(c.seen)
		}
		c.seen[text] = true
		return nil, nil
	}
	if c.used.Len() >= preparedMost {
		last := c.used.Remove(c.used.Back()).(*preparedStmt)
		delete(c.known, last.text)
		if err := last.stmt.Close(); err != nil { // the server is gone; the statement asked for did not reach it
			c.spent = true
			return nil, driver.ErrBadConn
		}
	}
	s, err := c.pqConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	delete(c.seen, text)
	p := &preparedStmt{text, s.(pqStmt)}
	c.known[text] = c.used.PushFront(p)
	return p.stmt, nil
}

// noted gives the connection up where what it has prepared is of no use any
// more: a table was changed, or somebody had the server forget.
func (c *preparingConn) noted(err error) error {
	var p *pq.Error
	if errors.As(err, &p) && (p.Code == "0A000" || p.Code == "26000") { // feature_not_supported, invalid_sql_statement_name
		c.spent = true
	}
	return err
}

// QueryContext implements driver.QueryerContext.
func (c *preparingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, query, args)
	if err != nil {
		return nil, c.noted(err)
	}
	if s == nil {
		return c.pqConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	return rows, c.noted(err)
}

// ExecContext implements driver.ExecerContext.
func (c *preparingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, query, args)
	if err != nil {
		return nil, c.noted(err)
	}
	if s == nil {
		return c.pqConn.ExecContext(ctx, query, args)
	}
	r, err := s.ExecContext(ctx, args)
	return r, c.noted(err)
}

// IsValid implements driver.Validator: database/sql asks when it takes the
// connection back.
func (c *preparingConn) IsValid() bool {
	return !c.spent && c.pqConn.IsValid()
}
