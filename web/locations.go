package web

import (
	"net/http"
	"strconv"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// locationForm is what was typed about a place.
type locationForm struct {
	Name, Kind, Parent string
	Problems           problems
}

// locationsView is the tree of places.
type locationsView struct {
	Tree     []inventory.LocationNode
	Archived bool // archived ones are shown too
	New      locationForm
	Open     bool // the form for a new one stands open
	Parents  []choice
	Kinds    []choice
}

func (s *site) kindChoices() []choice {
	var all []choice
	for _, k := range inventory.LocationKinds() {
		all = append(all, choice{Value: string(k), Word: s.words.say("place." + string(k))})
	}
	return all
}

var kindIcons = map[inventory.LocationKind]string{inventory.Site: "building", inventory.Warehouse: "building-warehouse", inventory.Room: "door", inventory.Vendor: "truck"}

func kindIcon(k inventory.LocationKind) string {
	if icon := kindIcons[k]; icon != "" {
		return icon
	}
	return "map-pin"
}

func (s *site) locations(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	form := locationForm{Kind: string(inventory.Room), Parent: q.Get("in")}
	if form.Parent == "" {
		form.Kind = string(inventory.Site)
	}
	return s.locationsPage(w, r, http.StatusOK, form, q.Has("in") || q.Get("new") == "1")
}

func (s *site) locationsPage(w http.ResponseWriter, r *http.Request, status int, form locationForm, open bool) error {
	v := locationsView{Archived: r.URL.Query().Get("archived") == "1", New: form, Open: open, Kinds: s.kindChoices()}
	var err error
	if v.Tree, err = s.things.Locations(r.Context(), v.Archived); err != nil {
		return err
	}
	v.Parents = placeChoices(v.Tree)
	return s.render(w, r, status, "locations", view{Title: s.words.say("places.title"), Section: "assets", Data: v})
}

// readLocation reads the form of a place.
func (s *site) readLocation(r *http.Request) (f locationForm, in inventory.LocationEdit) {
	f = locationForm{Name: r.PostFormValue("name"), Kind: r.PostFormValue("kind"), Parent: r.PostFormValue("parent"), Problems: problems{}}
	in = inventory.LocationEdit{Name: f.Name, Kind: inventory.LocationKind(f.Kind)}
	if f.Parent != "" {
		n, err := strconv.ParseInt(f.Parent, 10, 64)
		if err != nil || n < 0 {
			f.Problems["parent"] = s.words.say("place.no_parent")
		}
		in.ParentID = n
	}
	return f, in
}

func (s *site) newLocation(w http.ResponseWriter, r *http.Request) error {
	f, in := s.readLocation(r)
	if !f.Problems.Any() {
		l, err := s.things.CreateLocation(r.Context(), actorOf(r), in)
		if err = f.Problems.add(atField("parent", err)); err != nil {
			return err
		}
		if !f.Problems.Any() {
			s.flash(r, "place.made", l.Path)
			return seeOther(w, r, "/locations#l"+strconv.FormatInt(l.ID, 10))
		}
	}
	return s.locationsPage(w, r, http.StatusUnprocessableEntity, f, true)
}

// locationView is a place's page.
type locationView struct {
	L       inventory.Location
	Below   []inventory.LocationNode
	Here    []inventory.Asset
	All     string // address of the list of everything here and below, "" when Here is all
	Moves   []moment
	Earlier string
	Later   bool
	On      string // a date: what was here at its end
	OnBad   string
	Then    []inventory.Movement
	Form    locationForm
	Open    bool
	Parents []choice
	Kinds   []choice
	Problem string
	Self    string
}

func (s *site) location(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	return s.locationPage(w, r, http.StatusOK, id, nil, "")
}

func (s *site) locationPage(w http.ResponseWriter, r *http.Request, status int, id int64, form *locationForm, problem string) error {
	ctx := r.Context()
	l, err := s.things.Location(ctx, id)
	if err != nil {
		return err
	}
	v := locationView{L: l, Kinds: s.kindChoices(), Problem: problem, Self: locationPath(id), Form: locationForm{Name: l.Name, Kind: string(l.Kind)}}
	if l.ParentID != nil {
		v.Form.Parent = strconv.FormatInt(*l.ParentID, 10)
	}
	if form != nil {
		v.Form, v.Open = *form, true
	}
	tree, err := s.things.Locations(ctx, false)
	if err != nil {
		return err
	}
	// A place can not move into itself or below.
	within := map[int64]bool{id: true}
	for _, n := range tree {
		if n.ParentID != nil && within[*n.ParentID] {
			within[n.ID] = true
			if *n.ParentID == id {
				v.Below = append(v.Below, n)
			}
		}
		if !within[n.ID] {
			v.Parents = append(v.Parents, choice{Value: strconv.FormatInt(n.ID, 10), Word: n.Path})
		}
	}
	var more string
	if v.Here, more, err = s.things.Assets(ctx, inventory.AssetFilter{LocationID: id, Gone: true}, "", 50); err != nil {
		return err
	}
	if more != "" || len(v.Below) > 0 {
		v.All = "/assets?place=" + strconv.FormatInt(id, 10)
	}
	before := r.URL.Query().Get("before")
	v.Later = before != ""
	moves, more, err := s.things.Movements(ctx, inventory.MovementFilter{LocationID: id}, before, 30)
	if err != nil {
		return err
	}
	for _, m := range moves {
		x := s.movementMoment(m)
		x.At, x.To, x.Link = m.At, assetPath(m.AssetID), join(" ", m.Tag, m.ModelName)
		v.Moves = append(v.Moves, x)
	}
	if more != "" {
		v.Earlier = v.Self + "?before=" + more + "#moves"
	}
	if v.On = r.URL.Query().Get("on"); v.On != "" {
		day, derr := time.ParseInLocation(time.DateOnly, v.On, time.Local)
		switch {
		case derr != nil:
			v.OnBad = s.words.say("thing.not_date", clipRunes(v.On, 30))
		case day.After(s.store.Now()):
			v.OnBad = s.words.say("place.future")
		default:
			at := migrations.At(day.AddDate(0, 0, 1).Add(-time.Microsecond))
			if v.Then, err = s.things.AssetsAt(ctx, inventory.MovementFilter{LocationID: id}, at, 500); err != nil {
				return err
			}
		}
	}
	return s.render(w, r, status, "location", view{Title: l.Name, Section: "assets", Data: v})
}

// changeLocation renames or moves a place.
func (s *site) changeLocation(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.things.Location(r.Context(), id); err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil || version == 0 {
		return errForm
	}
	f, in := s.readLocation(r)
	if f.Problems.Any() {
		return s.locationPage(w, r, http.StatusUnprocessableEntity, id, &f, "")
	}
	_, err = s.things.ChangeLocation(r.Context(), actorOf(r), id, in, version)
	if migrations.KindOf(err) == migrations.Conflict {
		now, nerr := s.things.Location(r.Context(), id)
		if nerr != nil {
			return nerr
		}
		tree, nerr := s.things.Locations(r.Context(), true)
		if nerr != nil {
			return nerr
		}
		within := func(id string) string {
			for _, n := range tree {
				if idText(n.ID) == id {
					return n.Path
				}
			}
			return s.words.say("place.root")
		}
		parent := ""
		if now.ParentID != nil {
			parent = strconv.FormatInt(*now.ParentID, 10)
		}
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: now.Version, Back: locationPath(id), What: now.Path, Fields: []staleField{
			{Name: "name", Label: s.words.say("place.name"), Now: now.Name, Yours: f.Name},
			staleChoice("kind", s.words.say("place.kind"), string(now.Kind), f.Kind, func(v string) string { return s.words.say("place." + v) }),
			staleChoice("parent", s.words.say("place.parent"), parent, f.Parent, within)}})
	}
	if err = f.Problems.add(atField("parent", err)); err != nil {
		return err
	}
	if f.Problems.Any() {
		return s.locationPage(w, r, http.StatusUnprocessableEntity, id, &f, "")
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, locationPath(id))
}

// archiveLocation hides an empty place, and brings it back.
func (s *site) archiveLocation(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.things.Location(r.Context(), id); err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil || version == 0 {
		return errForm
	}
	l, err := s.things.ArchiveLocation(r.Context(), actorOf(r), id, r.PostFormValue("archived") == "1", version)
	switch kind := migrations.KindOf(err); {
	case kind == migrations.Invalid, kind == migrations.Conflict:
		return s.locationPage(w, r, kindStatus[kind], id, nil, migrations.SafeMessage(err))
	case err != nil:
		return err
	}
	key := "place.is_back"
	if l.ArchivedAt != nil {
		key = "place.is_archived"
	}
	s.flash(r, key, l.Path)
	return seeOther(w, r, locationPath(id))
}
