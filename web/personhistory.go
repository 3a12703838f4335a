package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// The parts of a person's history, as the address names them.
const (
	historyAll     = "everything"
	historyThings  = "things"
	historyRepairs = "repairs"
	historyPage    = 25
)

// historyRow is one thing of a person's history: a request, a thing that came
// or went, or a repair.
type historyRow struct {
	At migrations.Stamp
	thingView
}

// historyKey is where a page of a history begins: before these ids, 0 for the
// newest. Each kind is in the order of its own ids.
type historyKey [3]int64

func parseHistoryKey(text string) (k historyKey, err error) {
	if text == "" {
		return k, nil
	}
	part := strings.Split(text, "-")
	for i := range k {
		if len(part) == len(k) {
			k[i], err = strconv.ParseInt(part[i], 10, 64)
		}
		if len(part) != len(k) || err != nil || k[i] < 0 {
			return k, migrations.Invalidf("This page of the list is not known. Please start from its first page.")
		}
	}
	return k, nil
}

func (k historyKey) String() string { return fmt.Sprintf("%d-%d-%d", k[0], k[1], k[2]) }

// historyEntry is a row with its id, by which its kind is in order.
type historyEntry struct {
	id  int64
	row historyRow
}

// personHistory returns a page of what happened to a person, the newest first,
// and the key of the next page.
func (s *site) personHistory(ctx context.Context, id int64, which, after string) (rows []historyRow, more string, err error) {
	key, err := parseHistoryKey(after)
	if err != nil {
		return nil, "", err
	}
	var heads [len(key)][]historyEntry
	for i, read := range []struct {
		in   bool
		from func(ctx context.Context, id int64, after string) ([]historyEntry, error)
	}{{which == historyAll, s.historyTickets}, {which != historyRepairs, s.historyMovements}, {which != historyThings, s.historyOrders}} {
		if !read.in {
			continue
		}
		before := ""
		if key[i] > 0 {
			before = strconv.FormatInt(key[i], 10)
		}
		if heads[i], err = read.from(ctx, id, before); err != nil {
			return nil, "", err
		}
	}
	for {
		next := -1
		for i, h := range heads {
			if len(h) > 0 && (next < 0 || h[0].row.At > heads[next][0].row.At) {
				next = i
			}
		}
		if next < 0 {
			return rows, "", nil
		}
		if len(rows) == historyPage {
			return rows, key.String(), nil
		}
		e := heads[next][0]
		rows, key[next], heads[next] = append(rows, e.row), e.id, heads[next][1:]
	}
}

func (s *site) historyTickets(ctx context.Context, id int64, after string) (all []historyEntry, err error) {
	list, _, err := s.store.Tickets(ctx, tracker.TicketFilter{ClientID: id, Archived: tracker.ArchivedAlso}, after, historyPage+1)
	for i := range list {
		v := s.ticketThing(&list[i])
		v.Note = list[i].Fix
		all = append(all, historyEntry{list[i].ID, historyRow{list[i].OpenedAt, v}})
	}
	return all, err
}

func (s *site) historyMovements(ctx context.Context, id int64, after string) (all []historyEntry, err error) {
	list, _, err := s.things.Movements(ctx, inventory.MovementFilter{ClientID: id}, after, historyPage+1)
	is := func(p *int64) bool { return p != nil && *p == id }
	for _, m := range list {
		v := thingView{Ref: m.Tag, To: assetPath(m.AssetID), Icon: "user-check", Note: m.Reason}
		switch {
		case m.Kind == "repair", m.Kind == "maintain":
			v.Title, v.Icon = s.words.say("person.history.away", m.ModelName), "tool"
		case m.Kind == "back" && is(m.HolderID):
			v.Title = s.words.say("person.history.back", m.ModelName)
		case is(m.HolderID) && is(m.WasHolderID):
			v.Title = s.words.say("person.history.kept", m.ModelName)
		case is(m.HolderID):
			v.Title = s.words.say("person.history.got", m.ModelName)
		default:
			v.Title, v.Icon = s.words.say("person.history.gave", m.ModelName), "building-warehouse"
		}
		all = append(all, historyEntry{m.ID, historyRow{m.At, v}})
	}
	return all, err
}

func (s *site) historyOrders(ctx context.Context, id int64, after string) (all []historyEntry, err error) {
	list, _, err := s.things.Orders(ctx, inventory.OrderFilter{ClientID: id, Closed: true}, after, historyPage+1)
	for i := range list {
		all = append(all, historyEntry{list[i].ID, historyRow{list[i].OpenedAt, s.orderThing(&list[i])}})
	}
	return all, err
}

// historyChips lead between a person's requests and all else that happened.
func (s *site) historyChips(path string, rest url.Values) (chips []chip) {
	for _, show := range []string{historyAll, historyThings, historyRepairs} {
		chips = append(chips, chip{Word: s.words.say("person.show." + show), To: address(path, url.Values{}, "show", show) + "#requests", On: rest.Get("show") == show})
	}
	return chips
}

// oftenSays says what a person asks about again and again, and which things
// their requests are about.
func (s *site) oftenSays(ctx context.Context, id int64) (says []string, err error) {
	often, err := s.store.OftenAsked(ctx, id)
	if err != nil || often.N < 2 {
		return nil, err
	}
	if len(often.Categories) == 0 {
		says = append(says, s.words.say("person.often_none", often.N))
	} else {
		var parts []string
		for _, c := range often.Categories[:min(len(often.Categories), 4)] {
			parts = append(parts, s.words.say("person.often_one", c.N, c.Name))
		}
		says = append(says, s.words.say("person.often", often.N, strings.Join(parts, ", ")))
	}
	ids := make([]int64, len(often.Assets))
	n := map[int64]int{}
	for i, a := range often.Assets {
		ids[i], n[a.ID] = a.ID, a.N
	}
	assets, err := s.things.AssetsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range assets {
		says = append(says, s.words.say("person.often_asset", n[a.ID], join(" ", a.Tag, a.Title())))
	}
	return says, nil
}
