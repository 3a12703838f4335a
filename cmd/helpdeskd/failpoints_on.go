//go:build failpoints

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"helpdeskd/mailer"
	"helpdeskd/tracker"
)

// failpoints kills this process, as SIGKILL would at that very moment, at the
// edge of the outbox that HELPDESKD_FAILPOINT names: "edge", or "edge:3" for
// its third time. ingest has its own, under the same variable.
func failpoints(m *mailer.Mailer) {
	if d, err := time.ParseDuration(os.Getenv("FAULT_HASTE")); err == nil {
		m.Hasten(d)
	}
	name, nth, _ := strings.Cut(os.Getenv("HELPDESKD_FAILPOINT"), ":")
	if name == "" {
		return
	}
	at, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		at = 1
	}
	var n atomic.Int64
	m.Failpoints(func(edge string) {
		if edge == name && n.Add(1) == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
}

// tuned gives the store other times, for tests: FAULT_CLOCK is how far its
// clock is off, FAULT_HASTE how soon a silent holder loses its lease. (The
// same variable shortens the waits of ingest and mailer.)
func tuned(o tracker.Options) tracker.Options {
	if d, err := time.ParseDuration(os.Getenv("FAULT_CLOCK")); err == nil {
		o.Clock = func() time.Time { return time.Now().Add(d) }
	}
	if d, err := time.ParseDuration(os.Getenv("FAULT_HASTE")); err == nil {
		o.LeaseTTL = d
	}
	return o
}
