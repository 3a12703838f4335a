package inventory

import (
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// maxNamed is how many assets a request may name for each to be told.
const maxNamed = 4

// knownIn returns the assets whose tag, hostname or serial number is one of
// some words, at most maxNamed.
func (s *Store) knownIn(ctx context.Context, q migrations.Queryer, words []string) ([]tracker.NamedAsset, error) {
	var names, serials []any
	for _, w := range words {
		names, serials = append(names, tracker.Fold(w)), append(serials, foldSerial(w))
	}
	// Their ids first: most mails name none, and many are read at a time.
	var ids []int64
	in := marks(len(names))
	err := q.Select(ctx, &ids, `SELECT id FROM asset WHERE tag_folded IN (`+in+`)
		UNION SELECT id FROM asset WHERE hostname_folded <> '' AND hostname_folded IN (`+in+`)
		UNION SELECT id FROM asset WHERE serial_folded <> '' AND serial_folded IN (`+in+`)
		ORDER BY 1 LIMIT ?`, append(append(append(append([]any(nil), names...), names...), serials...), maxNamed)...)
	if err != nil {
		return nil, fmt.Errorf("look for assets by name: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var list []Asset
	err = q.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (`+marks(len(ids))+`) ORDER BY a.id`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read assets by name: %w", err)
	}
	var named []tracker.NamedAsset
	for i := range list {
		named = append(named, tracker.NamedAsset{ID: list[i].ID, Name: list[i].Tag + " " + list[i].Title()})
	}
	return named, nil
}

// namedIn returns which of some words are the tag, the hostname or the serial
// number of an asset.
func (s *Store) namedIn(ctx context.Context, q migrations.Queryer, words []string) (map[string]bool, error) {
	named := map[string]bool{}
	for some := range slices.Chunk(words, 500) {
		var names, serials []any
		for _, w := range some {
			names, serials = append(names, tracker.Fold(w)), append(serials, foldSerial(w))
		}
		var found []struct {
			Word   string `db:"word"`
			Serial bool   `db:"serial"`
		}
		in := marks(len(some))
		err := q.Select(ctx, &found, `SELECT tag_folded AS word, FALSE AS serial FROM asset WHERE tag_folded IN (`+in+`)
			UNION SELECT hostname_folded, FALSE FROM asset WHERE hostname_folded <> '' AND hostname_folded IN (`+in+`)
			UNION SELECT serial_folded, TRUE FROM asset WHERE serial_folded <> '' AND serial_folded IN (`+in+`)`, append(append(append([]any(nil), names...), names...), serials...)...)
		if err != nil {
			return nil, fmt.Errorf("look for assets by many names: %w", err)
		}
		for _, f := range found {
			for i, w := range some {
				if !f.Serial && names[i] == f.Word || f.Serial && serials[i] == f.Word {
					named[w] = true
				}
			}
		}
	}
	return named, nil
}

// ownComputer returns the computer that a client has, where it is exactly one.
func (s *Store) ownComputer(ctx context.Context, q migrations.Queryer, clientID int64) (tracker.NamedAsset, bool, error) {
	var list []Asset
	err := q.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.holder_id = ? AND m.category = 'computer' ORDER BY a.id LIMIT 2`, clientID)
	if err != nil {
		return tracker.NamedAsset{}, false, fmt.Errorf("look for the computer of client %d: %w", clientID, err)
	}
	if len(list) != 1 {
		return tracker.NamedAsset{}, false, nil
	}
	return tracker.NamedAsset{ID: list[0].ID, Name: list[0].Tag + " " + list[0].Title()}, true, nil
}
