package web

import (
	"net/http"

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
	Files      filesView
	Once       string // random key of the forms for notes and costs

	orderTyped
}

// orderTyped is what somebody typed that could not be saved.
type orderTyped struct {
	Problem     string
	Problems    problems // of the forms for notes and costs
	StepPlace   picked
	Step        inventory.OrderStep
	StepAt      string // the field that is wrong
	Note        string
	Line        lineTyped
	Editing     bool
	FileProblem error
	Edited      orderFields
	Failed      *inventory.OrderEdit // that came too late: somebody else changed the order
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
	v.Once, _ = tracker.NewToken()
	if v.Files, err = s.filesOf(r, o.Thing(), v.Path, typed.FileProblem); err != nil {
		return err
	}
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
	if v.Said, err = s.orderTalk(ctx, o, v.Files); err != nil {
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
		}
		if err := typed.Edited.failed(err, ""); err != nil {
			return err
		}
	}
	return s.orderPage(w, r, http.StatusUnprocessableEntity, e.number, typed)
}

func (s *site) addOrderNote(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	text := r.PostFormValue("text")
	err = s.things.WriteOrderNote(r.Context(), actorOf(r), number, text, r.PostFormValue("once"))
	if kind := migrations.KindOf(err); kind == migrations.Invalid || kind == migrations.Conflict {
		return s.orderPage(w, r, kindStatus[kind], number, orderTyped{Note: text, Problems: problems{"text": migrations.SafeMessage(err)}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.noted")
	return seeOther(w, r, orderPath(number)+"#note")
}
