package carry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/tracker"
)

// Target is a Sink that fills a database, within migrations.Load.
type Target struct {
	ctx    context.Context
	db     *migrations.DB
	load   *migrations.Load
	step   func(units int64)
	blob   []string // the columns of contents as they come
	name   int      // which of them is the digest
	open   string   // what the last Begin of the load was for
	dirs   map[string]bool
	mended map[string]bool
	table  migrations.Table

	Head    archive.Head
	KeyFile []byte // the key file, where one came
}

// NewTarget returns what fills a database; step is told what was done since.
func NewTarget(ctx context.Context, db *migrations.DB, l *migrations.Load, step func(units int64)) *Target {
	if step == nil {
		step = func(int64) {}
	}
	return &Target{ctx: ctx, db: db, load: l, step: step, dirs: map[string]bool{}, mended: map[string]bool{}}
}

// Mended returns which columns held text that the engine can not hold.
func (t *Target) Mended() []string {
	var list []string
	for name := range t.mended {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// Begin makes sure that everything that comes has a place.
func (t *Target) Begin(h archive.Head) error {
	t.Head = h
	have := map[string]map[migrations.Column]bool{}
	for _, table := range t.load.Tables() {
		have[table.Name] = map[migrations.Column]bool{}
		for _, c := range table.Columns {
			have[table.Name][c] = true
		}
	}
	blobs := archive.Table{Table: migrations.Table{Name: "blob", Columns: h.Blobs.Columns}}
	for _, table := range append(slices.Clone(h.Tables), blobs) {
		if have[table.Name] == nil {
			return migrations.Invalidf("what comes has a table %s, of which this helpdeskd knows nothing: it was written by another version (%s)", table.Name, h.Program)
		}
		for _, c := range table.Columns {
			if !have[table.Name][c] {
				return migrations.Invalidf("what comes has a column %s in table %s, of which this helpdeskd knows nothing: it was written by another version (%s)", c.Name, table.Name, h.Program)
			}
		}
	}
	t.blob = blobs.Names()
	t.name = slices.Index(t.blob, "digest")
	return nil
}

// Key keeps the key file.
func (t *Target) Key(key []byte) error {
	t.KeyFile = slices.Clone(key)
	return nil
}

// Table begins to fill a table.
func (t *Target) Table(table migrations.Table) error {
	t.table, t.open = table, table.Name
	return t.load.Begin(t.ctx, table.Name, table.Names())
}

// Row fills in a row.
func (t *Target) Row(values []any, _ []byte) error {
	if t.db.Engine == migrations.Postgres {
		for _, i := range mend(values) {
			t.mended[t.table.Name+"."+t.table.Columns[i].Name] = true
		}
	}
	t.step(RowUnits)
	return t.load.Row(t.ctx, values)
}

// begin is load.Begin, but where the same was begun before.
func (t *Target) begin(what, table string, columns ...string) error {
	if t.open == what {
		return nil
	}
	t.open = what
	return t.load.Begin(t.ctx, table, columns)
}

// Blob puts a content where the engine holds such.
func (t *Target) Blob(b archive.Blob) error {
	content := &stepping{ctx: t.ctx, r: b.Content, step: t.step}
	if b.Size <= tracker.SmallBlob {
		data, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		return t.blobRow("row", b, data)
	}
	place := "file"
	store := t.file
	if t.db.Engine == migrations.Postgres {
		place, store = "chunk", t.chunks
	}
	if err := t.blobRow(place, b, nil); err != nil {
		return err
	}
	return store(b.Digest, content)
}

func (t *Target) blobRow(place string, b archive.Blob, data []byte) error {
	if err := t.begin("contents", "blob", append(slices.Clone(t.blob), placed...)...); err != nil {
		return err
	}
	var held any
	if place == "row" {
		held = data
	}
	return t.load.Row(t.ctx, append(slices.Clone(b.Row), place, held))
}

// chunks writes a large content into rows.
func (t *Target) chunks(digest string, r io.Reader) error {
	if err := t.begin("chunks", "blob_chunk", "digest", "n", "data"); err != nil {
		return err
	}
	buf := make([]byte, tracker.ChunkSize)
	for n := int64(0); ; n++ {
		k, err := io.ReadFull(r, buf)
		if err == io.EOF {
			return nil
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		if err := t.load.Row(t.ctx, []any{digest, n, buf[:k]}); err != nil {
			return err
		}
	}
}

// file writes a large content into a file beside the database: under its name
// only when it is whole and on disk. A file that is there already gives way
// only to what is what its name says.
func (t *Target) file(digest string, r io.Reader) error {
	if b, err := hex.DecodeString(digest); err != nil || len(b) != sha256.Size {
		return fmt.Errorf("content has the name %.80q, which is no digest", digest)
	}
	fresh := filepath.Join(t.db.Dir, "blobs", "new")
	path := tracker.BlobFile(t.db.Dir, digest)
	for _, dir := range []string{fresh, filepath.Dir(path), filepath.Dir(fresh)} {
		if t.dirs[dir] {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		t.dirs[dir] = true
	}
	f, err := os.CreateTemp(fresh, "arriving-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, h), r); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil && hex.EncodeToString(h.Sum(nil)) != digest {
		return nil
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// End has the folders of contents on disk.
func (t *Target) End(archive.Manifest) error {
	for dir := range t.dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
