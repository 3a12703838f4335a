package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestMetricsAreNotForTheWorld: without a token only this machine reads them,
// and nobody where a proxy may stand in front.
func TestMetricsAreNotForTheWorld(t *testing.T) {
	db := dbtest.Open(t, migrations.SQLite)
	store := tracker.New(db, tracker.Options{})
	ask := func(publicURL, token, remote, host string, headers ...string) int {
		t.Helper()
		reg := prometheus.NewRegistry()
		site, err := New(store, inventory.New(store), Options{PublicURL: publicURL, Metrics: Metrics{Registerer: reg, Handler: promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), Token: token}})
		if err != nil {
			t.Fatal(err)
		}
		site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/choose-password?t=VERYSECRET", nil))
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr, r.Host = remote, host
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		rec := httptest.NewRecorder()
		site.ServeHTTP(rec, r)
		if rec.Code == http.StatusOK && (!strings.Contains(rec.Body.String(), `route="/choose-password"`) || strings.Contains(rec.Body.String(), "VERYSECRET")) {
			t.Errorf("the numbers are\n%s", rec.Body)
		}
		return rec.Code
	}
	const local, far, here = "127.0.0.1:5000", "203.0.113.5:5000", "http://127.0.0.1:8025"
	for _, c := range []struct {
		name                        string
		public, token, remote, host string
		headers                     []string
		want                        int
	}{
		{"this machine", here, "", local, "127.0.0.1:8025", nil, 200},
		{"by name", here, "", "[::1]:5000", "localhost:8025", nil, 200},
		{"the world", here, "", far, "127.0.0.1:8025", nil, 404},
		{"a proxy that says so", here, "", local, "127.0.0.1:8025", []string{"X-Forwarded-For", "203.0.113.5"}, 404},
		{"a proxy that says nothing", "https://desk.example", "", local, "127.0.0.1:8025", nil, 404},
		{"another name for this machine", here, "", local, "evil.example", nil, 404},
		{"without the token", here, "0123456789abcdef", local, "127.0.0.1:8025", nil, 404},
		{"a wrong token", here, "0123456789abcdef", local, "127.0.0.1:8025", []string{"Authorization", "Bearer 0123456789abcdee"}, 404},
		{"the token, from afar", "https://desk.example", "0123456789abcdef", far, "desk.example", []string{"Authorization", "Bearer 0123456789abcdef"}, 200},
	} {
		if got := ask(c.public, c.token, c.remote, c.host, c.headers...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
