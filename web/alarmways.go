package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// wayView is a route, with how it fares.
type wayView struct {
	AlarmWay
	tracker.RouteState
	Word string
	Edit string // where it is changed, or made
}

var alarmWayPages = map[string]string{tracker.RouteMail: "/settings/alarms/mail", tracker.RouteWebhook: "/settings/alarms/webhook"}

// alarmWays returns the routes that there are, in their order, those that
// there might be, and why those of the site do not work.
func (s *site) alarmWays(ctx context.Context) (ways, missing []wayView, problem string, err error) {
	if s.opts.Alarms == nil {
		return nil, nil, "", nil
	}
	states, err := s.store.AlarmRoutes(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	made, err := s.store.AlarmWays(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	all := s.opts.Alarms.Ways(ctx)
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(w AlarmWay) bool { return w.Name == name })
	}
	if made.Mail != nil && !has(tracker.RouteMail) {
		all = append(all, AlarmWay{Name: tracker.RouteMail, To: strings.Join(made.Mail.To, ", ")})
	}
	if made.Hook != nil && !has(tracker.RouteWebhook) {
		all = append(all, AlarmWay{Name: tracker.RouteWebhook, To: made.Hook.Host})
	}
	for _, name := range []string{tracker.RouteMail, tracker.RouteWebhook} {
		v := wayView{AlarmWay: AlarmWay{Name: name}, Word: s.words.say("alarms.way." + name), Edit: alarmWayPages[name]}
		i := slices.IndexFunc(all, func(w AlarmWay) bool { return w.Name == name })
		if i < 0 {
			missing = append(missing, v)
			continue
		}
		v.AlarmWay, v.RouteState = all[i], states[name]
		ways = append(ways, v)
	}
	return ways, missing, made.Problem, nil
}

// alarmWayForm is the form that makes or changes a route.
type alarmWayForm struct {
	Nav        []tab
	Problems   problems
	Name       string
	Action     string
	Version    int64 // 0: it is made
	Mail       tracker.AlarmMail
	Hook       tracker.AlarmHook
	Port, To   string
	Securities []choice
	Kept       bool // a secret is there already, and stays where none is written
}

// alarmWay finds what a page is about. What the configuration file has can not
// be changed here.
func (s *site) alarmWay(r *http.Request, name string) (alarmWayForm, error) {
	f := alarmWayForm{Nav: s.settingsNav("alarms"), Name: name, Action: alarmWayPages[name], Mail: tracker.AlarmMail{Security: "starttls"},
		Securities: s.wordChoices("box.security.", "tls", "starttls", "plain")}
	if s.opts.Alarms == nil {
		return f, migrations.NotFoundf("There is no such route.")
	}
	if slices.ContainsFunc(s.opts.Alarms.Ways(r.Context()), func(w AlarmWay) bool { return w.Name == name }) {
		return f, migrations.Conflictf("The configuration file has this way, and it is changed there.")
	}
	made, err := s.store.AlarmWays(r.Context())
	if err != nil {
		return f, err
	}
	if m := made.Mail; m != nil && name == tracker.RouteMail {
		f.Mail, f.Version, f.To, f.Kept = *m, made.MailVersion, strings.Join(m.To, "\n"), m.Password != ""
		if m.Port != 0 {
			f.Port = strconv.Itoa(m.Port)
		}
	}
	if h := made.Hook; h != nil && name == tracker.RouteWebhook {
		f.Version, f.Kept = made.HookVersion, h.Secret != ""
		f.Hook.Host = h.Host // the address itself is a secret
	}
	return f, nil
}

func (s *site) alarmMailPage(w http.ResponseWriter, r *http.Request) error {
	return s.alarmWayPage(w, r, tracker.RouteMail)
}

func (s *site) alarmHookPage(w http.ResponseWriter, r *http.Request) error {
	return s.alarmWayPage(w, r, tracker.RouteWebhook)
}

func (s *site) alarmWayPage(w http.ResponseWriter, r *http.Request, name string) error {
	f, err := s.alarmWay(r, name)
	if err != nil {
		return err
	}
	return s.showAlarmWay(w, r, http.StatusOK, f)
}

func (s *site) showAlarmWay(w http.ResponseWriter, r *http.Request, status int, f alarmWayForm) error {
	return s.render(w, r, status, "alarmway", view{Title: s.words.say("alarms.way.title_" + f.Name), Section: "settings", Data: f})
}

func (s *site) saveAlarmMail(w http.ResponseWriter, r *http.Request) error {
	f, err := s.alarmWay(r, tracker.RouteMail)
	if err != nil {
		return err
	}
	text := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	f.Mail = tracker.AlarmMail{Host: text("host"), Security: text("security"), Username: text("username"), From: text("from"), To: listOf(r, "to"), Password: r.PostFormValue("password")}
	f.Port, f.To = text("port"), r.PostFormValue("to")
	if f.Port != "" {
		if f.Mail.Port, err = strconv.Atoi(f.Port); err != nil {
			f.Problems.put(migrations.InvalidAt("port", "Please write a number."))
		}
	}
	return s.saveAlarmWay(w, r, f, func(version int64) error { return s.store.SetAlarmMail(r.Context(), actorOf(r), f.Mail, version) })
}

func (s *site) saveAlarmHook(w http.ResponseWriter, r *http.Request) error {
	f, err := s.alarmWay(r, tracker.RouteWebhook)
	if err != nil {
		return err
	}
	f.Hook.URL, f.Hook.Secret = strings.TrimSpace(r.PostFormValue("url")), r.PostFormValue("secret")
	return s.saveAlarmWay(w, r, f, func(version int64) error { return s.store.SetAlarmHook(r.Context(), actorOf(r), f.Hook, version) })
}

// saveAlarmWay saves what was typed, or shows it again with what is wrong.
func (s *site) saveAlarmWay(w http.ResponseWriter, r *http.Request, f alarmWayForm, save func(version int64) error) error {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return errForm
	}
	now := f.Version
	f.Version = version
	if f.Problems.Any() {
		return s.showAlarmWay(w, r, http.StatusUnprocessableEntity, f)
	}
	err = save(version)
	if migrations.KindOf(err) == migrations.Conflict {
		f.Version, f.Problems = now, problems{"": s.words.say("alarms.way.stale")}
		return s.showAlarmWay(w, r, http.StatusConflict, f)
	}
	if err != nil {
		if err := f.Problems.add(err); err != nil {
			return err
		}
		return s.showAlarmWay(w, r, http.StatusUnprocessableEntity, f)
	}
	s.flash(r, "alarms.flash.way")
	return seeOther(w, r, "/settings/alarms")
}

// removeAlarmWay forgets a route that was made here.
func (s *site) removeAlarmWay(w http.ResponseWriter, r *http.Request) error {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return errForm
	}
	if err := s.store.RemoveAlarmWay(r.Context(), actorOf(r), r.PostFormValue("route"), version); err != nil {
		return err
	}
	s.flash(r, "alarms.flash.way_removed")
	return seeOther(w, r, "/settings/alarms")
}
