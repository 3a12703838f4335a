package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// settingsFrame is what every settings page has: the way to the others, and
// what was wrong with the form that was sent.
type settingsFrame struct {
	Nav      []tab
	Values   map[string]string // by the setting's name, which is the field's
	Version  int64             // of these values together
	Problems problems
}

// Set reports whether an on-off setting is on.
func (f settingsFrame) Set(name string) bool { return f.Values[name] == "on" }

// settingsPages are the pages in their order; the first is the overview.
func settingsPages() []string {
	return []string{"", "mailboxes", "look", "mail", "hours", "targets", "categories", "forms", "tickets", "client", "alarms", "backup"}
}

var settingsIcons = map[string]string{"mailboxes": "mailbox", "look": "palette", "mail": "mail", "hours": "clock", "targets": "hourglass", "categories": "tags", "forms": "forms", "tickets": "list-details", "client": "user-circle", "alarms": "bell", "backup": "download"}

func (s *site) settingsNav(page string) []tab {
	var all []tab
	for _, p := range settingsPages() {
		if p == "" {
			continue
		}
		all = append(all, tab{Word: s.words.say("settings.page." + p), To: "/settings/" + p, Icon: settingsIcons[p], On: p == page})
	}
	return append(all, tab{Word: s.words.say("nav.accounts"), To: "/accounts", Icon: "user-cog"},
		tab{Word: s.words.say("audit.title"), To: "/audit", Icon: "history", On: page == "audit"})
}

// frame reads the settings of a page.
func (s *site) settingsFrame(r *http.Request, page string, names ...string) (settingsFrame, error) {
	f := settingsFrame{Nav: s.settingsNav(page)}
	var err error
	f.Values, f.Version, err = s.store.Settings(r.Context(), names...)
	return f, err
}

func (s *site) renderSettings(w http.ResponseWriter, r *http.Request, status int, page string, data any) error {
	title, name := s.words.say("nav.settings"), "settings"
	if page != "" {
		title, name = s.words.say("settings.page."+page), "settings-"+page
	}
	return s.render(w, r, status, name, view{Title: title, Section: "settings", Data: data})
}

// settings is the overview.
func (s *site) settings(w http.ResponseWriter, r *http.Request) error {
	type entry struct{ Word, Hint, To, Icon string }
	var all []entry
	for _, t := range s.settingsNav("") {
		key := "settings.about." + strings.Trim(strings.TrimPrefix(t.To, "/settings"), "/")
		all = append(all, entry{t.Word, s.words.say(key), t.To, t.Icon})
	}
	return s.renderSettings(w, r, http.StatusOK, "", all)
}

// saveSettings changes the settings that a form names, and no others. What
// was typed is shown again where something is wrong with it, and beside what
// is there now where somebody else changed it meanwhile.
func (s *site) saveSettings(w http.ResponseWriter, r *http.Request, page, back string, values map[string]string, again func(status int, f settingsFrame) error) error {
	if r.PostFormValue("version") == "" {
		return errForm
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	f := settingsFrame{Nav: s.settingsNav(page), Values: values, Version: version, Problems: problems{}}
	for name, v := range values {
		if _, err := tracker.CheckSetting(name, v); err != nil {
			f.Problems[migrations.FieldOf(err)] = migrations.SafeMessage(err)
		}
	}
	if f.Problems.Any() {
		return again(http.StatusUnprocessableEntity, f)
	}
	err = s.store.ChangeSettings(r.Context(), actorOf(r), values, version)
	if migrations.KindOf(err) == migrations.Conflict {
		return s.staleSettings(w, r, page, back, values)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, back)
}

// staleSettings shows what was typed beside what somebody else set meanwhile.
func (s *site) staleSettings(w http.ResponseWriter, r *http.Request, page, back string, values map[string]string) error {
	names := slices.Sorted(maps.Keys(values))
	now, version, err := s.store.Settings(r.Context(), names...)
	if err != nil {
		return err
	}
	v := staleView{What: s.words.say("settings.page." + page), Action: r.URL.Path, Back: back, Version: version}
	for _, name := range names {
		f := staleField{Name: name, Label: s.settingWord(name), Now: now[name], Yours: values[name]}
		switch name {
		case tracker.SetHours:
			f.Name, f.Now, f.Yours = "hours", s.hoursText(now[name]), s.hoursText(values[name])
		case tracker.SetAck, tracker.SetSatisfaction, tracker.SetAnnounce, tracker.SetTargets, tracker.SetRemindVendor:
			f = staleChoice(name, f.Label, now[name], values[name], s.yesNo)
		case tracker.SetNotify:
			f = staleChoice(name, f.Label, now[name], values[name], func(v string) string { return s.words.say("notify." + v) })
		}
		v.Fields = append(v.Fields, f)
	}
	return s.stale(w, r, v)
}

// yesNo words a box of a form: "1" and "on" are ticked.
func (s *site) yesNo(value string) string {
	if value == "1" || value == "on" {
		return s.words.say("audit.yes")
	}
	return s.words.say("audit.no")
}

// settingWord is what a setting is called on pages.
func (s *site) settingWord(name string) string {
	if w := "setting." + name; s.words.has(w) {
		return s.words.say(w)
	}
	return name
}

// typedSettings reads the settings of a form, and only those.
func typedSettings(r *http.Request, names ...string) map[string]string {
	values := map[string]string{}
	for _, name := range names {
		values[name] = strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n"))
	}
	return values
}

// ticketSettings are on the page about tickets.
var ticketSettings = []string{tracker.SetAck, tracker.SetTakeBack, tracker.SetSilentDays, tracker.SetArchive, tracker.SetPurge, tracker.SetBurst, tracker.SetCurrency, tracker.SetManagerNames, tracker.SetNotify}

// ticketsView is the page about tickets.
type ticketsView struct {
	settingsFrame
	Notify []choice
	Due    tracker.Due // what the purge would delete at once
	Seen   string      // the months for which that is shown, to be confirmed
}

func (s *site) notifyChoices() []choice {
	var all []choice
	for _, n := range []string{tracker.NotifyAll, tracker.NotifyMine, tracker.NotifyNone} {
		all = append(all, choice{Value: n, Word: s.words.say("notify." + n)})
	}
	return all
}

func (s *site) ticketSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "tickets", ticketSettings...)
	if err != nil {
		return err
	}
	due, err := s.purgeDue(r, f.Values[tracker.SetPurge])
	if err != nil {
		return err
	}
	return s.renderSettings(w, r, http.StatusOK, "tickets", ticketsView{settingsFrame: f, Notify: s.notifyChoices(), Due: due})
}

func (s *site) saveTicketSettings(w http.ResponseWriter, r *http.Request) error {
	values := typedSettings(r, ticketSettings...)
	if values[tracker.SetPurge] == "" { // a form from before
		values[tracker.SetPurge] = "0"
	}
	for _, name := range []string{tracker.SetBurst, tracker.SetTakeBack} { // the same
		if r.PostForm.Has(name) {
			continue
		}
		usual, err := s.store.Setting(r.Context(), name)
		if err != nil {
			return err
		}
		values[name] = usual
	}
	months := values[tracker.SetPurge]
	due, err := s.purgeDue(r, months)
	if err != nil {
		return err
	}
	now, err := s.store.Setting(r.Context(), tracker.SetPurge)
	if err != nil {
		return err
	}
	// What would be deleted at once is shown before it is.
	if due.Tickets > 0 && months != now && r.PostFormValue("purge_seen") != months {
		version, err := formInt(r, "version")
		if err != nil {
			return err
		}
		return s.renderSettings(w, r, http.StatusOK, "tickets", ticketsView{settingsFrame: settingsFrame{Nav: s.settingsNav("tickets"), Values: values, Version: version}, Notify: s.notifyChoices(), Due: due, Seen: months})
	}
	return s.saveSettings(w, r, "tickets", "/settings/tickets", values, func(status int, f settingsFrame) error {
		return s.renderSettings(w, r, status, "tickets", ticketsView{settingsFrame: f, Notify: s.notifyChoices(), Due: due})
	})
}
