package mailer

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

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
func (c SMTPConfig) auth(token string) smtp.Auth {
	switch c.Auth {
	case AuthPlain:
		return smtp.PlainAuth("", c.user(), c.Password, c.Host, false)
	case AuthLogin:
		return smtp.LoginAuth(c.user(), c.Password, c.Host, false)
	case AuthXOAuth2:
		return &xoauth2{user: c.user(), token: token}
	}
	return nil
}
