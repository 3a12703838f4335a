package tracker

import (
	"strings"

	"helpdeskd/migrations"
)

// ConnectionSecrets are what is never shown again. They are sealed with the
// desk's key file.
type ConnectionSecrets struct {
	Password       string `json:"password,omitempty"`      // for IMAP, and for SMTP where that has none of its own
	SMTPPassword   string `json:"smtp_password,omitempty"` // where it differs
	ClientSecret   string `json:"client_secret,omitempty"`
	Certificate    string `json:"certificate,omitempty"` // PEM: the certificate and its key
	ServiceAccount string `json:"service_account,omitempty"`
}

// String keeps the secrets from being printed.
func (s ConnectionSecrets) String() string {
	if s == (ConnectionSecrets{}) {
		return "none"
	}
	return "(secret)"
}

// GoString keeps %#v from showing them.
func (s ConnectionSecrets) GoString() string { return s.String() }

// connectionSecret is what a connection's secrets are bound to.
func connectionSecret(name string) string { return "connection:" + name }

// over returns s with what it leaves empty taken from was.
func (s ConnectionSecrets) over(was ConnectionSecrets) ConnectionSecrets {
	for _, p := range []struct {
		now *string
		was string
	}{{&s.Password, was.Password}, {&s.SMTPPassword, was.SMTPPassword}, {&s.ClientSecret, was.ClientSecret}, {&s.Certificate, was.Certificate}, {&s.ServiceAccount, was.ServiceAccount}} {
		if *p.now == "" {
			*p.now = p.was
		}
	}
	return s
}

// fit drops what a way of signing in has no use for, so that no secret lies
// about that nothing needs.
func (s ConnectionSecrets) fit(c ConnectionSettings) ConnectionSecrets {
	switch c.Grant {
	case GrantClient:
		s.Password, s.SMTPPassword, s.ServiceAccount = "", "", ""
	case GrantDevice:
		s = ConnectionSecrets{ClientSecret: s.ClientSecret}
	case GrantService:
		s = ConnectionSecrets{ServiceAccount: s.ServiceAccount}
	default:
		s.ClientSecret, s.Certificate, s.ServiceAccount = "", "", ""
	}
	return s
}

// mayKeepSecrets refuses to have a password that was typed for one server go to
// another: only who knows it may send it there.
func (c Connection) mayKeepSecrets(was Connection) error {
	moved := func(a, b ConnectionServer) bool {
		return a.Host != "" && b.Host != "" && !strings.EqualFold(strings.TrimSpace(a.Host), b.Host)
	}
	switch {
	case c.Grant != GrantNone, !moved(c.IMAP, was.IMAP) && !moved(c.SMTP, was.SMTP):
	case c.Secrets.Password == "" && was.Secrets.Password != "":
		return migrations.InvalidAt("password", "Please write the password once more: it would go to another server than the one that it was written for.")
	case c.Secrets.SMTPPassword == "" && was.Secrets.SMTPPassword != "" && moved(c.SMTP, was.SMTP):
		return migrations.InvalidAt("smtp_password", "Please write the password once more: it would go to another server than the one that it was written for.")
	}
	return nil
}
