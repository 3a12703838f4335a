package ingest

import (
	"errors"
	"math/rand/v2"
	"time"
)

// backoff is how long to wait after failures: doubling, with jitter so that
// several nodes and mailboxes do not come back at the same moment, longer
// after refused logins, and never shorter than the server asked for.
type backoff struct {
	times timing
	n     int // failures since things last worked
	fine  bool
}

// worked notes that a look into the mailbox went well.
func (b *backoff) worked() { b.fine = true }

// next returns the wait after a failure of a connection that lasted for d. A
// connection that did its work and lasted starts the count again; one that
// breaks at once each time must not log in every second for ever.
func (b *backoff) next(f *Failure, d time.Duration) time.Duration {
	if b.fine && d > b.times.retryMax/4 {
		b.n = 0
	}
	b.fine = false
	first, most := b.times.retryMin, b.times.retryMax
	if f.Login {
		first, most = b.times.loginMin, b.times.loginMax
	}
	wait := most
	if b.n < 16 {
		wait = min(most, first<<b.n)
	}
	b.n++
	wait = wait/2 + rand.N(wait/2+1)
	if f.Wait > 0 {
		wait = max(wait, f.Wait+rand.N(f.Wait/10+1))
	}
	return wait
}

// errNotReady is for messages that the server lists but does not hand out.
var errNotReady = errors.New("the server lists messages that it does not hand out")

// ledger remembers, for one UIDVALIDITY, which messages need not be asked for
// now. It is only memory: what was kept stands in the inbox.
type ledger struct {
	times    timing
	validity uint32
	low      uint32           // every UID below is settled
	later    map[uint32]again // could not be had, or only a placeholder came
	strikes  map[uint32]int   // how often the connection broke at it
	careful  int              // so many mails are fetched one by one, after a break
}

type again struct {
	at    time.Time
	tries int
}

func newLedger(t timing) *ledger {
	return &ledger{times: t, later: map[uint32]again{}, strikes: map[uint32]int{}}
}

// reset forgets everything when the folder was numbered anew.
func (l *ledger) reset(validity uint32) {
	if l.validity != validity {
		*l = *newLedger(l.times)
		l.validity = validity
	}
}

// due reports whether a UID may be asked for now.
func (l *ledger) due(uid uint32, now time.Time) bool {
	a, ok := l.later[uid]
	return !ok || !now.Before(a.at)
}

// deferTo puts a UID off, and reports false once it was put off as often as
// there are waits.
func (l *ledger) deferTo(uid uint32, now time.Time) bool {
	a := l.later[uid]
	if a.tries >= len(l.times.deferral) {
		return false
	}
	l.later[uid] = again{at: now.Add(l.times.deferral[a.tries]), tries: a.tries + 1}
	return true
}

// broke notes that the connection ended while uid was on its way. The third
// time the mail is put off, so that it does not stop the queue.
func (l *ledger) broke(uid uint32, now time.Time) (putOff bool) {
	l.strikes[uid]++
	if l.strikes[uid] < 3 {
		return false
	}
	delete(l.strikes, uid)
	l.later[uid] = again{at: now.Add(l.times.notReady), tries: l.later[uid].tries}
	return true
}

// settled forgets a UID that was kept, or is gone.
func (l *ledger) settled(uid uint32) {
	delete(l.later, uid)
	delete(l.strikes, uid)
}
