package remedy

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// The application permissions that a Microsoft 365 mailbox needs.
const (
	ReadPermission  = "IMAP.AccessAsApp"
	SendPermission  = "SMTP.SendAsApp"
	GraphPermission = "Mail.Send"
)

// Claims are what an Entra access token says of itself. They are read to say
// what is missing, never to decide anything: nothing is verified.
type Claims struct {
	Known    bool // it is a token that can be read
	Tenant   string
	AppID    string
	ObjectID string // of the service principal: what New-ServicePrincipal wants
	Roles    []string
	Scopes   []string // of a person's token
	Person   bool     // it stands for a person, not for the app itself
}

// ReadToken reads the claims of a token; other services' tokens tell nothing.
// Source: Microsoft's access token claims reference.
func ReadToken(token string) Claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}
	}
	var v struct {
		Tenant string   `json:"tid"`
		AppID  string   `json:"appid"`
		Object string   `json:"oid"`
		Type   string   `json:"idtyp"`
		Roles  []string `json:"roles"`
		Scopes string   `json:"scp"`
	}
	if json.Unmarshal(b, &v) != nil || v.Tenant == "" {
		return Claims{}
	}
	return Claims{Known: true, Tenant: v.Tenant, AppID: v.AppID, ObjectID: v.Object, Roles: v.Roles, Scopes: strings.Fields(v.Scopes), Person: v.Scopes != ""}
}

// Lacks reports whether a token that can be read does not carry an application
// permission.
func (c Claims) Lacks(permission string) bool {
	return c.Known && !c.Person && !slices.Contains(c.Roles, permission)
}
