//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"helpdeskd/ingest/imaptest"
)

// served is a `helpdeskd serve` under measurement.
type served struct {
	cmd    *exec.Cmd
	listen string
	began  time.Time
	log    string // path
	done   chan struct{}
}

// endpoint is a mail server's plain address and sign-in.
type endpoint struct {
	Host, User, Password string
	Port                 int
}

// serve starts helpdeskd on the bench's database. Rate is how many mails a
// minute it may send.
func (b *bench) serve(imap, smtp endpoint, rate int) (*served, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	listen := l.Addr().String()
	l.Close()
	text := fmt.Sprintf("listen = %q\ndatabase = %q\ndata_dir = %q\n[ack]\nrate = %d\n[[mailbox]]\nname = %q\naddress = %q\nbegin = \"everything\"\n"+
		"[mailbox.imap]\nhost = %q\nport = %d\nsecurity = \"plain\"\nusername = %q\npassword = %q\n"+
		"[mailbox.smtp]\nhost = %q\nport = %d\nsecurity = \"plain\"\nauth = \"none\"\n",
		listen, b.dsn.Reveal(), b.data(), rate, benchMailbox, benchAddress, imap.Host, imap.Port, imap.User, imap.Password, smtp.Host, smtp.Port)
	path := filepath.Join(b.dir, "helpdeskd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	s := &served{cmd: exec.Command(self, "--config", path, "serve"), listen: listen, log: filepath.Join(b.dir, "serve.log"), done: make(chan struct{})}
	out, err := os.Create(s.log)
	if err != nil {
		return nil, fmt.Errorf("make the log: %w", err)
	}
	defer out.Close()
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.began = time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start helpdeskd serve: %w", err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// stop ends the process cleanly, or by force after 20 s.
func (s *served) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
	}
}

// memory returns a line of /proc/PID/status in bytes: VmRSS, or VmHWM for the peak.
func (s *served) memory(line string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return kb * 1024
		}
	}
	return 0
}

// cpu returns the processor time that the process has used: fields 14 and 15
// of /proc/PID/stat (proc(5)), in ticks of a hundredth of a second.
func (s *served) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// await looks often until done says so.
func (s *served) await(ctx context.Context, every, timeout time.Duration, what string, done func() (bool, error)) error {
	deadline := time.Now().Add(timeout)
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return s.explain(fmt.Errorf("waited %s in vain: %s", timeout, what))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return s.explain(errors.New("helpdeskd serve ended"))
		case <-time.After(every):
		}
	}
}

// explain adds the end of the log to an error.
func (s *served) explain(err error) error {
	text, _ := os.ReadFile(s.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("%w; its log ends with:\n%s", err, strings.Join(lines[max(0, len(lines)-8):], "\n"))
}

// answers waits until the site answers, and returns how long that took from the start.
func (s *served) answers(ctx context.Context) (time.Duration, error) {
	c := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	err := s.await(ctx, 2*time.Millisecond, time.Minute, "the site does not answer", func() (bool, error) {
		r, err := c.Get("http://" + s.listen + "/")
		if err != nil {
			return false, nil
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return r.StatusCode < 500, nil
	})
	return time.Since(s.began), err
}

// drain is an SMTP server that takes everything, counts it, and hands every
// mail to seen, where that is set.
type drain struct {
	endpoint
	server *smtp.Server
	taken  atomic.Int64
	seen   func(to string, data []byte)
}

func newDrain(seen func(to string, data []byte)) (*drain, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start an SMTP server: %w", err)
	}
	d := &drain{seen: seen, endpoint: endpoint{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}}
	d.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &drainSession{d: d}, nil }))
	d.server.Domain = "drain.example"
	go d.server.Serve(l)
	return d, nil
}

type drainSession struct {
	d  *drain
	to string
}

func (s *drainSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *drainSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}
func (s *drainSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.d.taken.Add(1)
	if s.d.seen != nil {
		s.d.seen(s.to, data)
	}
	return nil
}
func (s *drainSession) Reset()        {}
func (s *drainSession) Logout() error { return nil }

// startDovecot starts a Dovecot with one user in a fresh folder.
func startDovecot(ctx context.Context, dir, user, password string) (*imaptest.Server, func(), error) {
	s, err := imaptest.Start(ctx, dir, imaptest.Options{Users: []imaptest.User{{Name: user, Password: password}}})
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	return s, func() {
		s.Stop()
		os.RemoveAll(dir)
	}, nil
}
