package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/watch"
	"helpdeskd/ingest"
	"helpdeskd/mailer"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
)

// boxesEvery is how often a node looks whether another changed a mailbox.
const boxesEvery = 2 * time.Second

// boxesRetry is how long what can not be run waits for its next try.
const boxesRetry = 20 * time.Second

// boxes runs the mailboxes: those of the configuration file always, those that
// were made on the site as they stand there, without a restart. Every node
// runs all of them; leases see to it that one reads each.
type boxes struct {
	store   *tracker.Store
	conf    *config.Config
	mail    *mailer.Mailer
	log     *slog.Logger
	file    []tracker.Mailbox // of the configuration file, in its order
	stuck   *ingest.Stuck
	apart   *ingest.Isolated // reads mails for pages
	meters  *ingest.Meters
	servers *watch.Servers
	retry   time.Duration

	mu      sync.Mutex
	running map[string]*box // made on the site, by name
}

// box is one mailbox at work.
type box struct {
	id      int64
	version int64
	conf    config.Mailbox
	stop    context.CancelFunc
	over    chan struct{}
}

func newBoxes(store *tracker.Store, c *config.Config, m *mailer.Mailer, file []tracker.Mailbox, stuck *ingest.Stuck, meters *ingest.Meters, servers *watch.Servers, log *slog.Logger) *boxes {
	b := &boxes{store: store, conf: c, mail: m, log: log, file: file, stuck: stuck, meters: meters, servers: servers, retry: boxesRetry, running: map[string]*box{}}
	b.apart = ingest.NewIsolated(b.readOptions)
	return b
}

// run keeps what runs in step with what is configured, until ctx ends and all
// has stopped.
func (b *boxes) run(ctx context.Context) {
	tick := time.NewTicker(min(boxesEvery, b.retry))
	defer tick.Stop()
	defer b.stopAll()
	seen := int64(-1)
	var retry time.Time // zero: all that should run does
	for {
		now, err := b.store.ConnectionsVersion(ctx)
		if err == nil && (now != seen || !retry.IsZero() && time.Now().After(retry)) {
			var whole bool
			if whole, err = b.follow(ctx); err == nil {
				seen, retry = now, time.Time{}
				if !whole {
					retry = time.Now().Add(b.retry)
				}
			}
		}
		if err != nil && ctx.Err() == nil {
			b.log.Error("the mailboxes that were made on the site can not be read; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.store.ConnectionNews():
		}
	}
}

// follow starts, stops and changes what runs. One mailbox that can not be run
// keeps none of the others from it; whole is false then, since what it fails of,
// as a full disk, may pass without anybody changing the mailbox.
func (b *boxes) follow(ctx context.Context) (whole bool, err error) {
	all, err := b.store.Connections(ctx)
	if err != nil {
		return false, err
	}
	whole = true
	want := map[string]tracker.Connection{}
	for _, c := range all {
		if c.Enabled && !b.inFile(c) {
			want[c.Name] = c
		}
	}
	for name, r := range b.list() {
		if c, ok := want[name]; !ok || c.Version != r.version {
			b.end(name, r)
			if !ok {
				b.mail.RemoveSMTP(name)
				b.log.Info("mailbox stopped", slog.String("mailbox", name))
			}
		}
	}
	for name, c := range want {
		if b.list()[name] != nil {
			continue
		}
		if err := b.begin(ctx, c); err != nil {
			b.log.Error("a mailbox that was made on the site can not be run", slog.String("mailbox", name), slog.Any("error", err))
			b.tell(ctx, c, err)
			whole = false
		}
	}
	b.chooseAccountMailbox()
	return whole, nil
}

// begin starts one mailbox.
func (b *boxes) begin(ctx context.Context, c tracker.Connection) error {
	if c.Problem != "" {
		return errors.New(c.Problem)
	}
	conf, err := boxOf(c, b.conf.DataDir)
	if err != nil {
		return err
	}
	m, err := b.store.OpenMailbox(ctx, c.Name, c.Address, c.BeginAt())
	if err != nil {
		return err
	}
	policy := policyOf(m.ID, conf, b.conf.Ack)
	account, err := accountOf(conf, b.store.Grants(c.Name), b.log)
	if err != nil {
		return err
	}
	p, err := ingest.NewPoller(b.store, m.ID, metMailbox(b.servers, mailboxOf(conf, account)), reading(b.store, policy, b.log, b.stuck, b.meters))
	if err != nil {
		return err
	}
	if err := b.mail.SetSMTP(c.Name, metSMTP(b.servers, smtpOf(conf, account))); err != nil {
		return err
	}
	b.store.SetPolicy(policy)
	own, stop := context.WithCancel(ctx)
	r := &box{id: m.ID, version: c.Version, conf: conf, stop: stop, over: make(chan struct{})}
	go func() {
		defer close(r.over)
		p.Run(own)
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running[c.Name] = r
	b.log.Info("mailbox started", slog.String("mailbox", c.Name))
	return nil
}

// tell puts onto the mailbox's row why it can not be run.
func (b *boxes) tell(ctx context.Context, c tracker.Connection, why error) {
	m, err := b.store.OpenMailbox(ctx, c.Name, c.Address, c.BeginAt())
	if err == nil {
		err = b.store.PollResult(ctx, m.ID, tracker.Poll{Err: plain(why)})
	}
	if err != nil && ctx.Err() == nil {
		b.log.Warn("why a mailbox is not read could not be noted", slog.String("mailbox", c.Name), slog.Any("error", err))
	}
}

// end stops one mailbox, and returns when all of it has stopped.
func (b *boxes) end(name string, r *box) {
	r.stop()
	<-r.over
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, name)
}

func (b *boxes) stopAll() {
	for name, r := range b.list() {
		b.end(name, r)
	}
}

func (b *boxes) list() map[string]*box {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string]*box, len(b.running))
	for name, r := range b.running {
		all[name] = r
	}
	return all
}

// inFile reports whether the configuration file has a mailbox of that name or
// address: then the file decides.
func (b *boxes) inFile(c tracker.Connection) bool {
	return slices.ContainsFunc(b.conf.Mailboxes, func(f config.Mailbox) bool {
		return f.Name == c.Name || strings.EqualFold(f.Address, c.Address)
	})
}

// runs reports whether this mailbox has a worker here.
func (b *boxes) runs(id int64) bool {
	if slices.ContainsFunc(b.file, func(m tracker.Mailbox) bool { return m.ID == id }) {
		return true
	}
	for _, r := range b.list() {
		if r.id == id {
			return true
		}
	}
	return false
}

// configured returns every mailbox that runs here, those of the file first.
func (b *boxes) configured() []config.Mailbox {
	all := slices.Clone(b.conf.Mailboxes)
	own := b.list()
	names := make([]string, 0, len(own))
	for name := range own {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, own[name].conf)
	}
	return all
}

// chooseAccountMailbox has invitations leave by the first mailbox that there is.
func (b *boxes) chooseAccountMailbox() {
	if len(b.file) > 0 {
		return
	}
	first := int64(0)
	for _, r := range b.list() {
		if first == 0 || r.id < first {
			first = r.id
		}
	}
	b.store.SetAccountMailbox(first)
}

// boxOf is a mailbox made on the site as the configuration file would say it.
// Its certificate authority is put beside the database, where it has one.
func boxOf(c tracker.Connection, dataDir string) (config.Mailbox, error) {
	b := config.Mailbox{
		Name: c.Name, Address: c.Address, Display: c.Display, Aliases: c.Aliases, OwnDomains: c.OwnDomains,
		Trust: c.Trust, AuthservID: c.AuthservID, FormSenders: c.FormSenders,
		Folder: c.Folder, Processed: c.Processed, LeaveInPlace: c.LeaveInPlace, Junk: c.Junk, Shadow: c.Shadow, Begin: c.Begin, Poll: c.Poll, PlusAddressing: c.PlusAddressing,
		IMAP: serverOf(c.IMAP, c.Secrets.Password), SMTP: serverOf(c.SMTP, c.Secrets.SMTPPassword),
	}
	if c.Secrets.SMTPPassword == "" {
		b.SMTP.Password = config.Secret(c.Secrets.Password)
	}
	if len(b.OwnDomains) == 0 {
		_, domain, _ := strings.Cut(c.Address, "@")
		b.OwnDomains = []string{domain}
	}
	if c.Send == tracker.SendGraph {
		b.SMTP.Transport = "graph"
	}
	if c.Grant != tracker.GrantNone {
		b.OAuth = config.OAuth{Flow: flows[c.Grant], Scope: c.Scope, TokenURL: c.TokenEndpoint(), ClientID: c.ClientID,
			ClientSecret: config.Secret(c.Secrets.ClientSecret), Certificate: config.Secret(c.Secrets.Certificate), GoogleKey: config.Secret(c.Secrets.ServiceAccount)}
	}
	if c.CA != "" {
		file, err := authorityFile(dataDir, c.Name, c.CA)
		if err != nil {
			return b, err
		}
		b.IMAP.CAFile, b.SMTP.CAFile = file, file
	}
	b.Complete()
	return b, nil
}

// flows are the kinds of a connection's sign-in as the configuration calls them.
var flows = map[string]string{tracker.GrantClient: string(oauth.FlowClient), tracker.GrantDevice: string(oauth.FlowDevice), tracker.GrantService: string(oauth.FlowGoogle)}

func serverOf(s tracker.ConnectionServer, password string) config.Server {
	return config.Server{Host: s.Host, Port: s.Port, Security: s.Security, Auth: s.Auth, Username: s.Username, Password: config.Secret(password)}
}

// authorityFile writes the certificates of a company's own authority to where
// those who connect read them from.
func authorityFile(dataDir, name, pem string) (string, error) {
	dir := filepath.Join(dataDir, "ca")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep the company's own authority: %w", err)
	}
	path := filepath.Join(dir, name+".pem")
	if have, err := os.ReadFile(path); err == nil && string(have) == pem {
		return path, nil
	}
	f, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return "", fmt.Errorf("keep the company's own authority: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(pem)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("keep the company's own authority: %w", err)
	}
	return path, nil
}

// pageRead is how long reading a mail for a page may take.
const pageRead = 20 * time.Second

// readMail reads a mail for a page in a process of its own, whatever it does there.
func (b *boxes) readMail(raw []byte) (tracker.Inbound, error) {
	return b.apart.Read(raw, pageRead)
}

// readOptions are those of all mailboxes together.
func (b *boxes) readOptions() ingest.Options {
	var o ingest.Options
	if r, err := b.store.FormReading(context.Background()); err == nil {
		o.FormSenders, o.Labels = slices.Clone(r.Senders), r.Labels
	}
	for _, c := range b.configured() {
		o.Own = append(append(o.Own, c.Address), c.Aliases...)
		o.FormSenders = append(o.FormSenders, c.FormSenders...)
	}
	return o
}
