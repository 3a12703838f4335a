package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/inventory"
	"helpdeskd/mailer"
	"helpdeskd/tracker"
)

type demoCmd struct {
	HTTP  string `help:"Where the site listens (${default})." default:"127.0.0.1:8025" placeholder:"ADDR"`
	Dir   string `help:"The folder to keep everything in; a temporary one, gone at the end, where nothing is said." placeholder:"DIR"`
	Quiet bool   `help:"No sample mails arrive: only what one writes oneself."`

	Pace time.Duration `help:"How long between two sample mails (${default})." default:"30s"`
}

// demoBanner stands above every page of the site.
const demoBanner = "This is a demo: everybody is made up, and no mail leaves this computer. Write to the helpdesk as an employee at /demo."

// Run runs the made-up company until the context ends.
func (c demoCmd) Run(s *session) error {
	dir, gone, err := c.folder()
	if err != nil {
		return err
	}
	defer gone()
	listener, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (choose another with --http, for example --http 127.0.0.1:8026)", c.HTTP, errors.Unwrap(err))
	}
	defer listener.Close()
	place, err := openPlace(dir)
	if err != nil {
		return err
	}
	defer place.Close()
	log := s.logger(&config.Config{Log: config.Log{Level: "warn", Format: "text"}})
	t := &theatre{clock: &demo.Clock{}, log: log}
	if t.hub, err = demo.NewHub(demo.Domain, t.clock.Now, log); err != nil {
		return err
	}
	defer t.hub.Close()
	conf, err := t.configuration(dir, localURL(listener.Addr(), false))
	if err != nil {
		return err
	}
	store, err := s.open(s.ctx, conf, tracker.Options{Clock: t.clock.Now, Log: log, Node: place.Node})
	if err != nil {
		return err
	}
	defer store.DB().Close()
	if err := t.stage(s, conf, store); err != nil {
		return err
	}
	d, err := newDesk(s.ctx, conf, store, demoBanner, log)
	if err != nil {
		return err
	}
	pages, err := demo.NewPages(t.hub, t.signIns(), log)
	if err != nil {
		return err
	}
	site := http.NewServeMux()
	site.Handle("/", d.site)
	site.Handle("/demo", pages)
	site.Handle("/demo/", pages)
	t.announce(s, conf.PublicURL)
	if !c.Quiet {
		d.workers = append(d.workers, func(ctx context.Context) { t.hub.Arrivals(ctx, c.Pace, log) })
	}
	return serve(s.ctx, d, site, listener, log)
}

// folder returns where everything lies, and what to do with it at the end.
func (c demoCmd) folder() (string, func(), error) {
	if c.Dir != "" {
		dir, err := filepath.Abs(c.Dir)
		return dir, func() {}, err
	}
	dir, err := os.MkdirTemp("", "helpdeskd-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

// theatre is what the demo has that a real helpdesk has not.
type theatre struct {
	hub   *demo.Hub
	clock *demo.Clock
	log   *slog.Logger
	until time.Time // where the history ends; zero: now
}

// configuration makes everybody's mailbox, and returns what a configuration
// file would say of the helpdesk's.
func (t *theatre) configuration(dir, publicURL string) (*config.Config, error) {
	everybody := []string{demo.FormSender}
	for _, p := range append(demo.Everybody(), demo.Colleagues()...) {
		everybody = append(everybody, p.Address())
	}
	for _, a := range everybody {
		if _, err := t.hub.AddAccount(a); err != nil {
			return nil, err
		}
	}
	password, err := t.hub.AddAccount(demo.Helpdesk)
	if err != nil {
		return nil, err
	}
	c := config.Default()
	c.PublicURL, c.DataDir, c.Database = publicURL, dir, config.DSN("sqlite:"+filepath.Join(dir, "helpdeskd.db"))
	c.KeyFile = filepath.Join(dir, "key")
	c.Ack.Rate, c.Ack.FormLink = 6000, publicURL+"/demo"
	c.Origin["ack.rate"], c.Origin["public_url"] = "demo", "demo"
	server := func(a *net.TCPAddr) config.Server {
		return config.Server{Host: a.IP.String(), Port: a.Port, Security: "plain", Auth: "plain", Username: demo.Helpdesk, Password: config.Secret(password)}
	}
	c.Mailboxes = []config.Mailbox{{
		Name: "helpdesk", Address: demo.Helpdesk, Display: "IT helpdesk", OwnDomains: []string{demo.Domain},
		Trust: "exchange", FormSenders: []string{demo.FormSender}, PlusAddressing: true,
		Folder: "INBOX", Processed: "Processed", Begin: "everything", Poll: 2 * time.Second,
		IMAP: server(t.hub.IMAPAddr()), SMTP: server(t.hub.SMTPAddr()),
	}}
	return c, nil
}

// stage writes the history into an empty database.
func (t *theatre) stage(s *session, c *config.Config, store *tracker.Store) error {
	empty, err := store.NeedsSetup(s.ctx)
	if err != nil || !empty {
		return err
	}
	if err := applySettings(s.ctx, store, c); err != nil {
		return err
	}
	fmt.Fprintln(s.err, "Writing two years of history …")
	boxes, err := openMailboxes(s.ctx, store, c)
	if err != nil {
		return err
	}
	m, err := mailer.New(store, mailer.Options{SMTP: map[string]mailer.SMTPConfig{c.Mailboxes[0].Name: smtpOf(c.Mailboxes[0], nil)}, PublicURL: c.PublicURL, Log: t.log})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(s.ctx)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = m.Run(ctx) // it returns nil
	}()
	defer func() {
		stop()
		<-sent
	}()
	h := demo.History{Store: store, Things: inventory.New(store), Hub: t.hub, Clock: t.clock, MailboxID: boxes[0].ID, Parse: parser(store, policyOf(boxes[0].ID, c.Mailboxes[0], c.Ack)), Until: t.until}
	if err := h.Write(ctx); err != nil {
		return fmt.Errorf("write the demo's history: %w", err)
	}
	t.hub.MarkSeen()
	return h.Awake(ctx)
}

func (t *theatre) signIns() []demo.SignIn {
	var all []demo.SignIn
	for _, p := range append(demo.Technicians(), demo.Manager()) {
		all = append(all, demo.SignIn{Person: p, Password: demo.Password})
	}
	return all
}

// announce prints where everything is.
func (t *theatre) announce(s *session, at string) {
	admin := demo.Technicians()[0]
	fmt.Fprintf(s.out, "web: %s/\nemployees: %s/demo\nsign in: %s\npassword: %s\nMails arrive while you watch. Stop with Ctrl-C.\n", at, at, admin.Address(), demo.Password)
}
