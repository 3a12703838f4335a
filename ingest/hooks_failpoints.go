//go:build failpoints

package ingest

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
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

// misbehave breaks as a parser might, where a mail says so in a header line:
// "X-Failpoint: panic", hang, memory or fatal. In the daemon itself memory and
// fatal are what the kernel and the runtime do in the end: it is killed.
func misbehave(raw []byte, apart bool) {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	_, mark, found := bytes.Cut(head, []byte("\r\nX-Failpoint: "))
	if !found {
		return
	}
	mark, _, _ = bytes.Cut(mark, []byte("\r\n"))
	switch string(mark) {
	case "panic":
		panic("this mail says so")
	case "hang":
		for spun := 0; ; spun++ {
			mark = append(mark[:0], byte(spun))
		}
	case "memory", "fatal":
		if !apart {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		if string(mark) == "fatal" {
			deeper(0)
		}
		var all [][]byte
		for {
			all = append(all, bytes.Repeat([]byte("x"), 1<<20))
		}
	}
}

// deeper never comes back, which is fatal. Its frames are large, as a parser's
// are: the runtime walks through all of them before it gives up, and millions
// of small ones take it seconds.
func deeper(n int) int {
	var room [1 << 12]byte
	room[n%len(room)] = byte(n)
	return deeper(n+1) + int(room[(n+1)%len(room)])
}

// readTime is how long reading a mail may take: FAILPOINT_READ_TIME where set.
func readTime(d time.Duration) time.Duration {
	if v, err := time.ParseDuration(os.Getenv("FAILPOINT_READ_TIME")); err == nil && v > 0 {
		return v
	}
	return d
}

// hastened bounds the waits by FAULT_HASTE, where it is set.
func hastened(t timing) timing {
	d, err := time.ParseDuration(os.Getenv("FAULT_HASTE"))
	if err != nil {
		return t
	}
	t.silence = d
	t.retryMin, t.retryMax = d/100, d/4
	t.loginMin, t.loginMax = d/100, d/4
	t.full, t.notReady, t.disk, t.grace = 5*d, d, d, d/2
	return t
}
