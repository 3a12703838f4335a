package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// workdays are the days of the week as the page shows them, Monday first.
var workdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// dayRow is one day's fields, as they were typed.
type dayRow struct {
	Field, Word string
	Times       [4]string // from, to, and once more from, to
	Problem     string
}

// hoursView is the page of the desk's hours.
type hoursView struct {
	settingsFrame
	Zone     string
	Days     []dayRow
	Zones    []string
	Now      string // open or closed, and until when
	IsOpen   bool
	IsSet    bool
	Holidays []holidayRow
	Holiday  tracker.Holiday // what was typed
}

type holidayRow struct {
	tracker.Holiday
	Shown string
	Past  bool
}

func dayField(d time.Weekday) string { return fmt.Sprintf("day%d", d) }

func (s *site) hoursSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "hours", tracker.SetHours, tracker.SetAnnounce)
	if err != nil {
		return err
	}
	return s.hoursPage(w, r, http.StatusOK, f, s.daysOf(f.Values[tracker.SetHours]), tracker.Holiday{})
}

// typedHours are the fields of the week as the form has them.
type typedHours struct {
	Zone string
	Days []dayRow
}

// daysOf fills the fields with the hours that are set; where none are, with
// the zone of the server and empty days.
func (s *site) daysOf(week string) typedHours {
	var h tracker.Hours
	if week != "" {
		_ = json.Unmarshal([]byte(week), &h) // what is damaged shows as empty
	}
	t := typedHours{Zone: h.Zone}
	if t.Zone == "" {
		if t.Zone = time.Local.String(); t.Zone == "Local" {
			t.Zone = "UTC"
		}
	}
	for _, d := range workdays {
		row := dayRow{Field: dayField(d), Word: s.words.say(fmt.Sprintf("day.%d", d))}
		for i, span := range h.Week[d] {
			if i < 2 {
				row.Times[2*i], row.Times[2*i+1] = tracker.ClockText(span.From), tracker.ClockText(span.To)
			}
		}
		t.Days = append(t.Days, row)
	}
	return t
}

func (s *site) hoursPage(w http.ResponseWriter, r *http.Request, status int, f settingsFrame, typed typedHours, holiday tracker.Holiday) error {
	now, err := s.store.Hours(r.Context())
	if err != nil {
		return err
	}
	v := hoursView{settingsFrame: f, Zone: typed.Zone, Days: typed.Days, Zones: commonZones(), IsSet: now.Set(), Holiday: holiday}
	for i := range v.Days {
		v.Days[i].Problem = f.Problems[v.Days[i].Field]
	}
	at := s.store.Now()
	v.IsOpen, v.Now = now.Open(at), s.hoursNow(now, at)
	today := at.In(now.Location()).Format(time.DateOnly)
	for _, h := range now.Holidays {
		row := holidayRow{Holiday: h, Shown: h.Date, Past: h.Date < today}
		if d, err := time.Parse(time.DateOnly, h.Date); err == nil {
			row.Shown = s.fullDate(d)
		}
		v.Holidays = append(v.Holidays, row)
	}
	return s.renderSettings(w, r, status, "hours", v)
}

// fullDate writes a day: Friday 25 December 2026.
func (s *site) fullDate(d time.Time) string {
	return fmt.Sprintf("%s %d %s %d", s.words.say(fmt.Sprintf("day.%d", d.Weekday())), d.Day(), s.words.say(fmt.Sprintf("month.%d", d.Month())), d.Year())
}

// hoursNow says whether the desk is open, and when that changes.
func (s *site) hoursNow(h tracker.Hours, at time.Time) string {
	say := func(key string, t time.Time) string {
		if t.IsZero() {
			return s.words.say(key + "_for_ever")
		}
		t = t.In(h.Location())
		return s.words.say(key, s.fullDate(t), t.Format("15:04 MST"))
	}
	switch {
	case !h.Set():
		return s.words.say("hours.none")
	case h.Open(at):
		return say("hours.open", h.NextClosing(at))
	}
	return say("hours.closed", h.NextOpening(at))
}

// saveHours takes the fields of the days, or, from the page that shows a stale
// edit, the hours as a text.
func (s *site) saveHours(w http.ResponseWriter, r *http.Request) error {
	values := typedSettings(r, tracker.SetAnnounce)
	wrong := problems{}
	var typed typedHours
	var h tracker.Hours
	if text := r.PostFormValue("hours"); text != "" {
		var err error
		if h, err = s.readHoursText(text); err != nil {
			wrong[""] = migrations.SafeMessage(err)
		}
		typed = s.daysOf(asJSON(h))
	} else {
		h, typed = s.typedHours(r, wrong)
	}
	if err := h.Check(); err != nil && !wrong.Any() {
		wrong[migrations.FieldOf(err)] = migrations.SafeMessage(err)
	}
	values[tracker.SetHours] = asJSON(h)
	if wrong.Any() {
		version, err := formInt(r, "version")
		if err != nil {
			return err
		}
		return s.hoursPage(w, r, http.StatusUnprocessableEntity, settingsFrame{Nav: s.settingsNav("hours"), Values: values, Version: version, Problems: wrong}, typed, tracker.Holiday{})
	}
	return s.saveSettings(w, r, "hours", "/settings/hours", values, func(status int, f settingsFrame) error {
		return s.hoursPage(w, r, status, f, typed, tracker.Holiday{})
	})
}

func asJSON(h tracker.Hours) string {
	b, err := json.Marshal(h)
	if err != nil { // of numbers and a text: never
		return ""
	}
	return string(b)
}

// typedHours reads the fields of the week, and notes what is wrong with them.
func (s *site) typedHours(r *http.Request, wrong problems) (tracker.Hours, typedHours) {
	h := tracker.Hours{Zone: strings.TrimSpace(r.PostFormValue("zone"))}
	t := typedHours{Zone: h.Zone}
	for _, d := range workdays {
		row := dayRow{Field: dayField(d), Word: s.words.say(fmt.Sprintf("day.%d", d))}
		for i, suffix := range []string{"_from", "_to", "_from2", "_to2"} {
			row.Times[i] = strings.TrimSpace(r.PostFormValue(row.Field + suffix))
		}
		for i := 0; i < 4; i += 2 {
			a, b := row.Times[i], row.Times[i+1]
			if a == "" && b == "" {
				continue
			}
			from, ok1 := tracker.ClockTime(a)
			to, ok2 := tracker.ClockTime(b)
			if to == 0 && ok2 { // midnight at the end of the day
				to = 24 * 60
			}
			switch {
			case a == "" || b == "":
				wrong[row.Field] = s.words.say("hours.half", row.Word)
			case !ok1 || !ok2:
				wrong[row.Field] = s.words.say("hours.no_time", row.Word)
			default:
				h.Week[d] = append(h.Week[d], tracker.Span{From: from, To: to})
			}
		}
		t.Days = append(t.Days, row)
	}
	return h, t
}

// hoursText writes hours as one can read and edit them: a line for the zone
// and one for each day.
func (s *site) hoursText(week string) string {
	var h tracker.Hours
	if week == "" || json.Unmarshal([]byte(week), &h) != nil {
		return ""
	}
	lines := []string{h.Zone}
	for _, d := range workdays {
		var spans []string
		for _, x := range h.Week[d] {
			spans = append(spans, tracker.ClockText(x.From)+"-"+tracker.ClockText(x.To))
		}
		if len(spans) > 0 {
			lines = append(lines, s.words.say(fmt.Sprintf("day.%d", d))+": "+strings.Join(spans, ", "))
		}
	}
	return strings.Join(lines, "\n")
}

// readHoursText reads what hoursText wrote.
func (s *site) readHoursText(text string) (h tracker.Hours, err error) {
	zone, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	h.Zone = strings.TrimSpace(zone)
	for line := range strings.SplitSeq(rest, "\n") {
		day, spans, ok := strings.Cut(line, ": ")
		if strings.TrimSpace(line) == "" {
			continue
		}
		weekday := time.Weekday(-1)
		for _, d := range workdays {
			if strings.EqualFold(strings.TrimSpace(day), s.words.say(fmt.Sprintf("day.%d", d))) {
				weekday = d
			}
		}
		if !ok || weekday < 0 {
			return h, migrations.Invalidf("%s", s.words.say("hours.no_line", line))
		}
		for span := range strings.SplitSeq(spans, ",") {
			a, b, _ := strings.Cut(span, "-")
			from, ok1 := tracker.ClockTime(a)
			to, ok2 := tracker.ClockTime(b)
			if !ok1 || !ok2 {
				return h, migrations.Invalidf("%s", s.words.say("hours.no_line", line))
			}
			h.Week[weekday] = append(h.Week[weekday], tracker.Span{From: from, To: to})
		}
	}
	return h, nil
}

func (s *site) addHoliday(w http.ResponseWriter, r *http.Request) error {
	h := tracker.Holiday{Date: strings.TrimSpace(r.PostFormValue("date")), Name: strings.TrimSpace(r.PostFormValue("name"))}
	err := s.store.AddHoliday(r.Context(), actorOf(r), h)
	if migrations.KindOf(err) == migrations.Invalid {
		f, ferr := s.settingsFrame(r, "hours", tracker.SetHours, tracker.SetAnnounce)
		if ferr != nil {
			return ferr
		}
		f.Problems = problems{migrations.FieldOf(err): migrations.SafeMessage(err)}
		return s.hoursPage(w, r, http.StatusUnprocessableEntity, f, s.daysOf(f.Values[tracker.SetHours]), h)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings/hours#holidays")
}

func (s *site) removeHoliday(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.RemoveHoliday(r.Context(), actorOf(r), r.PostFormValue("date")); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings/hours#holidays")
}

// commonZones are offered while one types; any zone of the IANA database is taken.
func commonZones() []string {
	return []string{"Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "America/Bogota", "America/Buenos_Aires", "America/Chicago", "America/Denver",
		"America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Sao_Paulo", "America/Toronto", "America/Vancouver", "Asia/Bangkok", "Asia/Dubai",
		"Asia/Hong_Kong", "Asia/Jakarta", "Asia/Jerusalem", "Asia/Kolkata", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Melbourne",
		"Australia/Sydney", "Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen",
		"Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul", "Europe/Kyiv", "Europe/Lisbon", "Europe/London", "Europe/Luxembourg", "Europe/Madrid", "Europe/Oslo",
		"Europe/Paris", "Europe/Prague", "Europe/Rome", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich", "Pacific/Auckland", "UTC"}
}
