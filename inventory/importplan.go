package inventory

import (
	"fmt"

	"helpdeskd/tracker"
)

// decide says what would be done with a row, and what is wrong with it.
func (im *importer) decide(r *importRow) {
	if r.broken {
		r.action = ImportBad
		return
	}
	im.checkTwice(r)
	im.checkOther(r)
	im.checkHolder(r)
	if r.old == nil {
		im.decideNew(r)
	} else {
		im.decideOld(r)
	}
	im.checkTarget(r)
	switch {
	case len(r.problems) > 0:
		r.action = ImportBad
	case r.old == nil:
		r.action = ImportNew
	case r.edit || r.move:
		r.action = ImportEdit
	default:
		r.action = ImportSame
	}
}

// checkTwice refuses what an earlier row of the file has said already.
func (im *importer) checkTwice(r *importRow) {
	once := func(f ImportField, seen map[string]int, key, value, what string) {
		if value == "" {
			return
		}
		if n, twice := seen[key]; twice {
			r.wrong(f, value, "Row %d has this %s too.", n, what)
			return
		}
		seen[key] = r.n
	}
	once(FieldTag, im.tags, tracker.Fold(r.in.Tag), r.in.Tag, "tag")
	once(FieldImportRef, im.refs, r.in.ImportRef, r.in.ImportRef, "reference")
	model := r.modelKey()
	if model == "" && r.old != nil {
		model = foldModel(r.old.Manufacturer, r.old.ModelName)
	}
	once(FieldSerial, im.serials, model+"\x00"+foldSerial(r.in.Serial), r.in.Serial, "serial number for the same model")
	if r.old != nil && len(r.problems) == 0 {
		if n, twice := im.assets[r.old.ID]; twice {
			r.wrong("", r.old.Tag, "Row %d is about %s too.", n, r.old.Tag)
			return
		}
		im.assets[r.old.ID] = r.n
	}
}

// checkOther refuses a serial or tag that means another asset already.
func (im *importer) checkOther(r *importRow) {
	if r.was != nil && (r.old == nil || r.old.ID != r.was.ID) {
		r.wrong(FieldSerial, r.in.Serial, "The serial number %s is already that of %s, which is the same model, %s.", r.was.Serial, r.was.Tag, r.was.Title())
	}
	a := r.old
	if a == nil || r.in.Tag == "" || r.in.Serial == "" || a.Serial == "" || r.modelP == nil {
		return
	}
	if foldSerial(a.Serial) != foldSerial(r.in.Serial) && r.modelP.id != a.ModelID {
		r.wrong(FieldTag, r.in.Tag, "%s is another thing here: %s with the serial number %s.", a.Tag, a.Title(), a.Serial)
	}
}

func (im *importer) checkHolder(r *importRow) {
	field, key, value := FieldHolder, tracker.Fold(r.name), r.name
	switch {
	case r.address != "":
		key, value = r.address, r.address
		if r.has[FieldHolderMail] {
			field = FieldHolderMail
		}
	case r.name == "":
		return
	case !r.has[FieldHolder]:
		field = FieldHolderLast
	}
	p := im.people[key]
	switch {
	case p.n == 1:
		r.holderID, r.holder = p.id, p.name
	case p.n > 1:
		r.wrong(field, value, "There are %d people called %s. Give the mail address.", p.n, clip(value, 60))
	default:
		r.wrong(field, value, "There is nobody called %s here. Give the mail address of somebody who is known.", clip(value, 60))
		if r.address != "" {
			r.problems[len(r.problems)-1].Message = "Nobody here has the address " + clip(value, 80) + "."
		}
	}
}

// placeID is where the row says that the thing is: nil where it says nothing.
// A place that is not there yet has -1 until it is made.
func (r *importRow) placeID() *int64 {
	if r.placeP == nil {
		return nil
	}
	id := r.placeP.id
	if id == 0 {
		id = -1
	}
	return &id
}

// settle has a holder and a status agree where the file's words are another program's.
func (r *importRow) settle(to *Movement) {
	if !r.exact {
		switch {
		case to.Status == Stowed && to.HolderID != nil:
			to.Status = Deployed // "ready to deploy", and checked out to somebody
		case to.Status == Deployed && to.HolderID == nil && to.LocationID == nil, to.Status == Disposed:
			to.HolderID, to.LocationID = nil, nil
		case to.Status == Retired:
			to.HolderID = nil
		}
	}
}

func (im *importer) decideNew(r *importRow) {
	if r.modelP == nil && r.model.Name == "" {
		r.wrong(FieldModel, "", "What is it? A new asset needs a model.")
	}
	r.to = Movement{Kind: "register", Status: r.status, LocationID: r.placeID(), HolderID: orNull(r.holderID), Quantity: 1, Reason: importReason}
	if r.quantity >= 0 {
		r.to.Quantity = r.quantity
	}
	if r.status == "" && !r.has[FieldStatus] {
		r.to.Status = Stowed
		if r.to.HolderID != nil {
			r.to.Status = Deployed
		}
	}
	r.settle(&r.to)
}

func (im *importer) decideOld(r *importRow) {
	a := r.old
	im.decideEdit(r, a)
	to := Movement{Status: a.Status, LocationID: a.LocationID, HolderID: a.HolderID, Quantity: a.Quantity, Reason: importReason}
	if r.placeP != nil {
		to.LocationID = r.placeID()
	}
	if r.holderID != 0 {
		to.HolderID = orNull(r.holderID)
		if r.status == "" {
			to.Status = Deployed
		}
	}
	if r.status != "" {
		// A row with a status says all of where the thing is, as far as the file has columns for it.
		to.Status = r.status
		if im.hasColumn(FieldHolder, FieldHolderMail, FieldHolderFirst, FieldHolderLast) && r.holderID == 0 {
			to.HolderID = nil
		}
		if im.hasColumn(FieldLocation) && r.placeP == nil && r.status != Stowed {
			to.LocationID = nil
		}
		if r.status == Stowed && r.holderID == 0 || gone(r.status) && r.holderID == 0 {
			to.HolderID = nil
		}
		if r.status == Disposed && r.placeP == nil {
			to.LocationID = nil
		}
	}
	if r.quantity >= 0 {
		to.Quantity = r.quantity
	}
	r.settle(&to)
	to.Kind = moveKind(a.Status, to.Status)
	if to.Status == a.Status && same(to.LocationID, a.LocationID) && same(to.HolderID, a.HolderID) {
		to.Kind = "count"
		r.move = to.Quantity != a.Quantity
	} else {
		r.move = true
		r.changes = append(r.changes, placeChanges(a, to)...)
	}
	if to.Quantity != a.Quantity {
		r.changes = append(r.changes, FieldQuantity)
	}
	r.to = to
}

func placeChanges(a *Asset, to Movement) (all []ImportField) {
	if a.Status != to.Status {
		all = append(all, FieldStatus)
	}
	if !same(a.LocationID, to.LocationID) {
		all = append(all, FieldLocation)
	}
	if !same(a.HolderID, to.HolderID) {
		all = append(all, FieldHolder)
	}
	return all
}

// moveKind is what a movement to a status is called.
func moveKind(from, to Status) string {
	switch to {
	case Maintenance:
		return "maintain"
	case Repair:
		return "repair"
	case Retired:
		return "retire"
	case Disposed:
		return "dispose"
	}
	switch {
	case gone(from):
		return "recover"
	case to == Stowed:
		return "stow"
	}
	return "deploy"
}

func (im *importer) hasColumn(fields ...ImportField) bool {
	for _, f := range im.fields {
		for _, g := range fields {
			if f == g {
				return true
			}
		}
	}
	return false
}

// decideEdit lays what the row says over what is there. Empty cells leave it.
func (im *importer) decideEdit(r *importRow, a *Asset) {
	in := AssetEdit{Tag: a.Tag, ModelID: a.ModelID, Serial: a.Serial, ParentID: orZero(a.ParentID), Hostname: a.Hostname, Purpose: a.Purpose, Specs: a.Specs, Reference: a.Reference,
		PurchasedOn: a.PurchasedOn, Cost: a.Cost, EstimatedValue: a.EstimatedValue, Currency: a.Currency, WarrantyUntil: a.WarrantyUntil, EndOfLifeOn: a.EndOfLifeOn, ImportRef: a.ImportRef}
	lay := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	if r.in.Tag != "" && tracker.Fold(r.in.Tag) != tracker.Fold(a.Tag) {
		in.Tag = r.in.Tag
	}
	if foldSerial(r.in.Serial) != foldSerial(a.Serial) { // another spelling is no change
		lay(&in.Serial, r.in.Serial)
	}
	lay(&in.Hostname, r.in.Hostname)
	lay(&in.Purpose, r.in.Purpose)
	lay(&in.Specs, r.in.Specs)
	lay(&in.Reference, r.in.Reference)
	lay(&in.PurchasedOn, r.in.PurchasedOn)
	lay(&in.Currency, r.in.Currency)
	lay(&in.WarrantyUntil, r.in.WarrantyUntil)
	lay(&in.EndOfLifeOn, r.in.EndOfLifeOn)
	lay(&in.ImportRef, r.in.ImportRef)
	if r.in.Cost != nil {
		in.Cost = r.in.Cost
	}
	if r.in.EstimatedValue != nil {
		in.EstimatedValue = r.in.EstimatedValue
	}
	model := a.ModelID
	if m := r.modelP; m != nil && m.id != a.ModelID {
		model, in.ModelID = -1, m.id
	}
	for _, f := range in.changed(*a, model) {
		r.changes = append(r.changes, ImportField(f))
	}
	r.edit = len(r.changes) > 0
	r.in = in
}

// checkTarget says at the row what the ledger would refuse.
func (im *importer) checkTarget(r *importRow) {
	to, from := r.to, Status("")
	if r.old != nil {
		from = r.old.Status
	}
	if r.old != nil && !r.move && !r.edit || r.has[FieldStatus] && r.status == "" {
		return
	}
	if r.in.Serial != "" && to.Quantity > 1 {
		r.wrong(FieldQuantity, fmt.Sprint(to.Quantity), "A thing with a serial number is one thing, not %d.", to.Quantity)
	}
	if m := r.modelP; m != nil && m.archived && !gone(to.Status) && (r.old == nil || m.id != r.old.ModelID) {
		r.wrong(FieldModel, m.in.Name, "The model %s is archived. Bring it back first.", Model{Manufacturer: m.in.Manufacturer, Name: m.in.Name}.Title())
	}
	if r.old != nil && !r.move {
		return
	}
	unsaidHolder := r.holderID == 0 && (r.name != "" || r.address != "") // said already
	switch {
	case !canBecome(from, to.Status):
		r.wrong(FieldStatus, string(to.Status), "%s is %s: it can not be %s from there.", r.old.Tag, from, to.Status)
	case to.Status == Stowed && to.LocationID == nil && !unsaidHolder:
		r.wrong(FieldLocation, "", "Where is it stowed? A place is missing.")
	case to.Status == Stowed && to.HolderID != nil:
		r.wrong(FieldHolder, r.holder, "What is stowed is with nobody. Make the status deployed, or leave the holder out.")
	case to.Status == Deployed && to.LocationID == nil && to.HolderID == nil && !unsaidHolder:
		r.wrong(FieldHolder, "", "To whom, or where, is it deployed? Both are missing.")
	case gone(to.Status) && to.HolderID != nil:
		r.wrong(FieldHolder, r.holder, "What is %s is with nobody.", to.Status)
	case to.Status == Disposed && to.LocationID != nil:
		r.wrong(FieldLocation, r.place, "What is disposed of is nowhere.")
	}
	if l := r.placeP; l != nil && (r.old == nil || !same(r.old.LocationID, &l.id)) {
		switch {
		case l.err != "":
			r.wrong(FieldLocation, l.path, "%s", l.err)
		case l.kind == Vendor && to.Status == Stowed:
			r.wrong(FieldLocation, l.path, "%s is a vendor: nothing is stowed there.", l.path)
		}
	}
}
