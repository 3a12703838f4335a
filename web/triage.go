package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"helpdeskd/tracker"
)

// burstView is what several people reported alike, beside one of the tickets.
type burstView struct {
	tracker.Burst
	Others []tracker.Ticket
	Parent string           // HD-12: another one stands for all already
	Adopt  []tracker.Ticket // those that can become children of this one
	Star   bool             // it can be given the star that is suggested
}

func (s *site) burstPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) error {
	if v.T.BurstID == 0 {
		return nil
	}
	b, err := s.store.BurstOf(ctx, &v.T)
	if err != nil {
		return err
	}
	x := burstView{Burst: b, Star: v.Suggest == nil && !v.T.Star && !v.T.Stage.Closed()}
	byID := map[int64]*tracker.Ticket{}
	for i := range b.Tickets {
		byID[b.Tickets[i].ID] = &b.Tickets[i]
	}
	for _, o := range b.Tickets {
		if o.ID == v.T.ID {
			continue
		}
		x.Others = append(x.Others, o)
		if p := byID[o.ParentID]; p != nil && p.ID != v.T.ID && x.Parent == "" {
			x.Parent = p.Name()
		}
		if o.ParentID == 0 && o.MergedIntoID == 0 && !o.Archived() && !o.Stage.Closed() {
			x.Adopt = append(x.Adopt, o)
		}
	}
	if v.T.ParentID != 0 || v.T.Archived() {
		x.Parent, x.Adopt = "", nil // the panel of relations says of which
	}
	if x.Parent != "" {
		x.Adopt = nil
	}
	v.Burst = &x
	return nil
}

// leaveBurst takes a ticket out of several alike reports.
func (s *site) leaveBurst(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	if _, err := s.store.LeaveBurst(r.Context(), actorOf(r), number); err != nil {
		return err
	}
	s.flash(r, "flash.burst_left", tracker.TicketName(number))
	return seeOther(w, r, ticketPath(number))
}

// historyView is what the person of a ticket asked for before.
type historyView struct {
	tracker.PersonHistory
	Of   string   // their name, where it is not the requester
	Says []string // Printing 4, Network 2
	More string   // the list of all
}

func (s *site) historyPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	who := v.T.ClientID
	if v.T.ForClientID != 0 {
		who, v.History.Of = v.T.ForClientID, v.T.ForClientName
	}
	if v.History.PersonHistory, err = s.store.HistoryOf(ctx, who, &v.T); err != nil {
		return err
	}
	for _, k := range v.History.Kinds {
		name := k.Name
		if name == "" {
			name = s.words.say("ticket.no_category")
		}
		v.History.Says = append(v.History.Says, name+" "+strconv.Itoa(k.N))
	}
	v.History.More = "/tickets?" + url.Values{"client": {strconv.FormatInt(who, 10)}, "archived": {"also"}}.Encode()
	return nil
}

// beforeSpan is how long before a request what happened may have to do with it.
const beforeSpan = 14 * 24 * time.Hour

// beforePanel tells what happened to the person's assets just before.
func (s *site) beforePanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) error {
	who := v.T.ClientID
	if v.T.ForClientID != 0 {
		who = v.T.ForClientID
	}
	var assets []int64
	for _, a := range v.Things.Assets {
		assets = append(assets, a.ID)
	}
	steps, err := s.things.Before(ctx, assets, who, v.T.OpenedAt, beforeSpan)
	if err != nil {
		return err
	}
	for _, step := range steps {
		var m moment
		if step.Movement != nil {
			m = s.movementMoment(*step.Movement)
			m.To, m.Link = assetPath(step.Movement.AssetID), join(" ", step.Movement.Tag, step.Movement.ModelName)
		} else {
			m = s.orderMoment(*step.Order, step.Finished)
		}
		m.At = step.At
		v.Before = append(v.Before, m)
	}
	return nil
}

// similarView is a past request that resembles the one on the page.
type similarView struct {
	tracker.Ticket
	Why    string // same person; same asset A-0012; printer, fuser
	Cite   string // writes its fix into the answer, "" where it has none
	Merge  string // shows what merging into it would do, "" where that makes no sense
	Linked bool
}

// similarShown is how many similar requests stand beside one.
const similarShown = 5

func (s *site) similarPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) error {
	var to tracker.SimilarTo
	tags := map[int64]string{}
	for _, a := range v.Things.Assets {
		tags[a.ID] = a.Ref
		if a.Linked {
			to.Linked = append(to.Linked, a.ID)
		} else {
			to.Held = append(to.Held, a.ID)
		}
	}
	all, err := s.store.Similar(ctx, &v.T, to, similarShown)
	if err != nil {
		return err
	}
	for _, a := range all {
		x := similarView{Ticket: a.Ticket}
		if a.SamePerson {
			x.Why = s.words.say("similar.person")
		}
		for _, id := range a.AssetIDs {
			x.Why = join(" · ", x.Why, s.words.say("similar.asset", tags[id]))
		}
		x.Why = join(" · ", x.Why, join(", ", a.Words...))
		if a.Fix != "" && !v.T.Archived() {
			x.Cite = ticketURL(v.T.Number, url.Values{"do": {"reply"}, "cite": {a.Name()}}, "#composer")
		}
		if !v.T.Archived() && !a.Archived() && !a.Stage.Closed() {
			x.Merge = "/tickets/" + strconv.FormatInt(v.T.Number, 10) + "/merge?into=" + strconv.FormatInt(a.Number, 10)
		}
		x.Linked = slices.ContainsFunc(v.Things.Links.All, func(l thingView) bool { return l.Kind == tracker.KindTicket && l.ID == a.ID })
		v.Similar = append(v.Similar, x)
	}
	return nil
}

// cited returns the fix of the ticket that a link wants written into the answer.
func (s *site) cited(r *http.Request) (string, error) {
	n, err := tracker.ParseTicketName(r.URL.Query().Get("cite"))
	if err != nil || r.Method != http.MethodGet {
		return "", nil
	}
	t, err := s.store.TicketByNumber(r.Context(), n)
	return t.Fix, err
}
