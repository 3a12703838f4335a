package main

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// place is the data directory of this node, held by one process at a time:
// that a node runs once is what lets a new start take the leases of a dead
// one at once.
type place struct {
	Node string
	file string // that holds the id
	lock *flock.Flock

	database *flock.Flock // of the embedded database's folder, where it is another
}

// openPlace makes the directory where it is missing, locks it, and reads (or
// makes up) the node's id.
func openPlace(dir string) (*place, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	l, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fmt.Errorf("another helpdeskd is running on %s: stop it first, or give this one another data_dir", dir)
	}
	p := &place{lock: l, file: filepath.Join(dir, "node")}
	if p.Node, err = nodeID(p.file); err != nil {
		l.Unlock()
		return nil, err
	}
	return p, nil
}

// lockDir locks a folder for this process, and returns nil where another has it.
func lockDir(dir string) (*flock.Flock, error) {
	l := flock.New(filepath.Join(dir, "helpdeskd.lock"))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the folder %s: %w", dir, err)
	}
	if !ok {
		return nil, nil
	}
	return l, nil
}

// holdDatabase keeps other processes off an embedded database that lies
// elsewhere than the data directory. file is "" on PostgreSQL.
func (p *place) holdDatabase(file string) error {
	dir := filepath.Dir(file)
	if file == "" || sameDir(dir, filepath.Dir(p.file)) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the database's folder: %w", err)
	}
	l, err := lockDir(dir)
	if err != nil {
		return err
	}
	if l == nil {
		return fmt.Errorf("another helpdeskd is running on the database %s: an embedded database serves one of them; several need PostgreSQL", file)
	}
	p.database = l
	return nil
}

func sameDir(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// twin gives this node another id, from its next start on, since somebody
// else works under the one it has. It returns what to tell the administrator.
func (p *place) twin() error {
	id := rand.Text()[:12]
	text := fmt.Sprintf("another running helpdeskd has the id of this node (%s): its data directory or machine was copied.", p.Node)
	if err := os.WriteFile(p.file, []byte(id+"\n"), 0o600); err != nil {
		return fmt.Errorf("%s Delete %s and start this one again: %w", text, p.file, err)
	}
	return fmt.Errorf("%s This one has a new id now (%s): start it again", text, id)
}

// Close lets another process in.
func (p *place) Close() error {
	if p.database != nil {
		p.database.Unlock()
	}
	return p.lock.Unlock()
}

func nodeID(file string) (string, error) {
	b, err := os.ReadFile(file)
	if id := strings.TrimSpace(string(b)); err == nil && id != "" && !strings.ContainsAny(id, "/ \n") {
		return id, nil
	}
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("read the node's id: %w", err)
	}
	id := rand.Text()[:12]
	if err := os.WriteFile(file, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the node's id: %w", err)
	}
	return id, nil
}

// certificates reads the certificate's files again when they have changed,
// so that a renewal needs no restart.
type certificates struct {
	cert, key string

	mu      sync.Mutex
	looked  time.Time
	changed time.Time
	have    *tls.Certificate
}

// get returns the certificate in force: after a failed renewal the former one.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have != nil && time.Since(c.looked) < 10*time.Second {
		return c.have, nil
	}
	c.looked = time.Now()
	changed := c.modified()
	if c.have != nil && changed.Equal(c.changed) {
		return c.have, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if c.have != nil {
			return c.have, nil
		}
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	c.have, c.changed = &pair, changed
	return c.have, nil
}

// modified is the later time of the two files' last change.
func (c *certificates) modified() time.Time {
	var last time.Time
	for _, f := range []string{c.cert, c.key} {
		if s, err := os.Stat(f); err == nil && s.ModTime().After(last) {
			last = s.ModTime()
		}
	}
	return last
}
