package ingest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
)

// Security is how the connection to the mail server is protected.
type Security string

// The kinds of security.
const (
	SecurityTLS      Security = "tls"      // from the first byte, usually port 993
	SecuritySTARTTLS Security = "starttls" // after asking, usually port 143; never without
	SecurityPlain    Security = "plain"    // none: only to this machine itself
)

// Auth is how we sign in.
type Auth string

// The ways to sign in.
const (
	AuthPlain   Auth = "plain"   // AUTHENTICATE PLAIN, or LOGIN where the server has no PLAIN
	AuthLogin   Auth = "login"   // the LOGIN command
	AuthXOAuth2 Auth = "xoauth2" // an access token: Microsoft 365, Google
)

// DefaultPoll is how often a mailbox is looked into where nothing is said.
// IDLE shortens the wait; it is only a hint.
const DefaultPoll = 30 * time.Second

// MailboxConfig is how to reach one mailbox, and what to do there. A mailbox
// without a Host is fed by the ingest command alone.
type MailboxConfig struct {
	Name    string // stays the same for ever: it names the mailbox's rows
	Address string

	// SawCert is told until when the server's certificate is good, at each
	// connection; nil: nobody asks.
	SawCert func(host string, until time.Time)

	Host     string
	Port     int // 0: 993 for tls, otherwise 143
	Security Security
	Auth     Auth
	Username string // the address where empty
	Password string
	CAFile   string // PEM certificates trusted beside the system's

	// Tokens gives the access tokens, with AuthXOAuth2: the mailbox's own,
	// shared with what sends for it.
	Tokens oauth.Source

	Folder       string // INBOX where empty
	Processed    string // mail is moved there once kept
	LeaveInPlace bool   // nothing in the mailbox is changed
	Junk         string // the folder whose mail is read too, and held; JunkByItself to find it, "" for none
	Sent         string // where the server puts what was sent by itself; "" to find it
	Begin        string // now (where empty), everything, or a date such as 2026-03-01
	Poll         time.Duration
}

// JunkByItself has the Junk folder found by what the server says of it, else by
// the names that are usual.
const JunkByItself = "auto"

// withDefaults fills in what was left empty.
func (c MailboxConfig) withDefaults() MailboxConfig {
	if c.Security == "" {
		c.Security = SecurityTLS
	}
	if c.Auth == "" {
		c.Auth = AuthPlain
	}
	if c.Port == 0 {
		c.Port = 993
		if c.Security != SecurityTLS {
			c.Port = 143
		}
	}
	if c.Username == "" {
		c.Username = c.Address
	}
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.Processed == "" && !c.LeaveInPlace {
		c.Processed = "Processed"
	}
	if c.Poll <= 0 {
		c.Poll = DefaultPoll
	}
	return c
}

func (c MailboxConfig) addr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// Validate names every mistake at once, each as an Invalid error.
func (c MailboxConfig) Validate() error {
	c = c.withDefaults()
	var all []error
	add := func(format string, args ...any) { all = append(all, migrations.Invalidf(format, args...)) }
	if c.Name == "" {
		add("the mailbox has no name: give it a short one that stays the same for ever, for example helpdesk")
	}
	if at := strings.LastIndexByte(c.Address, '@'); at <= 0 || at == len(c.Address)-1 {
		add("mailbox %s: %q is not an address: write for example helpdesk@example.com", c.Name, c.Address)
	}
	if _, err := c.BeginChoice(); err != nil {
		all = append(all, err)
	}
	if c.Host == "" {
		return errors.Join(all...)
	}
	if c.Port < 1 || c.Port > 65535 {
		add("mailbox %s: port %d does not exist: usual ones are 993 for tls and 143 for starttls", c.Name, c.Port)
	}
	switch c.Security {
	case SecurityTLS, SecuritySTARTTLS:
	case SecurityPlain:
		if !isLoopback(c.Host) {
			add("mailbox %s: security plain would send the password readable through the network to %s: use tls or starttls (plain is only for a server on this machine)", c.Name, c.Host)
		}
	default:
		add("mailbox %s: security is %q: it must be tls, starttls or plain", c.Name, c.Security)
	}
	all = append(all, c.validateAuth()...)
	all = append(all, c.validateFolders()...)
	if c.Poll < time.Second || c.Poll > time.Hour {
		add("mailbox %s: polling every %s is not sensible: use between 1 s and 1 h (30 s to 60 s is usual)", c.Name, c.Poll)
	}
	if _, err := c.tlsConfig(); err != nil {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (c MailboxConfig) validateAuth() (all []error) {
	add := func(format string, args ...any) { all = append(all, migrations.Invalidf(format, args...)) }
	switch c.Auth {
	case AuthPlain, AuthLogin:
		if c.Password == "" {
			add("mailbox %s: no password: give one, or use auth xoauth2", c.Name)
		}
	case AuthXOAuth2:
		if c.Tokens == nil {
			add("mailbox %s: xoauth2 needs to know where its tokens come from: fill in the table oauth", c.Name)
		}
	default:
		add("mailbox %s: auth is %q: it must be plain, login or xoauth2", c.Name, c.Auth)
	}
	for _, v := range []string{c.Username, c.Password} {
		if strings.ContainsAny(v, "\x00\r\n") {
			add("mailbox %s: the user name or password has a line break in it", c.Name)
		}
	}
	return all
}

func (c MailboxConfig) validateFolders() (all []error) {
	add := func(format string, args ...any) { all = append(all, migrations.Invalidf(format, args...)) }
	names := []string{c.Folder, c.Junk, c.Sent}
	if c.Junk != "" && (strings.EqualFold(c.Junk, c.Folder) || strings.EqualFold(c.Junk, c.Processed)) {
		add("mailbox %s: the Junk folder can be neither the folder that is read nor the processed one", c.Name)
	}
	if !c.LeaveInPlace {
		names = append(names, c.Processed)
		if strings.EqualFold(c.Folder, c.Processed) {
			add("mailbox %s: the processed folder is the folder that is read: give it another name, or leave mail in place", c.Name)
		}
	}
	for _, n := range names {
		// The wildcards of LIST (RFC 9051 section 6.3.9), and what no name may have.
		if strings.ContainsAny(n, "%*") || strings.ContainsFunc(n, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			add("mailbox %s: the folder name %q may not contain %%, * or control characters", c.Name, n)
		}
	}
	return all
}

// BeginChoice reads where reading begins.
func (c MailboxConfig) BeginChoice() (tracker.Begin, error) {
	switch strings.ToLower(c.Begin) {
	case "", "now":
		return tracker.Begin{}, nil
	case "everything":
		return tracker.Begin{Everything: true}, nil
	}
	t, err := time.Parse(time.DateOnly, c.Begin)
	if err != nil {
		return tracker.Begin{}, migrations.Invalidf("mailbox %s: begin is %q: it must be now, everything, or a date such as 2026-03-01", c.Name, c.Begin)
	}
	return tracker.Begin{Since: t}, nil
}

// tlsConfig trusts the system's authorities and those of CAFile.
func (c MailboxConfig) tlsConfig() (*tls.Config, error) {
	t := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	if c.SawCert != nil {
		t.VerifyConnection = func(s tls.ConnectionState) error {
			c.SawCert(c.Host, s.PeerCertificates[0].NotAfter)
			return nil
		}
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, &migrations.Error{Kind: migrations.Invalid, Err: err,
			Message: fmt.Sprintf("mailbox %s: the CA file %s can not be read: correct the path or its permissions", c.Name, c.CAFile)}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, migrations.Invalidf("mailbox %s: the CA file %s holds no PEM certificate", c.Name, c.CAFile)
	}
	t.RootCAs = pool
	return t, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
