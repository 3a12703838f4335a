package web

import (
	"context"
	"slices"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// orderTalk is what was noted and done, in the order of time.
func (s *site) orderTalk(ctx context.Context, o inventory.Order, files filesView) ([]entryView, error) {
	notes, err := s.things.OrderNotes(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	var said []entryView
	for _, n := range notes {
		who := n.AccountName
		if who == "" {
			who = s.words.say("product")
		}
		said = append(said, entryView{Kind: "note", ID: n.ID, At: n.At, Who: who, Body: n.Body})
	}
	const mostEvents = 200
	events, err := s.store.EventsOf(ctx, tracker.KindWorkOrder, o.ID, mostEvents)
	if err != nil {
		return nil, err
	}
	slices.Reverse(events)
	names, err := s.store.EventNames(ctx, events)
	if err != nil {
		return nil, err
	}
	var things []tracker.Thing
	for i := range events {
		if t, _, ok := whispered(&events[i]); ok {
			things = append(things, t)
		}
	}
	named, err := s.named(ctx, things)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if v, ok := s.fileWhisper(&events[i], names[events[i].Actor], files); ok {
			said = append(said, v)
		} else if v, ok := s.orderWhisper(&events[i], names[events[i].Actor], named); ok {
			said = append(said, v)
		}
	}
	slices.SortStableFunc(said, func(a, b entryView) int { return int(min(max(a.At-b.At, -1), 1)) })
	return said, nil
}

// orderWhisper words what happened to an order.
func (s *site) orderWhisper(ev *tracker.EventRow, who string, named map[tracker.Thing]thingView) (entryView, bool) {
	if who == "" {
		who = s.words.say("product")
	}
	v := entryView{Kind: "event", ID: ev.ID, At: ev.At, Icon: "history"}
	switch ev.Kind {
	case "opened":
		v.Icon, v.Words = "tool", s.words.say("order.event.opened", who)
	case "status":
		v.Icon, v.Words = "chevron-right", s.words.say("order.event.status", who, s.words.say("order.became."+ev.Became))
	case "changed":
		v.Icon, v.Words = "pencil", s.words.say("order.event.changed", who)
	case "line_removed":
		v.Icon, v.Words = "coin", s.words.say("order.event.line_removed", who)
	case "linked", "unlinked":
		t, _, _ := whispered(ev)
		link, ok := named[t]
		if !ok {
			link = thingView{Title: s.words.say("links.vanished")}
		}
		v.Icon, v.Link, v.Words = "link", &link, s.words.say("event."+ev.Kind, who)
		if ev.Kind == "unlinked" {
			v.Icon = "unlink"
		}
	default:
		return v, false // notes and costs stand there themselves
	}
	return v, true
}

// fileWhisper words that a file came or went.
func (s *site) fileWhisper(ev *tracker.EventRow, who string, files filesView) (entryView, bool) {
	var all []tracker.File
	for _, f := range slices.Concat(files.Pictures, files.Others) {
		all = append(all, f.File)
	}
	if ev.Kind != "file_added" && ev.Kind != "file_removed" {
		return entryView{}, false
	}
	if who == "" {
		who = s.words.say("product")
	}
	m := s.eventMoment(*ev, who, nil, all)
	v := entryView{Kind: "event", ID: ev.ID, At: ev.At, Icon: m.Icon, Words: m.Words}
	if m.To != "" {
		v.Link = &thingView{Title: m.Link, To: m.To}
	}
	return v, true
}
