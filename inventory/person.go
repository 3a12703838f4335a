package inventory

import (
	"context"
	"fmt"
	"io"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// countPerson returns what of the inventory names a person.
func (s *Store) countPerson(ctx context.Context, q read, p tracker.Erasing) ([]tracker.Count, error) {
	all := []tracker.Count{{What: "assets"}, {What: "movements"}, {What: "work_orders"}}
	if p.ClientID == 0 {
		return all, nil
	}
	for i, query := range []string{
		`SELECT count(*) FROM asset WHERE holder_id = ?`,
		`SELECT count(*) FROM movement WHERE holder_id = ? OR was_holder_id = ?`,
		`SELECT count(*) FROM work_order WHERE client_id = ?`,
	} {
		args := []any{p.ClientID, p.ClientID}[:strings.Count(query, "?")]
		if err := q.Get(ctx, &all[i].N, query, args...); err != nil {
			return nil, fmt.Errorf("count a person's things: %w", err)
		}
	}
	return all, nil
}

// exportPerson writes a person's things, what moved to and from them, and
// their work orders as CSV.
func (s *Store) exportPerson(ctx context.Context, p tracker.Erasing, create func(name string) (io.Writer, error)) error {
	if p.ClientID == 0 {
		return nil
	}
	for _, f := range []struct {
		name  string
		write func(w io.Writer) error
	}{
		{"assets.csv", func(w io.Writer) error { return s.ExportAssets(ctx, AssetFilter{HolderID: p.ClientID, Gone: true}, w) }},
		{"movements.csv", func(w io.Writer) error { return s.ExportMovements(ctx, MovementFilter{ClientID: p.ClientID}, w) }},
		{"work-orders.csv", func(w io.Writer) error {
			return s.ExportOrders(ctx, OrderFilter{ClientID: p.ClientID, Closed: true}, w)
		}},
	} {
		w, err := create(f.name)
		if err == nil {
			err = f.write(w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// personTexts are the texts of the inventory in which people may be named.
var personTexts = []struct{ table, column, index string }{
	{"work_order", "title", tracker.KindWorkOrder}, {"work_order", "reason", tracker.KindWorkOrder}, {"work_order", "resolution", tracker.KindWorkOrder},
	{"work_order_note", "body", ""}, {"movement", "reason", ""}, {"line", "text", ""},
	{"asset", "purpose", tracker.KindAsset}, {"asset", "specs", tracker.KindAsset}, {"asset", "reference", tracker.KindAsset},
}

// erasePerson takes a person's addresses and full names out of the inventory's
// texts. Things, movements and work orders stay, and name nobody.
func (s *Store) erasePerson(ctx context.Context, tx *migrations.Tx, p tracker.Erasing) error {
	likes := p.Like()
	for _, n := range p.Names {
		likes = append(likes, "%"+strings.ToLower(n)+"%")
	}
	for _, t := range personTexts {
		for _, like := range likes {
			var rows []struct {
				ID   int64  `db:"id"`
				Text string `db:"text"`
			}
			if err := tx.Select(ctx, &rows, `SELECT id, `+t.column+` AS text FROM `+t.table+` WHERE LOWER(`+t.column+`) LIKE ? ESCAPE '\'`, like); err != nil {
				return fmt.Errorf("look for a person in %s: %w", t.table, err)
			}
			for _, r := range rows {
				now := p.Redact(r.Text)
				if now == r.Text {
					continue
				}
				if _, err := tx.Exec(ctx, `UPDATE `+t.table+` SET `+t.column+` = ? WHERE id = ?`, now, r.ID); err != nil {
					return fmt.Errorf("take a person out of %s %d: %w", t.table, r.ID, err)
				}
				if t.table == "work_order_note" { // which are found by their orders
					if err := s.indexOrdersTx(ctx, tx, `id = (SELECT n.work_order_id FROM work_order_note n WHERE n.id = ?)`, r.ID); err != nil {
						return err
					}
				}
				if t.index != "" {
					if err := s.tracker.IndexTx(ctx, tx, t.index, r.ID); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
