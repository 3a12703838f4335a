package web

import (
	"log/slog"
	"net/http"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// forgotForm is the page on which one asks for a new password.
type forgotForm struct {
	Email, Problem string
	Asked          bool
	Mails          bool // a mailbox is configured
}

func (s *site) forgotPage(w http.ResponseWriter, r *http.Request) error {
	return s.showForgot(w, r, http.StatusOK, forgotForm{})
}

func (s *site) showForgot(w http.ResponseWriter, r *http.Request, status int, f forgotForm) error {
	f.Mails = s.store.MailsAccounts()
	return s.render(w, r, status, "forgot", view{Title: s.words.say("forgot.title"), Bare: true, Data: f})
}

// forgotTakes is how long an answer to a request for a new password takes at
// least: far longer than queueing a mail, so that the time tells nobody whether
// there was one to queue.
const forgotTakes = 300 * time.Millisecond

// forgot answers the same, and after the same time, whether the address may
// sign in or not.
func (s *site) forgot(w http.ResponseWriter, r *http.Request) error {
	waited := time.NewTimer(forgotTakes)
	defer waited.Stop()
	f := forgotForm{Email: r.PostFormValue("email")}
	if f.Email == "" || len(f.Email) > 254 {
		f.Problem = s.words.say("forgot.no_address")
		return s.showForgot(w, r, http.StatusUnprocessableEntity, f)
	}
	err := s.store.RequestReset(r.Context(), f.Email, s.clientIP(r))
	select {
	case <-waited.C:
	case <-r.Context().Done():
	}
	if migrations.KindOf(err) == migrations.Temporary {
		f.Problem = migrations.SafeMessage(err)
		s.log.WarnContext(r.Context(), "requests for a new password throttled", slog.String("from", s.clientIP(r)))
		return s.showForgot(w, r, http.StatusTooManyRequests, f)
	}
	if err != nil {
		return err
	}
	f.Asked = true
	return s.showForgot(w, r, http.StatusOK, f)
}

// chooseForm is the page behind the link of an invitation or a reset.
type chooseForm struct {
	Token, Problem string
	Dead           string // why the link opens nothing, "" where it does
	First          bool   // an invitation
	Owner          tracker.Account
	Other          string // who is signed in now, where that is somebody else
	Min            int
}

// choosePage shows the form and changes nothing: programs open links too.
func (s *site) choosePage(w http.ResponseWriter, r *http.Request) error {
	return s.showChoose(w, r, http.StatusOK, chooseForm{Token: r.URL.Query().Get("t")})
}

func (s *site) showChoose(w http.ResponseWriter, r *http.Request, status int, f chooseForm) error {
	// The address holds the token: no other page may learn it.
	w.Header().Set("Referrer-Policy", "strict-origin")
	owner, kind, err := s.store.LinkOwner(r.Context(), f.Token)
	switch {
	case migrations.KindOf(err) == migrations.Denied:
		f.Dead, status = migrations.SafeMessage(err), http.StatusGone
	case err != nil:
		return err
	}
	f.Owner, f.First, f.Min = owner, kind == tracker.LinkInvite, tracker.MinPassword
	if me := accountOf(r.Context()); me != nil && me.ID != owner.ID {
		f.Other = me.Name
	}
	return s.render(w, r, status, "choose-password", view{Title: s.words.say("choose.title"), Bare: true, Data: f})
}

// choose sets the password and signs its owner in.
func (s *site) choose(w http.ResponseWriter, r *http.Request) error {
	f := chooseForm{Token: r.PostFormValue("t")}
	a, err := s.store.UseLink(r.Context(), f.Token, r.PostFormValue("password"), s.clientIP(r))
	switch kind := migrations.KindOf(err); {
	case err == nil:
	case kind == migrations.Denied:
		return s.showChoose(w, r, http.StatusGone, f)
	case kind == migrations.Invalid:
		f.Problem = migrations.SafeMessage(err)
		return s.showChoose(w, r, http.StatusUnprocessableEntity, f)
	case kind == migrations.Temporary:
		f.Problem = migrations.SafeMessage(err)
		return s.showChoose(w, r, http.StatusTooManyRequests, f)
	default:
		return err
	}
	if err := s.signIn(r, a); err != nil {
		return err
	}
	s.flash(r, "choose.done")
	return seeOther(w, r, "/")
}
