//go:build !linux

package ingest

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"time"
)

func ownProgram() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// confine can do nothing here: a reader that loses us ends with its input.
func confine(*exec.Cmd) {}

// beginLimits returns what bounds this process for each mail. There is no
// limit that the system keeps on every machine, so it looks after itself.
func beginLimits() (func(head) error, error) {
	debug.SetMaxStack(maxStack)
	most := make(chan uint64)
	go func() {
		var limit uint64
		tick := time.NewTicker(50 * time.Millisecond)
		for {
			select {
			case limit = <-most:
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if limit > 0 && m.Sys-m.HeapReleased > limit {
					os.Stderr.WriteString("out of memory\n")
					os.Exit(2)
				}
			}
		}
	}()
	return func(h head) error {
		m := memoryFor(h.Size)
		debug.SetMemoryLimit(m / 4 * 3)
		most <- uint64(m)
		return nil
	}, nil
}

func outOfTime(*os.ProcessState) bool { return false }

// readerEnv is what a process needs of the environment to start.
func readerEnv() []string {
	if root := os.Getenv("SYSTEMROOT"); root != "" {
		return []string{"SYSTEMROOT=" + root}
	}
	return nil
}
