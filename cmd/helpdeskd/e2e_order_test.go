//go:build linux

package main

import (
	"database/sql"
	"strings"

	"helpdeskd/cmd/helpdeskd/checker"
)

// disorder logs, for a test that failed, where mail left the order in which it
// was put in: numbered by the mail server, kept, or tried more than once.
func (h *house) disorder() {
	h.t.Helper()
	db, err := checker.Connect(h.dsn)
	if err != nil {
		h.t.Log(err)
		return
	}
	defer db.Close()
	rows, err := db.QueryContext(h.t.Context(), `SELECT i.id, i.uid, i.digest, i.attempts, i.kept_at, i.done_at, i.retry_at, i.fate, COALESCE(t.number, 0)
		FROM inbox i LEFT JOIN ticket t ON t.id = i.ticket_id ORDER BY i.id`)
	if err != nil {
		h.t.Log(err)
		return
	}
	defer rows.Close()
	at := map[string]int{}
	for i, e := range h.record.Entries {
		at[checker.Digest(e.Raw)] = i // of copies the last
	}
	said, put, uid, done := 0, -1, int64(-1), int64(-1)
	for rows.Next() && said < 40 {
		var id, attempts, kept, number int64
		var u, decided, retry sql.NullInt64
		var digest, fate string
		if err := rows.Scan(&id, &u, &digest, &attempts, &kept, &decided, &retry, &fate, &number); err != nil {
			h.t.Log(err)
			return
		}
		n := at[digest]
		var odd []string
		if n < put && !strings.HasPrefix(h.record.Entries[n].Key, "copy") {
			odd = append(odd, "put in before what was kept before it")
		}
		if u.Valid && u.Int64 < uid {
			odd = append(odd, "kept after a higher UID")
		}
		if decided.Valid && decided.Int64 < done {
			odd = append(odd, "decided before what was kept before it")
		}
		if attempts != 1 || retry.Valid {
			odd = append(odd, "put off")
		}
		put, uid, done = max(put, n), max(uid, u.Int64), max(done, decided.Int64)
		if len(odd) > 0 {
			said++
			h.t.Logf("mail %d (%s), inbox %d, UID %d, %d tries, kept %d, decided %d, put off to %d, %s in HD-%d: %s",
				n, h.record.Entries[n].Key, id, u.Int64, attempts, kept, decided.Int64, retry.Int64, fate, number, strings.Join(odd, ", "))
		}
	}
}
