package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/oauth"
)

func (c *Config) validate(m *Mistakes) {
	if host, port, err := net.SplitHostPort(c.Listen); err != nil || !isPort(port, 0) || strings.ContainsAny(host, "/ ") {
		m.add("listen", "%q is not an address to listen on: write host:port, for example \"127.0.0.1:8025\", or \":8025\" for every interface", c.Listen)
	}
	if c.PublicURL == "" {
		m.add("public_url", "missing: mails link to this site, so say where people reach it, for example \"https://helpdesk.example.com\"")
	} else if u, err := url.Parse(c.PublicURL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		m.add("public_url", "%q is not the address of a site: write the scheme and the host and nothing after them, for example \"https://helpdesk.example.com\"", c.PublicURL)
	}
	d := c.Database.Reveal()
	if strings.TrimPrefix(d, "sqlite:") == "" || !hasPrefix(d, "sqlite:", "postgres://", "postgresql://") {
		m.add("database", "this is not a database: write \"sqlite:/var/lib/helpdeskd/helpdeskd.db\" or \"postgres://user:password@host/name\"")
	}
	if c.DataDir == "" {
		m.add("data_dir", "missing: write a folder of its own, for example \"/var/lib/helpdeskd\"")
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			if _, err := netip.ParseAddr(p); err != nil {
				m.add("trusted_proxies", "%q is neither an address nor a network: write for example \"127.0.0.1\" or \"10.1.0.0/16\"", p)
			}
		}
	}
	c.TLS.validate(m)
	oneOf(m, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(m, "log.format", c.Log.Format, "text", "json")
	c.Ack.validate(m)
	c.Alarm.validate(m)
	c.Metrics.validate(m)
	for i := range c.Mailboxes {
		c.Mailboxes[i].validate(m, fmt.Sprintf("mailbox.%d.", i))
		for j := range i {
			c.clash(m, j, i)
		}
	}
}

// clash names what two mailboxes must not share.
func (c *Config) clash(m *Mistakes, j, i int) {
	a, b := c.Mailboxes[j], c.Mailboxes[i]
	at := fmt.Sprintf("mailbox.%d.", i)
	if a.Name == b.Name && b.Name != "" {
		m.add(at+"name", "mailbox %d is called %q too: give each its own name", j+1, b.Name)
	}
	if a.Address == b.Address && b.Address != "" {
		m.add(at+"address", "mailbox %d has the address %s too: one mailbox, one entry", j+1, b.Address)
	}
	if b.Address != "" && slices.Contains(a.Aliases, b.Address) {
		m.add(at+"address", "%s is an alias of mailbox %d: take it out there, or drop this mailbox", b.Address, j+1)
	}
}

func (t TLS) validate(m *Mistakes) {
	switch {
	case t.Cert == "" && t.Key == "":
	case t.Cert == "":
		m.add("tls.cert", "missing: tls.key is given, so name the certificate's file too (or give neither, behind a proxy)")
	case t.Key == "":
		m.add("tls.key", "missing: tls.cert is given, so name the key's file too (or give neither, behind a proxy)")
	default:
		if _, err := tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
			m.add("tls.cert", "the certificate can not be used (%v): both must be PEM files that belong together and that the helpdeskd user can read", err)
		}
	}
}

func (a Ack) validate(m *Mistakes) {
	if a.MaxAge < 0 || a.MaxAge > 30*24*time.Hour {
		m.add("ack.max_age", "%s is out of range: write between \"0s\" (never) and \"720h\"; \"72h\" is usual", a.MaxAge)
	}
	if a.Rate < 1 || a.Rate > 10000 {
		m.add("ack.rate", "%d mails a minute is out of range: write 1 to 10000; Microsoft 365 takes 30 a minute, so 25 is usual", a.Rate)
	}
	if a.FormLink != "" && !isWeb(a.FormLink) {
		m.add("ack.form_link", "%q is not a link: write the form's whole address, beginning with https://", a.FormLink)
	}
}

var nameRule = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62})$`)

func (b *Mailbox) validate(m *Mistakes, at string) {
	switch {
	case b.Name == "":
		m.add(at+"name", "missing: give the mailbox a short name that stays the same for ever, for example \"helpdesk\"")
	case !nameRule.MatchString(b.Name):
		m.add(at+"name", "%q is not a name: use small letters, digits and hyphens, for example \"helpdesk\"", b.Name)
	case isNumber(b.Name):
		m.add(at+"name", "%q is only a number, which HELPDESKD_MAILBOX_%s_… could mistake for a place: put a letter in it", b.Name, b.Name)
	}
	address(m, at+"address", b.Address, true)
	if strings.ContainsAny(b.Display, "\r\n<>\"") {
		m.add(at+"display", "the name that recipients see is one line without quotes and angle brackets")
	}
	for _, a := range b.Aliases {
		address(m, at+"aliases", a, true)
	}
	for _, a := range b.FormSenders {
		address(m, at+"form_senders", a, true)
	}
	for _, d := range b.OwnDomains {
		if !isDomain(d) {
			m.add(at+"own_domains", "%q is not a domain: write for example \"example.com\"", d)
		}
	}
	b.trust(m, at)
	b.reading(m, at)
	if !b.PipeOnly {
		b.IMAP.validate(m, at+"imap.", "imap")
	} else if b.IMAP.Host != "" {
		m.add(at+"pipe_only", "imap.host is given too: drop it, or set pipe_only = false")
	}
	b.SMTP.validate(m, at+"smtp.", "smtp")
	b.OAuth.validate(m, at+"oauth.", b.ByToken(), b.SMTP.ByGraph())
}

func (b *Mailbox) trust(m *Mistakes, at string) {
	oneOf(m, at+"trust", b.Trust, "exchange", "authserv-id", "none")
	if b.Trust == "authserv-id" && (b.AuthservID == "" || strings.ContainsAny(b.AuthservID, " ;\t")) {
		m.add(at+"authserv_id", "missing: with trust = \"authserv-id\" write the first word of the Authentication-Results header that your server puts on top, for example \"mx.example.com\"")
	}
	if b.Trust != "authserv-id" && b.AuthservID != "" {
		m.add(at+"authserv_id", "this only counts with trust = \"authserv-id\": set that, or drop this key")
	}
}

func (b *Mailbox) reading(m *Mistakes, at string) {
	if b.Folder == "" {
		m.add(at+"folder", "missing: write the folder to read, usually \"INBOX\"")
	}
	if !b.LeaveInPlace && b.Processed == "" {
		m.add(at+"processed", "missing: name the folder that read mail is moved to, for example \"Processed\", or set leave_in_place = true")
	}
	if !b.LeaveInPlace && strings.EqualFold(b.Processed, b.Folder) && b.Folder != "" {
		m.add(at+"processed", "this is the folder that is read: name another one")
	}
	if b.Junk != "" && (strings.EqualFold(b.Junk, b.Folder) || strings.EqualFold(b.Junk, b.Processed)) {
		m.add(at+"junk", "this is a folder that has another purpose: name the Junk folder, or write \"auto\"")
	}
	if b.Poll < 5*time.Second || b.Poll > 10*time.Minute {
		m.add(at+"poll", "%s is out of range: write between \"5s\" and \"10m\"; \"45s\" is usual", b.Poll)
	}
	if b.Begin != "now" && b.Begin != "everything" {
		if _, err := time.Parse(time.DateOnly, b.Begin); err != nil {
			m.add(at+"begin", "%q is not where reading can begin: write \"now\", \"everything\", or a date like \"2026-01-31\"", b.Begin)
		}
	}
}

func (s Server) validate(m *Mistakes, at, protocol string) {
	switch {
	case protocol == "imap" && s.Transport+s.GraphURL != "":
		m.add(at+"transport", "mail is read by IMAP only: drop transport and graph_url here")
	case s.ByGraph():
		if u, err := url.Parse(s.GraphURL); s.GraphURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
			m.add(at+"graph_url", "%q is not the address of Microsoft Graph: it begins with https://, for example \"https://graph.microsoft.com/v1.0\"", s.GraphURL)
		}
		return // nothing else of it counts
	case s.GraphURL != "":
		m.add(at+"graph_url", "this only counts with transport = \"graph\": set that, or drop this key")
	case s.Transport != "":
		oneOf(m, at+"transport", s.Transport, "smtp", "graph")
	}
	switch {
	case s.Host == "":
		m.add(at+"host", "missing: write the server's name, for example %q", map[string]string{"imap": "outlook.office365.com", "smtp": "smtp.office365.com"}[protocol])
	case strings.ContainsAny(s.Host, "/: ") && net.ParseIP(s.Host) == nil:
		m.add(at+"host", "%q is not a server's name: write it without scheme and port", s.Host)
	}
	oneOf(m, at+"security", s.Security, "tls", "starttls", "plain")
	if s.Security == "plain" && s.Host != "" && !loopback(s.Host) {
		m.add(at+"security", "\"plain\" would send the password readable over the network: write \"tls\" or \"starttls\" (plain is for this machine only)")
	}
	if s.Port < 1 || s.Port > 65535 {
		if slices.Contains([]string{"tls", "starttls", "plain"}, s.Security) {
			m.add(at+"port", "%d is not a port: write 1 to 65535, or leave it out for the usual one", s.Port)
		}
	}
	auths := []string{"plain", "login", "xoauth2"}
	if protocol == "smtp" {
		auths = append(auths, "none")
	}
	oneOf(m, at+"auth", s.Auth, auths...)
	if (s.Auth == "plain" || s.Auth == "login") && s.Password == "" && s.PasswordFile == "" {
		m.add(at+"password", "missing: write it here, in the file that password_file names, or in the variable …_%s_PASSWORD", strings.ToUpper(protocol))
	}
	if s.CAFile != "" {
		if b, err := os.ReadFile(s.CAFile); err != nil {
			m.add(at+"ca_file", "the file can not be read: %v", err)
		} else if !x509.NewCertPool().AppendCertsFromPEM(b) {
			m.add(at+"ca_file", "%s holds no certificate: it must be PEM", s.CAFile)
		}
	}
}

func (o OAuth) validate(m *Mistakes, at string, needed, graph bool) {
	if !needed {
		if o != (OAuth{}) {
			m.add(strings.TrimSuffix(at, "."), "this only counts with auth = \"xoauth2\" or transport = \"graph\": set one under imap and smtp, or drop this table")
		}
		return
	}
	switch o.Flow {
	case "", string(oauth.FlowClient):
		o.validateApp(m, at)
		o.validateClient(m, at)
	case string(oauth.FlowDevice):
		o.validateApp(m, at)
		o.unused(m, at, o.CertificateFile+o.CertificateKeyFile, "certificate_file", "client")
		if o.DeviceURL != "" || o.TokenURL != "" && oauth.DeviceURL(o.TokenURL) == "" {
			o.url(m, at+"device_url", o.DeviceURL, "https://login.microsoftonline.com/TENANT/oauth2/v2.0/devicecode")
		}
	case string(oauth.FlowGoogle):
		if graph {
			m.add(at+"flow", "Microsoft Graph takes no tokens of Google: send by smtp, or set flow to \"client\" or \"device\"")
		}
		o.unused(m, at, o.ClientID+o.ClientSecret.Reveal()+o.ClientSecretFile, "client_id", "client\" or \"device")
		o.unused(m, at, o.CertificateFile+o.CertificateKeyFile, "certificate_file", "client")
		o.unused(m, at, o.SecretExpires, "client_secret_expires", "client")
		if o.TokenURL != "" {
			o.url(m, at+"token_url", o.TokenURL, oauth.GoogleTokenURL)
		}
		if o.GoogleKeyFile == "" {
			m.add(at+"google_key_file", "missing: name the file with the service account's JSON key")
		} else if err := (oauth.Config{GoogleFile: o.GoogleKeyFile}).CheckGoogleKey(); err != nil {
			m.add(at+"google_key_file", "%s", migrations.SafeMessage(err))
		}
	default:
		oneOf(m, at+"flow", o.Flow, "client", "device", "google")
		return
	}
	if o.Flow != string(oauth.FlowGoogle) {
		o.unused(m, at, o.GoogleKeyFile, "google_key_file", "google")
	}
	if o.Flow != string(oauth.FlowDevice) {
		o.unused(m, at, o.DeviceURL, "device_url", "device")
	}
}

// validateApp checks what names the application at the token endpoint.
func (o OAuth) validateApp(m *Mistakes, at string) {
	o.url(m, at+"token_url", o.TokenURL, "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token")
	if o.ClientID == "" {
		m.add(at+"client_id", "missing: write the application's (client) id from its registration")
	}
}

// validateClient checks what the application signs in with.
func (o OAuth) validateClient(m *Mistakes, at string) {
	secret := o.ClientSecret != "" || o.ClientSecretFile != ""
	if o.SecretExpires != "" {
		if _, err := time.Parse(time.DateOnly, o.SecretExpires); err != nil {
			m.add(at+"client_secret_expires", "%q is not a date: write for example \"2027-01-31\"", o.SecretExpires)
		} else if !secret {
			m.add(at+"client_secret_expires", "there is no client_secret: drop this key")
		}
	}
	switch {
	case o.CertificateFile == "" && o.CertificateKeyFile != "":
		m.add(at+"certificate_file", "missing: certificate_key_file is given, so name the certificate's file too")
	case secret && o.CertificateFile != "":
		m.add(at+"certificate_file", "client_secret is given too: keep one, best the certificate")
	case o.CertificateFile != "":
		if err := (oauth.Config{CertFile: o.CertificateFile, KeyFile: o.CertificateKeyFile}).CheckCertificate(); err != nil {
			m.add(at+"certificate_file", "%s", migrations.SafeMessage(err))
		}
	case !secret:
		m.add(at+"client_secret", "missing: write the secret's value here, in the file that client_secret_file names, or in the variable …_OAUTH_CLIENT_SECRET; or name a certificate_file")
	}
}

func (o OAuth) url(m *Mistakes, key, address, like string) {
	u, err := url.Parse(address)
	switch {
	case address == "":
		m.add(key, "missing: for Microsoft 365 write %q", like)
	case err != nil || u.Host == "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))):
		m.add(key, "%q is not the address of a token endpoint: it begins with https://", address)
	}
}

func (o OAuth) unused(m *Mistakes, at, value, key, flow string) {
	if value != "" {
		m.add(at+key, "this only counts with flow = \"%s\": set that, or drop this key", flow)
	}
}

func oneOf(m *Mistakes, key, have string, want ...string) {
	if slices.Contains(want, have) {
		return
	}
	for i, w := range want {
		want[i] = strconv.Quote(w)
	}
	m.add(key, "%q is not known: write %s or %s", have, strings.Join(want[:len(want)-1], ", "), want[len(want)-1])
}

func address(m *Mistakes, key, a string, needed bool) {
	if a == "" && needed {
		m.add(key, "missing: write the mailbox's address, for example \"helpdesk@example.com\"")
		return
	}
	p, err := mail.ParseAddress(a)
	if err != nil || p.Address != a || p.Name != "" {
		m.add(key, "%q is not a mail address: write for example \"helpdesk@example.com\"", a)
	}
}

var domainRule = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$`)

func isDomain(d string) bool { return domainRule.MatchString(d) }

func isPort(s string, least int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= least && n <= 65535
}

func isNumber(s string) bool { _, err := strconv.Atoi(s); return err == nil }

func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func hasPrefix(s string, list ...string) bool {
	return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(s, p) })
}
