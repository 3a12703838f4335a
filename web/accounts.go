package web

import (
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// accountsView is the page of the people who sign in.
type accountsView struct {
	Accounts []tracker.Account
	Roles    []tracker.AccountRole
	Problem  string
	New      tracker.NewAccount
}

func (s *site) accounts(w http.ResponseWriter, r *http.Request) error {
	return s.accountsPage(w, r, http.StatusOK, accountsView{New: tracker.NewAccount{Role: tracker.Technician}})
}

func (s *site) accountsPage(w http.ResponseWriter, r *http.Request, status int, v accountsView) error {
	var err error
	if v.Accounts, err = s.store.Accounts(r.Context()); err != nil {
		return err
	}
	v.Roles = tracker.Roles()
	return s.render(w, r, status, "accounts", view{Title: s.words.say("nav.accounts"), Section: "accounts", Data: v})
}

func (s *site) newAccount(w http.ResponseWriter, r *http.Request) error {
	in := tracker.NewAccount{Email: r.PostFormValue("email"), Name: r.PostFormValue("name"),
		Role: tracker.AccountRole(r.PostFormValue("role")), Password: r.PostFormValue("password")}
	a, err := s.store.CreateAccount(r.Context(), actorOf(r), in)
	if err != nil {
		return s.accountsProblem(w, r, err, in)
	}
	s.flash(r, "accounts.made", a.Name)
	return seeOther(w, r, "/accounts")
}

// accountsProblem shows what was wrong above the form, with what was typed.
func (s *site) accountsProblem(w http.ResponseWriter, r *http.Request, err error, in tracker.NewAccount) error {
	kind := migrations.KindOf(err)
	if kind != migrations.Invalid && kind != migrations.Conflict {
		return err
	}
	in.Password = ""
	return s.accountsPage(w, r, kindStatus[kind], accountsView{Problem: migrations.SafeMessage(err), New: in})
}

// changeAccount changes only what the form names: role, or enabled.
func (s *site) changeAccount(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	var c tracker.AccountChange
	if v := r.PostFormValue("role"); v != "" {
		role := tracker.AccountRole(v)
		c.Role = &role
	}
	if v := r.PostFormValue("enabled"); v != "" {
		on := v == "true"
		c.Enabled = &on
	}
	a, err := s.store.UpdateAccount(r.Context(), actorOf(r), id, c, version)
	if err != nil {
		return s.accountsProblem(w, r, err, tracker.NewAccount{Role: tracker.Technician})
	}
	s.flash(r, "accounts.changed", a.Name)
	return seeOther(w, r, "/accounts")
}

func (s *site) resetPassword(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	a, err := s.store.Account(r.Context(), id)
	if err != nil {
		return err
	}
	keep := ""
	if id == accountOf(r.Context()).ID {
		keep = s.sessions.Token(r.Context())
	}
	if err := s.store.SetPassword(r.Context(), actorOf(r), id, r.PostFormValue("password"), keep); err != nil {
		return s.accountsProblem(w, r, err, tracker.NewAccount{Role: tracker.Technician})
	}
	s.flash(r, "accounts.password_set", a.Name)
	return seeOther(w, r, "/accounts")
}
