package inventory

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// maxOrderText bounds what a person writes on an order in one go, in characters.
const maxOrderText = 20_000

// OpenOrder opens an order, links it, and logs it on the ticket.
func (s *Store) OpenOrder(ctx context.Context, actor tracker.Actor, in NewOrder) (Order, error) {
	var o Order
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		o, err = s.openOrderTx(ctx, tx, actor, in)
		return err
	})
	if err != nil {
		return Order{}, fmt.Errorf("open an order: %w", err)
	}
	return o, nil
}

func (s *Store) openOrderTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in NewOrder) (o Order, err error) {
	if in.Kind == "" {
		in.Kind = OrderRepair
	}
	if in.Kind != OrderRepair && in.Kind != OrderMaintenance {
		return o, migrations.InvalidAt("kind", "A work order is a repair or maintenance.")
	}
	// The number first: of two who open at once, one waits here and nowhere else.
	var number int64
	if err := tx.Get(ctx, &number, `UPDATE counter SET value = value + 1 WHERE name = 'work_order' RETURNING value`); err != nil {
		return o, fmt.Errorf("draw an order's number: %w", err)
	}
	var a *Asset
	if in.AssetID != 0 {
		if a, err = s.lockAssetTx(ctx, tx, in.AssetID); err != nil {
			return o, err
		}
		if gone(a.Status) {
			return o, errGone(a)
		}
	}
	if in.OrderEdit, err = s.checkOrderTx(ctx, tx, in.OrderEdit, OrderEdit{}, a); err != nil {
		return o, err
	}
	if in.TicketID != 0 {
		var one int
		err := tx.Get(ctx, &one, `SELECT 1 FROM ticket WHERE id = ?`, in.TicketID)
		if migrations.KindOf(err) == migrations.NotFound {
			return o, migrations.InvalidAt("ticket", "There is no such ticket.")
		}
		if err != nil {
			return o, fmt.Errorf("look for the ticket: %w", err)
		}
	}
	currency, err := s.orderCurrencyTx(ctx, tx, a)
	if err != nil {
		return o, err
	}
	now := s.stamp()
	id, err := tx.Insert(ctx, `INSERT INTO work_order (number, kind, status, asset_id, client_id, title, reason, assignee_id, vendor_id, under_warranty, planned_on, currency, opened_at, status_at, created_by, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, number, in.Kind, string(Planned), orNull(in.AssetID), orNull(in.ClientID), in.Title, in.Reason,
		orNull(in.AssigneeID), orNull(in.VendorID), in.UnderWarranty, in.PlannedOn, currency, now, now, orNull(actor.AccountID), now)
	if err != nil {
		return o, fmt.Errorf("write order: %w", err)
	}
	if o, err = orderWhere(ctx, tx, `o.id = ?`, id); err != nil {
		return o, err
	}
	if in.TicketID != 0 {
		t := tracker.Thing{Kind: tracker.KindTicket, ID: in.TicketID}
		if _, err := s.tracker.LinkTx(ctx, tx, actor, t, o.Thing()); err != nil {
			return o, err
		}
		if a != nil {
			if _, err := s.tracker.LinkTx(ctx, tx, actor, t, a.Thing()); err != nil {
				return o, err
			}
		}
	}
	if err := s.orderChangedTx(ctx, tx, actor, id, "opened", "", string(Planned)); err != nil {
		return o, err
	}
	if err := s.tellTicketsTx(ctx, tx, actor, &o, "", Planned); err != nil {
		return o, err
	}
	if in.TakeIn {
		if err := s.stepTx(ctx, tx, actor, &o, OrderStep{Status: Assessed}); err != nil {
			return o, err
		}
	}
	return orderWhere(ctx, tx, `o.id = ?`, id)
}

// ChangeOrder changes what is said of an order; a stale version is a Conflict.
// Where the asset is away for it, another vendor moves the asset.
func (s *Store) ChangeOrder(ctx context.Context, actor tracker.Actor, number int64, in OrderEdit, version int64) (Order, error) {
	var o Order
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if o, err = s.takeOrderTx(ctx, tx, number, version); err != nil {
			return err
		}
		was := o.Edit()
		var a *Asset
		if in.AssetID != was.AssetID {
			if o.Status != Planned {
				return migrations.InvalidAt("asset", "The asset can be changed only while the repair is planned. Take it back to planned first.")
			}
			if in.AssetID != 0 {
				if a, err = s.lockAssetTx(ctx, tx, in.AssetID); err != nil {
					return err
				}
				if gone(a.Status) {
					return errGone(a)
				}
			}
		}
		if in, err = s.checkOrderTx(ctx, tx, in, was, a); err != nil {
			return err
		}
		if in == was {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE work_order SET asset_id = ?, client_id = ?, title = ?, reason = ?, assignee_id = ?, vendor_id = ?, under_warranty = ?, planned_on = ? WHERE id = ?`,
			orNull(in.AssetID), orNull(in.ClientID), in.Title, in.Reason, orNull(in.AssigneeID), orNull(in.VendorID), in.UnderWarranty, in.PlannedOn, o.ID)
		if err != nil {
			return fmt.Errorf("write order: %w", err)
		}
		from, to := "", ""
		if in.AssetID != was.AssetID {
			from, to = assetRef(was.AssetID), assetRef(in.AssetID)
		}
		if err := s.orderChangedTx(ctx, tx, actor, o.ID, "changed", from, to); err != nil {
			return err
		}
		if a != nil {
			if err := s.linkTicketsTx(ctx, tx, actor, &o, a); err != nil {
				return err
			}
		}
		if o, err = orderWhere(ctx, tx, `o.id = ?`, o.ID); err != nil {
			return err
		}
		if o.Status.started() && in.VendorID != was.VendorID {
			return s.sendTx(ctx, tx, actor, &o, false, 0)
		}
		return nil
	})
	if err != nil {
		return Order{}, fmt.Errorf("change %s: %w", OrderName(number), err)
	}
	return o, nil
}

// assetRef is an asset as events name it, "" for none.
func assetRef(id int64) string {
	if id == 0 {
		return ""
	}
	return tracker.Thing{Kind: tracker.KindAsset, ID: id}.String()
}

// linkTicketsTx links the asset of an order with the order's tickets, as
// opening it on a ticket does. Links that were there stay.
func (s *Store) linkTicketsTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o *Order, a *Asset) error {
	links, err := s.tracker.LinksTx(ctx, tx, o.Thing())
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.Kind != tracker.KindTicket {
			continue
		}
		if _, err := s.tracker.LinkTx(ctx, tx, actor, l.Thing, a.Thing()); err != nil {
			return err
		}
	}
	return nil
}

// Edit returns what may be said of an order, as it is said now.
func (o Order) Edit() OrderEdit {
	return OrderEdit{Title: o.Title, Reason: o.Reason, AssetID: orZero(o.AssetID), ClientID: orZero(o.ClientID), AssigneeID: orZero(o.AssigneeID),
		VendorID: orZero(o.VendorID), UnderWarranty: o.UnderWarranty, PlannedOn: o.PlannedOn}
}

// checkOrderTx returns an edit as it is stored. What stays as it was is not
// asked for again, so that an order of somebody who has left can be edited.
func (s *Store) checkOrderTx(ctx context.Context, tx *migrations.Tx, in, was OrderEdit, a *Asset) (OrderEdit, error) {
	var err error
	if in.Title, err = required("title", "title", "Please say in a line what is wrong.", in.Title, 200); err != nil {
		return in, err
	}
	if in.Reason, err = textLines("reason", "description", in.Reason, maxOrderText); err != nil {
		return in, err
	}
	if in.PlannedOn, err = parseDay("planned_on", "planned day", in.PlannedOn); err != nil {
		return in, err
	}
	if in.ClientID == 0 && was.ClientID == 0 && a != nil && a.HolderID != nil {
		in.ClientID = *a.HolderID
	}
	if in.ClientID != 0 && in.ClientID != was.ClientID {
		var one int
		if err := tx.Get(ctx, &one, `SELECT 1 FROM client WHERE id = ? AND erased_at IS NULL`+shared(tx), in.ClientID); err != nil {
			if migrations.KindOf(err) == migrations.NotFound {
				return in, migrations.InvalidAt("client", "There is no such person (any more).")
			}
			return in, fmt.Errorf("look for the person: %w", err)
		}
	}
	if in.AssigneeID != 0 && in.AssigneeID != was.AssigneeID {
		who, err := s.tracker.AccountTx(ctx, tx, in.AssigneeID)
		if migrations.KindOf(err) == migrations.NotFound || err == nil && !tracker.May(who, tracker.WorkThings) {
			return in, migrations.InvalidAt("assignee", "This person can not be given repairs.")
		}
		if err != nil {
			return in, err
		}
	}
	if in.VendorID != 0 && in.VendorID != was.VendorID {
		var one int
		if err := tx.Get(ctx, &one, `SELECT 1 FROM location WHERE id = ? AND kind = ? AND archived_at IS NULL`, in.VendorID, string(Vendor)); err != nil {
			if migrations.KindOf(err) == migrations.NotFound {
				return in, migrations.InvalidAt("vendor", "There is no such vendor (any more).")
			}
			return in, fmt.Errorf("look for the vendor: %w", err)
		}
	}
	return in, nil
}

// lockOrderTx reads an order and keeps others from changing it until the
// commit. Orders are locked before assets, never after.
func (s *Store) lockOrderTx(ctx context.Context, tx *migrations.Tx, number int64) (Order, error) {
	if _, err := tx.Exec(ctx, `UPDATE work_order SET version = version WHERE number = ?`, number); err != nil {
		return Order{}, fmt.Errorf("lock order: %w", err)
	}
	return orderWhere(ctx, tx, `o.number = ?`, number)
}

// takeOrderTx is lockOrderTx for a change that was made looking at version.
func (s *Store) takeOrderTx(ctx context.Context, tx *migrations.Tx, number, version int64) (Order, error) {
	o, err := s.lockOrderTx(ctx, tx, number)
	if err == nil && version != tracker.AnyVersion && version != o.Version {
		err = migrations.Conflictf("Somebody else changed %s meanwhile.", o.Name())
	}
	return o, err
}

// orderChangedTx raises the version of an order, records the event, and has
// the order indexed anew. A note or a line leaves the version alone: it is
// nothing that another person's edit could overwrite.
func (s *Store) orderChangedTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, id int64, kind, was, became string) error {
	raise := 1
	switch kind {
	case "opened", "note", "line_added", "line_removed":
		raise = 0
	}
	if _, err := tx.Exec(ctx, `UPDATE work_order SET updated_at = ?, version = version + ? WHERE id = ?`, s.stamp(), raise, id); err != nil {
		return fmt.Errorf("change order: %w", err)
	}
	if err := s.tracker.IndexTx(ctx, tx, tracker.KindWorkOrder, id); err != nil {
		return err
	}
	return s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: tracker.KindWorkOrder, SubjectID: id, Kind: kind, Was: was, Became: became})
}

// tellTicketsTx logs on every linked ticket that an order was opened or moved on.
func (s *Store) tellTicketsTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, o *Order, was, became OrderStatus) error {
	links, err := s.tracker.LinksTx(ctx, tx, o.Thing())
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.Kind != tracker.KindTicket {
			continue
		}
		err := s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: tracker.KindTicket, SubjectID: l.ID, Kind: "order",
			Was: string(was), Became: o.Thing().String() + " " + string(became)})
		if err != nil {
			return err
		}
	}
	return nil
}

// required is textLine for what must not be empty.
func required(field, what, ask, text string, limit int) (string, error) {
	text, err := textLine(field, what, text, limit)
	if err == nil && text == "" {
		err = migrations.InvalidAt(field, "%s", ask)
	}
	return text, err
}

// orderCurrencyTx is what an order counts in: the asset's currency, else the company's.
func (s *Store) orderCurrencyTx(ctx context.Context, tx *migrations.Tx, a *Asset) (string, error) {
	if a != nil && a.Currency != "" {
		return a.Currency, nil
	}
	return s.currencyTx(ctx, tx)
}
