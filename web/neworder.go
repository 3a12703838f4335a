package web

import (
	"fmt"
	"net/http"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// newOrderView is the form that opens a work order.
type newOrderView struct {
	F        orderFields
	Ticket   *tracker.Ticket // for which it is, nil for none
	Back     string
	BackWord string
}

// offeredAssets is how many of a person's assets are offered with one click.
const offeredAssets = 12

// newOrderPage is the form, filled in by ?ticket= (its number), ?asset= and ?client=.
func (s *site) newOrderPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	ask := orderAsked{ticket: queryInt(q, "ticket"), asset: queryInt(q, "asset"), client: queryInt(q, "client")}
	f := orderFields{Assignee: idText(accountOf(r.Context()).ID), Focus: true}
	return s.newOrderForm(w, r, http.StatusOK, ask, f, true)
}

// orderAsked is for what an order is opened: a ticket's number, an asset, a person.
type orderAsked struct{ ticket, asset, client int64 }

// newOrderForm shows the form; fresh says that nobody has typed into it yet.
func (s *site) newOrderForm(w http.ResponseWriter, r *http.Request, status int, ask orderAsked, f orderFields, fresh bool) error {
	ctx := r.Context()
	v := newOrderView{F: f, Back: "/orders", BackWord: s.words.say("nav.orders")}
	v.F.MayAsset, v.F.Draft = true, fmt.Sprintf("order:new:%d", ask.ticket)
	holder := ask.client
	if ask.ticket != 0 {
		t, err := s.store.TicketByNumber(ctx, ask.ticket)
		if err != nil {
			return err
		}
		v.Ticket, v.Back, v.BackWord = &t, ticketPath(t.Number), t.Name()
		if holder == 0 {
			holder = t.ClientID
		}
		if fresh {
			v.F.Title = clipRunes(t.Subject, 200)
		}
	}
	var offered []inventory.Asset
	if ask.asset != 0 {
		a, err := s.things.Asset(ctx, ask.asset)
		if err != nil {
			return err
		}
		offered = append(offered, a)
		if v.Ticket == nil {
			v.Back, v.BackWord = assetPath(a.ID), a.Tag
		}
		if holder == 0 && a.HolderID != nil {
			holder = *a.HolderID
		}
		if fresh {
			v.F.Asset = idText(a.ID)
			v.F.Warranty = a.WarrantyUntil != "" && a.WarrantyUntil >= s.things.Today()
		}
		if a.WarrantyUntil != "" {
			key := "order.warranty_until"
			if a.WarrantyUntil < s.things.Today() {
				key = "order.warranty_over"
			}
			v.F.WarrantyHint = s.words.say(key, s.day(a.WarrantyUntil))
		}
	}
	if holder != 0 {
		c, err := s.store.ClientByID(ctx, holder)
		if err != nil {
			return err
		}
		if fresh {
			v.F.Client, v.F.ClientText = idText(c.ID), c.Name
		}
		held, err := s.things.HeldBy(ctx, holder, offeredAssets)
		if err != nil {
			return err
		}
		for _, a := range held {
			if a.ID != ask.asset {
				offered = append(offered, a)
			}
		}
	}
	for _, a := range offered {
		v.F.Assets = append(v.F.Assets, choice{Value: idText(a.ID), Word: join(" ", a.Tag, a.Title()), Group: join(" · ", a.HolderName, a.LocationName, s.words.say("asset."+string(a.Status)))})
	}
	if fresh && v.F.Asset == "" && len(offered) == 1 {
		v.F.Asset = idText(offered[0].ID)
	}
	if err := s.fillOrderFields(ctx, &v.F); err != nil {
		return err
	}
	return s.render(w, r, status, "neworder", view{Title: s.words.say("order.new"), Section: "orders", Data: &v})
}

// newOrder opens a work order: planned, or taken in at once.
func (s *site) newOrder(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	e, f, err := s.orderEdit(r)
	if err != nil {
		return err
	}
	number, err := formInt(r, "ticket")
	if err != nil {
		return err
	}
	in := inventory.NewOrder{OrderEdit: e, TakeIn: r.PostFormValue("do") == "take"}
	if number != 0 {
		t, err := s.store.TicketByNumber(ctx, number)
		if err != nil {
			return err
		}
		if t.Archived() {
			return migrations.Invalidf("%s", s.words.say("order.ticket_archived", t.Name()))
		}
		in.TicketID = t.ID
	}
	ask := orderAsked{ticket: number, client: e.ClientID, asset: queryInt(r.PostForm, "choice")}
	if f.Problems.Any() {
		if strings.TrimSpace(e.Title) == "" {
			f.Problems.put(migrations.InvalidAt("title", "%s", s.words.say("order.title_empty")))
		}
		return s.newOrderForm(w, r, http.StatusUnprocessableEntity, ask, f, false)
	}
	o, err := s.things.OpenOrder(ctx, actorOf(r), in)
	if err != nil {
		if err := f.failed(err, ""); err != nil {
			return err
		}
		return s.newOrderForm(w, r, http.StatusUnprocessableEntity, ask, f, false)
	}
	key := "flash.order_planned"
	if o.Status != inventory.Planned {
		key = "flash.order_taken"
	}
	s.flash(r, key, o.Name())
	return seeOther(w, r, orderPath(o.Number))
}
