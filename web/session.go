package web

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const (
	// sessionLife is how long a sign-in lasts, and sessionIdle how long while
	// nobody does anything. That somebody does is written only now and then,
	// not at every request.
	sessionLife  = 30 * 24 * time.Hour
	sessionIdle  = 12 * time.Hour
	sessionTouch = 10 * time.Minute
	sessionSeen  = "seen" // the key: Unix seconds of the last thing that a person did
	themeCookie  = "theme"
)

// newSessions wires scs to the sessions in the database.
func (s *site) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Store = s.store.Sessions()
	m.Lifetime = sessionLife
	m.Codec = scs.GobCodec{}
	m.Cookie.Name = "helpdeskd"
	if s.secure {
		m.Cookie.Name = "__Host-helpdeskd" // bound to this host, and Secure (RFC 6265bis section 4.1.3)
	}
	m.Cookie.Path = "/"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = s.secure
	m.Cookie.Persist = true
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }
	return m
}

// sessionProof is the key under which a session's data holds which password
// it was opened with.
const sessionProof = "proof"

// proofOf names the password that an account has now, without telling it. A
// session that was opened with another one signs nobody in: a request that was
// under way while the password changed stores its session after the others
// were ended, and so may a sign-in with the old password.
func proofOf(a tracker.Account) string { return tracker.HashToken("session " + a.PasswordHash) }

type accountKey struct{}

// accountOf returns who is signed in, nil for nobody.
func accountOf(ctx context.Context) *tracker.Account {
	a, _ := ctx.Value(accountKey{}).(*tracker.Account)
	return a
}

// actorOf returns who does what this request does.
func actorOf(r *http.Request) tracker.Actor {
	if a := accountOf(r.Context()); a != nil {
		return a.Actor()
	}
	return tracker.Actor{}
}

// identify finds out who is signed in, afresh at every request, so that a
// changed role and a disabled account count at once.
func (s *site) identify(next http.Handler) http.Handler {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		id := s.sessions.GetInt64(r.Context(), tracker.SessionAccount)
		if id != 0 && s.idle(r) {
			if err := s.sessions.Destroy(r.Context()); err != nil {
				return err
			}
			id = 0
		}
		if id != 0 {
			a, err := s.store.Account(r.Context(), id)
			switch {
			case migrations.KindOf(err) == migrations.NotFound:
			case err != nil:
				return err
			case a.Enabled && s.sessions.GetString(r.Context(), sessionProof) == proofOf(a):
				r = r.WithContext(context.WithValue(r.Context(), accountKey{}, &a))
				if v := visitorOf(r.Context()); v != nil {
					v.account = a.ID
				}
			}
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// idle reports whether nobody has done anything in a session for too long, and
// notes that somebody does. What a page asks by itself is done by nobody.
func (s *site) idle(r *http.Request) bool {
	ctx, now := r.Context(), s.store.Now()
	seen := s.sessions.GetInt64(ctx, sessionSeen)
	quiet := now.Sub(time.Unix(seen, 0))
	if seen != 0 && quiet > sessionIdle {
		return true
	}
	byItself := r.URL.Path == "/live" || r.URL.Path == "/alarms/banner" || r.URL.Query().Has("live") || r.Header.Get("HX-Request") != "" && r.Method == http.MethodGet
	if seen == 0 || quiet >= sessionTouch && !byItself {
		s.sessions.Put(ctx, sessionSeen, now.Unix())
	}
	return false
}

// need lets through only those who may do what the routes behind it are for;
// whoever is not signed in is sent to the sign-in page.
func (s *site) need(do tracker.Action) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return s.handle(func(w http.ResponseWriter, r *http.Request) error {
			a := accountOf(r.Context())
			if a == nil {
				return s.askToSignIn(w, r)
			}
			if !tracker.May(*a, do) {
				return migrations.Deniedf("%s", s.words.say("error.403.happened"))
			}
			next.ServeHTTP(w, r)
			return nil
		})
	}
}

// askToSignIn sends a reader to the sign-in page and back afterwards. What
// somebody had typed when the session ended is shown to them, not lost.
func (s *site) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if r.Header.Get("HX-Request") != "" {
			w.Header().Set("HX-Refresh", "true")
			w.WriteHeader(http.StatusUnauthorized)
			return nil
		}
		to := "/login"
		if r.URL.Path != "/" {
			to += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
	parseForm(r)
	if r.MultipartForm != nil { // the server removes only what its own request holds
		defer r.MultipartForm.RemoveAll()
	}
	f := loginForm{Problem: s.words.say("login.session_over"), Typed: typedTexts(r), Mails: s.store.MailsAccounts()}
	if back := pathOf(r.Header.Get("Referer")); back != "" {
		f.Next = back
	}
	return s.render(w, r, http.StatusUnauthorized, "login", view{Title: s.words.say("login.title"), Bare: true, Data: f})
}

// parseForm reads a form of either encoding into r.PostForm, as text that
// every database takes. What no page of ours sends is an error: another type,
// and bytes that are no UTF-8, which would be kept as something else than was
// meant. NUL is left out: what people paste may hold it.
func parseForm(r *http.Request) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("the type of the form: %w", err)
	}
	charset := params["charset"]
	if kind != "application/x-www-form-urlencoded" && kind != "multipart/form-data" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fmt.Errorf("a body of the type %q, not a form", kind)
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	// What a form carries beyond a megabyte is kept in temporary files.
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	sound := true
	for name, values := range r.PostForm {
		sound = sound && utf8.ValidString(name)
		for i, v := range values {
			sound = sound && utf8.ValidString(v)
			// Also of a form that is refused: its page shows what was typed.
			values[i] = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "\uFFFD")
		}
	}
	if !sound {
		return errors.New("the form is no UTF-8")
	}
	return nil
}

// pathOf returns the path of an address of this site, "" for anything odd.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path == "" {
		return ""
	}
	return localPath(u.RequestURI(), "")
}

// flash has the next page say something once.
func (s *site) flash(r *http.Request, key string, args ...any) {
	s.sessions.Put(r.Context(), "flash", s.words.say(key, args...))
}

// flashMore puts a link beside the flash.
func (s *site) flashMore(r *http.Request, path string) {
	s.sessions.Put(r.Context(), "flash.more", path)
}

// seeOther ends a change: the browser is sent to a page that shows it.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
