package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"helpdeskd/tracker"
	draw "helpdeskd/web/chart"
)

// overviewView is the page for managers: a note on a month, in sentences.
type overviewView struct {
	Tabs       []tab // for those who work here
	Month      string
	Prev, Next string // months before and after, "" for none
	Lead       []string

	Now       bool // the month is this one: what is open is told of
	Stops     []stopLine
	MoreStops string
	Weights   template.HTML
	WeightSay string

	Solved   string
	Unsaid   string
	Told     []tracker.Told
	MoreTold string
	ByMonth  chart

	Waits     []string
	WaitChart chart

	Recurs     []string
	ByCategory chart

	Content    string
	ContentPic template.HTML
}

// stopLine is a request that keeps somebody from work.
type stopLine struct {
	Says string
	What string
	Then string // who is at it
	Star bool
}

// Up to how many lines the page has, so that it prints on two sheets.
const (
	overviewStops  = 8
	overviewTold   = 12
	overviewRecurs = 5
)

func (s *site) overview(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	now, err := s.deskNow(ctx)
	if err != nil {
		return err
	}
	month := now
	if q := r.URL.Query().Get("month"); q != "" {
		m, err := time.ParseInLocation("2006-01", q, now.Location())
		if err != nil || m.Year() < 1900 || m.After(now) {
			return errNowhere
		}
		month = m
	}
	cuts := tracker.Months(month.Year(), month.Month(), 6, now.Location())
	from, to, before := cuts[5], cuts[6], cuts[4]
	v := overviewView{Month: s.monthWords(from), Now: to.After(now)}
	me := accountOf(ctx)
	if tracker.May(*me, tracker.ReadTickets) {
		v.Tabs = s.insightTabs("overview")
	}
	first, err := s.store.FirstOpened(ctx)
	if err != nil {
		return err
	}
	if first != 0 && first.Time().Before(from) {
		v.Prev = "/overview?month=" + before.Format("2006-01")
	}
	if !v.Now {
		v.Next = "/overview?month=" + to.Format("2006-01")
	}
	names, err := s.mayName(ctx)
	if err != nil {
		return err
	}
	f, err := s.store.Figures(ctx, from, to)
	if err != nil {
		return err
	}
	was, err := s.store.Figures(ctx, before, from)
	if err != nil {
		return err
	}
	if v.Now {
		if err := s.overviewNow(ctx, &v, now, names); err != nil {
			return err
		}
	}
	if err := s.overviewSolved(ctx, &v, f, was, cuts); err != nil {
		return err
	}
	s.overviewWaits(&v, f, was, from, before)
	if err := s.overviewRecurring(ctx, &v, from, to, names); err != nil {
		return err
	}
	if n := f.Content[1] + f.Content[2] + f.Content[3]; n > 0 {
		v.Content = s.words.say("overview.content", n, f.Content[3], f.Content[1], f.Content[2])
		v.ContentPic = template.HTML(draw.Parts(s.words.say("overview.content_title"), "", []draw.Part{{Full: s.words.say("overview.content.3"), N: int64(f.Content[3]), Tone: "good"},
			{Full: s.words.say("overview.content.2"), N: int64(f.Content[2]), Tone: "warn"}, {Full: s.words.say("overview.content.1"), N: int64(f.Content[1]), Tone: "bad"}}))
	}
	return s.render(w, r, http.StatusOK, "overview", view{Title: s.words.say("nav.overview"), Section: overviewSection(v.Tabs), Data: v})
}

// overviewSection is the entry of the rail that the page is under.
func overviewSection(tabs []tab) string {
	if len(tabs) > 0 {
		return "trends"
	}
	return "overview"
}

// mayName reports whether pages for managers name people.
func (s *site) mayName(ctx context.Context) (bool, error) {
	v, err := s.store.Setting(ctx, tracker.SetManagerNames)
	return v == "on", err
}

// overviewNow tells what stops people's work at this moment.
func (s *site) overviewNow(ctx context.Context, v *overviewView, now time.Time, names bool) error {
	list, n, err := s.store.Stops(ctx, overviewStops)
	if err != nil {
		return err
	}
	for _, x := range list {
		v.Stops = append(v.Stops, s.stopLine(x, now, names))
	}
	if n > len(list) {
		v.MoreStops = s.words.say("overview.more_stops", n-len(list))
	}
	lead := s.words.say("overview.no_stops")
	judged, err := s.store.JudgedStops(ctx)
	if err != nil {
		return err
	}
	switch {
	case judged > 0:
		lead = s.words.say("overview.stops", judged)
	case n > 0:
		lead = s.words.say("overview.may_stop", n)
	}
	v.Lead = append(v.Lead, lead)
	if judged > 0 && n > judged {
		v.Lead = append(v.Lead, s.words.say("overview.more_may_stop", n-judged))
	}
	w, err := s.store.OpenWeights(ctx)
	if err != nil {
		return err
	}
	var parts []draw.Part
	var says []string
	for _, p := range []struct {
		key, tone string
		n         int
	}{{"stop", "bad", w.Stop}, {"impede", "warn", w.Impede}, {"small", "calm", w.Inconvenience}, {"unjudged", "rest", w.Unjudged}} {
		if p.n > 0 {
			says = append(says, s.words.say("overview.weight."+p.key, p.n))
			parts = append(parts, draw.Part{Full: s.words.say("overview.weight_of." + p.key), N: int64(p.n), Tone: p.tone})
		}
	}
	if total := w.Stop + w.Impede + w.Inconvenience + w.Unjudged; total > 0 {
		v.WeightSay = s.words.say("overview.open", total, strings.Join(says, ", "))
		v.Weights = template.HTML(draw.Parts(v.WeightSay, "", parts)) // which escapes all words
	}
	if w.Unanswered > 0 {
		v.Waits = append(v.Waits, s.words.say("overview.unanswered", w.Unanswered))
	}
	return nil
}

// stopLine puts a request into a sentence. It says what the desk wrote, or the
// subject: never the words of a mail.
func (s *site) stopLine(x tracker.Stop, now time.Time, names bool) stopLine {
	who := x.Name
	switch {
	case who != "" && names && x.Department != "":
		who = s.words.say("overview.who_of", x.Name, x.Department)
	case who != "" && names:
	case x.Department != "":
		who = s.words.say("overview.somebody_of", x.Department)
	default:
		who = s.words.say("overview.somebody")
	}
	if x.Others > 0 {
		who = s.words.say("overview.and_others", x.Others, who)
	}
	key := "overview.held_up"
	switch {
	case !x.Judged:
		key = "overview.may_be_held_up"
	case x.Others > 0:
		key = "overview.held_up_all"
	}
	line := stopLine{Says: s.words.say(key, who, s.since(x.OpenedAt.Time(), now)), Star: x.Star}
	switch {
	case x.Effect != "":
		line.What = x.Effect
	case x.Summary != "":
		line.What = x.Summary
	case x.Subject != "":
		line.What = x.Subject
	default:
		line.What = s.words.say("ticket.no_subject")
	}
	switch {
	case x.Waiting == tracker.WaitingVendor:
		line.Then = s.words.say("overview.waits_vendor")
	case x.Waiting == tracker.WaitingClient:
		line.Then = s.words.say("overview.waits_client")
	case x.Assignee != "" && names:
		line.Then = s.words.say("overview.worked_by", x.Assignee)
	case x.Assignee != "" || x.Stage == tracker.InProgress:
		line.Then = s.words.say("overview.worked")
	default:
		line.Then = s.words.say("overview.not_begun")
	}
	return line
}

// since says since when something lasts, as people do: since 9:40 today, since
// Monday, since 3 November.
func (s *site) since(t, now time.Time) string {
	t = t.In(now.Location())
	y, m, d := now.Date()
	days := int(time.Date(y, m, d, 12, 0, 0, 0, time.UTC).Sub(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC)).Hours() / 24)
	switch {
	case days <= 0:
		return s.words.say("overview.since_today", t.Format("15:04"))
	case days == 1:
		return s.words.say("overview.since_yesterday")
	case days < 7:
		return s.words.say("overview.since", s.words.say(fmt.Sprintf("day.%d", t.Weekday())))
	}
	date := fmt.Sprintf("%d %s", t.Day(), s.words.say(fmt.Sprintf("month.%d", t.Month())))
	if t.Year() != now.Year() {
		date += fmt.Sprintf(" %d", t.Year())
	}
	return s.words.say("overview.since", date)
}

// overviewSolved tells what was solved and why.
func (s *site) overviewSolved(ctx context.Context, v *overviewView, f, was tracker.Figures, cuts []time.Time) error {
	month, before := s.words.say(fmt.Sprintf("month.%d", cuts[5].Month())), s.words.say(fmt.Sprintf("month.%d", cuts[4].Month()))
	key := "overview.month"
	if v.Now {
		key = "overview.month_now"
	}
	v.Lead = append(v.Lead, s.words.say(key, f.Opened, month, f.Solved))
	v.Solved = s.words.say("overview.solved", f.Solved, month)
	if !v.Now { // a month that is not over is not compared
		v.Solved += " " + s.words.say("overview.solved_before", was.Solved, before)
	}
	var err error
	if v.Told, err = s.store.SolvedAndTold(ctx, cuts[5], cuts[6], overviewTold); err != nil {
		return err
	}
	more := f.Solved - f.Unsaid
	for i := range v.Told {
		x := &v.Told[i]
		more -= x.Tickets
		if begins(x.Summary, x.Subject) {
			x.Subject = ""
		}
	}
	if more > 0 {
		v.MoreTold = s.words.say("overview.more_told", more)
	}
	if f.Unsaid > 0 {
		v.Unsaid = s.words.say("overview.unsaid", f.Unsaid)
	}
	c, err := s.store.Counted(ctx, cuts)
	if err != nil {
		return err
	}
	v.ByMonth = chart{Title: s.words.say("overview.solved_chart"), What: s.words.say("person.requests")}
	for i, n := range c.Solved {
		v.ByMonth.Bars = append(v.ByMonth.Bars, bar{Word: s.words.say(fmt.Sprintf("month.short.%d", cuts[i].Month())), Full: s.monthWords(cuts[i]), N: int64(n)})
	}
	return nil
}

// begins reports whether a sentence says a subject already, as its beginning.
func begins(sentence, subject string) bool {
	clean := func(text string) string {
		return strings.ToLower(strings.TrimRight(strings.Join(strings.Fields(text), " "), ".!? "))
	}
	return strings.HasPrefix(clean(sentence), clean(subject))
}

// overviewWaits tells how long people waited.
func (s *site) overviewWaits(v *overviewView, f, was tracker.Figures, from, before time.Time) {
	month, earlier := s.words.say(fmt.Sprintf("month.%d", from.Month())), s.words.say(fmt.Sprintf("month.%d", before.Month()))
	v.WaitChart = chart{Title: s.words.say("overview.wait_chart"), What: s.words.say("overview.wait_what"), Lying: true}
	var says []string
	for _, x := range []struct {
		key      string
		now, was tracker.Waits
	}{{"answer", f.FirstAnswer, was.FirstAnswer}, {"solution", f.Solution, was.Solution}} {
		if x.now.N == 0 {
			says = append(says, s.words.say("overview.wait_none."+x.key, month))
			continue
		}
		text := s.words.say("overview.wait."+x.key, s.spoken(x.now.Median), s.spoken(x.now.Worst))
		if x.was.N > 0 {
			change := "same"
			switch now, was := s.spoken(x.now.Median), s.spoken(x.was.Median); {
			case now == was:
			case x.now.Median < x.was.Median:
				change = "shorter"
			default:
				change = "longer"
			}
			text += " " + s.words.say("overview.wait_was."+change, earlier, s.spoken(x.was.Median))
		}
		says = append(says, text)
		add := func(month string, w tracker.Waits) {
			if w.N > 0 {
				v.WaitChart.Bars = append(v.WaitChart.Bars, bar{Full: s.words.say("overview.wait_bar."+x.key, month), N: int64(w.Median / time.Minute), Show: s.spoken(w.Median)})
			}
		}
		add(month, x.now)
		add(earlier, x.was)
	}
	v.Waits = append(says, v.Waits...)
}

// spoken says how long something took, in whole words.
func (s *site) spoken(d time.Duration) string {
	switch {
	case d < 90*time.Minute:
		return s.words.say("spoken.minutes", max(int(d.Round(time.Minute).Minutes()), 1))
	case d < 48*time.Hour:
		return s.words.say("spoken.hours", int(d.Round(time.Hour).Hours()))
	}
	return s.words.say("spoken.days", int(d.Round(24*time.Hour).Hours()/24))
}

// overviewRecurring tells what keeps coming back, and what most was about.
func (s *site) overviewRecurring(ctx context.Context, v *overviewView, from, to time.Time, names bool) error {
	t, err := s.store.Trends(ctx, []time.Time{from, to})
	if err != nil {
		return err
	}
	v.ByCategory = chart{Title: s.words.say("overview.about"), What: s.words.say("person.requests"), Lying: true}
	for _, c := range t.Categories[:min(len(t.Categories), 6)] {
		word := c.Name
		if c.ID == 0 {
			word = s.words.say("filter.no_category")
		}
		v.ByCategory.Bars = append(v.ByCategory.Bars, bar{Full: word, N: int64(c.N)})
	}
	if !v.Now {
		return nil
	}
	all, err := s.store.Recurring(ctx)
	if err != nil {
		return err
	}
	known, err := s.recurringNames(ctx, all[:min(len(all), overviewRecurs)])
	if err != nil {
		return err
	}
	for _, r := range all[:min(len(all), overviewRecurs)] {
		says := s.recurringSays(r, known)
		if r.Kind == tracker.RecursPerson && !names {
			says = s.words.say("recurring.person", r.N(), s.words.say("overview.one_person"), s.recurringWhat(r, known))
		}
		if r.Root != 0 {
			says += " " + s.words.say("overview.sought")
		}
		v.Recurs = append(v.Recurs, says)
	}
	if len(v.Recurs) > 0 {
		v.Lead = append(v.Lead, s.words.say("overview.recurs", v.Recurs[0]))
	} else {
		v.Lead = append(v.Lead, s.words.say("overview.recurs_none"))
	}
	return nil
}
