package ingest

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestTLSAndSTARTTLS(t *testing.T) {
	s, plain := dovecot(t, imaptest.Options{})
	for _, c := range []struct {
		security Security
		port     int
		auth     Auth
	}{{SecurityTLS, s.TLSPort, AuthPlain}, {SecuritySTARTTLS, s.Port, AuthPlain}, {SecuritySTARTTLS, s.Port, AuthLogin}} {
		t.Run(string(c.security)+" "+string(c.auth), func(t *testing.T) {
			cfg := plain
			cfg.Security, cfg.Port, cfg.Auth, cfg.CAFile = c.security, c.port, c.auth, s.CAFile
			r := newRig(t, dbtest.Open(t, migrations.SQLite), cfg)
			r.start()
			for n := range 30 {
				deliver(t, s, note(n))
			}
			until(t, "30 tickets", func() bool { return r.tickets() == 30 })
		})
	}
}

func TestEncryptionFailuresInPlainWords(t *testing.T) {
	s, plain := dovecot(t, imaptest.Options{})
	for name, c := range map[string]struct {
		change func(*MailboxConfig)
		want   string
	}{
		"unknown authority": {func(c *MailboxConfig) { c.Security, c.Port = SecurityTLS, s.TLSPort }, "signed by an authority"},
		"wrong host": {func(c *MailboxConfig) {
			c.Security, c.Port, c.Host, c.CAFile = SecurityTLS, s.TLSPort, "127.0.0.2", s.CAFile
		}, "not for 127.0.0.2"},
		"plain port":   {func(c *MailboxConfig) { c.Security, c.Port = SecurityTLS, s.Port }, "does not speak TLS"},
		"nobody there": {func(c *MailboxConfig) { c.Port = closedPort(t) }, "connection refused"},
		"no such name": {func(c *MailboxConfig) { c.Host, c.Security = "imap.invalid", SecurityTLS }, "imap.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := plain
			c.change(&cfg)
			if cfg.Host == "127.0.0.2" {
				cfg.Host, cfg.Port = "127.0.0.2", forward(t, "127.0.0.2:0", cfg.Port)
			}
			steps := check(t.Context(), cfg, 5*time.Second, nil)
			last := steps[len(steps)-1]
			if last.OK || !strings.Contains(last.Message, c.want) || last.Do == "" {
				t.Fatalf("%+v", steps)
			}
		})
	}
}

func TestExpiredCertificate(t *testing.T) {
	cert, key, err := imaptest.Cert(time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { c.(*tls.Conn).Handshake(); c.Close() }()
		}
	}()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	steps := check(t.Context(), MailboxConfig{Name: "desk", Address: deskUser, Password: "x", Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, CAFile: ca}, 5*time.Second, nil)
	if last := steps[len(steps)-1]; last.Name != "encryption" || !strings.Contains(last.Message, "has expired") {
		t.Fatalf("%+v", steps)
	}
}

// Somebody on the way takes STARTTLS out, answers for the server, or slips
// words in before the handshake: no password is ever sent readable.
func TestTamperedSTARTTLS(t *testing.T) {
	for name, script := range map[string]func(c *fakeConn, tag string){
		"stripped": func(c *fakeConn, tag string) { c.say("%s BAD unknown command", tag) },
		"injected": func(c *fakeConn, tag string) {
			c.say("%s OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n* OK welcome", tag)
		},
		"no TLS behind": func(c *fakeConn, tag string) { c.say("%s OK begin", tag) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.quirk = func(c *fakeConn, tag, cmd string) bool {
				if cmd != "STARTTLS" {
					return false
				}
				script(c, tag)
				return true
			}
			cfg := f.config()
			cfg.Security = SecuritySTARTTLS
			steps := check(t.Context(), cfg, 500*time.Millisecond, nil)
			if last := steps[len(steps)-1]; last.OK || last.Name != "encryption" || last.Do == "" {
				t.Fatalf("%+v", steps)
			}
			if f.said("LOGIN|AUTHENTICATE|CAPABILITY") != 0 {
				t.Fatal("it went on in plain text")
			}
		})
	}
}

func closedPort(t *testing.T) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// forward makes a port of 127.0.0.1 reachable under another address.
func forward(t *testing.T, at string, port int) int {
	ln, err := net.Listen("tcp", at)
	if err != nil {
		t.Skipf("this machine has no second loopback address to listen at: %v", err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			d, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				c.Close()
				continue
			}
			pump := func(a, b net.Conn) {
				defer a.Close()
				defer b.Close()
				buf := make([]byte, 4096)
				for {
					n, err := a.Read(buf)
					if n > 0 {
						b.Write(buf[:n])
					}
					if err != nil {
						return
					}
				}
			}
			go pump(c, d)
			go pump(d, c)
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port
}

// Want of file descriptors is this machine's, and passes sooner than a server's
// wish to be left alone.
func TestTooManyOpenFilesIsNotThrottled(t *testing.T) {
	f := failure(MailboxConfig{Host: "mail.example"}.withDefaults(), stageDial, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)})
	if f.Wait != 0 || !strings.Contains(f.What, "file descriptors") {
		t.Errorf("%+v", f)
	}
}
