package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// What a picker looks for. pickAny finds tickets, people, assets and repairs
// alike, and its ids are those of things: asset:7.
const (
	pickPerson = "person"
	pickTicket = "ticket"
	pickAsset  = "asset"
	pickOrder  = "order"
	pickPlace  = "place"
	pickModel  = "model"
	pickAny    = "any"
	pickHolder = "holder" // people and places: client:7, location:3

	pickLimit = 8
)

// picked is one thing that a picker offers.
type picked struct {
	Value string `json:"value"` // its id; of pickAny its kind and id
	Text  string `json:"text"`
	Note  string `json:"note,omitempty"`

	exact []string // the texts that name only this one, folded
}

// pickKinds are the kinds of the search behind a picker's.
var pickKinds = map[string]string{pickTicket: tracker.KindTicket, pickAsset: tracker.KindAsset, pickOrder: tracker.KindWorkOrder, pickAny: ""}

// pick answers a picker: what its text may mean, as a JSON array.
func (s *site) pick(w http.ResponseWriter, r *http.Request) error {
	found, err := s.pickFrom(r.Context(), r.URL.Query().Get("kind"), r.URL.Query().Get("q"))
	if err != nil {
		return err
	}
	if found == nil {
		found = []picked{}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(found)
}

// pickFrom finds what a text may mean, the likeliest first. A kind that there
// is not, and no text, find nothing.
func (s *site) pickFrom(ctx context.Context, kind, text string) ([]picked, error) {
	if text = strings.TrimSpace(text); text == "" || len(text) > 400 {
		return nil, nil
	}
	var found []picked
	switch kind {
	case pickPerson:
		rows, _, err := s.store.Clients(ctx, text, "", pickLimit)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			found = append(found, pickedPerson(strconv.FormatInt(c.ID, 10), c.Client, c.Address))
		}
	case pickPlace:
		rows, err := s.things.FindLocations(ctx, text, pickLimit)
		if err != nil {
			return nil, err
		}
		for _, l := range rows {
			found = append(found, picked{Value: strconv.FormatInt(l.ID, 10), Text: l.Path, exact: []string{fold(l.Path), fold(l.Name)}})
		}
	case pickModel:
		rows, _, err := s.things.Models(ctx, inventory.ModelFilter{Text: text}, "", pickLimit)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			found = append(found, picked{Value: strconv.FormatInt(m.ID, 10), Text: m.Title(), Note: s.words.say("pick.on_hand", m.OnHand), exact: []string{fold(m.Title()), fold(m.Name)}})
		}
	case pickHolder:
		people, err := s.pickFrom(ctx, pickPerson, text)
		if err != nil {
			return nil, err
		}
		places, err := s.pickFrom(ctx, pickPlace, text)
		if err != nil {
			return nil, err
		}
		for i := range people {
			people[i].Value = tracker.KindClient + ":" + people[i].Value
		}
		for i := range places {
			places[i].Value = "location:" + places[i].Value
		}
		found = append(people[:min(len(people), pickLimit-min(len(places), 3))], places...)
		return found[:min(len(found), pickLimit)], nil
	case pickTicket, pickAsset, pickOrder, pickAny:
		return s.pickThings(ctx, kind, text)
	}
	return found, nil
}

// pickThings asks the search, and for numbers and tags the rows themselves.
func (s *site) pickThings(ctx context.Context, kind, text string) ([]picked, error) {
	page, err := s.store.Search(ctx, text, pickKinds[kind], 0, pickLimit)
	if err != nil {
		return nil, err
	}
	id := func(t tracker.Thing) string {
		if kind == pickAny {
			return t.String()
		}
		return strconv.FormatInt(t.ID, 10)
	}
	var found []picked
	seen := map[tracker.Thing]bool{}
	add := func(t tracker.Thing, p picked) {
		if !seen[t] {
			seen[t] = true
			p.Value = id(t)
			found = append(found, p)
		}
	}
	ticket := func(t *tracker.Ticket) {
		subject := t.Subject
		if subject == "" {
			subject = s.words.say("ticket.no_subject")
		}
		add(tracker.Thing{Kind: tracker.KindTicket, ID: t.ID}, picked{Text: t.Name() + " " + subject, Note: join(" · ", t.ClientName, s.words.say("stage."+string(t.Stage))), exact: []string{fold(t.Name())}})
	}
	asset := func(a inventory.Asset) {
		add(a.Thing(), picked{Text: join(" ", a.Tag, a.Title()), Note: join(" · ", a.Serial, a.HolderName, a.LocationPath), exact: notes(fold(a.Tag), fold(a.Hostname), fold(a.Serial))})
	}
	if page.Exact != nil {
		ticket(page.Exact)
	}
	if kind == pickAsset || kind == pickAny {
		named, err := s.things.AssetsNamed(ctx, text, pickLimit)
		if err != nil {
			return nil, err
		}
		for _, a := range named {
			asset(a)
		}
	}
	var assets, orders []int64
	for _, h := range page.Hits {
		switch h.Kind {
		case tracker.KindAsset:
			assets = append(assets, h.ID)
		case tracker.KindWorkOrder:
			orders = append(orders, h.ID)
		}
	}
	things, works := map[int64]inventory.Asset{}, map[int64]inventory.Order{}
	if len(assets) > 0 {
		rows, err := s.things.AssetsByID(ctx, assets)
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			things[a.ID] = a
		}
	}
	if len(orders) > 0 {
		rows, err := s.things.OrdersByID(ctx, orders)
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			works[o.ID] = o
		}
	}
	for _, h := range page.Hits {
		switch {
		case h.Ticket != nil:
			ticket(h.Ticket)
		case h.Client != nil:
			add(h.Thing, pickedPerson("", *h.Client, ""))
		case h.Kind == tracker.KindAsset && things[h.ID].ID != 0:
			asset(things[h.ID])
		case h.Kind == tracker.KindWorkOrder && works[h.ID].ID != 0:
			o := works[h.ID]
			add(h.Thing, picked{Text: o.Name() + " " + o.Title, Note: join(" · ", join(" ", o.AssetTag, o.AssetTitle), o.ClientName), exact: []string{fold(o.Name())}})
		}
	}
	if len(found) > pickLimit {
		found = found[:pickLimit]
	}
	return found, nil
}

func pickedPerson(id string, c tracker.Client, address string) picked {
	return picked{Value: id, Text: c.Name, Note: join(" · ", address, c.Department), exact: []string{fold(address), fold(c.Name)}}
}

// pickedText returns what a picker's form sent: the id that was chosen ("" for
// none), and the text in the field, which goes back into it after an error.
// Where nothing was chosen, since there is no JavaScript or the reader was
// quick, the text stands for the one thing it names: an address, a number, a
// tag, a whole name. It fails with Invalid when the text names nothing, or
// several.
func (s *site) pickedText(r *http.Request, name, kind string) (id, text string, err error) {
	id, text = strings.TrimSpace(r.PostFormValue(name)), strings.TrimSpace(r.PostFormValue(name+"_text"))
	if was, ok := strings.CutPrefix(r.PostFormValue(name+"_was"), id+" "); ok && strings.TrimSpace(was) != text {
		id = "" // without JavaScript it stays when another text is written over its own
	}
	if id != "" || text == "" {
		return id, text, nil
	}
	found, err := s.pickFrom(r.Context(), kind, text)
	if err != nil {
		return "", text, err
	}
	var same []picked
	for _, p := range found {
		if fold(p.Text) == fold(text) || slices.Contains(p.exact, fold(text)) {
			same = append(same, p)
		}
	}
	if len(same) == 0 {
		same = found
	}
	switch len(same) {
	case 0:
		return "", text, migrations.Invalidf("%s", s.words.say("pick.unknown", text))
	case 1:
		return same[0].Value, text, nil
	}
	var names []string
	for _, p := range same {
		names = append(names, join(", ", p.Text, p.Note))
	}
	return "", text, migrations.Invalidf("%s", s.words.say("pick.several", text, strings.Join(names, "; ")))
}

// retyped reports whether a picker's text is another than what its form came
// with. Choosing one of several buttons beside it leaves it as it was.
func retyped(r *http.Request, name string) bool {
	text := strings.TrimSpace(r.PostFormValue(name + "_text"))
	_, was, _ := strings.Cut(r.PostFormValue(name+"_was"), " ")
	return text != "" && text != strings.TrimSpace(was)
}

// pickedID is pickedText for kinds whose ids are numbers, 0 for nothing.
func (s *site) pickedID(r *http.Request, name, kind string) (id int64, text string, err error) {
	v, text, err := s.pickedText(r, name, kind)
	if err != nil || v == "" {
		return 0, text, err
	}
	if id, err = strconv.ParseInt(v, 10, 64); err != nil || id <= 0 {
		return 0, text, migrations.Invalidf("%s", s.words.say("pick.unknown", text))
	}
	return id, text, nil
}

// pickedThing is pickedText for pickAny; the zero Thing for nothing.
func (s *site) pickedThing(r *http.Request, name string) (t tracker.Thing, text string, err error) {
	v, text, err := s.pickedText(r, name, pickAny)
	if err != nil || v == "" {
		return t, text, err
	}
	kind, number, _ := strings.Cut(v, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 {
		return t, text, migrations.Invalidf("%s", s.words.say("pick.unknown", text))
	}
	return tracker.Thing{Kind: kind, ID: id}, text, nil
}

func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// join joins what is not empty.
func join(between string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, between)
}
