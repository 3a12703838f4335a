package mailer

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/oauth"
)

// How the connection to the server is protected.
const (
	SecurityTLS      = "tls"      // TLS from the first byte, usually port 465
	SecurityStartTLS = "starttls" // TLS before anything else is said, usually port 587
	SecurityPlain    = "plain"    // none: only to a server on this machine
)

// How we sign in at the server.
const (
	AuthNone    = "none"
	AuthPlain   = "plain"
	AuthLogin   = "login"
	AuthXOAuth2 = "xoauth2"
)

// SMTPConfig says how mail of one mailbox leaves.
type SMTPConfig struct {
	Address string // the mailbox's address, which every mail is from
	// SawCert is told until when the server's certificate is good, at each
	// connection; nil: nobody asks.
	SawCert  func(host string, until time.Time)
	FromName string // shown beside it; "<company> Helpdesk" where empty

	// Graph, where set, has mail leave by Microsoft Graph instead of SMTP: its
	// base, usually GraphURL. Of what follows only Username, Tokens (for Graph)
	// and CAFile count then.
	Graph string

	Host     string
	Port     int    // 465, 587 or 25 by Security where zero
	Security string // tls, starttls or plain
	Auth     string // none, plain, login or xoauth2

	Username string // the address where empty
	Password string

	// Tokens gives the access tokens, for xoauth2: the mailbox's own, shared
	// with what reads it.
	Tokens oauth.Source

	// PlusAddressing says that mail to local+anything@domain reaches the
	// mailbox, so that answers can carry their reply token in the address.
	PlusAddressing bool

	CAFile string // PEM file of further authorities to trust, beside the system's
	Hello  string // the name we greet the server with; the host name where empty
}

// Validate names everything that is wrong with the configuration, each in
// words that say what to write instead.
func (c SMTPConfig) Validate() []error {
	var bad []error
	say := func(format string, args ...any) { bad = append(bad, migrations.Invalidf(format, args...)) }
	if _, err := cleanAddress(c.Address); err != nil {
		say("address %q is not a mail address: write the helpdesk's own, like helpdesk@company.example", c.Address)
	}
	if c.Graph != "" {
		return append(bad, c.validateGraph()...)
	}
	if c.Host == "" {
		say("host is missing: write the name of the SMTP server, like smtp.office365.com")
	}
	if c.Port < 0 || c.Port > 65535 {
		say("port %d does not exist: use 587 with starttls or 465 with tls", c.Port)
	}
	switch c.Security {
	case SecurityTLS, SecurityStartTLS:
	case SecurityPlain:
		if !isLoopback(c.Host) {
			say("security \"plain\" is only for a server on this machine (127.0.0.1): for %s use starttls or tls", c.Host)
		}
	default:
		say("security %q is not known: write tls, starttls or plain", c.Security)
	}
	switch c.Auth {
	case AuthNone:
	case AuthPlain, AuthLogin:
		if c.Password == "" {
			say("password is missing: auth %q needs one", c.Auth)
		}
	case AuthXOAuth2:
		if c.Tokens == nil {
			say("xoauth2 needs to know where its tokens come from: fill in the table oauth")
		}
	default:
		say("auth %q is not known: write none, plain, login or xoauth2", c.Auth)
	}
	if strings.ContainsAny(c.Hello, " \r\n\t") {
		say("hello name %q has blanks: write a host name", c.Hello)
	}
	if c.CAFile != "" {
		if _, err := c.pool(); err != nil {
			say("%s", err)
		}
	}
	return bad
}

func (c SMTPConfig) validateGraph() (bad []error) {
	say := func(format string, args ...any) { bad = append(bad, migrations.Invalidf(format, args...)) }
	u, err := url.Parse(c.Graph)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil:
		say("graph_url %q is not an address: write %s", c.Graph, GraphURL)
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		say("graph_url %q must begin with https: it is handed the access token", c.Graph)
	}
	if c.Tokens == nil {
		say("sending by Graph needs to know where its tokens come from: fill in the table oauth")
	}
	if c.CAFile != "" {
		if _, err := c.pool(); err != nil {
			say("%s", err)
		}
	}
	return bad
}

func (c SMTPConfig) port() int {
	if c.Port != 0 {
		return c.Port
	}
	switch c.Security {
	case SecurityTLS:
		return 465
	case SecurityStartTLS:
		return 587
	}
	return 25
}

func (c SMTPConfig) addr() string { return net.JoinHostPort(c.Host, fmt.Sprint(c.port())) }

func (c SMTPConfig) user() string {
	if c.Username != "" {
		return c.Username
	}
	return c.Address
}

func (c SMTPConfig) hello() string {
	if c.Hello != "" {
		return c.Hello
	}
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsAny(name, " \r\n\t") {
		return "localhost"
	}
	return name
}

// pool returns the authorities to trust, nil for the system's alone.
func (c SMTPConfig) pool() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("the file of further authorities can not be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", c.CAFile)
	}
	return pool, nil
}

func (c SMTPConfig) tlsConfig() (*tls.Config, error) {
	pool, err := c.pool()
	if err != nil {
		return nil, err
	}
	t := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12, RootCAs: pool}
	if c.SawCert != nil {
		t.VerifyConnection = func(s tls.ConnectionState) error {
			c.SawCert(c.Host, s.PeerCertificates[0].NotAfter)
			return nil
		}
	}
	return t, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
