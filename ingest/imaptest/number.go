package imaptest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Number gives what was delivered into a user's folder its UIDs, in the order
// of delivery, as a delivery agent of Dovecot's own would. Left to the first
// session that opens the folder, it is done in two passes on a busy machine,
// and then answers have lower UIDs than what they answer. It writes
// dovecot-uidlist, in version 3 of its format, under Dovecot's lock of it.
func (s *Server) Number(user, folder string) error {
	unlock, err := s.lockUIDs(user, folder)
	if err != nil {
		return err
	}
	defer unlock()
	return s.number(user, folder)
}

// DeliverAll delivers mails and numbers them, under one lock: a session that
// looks meanwhile would number what it happens to see of them first.
func (s *Server) DeliverAll(user, folder string, mails ...[]byte) error {
	if err := s.mkdirs(user, folder); err != nil {
		return err
	}
	unlock, err := s.lockUIDs(user, folder)
	if err != nil {
		return err
	}
	defer unlock()
	for _, data := range mails {
		if err := s.Deliver(user, folder, data, time.Time{}); err != nil {
			return err
		}
	}
	return s.number(user, folder)
}

// lockUIDs keeps Dovecot from giving mails of a folder UIDs, until unlock is called.
func (s *Server) lockUIDs(user, folder string) (unlock func(), err error) {
	lock := filepath.Join(s.folder(user, folder), "dovecot-uidlist.lock")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			f.Close()
			return func() { os.Remove(lock) }, nil
		}
		if !errors.Is(err, fs.ErrExist) || time.Now().After(end) {
			return nil, fmt.Errorf("lock the list of UIDs: %w", err)
		}
	}
}

func (s *Server) number(user, folder string) error {
	dir := s.folder(user, folder)
	list := filepath.Join(dir, "dovecot-uidlist")
	text, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		guid := make([]byte, 16)
		rand.Read(guid)
		text = fmt.Appendf(nil, "3 V%d N1 G%x\n", time.Now().Unix(), guid)
	} else if err != nil {
		return fmt.Errorf("read the list of UIDs: %w", err)
	}
	next := 1
	known := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		first, rest, _ := strings.Cut(lines.Text(), " ")
		if _, name, ok := strings.Cut(rest, ":"); ok {
			known[name] = true
			if uid, err := strconv.Atoi(first); err == nil {
				next = max(next, uid+1)
			}
			continue
		}
		for _, word := range strings.Fields(rest) { // the first line
			if n, err := strconv.Atoi(strings.TrimPrefix(word, "N")); err == nil && word[0] == 'N' {
				next = max(next, n)
			}
		}
	}
	var names []string
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			return fmt.Errorf("list %s: %w", folder, err)
		}
		for _, e := range entries {
			if name, _, _ := strings.Cut(e.Name(), ":"); !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names) // which begin with the time
	for _, name := range names {
		text = fmt.Appendf(text, "%d :%s\n", next, name)
		next++
	}
	tmp := list + ".test"
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		return fmt.Errorf("write the list of UIDs: %w", err)
	}
	if err := s.own(tmp); err != nil {
		return fmt.Errorf("write the list of UIDs: %w", err)
	}
	return os.Rename(tmp, list)
}
