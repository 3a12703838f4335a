//go:build failpoints

package ingest

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// failpoints kills this process, as SIGKILL would at that very moment, at the
// edge that HELPDESKD_FAILPOINT names: "edge", or "edge:3" for its third time.
func failpoints() func(edge string) {
	name, nth, _ := strings.Cut(os.Getenv("HELPDESKD_FAILPOINT"), ":")
	if name == "" {
		return nil
	}
	at, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		at = 1
	}
	var n atomic.Int64
	return func(edge string) {
		if edge == name && n.Add(1) == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
}
