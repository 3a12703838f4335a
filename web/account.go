package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// ownView is one's own account page.
type ownView struct {
	Wrong       problems // with the password
	Notifies    []choice
	Min         int
	Zone        string // "" for the server's
	ZoneProblem string
	Zones       []string
	ServerZone  string
	Digests     []choice // the hours at which a digest can come
	Digest      string   // the one that is set, "" for none
	Works       bool     // answers tickets: has a signature, and replies
	Signature   signatureForm
	Now         time.Time
}

func (s *site) ownAccount(w http.ResponseWriter, r *http.Request) error {
	return s.ownPage(w, r, http.StatusOK, nil)
}

func (s *site) ownPage(w http.ResponseWriter, r *http.Request, status int, wrong problems) error {
	return s.renderOwn(w, r, status, ownView{Wrong: wrong, Zone: zoneOf(r)})
}

func (s *site) renderOwn(w http.ResponseWriter, r *http.Request, status int, v ownView) error {
	v.Min, v.Zones, v.Now = tracker.MinPassword, commonZones(), s.store.Now()
	for _, k := range []string{"all", "mine", "none"} {
		v.Notifies = append(v.Notifies, choice{Value: k, Word: s.words.say("notify." + k)})
	}
	v.Digests = []choice{{Word: s.words.say("account.digest_none")}}
	for hour := range 24 {
		v.Digests = append(v.Digests, choice{Value: strconv.Itoa(hour), Word: s.words.say("account.digest_at", fmt.Sprintf("%d:00", hour))})
	}
	me := accountOf(r.Context())
	if me.DigestHour != tracker.NoDigest {
		v.Digest = strconv.FormatInt(me.DigestHour, 10)
	}
	if v.Works = tracker.May(*me, tracker.WorkTickets); !v.Signature.Given {
		v.Signature.Typed = me.Signature
	}
	v.Signature.Was, v.Signature.Version = me.Signature, me.Version
	if v.Works {
		v.Signature.Sample = s.signatureSample(r, v.Signature.Typed)
	}
	v.ServerZone, _ = v.Now.Local().Zone()
	return s.render(w, r, status, "account", view{Title: s.words.say("nav.account"), Section: "account", Data: v})
}

// changePassword asks for the old password, and signs every other session out.
func (s *site) changePassword(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	me := accountOf(ctx)
	if _, err := s.store.CheckPassword(ctx, me.Email, r.PostFormValue("old"), s.clientIP(r)); err != nil {
		if migrations.KindOf(err) == migrations.Denied {
			return s.ownPage(w, r, http.StatusUnprocessableEntity, problems{"old": s.words.say("account.wrong_old")})
		}
		return err
	}
	if r.PostFormValue("new") != r.PostFormValue("again") {
		return s.ownPage(w, r, http.StatusUnprocessableEntity, problems{"again": s.words.say("account.not_twice")})
	}
	// The session gets a new id, and the change ends all the others.
	if err := s.store.SetPassword(ctx, actorOf(r), me.ID, r.PostFormValue("new"), s.sessions.Token(ctx)); err != nil {
		if migrations.KindOf(err) == migrations.Invalid {
			return s.ownPage(w, r, http.StatusUnprocessableEntity, problems{"new": migrations.SafeMessage(err)})
		}
		return err
	}
	now, err := s.store.Account(ctx, me.ID)
	if err != nil {
		return err
	}
	if err := s.signIn(r, now); err != nil {
		return err
	}
	s.flash(r, "account.password_changed")
	return seeOther(w, r, "/account")
}

func (s *site) changeNotify(w http.ResponseWriter, r *http.Request) error {
	notify := r.PostFormValue("notify")
	me := accountOf(r.Context())
	change := tracker.AccountChange{Notify: &notify}
	if r.PostForm.Has("digest") {
		hour := tracker.NoDigest
		if text := r.PostFormValue("digest"); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return errForm
			}
			hour = n
		}
		change.DigestHour = &hour
	}
	if _, err := s.store.UpdateAccount(r.Context(), actorOf(r), me.ID, change, tracker.AnyVersion); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/account")
}

// changeZone keeps the zone that times are shown in. A page's script tells the
// browser's once (first=1): it never changes a zone that is set.
func (s *site) changeZone(w http.ResponseWriter, r *http.Request) error {
	if !r.PostForm.Has("zone") {
		return errForm
	}
	zone := strings.TrimSpace(r.PostFormValue("zone"))
	me := accountOf(r.Context())
	first := r.PostFormValue("first") != ""
	if first && me.Zone != "" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	err := s.store.SetZone(r.Context(), actorOf(r), me.ID, zone)
	if first && migrations.KindOf(err) == migrations.Invalid { // a zone that only browsers know
		err = nil
	}
	if migrations.KindOf(err) == migrations.Invalid {
		return s.renderOwn(w, r, http.StatusUnprocessableEntity, ownView{ZoneProblem: migrations.SafeMessage(err), Zone: zone})
	}
	if err != nil {
		return err
	}
	if first {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/account")
}

func (s *site) changeTheme(w http.ResponseWriter, r *http.Request) error {
	if !r.PostForm.Has("theme") {
		return errForm
	}
	c := &http.Cookie{Name: themeCookie, Path: "/", SameSite: http.SameSiteLaxMode, Secure: s.secure, HttpOnly: true, MaxAge: int(365 * 24 * time.Hour / time.Second)}
	switch v := r.PostFormValue("theme"); v {
	case "light", "dark":
		c.Value = v
	default:
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	return seeOther(w, r, backTo(r, "/account"))
}

// backTo returns the page that a form was sent from.
func backTo(r *http.Request, fallback string) string {
	if p := pathOf(r.Header.Get("Referer")); p != "" {
		return p
	}
	return fallback
}
