package web

import (
	"fmt"
	"net/http"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// accountRow is a person who signs in, as the list shows them.
type accountRow struct {
	tracker.Account
	Pending tracker.PendingLink
}

// Waits reports whether the person has yet to choose a password.
func (a accountRow) Waits() bool { return a.Enabled && a.PasswordHash == "" }

// Trouble reports whether the last mail to the person can not have arrived.
func (a accountRow) Trouble() bool {
	return a.Waits() && (a.Pending.Mail == tracker.OutboxDead || a.Pending.Mail == tracker.OutboxUncertain)
}

// OnItsWay reports whether a mail to the person waits to be sent.
func (a accountRow) OnItsWay() bool {
	return a.Pending.Mail == tracker.OutboxQueued || a.Pending.Mail == tracker.OutboxSending
}

// accountsView is the page of the people who sign in.
type accountsView struct {
	Accounts []accountRow
	Roles    []tracker.AccountRole
	Mails    bool // a mailbox is configured: invitations go by mail
	Problems problems
	New      tracker.NewAccount
}

func (s *site) accounts(w http.ResponseWriter, r *http.Request) error {
	return s.accountsPage(w, r, http.StatusOK, accountsView{New: tracker.NewAccount{Role: tracker.Technician}})
}

func (s *site) accountsPage(w http.ResponseWriter, r *http.Request, status int, v accountsView) error {
	all, err := s.store.Accounts(r.Context())
	if err != nil {
		return err
	}
	pending, err := s.store.PendingLinks(r.Context())
	if err != nil {
		return err
	}
	for _, a := range all {
		v.Accounts = append(v.Accounts, accountRow{a, pending[a.ID]})
	}
	v.Roles, v.Mails = tracker.Roles(), s.store.MailsAccounts()
	return s.render(w, r, status, "accounts", view{Title: s.words.say("nav.accounts"), Section: "accounts", Data: v})
}

// invite adds a person and mails them a link; without a mailbox the link is shown.
func (s *site) invite(w http.ResponseWriter, r *http.Request) error {
	in := tracker.NewAccount{Email: r.PostFormValue("email"), Name: r.PostFormValue("name"), Role: tracker.AccountRole(r.PostFormValue("role"))}
	a, err := s.store.Invite(r.Context(), actorOf(r), in)
	if kind := migrations.KindOf(err); kind == migrations.Invalid || kind == migrations.Conflict {
		v := accountsView{New: in}
		v.Problems.put(err)
		return s.accountsPage(w, r, kindStatus[kind], v)
	}
	if err != nil {
		return err
	}
	if !s.store.MailsAccounts() {
		return s.linkPage(w, r, a.ID)
	}
	s.flash(r, "accounts.invited", a.Name, a.Email)
	return seeOther(w, r, "/accounts")
}

// accountView is one person's page.
type accountView struct {
	Row     accountRow
	Form    tracker.Account // what the fields show
	Roles   []tracker.AccountRole
	Mails   bool
	Problem string
}

func (s *site) accountPage(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	a, err := s.store.Account(r.Context(), id)
	if err != nil {
		return err
	}
	return s.showAccount(w, r, http.StatusOK, a, a, "")
}

func (s *site) showAccount(w http.ResponseWriter, r *http.Request, status int, a, form tracker.Account, problem string) error {
	pending, err := s.store.PendingLinks(r.Context())
	if err != nil {
		return err
	}
	return s.render(w, r, status, "person-account", view{Title: a.Name, Section: "accounts",
		Data: accountView{Row: accountRow{a, pending[a.ID]}, Form: form, Roles: tracker.Roles(), Mails: s.store.MailsAccounts(), Problem: problem}})
}

// edits reads what a form of a thing with a version needs: its id and that
// version.
func edits(r *http.Request) (id, version int64, err error) {
	if id, err = idParam(r, "id"); err != nil {
		return 0, 0, err
	}
	if r.PostFormValue("version") == "" {
		return 0, 0, errForm
	}
	version, err = formInt(r, "version")
	return id, version, err
}

// changeAccount changes only what the form names: name, address, role, or enabled.
func (s *site) changeAccount(w http.ResponseWriter, r *http.Request) error {
	id, version, err := edits(r)
	if err != nil {
		return err
	}
	var c tracker.AccountChange
	typed := func(name string) *string {
		if _, sent := r.PostForm[name]; !sent {
			return nil
		}
		v := strings.TrimSpace(r.PostFormValue(name))
		return &v
	}
	c.Name, c.Email = typed("name"), typed("email")
	if v := typed("role"); v != nil {
		role := tracker.AccountRole(*v)
		c.Role = &role
	}
	if v := typed("enabled"); v != nil {
		on := *v == "true"
		c.Enabled = &on
	}
	a, err := s.store.UpdateAccount(r.Context(), actorOf(r), id, c, version)
	kind := migrations.KindOf(err)
	if kind != migrations.Invalid && kind != migrations.Conflict {
		if err != nil {
			return err
		}
		s.flash(r, "accounts.changed", a.Name)
		return seeOther(w, r, fmt.Sprintf("/accounts/%d", id))
	}
	now, lookErr := s.store.Account(r.Context(), id)
	if lookErr != nil {
		return lookErr
	}
	form := now
	if c.Name != nil {
		form.Name = *c.Name
	}
	if c.Email != nil {
		form.Email = *c.Email
	}
	if c.Role != nil {
		form.Role = *c.Role
	}
	if kind == migrations.Conflict && now.Version != version && c.Enabled == nil {
		return s.stale(w, r, staleView{What: now.Name, Action: r.URL.Path, Back: r.URL.Path, Version: now.Version, Fields: []staleField{
			{Name: "name", Label: s.words.say("field.name"), Now: now.Name, Yours: form.Name}, {Name: "email", Label: s.words.say("field.email"), Now: now.Email, Yours: form.Email},
			staleChoice("role", s.words.say("field.role"), string(now.Role), string(form.Role), func(v string) string { return s.words.say("role." + v) })}})
	}
	return s.showAccount(w, r, kindStatus[kind], now, form, migrations.SafeMessage(err))
}

// sendLink mails somebody a link with which they choose a password.
func (s *site) sendLink(w http.ResponseWriter, r *http.Request) error {
	id, _, err := edits(r)
	if err != nil {
		return err
	}
	a, err := s.store.SendLink(r.Context(), actorOf(r), id)
	if err != nil {
		return err
	}
	s.flash(r, "accounts.link_sent", a.Email)
	return seeOther(w, r, fmt.Sprintf("/accounts/%d", id))
}

func (s *site) withdrawLinks(w http.ResponseWriter, r *http.Request) error {
	id, _, err := edits(r)
	if err != nil {
		return err
	}
	a, err := s.store.WithdrawLinks(r.Context(), actorOf(r), id)
	if err != nil {
		return err
	}
	s.flash(r, "accounts.withdrawn", a.Name)
	return seeOther(w, r, fmt.Sprintf("/accounts/%d", id))
}

func (s *site) showLink(w http.ResponseWriter, r *http.Request) error {
	id, _, err := edits(r)
	if err != nil {
		return err
	}
	return s.linkPage(w, r, id)
}

// linkView is the page that shows a link once.
type linkView struct {
	Account tracker.Account
	URL     string
	Expires migrations.Stamp
}

func (s *site) linkPage(w http.ResponseWriter, r *http.Request, id int64) error {
	a, token, expires, err := s.store.ShowLink(r.Context(), actorOf(r), id)
	if err != nil {
		return err
	}
	base := strings.TrimRight(s.opts.PublicURL, "/")
	if base == "" { // only where nothing is configured, as in a first try
		base = "http://" + r.Host
	}
	w.Header().Set("Referrer-Policy", "strict-origin")
	return s.render(w, r, http.StatusOK, "account-link", view{Title: s.words.say("link.title"), Section: "accounts",
		Data: linkView{Account: a, URL: base + "/choose-password?t=" + token, Expires: expires}})
}
