package migrations

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// meters count transactions.
type meters struct {
	seconds prometheus.Histogram
	failed  *prometheus.CounterVec // by kind
}

// Measure has transactions counted and timed, and the pools of connections
// shown. It must be called before the database is used.
func (db *DB) Measure(r prometheus.Registerer) {
	f := promauto.With(r)
	db.meters = &meters{
		seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "helpdeskd_db_transaction_seconds", Help: "How long writing transactions took, the wait for a connection included.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}),
		failed: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_db_transactions_failed_total", Help: "Transactions that came to nothing, by the kind of their error."}, []string{"kind"}),
	}
	r.MustRegister(collectors.NewDBStatsCollector(db.write.DB, "write"))
	if db.read != db.write {
		r.MustRegister(collectors.NewDBStatsCollector(db.read.DB, "read"))
	}
}

func (m *meters) note(began time.Time, err error) {
	if m == nil {
		return
	}
	m.seconds.Observe(time.Since(began).Seconds())
	if err != nil {
		m.failed.WithLabelValues(string(KindOf(err))).Inc()
	}
}
