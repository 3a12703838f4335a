package migrations

import (
	"context"
	"fmt"
	"strings"
)

// Check is one thing that must hold of a database: Query returns, as what, a
// text for each that does not, in the words of people.
type Check struct {
	Name  string
	Query string
	Do    string // what to do when something does not hold
}

// Finding is what a check found.
type Finding struct {
	Check    string
	Count    int      // maxFound where there are more
	Examples []string // some of them
	Do       string
}

// maxFound is how many of a kind are counted.
const maxFound = 1000

const examples = 5

// RunCheck runs a check; nil where all is well.
func RunCheck(ctx context.Context, q Queryer, c Check) (*Finding, error) {
	var found []string
	if err := q.Select(ctx, &found, `SELECT what FROM (`+c.Query+`) AS found LIMIT ?`, maxFound); err != nil {
		return nil, fmt.Errorf("check %s: %w", c.Name, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &Finding{Check: c.Name, Count: len(found), Examples: found[:min(examples, len(found))], Do: c.Do}, nil
}

// Refers is a check that a column names rows of another table that are there.
func Refers(r Reference) Check {
	return Check{
		Name: fmt.Sprintf("%s.%s names what is there: %s", r.Table, r.Column, r.Parent),
		Query: fmt.Sprintf(`SELECT '%s with %s ' || CAST(c.%s AS TEXT) AS what FROM %s c WHERE c.%s IS NOT NULL AND c.%s NOT IN (SELECT p.%s FROM %s p)`,
			r.Table, r.Column, quoted(r.Column), quoted(r.Table), quoted(r.Column), quoted(r.Column), quoted(r.Key), quoted(r.Parent)),
		Do: "Rows are missing: restore the last good backup, and see what the disk did.",
	}
}

// Checks returns what must hold of the database as such: the engine's own
// view of its file, every foreign key, and what counts by itself.
func Checks(ctx context.Context, q Queryer) ([]Check, error) {
	if q.Dialect() == SQLite {
		const broken = "The file is damaged: stop helpdeskd, copy the data directory away, restore the last good backup, and see what the disk did."
		return []Check{
			{"the file is whole", `SELECT integrity_check AS what FROM pragma_integrity_check WHERE integrity_check <> 'ok'`, broken},
			{"foreign keys", `SELECT "table" || ' ' || COALESCE(rowid, 0) || ' names a ' || parent || ' that is not there' AS what FROM pragma_foreign_key_check`, broken},
		}, nil
	}
	refs, err := References(ctx, q)
	if err != nil {
		return nil, err
	}
	var list []Check
	for _, r := range refs {
		list = append(list, Refers(r))
	}
	var ids []identity
	err = q.Select(ctx, &ids, `SELECT CAST(table_name AS TEXT) AS tbl, CAST(column_name AS TEXT) AS col FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("list the columns that count: %w", err)
	}
	var parts []string
	for _, i := range ids {
		parts = append(parts, fmt.Sprintf(`SELECT '%s goes on at ' || CAST(COALESCE(pg_sequence_last_value(pg_get_serial_sequence('%s', '%s')), 0) AS TEXT) || ' and has ' || CAST(MAX(%s) AS TEXT) AS what
			FROM %s HAVING MAX(%s) > COALESCE(pg_sequence_last_value(pg_get_serial_sequence('%s', '%s')), 0)`,
			i.Table, quoted(i.Table), i.Column, quoted(i.Column), quoted(i.Table), quoted(i.Column), quoted(i.Table), i.Column))
	}
	list = append(list, Check{"numbering goes on behind the last row", strings.Join(parts, ` UNION ALL `), "Somebody filled this database by hand: run SELECT setval(pg_get_serial_sequence('TABLE', 'id'), (SELECT MAX(id) FROM TABLE)) for each."})
	return list, nil
}
