package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// PollerOptions are what a Poller and its Worker need beside the mailbox.
type PollerOptions struct {
	Log *slog.Logger // discarded where nil
	// Parse understands one mail; Parse with no Options where nil.
	Parse func(raw []byte) tracker.Inbound
	// Apart reads what a first try could not, in another process; nil: there
	// is none, and every try is made in this one.
	Apart *Isolated
	// Meters count what is done; for nobody where nil.
	Meters *Meters
	// Stuck counts the reading that this process gave up and can not end; nil
	// where nobody asks.
	Stuck *Stuck
}

// timing is every wait of a Poller, so that tests need not.
type timing struct {
	silence   time.Duration // of the server, within a command
	retryMin  time.Duration // first wait after a failure
	retryMax  time.Duration
	loginMin  time.Duration // after a refused login, lest the account be locked
	loginMax  time.Duration
	full      time.Duration // between looks at the whole folder, with a new SELECT
	grace     time.Duration // until what an earlier start or connection left is moved: see moveLeft
	notReady  time.Duration // until a message that could not be had is asked for again
	deferral  []time.Duration
	workEvery time.Duration // between looks into the inbox
	parse     time.Duration // for understanding one mail
	disk      time.Duration // until a mail whose bytes could not be had is tried again
}

func defaultTiming() timing {
	return timing{
		silence: time.Minute, retryMin: time.Second, retryMax: 2 * time.Minute,
		loginMin: 30 * time.Second, loginMax: 15 * time.Minute,
		full: 10 * time.Minute, grace: 3 * time.Second, notReady: 15 * time.Minute,
		deferral:  []time.Duration{time.Minute, 4 * time.Minute},
		workEvery: time.Second, parse: time.Minute, disk: time.Minute,
	}
}

// Poller takes the mail of one mailbox under its lease: it keeps what the
// inbox does not know, and only then touches the mailbox. Its Worker decides
// what was kept, under the same lease.
//
// What it remembers between connections only saves work: all that matters is
// in the inbox rows, so that a crash anywhere repeats a step.
type Poller struct {
	store *tracker.Store
	cfg   MailboxConfig
	id    int64
	log   *slog.Logger
	times timing
	crash func(edge string) // nil outside of kill tests
	work  *Worker

	seen       map[string]*ledger // by folder
	retry      backoff
	began      time.Time        // what came earlier may have been answered by an earlier start
	reconciled time.Time        // when the processed folder was last compared
	asked      migrations.Stamp // the last wish for it that was fulfilled
	idleBroke  int              // how often in a row a connection ended in IDLE
	apart      time.Time        // a MOVE that is not ours, or was cut off, has ended by then
}

// NewPoller prepares the poller of the mailbox with the given id (OpenMailbox
// gave it). Without a Host there is nothing to poll: Run only works.
func NewPoller(store *tracker.Store, id int64, cfg MailboxConfig, o PollerOptions) (*Poller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	cfg = cfg.withDefaults()
	p := &Poller{
		store: store, cfg: cfg, id: id, times: hastened(defaultTiming()), crash: failpoints(),
		log:  o.Log.With(slog.String("mailbox", cfg.Name)),
		work: NewWorker(store, id, o),
	}
	p.work.named(cfg.Name)
	p.seen = map[string]*ledger{}
	p.retry = backoff{times: p.times}
	return p, nil
}

func leaseName(mailboxID int64) string { return fmt.Sprintf("mailbox:%d", mailboxID) }

// Run takes and decides mail until ctx ends, whenever the lease is ours. It
// never gives up; what stands in the way is logged and on the mailbox's row.
func (p *Poller) Run(ctx context.Context) {
	underLease(ctx, p.store, leaseName(p.id), p.log, func(ctx context.Context, l *tracker.Lease) {
		var both sync.WaitGroup
		if p.cfg.Host != "" {
			both.Go(func() { p.poll(ctx, l) })
		}
		both.Go(func() { p.work.under(ctx, l) })
		both.Wait()
	})
}

// underLease calls fn each time the lease is ours, with a context that ends
// when it is lost, until ctx ends.
func underLease(ctx context.Context, store *tracker.Store, name string, log *slog.Logger, fn func(context.Context, *tracker.Lease)) {
	for ctx.Err() == nil {
		l, err := store.Acquire(ctx, name)
		if err != nil {
			if ctx.Err() == nil {
				log.Error("the lease can not be had; it is tried again", slog.String("lease", name), slog.Any("error", err))
				pause(ctx, 2*time.Second)
			}
			continue
		}
		log.Info("lease acquired", slog.String("lease", name), slog.Int64("fence", l.Fence()))
		held, cancel := context.WithCancel(ctx)
		go func() {
			select {
			case <-l.Lost():
				log.Warn("lease lost to another node", slog.String("lease", name))
				cancel()
			case <-held.Done():
			}
		}()
		fn(held, l)
		cancel()
		last, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		if err := l.Release(last); err != nil {
			log.Warn("the lease could not be released", slog.String("lease", name), slog.Any("error", err))
		}
		done()
	}
}

// poll keeps a connection until ctx ends, with a growing wait between tries.
func (p *Poller) poll(ctx context.Context, l *tracker.Lease) {
	p.apart, p.began = time.Now().Add(p.times.grace), p.store.Now()
	for ctx.Err() == nil {
		began := time.Now()
		err := p.connection(ctx, l)
		if ctx.Err() != nil {
			return
		}
		if isLost(err) { // another node has the mailbox now
			pause(ctx, time.Second)
			continue
		}
		f := failure(p.cfg, stageFetch, err)
		wait := p.retry.next(f, time.Since(began))
		p.log.Warn("mailbox trouble", slog.String("what", f.What), slog.String("do", f.Do), slog.Duration("retry", wait), slog.Any("error", f.Err))
		p.report(ctx, 0, 0, f)
		pause(ctx, wait)
	}
}

// report writes how the last look went; an error of that is only logged,
// since the next look reports again.
func (p *Poller) report(ctx context.Context, validity uint32, waiting int, err error) {
	r := tracker.Poll{UIDValidity: validity, Waiting: waiting}
	if err != nil {
		r.Err = plain(err)
		r.Kind = kindOf(err)
		p.work.meters.trouble.WithLabelValues(p.cfg.Name, r.Kind).Inc()
	}
	if err := p.store.PollResult(ctx, p.id, r); err != nil && ctx.Err() == nil {
		p.log.Error("the poll's result could not be written", slog.Any("error", err))
	}
}

// connection signs in and looks into the mailbox again and again. It returns
// when the connection is of no more use.
func (p *Poller) connection(ctx context.Context, l *tracker.Lease) error {
	s, err := openSession(ctx, p.cfg, p.times.silence)
	if err != nil {
		return err
	}
	defer s.logout()
	p.work.meters.signIns.WithLabelValues(p.cfg.Name).Inc()
	p.log.Info("signed in", slog.String("server", p.cfg.addr()), slog.Bool("move", s.caps.Has("MOVE")), slog.Bool("idle", s.caps.Has("IDLE")))
	r := p.round(s, l)
	for ctx.Err() == nil {
		err := r.look(ctx)
		switch {
		case err == nil:
			p.report(ctx, r.inbox.validity, r.inbox.messages, nil)
			p.retry.worked()
		case s.dead() || !isSoft(err):
			return err
		default: // the server said NO to something; mail is still taken
			p.log.Warn("mailbox trouble", slog.String("what", plain(err)), slog.Any("error", err))
			p.report(ctx, r.inbox.validity, r.inbox.messages, err)
		}
		if err := r.inbox.rest(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// isSoft reports whether the connection may go on after err: the server
// refused one thing, without asking to be left alone, and is not the folder
// that we read.
func isSoft(err error) bool {
	var f *Failure
	if !errors.As(err, &f) || f.Wait > 0 {
		return false
	}
	switch stage(f.Stage) {
	case stageFolder, stageMove, stageFetch, stageSearch, stageAside:
		return isRefusal(err) || errors.Is(err, errNotReady) || errors.Is(err, errNoFolder)
	}
	return false
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// isLost reports whether err says that the lease is somebody else's now.
func isLost(err error) bool { return migrations.KindOf(err) == migrations.Conflict }
