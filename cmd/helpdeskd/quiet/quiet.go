// Package quiet keeps secrets out of the log, whatever somebody hands to it by
// mistake: what is known to be a secret, and what looks like one. Mail's
// content is kept out by those who log: they name ids. It owns no tables.
package quiet

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

const mark = "(secret)"

// shapes are what secrets look like in addresses, headers, commands and DSNs.
var shapes = []struct {
	is *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`(?i)([?&;\s"']|^)(t|token|code|key|sig|signature|secret|password|passwd|pwd|access_token|refresh_token|id_token|client_secret|client_assertion|assertion|device_code|user_code)=[^&\s"'<>;]+`), "${1}${2}=" + mark},
	{regexp.MustCompile(`(?i)("(?:access_token|refresh_token|id_token|client_secret|password|device_code|secret)"\s*:\s*")[^"]*`), "${1}" + mark},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}`), "${1} " + mark},
	{regexp.MustCompile(`(?i)\b(authorization|cookie|set-cookie|x-helpdeskd-signature)(["']?\s*[:=]\s*)[^\r\n]+`), "${1}${2}" + mark},
	{regexp.MustCompile(`(?i)\b(AUTH(?:ENTICATE)?\s+(?:XOAUTH2|PLAIN|LOGIN|OAUTHBEARER|CRAM-MD5))\s+\S+`), "${1} " + mark},
	{regexp.MustCompile(`(?i)\b(LOGIN\s+(?:"[^"]*"|\S+@\S+))\s+("(?:[^"\\]|\\.)*"|\S+)`), "${1} " + mark},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`), mark},                   // JSON Web Tokens
	{regexp.MustCompile(`\b(?:dXNlcj|AHV|AGh|AG)[A-Za-z0-9+/]{20,}={0,2}`), mark},                                  // base64 of "user=" (XOAUTH2) and of NUL (PLAIN)
	{regexp.MustCompile(`(://[^:/?#@\s]+:)[^@/\s]+@`), "${1}" + mark + "@"},                                        // of DSNs and proxies
	{regexp.MustCompile(`(?i)((?:\bhd[.-]|\+)(?:[a-z0-9-]*\.)?)[a-z2-7]{26}(@|\b)`), "${1}" + mark + "${2}"},       // reply tokens in addresses and Message-IDs
	{regexp.MustCompile(`\b[A-Z2-7a-z]{26}\b`), mark},                                                              // tokens by themselves
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), mark}, // keys
	{regexp.MustCompile(`AGE-SECRET-KEY-1[A-Z0-9]+`), mark},
}

// names of attributes whose values are never shown.
var names = map[string]bool{"password": true, "passwd": true, "secret": true, "token": true, "authorization": true, "cookie": true, "body": true, "text": true,
	"html": true, "raw": true, "code": true, "dsn": true, "access_token": true, "refresh_token": true, "client_secret": true}

// hasShape reports whether a text may have one of the shapes. All of them have
// a sign that is no letter, or are longer than the words that most log lines
// are made of, or begin with one of a few words; a line a mail must be cheap.
func hasShape(s string) bool {
	if len(s) >= 26 {
		return true
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == ' ', c == '.', c == ',':
		default:
			return true
		}
	}
	lower := strings.ToLower(s)
	for _, word := range []string{"bearer", "basic", "login", "auth", "ey", "dxn", "ag", "ah", "key"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// Handler redacts what it hands on.
type Handler struct {
	next  slog.Handler
	known *strings.Replacer
}

// New returns a handler before next that leaves out these secrets wherever
// they stand, and whatever looks like one. Texts of less than six characters
// are not looked for: they stand in everything.
func New(next slog.Handler, secrets ...string) *Handler {
	var pairs []string
	for _, s := range secrets {
		if len(s) >= 6 {
			pairs = append(pairs, s, mark)
		}
	}
	return &Handler{next: next, known: strings.NewReplacer(pairs...)}
}

// Clean returns a text without secrets.
func (h *Handler) Clean(s string) string {
	if len(s) < 4 {
		return s
	}
	s = h.known.Replace(s)
	if !hasShape(s) {
		return s
	}
	for _, x := range shapes {
		s = x.is.ReplaceAllString(s, x.to)
	}
	return s
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.Clean(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(list []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(list))
	for i, a := range list {
		clean[i] = h.attr(a)
	}
	return &Handler{next: h.next.WithAttrs(clean), known: h.known}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), known: h.known}
}

func (h *Handler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if names[strings.ToLower(a.Key)] && v.Kind() != slog.KindBool && v.Kind() != slog.KindInt64 {
		return slog.String(a.Key, mark)
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, h.Clean(v.String()))
	case slog.KindGroup:
		list := v.Group()
		clean := make([]slog.Attr, len(list))
		for i, x := range list {
			clean[i] = h.attr(x)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	case slog.KindAny:
		switch x := v.Any().(type) {
		case error:
			return slog.String(a.Key, h.Clean(x.Error()))
		default:
			return slog.String(a.Key, h.Clean(fmt.Sprint(x)))
		}
	}
	return slog.Attr{Key: a.Key, Value: v}
}
