package web

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// rows are the tables of a world's database with all that stands in them.
type rows map[string]string

// reading asks for every row of every table, as text that says all of it.
func (w *world) reading() map[string]string {
	w.t.Helper()
	ctx, db := w.t.Context(), w.DB()
	var tables []string
	queries := map[string]string{}
	if db.Dialect() == migrations.SQLite {
		w.ok(db.Select(ctx, &tables, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`))
		for _, t := range tables {
			var columns []string
			w.ok(db.Select(ctx, &columns, `SELECT name FROM pragma_table_info(?)`, t))
			for i, c := range columns {
				columns[i] = fmt.Sprintf(`quote("%s")`, c)
			}
			queries[t] = fmt.Sprintf(`%s AS one FROM "%s"`, strings.Join(columns, "||','||"), t)
		}
	} else {
		w.ok(db.Select(ctx, &tables, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`))
		for _, t := range tables {
			queries[t] = fmt.Sprintf(`x::text AS one FROM "%s" x`, t)
		}
	}
	if len(tables) < 30 {
		w.t.Fatalf("found only the tables %v", tables)
	}
	return queries
}

// watch looks at everything that is kept, and tells what changed since it
// looked last.
type watch struct {
	w       *world
	queries map[string]string
	last    rows
	written string // by which a database tells that nothing was written since
}

// writes tells how much was written so far: where that is the same, no row is
// another. It saves most of the looks at every row.
func (x *watch) writes() (n string) {
	x.w.t.Helper()
	db := x.w.DB()
	if db.Dialect() == migrations.Postgres { // the next transaction's number, of any database
		x.w.ok(db.Get(x.w.t.Context(), &n, `SELECT pg_snapshot_xmax(pg_current_snapshot())::text`))
		return n
	}
	// Rows changed by the only connection that can write.
	x.w.ok(db.Tx(x.w.t.Context(), func(tx *migrations.Tx) error {
		return tx.Get(x.w.t.Context(), &n, `SELECT CAST(total_changes() AS TEXT)`)
	}))
	return n
}

func (w *world) watch() *watch {
	w.t.Helper()
	x := &watch{w: w, queries: w.reading()}
	x.changed()
	return x
}

// changed returns the tables that are not what they were, in order of name:
// all of them, or the given ones.
func (x *watch) changed(only ...string) []string {
	x.w.t.Helper()
	written := x.writes() // before the rows are read, lest something be missed
	if x.last != nil && written == x.written {
		return nil
	}
	now := maps.Clone(x.last)
	if now == nil {
		now = rows{}
	}
	// One statement: a round trip for each table would make up most of the time.
	var parts []string
	for t, q := range x.queries {
		if len(only) == 0 || slices.Contains(only, t) {
			parts = append(parts, fmt.Sprintf(`SELECT '%s' AS place, %s`, t, q))
		}
	}
	slices.Sort(parts)
	var all []struct {
		Place string `db:"place"`
		Row   string `db:"one"`
	}
	x.w.ok(x.w.DB().Select(x.w.t.Context(), &all, strings.Join(parts, " UNION ALL ")))
	found := map[string][]string{}
	for _, r := range all {
		found[r.Place] = append(found[r.Place], r.Row)
	}
	var names []string
	for t := range x.queries {
		if len(only) > 0 && !slices.Contains(only, t) {
			continue
		}
		slices.Sort(found[t])
		now[t] = strings.Join(found[t], "\n")
		if x.last != nil && now[t] != x.last[t] {
			names = append(names, t)
		}
	}
	x.last = now
	if len(only) == 0 {
		x.written = written
	}
	slices.Sort(names)
	return names
}
