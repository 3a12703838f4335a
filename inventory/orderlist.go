package inventory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const orderSelect = `SELECT o.id, o.number, o.kind, o.status, o.asset_id, COALESCE(a.tag, '') AS asset_tag,
	COALESCE(CASE WHEN m.manufacturer = '' THEN m.name ELSE m.manufacturer || ' ' || m.name END, '') AS asset_title,
	o.client_id, COALESCE(c.name, '') AS client_name, o.title, o.reason, o.resolution,
	o.assignee_id, COALESCE(t.name, '') AS assignee_name, o.vendor_id, COALESCE(v.name, '') AS vendor_name,
	o.under_warranty, o.planned_on, o.currency,
	COALESCE((SELECT CAST(SUM((l.quantity * l.unit_cost + 500) / 1000) AS BIGINT) FROM line l WHERE l.owner_kind = 'work_order' AND l.owner_id = o.id), 0) AS total,
	o.return_n, o.opened_at, o.status_at, o.started_at, o.finished_at, o.updated_at, o.version
	FROM work_order o LEFT JOIN asset a ON a.id = o.asset_id LEFT JOIN model m ON m.id = a.model_id LEFT JOIN client c ON c.id = o.client_id
	LEFT JOIN account t ON t.id = o.assignee_id LEFT JOIN location v ON v.id = o.vendor_id `

// orderWhere reads one order.
func orderWhere(ctx context.Context, q read, where string, arg any) (Order, error) {
	var o Order
	err := q.Get(ctx, &o, orderSelect+`WHERE `+where, arg)
	if migrations.KindOf(err) == migrations.NotFound {
		return o, migrations.NotFoundf("There is no such repair.")
	}
	if err != nil {
		return o, fmt.Errorf("read order: %w", err)
	}
	return o, nil
}

// Order returns the order of a number.
func (s *Store) Order(ctx context.Context, number int64) (Order, error) {
	return orderWhere(ctx, s.db, `o.number = ?`, number)
}

// OrdersByID returns the orders of some ids, in their order; unknown ones are left out.
func (s *Store) OrdersByID(ctx context.Context, ids []int64) ([]Order, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []Order
	if err := s.db.Select(ctx, &rows, orderSelect+`WHERE o.id IN (`+marks(len(ids))+`)`, anys(ids)...); err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	at := make(map[int64]*Order, len(rows))
	for i := range rows {
		at[rows[i].ID] = &rows[i]
	}
	list := make([]Order, 0, len(rows))
	for _, id := range ids {
		if o := at[id]; o != nil {
			list = append(list, *o)
			delete(at, id)
		}
	}
	return list, nil
}

// conditions returns the WHERE of a filter, without its words.
func (f OrderFilter) conditions(today string) (where []string, args []any) {
	statuses := f.Statuses
	if len(statuses) == 0 && !f.Closed || f.Overdue {
		statuses = nil
		for _, st := range OrderStatuses() {
			if st.Open() && (len(f.Statuses) == 0 || slices.Contains(f.Statuses, st)) {
				statuses = append(statuses, st)
			}
		}
	}
	if len(statuses) > 0 {
		where = append(where, `o.status IN (`+marks(len(statuses))+`)`)
		args = append(args, anys(statuses)...)
	}
	for _, x := range []struct {
		column string
		id     int64
	}{{`o.asset_id`, f.AssetID}, {`o.client_id`, f.ClientID}, {`o.assignee_id`, f.AssigneeID}, {`o.vendor_id`, f.VendorID}} {
		switch {
		case x.id == tracker.Nobody:
			where = append(where, x.column+` IS NULL`)
		case x.id != 0:
			where, args = append(where, x.column+` = ?`), append(args, x.id)
		}
	}
	if f.Kind != "" {
		where, args = append(where, `o.kind = ?`), append(args, f.Kind)
	}
	if f.Overdue {
		where, args = append(where, `o.planned_on <> '' AND o.planned_on < ?`), append(args, today)
	}
	return where, args
}

// Today is the calendar day by the tracker's clock, where the server stands.
func (s *Store) Today() string { return s.Now().Local().Format("2006-01-02") }

// Overdue reports whether the order should have been done before today.
func (o Order) Overdue(today string) bool {
	return o.Status.Open() && o.PlannedOn != "" && o.PlannedOn < today
}

// Orders returns the orders that f chooses, the newest first, and what to give as after for the next ones.
func (s *Store) Orders(ctx context.Context, f OrderFilter, after string, limit int) (list []Order, more string, err error) {
	limit = pageSize(limit)
	before, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.chosenOrders(ctx, f, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list orders: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		more = strconv.FormatInt(rows[limit-1].Key, 10)
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	list, err = s.OrdersByID(ctx, ids)
	return list, more, err
}

// chosenOrders returns the ids of the orders that f chooses, the newest first:
// names and sums are read of those alone that are shown.
func (s *Store) chosenOrders(ctx context.Context, f OrderFilter, before int64, limit int) (rows []keyed, err error) {
	where, args := f.conditions(s.Today())
	if strings.TrimSpace(f.Text) != "" {
		return tracker.SelectFound[keyed](ctx, s.tracker, tracker.Found{Kind: tracker.KindWorkOrder, Text: f.Text, Columns: `d.id AS key, o.id`,
			Inner: `work_order o ON o.id = d.ref `, Conditions: where, Args: args, Before: before, Limit: limit})
	}
	if before != 0 {
		where, args = append(where, `o.id < ?`), append(args, before)
	}
	err = s.db.Select(ctx, &rows, `SELECT o.id AS key, o.id FROM work_order o WHERE `+strings.Join(append(where, `TRUE`), ` AND `)+` ORDER BY o.id DESC LIMIT ?`, append(args, limit)...)
	return rows, err
}

// CountOrders returns how many orders f chooses, at most limit.
func (s *Store) CountOrders(ctx context.Context, f OrderFilter, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	rows, err := s.chosenOrders(ctx, f, 0, limit)
	if err != nil {
		return 0, fmt.Errorf("count orders: %w", err)
	}
	return len(rows), nil
}

// orderTexts returns what an order is found by.
func (s *Store) orderTexts(ctx context.Context, q read, id int64) ([]string, error) {
	o, err := orderWhere(ctx, q, `o.id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// Both WO-12 and WO12 are typed.
	texts := []string{o.Name(), fmt.Sprintf("WO%d", o.Number), o.Title, o.AssetTag, o.AssetTitle, o.ClientName, o.AssigneeName, o.VendorName, o.Resolution, o.Reason}
	var more []string
	err = q.Select(ctx, &more, `SELECT text FROM line WHERE owner_kind = 'work_order' AND owner_id = ? ORDER BY id LIMIT 200`, id)
	if err != nil {
		return nil, fmt.Errorf("read lines: %w", err)
	}
	texts = append(texts, more...)
	more = nil
	if err := q.Select(ctx, &more, `SELECT body FROM work_order_note WHERE work_order_id = ? ORDER BY id DESC LIMIT 200`, id); err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return append(texts, more...), nil
}
