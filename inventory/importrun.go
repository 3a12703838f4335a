package inventory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/csvfile"
)

const importReason = "import"

// ImportDone is what an import did.
type ImportDone struct {
	ID      int64
	At      migrations.Stamp
	Actor   string // account:7
	New     int
	Changed int
	Same    int
	Left    int // rows with problems that were left out
	Models  int
	Places  int
	IDs     string // of the new assets: 5-9,11
}

// add notes the id of a new asset; they come in their order.
func (d *ImportDone) add(id int64) {
	i := strings.LastIndexAny(d.IDs, "-,") + 1
	last, _ := strconv.ParseInt(d.IDs[i:], 10, 64)
	text := strconv.FormatInt(id, 10)
	switch {
	case d.IDs == "":
		d.IDs = text
	case id != last+1:
		d.IDs += "," + text
	case i > 0 && d.IDs[i-1] == '-':
		d.IDs = d.IDs[:i] + text
	default:
		d.IDs += "-" + text
	}
}

// ids returns the first of the new assets' ids.
func (d ImportDone) ids(limit int) []int64 {
	var all []int64
	for part := range strings.SplitSeq(d.IDs, ",") {
		from, to, several := strings.Cut(part, "-")
		if !several {
			to = from
		}
		first, err := strconv.ParseInt(from, 10, 64)
		last, err2 := strconv.ParseInt(to, 10, 64)
		if err != nil || err2 != nil {
			return all
		}
		for id := first; id <= last && len(all) < limit; id++ {
			all = append(all, id)
		}
	}
	return all
}

// ImportChanged is the refusal of an import because what its dry run saw is
// different now. Nothing was written.
type ImportChanged struct {
	Rows []int // the first of them
	N    int
}

func (e *ImportChanged) Error() string {
	names := make([]string, len(e.Rows))
	for i, n := range e.Rows {
		names[i] = strconv.Itoa(n)
	}
	list := strings.Join(names, ", ")
	if e.N > len(e.Rows) {
		list += fmt.Sprintf(" and %d more", e.N-len(e.Rows))
	}
	if e.N == 1 {
		return "Somebody changed meanwhile what row " + list + " is about. Nothing was imported: look at it once more."
	}
	return "Somebody changed meanwhile what the rows " + list + " are about. Nothing was imported: look at them once more."
}

// Unwrap makes it a Conflict.
func (e *ImportChanged) Unwrap() error { return migrations.Conflictf("%s", e.Error()) }

// Import does what CheckImport said, all in one transaction, or nothing. lines
// are the plan's: where the rows would have another outcome by now, it is
// refused with an ImportChanged. id is the caller's name for this import, by
// which Imported finds it; progress, which may be nil, is told how many rows
// of how many are written.
func (s *Store) Import(ctx context.Context, actor tracker.Actor, id int64, f *csvfile.File, o ImportOptions, lines string, progress func(done, total int)) (ImportDone, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	var done ImportDone
	err := s.again(ctx, func(tx *migrations.Tx) error {
		im, err := s.newImporter(ctx, tx, f, o)
		if err != nil {
			return err
		}
		// Once more in full, and only then the first word: what is written never changes what is compared.
		if err := im.each(ctx, func([]*importRow) error { return nil }); err != nil {
			return err
		}
		p := im.plan
		if err := compareLines(lines, p.Lines()); err != nil {
			return err
		}
		switch {
		case p.Ask:
			return migrations.Invalidf("Please say first how the dates are to be read.")
		case p.Bad > 0 && !o.SkipBad:
			return migrations.Invalidf("%d rows have problems. Mend them, or leave them out.", p.Bad)
		case p.New+p.Changed == 0:
			return migrations.Invalidf("There is nothing to import: every row is as it is here already, or has a problem.")
		}
		done = ImportDone{ID: id, Actor: actor.String(), New: p.New, Changed: p.Changed, Same: p.Same, Left: p.Bad, Models: p.ModelN, Places: p.PlaceN}
		if err := im.lockTx(ctx, tx); err != nil {
			return err
		}
		return im.write(ctx, tx, actor, &done, progress)
	})
	if err != nil {
		return ImportDone{}, fmt.Errorf("import: %w", err)
	}
	return done, nil
}

// lockTx holds what the plan changes until the commit. What changed before it
// was held is found by write, which plans each row once more.
func (im *importer) lockTx(ctx context.Context, tx *migrations.Tx) error {
	im.planned = map[int]string{}
	for line := range strings.Lines(im.plan.Lines()) {
		f := strings.Fields(line)
		if a := ImportAction(f[1]); a == ImportNew || a == ImportEdit {
			n, err := strconv.Atoi(f[0])
			if err != nil {
				return fmt.Errorf("read the plan: %w", err)
			}
			im.planned[n] = strings.TrimSpace(line)
		}
	}
	if im.plan.New > 0 || im.plan.PlaceN > 0 {
		if err := lockTreeTx(ctx, tx); err != nil {
			return err
		}
	}
	if tx.Dialect() != migrations.Postgres {
		return nil // where one writes at a time anyway
	}
	slices.Sort(im.plan.edits)
	for some := range slices.Chunk(im.plan.edits, 1000) {
		var ids []int64
		if err := tx.Select(ctx, &ids, `SELECT id FROM asset WHERE id IN (`+marks(len(some))+`) ORDER BY id FOR NO KEY UPDATE`, anys(some)...); err != nil {
			return fmt.Errorf("lock assets: %w", err)
		}
	}
	return nil
}

// countTx has PostgreSQL count its rows anew while an import grows: it plans
// statements for the few that are there in the beginning, and would go on to
// read all those that were written since.
func (im *importer) countTx(ctx context.Context, tx *migrations.Tx, written int) error {
	if tx.Dialect() != migrations.Postgres || written < im.counted*8 || written < importChunk {
		return nil
	}
	im.counted = written
	_, err := tx.Exec(ctx, `ANALYZE asset, model, location`)
	return err
}

// write does what was planned. Rows without a tag come last, so that no tag is
// drawn for them that a later row names.
func (im *importer) write(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, done *ImportDone, progress func(done, total int)) error {
	total, n, tags := len(im.planned), 0, &tagDrawer{}
	late := map[int]bool{} // the rows without a tag
	for _, drawn := range []bool{false, true} {
		if drawn && len(late) == 0 {
			continue
		}
		im.begin()
		err := im.each(ctx, func(rows []*importRow) error {
			for _, r := range rows {
				// By the plan: what was written by now must not decide what is left out.
				was, will := im.planned[r.n]
				if !will || drawn && !late[r.n] {
					continue
				}
				if was != r.line() {
					return &ImportChanged{Rows: []int{r.n}, N: 1}
				}
				if !drawn && r.action == ImportNew && r.in.Tag == "" {
					late[r.n] = true
					continue
				}
				n++
				if err := im.writeRow(ctx, tx, actor, r, tags, done); err != nil {
					return rowError(r, err)
				}
			}
			progress(n, total)
			return im.countTx(ctx, tx, n)
		})
		if err != nil {
			return err
		}
	}
	if err := tags.close(ctx, tx); err != nil {
		return err
	}
	done.At = im.s.stamp()
	return im.s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "import", SubjectID: done.ID, Kind: "imported", Became: done.values()})
}

// rowError names the row whose writing was refused.
func rowError(r *importRow, err error) error {
	switch k := migrations.KindOf(err); k {
	case migrations.Invalid, migrations.Conflict, migrations.NotFound:
		return &migrations.Error{Kind: migrations.Conflict, Message: fmt.Sprintf("Row %d: %s Nothing was imported.", r.n, migrations.SafeMessage(err)), Err: err}
	}
	return fmt.Errorf("row %d: %w", r.n, err)
}

func (im *importer) writeRow(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, r *importRow, tags *tagDrawer, done *ImportDone) error {
	s := im.s
	if m := r.modelP; m != nil {
		if m.id <= 0 {
			made, err := s.ensureModelTx(ctx, tx, actor, m.in)
			if err != nil {
				return err
			}
			m.id = made.ID
		}
		r.in.ModelID = m.id
	}
	if l := r.placeP; l != nil && r.to.LocationID != nil && *r.to.LocationID <= 0 {
		if l.id <= 0 {
			made, err := s.ensureLocationTx(ctx, tx, actor, l.path, l.kind)
			if err != nil {
				return err
			}
			l.id = made.ID
		}
		r.to.LocationID = &l.id
	}
	if r.action == ImportNew {
		if r.in.Tag == "" {
			var err error
			if r.in.Tag, err = tags.next(ctx, tx); err != nil {
				return err
			}
		}
		a, err := s.registerAtTx(ctx, tx, actor, r.in, r.to)
		if err != nil {
			return err
		}
		done.add(a.ID)
		return nil
	}
	a := *r.old
	if r.edit {
		var err error
		if a, err = s.changeAssetTx(ctx, tx, actor, a.ID, r.in, a.Version); err != nil {
			return err
		}
	}
	if !r.move {
		return nil
	}
	return s.moveTx(ctx, tx, actor, &a, r.to)
}

// compareLines refuses when rows have another outcome than they had.
func compareLines(was, now string) error {
	if was == now {
		return nil
	}
	e := &ImportChanged{}
	a, b := strings.Split(was, "\n"), strings.Split(now, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x == y {
			continue
		}
		if y == "" {
			y = x
		}
		n, _, _ := strings.Cut(y, " ")
		row, err := strconv.Atoi(n)
		if err != nil {
			return migrations.Invalidf("The import's plan arrived damaged. Look at the file once more.")
		}
		if e.N++; len(e.Rows) < importPreview {
			e.Rows = append(e.Rows, row)
		}
	}
	return e
}

// tagDrawer draws many tags one after the other. Others who draw wait until the commit.
type tagDrawer struct {
	last, drawn int64
	locked      bool
	free        []int64
}

func (d *tagDrawer) next(ctx context.Context, tx *migrations.Tx) (string, error) {
	if !d.locked {
		if err := tx.Get(ctx, &d.last, `UPDATE counter SET value = value WHERE name = 'asset' RETURNING value`); err != nil {
			return "", fmt.Errorf("draw tags: %w", err)
		}
		d.locked, d.drawn = true, d.last
	}
	for len(d.free) == 0 {
		const some = 200
		folded := make([]any, some)
		for i := range folded {
			folded[i] = tracker.Fold(tagOf(d.last + 1 + int64(i)))
		}
		var taken []string
		if err := tx.Select(ctx, &taken, `SELECT tag_folded FROM asset WHERE tag_folded IN (`+marks(some)+`)`, folded...); err != nil {
			return "", fmt.Errorf("draw tags: %w", err)
		}
		used := map[string]bool{}
		for _, t := range taken {
			used[t] = true
		}
		for i, t := range folded {
			if !used[t.(string)] {
				d.free = append(d.free, d.last+1+int64(i))
			}
		}
		d.last += some
	}
	d.drawn, d.free = d.free[0], d.free[1:]
	return tagOf(d.drawn), nil
}

func (d *tagDrawer) close(ctx context.Context, tx *migrations.Tx) error {
	if !d.locked {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE counter SET value = ? WHERE name = 'asset'`, d.drawn); err != nil {
		return fmt.Errorf("draw tags: %w", err)
	}
	return nil
}

// values are the counts as the import's event holds them.
func (d ImportDone) values() string {
	return fmt.Sprintf("new:%d changed:%d same:%d left:%d models:%d places:%d ids:%s", d.New, d.Changed, d.Same, d.Left, d.Models, d.Places, d.IDs)
}

// Imported returns what an import did.
func (s *Store) Imported(ctx context.Context, id int64) (ImportDone, error) {
	var e tracker.EventRow
	err := s.db.Get(ctx, &e, `SELECT id, at, actor, subject, subject_id, kind, was, became FROM event WHERE subject = 'import' AND subject_id = ? AND kind = 'imported'`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return ImportDone{}, migrations.NotFoundf("There is no such import.")
	}
	if err != nil {
		return ImportDone{}, fmt.Errorf("read import %d: %w", id, err)
	}
	d := ImportDone{ID: id, At: e.At, Actor: e.Actor}
	for _, f := range strings.Fields(e.Became) {
		name, v, _ := strings.Cut(f, ":")
		n, _ := strconv.ParseInt(v, 10, 64)
		switch name {
		case "new":
			d.New = int(n)
		case "changed":
			d.Changed = int(n)
		case "same":
			d.Same = int(n)
		case "left":
			d.Left = int(n)
		case "models":
			d.Models = int(n)
		case "places":
			d.Places = int(n)
		case "ids":
			d.IDs = v
		}
	}
	return d, nil
}

// ImportedAssets returns the first assets that an import made.
func (s *Store) ImportedAssets(ctx context.Context, d ImportDone, limit int) ([]Asset, error) {
	var list []Asset
	for some := range slices.Chunk(d.ids(limit), 1000) {
		var part []Asset
		err := s.db.Select(ctx, &part, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (`+marks(len(some))+`) ORDER BY a.id`, anys(some)...)
		if err != nil {
			return nil, fmt.Errorf("list imported assets: %w", err)
		}
		list = append(list, part...)
	}
	return list, nil
}
