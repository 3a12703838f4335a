package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Step is one thing that Check tried.
type Step struct {
	Name    string // what was tried, in a few words
	OK      bool
	Message string // what was found
	Do      string // what to do next; "" where all is well
}

// Check tries everything that a mailbox's configuration names, one step after
// the other, and ends at the first that the next ones need. It changes
// nothing but one thing: the processed folder is made where it is missing.
func Check(ctx context.Context, cfg MailboxConfig) []Step {
	return check(ctx, cfg, 30*time.Second)
}

func check(ctx context.Context, cfg MailboxConfig, limit time.Duration) (steps []Step) {
	bad := func(name string, err error) []Step {
		f := failure(cfg, stageFetch, err)
		return append(steps, Step{Name: name, Message: f.What + ".", Do: f.Do})
	}
	good := func(name, format string, args ...any) {
		steps = append(steps, Step{Name: name, OK: true, Message: fmt.Sprintf(format, args...)})
	}
	if err := cfg.Validate(); err != nil {
		return append(steps, Step{Name: "settings", Message: strings.ReplaceAll(err.Error(), "\n", "; "), Do: "Correct the configuration."})
	}
	good("settings", "complete")
	if cfg.Host == "" {
		good("server", "none: mail comes by the ingest command alone")
		return steps
	}
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, 4*limit)
	defer cancel()

	if net.ParseIP(cfg.Host) == nil {
		addrs, err := net.DefaultResolver.LookupHost(ctx, cfg.Host)
		if err != nil {
			return bad("name", failure(cfg, stageDial, err))
		}
		good("name", "%s is %s", cfg.Host, strings.Join(addrs, ", "))
	}
	c, err := dial(ctx, cfg, limit)
	if err != nil {
		var f *Failure
		if errors.As(err, &f) && f.Stage != string(stageDial) {
			good("connection", "%s answers", cfg.addr())
			return bad("encryption", err)
		}
		return bad("connection", err)
	}
	good("connection", "%s answers", cfg.addr())
	switch cfg.Security {
	case SecurityPlain:
		good("encryption", "none: the server is on this machine")
	default:
		good("encryption", "%s, certificate valid for %s", cfg.Security, cfg.Host)
	}
	token := ""
	if cfg.Auth == AuthXOAuth2 {
		tok, err := newTokens(cfg)
		if err == nil {
			token, err = askToken(ctx, cfg, tok)
		}
		if err != nil {
			c.Close()
			return bad("token", err)
		}
		good("token", "%s gave one", cfg.TokenEndpoint)
	}
	s := newSession(ctx, cfg, c, limit)
	defer s.logout()
	if err := s.run(stageGreeting, s.c.WaitGreeting); err != nil {
		return bad("sign-in", err)
	}
	if err := s.run(stageLogin, func() error { return s.login(token) }); err != nil {
		return bad("sign-in", err)
	}
	good("sign-in", "as %s by %s", cfg.Username, cfg.Auth)
	if err := s.open(); err != nil {
		return bad("folder", err)
	}
	good("folder", "%s has %d messages; %s", cfg.Folder, s.waiting(), s.abilities())
	if cfg.LeaveInPlace {
		good("processed folder", "none: mail is left in place")
		return steps
	}
	if err := s.folder(); err != nil {
		return bad("processed folder", err)
	}
	good("processed folder", "%s is there", s.target)
	return steps
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
