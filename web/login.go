package web

import (
	"log/slog"
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// loginForm is what the sign-in page shows.
type loginForm struct {
	Email, Next, Problem string
	Typed                []typed
	Mails                bool // a new password can be asked for
}

func (s *site) loginPage(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"), "")
	if accountOf(r.Context()) != nil {
		return seeOther(w, r, localPath(next, "/"))
	}
	if fresh, err := s.store.NeedsSetup(r.Context()); err != nil {
		return err
	} else if fresh {
		return seeOther(w, r, "/setup")
	}
	return s.render(w, r, http.StatusOK, "login", view{Title: s.words.say("login.title"), Bare: true, Data: loginForm{Next: next, Mails: s.store.MailsAccounts()}})
}

func (s *site) login(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := loginForm{Email: r.PostFormValue("email"), Next: localPath(r.PostFormValue("next"), ""), Mails: s.store.MailsAccounts()}
	a, err := s.store.CheckPassword(ctx, f.Email, r.PostFormValue("password"), s.clientIP(r))
	s.meters.signIns.WithLabelValues(resultOf(err)).Inc()
	if err != nil {
		status := http.StatusUnprocessableEntity
		switch migrations.KindOf(err) {
		case migrations.Denied:
			s.log.WarnContext(ctx, "sign-in refused", slog.String("from", s.clientIP(r)))
		case migrations.Temporary:
			status = http.StatusTooManyRequests
		default:
			return err
		}
		f.Problem = migrations.SafeMessage(err)
		return s.render(w, r, status, "login", view{Title: s.words.say("login.title"), Bare: true, Data: f})
	}
	if err := s.signIn(r, a); err != nil {
		return err
	}
	return seeOther(w, r, localPath(f.Next, "/"))
}

// signIn starts a session under a new id, so that an id known from before is
// worth nothing.
func (s *site) signIn(r *http.Request, a tracker.Account) error {
	if err := s.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	s.sessions.Put(r.Context(), tracker.SessionAccount, a.ID)
	s.sessions.Put(r.Context(), sessionProof, proofOf(a))
	return nil
}

func (s *site) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"storage"`) // drafts of replies
	return seeOther(w, r, "/login")
}

// setupForm is what the first-run page shows.
type setupForm struct {
	Code, Name, Email, Company, Problem string
}

func (s *site) setupPage(w http.ResponseWriter, r *http.Request) error {
	if fresh, err := s.store.NeedsSetup(r.Context()); err != nil {
		return err
	} else if !fresh {
		return seeOther(w, r, "/login")
	}
	return s.render(w, r, http.StatusOK, "setup", view{Title: s.words.say("setup.title"), Bare: true,
		Data: setupForm{Code: r.URL.Query().Get("code")}})
}

func (s *site) setup(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := setupForm{Code: r.PostFormValue("code"), Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Company: r.PostFormValue("company")}
	a, err := s.store.UseSetupCode(ctx, f.Code, tracker.NewAccount{Name: f.Name, Email: f.Email, Password: r.PostFormValue("password")})
	if err != nil {
		kind := migrations.KindOf(err)
		if kind != migrations.Denied && kind != migrations.Invalid && kind != migrations.Conflict {
			return err
		}
		f.Problem = migrations.SafeMessage(err)
		return s.render(w, r, kindStatus[kind], "setup", view{Title: s.words.say("setup.title"), Bare: true, Data: f})
	}
	if f.Company != "" {
		if err := s.store.SetSetting(ctx, a.Actor(), tracker.SetCompany, f.Company); err != nil {
			return err
		}
	}
	if err := s.signIn(r, a); err != nil {
		return err
	}
	boxes, err := s.store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	if len(boxes) == 0 { // an empty board would wait for mail that nobody reads
		return seeOther(w, r, "/settings/mailboxes")
	}
	return seeOther(w, r, "/")
}

// resultOf names how a sign-in went, for the numbers.
func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	switch migrations.KindOf(err) {
	case migrations.Denied:
		return "refused"
	case migrations.Temporary:
		return "throttled"
	}
	return "failed"
}
