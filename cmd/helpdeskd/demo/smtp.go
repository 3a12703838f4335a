package demo

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"log"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// smtpSession is one client of the company's SMTP server: either somebody of
// the company who signs in, or a server of the world outside.
type smtpSession struct {
	hub        *Hub
	user       string // who signed in, "" for the world outside
	from       string
	recipients []string
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *smtpSession) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return s.signIn(username, password) }), nil
	case sasl.Login:
		return &loginServer{signIn: s.signIn}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *smtpSession) signIn(username, password string) error {
	a := s.hub.find(username)
	if a == nil || subtle.ConstantTimeCompare([]byte(a.password), []byte(password)) != 1 {
		return smtp.ErrAuthFailed
	}
	s.user = a.address
	return nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case s.hub.find(to) != nil:
	case s.hub.inside(to) && s.user == Helpdesk: // a colleague who was made up on the site, and is invited
		if _, err := s.hub.AddAccount(to); err != nil {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: err.Error()}
		}
	case s.hub.inside(to):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Nobody of that name works here"}
	case s.user == "":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sign in to send to others"}
	}
	s.recipients = append(s.recipients, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.hub.deliver(s.user, s.recipients, s.stamp(raw)); err != nil {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: err.Error()}
	}
	return nil
}

func (s *smtpSession) Reset() { s.from, s.recipients = "", nil }

func (s *smtpSession) Logout() error { return nil }

// stamp puts the server's own verdict on top of a mail, as Exchange does, and
// takes away every verdict that came with it.
func (s *smtpSession) stamp(raw []byte) []byte {
	raw = dropFields(raw, func(name string) bool {
		return name == "authentication-results" || name == "return-path" || strings.HasPrefix(name, "x-ms-exchange-organization-")
	})
	author := headerAddress(raw, "From")
	_, domain, _ := strings.Cut(author, "@")
	_, envelope, _ := strings.Cut(strings.ToLower(s.from), "@")
	who, dmarc := "Anonymous", "fail action=none"
	switch {
	case s.user != "" && s.user == author:
		who, dmarc = "Internal", "pass"
	case s.user == "" && domain == envelope && !s.hub.inside(author):
		dmarc = "pass action=none"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", oneLine(s.from))
	fmt.Fprintf(&b, "Received: from %s by mail.%s; %s\r\n", orElse(domain, "unknown"), s.hub.domain, s.hub.clock().Format(time.RFC1123Z))
	fmt.Fprintf(&b, "X-MS-Exchange-Organization-AuthAs: %s\r\n", who)
	if who != "Internal" {
		fmt.Fprintf(&b, "Authentication-Results: spf=%s smtp.mailfrom=%s; dmarc=%s header.from=%s\r\n",
			strings.Fields(dmarc)[0], orElse(envelope, "none"), dmarc, orElse(domain, "none"))
	}
	return append([]byte(b.String()), raw...)
}

// Submit hands in a mail over SMTP, signed in as the account of that address.
func (h *Hub) Submit(ctx context.Context, as string, recipients []string, raw []byte) error {
	a := h.find(as)
	if a == nil {
		return fmt.Errorf("send as %s: there is no such mailbox", as)
	}
	return h.send(ctx, sasl.NewPlainClient("", a.address, a.password), a.address, recipients, raw)
}

// Arrive hands in a mail over SMTP as a server of the world outside does.
func (h *Hub) Arrive(ctx context.Context, from string, recipients []string, raw []byte) error {
	return h.send(ctx, nil, from, recipients, raw)
}

func (h *Hub) send(ctx context.Context, auth sasl.Client, from string, recipients []string, raw []byte) error {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", h.smtpAddr.String())
	if err != nil {
		return fmt.Errorf("reach the demo's SMTP server: %w", err)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := smtp.NewClient(conn)
	defer c.Close()
	if auth != nil {
		if err := c.Auth(auth); err != nil {
			return fmt.Errorf("sign in at the demo's SMTP server: %w", err)
		}
	}
	if err := c.SendMail(from, recipients, strings.NewReader(string(raw))); err != nil {
		return fmt.Errorf("send through the demo's SMTP server: %w", err)
	}
	return c.Quit()
}

// loginServer is the LOGIN mechanism, which go-sasl has for clients only.
type loginServer struct {
	signIn   func(username, password string) error
	username string
	step     int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch {
	case l.step == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.username == "":
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.signIn(l.username, string(response))
}

// headerAddress returns the address of a header that has exactly one, in
// small letters, else "".
func headerAddress(raw []byte, name string) string {
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil || len(m.Header[name]) != 1 {
		return ""
	}
	list, err := m.Header.AddressList(name)
	if err != nil || len(list) != 1 {
		return ""
	}
	return strings.ToLower(list[0].Address)
}

// dropFields takes header fields out of a mail, with their folded lines.
func dropFields(raw []byte, drop func(name string) bool) []byte {
	out := make([]byte, 0, len(raw))
	dropping := false
	for rest := string(raw); rest != ""; {
		line := rest
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			line = rest[:i+1]
		}
		if strings.TrimRight(line, "\r\n") == "" { // the end of the header
			return append(out, rest...)
		}
		rest = rest[len(line):]
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			dropping = drop(strings.ToLower(strings.TrimSpace(name)))
		}
		if !dropping {
			out = append(out, line...)
		}
	}
	return out
}

func oneLine(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// quietLog is a log for the servers' complaints about their clients.
type quietLog struct{ *log.Logger }
