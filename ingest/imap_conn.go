package ingest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// conn puts a deadline on every read, which go-imap does not: it clears the
// deadline whenever it waits for the next response. While a command runs, a
// read may be silent for limit, and the whole may take sixty times as long, so
// that a server which drips is left, too; between commands (IDLE) for ever. The
// remembered tail and error tell why a connection ended, which go-imap loses.
type conn struct {
	net.Conn
	br *bufio.Reader // 64 KiB: go-imap's own 4 KiB would cost a system call a page

	mu    sync.Mutex
	limit time.Duration // of silence; 0: none
	until time.Time     // when the command must have ended
	err   error         // the first that a read or write gave
	tail  [512]byte     // what was read last
	n     int
}

func newConn(c net.Conn) *conn {
	w := &conn{Conn: c}
	w.br = bufio.NewReaderSize(armed{w}, 64<<10)
	return w
}

// armed is the socket with the deadline set before each read.
type armed struct{ c *conn }

func (a armed) Read(p []byte) (int, error) {
	a.c.mu.Lock()
	a.c.arm()
	a.c.mu.Unlock()
	n, err := a.c.Conn.Read(p)
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	if n >= len(a.c.tail) {
		a.c.n = copy(a.c.tail[:], p[n-len(a.c.tail):n])
	} else if n > 0 {
		keep := min(a.c.n, len(a.c.tail)-n)
		copy(a.c.tail[:], a.c.tail[a.c.n-keep:a.c.n])
		a.c.n = keep + copy(a.c.tail[keep:], p[:n])
	}
	if err != nil && a.c.err == nil {
		a.c.err = err
	}
	return n, err
}

// arm is called with mu held.
func (c *conn) arm() {
	if c.limit == 0 {
		c.Conn.SetReadDeadline(time.Time{})
	} else {
		at := time.Now().Add(c.limit)
		if c.until.Before(at) {
			at = c.until
		}
		c.Conn.SetReadDeadline(at)
	}
}

func (c *conn) Read(p []byte) (int, error) { return c.br.Read(p) }

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil {
			c.err = err
		}
	}
	return n, err
}

// SetDeadline and SetReadDeadline ignore go-imap, which sets and clears them
// by its own ideas; guard does it instead.
func (c *conn) SetDeadline(time.Time) error     { return nil }
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// guard begins a command: from here to the returned function no read may be
// silent for longer than limit.
func (c *conn) guard(limit time.Duration) (done func()) {
	set := func(d time.Duration) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.limit, c.until = d, time.Now().Add(60*d)
		c.arm() // a read may be waiting already
	}
	set(limit)
	return func() { set(0) }
}

// cause returns the first error of the socket, nil while it works.
func (c *conn) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// bye returns the text of a BYE among the server's last words, "" when it
// said none. Only a dead connection may be asked: mail could contain the words.
func (c *conn) bye() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := strings.Split(string(bytes.TrimSpace(c.tail[:c.n])), "\n")
	for i := len(lines) - 1; i >= 0 && i >= len(lines)-3; i-- {
		if text, ok := strings.CutPrefix(strings.TrimSpace(lines[i]), "* BYE"); ok {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// dial connects with the configured security. The returned connection always
// begins with a greeting, as go-imap expects.
func dial(ctx context.Context, cfg MailboxConfig, limit time.Duration) (*conn, error) {
	d := net.Dialer{Timeout: limit}
	raw, err := d.DialContext(ctx, "tcp", cfg.addr())
	if err != nil {
		return nil, failure(cfg, stageDial, err)
	}
	if cfg.Security == SecurityPlain {
		// localhost may be made to mean anything.
		if a, ok := raw.RemoteAddr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			raw.Close()
			return nil, failure(cfg, stageDial, errNotLoopback)
		}
		return newConn(raw), nil
	}
	t, err := cfg.tlsConfig()
	if err != nil {
		raw.Close()
		return nil, failure(cfg, stageTLS, err)
	}
	raw.SetDeadline(time.Now().Add(limit))
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if cfg.Security == SecuritySTARTTLS {
		if err := startTLS(raw); err != nil {
			raw.Close()
			return nil, failure(cfg, stageStartTLS, err)
		}
	}
	secure := tls.Client(raw, t)
	if err := secure.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, failure(cfg, stageTLS, err)
	}
	raw.SetDeadline(time.Time{})
	c := newConn(secure)
	if cfg.Security == SecuritySTARTTLS {
		// The greeting went by before; what follows must not come from
		// plain text (RFC 9051 section 6.2.1), so this one is ours.
		c.br = bufio.NewReaderSize(&greeted{r: armed{c}, greeting: []byte("* OK STARTTLS done\r\n")}, 64<<10)
	}
	return c, nil
}

// greeted is a connection with a greeting put before it.
type greeted struct {
	r        armed
	greeting []byte
}

func (g *greeted) Read(p []byte) (int, error) {
	if len(g.greeting) > 0 {
		n := copy(p, g.greeting)
		g.greeting = g.greeting[n:]
		return n, nil
	}
	return g.r.Read(p)
}

// startTLS asks for TLS on a fresh connection. It reads byte by byte, so that
// nothing sent in plain text before the handshake can be taken for what is
// said after it; capabilities said in plain text are not even looked at.
func startTLS(c net.Conn) error {
	line, err := readLine(c)
	if err != nil {
		return fmt.Errorf("read the greeting: %w", err)
	}
	if !strings.HasPrefix(line, "* OK") {
		return &refusal{line} // PREAUTH would leave no way to TLS
	}
	if _, err := c.Write([]byte("S1 STARTTLS\r\n")); err != nil {
		return fmt.Errorf("ask for STARTTLS: %w", err)
	}
	for range 20 {
		if line, err = readLine(c); err != nil {
			return fmt.Errorf("read the answer to STARTTLS: %w", err)
		}
		if answer, ok := strings.CutPrefix(line, "S1 "); ok {
			if strings.HasPrefix(strings.ToUpper(answer), "OK") {
				return nil
			}
			return &refusal{line}
		}
	}
	return &refusal{line}
}

// refusal is a line by which a server declined to go on.
type refusal struct{ line string }

func (r *refusal) Error() string { return "the server said: " + r.line }

func readLine(c net.Conn) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for len(line) < 8<<10 {
		if _, err := c.Read(b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("a line of more than %d bytes", len(line))
}
