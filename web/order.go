package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// orderView is a work order's page as its template gets it.
type orderView struct {
	O          inventory.Order
	Path, Self string
	Tone       string
	Overdue    bool
	Asset      *thingView
	Steps      []orderStepView
	Said       []entryView
	Lines      []lineView
	LineKinds  []choice
	Total      string
	Facts      []fact
	F          orderFields
	Links      linksView

	orderTyped
}

// orderTyped is what somebody typed that could not be saved.
type orderTyped struct {
	Problem  string
	Problems problems // of the forms for notes and costs
	Step     inventory.OrderStep
	StepAt   string // the field that is wrong
	Note     string
	Line     lineTyped
	Editing  bool
	Edited   orderFields
	Failed   *inventory.OrderEdit // that came too late: somebody else changed the order
}

// lineTyped is a line as it was typed.
type lineTyped struct{ Kind, Text, Quantity, UnitCost string }

// lineView is a line of costs as the page shows it.
type lineView struct {
	inventory.Line
	Much, Each, Sum string
}

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
}

func (s *site) order(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		// People copy the number as they read it: /orders/WO-5.
		if number, err = inventory.ParseOrderName(chi.URLParam(r, "number")); err != nil {
			return errNowhere
		}
		return seeOther(w, r, orderPath(number))
	}
	return s.orderPage(w, r, http.StatusOK, number, orderTyped{})
}

// orderPage renders a work order, with what was typed where that could not be saved.
func (s *site) orderPage(w http.ResponseWriter, r *http.Request, status int, number int64, typed orderTyped) error {
	ctx := r.Context()
	o, err := s.things.Order(ctx, number)
	if err != nil {
		return err
	}
	v := orderView{O: o, Path: orderPath(number), Self: orderPath(number) + "?live=1", Tone: orderTone(o.Status), Overdue: o.Overdue(s.things.Today()), orderTyped: typed}
	if v.Links, err = s.linksOf(ctx, o.Thing(), v.Path); err != nil {
		return err
	}
	var asset *inventory.Asset
	if o.AssetID != nil {
		a, err := s.things.Asset(ctx, *o.AssetID)
		if err != nil {
			return err
		}
		t := s.assetThing(&a)
		asset, v.Asset = &a, &t
	}
	if v.Steps, err = s.orderSteps(ctx, o, asset, typed); err != nil {
		return err
	}
	if v.Said, err = s.orderTalk(ctx, o); err != nil {
		return err
	}
	if err := s.orderCosts(ctx, &v); err != nil {
		return err
	}
	v.Facts = s.orderFacts(o)
	v.F = editFields(o)
	if typed.Editing {
		v.F = typed.Edited
		v.F.MayAsset = o.Status == inventory.Planned
		if typed.Failed != nil {
			v.F.Now = s.orderDiffers(o, *typed.Failed)
		}
	}
	if err := s.fillOrderFields(ctx, &v.F); err != nil {
		return err
	}
	return s.render(w, r, status, "order", view{Title: o.Name() + " " + o.Title, Section: "orders", Live: true, Data: &v})
}

// orderSteps are the ways on, the usual one first.
func (s *site) orderSteps(ctx context.Context, o inventory.Order, a *inventory.Asset, typed orderTyped) ([]orderStepView, error) {
	usual := map[inventory.OrderStatus]inventory.OrderStatus{inventory.Planned: inventory.Assessed, inventory.Assessed: inventory.InProgress, inventory.InProgress: inventory.Done, inventory.Waiting: inventory.InProgress}[o.Status]
	if usual == "" {
		usual = inventory.InProgress
	}
	back, err := s.backHint(ctx, o, a)
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

// backHint says where the asset goes when the work is over, "" where it stays.
func (s *site) backHint(ctx context.Context, o inventory.Order, a *inventory.Asset) (string, error) {
	if a == nil {
		return "", nil
	}
	m, back, err := s.things.ReturnsTo(ctx, o)
	if err != nil || !back {
		return "", err
	}
	return s.words.say("order.goes_back", a.Tag, join(", ", m.HolderName, m.LocationPath)), nil
}

// orderTalk is what was noted and done, in the order of time.
func (s *site) orderTalk(ctx context.Context, o inventory.Order) ([]entryView, error) {
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
		if v, ok := s.orderWhisper(&events[i], names[events[i].Actor], named); ok {
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

func (s *site) orderCosts(ctx context.Context, v *orderView) error {
	lines, err := s.things.OrderLines(ctx, v.O.ID)
	if err != nil {
		return err
	}
	for _, l := range lines {
		v.Lines = append(v.Lines, lineView{Line: l, Much: inventory.FormatQuantity(l.Quantity), Each: inventory.FormatMoney(l.UnitCost, v.O.Currency), Sum: inventory.FormatMoney(l.Cost(), v.O.Currency)})
	}
	v.Total = inventory.FormatMoney(v.O.Total, v.O.Currency)
	for _, k := range inventory.LineKinds() {
		v.LineKinds = append(v.LineKinds, choice{Value: k, Word: s.words.say("order.line." + k)})
	}
	if v.Line == (lineTyped{}) {
		v.Line = lineTyped{Kind: "part", Quantity: "1"}
	}
	return nil
}

func (s *site) orderFacts(o inventory.Order) []fact {
	facts := []fact{{Word: s.words.say("order.client"), Value: o.ClientName}, {Word: s.words.say("order.by"), Value: o.AssigneeName}, {Word: s.words.say("order.vendor"), Value: o.VendorName}}
	if o.ClientID != nil {
		facts[0].To = personPath(*o.ClientID)
	}
	if o.PlannedOn != "" {
		facts = append(facts, fact{Word: s.words.say("order.planned_on"), Value: s.day(o.PlannedOn)})
	}
	if o.UnderWarranty {
		facts = append(facts, fact{Word: s.words.say("order.warranty_fact"), Value: s.words.say("order.yes")})
	}
	if o.StartedAt != nil {
		facts = append(facts, fact{Word: s.words.say("order.started"), When: *o.StartedAt})
	}
	if o.FinishedAt != nil {
		facts = append(facts, fact{Word: s.words.say("order.finished"), When: *o.FinishedAt})
	}
	return facts
}

// orderDiffers says of each field in which an edit that came too late differs
// from the order, what stands there now.
func (s *site) orderDiffers(o inventory.Order, yours inventory.OrderEdit) map[string]string {
	now, differs := o.Edit(), map[string]string{}
	note := func(field string, differ bool, text string) {
		if differ {
			if text == "" {
				text = "–"
			}
			differs[field] = s.words.say("order.now", text)
		}
	}
	note("title", now.Title != yours.Title, now.Title)
	note("reason", now.Reason != yours.Reason, now.Reason)
	note("asset", now.AssetID != yours.AssetID, join(" ", o.AssetTag, o.AssetTitle))
	note("client", now.ClientID != yours.ClientID, o.ClientName)
	note("assignee", now.AssigneeID != yours.AssigneeID, o.AssigneeName)
	note("vendor", now.VendorID != yours.VendorID, o.VendorName)
	note("planned_on", now.PlannedOn != yours.PlannedOn, s.day(now.PlannedOn))
	return differs
}

// changeOrder changes what is said of an order. Where somebody else did so
// meanwhile, the form comes back with both.
func (s *site) changeOrder(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	o, err := s.things.Order(r.Context(), e.number)
	if err != nil {
		return err
	}
	in, f, err := s.orderEdit(r)
	if err != nil {
		return err
	}
	if o.Status != inventory.Planned { // the form does not ask for it
		in.AssetID = o.Edit().AssetID
	}
	typed := orderTyped{Editing: true, Edited: f}
	if !f.Problems.Any() {
		_, err := s.things.ChangeOrder(r.Context(), actorOf(r), e.number, in, e.version)
		switch {
		case err == nil:
			s.flash(r, "flash.saved")
			return seeOther(w, r, orderPath(e.number))
		case migrations.KindOf(err) == migrations.Conflict:
			typed.Failed = &in
			typed.Edited.Problems = problems{"": s.words.say("order.changed_meanwhile")}
			return s.orderPage(w, r, http.StatusConflict, e.number, typed)
		case !typed.Edited.failed(err, ""):
			return err
		}
	}
	return s.orderPage(w, r, http.StatusUnprocessableEntity, e.number, typed)
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
	o, err := s.things.StepOrder(r.Context(), actorOf(r), e.number, to, e.version)
	if kind := migrations.KindOf(err); kind == migrations.Invalid || kind == migrations.Conflict {
		return s.orderPage(w, r, kindStatus[kind], e.number, orderTyped{Step: to, StepAt: migrations.FieldOf(err), Problem: migrations.SafeMessage(err)})
	}
	if err != nil {
		return err
	}
	words := s.words.say("order.status." + string(o.Status))
	if was.Status.Open() && was.Status != o.Status {
		fields := url.Values{"version": {strconv.FormatInt(o.Version, 10)}, "status": {string(was.Status)}}
		s.flashUndo(r, orderPath(e.number)+"/status", fields, "flash.order_step", o.Name(), words)
	} else {
		s.flash(r, "flash.order_step", o.Name(), words)
	}
	return seeOther(w, r, orderPath(e.number))
}

func (s *site) addOrderNote(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	text := r.PostFormValue("text")
	err = s.things.AddOrderNote(r.Context(), actorOf(r), number, text)
	if migrations.KindOf(err) == migrations.Invalid {
		return s.orderPage(w, r, http.StatusUnprocessableEntity, number, orderTyped{Note: text, Problems: problems{"text": migrations.SafeMessage(err)}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.noted")
	return seeOther(w, r, orderPath(number)+"#note")
}

// addOrderLine adds a cost. Every wrong field is told at once.
func (s *site) addOrderLine(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	o, err := s.things.Order(ctx, number)
	if err != nil {
		return err
	}
	typed := lineTyped{Kind: r.PostFormValue("line_kind"), Text: r.PostFormValue("line_text"), Quantity: r.PostFormValue("quantity"), UnitCost: r.PostFormValue("unit_cost")}
	wrong := problems{}
	at := func(field string, err error) {
		if err != nil {
			wrong[field] = migrations.SafeMessage(err)
		}
	}
	l := inventory.Line{Kind: typed.Kind, Text: typed.Text}
	l.Quantity, err = inventory.ParseQuantity(typed.Quantity)
	at("quantity", err)
	l.UnitCost, err = inventory.ParseMoney(typed.UnitCost, o.Currency)
	at("unit_cost", err)
	if strings.TrimSpace(typed.Text) == "" {
		wrong["line_text"] = s.words.say("order.line_text_empty")
	}
	if !wrong.Any() {
		_, err = s.things.AddLine(ctx, actorOf(r), number, l)
		switch {
		case err == nil:
			s.flash(r, "flash.line_added")
			return seeOther(w, r, orderPath(number)+"#costs")
		case migrations.KindOf(err) != migrations.Invalid:
			return err
		}
		at(migrations.FieldOf(err), err)
	}
	return s.orderPage(w, r, http.StatusUnprocessableEntity, number, orderTyped{Line: typed, Problems: wrong, Problem: wrong[""]})
}

// removeOrderLine takes a cost away, and offers to add it again.
func (s *site) removeOrderLine(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	o, err := s.things.Order(r.Context(), number)
	if err != nil {
		return err
	}
	l, err := s.things.TakeLine(r.Context(), actorOf(r), number, id)
	if err != nil {
		return err
	}
	s.flashUndo(r, orderPath(number)+"/lines", url.Values{"line_kind": {l.Kind}, "line_text": {l.Text}, "quantity": {inventory.FormatQuantity(l.Quantity)},
		"unit_cost": {inventory.DecimalMoney(l.UnitCost, o.Currency)}}, "flash.line_removed", l.Text)
	return seeOther(w, r, orderPath(number)+"#costs")
}
