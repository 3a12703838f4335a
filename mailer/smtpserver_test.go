package mailer

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// got is a mail that the test server took.
type got struct {
	from string
	to   []string
	data string
	utf8 bool
	at   time.Time
}

// sink is a real SMTP server in this process.
type sink struct {
	addr string
	ca   string // PEM file of its authority

	mu       sync.Mutex
	mails    []got
	arrived  chan struct{}
	users    map[string]string // name: password or token; nil needs no sign-in
	mechs    []string
	onMail   func(from string) error
	onRcpt   func(to string) error
	onData   func(n int) error // before mail n is taken, from 1
	datas    int
	sessions int
}

type sinkOptions struct {
	tls, startTLS, utf8 bool
	users               map[string]string
	mechs               []string
	maxBytes            int64
}

// startSink starts the server; it stops with the test.
func startSink(t testing.TB, o sinkOptions) *sink {
	t.Helper()
	s := &sink{users: o.users, mechs: o.mechs, arrived: make(chan struct{}, 10000)}
	server := smtp.NewServer(s)
	server.Domain = "sink.example"
	server.EnableSMTPUTF8 = o.utf8
	server.MaxMessageBytes = o.maxBytes
	server.AllowInsecureAuth = !o.tls && !o.startTLS
	server.ErrorLog = quiet{}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	if o.tls || o.startTLS {
		config, ca := testTLS(t)
		s.ca = ca
		if o.tls {
			ln = tls.NewListener(ln, config)
		} else {
			server.TLSConfig = config
		}
	}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// NewSession implements smtp.Backend.
func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	return &sinkSession{s: s, in: s.users == nil}, nil
}

func (s *sink) all() []got {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]got(nil), s.mails...)
}

// wait returns the mails once there are n.
func (s *sink) wait(t testing.TB, n int) []got {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if all := s.all(); len(all) >= n {
			return all
		}
		select {
		case <-s.arrived:
		case <-deadline:
			t.Fatalf("the server has %d mails, want %d", len(s.all()), n)
		}
	}
}

type sinkSession struct {
	s    *sink
	in   bool
	mail got
}

func (c *sinkSession) AuthMechanisms() []string { return c.s.mechs }

func (c *sinkSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		if p, ok := c.s.users[user]; !ok || p != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 3}, Message: "Authentication unsuccessful"}
		}
		c.in = true
		return nil
	}
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	case "XOAUTH2":
		return &xoauth2Server{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (c *sinkSession) Mail(from string, o *smtp.MailOptions) error {
	if !c.in {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 57}, Message: "Client not authenticated to send mail"}
	}
	c.mail = got{from: from, utf8: o.UTF8}
	if c.s.onMail != nil {
		return c.s.onMail(from)
	}
	return nil
}

func (c *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if c.s.onRcpt != nil {
		if err := c.s.onRcpt(to); err != nil {
			return err
		}
	}
	c.mail.to = append(c.mail.to, to)
	return nil
}

func (c *sinkSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.s.mu.Lock()
	c.s.datas++
	n, on := c.s.datas, c.s.onData
	c.s.mu.Unlock()
	if on != nil {
		if err := on(n); err != nil {
			return err
		}
	}
	c.mail.data, c.mail.at = string(b), time.Now()
	c.s.mu.Lock()
	c.s.mails = append(c.s.mails, c.mail)
	c.s.mu.Unlock()
	c.s.arrived <- struct{}{}
	return nil
}

func (c *sinkSession) Reset()        { c.mail = got{} }
func (c *sinkSession) Logout() error { return nil }

type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

type xoauth2Server struct {
	check  func(user, token string) error
	failed error
}

func (x *xoauth2Server) Next(response []byte) ([]byte, bool, error) {
	if x.failed != nil {
		return nil, false, x.failed
	}
	var user, token string
	for _, f := range strings.Split(string(response), "\x01") {
		if v, ok := strings.CutPrefix(f, "user="); ok {
			user = v
		}
		if v, ok := strings.CutPrefix(f, "auth=Bearer "); ok {
			token = v
		}
	}
	if err := x.check(user, token); err != nil {
		x.failed = err
		return []byte(`{"status":"400","schemes":"Bearer"}`), false, nil
	}
	return nil, true, nil
}

// testTLS returns a certificate for 127.0.0.1 and the file of its authority.
func testTLS(t testing.TB) (*tls.Config, string) {
	t.Helper()
	return testTLSFor(t, time.Now().Add(time.Hour), "127.0.0.1")
}

func testTLSFor(t testing.TB, until time.Time, names ...string) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

// scripted is a server that answers as it is told, line by line, to do what
// a real one does on its bad days. Steps: "> text" sends, "< PREFIX" expects
// a line, "data" reads up to the dot, "head" reads the first lines of the
// mail, "close" resets the connection, "wait" waits until the test ends.
func scripted(t testing.TB, connections ...[]string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over); ln.Close() })
	go func() {
		for _, steps := range connections {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if err := play(c, steps, over); err != nil && !errors.Is(err, io.EOF) {
					t.Logf("scripted server: %v", err)
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func play(c net.Conn, steps []string, over chan struct{}) error {
	r := bufio.NewReader(c)
	for _, s := range steps {
		switch {
		case strings.HasPrefix(s, "> "):
			fmt.Fprintf(c, "%s\r\n", s[2:])
		case strings.HasPrefix(s, "< "):
			line, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			if !strings.HasPrefix(line, s[2:]) {
				return fmt.Errorf("want %s, got %q", s[2:], line)
			}
		case s == "data":
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return err
				}
				if line == ".\r\n" {
					break
				}
			}
		case s == "head":
			if _, err := r.ReadString('\n'); err != nil {
				return err
			}
		case s == "close":
			c.(*net.TCPConn).SetLinger(0)
			return c.Close()
		case s == "wait":
			<-over
		}
	}
	return nil
}

// hello is how a scripted connection begins.
func hello(rest ...string) []string {
	return append([]string{"> 220 bad.example", "< EHLO", "> 250-bad.example", "> 250 8BITMIME"}, rest...)
}

// plainConfig is the configuration for a server of this process.
func plainConfig(addr string) SMTPConfig {
	host, port, _ := net.SplitHostPort(addr)
	var n int
	fmt.Sscan(port, &n)
	return SMTPConfig{Address: "helpdesk@acme.example", Host: host, Port: n, Security: SecurityPlain, Auth: AuthNone, Hello: "desk.acme.example"}
}

// serveTLS greets over TLS, for tests that never get that far.
func serveTLS(t testing.TB, config *tls.Config) string {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
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
			go func() { fmt.Fprint(c, "220 x\r\n"); c.Close() }()
		}
	}()
	return ln.Addr().String()
}
