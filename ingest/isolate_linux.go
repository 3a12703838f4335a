package ingest

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"
	"time"
)

// ownProgram is this very program, even after an update has replaced its file.
func ownProgram() string { return "/proc/self/exe" }

// confine has the kernel kill a reader when we die, and gives it a session of
// its own, so that a terminal's Ctrl-C reaches us alone.
func confine(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
}

// beginLimits bounds this process for good, and returns what bounds it for
// each mail: its address space and its computing time.
func beginLimits() (func(head) error, error) {
	for _, l := range []struct {
		resource int
		most     uint64
	}{{syscall.RLIMIT_CORE, 0}, {syscall.RLIMIT_FSIZE, 0}, {syscall.RLIMIT_NOFILE, 16}} {
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return nil, err
		}
	}
	// Where the machine runs out of memory this process goes first.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // not allowed everywhere
	debug.SetMaxStack(maxStack)
	began, err := addressSpace()
	if err != nil {
		return nil, err
	}
	return func(h head) error {
		m := memoryFor(h.Size)
		debug.SetMemoryLimit(m / 4 * 3)
		if err := soften(syscall.RLIMIT_AS, uint64(began+m)); err != nil {
			return err
		}
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			return err
		}
		spent := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		// Two threads compute at once at most; we are killed by the clock long before.
		return soften(syscall.RLIMIT_CPU, uint64(math.Ceil(spent.Seconds()))+2*uint64(h.Seconds)+1)
	}, nil
}

// soften sets a limit that may be raised again.
func soften(resource int, to uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(resource, &l); err != nil {
		return err
	}
	l.Cur = min(to, l.Max)
	return syscall.Setrlimit(resource, &l)
}

// addressSpace is how large this process is to the kernel, in bytes.
func addressSpace() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var pages int64
	if _, err := fmt.Sscan(string(b), &pages); err != nil {
		return 0, err
	}
	return pages * int64(os.Getpagesize()), nil
}

// outOfTime reports whether a process was ended by its limit of computing time.
func outOfTime(s *os.ProcessState) bool {
	if s == nil {
		return false
	}
	w, ok := s.Sys().(syscall.WaitStatus)
	return ok && w.Signaled() && w.Signal() == syscall.SIGXCPU
}

// readerEnv is what a process needs of the environment to start.
func readerEnv() []string { return nil }
