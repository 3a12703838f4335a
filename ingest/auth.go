package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/emersion/go-sasl"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// xoauth2 is the SASL mechanism XOAUTH2 (developers.google.com/workspace/gmail/imap/xoauth2-protocol).
type xoauth2 struct {
	user, token string
}

var _ sasl.Client = (*xoauth2)(nil)

// Start gives the only message of the exchange.
func (x *xoauth2) Start() (mech string, ir []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next is called where the server refuses and says why in JSON. The protocol
// wants an empty line then, which go-imap would send as "="; the connection is
// of no more use anyway, so the refusal ends the exchange.
func (x *xoauth2) Next(challenge []byte) ([]byte, error) {
	r := &tokenRefused{}
	if json.Unmarshal(challenge, r) != nil {
		r.Status = "unknown"
	}
	return nil, r
}

// tokenRefused is the mail server's refusal of a token.
type tokenRefused struct {
	Status string `json:"status"`
	Scope  string `json:"scope"`
}

func (r *tokenRefused) Error() string {
	return fmt.Sprintf("the mail server refused the token (status %s)", r.Status)
}

// tokens gives access tokens by client credentials (RFC 6749 section 4.4).
// There is no refresh token in this flow: a new one is asked for five minutes
// before the last one ends, and after a refusal.
type tokens struct {
	cfg    MailboxConfig
	client *http.Client
	last   *oauth2.Token
}

func newTokens(cfg MailboxConfig) (*tokens, error) {
	t, err := cfg.tlsConfig()
	if err != nil {
		return nil, err
	}
	t.ServerName = "" // the endpoint's own
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = t
	transport.DisableKeepAlives = true // once an hour
	// A redirect would carry the client secret to somewhere else.
	refuse := func(*http.Request, []*http.Request) error { return errors.New("the token endpoint redirects") }
	return &tokens{cfg: cfg, client: &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: refuse}}, nil
}

// token returns a token that is good for some minutes. It is not safe for
// concurrent use: one mailbox signs in once at a time.
func (t *tokens) token(ctx context.Context) (string, error) {
	if t.last != nil && (t.last.Expiry.IsZero() || time.Until(t.last.Expiry) > 5*time.Minute) {
		return t.last.AccessToken, nil
	}
	c := clientcredentials.Config{
		ClientID: t.cfg.ClientID, ClientSecret: t.cfg.ClientSecret, TokenURL: t.cfg.TokenEndpoint,
		Scopes: []string{t.cfg.Scope}, AuthStyle: oauth2.AuthStyleInParams,
	}
	tok, err := c.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	t.last = tok
	return tok.AccessToken, nil
}

// forget has the next login ask for a new token.
func (t *tokens) forget() { t.last = nil }
