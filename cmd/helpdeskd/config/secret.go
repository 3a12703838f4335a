package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
)

const redacted = "(secret)"

// Secret is a text that is never shown: however it is printed or logged, only
// whether it is set can be seen.
type Secret string

// Reveal returns the text, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString keeps %#v from showing it.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// LogValue keeps slog from showing it.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps encoders from showing it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DSN names the database; a password in it is never shown.
type DSN string

// Reveal returns the whole DSN.
func (d DSN) Reveal() string { return string(d) }

// File returns the path of a SQLite database, "" where it is another one.
func (d DSN) File() string {
	path, ok := strings.CutPrefix(string(d), "sqlite:")
	if !ok {
		return ""
	}
	return strings.TrimPrefix(path, "//")
}

func (d DSN) String() string {
	s := string(d)
	if strings.HasPrefix(s, "sqlite:") || s == "" {
		return s
	}
	// Several hosts do not parse as a URL in every Go release: cut by hand.
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return redacted
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, _, _ := strings.Cut(rest[:at], ":")
		if rest[:at] != user {
			user += ":" + redacted
		}
		rest = user + rest[at:]
	}
	if head, query, ok := strings.Cut(rest, "?"); ok {
		q, err := url.ParseQuery(query)
		if err != nil {
			return scheme + "://" + redacted
		}
		for _, k := range []string{"password", "sslpassword", "passfile"} {
			if q.Has(k) {
				q.Set(k, redacted)
			}
		}
		rest = head + "?" + q.Encode()
	}
	return scheme + "://" + rest
}

// GoString keeps %#v from showing it.
func (d DSN) GoString() string { return fmt.Sprintf("%q", d.String()) }

// LogValue keeps slog from showing it.
func (d DSN) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText keeps encoders from showing it.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Secrets returns every secret text of the configuration, so that the log can
// leave them out wherever they stand.
func (c *Config) Secrets() []string {
	var all []string
	var look func(v reflect.Value)
	look = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[Secret]():
			if s := v.String(); s != "" {
				all = append(all, v.Interface().(Secret).Reveal())
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					look(v.Field(i))
				}
			}
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i))
			}
		}
	}
	look(reflect.ValueOf(c).Elem())
	if u, err := url.Parse(c.Database.Reveal()); err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok && p != "" {
			all = append(all, p)
		}
	}
	return all
}
