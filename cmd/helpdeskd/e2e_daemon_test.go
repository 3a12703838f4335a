//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"helpdeskd/ingest"
)

// binary builds helpdeskd once for all end-to-end tests, with the failpoints
// in: without HELPDESKD_FAILPOINT they do nothing.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "helpdeskd-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "helpdeskd")
	cmd := exec.Command("go", "build", "-tags", "failpoints", "-o", path, "helpdeskd/cmd/helpdeskd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build helpdeskd: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == ingest.ReadCommand { // a desk of a test reads a mail apart
		main()
		return
	}
	code := m.Run()
	if built != "" {
		os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

// built is where binary put the program, "" as long as nobody asked.
var built string

func helpdeskd(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	built = path
	return path
}

// daemon is a running `helpdeskd serve`.
type daemon struct {
	cmd    *exec.Cmd
	listen string
	log    *lockedBuffer
	done   chan struct{}
	err    error // of Wait, once done is closed
	quiet  bool  // its log is of no interest: it was killed on purpose
}

// lockedBuffer may be read while the process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// launch starts a command of the built program. It is killed when the test
// ends; a test that fails shows what it logged.
func launch(t testing.TB, env []string, args ...string) *daemon {
	t.Helper()
	return launchWith(t, env, helpdeskd(t), args...)
}

func launchWith(t testing.TB, env []string, name string, args ...string) *daemon {
	t.Helper()
	return launchIn(t, nil, env, name, args...)
}

func launchIn(t testing.TB, stdin io.Reader, env []string, name string, args ...string) *daemon {
	t.Helper()
	d := &daemon{cmd: exec.Command(name, args...), log: &lockedBuffer{}, done: make(chan struct{})}
	d.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}, env...)
	d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr = stdin, d.log, d.log
	// The whole group goes when the test goes: strace and what it traces.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	t.Cleanup(func() {
		d.end()
		if t.Failed() && !d.quiet {
			t.Logf("log of %s (pid %d):\n%s", strings.Join(args, " "), d.cmd.Process.Pid, tail(d.log.String(), 60))
		}
	})
	return d
}

func tail(s string, lines int) string {
	l := strings.Split(s, "\n")
	return strings.Join(l[max(0, len(l)-lines):], "\n")
}

// kill ends the process at once, as a power cut would (SIGKILL).
func (d *daemon) kill() {
	d.quiet = true
	d.end()
}

// end kills the process and what it started. One that has ended is left
// alone: its number may be somebody else's by now.
func (d *daemon) end() {
	if !d.running() {
		return
	}
	syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	<-d.done
}

// stop asks the process to end, and returns its exit status.
func (d *daemon) stop(t testing.TB) int {
	t.Helper()
	syscall.Kill(-d.cmd.Process.Pid, syscall.SIGTERM)
	return d.exit(t, 30*time.Second)
}

// exit waits for the end of the process, and returns its exit status, -1 when killed.
func (d *daemon) exit(t testing.TB, timeout time.Duration) int {
	t.Helper()
	select {
	case <-d.done:
	case <-time.After(timeout):
		t.Fatalf("the daemon did not end within %s", timeout)
	}
	var e *exec.ExitError
	if errors.As(d.err, &e) {
		return e.ExitCode()
	}
	if d.err != nil {
		t.Fatal(d.err)
	}
	return 0
}

func (d *daemon) running() bool {
	select {
	case <-d.done:
		return false
	default:
		return true
	}
}

// ready waits until the site answers.
func (d *daemon) ready(t testing.TB) {
	t.Helper()
	client := &http.Client{Timeout: 2 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	until(t, 20*time.Second, "the site answers", func() bool {
		if !d.running() {
			t.Fatalf("the daemon ended at once: %v", d.err)
		}
		r, err := client.Get("http://" + d.listen + "/")
		if err != nil {
			return false
		}
		r.Body.Close()
		return true
	})
}

// until waits for a condition.
func until(t testing.TB, timeout time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s", timeout, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// freeAddr returns a loopback address on which nobody listens.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
