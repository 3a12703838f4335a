package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"
)

// visitor is what the log says of a request's author, once that is known.
type visitor struct {
	id      string
	account int64
}

type visitorKey struct{}

func withVisitor(ctx context.Context, v *visitor) context.Context {
	v.id = rand.Text()[:10]
	return context.WithValue(ctx, visitorKey{}, v)
}

// visitorOf returns the request's visitor, nil outside of a request.
func visitorOf(ctx context.Context) *visitor {
	v, _ := ctx.Value(visitorKey{}).(*visitor)
	return v
}

// logRequest writes one line: who, which route, how it went. Pages and files
// are for who debugs; what was refused or failed is for everybody.
func (s *site) logRequest(r *http.Request, who *visitor, pattern string, status int, bytes int, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case status >= 500:
		level = slog.LevelWarn
	case r.Method == http.MethodPost, status == http.StatusForbidden, status == http.StatusTooManyRequests:
		level = slog.LevelInfo
	}
	s.log.LogAttrs(r.Context(), level, "request", slog.String("request", who.id), slog.String("method", methodOf(r)), slog.String("route", pattern),
		slog.Int("status", status), slog.Int("bytes", bytes), slog.Duration("took", took.Round(time.Microsecond)), slog.Int64("account", who.account))
}

// requestID names a request in the log, so that its lines can be found together.
func requestID(r *http.Request) string {
	if v := visitorOf(r.Context()); v != nil {
		return v.id
	}
	return ""
}
