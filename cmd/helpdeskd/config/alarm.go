package config

import (
	"net"
	"net/url"
	"strings"
)

// Alarm says by which ways people are told of trouble beside the helpdesk's
// own mailbox, which may be what is in trouble.
type Alarm struct {
	MailTo        []string `toml:"mail_to"`   // who gets alarms by mail
	MailFrom      string   `toml:"mail_from"` // of the account of [alarm.smtp]
	SMTP          Server   `toml:"smtp"`      // another account than the helpdesk's
	WebhookURL    Secret   `toml:"webhook_url"`
	WebhookSecret Secret   `toml:"webhook_secret"` // signs what is posted
	WebhookFile   string   `toml:"webhook_secret_file"`
}

// Metrics says who may read /metrics.
type Metrics struct {
	Listen    string `toml:"listen"` // an address of its own; "" for none
	Token     Secret `toml:"token"`  // whoever has it may read them on the site too
	TokenFile string `toml:"token_file"`
}

// HasMail reports whether alarms go by mail.
func (a Alarm) HasMail() bool { return a.SMTP.Host != "" }

func (a *Alarm) fill(l *loader) {
	lower(a.MailTo)
	if a.HasMail() {
		a.MailFrom = strings.ToLower(strings.TrimSpace(a.MailFrom))
		if a.MailFrom == "" && len(a.MailTo) > 0 {
			a.MailFrom = a.MailTo[0]
		}
		a.SMTP.fill(a.MailFrom, map[string]int{"tls": 465, "starttls": 587, "plain": 25})
	}
	l.secret(&a.SMTP.Password, a.SMTP.PasswordFile, "alarm.smtp.password")
	l.secret(&a.WebhookSecret, a.WebhookFile, "alarm.webhook_secret")
}

func (a Alarm) validate(m *Mistakes) {
	if a.HasMail() {
		a.SMTP.validate(m, "alarm.smtp.", "smtp")
		if a.SMTP.Auth == "xoauth2" {
			m.add("alarm.smtp.auth", "alarms are sent with a password (\"plain\" or \"login\") or without (\"none\"): they must not hang on what the helpdesk's mailbox hangs on")
		}
		if len(a.MailTo) == 0 {
			m.add("alarm.mail_to", "missing: with [alarm.smtp] write who gets alarms, for example [\"it-lead@example.org\"]")
		} else {
			address(m, "alarm.mail_from", a.MailFrom, true)
		}
	} else if len(a.MailTo) > 0 {
		m.add("alarm.mail_to", "this needs an account to send from, other than the helpdesk's: write [alarm.smtp]")
	}
	for _, to := range a.MailTo {
		address(m, "alarm.mail_to", to, true)
	}
	if u, err := url.Parse(a.WebhookURL.Reveal()); a.WebhookURL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		m.add("alarm.webhook_url", "this is not the address of a webhook: it begins with https:// (http:// is for this machine only)")
	}
	if a.WebhookSecret != "" && a.WebhookURL == "" {
		m.add("alarm.webhook_secret", "this signs what is posted to webhook_url: write that too, or drop this key")
	}
}

func (x Metrics) validate(m *Mistakes) {
	if x.Listen != "" {
		host, port, err := net.SplitHostPort(x.Listen)
		if err != nil || !isPort(port, 0) || strings.ContainsAny(host, "/ ") {
			m.add("metrics.listen", "%q is not an address to listen on: write host:port, for example \"127.0.0.1:9464\"", x.Listen)
		} else if !loopback(host) && x.Token == "" {
			m.add("metrics.listen", "whoever reaches %s could read the numbers: listen on 127.0.0.1, or set metrics.token", x.Listen)
		}
	}
	if x.Token != "" && len(x.Token) < 16 {
		m.add("metrics.token", "this is short enough to be guessed: write 16 characters or more")
	}
}
