package web

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"helpdeskd/tracker"
)

//go:embed templates
var templateFiles embed.FS

// view is what a page's template gets: the frame's own needs, and the page's data.
type view struct {
	Title   string
	Section string // which entry of the rail is lit
	Bare    bool   // without rail and search: sign-in, first run
	Live    bool   // listens for changes
	Here    bool   // and for who comes to a ticket's page and leaves it
	Data    any

	// dress fills in the rest.
	Me      *tracker.Account
	Company string
	Logo    string // uid of the company's logo, "" for none
	Version string
	Banner  string
	Theme   string // light, dark, or "" to follow the system
	Flash   string
	Undo    *undo  // what takes back what Flash tells, nil for nothing
	More    string // the address of where more is said of it
	Query   string // what stands in the search field
	HeldN   int    // mails that wait for a decision
	Alarms  alarmBanner
	Since   int64 // the newest event when the page was rendered
}

// Works reports whether the person works tickets (not a manager).
func (v view) Works() bool { return v.Me != nil && v.Me.Role != tracker.Manager }

// Admin reports whether the person is an administrator.
func (v view) Admin() bool { return v.Me != nil && v.Me.Role == tracker.Admin }

// dress adds what every page shows.
func (s *site) dress(r *http.Request, v *view) {
	ctx := r.Context()
	v.Version, v.Banner = s.opts.Version, s.opts.Banner
	if known, err := s.store.KnownSettings(ctx); err == nil {
		v.Company, v.Logo = known[tracker.SetCompany], known[tracker.SetLogo]
	}
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		v.Theme = c.Value
	}
	me := accountOf(ctx)
	if me == nil {
		return
	}
	v.Me = me
	if !r.URL.Query().Has("live") { // what the page asks by itself is read by nobody
		v.Flash, v.More = s.sessions.PopString(ctx, "flash"), s.sessions.PopString(ctx, "flash.more")
		v.Undo = undoOf(s.sessions.PopString(ctx, "flash.undo"))
	}
	if v.Works() {
		v.HeldN, _ = s.store.HeldCount(ctx)
		v.Alarms = s.alarmBanner(ctx)
		v.Alarms.Live = v.Live
		if v.Live {
			v.Since, _ = s.store.LastEvent(ctx)
		}
	}
}

// baseTemplates parses the layout and the components; times are what templates
// call to write those.
func (s *site) baseTemplates(times template.FuncMap) (*template.Template, error) {
	base, err := template.New("base").Funcs(s.allFuncs(times)).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	return base, nil
}

// allFuncs are all that templates may call.
func (s *site) allFuncs(times template.FuncMap) template.FuncMap {
	all := s.funcs()
	maps.Copy(all, s.thingFuncs())
	maps.Copy(all, times)
	return all
}

// funcs are what templates may call.
func (s *site) funcs() template.FuncMap {
	return template.FuncMap{
		"t":        s.words.say,
		"asset":    s.assets.url,
		"icon":     s.icon,
		"size":     size,
		"initials": initials,
		"hue":      hue,
		"priority": s.priority,
		"deadline": s.deadline,
		"pack":     pack,
		"list":     func(all ...string) []string { return all },
		"lines":    lines,
		"linkify":  linkify,
		"banner":   bannerLinks,
		"join":     strings.Join,
		"query":    url.QueryEscape,
		"stages":   func() []string { return slices.Clone(stageOrder) },
		"jsWords": func() map[string]string {
			return s.words.pick("time.", "age.", "live.", "board.move", "pick.", "suggest.", "keys.title", "keys.close", "keys.all", "draft.", "send.", "arrived", "back.")
		},
		"ref": tracker.TicketName,
	}
}

// icon draws one of the vendored icons out of the sprite.
func (s *site) icon(name string) (template.HTML, error) {
	u, err := s.assets.url("icons.svg")
	if err != nil {
		return "", err
	}
	return template.HTML(`<svg class="i" width="20" height="20" aria-hidden="true"><use href="` + u + `#` + template.HTMLEscapeString(name) + `"/></svg>`), nil
}

// pack makes a map of pairs, to hand several values to a component.
func pack(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("pack needs pairs")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("pack needs names")
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// initials are the one or two letters in a person's disc.
func initials(name string) string {
	var out []rune
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(".,@-_", r) }) {
		r := []rune(w)[0]
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		out = append(out, unicode.ToUpper(r))
		if len(out) == 2 {
			break
		}
	}
	if len(out) == 0 {
		return "?"
	}
	return string(out)
}

// hue is a steady number from 0 to 7 for a name: the colour of its disc.
func hue(name string) int {
	h := 0
	for _, r := range name {
		h = (h*31 + int(r)) & 0xffff
	}
	return h % 8
}

// lines counts the lines of a text.
func lines(text string) int { return strings.Count(strings.TrimSpace(text), "\n") + 1 }
