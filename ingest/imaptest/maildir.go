package imaptest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Message is a mail as it lies in a folder.
type Message struct {
	Data  []byte
	At    time.Time // what IMAP calls INTERNALDATE
	Flags string    // Maildir letters: S seen, T deleted, R answered …
	Path  string
}

// folder returns the Maildir of a user's folder: "" and INBOX are the inbox,
// anything else lies beside it as Maildir++ has it.
func (s *Server) folder(user, name string) string {
	root := filepath.Join(s.Dir, "mail", user)
	if name == "" || strings.EqualFold(name, "INBOX") {
		return root
	}
	return filepath.Join(root, "."+strings.TrimPrefix(name, s.opts.Prefix))
}

// Deliver puts a mail into a user's folder as a delivery agent would: written
// under tmp, then renamed into new. A zero at means now.
func (s *Server) Deliver(user, folder string, data []byte, at time.Time) error {
	dir := s.folder(user, folder)
	if err := s.mkdirs(user, folder); err != nil {
		return err
	}
	name := fmt.Sprintf("%d.P%dQ%06d.test", time.Now().UnixNano(), os.Getpid(), s.serial.Add(1))
	tmp := filepath.Join(dir, "tmp", name)
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	if err := s.own(tmp); err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	if !at.IsZero() {
		if err := os.Chtimes(tmp, at, at); err != nil {
			return fmt.Errorf("deliver: %w", err)
		}
	}
	if err := os.Rename(tmp, filepath.Join(dir, "new", name)); err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	return nil
}

// mkdirs makes a user's folder where it is missing.
func (s *Server) mkdirs(user, folder string) error {
	dir := s.folder(user, folder)
	if _, err := os.Stat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, d := range []string{"", "tmp", "new", "cur"} {
		if err := s.mkdir(filepath.Join(dir, d)); err != nil {
			return err
		}
	}
	return nil
}

// Messages returns what lies in a user's folder, read from the disk without
// asking Dovecot; none where the folder does not exist.
func (s *Server) Messages(user, folder string) ([]Message, error) {
	dir := s.folder(user, folder)
	var all []Message
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", folder, err)
		}
		for _, e := range entries {
			m, err := readMessage(filepath.Join(dir, sub, e.Name()))
			if errors.Is(err, fs.ErrNotExist) { // renamed meanwhile
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", folder, err)
			}
			all = append(all, m)
		}
	}
	return all, nil
}

func readMessage(path string) (Message, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Message{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Message{}, err
	}
	_, flags, _ := strings.Cut(filepath.Base(path), ":2,")
	return Message{Data: data, At: info.ModTime(), Flags: flags, Path: path}, nil
}

// Count returns how many messages lie in a user's folder.
func (s *Server) Count(user, folder string) (int, error) {
	n := 0
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(s.folder(user, folder), sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("count %s: %w", folder, err)
		}
		n += len(entries)
	}
	return n, nil
}

// Folders returns the names of a user's folders beside the inbox.
func (s *Server) Folders(user string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, "mail", user))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") {
			names = append(names, s.opts.Prefix+e.Name()[1:])
		}
	}
	return names, nil
}

// Renumber gives a folder a new UIDVALIDITY, as a restored or rebuilt server
// would: every UID known of it is void. The server must be stopped.
func (s *Server) Renumber(user, folder string) error {
	if s.cmd != nil {
		return errors.New("renumber: stop the server first")
	}
	dir := s.folder(user, folder)
	for _, f := range []string{"dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache", "dovecot-uidvalidity"} {
		if err := os.Remove(filepath.Join(dir, f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("renumber: %w", err)
		}
	}
	return nil
}
