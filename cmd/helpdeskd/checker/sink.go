package checker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Received is one mail that the sink has taken.
type Received struct {
	From string // of the envelope
	To   []string
	Data []byte
	At   time.Time
}

// Header returns the mail's header, nil when it has none that can be read.
func (r Received) Header() mail.Header {
	m, err := mail.ReadMessage(bytes.NewReader(r.Data))
	if err != nil {
		return nil
	}
	return m.Header
}

// Sink is an SMTP server on loopback that keeps all it is given. A mail is
// kept before the 250 that ends DATA is written.
type Sink struct {
	Addr string // host:port

	server *smtp.Server
	mu     sync.Mutex
	got    []Received
	news   chan struct{}
	refuse func(from string, to []string, data []byte) error
	login  func(user, password string) error
}

// NewSink starts a sink. Close it.
func NewSink() (*Sink, error) { return NewSinkAt("127.0.0.1:0") }

// NewSinkAt starts a sink at one address.
func NewSinkAt(addr string) (*Sink, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start the sink: %w", err)
	}
	s := &Sink{Addr: l.Addr().String(), news: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &sinkSession{sink: s}, nil
	}))
	s.server.Domain = "sink.example"
	s.server.AllowInsecureAuth = true
	s.server.MaxMessageBytes = 200 << 20
	s.server.MaxRecipients = 100
	go s.server.Serve(l)
	return s, nil
}

// Close stops the server.
func (s *Sink) Close() error { return s.server.Close() }

// Refuse has f decide on every mail before it is taken: an error (an
// *smtp.SMTPError for its code) refuses it. Nil takes everything.
func (s *Sink) Refuse(f func(from string, to []string, data []byte) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

// Login has f decide on every sign-in. Nil lets everybody in.
func (s *Sink) Login(f func(user, password string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login = f
}

// All returns what was taken so far, in order.
func (s *Sink) All() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.got...)
}

// Len returns how many mails were taken so far.
func (s *Sink) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// Wait returns the mails taken once there are at least n, or those there are
// when the timeout has passed.
func (s *Sink) Wait(n int, timeout time.Duration) []Received {
	deadline := time.After(timeout)
	for {
		s.mu.Lock()
		news, have := s.news, len(s.got)
		s.mu.Unlock()
		if have >= n {
			return s.All()
		}
		select {
		case <-news:
		case <-deadline:
			return s.All()
		}
	}
}

// Find waits until a mail that match accepts has been taken.
func (s *Sink) Find(timeout time.Duration, match func(Received) bool) (Received, bool) {
	deadline := time.After(timeout)
	seen := 0
	for {
		s.mu.Lock()
		news, got := s.news, s.got
		s.mu.Unlock()
		for ; seen < len(got); seen++ {
			if match(got[seen]) {
				return got[seen], true
			}
		}
		select {
		case <-news:
		case <-deadline:
			return Received{}, false
		}
	}
}

func (s *Sink) put(r Received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, r)
	close(s.news)
	s.news = make(chan struct{})
}

type sinkSession struct {
	sink *Sink
	from string
	to   []string
}

func (c *sinkSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *sinkSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		c.sink.mu.Lock()
		login := c.sink.login
		c.sink.mu.Unlock()
		if login == nil {
			return nil
		}
		return login(user, password)
	}), nil
}

func (c *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	c.from = from
	return nil
}

func (c *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = append(c.to, fold(to))
	return nil
}

func (c *sinkSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.sink.mu.Lock()
	refuse := c.sink.refuse
	c.sink.mu.Unlock()
	if refuse != nil {
		if err := refuse(c.from, c.to, data); err != nil {
			return err
		}
	}
	if len(c.to) == 0 {
		return errors.New("no recipient")
	}
	c.sink.put(Received{From: c.from, To: c.to, Data: data, At: time.Now()})
	return nil
}

func (c *sinkSession) Reset()        { c.from, c.to = "", nil }
func (c *sinkSession) Logout() error { return nil }
