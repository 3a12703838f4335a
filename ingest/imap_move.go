package ingest

import (
	"errors"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// folder makes sure that the processed folder exists, and remembers what the
// server calls it.
func (s *session) folder() error {
	if s.target != "" {
		return nil
	}
	return s.run(stageFolder, func() error {
		name, err := s.fullName()
		if err != nil {
			return err
		}
		there, err := s.exists(name)
		if err != nil {
			return err
		}
		if !there {
			err := s.c.Create(name, nil).Wait()
			var re *imap.Error
			if err != nil && !(errors.As(err, &re) && re.Code == imap.ResponseCodeAlreadyExists) {
				return err
			}
			// So that people see it in their mail program; not every server has it.
			if err := s.c.Subscribe(name).Wait(); err != nil && !isRefusal(err) {
				return err
			}
		}
		s.target = name
		return nil
	})
}

// fullName gives the processed folder the prefix and the separator that this
// server wants: "Helpdesk/Done" is "INBOX.Helpdesk.Done" on some.
func (s *session) fullName() (string, error) {
	name := s.cfg.Processed
	all, err := s.c.List("", "", nil).Collect() // tells the separator (RFC 9051 section 6.3.9)
	if err != nil {
		return "", err
	}
	prefix, delim := "", rune(0)
	if len(all) > 0 {
		delim = all[0].Delim
	}
	if s.caps.Has(imap.CapNamespace) {
		ns, err := s.c.Namespace().Wait()
		if err != nil && !isRefusal(err) {
			return "", err
		}
		if err == nil && len(ns.Personal) > 0 {
			prefix, delim = ns.Personal[0].Prefix, ns.Personal[0].Delim
		}
	}
	if delim != 0 && delim != '/' {
		name = strings.ReplaceAll(name, "/", string(delim))
	}
	if !strings.HasPrefix(name, prefix) {
		name = prefix + name
	}
	return name, nil
}

func (s *session) exists(name string) (bool, error) {
	all, err := s.c.List("", name, nil).Collect()
	if err != nil {
		return false, err
	}
	for _, d := range all {
		if d.Mailbox == name {
			for _, a := range d.Attrs {
				if a == imap.MailboxAttrNoSelect || a == imap.MailboxAttrNonExistent {
					return false, nil
				}
			}
			return true, nil
		}
	}
	return false, nil
}

// move takes uids out of the folder and into the processed one. When it
// returns nil, none of them needs anything more.
func (s *session) move(uids []uint32) error {
	if err := s.folder(); err != nil {
		return err
	}
	err := s.moveOnce(uids)
	var re *imap.Error
	if errors.As(err, &re) && re.Code == imap.ResponseCodeTryCreate { // somebody deleted the folder
		s.target = ""
		if err := s.folder(); err != nil {
			return err
		}
		err = s.moveOnce(uids)
	}
	return err
}

func (s *session) moveOnce(uids []uint32) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	set := uidSet(uids)
	// go-imap's Move without the server's MOVE sends COPY, STORE and EXPUNGE
	// at once, and deletes even what could not be copied.
	err := error(nil)
	if s.caps.Has(imap.CapMove) {
		err = s.run(stageMove, func() error {
			_, err := s.c.Move(set, s.target).Wait()
			return err
		})
	} else {
		err = s.copyAndDelete(uids)
	}
	if err != nil {
		return err
	}
	return s.alive(stageMove) // after a BYE even an OK means nothing
}

// copyAndDelete is MOVE for servers without it (RFC 6851 section 3.3), one
// step after the other. What bears \Deleted already was copied before a crash.
func (s *session) copyAndDelete(uids []uint32) error {
	deleted, err := s.deleted(uids)
	if err != nil {
		return err
	}
	var fresh, left []uint32
	for _, u := range uids {
		if !deleted[u] {
			left = append(left, u)
		}
		if !deleted[u] && !s.copied[u] {
			fresh = append(fresh, u)
		}
	}
	if len(fresh) > 0 {
		err := s.run(stageMove, func() error {
			_, err := s.c.Copy(uidSet(fresh), s.target).Wait()
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(left) > 0 {
		err = s.run(stageMove, func() error {
			return s.c.Store(uidSet(left), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close()
		})
		if err != nil {
			return err
		}
	}
	// A plain EXPUNGE would also remove what other people marked.
	if !s.caps.Has(imap.CapUIDPlus) {
		return nil
	}
	return s.run(stageMove, func() error { return s.c.UIDExpunge(uidSet(uids)).Close() })
}

func (s *session) deleted(uids []uint32) (map[uint32]bool, error) {
	set := uidSet(uids)
	found, err := s.find(&imap.SearchCriteria{UID: []imap.UIDSet{set}, Flag: []imap.Flag{imap.FlagDeleted}}, func(uid uint32) bool { return set.Contains(imap.UID(uid)) })
	m := make(map[uint32]bool, len(found))
	for _, u := range found {
		m[u] = true
	}
	return m, err
}
