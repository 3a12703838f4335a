package web

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// metrics answers Prometheus: to whoever has the token; without one, to this
// machine only, and only where no proxy can stand in front of the site, since
// to us all the world would come from this machine then.
func (s *site) metrics(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Metrics.Handler == nil || !s.mayMeasure(r) {
		return errNowhere
	}
	s.opts.Metrics.Handler.ServeHTTP(w, r)
	return nil
}

func (s *site) mayMeasure(r *http.Request) bool {
	if token := s.opts.Metrics.Token; token != "" {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return ok && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	if err != nil || !a.Unmap().IsLoopback() || len(s.opts.TrustedProxies) > 0 {
		return false
	}
	public, err := url.Parse(s.opts.PublicURL)
	return err == nil && isLocal(public.Hostname()) && isLocal(hostOf(r.Host))
}

func hostOf(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return hostport
}

func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
