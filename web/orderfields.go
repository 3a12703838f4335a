package web

import (
	"context"
	"net/http"
	"strconv"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// orderFields is what is said of a work order, in a form.
type orderFields struct {
	Title, Reason string
	MayAsset      bool     // the asset can be chosen
	Assets        []choice // offered with one click; the group is what stands below
	Asset         string   // which of them is chosen
	OtherAsset    string   // picked from search
	AssetText     string
	Client        string
	ClientText    string
	Assignee      string
	Vendor        string
	PlannedOn     string
	Warranty      bool
	WarrantyHint  string

	Technicians, Vendors []choice
	Problems             problems
	Now                  map[string]string // what somebody else made of a field meanwhile
	Draft                string
	Focus                bool
}

// fillOrderFields adds what can be chosen.
func (s *site) fillOrderFields(ctx context.Context, f *orderFields) error {
	technicians, err := s.store.Technicians(ctx)
	if err != nil {
		return err
	}
	for _, a := range technicians {
		f.Technicians = append(f.Technicians, choice{Value: idText(a.ID), Word: a.Name})
	}
	vendors, err := s.vendors(ctx)
	if err != nil {
		return err
	}
	for _, l := range vendors {
		f.Vendors = append(f.Vendors, choice{Value: idText(l.ID), Word: l.Name})
	}
	return nil
}

// idText writes an id into a form: "" for 0.
func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// editFields are the fields of an order as it is.
func editFields(o inventory.Order) orderFields {
	e := o.Edit()
	return orderFields{Title: e.Title, Reason: e.Reason, MayAsset: o.Status == inventory.Planned, OtherAsset: idText(e.AssetID), AssetText: join(" ", o.AssetTag, o.AssetTitle),
		Client: idText(e.ClientID), ClientText: o.ClientName, Assignee: idText(e.AssigneeID), Vendor: idText(e.VendorID), PlannedOn: e.PlannedOn, Warranty: e.UnderWarranty}
}

// orderEdit reads the fields of a form, and keeps what was typed.
func (s *site) orderEdit(r *http.Request) (e inventory.OrderEdit, f orderFields, err error) {
	f = orderFields{Title: r.PostFormValue("title"), Reason: r.PostFormValue("reason"), Asset: r.PostFormValue("choice"), Assignee: r.PostFormValue("assignee"), Vendor: r.PostFormValue("vendor"),
		PlannedOn: r.PostFormValue("planned_on"), Warranty: r.PostFormValue("warranty") == "1", Problems: problems{}}
	e = inventory.OrderEdit{Title: f.Title, Reason: f.Reason, PlannedOn: f.PlannedOn, UnderWarranty: f.Warranty}
	pick := func(field, kind string) (id int64, text string) {
		id, text, perr := s.pickedID(r, field, kind)
		if perr = f.failed(perr, field); perr != nil {
			err = perr
		}
		return id, text
	}
	var other int64
	if other, f.AssetText = pick("asset", pickAsset); other != 0 {
		e.AssetID, f.OtherAsset, f.Asset = other, idText(other), ""
	} else if f.Asset != "" {
		if e.AssetID, err = formInt(r, "choice"); err != nil {
			return e, f, errForm
		}
	}
	e.ClientID, f.ClientText = pick("client", pickPerson)
	f.Client = idText(e.ClientID)
	if err != nil {
		return e, f, err
	}
	if e.AssigneeID, err = formInt(r, "assignee"); err != nil {
		return e, f, err
	}
	e.VendorID, err = formInt(r, "vendor")
	return e, f, err
}

// failed puts what is wrong with what somebody typed at its field, and returns
// other errors. field is where it stands when err names none.
func (f *orderFields) failed(err error, field string) error {
	if migrations.KindOf(err) != migrations.Invalid {
		return err
	}
	if at := migrations.FieldOf(err); at != "" {
		field = at
	}
	switch field {
	case "title", "reason", "asset", "client", "assignee", "vendor", "planned_on":
	default:
		field = "" // of the asset's way: a place that is archived
	}
	return f.Problems.add(migrations.InvalidAt(field, "%s", migrations.SafeMessage(err)))
}
