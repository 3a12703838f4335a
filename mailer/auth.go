package mailer

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokenSource asks the token endpoint for access tokens by client
// credentials, and keeps one until shortly before it expires. This flow has
// no refresh token: we just ask again.
type tokenSource struct {
	config clientcredentials.Config
	client *http.Client

	mu    sync.Mutex
	token *oauth2.Token
	uses  int // of this token
}

func newTokenSource(c SMTPConfig) (*tokenSource, error) {
	pool, err := c.pool()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool},
	}
	return &tokenSource{
		config: clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.TokenURL, Scopes: c.Scopes},
		client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
	}, nil
}

// access returns a token that is good for another minute at least.
func (t *tokenSource) access(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != nil && (t.token.Expiry.IsZero() || time.Until(t.token.Expiry) > time.Minute) {
		t.uses++
		return t.token.AccessToken, nil
	}
	token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return "", fmt.Errorf("ask for an access token: %w", err)
	}
	t.token, t.uses = token, 1
	return token.AccessToken, nil
}

// forget drops a token that the server refused, and reports whether it had
// served before: then a new one may do, else the refusal is not its fault.
func (t *tokenSource) forget() (old bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old = t.uses > tokenUsesPerConnection
	t.token, t.uses = nil, 0
	return old
}

// tokenUsesPerConnection is how often connect asks for the token.
const tokenUsesPerConnection = 2

// errNoMechanism is a server that does not offer the way we are told to sign in.
var errNoMechanism = errors.New("the server does not offer this way to sign in")

// xoauth2 is the SASL mechanism of Google's XOAUTH2 protocol page, which
// Microsoft uses too. A refusing server may first send a challenge of base64
// JSON, and expects an empty answer to it.
type xoauth2 struct {
	user, token string
	challenge   string // the server's own words about a refusal
}

// Start implements smtp.Auth. It never shows the token to an unprotected connection.
func (a *xoauth2) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !isLoopback(server.Name) {
		return "", nil, smtp.ErrUnencrypted
	}
	if !slices.ContainsFunc(server.Auth, func(m string) bool { return strings.EqualFold(m, "XOAUTH2") }) {
		return "", nil, errNoMechanism
	}
	return "XOAUTH2", []byte("user=" + a.user + "\x01auth=Bearer " + a.token + "\x01\x01"), nil
}

// Next implements smtp.Auth.
func (a *xoauth2) Next(from []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	var said struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(from, &said) == nil && said.Status != "" {
		a.challenge = said.Status
	}
	return []byte{}, nil
}

// auth returns the mechanism that the configuration names, nil for none.
func (c SMTPConfig) auth(ctx context.Context, tokens *tokenSource) (smtp.Auth, error) {
	switch c.Auth {
	case AuthPlain:
		return smtp.PlainAuth("", c.user(), c.Password, c.Host, false), nil
	case AuthLogin:
		return smtp.LoginAuth(c.user(), c.Password, c.Host, false), nil
	case AuthXOAuth2:
		token, err := tokens.access(ctx)
		if err != nil {
			return nil, err
		}
		return &xoauth2{user: c.user(), token: token}, nil
	}
	return nil, nil
}
