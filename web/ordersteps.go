package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// orderStepView is a way on from where an order stands.
type orderStepView struct {
	To          inventory.OrderStatus
	Do, Icon    string
	Primary     bool
	Danger      bool
	Ask, Field  string // what must be said first, "" for nothing
	Sure        string
	Hint        string // what happens to the asset
	Text, Error string
	Open        bool
	Place       bool // where the asset goes must be chosen
	Chosen      picked
	PlaceError  string
}

// orderSteps are the ways on, the usual one first.
func (s *site) orderSteps(ctx context.Context, o inventory.Order, a *inventory.Asset, typed orderTyped) ([]orderStepView, error) {
	usual := map[inventory.OrderStatus]inventory.OrderStatus{inventory.Planned: inventory.Assessed, inventory.Assessed: inventory.InProgress, inventory.InProgress: inventory.Done, inventory.Waiting: inventory.InProgress}[o.Status]
	if usual == "" {
		usual = inventory.InProgress
	}
	back, ask, err := s.backHint(ctx, o, a)
	if err != nil {
		return nil, err
	}
	icons := map[inventory.OrderStatus]string{inventory.Planned: "calendar", inventory.Assessed: "package-import", inventory.InProgress: "tool", inventory.Waiting: "hourglass", inventory.Done: "check", inventory.WrittenOff: "trash", inventory.Cancelled: "x"}
	var steps []orderStepView
	for _, to := range inventory.OrderStatuses() {
		if to == o.Status || !o.Status.Open() && to != inventory.InProgress && to != inventory.Planned {
			continue
		}
		v := orderStepView{To: to, Icon: icons[to], Primary: to == usual, Do: s.words.say("order.to." + string(to))}
		switch {
		case !o.Status.Open():
			v.Do, v.Icon, v.Primary = s.words.say("order.again."+string(to)), "arrow-back-up", false
		case o.Status == inventory.Waiting && to == inventory.InProgress:
			v.Do = s.words.say("order.parts_here")
		case o.Status != inventory.Planned && to == inventory.Assessed:
			v.Do, v.Icon = s.words.say("order.assess_again"), "search"
		case o.Status != inventory.Planned && to == inventory.Planned:
			v.Hint = back
		}
		switch to {
		case inventory.Done:
			v.Field, v.Hint = "resolution", back
		case inventory.Cancelled:
			v.Field, v.Hint = "reason", back
		case inventory.WrittenOff:
			v.Field, v.Danger = "reason", true
			if a != nil && a.Quantity == 1 {
				v.Hint = s.words.say("order.retires", a.Tag)
			}
		}
		if typed.Step.Status == to && typed.StepAt == "place" {
			v.Open, v.PlaceError = true, typed.Problem
		}
		if v.Place = v.PlaceError != "" || ask && v.Hint != "" && v.Hint == back; v.Place {
			v.Sure = v.Do
			if typed.Step.Status == to {
				v.Chosen = typed.StepPlace
			}
		}
		if v.Field != "" {
			v.Ask, v.Sure = s.words.say("order.ask."+string(to)), s.words.say("order.sure."+string(to))
			if a != nil && a.Quantity != 1 {
				v.Hint = s.words.say("order.several", a.Tag, a.Quantity)
			}
			if typed.Step.Status == to {
				v.Open, v.Text = true, typed.Step.Resolution
				if v.Field == "reason" {
					v.Text = typed.Step.Reason
				}
				if typed.StepAt == v.Field {
					v.Error = typed.Problem
				}
			}
		}
		steps = append(steps, v)
	}
	slices.SortStableFunc(steps, func(a, b orderStepView) int {
		switch {
		case a.Primary && !b.Primary:
			return -1
		case b.Primary && !a.Primary:
			return 1
		}
		return 0
	})
	return steps, nil
}

// backHint says where the asset goes when the work is over, "" where it stays,
// and whether somebody must choose that.
func (s *site) backHint(ctx context.Context, o inventory.Order, a *inventory.Asset) (hint string, ask bool, err error) {
	if a == nil {
		return "", false, nil
	}
	to, back, err := s.things.ReturnsTo(ctx, o)
	switch {
	case err != nil || !back:
		return "", false, err
	case to.Ask:
		return s.words.say("order.goes_nowhere", a.Tag, to.Archived), true, nil
	case to.Archived != "":
		return s.words.say("order.goes_instead", a.Tag, join(", ", to.HolderName, to.LocationPath), to.Archived), false, nil
	}
	return s.words.say("order.goes_back", a.Tag, join(", ", to.HolderName, to.LocationPath)), false, nil
}

// stepOrder moves an order on.
func (s *site) stepOrder(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	was, err := s.things.Order(r.Context(), e.number)
	if err != nil {
		return err
	}
	to := inventory.OrderStep{Status: inventory.OrderStatus(r.PostFormValue("status")), Resolution: r.PostFormValue("resolution"), Reason: r.PostFormValue("reason")}
	var place picked
	place.Value, place.Text, err = s.pickedText(r, "place", pickPlace)
	wrong := atField("place", err)
	if place.Value != "" && wrong == nil {
		if to.PlaceID, err = strconv.ParseInt(place.Value, 10, 64); err != nil {
			return errForm
		}
	}
	if migrations.KindOf(wrong) == migrations.Invalid {
		return s.orderPage(w, r, http.StatusUnprocessableEntity, e.number, orderTyped{Step: to, StepPlace: place, StepAt: "place", Problem: migrations.SafeMessage(wrong)})
	}
	if wrong != nil {
		return wrong
	}
	goes, moved, err := s.things.ReturnsTo(r.Context(), was)
	if err != nil {
		return err
	}
	o, err := s.things.StepOrder(r.Context(), actorOf(r), e.number, to, e.version)
	if kind := migrations.KindOf(err); kind == migrations.Invalid || kind == migrations.Conflict {
		return s.orderPage(w, r, kindStatus[kind], e.number, orderTyped{Step: to, StepPlace: place, StepAt: stepField(err), Problem: migrations.SafeMessage(err)})
	}
	if err != nil {
		return err
	}
	words := s.words.say("order.status." + string(o.Status))
	if moved && goes.Archived != "" && o.AssetID != nil && (o.Status == inventory.Planned || o.Status == inventory.Done || o.Status == inventory.Cancelled) {
		now, err := s.things.Asset(r.Context(), *o.AssetID)
		if err != nil {
			return err
		}
		words += ". " + strings.TrimSuffix(s.words.say("order.went_instead", now.Tag, join(", ", now.HolderName, now.LocationPath), goes.Archived), ".")
	}
	if was.Status.Open() && was.Status != o.Status {
		fields := url.Values{"version": {strconv.FormatInt(o.Version, 10)}, "status": {string(was.Status)}}
		s.flashUndo(r, orderPath(e.number)+"/status", fields, "flash.order_step", o.Name(), words)
	} else {
		s.flash(r, "flash.order_step", o.Name(), words)
	}
	return seeOther(w, r, orderPath(e.number))
}

// stepField is the field of a step's form that an error is about.
func stepField(err error) string {
	if at := migrations.FieldOf(err); at != "location" {
		return at
	}
	return "place" // which was archived meanwhile, or is a vendor's
}
