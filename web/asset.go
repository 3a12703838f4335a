package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// assetView is an asset's page as its template gets it.
type assetView struct {
	A         inventory.Asset
	Model     inventory.ModelCount
	Holder    *tracker.Client
	Facts     []fact
	Specs     []fact
	Life      []moment
	Earlier   string // address of what was before, "" for nothing
	Later     bool   // an older part is shown
	Stow      moveView
	Deploy    moveView
	Gone      bool // retired or disposed
	MayUndo   bool
	MayCount  bool
	Files     filesView
	Links     linksView
	Recurring []recurringView
	Problem   string
}

// lifeSteps is how many entries of a life line a page shows.
const lifeSteps = 40

func (s *site) asset(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	return s.assetPage(w, r, http.StatusOK, id, "", nil)
}

// assetPage renders an asset, with what could not be done to it or its files.
func (s *site) assetPage(w http.ResponseWriter, r *http.Request, status int, id int64, problem string, fileProblem error) error {
	ctx := r.Context()
	a, err := s.things.Asset(ctx, id)
	if err != nil {
		return err
	}
	v := assetView{A: a, Problem: problem, Gone: a.Status == inventory.Retired || a.Status == inventory.Disposed}
	if v.Model, err = s.things.Model(ctx, a.ModelID); err != nil {
		return err
	}
	if a.HolderID != nil {
		c, err := s.store.ClientByID(ctx, *a.HolderID)
		if err != nil {
			return err
		}
		v.Holder = &c
	}
	after := r.URL.Query().Get("before")
	if after != "" {
		v.Later = true
	}
	steps, more, err := s.things.Life(ctx, id, after, lifeSteps)
	if err != nil {
		return err
	}
	if v.Life, err = s.moments(ctx, a, steps); err != nil {
		return err
	}
	if more != "" {
		v.Earlier = assetPath(id) + "?before=" + more + "#life"
	}
	if v.Facts, err = s.assetFacts(ctx, a, v.Model); err != nil {
		return err
	}
	v.Specs = specsOf(v.Model.Specs + "\n" + a.Specs)
	if v.Stow, err = s.moveForm(ctx, a, doStow); err != nil {
		return err
	}
	if v.Deploy, err = s.moveForm(ctx, a, doDeploy); err != nil {
		return err
	}
	v.MayUndo = a.Moves > 1
	v.MayCount = a.Serial == "" && (a.Status == inventory.Stowed || a.Status == inventory.Deployed)
	if v.Files, err = s.filesOf(r, a.Thing(), assetPath(a.ID), fileProblem); err != nil {
		return err
	}
	if v.Links, err = s.linksOf(ctx, a.Thing(), assetPath(id)); err != nil {
		return err
	}
	again, err := s.store.RecurringOfAsset(ctx, id)
	if err != nil {
		return err
	}
	if v.Recurring, err = s.recurringViews(ctx, again, assetPath(id)); err != nil {
		return err
	}
	return s.render(w, r, status, "asset", view{Title: a.Tag + " " + a.Title(), Section: "assets", Data: &v})
}

// assetFacts are what is known of an asset besides where it is.
func (s *site) assetFacts(ctx context.Context, a inventory.Asset, m inventory.ModelCount) ([]fact, error) {
	facts := []fact{
		{Word: s.words.say("thing.model"), Value: a.Title(), To: modelPath(a.ModelID)},
		{Word: s.words.say("thing.category"), Value: s.words.say("category." + string(a.Category))},
		{Word: s.words.say("thing.serial"), Value: a.Serial},
		{Word: s.words.say("thing.hostname"), Value: a.Hostname},
		{Word: s.words.say("thing.purpose"), Value: a.Purpose},
		{Word: s.words.say("thing.reference"), Value: a.Reference},
	}
	if a.Quantity != 1 {
		facts = append(facts, fact{Word: s.words.say("thing.quantity"), Value: s.words.say("n.pieces", a.Quantity)})
	}
	if a.ParentID != nil {
		p, err := s.things.Asset(ctx, *a.ParentID)
		if err != nil && migrations.KindOf(err) != migrations.NotFound {
			return nil, err
		}
		facts = append(facts, fact{Word: s.words.say("thing.parent"), Value: join(" ", p.Tag, p.Title()), To: assetPath(p.ID)})
	}
	date := func(key, text string) {
		if text != "" {
			facts = append(facts, fact{Word: s.words.say(key), Value: s.day(text), Note: s.aheadOf(text)})
		}
	}
	date("thing.purchased_on", a.PurchasedOn)
	if a.Cost != nil {
		cost := fact{Word: s.words.say("thing.cost"), Value: inventory.FormatMoney(*a.Cost, a.Currency)}
		if a.Quantity != 1 {
			cost.Note = s.words.say("thing.cost_each")
		}
		facts = append(facts, cost)
	}
	if a.EstimatedValue != nil {
		facts = append(facts, fact{Word: s.words.say("thing.estimated_value"), Value: inventory.FormatMoney(*a.EstimatedValue, a.Currency)})
	}
	total, err := s.things.LifetimeCost(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	var sums []string
	for code, minor := range total {
		if minor != 0 {
			sums = append(sums, inventory.FormatMoney(minor, code))
		}
	}
	slices.Sort(sums)
	if len(sums) == 1 && a.Cost != nil && total[a.Currency] == *a.Cost {
		sums = nil // the cost alone says it
	}
	note := s.words.say("thing.lifetime_note")
	switch {
	case a.Cost == nil:
		note = s.words.say("thing.lifetime_repairs")
	case len(sums) == 1 && total[a.Currency] == *a.Cost*a.Quantity:
		note = s.words.say("thing.lifetime_pieces", s.words.say("n.pieces", a.Quantity))
	}
	facts = append(facts, fact{Word: s.words.say("thing.lifetime"), Value: strings.Join(sums, " + "), Note: note})
	date("thing.warranty_until", a.WarrantyUntil)
	date("thing.end_of_life_on", a.EndOfLifeOn)
	return facts, nil
}
