package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// How long a PostgreSQL server may keep us waiting. Each can be set in the
// address, as in postgres://…?statement_timeout=120s; 0 means for ever.
const (
	// A statement that takes longer waits for somebody's lock, or is a mistake.
	statementTimeout = 60 * time.Second
	// A node that froze in the middle of a transaction holds its lease's row:
	// the server ends the transaction, so that another node can take over.
	idleInTransaction = 15 * time.Second
	// From the first packet to the first query.
	connectTimeout = 10 * time.Second
)

// openPostgres opens a pool on the server that dsn names.
func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	c, err := postgresConnector(dsn, false)
	if err != nil {
		return nil, err
	}
	p := sqlx.NewDb(sql.OpenDB(preparing{c}), "postgres")
	p.SetMaxOpenConns(16)
	p.SetMaxIdleConns(8)
	p.SetConnMaxIdleTime(5 * time.Minute)
	if err := p.PingContext(ctx); err != nil {
		p.Close()
		if errors.Is(err, pq.ErrSSLNotSupported) {
			return nil, fmt.Errorf("open postgres: %w: switch TLS on there (ssl = on), or, on this machine or a network of your own, add sslmode=disable to its address", err)
		}
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	return &DB{Engine: Postgres, write: p, read: p, dsn: dsn}, nil
}

// postgresConnector connects with the timeouts above. Patiently, for
// migrations, statements and silences may take any time.
func postgresConnector(dsn string, patiently bool) (*pq.Connector, error) {
	// One round trip a statement instead of two.
	if !strings.Contains(dsn, "binary_parameters=") {
		sep := "?"
		if strings.Contains(dsn, "?") {
			sep = "&"
		}
		dsn += sep + "binary_parameters=yes"
	}
	cfg, err := pq.NewConfig(dsn)
	if u := (*url.Error)(nil); errors.As(err, &u) { // it quotes the address, password and all
		err = u.Err
	}
	if err != nil {
		return nil, fmt.Errorf("open postgres: read its address: %w", err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	for name, usual := range map[string]time.Duration{"statement_timeout": statementTimeout, "idle_in_transaction_session_timeout": idleInTransaction} {
		switch {
		case patiently:
			cfg.Runtime[name] = "0"
		case cfg.Runtime[name] == "":
			cfg.Runtime[name] = strconv.FormatInt(usual.Milliseconds(), 10)
		}
	}
	// Compiling takes longer than the short statements of this program, and
	// is tried wherever the server guesses too high.
	if cfg.Runtime["jit"] == "" {
		cfg.Runtime["jit"] = "off"
	}
	if cfg.Runtime[direct] == "" {
		cfg.Runtime[direct] = "on"
	}
	c, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	c.Dialer(&patience{silence: silenceFor(cfg.Runtime["statement_timeout"])})
	return c, nil
}

// silenceFor is how long a server may say nothing while we wait for an
// answer: longer than it may work on one, so that it is a frozen or vanished
// server that we give up, not a slow one. 0: for ever.
func silenceFor(statementTimeout string) time.Duration {
	ms, err := strconv.ParseInt(statementTimeout, 10, 64)
	if err != nil {
		d, err := time.ParseDuration(strings.ReplaceAll(statementTimeout, "min", "m")) // "90s", "2min"
		if err != nil {
			return 0
		}
		ms = d.Milliseconds()
	}
	if ms <= 0 {
		return 0
	}
	return time.Duration(ms)*time.Millisecond*5/4 + 2*time.Second
}

// patience dials connections that do not wait for ever: lib/pq sets no
// deadline on what it reads, so that a server which is frozen, or gone without
// a word, would hold every caller, and the end of a context does not free them.
type patience struct{ silence time.Duration }

// keepAlive finds a server that vanished while nobody asked it anything, within
// a minute and a half.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 45 * time.Second, Interval: 15 * time.Second, Count: 3}

// Dial implements pq.Dialer.
func (p *patience) Dial(network, address string) (net.Conn, error) {
	return p.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (p *patience) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return p.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext.
func (p *patience) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	c, err := d.DialContext(ctx, network, address)
	if err != nil || p.silence == 0 {
		return c, err
	}
	return &impatient{Conn: c, silence: p.silence}, nil
}

// impatient is a connection on which nobody waits for longer than silence.
// While lib/pq connects it sets a deadline of its own, which stands.
type impatient struct {
	net.Conn
	silence time.Duration
	set     atomic.Bool // a deadline of the caller stands
}

// SetDeadline notes whether the caller has a deadline.
func (c *impatient) SetDeadline(t time.Time) error {
	c.set.Store(!t.IsZero())
	return c.Conn.SetDeadline(t)
}

func (c *impatient) Read(b []byte) (int, error) {
	if !c.set.Load() {
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(b)
}

func (c *impatient) Write(b []byte) (int, error) {
	if !c.set.Load() {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.silence)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}
