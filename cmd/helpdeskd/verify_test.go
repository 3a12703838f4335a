package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// damage runs statements that no part of the program would: without looking at
// foreign keys.
func (d smallDesk) damage(t *testing.T, statements ...string) {
	t.Helper()
	driver, name, first := "postgres", d.dsn, `SET session_replication_role = replica`
	if path, ok := strings.CutPrefix(d.dsn, "sqlite:"); ok {
		driver, name, first = "sqlite", path, `PRAGMA foreign_keys = OFF`
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, q := range append([]string{first}, statements...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// Each row damages the desk in one way and takes that back, and wants it told
// of in these words.
func TestVerifyFindsEachDamage(t *testing.T) {
	rows := []struct {
		name, damage, undo, want string
	}{
		{"a content changed", `INSERT INTO session (token, account_id, data, expires_at) SELECT digest, size, data, created_at FROM blob WHERE digest = (SELECT digest FROM inbox WHERE id = 1); UPDATE blob SET data = NULL WHERE digest = (SELECT digest FROM inbox WHERE id = 1)`,
			`UPDATE blob SET data = (SELECT data FROM session WHERE token = digest) WHERE digest IN (SELECT token FROM session); DELETE FROM session`, "mail 1, ticket HD-1"},
		{"a raw mail is gone", `INSERT INTO session (token, account_id, data, expires_at) SELECT digest, size, data, created_at FROM blob WHERE digest = (SELECT digest FROM inbox WHERE id = 2); DELETE FROM blob WHERE digest = (SELECT digest FROM inbox WHERE id = 2)`,
			`INSERT INTO blob (digest, size, place, data, created_at) SELECT token, account_id, 'row', data, expires_at FROM session; DELETE FROM session`, "messages have their raw mail"},
		{"a message of another mail", `UPDATE message SET digest = (SELECT digest FROM inbox WHERE id = 3) WHERE inbox_id = 2`, `UPDATE message SET digest = (SELECT i.digest FROM inbox i WHERE i.id = message.inbox_id)`, "messages are of the mail"},
		{"an attachment without its mail", `INSERT INTO attachment (uid, message_id, role, name, content_type, digest, start, length, size) VALUES ('x', 1, 'file', 'x', 'x', 'none', 0, 1, 1)`, `DELETE FROM attachment WHERE uid = 'x'`, "attachments have their mail"},
		{"a foreign key", `INSERT INTO note (ticket_id, kind, body, at) VALUES (999, 'note', 'x', 1)`, `DELETE FROM note WHERE ticket_id = 999`, "ticket"},
		{"a sent mail's bytes", `UPDATE outbox SET digest = 'none' WHERE id = 1`, `UPDATE outbox SET digest = '' WHERE id = 1`, "are kept as they left"},
		{"uncertain and never rendered", `UPDATE outbox SET state = 'uncertain' WHERE id = 1`, `UPDATE outbox SET state = 'queued' WHERE id = 1`, "was never rendered"},
		{"no fate", `UPDATE inbox SET fate = 'eaten' WHERE id = 1`, `UPDATE inbox SET fate = 'new' WHERE id = 1`, "every mail that was decided has a fate"},
		{"a ticket that is gone", `UPDATE inbox SET ticket_id = 77 WHERE id = 1`, `UPDATE inbox SET ticket_id = 1 WHERE id = 1`, "of the ticket with id 77"},
		{"opened nothing", `UPDATE inbox SET ticket_id = NULL WHERE id = 1`, `UPDATE inbox SET ticket_id = 1 WHERE id = 1`, "opened or joined a ticket"},
		{"a message that is gone", `UPDATE message SET inbox_id = NULL WHERE inbox_id = 1`, `UPDATE message SET inbox_id = 1 WHERE inbox_id IS NULL`, "opened or joined a ticket"},
		{"two acknowledgements", `UPDATE outbox SET ticket_id = 1 WHERE kind = 'ack'`, `UPDATE outbox SET ticket_id = (SELECT m.ticket_id FROM message m WHERE m.id = outbox.message_id)`, "at most one acknowledgement"},
		{"an acknowledgement that is gone", `UPDATE outbox SET kind = 'notice' WHERE kind = 'ack' AND ticket_id = 1`, `UPDATE outbox SET kind = 'ack' WHERE kind = 'notice'`, "that the mails' fates tell of"},
		{"a counter", `UPDATE counter SET value = 1 WHERE name = 'ticket'`, `UPDATE counter SET value = 3 WHERE name = 'ticket'`, "HD-3 is given out, and the next would be HD-2"},
		{"a ticket that search does not know", `DELETE FROM search_doc WHERE kind = 'ticket' AND ref = 2`, `INSERT INTO search_queue (kind, ref) VALUES ('ticket', 2)`, "search knows every ticket"},
		{"a client that search does not know", `DELETE FROM search_doc WHERE kind = 'client'`, `INSERT INTO search_queue (kind, ref) VALUES ('client', 1)`, "search knows every client"},
		{"an asset that search does not know", `DELETE FROM search_doc WHERE kind = 'asset'`, `INSERT INTO search_queue (kind, ref) VALUES ('asset', 1)`, "search knows every asset"},
		{"words that are gone", `DELETE FROM search_words`, `INSERT INTO search_queue (kind, ref) SELECT kind, ref FROM search_doc`, "search has the words"},
		{"a reference that is no foreign key", `UPDATE inbox SET resolved_by = 99 WHERE id = 1`, `UPDATE inbox SET resolved_by = NULL`, "resolved_by 99"},
		{"a link", `INSERT INTO link (a_kind, a_id, b_kind, b_id, created_at) VALUES ('asset', 77, 'ticket', 1, 1)`, `DELETE FROM link`, "a link from asset 77"},
		{"a gap in the ledger", `UPDATE movement SET n = 5 WHERE n = 2`, `UPDATE movement SET n = 2 WHERE n = 5`, "numbered without gaps"},
		{"a thing elsewhere", `UPDATE asset SET holder_id = NULL`, `UPDATE asset SET holder_id = 1`, "where their last movement left them"},
		{"a broken chain", `UPDATE movement SET was_status = 'retired' WHERE n = 2`, `UPDATE movement SET was_status = 'stowed' WHERE n = 2`, "begin where the one before ended"},
		{"a movement to nowhere", `UPDATE movement SET was_location_id = 88 WHERE n = 2`, `UPDATE movement SET was_location_id = 2 WHERE n = 2`, "was_location_id 88"},
		{"a duplicate of nothing", `UPDATE ticket SET merged_into_id = 3 WHERE id = 2`, `UPDATE ticket SET merged_into_id = NULL`, "what was merged leads to"},
		{"a family two deep", `UPDATE ticket SET parent_id = 2 WHERE id = 1; UPDATE ticket SET parent_id = 3 WHERE id = 2`, `UPDATE ticket SET parent_id = NULL`, "tickets with a parent have no children"},
		{"whom a request is for", `UPDATE fact SET thing_id = 66 WHERE ticket_id = 1 AND item = 'who'`, `UPDATE fact SET thing_id = 0 WHERE item = 'who'`, "whom a request is for is there"},
		{"a thing that is known", `INSERT INTO fact (ticket_id, item, value, source, thing_id, at) VALUES (1, 'asset', 'x', 'technician', 67, 1)`, `DELETE FROM fact WHERE thing_id = 67`, "things that are known of tickets"},
		{"who pinned", `UPDATE message SET pinned_by = 98 WHERE id = 1`, `UPDATE message SET pinned_by = NULL`, "pinned_by 98"},
		{"a work order's number", `INSERT INTO work_order (number, kind, status, title, opened_at, status_at, updated_at) VALUES (50, 'repair', 'planned', 'x', 1, 1, 1)`, `DELETE FROM work_order`, "number 50 is given out"},
	}
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			d := newSmallDesk(t, e)
			d.run(t, 0, "", "all is well", "verify")
			for _, row := range rows {
				d.damage(t, row.damage)
				r := program(t, "", d.env, "verify")
				if r.code != 1 || !strings.Contains(r.out, row.want) || strings.Contains(r.out, "all is well") || strings.Count(r.err, "\n") != 1 {
					t.Errorf("%s: exit %d, without %q:\n%s%s", row.name, r.code, row.want, r.out, r.err)
				}
				d.damage(t, row.undo)
			}
			d.run(t, 0, "", "all is well", "verify")
		})
	}
}

// What was deleted and erased on purpose is no damage.
func TestVerifyLetsTheErasedRest(t *testing.T) {
	for _, keep := range []bool{true, false} {
		d := newSmallDesk(t, migrations.SQLite)
		db, err := migrations.Open(t.Context(), d.dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		st := tracker.New(db, tracker.Options{})
		inventory.New(st)
		if err := st.DeleteTicket(t.Context(), tracker.Actor{AccountID: 1}, 2, "a test"); err != nil {
			t.Fatal(err)
		}
		d.run(t, 0, "", "all is well", "verify")
		if err := st.Erase(t.Context(), tracker.Actor{AccountID: 1}, tracker.Erasure{Address: "ida@corp.example", Keep: keep}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := st.IndexPending(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		d.run(t, 0, "", "all is well", "verify")
	}
}

// What lies in files is looked at too, and the file of the database itself.
func TestVerifyLooksAtFiles(t *testing.T) {
	d := newSmallDesk(t, migrations.SQLite)
	blobs, err := filepath.Glob(filepath.Join(d.dir, "blobs", "??", "*"))
	if err != nil || len(blobs) != 1 {
		t.Fatalf("%v %v", blobs, err)
	}
	whole, err := os.ReadFile(blobs[0])
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func() error{
		"not those that its name stands for": func() error { return os.WriteFile(blobs[0], flipped(whole, 1000), 0o600) },
		"its file is missing":                func() error { return os.Remove(blobs[0]) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		d.run(t, 1, "", want, "verify")
		d.run(t, exitDamaged, "", "damaged in the database before", "backup", "--force", filepath.Join(t.TempDir(), "x"))
		if err := os.WriteFile(blobs[0], whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.run(t, 0, "", "all is well", "verify")
	path := strings.TrimPrefix(d.dsn, "sqlite:")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 40 * 4096; at < 44*4096; at++ {
		b[at] ^= 0x55
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := program(t, "", d.env, "verify"); r.code != 1 || strings.Contains(r.out, "all is well") {
		t.Errorf("exit %d:\n%s%s", r.code, r.out, r.err)
	}
}

// verify FILE finds what is damaged in a backup, and says what it holds.
func TestVerifyABackup(t *testing.T) {
	d := newSmallDesk(t, migrations.SQLite)
	file := filepath.Join(t.TempDir(), "desk.backup")
	d.run(t, 0, "", "", "backup", file)
	d.run(t, 0, "", "is whole", "verify", file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b[:len(b)-3000], 0o600); err != nil {
		t.Fatal(err)
	}
	d.run(t, 1, "", "it ends early", "verify", file)
	if tracker.SmallBlob >= 40_000*16 {
		t.Error("the desk has no large content")
	}
}
