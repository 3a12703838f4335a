package carry

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var ctx = context.Background()

// The database is described alike by both engines, and everything in it has a
// kind that can be carried.
func TestBothSchemasAreAlike(t *testing.T) {
	var seen []string
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		tables, err := migrations.Tables(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		refs, err := migrations.References(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		if len(tables) < 30 || len(refs) < 20 {
			t.Fatalf("only %d tables and %d references were found", len(tables), len(refs))
		}
		seen = append(seen, strings.ReplaceAll(fmt.Sprintf("%+v\n%+v", tables, refs), "} {", "}\n{"))
	})
	if len(seen) == 2 && seen[0] != seen[1] {
		t.Errorf("sqlite:\n%s\npostgres:\n%s", seen[0], seen[1])
	}
}

// pour is what a database holds.
func pour(t testing.TB, db *migrations.DB, plain bool, sink archive.Sink) archive.Manifest {
	t.Helper()
	snap, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	s := &Source{DB: db, Snap: snap, At: time.Unix(1_800_000_000, 0), Plain: plain}
	m, err := s.Pour(ctx, sink)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fill fills a database from a file, and returns what the file says of itself.
func fill(t testing.TB, db *migrations.DB, file []byte) archive.Manifest {
	t.Helper()
	var m archive.Manifest
	err := db.Load(ctx, nil, func(l *migrations.Load) (err error) {
		m, err = archive.Read(ctx, bytes.NewReader(file), NewTarget(ctx, db, l, nil))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func file(t testing.TB, db *migrations.DB) ([]byte, archive.Manifest) {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := pour(t, db, false, w)
	return b.Bytes(), m
}

func same(t testing.TB, what string, a, b archive.Manifest) {
	t.Helper()
	if d := archive.Differ(a, b); len(d) > 0 {
		t.Errorf("%s: these differ: %v", what, d)
	}
}

func fresh(t testing.TB, e migrations.Engine) *migrations.DB {
	t.Helper()
	db, err := migrations.Open(ctx, dbtest.DSN(t, e))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// nasty draws rows of values that engines, drivers and encodings trip over.
func nasty(r *rapid.T, valid bool) (insert []string, args [][]any) {
	texts := []string{"", "NULL", `\N`, `\.`, "a\tb\nc\r\n", `back\slash \x00`, "'\"`;--", "\u202eabc\ufeff", "😀🏽", "a\u0301", "\u0001\u001f\u007f\u0085", strings.Repeat("ü", 5000), "\\x616263", "{1,2}", " leading", "trailing "}
	if !valid {
		texts = append(texts, "\xff\xfe", "a\x00b", "\xed\xa0\x80", "\xc3")
	}
	text := rapid.OneOf(rapid.SampledFrom(texts), rapid.String().Filter(func(s string) bool { return valid && !strings.Contains(s, "\x00") }))
	if !valid {
		text = rapid.SampledFrom(texts)
	}
	whole := rapid.OneOf(rapid.SampledFrom([]int64{0, -1, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1}), rapid.Int64())
	content := rapid.SliceOfN(rapid.Byte(), 0, 300)
	n := rapid.IntRange(10, 40).Draw(r, "rows")
	for i := range n {
		client := int64(i + 1)
		insert = append(insert, `INSERT INTO client (id, name, name_folded, department, high_management, created_at, version) VALUES (?, ?, ?, ?, ?, ?, ?)`)
		args = append(args, []any{client, text.Draw(r, "name"), text.Draw(r, "folded"), text.Draw(r, "department"), rapid.Bool().Draw(r, "high"), whole.Draw(r, "at"), whole.Draw(r, "version")})
		var bounced any
		if rapid.Bool().Draw(r, "bounced") {
			bounced = whole.Draw(r, "bounced at")
		}
		insert = append(insert, `INSERT INTO client_address (address, client_id, bounced_at, created_at) VALUES (?, ?, ?, ?)`)
		args = append(args, []any{fmt.Sprintf("%d %s", i, text.Draw(r, "address")), client, bounced, whole.Draw(r, "created")})
		data := append([]byte{byte(i)}, content.Draw(r, "data")...)
		insert = append(insert, `INSERT INTO blob (digest, size, place, data, created_at) VALUES (?, ?, 'row', ?, ?)`)
		args = append(args, []any{tracker.Digest(data), int64(len(data)), data, whole.Draw(r, "kept")})
	}
	return insert, args
}

// Whatever the rows are, what goes from SQLite to PostgreSQL and back is what
// it was.
func TestNastyRowsRoundTrip(t *testing.T) {
	for _, valid := range []bool{true, false} {
		t.Run(fmt.Sprint("valid text ", valid), func(t *testing.T) {
			lite, post, back := fresh(t, migrations.SQLite), fresh(t, migrations.Postgres), fresh(t, migrations.SQLite)
			tries := 0
			rapid.Check(t, func(r *rapid.T) {
				if tries++; tries > 5 { // a database each
					return
				}
				inserts, args := nasty(r, valid)
				err := lite.Tx(ctx, func(tx *migrations.Tx) error {
					for _, q := range []string{`DELETE FROM client_address`, `DELETE FROM client`, `DELETE FROM blob`} {
						if _, err := tx.Exec(ctx, q); err != nil {
							return err
						}
					}
					for i, q := range inserts {
						if _, err := tx.Exec(ctx, q, args[i]...); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					r.Fatal(err)
				}
				out, first := file(t, lite)
				there := fill(t, post, out)
				second, onPostgres := file(t, post)
				fill(t, back, second)
				again := pour(t, back, false, nil)
				same(t, "the file and its source", first, there)
				if valid {
					same(t, "SQLite and PostgreSQL", first, onPostgres)
				} else {
					same(t, "mended SQLite and PostgreSQL", pour(t, lite, true, nil), onPostgres)
				}
				same(t, "PostgreSQL and SQLite again", onPostgres, again)
				if t.Failed() {
					r.Fatal("not the same")
				}
			})
		})
	}
}

// Contents of every size come to where the engine has such, and rows that
// count go on behind the last.
func TestContentsFindTheirPlace(t *testing.T) {
	lite, post, back := fresh(t, migrations.SQLite), fresh(t, migrations.Postgres), fresh(t, migrations.SQLite)
	var digests []string
	st := tracker.New(lite, tracker.Options{})
	for _, size := range []int{0, 1, tracker.SmallBlob, tracker.SmallBlob + 1, 3<<20 + 7, 9 << 20} {
		d, _, err := st.PutBlob(ctx, bytes.NewReader(bytes.Repeat([]byte{byte(size), 2, 3, 4, 5, 6, 7}, size/7+1)[:size]))
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, d)
	}
	out, first := file(t, lite)
	fill(t, post, out)
	second, onPostgres := file(t, post)
	fill(t, back, second)
	same(t, "SQLite and PostgreSQL", first, onPostgres)
	same(t, "PostgreSQL and SQLite again", first, pour(t, back, false, nil))
	for _, db := range []*migrations.DB{post, back} {
		st := tracker.New(db, tracker.Options{})
		for _, d := range digests {
			b, err := st.OpenBlob(ctx, d)
			if err != nil {
				t.Fatal(err)
			}
			if tracker.Digest(b.Bytes()) != d {
				t.Errorf("%s: content %.12s changed on the way", db.Engine, d)
			}
			b.Close()
		}
		err := db.Tx(ctx, func(tx *migrations.Tx) error {
			id, err := tx.Insert(ctx, `INSERT INTO category (name, position) VALUES ('Newest', 99) RETURNING id`)
			if err == nil && id != 9 {
				err = fmt.Errorf("it has the id %d", id)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: a new row after the load: %v", db.Engine, err)
		}
	}
}

// Whatever byte of a backup changes, and wherever it ends, reading refuses it.
func TestDamageToTheFileIsFound(t *testing.T) {
	db := fresh(t, migrations.SQLite)
	if _, _, err := tracker.New(db, tracker.Options{}).PutBlob(ctx, strings.NewReader(strings.Repeat("mail ", 2000))); err != nil {
		t.Fatal(err)
	}
	whole, _ := file(t, db)
	if _, err := archive.Read(ctx, bytes.NewReader(whole), nil); err != nil {
		t.Fatal(err)
	}
	parts := 0
	for at := 0; at+1024 < len(whole); at += 997 {
		if _, err := archive.Read(ctx, bytes.NewReader(whole[:at]), nil); err == nil && !inPadding(whole, at) {
			t.Errorf("a file that ends after %d of %d bytes was accepted", at, len(whole))
		}
		cut := bytes.Clone(whole)
		cut[at] ^= 4
		if _, err := archive.Read(ctx, bytes.NewReader(cut), nil); err == nil && !inPadding(whole, at) {
			t.Errorf("a change of byte %d of %d was accepted", at, len(whole))
		}
		parts++
	}
	if parts < 20 {
		t.Fatalf("only %d places were tried", parts)
	}
}

// inPadding reports whether a byte says nothing: tar fills up its blocks, and
// its headers tell times and owners.
func inPadding(file []byte, at int) bool {
	block := file[at/512*512:]
	return bytes.Equal(block[257:262], []byte("ustar")) || len(bytes.Trim(block[at%512:512], "\x00")) == 0 || bytes.Contains(block[:512], []byte("mtime="))
}

// A content that is damaged, or gone, is carried as it is and told of.
func TestDamagedContentIsToldOf(t *testing.T) {
	db := fresh(t, migrations.SQLite)
	st := tracker.New(db, tracker.Options{})
	large := bytes.Repeat([]byte("0123456789"), 60_000)
	d, _, err := st.PutBlob(ctx, bytes.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	path := tracker.BlobFile(db.Dir, d)
	if err := os.WriteFile(path, large[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	_, m := file(t, db)
	if len(m.Damaged) != 1 || m.Damaged[0].Digest != d {
		t.Errorf("damaged: %v", m.Damaged)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	out, m := file(t, db)
	if len(m.Damaged) != 1 || !strings.Contains(m.Damaged[0].What, "missing") {
		t.Errorf("missing: %v", m.Damaged)
	}
	if got := fill(t, fresh(t, migrations.SQLite), out); len(got.Damaged) != 1 {
		t.Errorf("the restored says %v", got.Damaged)
	}
}
