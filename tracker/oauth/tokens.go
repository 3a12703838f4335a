package oauth

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/time/rate"
)

// Waits. A refusal will not pass by itself soon; trouble may.
const (
	askWithin    = 30 * time.Second // for one answer of the endpoint
	troubleFirst = 5 * time.Second
	troubleMost  = 5 * time.Minute
	refusalFirst = 30 * time.Second
	refusalMost  = 15 * time.Minute
	lookAgain    = 5 * time.Second // for a person's sign-in
	longestWait  = time.Hour       // that the endpoint may ask for
	unknownLife  = 30 * time.Minute
	calm         = 30 * time.Minute // without a refusal: earlier ones are forgotten
)

// tokens is the Source for one set of scopes.
type tokens struct {
	a      *Account
	scopes []string
	logins *rate.Limiter // nil: not counted

	mu     sync.Mutex
	have   token
	flight *flight

	failed   *Error    // why the endpoint gave none the last time
	failures int       // in a row
	until    time.Time // it is not asked before
	grant    int64     // the grant that failed; a newer one is tried at once

	refusals int // by mail servers, of tokens that should have been good
}

// token is an access token and how long it will do.
type token struct {
	value   string
	minted  time.Time
	renew   time.Time // another one is asked for then
	ends    time.Time // not given to anybody after
	uses    int
	refused bool // by a server: another one is asked for at renew
}

// flight is a request to the endpoint that several wait for.
type flight struct {
	done chan struct{}
	err  *Error
}

// Token implements Source.
func (t *tokens) Token(ctx context.Context) (string, error) {
	if t.logins != nil {
		if r := t.logins.Reserve(); r.Delay() > 0 {
			wait := r.Delay()
			r.Cancel()
			return "", &Error{Kind: TooOften, Wait: wait}
		}
	}
	t.mu.Lock()
	now := time.Now()
	lasts := t.have.value != "" && now.Before(t.have.ends)
	if now.Before(t.have.renew) && lasts {
		defer t.mu.Unlock()
		return t.use(), nil
	}
	if t.flight == nil && now.Before(t.until) && !t.anotherGrant(ctx) {
		defer t.mu.Unlock()
		if lasts && !t.have.refused {
			return t.use(), nil
		}
		again := *t.failed
		again.Wait = t.until.Sub(now)
		return "", &again
	}
	f := t.flight
	if f == nil {
		f = t.fly(ctx)
	}
	if lasts && !t.have.refused {
		defer t.mu.Unlock()
		return t.use(), nil
	}
	t.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have.value != "" && time.Now().Before(t.have.ends) && (f.err == nil || !t.have.refused) {
		return t.use(), nil
	}
	if f.err == nil {
		return "", &Error{Kind: Garbled, Said: "the token has already ended: the clocks differ"}
	}
	err := *f.err
	return "", &err
}

// use counts a use of the token. The lock is held.
func (t *tokens) use() string {
	t.have.uses++
	if !t.have.refused && time.Since(t.have.minted) > calm {
		t.refusals = 0
	}
	return t.have.value
}

// fly asks for a token, for all who wait. It goes on when one of them does not
// wait any longer: an answer may bring a rotated refresh token, which must not
// be lost. The lock is held.
func (t *tokens) fly(ctx context.Context) *flight {
	f := &flight{done: make(chan struct{})}
	t.flight = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*askWithin)
	go func() {
		defer cancel()
		got, grant, err := t.a.mint(ctx, t.scopes)
		t.mu.Lock()
		defer t.mu.Unlock()
		defer close(f.done)
		t.flight = nil
		if err != nil {
			f.err = asError(err)
			t.fail(f.err, grant)
			return
		}
		if t.failed != nil {
			t.a.log.Info("the token endpoint gives tokens again")
		}
		t.failed, t.failures, t.until = nil, 0, time.Time{}
		t.have = t.keep(got)
	}()
	return f
}

// keep works out how long a token will do: another one is asked for when
// three quarters of its life are over, not at the same moment by everybody.
func (t *tokens) keep(got *oauth2.Token) token {
	now := time.Now()
	life := unknownLife
	if !got.Expiry.IsZero() {
		life = got.Expiry.Sub(now)
	}
	renew := time.Duration(float64(life) * (0.7 + 0.1*rand.Float64()))
	return token{value: got.AccessToken, minted: now, renew: now.Add(renew), ends: now.Add(life - min(time.Minute, life/10))}
}

// fail notes that there was no token, and when to ask again. The lock is held.
func (t *tokens) fail(err *Error, grant int64) {
	if t.failed == nil || t.failed.Kind != err.Kind {
		t.failures = 0
		t.a.log.Warn("no new access token", slog.String("kind", string(err.Kind)), slog.Any("error", err))
	}
	t.failures++
	first, most := refusalFirst, refusalMost
	switch {
	case err.Kind == NotSignedIn:
		first, most = lookAgain, lookAgain // this asks only our own database
	case err.Passing():
		first, most = troubleFirst, troubleMost
	}
	wait := grow(first, most, t.failures)
	wait = t.a.soon(max(wait, min(err.Wait, longestWait)))
	err.Wait = wait
	t.failed, t.until, t.grant = err, time.Now().Add(wait), grant
}

// anotherGrant reports whether a person has signed in since the last failure,
// so that nobody waits for the end of the pause. The lock is held.
func (t *tokens) anotherGrant(ctx context.Context) bool {
	if t.a.config.Flow != FlowDevice {
		return false
	}
	g, err := t.a.keeper.Grant(ctx)
	return err == nil && g.N != t.grant
}

// Refused implements Source.
func (t *tokens) Refused(refused string) (retry bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have.value != refused || refused == "" {
		return t.have.value != "" // there is a newer one already
	}
	t.refusals++
	if t.have.uses > 1 && t.refusals == 1 {
		// It has served before, so it has ended early or was revoked.
		t.have = token{}
		return true
	}
	if t.have.refused {
		return false
	}
	// A new one may do once a permission is granted, which is not soon.
	t.have.refused = true
	t.have.renew = time.Now().Add(t.a.soon(grow(refusalFirst, refusalMost, t.refusals)))
	return false
}

// forget has the next Token ask the endpoint.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.have, t.failed, t.failures, t.until, t.refusals = token{}, nil, 0, time.Time{}, 0
}

// soon shortens a wait for tests.
func (a *Account) soon(d time.Duration) time.Duration {
	if a.hasten > 0 {
		return min(d, a.hasten)
	}
	return d
}

// grow doubles from first to most with each failure, within a fifth at random.
func grow(first, most time.Duration, failures int) time.Duration {
	d := most
	if failures < 20 {
		d = min(most, first<<(failures-1))
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// asError keeps what is ours from being taken for the endpoint's.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Err: err}
}
