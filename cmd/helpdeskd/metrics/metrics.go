// Package metrics shows what a helpdesk counts to Prometheus: what the parts
// count themselves, and what the database knows, which is read at most every
// five seconds, however often somebody asks, by queries that read small
// indexes only. It owns no tables.
package metrics

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const (
	knownFor = 5 * time.Second
	within   = 3 * time.Second
)

// New returns a registry that knows the process and the build, and the handler
// that shows it.
func New(version string) (*prometheus.Registry, http.Handler) {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "helpdeskd_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	r.MustRegister(build)
	return r, promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 10 * time.Second})
}

// Desk shows what the database knows.
type Desk struct {
	store *tracker.Store
	free  func() (int64, error) // bytes in the data directory

	mu   sync.Mutex
	at   time.Time
	have []prometheus.Metric
}

// NewDesk returns the collector of a desk.
func NewDesk(store *tracker.Store, free func() (int64, error)) *Desk {
	return &Desk{store: store, free: free}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("helpdeskd_"+name, help, labels, nil)
}

var (
	up         = desc("database_up", "Whether the database answered.")
	lookAge    = desc("mailbox_look_age_seconds", "Since the last good look into the mailbox.", "mailbox")
	inFolder   = desc("mailbox_folder_messages", "Messages in the mailbox's folder at the last look.", "mailbox")
	troubled   = desc("mailbox_trouble", "Whether the last look failed (read), or mail can not leave (send).", "mailbox", "side")
	undecided  = desc("mail_undecided", "Mails that were taken and are not decided.")
	oldest     = desc("mail_undecided_age_seconds", "Age of the oldest of them, from its arrival.")
	quarantine = desc("mail_quarantined", "Mails in quarantine.")
	owed       = desc("outbox_mails", "Mails that have not left, by state.", "state")
	dueAge     = desc("outbox_due_age_seconds", "Since the oldest mail that is due has been due.")
	returned   = desc("outbox_bounced", "Mails of the last 30 days that came back or are late.", "kind")
	indexing   = desc("index_queue", "Things that search does not know yet.")
	fence      = desc("lease_fence", "How often a lease has changed hands.", "lease", "node")
	beatAge    = desc("beat_age_seconds", "Since somebody has last shown that it works.", "name", "node")
	firing     = desc("alarms_firing", "Open alarms, muted ones too.", "kind")
	freeBytes  = desc("data_free_bytes", "Bytes free in the data directory.")
)

// Describe implements prometheus.Collector.
func (d *Desk) Describe(ch chan<- *prometheus.Desc) {
	for _, x := range []*prometheus.Desc{up, lookAge, inFolder, troubled, undecided, oldest, quarantine, owed, dueAge, returned, indexing, fence, beatAge, firing, freeBytes} {
		ch <- x
	}
}

// Collect implements prometheus.Collector.
func (d *Desk) Collect(ch chan<- prometheus.Metric) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() || time.Since(d.at) >= knownFor {
		d.have, d.at = d.read(), time.Now()
	}
	for _, m := range d.have {
		ch <- m
	}
}

func (d *Desk) read() []prometheus.Metric {
	ctx, done := context.WithTimeout(context.Background(), within)
	defer done()
	var all []prometheus.Metric
	set := func(x *prometheus.Desc, v float64, labels ...string) {
		all = append(all, prometheus.MustNewConstMetric(x, prometheus.GaugeValue, v, labels...))
	}
	if n, err := d.free(); err == nil {
		set(freeBytes, float64(n))
	}
	n, err := d.store.Numbers(ctx)
	if err != nil {
		set(up, 0)
		return all
	}
	set(up, 1)
	now := d.store.Now()
	age := func(t migrations.Stamp) float64 {
		if t == 0 {
			return 0
		}
		return max(0, now.Sub(t.Time()).Seconds())
	}
	for _, m := range n.Mailboxes {
		set(lookAge, age(max(migrations.Or(m.LastOKAt), m.CreatedAt)), m.Name)
		set(inFolder, float64(m.Waiting), m.Name)
		set(troubled, flag(m.LastError != ""), m.Name, "read")
		set(troubled, flag(m.SendError != ""), m.Name, "send")
	}
	set(undecided, float64(n.Undecided))
	set(oldest, age(n.OldestUndecided))
	set(quarantine, float64(n.Quarantined))
	for _, c := range n.Outbox {
		set(owed, float64(c.N), c.What)
	}
	set(dueAge, age(n.OldestDue))
	for _, c := range n.Bounced {
		set(returned, float64(c.N), c.What)
	}
	set(indexing, float64(n.ToIndex))
	for _, l := range n.Leases {
		set(fence, float64(l.Fence), l.Name, l.HolderNode())
	}
	for _, b := range n.Beats {
		set(beatAge, age(b.At), b.Name, b.Node)
	}
	kinds := map[string]int{}
	for _, a := range n.Alarms {
		kinds[a.Kind]++
	}
	for _, kind := range tracker.AlarmKinds() {
		set(firing, float64(kinds[kind]), kind)
	}
	return all
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
