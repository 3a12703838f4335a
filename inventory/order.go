package inventory

import (
	"context"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// OrderStatus is how far a work order is.
type OrderStatus string

// The statuses of work orders. From planned the asset stays where it is;
// from assessed to waiting it is in repair; after that it is back, or written off.
const (
	Planned    OrderStatus = "planned"
	Assessed   OrderStatus = "assessed"
	InProgress OrderStatus = "in_progress"
	Waiting    OrderStatus = "waiting" // for parts
	Done       OrderStatus = "done"
	WrittenOff OrderStatus = "written_off"
	Cancelled  OrderStatus = "cancelled"
)

// OrderStatuses returns every status, in the order of work.
func OrderStatuses() []OrderStatus {
	return []OrderStatus{Planned, Assessed, InProgress, Waiting, Done, WrittenOff, Cancelled}
}

// Open reports whether work is left to do.
func (o OrderStatus) Open() bool {
	return o == Planned || o == Assessed || o == InProgress || o == Waiting
}

// OrderName returns a work order's number as people write it: WO-12.
func OrderName(number int64) string { return "WO-" + strconv.FormatInt(number, 10) }

// Order is a work order: a repair or maintenance.
type Order struct {
	ID            int64             `db:"id"`
	Number        int64             `db:"number"`
	Kind          string            `db:"kind"` // repair, maintenance
	Status        OrderStatus       `db:"status"`
	AssetID       *int64            `db:"asset_id"`
	AssetTag      string            `db:"asset_tag"`
	AssetTitle    string            `db:"asset_title"`
	ClientID      *int64            `db:"client_id"` // for whom
	ClientName    string            `db:"client_name"`
	Title         string            `db:"title"`
	Reason        string            `db:"reason"`
	Resolution    string            `db:"resolution"`
	AssigneeID    *int64            `db:"assignee_id"`
	AssigneeName  string            `db:"assignee_name"`
	VendorID      *int64            `db:"vendor_id"`
	VendorName    string            `db:"vendor_name"`
	UnderWarranty bool              `db:"under_warranty"`
	PlannedOn     string            `db:"planned_on"` // 2026-11-22, "" where not planned
	Currency      string            `db:"currency"`
	Total         int64             `db:"total"` // minor units: the sum of its lines
	ReturnN       *int64            `db:"return_n"`
	OpenedAt      migrations.Stamp  `db:"opened_at"`
	StatusAt      migrations.Stamp  `db:"status_at"`
	StartedAt     *migrations.Stamp `db:"started_at"`
	FinishedAt    *migrations.Stamp `db:"finished_at"`
	UpdatedAt     migrations.Stamp  `db:"updated_at"`
	Version       int64             `db:"version"`
}

// Name is the order's number as people write it.
func (o Order) Name() string { return OrderName(o.Number) }

// Thing names the order for links, files and search.
func (o Order) Thing() tracker.Thing { return tracker.Thing{Kind: tracker.KindWorkOrder, ID: o.ID} }

// OrderEdit is what may be said of an order.
type OrderEdit struct {
	Title         string // up to 200 characters, required
	Reason        string
	AssetID       int64 // may change while planned only; 0 for a thing that is not registered
	ClientID      int64 // 0 for the asset's holder
	AssigneeID    int64 // a technician or administrator
	VendorID      int64 // a location of the kind vendor
	UnderWarranty bool
	PlannedOn     string
}

// NewOrder opens an order.
type NewOrder struct {
	OrderEdit
	Kind     string // "repair" where empty
	TicketID int64  // linked with the order, and with its asset; 0 for none
	TakeIn   bool   // begin at once: assessed, and the asset goes to repair
}

// OrderFilter chooses orders for a list. The zero value finds the open ones.
type OrderFilter struct {
	Statuses   []OrderStatus
	Closed     bool // also those that are done, written off or cancelled
	Kind       string
	AssetID    int64
	ClientID   int64
	AssigneeID int64
	VendorID   int64
	Overdue    bool // open, and planned before today
	Text       string
}

// OrderNote is a dated note on an order.
type OrderNote struct {
	ID          int64            `db:"id"`
	AccountID   *int64           `db:"account_id"`
	AccountName string           `db:"account_name"`
	Body        string           `db:"body"`
	At          migrations.Stamp `db:"at"`
}

// Line is a part, hours of labour, or another cost.
type Line struct {
	ID       int64  `db:"id"`
	Kind     string `db:"kind"` // part, labour, shipping, other
	Text     string `db:"text"`
	Quantity int64  `db:"quantity"`  // thousandths: 1.5 hours are 1500
	UnitCost int64  `db:"unit_cost"` // minor units
}

// Cost is quantity times unit cost in minor units, halves away from zero.
func (l Line) Cost() int64 { return (l.Quantity*l.UnitCost + 500) / 1000 }

// Orders returns the orders that f chooses, the newest first, and what to give as after for the next ones.
func (s *Store) Orders(ctx context.Context, f OrderFilter, after string, limit int) (list []Order, more string, err error) {
	return nil, "", errTODO
}

// CountOrders returns how many orders f chooses, at most limit.
func (s *Store) CountOrders(ctx context.Context, f OrderFilter, limit int) (int, error) {
	return 0, errTODO
}

// Order returns the order of a number.
func (s *Store) Order(ctx context.Context, number int64) (Order, error) { return Order{}, errTODO }

// OrdersByID returns the orders of some ids, in their order; unknown ones are left out.
func (s *Store) OrdersByID(ctx context.Context, ids []int64) ([]Order, error) { return nil, errTODO }

// OrderNotes returns an order's notes, the oldest first.
func (s *Store) OrderNotes(ctx context.Context, orderID int64) ([]OrderNote, error) {
	return nil, errTODO
}

// OrderLines returns what an order costs, line by line.
func (s *Store) OrderLines(ctx context.Context, orderID int64) ([]Line, error) { return nil, errTODO }

// OpenOrder opens an order, links it, and logs it on the ticket.
func (s *Store) OpenOrder(ctx context.Context, actor tracker.Actor, in NewOrder) (Order, error) {
	return Order{}, errTODO
}

// ChangeOrder changes what is said of an order; a stale version is a Conflict.
func (s *Store) ChangeOrder(ctx context.Context, actor tracker.Actor, number int64, in OrderEdit, version int64) (Order, error) {
	return Order{}, errTODO
}

// OrderStep moves an order on.
type OrderStep struct {
	Status     OrderStatus
	Resolution string // what was done: required for done
	Reason     string // required for written_off and cancelled; it is kept as the resolution
}

// StepOrder moves an order to another status, and its asset with it: to repair
// when work begins, back to where it was when the last order on it is done or
// cancelled, retired when it is written off. An asset that somebody has moved
// elsewhere meanwhile stays there. A closed order can be opened again.
func (s *Store) StepOrder(ctx context.Context, actor tracker.Actor, number int64, to OrderStep, version int64) (Order, error) {
	return Order{}, errTODO
}

// AddOrderNote writes a dated note on an order, open or closed.
func (s *Store) AddOrderNote(ctx context.Context, actor tracker.Actor, number int64, body string) error {
	return errTODO
}

// AddLine adds a cost to an order. Quantity is above 0, unit cost not negative.
func (s *Store) AddLine(ctx context.Context, actor tracker.Actor, number int64, in Line) (Line, error) {
	return Line{}, errTODO
}

// RemoveLine takes a cost away again.
func (s *Store) RemoveLine(ctx context.Context, actor tracker.Actor, number, lineID int64) error {
	return errTODO
}

// LifetimeCost is what an asset has cost so far, by currency, in minor units:
// its purchase and every line of its orders. It is computed, never stored.
func (s *Store) LifetimeCost(ctx context.Context, assetID int64) (map[string]int64, error) {
	return nil, errTODO
}

// orderTexts returns what an order is found by.
func (s *Store) orderTexts(ctx context.Context, q read, id int64) ([]string, error) {
	return nil, errTODO
}
