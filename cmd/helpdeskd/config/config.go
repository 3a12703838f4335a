// Package config reads and checks the one TOML file that boots helpdeskd.
//
// Invariants: Load returns either a configuration that is whole and valid, or
// *Mistakes, which names every mistake at once with its line or variable and
// what to write instead; a key that is not known is a mistake. Every key can
// be overridden by an environment variable (see env.go). A Secret never
// prints itself. It owns no tables.
package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DefaultPath is where the file lies unless --config or HELPDESKD_CONFIG says otherwise.
const DefaultPath = "/etc/helpdeskd/helpdeskd.toml"

// Config is everything that boots the process.
type Config struct {
	Listen         string    `toml:"listen"`          // address of the site, host:port
	PublicURL      string    `toml:"public_url"`      // where people reach it, without a path
	Database       DSN       `toml:"database"`        // sqlite:PATH or postgres://…
	DataDir        string    `toml:"data_dir"`        // node id, lock, large files
	KeyFile        string    `toml:"key_file"`        // seals the secrets in the database; data_dir/key where empty
	TrustedProxies []string  `toml:"trusted_proxies"` // addresses or networks whose X-Forwarded-For counts
	TLS            TLS       `toml:"tls"`
	Log            Log       `toml:"log"`
	Ack            Ack       `toml:"ack"`
	Alarm          Alarm     `toml:"alarm"`
	Metrics        Metrics   `toml:"metrics"`
	Mailboxes      []Mailbox `toml:"mailbox"`

	Path   string            `toml:"-"` // the file that was read, "" for none
	Origin map[string]string `toml:"-"` // by key: the variable that set it; keys of the file have "file"
}

// TLS names the certificate files; both empty means plain HTTP.
type TLS struct {
	Cert string `toml:"cert"`
	Key  string `toml:"key"`
}

// Log says how the daemon writes its log to stderr.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn, error
	Format string `toml:"format"` // text, json
}

// Ack says when a new request is acknowledged by itself.
type Ack struct {
	Enabled  bool          `toml:"enabled"`
	MaxAge   time.Duration `toml:"max_age"`   // older mail is never acknowledged
	Rate     int           `toml:"rate"`      // mails a minute that helpdeskd sends at most
	FormLink string        `toml:"form_link"` // of the company's own request form
}

// Mailbox is one helpdesk address: how to read it and how to send from it.
type Mailbox struct {
	Name           string        `toml:"name"`
	Address        string        `toml:"address"`
	Display        string        `toml:"display"` // the name beside the address on mail that we send
	Aliases        []string      `toml:"aliases"`
	OwnDomains     []string      `toml:"own_domains"`
	Trust          string        `toml:"trust"`       // exchange, authserv-id, none
	AuthservID     string        `toml:"authserv_id"` // with trust = "authserv-id"
	FormSenders    []string      `toml:"form_senders"`
	PipeOnly       bool          `toml:"pipe_only"` // mail comes by the ingest command alone
	Folder         string        `toml:"folder"`
	Processed      string        `toml:"processed"`
	LeaveInPlace   bool          `toml:"leave_in_place"`
	Junk           string        `toml:"junk"`   // a folder that is read too, its mails held; auto to find it, "" for none
	Sent           string        `toml:"sent"`   // where the server puts what was sent; "" to find it
	Shadow         bool          `toml:"shadow"` // begin by looking only, until a person switches the mailbox on
	Begin          string        `toml:"begin"`  // now, everything, or a date
	Poll           time.Duration `toml:"poll"`
	PlusAddressing bool          `toml:"plus_addressing"`
	IMAP           Server        `toml:"imap"`
	SMTP           Server        `toml:"smtp"`
	OAuth          OAuth         `toml:"oauth"`
}

// Server is an IMAP or SMTP server and how to sign in there.
type Server struct {
	Host         string `toml:"host"`
	Port         int    `toml:"port"`     // 0: the usual one for the protocol and security
	Security     string `toml:"security"` // tls, starttls, plain (loopback only)
	Auth         string `toml:"auth"`     // plain, login, xoauth2, none (SMTP only)
	Username     string `toml:"username"` // default: the mailbox's address
	Password     Secret `toml:"password"`
	PasswordFile string `toml:"password_file"`
	CAFile       string `toml:"ca_file"`   // PEM certificates of the company's own authority
	Transport    string `toml:"transport"` // smtp only: smtp (where empty), graph: Microsoft Graph, by the tokens of oauth
	GraphURL     string `toml:"graph_url"` // with transport = "graph": of a national cloud
}

// OAuth says where the tokens of auth = "xoauth2" come from.
type OAuth struct {
	Flow               string `toml:"flow"` // client (where empty), device, google
	TokenURL           string `toml:"token_url"`
	DeviceURL          string `toml:"device_url"` // with flow = "device"; beside token_url where empty
	ClientID           string `toml:"client_id"`
	ClientSecret       Secret `toml:"client_secret"`
	ClientSecretFile   string `toml:"client_secret_file"`
	SecretExpires      string `toml:"client_secret_expires"` // a date, as the app registration shows it: alarms tell of it in time
	CertificateFile    string `toml:"certificate_file"`      // PEM, instead of a secret
	CertificateKeyFile string `toml:"certificate_key_file"`  // where the key is not in certificate_file
	GoogleKeyFile      string `toml:"google_key_file"`       // the service account's JSON key
	Scope              string `toml:"scope"`                 // the flow's usual one where empty

	Certificate Secret `toml:"-"` // the content of certificate_file, of mailboxes made on the site
	GoogleKey   Secret `toml:"-"` // likewise of google_key_file
}

// Default returns the values that hold where nothing is said.
func Default() *Config {
	return &Config{
		Listen:  "127.0.0.1:8025",
		DataDir: "/var/lib/helpdeskd",
		Log:     Log{Level: "info", Format: "text"},
		Ack:     Ack{Enabled: true, MaxAge: 72 * time.Hour, Rate: 25},
		Alarm:   Alarm{SMTP: Server{Security: "starttls", Auth: "plain"}},
		Origin:  map[string]string{},
	}
}

func defaultMailbox() Mailbox {
	return Mailbox{
		Display: "IT helpdesk", Trust: "none", Folder: "INBOX", Processed: "Processed", Begin: "now", Poll: 45 * time.Second,
		IMAP: Server{Security: "tls", Auth: "plain"},
		SMTP: Server{Security: "starttls", Auth: "plain"},
	}
}

// Load reads the file at path (none where it is "") and the variables of
// environ ("NAME=value"), and validates the whole. The error is *Mistakes
// where something is wrong with what was written, else why the file could not
// be read.
func Load(path string, environ []string) (*Config, error) {
	c := Default()
	m := &Mistakes{Path: path}
	l := newLoader(c, m)
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		c.Path = path
		if !l.file(string(text)) {
			return nil, m
		}
	}
	l.environment(environ)
	c.fill(l)
	c.validate(m)
	m.place(l.lines, c.Origin)
	if len(m.List) > 0 {
		return nil, m
	}
	return c, nil
}

// fill derives what was left open, and reads the secrets that lie in files.
func (c *Config) fill(l *loader) {
	if c.DataDir != "" {
		if abs, err := filepath.Abs(c.DataDir); err == nil {
			c.DataDir = abs
		}
	}
	if c.KeyFile == "" && c.DataDir != "" {
		c.KeyFile = filepath.Join(c.DataDir, "key")
	}
	if c.Database == "" && c.DataDir != "" {
		c.Database = DSN("sqlite:" + filepath.Join(c.DataDir, "helpdeskd.db"))
	}
	if c.PublicURL == "" && c.OnLoopback() {
		c.PublicURL = c.ownURL()
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	c.Alarm.fill(l)
	l.secret(&c.Metrics.Token, c.Metrics.TokenFile, "metrics.token")
	for i := range c.Mailboxes {
		c.Mailboxes[i].fill(l, fmt.Sprintf("mailbox.%d.", i))
	}
}

func (b *Mailbox) fill(l *loader, at string) {
	b.Address = strings.ToLower(strings.TrimSpace(b.Address))
	lower(b.Aliases)
	lower(b.FormSenders)
	lower(b.OwnDomains)
	if _, domain, ok := strings.Cut(b.Address, "@"); ok && len(b.OwnDomains) == 0 && domain != "" {
		b.OwnDomains = []string{domain}
	}
	if b.LeaveInPlace {
		b.Processed = ""
	}
	b.Complete()
	l.secret(&b.IMAP.Password, b.IMAP.PasswordFile, at+"imap.password")
	l.secret(&b.SMTP.Password, b.SMTP.PasswordFile, at+"smtp.password")
	l.secret(&b.OAuth.ClientSecret, b.OAuth.ClientSecretFile, at+"oauth.client_secret")
}

// Complete fills in the usual user names and ports of a mailbox that was not
// read from the file.
func (b *Mailbox) Complete() {
	b.IMAP.fill(b.Address, map[string]int{"tls": 993, "starttls": 143, "plain": 143})
	b.SMTP.fill(b.Address, map[string]int{"tls": 465, "starttls": 587, "plain": 25})
}

func (s *Server) fill(address string, ports map[string]int) {
	if s.Username == "" {
		s.Username = address
	}
	if s.Port == 0 {
		s.Port = ports[s.Security]
	}
}

// Addr returns host:port.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, fmt.Sprint(s.Port)) }

// ByToken reports whether reading or sending signs in with an access token.
func (b Mailbox) ByToken() bool {
	return b.IMAP.Auth == "xoauth2" || b.SMTP.Auth == "xoauth2" || b.SMTP.ByGraph()
}

// ByGraph reports whether mail leaves by Microsoft Graph.
func (s Server) ByGraph() bool { return s.Transport == "graph" }

// BeginAt returns where reading begins: everything, or mail since an instant,
// or, where both are zero, from now on.
func (b Mailbox) BeginAt() (everything bool, since time.Time) {
	switch b.Begin {
	case "everything":
		return true, time.Time{}
	case "", "now":
		return false, time.Time{}
	}
	since, _ = time.Parse(time.DateOnly, b.Begin)
	return false, since
}

// OnLoopback reports whether the site can only be reached from this machine.
func (c *Config) OnLoopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	return err == nil && loopback(host)
}

func (c *Config) ownURL() string {
	scheme := "http"
	if c.TLS.Cert != "" {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: c.Listen}).String()
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func lower(list []string) {
	for i := range list {
		list[i] = strings.ToLower(strings.TrimSpace(list[i]))
	}
}
