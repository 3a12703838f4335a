package web

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
)

// Connector tries mailboxes, and sends their test mails.
type Connector interface {
	// Try tries everything that a mailbox names, step by step, and tells each
	// as it ends. It changes nothing but one thing: the processed folder is
	// made where it is missing.
	Try(ctx context.Context, c tracker.Connection, tell func(TryStep))
	// Send sends the mail of a round trip, and returns the server's answer or
	// what went wrong.
	Send(ctx context.Context, c tracker.Connection, p tracker.Probe) (answer string, failed *TryStep)
	// Look says where in the mailbox the mail of a test lies; "" for nowhere.
	Look(ctx context.Context, c tracker.Connection, p tracker.Probe) (folder string, err error)
	// SignIn begins a sign-in by code. The error is in words for people.
	SignIn(ctx context.Context, c tracker.Connection) (SignIn, error)
	// Headers reads what became of the headers of a header test's mail.
	Headers(raw []byte, p tracker.Probe) tracker.HeaderTest
}

// TryStep is one thing that was tried.
type TryStep struct {
	Sending  bool // of sending; else of reading
	Name     string
	OK       bool
	Said     string // how it went
	Do       string // the one thing to do next, where it failed
	Detail   string // the server's own words
	Lines    []remedy.Lines
	ObjectID string // of the service principal, where a token named it
}

// trialWithin is how long trying a mailbox may take.
const trialWithin = 3 * time.Minute

// trial is one try of a mailbox, of this process.
type trial struct {
	version int64 // of the connection
	at      time.Time

	mu    sync.Mutex
	steps []TryStep
	over  bool
	done  chan struct{}
}

func (t *trial) look() (steps []TryStep, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]TryStep(nil), t.steps...), t.over
}

// good reports whether every step went well.
func (t *trial) good() bool {
	steps, over := t.look()
	for _, s := range steps {
		if !s.OK {
			return false
		}
	}
	return over && len(steps) > 0
}

// trials are the latest ones by connection.
type trials struct {
	mu  sync.Mutex
	all map[int64]*trial

	looked   int64 // the test whose mail was looked for last
	lookedAt time.Time
	said     string
}

// lookEvery is how often a mailbox is signed in to for a test's mail: servers
// count sign-ins, and the page asks every second.
const lookEvery = time.Minute

// look returns what was found for a test lately, or has it looked for.
func (ts *trials) look(probe int64, find func() string) string {
	ts.mu.Lock()
	if ts.looked == probe && time.Since(ts.lookedAt) < lookEvery {
		defer ts.mu.Unlock()
		return ts.said
	}
	ts.looked, ts.lookedAt, ts.said = probe, time.Now(), ""
	ts.mu.Unlock()
	said := find()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.looked == probe {
		ts.said = said
	}
	return said
}

func (ts *trials) get(c tracker.Connection) *trial {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.all[c.ID]; t != nil && t.version == c.Version {
		return t
	}
	return nil
}

// begin keeps a new trial, and returns nil where one of the same version runs.
func (ts *trials) begin(c tracker.Connection) *trial {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.all[c.ID]; t != nil && t.version == c.Version {
		if _, over := t.look(); !over {
			return nil
		}
	}
	if ts.all == nil {
		ts.all = map[int64]*trial{}
	}
	t := &trial{version: c.Version, at: time.Now(), done: make(chan struct{})}
	ts.all[c.ID] = t
	return t
}

// carry takes a trial over to a later version that reaches the servers alike.
func (ts *trials) carry(from, to tracker.Connection) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.all[from.ID]; t != nil && t.version == from.Version {
		if _, over := t.look(); over {
			t.version = to.Version
		}
	}
}

// startTrial tries a mailbox behind the page, which shows how far it is.
func (s *site) startTrial(c tracker.Connection) {
	if s.opts.Connect == nil || c.Problem != "" {
		return
	}
	t := s.trials.begin(c)
	if t == nil {
		return
	}
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), trialWithin)
		defer stop()
		defer func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.over = true
			close(t.done)
		}()
		tell := func(step TryStep) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.steps = append(t.steps, step)
		}
		defer s.caught("a mailbox's trial", tell)
		s.opts.Connect.Try(ctx, c, tell)
	}()
	select { // most of what is wrong is wrong at once
	case <-t.done:
	case <-time.After(1500 * time.Millisecond):
	}
}

// caught is deferred where something runs behind a page.
func (s *site) caught(what string, tell func(TryStep)) {
	if v := recover(); v != nil {
		s.log.Error("panic in "+what, slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
		tell(TryStep{Name: s.words.say("box.internal"), Said: s.words.say("box.internal_text")})
	}
}
