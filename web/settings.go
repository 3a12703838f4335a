package web

import (
	"net/http"
	"net/url"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// settingsView is the settings page: the values by their names.
type settingsView struct {
	Values  map[string]string
	Problem string
}

// onSettingsPage are the settings that the page shows and may change; no
// other name is taken from the form.
func onSettingsPage() []string {
	return []string{tracker.SetCompany, tracker.SetFormLink, tracker.SetSignature, tracker.SetAck}
}

func (s *site) settings(w http.ResponseWriter, r *http.Request) error {
	v := settingsView{Values: map[string]string{}}
	for _, name := range onSettingsPage() {
		value, err := s.store.Setting(r.Context(), name)
		if err != nil {
			return err
		}
		v.Values[name] = value
	}
	return s.settingsPage(w, r, http.StatusOK, v)
}

func (s *site) settingsPage(w http.ResponseWriter, r *http.Request, status int, v settingsView) error {
	return s.render(w, r, status, "settings", view{Title: s.words.say("nav.settings"), Section: "settings", Data: v})
}

func (s *site) changeSettings(w http.ResponseWriter, r *http.Request) error {
	v := settingsView{Values: map[string]string{}}
	for _, name := range onSettingsPage() {
		v.Values[name] = strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n"))
	}
	if v.Values[tracker.SetAck] != "on" {
		v.Values[tracker.SetAck] = "off"
	}
	if link := v.Values[tracker.SetFormLink]; link != "" {
		if u, err := url.Parse(link); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			v.Problem = s.words.say("settings.bad_link")
			return s.settingsPage(w, r, http.StatusUnprocessableEntity, v)
		}
	}
	for _, name := range onSettingsPage() {
		if len(v.Values[name]) > 4000 {
			return migrations.Invalidf("%s", s.words.say("settings.too_long"))
		}
		was, err := s.store.Setting(r.Context(), name)
		if err != nil {
			return err
		}
		if was == v.Values[name] {
			continue
		}
		if err := s.store.SetSetting(r.Context(), actorOf(r), name, v.Values[name]); err != nil {
			return err
		}
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings")
}
