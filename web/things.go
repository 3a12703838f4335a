package web

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// What the pages of assets, places and models share.

func assetPath(id int64) string    { return "/assets/" + strconv.FormatInt(id, 10) }
func locationPath(id int64) string { return "/locations/" + strconv.FormatInt(id, 10) }
func modelPath(id int64) string    { return "/models/" + strconv.FormatInt(id, 10) }

// tone is how a status is marked.
func tone(s inventory.Status) string {
	switch s {
	case inventory.Deployed:
		return "ask"
	case inventory.Repair, inventory.Maintenance:
		return "work"
	case inventory.Retired, inventory.Disposed:
		return "off"
	}
	return "wait"
}

// categoryIcons draw what kind of thing something is.
var categoryIcons = map[inventory.Category]string{"computer": "device-laptop", "screen": "device-desktop", "phone": "device-mobile", "printer": "printer",
	"network": "router", "server": "server", "audio_visual": "video", "part": "cpu", "service": "cloud", "other": "box"}

func categoryIcon(c inventory.Category) string {
	if icon := categoryIcons[c]; icon != "" {
		return icon
	}
	return "box"
}

// day writes a calendar date, "2026-11-22", as 22 Nov 2026.
func (s *site) day(text string) string {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return strconv.Itoa(d.Day()) + " " + s.words.say("month.short."+strconv.Itoa(int(d.Month()))) + " " + strconv.Itoa(d.Year())
}

// today is the date here.
func (s *site) today() time.Time {
	y, m, d := s.store.Now().Local().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// aheadOf says how far away a date is: in 3 months, 5 days ago.
func (s *site) aheadOf(text string) string {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return ""
	}
	days := int(d.Sub(s.today()).Hours() / 24)
	key := "thing.in_"
	if days < 0 {
		key, days = "thing.ago_", -days
	}
	switch {
	case days == 0:
		return s.words.say("thing.today")
	case days < 60:
		return s.words.say(key+"days", days)
	case days < 730:
		return s.words.say(key+"months", days/30)
	}
	return s.words.say(key+"years", days/365)
}

// isDate reports whether a text is a calendar date, or empty.
func isDate(text string) bool {
	if text == "" {
		return true
	}
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// whereabouts is whom or where a picker of the kind holder chose: client:12 or
// location:3.
type whereabouts struct{ person, place int64 }

func whereaboutsOf(value string) (w whereabouts, ok bool) {
	what, number, _ := strings.Cut(value, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 {
		return w, false
	}
	switch what {
	case tracker.KindClient:
		w.person = id
	case "location":
		w.place = id
	default:
		return w, false
	}
	return w, true
}

// pickedNamed looks up what a value of the kinds holder and stow names.
func (s *site) pickedNamed(ctx context.Context, value string) (picked, error) {
	at, ok := whereaboutsOf(value)
	switch {
	case !ok:
		return picked{}, migrations.NotFoundf("There is no such person or place.")
	case at.person != 0:
		c, err := s.store.ClientByID(ctx, at.person)
		return picked{Value: value, Text: c.Name, Note: c.Department}, err
	}
	l, err := s.things.Location(ctx, at.place)
	return picked{Value: value, Text: l.Path}, err
}

// recentPicks returns whom, or where, things went lately.
func (s *site) recentPicks(ctx context.Context, people bool, limit int) ([]picked, error) {
	rows, err := s.things.RecentPlaces(ctx, limit)
	what := "location:"
	if people {
		rows, err = s.things.RecentHolders(ctx, limit)
		what = tracker.KindClient + ":"
	}
	if err != nil {
		return nil, err
	}
	all := make([]picked, len(rows))
	for i, row := range rows {
		all[i] = picked{Value: what + strconv.FormatInt(row.ID, 10), Text: row.Name}
	}
	return all, nil
}

// returnTo returns where a form wants to go afterwards: a list of ours.
func returnTo(r *http.Request, fallback string) string {
	return localPath(r.FormValue("back"), fallback)
}

// queryInt reads a number out of an address, 0 where there is none.
func queryInt(q url.Values, key string) int64 {
	n, _ := strconv.ParseInt(q.Get(key), 10, 64)
	return max(n, 0)
}

var moveIcons = map[string]string{doStow: "building-warehouse", doDeploy: "user-check", doRetire: "archive", doDispose: "trash", doCount: "list-details"}

// numberType is the type of a field for whole numbers: browsers throw away
// what is none, so what somebody typed wrong goes back into a text field.
func numberType(text string) string {
	if _, err := strconv.ParseInt(text, 10, 64); text != "" && err != nil {
		return "text"
	}
	return "number"
}

// dateType is the same for dates.
func dateType(text string) string {
	if !isDate(text) {
		return "text"
	}
	return "date"
}

// thingFuncs are what templates of things may call.
func (s *site) thingFuncs() template.FuncMap {
	return template.FuncMap{
		"tone": tone, "categoryIcon": categoryIcon, "kindIcon": kindIcon, "numberType": numberType, "dateType": dateType, "day": s.day,
		"categoryIconOf": func(c string) string { return categoryIcon(inventory.Category(c)) },
		"moveIcon":       func(do string) string { return moveIcons[do] },
	}
}
