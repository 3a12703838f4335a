package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/metrics"
	"helpdeskd/cmd/helpdeskd/watch"
	"helpdeskd/ingest"
	"helpdeskd/inventory"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
	"helpdeskd/web"
)

// desk is a running helpdesk: its store, its site, and what works behind.
type desk struct {
	store   *tracker.Store
	things  *inventory.Store
	site    http.Handler
	boxes   *boxes // made on the site, beside those of the configuration file
	log     *slog.Logger
	workers []func(ctx context.Context)
	metrics http.Handler
	meters  *ingest.Meters
	stuck   *ingest.Stuck // reading that does not come to an end
}

// newDesk wires a helpdesk on an open store. Nothing runs yet.
func newDesk(ctx context.Context, c *config.Config, store *tracker.Store, banner string, log *slog.Logger) (*desk, error) {
	d := &desk{store: store, things: inventory.New(store), log: log, stuck: &ingest.Stuck{}}
	if err := applySettings(ctx, store, c); err != nil {
		return nil, err
	}
	boxes, err := openMailboxes(ctx, store, c)
	if err != nil {
		return nil, err
	}
	registry, shown := metrics.New(buildVersion())
	store.DB().Measure(registry)
	registry.MustRegister(metrics.NewDesk(store, func() (int64, error) { return freeBytes(c.DataDir) }))
	meters := ingest.NewMeters(registry)
	d.meters = meters
	servers := watch.NewServers(store.Now)
	smtp := map[string]mailer.SMTPConfig{}
	for i, b := range c.Mailboxes {
		account, err := accountOf(b, store.Grants(b.Name), log)
		if err != nil {
			return nil, err
		}
		p, err := ingest.NewPoller(store, boxes[i].ID, metMailbox(servers, mailboxOf(b, account)), reading(store, policyOf(boxes[i].ID, b, c.Ack), log, d.stuck, meters))
		if err != nil {
			return nil, fmt.Errorf("mailbox %s: %w", b.Name, err)
		}
		d.workers = append(d.workers, p.Run)
		smtp[b.Name] = metSMTP(servers, smtpOf(b, account))
	}
	m, err := mailer.New(store, mailer.Options{SMTP: smtp, PublicURL: c.PublicURL, Log: log, Metrics: registry})
	if err != nil {
		return nil, err
	}
	failpoints(m)
	d.boxes = newBoxes(store, c, m, boxes, d.stuck, meters, servers, log)
	d.workers = append(d.workers,
		func(ctx context.Context) { _ = m.Run(ctx) }, // it returns nil
		d.boxes.run,
		d.watchRemoved,
		func(ctx context.Context) { d.lead(ctx, "index", store.RunIndex) },
		func(ctx context.Context) { d.lead(ctx, "clock", store.RunClock) },
	)
	l, err := newLookout(c, store, d.boxes, servers, log)
	if err != nil {
		return nil, fmt.Errorf("prepare the alarms: %w", err)
	}
	d.workers = append(d.workers, l.Run)
	d.metrics = shown
	d.site, err = web.New(store, d.things, web.Options{
		PublicURL: c.PublicURL, TrustedProxies: proxies(c.TrustedProxies), Log: log, Version: buildVersion(),
		Mail: ingest.PartReader{}, Forms: formReader{d.boxes.configured}, Texts: m, Replies: m, Connect: connector{store, c.DataDir, log}, StuckReading: d.stuck.N, ReadMail: d.boxes.readMail, Alarms: l,
		Metrics: web.Metrics{Registerer: registry, Handler: shown, Token: c.Metrics.Token.Reveal()}, Banner: banner, Styleguide: banner == demoBanner,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the site: %w", err)
	}
	return d, nil
}

// work runs what works behind the site, until ctx ends and all has finished
// what it had in hand.
func (d *desk) work(ctx context.Context) {
	var all sync.WaitGroup
	for _, w := range d.workers {
		all.Go(func() { w(ctx) })
	}
	all.Wait()
}

// lead runs a job each time its lease is ours, until ctx ends.
func (d *desk) lead(ctx context.Context, name string, job func(context.Context, *tracker.Lease) error) {
	for ctx.Err() == nil {
		l, err := d.store.Acquire(ctx, name)
		if err == nil {
			held, cancel := context.WithCancel(ctx)
			go func() {
				select {
				case <-l.Lost():
					cancel()
				case <-held.Done():
				}
			}()
			err = job(held, l)
			cancel()
			d.release(ctx, name, l)
		}
		if ctx.Err() != nil || err == nil || errors.Is(err, context.Canceled) || migrations.KindOf(err) == migrations.Conflict {
			continue // stopped, or another node leads now
		}
		d.log.Error("a background job stopped and is started again", slog.String("job", name), slog.Any("error", err))
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}

// release gives a lease up, so that the next node or start need not wait.
func (d *desk) release(ctx context.Context, name string, l *tracker.Lease) {
	last, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	if err := l.Release(last); err != nil {
		d.log.Warn("a lease could not be released", slog.String("lease", name), slog.Any("error", err))
	}
}

// smtpOf is the part of a mailbox's configuration that mailer needs.
func smtpOf(b config.Mailbox, a *oauth.Account) mailer.SMTPConfig {
	c := mailer.SMTPConfig{
		Address: b.Address, FromName: b.Display,
		Host: b.SMTP.Host, Port: b.SMTP.Port, Security: b.SMTP.Security, Auth: b.SMTP.Auth,
		Username: b.SMTP.Username, Password: b.SMTP.Password.Reveal(), CAFile: b.SMTP.CAFile,
		PlusAddressing: b.PlusAddressing,
	}
	if a != nil {
		c.Tokens = a.Mail()
	}
	if b.SMTP.ByGraph() && a != nil {
		c.Graph, c.Tokens, c.Username = mailer.GraphURL, a.Graph(), b.Address
		if b.SMTP.GraphURL != "" {
			c.Graph = b.SMTP.GraphURL
		}
	}
	return c
}

// proxies reads addresses and networks, which Load has validated.
func proxies(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		} else if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}
