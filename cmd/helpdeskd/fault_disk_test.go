//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"helpdeskd/ingest/imaptest"
)

// inject has strace do to every sync of a running helpdesk what how says, until
// the returned function is called.
func (tr *trial) inject(d *daemon, how string) (end func()) {
	tr.t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		tr.t.Skip("strace is not installed: ./test.sh installs it")
	}
	pid := fmt.Sprint(d.cmd.Process.Pid)
	s := launchWith(tr.t, nil, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:"+how, "-p", pid)
	s.quiet = true
	until(tr.t, 10*time.Second, "strace holds the daemon", func() bool {
		if strings.Contains(s.log.String(), "not permitted") {
			tr.t.Skip("strace may not look at another process here: ./test.sh as root runs this")
		}
		text, err := os.ReadFile("/proc/" + pid + "/status")
		return err != nil || !strings.Contains(string(text), "TracerPid:\t0\n")
	})
	return func() {
		syscall.Kill(s.cmd.Process.Pid, syscall.SIGINT) // it lets go
		<-s.done
	}
}

// killAtSync kills at a sync, which then has not happened. What was written
// before stays, as the machine goes on: that a commit waits for its sync is
// SQLite's (synchronous = FULL), that nothing is moved before a commit is ours.
func killAtSync(tr *trial) {
	tr.usual()
	kills := many(8, 120)
	for range kills {
		d := tr.serve()
		d.quiet = true
		tr.sleep(300 * time.Millisecond)
		tr.inject(d, fmt.Sprintf("signal=SIGKILL:when=%d", 1+tr.rand.IntN(3)))
		tr.feed("the process dies at a sync", func() bool { return !d.running() })
		if code := d.exit(tr.t, time.Second); code != -1 {
			tr.t.Fatalf("exit status %d instead of a kill:\n%s", code, tail(d.log.String(), 20))
		}
		tr.struck(1)
		tr.early()
	}
	tr.over()
	d := tr.serve()
	tr.taken(time.Minute)
	tr.recovered()
	tr.settle(2 * time.Minute)
	d.ready(tr.t)
	tr.pardon()
	d.stop(tr.t)
	opt := tr.options()
	opt.MaxUncertain = kills
	tr.judge(opt)
}

// syncFails has syncs fail with EIO for a while.
func syncFails(tr *trial) {
	tr.usual()
	d := tr.serve()
	d.ready(tr.t)
	for range many(2, 20) {
		before := strings.Count(d.log.String(), "disk I/O error")
		end := tr.inject(d, "error=EIO")
		tr.feed("the log says that syncing failed", func() bool { return strings.Count(d.log.String(), "disk I/O error") > before+1 })
		tr.struck(1)
		tr.early()
		end()
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
		tr.settle(time.Minute)
	}
	if code := d.stop(tr.t); code != 0 {
		tr.t.Errorf("exit status %d", code)
	}
	tr.judge(tr.options())
}

// fullDisk fills the disk and makes room again.
func fullDisk(tr *trial) {
	data := filepath.Join(tr.t.TempDir(), "small")
	if err := os.Mkdir(data, 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "size=64m"); err != nil {
		tr.t.Skipf("a small tmpfs cannot be mounted (%v): ./test.sh as root runs this", err)
	}
	tr.t.Cleanup(func() { syscall.Unmount(data, syscall.MNT_DETACH) })
	tr.open("sqlite:"+filepath.Join(data, "helpdeskd.db"), imaptest.Options{})
	tr.env = []string{"FAULT_HASTE=3s"}
	d := tr.serve()
	d.ready(tr.t)
	for i := range many(2, 12) {
		filler := filepath.Join(data, "filler")
		fill(tr, filler)
		before := strings.Count(d.log.String(), "full")
		tr.put(tr.requests(fmt.Sprint("full ", i), 100)...)
		// The log that SQLite writes ahead has room of its own for some mail.
		tr.feed("the log says that the disk is full", func() bool { return strings.Count(d.log.String(), "full") > before })
		if !d.running() {
			tr.t.Fatal("the daemon ended")
		}
		tr.struck(1)
		tr.early()
		if err := os.Remove(filler); err != nil {
			tr.t.Fatal(err)
		}
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
		tr.settle(time.Minute)
	}
	d.stop(tr.t)
	tr.judge(tr.options())
}

// fill writes a file until nothing more goes in.
func fill(tr *trial, path string) {
	f, err := os.Create(path)
	if err != nil {
		tr.t.Fatal(err)
	}
	defer f.Close()
	for b := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(b)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		tr.t.Fatal(err)
	}
}

// fileLimit lets no file grow beyond a size, as ulimit -f does, and lifts the limit.
func fileLimit(tr *trial) {
	tr.usual()
	d := tr.serve()
	d.ready(tr.t)
	limit := func(size string) {
		if out, err := exec.Command("prlimit", "--pid", fmt.Sprint(d.cmd.Process.Pid), "--fsize="+size+":").CombinedOutput(); err != nil {
			tr.t.Fatalf("prlimit: %v: %s", err, out)
		}
	}
	for i := range many(2, 12) {
		limit("100000")
		before := strings.Count(d.log.String(), "level=")
		tr.put(tr.requests(fmt.Sprint("limit ", i), 100)...)
		until(tr.t, time.Minute, "the log says that a file may not grow", func() bool {
			return strings.Count(d.log.String(), "level=") > before && strings.Contains(d.log.String(), "full") || strings.Contains(d.log.String(), "I/O error") || !d.running()
		})
		if !d.running() {
			tr.t.Fatal("the daemon ended")
		}
		tr.struck(1)
		tr.early()
		limit("unlimited")
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
		tr.settle(time.Minute)
	}
	d.stop(tr.t)
	tr.judge(tr.options())
}
