//go:build failpoints

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"helpdeskd/mailer"
)

// failpoints kills this process, as SIGKILL would at that very moment, at the
// edge of the outbox that HELPDESKD_FAILPOINT names: "edge", or "edge:3" for
// its third time. ingest has its own, under the same variable.
func failpoints(m *mailer.Mailer) {
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
