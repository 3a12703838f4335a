package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// leaseName is the lease under which mail is sent: one process at a time.
const leaseName = "outbox"

// grace is how long a mail on its way may take when we are told to stop.
const grace = 5 * time.Second

// Options are what a Mailer needs from outside.
type Options struct {
	SMTP      map[string]SMTPConfig // by the mailbox's name
	PublicURL string                // of the site; the setting where empty
	Language  string                // of mails; English where empty
	Zone      *time.Location        // in which mails write times; the machine's where nil
	Log       *slog.Logger          // discarded where nil
	Metrics   prometheus.Registerer // counts for nobody where nil
}

// Mailer sends what the outbox owes. It is safe for concurrent use.
type Mailer struct {
	store    Store
	options  Options
	log      *slog.Logger
	words    words
	renderer *renderer
	pace     *pace
	wait     timeouts
	meters   *meters
	crash    func(edge string) // for failpoints; does nothing otherwise

	mu       sync.Mutex
	outlets  map[string]*outlet
	inFlight map[int64]bool
	leading  bool
}

// New returns a mailer. It fails when a mailbox's settings can not work.
func New(store Store, o Options) (*Mailer, error) {
	if o.Language == "" {
		o.Language = "en"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	r, err := newRenderer(o.Language, o.Zone, store.Now, store.OpenBlob)
	if err != nil {
		return nil, err
	}
	m := &Mailer{
		store: store, options: o, log: o.Log, words: r.words, renderer: r, pace: newPace(0), wait: usual, meters: newMeters(o.Metrics),
		crash: func(string) {}, outlets: map[string]*outlet{}, inFlight: map[int64]bool{},
	}
	for name, c := range o.SMTP {
		if err := m.SetSMTP(name, c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// SetSMTP says how mail of a mailbox leaves from now on, also while the mailer
// runs: mail that waits goes the new way, and trouble of the old one is
// forgotten. It fails when the settings can not work.
func (m *Mailer) SetSMTP(mailbox string, c SMTPConfig) error {
	if bad := c.Validate(); len(bad) > 0 {
		return fmt.Errorf("smtp of mailbox %s: %w", mailbox, errors.Join(bad...))
	}
	out := &outlet{name: mailbox, config: c, status: OutletStatus{Mailbox: mailbox}}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.outlets[mailbox]; old != nil {
		out.id, _ = old.pausedID(time.Time{})
	}
	m.outlets[mailbox] = out
	return nil
}

// RemoveSMTP forgets how mail of a mailbox leaves: it waits until somebody
// says so again.
func (m *Mailer) RemoveSMTP(mailbox string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.outlets, mailbox) // the next mail of it finds one that says it has no settings
}

// Run sends until ctx ends, whenever this process holds the outbox's lease.
// A mail on its way is given a few seconds to finish. It returns nil.
func (m *Mailer) Run(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		lease, err := m.store.Acquire(ctx, leaseName)
		if err == nil {
			failures = 0
			err = m.lead(ctx, lease)
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			failures++
			m.log.Error("sending pauses", slog.Any("error", err))
			sleep(ctx, backoff(time.Second, 30*time.Second, failures))
		}
	}
	return nil
}

// lead sends under a lease until it is lost or ctx ends.
func (m *Mailer) lead(ctx context.Context, lease *tracker.Lease) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() {
		free, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer done()
		if err := lease.Release(free); err != nil {
			m.log.Warn("the outbox's lease is not released", slog.Any("error", err))
		}
	}()
	n, err := m.store.RecoverOutbox(ctx, lease)
	if err != nil {
		return err
	}
	if n > 0 {
		m.log.Warn("mails were being sent when helpdeskd stopped: they may have arrived, and wait for a person", slog.Int("mails", n))
	}
	m.setLeading(true)
	defer m.setLeading(false)
	go func() {
		select {
		case <-lease.Lost():
			cancel()
		case <-ctx.Done():
		}
	}()
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	defer context.AfterFunc(ctx, func() { sleep(hard, grace); kill() })()
	usual := &lane{m: m, lease: lease, hard: hard, sessions: map[string]courier{}}
	urgent := &lane{m: m, lease: lease, hard: hard, sessions: map[string]courier{}, behind: usual}
	var lanes sync.WaitGroup
	lanes.Go(func() { usual.run(ctx) })
	lanes.Go(func() { urgent.run(ctx) })
	lanes.Wait()
	return nil
}

func (m *Mailer) setLeading(is bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leading = is
}

// Status returns how sending fares now.
func (m *Mailer) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Status{Leading: m.leading, PerMinute: m.pace.perMin}
	for _, o := range m.outlets {
		s.Outlets = append(s.Outlets, o.look())
	}
	slices.SortFunc(s.Outlets, func(a, b OutletStatus) int {
		if a.Mailbox < b.Mailbox {
			return -1
		}
		return 1
	})
	return s
}

// outlet returns a mailbox's way out; one without settings is made to say so.
func (m *Mailer) outlet(mailbox string) *outlet {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.outlets[mailbox]
	if o == nil {
		what, advice := m.words.explainKey("fate.no_smtp", mailbox)
		o = &outlet{name: mailbox, absent: true, status: OutletStatus{Mailbox: mailbox, Trouble: what, Advice: advice, Since: time.Now()}}
		m.outlets[mailbox] = o
	}
	return o
}

// readSettings returns what mails say about the desk, and sets the rate.
func (m *Mailer) readSettings(ctx context.Context) (desk, error) {
	known, err := m.store.KnownSettings(ctx)
	if err != nil {
		return desk{}, err
	}
	d := desk{company: known[tracker.SetCompany], formLink: known[tracker.SetFormLink], publicURL: known[tracker.SetPublicURL],
		tells: known[tracker.SetAnnounce] == "on", texts: map[string]string{}}
	for _, t := range tracker.MailTexts() {
		d.texts[t.Key] = known[t.Setting]
	}
	if d.hours, err = m.store.Hours(ctx); err != nil {
		return desk{}, err
	}
	if m.options.PublicURL != "" {
		d.publicURL = m.options.PublicURL
	}
	d.company = oneLine(d.company, 60)
	d.brand = m.words.say("helpdesk")
	if d.company != "" {
		d.brand = m.words.say("helpdesk_of", d.company)
	}
	n, _ := strconv.Atoi(known[tracker.SetMailPerMin])
	d.silentDays, _ = strconv.Atoi(known[tracker.SetSilentDays])
	d.linkDays = tracker.LinkDays(known[tracker.SetLinkDays])
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pace.set(n)
	return d, nil
}

// take chooses the next mail that may go now, and keeps it from the other
// lane; done gives it free. Nil means that there is nothing to do yet, and
// after how long to look again.
func (m *Mailer) take(ctx context.Context, l *tracker.Lease, urgentOnly bool) (it *tracker.OutboxItem, done func(), again time.Duration, err error) {
	const look = time.Second
	if w := m.pace.wait(1); w > 0 {
		return nil, nil, min(w, look), nil
	}
	now := time.Now()
	skip := m.pausedMailboxes(now)
	items, err := m.store.DueOutbox(ctx, l, 2, skip...) // the other lane may have the first
	if err != nil {
		return nil, nil, look, err
	}
	for i := range items {
		it := &items[i]
		if urgentOnly && it.Priority > 1 {
			break
		}
		out := m.outlet(it.Mailbox)
		out.meet(it.MailboxID)
		if out.paused(now) {
			m.report(ctx, out)
			return nil, nil, 0, nil // now it is known, and skipped
		}
		if w := m.pace.wait(it.Priority); w > 0 {
			return nil, nil, min(w, look), nil
		}
		m.mu.Lock()
		mine := !m.inFlight[it.ID] && m.pace.take()
		if mine {
			m.inFlight[it.ID] = true
		}
		m.mu.Unlock()
		if mine {
			return it, func() { m.mu.Lock(); delete(m.inFlight, it.ID); m.mu.Unlock() }, 0, nil
		}
	}
	return nil, nil, look, nil
}

// report has the store know how a mailbox's sending fares.
func (m *Mailer) report(ctx context.Context, o *outlet) {
	err := o.report(func(id int64, trouble string) error { return m.store.SendResult(ctx, id, trouble) })
	if err != nil {
		m.log.Warn("how a mailbox sends is not recorded", slog.String("mailbox", o.name), slog.Any("error", err))
	}
}

// pausedMailboxes returns the ids of the mailboxes that can not send now.
func (m *Mailer) pausedMailboxes(now time.Time) []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []int64
	for _, o := range m.outlets {
		if id, paused := o.pausedID(now); paused && id != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// sleep waits, or returns early when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func isConflict(err error) bool { return migrations.KindOf(err) == migrations.Conflict }
