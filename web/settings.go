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
	Values     map[string]string
	Categories []tracker.Category
	Problem    string
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
	var err error
	if v.Categories, err = s.store.Categories(r.Context(), true); err != nil {
		return err
	}
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

// saveCategory adds a category (no id), renames one, or archives it.
func (s *site) saveCategory(w http.ResponseWriter, r *http.Request) error {
	id, err := formInt(r, "id")
	if err != nil {
		return err
	}
	all, err := s.store.Categories(r.Context(), true)
	if err != nil {
		return err
	}
	c := tracker.Category{Position: int64(len(all) + 1)}
	for _, known := range all {
		if known.ID == id {
			c = known
		}
	}
	if id != 0 && c.ID == 0 {
		return migrations.NotFoundf("There is no such category.")
	}
	if name := r.PostFormValue("name"); name != "" {
		c.Name = name
	}
	if v := r.PostFormValue("archived"); v != "" {
		c.Archived = v == "true"
	}
	if _, err := s.store.SaveCategory(r.Context(), actorOf(r), c); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings#categories")
}
