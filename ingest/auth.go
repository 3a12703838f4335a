package ingest

import (
	"encoding/json"
	"fmt"

	"github.com/emersion/go-sasl"
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
