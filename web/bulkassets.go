package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// assetRows reads the selected rows of a list of assets, each ID:MOVES.
func assetRows(r *http.Request) (map[int64]int64, error) {
	seen := map[int64]int64{}
	for _, v := range r.PostForm["row"] {
		id, moves, _ := strings.Cut(v, ":")
		n, nerr := strconv.ParseInt(id, 10, 64)
		m, merr := strconv.ParseInt(moves, 10, 64)
		if nerr != nil || merr != nil || n <= 0 || m <= 0 {
			return nil, errForm
		}
		seen[n] = m
	}
	switch {
	case len(seen) == 0:
		return nil, migrations.Invalidf("Please select some assets first.")
	case len(seen) > tracker.MaxBulk:
		return nil, migrations.Invalidf("These are %d assets: please move at most %d at once.", len(seen), tracker.MaxBulk)
	}
	return seen, nil
}

// bulkAssets stows or deploys the assets that were selected in a list.
func (s *site) bulkAssets(w http.ResponseWriter, r *http.Request) error {
	do := r.PostFormValue("do")
	if do == "" { // the Enter key, where there are no scripts: the field that was filled in
		for _, way := range []string{doStow, doDeploy} {
			if strings.TrimSpace(r.PostFormValue(way+"_text")) != "" {
				do = way
			}
		}
	}
	all, err := s.moveSelected(r, do)
	if err != nil {
		return s.bulkAgain(w, r, "/assets", do, err, s.assetListPage)
	}
	undo, where := url.Values{}, ""
	var stayed []string
	for _, m := range all {
		if m.Err != nil {
			stayed = append(stayed, m.Asset.Tag+": "+migrations.SafeMessage(m.Err))
			continue
		}
		undo.Add("row", strconv.FormatInt(m.ID, 10)+":"+strconv.FormatInt(m.Moves, 10))
		if where = m.Asset.HolderName; where == "" {
			where = m.Asset.LocationPath
		}
	}
	n := len(undo["row"])
	text := s.words.say("bulk.moved."+do, n, where)
	if n == 0 {
		text = s.words.say("bulk.moved.none")
	}
	text += s.stayed(stayed)
	if n == 0 {
		s.flash(r, "bulk.said", text)
	} else {
		s.flashUndo(r, "/assets/unmove", undo, "bulk.said", text)
	}
	return seeOther(w, r, returnTo(r, backTo(r, "/assets")))
}

// moveSelected reads where the selected assets go, and moves them there.
func (s *site) moveSelected(r *http.Request, do string) ([]inventory.Moved, error) {
	seen, err := assetRows(r)
	if err != nil {
		return nil, err
	}
	to, kind, field := inventory.Place{Status: inventory.Stowed}, pickPlace, "stow"
	switch do {
	case doStow:
	case doDeploy:
		to.Status, kind, field = inventory.Deployed, pickHolder, "deploy"
	case "":
		return nil, migrations.Invalidf("%s", s.words.say("bulk.nothing_chosen"))
	default:
		return nil, errForm
	}
	value, _, err := s.pickedText(r, field, kind)
	if err != nil {
		return nil, err
	}
	if value != "" && kind == pickPlace && !strings.Contains(value, ":") {
		value = "location:" + value
	}
	at, ok := whereaboutsOf(value)
	if !ok || do == doStow && at.place == 0 {
		return nil, migrations.Invalidf("%s", s.words.say("move.to_needed."+do))
	}
	to.HolderID, to.LocationID = at.person, at.place
	return s.things.MoveMany(r.Context(), actorOf(r), seen, to)
}

// stayed names the first few things that stayed, and why.
func (s *site) stayed(all []string) string {
	if len(all) == 0 {
		return ""
	}
	few := strings.Join(all[:min(len(all), 2)], " ")
	if len(all) > 2 {
		few += "…"
	}
	return " " + s.words.say("bulk.refused", len(all), few)
}

// unmoveAssets takes a movement of several assets back, of those that nothing
// else has happened to since. The others are named.
func (s *site) unmoveAssets(w http.ResponseWriter, r *http.Request) error {
	seen, err := assetRows(r)
	if err != nil {
		return err
	}
	n := 0
	var stayed []string
	// They were moved by their ids: the newest first, so that of several that
	// joined one asset each finds it as its own join left it.
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(seen))) {
		_, err := s.things.UndoMove(r.Context(), actorOf(r), id, seen[id])
		kind := migrations.KindOf(err)
		if kind == migrations.Conflict || kind == migrations.Invalid || kind == migrations.NotFound {
			tag := strconv.FormatInt(id, 10)
			if now, err := s.things.Asset(r.Context(), id); err == nil {
				tag = now.Tag
			}
			stayed = append(stayed, tag+": "+migrations.SafeMessage(err))
			continue
		}
		if err != nil {
			return err
		}
		n++
	}
	s.flash(r, "bulk.said", s.words.say("bulk.unmoved", n)+s.stayed(stayed))
	return seeOther(w, r, backTo(r, "/assets"))
}
