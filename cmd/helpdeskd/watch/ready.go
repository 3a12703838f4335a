package watch

import (
	"context"
	"sync"
	"time"

	"helpdeskd/tracker"
)

const (
	readyWithin = 2 * time.Second // for one write
	readyFor    = 5 * time.Second // an answer holds
	lookOld     = 2 * time.Minute // a look
)

// ready remembers the last answer, so that whoever asks often costs nothing.
type ready struct {
	mu      sync.Mutex
	at      time.Time
	reasons []string
	schema  time.Time // when it was last found to be right
}

// notReady words the problems for strangers: what a load balancer or a monitor
// outside must know, and nothing that names a server, a person or a mail.
var notReady = map[string]string{
	tracker.AlarmLease:   "a job is done by nobody",
	tracker.AlarmStalled: "a job does not move",
}

// Ready returns why this node should be sent no requests: the database can not
// be written, its schema is not the one that this program knows, this node has
// not looked after the desk, or some job is done by nobody on any node.
func (w *Watch) Ready(ctx context.Context) []string {
	r := &w.ready
	r.mu.Lock() // whoever asks meanwhile waits for the same answer
	defer r.mu.Unlock()
	if !r.at.IsZero() && time.Since(r.at) < readyFor {
		return r.reasons
	}
	r.reasons = w.askReady(ctx, r)
	r.at = time.Now()
	return r.reasons
}

func (w *Watch) askReady(ctx context.Context, r *ready) []string {
	var reasons []string
	bounded, done := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
	defer done()
	wrote := make(chan error, 1)
	go func() { wrote <- w.store.WriteBeats(bounded) }() // a driver may not heed its context
	select {
	case err := <-wrote:
		if err != nil {
			return []string{"the database can not be written"}
		}
	case <-bounded.Done():
		return []string{"the database can not be written in time"}
	}
	if r.schema.IsZero() || time.Since(r.schema) > time.Minute {
		have, know, err := w.store.DB().Version(bounded)
		if err != nil || have != know {
			reasons = append(reasons, "the schema of the database is not this program's")
		} else {
			r.schema = time.Now()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if age := w.store.Now().Sub(w.last); w.last.IsZero() || age > lookOld {
		reasons = append(reasons, "the node has not looked after itself")
	}
	told := map[string]bool{}
	for _, p := range w.bad {
		if why := notReady[p.Kind]; why != "" && !told[why] {
			told[why] = true
			reasons = append(reasons, why)
		}
	}
	return reasons
}
