package web

import (
	"log/slog"
	"net/http"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// myView is the way to the list of somebody's requests, and the list.
type myView struct {
	List     []tracker.Ticket
	In       bool // the address is proved
	Asked    bool // a code was sent, if the address is known
	Email    string
	Mails    bool // a mailbox can send codes
	Problems problems
}

// The cookies of people without an account: who has proved an address, and
// which browser has asked for a code. Neither is the sign-in's.
const (
	mySession   = "helpdeskd-my"
	myChallenge = "helpdeskd-code"
)

func (s *site) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie gives the browser a cookie that other sites' pages never send; a
// life of 0 takes it away.
func (s *site) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: s.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode, MaxAge: int(life.Seconds())}
	if life == 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *site) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// clientID returns who has proved their address, 0 for nobody.
func (s *site) clientID(r *http.Request) (int64, error) {
	return s.store.ClientOfSession(r.Context(), s.cookie(r, mySession))
}

func (s *site) my(w http.ResponseWriter, r *http.Request) error {
	return s.showMy(w, r, http.StatusOK, myView{Asked: !r.URL.Query().Has("again") && tracker.IsToken(s.cookie(r, myChallenge))})
}

func (s *site) showMy(w http.ResponseWriter, r *http.Request, status int, v myView) error {
	private(w)
	id, err := s.clientID(r)
	if err != nil {
		return err
	}
	if v.Mails = s.store.MailsAccounts(); id != 0 {
		v.In = true
		if v.List, err = s.store.ClientTickets(r.Context(), id); err != nil {
			return err
		}
	}
	return s.render(w, r, status, "my", view{Title: s.words.say("my.title"), Bare: true, Data: v})
}

// myCode mails a code, and answers the same, and after the same time, whether
// the address is known or not.
func (s *site) myCode(w http.ResponseWriter, r *http.Request) error {
	waited := time.NewTimer(forgotTakes)
	defer waited.Stop()
	v := myView{Email: r.PostFormValue("email")}
	if v.Email == "" || len(v.Email) > 254 {
		v.Problems = problems{"email": s.words.say("forgot.no_address")}
		return s.showMy(w, r, http.StatusUnprocessableEntity, v)
	}
	challenge, err := s.store.AskCode(r.Context(), v.Email, s.clientIP(r))
	select {
	case <-waited.C:
	case <-r.Context().Done():
	}
	if migrations.KindOf(err) == migrations.Temporary && migrations.SafeMessage(err) != "" {
		v.Problems = problems{"email": migrations.SafeMessage(err)}
		s.log.WarnContext(r.Context(), "requests for a code throttled", slog.String("from", s.clientIP(r)))
		return s.showMy(w, r, http.StatusTooManyRequests, v)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, myChallenge, challenge, time.Hour)
	return seeOther(w, r, "/my")
}

// myEnter trades the code for the list.
func (s *site) myEnter(w http.ResponseWriter, r *http.Request) error {
	session, err := s.store.EnterCode(r.Context(), s.cookie(r, myChallenge), r.PostFormValue("code"), s.clientIP(r))
	v := myView{Asked: true}
	switch kind := migrations.KindOf(err); {
	case err == nil:
	case kind == migrations.Invalid:
		v.Problems = problems{"code": migrations.SafeMessage(err)}
		return s.showMy(w, r, http.StatusUnprocessableEntity, v)
	case kind == migrations.Temporary && migrations.SafeMessage(err) != "":
		v.Problems = problems{"code": migrations.SafeMessage(err)}
		return s.showMy(w, r, http.StatusTooManyRequests, v)
	default:
		return err
	}
	s.setCookie(w, myChallenge, "", 0)
	s.setCookie(w, mySession, session, tracker.ClientSessionLife)
	return seeOther(w, r, "/my")
}

// myLeave ends it.
func (s *site) myLeave(w http.ResponseWriter, r *http.Request) error {
	if session := s.cookie(r, mySession); tracker.IsToken(session) {
		if err := s.store.LeaveClientSession(r.Context(), session); err != nil {
			return err
		}
	}
	s.setCookie(w, mySession, "", 0)
	s.setCookie(w, myChallenge, "", 0)
	return seeOther(w, r, "/my")
}
