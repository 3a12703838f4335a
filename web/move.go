package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// What can be done with where an asset is.
const (
	doStow    = "stow"
	doDeploy  = "deploy"
	doRetire  = "retire"
	doDispose = "dispose"
	doCount   = "count"
	doUndo    = "undo"
)

// moveView is the small form that stows, deploys, retires or counts an asset.
type moveView struct {
	A         inventory.Asset
	Do        string
	To        picked   // whom or where
	Recent    []picked // a button each
	Place     picked   // of a deployment to a person: where they have it
	Quantity  string
	Reason    string
	Seen      int64
	Back      string
	Problems  problems
	Meanwhile string // what somebody else did since the form was opened
	Parted    bool   // part of a quantity may go
	Focus     bool   // the first field is where one begins to type
}

func (s *site) moveForm(ctx context.Context, a inventory.Asset, do string) (moveView, error) {
	v := moveView{A: a, Do: do, Seen: a.Moves, Parted: a.Quantity > 1}
	var err error
	switch do {
	case doStow:
		if v.Recent, err = s.recentPicks(ctx, false, 4); err != nil {
			return v, err
		}
		last, err := s.things.LastStowed(ctx, a.ID)
		if err != nil {
			return v, err
		}
		home := "location:" + strconv.FormatInt(last.ID, 10)
		if last.ID != 0 && (a.LocationID == nil || *a.LocationID != last.ID || a.Status != inventory.Stowed) {
			v.To = picked{Value: home, Text: last.Name}
		}
		v.Recent = slices.DeleteFunc(v.Recent, func(p picked) bool {
			return p.Value == v.To.Value || a.Status == inventory.Stowed && a.LocationID != nil && p.Value == "location:"+strconv.FormatInt(*a.LocationID, 10)
		})
	case doDeploy:
		if v.Recent, err = s.recentPicks(ctx, true, 5); err != nil {
			return v, err
		}
		v.Recent = slices.DeleteFunc(v.Recent, func(p picked) bool {
			return a.HolderID != nil && p.Value == tracker.KindClient+":"+strconv.FormatInt(*a.HolderID, 10)
		})
	case doCount:
		v.Quantity = strconv.FormatInt(a.Quantity, 10)
	}
	return v, nil
}

func validDo(do string) bool {
	return slices.Contains([]string{doStow, doDeploy, doRetire, doDispose, doCount, doUndo}, do)
}

// movePage is the form by itself: what a list's row opens, and where one
// mends what could not be done.
func (s *site) movePage(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	a, err := s.things.Asset(r.Context(), id)
	if err != nil {
		return err
	}
	do := r.URL.Query().Get("do")
	if !validDo(do) || do == doUndo {
		return errNowhere
	}
	v, err := s.moveForm(r.Context(), a, do)
	if err != nil {
		return err
	}
	v.Back, v.Focus = returnTo(r, ""), true
	return s.renderMove(w, r, http.StatusOK, v)
}

func (s *site) renderMove(w http.ResponseWriter, r *http.Request, status int, v moveView) error {
	return s.render(w, r, status, "move", view{Title: s.words.say("move.title."+v.Do, v.A.Tag), Section: "assets", Data: v})
}

// move stows, deploys, retires or counts an asset, or takes its last movement back.
func (s *site) move(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	a, err := s.things.Asset(ctx, id)
	if err != nil {
		return err
	}
	do := r.PostFormValue("do")
	if !validDo(do) {
		return errForm
	}
	seen, err := formInt(r, "seen")
	if err != nil || seen == 0 {
		return errForm
	}
	now, v, err := s.doMove(r, a, do, seen)
	switch migrations.KindOf(err) {
	case migrations.Conflict:
		if a, err2 := s.things.Asset(ctx, id); err2 == nil && do != doUndo {
			v.A, v.Seen, v.Meanwhile = a, a.Moves, migrations.SafeMessage(err)
			v.Parted = a.Quantity > 1
			return s.renderMove(w, r, http.StatusConflict, v)
		}
		return s.assetPage(w, r, http.StatusConflict, id, migrations.SafeMessage(err), nil)
	case migrations.Invalid:
		if do == doUndo {
			return s.assetPage(w, r, http.StatusUnprocessableEntity, id, migrations.SafeMessage(err), nil)
		}
		if at := migrations.FieldOf(err); at == "location" || at == "holder" {
			err = migrations.InvalidAt("to", "%s", migrations.SafeMessage(err))
		}
		if err = v.Problems.add(err); err != nil {
			return err
		}
		return s.renderMove(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	s.flashMoved(r, now, do)
	return seeOther(w, r, returnTo(r, assetPath(now.ID)))
}

// doMove does what the form says. The view holds everything that was typed.
func (s *site) doMove(r *http.Request, a inventory.Asset, do string, seen int64) (inventory.Asset, moveView, error) {
	ctx, actor := r.Context(), actorOf(r)
	v, err := s.moveForm(ctx, a, do)
	if err != nil {
		return a, v, err
	}
	v.Back, v.Seen, v.Reason, v.Quantity = returnTo(r, ""), seen, r.PostFormValue("reason"), strings.TrimSpace(r.PostFormValue("quantity"))
	switch do {
	case doUndo:
		now, err := s.things.UndoMove(ctx, actor, a.ID, seen)
		return now, v, err
	case doRetire, doDispose:
		if strings.TrimSpace(v.Reason) == "" {
			return a, v, migrations.InvalidAt("reason", "%s", s.words.say("move.reason_needed"))
		}
		to := inventory.Retired
		if do == doDispose {
			to = inventory.Disposed
		}
		now, err := s.things.Retire(ctx, actor, a.ID, to, v.Reason, seen)
		return now, v, err
	case doCount:
		n, err := s.quantity(v.Quantity, 0)
		if err != nil {
			return a, v, err
		}
		now, err := s.things.Count(ctx, actor, a.ID, n, v.Reason, seen)
		return now, v, err
	}
	to := inventory.Place{Status: inventory.Stowed, Reason: v.Reason}
	kind := pickPlace
	if do == doDeploy {
		to.Status, kind = inventory.Deployed, pickHolder
	}
	value := r.PostFormValue("quick")
	if value == "" {
		v.To.Value, v.To.Text, err = s.pickedText(r, "to", kind)
		if err != nil {
			return a, v, atField("to", err)
		}
		value = v.To.Value
		if value != "" && kind == pickPlace && !strings.Contains(value, ":") {
			value = "location:" + value
		}
	}
	if value == "" {
		return a, v, migrations.InvalidAt("to", "%s", s.words.say("move.to_needed."+do))
	}
	at, ok := whereaboutsOf(value)
	if !ok || do == doStow && at.place == 0 {
		return a, v, migrations.InvalidAt("to", "%s", s.words.say("move.to_needed."+do))
	}
	if v.To, err = s.pickedNamed(ctx, value); err != nil {
		return a, v, atField("to", err)
	}
	to.HolderID, to.LocationID = at.person, at.place
	if at.person != 0 {
		if v.Place.Value, v.Place.Text, err = s.pickedText(r, "place", pickPlace); err != nil {
			return a, v, atField("place", err)
		}
		if v.Place.Value != "" {
			if to.LocationID, err = strconv.ParseInt(v.Place.Value, 10, 64); err != nil {
				return a, v, errForm
			}
		}
	}
	if v.Quantity != "" {
		if to.Quantity, err = s.quantity(v.Quantity, 1); err != nil {
			return a, v, err
		}
		if to.Quantity > a.Quantity {
			return a, v, migrations.InvalidAt("quantity", "%s", s.words.say("move.too_many", a.Quantity))
		}
	}
	now, err := s.things.Move(ctx, actor, a.ID, to, seen)
	return now, v, err
}

// quantity reads a number of pieces.
func (s *site) quantity(text string, least int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return 0, migrations.InvalidAt("quantity", "%s", s.words.say("thing.not_whole", clipRunes(text, 30)))
	case n < 0:
		return 0, migrations.InvalidAt("quantity", "%s", s.words.say("thing.negative"))
	case n < least:
		return 0, migrations.InvalidAt("quantity", "%s", s.words.say("thing.too_few", least))
	case n > maxPieces:
		return 0, migrations.InvalidAt("quantity", "%s", s.words.say("thing.too_many", maxPieces))
	}
	return n, nil
}

// maxPieces is the largest number of several alike.
const maxPieces = 1_000_000

// atField puts an error at a field, when it is for the person to mend: one
// that names no field, and one about something that is not there.
func atField(field string, err error) error {
	switch kind := migrations.KindOf(err); {
	case err == nil, errors.Is(err, errForm), kind == migrations.Invalid && migrations.FieldOf(err) != "":
		return err
	case kind == migrations.Invalid, kind == migrations.NotFound:
		return migrations.InvalidAt(field, "%s", migrations.SafeMessage(err))
	}
	return err
}

// flashMoved says what became of the asset, with a button that takes it back.
func (s *site) flashMoved(r *http.Request, a inventory.Asset, do string) {
	where := a.HolderName
	if where == "" {
		where = a.LocationPath
	}
	if do == doUndo {
		s.flash(r, "move.done.undo", a.Tag)
		return
	}
	form := map[string][]string{"do": {doUndo}, "seen": {strconv.FormatInt(a.Moves, 10)}}
	if back := returnTo(r, ""); back != "" {
		form["back"] = []string{back}
	}
	if do == doDeploy && a.HolderID == nil {
		s.flashUndo(r, assetPath(a.ID)+"/move", form, "move.done.place", a.Tag, where)
		return
	}
	if do == doCount {
		where = s.words.say("n.pieces", a.Quantity)
	}
	s.flashUndo(r, assetPath(a.ID)+"/move", form, "move.done."+do, a.Tag, where)
}
