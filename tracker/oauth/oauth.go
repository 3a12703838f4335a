// Package oauth gets the access tokens with which a mailbox is read, and its
// mail sent: one Account for each mailbox, shared by everything that signs in
// for it.
//
// Three flows: client credentials with a secret or a certificate (Microsoft
// 365, RFC 6749 section 4.4 and RFC 7523), a person's sign-in by device code
// with a refresh token that is kept (RFC 8628), and Google service accounts
// that act for the mailbox (RFC 7523 section 2.1).
//
// Invariants: the endpoint is asked by one goroutine at a time for each kind
// of token, before the last token ends, and less and less often while it
// refuses; a token goes on being served as long as it lasts, whatever the
// endpoint does; a rotated refresh token is committed before the former one is
// dropped, and never over one that somebody else stored; redirects are not
// followed; no error, log or printed value holds a secret. It owns no tables:
// what must be kept goes through a Keeper.
package oauth

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"helpdeskd/migrations"
)

// Source gives access tokens of one mailbox for one kind of server. It is safe
// for concurrent use; everything that signs in for a mailbox shares one.
type Source interface {
	// Token returns a token that is good for about a minute at least. Ask just
	// before each sign-in: sign-ins are counted, and too many in a short time
	// are refused (TooOften). It waits for the endpoint only where there is no
	// token that still lasts. The error is an *Error, or the context's.
	Token(ctx context.Context) (string, error)
	// Refused tells that the server took no sign-in with the token. It reports
	// whether it is worth trying again at once: Token then returns another.
	// Else another one is fetched after a while, longer each time.
	Refused(token string) (retry bool)
}

// Flow is how tokens are come by.
type Flow string

// The flows.
const (
	FlowClient Flow = "client" // the application signs in by itself, with a secret or a certificate
	FlowDevice Flow = "device" // a person signed in once, by device code
	FlowGoogle Flow = "google" // a service account acts for the mailbox
)

// What is usual at Microsoft 365 and Google. Sources: Microsoft's page on
// authenticating IMAP, POP and SMTP connections with OAuth; Google's pages on
// XOAUTH2 and on service accounts.
const (
	MicrosoftScope  = "https://outlook.office365.com/.default"
	GraphScope      = "https://graph.microsoft.com/.default"
	GoogleScope     = "https://mail.google.com/"
	GoogleTokenURL  = "https://oauth2.googleapis.com/token"
	deviceMailScope = "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access openid profile"
	// deviceGraphScope is asked of the same grant: Entra gives tokens for one
	// resource at a time, and consent to this one must be given beforehand.
	deviceGraphScope = "https://graph.microsoft.com/Mail.Send"
)

// Config says how one mailbox gets its tokens. It never prints its secrets.
type Config struct {
	Mailbox string // its name in the configuration
	Address string // Google: the account that the service account acts for
	Flow    Flow   // FlowClient where empty

	TokenURL  string // Google's own where empty with FlowGoogle
	DeviceURL string // with FlowDevice; found beside TokenURL where empty

	ClientID     string
	ClientSecret string // client: this, or a certificate; device: only where the app has one
	Certificate  string // PEM: the certificate that the app registration knows, with its RSA key
	CertFile     string // the same as a file, read anew each time
	KeyFile      string // the key, where it is in a file of its own
	GoogleKey    string // the service account's JSON key
	GoogleFile   string // the same as a file

	Scopes      []string // of tokens for IMAP and SMTP; the flow's usual ones where empty
	GraphScopes []string // of tokens for Microsoft Graph; likewise
	CA          string   // PEM certificates trusted beside the system's
	CAFile      string   // the same as a file
}

// Format shows which mailbox it is for, and no more.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprint(f, "oauth of mailbox "+c.Mailbox) }

// LogValue keeps slog from showing secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalText keeps encoders from showing secrets.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

func (c Config) withDefaults() Config {
	if c.Flow == "" {
		c.Flow = FlowClient
	}
	mail, graph := MicrosoftScope, GraphScope
	switch c.Flow {
	case FlowDevice:
		mail, graph = deviceMailScope, deviceGraphScope
		if c.DeviceURL == "" {
			c.DeviceURL = DeviceURL(c.TokenURL)
		}
	case FlowGoogle:
		mail = GoogleScope
	}
	if len(c.Scopes) == 0 {
		c.Scopes = strings.Fields(mail)
	}
	if len(c.GraphScopes) == 0 {
		c.GraphScopes = strings.Fields(graph)
	}
	return c
}

// DeviceURL is where a device code is asked for, beside a token endpoint:
// …/oauth2/v2.0/devicecode at Microsoft; elsewhere it must be told.
func DeviceURL(tokenURL string) string {
	if base, ok := strings.CutSuffix(tokenURL, "/token"); ok {
		return base + "/devicecode"
	}
	return ""
}

// Options are what an Account needs beside its Config.
type Options struct {
	Keeper Keeper       // holds the refresh token, with FlowDevice
	Log    *slog.Logger // discarded where nil
	// Hasten, where not zero, is the longest wait of any kind, and there is no
	// limit on sign-ins: for tests.
	Hasten time.Duration
}

// Account is how one mailbox gets its tokens. It is safe for concurrent use.
type Account struct {
	config Config
	keeper Keeper
	log    *slog.Logger
	hasten time.Duration
	ask    *asker
	mail   *tokens
	graph  *tokens
	google *googleKey

	grant   sync.Mutex // one refresh token is used by one at a time
	unsaved *Grant     // could not be stored yet
}

// New returns a mailbox's account. It reads the files that the configuration
// names once, so that a mistake is found early, and asks nothing yet.
func New(c Config, o Options) (*Account, error) {
	c = c.withDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	a := &Account{config: c, keeper: o.Keeper, log: o.Log, hasten: o.Hasten}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.log = a.log.With(slog.String("mailbox", c.Mailbox))
	if c.Flow == FlowDevice && a.keeper == nil {
		return nil, fmt.Errorf("mailbox %s: a device sign-in needs where to keep its grant", c.Mailbox)
	}
	var err error
	if a.ask, err = newAsker(c); err != nil {
		return nil, err
	}
	if c.Flow == FlowGoogle {
		if a.google, err = c.readGoogleKey(); err != nil {
			return nil, err
		}
		a.ask.endpoint = a.google.tokenURL(c.TokenURL)
	}
	logins := rate.NewLimiter(rate.Every(signInEvery), signInBurst)
	if o.Hasten > 0 {
		logins = rate.NewLimiter(rate.Inf, 0)
	}
	a.mail = &tokens{a: a, scopes: c.Scopes, logins: logins}
	a.graph = &tokens{a: a, scopes: c.GraphScopes}
	return a, nil
}

// Up to ten sign-ins in a row, and one every six seconds in the long run, for
// reading and sending together: mail servers lock out who tries more often.
const (
	signInEvery = 6 * time.Second
	signInBurst = 10
)

// Mail returns the source of tokens for IMAP and SMTP, always the same.
func (a *Account) Mail() Source { return a.mail }

// Graph returns the source of tokens for Microsoft Graph, always the same.
// Requests are no sign-ins: they are not counted.
func (a *Account) Graph() Source { return a.graph }

// Flow returns how this account gets its tokens.
func (a *Account) Flow() Flow { return a.config.Flow }

// Format shows which mailbox it is for, and no more.
func (a *Account) Format(f fmt.State, v rune) { a.config.Format(f, v) }

// LogValue keeps slog from showing secrets.
func (a *Account) LogValue() slog.Value { return a.config.LogValue() }

// Validate names every mistake at once, each as an Invalid error.
func (c Config) Validate() error {
	c = c.withDefaults()
	var all mistakes
	add := func(format string, args ...any) {
		all = append(all, migrations.Invalidf("mailbox %s: "+format, append([]any{c.Mailbox}, args...)...))
	}
	switch c.Flow {
	case FlowClient, FlowDevice:
		c.checkURL(add, "token endpoint", c.TokenURL, "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token")
		if c.ClientID == "" {
			add("the client id is missing: copy the Application (client) ID of the app registration")
		}
		if c.Flow == FlowDevice {
			c.checkURL(add, "device endpoint", c.DeviceURL, "https://login.microsoftonline.com/TENANT/oauth2/v2.0/devicecode")
			break
		}
		switch {
		case c.ClientSecret == "" && !c.certified():
			add("neither a client secret nor a certificate is given: make one under Certificates & secrets of the app registration")
		case c.ClientSecret != "" && c.certified():
			add("a client secret and a certificate are both given: keep one, best the certificate")
		case c.certified():
			if _, err := c.readCertificate(); err != nil {
				all = append(all, err)
			}
		}
	case FlowGoogle:
		if c.GoogleFile == "" && c.GoogleKey == "" {
			add("the service account's key file is missing: download it as JSON from the Google Cloud console")
		} else if g, err := c.readGoogleKey(); err != nil {
			all = append(all, err)
		} else {
			c.checkURL(add, "token endpoint", g.tokenURL(c.TokenURL), GoogleTokenURL)
		}
		if !strings.Contains(c.Address, "@") {
			add("the service account must act for the mailbox's own address, and there is none")
		}
	default:
		add("the flow is %q: it must be client, device or google", c.Flow)
	}
	return all.join()
}

// certified reports whether the application signs in with a certificate.
func (c Config) certified() bool { return c.Certificate != "" || c.CertFile != "" }

func (c Config) checkURL(add func(string, ...any), what, address, like string) {
	u, err := url.Parse(address)
	switch {
	case address == "":
		add("the %s is missing: for example %s", what, like)
	case err != nil || u.Host == "" || u.User != nil:
		add("the %s is not an address: write for example %s", what, like)
	case !secure(u):
		add("the %s must begin with https, because secrets are sent there", what)
	}
}

// secure reports whether secrets may go to u: only within TLS, or to this
// machine itself.
func secure(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback())
}
