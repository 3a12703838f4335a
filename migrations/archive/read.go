package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"helpdeskd/migrations"
)

// maxEntry bounds an entry of the file, and maxRow a row, in bytes: what is
// longer was not written by helpdeskd.
const (
	maxEntry = 256 << 20
	maxRow   = 256 << 20
)

// errDamaged is what every sort of damage to the file is.
func errDamaged(format string, args ...any) error {
	return migrations.Invalidf("this backup is damaged: %s. Use another one", fmt.Sprintf(format, args...))
}

// Read reads a backup file from r into a sink (nil for looking only), and
// returns its manifest. It checks every digest; what went into the sink
// counts only when the error is nil.
func Read(ctx context.Context, r io.Reader, sink Sink) (Manifest, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return Manifest{}, err
	}
	defer z.Close()
	a := &reader{ctx: ctx, tar: tar.NewReader(r), zip: z, tally: Tally{Next: sink}}
	m, err := a.read()
	if err != nil && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)) {
		err = errDamaged("it ends early")
	}
	if errors.Is(err, tar.ErrHeader) {
		err = errDamaged("it can not be read as a tar file")
	}
	return m, err
}

// ReadHead reads only what the file says of itself at its beginning. Nothing
// is checked yet.
func ReadHead(r io.Reader) (Head, error) {
	a := &reader{ctx: context.Background(), tar: tar.NewReader(r)}
	return a.head()
}

type reader struct {
	ctx   context.Context
	tar   *tar.Reader
	zip   *zstd.Decoder
	tally Tally
	parts []Part
}

// entry reads the next entry.
func (a *reader) entry() (string, []byte, error) {
	if err := a.ctx.Err(); err != nil {
		return "", nil, err
	}
	h, err := a.tar.Next()
	if err != nil {
		return "", nil, err
	}
	if h.Size > maxEntry {
		return "", nil, errDamaged("its entry %s has %d bytes", h.Name, h.Size)
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, a.tar); err != nil {
		return "", nil, err
	}
	return h.Name, b.Bytes(), nil
}

// part notes an entry of which the manifest must know.
func (a *reader) part(name string, data []byte) {
	sum := sha256.Sum256(data)
	a.parts = append(a.parts, Part{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
}

func (a *reader) head() (h Head, err error) {
	name, data, err := a.entry()
	switch {
	case errors.Is(err, context.Canceled):
		return h, err
	case err != nil && !errors.Is(err, tar.ErrHeader) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return h, err
	case err != nil || name != headName:
		return h, migrations.Invalidf("this is no backup of helpdeskd")
	}
	a.part(name, data)
	if err := json.Unmarshal(data, &h); err != nil {
		return h, errDamaged("its head can not be read")
	}
	if h.Format != Format {
		return h, migrations.Invalidf("this backup has the format %d, and this helpdeskd reads %d: use the version that wrote it, %s, or a newer one", h.Format, Format, h.Program)
	}
	return h, nil
}

func (a *reader) read() (m Manifest, err error) {
	h, err := a.head()
	if err != nil {
		return m, err
	}
	if err := a.tally.Begin(h); err != nil {
		return m, err
	}
	if h.HasKey {
		name, data, err := a.entry()
		if err != nil {
			return m, err
		}
		if name != keyName {
			return m, errDamaged("the key is not where it should be")
		}
		a.part(name, data)
		if err := a.tally.Key(data); err != nil {
			return m, err
		}
	}
	for _, t := range h.Tables {
		if err := a.table(t.Table); err != nil {
			return m, err
		}
	}
	if err := a.blobs(h.Blobs.Columns); err != nil {
		return m, err
	}
	return a.end(h)
}

func (a *reader) table(t migrations.Table) error {
	if err := a.tally.Table(t); err != nil {
		return err
	}
	s := a.open("tables/" + t.Name)
	values := make([]any, len(t.Columns))
	for {
		row, err := s.row()
		if err != nil {
			return err
		}
		if row == nil {
			return s.end()
		}
		if err := ParseRow(row, values); err != nil {
			return errDamaged("table %s: %v", t.Name, err)
		}
		if err := a.tally.Row(values, row); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
}

func (a *reader) blobs(columns []migrations.Column) error {
	s := a.open(blobStream)
	at := slices.IndexFunc(columns, func(c migrations.Column) bool { return c.Name == "digest" })
	if at < 0 {
		return errDamaged("its contents have no names")
	}
	values := make([]any, len(columns))
	for {
		row, err := s.row()
		if err != nil {
			return err
		}
		if row == nil {
			return s.end()
		}
		if err := ParseRow(row, values); err != nil {
			return errDamaged("contents: %v", err)
		}
		digest, _ := values[at].(string)
		size, err := binary.ReadUvarint(s.r)
		if err != nil {
			return err
		}
		content := &io.LimitedReader{R: s.r, N: int64(size)}
		if content.N < 0 {
			return errDamaged("content %.12s has no length", digest)
		}
		if err := a.tally.Blob(Blob{Row: values, Digest: digest, Size: int64(size), Content: content}); err != nil {
			return fmt.Errorf("content %.12s: %w", digest, err)
		}
		if content.N > 0 {
			return io.ErrUnexpectedEOF
		}
	}
}

// end compares what was read with the manifest, and the manifest with its digest.
func (a *reader) end(h Head) (m Manifest, err error) {
	name, data, err := a.entry()
	if err != nil {
		return m, err
	}
	if name != manifestName {
		return m, errDamaged("%s is where the manifest should be", name)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, errDamaged("its manifest can not be read")
	}
	sum := sha256.Sum256(data)
	name, data, err = a.entry()
	if err != nil {
		return m, err
	}
	if name != sumName || string(data) != hex.EncodeToString(sum[:])+"  "+manifestName+"\n" {
		return m, errDamaged("the digest of its manifest is not right")
	}
	if !slices.Equal(m.Parts, a.parts) {
		for i, p := range a.parts {
			if i >= len(m.Parts) || m.Parts[i] != p {
				return m, errDamaged("%s is not what was written", p.Name)
			}
		}
		return m, errDamaged("%d of its %d parts are missing", len(m.Parts)-len(a.parts), len(m.Parts))
	}
	var have Manifest
	have.Head = h
	a.tally.Fill(&have)
	if d := Differ(m, have); len(d) > 0 {
		return m, errDamaged("not all that was written is in it: %s", strings.Join(d, ", "))
	}
	if a.tally.Next != nil {
		return m, a.tally.Next.End(m)
	}
	return m, nil
}

// stream is the parts of a table or of the contents, one behind the other.
type stream struct {
	a    *reader
	name string
	n    int
	left []byte
	r    *bufio.Reader
	buf  []byte
	raw  []byte
}

func (a *reader) open(name string) *stream {
	s := &stream{a: a, name: name}
	s.r = bufio.NewReaderSize(s, 64<<10)
	return s
}

// Read reads on, into the next part where one ends.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		name, data, err := s.a.entry()
		if err != nil {
			return 0, err
		}
		s.n++
		if name != fmt.Sprintf("%s.%06d.zst", s.name, s.n) {
			return 0, errDamaged("%s is where part %d of %s should be", name, s.n, s.name)
		}
		s.a.part(name, data)
		if s.raw, err = s.a.zip.DecodeAll(data, s.raw[:0]); err != nil {
			return 0, errDamaged("%s can not be read", name)
		}
		s.left = s.raw
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// row reads an encoded row, valid until the next call; nil behind the last.
func (s *stream) row() ([]byte, error) {
	n, err := binary.ReadUvarint(s.r)
	if err != nil || n == 0 {
		return nil, err
	}
	if n > maxRow {
		return nil, errDamaged("a row of %s has %d bytes", s.name, n)
	}
	if uint64(cap(s.buf)) < n-1 {
		s.buf = make([]byte, n-1)
	}
	s.buf = s.buf[:n-1]
	if s.buf == nil {
		s.buf = []byte{}
	}
	_, err = io.ReadFull(s.r, s.buf)
	return s.buf, err
}

// end makes sure that nothing is behind the last row.
func (s *stream) end() error {
	if s.r.Buffered() > 0 || len(s.left) > 0 {
		return errDamaged("there is more in %s than its rows", s.name)
	}
	return nil
}
