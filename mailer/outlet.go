package mailer

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// outlet is the way out for one mailbox's mail: its server, and how that
// fares. Trouble with it pauses all its mail and none of another mailbox's.
type outlet struct {
	name   string
	config SMTPConfig
	absent bool // the mailbox has no smtp settings

	mu       sync.Mutex
	id       int64 // the mailbox's, once one of its mails was seen
	failures int
	until    time.Time // no attempt before
	reported string    // what the store was told last
	told     bool      // whether it was told anything since we lead
	status   OutletStatus
}

// Status is how sending fares, for the health page.
type Status struct {
	Leading   bool // this process holds the outbox's lease
	PerMinute int
	Outlets   []OutletStatus
}

// OutletStatus is how sending for one mailbox fares. Trouble is empty when
// all is well, else what happened, and Advice what to do, in plain words.
type OutletStatus struct {
	Mailbox  string
	Trouble  string
	Advice   string
	Detail   string // the server's own words, or the error
	Since    time.Time
	NextTry  time.Time
	LastSent time.Time
}

// paused reports whether nothing should be tried now.
func (o *outlet) paused(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.absent || now.Before(o.until)
}

func (o *outlet) pausedID(now time.Time) (id int64, paused bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id, o.absent || now.Before(o.until)
}

// meet learns the mailbox's id from one of its mails.
func (o *outlet) meet(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.id = id
}

// fail records trouble and backs off, for as long as the server asked for at
// least. It reports whether this is news, for the log.
func (o *outlet) fail(now time.Time, at stage, wait time.Duration, what, advice, detail string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures++
	first, most := 5*time.Second, 5*time.Minute
	if at == stageLogin || at == stageSender {
		// Servers lock accounts that try too often.
		first, most = 30*time.Second, 15*time.Minute
	}
	o.until = now.Add(max(backoff(first, most, o.failures), wait))
	news := o.status.Trouble != what
	if news {
		o.status.Since = now
	}
	o.status.Trouble, o.status.Advice, o.status.Detail = what, advice, detail
	o.status.NextTry = o.until
	return news
}

// works records that the server took a mail, or at least our sign-in and
// sender. It reports whether there was trouble before.
func (o *outlet) works(now time.Time, sent bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := o.status.Trouble != ""
	if sent {
		o.status.LastSent = now
	}
	o.failures, o.until = 0, time.Time{}
	o.status = OutletStatus{Mailbox: o.name, LastSent: o.status.LastSent}
	return was
}

// report tells the store how the mailbox fares, where that is news to it:
// so that every node's health page shows it.
func (o *outlet) report(tell func(id int64, trouble string) error) error {
	o.mu.Lock()
	id, say := o.id, strings.TrimSpace(o.status.Trouble+" "+o.status.Advice)
	known := o.told && o.reported == say
	o.mu.Unlock()
	if known || id == 0 {
		return nil
	}
	if err := tell(id, say); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told, o.reported = true, say
	return nil
}

func (o *outlet) look() OutletStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.status
}

// backoff doubles from first to most with each failure, within a fifth at random.
func backoff(first, most time.Duration, failures int) time.Duration {
	d := first
	for range failures - 1 {
		if d *= 2; d >= most {
			d = most
			break
		}
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}
