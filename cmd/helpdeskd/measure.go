package main

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
)

// listenMetrics shows the numbers on an address of their own, where the
// configuration names one: at is that, nil for none. What it returns ends that.
func listenMetrics(c *config.Config, shown http.Handler) (at net.Addr, end func(), err error) {
	if c.Metrics.Listen == "" {
		return nil, func() {}, nil
	}
	l, err := net.Listen("tcp", c.Metrics.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %s for metrics: %w (change metrics.listen)", c.Metrics.Listen, errors.Unwrap(err))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", bearer(c.Metrics.Token.Reveal(), shown))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	go srv.Serve(l) // it ends with Close
	return l.Addr(), func() { srv.Close() }, nil
}

// bearer asks for a token, where there is one.
func bearer(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
