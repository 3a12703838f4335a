package web

import (
	"slices"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// AlarmWords are the words for alarms, for those who tell people of them by
// other ways than pages.
type AlarmWords struct{ w words }

// LoadAlarmWords returns them in a language of the catalogue.
func LoadAlarmWords(language string) (AlarmWords, error) {
	w, err := loadWords(language)
	return AlarmWords{w}, err
}

// AlarmText is an alarm in words.
type AlarmText struct{ Title, Means, Do string }

// Text returns an alarm in words.
func (x AlarmWords) Text(a tracker.Alarm) AlarmText {
	about := a.About
	switch {
	case a.Kind == tracker.AlarmRoute:
		about = x.w.say("alarm.route_name." + a.About)
	case x.w.has("alarm.job." + a.About):
		about = x.w.say("alarm.job." + a.About)
	}
	key := "alarm." + a.Kind
	if !x.w.has(key + ".title") {
		return AlarmText{Title: a.Kind + " " + a.About}
	}
	return AlarmText{Title: x.w.say(key+".title", about, a.Node), Means: x.w.say(key + ".means"), Do: x.w.say(key + ".do")}
}

// Letter is what a route tells of some edges: the subject, and the text.
// Times are UTC, since nobody knows where it is read.
func (x AlarmWords) Letter(list []tracker.Notice, page string) (subject, text string) {
	if len(list) == 0 {
		return x.w.say("alarm.text.test"), x.w.say("alarm.text.test_more")
	}
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	var parts []string
	for _, n := range list {
		t := x.Text(n.Alarm)
		title := x.w.say("alarm.text."+n.Edge, t.Title)
		if subject == "" {
			subject = title
		}
		p := []string{title}
		if n.Detail != "" {
			p = append(p, n.Detail)
		}
		if n.Edge == tracker.EdgeClear {
			p = append(p, x.w.say("alarm.text.was", at(n.Since.Time()), at(n.ClearedAt.Time())))
		} else {
			p = append(p, x.w.say("alarm.text.since", at(n.Since.Time())), "", t.Means, t.Do)
		}
		if n.Node != "" {
			p = append(p, x.w.say("alarm.text.node", n.Node))
		}
		parts = append(parts, strings.Join(p, "\n"))
	}
	if len(list) > 1 {
		begins := slices.ContainsFunc(list, func(n tracker.Notice) bool { return n.Edge == tracker.EdgeBegin })
		edge := tracker.EdgeClear
		if begins {
			edge = tracker.EdgeBegin
		}
		subject = x.w.say("alarm.text."+edge, x.w.say("alarm.text.many", len(list)))
	}
	text = strings.Join(parts, "\n\n")
	if page != "" {
		text += "\n\n" + x.w.say("alarm.text.page", page)
	}
	return subject, text
}
