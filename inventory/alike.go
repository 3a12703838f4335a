package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// RegisterSingly registers n assets that are alike but for their tags and
// serials, all or none. The first has the edit's tag, the others draw theirs;
// serials are those of the first ones, in their order.
func (s *Store) RegisterSingly(ctx context.Context, actor tracker.Actor, in AssetEdit, at Place, n int64, serials []string) ([]Asset, error) {
	if n < 1 || int64(len(serials)) > n {
		return nil, migrations.InvalidAt("quantity", "There are more serial numbers than things.")
	}
	var all []Asset
	err := s.again(ctx, func(tx *migrations.Tx) error {
		// Before the place of the first one is held: see lockTreeTx.
		if err := lockTreeTx(ctx, tx); err != nil {
			return err
		}
		all = all[:0]
		for i := range n {
			one := in
			if i > 0 {
				one.Tag = ""
			}
			if one.Serial = ""; i < int64(len(serials)) {
				one.Serial = serials[i]
			}
			at.Quantity = 1
			a, err := s.registerTx(ctx, tx, actor, one, at)
			if err != nil {
				return err
			}
			all = append(all, a)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("register %d assets: %w", n, err)
	}
	return all, nil
}
