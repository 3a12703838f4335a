package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

// auditPage is how many events a page shows, and auditFile how many the file
// holds at most.
const (
	auditPage = 60
	auditFile = 200_000
)

// auditRow is one event in words. What it is about stands between Before and
// After, as a link where it has a page.
type auditRow struct {
	tracker.EventRow
	Who, WhoTo                 string // the filter of who did it
	Before, Thing, To, After   string
	About, AboutTo, Do, KindTo string // the filters of what it is about, and of the kind
	Day, DayTo                 string
	NewDay                     bool // the first of its day
	Icon                       string
}

// auditView is the audit.
type auditView struct {
	settingsFrame
	Rows  []auditRow
	Chips []chip
	Pages pageLinks
	File  string // the address of the CSV file
}

// auditFilter reads a filter from an address; what is damaged filters nothing.
func (s *site) auditFilter(r *http.Request) (f tracker.EventFilter, before tracker.EventKey) {
	q := r.URL.Query()
	f.Actor, f.Subject, f.Kind = clip200(q.Get("actor")), clip200(q.Get("about")), clip200(q.Get("kind"))
	if day, err := time.ParseInLocation(time.DateOnly, q.Get("day"), s.face(zoneOf(r)).zone); err == nil {
		f.From, f.To = day, day.AddDate(0, 0, 1)
	}
	at, id, _ := strings.Cut(q.Get("after"), "-")
	a, err1 := strconv.ParseInt(at, 10, 64)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if err1 == nil && err2 == nil && n > 0 {
		before = tracker.EventKey{At: migrations.Stamp(a), ID: n}
	}
	return f, before
}

// clip200 bounds what is looked for.
func clip200(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "")
	}
	return s
}

func (s *site) audit(w http.ResponseWriter, r *http.Request) error {
	f, before := s.auditFilter(r)
	events, err := s.store.Events(r.Context(), f, before, auditPage+1)
	if err != nil {
		return err
	}
	v := auditView{settingsFrame: settingsFrame{Nav: s.settingsNav("audit")}}
	q := r.URL.Query()
	more := ""
	if len(events) > auditPage {
		events = events[:auditPage]
		k := events[auditPage-1].Key()
		more = fmt.Sprintf("%d-%d", k.At, k.ID)
	}
	v.Pages = pagesOf("/audit", q, more)
	words, err := s.auditWords(r.Context(), events)
	if err != nil {
		return err
	}
	face := s.face(zoneOf(r))
	for _, e := range events {
		row := words.row(e)
		row.WhoTo, row.AboutTo = auditAddress(q, "actor", e.Actor), auditAddress(q, "about", e.Subject)
		row.KindTo = auditAddress(q, "kind", e.Kind)
		date := e.At.Time().In(face.zone)
		row.Day, row.DayTo = s.fullDate(date), auditAddress(q, "day", date.Format(time.DateOnly))
		row.NewDay = len(v.Rows) == 0 || v.Rows[len(v.Rows)-1].Day != row.Day
		v.Rows = append(v.Rows, row)
	}
	if v.Chips, err = s.auditChips(r.Context(), q, f); err != nil {
		return err
	}
	v.File = "/audit.csv?" + strings.TrimPrefix(auditAddress(q, "", ""), "/audit?")
	return s.render(w, r, http.StatusOK, "audit", view{Title: s.words.say("audit.title"), Section: "settings", Data: v})
}

// auditAddress is the audit with one filter set otherwise; a filter that is
// set begins at the newest.
func auditAddress(q url.Values, name, value string) string {
	n := url.Values{}
	for _, k := range []string{"actor", "about", "kind", "day"} {
		if v := q.Get(k); v != "" {
			n.Set(k, v)
		}
	}
	if value == "" {
		n.Del(name)
	} else {
		n.Set(name, value)
	}
	return "/audit?" + n.Encode()
}

// auditChips are the filters that are set, each a link that takes it away.
func (s *site) auditChips(ctx context.Context, q url.Values, f tracker.EventFilter) ([]chip, error) {
	var all []chip
	add := func(word, name string) {
		all = append(all, chip{Word: word, Icon: "x", To: auditAddress(q, name, ""), On: true})
	}
	if f.Actor != "" {
		names, err := s.store.EventNames(ctx, []tracker.EventRow{{Actor: f.Actor}})
		if err != nil {
			return nil, err
		}
		add(s.auditActor(names, f.Actor), "actor")
	}
	if f.Subject != "" {
		add(s.auditAbout(f.Subject), "about")
	}
	if f.Kind != "" {
		add(s.auditKind(f.Kind), "kind")
	}
	if !f.From.IsZero() {
		add(s.fullDate(f.From), "day")
	}
	return all, nil
}

func (s *site) auditActor(names map[string]string, actor string) string {
	if actor == "system" {
		return s.words.say("product")
	}
	if n := names[actor]; n != "" {
		return n
	}
	return s.words.say("audit.gone")
}

func (s *site) auditAbout(subject string) string {
	if key := "audit.about." + subject; s.words.has(key) {
		return s.words.say(key)
	}
	return strings.ReplaceAll(subject, "_", " ")
}

func (s *site) auditKind(kind string) string {
	if key := "audit.kind." + kind; s.words.has(key) {
		return s.words.say(key)
	}
	return strings.ReplaceAll(kind, "_", " ")
}

// auditWording knows the names that some events refer to.
type auditWording struct {
	s      *site
	names  map[string]string           // account:7, client:3, category:2
	things map[tracker.Thing]thingView // tickets, clients, assets, work orders
	places map[tracker.Thing]thingView // locations and models
}

// auditWords looks up, once for all of them, what events refer to.
func (s *site) auditWords(ctx context.Context, events []tracker.EventRow) (auditWording, error) {
	w := auditWording{s: s, places: map[tracker.Thing]thingView{}}
	var things []tracker.Thing
	asked := slices.Clone(events)
	for _, e := range events {
		about := tracker.Thing{Kind: e.Subject, ID: e.SubjectID}
		refs := []tracker.Thing{about}
		for _, text := range []string{e.Was, e.Became} {
			for field := range strings.FieldsSeq(text) {
				if t, ok := thingRef(field); ok {
					refs = append(refs, t)
				}
			}
		}
		for _, t := range refs {
			switch t.Kind {
			case tracker.KindTicket, tracker.KindClient, tracker.KindAsset, tracker.KindWorkOrder:
				if !slices.Contains(things, t) {
					things = append(things, t)
				}
			case "account", "category":
				asked = append(asked, tracker.EventRow{Actor: t.String()})
			case "location":
				if _, known := w.places[t]; known {
					continue
				}
				l, err := s.things.Location(ctx, t.ID)
				if err != nil && migrations.KindOf(err) != migrations.NotFound {
					return w, err
				}
				w.places[t] = thingView{Thing: t, Title: l.Path, To: locationPath(t.ID)}
			case "model":
				if _, known := w.places[t]; known {
					continue
				}
				m, err := s.things.Model(ctx, t.ID)
				if err != nil && migrations.KindOf(err) != migrations.NotFound {
					return w, err
				}
				w.places[t] = thingView{Thing: t, Title: strings.TrimSpace(m.Manufacturer + " " + m.Name), To: modelPath(t.ID)}
			}
		}
	}
	var err error
	if w.names, err = s.store.EventNames(ctx, asked); err != nil {
		return w, err
	}
	w.things, err = s.named(ctx, things)
	return w, err
}

// thingRef reads a reference as events hold it: asset:7.
func thingRef(text string) (t tracker.Thing, ok bool) {
	kind, number, found := strings.Cut(text, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	return tracker.Thing{Kind: kind, ID: id}, found && err == nil && id > 0
}

// about names what an event is about, and where that is shown.
func (w auditWording) about(t tracker.Thing) (name, to string) {
	if v, ok := w.things[t]; ok {
		if v.Ref != "" {
			return v.Ref, v.To
		}
		return v.Title, v.To
	}
	if v := w.places[t]; v.Title != "" { // without one it is gone
		return v.Title, v.To
	}
	name = w.names[t.String()]
	switch {
	case t.Kind == "account" && name != "":
		return name, fmt.Sprintf("/accounts/%d", t.ID)
	case t.Kind == "category" && name != "":
		return name, "/settings/categories"
	case t.Kind == "inbox":
		return w.s.words.say("audit.mail_no", t.ID), fmt.Sprintf("/mail/quarantine/%d", t.ID)
	}
	if t.ID == 0 {
		return w.s.auditAbout(t.Kind), ""
	}
	return w.s.words.say("audit.numbered", w.s.auditAbout(t.Kind), t.ID), ""
}

// value words what was or became.
func (w auditWording) value(e tracker.EventRow, text string) string {
	say := w.s.words.say
	name, value, isSetting := strings.Cut(text, "=")
	switch {
	case text == "":
		return say("audit.nothing")
	case e.Subject == "setting" && isSetting:
		if w.s.words.has("notify." + value) {
			value = say("notify." + value)
		}
		return value
	case e.Subject == "setting":
		return w.s.settingWord(name)
	case e.Kind == "category":
		if n := w.names["category:"+text]; n != "" {
			return n
		}
	case text == "true":
		return say("audit.yes")
	case text == "false":
		return say("audit.no")
	}
	if t, ok := thingRef(text); ok {
		n, _ := w.about(t)
		return n
	}
	for _, prefix := range []string{"stage.", "role.", "notify.", "audit.link.", "order.became.", "mailkind."} {
		if w.s.words.has(prefix + text) {
			return say(prefix + text)
		}
	}
	var parts []string
	for field := range strings.FieldsSeq(text) {
		if t, ok := thingRef(field); ok {
			n, _ := w.about(t)
			field = n
		}
		parts = append(parts, field)
	}
	return strings.Join(parts, " ")
}

// here marks the place of the thing in a sentence.
const here = "\x01"

// row words an event.
func (w auditWording) row(e tracker.EventRow) auditRow {
	say, has := w.s.words.say, w.s.words.has
	row := auditRow{EventRow: e, Who: w.s.auditActor(w.names, e.Actor), About: w.s.auditAbout(e.Subject), Do: w.s.auditKind(e.Kind)}
	row.Thing, row.To = w.about(tracker.Thing{Kind: e.Subject, ID: e.SubjectID})
	was, became := w.value(e, e.Was), w.value(e, e.Became)
	var text string
	switch key := "audit." + e.Subject + "." + e.Kind; {
	case e.Subject == "setting":
		name, _, plain := strings.Cut(e.Became, "=")
		row.Thing, row.To = w.s.settingWord(name), settingPlace(name)
		if key = "audit.setting"; plain {
			key = "audit.setting.value"
		}
		text = say(key, row.Who, here, was, became)
	case became == say("audit.nothing") && was != became && has(key+".none"):
		text = say(key+".none", row.Who, here, was)
	case has(key):
		text = say(key, row.Who, here, was, became)
	case has("audit.any." + e.Kind):
		text = say("audit.any."+e.Kind, row.Who, here, was, became)
	case e.Became != "" || e.Was != "":
		text = say("audit.other_values", row.Who, here, row.Do, was, became)
	default:
		text = say("audit.other", row.Who, here, row.Do)
	}
	var found bool
	if row.Before, row.After, found = strings.Cut(text, here); !found {
		row.Thing, row.To = "", ""
	}
	return row
}

// settingPlace is the page on which a setting is changed.
func settingPlace(name string) string {
	for _, t := range tracker.MailTexts() {
		if t.Setting == name {
			return "/settings/mail/" + t.Key
		}
	}
	switch area, _, _ := strings.Cut(name, "."); {
	case slices.Contains(clientSettings, name):
		return "/settings/client"
	case slices.Contains(ticketSettings, name):
		return "/settings/tickets"
	case area == "look", area == "hours":
		return "/settings/" + area
	case area == "form", name == tracker.SetFormLink:
		return "/settings/forms"
	}
	return ""
}

// auditCSV is the audit as a file. Cells that a spreadsheet would take for
// formulas are neutralised by the writer.
func (s *site) auditCSV(w http.ResponseWriter, r *http.Request) error {
	f, _ := s.auditFilter(r)
	face := s.face(zoneOf(r))
	return s.sendCSV(w, r, "audit", func(out io.Writer) error {
		file := csvfile.NewWriter(out)
		say := s.words.say
		file.Write(say("audit.col.time"), say("audit.col.who"), say("audit.col.what"), say("audit.col.about"), say("audit.col.number"), say("audit.col.kind"), say("audit.col.was"), say("audit.col.became"))
		var before tracker.EventKey
		for n := 0; n < auditFile; {
			events, err := s.store.Events(r.Context(), f, before, 500)
			if err != nil {
				return err
			}
			words, err := s.auditWords(r.Context(), events)
			if err != nil {
				return err
			}
			for _, e := range events {
				row := words.row(e)
				file.Write(e.At.Time().In(face.zone).Format(time.RFC3339), row.Who, row.Before+row.Thing+row.After, e.Subject, strconv.FormatInt(e.SubjectID, 10), e.Kind, e.Was, e.Became)
			}
			if n += len(events); len(events) < 500 {
				break
			}
			before = events[len(events)-1].Key()
		}
		return file.Flush()
	})
}
