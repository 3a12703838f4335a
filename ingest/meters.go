package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"helpdeskd/tracker"
)

// Meters count what ingest does. They cost an addition each. All pollers of a
// process share one.
type Meters struct {
	taken, bytes *prometheus.CounterVec // by mailbox
	decided      *prometheus.CounterVec // by mailbox, fate, class
	parse        prometheus.Histogram
	lag          prometheus.Histogram
	trouble      *prometheus.CounterVec // by mailbox, kind
	signIns      *prometheus.CounterVec // by mailbox
	tries        prometheus.Counter
}

// NewMeters registers them; with nil they count for nobody.
func NewMeters(r prometheus.Registerer) *Meters {
	f := promauto.With(r)
	return &Meters{
		taken:   f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_mail_taken_total", Help: "Mails taken from a mailbox."}, []string{"mailbox"}),
		bytes:   f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_mail_taken_bytes_total", Help: "Bytes of the mails taken."}, []string{"mailbox"}),
		decided: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_mail_decided_total", Help: "Mails decided, by fate and class."}, []string{"mailbox", "fate", "class"}),
		parse: f.NewHistogram(prometheus.HistogramOpts{Name: "helpdeskd_mail_parse_seconds", Help: "How long it took to understand a mail.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30, 60}}),
		lag: f.NewHistogram(prometheus.HistogramOpts{Name: "helpdeskd_mail_lag_seconds", Help: "From a mail's arrival in the mailbox (INTERNALDATE) until it was decided.",
			Buckets: []float64{1, 2, 5, 10, 30, 60, 120, 300, 600, 3600, 21600, 86400}}),
		trouble: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_imap_errors_total", Help: "Looks into a mailbox that failed, by kind."}, []string{"mailbox", "kind"}),
		signIns: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_imap_signins_total", Help: "Connections to a mailbox that were signed in."}, []string{"mailbox"}),
		tries:   f.NewCounter(prometheus.CounterOpts{Name: "helpdeskd_mail_tries_failed_total", Help: "Tries to understand a mail that failed."}),
	}
}

func (m *Meters) decide(mailbox string, items []tracker.Item, out []tracker.Outcome, now time.Time) {
	for _, o := range out {
		m.decided.WithLabelValues(mailbox, o.Fate, string(o.Class)).Inc()
	}
	for _, i := range items {
		m.lag.Observe(max(0, now.Sub(i.Work.ReceivedAt.Time()).Seconds()))
	}
}
