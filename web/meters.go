package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// meters count what the site does. They cost an addition each.
type meters struct {
	requests *prometheus.CounterVec // by method, route, status
	seconds  *prometheus.HistogramVec
	streams  prometheus.Gauge
	signIns  *prometheus.CounterVec // by how it went
}

func newMeters(r prometheus.Registerer) *meters {
	f := promauto.With(r)
	return &meters{
		requests: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_http_requests_total", Help: "Requests answered, by the pattern of their address."}, []string{"method", "route", "status"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{Name: "helpdeskd_http_seconds", Help: "How long requests took, live streams aside.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"method"}),
		streams: f.NewGauge(prometheus.GaugeOpts{Name: "helpdeskd_live_streams", Help: "Pages that listen for changes."}),
		signIns: f.NewCounterVec(prometheus.CounterOpts{Name: "helpdeskd_signins_total", Help: "Sign-ins on the site, by how they went."}, []string{"result"}),
	}
}

// routeOf is the route's pattern: addresses hold tokens and numbers, and are
// for neither logs nor metrics.
func routeOf(r *http.Request) string {
	c := chi.RouteContext(r.Context())
	if c == nil {
		return "none"
	}
	if p := c.RoutePattern(); p != "" && p != "/*" {
		return strings.TrimSuffix(p, "/*")
	}
	return "none"
}

// methodOf keeps made-up methods out of the numbers.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return r.Method
	}
	return "other"
}

// observe counts and logs every request: by the pattern of its address, never
// by the address.
func (s *site) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		who := &visitor{}
		r = r.WithContext(withVisitor(r.Context(), who))
		defer func() {
			status := ww.Status()
			if status == 0 {
				status = http.StatusOK
			}
			pattern, took := routeOf(r), time.Since(began)
			s.meters.requests.WithLabelValues(methodOf(r), pattern, strconv.Itoa(status)).Inc()
			if pattern != "/live" {
				s.meters.seconds.WithLabelValues(methodOf(r)).Observe(took.Seconds())
			}
			s.logRequest(r, who, pattern, status, ww.BytesWritten(), took)
		}()
		next.ServeHTTP(ww, r)
	})
}
