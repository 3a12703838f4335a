package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/tracker"
)

// find looks up what a chunk of rows names: assets, models, places, people.
func (im *importer) find(ctx context.Context, rows []*importRow) error {
	for _, f := range []func(context.Context, []*importRow) error{im.findModels, im.findPlaces, im.findPeople, im.findAssets} {
		if err := f(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

// wanted gathers the different texts that rows name, without "".
func wanted(rows []*importRow, of func(*importRow) string) []any {
	seen := map[string]bool{"": true}
	var all []any
	for _, r := range rows {
		if v := of(r); !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	return all
}

func (r *importRow) modelKey() string {
	if r.model.Name == "" {
		return ""
	}
	return foldModel(r.model.Manufacturer, r.model.Name)
}

func (im *importer) findModels(ctx context.Context, rows []*importRow) error {
	keys := wanted(rows, func(r *importRow) string {
		if im.models[r.modelKey()] != nil {
			return ""
		}
		return r.modelKey()
	})
	if len(keys) > 0 {
		var found []struct {
			Model
			Folded string `db:"folded"`
		}
		if err := im.q.Select(ctx, &found, `SELECT `+modelColumns+`, m.folded FROM model m WHERE m.folded IN (`+marks(len(keys))+`)`, keys...); err != nil {
			return fmt.Errorf("look up models: %w", err)
		}
		for _, m := range found {
			im.models[m.Folded] = &importModel{id: m.ID, in: ModelEdit{Category: m.Category, Manufacturer: m.Manufacturer, Name: m.Name}, archived: m.ArchivedAt != nil}
		}
	}
	for _, r := range rows {
		k := r.modelKey()
		if k != "" && im.models[k] == nil {
			in, err := r.model.clean()
			if err != nil {
				continue // said already: the name is too long
			}
			im.models[k] = &importModel{in: in}
		}
		r.modelP = im.models[k]
	}
	return nil
}

// findPlaces finds places by their path, and by their name where only one has it.
func (im *importer) findPlaces(ctx context.Context, rows []*importRow) error {
	seen := map[string]bool{}
	var keys []any
	for _, r := range rows {
		if r.place == "" || im.places[tracker.Fold(r.place)] != nil {
			continue
		}
		for _, path := range prefixes(r.place) {
			if k := tracker.Fold(path); !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	if len(keys) > 0 {
		var found []struct {
			Location
			PathFolded string `db:"path_folded"`
			NameFolded string `db:"name_folded"`
		}
		err := im.q.Select(ctx, &found, `SELECT `+locationColumns+`, path_folded, name_folded FROM location WHERE path_folded IN (`+marks(len(keys))+`)
			OR archived_at IS NULL AND name_folded IN (`+marks(len(keys))+`)`, append(append([]any{}, keys...), keys...)...)
		if err != nil {
			return fmt.Errorf("look up places: %w", err)
		}
		named := map[string][]*importPlace{}
		for _, l := range found {
			p := &importPlace{id: l.ID, path: l.Path, kind: l.Kind}
			if l.ArchivedAt != nil {
				p.err = l.Path + " is archived. Bring it back first, or choose another place."
			} else {
				named[l.NameFolded] = append(named[l.NameFolded], p)
			}
			im.places[l.PathFolded], im.paths[l.PathFolded] = p, true
		}
		for _, k := range keys {
			if k := k.(string); im.places[k] == nil && len(named[k]) == 1 {
				im.places[k] = named[k][0]
			}
		}
	}
	for _, r := range rows {
		if r.place == "" {
			continue
		}
		k := tracker.Fold(r.place)
		if im.places[k] == nil {
			im.places[k] = &importPlace{path: r.place, kind: placeKind(r.place)}
		}
		r.placeP = im.places[k]
	}
	return nil
}

// prefixes returns a path and the paths of the places above it, the highest first.
func prefixes(path string) (all []string) {
	for i := range path {
		if i > 0 && strings.HasPrefix(path[i:], pathMark) {
			all = append(all, path[:i])
		}
	}
	return append(all, path)
}

// placeKind guesses what sort of place a new one is, by its name.
func placeKind(path string) LocationKind {
	at := strings.LastIndex(path, pathMark)
	name := tracker.Fold(path)
	if at >= 0 {
		name = tracker.Fold(path[at+len(pathMark):])
	}
	for _, w := range []string{"warehouse", "store", "storage", "stock", "lager", "depot", "magazin"} {
		if strings.Contains(name, w) {
			return Warehouse
		}
	}
	if at < 0 {
		return Site
	}
	return Room
}

// findPeople finds holders by their address, or by their name.
func (im *importer) findPeople(ctx context.Context, rows []*importRow) error {
	unknown := func(k string) string {
		if _, known := im.people[k]; known {
			return ""
		}
		return k
	}
	type person struct {
		ID   int64  `db:"id"`
		Name string `db:"name"`
		Key  string `db:"key"`
	}
	look := func(keys []any, query string) error {
		if len(keys) == 0 {
			return nil
		}
		var found []person
		if err := im.q.Select(ctx, &found, query+` IN (`+marks(len(keys))+`)`, keys...); err != nil {
			return fmt.Errorf("look up people: %w", err)
		}
		for _, k := range keys {
			im.people[k.(string)] = importPeople{}
		}
		for _, p := range found {
			im.people[p.Key] = importPeople{id: p.ID, name: p.Name, n: im.people[p.Key].n + 1}
		}
		return nil
	}
	err := look(wanted(rows, func(r *importRow) string { return unknown(r.address) }),
		`SELECT c.id, c.name, a.address AS key FROM client_address a JOIN client c ON c.id = a.client_id WHERE a.address`)
	if err != nil {
		return err
	}
	return look(wanted(rows, func(r *importRow) string {
		if r.address != "" {
			return ""
		}
		return unknown(tracker.Fold(r.name))
	}), `SELECT c.id, c.name, c.name_folded AS key FROM client c WHERE c.erased_at IS NULL AND c.name_folded`)
}

// findAssets finds the asset that a row speaks of: by its tag, else by the
// reference of the import, else by model and serial.
func (im *importer) findAssets(ctx context.Context, rows []*importRow) error {
	look := func(condition string, keys []any, key func(Asset) string) (map[string][]*Asset, error) {
		found := map[string][]*Asset{}
		if len(keys) == 0 {
			return found, nil
		}
		var list []Asset
		if err := im.q.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE `+condition+` ORDER BY a.id`, keys...); err != nil {
			return nil, fmt.Errorf("look up assets: %w", err)
		}
		for i := range list {
			k := key(list[i])
			found[k] = append(found[k], &list[i])
		}
		return found, nil
	}
	keys := wanted(rows, func(r *importRow) string { return tracker.Fold(r.in.Tag) })
	tags, err := look(`a.tag_folded IN (`+marks(len(keys))+`)`, keys, func(a Asset) string { return tracker.Fold(a.Tag) })
	if err != nil {
		return err
	}
	keys = wanted(rows, func(r *importRow) string { return r.in.ImportRef })
	refs, err := look(`a.import_ref <> '' AND a.import_ref IN (`+marks(len(keys))+`)`, keys, func(a Asset) string { return a.ImportRef })
	if err != nil {
		return err
	}
	// Of the models that the rows name: the index has no serials without them.
	keys = wanted(rows, func(r *importRow) string { return foldSerial(r.in.Serial) })
	var models []any
	for _, r := range rows {
		if m := r.modelP; m != nil && m.id > 0 && r.in.Serial != "" && !slices.Contains(models, any(m.id)) {
			models = append(models, m.id)
		}
	}
	if len(models) == 0 {
		keys = nil
	}
	serials, err := look(`a.serial_folded <> '' AND a.serial_folded IN (`+marks(len(keys))+`) AND a.model_id IN (`+marks(len(models))+`)`, append(keys, models...), func(a Asset) string { return foldSerial(a.Serial) })
	if err != nil {
		return err
	}
	for _, r := range rows {
		byTag, byRef := tags[tracker.Fold(r.in.Tag)], refs[r.in.ImportRef]
		for _, a := range serials[foldSerial(r.in.Serial)] {
			if r.modelP != nil && r.modelP.id == a.ModelID {
				r.was = a
			}
		}
		switch {
		case len(byTag) > 0 && r.in.Tag != "":
			r.old = byTag[0]
		case len(byRef) == 1 && r.in.ImportRef != "":
			r.old = byRef[0]
		case len(byRef) > 1 && r.in.ImportRef != "":
			r.wrong(FieldImportRef, r.in.ImportRef, "%d assets have this reference, %s and %s among them. Name the tag.", len(byRef), byRef[0].Tag, byRef[1].Tag)
		case r.was != nil && r.in.Tag == "":
			r.old = r.was
		}
	}
	return nil
}
