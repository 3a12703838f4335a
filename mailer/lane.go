package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"helpdeskd/tracker"
)

// A mail that the server puts off again and again is given up after both:
// so many tries, and so long a time since it was queued.
const (
	maxAttempts = 20
	maxAge      = 48 * time.Hour
)

// stuckAfter is how long the usual lane may take over one mail before the
// urgent lane sends people's replies past it.
const stuckAfter = 2 * time.Second

// lane sends one mail after the other over its own connections. There are
// two: the usual one, and one that waits behind it for people's replies that
// a slow server would keep there.
type lane struct {
	m        *Mailer
	lease    *tracker.Lease
	hard     context.Context // ends a while after we are told to stop
	sessions map[string]courier
	behind   *lane
	since    atomic.Int64 // when the mail in work began, in Unix nanoseconds; 0 for none
}

// run sends until ctx ends.
func (l *lane) run(ctx context.Context) {
	defer l.closeAll(func(courier) bool { return true })
	failures := 0
	for ctx.Err() == nil {
		if l.behind != nil && !l.behind.stuck() {
			l.closeAll(courier.idle)
			sleep(ctx, 500*time.Millisecond)
			continue
		}
		l.m.store.Alive(tracker.BeatOutbox)
		again, err := l.next(ctx)
		if err != nil && ctx.Err() == nil {
			failures++
			l.m.log.Error("the outbox can not be worked", slog.Any("error", err))
			again = backoff(time.Second, 30*time.Second, failures)
		}
		if err == nil {
			failures = 0
		}
		if again > 0 {
			l.closeAll(courier.idle)
			l.rest(ctx, again)
		}
	}
}

// rest waits for news of the outbox, or for as long as given.
func (l *lane) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-l.m.store.OutboxNews():
	}
}

// next sends one mail, and returns after how long to look again.
func (l *lane) next(ctx context.Context) (time.Duration, error) {
	d, err := l.m.readSettings(ctx)
	if err != nil {
		return 0, err
	}
	it, done, again, err := l.m.take(ctx, l.lease, l.behind != nil)
	if err != nil || it == nil {
		return again, err
	}
	defer done()
	defer l.m.report(l.hard, l.m.outlet(it.Mailbox))
	l.since.Store(time.Now().UnixNano())
	defer l.since.Store(0)
	return 0, l.send(l.hard, *it, d)
}

func (l *lane) stuck() bool {
	since := l.since.Load()
	return since != 0 && time.Since(time.Unix(0, since)) > stuckAfter
}

func (l *lane) closeAll(which func(courier) bool) {
	for name, s := range l.sessions {
		if which(s) {
			s.close()
			delete(l.sessions, name)
		}
	}
}

// send makes one attempt at one mail and records what came of it. An error
// is our own: the row stands as it was, or as sending.
func (l *lane) send(ctx context.Context, it tracker.OutboxItem, d desk) error {
	out := l.m.outlet(it.Mailbox)
	d.plus = out.config.PlusAddressing
	if out.config.FromName != "" {
		d.brand = out.config.FromName
	}
	e, err := addresses(it)
	if errors.Is(err, errAddress) {
		return l.settle(it, "dead", func(ctx context.Context) error {
			return l.m.store.Dead(ctx, l.lease, it.ID, l.m.words.say("fate.address", oneLine(it.ToAddress, 200)))
		})
	}
	if err != nil {
		l.trouble(out, &trouble{stage: stageSender, err: err})
		return nil
	}
	s := l.session(ctx, out)
	if s == nil {
		return nil
	}
	data, err := l.bytes(ctx, it, d)
	if err != nil || data == nil {
		return err
	}
	v := l.attempt(ctx, s, out, it, e, data)
	if v.fate == blocked && s.carried() > 1 && (v.why.code == 0 || v.why.code == 421) {
		// The server had closed a connection that we kept: a new one may do.
		if s = l.session(ctx, out); s == nil {
			return nil
		}
		v = l.attempt(ctx, s, out, it, e, data)
	}
	return l.record(out, it, v)
}

// attempt delivers over a session, and forgets the session where it broke.
func (l *lane) attempt(ctx context.Context, s courier, out *outlet, it tracker.OutboxItem, e envelope, data []byte) verdict {
	s.onDotDo(func() { l.m.crash(EdgeDot) })
	began := time.Now()
	v := s.deliver(ctx, e, data, func() error {
		l.m.crash(EdgeSending)
		if err := l.m.store.Sending(ctx, l.lease, it.ID); err != nil {
			return err
		}
		l.m.crash(EdgeCommitted)
		return nil
	})
	l.m.meters.attempt(out.name, it.Kind, v, began)
	if v.broken {
		s.drop()
		delete(l.sessions, out.name)
	}
	return v
}

// session returns a living connection, nil where there is none to be had:
// then the trouble is recorded, and the mail stays queued.
func (l *lane) session(ctx context.Context, out *outlet) courier {
	if s := l.sessions[out.name]; s != nil {
		if s.outlet() == out && !s.stale() {
			return s
		}
		s.close()
		delete(l.sessions, out.name)
	}
	s, err := open(ctx, out.config, l.m.wait)
	if err != nil {
		if ctx.Err() == nil {
			l.m.meters.failed(out.name, err)
			l.trouble(out, err)
		}
		return nil
	}
	l.m.meters.signIns.WithLabelValues(out.name).Inc()
	s.belongs(out)
	l.sessions[out.name] = s
	return s
}

// bytes returns what is sent: rendered before, or rendered and recorded now.
// Nil without an error means that the row has moved on or came to its end.
func (l *lane) bytes(ctx context.Context, it tracker.OutboxItem, d desk) ([]byte, error) {
	if it.Digest != "" {
		blob, err := l.m.store.OpenBlob(ctx, it.Digest)
		if err != nil {
			return nil, l.unreadable(ctx, it, err)
		}
		defer blob.Close()
		return append([]byte(nil), blob.Bytes()...), nil
	}
	token, _ := tracker.NewToken()
	r, err := l.m.renderer.render(ctx, it, d, token)
	if errors.Is(err, errContent) {
		return nil, l.unreadable(ctx, it, err)
	}
	if err != nil {
		l.m.log.Error("a mail can not be written", slog.Int64("outbox", it.ID), slog.Any("error", err))
		return nil, l.settle(it, "dead", func(ctx context.Context) error {
			return l.m.store.Dead(ctx, l.lease, it.ID, l.m.words.say("fate.render", oneLine(err.Error(), 300)))
		})
	}
	l.m.crash(EdgeRendering)
	err = l.m.store.Rendered(ctx, l.lease, it.ID, r)
	if isConflict(err) {
		l.m.log.Info("a mail was dealt with elsewhere", slog.Int64("outbox", it.ID), slog.Any("error", err))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.m.crash(EdgeRendered)
	return r.Bytes, nil
}

// unreadable puts off a mail whose stored content can not be read, so that it
// does not stand in the way of the others. Where the database itself is away,
// that fails too, and everything waits.
func (l *lane) unreadable(ctx context.Context, it tracker.OutboxItem, err error) error {
	if ctx.Err() != nil {
		return err
	}
	l.m.log.Error("a mail's content can not be read", slog.Int64("outbox", it.ID), slog.Any("error", err))
	why := l.m.words.say("fate.content")
	if l.hopeless(it) {
		return l.m.store.Dead(ctx, l.lease, it.ID, why)
	}
	return l.m.store.Retry(ctx, l.lease, it.ID, why, l.m.store.Now().Add(backoff(time.Minute, time.Hour, it.Attempts+1)))
}

// hopeless reports whether a mail has been tried for long enough.
func (l *lane) hopeless(it tracker.OutboxItem) bool {
	return it.Attempts+1 >= maxAttempts && l.m.store.Now().Sub(it.CreatedAt.Time()) > maxAge
}

// serverID finds the Message-ID that servers such as Exchange name in their
// final answer, since they may have given the mail another one than ours.
var serverID = regexp.MustCompile(`<([^<>\s@]+@[^<>\s@]+)>`)

// record writes down what an attempt came to.
func (l *lane) record(out *outlet, it tracker.OutboxItem, v verdict) error {
	m, store := l.m, l.m.store
	switch v.fate {
	case abandoned:
		if isConflict(v.err) {
			m.log.Info("a mail was dealt with elsewhere", slog.Int64("outbox", it.ID), slog.Any("error", v.err))
			return nil
		}
		// Nothing was sent, but the row may stand as sending: the answer to a
		// commit can be lost.
		m.log.Error("a mail could not be begun", slog.Int64("outbox", it.ID), slog.Any("error", v.err))
		at := store.Now().Add(m.wait.again)
		return l.settle(it, "retry", func(ctx context.Context) error {
			return store.Retry(ctx, l.lease, it.ID, m.words.say("fate.not_begun"), at)
		})
	case blocked:
		l.trouble(out, v.why)
		return nil
	case delivered:
		if out.works(time.Now(), true) {
			m.log.Info("sending works again", slog.String("mailbox", out.name))
		}
		id := ""
		if found := serverID.FindStringSubmatch(v.text); found != nil && isMessageID(found[1]) {
			id = found[1]
		}
		return l.settle(it, "sent", func(ctx context.Context) error {
			return store.Sent(ctx, l.lease, it.ID, oneLine(v.text, 500), id)
		})
	case uncertain:
		m.log.Warn("a mail may or may not have arrived", slog.Int64("outbox", it.ID), slog.Any("error", v.why))
		return l.settle(it, "uncertain", func(ctx context.Context) error {
			return store.Uncertain(ctx, l.lease, it.ID, m.words.say("fate.uncertain"))
		})
	}
	why := m.words.because(out.config, v.why)
	switch {
	case v.why.ofMailbox():
		l.trouble(out, v.why)
	case v.why.code != 0:
		out.works(time.Now(), false) // it has words about this mail only
	}
	if v.fate == deferred && l.hopeless(it) {
		why, v.fate = m.words.say("fate.too_often", it.Attempts+1, why), refused
	}
	if v.fate == refused {
		m.log.Warn("a mail was refused", slog.Int64("outbox", it.ID), slog.String("kind", it.Kind), slog.Any("error", v.why))
		return l.settle(it, "dead", func(ctx context.Context) error { return store.Dead(ctx, l.lease, it.ID, why) })
	}
	at := store.Now().Add(max(backoff(time.Minute, time.Hour, it.Attempts+1), v.why.wait))
	m.log.Info("a mail is put off", slog.Int64("outbox", it.ID), slog.Time("until", at), slog.Any("error", v.why))
	return l.settle(it, "retry", func(ctx context.Context) error { return store.Retry(ctx, l.lease, it.ID, why, at) })
}

// settle writes an outcome that we alone know, and so tries for as long as
// it may while the database is away. What it can not write is found as
// sending by the next holder of the lease, and becomes uncertain.
func (l *lane) settle(it tracker.OutboxItem, state string, write func(ctx context.Context) error) error {
	l.m.crash(EdgeAnswered)
	for failures := 1; ; failures++ {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.hard), grace)
		err := write(ctx)
		cancel()
		if err == nil {
			l.m.crash(EdgeSettled)
			return nil
		}
		if isConflict(err) {
			l.m.log.Warn("the outcome of a mail comes too late", slog.Int64("outbox", it.ID), slog.String("state", state), slog.Any("error", err))
			return nil
		}
		if l.hard.Err() != nil {
			return fmt.Errorf("record mail %d as %s: %w", it.ID, state, err)
		}
		l.m.log.Error("the outcome of a mail can not be recorded yet", slog.Int64("outbox", it.ID), slog.String("state", state), slog.Any("error", err))
		sleep(l.hard, backoff(200*time.Millisecond, 10*time.Second, failures))
	}
}

// trouble pauses a mailbox, and says why: in the log once, on the health page for as long.
func (l *lane) trouble(out *outlet, err error) {
	at, wait := stageConnect, time.Duration(0)
	detail := err.Error()
	var t *trouble
	if errors.As(err, &t) {
		at, wait = t.stage, t.wait
	}
	what, advice := l.m.words.explain(out.config, err)
	if out.fail(time.Now(), at, wait, what, advice, oneLine(detail, 400)) {
		l.m.log.Error("mail of a mailbox waits", slog.String("mailbox", out.name), slog.String("what", what), slog.String("advice", advice), slog.String("detail", detail))
	}
}
