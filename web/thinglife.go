package web

import (
	"context"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// moments writes the steps of an asset's life as sentences.
func (s *site) moments(ctx context.Context, a inventory.Asset, steps []inventory.Step) ([]moment, error) {
	files, err := s.store.Files(ctx, a.Thing())
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{} // the orders whose files are read
	for _, step := range steps {
		if e := step.Event; e != nil && e.Subject == tracker.KindWorkOrder && !seen[e.SubjectID] {
			seen[e.SubjectID] = true
			more, err := s.store.Files(ctx, tracker.Thing{Kind: tracker.KindWorkOrder, ID: e.SubjectID})
			if err != nil {
				return nil, err
			}
			files = append(files, more...)
		}
	}
	var events []tracker.EventRow
	var linked []tracker.Thing
	for _, step := range steps {
		if step.Event != nil {
			events = append(events, *step.Event)
			if t, _, ok := whispered(step.Event); ok {
				linked = append(linked, t)
			}
		}
	}
	names, err := s.store.EventNames(ctx, events)
	if err != nil {
		return nil, err
	}
	named, err := s.named(ctx, linked)
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
			m = s.eventMoment(*step.Event, names[step.Event.Actor], named, files)
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
	if (kind == "repair" || kind == "maintain") && m.LocationPath != "" && m.LocationPath != m.WasLocationPath {
		kind, to = kind+".place", m.LocationPath
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

// eventMoment tells a link, a file or a change; nothing of other events.
func (s *site) eventMoment(e tracker.EventRow, who string, named map[tracker.Thing]thingView, files []tracker.File) moment {
	say := s.words.say
	if who == "" {
		who = say("who.system")
	}
	switch e.Kind {
	case "linked", "unlinked":
		t, _, _ := whispered(&e)
		v, ok := named[t]
		if !ok {
			return moment{}
		}
		return moment{Icon: "link", Words: say("life."+e.Kind, who), To: v.To, Link: v.Name()}
	case "file_added", "file_removed":
		ref := e.Became + e.Was
		for _, f := range files {
			if "file:"+strconv.FormatInt(f.ID, 10) == ref {
				icon := "paperclip"
				if f.Image() {
					icon = "photo"
				}
				return moment{Icon: icon, Words: say("life.file_added", who), To: "/files/" + f.UID, Link: f.Name}
			}
		}
		if e.Kind == "file_removed" {
			return moment{Icon: "trash", Words: say("life.file_removed", who)}
		}
		return moment{Icon: "paperclip", Words: say("life.file_gone", who)}
	case "changed":
		return moment{Icon: "pencil", Words: say("life.changed", who), Note: s.changedFields(e)}
	}
	return moment{}
}

// changedFields names the fields that an event says were changed.
func (s *site) changedFields(e tracker.EventRow) string {
	var names []string
	for _, f := range strings.FieldsFunc(e.Became, func(r rune) bool { return r == ',' || r == ' ' }) {
		if key := "thing." + f; s.words.has(key) {
			names = append(names, s.words.say(key))
		}
	}
	return strings.Join(names, ", ")
}
