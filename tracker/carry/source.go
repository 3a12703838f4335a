// Package carry takes everything of one database elsewhere: into a backup
// file, out of one, or into another database of either engine.
//
// Invariants: what is carried is one moment's; it goes as a stream, in bounded
// memory; sessions, counts of failed sign-ins and the words of the search
// index stay behind. It owns no tables: it fills those of a database that
// nobody uses yet.
package carry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/tracker"
)

// behind are tables that are not carried as rows: contents go as such, and the
// rest is of the running processes.
var behind = []string{"beat", "blob", "blob_chunk", "closed", "session", "throttle"}

// placed are the columns of blob that say how this very database holds it.
var placed = []string{"place", "data"}

// RowUnits is what a row counts for in progress, where a content counts its bytes.
const RowUnits = 150

// Source is a database at one moment.
type Source struct {
	DB      *migrations.DB
	Snap    *migrations.Snapshot
	Program string    // the version, for the head
	At      time.Time // the moment
	Key     []byte    // the key file, to go along; nil for not
	// Plain has texts that PostgreSQL can not hold mended before they are
	// counted: U+FFFD stands for U+0000 and for bytes that are no UTF-8.
	Plain bool
	// Total is told what the progress will add up to, and Step what was done since.
	Total func(units int64)
	Step  func(units int64)

	Mended []string // which columns were mended, after Pour
}

// Pour has everything go into a sink, counted and digested on the way, and
// returns what it was. Contents that are damaged go as they are, and are named
// in the manifest.
func (s *Source) Pour(ctx context.Context, sink archive.Sink) (archive.Manifest, error) {
	m, err := s.head(ctx)
	if err != nil {
		return m, err
	}
	tally := &archive.Tally{Next: sink}
	if err := tally.Begin(m.Head); err != nil {
		return m, err
	}
	if s.Key != nil {
		if err := tally.Key(s.Key); err != nil {
			return m, err
		}
	}
	mended := map[string]bool{}
	for _, t := range m.Tables {
		if err := tally.Table(t.Table); err != nil {
			return m, err
		}
		var enc []byte
		err := s.Snap.Rows(ctx, t.Table, func(values []any) (err error) {
			if s.Plain {
				for _, i := range mend(values) {
					mended[t.Name+"."+t.Columns[i].Name] = true
				}
			}
			if enc, err = archive.AppendRow(enc[:0], values); err != nil {
				return err
			}
			s.step(RowUnits)
			return tally.Row(values, enc)
		})
		if err != nil {
			return m, fmt.Errorf("read table %s: %w", t.Name, err)
		}
	}
	for name := range mended {
		s.Mended = append(s.Mended, name)
	}
	slices.Sort(s.Mended)
	if err := s.contents(ctx, m.Blobs.Columns, tally); err != nil {
		return m, err
	}
	if err := tally.End(m); err != nil {
		return m, err
	}
	tally.Fill(&m)
	return m, nil
}

func (s *Source) step(n int64) {
	if s.Step != nil {
		s.Step(n)
	}
}

// head says what will come.
func (s *Source) head(ctx context.Context) (m archive.Manifest, err error) {
	m.Format, m.Program, m.Engine, m.TakenAt = archive.Format, s.Program, string(s.DB.Engine), s.At.UTC().Format(time.RFC3339)
	m.HasKey = s.Key != nil
	if m.Schema, err = migrations.SchemaVersion(ctx, s.Snap); err != nil {
		return m, err
	}
	tables, err := migrations.Tables(ctx, s.Snap)
	if err != nil {
		return m, err
	}
	var units int64
	for _, t := range tables {
		if t.Name == "blob" {
			m.Blobs.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c migrations.Column) bool { return slices.Contains(placed, c.Name) })
		}
		if slices.Contains(behind, t.Name) {
			continue
		}
		table := archive.Table{Table: t}
		if err := s.Snap.Get(ctx, &table.Rows, `SELECT COUNT(*) FROM `+t.Name); err != nil {
			return m, fmt.Errorf("count the rows of %s: %w", t.Name, err)
		}
		units += table.Rows * RowUnits
		m.Tables = append(m.Tables, table)
	}
	var sum struct {
		N     int64 `db:"n"`
		Bytes int64 `db:"bytes"`
	}
	if err := s.Snap.Get(ctx, &sum, `SELECT COUNT(*) AS n, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM blob`); err != nil {
		return m, fmt.Errorf("count the contents: %w", err)
	}
	m.Blobs.Count, m.Blobs.Bytes = sum.N, sum.Bytes
	if s.Total != nil {
		s.Total(units + sum.Bytes)
	}
	return m, nil
}

// contents reads the small ones as they lie, and then the large ones one by one.
func (s *Source) contents(ctx context.Context, columns []migrations.Column, tally *archive.Tally) error {
	table := migrations.Table{Name: "blob", Columns: columns}
	names := strings.Join(table.Names(), ", ")
	name := slices.Index(table.Names(), "digest")
	type large struct {
		row   []any
		place string
	}
	var larges []large
	kinds := func(values []any) ([]any, string, error) {
		row := make([]any, len(columns))
		for i, c := range columns {
			v, err := migrations.As(c.Kind, values[i])
			if err != nil {
				return nil, "", fmt.Errorf("contents, column %s: %w", c.Name, err)
			}
			row[i] = v
		}
		digest, _ := row[name].(string)
		if b, err := hex.DecodeString(digest); err != nil || len(b) != 32 {
			return nil, "", fmt.Errorf("a content has the name %.80q, which is no digest", digest)
		}
		return row, digest, nil
	}
	err := s.Snap.Each(ctx, func(values []any) error {
		row, digest, err := kinds(values)
		if err != nil {
			return err
		}
		data, err := migrations.As(migrations.KindBytes, values[len(columns)])
		if err != nil {
			return fmt.Errorf("content %.12s: %w", digest, err)
		}
		b, _ := data.([]byte)
		s.step(int64(len(b)))
		return tally.Blob(archive.Blob{Row: row, Digest: digest, Size: int64(len(b)), Content: bytes.NewReader(b)})
	}, `SELECT `+names+`, data FROM blob WHERE place = 'row'`)
	if err != nil {
		return fmt.Errorf("read the contents: %w", err)
	}
	err = s.Snap.Each(ctx, func(values []any) error {
		row, _, err := kinds(values)
		if err != nil {
			return err
		}
		place, err := migrations.As(migrations.KindText, values[len(columns)])
		larges = append(larges, large{row, fmt.Sprint(place)})
		return err
	}, `SELECT `+names+`, place FROM blob WHERE place <> 'row'`)
	if err != nil {
		return fmt.Errorf("read the contents: %w", err)
	}
	for _, l := range larges {
		digest := l.row[name].(string)
		read := s.file
		if l.place == "chunk" {
			read = s.chunks
		}
		if err := read(ctx, archive.Blob{Row: l.row, Digest: digest}, tally); err != nil {
			return fmt.Errorf("content %.12s: %w", digest, err)
		}
	}
	return nil
}

// file reads a content that is a file beside SQLite.
func (s *Source) file(ctx context.Context, b archive.Blob, tally *archive.Tally) error {
	path := tracker.BlobFile(s.DB.Dir, b.Digest)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		tally.Damaged(b.Digest, "its file is missing: "+path)
		b.Content = bytes.NewReader(nil)
		return tally.Blob(b)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	b.Size = st.Size()
	b.Content = &stepping{ctx: ctx, r: io.LimitReader(f, b.Size), step: s.step}
	return tally.Blob(b)
}

// stepping tells of what is read, and ends with its context.
type stepping struct {
	ctx  context.Context
	r    io.Reader
	step func(int64)
}

func (s *stepping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	s.step(int64(n))
	return n, err
}

// chunks reads a content that lies in rows.
func (s *Source) chunks(ctx context.Context, b archive.Blob, tally *archive.Tally) error {
	if err := s.Snap.Get(ctx, &b.Size, `SELECT CAST(COALESCE(SUM(LENGTH(data)), 0) AS BIGINT) FROM blob_chunk WHERE digest = ?`, b.Digest); err != nil {
		return err
	}
	b.Content = &stepping{ctx: ctx, r: &chunkReader{ctx: ctx, q: s.Snap, digest: b.Digest}, step: s.step}
	return tally.Blob(b)
}

// chunkReader reads chunks in their order, whatever their numbers are.
type chunkReader struct {
	ctx    context.Context
	q      migrations.Queryer
	digest string
	next   int64
	left   []byte
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.left) == 0 {
		var row struct {
			N    int64  `db:"n"`
			Data []byte `db:"data"`
		}
		err := c.q.Get(c.ctx, &row, `SELECT n, data FROM blob_chunk WHERE digest = ? AND n >= ? ORDER BY n LIMIT 1`, c.digest, c.next)
		if migrations.KindOf(err) == migrations.NotFound {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		c.left, c.next = row.Data, row.N+1
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

// mend makes the texts of a row such that PostgreSQL can hold them, and
// returns which it changed.
func mend(values []any) (changed []int) {
	for i, v := range values {
		t, ok := v.(string)
		if !ok || utf8.ValidString(t) && strings.IndexByte(t, 0) < 0 {
			continue
		}
		values[i] = strings.ReplaceAll(strings.ToValidUTF8(t, "\uFFFD"), "\x00", "\uFFFD")
		changed = append(changed, i)
	}
	return changed
}
