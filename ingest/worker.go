package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"helpdeskd/tracker"
)

const (
	workBatch  = 100      // mails that share a claim, and a transaction
	smallBytes = 32 << 10 // a mail of no more is read from the database together with others
	workBytes  = 4 << 20  // of raw mail that share a transaction, so that what was understood stays small
)

// Worker understands and decides kept mail of one mailbox, in the order in
// which it was kept. While one batch is being committed the next is parsed and
// the one after it claimed (which would otherwise wait for the commit).
// A mail that panics, hangs or kills the process costs only its own tries.
type Worker struct {
	store  *tracker.Store
	id     int64
	log    *slog.Logger
	parse  func(raw []byte) tracker.Inbound
	apart  *Isolated // nil: everything is read in this process
	times  timing
	crash  func(edge string)
	news   chan struct{}
	lost   *Stuck
	name   string // the mailbox's, in numbers
	meters *Meters
	stuck  map[int64]chan struct{} // mails whose parsing has not come back, by inbox id
}

// Stuck counts the reading that was given up in this process and still goes
// on, since nothing can end a goroutine from outside: each costs a processor
// until the next start. The workers of a process share one.
type Stuck struct{ n atomic.Int64 }

// N returns how many there are now.
func (s *Stuck) N() int {
	if s == nil {
		return 0
	}
	return int(s.n.Load())
}

// maxStuck is how many may be stuck before this process reads no mail itself.
const maxStuck = 2

// NewWorker prepares the worker of a mailbox. A Poller has its own.
func NewWorker(store *tracker.Store, mailboxID int64, o PollerOptions) *Worker {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Parse == nil {
		o.Parse = func(raw []byte) tracker.Inbound { return Parse(raw, Options{}) }
	}
	if o.Meters == nil {
		o.Meters = NewMeters(nil)
	}
	if o.Stuck == nil {
		o.Stuck = &Stuck{}
	}
	w := &Worker{store: store, id: mailboxID, log: o.Log, parse: o.Parse, apart: o.Apart, times: hastened(defaultTiming()), crash: failpoints(),
		news: make(chan struct{}, 1), lost: o.Stuck, meters: o.Meters, stuck: map[int64]chan struct{}{}}
	w.times.parse = readTime(w.times.parse)
	return w
}

// named gives the worker its mailbox's name, for numbers.
func (w *Worker) named(name string) { w.name = name }

// alive shows that deciding goes on.
func (w *Worker) alive() { w.store.Alive(tracker.BeatDecide + strconv.FormatInt(w.id, 10)) }

// wake says that mail was kept.
func (w *Worker) wake() { signal(w.news) }

func (w *Worker) hook(edge string) {
	if w.crash != nil {
		w.crash(edge)
	}
}

// Run works whenever the mailbox's lease is ours, until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	underLease(ctx, w.store, leaseName(w.id), w.log, w.under)
}

// under works under a lease until ctx ends or the lease is lost. What is in
// hand when ctx ends is finished, so that stopping costs no mail a try.
func (w *Worker) under(ctx context.Context, l *tracker.Lease) {
	finish, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(5*time.Second, cancel)
		context.AfterFunc(finish, func() { t.Stop() })
	})
	defer stop()

	claimed, understood := make(chan lot), make(chan lot)
	var later sync.WaitGroup
	later.Go(func() {
		defer close(understood)
		for c := range claimed {
			w.understandAll(finish, l, c, understood)
		}
	})
	later.Go(func() {
		for u := range understood {
			if len(u.items) > 0 {
				w.commit(finish, l, u.items)
			}
			if u.decided != nil {
				close(u.decided)
			}
		}
	})
	for ctx.Err() == nil {
		w.alive()
		work, err := w.claim(ctx, l)
		switch {
		case len(work) > 0 && work[0].Attempts > 1:
			// It may kill the process again, and must not take the tries of
			// what comes behind it along.
			alone := make(chan struct{})
			claimed <- lot{work: work, decided: alone}
			<-alone
		case len(work) > 0:
			claimed <- lot{work: work}
		case err != nil && ctx.Err() == nil:
			w.log.Error("mail can not be claimed; it is tried again", slog.Any("error", err))
			pause(ctx, w.times.workEvery)
		case err == nil:
			w.await(ctx)
		}
	}
	close(claimed)
	later.Wait()
	if w.apart != nil {
		w.apart.Close()
	}
}

// lot is some mails on their way: claimed, then understood.
type lot struct {
	work    []tracker.Work
	items   []tracker.Item
	decided chan struct{} // closed at the end, where somebody waits for it
}

// await waits for kept mail: until told, and otherwise a little.
func (w *Worker) await(ctx context.Context) {
	t := time.NewTimer(w.times.workEvery)
	defer t.Stop()
	select {
	case <-w.news:
	case <-w.store.InboxNews():
	case <-t.C:
	case <-ctx.Done():
	}
}

// claim takes the next mails, none where nothing waits.
func (w *Worker) claim(ctx context.Context, l *tracker.Lease) ([]tracker.Work, error) {
	if found, err := w.store.HasWork(ctx, l, w.id); err != nil || !found {
		return nil, err
	}
	work, err := w.store.Claim(ctx, l, w.id, workBatch)
	if len(work) > 0 {
		w.hook("ingest.after-claim")
	}
	return work, err
}

// understandAll parses what was claimed and hands it on to be decided.
func (w *Worker) understandAll(ctx context.Context, l *tracker.Lease, c lot, understood chan<- lot) {
	var items []tracker.Item
	bytes := int64(0)
	small := w.openSmall(ctx, c.work)
	for _, job := range c.work {
		w.alive()
		began := time.Now()
		blob := small[job.Digest]
		delete(small, job.Digest) // it is closed once it is read
		in, err := w.understand(ctx, job, blob)
		w.meters.parse.Observe(time.Since(began).Seconds())
		if err != nil {
			w.giveBack(ctx, l, job, err)
			continue
		}
		items = append(items, tracker.Item{Work: job, Mail: in})
		if bytes += job.Size; bytes >= workBytes {
			understood <- lot{items: items}
			items, bytes = nil, 0
		}
	}
	w.hook("ingest.after-parse")
	understood <- lot{items: items, decided: c.decided}
}

// openSmall has the bytes of small mails, which most are, read at once. What
// fails here is read alone.
func (w *Worker) openSmall(ctx context.Context, work []tracker.Work) map[string]*tracker.Blob {
	var digests []string
	for _, job := range work {
		if job.Size <= smallBytes {
			digests = append(digests, job.Digest)
		}
	}
	if len(digests) < 2 {
		return nil
	}
	open, err := w.store.OpenSmall(ctx, digests)
	if err != nil {
		w.log.Debug("mails can not be read together", slog.Any("error", err))
	}
	return open
}

// understand reads one mail, whose bytes are open already or nil. The first try is made in this process, which is
// quick; further ones, and all once too many are stuck here, in another.
func (w *Worker) understand(ctx context.Context, job tracker.Work, blob *tracker.Blob) (tracker.Inbound, error) {
	apart := w.apart != nil && (job.Attempts > 1 || w.lost.N() >= maxStuck)
	if done := w.stuck[job.InboxID]; done != nil && !apart {
		select {
		case <-done:
			delete(w.stuck, job.InboxID)
		default: // a second one would hang beside it, so waiting is this try
			return tracker.Inbound{}, errStuck
		}
	}
	if blob == nil {
		var err error
		if blob, err = w.store.OpenBlob(ctx, job.Digest); err != nil {
			return tracker.Inbound{}, &unreadable{err}
		}
	}
	if apart {
		defer blob.Close()
		return w.apart.Read(blob.Bytes(), w.times.parse)
	}
	return w.here(job, blob)
}

// here reads a mail in a goroutine of its own, so that a panic is caught and a
// hang can be left behind.
func (w *Worker) here(job tracker.Work, blob *tracker.Blob) (tracker.Inbound, error) {
	type result struct {
		in  tracker.Inbound
		err error
	}
	out := make(chan result, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer blob.Close()
		defer func() {
			if v := recover(); v != nil {
				out <- result{err: panicked(v)}
			}
		}()
		misbehave(blob.Bytes(), false)
		in := w.parse(blob.Bytes())
		in.ReadWords()
		out <- result{in: in}
	}()
	if r, ok := within(out, w.times.parse); ok {
		return r.in, r.err
	}
	w.lost.n.Add(1)
	go func() {
		<-done
		w.lost.n.Add(-1)
	}()
	w.stuck[job.InboxID] = done
	w.log.Error("reading a mail goes on without an end: it takes a processor until the next start", slog.Int64("inbox", job.InboxID), slog.Int("stuck", w.lost.N()))
	return tracker.Inbound{}, late(w.times.parse)
}

var errStuck = errors.New("reading it does not come to an end")

// unreadable is a mail whose bytes could not be had.
type unreadable struct{ err error }

func (u *unreadable) Error() string { return "its bytes could not be read: " + u.err.Error() }
func (u *unreadable) Unwrap() error { return u.err }

// giveBack returns a mail that could not be understood, to be tried again; at
// its last try a person has to look.
func (w *Worker) giveBack(ctx context.Context, l *tracker.Lease, job tracker.Work, why error) {
	w.meters.tries.Inc()
	log := w.log.With(slog.Int64("inbox", job.InboxID), slog.Int("attempt", job.Attempts), slog.Any("error", why))
	if errors.Is(why, errNoReader) {
		log.Error("a mail waits until it can be read in a process of its own; it is tried again", slog.Duration("retry", w.times.disk))
		w.insist(ctx, l, "a mail can not be given back", 1, func() error {
			return w.store.Unclaim(ctx, l, job.InboxID, why.Error(), w.store.Now().Add(w.times.disk))
		})
		return
	}
	if job.Attempts >= tracker.MaxAttempts {
		log.Error("a mail could not be read and is set aside")
		w.insist(ctx, l, "a mail can not be set aside", 1, func() error {
			return w.store.Quarantine(ctx, l, job.InboxID, setAside(job, why))
		})
		return
	}
	wait := time.Duration(job.Attempts) * 2 * w.times.workEvery
	if errors.As(why, new(*unreadable)) { // the disk's trouble rather than the mail's
		wait = time.Duration(job.Attempts) * w.times.disk
	}
	log.Warn("a mail could not be read and is tried again", slog.Duration("retry", wait))
	w.insist(ctx, l, "a mail can not be given back", 1, func() error {
		return w.store.Release(ctx, l, job.InboxID, why.Error(), w.store.Now().Add(wait))
	})
}

// setAside says in words why a mail that had its last try is not read.
func setAside(job tracker.Work, why error) string {
	text := "it could not be read: " + why.Error()
	switch job.Reason {
	case "":
		text += ", at the last of three tries"
	case why.Error():
		text += ", three times"
	default:
		text += ", and the try before: " + job.Reason
	}
	return text + "; the raw mail is kept"
}

// commit has the tracker decide a batch.
func (w *Worker) commit(ctx context.Context, l *tracker.Lease, items []tracker.Item) {
	w.hook("ingest.before-receive")
	w.insist(ctx, l, "mail can not be decided", len(items), func() error {
		out, err := w.store.Receive(ctx, l, items)
		if err == nil {
			w.meters.decide(w.name, items, out, w.store.Now())
			for _, o := range out {
				w.log.Info("mail decided", slog.Int64("inbox", o.InboxID), slog.String("fate", o.Fate), slog.String("class", string(o.Class)), slog.String("ticket", o.Ticket), slog.Int("acks", o.Acks))
			}
		}
		return err
	})
	w.hook("ingest.after-receive")
}

// insist repeats what the database refused until it is done, the lease is
// lost or ctx ends: the mails are claimed, and nobody else would take them up
// while we live.
func (w *Worker) insist(ctx context.Context, l *tracker.Lease, what string, mails int, fn func() error) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 15*time.Second) {
		err := fn()
		if err == nil {
			return
		}
		select {
		case <-l.Lost():
			return
		default:
		}
		if ctx.Err() != nil {
			w.log.Warn("stopped before mail was decided; it is taken up at the next start", slog.Int("mails", mails), slog.Any("error", err))
			return
		}
		w.log.Error(what+"; it is tried again", slog.Int("mails", mails), slog.Duration("retry", wait), slog.Any("error", err))
		pause(ctx, wait)
	}
}
