package tracker

import (
	"context"
	"fmt"
	"io"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker/csvfile"
)

// PeopleDone is what an import of people did.
type PeopleDone struct {
	New, Changed, Same, Left int
}

const peopleDoneText = "new=%d changed=%d same=%d left=%d"

// ImportPeople does what CheckPeople said, all in one transaction, or nothing;
// rows with problems are left out. lines are the plan's: where the rows would
// have another outcome by now it is refused with a Conflict. id is the
// caller's name for this import, by which PeopleImported finds it; progress,
// which may be nil, is told how many rows of how many are written.
func (s *Store) ImportPeople(ctx context.Context, actor Actor, id int64, f *csvfile.File, lines string, progress func(done, total int)) (PeopleDone, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	var done PeopleDone
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// No mail makes somebody of an address meanwhile.
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		p, err := s.planPeople(ctx, tx, f)
		if err != nil {
			return err
		}
		if p.Lines() != lines {
			return errPeopleChanged()
		}
		total, n := p.New+p.Changed, 0
		if total == 0 {
			return migrations.Invalidf("There is nothing to import: every row is as it is here already, or has a problem.")
		}
		for _, r := range p.rows {
			if r.action != PersonNew && r.action != PersonChanged {
				continue
			}
			if err := s.writePersonTx(ctx, tx, actor, r); err != nil {
				switch migrations.KindOf(err) {
				case migrations.Invalid, migrations.Conflict, migrations.NotFound:
					return migrations.Conflictf("Row %d: %s Nothing was imported.", r.n, migrations.SafeMessage(err))
				}
				return fmt.Errorf("row %d: %w", r.n, err)
			}
			if n++; n%peopleChunk == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
				progress(n, total)
			}
		}
		progress(n, total)
		done = PeopleDone{New: p.New, Changed: p.Changed, Same: p.Same, Left: p.Bad}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "people_import", SubjectID: id, Kind: "imported", Became: fmt.Sprintf(peopleDoneText, done.New, done.Changed, done.Same, done.Left)})
	})
	if err != nil {
		return PeopleDone{}, fmt.Errorf("import people: %w", err)
	}
	return done, nil
}

// PeopleImported returns what an import did, by its id.
func (s *Store) PeopleImported(ctx context.Context, id int64) (d PeopleDone, err error) {
	var text string
	err = s.db.Get(ctx, &text, `SELECT became FROM event WHERE subject = 'people_import' AND subject_id = ? ORDER BY id DESC LIMIT 1`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return d, migrations.NotFoundf("There is no such import.")
	}
	if err == nil {
		_, err = fmt.Sscanf(text, peopleDoneText, &d.New, &d.Changed, &d.Same, &d.Left)
	}
	if err != nil {
		return d, fmt.Errorf("read what an import did: %w", err)
	}
	return d, nil
}

// peopleHead are the columns of an export, which an import understands.
var peopleHead = []string{"name", "addresses", "department", "phone", "high management"}

// ExportPeople writes the people that f chooses as a CSV that can be imported
// again. It is in the audit before the first byte leaves.
func (s *Store) ExportPeople(ctx context.Context, actor Actor, f ClientFilter, w io.Writer) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: KindClient, Kind: "people_exported"})
	})
	if err != nil {
		return fmt.Errorf("export people: %w", err)
	}
	out := csvfile.NewWriter(w)
	out.Write(peopleHead...)
	for after := ""; ; {
		list, more, err := s.ListClients(ctx, f, after, 500)
		if err != nil {
			return fmt.Errorf("export people: %w", err)
		}
		addresses, err := s.addressesOf(ctx, list)
		if err != nil {
			return err
		}
		for _, c := range list {
			high := "no"
			if c.HighManagement {
				high = "yes"
			}
			out.Write(c.Name, strings.Join(addresses[c.ID], "; "), c.Department, c.Phone, high)
		}
		if after = more; more == "" {
			return out.Flush()
		}
	}
}

// addressesOf returns the addresses of some people, the main one of each first.
func (s *Store) addressesOf(ctx context.Context, list []ClientRow) (map[int64][]string, error) {
	all := map[int64][]string{}
	if len(list) == 0 {
		return all, nil
	}
	var ids []any
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	var rows []struct {
		ID      int64  `db:"client_id"`
		Address string `db:"address"`
	}
	err := s.db.Select(ctx, &rows, `SELECT client_id, address FROM client_address WHERE client_id IN (`+marks(len(ids))+`) ORDER BY client_id, main DESC, created_at, address`, ids...)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	for _, r := range rows {
		all[r.ID] = append(all[r.ID], r.Address)
	}
	return all, nil
}

// SamplePeople writes a file that can be imported, as an example.
func SamplePeople(w io.Writer) error {
	out := csvfile.NewWriter(w)
	out.Write(peopleHead...)
	out.Write("Anna Berg", "anna.berg@company.example; anna@company.example", "Finance", "+1 555 0101", "no")
	out.Write("Ben Castro", "ben.castro@company.example", "Sales", "", "yes")
	return out.Flush()
}
