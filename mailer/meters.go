package mailer

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// meters count what the mailer does. They cost an addition each.
type meters struct {
	attempts *prometheus.CounterVec // by mailbox, kind, fate
	seconds  prometheus.Histogram
	trouble  *prometheus.CounterVec // by mailbox, stage, code
	signIns  *prometheus.CounterVec // by mailbox
}

// fates are the words for them in numbers.
var fates = map[fate]string{delivered: "sent", deferred: "deferred", refused: "refused", uncertain: "uncertain", blocked: "blocked", abandoned: "abandoned"}

func newMeters(r prometheus.Registerer) *meters {
	f := promauto.With(r)
	return &meters{
		attempts: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_smtp_attempts_total", Help: "Attempts to send a mail, by its kind and what came of it."}, []string{"mailbox", "kind", "fate"}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "helpdeskd_smtp_seconds", Help: "How long an attempt took, the connection aside.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600}}),
		trouble: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_smtp_errors_total", Help: "What went wrong at the server, by step and reply code (0: none)."}, []string{"mailbox", "stage", "code"}),
		signIns: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_smtp_signins_total", Help: "Connections that were signed in."}, []string{"mailbox"}),
	}
}

func (m *meters) attempt(mailbox, kind string, v verdict, began time.Time) {
	m.attempts.WithLabelValues(mailbox, kind, fates[v.fate]).Inc()
	m.seconds.Observe(time.Since(began).Seconds())
	if v.why != nil {
		m.failed(mailbox, v.why)
	}
}

func (m *meters) failed(mailbox string, err error) {
	var t *trouble
	if errors.As(err, &t) {
		m.trouble.WithLabelValues(mailbox, string(t.stage), strconv.Itoa(t.code)).Inc()
	}
}
