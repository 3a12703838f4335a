package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/watch"
	"helpdeskd/ingest"
	"helpdeskd/mailer"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
	"helpdeskd/web"
)

// lookout is what looks after the desk, as pages see it.
type lookout struct {
	*watch.Watch
	store *tracker.Store
	log   *slog.Logger
	file  []watch.Route // of the configuration file, which decides
	ways  []web.AlarmWay

	mu   sync.Mutex
	seen [2]int64      // the versions that site is of
	site []watch.Route // made on the site, as they were last known
}

// newLookout wires what looks after a desk. Nothing runs yet.
func newLookout(c *config.Config, store *tracker.Store, boxes *boxes, servers *watch.Servers, log *slog.Logger) (*lookout, error) {
	l := &lookout{store: store, log: log}
	if c.Alarm.HasMail() {
		l.file = append(l.file, watch.Mail{SMTP: alarmSMTP(c.Alarm), To: c.Alarm.MailTo})
		l.ways = append(l.ways, web.AlarmWay{Name: tracker.RouteMail, To: strings.Join(c.Alarm.MailTo, ", "), File: true})
	}
	if c.Alarm.WebhookURL != "" {
		h, err := watch.NewWebhook(c.Alarm.WebhookURL.Reveal(), c.Alarm.WebhookSecret.Reveal())
		if err != nil {
			return nil, err
		}
		l.file = append(l.file, h)
		l.ways = append(l.ways, web.AlarmWay{Name: tracker.RouteWebhook, To: h.Host(), File: true})
	}
	probes := []watch.Probe{watch.Disk(store, c.DataDir, freeBytes), servers.Probe(store), watch.Clock(store, tokenEndpoints(c)...),
		watch.Stuck(store, boxes.stuck.N), watch.Secrets(store, boxes.endings)}
	if f := c.Database.File(); f != "" && filepath.Dir(f) != filepath.Clean(c.DataDir) {
		probes = append(probes, watch.Disk(store, filepath.Dir(f), freeBytes))
	}
	if c.TLS.Cert != "" {
		probes = append(probes, watch.Certificate(store, c.TLS.Cert))
	}
	var err error
	l.Watch, err = watch.New(store, watch.Options{
		Mailboxes: boxes.watched, Probes: probes, PublicURL: c.PublicURL, DataDir: c.DataDir, Log: log, Pulse: func() { notify(log, sd.SdNotifyWatchdog) },
		Routes: l.routes,
	})
	return l, err
}

// routes are those by which people are told now. While the database is away,
// those of the site are as they were before.
func (l *lookout) routes(ctx context.Context) []watch.Route {
	bounded, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	made, err := l.store.AlarmWays(bounded)
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := [2]int64{made.MailVersion, made.HookVersion}; err == nil && now != l.seen {
		l.site, l.seen = nil, now
		if m := made.Mail; m != nil && made.Problem == "" {
			l.site = append(l.site, watch.Mail{SMTP: siteSMTP(*m), To: m.To})
		}
		if h := made.Hook; h != nil && made.Problem == "" {
			if hook, err := watch.NewWebhook(h.URL, h.Secret); err == nil {
				l.site = append(l.site, hook)
			}
		}
		if made.Problem != "" {
			l.log.Error("alarms do not leave by what was made on the site", slog.String("why", made.Problem))
		}
	}
	all := slices.Clone(l.file)
	for _, r := range l.site {
		if !slices.ContainsFunc(all, func(f watch.Route) bool { return f.Name() == r.Name() }) {
			all = append(all, r)
		}
	}
	return all
}

// Ways implements web.Alarms.
func (l *lookout) Ways(context.Context) []web.AlarmWay { return l.ways }

func siteSMTP(m tracker.AlarmMail) mailer.SMTPConfig {
	c := mailer.SMTPConfig{Address: m.From, Host: m.Host, Port: m.Port, Security: m.Security, Auth: mailer.AuthPlain, Username: m.Username, Password: m.Password}
	if m.Username == "" {
		c.Auth = mailer.AuthNone
	}
	return c
}

// watched are the mailboxes that should be read and sent from, also those that
// can not be run here.
func (b *boxes) watched(ctx context.Context) []tracker.Watched {
	var all []tracker.Watched
	for i, c := range b.conf.Mailboxes {
		w := tracker.Watched{ID: b.file[i].ID, Name: c.Name}
		if !c.PipeOnly {
			w.Poll = c.Poll
		}
		all = append(all, w)
	}
	made, err := b.store.Connections(ctx)
	if err != nil {
		return all
	}
	rows, err := b.store.Mailboxes(ctx)
	if err != nil {
		return all
	}
	for _, c := range made {
		if !c.Enabled || b.inFile(c) {
			continue
		}
		for _, m := range rows {
			if m.Name == c.Name {
				all = append(all, tracker.Watched{ID: m.ID, Name: c.Name, Poll: max(c.Poll, time.Second)})
			}
		}
	}
	return all
}

// endings are when what mailboxes sign in with ends: client secrets, whose day
// somebody has written down, and client certificates, which say it themselves.
func (b *boxes) endings(ctx context.Context) map[string]time.Time {
	all := map[string]time.Time{}
	note := func(c config.Mailbox) {
		if !c.ByToken() {
			return
		}
		o := c.OAuth
		if t, err := time.Parse(time.DateOnly, o.SecretExpires); err == nil {
			all[c.Name] = t
		}
		if o.CertificateFile != "" || o.Certificate != "" {
			if t, err := (oauth.Config{CertFile: o.CertificateFile, KeyFile: o.CertificateKeyFile, Certificate: o.Certificate.Reveal()}).CertificateEnds(); err == nil {
				all[c.Name] = t
			}
		}
	}
	for _, c := range b.conf.Mailboxes {
		note(c)
	}
	made, err := b.store.Connections(ctx)
	if err != nil {
		return all
	}
	for _, c := range made {
		if !c.Enabled || b.inFile(c) || c.Grant != tracker.GrantClient {
			continue
		}
		o := config.OAuth{SecretExpires: c.SecretUntil, Certificate: config.Secret(c.Secrets.Certificate)}
		note(config.Mailbox{Name: c.Name, OAuth: o, IMAP: config.Server{Auth: c.IMAP.Auth}, SMTP: config.Server{Auth: c.SMTP.Auth}}) // Graph or not: mail is read by a token
	}
	return all
}

func alarmSMTP(a config.Alarm) mailer.SMTPConfig {
	return mailer.SMTPConfig{
		Address: a.MailFrom, Host: a.SMTP.Host, Port: a.SMTP.Port, Security: a.SMTP.Security, Auth: a.SMTP.Auth,
		Username: a.SMTP.Username, Password: a.SMTP.Password.Reveal(), CAFile: a.SMTP.CAFile,
	}
}

// tokenEndpoints are web servers whose clocks can be trusted.
func tokenEndpoints(c *config.Config) []string {
	var all []string
	for _, b := range c.Mailboxes {
		if b.OAuth.TokenURL != "" {
			all = append(all, b.OAuth.TokenURL)
		}
	}
	return all
}

// metMailbox has the certificate of a mailbox's server noted when it is met.
func metMailbox(s *watch.Servers, c ingest.MailboxConfig) ingest.MailboxConfig {
	c.SawCert = s.Saw
	return c
}

// metSMTP is metMailbox for sending.
func metSMTP(s *watch.Servers, c mailer.SMTPConfig) mailer.SMTPConfig {
	c.SawCert = s.Saw
	return c
}
