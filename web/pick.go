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
			found = append(found, picked{Value: strconv.FormatInt(c.ID, 10), Text: c.Name, Note: join(" · ", c.Address, c.Department), exact: []string{fold(c.Address), fold(c.Name)}})
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
	rows, err := s.exactly(ctx, text)
	if err != nil {
		return nil, err
	}
	page, err := s.store.Search(ctx, text, pickKinds[kind], 0, pickLimit)
	if err != nil {
		return nil, err
	}
	more, err := s.foundRows(ctx, page.Hits)
	if err != nil {
		return nil, err
	}
	var found []picked
	seen := map[tracker.Thing]bool{}
	for _, x := range append(rows, more...) {
		if seen[x.Thing] || kind != pickAny && x.Kind != pickKinds[kind] {
			continue
		}
		seen[x.Thing] = true
		p := picked{Value: x.Thing.String(), Text: x.Name(), Note: strings.Join(x.Notes, " · "), exact: []string{fold(x.Ref)}}
		if kind != pickAny {
			p.Value = strconv.FormatInt(x.ID, 10)
		}
		for _, name := range x.names {
			p.exact = append(p.exact, fold(name))
		}
		found = append(found, p)
	}
	return found[:min(len(found), pickLimit)], nil
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
		if strings.Contains(text, "@") && (kind == pickPerson || kind == pickHolder) {
			return "", text, migrations.Invalidf("%s", s.words.say("people.unknown_address", text))
		}
		key := "pick.unknown"
		if kind == pickPlace || kind == pickHolder {
			key += "." + kind
		}
		return "", text, migrations.Invalidf("%s", s.words.say(key, text))
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
