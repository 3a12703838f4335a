package tracker

import (
	"crypto/x509"
	"encoding/pem"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// How far a mailbox's headers are believed; see Policy.
const (
	TrustNone     = "none"
	TrustExchange = "exchange"
	TrustAuthserv = "authserv-id"
)

var connectionName = regexp.MustCompile(`^[a-z0-9-]*[a-z][a-z0-9-]*$`)

var connectionDomain = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$`)

// clean brings a connection into one form, and says what can not be. Whether
// the servers can be reached is for trying to find out.
func (c *Connection) clean() error {
	c.Name = strings.ToLower(strings.TrimSpace(c.Name))
	if len(c.Name) > 60 || !connectionName.MatchString(c.Name) || strings.HasPrefix(c.Name, "-") {
		return migrations.InvalidAt("name", "Please give the mailbox a short name of small letters, digits and hyphens, for example helpdesk.")
	}
	var err error
	if c.Address, err = connectionAddress("address", c.Address); err != nil {
		return err
	}
	s := &c.ConnectionSettings
	if !slices.Contains([]string{KindMicrosoft365, KindGoogle, KindOtherServer}, s.Kind) {
		return migrations.InvalidAt("kind", "Please choose what kind of mailbox this is.")
	}
	if s.Display = strings.TrimSpace(s.Display); utf8.RuneCountInString(s.Display) > 100 || strings.ContainsAny(s.Display, "\r\n<>\"") {
		return migrations.InvalidAt("display", "The name that recipients see is one line of at most 100 characters, without quotes and angle brackets.")
	}
	for _, l := range []struct {
		field string
		list  *[]string
	}{{"aliases", &s.Aliases}, {"form_senders", &s.FormSenders}} {
		for i, a := range *l.list {
			if (*l.list)[i], err = connectionAddress(l.field, a); err != nil {
				return err
			}
		}
	}
	for i, d := range s.OwnDomains {
		if s.OwnDomains[i] = strings.ToLower(strings.TrimSpace(d)); !connectionDomain.MatchString(s.OwnDomains[i]) {
			return migrations.InvalidAt("own_domains", "%q is not a domain: write for example company.example.", clip(d, 80))
		}
	}
	if err := s.cleanReading(); err != nil {
		return err
	}
	if err := s.cleanSignIn(); err != nil {
		return err
	}
	return c.enough()
}

func (s *ConnectionSettings) cleanReading() error {
	for _, f := range []*string{&s.Folder, &s.Processed, &s.Junk} {
		*f = strings.TrimSpace(*f)
	}
	if s.Folder == "" {
		s.Folder = "INBOX"
	}
	if s.LeaveInPlace {
		s.Processed = ""
	} else if s.Processed == "" {
		s.Processed = "Processed"
	}
	for _, p := range [][2]string{{"folder", s.Folder}, {"processed", s.Processed}, {"junk", s.Junk}} {
		field, f := p[0], p[1]
		if len(f) > 200 || strings.ContainsAny(f, "%*") || strings.ContainsFunc(f, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return migrations.InvalidAt(field, "A folder's name has no %%, no * and no line breaks in it.")
		}
	}
	if strings.EqualFold(s.Folder, s.Processed) {
		return migrations.InvalidAt("processed", "This is the folder that is read: name another one.")
	}
	if s.Junk != "" && s.Junk != "auto" && (strings.EqualFold(s.Junk, s.Folder) || strings.EqualFold(s.Junk, s.Processed)) {
		return migrations.InvalidAt("junk", "This folder has another use already: name the junk folder.")
	}
	if s.Begin = strings.ToLower(strings.TrimSpace(s.Begin)); s.Begin == "" {
		s.Begin = "now"
	}
	if s.Begin != "now" && s.Begin != "everything" {
		if _, err := time.Parse(time.DateOnly, s.Begin); err != nil {
			return migrations.InvalidAt("begin", "Reading begins now, with everything, or on a date such as 2026-01-31.")
		}
	}
	if s.Poll == 0 {
		s.Poll = 45 * time.Second
	}
	if s.Poll < 5*time.Second || s.Poll > 10*time.Minute {
		return migrations.InvalidAt("poll", "Mail is looked for every 5 seconds to 10 minutes; 45 seconds is usual.")
	}
	if !slices.Contains([]string{TrustNone, TrustExchange, TrustAuthserv}, s.Trust) {
		s.Trust = TrustNone
	}
	if s.Trust != TrustAuthserv {
		s.AuthservID = ""
	}
	return nil
}

func (s *ConnectionSettings) cleanSignIn() error {
	for _, v := range []*string{&s.Tenant, &s.TokenURL, &s.ClientID, &s.ObjectID, &s.Scope, &s.IMAP.Host, &s.SMTP.Host, &s.IMAP.Username, &s.SMTP.Username} {
		if *v = strings.TrimSpace(*v); len(*v) > 500 || strings.ContainsAny(*v, "\x00\r\n") {
			return migrations.Invalidf("A value of the form has a line break in it, or is too long.")
		}
	}
	if !slices.Contains([]string{GrantClient, GrantDevice, GrantService, GrantNone}, s.Grant) {
		s.Grant = GrantNone
	}
	if s.SecretUntil = strings.TrimSpace(s.SecretUntil); s.Grant != GrantClient {
		s.SecretUntil = ""
	} else if s.SecretUntil != "" {
		if _, err := time.Parse(time.DateOnly, s.SecretUntil); err != nil {
			return migrations.InvalidAt("secret_until", "Please write the day on which the secret ends as a date such as 2027-01-31.")
		}
	}
	if s.Send != SendGraph {
		s.Send = SendSMTP
	}
	for _, p := range []struct {
		field string
		s     *ConnectionServer
	}{{"imap_", &s.IMAP}, {"smtp_", &s.SMTP}} {
		if p.field == "smtp_" && s.Send == SendGraph {
			*p.s = ConnectionServer{}
			continue
		}
		p.s.Host = strings.ToLower(p.s.Host)
		if p.s.Host == "" {
			return migrations.InvalidAt(p.field+"host", "Please write the server's name.")
		}
		if strings.ContainsAny(p.s.Host, " /@") {
			return migrations.InvalidAt(p.field+"host", "%q is not a server's name: write for example mail.company.example.", clip(p.s.Host, 80))
		}
		if p.s.Port < 0 || p.s.Port > 65535 {
			return migrations.InvalidAt(p.field+"port", "A port is a number from 1 to 65535.")
		}
		if !slices.Contains([]string{"tls", "starttls", "plain"}, p.s.Security) {
			return migrations.InvalidAt(p.field+"security", "Please choose how the connection is protected.")
		}
		if !slices.Contains([]string{"plain", "login", "xoauth2", "none"}, p.s.Auth) || p.s.Auth == "none" && p.field == "imap_" {
			return migrations.InvalidAt(p.field+"auth", "Please choose how to sign in.")
		}
	}
	if s.CA = strings.TrimSpace(s.CA); s.CA != "" {
		if err := checkPEM(s.CA); err != nil {
			return err
		}
	}
	return nil
}

// enough sees that what the way of signing in needs is there.
func (c *Connection) enough() error {
	s := c.ConnectionSettings
	if c.Problem != "" {
		return nil
	}
	switch s.Grant {
	case GrantClient, GrantDevice:
		switch {
		case s.Kind == KindMicrosoft365 && s.Tenant == "" && s.TokenURL == "":
			return migrations.InvalidAt("tenant", "Please copy the Directory (tenant) ID from the app's overview.")
		case s.ClientID == "":
			return migrations.InvalidAt("client_id", "Please copy the Application (client) ID from the app's overview.")
		case s.Grant == GrantClient && c.Secrets.ClientSecret == "" && c.Secrets.Certificate == "":
			return migrations.InvalidAt("client_secret", "Please copy the secret's Value, or paste a certificate with its key.")
		}
	case GrantService:
		if c.Secrets.ServiceAccount == "" {
			return migrations.InvalidAt("service_account", "Please paste the service account's JSON key.")
		}
	default:
		if c.Secrets.Password == "" {
			return migrations.InvalidAt("password", "Please write the mailbox's password.")
		}
	}
	return nil
}

func connectionAddress(field, a string) (string, error) {
	a = strings.ToLower(strings.TrimSpace(a))
	p, err := mail.ParseAddress(a)
	_, domain, _ := strings.Cut(a, "@")
	if err != nil || p.Address != a || p.Name != "" || len(a) > 254 || !connectionDomain.MatchString(domain) {
		return "", migrations.InvalidAt(field, "%q is not a mail address: write for example helpdesk@company.example.", clip(a, 80))
	}
	return a, nil
}

// checkPEM sees that a text is nothing but certificates in PEM form.
func checkPEM(text string) error {
	wrong := migrations.InvalidAt("ca", "This is not a certificate in PEM form: it begins with -----BEGIN CERTIFICATE-----.")
	if len(text) > 64<<10 {
		return wrong
	}
	rest, n := []byte(text), 0
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			return migrations.InvalidAt("ca", "Only certificates belong here, no %s.", strings.ToLower(clip(b.Type, 40)))
		}
		if _, err := x509.ParseCertificate(b.Bytes); err != nil {
			return wrong
		}
		n++
	}
	if n == 0 || strings.TrimSpace(string(rest)) != "" {
		return wrong
	}
	return nil
}

// BeginAt returns where reading begins, as a mailbox's first opening takes it.
func (s ConnectionSettings) BeginAt() Begin {
	b := Begin{Shadow: s.Shadow, Everything: s.Begin == "everything"}
	b.Since, _ = time.Parse(time.DateOnly, s.Begin) // now is no date
	return b
}
