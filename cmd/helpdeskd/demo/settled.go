package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"helpdeskd/tracker"
)

// sorted goes through a map in the order of its keys.
func sorted[T any](m map[string]T) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// deskZone is where the company's day is counted.
const deskZone = "Europe/London"

// desk returns what the IT department settled for itself: the look, hours and
// texts, who works there, and the views of its lists.
func (h *History) desk(now time.Time) []scene {
	var all []scene
	at := func(when time.Time, what string, do func(ctx context.Context) error) {
		all = append(all, scene{at: when, what: what, do: do})
	}
	set := func(when time.Time, name string, value func() string) {
		at(when, "settle "+name, func(ctx context.Context) error {
			return h.Store.SetSetting(ctx, h.accounts[mara], name, value())
		})
	}
	text := func(s string) func() string { return func() string { return s } }
	first := workday(beginning(now)).Add(2 * hour)
	set(first, tracker.SetCompany, text(CompanyName))
	at(first.Add(4*minute), "draw the logo", func(ctx context.Context) error {
		_, err := h.Store.SetLogoFile(ctx, h.accounts[mara], "clock.png", bytes.NewReader(clockFace(256, 10, 9, false)))
		return err
	})
	set(first.Add(15*minute), tracker.SetSignature, text("Your IT department\nTelephone 100, in the house every day from 7:30 to 17:30"))
	set(workday(beginning(now).AddDate(0, 1, 0)).Add(3*hour), tracker.SetHours, func() string {
		hours := tracker.Hours{Zone: deskZone}
		for d := time.Monday; d <= time.Friday; d++ {
			hours.Week[d] = []tracker.Span{{From: 7*60 + 30, To: 17*60 + 30}}
		}
		b, _ := json.Marshal(hours) // it has only numbers and a name
		return string(b)
	})
	for _, d := range holidays(now) {
		at(workday(time.Date(now.Year(), time.January, 9, 0, 0, 0, 0, now.Location()).AddDate(-1, 0, 0)).Add(5*hour), "the holiday "+d.Name, func(ctx context.Context) error {
			return h.Store.AddHoliday(ctx, h.accounts[mara], d)
		})
	}
	begins := junsFirstDay(now)
	at(begins.AddDate(0, 0, -30), "close Bram's account", func(ctx context.Context) error {
		no := false
		_, err := h.Store.UpdateAccount(ctx, h.accounts[mara], h.accounts[bram].AccountID, tracker.AccountChange{Enabled: &no}, tracker.AnyVersion)
		return err
	})
	at(begins.AddDate(0, 0, -22), "employ Jun", func(ctx context.Context) error {
		return h.employ(ctx, h.accounts[mara], person(jun))
	})
	for i, v := range []struct {
		by string
		tracker.SavedView
	}{
		{mara, tracker.SavedView{Shared: true, List: "tickets", Name: "Nobody's yet", Query: "stage=requested&who=nobody"}},
		{mara, tracker.SavedView{Shared: true, List: "tickets", Name: "Waiting for an answer", Query: "news=1"}},
		{mara, tracker.SavedView{Shared: true, List: "tickets", Name: "Level 3, open", Query: "level=3&stage=requested&stage=in_progress"}},
		{mara, tracker.SavedView{List: "tickets", Name: "Mine, oldest first", Query: "sort=oldest&stage=in_progress&who=me"}},
		{tobias, tracker.SavedView{List: "tickets", Name: "My printers", Query: "category=5&who=me"}},
		{mara, tracker.SavedView{Shared: true, List: "assets", Name: "Warranty ends soon", Query: "warranty=soon"}},
		{mara, tracker.SavedView{Shared: true, List: "assets", Name: "Computers in the store room", Query: "category=computer&status=stowed"}},
		{tobias, tracker.SavedView{Shared: true, List: "assets", Name: "Short on hand", Query: "alike=1&short=1"}},
		{mara, tracker.SavedView{Shared: true, List: "orders", Name: "Waiting for parts", Query: "status=waiting"}},
		{tobias, tracker.SavedView{List: "orders", Name: "Mine, late", Query: "overdue=1&who=me"}},
	} {
		at(first.Add(time.Duration(20+i)*day), "save the view "+v.Name, func(ctx context.Context) error {
			_, err := h.Store.SaveView(ctx, h.staff[v.by], v.SavedView)
			return err
		})
	}
	return append(all, h.ways(now)...)
}

// holidays are those of this year and the next that everybody has.
func holidays(now time.Time) []tracker.Holiday {
	var all []tracker.Holiday
	for y := now.Year(); y <= now.Year()+1; y++ {
		all = append(all, tracker.Holiday{Date: fmt.Sprintf("%d-01-01", y), Name: "New Year's Day"}, tracker.Holiday{Date: fmt.Sprintf("%d-12-25", y), Name: "Christmas Day"}, tracker.Holiday{Date: fmt.Sprintf("%d-12-26", y), Name: "Boxing Day"})
	}
	return all
}
