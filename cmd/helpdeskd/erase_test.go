package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/tracker/erased"
)

// TestAnErasedPersonStaysErased: backed up, exported, erased, restored, by the
// program alone; on another machine by the other's journal and key.
func TestAnErasedPersonStaysErased(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			d := newSmallDesk(t, e)
			out := t.TempDir()
			file := filepath.Join(out, "desk.backup")
			d.run(t, 0, "", "sha256", "backup", file)

			d.run(t, 1, "", "Nobody has the address", "export", "--person=nobody@corp.example", filepath.Join(out, "no.zip"))
			if _, err := os.Stat(filepath.Join(out, "no.zip")); err == nil {
				t.Error("an export of nobody left a file")
			}
			person := filepath.Join(out, "ida.zip")
			d.run(t, 0, "", "is in "+person, "export", "--person=Ida@corp.example", person)
			d.run(t, 1, "", "is there already", "export", "--person=ida@corp.example", person)
			z, err := zip.OpenReader(person)
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]bool{}
			for _, f := range z.File {
				names[f.Name] = true
			}
			z.Close()
			if !names["tickets/HD-1/HD-1.json"] || !names["things/assets.csv"] || !names["tickets/HD-2/mail-2.eml"] {
				t.Errorf("the export holds %v", names)
			}

			d.run(t, 1, "no\n", "nothing was erased", "erase", "ida@corp.example")
			r := d.run(t, 0, "ida@corp.example\n", "erased.", "erase", "IDA@corp.example")
			if !strings.Contains(r.out, "3  tickets that they asked for: deleted") || !strings.Contains(r.out, "1  assets: kept") {
				t.Errorf("the preview: %s", r.out)
			}
			gone := func(d smallDesk) {
				t.Helper()
				if n := d.ask(t, `SELECT (SELECT count(*) FROM ticket) + (SELECT count(*) FROM client_address) + (SELECT count(*) FROM message) + (SELECT count(*) FROM client WHERE erased_at IS NULL)
					+ (SELECT count(*) FROM inbox WHERE sender <> '') + (SELECT count(*) FROM outbox WHERE to_address = 'ida@corp.example')`); n != 0 {
					t.Errorf("%d rows are left", n)
				}
				if n := d.ask(t, `SELECT count(*) FROM asset a JOIN client c ON c.id = a.holder_id WHERE c.erased_at IS NOT NULL`); n != 1 {
					t.Errorf("%d assets name an erased holder", n)
				}
			}
			gone(d)
			d.run(t, 1, "", "Nobody has the address", "erase", "ida@corp.example", "--yes")
			// Over itself: by its own journal.
			d.run(t, 0, "replace\n", "erased again: 4", "restore", "--force", file)
			gone(d)
			// Elsewhere: by that journal, and the key.
			there := emptyDesk(t, e)
			journal := filepath.Join(d.dir, erased.FileName)
			r = there.run(t, 1, "", "can only be read with the key file", "restore", "--erased="+journal, file)
			key, err := os.ReadFile(filepath.Join(d.dir, "key"))
			if err == nil {
				err = os.WriteFile(filepath.Join(there.dir, "key"), key, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			there.run(t, 0, "replace\n", "erased again: 4", "restore", "--force", "--erased="+journal, file)
			gone(there)
		})
	}
}
