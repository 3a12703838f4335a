package web

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// namedIn reads the names of the things that a conversation's whispers name.
func (s *site) namedIn(ctx context.Context, entries []tracker.Entry) (map[tracker.Thing]thingView, error) {
	var things []tracker.Thing
	for _, e := range entries {
		if t, _, ok := whispered(e.Event); ok {
			things = append(things, t)
		}
	}
	if len(things) == 0 {
		return nil, nil
	}
	return s.named(ctx, things)
}

// whispered returns the thing that an event names, and what became of it.
func whispered(ev *tracker.EventRow) (t tracker.Thing, status string, ok bool) {
	if ev == nil || ev.Kind != "order" && ev.Kind != "linked" && ev.Kind != "unlinked" && !kinEvents[ev.Kind] {
		return t, "", false
	}
	ref, status, _ := strings.Cut(ev.Became, " ")
	kind, number, _ := strings.Cut(ref, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	return tracker.Thing{Kind: kind, ID: id}, status, err == nil
}

// kinEvents are the events of a ticket that name another one.
var kinEvents = map[string]bool{"merged": true, "merged_here": true, "unmerged": true, "unmerged_here": true, "adopted": true, "child_added": true,
	"parted": true, "child_removed": true, "child_message": true, "split": true, "split_off": true}

// nameWhispers words the whispers that name other things: repairs, and what
// was linked. That a repair was linked goes without saying where it was opened
// from here.
func (s *site) nameWhispers(said []entryView, entries []tracker.Entry, named map[tracker.Thing]thingView) []entryView {
	at := map[int64]*tracker.EventRow{}
	opened := map[tracker.Thing]migrations.Stamp{}
	for _, e := range entries {
		if e.Event == nil {
			continue
		}
		at[e.Event.ID] = e.Event
		if t, _, ok := whispered(e.Event); ok && e.Event.Kind == "order" && e.Event.Was == "" {
			opened[t] = e.Event.At
		}
	}
	const together = migrations.Stamp(2_000_000) // microseconds: one transaction
	return slices.DeleteFunc(said, func(v entryView) bool {
		ev := at[v.ID]
		if v.Kind != "event" || ev == nil {
			return false
		}
		t, _, ok := whispered(ev)
		when, isOpened := opened[t]
		return ok && ev.Kind == "linked" && named[t].To != "" && isOpened && when-ev.At < together && ev.At-when < together
	})
}
