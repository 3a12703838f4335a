package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"helpdeskd/tracker/remedy"
)

// Step is one thing that Check tried.
type Step struct {
	Name    string // what was tried, in a few words
	OK      bool
	Message string // what was found
	Do      string // what to do next; "" where all is well
	Case    remedy.Case
	// ObjectID is that of the app's service principal, where a token of Entra
	// named it: what New-ServicePrincipal wants.
	ObjectID string
}

// Check tries everything that a mailbox's configuration names, one step after
// the other, and ends at the first that the next ones need. It changes
// nothing but one thing: the processed folder is made where it is missing.
// Tell, where it is not nil, is told each step as it ends.
func Check(ctx context.Context, cfg MailboxConfig, tell func(Step)) []Step {
	return check(ctx, cfg, 30*time.Second, tell)
}

// steps is what was tried so far.
type steps struct {
	all  []Step
	tell func(Step)
}

func (s *steps) add(step Step) {
	s.all = append(s.all, step)
	if s.tell != nil {
		s.tell(step)
	}
}

func (s *steps) good(name, format string, args ...any) {
	s.add(Step{Name: name, OK: true, Message: fmt.Sprintf(format, args...)})
}

// bad adds a failed step.
func (s *steps) bad(cfg MailboxConfig, name string, err error) {
	s.add(badStep(cfg, name, err))
}

func badStep(cfg MailboxConfig, name string, err error) Step {
	f := failure(cfg, stageFetch, err)
	return Step{Name: name, Message: f.What + ".", Do: f.Do, Case: f.Case}
}

func check(ctx context.Context, cfg MailboxConfig, limit time.Duration, tell func(Step)) []Step {
	all := &steps{tell: tell}
	all.try(ctx, cfg, limit)
	return all.all
}

func (s *steps) try(ctx context.Context, cfg MailboxConfig, limit time.Duration) {
	if err := cfg.Validate(); err != nil {
		s.add(Step{Name: "settings", Message: strings.ReplaceAll(err.Error(), "\n", "; "), Do: "Correct the configuration."})
		return
	}
	s.good("settings", "complete")
	if cfg.Host == "" {
		s.good("server", "none: mail comes by the ingest command alone")
		return
	}
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, 4*limit)
	defer cancel()
	c, err := s.reach(ctx, cfg, limit)
	if err != nil {
		return
	}
	token := ""
	if cfg.Auth == AuthXOAuth2 {
		if token, err = askToken(ctx, cfg); err != nil {
			c.Close()
			s.bad(cfg, "token", err)
			return
		}
		s.good("token", "there is one")
		if !s.permission(token) {
			c.Close()
			return
		}
	}
	m := newSession(ctx, cfg, c, limit)
	defer m.logout()
	s.mailbox(m, token)
}

// reach tries the way to the server; after an error its step is there.
func (s *steps) reach(ctx context.Context, cfg MailboxConfig, limit time.Duration) (*conn, error) {
	if net.ParseIP(cfg.Host) == nil {
		addrs, err := net.DefaultResolver.LookupHost(ctx, cfg.Host)
		if err != nil {
			s.bad(cfg, "name", failure(cfg, stageDial, err))
			return nil, err
		}
		s.good("name", "%s is %s", cfg.Host, strings.Join(addrs, ", "))
	}
	c, err := dial(ctx, cfg, limit)
	var f *Failure
	if errors.As(err, &f) && f.Stage == string(stageDial) {
		s.bad(cfg, "connection", err)
		return nil, err
	}
	s.good("connection", "%s answers", cfg.addr())
	switch {
	case err != nil:
		s.bad(cfg, "encryption", err)
	case cfg.Security == SecurityPlain:
		s.good("encryption", "none: the server is on this machine")
	default:
		s.good("encryption", "%s, certificate valid for %s", cfg.Security, cfg.Host)
	}
	return c, err
}

// mailbox tries what there is to do once connected.
func (s *steps) mailbox(m *session, token string) {
	cfg := m.cfg
	err := m.run(stageGreeting, m.c.WaitGreeting)
	if err == nil {
		err = m.run(stageLogin, func() error { return m.login(token) })
	}
	if err != nil {
		s.refused(cfg, "sign-in", token, err)
		return
	}
	s.good("sign-in", "as %s by %s", cfg.Username, cfg.Auth)
	if err := m.open(cfg.Folder, cfg.LeaveInPlace); err != nil {
		s.refused(cfg, "folder", token, err)
		return
	}
	s.good("folder", "%s has %d messages; %s", cfg.Folder, m.waiting(), m.abilities())
	if cfg.LeaveInPlace {
		s.good("processed folder", "none: mail is left in place")
		return
	}
	if err := m.folder(); err != nil {
		s.bad(cfg, "processed folder", err)
		return
	}
	s.good("processed folder", "%s is there", m.target)
}

// refused adds a failed step of signing in, knowing what the token says of
// itself: a good token of Entra that is refused names what is missing.
func (s *steps) refused(cfg MailboxConfig, name, token string, err error) {
	step := badStep(cfg, name, err)
	if step.Case == remedy.MailboxOnly && remedy.ReadToken(token).Known {
		what, do := remedy.PrincipalUnknown.Explain(remedy.About{Mailbox: cfg.Username})
		step.Case, step.Message, step.Do = remedy.PrincipalUnknown, what+".", do
	}
	s.add(step)
}

// permission looks into a token for what reading needs; it reports whether it
// is there, or can not be told.
func (s *steps) permission(token string) bool {
	c := remedy.ReadToken(token)
	if !c.Known {
		return true
	}
	if c.Lacks(remedy.ReadPermission) {
		what, do := remedy.NoPermission.Explain(remedy.About{Missing: remedy.ReadPermission})
		s.add(Step{Name: "permission", Message: what + ".", Do: do, Case: remedy.NoPermission, ObjectID: c.ObjectID})
		return false
	}
	said := "the token carries " + remedy.ReadPermission
	if c.Person {
		said = "the token stands for the person who signed in"
	}
	s.add(Step{Name: "permission", OK: true, Message: said, ObjectID: c.ObjectID})
	return true
}

// abilities says what the server can do that matters to us.
func (s *session) abilities() string {
	words := []string{"mail is noticed at the next poll (no IDLE)", "moved by copying (no MOVE)"}
	if s.caps.Has("IDLE") {
		words[0] = "mail is noticed at once (IDLE)"
	}
	if s.caps.Has("MOVE") {
		words[1] = "moved by MOVE"
	}
	if s.cfg.LeaveInPlace {
		words = words[:1]
	}
	return strings.Join(words, ", ")
}
