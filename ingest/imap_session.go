package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// session is one signed-in IMAP connection with the folder selected. Its
// methods are called one after the other by one goroutine; every command has
// a deadline, and the end of the context closes the connection.
type session struct {
	cfg   MailboxConfig
	limit time.Duration // of a server's silence while a command runs
	conn  *conn
	c     *imapclient.Client
	caps  imap.CapSet
	hint  chan struct{} // the server said that there is more mail
	loose *loose
	stop  func() bool
	// moving is held while mail is moved: half a move is the one thing that
	// repeating can not mend on every server, so the end of the context waits.
	moving sync.Mutex

	selected string // the folder that is open, "" for none
	readOnly bool   // it is open for reading only
	validity uint32
	uidnext  uint32
	target   string          // the processed folder as the server calls it; "" until made sure of
	copied   map[uint32]bool // lie there already, though still here: see copiedBefore
}

// openSession connects and signs in. Errors are Failures.
func openSession(ctx context.Context, cfg MailboxConfig, limit time.Duration) (*session, error) {
	s, token, err := tryOpen(ctx, cfg, limit)
	if err != nil && token != "" && tokenIsRefused(err) && cfg.Tokens.Refused(token) {
		s, _, err = tryOpen(ctx, cfg, limit) // the token had ended early or was revoked: another may do
	}
	return s, err
}

// tryOpen is one try of openSession. The token is the one that login was tried with.
func tryOpen(ctx context.Context, cfg MailboxConfig, limit time.Duration) (s *session, token string, err error) {
	token, err = askToken(ctx, cfg)
	if err != nil {
		return nil, "", err
	}
	c, err := dial(ctx, cfg, limit)
	if err != nil {
		return nil, "", err
	}
	s = newSession(ctx, cfg, c, limit)
	if err := s.run(stageGreeting, s.c.WaitGreeting); err != nil {
		s.close()
		return nil, "", err
	}
	if err := s.run(stageLogin, func() error { return s.login(token) }); err != nil {
		s.close()
		return nil, token, err
	}
	return s, "", nil
}

// tokenIsRefused reports whether the server itself refused the sign-in, and
// not the network or a server that wants to be left alone.
func tokenIsRefused(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Login && (isRefusal(err) || errors.As(err, new(*tokenRefused)))
}

func askToken(ctx context.Context, cfg MailboxConfig) (string, error) {
	if cfg.Auth != AuthXOAuth2 {
		return "", nil
	}
	token, err := cfg.Tokens.Token(ctx)
	if err != nil {
		return "", failure(cfg, stageToken, err)
	}
	return token, nil
}

func newSession(ctx context.Context, cfg MailboxConfig, c *conn, limit time.Duration) *session {
	s := &session{cfg: cfg, limit: limit, conn: c, hint: make(chan struct{}, 1), loose: newLoose()}
	s.c = imapclient.New(c, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		// It runs in the reading goroutine: it may only signal.
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				signal(s.hint)
			}
		},
		Fetch: s.loose.take,
	}})
	s.stop = context.AfterFunc(ctx, func() {
		t := time.AfterFunc(5*time.Second, func() { c.Close() })
		defer t.Stop()
		s.moving.Lock()
		defer s.moving.Unlock()
		c.Close()
	})
	return s
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// login signs in by what the server offers.
func (s *session) login(token string) error {
	caps := s.c.Caps()
	if caps == nil {
		return errors.New("the server tells no capabilities")
	}
	switch {
	case s.c.State() == imap.ConnStateAuthenticated: // PREAUTH: already signed in
		s.caps = caps
		return nil
	case s.cfg.Auth == AuthXOAuth2:
		if err := s.c.Authenticate(&xoauth2{user: s.cfg.Username, token: token}); err != nil {
			return err
		}
	case caps.Has(imap.CapLoginDisabled) && s.cfg.Security == SecurityPlain:
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodePrivacyRequired, Text: "LOGINDISABLED"}
	case caps.Has(imap.AuthCap("PLAIN")) && (s.cfg.Auth == AuthPlain || caps.Has(imap.CapLoginDisabled)):
		if err := s.c.Authenticate(sasl.NewPlainClient("", s.cfg.Username, s.cfg.Password)); err != nil {
			return err
		}
	case caps.Has(imap.CapLoginDisabled):
		return errNoPasswords // RFC 9051 section 6.2.3: LOGIN must not be tried
	default:
		if err := s.c.Login(s.cfg.Username, s.cfg.Password).Wait(); err != nil {
			return err
		}
	}
	// MOVE and others are offered only after signing in. go-imap forgets the
	// old capabilities a moment after the login is through, and its Move looks
	// at them too: asking makes sure that both of us know the new ones.
	caps, err := s.c.Capability().Wait()
	s.caps = caps
	return err
}

// run runs one command under the deadline and finds the words for its error.
func (s *session) run(at stage, fn func() error) error {
	done := s.conn.guard(s.limit)
	defer done()
	if err := fn(); err != nil {
		return s.failed(at, err)
	}
	return nil
}

// failed explains an error. go-imap hides why a connection ended; the
// connection itself remembers.
func (s *session) failed(at stage, err error) error {
	var refused *imap.Error
	if errors.As(err, &refused) {
		return failure(s.cfg, at, err)
	}
	if cause := s.conn.cause(); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	if bye := s.conn.bye(); bye != "" {
		err = fmt.Errorf("%w, after saying %q", err, clean(bye))
	}
	return failure(s.cfg, at, err)
}

// dead reports whether the connection is of no more use.
func (s *session) dead() bool {
	select {
	case <-s.c.Closed():
		return true
	default:
		return s.conn.cause() != nil
	}
}

func (s *session) close() {
	s.stop()
	s.conn.Close()
	s.c.Close()
}

// logout says goodbye, where the server still listens.
func (s *session) logout() {
	if !s.dead() {
		s.conn.Conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
		done := s.conn.guard(2 * time.Second)
		s.c.Logout().Wait()
		done()
	}
	s.close()
}

// open selects a folder, read-only where nothing there may change.
func (s *session) open(folder string, readOnly bool) error {
	var data *imap.SelectData
	s.selected = ""
	err := s.run(stageSelect, func() (err error) {
		data, err = s.c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		return err
	})
	if err != nil {
		var f *Failure
		if errors.As(err, &f) && !s.dead() && f.Wait == 0 && !strings.Contains(f.What, "Signing in") {
			if names := s.folders(); len(names) > 0 {
				f.Do += " The mailbox has: " + strings.Join(names, ", ") + "."
			}
		}
		return err
	}
	if data.UIDValidity == 0 {
		return failure(s.cfg, stageSelect, errNoValidity)
	}
	s.selected, s.readOnly, s.validity, s.uidnext = folder, readOnly, data.UIDValidity, uint32(data.UIDNext)
	// go-imap notes the folder's state a moment after SELECT is through.
	return s.alive(stageSelect)
}

// folders lists what folders there are, for a person; at most 20.
func (s *session) folders() (names []string) {
	_ = s.run(stageSelect, func() error {
		all, err := s.c.List("", "*", nil).Collect()
		for _, d := range all {
			if len(names) < 20 && !slices.Contains(d.Attrs, imap.MailboxAttrNoSelect) {
				names = append(names, clean(d.Mailbox))
			}
		}
		return err
	})
	return names
}

// waiting is how many messages the folder has, as far as the server said.
func (s *session) waiting() int {
	if m := s.c.Mailbox(); m != nil {
		return int(m.NumMessages)
	}
	return 0
}

// alive makes sure that the server still talks to us, before anything is
// concluded from what it did not say: after a BYE every answer looks empty.
func (s *session) alive(at stage) error {
	return s.run(at, func() error { return s.c.Noop().Wait() })
}

// search returns the UIDs at or above from that match, in ascending order. A
// non-zero since narrows it to mail that arrived on that day or later.
func (s *session) search(from uint32, since time.Time) ([]uint32, error) {
	c := &imap.SearchCriteria{UID: []imap.UIDSet{{{Start: imap.UID(max(from, 1)), Stop: 0}}}, Since: since}
	return s.find(c, func(uid uint32) bool { return uid >= from }) // n:* names the last message even below n
}

// present returns which of uids are still in the folder.
func (s *session) present(uids []uint32) (map[uint32]bool, error) {
	set := uidSet(uids)
	found, err := s.find(&imap.SearchCriteria{UID: []imap.UIDSet{set}}, func(uid uint32) bool { return set.Contains(imap.UID(uid)) })
	if err != nil {
		return nil, err
	}
	if err := s.alive(stageSearch); err != nil {
		return nil, err
	}
	m := make(map[uint32]bool, len(found))
	for _, u := range found {
		m[u] = true
	}
	return m, nil
}

func (s *session) find(c *imap.SearchCriteria, want func(uint32) bool) ([]uint32, error) {
	var data *imap.SearchData
	err := s.run(stageSearch, func() (err error) {
		data, err = s.c.UIDSearch(c, nil).Wait()
		return err
	})
	if err != nil {
		return nil, err
	}
	set, _ := data.All.(imap.UIDSet)
	nums, _ := set.Nums()
	var uids []uint32
	for _, n := range nums {
		if want(uint32(n)) {
			uids = append(uids, uint32(n))
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}

// nextUID returns the UID that the next mail will have, asking for it where
// the server did not say it at SELECT.
func (s *session) nextUID() (uint32, error) {
	if s.uidnext != 0 {
		return s.uidnext, nil
	}
	uids, err := s.search(1, time.Time{})
	if err != nil {
		return 0, err
	}
	s.uidnext = 1
	if len(uids) > 0 {
		s.uidnext = uids[len(uids)-1] + 1
	}
	return s.uidnext, nil
}

// idle waits for a hint that mail arrived, at most for d. It reports whether
// there was one. A server that does not answer IDLE costs the connection.
func (s *session) idle(ctx context.Context, d time.Duration) (bool, error) {
	var cmd *imapclient.IdleCommand
	err := s.run(stageIdle, func() (err error) {
		cmd, err = s.c.Idle()
		return err
	})
	if err != nil {
		return false, err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	woken := false
	select {
	case <-s.hint:
		woken = true
	case <-t.C:
	case <-s.c.Closed():
	case <-ctx.Done():
	}
	return woken, s.run(stageIdle, func() error {
		if err := cmd.Close(); err != nil {
			return err
		}
		return cmd.Wait()
	})
}

// isRefusal reports whether the server said NO or BAD: the connection goes on.
func isRefusal(err error) bool {
	var re *imap.Error
	return errors.As(err, &re)
}
