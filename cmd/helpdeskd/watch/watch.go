// Package watch looks after a running helpdesk on every node, and tells people
// of trouble by ways that do not hang on the helpdesk's own mailbox.
//
// Invariants: what is wrong is computed from what the database and this node
// show, never from what somebody says of themselves, so that no dead process
// hides; an alarm is told once by each route when it begins and once when it
// ends, which the rows of tracker decide; nothing here stands in the way of
// mail, and nothing of a mail is in what goes out. It owns no tables.
package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"helpdeskd/tracker"
	"helpdeskd/web"
)

// How often, and how long at most.
const (
	every      = 20 * time.Second
	within     = 15 * time.Second // for one step
	tellAtMost = 20               // edges in one letter
	retryMin   = 30 * time.Second
	retryMax   = 15 * time.Minute
	stopWithin = 3 * time.Second
	routeBad   = 3 // failures in a row, after which the other routes are told
)

// Probe looks at something of this node. It is called at each look, and does
// what is expensive less often by itself.
type Probe func(ctx context.Context) []tracker.Problem

// Options are what a Watch needs from outside.
type Options struct {
	Mailboxes func(ctx context.Context) []tracker.Watched // those there are now
	Routes    func(ctx context.Context) []Route           // those there are now, by a fixed order
	Probes    []Probe
	PublicURL string // of the site
	DataDir   string // where a dead database is remembered; "" for nowhere
	Log       *slog.Logger
	Every     time.Duration // between looks; 20 s where zero
	Pulse     func()        // called after each look, whatever it found: the process does not hang; nil for nobody
}

// Watch looks after one node's view of the desk.
type Watch struct {
	store *tracker.Store
	o     Options
	log   *slog.Logger
	words web.AlarmWords
	start string // of this process
	mind  tracker.Observer
	dark  *dark

	ready ready

	mu      sync.Mutex
	busy    map[string]bool // routes that are being told
	last    time.Time       // of the last whole look
	bad     []tracker.Problem
	telling sync.WaitGroup
}

// New returns a watch. Nothing runs yet.
func New(store *tracker.Store, o Options) (*Watch, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Every == 0 {
		o.Every = every
	}
	if o.Routes == nil {
		o.Routes = func(context.Context) []Route { return nil }
	}
	w, err := web.LoadAlarmWords("en")
	if err != nil {
		return nil, err
	}
	start, _ := tracker.NewToken()
	return &Watch{store: store, o: o, log: o.Log, words: w, start: start,
		dark: newDark(o.DataDir, store.Now), busy: map[string]bool{}}, nil
}

// Run looks until ctx ends; then it takes the node off the list of those that
// are expected.
func (w *Watch) Run(ctx context.Context) {
	t := time.NewTicker(w.o.Every)
	defer t.Stop()
	for ctx.Err() == nil {
		w.Round(ctx)
		if w.o.Pulse != nil {
			w.o.Pulse()
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	w.telling.Wait()
	last, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	if err := w.store.Leave(last); err != nil {
		w.log.Warn("the node could not be taken off the list", slog.Any("error", err))
	}
}

// Round is one look: beats are written, what is wrong is judged, and routes
// are told in the background.
func (w *Watch) Round(ctx context.Context) {
	routes := w.o.Routes(ctx)
	err := w.look(ctx, routes)
	if ctx.Err() != nil {
		return
	}
	w.dark.round(ctx, err, w.node(), func(edge string, p tracker.Problem) bool { return w.tellDirectly(ctx, routes, edge, p) })
	if err != nil {
		w.log.Warn("looking after the desk failed, trying again", slog.Any("error", err))
		return
	}
	for _, r := range routes {
		w.tellSoon(ctx, r)
	}
}

func (w *Watch) node() string { return w.store.Node() }

func (w *Watch) look(ctx context.Context, routes []Route) error {
	step := func(f func(ctx context.Context) error) error {
		bounded, done := context.WithTimeout(ctx, within)
		defer done()
		return f(bounded)
	}
	if err := step(w.store.WriteBeats); err != nil {
		return err
	}
	var problems []tracker.Problem
	var unsure map[string]bool
	if w.o.Mailboxes != nil {
		w.mind.Mailboxes = w.o.Mailboxes(ctx)
	}
	err := step(func(ctx context.Context) (err error) {
		problems, unsure, err = w.store.Look(ctx, &w.mind)
		return err
	})
	if err != nil {
		return err
	}
	for _, probe := range w.o.Probes {
		_ = step(func(ctx context.Context) error {
			problems = append(problems, probe(ctx)...)
			return nil
		})
	}
	var names []string
	err = step(func(ctx context.Context) error {
		states, err := w.store.AlarmRoutes(ctx)
		if err != nil {
			return err
		}
		for _, r := range routes {
			names = append(names, r.Name())
			if s := states[r.Name()]; s.Failures >= routeBad {
				problems = append(problems, tracker.Problem{Kind: tracker.AlarmRoute, About: r.Name(), Detail: s.Error})
			}
		}
		return w.store.Judge(ctx, problems, unsure, names)
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.bad = w.store.Now(), problems
	return nil
}

// tellSoon tells a route what it is due, in a goroutine of its own: a route
// that hangs holds up nothing else.
func (w *Watch) tellSoon(ctx context.Context, r Route) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[r.Name()] {
		return
	}
	w.busy[r.Name()] = true
	w.telling.Go(func() {
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			delete(w.busy, r.Name())
		}()
		if err := w.Tell(ctx, r); err != nil && ctx.Err() == nil {
			w.log.Error("alarms could not be noted as told", slog.String("route", r.Name()), slog.Any("error", err))
		}
	})
}

// Tell tells a route all that it is due now, many at once in one letter.
func (w *Watch) Tell(ctx context.Context, r Route) error {
	for ctx.Err() == nil {
		list, err := w.store.ClaimNotices(ctx, r.Name(), w.start, tellAtMost)
		if err != nil || len(list) == 0 {
			return err
		}
		missed, err := w.send(graceful(ctx), r, list)
		// What was told is noted even while we are being stopped.
		last, done := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer done()
		if err != nil {
			wait := retryMin << min(list[0].Attempts-1, 5)
			w.log.Warn("an alarm did not get out", slog.String("route", r.Name()), slog.Int("alarms", len(list)), slog.Any("error", err))
			return w.store.NoticesFailed(last, r.Name(), list, plain(err), w.store.Now().Add(min(wait, retryMax)))
		}
		if err := w.store.NoticesSent(last, r.Name(), list); err != nil {
			return err
		}
		if missed != "" {
			w.log.Warn("an alarm did not reach everybody", slog.String("route", r.Name()), slog.String("missed", missed))
		}
		for _, n := range list {
			w.log.Info("alarm told", slog.String("route", r.Name()), slog.Int64("alarm", n.ID), slog.String("kind", n.Kind), slog.String("edge", n.Edge))
		}
	}
	return nil
}

// graceful is a context that outlives ctx by a little, so that what is on its
// way when we are stopped is not told once more at the next start.
func graceful(ctx context.Context) context.Context {
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(stopWithin, kill) })
	return hard
}

func (w *Watch) send(ctx context.Context, r Route, list []tracker.Notice) (missed string, err error) {
	l := Letter{At: w.store.Now(), PublicURL: w.o.PublicURL, ID: "test-" + w.start, Notices: list}
	page := ""
	if w.o.PublicURL != "" {
		page = w.o.PublicURL + "/alarms"
	}
	l.Subject, l.Text = w.words.Letter(list, page)
	for _, n := range list {
		l.Titles = append(l.Titles, w.words.Text(n.Alarm))
	}
	if len(list) > 0 {
		l.ID = idOf(list[0])
	}
	bounded, done := context.WithTimeout(ctx, 2*within)
	defer done()
	return r.Tell(bounded, l)
}

// Test tells a route that it is tried, and notes how that went.
func (w *Watch) Test(ctx context.Context, actor tracker.Actor, name string) error {
	for _, r := range w.o.Routes(ctx) {
		if r.Name() != name {
			continue
		}
		missed, err := w.send(ctx, r, nil)
		why := missed
		if err != nil {
			why = plain(err)
		}
		return w.store.RouteTried(context.WithoutCancel(ctx), actor, name, why)
	}
	return errNoRoute
}

// tellDirectly tells every route of a dead database, past its rows. It reports
// whether one was reached.
func (w *Watch) tellDirectly(ctx context.Context, routes []Route, edge string, p tracker.Problem) bool {
	at := stamp(w.store.Now())
	n := tracker.Notice{Edge: edge, Alarm: tracker.Alarm{Kind: p.Kind, Node: p.Node, Detail: p.Detail, Since: stamp(p.Since), RaisedAt: stamp(p.Since), ClearedAt: at}}
	if edge == tracker.EdgeBegin {
		n.ClearedAt = 0
	}
	reached := len(routes) == 0
	for _, r := range routes {
		if _, err := w.send(ctx, r, []tracker.Notice{n}); err != nil {
			w.log.Error("an alarm did not get out", slog.String("route", r.Name()), slog.Any("error", err))
			continue
		}
		reached = true
	}
	return reached
}

// Told waits until what the last look had to tell was told, or failed.
func (w *Watch) Told() { w.telling.Wait() }
