package inventory

import (
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

// troubleWords are what is said of a row that is broken as a whole.
var troubleWords = map[csvfile.Trouble]string{
	csvfile.Unclosed: "In this row a quotation mark opens that never closes, so its cells can not be told apart.",
	csvfile.TooWide:  "This row has more than 300 cells.",
	csvfile.TooLong:  "A cell of this row is longer than 32,000 characters.",
	csvfile.Unread:   "This row has characters that could not be read. Save the file as “CSV UTF-8”.",
}

// read understands a row's cells, without looking anything up.
func (im *importer) read(row csvfile.Row) *importRow {
	r := &importRow{n: row.N, cells: row.Cells, has: map[ImportField]bool{}, quantity: -1}
	if why := troubleWords[row.Trouble]; why != "" {
		r.broken = true
		r.wrong("", strings.Join(row.Cells, " | "), "%s", why)
		return r
	}
	for i := len(im.head); i < len(row.Cells); i++ {
		if strings.TrimSpace(row.Cells[i]) != "" {
			r.wrong("", row.Cells[i], "This row has %d cells, but the header has %d. A cell with a delimiter in it needs quotation marks.", len(row.Cells), len(im.head))
			break
		}
	}
	cell := map[ImportField]string{}
	order := map[ImportField]string{}
	header := map[ImportField]string{}
	var specs []string
	for i, f := range im.fields {
		v := strings.TrimSpace(row.Cell(i))
		if f == "" || v == "" {
			continue
		}
		if f == FieldSpec {
			specs = append(specs, tracker.OneLine(im.head[i])+": "+tracker.OneLine(v))
			continue
		}
		if f == FieldSpecs || f == FieldPurpose || f == FieldReference {
			v = row.Cell(i) // how texts are indented is theirs
		}
		cell[f], order[f], header[f], r.has[f] = v, im.orders[i], tracker.PlainHeader(im.head[i]), true
	}
	im.readTexts(r, cell, specs, header)
	im.readMoney(r, cell)
	im.readDates(r, cell, order)
	im.readPlace(r, cell)
	if _, err := r.in.clean(); err != nil && len(r.problems) == 0 {
		f := ImportField(migrations.FieldOf(err))
		r.wrong(f, cell[f], "%s", migrations.SafeMessage(err))
	}
	return r
}

func (im *importer) readTexts(r *importRow, cell map[ImportField]string, specs []string, header map[ImportField]string) {
	if m := inBrackets.FindStringSubmatch(cell[FieldModel]); m != nil && strings.HasPrefix(header[FieldModel], "product") {
		cell[FieldModel] = m[2] // Odoo: [internal reference] name
		if cell[FieldReference] == "" {
			cell[FieldReference], r.has[FieldReference] = m[1], true
		}
	}
	if len(specs) > 0 {
		cell[FieldSpecs] = strings.TrimSpace(cell[FieldSpecs] + "\n" + strings.Join(specs, "\n"))
		r.has[FieldSpecs] = true
	}
	line := func(f ImportField, what string, limit int, to *string) {
		v, err := textLine(string(f), what, cell[f], limit)
		if err != nil {
			r.wrong(f, cell[f], "%s", migrations.SafeMessage(err))
		}
		*to = v
	}
	lines := func(f ImportField, what string, limit int, to *string) {
		v, err := textLines(string(f), what, cell[f], limit)
		if err != nil {
			r.wrong(f, cell[f], "%s", migrations.SafeMessage(err))
		}
		*to = v
	}
	line(FieldTag, "tag", maxTag, &r.in.Tag)
	line(FieldSerial, "serial number", maxName, &r.in.Serial)
	line(FieldHostname, "hostname", maxName, &r.in.Hostname)
	lines(FieldPurpose, "purpose", maxText, &r.in.Purpose)
	lines(FieldSpecs, "specification", maxSpecs, &r.in.Specs)
	lines(FieldReference, "reference", maxText, &r.in.Reference)
	line(FieldImportRef, "import reference", maxText, &r.in.ImportRef)
	line(FieldManufacturer, "manufacturer's name", maxName, &r.model.Manufacturer)
	line(FieldModel, "model's name", maxName, &r.model.Name)
	if v := cell[FieldCategory]; v != "" {
		c, sure := importCategory(v)
		r.model.Category = c
		if !sure {
			r.kind = tracker.OneLine(v)
		}
	} else {
		r.model.Category, _ = importCategory(r.model.Name)
	}
}

func (im *importer) readMoney(r *importRow, cell map[ImportField]string) {
	code, err := parseCurrency(cell[FieldCurrency])
	if err != nil {
		r.wrong(FieldCurrency, cell[FieldCurrency], "%s", migrations.SafeMessage(err))
	}
	r.in.Currency = code
	for _, f := range []ImportField{FieldCost, FieldEstimatedValue} {
		v := cell[f]
		if v == "" {
			continue
		}
		use := r.in.Currency
		minor, named, err := importMoney(v, use)
		if err == nil && use == "" && named == "" {
			minor, _, err = importMoney(v, im.currency)
		}
		switch {
		case err != nil:
			r.wrong(f, v, "%s", migrations.SafeMessage(err))
			continue
		case named != "" && use != "" && named != use:
			r.wrong(f, v, "This amount is in %s, but the row is in %s.", named, use)
			continue
		case named != "":
			r.in.Currency = named
		}
		if err := checkMoney(string(f), "amount", &minor); err != nil {
			r.wrong(f, v, "%s", migrations.SafeMessage(err))
			continue
		}
		if f == FieldCost {
			r.in.Cost = &minor
		} else {
			r.in.EstimatedValue = &minor
		}
	}
}

func (im *importer) readDates(r *importRow, cell, order map[ImportField]string) {
	day := func(f ImportField, to *string) {
		v, err := importDay(cell[f], order[f])
		if err != nil {
			r.wrong(f, cell[f], "%s", migrations.SafeMessage(err))
		}
		*to = v
	}
	day(FieldPurchasedOn, &r.in.PurchasedOn)
	day(FieldEndOfLifeOn, &r.in.EndOfLifeOn)
	f := FieldWarrantyUntil
	v := cell[f]
	if months.MatchString(v) { // "36 months"
		cell[FieldWarrantyMonths] = v
	} else {
		day(f, &r.in.WarrantyUntil)
	}
	if v := cell[FieldWarrantyMonths]; v != "" && r.in.WarrantyUntil == "" {
		m := months.FindStringSubmatch(v)
		if m == nil {
			r.wrong(FieldWarrantyMonths, v, "“%s” is not a number of months.", clip(v, 40))
			return
		}
		n, _ := strconv.Atoi(m[1])
		if n > 0 && r.in.PurchasedOn != "" {
			r.in.WarrantyUntil = addMonths(r.in.PurchasedOn, n)
			r.has[FieldWarrantyUntil] = true
		}
	}
}

func (im *importer) readPlace(r *importRow, cell map[ImportField]string) {
	if v := cell[FieldStatus]; v != "" {
		ok := false
		if r.status, r.exact, ok = importStatus(v); !ok {
			r.wrong(FieldStatus, v, "“%s” is not a status that is known. Use stowed, deployed, maintenance, repair, retired or disposed.", clip(v, 40))
		}
	}
	r.place = importPath(cell[FieldLocation], im.slashes)
	if names := strings.SplitN(r.place, pathMark, maxDepth+1); len(names) > maxDepth {
		r.wrong(FieldLocation, cell[FieldLocation], "Places can be %d levels deep at most.", maxDepth)
		r.place = strings.Join(names[:maxDepth], pathMark) // those above each place are looked up too
	}
	for _, name := range strings.Split(r.place, pathMark) {
		if _, err := textLine("location", "place's name", name, maxName); err != nil {
			r.wrong(FieldLocation, cell[FieldLocation], "%s", migrations.SafeMessage(err))
			break
		}
	}
	r.name, r.address = importPerson(cell[FieldHolder])
	if v := cell[FieldHolderMail]; v != "" {
		if _, r.address = importPerson(v); r.address == "" {
			r.wrong(FieldHolderMail, v, "“%s” is not a mail address.", clip(v, 60))
		}
	}
	if full := tracker.OneLine(cell[FieldHolderFirst] + " " + cell[FieldHolderLast]); full != "" {
		r.name = full
	}
	if v := cell[FieldQuantity]; v != "" {
		n, err := importQuantity(v)
		if err != nil {
			r.wrong(FieldQuantity, v, "%s", migrations.SafeMessage(err))
			return
		}
		r.quantity = n
	}
}
