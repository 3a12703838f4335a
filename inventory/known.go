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
	byWord, err := namesIn(ctx, q, words)
	if err != nil || len(byWord) == 0 {
		return nil, err
	}
	var ids []int64
	for _, some := range byWord {
		ids = append(ids, some...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var list []Asset
	err = q.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (`+marks(len(ids))+`) ORDER BY a.id LIMIT ?`, append(anys(ids), maxNamed)...)
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
	byWord, err := namesIn(ctx, q, words)
	named := map[string]bool{}
	for w := range byWord {
		named[w] = true
	}
	return named, err
}

// namesIn returns the ids of the assets whose tag, hostname or serial number is
// one of some words, by these words.
func namesIn(ctx context.Context, q migrations.Queryer, words []string) (map[string][]int64, error) {
	byWord := map[string][]int64{}
	for some := range slices.Chunk(words, 500) {
		var names, serials []any
		for _, w := range some {
			names, serials = append(names, tracker.Fold(w)), append(serials, foldSerial(w))
		}
		var found []struct {
			Word   string `db:"word"`
			Serial bool   `db:"serial"`
			ID     int64  `db:"id"`
		}
		in := marks(len(some))
		err := q.Select(ctx, &found, `SELECT tag_folded AS word, FALSE AS serial, id FROM asset WHERE tag_folded IN (`+in+`)
			UNION SELECT hostname_folded, FALSE, id FROM asset WHERE hostname_folded <> '' AND hostname_folded IN (`+in+`)
			UNION SELECT serial_folded, TRUE, id FROM asset WHERE serial_folded <> '' AND serial_folded IN (`+in+`)`, append(append(append([]any(nil), names...), names...), serials...)...)
		if err != nil {
			return nil, fmt.Errorf("look for assets by name: %w", err)
		}
		for _, f := range found {
			for i, w := range some {
				if !f.Serial && names[i] == f.Word || f.Serial && serials[i] == f.Word {
					byWord[w] = append(byWord[w], f.ID)
				}
			}
		}
	}
	return byWord, nil
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
