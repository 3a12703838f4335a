package demo

import (
	"sync"
	"time"
)

// Clock is the time of the demo: while the history is written it stands
// wherever the story is, afterwards it is the real one.
type Clock struct {
	mu sync.Mutex
	at time.Time // zero: the real time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return time.Now()
	}
	return c.at
}

// Set stops the clock at a time; the zero time lets it run again.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}
