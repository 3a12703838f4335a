package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"helpdeskd/migrations"
)

// The names of the entries that are not parts of a table.
const (
	headName     = "helpdeskd-backup.json"
	keyName      = "key"
	manifestName = "manifest.json"
	sumName      = "manifest.sha256"
	blobStream   = "blobs"
)

const (
	// Format is the version of the file that this program writes.
	Format = 1
	// partSize is how much of a table or of the contents a part holds, before
	// it is compressed, in bytes.
	partSize = 4 << 20
	// ahead is how many parts may be compressed while another is written.
	ahead = 3
)

// Writer is a Sink that writes a backup file.
type Writer struct {
	tar     *tar.Writer
	at      time.Time
	zip     *zstd.Encoder
	stream  string // that is being written: tables/NAME or blobs
	n       int    // its parts
	buf     []byte
	queue   chan chan packed // parts in their order
	done    chan error
	parts   []Part
	failed  error
	blobs   bool
	closed  bool
	lengths [binary.MaxVarintLen64]byte
}

type packed struct {
	name string
	data []byte
}

// NewWriter writes to w, which the caller closes after End.
func NewWriter(w io.Writer) (*Writer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(partSize))
	if err != nil {
		return nil, err
	}
	a := &Writer{tar: tar.NewWriter(w), zip: z, queue: make(chan chan packed, ahead), done: make(chan error, 1)}
	go a.write()
	return a, nil
}

// Close lets go of what is held; after End it does nothing.
func (a *Writer) Close() {
	if !a.closed {
		a.closed = true
		close(a.queue)
	}
}

// write writes the parts in their order, as they are compressed.
func (a *Writer) write() {
	for c := range a.queue {
		p := <-c
		if err := a.entry(p.name, p.data); err != nil {
			a.done <- err
			return
		}
	}
	a.done <- nil
}

func (a *Writer) entry(name string, data []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o600, ModTime: a.at, Format: tar.FormatPAX}
	if err := a.tar.WriteHeader(h); err != nil {
		return err
	}
	if _, err := a.tar.Write(data); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	a.parts = append(a.parts, Part{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	return nil
}

// Begin writes the head.
func (a *Writer) Begin(h Head) error {
	a.at, _ = time.Parse(time.RFC3339, h.TakenAt)
	b, err := json.MarshalIndent(h, "", " ")
	if err != nil {
		return err
	}
	return a.later(headName, append(b, '\n'), false)
}

// Key writes the key file into it.
func (a *Writer) Key(key []byte) error { return a.later(keyName, key, false) }

// later has an entry written after those before it.
func (a *Writer) later(name string, data []byte, compress bool) error {
	if a.failed != nil {
		return a.failed
	}
	c := make(chan packed, 1)
	select {
	case a.queue <- c:
	case a.failed = <-a.done:
		return a.failed
	}
	if !compress {
		c <- packed{name, data}
		return nil
	}
	go func() { c <- packed{name, a.zip.EncodeAll(data, make([]byte, 0, len(data)/3))} }()
	return nil
}

// flush ends a part.
func (a *Writer) flush() error {
	if len(a.buf) == 0 {
		return nil
	}
	a.n++
	data := a.buf
	a.buf = make([]byte, 0, partSize)
	return a.later(fmt.Sprintf("%s.%06d.zst", a.stream, a.n), data, true)
}

func (a *Writer) begin(stream string) error {
	if err := a.endStream(); err != nil {
		return err
	}
	a.stream, a.n = stream, 0
	return nil
}

// endStream writes the mark behind the last row.
func (a *Writer) endStream() error {
	if a.stream == "" {
		return nil
	}
	a.buf = append(a.buf, 0)
	return a.flush()
}

// put appends to the stream.
func (a *Writer) put(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), partSize-len(a.buf))
		a.buf = append(a.buf, b[:n]...)
		b = b[n:]
		if len(a.buf) == partSize {
			if err := a.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Writer) length(n int64) error {
	return a.put(a.lengths[:binary.PutUvarint(a.lengths[:], uint64(n))])
}

// Table begins a table.
func (a *Writer) Table(t migrations.Table) error { return a.begin("tables/" + t.Name) }

// Row writes a row: its length plus one, and its encoding.
func (a *Writer) Row(_ []any, encoded []byte) error {
	if err := a.length(int64(len(encoded)) + 1); err != nil {
		return err
	}
	return a.put(encoded)
}

// Blob writes a content: its row, its length, its bytes.
func (a *Writer) Blob(b Blob) error {
	if err := a.beginBlobs(); err != nil {
		return err
	}
	row, err := AppendRow(nil, b.Row)
	if err != nil {
		return err
	}
	if err := a.Row(nil, row); err != nil {
		return err
	}
	if err := a.length(b.Size); err != nil {
		return err
	}
	n, err := io.Copy(putter{a}, b.Content)
	if err == nil && n != b.Size {
		err = fmt.Errorf("content %.12s has %d bytes instead of %d", b.Digest, n, b.Size)
	}
	return err
}

func (a *Writer) beginBlobs() error {
	if a.blobs {
		return nil
	}
	a.blobs = true
	return a.begin(blobStream)
}

type putter struct{ a *Writer }

func (p putter) Write(b []byte) (int, error) { return len(b), p.a.put(b) }

// End writes the manifest, and its digest as the last entry: so the end shows
// that the file is whole.
func (a *Writer) End(m Manifest) error {
	if err := a.beginBlobs(); err != nil {
		return err
	}
	if err := a.endStream(); err != nil {
		return err
	}
	a.Close()
	if a.failed = <-a.done; a.failed != nil {
		return a.failed
	}
	m.Parts = a.parts
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	sum := sha256.Sum256(b)
	if err := a.entry(manifestName, b); err != nil {
		return err
	}
	if err := a.entry(sumName, []byte(hex.EncodeToString(sum[:])+"  "+manifestName+"\n")); err != nil {
		return err
	}
	return a.tar.Close()
}
