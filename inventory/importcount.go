package inventory

import (
	"fmt"
	"helpdeskd/tracker"
	"slices"
)

// line is what a plan says of a row: what becomes of which asset, as it was seen.
func (r *importRow) line() string {
	var id, version, moves int64
	if r.old != nil {
		id, version, moves = r.old.ID, r.old.Version, r.old.Moves
	}
	return fmt.Sprintf("%d %s %d %d %d", r.n, r.action, id, version, moves)
}

// count adds a planned row to the plan.
func (im *importer) count(r *importRow) {
	p := im.plan
	p.Rows++
	p.lines.WriteString(r.line() + "\n")
	switch r.action {
	case ImportNew:
		p.New++
	case ImportEdit:
		p.Changed++
		p.edits = append(p.edits, r.old.ID)
	case ImportSame:
		p.Same++
	case ImportBad:
		p.Bad++
		p.ProblemN += len(r.problems)
		for _, w := range r.problems {
			if len(p.Problems) < importProblems {
				p.Problems = append(p.Problems, w)
			}
		}
		return
	}
	if m := r.modelP; m != nil && m.id == 0 {
		m.id = -1 // will be made, and is counted
		p.ModelN++
		if r.kind != "" && len(p.Others) < importPreview && !slices.Contains(p.Others, r.kind) {
			p.Others = append(p.Others, r.kind)
		}
		if len(p.Models) < importPreview {
			p.Models = append(p.Models, Model{Manufacturer: m.in.Manufacturer, Name: m.in.Name}.Title())
		}
	}
	if l := r.placeP; l != nil && l.id == 0 {
		l.id = -1
		for _, path := range prefixes(l.path) {
			if im.paths[tracker.Fold(path)] {
				continue
			}
			im.paths[tracker.Fold(path)] = true
			p.PlaceN++
			if len(p.Places) < importPreview {
				p.Places = append(p.Places, path)
			}
		}
	}
	if len(p.Preview) < importPreview {
		p.Preview = append(p.Preview, im.preview(r))
	}
}

func (im *importer) preview(r *importRow) ImportPreview {
	v := ImportPreview{Row: r.n, Action: r.action, Tag: r.in.Tag, Serial: r.in.Serial, Status: r.to.Status, Quantity: r.to.Quantity, Holder: r.holder, Changes: r.changes}
	if r.placeP != nil {
		v.Location = r.placeP.path
	}
	if r.modelP != nil {
		v.Title = Model{Manufacturer: r.modelP.in.Manufacturer, Name: r.modelP.in.Name}.Title()
	}
	if a := r.old; a != nil {
		v.AssetID = a.ID
		if v.Tag == "" {
			v.Tag = a.Tag
		}
		if v.Title == "" {
			v.Title = a.Title()
		}
		if v.Serial == "" {
			v.Serial = a.Serial
		}
		if r.to.LocationID != nil && same(r.to.LocationID, a.LocationID) {
			v.Location = a.LocationPath
		}
		if r.to.HolderID != nil && same(r.to.HolderID, a.HolderID) {
			v.Holder = a.HolderName
		}
	}
	return v
}
