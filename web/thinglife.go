package web

import (
	"context"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// moments writes the steps of an asset's life as sentences.
func (s *site) moments(ctx context.Context, a inventory.Asset, steps []inventory.Step) ([]moment, error) {
	n := namer{s: s, ctx: ctx}
	files, err := s.store.Files(ctx, a.Thing())
	if err != nil {
		return nil, err
	}
	var all []moment
	for _, step := range steps {
		var m moment
		switch {
		case step.Movement != nil:
			m = s.movementMoment(*step.Movement)
		case step.Order != nil:
			m = s.orderMoment(*step.Order, step.Finished)
		default:
			if m, err = n.event(*step.Event, files); err != nil {
				return nil, err
			}
		}
		m.At = step.At
		if m.Words != "" {
			all = append(all, m)
		}
	}
	return all, nil
}

var movementIcons = map[string]string{"register": "circle-plus", "stow": "building-warehouse", "deploy": "user-check", "repair": "tool", "maintain": "tool", "back": "arrow-back-up",
	"split": "copy", "join": "stack-2", "retire": "archive", "dispose": "trash", "recover": "refresh", "count": "list-details"}

// movementMoment says where a thing went, by whom, and why.
func (s *site) movementMoment(m inventory.Movement) moment {
	who := m.AccountName
	if who == "" {
		who = s.words.say("who.system")
	}
	icon := movementIcons[m.Kind]
	if icon == "" {
		icon = "arrow-right"
	}
	kind, to := m.Kind, m.LocationPath
	if m.HolderName != "" {
		to = m.HolderName
		if m.LocationPath != "" {
			to += " (" + m.LocationPath + ")"
		}
	}
	if kind == "deploy" && m.HolderName == "" || kind == "register" || kind == "back" {
		at := "place"
		if m.HolderName != "" {
			at = "person"
		}
		kind += "." + at
		if to == "" {
			kind = m.Kind + ".nowhere"
		}
	}
	from := m.WasHolderName
	if from == "" {
		from = m.WasLocationPath
	}
	if m.Quantity != 1 && m.Quantity != m.WasQuantity && m.Kind != "count" {
		to = join(", ", to, s.words.say("n.pieces", m.Quantity))
	}
	key := "life.move." + kind
	if !s.words.has(key) {
		key = "life.move.other"
	}
	if m.Kind == "count" {
		to = s.words.say("n.pieces", m.Quantity)
		from = s.words.say("n.pieces", m.WasQuantity)
	}
	v := moment{Icon: icon, Words: s.words.say(key, who, to, from), Note: m.Reason, Tone: "move"}
	if m.Kind == "repair" || m.Kind == "dispose" {
		v.Tone = "bad"
	}
	if m.WasHolderName != "" && m.WasHolderID != nil && m.HolderName == "" && (m.Kind == "stow" || m.Kind == "retire" || m.Kind == "dispose") {
		v.Words += " " + s.words.say("life.was_with", m.WasHolderName)
	}
	return v
}

func (s *site) orderMoment(o inventory.Order, finished bool) moment {
	m := moment{Icon: "tool", To: orderPath(o.Number), Link: o.Name()}
	if finished {
		m.Icon, m.Tone = "circle-check", "good"
		m.Words, m.Note = s.words.say("life.order."+string(o.Status), o.Title), o.Resolution
		if o.Status != inventory.Done {
			m.Icon, m.Tone = "ban", ""
		}
		if o.Total > 0 {
			m.Words += " " + s.words.say("life.order_cost", inventory.FormatMoney(o.Total, o.Currency))
		}
		return m
	}
	m.Words, m.Note, m.Tone = s.words.say("life.order.opened", o.Title), o.Reason, "bad"
	return m
}

// namer finds the names that events only refer to.
type namer struct {
	s   *site
	ctx context.Context
	who map[string]string
}

// actor names who did something.
func (n *namer) actor(actor string) (string, error) {
	if name, ok := n.who[actor]; ok {
		return name, nil
	}
	if n.who == nil {
		n.who = map[string]string{}
	}
	name := n.s.words.say("who.system")
	what, number, _ := strings.Cut(actor, ":")
	id, _ := strconv.ParseInt(number, 10, 64)
	var err error
	switch what {
	case "account":
		var a tracker.Account
		if a, err = n.s.store.Account(n.ctx, id); err == nil {
			name = a.Name
		}
	case "client":
		var c tracker.Client
		if c, err = n.s.store.ClientByID(n.ctx, id); err == nil {
			name = c.Name
		}
	}
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return "", err
	}
	n.who[actor] = name
	return name, nil
}

// event tells a link, a file or a change.
func (n *namer) event(e tracker.EventRow, files []tracker.File) (moment, error) {
	who, err := n.actor(e.Actor)
	if err != nil {
		return moment{}, err
	}
	say := n.s.words.say
	switch e.Kind {
	case "linked", "unlinked":
		name, to, err := n.thing(e.Became)
		if err != nil || name == "" {
			return moment{}, err
		}
		return moment{Icon: "link", Words: say("life."+e.Kind, who), To: to, Link: name}, nil
	case "file_added", "file_removed":
		ref := e.Became + e.Was
		for _, f := range files {
			if "file:"+strconv.FormatInt(f.ID, 10) == ref {
				icon := "paperclip"
				if f.Image() {
					icon = "photo"
				}
				return moment{Icon: icon, Words: say("life.file_added", who), To: "/files/" + f.UID, Link: f.Name}, nil
			}
		}
		if e.Kind == "file_removed" {
			return moment{Icon: "trash", Words: say("life.file_removed", who)}, nil
		}
		return moment{Icon: "paperclip", Words: say("life.file_gone", who)}, nil
	case "changed":
		return moment{Icon: "pencil", Words: say("life.changed", who), Note: n.changes(e)}, nil
	}
	return moment{}, nil
}

// changes names the fields that an event says were changed.
func (n *namer) changes(e tracker.EventRow) string {
	var names []string
	for _, f := range strings.FieldsFunc(e.Became, func(r rune) bool { return r == ',' || r == ' ' }) {
		if key := "thing." + f; n.s.words.has(key) {
			names = append(names, n.s.words.say(key))
		}
	}
	return strings.Join(names, ", ")
}

// thing names what an event refers to, ticket:12, and where it is.
func (n *namer) thing(ref string) (name, to string, err error) {
	kind, number, _ := strings.Cut(ref, ":")
	id, _ := strconv.ParseInt(number, 10, 64)
	switch kind {
	case tracker.KindTicket:
		var t tracker.Ticket
		if t, err = n.s.store.TicketByID(n.ctx, id); err == nil {
			name, to = t.Name()+" "+t.Subject, ticketPath(t.Number)
		}
	case tracker.KindClient:
		var c tracker.Client
		if c, err = n.s.store.ClientByID(n.ctx, id); err == nil {
			name, to = c.Name, "/people/"+number
		}
	case tracker.KindAsset:
		var a inventory.Asset
		if a, err = n.s.things.Asset(n.ctx, id); err == nil {
			name, to = a.Tag+" "+a.Title(), assetPath(a.ID)
		}
	case tracker.KindWorkOrder:
		var list []inventory.Order
		if list, err = n.s.things.OrdersByID(n.ctx, []int64{id}); err == nil && len(list) == 1 {
			name, to = list[0].Name()+" "+list[0].Title, orderPath(list[0].Number)
		}
	}
	if migrations.KindOf(err) == migrations.NotFound {
		err = nil
	}
	return name, to, err
}
