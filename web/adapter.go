package web

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
)

// handler answers a request or says why it could not.
type handler func(w http.ResponseWriter, r *http.Request) error

var (
	errCrossSite = migrations.Deniedf("This was asked for by a page of another site, so nothing was done.")
	errNowhere   = migrations.NotFoundf("not found")
	errMethod    = migrations.Invalidf("This address does not take that kind of request.")
	errForm      = migrations.Invalidf("The form arrived damaged.")
)

// tooLarge is a form beyond its limit.
type tooLarge struct{ err error }

func (e *tooLarge) Error() string { return "form too large: " + e.err.Error() }
func (e *tooLarge) Unwrap() error { return e.err }

// handle makes an http.HandlerFunc of a handler: the one place where errors
// become answers and where they are logged.
func (s *site) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

var kindStatus = map[migrations.Kind]int{
	migrations.NotFound:  http.StatusNotFound,
	migrations.Invalid:   http.StatusUnprocessableEntity,
	migrations.Conflict:  http.StatusConflict,
	migrations.Denied:    http.StatusForbidden,
	migrations.Temporary: http.StatusServiceUnavailable,
	migrations.Internal:  http.StatusInternalServerError,
}

// trouble is what the error page shows: what happened, what was kept, what to do.
type trouble struct {
	Status           int
	Happened, Kept   string
	ToDo, Back, Code string
	Typed            []typed // what the person had typed, so that it is not lost
}

// typed is one long text out of a form that could not be saved.
type typed struct{ Name, Text string }

// fail answers with the error's page and logs it once, when it is ours to worry about.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody is there to read it
	}
	kind := migrations.KindOf(err)
	status := kindStatus[kind]
	var large *tooLarge
	switch {
	case errors.As(err, &large):
		kind, status = migrations.Invalid, http.StatusRequestEntityTooLarge
	case errors.Is(err, errMethod):
		status = http.StatusMethodNotAllowed
	}
	t := trouble{Status: status, Happened: migrations.SafeMessage(err), Back: "/"}
	key := "error." + strconv.Itoa(t.Status)
	if t.Happened == "" || kind == migrations.NotFound && (t.Happened == "not found" || hides(r, err)) {
		t.Happened = s.words.say(key + ".happened")
	}
	t.ToDo = s.words.say(key + ".todo")
	t.Kept = s.words.say("error.nothing_changed")
	var limit *http.MaxBytesError
	if large != nil && errors.As(err, &limit) {
		t.Happened, t.Kept = s.words.say("error.413.limit", size(limit.Limit)), s.words.say("error.413.kept")
		if r.URL.Path == "/import" || r.URL.Path == "/people/import" {
			t.ToDo = s.words.say("import.divide")
		}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		t.Kept = ""
	}
	if kind == migrations.Internal || kind == migrations.Temporary {
		s.log.ErrorContext(r.Context(), "request failed", slog.String("method", r.Method), slog.String("route", routeOf(r)), slog.String("request", requestID(r)),
			slog.String("kind", string(kind)), slog.Any("error", err))
	}
	t.Typed = typedTexts(r)
	if ref := r.Header.Get("Referer"); ref != "" && r.Method == http.MethodPost {
		if back := pathOf(ref); back != "" {
			t.Back = back
		}
	}
	if back := guestBack(r); back != "" {
		t.Back = back
	}
	w.Header().Set("Cache-Control", "no-store")
	if rerr := s.render(w, r, t.Status, "error", view{Title: s.words.say("error.title"), Bare: accountOf(r.Context()) == nil, Data: t}); rerr != nil {
		s.log.ErrorContext(r.Context(), "the error page failed", slog.Any("error", rerr))
		http.Error(w, t.Happened, t.Status)
	}
}

// hides reports whether an error is told in general words only. What an
// address names and is not there is answered alike, whether it never was, can
// not be, was removed, or is not for this person.
func hides(r *http.Request, err error) bool {
	for _, known := range []error{errNoPicture, errNoThumbnail, errNoHTML, errNoMail} {
		if errors.Is(err, known) {
			return false
		}
	}
	c := chi.RouteContext(r.Context())
	return c != nil && strings.Contains(c.RoutePattern(), "{")
}

// typedTexts returns the texts of a form that was sent, without secrets.
func typedTexts(r *http.Request) []typed {
	var all []typed
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) { // the same at every try
		for _, v := range r.PostForm[name] {
			if keepTyped[name] && v != "" {
				all = append(all, typed{Name: name, Text: v})
			}
		}
	}
	return all
}

// keepTyped names the form fields that hold what somebody wrote.
var keepTyped = map[string]bool{"text": true, "why": true, "comment": true, "fix": true, "reason": true, "subject": true, "body": true, "resolution": true, "title": true, "name": true, "address": true,
	"purpose": true, "specs": true, "serials": true, "line_text": true,
	"answer_what": true, "answer_doing": true, "answer_repeat": true, "answer_when": true, "answer_effect": true, "answer_asset": true}

// render writes a page. It is rendered to memory first, so that a failure
// never leaves half a page behind.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	s.dress(r, &v)
	page, err := s.pages.write(s.face(zoneOf(r)), name, "layout", v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	w.Write(page) // an error means that the reader went away
	return nil
}

// fragment writes one of a page's templates by itself, for a script that asked.
func (s *site) fragment(w http.ResponseWriter, r *http.Request, page, name string, data any) error {
	part, err := s.pages.write(s.face(zoneOf(r)), page, name, data)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(part)
	return nil
}

// idParam reads a number out of the path.
func idParam(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(chi.URLParam(r, name), 10, 64)
	if err != nil || n <= 0 {
		return 0, migrations.NotFoundf("not found")
	}
	return n, nil
}

// formInt reads a number out of a form, 0 when it is empty.
func formInt(r *http.Request, name string) (int64, error) {
	v := r.PostFormValue(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, migrations.Invalidf("The field %s must be a number.", name)
	}
	return n, nil
}

// recover answers a panic like any other failure, and goes on serving.
func (s *site) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil || v == http.ErrAbortHandler {
				return
			}
			s.log.ErrorContext(r.Context(), "panic in a request", slog.String("route", routeOf(r)), slog.String("request", requestID(r)), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			http.Error(w, s.words.say("error.500.happened"), http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}
