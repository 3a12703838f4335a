package inventory

import (
	"slices"
	"strconv"
	"strings"

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

// started reports whether work has begun and is not over: the asset is away.
func (o OrderStatus) started() bool { return o == Assessed || o == InProgress || o == Waiting }

// Valid reports whether o is one of the statuses.
func (o OrderStatus) Valid() bool { return slices.Contains(OrderStatuses(), o) }

// The kinds of work orders.
const (
	OrderRepair      = "repair"
	OrderMaintenance = "maintenance"
)

// OrderName returns a work order's number as people write it: WO-12.
func OrderName(number int64) string { return "WO-" + strconv.FormatInt(number, 10) }

// ParseOrderName reads WO-12 or 12, in any case.
func ParseOrderName(s string) (int64, error) {
	digits := strings.TrimSpace(s)
	if len(digits) > 3 && strings.EqualFold(digits[:3], "WO-") {
		digits = digits[3:]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 {
		return 0, migrations.NotFoundf("There is no such repair.")
	}
	return n, nil
}

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
