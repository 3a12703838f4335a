package migrations

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ColumnKind is what a column holds, alike on both engines.
type ColumnKind string

// The kinds of columns.
const (
	KindInt   ColumnKind = "int" // 64 bits, signed
	KindText  ColumnKind = "text"
	KindBytes ColumnKind = "bytes"
	KindBool  ColumnKind = "bool"
	KindReal  ColumnKind = "real" // IEEE 754, 64 bits
)

// Column is a column of a table.
type Column struct {
	Name string     `json:"name"`
	Kind ColumnKind `json:"kind"`
}

// Table is a table as the database itself describes it, alike on both engines.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"` // by name
}

// Names returns the names of the columns.
func (t Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// derived are tables that are made from others, or are the engine's own.
var derived = []string{"goose_db_version", "search_words"}

// Tables returns the tables that hold something of its own, by name: not
// goose's, and not the words of the search index, which are made from the rest.
func Tables(ctx context.Context, q Queryer) ([]Table, error) {
	var rows []struct {
		Table  string `db:"tbl"`
		Column string `db:"col"`
		Type   string `db:"typ"`
	}
	query := `SELECT CAST(table_name AS TEXT) AS tbl, CAST(column_name AS TEXT) AS col, CAST(data_type AS TEXT) AS typ
		FROM information_schema.columns WHERE table_schema = current_schema()`
	if q.Dialect() == SQLite {
		query = `SELECT t.name AS tbl, c.name AS col, lower(c.type) AS typ FROM pragma_table_list t JOIN pragma_table_info(t.name) c
			WHERE t.schema = 'main' AND t.type = 'table'`
	}
	if err := q.Select(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	byName := map[string]*Table{}
	for _, r := range rows {
		if slices.Contains(derived, r.Table) || strings.HasPrefix(r.Table, "sqlite_") {
			continue
		}
		kind, ok := kindOf(r.Type)
		if !ok {
			return nil, fmt.Errorf("column %s of table %s has a type that is not known: %q", r.Column, r.Table, r.Type)
		}
		t := byName[r.Table]
		if t == nil {
			t = &Table{Name: r.Table}
			byName[r.Table] = t
		}
		t.Columns = append(t.Columns, Column{r.Column, kind})
	}
	var list []Table
	for _, t := range byName {
		slices.SortFunc(t.Columns, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func kindOf(declared string) (ColumnKind, bool) {
	switch declared {
	case "integer", "bigint", "int", "smallint":
		return KindInt, true
	case "text", "character varying":
		return KindText, true
	case "blob", "bytea":
		return KindBytes, true
	case "boolean":
		return KindBool, true
	case "real", "double precision":
		return KindReal, true
	}
	return "", false
}

// Reference is a foreign key of one column.
type Reference struct {
	Table  string `db:"tbl"`
	Column string `db:"col"`
	Parent string `db:"parent"`
	Key    string `db:"pcol"`
}

// References returns the foreign keys of the schema.
func References(ctx context.Context, q Queryer) ([]Reference, error) {
	var list []Reference
	query := `SELECT CAST(r.relname AS TEXT) AS tbl, CAST(a.attname AS TEXT) AS col, CAST(p.relname AS TEXT) AS parent, CAST(k.attname AS TEXT) AS pcol
		FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_class p ON p.oid = c.confrelid
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] JOIN pg_attribute k ON k.attrelid = c.confrelid AND k.attnum = c.confkey[1]
		JOIN pg_namespace n ON n.oid = c.connamespace
		WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1 AND n.nspname = current_schema() ORDER BY 1, 2`
	if q.Dialect() == SQLite {
		query = `SELECT t.name AS tbl, f."from" AS col, f."table" AS parent, COALESCE(f."to", 'id') AS pcol
			FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f WHERE t.schema = 'main' AND t.type = 'table' ORDER BY 1, 2`
	}
	if err := q.Select(ctx, &list, query); err != nil {
		return nil, fmt.Errorf("list the foreign keys: %w", err)
	}
	return list, nil
}
