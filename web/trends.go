package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"helpdeskd/tracker"
)

// trendsView is what the requests of a period tell, in small charts.
type trendsView struct {
	Tabs    []tab
	Chips   []chip // usual periods
	From    string // the form's months: 2026-01
	To      string
	Problem string
	Says    string // how many, and against the time before
	Charts  []chart
	Recurs  []recurringView
	Before  string // a period that has something, where this one has nothing
}

// maxTrend is how many months a period can have.
const maxTrend = 120

// span is the period of the trends: whole months of the desk's zone.
type span struct {
	from, to time.Time // within the first month, and within the last
	months   int
	problem  string
}

// trendSpan reads the period out of an address: from and to as 2026-01, or the
// last so many months; the last twelve where it says nothing.
func (s *site) trendSpan(q url.Values, now time.Time) span {
	p := span{to: now, months: 12}
	if q.Get("from") != "" || q.Get("to") != "" {
		from, err1 := time.ParseInLocation("2006-01", q.Get("from"), now.Location())
		to, err2 := time.ParseInLocation("2006-01", q.Get("to"), now.Location())
		n := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month()) + 1
		switch {
		case err1 != nil || err2 != nil:
			p.problem = s.words.say("trends.bad_month")
		case n < 1:
			p.problem = s.words.say("trends.bad_order")
		case n > maxTrend || from.Year() < 1900 || to.Year() > 9000:
			p.problem = s.words.say("trends.too_long", maxTrend)
		default:
			p.to, p.months = to, n
		}
	} else if n, err := strconv.Atoi(q.Get("months")); err == nil && n >= 1 && n <= maxTrend {
		p.months = n
	}
	p.from = time.Date(p.to.Year(), p.to.Month()-time.Month(p.months-1), 15, 12, 0, 0, 0, now.Location())
	return p
}

// steps divides the months into columns: months, quarters of a year, years.
// The first may be shorter, so that the last is whole.
func (p span) steps() []time.Time {
	size := 1
	switch {
	case p.months > 39:
		size = 12
	case p.months > 13:
		size = 3
	}
	all := tracker.Months(p.to.Year(), p.to.Month(), p.months, p.to.Location())
	var cuts []time.Time
	for i := p.months; i > 0; i -= size {
		cuts = append([]time.Time{all[i]}, cuts...)
	}
	return append([]time.Time{all[0]}, cuts...)
}

// deskNow is the time in the zone of the desk's hours, UTC where none is set.
func (s *site) deskNow(ctx context.Context) (time.Time, error) {
	hours, err := s.store.Hours(ctx)
	return s.store.Now().In(hours.Location()), err
}

func (s *site) trends(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	now, err := s.deskNow(ctx)
	if err != nil {
		return err
	}
	p := s.trendSpan(q, now)
	cuts := p.steps()
	t, err := s.store.Trends(ctx, cuts)
	if err != nil {
		return err
	}
	from, to := cuts[0], cuts[len(cuts)-1]
	v := trendsView{Tabs: s.insightTabs("trends"), From: p.from.Format("2006-01"), To: p.to.Format("2006-01"), Problem: p.problem}
	for _, n := range []int{3, 6, 12, 24} {
		v.Chips = append(v.Chips, chip{Word: s.words.say("trends.last", n), To: "/trends?months=" + strconv.Itoa(n), On: n == p.months && p.to.Format("2006-01") == now.Format("2006-01")})
	}
	if err := s.trendSentence(ctx, &v, t.Total, from, to); err != nil {
		return err
	}
	again, err := s.store.Recurring(ctx)
	if err != nil {
		return err
	}
	if v.Recurs, err = s.recurringViews(ctx, again[:min(len(again), trendRows)], "/trends"); err != nil {
		return err
	}
	if t.Total == 0 {
		first, err := s.store.FirstOpened(ctx)
		if err != nil {
			return err
		}
		if first != 0 {
			at := first.Time().In(now.Location())
			last := time.Date(at.Year(), at.Month()+11, 1, 12, 0, 0, 0, at.Location())
			v.Before = "/trends?from=" + at.Format("2006-01") + "&to=" + last.Format("2006-01")
		}
		return s.render(w, r, statusOf(p), "trends", view{Title: s.words.say("nav.trends"), Section: "trends", Data: v})
	}
	v.Charts = []chart{s.monthChart(t.Steps, cuts), s.categoryChart(t.Categories, from, to), s.departmentChart(t.Departments, from, to)}
	more, err := s.thingCharts(ctx, t.Assets, from, to)
	if err != nil {
		return err
	}
	v.Charts = append(v.Charts, more...)
	return s.render(w, r, statusOf(p), "trends", view{Title: s.words.say("nav.trends"), Section: "trends", Data: v})
}

func statusOf(p span) int {
	if p.problem != "" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// insightTabs lead between what requests tell the desk and what they tell managers.
func (s *site) insightTabs(on string) []tab {
	return []tab{{Word: s.words.say("nav.trends"), To: "/trends", Icon: "chart-bar", On: on == "trends"},
		{Word: s.words.say("nav.overview"), To: "/overview", Icon: "note", On: on == "overview"}}
}

// trendSentence says how many requests there were, and whether that is more
// than in as long a time before.
func (s *site) trendSentence(ctx context.Context, v *trendsView, total int, from, to time.Time) error {
	n := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
	last := from.AddDate(0, 0, -1)
	before, err := s.store.Opened(ctx, tracker.Months(last.Year(), last.Month(), n, from.Location())[0], from)
	if err != nil {
		return err
	}
	v.Says = s.words.say("trends.opened", total, s.spanWords(from, to))
	switch {
	case to.After(s.store.Now()) || before == 0: // a month that is not over is not compared
	case total > before:
		v.Says += " " + s.words.say("trends.more", total-before)
	case total < before:
		v.Says += " " + s.words.say("trends.fewer", before-total)
	default:
		v.Says += " " + s.words.say("trends.same")
	}
	return nil
}

// spanWords names whole months: November 2026; January to November 2026.
func (s *site) spanWords(from, to time.Time) string {
	last := to.Add(-time.Hour)
	switch {
	case from.Year() == last.Year() && from.Month() == last.Month():
		return s.monthWords(from)
	case from.Year() == last.Year():
		return s.words.say("trends.span", s.words.say(fmt.Sprintf("month.%d", from.Month())), s.monthWords(last))
	}
	return s.words.say("trends.span", s.monthWords(from), s.monthWords(last))
}

func (s *site) monthWords(t time.Time) string {
	return fmt.Sprintf("%s %d", s.words.say(fmt.Sprintf("month.%d", t.Month())), t.Year())
}

// openedList is the address of the list of the requests that were opened in a
// period, narrowed by some more pairs of a filter.
func openedList(from, to time.Time, pairs ...string) string {
	q := url.Values{"archived": {"also"}, "from": {from.Format(time.DateOnly)}, "to": {to.Add(-time.Hour).Format(time.DateOnly)}, "merged": {"no"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/tickets?" + q.Encode()
}

func (s *site) monthChart(steps []int, cuts []time.Time) chart {
	c := chart{Title: s.words.say("trends.by_month"), What: s.words.say("person.requests")}
	for i, n := range steps {
		b := bar{Full: s.spanWords(cuts[i], cuts[i+1]), N: int64(n)}
		month := s.words.say(fmt.Sprintf("month.short.%d", cuts[i].Month()))
		switch months := len(steps); {
		case cuts[i+1].Sub(cuts[i]) > 93*24*time.Hour:
			b.Word = cuts[i+1].Add(-time.Hour).Format("2006")
		case cuts[i+1].Sub(cuts[i]) > 32*24*time.Hour:
			b.Word = month
		case months > 6:
			b.Word = string([]rune(month)[:1])
		default:
			b.Word = month
		}
		if n > 0 {
			b.To = openedList(cuts[i], cuts[i+1])
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func (s *site) categoryChart(all []tracker.CategoryCount, from, to time.Time) chart {
	c := chart{Title: s.words.say("trends.by_category"), What: s.words.say("person.requests"), Lying: true}
	for i, x := range all {
		b := bar{Full: x.Name, N: int64(x.N), To: openedList(from, to, "category", strconv.FormatInt(x.ID, 10))}
		if x.ID == 0 {
			b.Full, b.To = s.words.say("filter.no_category"), openedList(from, to, "category", "none")
		}
		if i < trendRows {
			c.Bars = append(c.Bars, b)
		}
	}
	return c
}

// trendRows is how many rows a chart has: those with the most.
const trendRows = 10

func (s *site) departmentChart(all []tracker.Department, from, to time.Time) chart {
	c := chart{Title: s.words.say("trends.by_department"), What: s.words.say("person.requests"), Lying: true}
	for _, x := range all[:min(len(all), trendRows)] {
		b := bar{Full: x.Name, N: int64(x.N), To: openedList(from, to, "department", x.Name)}
		if x.Name == "" {
			b.Full, b.To = s.words.say("trends.no_department"), openedList(from, to, "department", noDepartment)
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// thingCharts show the models and the assets that requests are about.
func (s *site) thingCharts(ctx context.Context, counts []tracker.AssetCount, from, to time.Time) ([]chart, error) {
	models, err := s.things.TicketsByModel(ctx, from, to, trendRows)
	if err != nil {
		return nil, err
	}
	byModel := chart{Title: s.words.say("trends.by_model"), What: s.words.say("person.requests"), Lying: true}
	for _, m := range models {
		byModel.Bars = append(byModel.Bars, bar{Full: m.Title(), N: int64(m.N), To: openedList(from, to, "model", strconv.FormatInt(m.ID, 10))})
	}
	var ids []int64
	n := map[int64]int{}
	for _, a := range counts {
		ids, n[a.ID] = append(ids, a.ID), a.N
	}
	assets, err := s.things.AssetsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	byAsset := chart{Title: s.words.say("trends.by_asset"), What: s.words.say("person.requests"), Lying: true}
	for _, a := range assets {
		byAsset.Bars = append(byAsset.Bars, bar{Full: join(", ", join(" ", a.Tag, a.Title()), a.HolderName), N: int64(n[a.ID]), To: openedList(from, to, "asset", strconv.FormatInt(a.ID, 10))})
	}
	return []chart{byModel, byAsset}, nil
}
