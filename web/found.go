package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// foundRow is one thing that a search found, whatever its kind.
type foundRow struct {
	thingView
	Ticket *tracker.Ticket // of a ticket: what its row shows beside that
	Notes  []string        // of the others
	At     migrations.Stamp

	names []string // what names it besides its number or tag: a hostname, a serial number
}

// foundKinds are the kinds of things that search finds, in the order of groups.
var foundKinds = []struct {
	kind, icon string
	few        int // how many a suggestion shows
}{
	{tracker.KindTicket, "list-details", 5},
	{tracker.KindClient, "user", 3},
	{tracker.KindAsset, "device-laptop", 3},
	{tracker.KindWorkOrder, "tool", 3},
}

func (s *site) foundTicket(t *tracker.Ticket) foundRow {
	v := s.ticketThing(t)
	who := t.ClientName
	if who == "" {
		who = t.ClientAddress
	}
	return foundRow{thingView: v, Ticket: t, Notes: notes(who, v.State), At: t.OpenedAt}
}

func foundClient(c *tracker.Client) foundRow {
	return foundRow{thingView: clientThing(c), Notes: notes(c.Department, c.Phone), names: []string{c.Name}}
}

func (s *site) foundAsset(a inventory.Asset) foundRow {
	v := s.assetThing(&a)
	return foundRow{thingView: v, Notes: notes(v.State, a.HolderName, a.LocationPath, a.Serial), names: notes(a.Hostname, a.Serial)}
}

func (s *site) foundOrder(o inventory.Order) foundRow {
	v := s.orderThing(&o)
	return foundRow{thingView: v, Notes: notes(v.State, v.Note, o.ClientName), At: o.OpenedAt}
}

// notes leaves out what is empty.
func notes(all ...string) (some []string) {
	for _, n := range all {
		if n != "" {
			some = append(some, n)
		}
	}
	return some
}

// foundRows reads what hits stand for, in their order; what is gone meanwhile
// is left out.
func (s *site) foundRows(ctx context.Context, hits []tracker.Hit) ([]foundRow, error) {
	ids := map[string][]int64{}
	for _, h := range hits {
		ids[h.Kind] = append(ids[h.Kind], h.ID)
	}
	others := map[tracker.Thing]foundRow{}
	if len(ids[tracker.KindAsset]) > 0 {
		rows, err := s.things.AssetsByID(ctx, ids[tracker.KindAsset])
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			others[a.Thing()] = s.foundAsset(a)
		}
	}
	if len(ids[tracker.KindWorkOrder]) > 0 {
		rows, err := s.things.OrdersByID(ctx, ids[tracker.KindWorkOrder])
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			others[o.Thing()] = s.foundOrder(o)
		}
	}
	var found []foundRow
	for _, h := range hits {
		switch {
		case h.Ticket != nil:
			found = append(found, s.foundTicket(h.Ticket))
		case h.Client != nil:
			found = append(found, foundClient(h.Client))
		default:
			if r, ok := others[h.Thing]; ok {
				found = append(found, r)
			}
		}
	}
	return found, nil
}

var orderNumber = regexp.MustCompile(`(?i)^wo-?([0-9]{1,18})$`)

// exactly returns what a number or a tag names: HD-12, WO-3, the
// tag, hostname or serial number of an asset.
func (s *site) exactly(ctx context.Context, query string) (found []foundRow, err error) {
	add := func(r foundRow, err error) error {
		if err == nil {
			found = append(found, r)
		} else if migrations.KindOf(err) != migrations.NotFound {
			return err
		}
		return nil
	}
	if n, err := tracker.ParseTicketName(query); err == nil {
		t, err := s.store.TicketByNumber(ctx, n)
		if err = add(s.foundTicket(&t), err); err != nil {
			return nil, err
		}
	}
	if m := orderNumber.FindStringSubmatch(query); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		o, err := s.things.Order(ctx, n)
		if err = add(s.foundOrder(o), err); err != nil {
			return nil, err
		}
	}
	assets, err := s.things.AssetsNamed(ctx, query, 5)
	for _, a := range assets {
		found = append(found, s.foundAsset(a))
	}
	return found, err
}

// foundGroup is what a suggestion shows of one kind.
type foundGroup struct {
	Kind, Word string
	Rows       []foundRow
}

// suggest answers the search field while somebody types: a few of each kind,
// what a number or tag names first.
func (s *site) suggest(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	query := searched(r)
	v := struct {
		Query, All string
		Groups     []foundGroup
		N          int
	}{Query: query, All: address("/search", url.Values{}, "q", query)}
	if query != "" {
		exact, err := s.exactly(ctx, query)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		group := func(kind, word string, rows []foundRow) {
			g := foundGroup{Kind: kind, Word: word}
			for _, x := range rows {
				if !seen[x.To] {
					seen[x.To] = true
					g.Rows = append(g.Rows, x)
				}
			}
			if len(g.Rows) > 0 {
				v.N += len(g.Rows)
				v.Groups = append(v.Groups, g)
			}
		}
		group("exact", s.words.say("search.exactly"), exact)
		for _, k := range foundKinds {
			page, err := s.store.Search(ctx, query, k.kind, 0, k.few)
			if err != nil {
				return err
			}
			rows, err := s.foundRows(ctx, page.Hits)
			if err != nil {
				return err
			}
			group(k.kind, s.words.say("search.kind."+k.kind), rows)
		}
	}
	return s.fragment(w, r, "search", "suggestions", v)
}

// searched is what was typed into a search field.
func searched(r *http.Request) string {
	q := []rune(strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(r.URL.Query().Get("q"), "\x00", ""), "")))
	return string(q[:min(len(q), 200)])
}
