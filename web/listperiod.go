package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// noDepartment, as a department in an address, finds whom none is known of.
const noDepartment = "-"

// ticketFilter reads a list's filter out of an address, and what of it must be
// looked up: days are those of the desk's zone, a model's tickets are those of
// its assets.
func (s *site) ticketFilter(ctx context.Context, q url.Values, me int64) (tracker.TicketFilter, error) {
	f := listFilter(q, me)
	if from, to, ok := listDays(q); ok {
		hours, err := s.store.Hours(ctx)
		if err != nil {
			return f, err
		}
		start := func(day time.Time) migrations.Stamp {
			return migrations.At(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, hours.Location()))
		}
		if !from.IsZero() {
			f.OpenedFrom = start(from)
		}
		if !to.IsZero() {
			f.OpenedBefore = start(to.AddDate(0, 0, 1))
		}
		// A month's first instant is that of its numbers, also where it has no midnight.
		if from.Day() == 1 {
			f.OpenedFrom = migrations.At(tracker.Months(from.Year(), from.Month(), 1, hours.Location())[0])
		}
		if next := to.AddDate(0, 0, 1); !to.IsZero() && next.Day() == 1 {
			f.OpenedBefore = migrations.At(tracker.Months(to.Year(), to.Month(), 1, hours.Location())[1])
		}
	}
	switch now := s.store.Now(); q.Get("due") {
	case "overdue":
		f.DueBefore = migrations.At(now)
	case "today":
		hours, err := s.store.Hours(ctx)
		if err != nil {
			return f, err
		}
		f.DueBefore = migrations.At(dayOf(now.In(hours.Location())).AddDate(0, 0, 1)) + 1 // a day's end belongs to it
	}
	if f.Department = q.Get("department"); f.Department == noDepartment {
		f.Department, f.NoDepartment = "", true
	}
	f.NoMerged = q.Get("merged") == "no"
	if id, err := strconv.ParseInt(q.Get("asset"), 10, 64); err == nil && id > 0 {
		f.AssetIDs = []int64{id}
	}
	if id, err := strconv.ParseInt(q.Get("model"), 10, 64); err == nil && id > 0 {
		ids, err := s.things.TicketedAssets(ctx, id)
		if err != nil {
			return f, err
		}
		f.AssetIDs = append([]int64{}, ids...)
	}
	return f, nil
}

// listDays reads the days, both included, between which tickets were opened;
// a zero time is no bound, and what is no day is none either.
func listDays(q url.Values) (from, to time.Time, ok bool) {
	from, err1 := time.Parse(time.DateOnly, q.Get("from"))
	to, err2 := time.Parse(time.DateOnly, q.Get("to"))
	if from.Year() < 1900 || from.Year() > 9000 {
		from, err1 = time.Time{}, fmt.Errorf("no day")
	}
	if to.Year() < 1900 || to.Year() > 9000 {
		to, err2 = time.Time{}, fmt.Errorf("no day")
	}
	return from, to, err1 == nil || err2 == nil
}

// periodChips adds the filters of a period, a department, an asset or a model
// that are on, each with the link that removes it.
func (s *site) periodChips(ctx context.Context, f *listFrame) error {
	q := f.Query
	if from, to, ok := listDays(q); ok {
		word := ""
		face := s.face("UTC")
		switch day := func(t time.Time) string { return face.date(t, time.Time{}) }; {
		case to.IsZero():
			word = s.words.say("filter.since", day(from))
		case from.IsZero():
			word = s.words.say("filter.until", day(to))
		case from.Day() == 1 && to.AddDate(0, 0, 1).Day() == 1:
			word = s.words.say("filter.opened", s.spanWords(from, to.AddDate(0, 0, 1)))
		default:
			word = s.words.say("filter.opened", s.words.say("trends.span", day(from), day(to)))
		}
		rest := url.Values{}
		for k, v := range q {
			if k != "from" && k != "merged" {
				rest[k] = v
			}
		}
		f.Set = append(f.Set, chip{Word: word, To: address(f.Path, rest, "to", ""), On: true})
	}
	switch d := q.Get("department"); d {
	case "":
	case noDepartment:
		f.removable(s.words.say("trends.no_department"), "department")
	default:
		f.removable(d, "department")
	}
	if id, err := strconv.ParseInt(q.Get("asset"), 10, 64); err == nil && id > 0 {
		assets, err := s.things.AssetsByID(ctx, []int64{id})
		if err != nil {
			return err
		}
		word := s.words.say("filter.one_asset")
		if len(assets) > 0 {
			word = join(" ", assets[0].Tag, assets[0].Title())
		}
		f.removable(word, "asset")
	}
	if id, err := strconv.ParseInt(q.Get("model"), 10, 64); err == nil && id > 0 {
		word := s.words.say("filter.one_model")
		if m, err := s.things.Model(ctx, id); err == nil {
			word = m.Title()
		} else if migrations.KindOf(err) != migrations.NotFound {
			return err
		}
		f.removable(word, "model")
	}
	return nil
}
