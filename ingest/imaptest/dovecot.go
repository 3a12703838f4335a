// Package imaptest runs a real Dovecot for tests and benchmarks: loopback
// ports only, a folder of its own, Maildir, made-up users.
//
// Invariants: it needs no root (as root it runs Dovecot as nobody), touches
// nothing outside its folder, and ends only the process that it started.
package imaptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrMissing is returned by Start where no Dovecot is installed.
var ErrMissing = errors.New("no dovecot on this machine: apt-get install dovecot-imapd")

// User may log in. A user's name is the whole address, or any word.
type User struct{ Name, Password string }

// Options choose what kind of server it is.
type Options struct {
	Users []User
	// Capability, where set, is all that the server offers after login: leave
	// MOVE or UIDPLUS or IDLE out to be a poorer server.
	Capability string
	// Prefix, where set, is the personal namespace with its separator, for
	// example "INBOX.": folders can only be made below it.
	Prefix string
	// Introspect, where set, switches XOAUTH2 on: the URL of an RFC 7662
	// endpoint that answers {"active":true,"user":NAME} for a good token.
	Introspect string
	// Extra lines for dovecot.conf.
	Extra string
}

// Server is a running Dovecot.
type Server struct {
	Host    string // 127.0.0.1; the certificate is also for localhost
	Port    int    // plain, with STARTTLS
	TLSPort int
	CAFile  string // PEM of the self-made certificate
	Dir     string

	opts     Options
	uid, gid int
	cred     *syscall.Credential
	cmd      *exec.Cmd
	done     chan struct{}
	serial   atomic.Int64
}

// Start starts a Dovecot in dir, which must be empty, and waits until it answers.
func Start(ctx context.Context, dir string, o Options) (*Server, error) {
	if _, err := exec.LookPath("dovecot"); err != nil {
		return nil, ErrMissing
	}
	s := &Server{Host: "127.0.0.1", Dir: dir, CAFile: filepath.Join(dir, "cert.pem"), opts: o}
	name, group, err := s.identity()
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"", "run", "mail"} {
		if err := s.mkdir(filepath.Join(dir, d)); err != nil {
			return nil, err
		}
	}
	if err := s.writeCert(); err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	var users strings.Builder
	for _, u := range o.Users {
		fmt.Fprintf(&users, "%s:{PLAIN}%s\n", u.Name, u.Password)
	}
	if err := s.write("users", users.String()); err != nil {
		return nil, err
	}
	if o.Introspect != "" {
		if err := s.write("oauth2.conf", "introspection_mode = auth\nintrospection_url = "+o.Introspect+
			"\nusername_attribute = user\nactive_attribute = active\nactive_value = true\nforce_introspection = yes\n"); err != nil {
			return nil, err
		}
	}
	// A free port may be taken between looking and binding: try again then.
	for try := 0; ; try++ {
		if s.Port, s.TLSPort, err = freePorts(); err != nil {
			return nil, err
		}
		if err := s.write("dovecot.conf", s.config(name, group)); err != nil {
			return nil, err
		}
		if err = s.Restart(ctx); err == nil || try == 3 {
			return s, err
		}
	}
}

// identity finds as whom Dovecot runs: as ourselves, or as nobody for root.
func (s *Server) identity() (name, group string, err error) {
	u, err := user.Current()
	if err != nil {
		return "", "", fmt.Errorf("look up the current user: %w", err)
	}
	if u.Uid == "0" {
		if u, err = user.Lookup("nobody"); err != nil {
			return "", "", fmt.Errorf("look up nobody: %w", err)
		}
	}
	s.uid, _ = strconv.Atoi(u.Uid)
	s.gid, _ = strconv.Atoi(u.Gid)
	if os.Getuid() == 0 {
		s.cred = &syscall.Credential{Uid: uint32(s.uid), Gid: uint32(s.gid)}
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return "", "", fmt.Errorf("look up group %s: %w", u.Gid, err)
	}
	return u.Username, g.Name, nil
}

func (s *Server) config(name, group string) string {
	o := s.opts
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("base_dir = %s/run\nstate_dir = %s/run\nlog_path = %s/dovecot.log", s.Dir, s.Dir, s.Dir)
	p("default_internal_user = %s\ndefault_internal_group = %s\ndefault_login_user = %s", name, group, name)
	p("protocols = imap\nlisten = 127.0.0.1\nfirst_valid_uid = 1\nfirst_valid_gid = 1")
	p("ssl = yes\nssl_cert = <%s/cert.pem\nssl_key = <%s/key.pem", s.Dir, s.Dir)
	p("disable_plaintext_auth = no\nmail_max_userip_connections = 200")
	p("mail_location = maildir:%s/mail/%%u\nmaildir_very_dirty_syncs = yes", s.Dir)
	p("mailbox_idle_check_interval = 1s")
	p("auth_failure_delay = 0\nauth_mechanisms = plain login%s", map[bool]string{true: " xoauth2"}[o.Introspect != ""])
	if o.Introspect != "" {
		p("passdb {\n driver = oauth2\n mechanisms = xoauth2\n args = %s/oauth2.conf\n}", s.Dir)
	}
	p("passdb {\n driver = passwd-file\n args = %s/users\n}", s.Dir)
	p("userdb {\n driver = static\n args = uid=%d gid=%d home=%s/mail/%%u allow_all_users=yes\n}", s.uid, s.gid, s.Dir)
	if o.Prefix != "" {
		p("namespace inbox {\n inbox = yes\n prefix = %s\n separator = %s\n}", o.Prefix, o.Prefix[len(o.Prefix)-1:])
	} else {
		p("namespace inbox {\n inbox = yes\n}")
	}
	if o.Capability != "" {
		p("imap_capability = %s", o.Capability)
	}
	p("service imap-login {\n chroot =\n service_count = 0\n process_min_avail = 1")
	p(" inet_listener imap {\n address = 127.0.0.1\n port = %d\n }", s.Port)
	p(" inet_listener imaps {\n address = 127.0.0.1\n port = %d\n ssl = yes\n }\n}", s.TLSPort)
	for _, v := range []string{"anvil", "stats", "auth"} {
		p("service %s {\n chroot =\n}", v)
	}
	p("%s", o.Extra)
	return b.String()
}

// Restart starts the server, or starts it again, on the same ports and mail.
func (s *Server) Restart(ctx context.Context) error {
	s.Stop()
	s.cmd = exec.Command("dovecot", "-F", "-c", filepath.Join(s.Dir, "dovecot.conf"))
	s.cmd.Dir = s.Dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true}
	// A file: with a pipe, Wait would wait for every child that inherits it.
	out, err := os.Create(filepath.Join(s.Dir, "dovecot.out"))
	if err != nil {
		return fmt.Errorf("start dovecot: %w", err)
	}
	defer out.Close()
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start dovecot: %w", err)
	}
	done := make(chan struct{})
	s.done = done
	go func() {
		s.cmd.Wait()
		close(done)
	}()
	deadline := time.Now().Add(20 * time.Second)
	for {
		select {
		case <-done:
			said, _ := os.ReadFile(out.Name())
			return fmt.Errorf("dovecot ended at once: %s%s", said, s.Log())
		case <-ctx.Done():
			s.Stop()
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if s.answers() {
			return nil
		}
		if time.Now().After(deadline) {
			s.Stop()
			return fmt.Errorf("dovecot does not answer: %s", s.Log())
		}
	}
}

func (s *Server) answers() bool {
	for _, port := range []int{s.Port, s.TLSPort} {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(s.Host, strconv.Itoa(port)), time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		if port == s.TLSPort {
			return true
		}
		c.SetReadDeadline(time.Now().Add(2 * time.Second))
		b := make([]byte, 4)
		if n, _ := c.Read(b); string(b[:n]) != "* OK" {
			return false
		}
	}
	return true
}

// Stop ends the server and every connection to it; Restart brings it back.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
	}
	s.Kill() // children that serve a connection outlive their master for a while
}

// Kill ends the server and its children at once, as a power cut would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	group := -s.cmd.Process.Pid
	syscall.Kill(group, syscall.SIGKILL)
	<-s.done
	// A child that is still dying holds its sockets, and the next Dovecot would
	// take it for a running one.
	for end := time.Now().Add(5 * time.Second); alive(-group) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	s.cmd = nil
}

// alive reports whether a process of a group runs: one that is dead and was
// not waited for yet does not. It reads Linux's /proc.
func alive(group int) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // gone meanwhile
		}
		_, rest, _ := bytes.Cut(b, []byte(") ")) // its name may hold anything but this, in Dovecot's case
		fields := strings.Fields(string(rest))   // state, parent, group
		if len(fields) > 2 && fields[2] == strconv.Itoa(group) && fields[0] != "Z" && fields[0] != "X" {
			return true
		}
	}
	return false
}

// PID returns the process id of the master process, 0 when stopped.
func (s *Server) PID() int {
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Log returns what Dovecot logged.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.Dir, "dovecot.log"))
	return string(b)
}

// SetUsers replaces the users; Dovecot notices by itself.
func (s *Server) SetUsers(users ...User) error {
	var b strings.Builder
	for _, u := range users {
		fmt.Fprintf(&b, "%s:{PLAIN}%s\n", u.Name, u.Password)
	}
	return s.write("users", b.String())
}

func (s *Server) mkdir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	// MkdirTemp makes 0700, which nobody could not enter.
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return s.own(dir)
}

func (s *Server) own(path string) error {
	if s.cred == nil {
		return nil
	}
	return os.Chown(path, s.uid, s.gid)
}

func (s *Server) write(name, content string) error {
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return s.own(path)
}

func freePorts() (int, int, error) {
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}
