package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// modelsView is the list of models.
type modelsView struct {
	Models     []inventory.ModelCount
	Chips      []chip
	Filtered   bool
	Query      url.Values
	Pages      pageLinks
	Categories []choice
	New        modelForm
	Open       bool // the form for a new one stands open
}

// modelForm is what was typed about a model.
type modelForm struct {
	Category, Manufacturer, Name, Life, Min, Specs string
	Problems                                       problems
}

func modelFormOf(m inventory.Model) modelForm {
	f := modelForm{Category: string(m.Category), Manufacturer: m.Manufacturer, Name: m.Name, Specs: m.Specs}
	if m.UsefulLifeMonths > 0 {
		f.Life = strconv.FormatInt(m.UsefulLifeMonths, 10)
	}
	if m.MinOnHand > 0 {
		f.Min = strconv.FormatInt(m.MinOnHand, 10)
	}
	return f
}

// readModel reads the form, with what is wrong in it by field.
func (s *site) readModel(r *http.Request) (f modelForm, in inventory.ModelEdit) {
	f = modelForm{Category: r.PostFormValue("category"), Manufacturer: r.PostFormValue("manufacturer"), Name: r.PostFormValue("name"),
		Life: strings.TrimSpace(r.PostFormValue("useful_life_months")), Min: strings.TrimSpace(r.PostFormValue("min_on_hand")), Specs: r.PostFormValue("specs"), Problems: problems{}}
	in = inventory.ModelEdit{Category: inventory.Category(f.Category), Manufacturer: f.Manufacturer, Name: f.Name, Specs: f.Specs}
	if !in.Category.Valid() {
		f.Problems["category"] = s.words.say("thing.category_needed")
	}
	if strings.TrimSpace(f.Name) == "" {
		f.Problems["name"] = s.words.say("model.name_needed")
	}
	number := func(field, text string, to *int64) {
		if text == "" {
			return
		}
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			f.Problems[field] = s.words.say("thing.not_whole", clipRunes(text, 30))
		case n < 0:
			f.Problems[field] = s.words.say("thing.negative")
		}
		*to = n
	}
	number("useful_life_months", f.Life, &in.UsefulLifeMonths)
	number("min_on_hand", f.Min, &in.MinOnHand)
	return f, in
}

func (s *site) categoryChoices() []choice {
	var all []choice
	for _, c := range inventory.Categories() {
		all = append(all, choice{Value: string(c), Word: s.words.say("category." + string(c))})
	}
	return all
}

func (s *site) models(w http.ResponseWriter, r *http.Request) error {
	return s.modelsPage(w, r, http.StatusOK, modelForm{}, r.URL.Query().Get("new") == "1")
}

func (s *site) modelsPage(w http.ResponseWriter, r *http.Request, status int, form modelForm, open bool) error {
	q := r.URL.Query()
	f := inventory.ModelFilter{Text: q.Get("q"), Short: q.Get("short") == "1", Archived: q.Get("archived") == "1"}
	if c := inventory.Category(q.Get("category")); c.Valid() {
		f.Category = c
	}
	list, more, err := s.things.Models(r.Context(), f, q.Get("after"), 50)
	if err != nil {
		return err
	}
	q.Del("new")
	pages := pagesOf("/models", q, more)
	q.Del("after")
	q.Del("past")
	v := modelsView{Models: list, Pages: pages, Query: q, Filtered: len(q) > 0, Categories: s.categoryChoices(), New: form, Open: open}
	one := func(word, icon, key, value string) {
		on := q.Get(key) == value
		to := address("/models", q, key, value)
		if on {
			to = address("/models", q, key, "")
		}
		v.Chips = append(v.Chips, chip{Word: word, Icon: icon, To: to, On: on})
	}
	one(s.words.say("assets.short"), "alert-triangle", "short", "1")
	one(s.words.say("models.archived"), "archive", "archived", "1")
	if f.Category != "" {
		one(s.words.say("category."+string(f.Category)), "", "category", string(f.Category))
	}
	if f.Text != "" {
		one("“"+f.Text+"”", "", "q", f.Text)
	}
	return s.render(w, r, status, "models", view{Title: s.words.say("models.title"), Section: "assets", Data: v})
}

func (s *site) newModel(w http.ResponseWriter, r *http.Request) error {
	f, in := s.readModel(r)
	if !f.Problems.Any() {
		m, err := s.things.CreateModel(r.Context(), actorOf(r), in)
		if err = f.Problems.add(err); err != nil {
			return err
		}
		if !f.Problems.Any() {
			s.flash(r, "model.made", m.Title())
			return seeOther(w, r, modelPath(m.ID))
		}
	}
	return s.modelsPage(w, r, http.StatusUnprocessableEntity, f, true)
}

// modelView is a model's page.
type modelView struct {
	M          inventory.ModelCount
	Pieces     []inventory.Asset
	More       string // the list of all its pieces
	Stats      []stat
	Facts      []fact
	Specs      []fact
	Form       modelForm
	Open       bool
	Categories []choice
	Problem    string
	Self       string
}

func (s *site) model(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	return s.modelPage(w, r, http.StatusOK, id, nil, "")
}

func (s *site) modelPage(w http.ResponseWriter, r *http.Request, status int, id int64, form *modelForm, problem string) error {
	ctx := r.Context()
	m, err := s.things.Model(ctx, id)
	if err != nil {
		return err
	}
	v := modelView{M: m, Form: modelFormOf(m.Model), Categories: s.categoryChoices(), Problem: problem, Self: modelPath(id)}
	if form != nil {
		v.Form, v.Open = *form, true
	}
	var more string
	if v.Pieces, more, err = s.things.Assets(ctx, inventory.AssetFilter{ModelID: id}, "", 50); err != nil {
		return err
	}
	all := "/assets?model=" + strconv.FormatInt(id, 10)
	if more != "" {
		v.More = all
	}
	count := func(key string, n int64, to, tone string) {
		v.Stats = append(v.Stats, stat{Word: s.words.say(key), N: strconv.FormatInt(n, 10), To: to, Tone: tone})
	}
	short := ""
	if m.Short() {
		short = "bad"
	}
	count("models.on_hand", m.OnHand, all+"&status=stowed", short)
	count("models.deployed", m.Deployed, all+"&status=deployed", "")
	count("models.away", m.Away, all+"&status=repair&status=maintenance", "")
	count("models.total", m.Total, all, "")
	v.Facts = []fact{{Word: s.words.say("thing.category"), Value: s.words.say("category." + string(m.Category))}, {Word: s.words.say("thing.manufacturer"), Value: m.Manufacturer}}
	if m.UsefulLifeMonths > 0 {
		v.Facts = append(v.Facts, fact{Word: s.words.say("model.life"), Value: s.words.say("n.months", m.UsefulLifeMonths)})
	}
	if m.MinOnHand > 0 {
		v.Facts = append(v.Facts, fact{Word: s.words.say("model.min"), Value: s.words.say("n.pieces", m.MinOnHand)})
	}
	v.Specs = specsOf(m.Specs)
	return s.render(w, r, status, "model", view{Title: m.Title(), Section: "assets", Data: v})
}

// specsOf reads lines "name: value". A later line with a name replaces the
// earlier one: an asset's own those of its model.
func specsOf(text string) []fact {
	var all []fact
	at := map[string]int{}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			name, value = "", line
		}
		f := fact{Word: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
		if i, twice := at[strings.ToLower(f.Word)]; twice && f.Word != "" {
			all[i] = f
			continue
		}
		at[strings.ToLower(f.Word)] = len(all)
		all = append(all, f)
	}
	return all
}

// changeModel shows both texts when somebody else changed them meanwhile.
func (s *site) changeModel(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.things.Model(r.Context(), id); err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil || version == 0 {
		return errForm
	}
	f, in := s.readModel(r)
	if f.Problems.Any() {
		return s.modelPage(w, r, http.StatusUnprocessableEntity, id, &f, "")
	}
	_, err = s.things.ChangeModel(r.Context(), actorOf(r), id, in, version)
	if migrations.KindOf(err) == migrations.Conflict {
		now, nerr := s.things.Model(r.Context(), id)
		if nerr != nil {
			return nerr
		}
		is := modelFormOf(now.Model)
		say := s.words.say
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: now.Version, Back: modelPath(id), What: now.Title(), Fields: []staleField{
			{Name: "name", Label: say("model.name"), Now: is.Name, Yours: f.Name},
			{Name: "manufacturer", Label: say("thing.manufacturer"), Now: is.Manufacturer, Yours: f.Manufacturer},
			staleChoice("category", say("thing.category"), is.Category, f.Category, func(v string) string { return say("category." + v) }),
			{Name: "useful_life_months", Label: say("model.life"), Now: is.Life, Yours: f.Life},
			{Name: "min_on_hand", Label: say("model.min"), Now: is.Min, Yours: f.Min},
			{Name: "specs", Label: say("thing.specs"), Now: is.Specs, Yours: lineEnds(f.Specs)}}})
	}
	if err = f.Problems.add(err); err != nil {
		return err
	}
	if f.Problems.Any() {
		return s.modelPage(w, r, http.StatusUnprocessableEntity, id, &f, "")
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, modelPath(id))
}

// lineEnds makes a form's line ends those of stored texts.
func lineEnds(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// archiveModel hides a model of which nothing is left, and brings it back.
func (s *site) archiveModel(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.things.Model(r.Context(), id); err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil || version == 0 {
		return errForm
	}
	m, err := s.things.ArchiveModel(r.Context(), actorOf(r), id, r.PostFormValue("archived") == "1", version)
	switch kind := migrations.KindOf(err); {
	case kind == migrations.Invalid, kind == migrations.Conflict:
		return s.modelPage(w, r, kindStatus[kind], id, nil, migrations.SafeMessage(err))
	case err != nil:
		return err
	}
	if m.ArchivedAt != nil {
		s.flash(r, "model.is_archived", m.Title())
	} else {
		s.flash(r, "model.is_back", m.Title())
	}
	return seeOther(w, r, modelPath(id))
}
