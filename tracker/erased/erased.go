// Package erased is the journal of what was erased, kept outside the
// database: after an older backup is restored, it says what must be erased
// again before anything is shown or sent.
//
// A journal is a file with a JSON object a line, only ever appended to. It
// names no person: addresses stand in it as HMAC-SHA256 under a key of the
// house, so that nobody without the key can try out who it was. Mails are
// named by hashes of their Message-IDs and bytes.
//
// It owns no tables.
package erased

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The kinds of entries.
const (
	Ticket = "ticket"
	Person = "person"
)

// Entry is one erasure.
type Entry struct {
	ID   string `json:"id"` // random; the same in the database
	Kind string `json:"kind"`
	At   int64  `json:"at"` // microseconds since 1970 UTC

	// Of a ticket.
	Number    int64  `json:"number,omitempty"`
	CreatedAt int64  `json:"created_at,omitempty"` // tells it from another that got its number
	Cause     string `json:"cause,omitempty"`
	AccountID int64  `json:"account,omitempty"`

	// Of a person.
	Addresses []string `json:"addresses,omitempty"` // Hash of each
	Keep      bool     `json:"keep,omitempty"`      // their tickets stay, without their words

	Mails []Mail `json:"mails,omitempty"`
}

// Mail is one that must not come in again.
type Mail struct {
	Hash    string `json:"h"`
	Content string `json:"c,omitempty"`
	Own     bool   `json:"o,omitempty"`
}

// Journal is a journal that is written to. It is safe for concurrent use
// within a process; other processes may append to the same file.
type Journal struct {
	path string
	key  []byte

	mu    sync.Mutex
	known map[string]bool // ids in the file, nil until it was read
}

// FileName is the journal's name in the data directory.
const FileName = "erased"

// New returns the journal in a file, which is made when it is first written
// to. key is at least 16 bytes, the same for all nodes of a house and after a
// restore.
func New(path string, key []byte) *Journal { return &Journal{path: path, key: key} }

// Path returns where the journal is.
func (j *Journal) Path() string { return j.path }

// Hash returns how the journal names an address.
func (j *Journal) Hash(address string) string {
	m := hmac.New(sha256.New, j.key)
	m.Write([]byte("address\x00" + strings.ToLower(strings.TrimSpace(address))))
	return hex.EncodeToString(m.Sum(nil))
}

// Has reports whether the journal holds an entry.
func (j *Journal) Has(id string) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.learn(); err != nil {
		return false, err
	}
	return j.known[id], nil
}

func (j *Journal) learn() error {
	if j.known != nil {
		return nil
	}
	entries, err := Read(j.path)
	if err != nil {
		return err
	}
	j.known = map[string]bool{}
	for _, e := range entries {
		j.known[e.ID] = true
	}
	return nil
}

// Add appends the entries that the journal does not hold. When it returns,
// they are on disk.
func (j *Journal) Add(entries ...Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.learn(); err != nil {
		return err
	}
	var b bytes.Buffer
	var added []string
	for _, e := range entries {
		if j.known[e.ID] {
			continue
		}
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("write the journal of erasures: %w", err)
		}
		b.Write(append(line, '\n'))
		added = append(added, e.ID)
	}
	if len(added) == 0 {
		return nil
	}
	if err := j.append(b.Bytes()); err != nil {
		return fmt.Errorf("write the journal of erasures: %w", err)
	}
	for _, id := range added {
		j.known[id] = true
	}
	return nil
}

func (j *Journal) append(lines []byte) error {
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	_, err := os.Stat(j.path)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	// What a crash left half-written stays a line of its own.
	if st, err := f.Stat(); err != nil {
		return err
	} else if n := st.Size(); n > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, n-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			lines = append([]byte{'\n'}, lines...)
		}
	}
	if _, err := f.Write(lines); err != nil {
		return err
	}
	if err := f.Sync(); err != nil || !fresh {
		return err
	}
	d, err := os.Open(filepath.Dir(j.path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Read returns the entries of a journal, in their order; none where there is
// no such file. A line that a crash left half-written is left out; one that is
// whole and can not be read is an error, since what it says would be lost.
func Read(path string) ([]Entry, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal of erasures: %w", err)
	}
	defer f.Close()
	var all []Entry
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the journal of erasures: %w", err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			var e Entry
			switch jerr := json.Unmarshal(text, &e); {
			case jerr == nil && e.ID != "" && (e.Kind == Ticket || e.Kind == Person):
				all = append(all, e)
			case torn(jerr): // by a crash
			default:
				return nil, fmt.Errorf("read the journal of erasures %s: line %d is not an erasure", path, n)
			}
		}
		if err != nil {
			return all, nil
		}
	}
}

// torn reports whether JSON ended too soon.
func torn(err error) bool {
	var s *json.SyntaxError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &s) && s.Error() == "unexpected end of JSON input"
}
