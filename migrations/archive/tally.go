package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"slices"

	"helpdeskd/migrations"
)

// Tally is a Sink that counts and digests what goes through it to the next
// one, and looks whether each content is what its name says.
type Tally struct {
	Next Sink // nil for nothing but counting

	tables  []Table
	sums    []*Sum
	blobs   Sum
	bytes   int64
	damaged []Damage
	columns []migrations.Column
}

// Begin passes the head on.
func (t *Tally) Begin(h Head) error {
	t.columns = h.Blobs.Columns
	if t.Next == nil {
		return nil
	}
	return t.Next.Begin(h)
}

// Table begins to count a table.
func (t *Tally) Table(table migrations.Table) error {
	t.tables = append(t.tables, Table{Table: table})
	t.sums = append(t.sums, &Sum{})
	if t.Next == nil {
		return nil
	}
	return t.Next.Table(table)
}

// Row counts a row.
func (t *Tally) Row(values []any, encoded []byte) error {
	t.sums[len(t.sums)-1].Add(encoded)
	if t.Next == nil {
		return nil
	}
	return t.Next.Row(values, encoded)
}

// Blob counts a content.
func (t *Tally) Blob(b Blob) error {
	row, err := AppendRow(nil, b.Row)
	if err != nil {
		return err
	}
	h := &hashing{r: b.Content, h: sha256.New()}
	b.Content = h
	if t.Next != nil {
		err = t.Next.Blob(b)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, h)
	}
	if err != nil {
		return err
	}
	sum := h.h.Sum(nil)
	t.blobs.Add(append(row, sum...))
	t.bytes += h.n
	if name := hex.EncodeToString(sum); name != b.Digest {
		t.Damaged(b.Digest, "its bytes are not those that its name stands for")
	}
	return nil
}

type hashing struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.h.Write(p[:n])
	h.n += int64(n)
	return n, err
}

// Damaged notes a content that is not what it should be, once.
func (t *Tally) Damaged(digest, what string) {
	if !slices.ContainsFunc(t.damaged, func(d Damage) bool { return d.Digest == digest }) {
		t.damaged = append(t.damaged, Damage{digest, what})
	}
}

// Key passes the key on.
func (t *Tally) Key(key []byte) error {
	if t.Next == nil {
		return nil
	}
	return t.Next.Key(key)
}

// End passes the manifest on, with what was counted.
func (t *Tally) End(m Manifest) error {
	t.Fill(&m)
	if t.Next == nil {
		return nil
	}
	return t.Next.End(m)
}

// Fill writes what was counted into a manifest.
func (t *Tally) Fill(m *Manifest) {
	m.Tables = nil
	for i, table := range t.tables {
		table.Rows, table.Digest = t.sums[i].Rows(), t.sums[i].String()
		m.Tables = append(m.Tables, table)
	}
	m.Blobs = Blobs{Columns: t.columns, Count: t.blobs.Rows(), Bytes: t.bytes, Digest: t.blobs.String()}
	m.Damaged = t.damaged
}

// Differ returns, for each table of which a and b do not hold the same, its
// name and both; "blobs" stands for the contents.
func Differ(a, b Manifest) []string {
	var names []string
	have := map[string]Table{}
	for _, t := range b.Tables {
		have[t.Name] = t
	}
	for _, t := range a.Tables {
		o, ok := have[t.Name]
		if !ok || o.Rows != t.Rows || o.Digest != t.Digest {
			names = append(names, t.Name)
		}
		delete(have, t.Name)
	}
	for name := range have {
		names = append(names, name)
	}
	slices.Sort(names)
	if a.Blobs.Count != b.Blobs.Count || a.Blobs.Bytes != b.Blobs.Bytes || a.Blobs.Digest != b.Blobs.Digest {
		names = append(names, blobStream)
	}
	return names
}
