package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/tracker"
)

// stopWithin bounds how long pages in the making are waited for.
const stopWithin = 5 * time.Second

type serveCmd struct{}

// Run serves until the context ends, then stops cleanly.
func (serveCmd) Run(s *session) error {
	c, err := s.configuration()
	if err != nil {
		return err
	}
	log := s.logger(c)
	place, err := openPlace(c.DataDir)
	if err != nil {
		return err
	}
	defer place.Close()
	if err := place.holdDatabase(c.Database.File()); err != nil {
		return err
	}
	listener, err := listen(c)
	if err != nil {
		return err
	}
	defer listener.Close()
	ctx, stop := context.WithCancelCause(s.ctx)
	defer stop(nil)
	twin := func() { stop(place.twin()) }
	store, err := s.open(ctx, c, tuned(tracker.Options{Log: log, Node: place.Node, Twin: twin}))
	if err != nil {
		return err
	}
	defer store.DB().Close()
	d, err := newDesk(s.ctx, c, store, "", log)
	if err != nil {
		return err
	}
	at, measured, err := listenMetrics(c, d.metrics)
	if err != nil {
		return err
	}
	defer measured()
	if at != nil {
		log.Info("metrics are shown on an address of their own", slog.String("listen", at.String()))
	}
	if err := s.welcome(c, store, listener); err != nil {
		return err
	}
	log.Info("started", slog.String("version", buildVersion()), slog.String("listen", listener.Addr().String()), slog.String("node", place.Node), slog.Int("mailboxes", len(c.Mailboxes)))
	if len(c.Mailboxes) == 0 {
		log.Warn("the configuration file has no mailbox: mail is read once one is connected on the site, under Settings, Mailboxes")
	}
	if c.TLS.Cert == "" && !c.OnLoopback() && len(c.TrustedProxies) == 0 {
		log.Warn("the site speaks plain HTTP to the network, passwords included: give it a certificate under [tls], or listen on 127.0.0.1 behind a proxy")
	}
	err = serve(ctx, d, d.site, listener, log)
	log.Info("stopped")
	if s.ctx.Err() == nil && err == nil {
		return context.Cause(ctx) // nobody asked it to end
	}
	return err
}

// listen opens the site's port, and says what to do where it is taken.
func listen(c *config.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (is another helpdeskd running? else change listen)", c.Listen, errors.Unwrap(err))
	}
	if c.TLS.Cert != "" {
		certs := &certificates{cert: c.TLS.Cert, key: c.TLS.Key}
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.get, NextProtos: []string{"h2", "http/1.1"}})
	}
	if c.Origin["public_url"] == "" { // made up from listen, whose port may have been 0
		c.PublicURL = localURL(l.Addr(), c.TLS.Cert != "")
	}
	return l, nil
}

// localURL is where the site is reached from this machine.
func localURL(a net.Addr, secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return scheme + "://" + a.String()
	}
	host := t.IP.String()
	if t.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, fmt.Sprint(t.Port))
}

// welcome prints where the site is and, as long as nobody can sign in, the
// one-time code of the first administrator.
func (s *session) welcome(c *config.Config, store *tracker.Store, l net.Listener) error {
	here := localURL(l.Addr(), c.TLS.Cert != "")
	text := fmt.Sprintf("web: %s/\n", here)
	if c.PublicURL != here {
		text += fmt.Sprintf("public: %s/\n", c.PublicURL)
	}
	needs, err := store.NeedsSetup(s.ctx)
	if err != nil {
		return err
	}
	if needs {
		code, err := store.SetupCode(s.ctx)
		if err != nil {
			return err
		}
		text += fmt.Sprintf("setup code: %s  (nobody can sign in yet: open %s/setup and enter it)\n", code, c.PublicURL)
	}
	_, err = io.WriteString(s.out, text)
	return err
}

// serve answers pages and works until ctx ends. Then no new page is begun,
// those in the making may end, and what works behind finishes what it has in
// hand and gives its leases up.
func serve(ctx context.Context, d *desk, handler http.Handler, l net.Listener, log *slog.Logger) error {
	work, stop := context.WithCancel(ctx)
	defer stop()
	pages, endPages := context.WithCancel(context.Background()) // live pages stay open until told
	defer endPages()
	srv := &http.Server{
		Handler:           timed(handler),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return pages },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		d.work(work)
	}()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	notify(log, sd.SdNotifyReady)
	var failed error
	select {
	case failed = <-served: // the listener broke
	case <-ctx.Done():
		log.Info("stopping")
		notify(log, sd.SdNotifyStopping)
	}
	stop()
	endPages()
	last, done := context.WithTimeout(context.Background(), stopWithin)
	defer done()
	if err := srv.Shutdown(last); err != nil {
		srv.Close()
	}
	<-worked
	if failed != nil && !errors.Is(failed, http.ErrServerClosed) {
		return fmt.Errorf("serve the site: %w", failed)
	}
	return nil
}

// timed bounds how long a request may take to come in and to be answered. The
// stream of live updates stays open.
func timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/live" {
			c := http.NewResponseController(w)
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute)) // not supported by test recorders
			_ = c.SetWriteDeadline(time.Now().Add(10 * time.Minute))
		}
		next.ServeHTTP(w, r)
	})
}
