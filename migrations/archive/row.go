// Package archive is helpdeskd's backup file: a tar of compressed parts that
// holds every table and every content of one moment, the same for both
// engines. docs/design.md ("The backup file") tells its format byte for byte.
//
// Invariants: it is written and read as a stream, in bounded memory; a file
// that ends early, or in which any byte changed, is refused at the latest at
// its end. It knows no database and owns no tables.
package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/bits"

	"helpdeskd/migrations"
)

// The tags of values.
const (
	tagNull = iota
	tagInt
	tagText
	tagBytes
	tagFalse
	tagTrue
	tagReal
)

// AppendRow appends the encoding of a row: a tag a value, and behind it an
// integer as zigzag varint, text and bytes as length and bytes, a real number
// as eight bytes, big end first. Equal rows have equal encodings.
func AppendRow(b []byte, values []any) ([]byte, error) {
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, tagNull)
		case int64:
			b = binary.AppendVarint(append(b, tagInt), v)
		case string:
			b = binary.AppendUvarint(append(b, tagText), uint64(len(v)))
			b = append(b, v...)
		case []byte:
			b = binary.AppendUvarint(append(b, tagBytes), uint64(len(v)))
			b = append(b, v...)
		case bool:
			if v {
				b = append(b, tagTrue)
			} else {
				b = append(b, tagFalse)
			}
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, tagReal), math.Float64bits(v))
		default:
			return nil, fmt.Errorf("value %d has the type %T, which has no encoding", i, v)
		}
	}
	return b, nil
}

// ParseRow reads an encoded row of len(values) values. Those of bytes point
// into b.
func ParseRow(b []byte, values []any) error {
	for i := range values {
		if len(b) == 0 {
			return fmt.Errorf("a row ends after %d of %d values", i, len(values))
		}
		tag := b[0]
		b = b[1:]
		switch tag {
		case tagNull:
			values[i] = nil
		case tagFalse, tagTrue:
			values[i] = tag == tagTrue
		case tagInt:
			v, n := binary.Varint(b)
			if n <= 0 {
				return fmt.Errorf("value %d of a row is no integer", i)
			}
			values[i], b = v, b[n:]
		case tagReal:
			if len(b) < 8 {
				return fmt.Errorf("value %d of a row is no number", i)
			}
			values[i], b = math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:]
		case tagText, tagBytes:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return fmt.Errorf("value %d of a row is longer than the row", i)
			}
			v := b[n : n+int(size)]
			if tag == tagText {
				values[i] = string(v)
			} else {
				values[i] = v
			}
			b = b[n+int(size):]
		default:
			return fmt.Errorf("value %d of a row has an unknown tag", i)
		}
	}
	if len(b) > 0 {
		return fmt.Errorf("a row has more than its %d values", len(values))
	}
	return nil
}

// Sum is a digest of rows in any order: the sum of their SHA-256, modulo
// 2^256. Equal on both engines, which sort differently.
type Sum struct {
	n    int64
	word [4]uint64 // the least significant first
}

// Add takes one encoded row into the sum.
func (s *Sum) Add(row []byte) {
	h := sha256.Sum256(row)
	var carry uint64
	for i := range s.word {
		s.word[i], carry = bits.Add64(s.word[i], binary.BigEndian.Uint64(h[24-8*i:]), carry)
	}
	s.n++
}

// Rows returns how many rows were added.
func (s *Sum) Rows() int64 { return s.n }

// String returns the digest in hex.
func (s *Sum) String() string {
	var b []byte
	for i := range s.word {
		b = binary.BigEndian.AppendUint64(b, s.word[3-i])
	}
	return hex.EncodeToString(b)
}

// Head is the first entry of the file.
type Head struct {
	Format  int     `json:"format"`  // 1
	Program string  `json:"program"` // the version that wrote it
	Schema  int64   `json:"schema"`  // of the database
	Engine  string  `json:"engine"`  // that it came from
	TakenAt string  `json:"taken_at"`
	Tables  []Table `json:"tables"`
	Blobs   Blobs   `json:"blobs"`
	HasKey  bool    `json:"has_key,omitempty"` // the key file is in it
}

// Table is a table in the file. Digest is in the manifest alone.
type Table struct {
	migrations.Table
	Rows   int64  `json:"rows"`
	Digest string `json:"digest,omitempty"`
}

// Blobs are the contents in the file.
type Blobs struct {
	Columns []migrations.Column `json:"columns"` // of the rows that describe them
	Count   int64               `json:"count"`
	Bytes   int64               `json:"bytes"`
	Digest  string              `json:"digest,omitempty"`
}

// Damage is a content that is not what its name says.
type Damage struct {
	Digest string `json:"digest"` // its name
	What   string `json:"what"`   // in words
}

// Manifest is the last entry but one.
type Manifest struct {
	Head
	Damaged []Damage `json:"damaged,omitempty"`
	Parts   []Part   `json:"parts"`
}

// Part is an entry of the file.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Blob is a content: the row that describes it, and its bytes.
type Blob struct {
	Row     []any // in the order of Blobs.Columns
	Digest  string
	Size    int64 // bytes of Content
	Content io.Reader
}

// Sink takes everything of a database, in this order: Begin, the tables with
// their rows, the contents, End. The values of rows, and the content of a
// blob, are valid during the call only.
type Sink interface {
	Begin(h Head) error
	Table(t migrations.Table) error
	// Row takes a row of the last Table, and its encoding.
	Row(values []any, encoded []byte) error
	// Blob must read the content to its end.
	Blob(b Blob) error
	// Key takes the key file, where there is one in it.
	Key(key []byte) error
	End(m Manifest) error
}
