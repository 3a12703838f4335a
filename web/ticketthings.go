package web

import (
	"context"
	"net/url"
	"strconv"

	"helpdeskd/tracker"
)

// ticketThings are the assets, repairs and links beside a ticket's conversation.
type ticketThings struct {
	Assets    []ticketAsset
	MoreHeld  string // the list of all that the requester has, "" where it is shown whole
	Repairs   []thingView
	NewRepair string // address of the form for a repair
	Links     linksView
}

// ticketAsset is an asset that the requester has, or that is linked.
type ticketAsset struct {
	thingView
	Linked bool
	Repair string // address of the form for its repair; "" where it can not be repaired
}

// heldShown is how many of a person's assets stand beside a ticket.
const heldShown = 8

func (s *site) ticketThings(ctx context.Context, t *tracker.Ticket) (v ticketThings, err error) {
	if v.Links, err = s.linksOf(ctx, tracker.Thing{Kind: tracker.KindTicket, ID: t.ID}, ticketPath(t.Number)); err != nil {
		return v, err
	}
	v.Links.Sealed = t.Archived()
	v.Repairs = v.Links.Only(tracker.KindWorkOrder)
	repair := func(asset int64) string {
		q := url.Values{"ticket": {strconv.FormatInt(t.Number, 10)}}
		if asset != 0 {
			q.Set("asset", strconv.FormatInt(asset, 10))
		}
		return "/orders/new?" + q.Encode()
	}
	if !t.Archived() {
		v.NewRepair = repair(0)
	}
	seen := map[int64]bool{}
	add := func(a thingView, linked bool) {
		if seen[a.ID] {
			return
		}
		seen[a.ID] = true
		x := ticketAsset{thingView: a, Linked: linked}
		if !t.Archived() && a.Tone != "off" && a.Tone != "work" { // what is in repair already stands below
			x.Repair = repair(a.ID)
		}
		v.Assets = append(v.Assets, x)
	}
	for _, a := range v.Links.Only(tracker.KindAsset) {
		add(a, true)
	}
	helped := t.ClientID
	if t.ForClientID != 0 { // whose things matter is who is supported
		helped = t.ForClientID
	}
	if helped == 0 {
		return v, nil
	}
	held, err := s.things.HeldBy(ctx, helped, heldShown+1)
	if err != nil {
		return v, err
	}
	if len(held) > heldShown {
		held = held[:heldShown]
		v.MoreHeld = "/assets?holder=" + strconv.FormatInt(helped, 10)
	}
	for i := range held {
		a := s.assetThing(&held[i])
		a.Note = held[i].LocationName // whose it is stands above
		add(a, false)
	}
	return v, nil
}
