package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// ordersView is the list of work orders.
type ordersView struct {
	Frame       listFrame
	Orders      []orderRow
	Technicians []tracker.Account
	Vendors     []inventory.LocationNode
	Statuses    []inventory.OrderStatus
	None        bool // there is no order at all, closed ones included
}

// orderRow is a work order in a list.
type orderRow struct {
	inventory.Order
	Tone    string
	Overdue bool
	Cost    string
}

func (s *site) orderRows(list []inventory.Order) []orderRow {
	today := s.things.Today()
	rows := make([]orderRow, len(list))
	for i, o := range list {
		rows[i] = orderRow{Order: o, Tone: orderTone(o.Status), Overdue: o.Overdue(today)}
		if o.Total != 0 {
			rows[i].Cost = inventory.FormatMoney(o.Total, o.Currency)
		}
	}
	return rows
}

func orderTone(st inventory.OrderStatus) string {
	switch st {
	case inventory.Assessed, inventory.InProgress:
		return "work"
	case inventory.Waiting:
		return "ask"
	case inventory.Done:
		return "good"
	case inventory.WrittenOff:
		return "bad"
	case inventory.Cancelled:
		return "off"
	}
	return "wait"
}

func orderPath(number int64) string { return "/orders/" + strconv.FormatInt(number, 10) }

func (s *site) orderThing(o *inventory.Order) thingView {
	return thingView{Thing: o.Thing(), Ref: o.Name(), Title: o.Title, Note: join(" ", o.AssetTag, o.AssetTitle), Icon: "tool", To: orderPath(o.Number),
		State: s.words.say("order.status." + string(o.Status)), Tone: orderTone(o.Status)}
}

// orderFilter reads a list's filter out of an address.
func orderFilter(q url.Values, me int64) inventory.OrderFilter {
	f := inventory.OrderFilter{Text: q.Get("q"), Overdue: q.Get("overdue") == "1"}
	number := func(key string) int64 {
		switch v := q.Get(key); v {
		case "me":
			return me
		case "nobody":
			return tracker.Nobody
		default:
			n, _ := strconv.ParseInt(v, 10, 64)
			return max(n, 0)
		}
	}
	f.AssigneeID, f.VendorID, f.AssetID, f.ClientID = number("who"), number("vendor"), number("asset"), number("client")
	for _, v := range q["status"] {
		if st := inventory.OrderStatus(v); st.Valid() {
			f.Statuses = append(f.Statuses, st)
		}
	}
	switch show := q.Get("show"); {
	case len(f.Statuses) > 0:
	case show == "closed":
		f.Statuses = []inventory.OrderStatus{inventory.Done, inventory.WrittenOff, inventory.Cancelled}
	case show == "all":
		f.Closed = true
	}
	return f
}

func (s *site) countOrders(ctx context.Context, q url.Values, me int64, limit int) (int, error) {
	return s.things.CountOrders(ctx, orderFilter(q, me), limit)
}

func (s *site) orderList(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	list, more, err := s.things.Orders(ctx, orderFilter(q, accountOf(ctx).ID), q.Get("after"), 50)
	if err != nil {
		return err
	}
	v := ordersView{Orders: s.orderRows(list), Statuses: inventory.OrderStatuses()}
	if v.Frame, err = s.listFrame(r, "orders", more); err != nil {
		return err
	}
	if v.Technicians, err = s.store.Technicians(ctx); err != nil {
		return err
	}
	if v.Vendors, err = s.vendors(ctx); err != nil {
		return err
	}
	if len(list) == 0 && !v.Frame.Filtered {
		n, err := s.things.CountOrders(ctx, inventory.OrderFilter{Closed: true}, 1)
		if err != nil {
			return err
		}
		v.None = n == 0
	}
	if err := s.orderChips(ctx, &v); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "orders", view{Title: s.words.say("nav.orders"), Section: "orders", Live: true, Data: v})
}

// orderChips adds the quick filters, and those that are set, each with the
// address that removes it.
func (s *site) orderChips(ctx context.Context, v *ordersView) error {
	f, q := &v.Frame, v.Frame.Query
	f.quick(s.words.say("order.mine"), "", "who", "me")
	f.quick(s.words.say("order.overdue"), "clock", "overdue", "1")
	f.quick(s.words.say("order.status.waiting"), "", "status", string(inventory.Waiting))
	f.quick(s.words.say("order.closed"), "", "show", "closed")
	if q.Get("who") == "nobody" {
		f.removable(s.words.say("filter.nobody"), "who")
	}
	for _, a := range v.Technicians {
		if q.Get("who") == strconv.FormatInt(a.ID, 10) {
			f.removable(a.Name, "who")
		}
	}
	if st := inventory.OrderStatus(q.Get("status")); st.Valid() && st != inventory.Waiting {
		f.removable(s.words.say("order.status."+string(st)), "status")
	}
	if q.Get("show") == "all" {
		f.removable(s.words.say("order.all"), "show")
	}
	for _, l := range v.Vendors {
		if q.Get("vendor") == strconv.FormatInt(l.ID, 10) {
			f.removable(l.Name, "vendor")
		}
	}
	for key, kind := range map[string]string{"asset": tracker.KindAsset, "client": tracker.KindClient} {
		id, _ := strconv.ParseInt(q.Get(key), 10, 64)
		if id <= 0 {
			continue
		}
		t := tracker.Thing{Kind: kind, ID: id}
		named, err := s.named(ctx, []tracker.Thing{t})
		if err != nil {
			return err
		}
		f.removable(named[t].Short(), key)
	}
	if text := q.Get("q"); text != "" {
		f.removable("“"+text+"”", "q")
	}
	return nil
}

// vendors are the places that repair things for us.
func (s *site) vendors(ctx context.Context) ([]inventory.LocationNode, error) {
	all, err := s.things.Locations(ctx, false)
	if err != nil {
		return nil, err
	}
	var some []inventory.LocationNode
	for _, l := range all {
		if l.Kind == inventory.Vendor {
			some = append(some, l)
		}
	}
	return some, nil
}

// ordersOf are the repairs of a person, for their page: {{template "orders-of" .Orders}}.
type ordersOf struct {
	Some []thingView
	All  string // the list of all of them, "" where Some is all
	New  string // the form for another one
}

// ordersOf reads the newest orders that f chooses, closed ones too; key and id
// are what chooses them in the list's address.
func (s *site) ordersOf(ctx context.Context, f inventory.OrderFilter, key string, id int64) (v ordersOf, err error) {
	const shown = 8
	f.Closed = true
	list, more, err := s.things.Orders(ctx, f, "", shown)
	if err != nil {
		return v, err
	}
	for i := range list {
		v.Some = append(v.Some, s.orderThing(&list[i]))
	}
	v.New = "/orders/new?" + key + "=" + idText(id)
	if more != "" {
		v.All = "/orders?show=all&" + key + "=" + idText(id)
	}
	return v, nil
}
