package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// lineTyped is a line as it was typed.
type lineTyped struct{ Kind, Text, Quantity, UnitCost string }

// lineView is a line of costs as the page shows it.
type lineView struct {
	inventory.Line
	Much, Each, Sum string
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
	l := inventory.Line{Kind: typed.Kind, Text: typed.Text, Once: r.PostFormValue("once")}
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
		case migrations.KindOf(err) == migrations.Conflict: // sent before, as something else
			return s.orderPage(w, r, http.StatusConflict, number, orderTyped{Line: typed, Problems: problems{"line_text": migrations.SafeMessage(err)}})
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
	once, _ := tracker.NewToken()
	s.flashUndo(r, orderPath(number)+"/lines", url.Values{"once": {once}, "line_kind": {l.Kind}, "line_text": {l.Text}, "quantity": {inventory.DecimalQuantity(l.Quantity)},
		"unit_cost": {inventory.DecimalMoney(l.UnitCost, o.Currency)}}, "flash.line_removed", l.Text)
	return seeOther(w, r, orderPath(number)+"#costs")
}
