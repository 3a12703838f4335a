package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Alarms is what looks after the desk on this node.
type Alarms interface {
	// Ways returns the routes beside the banner that the configuration file has.
	Ways(ctx context.Context) []AlarmWay
	// Test tells a route that it is tried, and notes how that went; NotFound
	// where there is no such route.
	Test(ctx context.Context, actor tracker.Actor, name string) error
	// Ready returns why this node should be sent no requests, in words that
	// anybody may read; none where it is ready.
	Ready(ctx context.Context) []string
}

// AlarmWay is a route by which people are told of alarms.
type AlarmWay struct {
	Name string // tracker.RouteMail, tracker.RouteWebhook
	To   string // whom or where, without secrets
	File bool   // of the configuration file: it can not be changed here
}

// alarmView is an alarm on a page.
type alarmView struct {
	tracker.Alarm
	AlarmText
	Page string // where to do something about it, "" for nowhere
}

// alarmPages says where to do something about a kind of alarm.
var alarmPages = map[string]string{
	tracker.AlarmUnread: "/mail", tracker.AlarmSignIn: "/mail", tracker.AlarmSend: "/mail", tracker.AlarmOutboxOld: "/mail",
	tracker.AlarmUncertain: "/mail?show=out-uncertain#list", tracker.AlarmDead: "/mail?show=out-dead#list", tracker.AlarmQuarantine: "/mail?show=quarantine#list",
	tracker.AlarmPlaceholder: "/mail?show=quarantine#list", tracker.AlarmRefresh: "/settings/mailboxes", tracker.AlarmSecret: "/settings/mailboxes", tracker.AlarmBackup: "/settings/backup",
	tracker.AlarmUndecided: "/mail", tracker.AlarmRoute: "/settings/alarms",
}

func (s *site) alarmViews(list []tracker.Alarm, admin bool) []alarmView {
	w := AlarmWords{s.words}
	var all []alarmView
	for _, a := range list {
		page := alarmPages[a.Kind]
		if strings.HasPrefix(page, "/settings") && !admin {
			page = ""
		}
		all = append(all, alarmView{Alarm: a, AlarmText: w.Text(a), Page: page})
	}
	return all
}

// alarmBanner is what every page of those who work shows while something is wrong.
type alarmBanner struct {
	First string // the oldest that nobody looks after
	N     int    // how many there are
	Live  bool
}

// More is how many there are besides the first.
func (b alarmBanner) More() int { return b.N - 1 }

// alarmBanner reads what is wrong, but for what is muted or looked after.
func (s *site) alarmBanner(ctx context.Context) alarmBanner {
	list, err := s.store.OpenAlarms(ctx)
	if err != nil {
		return alarmBanner{} // the page has its own words for a database that is away
	}
	var b alarmBanner
	w := AlarmWords{s.words}
	for _, a := range list {
		if a.Until != 0 || a.SeenAt != 0 {
			continue
		}
		if b.N++; b.N == 1 {
			b.First = w.Text(a).Title
		}
	}
	return b
}

func (s *site) showAlarmBanner(w http.ResponseWriter, r *http.Request) error {
	b := s.alarmBanner(r.Context())
	b.Live = r.URL.Query().Get("on") == "live"
	return s.fragment(w, r, "alarms", "alarm-banner", b)
}

// alarmsView is the page on what is wrong.
type alarmsView struct {
	Open, Past []alarmView
	More       string
	Kinds      []AlarmText // all that there can be, explained
	Admin      bool
	Hours      []choice
}

func (s *site) alarms(w http.ResponseWriter, r *http.Request) error {
	open, err := s.store.OpenAlarms(r.Context())
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	past, more, err := s.store.PastAlarms(r.Context(), before, 20)
	if err != nil {
		return err
	}
	admin := accountOf(r.Context()).Role == tracker.Admin
	v := alarmsView{Open: s.alarmViews(open, admin), Past: s.alarmViews(past, admin), Admin: admin}
	if more != 0 {
		v.More = "/alarms?before=" + strconv.FormatInt(more, 10) + "#past"
	}
	for _, kind := range tracker.AlarmKinds() {
		v.Kinds = append(v.Kinds, AlarmWords{s.words}.Text(tracker.Alarm{Kind: kind, About: "…", Node: "…"}))
	}
	for _, h := range []int{1, 4, 24, 168} {
		v.Hours = append(v.Hours, choice{Value: strconv.Itoa(h), Word: s.words.say("alarms.for." + strconv.Itoa(h))})
	}
	return s.render(w, r, http.StatusOK, "alarms", view{Title: s.words.say("alarms.title"), Section: "mail", Live: true, Data: v})
}

func (s *site) seeAlarm(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if err := s.store.SeeAlarm(r.Context(), actorOf(r), id); err != nil {
		return err
	}
	s.flash(r, "alarms.flash.seen")
	return seeOther(w, r, "/alarms")
}

func (s *site) muteAlarm(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	hours, err := formInt(r, "hours")
	if err != nil || hours < 0 || hours > 24*31 {
		return migrations.Invalidf("An alarm is muted for 31 days at most.")
	}
	if err := s.store.MuteAlarm(r.Context(), actorOf(r), id, time.Duration(hours)*time.Hour); err != nil {
		return err
	}
	if hours == 0 {
		s.flash(r, "alarms.flash.unmuted")
	} else {
		s.flash(r, "alarms.flash.muted")
	}
	return seeOther(w, r, "/alarms")
}

// forgetNode takes a silent node off the list of those that are expected.
func (s *site) forgetNode(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	open, err := s.store.OpenAlarms(r.Context())
	if err != nil {
		return err
	}
	for _, a := range open {
		if a.ID == id && a.Kind == tracker.AlarmNode {
			if err := s.store.ForgetNode(r.Context(), actorOf(r), a.About); err != nil {
				return err
			}
			s.flash(r, "alarms.flash.forgotten")
			return seeOther(w, r, "/alarms")
		}
	}
	return migrations.NotFoundf("There is no such alarm.")
}

// alarmSettings are the numbers on the settings page.
var alarmSettings = []string{tracker.SetAlarmUnread, tracker.SetAlarmOutbox, tracker.SetAlarmDisk, tracker.SetAlarmDays, tracker.SetAlarmBackup}

// alarmSettingsView is the settings page on alarms.
type alarmSettingsView struct {
	settingsFrame
	Ways    []wayView
	Missing []wayView // that there might be, too
	Problem string    // why those of the site do not work
}

func (s *site) alarmSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "alarms", alarmSettings...)
	if err != nil {
		return err
	}
	return s.showAlarmSettings(w, r, http.StatusOK, f)
}

func (s *site) saveAlarmSettings(w http.ResponseWriter, r *http.Request) error {
	return s.saveSettings(w, r, "alarms", "/settings/alarms", typedSettings(r, alarmSettings...), func(status int, f settingsFrame) error {
		return s.showAlarmSettings(w, r, status, f)
	})
}

func (s *site) showAlarmSettings(w http.ResponseWriter, r *http.Request, status int, f settingsFrame) error {
	ways, missing, problem, err := s.alarmWays(r.Context())
	if err != nil {
		return err
	}
	return s.renderSettings(w, r, status, "alarms", alarmSettingsView{f, ways, missing, problem})
}

// testAlarm tries a route. How it went is shown on the page it goes back to.
func (s *site) testAlarm(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Alarms == nil {
		return migrations.NotFoundf("not found")
	}
	if err := s.opts.Alarms.Test(r.Context(), actorOf(r), r.PostFormValue("route")); err != nil {
		return err
	}
	s.flash(r, "alarms.flash.tested")
	return seeOther(w, r, "/settings/alarms")
}
