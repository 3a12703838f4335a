package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// assetForm is the form that registers an asset, or several alike, and the
// one that changes what is said of one. Everything typed comes back.
type assetForm struct {
	ID      int64 // 0 for a new one
	Version int64
	Back    string

	// What it is: a model that exists, or a new one of this category and manufacturer.
	What, Category, Manufacturer string

	Tag, Serial, Hostname, Purpose, Specs, Reference        string
	PurchasedOn, Cost, Value, Currency, Warranty, EndOfLife string
	Parent                                                  picked

	// Where it is, and how many: only of a new one.
	At       picked
	Status   string
	Count    string
	Singly   bool   // each an asset of its own
	Serials  string // of those, one a line
	Problems problems

	Models     []string // for the datalist
	Categories []choice
	Recent     []picked
	More, Many bool // the folds stand open
	Known      bool // What is a model that exists
	Hows, Ases []choice
	House      string // the company's currency
}

// Singles is how several alike are registered, as the form sends it.
func (f assetForm) Singles() string {
	if f.Singly {
		return "1"
	}
	return "0"
}

// The most pieces that one form registers as assets of their own.
const maxSingly = 200

func (s *site) newAssetPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	f := assetForm{Status: string(inventory.Stowed), Count: "1"}
	if id := queryInt(q, "like"); id != 0 {
		a, err := s.things.Asset(ctx, id)
		if err != nil {
			return err
		}
		f = s.assetFormOf(a)
		f.ID, f.Version, f.Tag, f.Serial, f.Hostname, f.Count, f.Parent = 0, 0, "", "", "", "1", picked{}
		f.Status = string(inventory.Stowed)
		last, err := s.things.LastStowed(ctx, id)
		if err != nil {
			return err
		}
		if last.ID != 0 {
			f.At = picked{Value: "location:" + strconv.FormatInt(last.ID, 10), Text: last.Name}
		}
	}
	if id := queryInt(q, "model"); id != 0 {
		m, err := s.things.Model(ctx, id)
		if err != nil {
			return err
		}
		f.What, f.Category, f.Manufacturer = m.Title(), string(m.Category), m.Manufacturer
	}
	var err error
	if f.Tag, err = s.things.NextTag(ctx); err != nil {
		return err
	}
	return s.assetFormPage(w, r, http.StatusOK, f)
}

func (s *site) editAssetPage(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	a, err := s.things.Asset(r.Context(), id)
	if err != nil {
		return err
	}
	f := s.assetFormOf(a)
	if a.ParentID != nil {
		p, err := s.things.Asset(r.Context(), *a.ParentID)
		if err != nil {
			return err
		}
		f.Parent = picked{Value: strconv.FormatInt(p.ID, 10), Text: join(" ", p.Tag, p.Title())}
	}
	return s.assetFormPage(w, r, http.StatusOK, f)
}

// assetFormOf fills the form with what is said of an asset.
func (s *site) assetFormOf(a inventory.Asset) assetForm {
	money := func(minor *int64) string {
		if minor == nil {
			return ""
		}
		return inventory.DecimalMoney(*minor, a.Currency)
	}
	return assetForm{ID: a.ID, Version: a.Version, What: a.Title(), Category: string(a.Category), Manufacturer: a.Manufacturer, Tag: a.Tag, Serial: a.Serial, Hostname: a.Hostname,
		Purpose: a.Purpose, Specs: a.Specs, Reference: a.Reference, PurchasedOn: a.PurchasedOn, Cost: money(a.Cost), Value: money(a.EstimatedValue), Currency: a.Currency,
		Warranty: a.WarrantyUntil, EndOfLife: a.EndOfLifeOn}
}

func (s *site) assetFormPage(w http.ResponseWriter, r *http.Request, status int, f assetForm) error {
	ctx := r.Context()
	models, _, err := s.things.Models(ctx, inventory.ModelFilter{}, "", 500)
	if err != nil {
		return err
	}
	for _, m := range models {
		f.Models = append(f.Models, m.Title())
		f.Known = f.Known || strings.EqualFold(m.Title(), strings.TrimSpace(f.What))
	}
	f.Categories = s.categoryChoices()
	if f.House, err = s.store.Setting(ctx, tracker.SetCurrency); err != nil {
		return err
	}
	f.Hows = []choice{{Value: string(inventory.Stowed), Word: s.words.say("assetform.lies")}, {Value: string(inventory.Deployed), Word: s.words.say("assetform.works")}}
	f.Ases = []choice{{Value: "0", Word: s.words.say("assetform.as_line")}, {Value: "1", Word: s.words.say("assetform.as_single")}}
	title := s.words.say("assetform.new")
	if f.ID != 0 {
		title = s.words.say("assetform.edit", f.Tag)
	} else if f.Recent, err = s.recentPicks(ctx, false, 4); err != nil {
		return err
	}
	f.More = f.More || f.ID != 0 || f.Problems.any("hostname", "purpose", "specs", "reference", "purchased_on", "cost", "estimated_value", "currency", "warranty_until", "end_of_life_on", "parent")
	f.Many = f.Many || f.Count != "1" && f.Count != "" || f.Problems.any("quantity", "serials")
	return s.render(w, r, status, "assetform", view{Title: title, Section: "assets", Data: f})
}

// any reports whether something is wrong with one of some fields.
func (p problems) any(fields ...string) bool {
	for _, f := range fields {
		if p[f] != "" {
			return true
		}
	}
	return false
}

// readAsset reads what the form says of an asset, with what is wrong by field.
func (s *site) readAsset(r *http.Request) (f assetForm, in inventory.AssetEdit, err error) {
	v := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	f = assetForm{What: v("what"), Category: v("category"), Manufacturer: v("manufacturer"), Tag: v("tag"), Serial: v("serial"), Hostname: v("hostname"), Purpose: v("purpose"),
		Specs: lineEnds(r.PostFormValue("specs")), Reference: v("reference"), PurchasedOn: v("purchased_on"), Cost: v("cost"), Value: v("estimated_value"), Currency: strings.ToUpper(v("currency")),
		Warranty: v("warranty_until"), EndOfLife: v("end_of_life_on"), Status: v("status"), Count: v("quantity"), Singly: v("singly") == "1", Serials: lineEnds(r.PostFormValue("serials")), Problems: problems{}}
	in = inventory.AssetEdit{Tag: f.Tag, Serial: f.Serial, Hostname: f.Hostname, Purpose: f.Purpose, Specs: f.Specs, Reference: f.Reference, Currency: f.Currency,
		PurchasedOn: f.PurchasedOn, WarrantyUntil: f.Warranty, EndOfLifeOn: f.EndOfLife}
	for field, text := range map[string]string{"purchased_on": f.PurchasedOn, "warranty_until": f.Warranty, "end_of_life_on": f.EndOfLife} {
		if _, derr := time.Parse(time.DateOnly, text); text != "" && derr != nil {
			f.Problems[field] = s.words.say("thing.not_date", clipRunes(text, 30))
		}
	}
	code := f.Currency
	if code == "" && (f.Cost != "" || f.Value != "") {
		if code, err = s.store.Setting(r.Context(), tracker.SetCurrency); err != nil {
			return f, in, err
		}
	}
	for field, at := range map[string]struct {
		text string
		to   **int64
	}{"cost": {f.Cost, &in.Cost}, "estimated_value": {f.Value, &in.EstimatedValue}} {
		if at.text == "" {
			continue
		}
		n, merr := inventory.ParseMoney(at.text, code)
		if merr != nil {
			f.Problems[field] = migrations.SafeMessage(merr)
			continue
		}
		*at.to = &n
	}
	if err = s.readWhat(r.Context(), &f, &in); err != nil {
		return f, in, err
	}
	in.ParentID, f.Parent.Text, err = s.pickedID(r, "parent", pickAsset)
	f.Parent.Value = idText(in.ParentID) // never the id that was sent: another text may stand over it
	err = f.Problems.add(atField("parent", err))
	return f, in, err
}

// readWhat finds the model that the form names, or makes ready a new one.
func (s *site) readWhat(ctx context.Context, f *assetForm, in *inventory.AssetEdit) error {
	if f.What == "" {
		f.Problems["what"] = s.words.say("assetform.what_needed")
		return nil
	}
	list, _, err := s.things.Models(ctx, inventory.ModelFilter{Text: f.What}, "", 50)
	if err != nil {
		return err
	}
	for _, m := range list {
		if strings.EqualFold(m.Title(), f.What) {
			in.ModelID, f.Known = m.ID, true
			return nil
		}
	}
	c := inventory.Category(f.Category)
	if !c.Valid() {
		f.Problems["category"] = s.words.say("assetform.category_needed", clipRunes(f.What, 60))
		return nil
	}
	name := f.What
	if n := len(f.Manufacturer); n > 0 && len(name) > n && strings.EqualFold(name[:n], f.Manufacturer) && name[n] == ' ' {
		name = strings.TrimSpace(name[n:])
	}
	in.Model = &inventory.ModelEdit{Category: c, Manufacturer: f.Manufacturer, Name: name}
	return nil
}

// newAsset registers one asset, several alike as one line, or each on its own.
func (s *site) newAsset(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, in, err := s.readAsset(r)
	if err != nil {
		return err
	}
	at, err := s.readPlace(r, &f)
	if err != nil {
		return err
	}
	serials, n := s.readCount(&f)
	if !f.Problems.Any() {
		var made []inventory.Asset
		switch {
		case f.Singly && n > 1:
			made, err = s.things.RegisterSingly(ctx, actorOf(r), in, at, n, serials)
		default:
			at.Quantity = n
			var a inventory.Asset
			a, err = s.things.Register(ctx, actorOf(r), in, at)
			made = []inventory.Asset{a}
		}
		if err = f.Problems.add(s.registerField(err, f.Singly && n > 1)); err != nil {
			return err
		}
		if !f.Problems.Any() {
			return s.registered(w, r, made)
		}
	}
	return s.assetFormPage(w, r, http.StatusUnprocessableEntity, f)
}

// registerField puts what the inventory names at the field of our form.
func (s *site) registerField(err error, singly bool) error {
	if err == nil {
		return nil
	}
	field := map[string]string{"model": "what", "name": "what", "location": "at", "holder": "at"}[migrations.FieldOf(err)]
	if migrations.FieldOf(err) == "serial" && singly {
		field = "serials"
	}
	kind := migrations.KindOf(err)
	if field == "" || kind != migrations.Invalid && kind != migrations.NotFound {
		return err
	}
	return migrations.InvalidAt(field, "%s", migrations.SafeMessage(err))
}

func (s *site) registered(w http.ResponseWriter, r *http.Request, made []inventory.Asset) error {
	if len(made) == 1 {
		s.flash(r, "assetform.made", made[0].Tag)
		return seeOther(w, r, assetPath(made[0].ID))
	}
	s.flash(r, "assetform.made_many", len(made), made[0].Tag, made[len(made)-1].Tag)
	return seeOther(w, r, fmt.Sprintf("/assets?model=%d", made[0].ModelID))
}

// readPlace reads where a new asset is: with a person it is deployed, in a
// place it is what the form says.
func (s *site) readPlace(r *http.Request, f *assetForm) (inventory.Place, error) {
	to := inventory.Place{Status: inventory.Stowed}
	if f.Status == string(inventory.Deployed) {
		to.Status = inventory.Deployed
	}
	var err error
	if quick := r.PostFormValue("at_quick"); quick != "" && !retyped(r, "at") {
		f.At, err = s.pickedNamed(r.Context(), quick)
	} else {
		f.At.Value, f.At.Text, err = s.pickedText(r, "at", pickHolder)
	}
	if err = f.Problems.add(atField("at", err)); err != nil || f.Problems["at"] != "" {
		return to, err
	}
	where, ok := whereaboutsOf(f.At.Value)
	if !ok {
		f.Problems["at"] = s.words.say("assetform.at_needed")
		return to, nil
	}
	to.LocationID, to.HolderID = where.place, where.person
	if where.person != 0 {
		to.Status = inventory.Deployed
	}
	return to, nil
}

// readCount reads how many there are, and the serials of those that are
// registered each on its own.
func (s *site) readCount(f *assetForm) (serials []string, n int64) {
	for _, line := range strings.Split(f.Serials, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			serials = append(serials, line)
		}
	}
	n = 1
	if f.Count == "" {
		f.Count = "1"
	}
	var err error
	if n, err = s.quantity(f.Count, 1); err != nil {
		f.Problems["quantity"] = migrations.SafeMessage(err)
		return nil, 1
	}
	if !f.Singly && len(serials) > 0 && n == 1 && f.Serial == "" { // pasted serials say how many by themselves
		f.Singly = true
	}
	if f.Singly && len(serials) > 1 && n == 1 {
		n = int64(len(serials))
		f.Count = strconv.FormatInt(n, 10)
	}
	switch {
	case n > 1 && f.Serial != "":
		f.Problems["serial"] = s.words.say("assetform.serial_of_many")
	case !f.Singly && n > 1 && len(serials) > 0:
		f.Problems["serials"] = s.words.say("assetform.serials_of_line")
	case f.Singly && n > maxSingly:
		f.Problems["quantity"] = s.words.say("thing.too_many", maxSingly)
	case f.Singly && len(serials) > 0 && int64(len(serials)) != n:
		f.Problems["serials"] = s.words.say("assetform.serials_differ", len(serials), n)
	}
	seen := map[string]bool{}
	for _, x := range serials {
		if seen[strings.ToLower(x)] {
			f.Problems["serials"] = s.words.say("assetform.serial_twice", clipRunes(x, 60))
		}
		seen[strings.ToLower(x)] = true
	}
	return serials, n
}

// changeAsset shows both texts when somebody else changed them meanwhile.
func (s *site) changeAsset(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	was, err := s.things.Asset(ctx, id)
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil || version == 0 {
		return errForm
	}
	f, in, err := s.readAsset(r)
	if err != nil {
		return err
	}
	f.ID, f.Version = id, version
	in.ImportRef = was.ImportRef // not in the form
	if f.Problems.Any() {
		return s.assetFormPage(w, r, http.StatusUnprocessableEntity, f)
	}
	_, err = s.things.ChangeAsset(ctx, actorOf(r), id, in, version)
	if migrations.KindOf(err) == migrations.Conflict {
		return s.staleAsset(w, r, id, f)
	}
	if err = f.Problems.add(s.registerField(err, false)); err != nil {
		return err
	}
	if f.Problems.Any() {
		return s.assetFormPage(w, r, http.StatusUnprocessableEntity, f)
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, assetPath(id))
}

func (s *site) staleAsset(w http.ResponseWriter, r *http.Request, id int64, f assetForm) error {
	now, err := s.things.Asset(r.Context(), id)
	if err != nil {
		return err
	}
	is := s.assetFormOf(now)
	if now.ParentID != nil {
		is.Parent.Value = idText(*now.ParentID)
	}
	var parents []tracker.Thing
	for _, value := range []string{is.Parent.Value, f.Parent.Value} {
		if id, err := parseInt(value); err == nil {
			parents = append(parents, tracker.Thing{Kind: tracker.KindAsset, ID: id})
		}
	}
	named, err := s.named(r.Context(), parents)
	if err != nil {
		return err
	}
	parent := func(value string) string {
		id, _ := parseInt(value)
		return named[tracker.Thing{Kind: tracker.KindAsset, ID: id}].Name()
	}
	v := staleView{Action: r.URL.Path, Version: now.Version, Back: assetPath(id), What: now.Tag}
	both := func(name, label, now, yours string) {
		v.Fields = append(v.Fields, staleField{Name: name, Label: s.words.say(label), Now: now, Yours: yours})
	}
	both("what", "thing.model", is.What, f.What)
	both("tag", "thing.tag", is.Tag, f.Tag)
	both("serial", "thing.serial", is.Serial, f.Serial)
	both("hostname", "thing.hostname", is.Hostname, f.Hostname)
	both("purpose", "thing.purpose", is.Purpose, f.Purpose)
	both("specs", "thing.specs", is.Specs, strings.TrimSpace(f.Specs))
	both("reference", "thing.reference", is.Reference, f.Reference)
	both("purchased_on", "thing.purchased_on", is.PurchasedOn, f.PurchasedOn)
	both("cost", "thing.cost", is.Cost, f.Cost)
	both("estimated_value", "thing.estimated_value", is.Value, f.Value)
	both("currency", "thing.currency", is.Currency, f.Currency)
	both("warranty_until", "thing.warranty_until", is.Warranty, f.Warranty)
	both("end_of_life_on", "thing.end_of_life_on", is.EndOfLife, f.EndOfLife)
	v.Fields = append(v.Fields, staleChoice("parent", s.words.say("thing.parent"), is.Parent.Value, f.Parent.Value, parent),
		staleField{Name: "category", Now: f.Category, Yours: f.Category}, staleField{Name: "manufacturer", Now: f.Manufacturer, Yours: f.Manufacturer})
	return s.stale(w, r, v)
}
