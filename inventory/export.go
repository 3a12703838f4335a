package inventory

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/csvfile"
)

const exportPage = 200 // rows that are read at a time

// assetHeaders are the columns of exported assets: those that an import takes
// back, and nothing else, so that what comes in again is what went out.
var assetHeaders = []string{"Tag", "Category", "Manufacturer", "Model", "Serial", "Hostname", "Purpose", "Specs", "Reference", "Status", "Location", "Holder", "Holder mail",
	"Quantity", "Purchased on", "Cost", "Estimated value", "Currency", "Warranty until", "End of life on", "Import ref"}

// ExportAssets writes the assets that f chooses as CSV, the oldest first where
// f has no words to search. Import takes the file back.
func (s *Store) ExportAssets(ctx context.Context, f AssetFilter, w io.Writer) error {
	out := csvfile.NewWriter(w)
	out.Write(assetHeaders...)
	for after := ""; ; {
		list, more, err := s.assetsToExport(ctx, f, after)
		if err != nil {
			return fmt.Errorf("export assets: %w", err)
		}
		mails, err := s.holderMails(ctx, list)
		if err != nil {
			return err
		}
		for _, a := range list {
			out.Write(a.Tag, string(a.Category), a.Manufacturer, a.ModelName, a.Serial, a.Hostname, a.Purpose, a.Specs, a.Reference, string(a.Status), a.LocationPath,
				a.HolderName, mails[orZero(a.HolderID)], number(a.Quantity), a.PurchasedOn, money(a.Cost, a.Currency), money(a.EstimatedValue, a.Currency), a.Currency,
				a.WarrantyUntil, a.EndOfLifeOn, a.ImportRef)
		}
		if more == "" {
			return out.Flush()
		}
		after = more
	}
}

// assetsToExport returns the next assets: the oldest first, so that importing
// them into an empty desk keeps their order. What is searched for comes newest first.
func (s *Store) assetsToExport(ctx context.Context, f AssetFilter, after string) (list []Asset, more string, err error) {
	if strings.TrimSpace(f.Text) != "" {
		return s.Assets(ctx, f, after, exportPage)
	}
	_, conditions, args, err := s.where(ctx, f) // assetJoins has what it joins
	if err != nil {
		return nil, "", err
	}
	from, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	conditions, args = append(conditions, `a.id > ?`), append(args, from)
	err = s.db.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE `+strings.Join(conditions, ` AND `)+` ORDER BY a.id LIMIT ?`, append(args, exportPage)...)
	if len(list) == exportPage {
		more = number(list[exportPage-1].ID)
	}
	return list, more, err
}

// holderMails returns the main address of each holder: of the rows the last counts.
func (s *Store) holderMails(ctx context.Context, list []Asset) (map[int64]string, error) {
	var ids []int64
	seen := map[int64]bool{0: true}
	for _, a := range list {
		if id := orZero(a.HolderID); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	mails := map[int64]string{}
	if len(ids) == 0 {
		return mails, nil
	}
	var rows []struct {
		ID      int64  `db:"client_id"`
		Address string `db:"address"`
	}
	err := s.db.Select(ctx, &rows, `SELECT client_id, address FROM client_address WHERE client_id IN (`+marks(len(ids))+`) ORDER BY main, created_at DESC, address DESC`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read the holders' addresses: %w", err)
	}
	for _, r := range rows {
		mails[r.ID] = r.Address
	}
	return mails, nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func money(minor *int64, code string) string {
	if minor == nil {
		return ""
	}
	return DecimalMoney(*minor, code)
}

// moment is a time as exports hold it: 2026-11-22T09:30:00Z, "" for none.
func moment(at *migrations.Stamp) string {
	if at == nil || *at == 0 {
		return ""
	}
	return at.Time().UTC().Format(time.RFC3339)
}

// ExportModels writes the models that f chooses as CSV, with what there is of each.
func (s *Store) ExportModels(ctx context.Context, f ModelFilter, w io.Writer) error {
	out := csvfile.NewWriter(w)
	out.Write("Category", "Manufacturer", "Model", "Specs", "Useful life months", "Minimum on hand", "On hand", "Deployed", "Away", "Total", "Archived")
	for after := ""; ; {
		list, more, err := s.Models(ctx, f, after, exportPage)
		if err != nil {
			return fmt.Errorf("export models: %w", err)
		}
		for _, m := range list {
			out.Write(string(m.Category), m.Manufacturer, m.Name, m.Specs, number(m.UsefulLifeMonths), number(m.MinOnHand), number(m.OnHand), number(m.Deployed), number(m.Away), number(m.Total), moment(m.ArchivedAt))
		}
		if more == "" {
			return out.Flush()
		}
		after = more
	}
}

// ExportLocations writes all places as CSV, archived ones too.
func (s *Store) ExportLocations(ctx context.Context, w io.Writer) error {
	list, err := s.Locations(ctx, true)
	if err != nil {
		return fmt.Errorf("export locations: %w", err)
	}
	out := csvfile.NewWriter(w)
	out.Write("Location", "Kind", "Pieces here", "Pieces here and below", "Archived")
	for _, l := range list {
		out.Write(l.Path, string(l.Kind), number(l.Here), number(l.Within), moment(l.ArchivedAt))
	}
	return out.Flush()
}

// ExportMovements writes the movement ledger as CSV, the oldest first: of one
// asset, place or person, or with the zero filter all of it.
func (s *Store) ExportMovements(ctx context.Context, f MovementFilter, w io.Writer) error {
	out := csvfile.NewWriter(w)
	out.Write("At", "Tag", "Model", "Movement", "From status", "From location", "From holder", "From quantity", "To status", "To location", "To holder", "To quantity", "Reason", "Work order", "By")
	query := strings.Replace(movementSelect, ` FROM movement v`, `, wo.number AS order_number FROM movement v LEFT JOIN work_order wo ON wo.id = v.work_order_id`, 1)
	for from := int64(0); ; {
		ids, err := s.movementsToExport(ctx, f, from)
		if err != nil {
			return fmt.Errorf("export movements: %w", err)
		}
		if len(ids) == 0 {
			return out.Flush()
		}
		from = ids[len(ids)-1]
		var list []struct {
			Movement
			Order *int64 `db:"order_number"`
		}
		if err := s.db.Select(ctx, &list, query+`WHERE v.id IN (`+marks(len(ids))+`) ORDER BY v.id`, anys(ids)...); err != nil {
			return fmt.Errorf("export movements: %w", err)
		}
		for _, m := range list {
			order, was := "", ""
			if m.Order != nil {
				order = OrderName(*m.Order)
			}
			if m.WasStatus != "" {
				was = number(m.WasQuantity)
			}
			out.Write(moment(&m.At), m.Tag, m.ModelName, m.Kind, string(m.WasStatus), m.WasLocationPath, m.WasHolderName, was,
				string(m.Status), m.LocationPath, m.HolderName, number(m.Quantity), m.Reason, order, m.AccountName)
		}
	}
}

// movementsToExport returns the ids of the next movements after one: of each
// index the first, then the first of all.
func (s *Store) movementsToExport(ctx context.Context, f MovementFilter, after int64) (ids []int64, err error) {
	one := func(condition string) string {
		return `SELECT id FROM (SELECT id FROM movement WHERE ` + condition + `id > ? ORDER BY id LIMIT ?) AS m`
	}
	query, args := one(``), []any{after, exportPage}
	switch {
	case f.AssetID != 0:
		query, args = one(`asset_id = ? AND `), []any{f.AssetID, after, exportPage}
	case f.LocationID != 0:
		query, args = one(`location_id = ? AND `)+` UNION `+one(`was_location_id = ? AND `), []any{f.LocationID, after, exportPage, f.LocationID, after, exportPage}
	case f.ClientID != 0:
		query, args = one(`holder_id = ? AND `)+` UNION `+one(`was_holder_id = ? AND `), []any{f.ClientID, after, exportPage, f.ClientID, after, exportPage}
	}
	err = s.db.Select(ctx, &ids, query+` ORDER BY id LIMIT ?`, append(args, exportPage)...)
	return ids, err
}

// ExportOrders writes the work orders that f chooses as CSV.
func (s *Store) ExportOrders(ctx context.Context, f OrderFilter, w io.Writer) error {
	out := csvfile.NewWriter(w)
	out.Write("Work order", "Kind", "Status", "Title", "Asset", "Asset model", "For", "Assignee", "Vendor", "Under warranty", "Planned on", "Opened", "Started", "Finished", "Reason", "Resolution", "Total", "Currency")
	for after := ""; ; {
		list, more, err := s.Orders(ctx, f, after, exportPage)
		if err != nil {
			return fmt.Errorf("export work orders: %w", err)
		}
		for _, o := range list {
			warranty := "no"
			if o.UnderWarranty {
				warranty = "yes"
			}
			out.Write(o.Name(), o.Kind, string(o.Status), o.Title, o.AssetTag, o.AssetTitle, o.ClientName, o.AssigneeName, o.VendorName, warranty, o.PlannedOn,
				moment(&o.OpenedAt), moment(o.StartedAt), moment(o.FinishedAt), o.Reason, o.Resolution, DecimalMoney(o.Total, o.Currency), o.Currency)
		}
		if more == "" {
			return out.Flush()
		}
		after = more
	}
}

// SampleCSV is a small file that an import takes, with a row for each way to use it.
func SampleCSV(w io.Writer) error {
	out := csvfile.NewWriter(w)
	out.Write(assetHeaders...)
	out.Write("", "computer", "Fabrikam", "Traveler 14", "FT14-00231", "nb-accounts-3", "Accounts, second desk", "Memory: 16 GB\nDisk: 512 GB", "2026/117", "stowed", "Main site > Store room", "", "",
		"1", "2026-03-14", "1199.00", "800.00", "EUR", "2029-03-13", "2031-03-14", "")
	out.Write("", "screen", "Contoso", "Panorama 27", "CP27-55102", "", "", "", "", "deployed", "Main site > Second floor > Room 204", "", "", "1", "2026-03-14", "279.90", "", "EUR", "", "", "")
	out.Write("", "part", "", "USB-C cable, 1 m", "", "", "", "", "", "stowed", "Main site > Store room", "", "", "40", "", "", "", "", "", "", "")
	return out.Flush()
}
