package oauth

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"helpdeskd/migrations"
)

// googleKey is a service account's key, as Google's console hands it out.
type googleKey struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	ClientID string `json:"client_id"` // what domain-wide delegation names
	KeyID    string `json:"private_key_id"`
	Key      string `json:"private_key"`
	TokenURI string `json:"token_uri"`
}

// Format shows whose key it is, and no more.
func (g *googleKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, "key of "+g.Email) }

// readGoogleKey reads a service account's JSON key.
func (c Config) readGoogleKey() (*googleKey, error) {
	text, file := []byte(c.GoogleKey), "what was given"
	if c.GoogleKey == "" {
		var err error
		file = c.GoogleFile
		if text, err = os.ReadFile(file); err != nil {
			return nil, &migrations.Error{Kind: migrations.Invalid, Message: fmt.Sprintf("the service account's key file %s can not be read: correct the path or its permissions", file), Err: err}
		}
	}
	g := &googleKey{}
	// The error could quote the file: it is not shown.
	if json.Unmarshal(text, g) != nil || g.Type != "service_account" || g.Email == "" {
		return nil, migrations.Invalidf("%s is not the JSON key of a service account: make one in the Google Cloud console under IAM & Admin, Service Accounts, Keys", file)
	}
	block, _ := pem.Decode([]byte(g.Key))
	if block == nil {
		return nil, migrations.Invalidf("the private key in %s is missing or damaged: download the file again", file)
	}
	_, err8 := x509.ParsePKCS8PrivateKey(block.Bytes)
	_, err1 := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err8 != nil && err1 != nil {
		return nil, migrations.Invalidf("the private key in %s is damaged: download the file again", file)
	}
	return g, nil
}

// CheckGoogleKey reports what is wrong with the service account's key: an
// Invalid error, nil where it can sign.
func (c Config) CheckGoogleKey() error {
	_, err := c.readGoogleKey()
	return err
}

func (g *googleKey) tokenURL(configured string) string {
	switch {
	case configured != "":
		return configured
	case g.TokenURI != "":
		return g.TokenURI
	}
	return GoogleTokenURL
}

// googleToken signs a statement as the service account for the mailbox, and
// exchanges it for a token.
func (a *Account) googleToken(ctx context.Context, scopes []string) (*oauth2.Token, error) {
	g := a.google
	c := jwt.Config{Email: g.Email, PrivateKey: []byte(g.Key), PrivateKeyID: g.KeyID, Subject: a.config.Address, Scopes: scopes, TokenURL: a.ask.endpoint}
	got, err := c.TokenSource(a.ask.with(ctx)).Token()
	if err != nil {
		return nil, a.ask.failure(err, g.Key)
	}
	if got.AccessToken == "" {
		return nil, &Error{Kind: Garbled, Endpoint: a.ask.endpoint}
	}
	return got, nil
}
