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

// LineKinds returns what a line can be, in the order of menus.
func LineKinds() []string { return []string{"part", "labour", "shipping", "other"} }

// Line is a part, hours of labour, or another cost.
type Line struct {
	ID       int64  `db:"id"`
	Kind     string `db:"kind"` // part, labour, shipping, other
	Text     string `db:"text"`
	Quantity int64  `db:"quantity"`  // thousandths: 1.5 hours are 1500
	UnitCost int64  `db:"unit_cost"` // minor units
	Once     string `db:"-"`         // random, of the form that adds it: sent again, it is the same line
}

// Cost is quantity times unit cost in minor units, halves away from zero.
func (l Line) Cost() int64 { return (l.Quantity*l.UnitCost + 500) / 1000 }

// The bounds of a line keep every cost, and the sum of an order's lines,
// far inside 64 bits.
const (
	maxLineQuantity = 100_000 * 1000 // thousandths
	maxLineCost     = 100_000_000_00 // minor units
	maxLines        = 500            // of one order
	maxLineText     = 200            // characters
)

// check returns the line as it is stored.
func (l Line) check() (Line, error) {
	if !slices.Contains(LineKinds(), l.Kind) {
		return l, migrations.InvalidAt("line_kind", "Please choose what this is: a part, labour, shipping or something else.")
	}
	var err error
	if l.Text, err = required("line_text", "text", "Please write what was used or done.", l.Text, maxLineText); err != nil {
		return l, err
	}
	switch {
	case l.Quantity <= 0:
		return l, migrations.InvalidAt("quantity", "The quantity must be more than 0.")
	case l.Quantity > maxLineQuantity:
		return l, migrations.InvalidAt("quantity", "The quantity must not be more than 100,000.")
	case l.UnitCost < 0:
		return l, migrations.InvalidAt("unit_cost", "The cost of one must not be below 0.")
	case l.UnitCost > maxLineCost:
		return l, migrations.InvalidAt("unit_cost", "The cost of one must not be more than 100,000,000.")
	}
	return l, nil
}

// OrderLines returns what an order costs, line by line.
func (s *Store) OrderLines(ctx context.Context, orderID int64) ([]Line, error) {
	var list []Line
	err := s.db.Select(ctx, &list, `SELECT id, kind, text, quantity, unit_cost FROM line WHERE owner_kind = 'work_order' AND owner_id = ? ORDER BY id`, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the lines of an order: %w", err)
	}
	return list, nil
}

// AddLine adds a cost to an order, open or closed: bills come late. Quantity
// is above 0, unit cost not negative. Another line under the same Once is a Conflict.
func (s *Store) AddLine(ctx context.Context, actor tracker.Actor, number int64, in Line) (Line, error) {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		o, err := s.lockOrderTx(ctx, tx, number)
		if err != nil {
			return err
		}
		if in, err = in.check(); err != nil {
			return err
		}
		var was struct {
			Line
			OwnerKind string `db:"owner_kind"`
			OwnerID   int64  `db:"owner_id"`
			AccountID int64  `db:"account_id"`
		}
		found, err := onceTx(ctx, tx, &was, in.Once, `SELECT id, kind, text, quantity, unit_cost, owner_kind, owner_id, COALESCE(account_id, 0) AS account_id FROM line WHERE once = ? AND once <> ''`)
		was.Once = in.Once
		in.ID = was.ID
		switch {
		case err != nil:
			return err
		case found && (was.OwnerKind != tracker.KindWorkOrder || was.OwnerID != o.ID || was.AccountID != actor.AccountID):
			return errDamaged()
		case found && was.Line != in:
			return migrations.Conflictf("This cost was already added, as something else. Please look at it before you add this one too.")
		case found:
			return nil
		}
		var n int
		if err := tx.Get(ctx, &n, `SELECT count(*) FROM line WHERE owner_kind = 'work_order' AND owner_id = ?`, o.ID); err != nil {
			return err
		}
		if n >= maxLines {
			return migrations.Invalidf("This order has %d lines already. Sum some of them up.", n)
		}
		in.ID, err = tx.Insert(ctx, `INSERT INTO line (owner_kind, owner_id, kind, text, quantity, unit_cost, account_id, once, created_at)
			VALUES ('work_order', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, o.ID, in.Kind, in.Text, in.Quantity, in.UnitCost, orNull(actor.AccountID), in.Once, s.stamp())
		if err != nil {
			return fmt.Errorf("write line: %w", err)
		}
		return s.orderChangedTx(ctx, tx, actor, o.ID, "line_added", "", in.event())
	})
	if err != nil {
		return Line{}, fmt.Errorf("add a cost to %s: %w", OrderName(number), err)
	}
	return in, nil
}

// event is a line as events hold it: what it is and costs, not its text.
func (l Line) event() string {
	return "line:" + strconv.FormatInt(l.ID, 10) + " " + l.Kind + " " + strconv.FormatInt(l.Quantity, 10) + " " + strconv.FormatInt(l.UnitCost, 10)
}

// RemoveLine takes a cost away again.
func (s *Store) RemoveLine(ctx context.Context, actor tracker.Actor, number, lineID int64) error {
	_, err := s.TakeLine(ctx, actor, number, lineID)
	return err
}

// TakeLine is RemoveLine, and returns what was taken away, to be added again.
func (s *Store) TakeLine(ctx context.Context, actor tracker.Actor, number, lineID int64) (Line, error) {
	var l Line
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		o, err := s.lockOrderTx(ctx, tx, number)
		if err != nil {
			return err
		}
		err = tx.Get(ctx, &l, `DELETE FROM line WHERE id = ? AND owner_kind = 'work_order' AND owner_id = ? RETURNING id, kind, text, quantity, unit_cost`, lineID, o.ID)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.NotFoundf("This line is not there (any more).")
		}
		if err != nil {
			return fmt.Errorf("remove line: %w", err)
		}
		return s.orderChangedTx(ctx, tx, actor, o.ID, "line_removed", l.event(), "")
	})
	if err != nil {
		return Line{}, fmt.Errorf("take a cost off %s: %w", OrderName(number), err)
	}
	return l, nil
}

// LifetimeCost is what an asset has cost so far, by currency, in minor units:
// the purchase of its pieces and every line of its orders. It is computed, never stored.
func (s *Store) LifetimeCost(ctx context.Context, assetID int64) (map[string]int64, error) {
	var rows []struct {
		Currency string `db:"currency"`
		Cost     int64  `db:"cost"`
	}
	err := s.db.Select(ctx, &rows, `SELECT currency, CAST(SUM(cost) AS BIGINT) AS cost FROM (
			SELECT currency, cost * quantity AS cost FROM asset WHERE id = ? AND cost IS NOT NULL
			UNION ALL SELECT o.currency, (l.quantity * l.unit_cost + 500) / 1000 FROM work_order o JOIN line l ON l.owner_kind = 'work_order' AND l.owner_id = o.id WHERE o.asset_id = ?
		) AS parts GROUP BY currency`, assetID, assetID)
	if err != nil {
		return nil, fmt.Errorf("sum up what asset %d cost: %w", assetID, err)
	}
	sum := map[string]int64{}
	for _, r := range rows {
		sum[r.Currency] = r.Cost
	}
	return sum, nil
}

// FormatQuantity writes thousandths as people read them: 1500 is "1.5".
func FormatQuantity(thousandths int64) string {
	text := strconv.FormatInt(thousandths/1000, 10)
	if rest := thousandths % 1000; rest != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%03d", rest), "0")
	}
	return text
}

// DecimalQuantity writes thousandths for form fields. ParseQuantity reads it
// back, for which three digits behind the point become four.
func DecimalQuantity(thousandths int64) string {
	text := FormatQuantity(thousandths)
	if thousandths%10 != 0 {
		text += "0"
	}
	return text
}

// ParseQuantity reads a quantity as people type it, in thousandths: 2, 1.5,
// 1,25 and 1,000.5 are understood. What is no number, or not above 0, is
// Invalid; and so is what is a thousand to some people and a fraction to
// others: 1,000 and 1.125.
func ParseQuantity(text string) (int64, error) {
	wrong := func() (int64, error) {
		return 0, migrations.InvalidAt("quantity", "“%s” is not a quantity. Write it like 2 or 1.5.", clip(strings.TrimSpace(text), 40))
	}
	s := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\'', '’':
			return -1
		}
		return r
	}, strings.TrimSpace(text))
	if s == "" {
		return 0, migrations.InvalidAt("quantity", "Please write how many.")
	}
	if strings.HasPrefix(s, "-") {
		return 0, migrations.InvalidAt("quantity", "The quantity must be more than 0.")
	}
	whole, rest := s, ""
	if i := strings.LastIndexAny(s, ".,"); i >= 0 {
		mark, other := s[i:i+1], strings.ReplaceAll(",.", s[i:i+1], "")
		whole, rest = s[:i], s[i+1:]
		switch {
		case strings.Contains(whole, mark): // 1,000,000
			if strings.Contains(whole, other) || !grouped(s, mark) {
				return wrong()
			}
			whole, rest = strings.ReplaceAll(s, mark, ""), ""
		case strings.Contains(whole, other): // 1,000.5
			if !grouped(whole, other) {
				return wrong()
			}
			whole = strings.ReplaceAll(whole, other, "")
		case len(rest) == 3 && grouped(s, mark) && s[0] != '0':
			fraction := whole
			if strings.Trim(rest, "0") != "" {
				fraction += "." + rest + "0"
			}
			return 0, migrations.InvalidAt("quantity", "“%s” can be read in two ways. Write %s, or %s.", clip(s, 40), whole+rest, fraction)
		}
	}
	if whole == "" {
		whole = "0"
	}
	for _, r := range whole + rest {
		if r < '0' || r > '9' {
			return wrong()
		}
	}
	if rest = strings.TrimRight(rest, "0"); len(rest) > 3 {
		return 0, migrations.InvalidAt("quantity", "A quantity has up to three digits behind the point.")
	}
	if len(strings.TrimLeft(whole, "0")) > 6 {
		return 0, migrations.InvalidAt("quantity", "The quantity must not be more than 100,000.")
	}
	n, err := strconv.ParseInt(whole+(rest + "000")[:3], 10, 64)
	if err != nil || n == 0 {
		return 0, migrations.InvalidAt("quantity", "The quantity must be more than 0.")
	}
	return n, nil
}
