// Package csvfile reads CSV as people have it and writes it as spreadsheets
// want it. It is pure: bytes in, rows out.
//
// Reading finds out the encoding (UTF-8 with or without a mark, UTF-16,
// Windows-1252) and the delimiter, takes any line end, lets quotation marks
// run over lines, and goes on behind a row that is broken. Writing is UTF-8
// with a mark, CRLF, quoted by RFC 4180; what a spreadsheet would run as a
// formula is neutralised so that reading takes it back exactly.
package csvfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Bounds on what is read, so that no file takes the memory of the machine.
const (
	MaxColumns = 300
	MaxCell    = 32 << 10 // bytes of one cell
	maxBroken  = 100      // rows with a quotation mark that never closes, after which the rest is given up
)

// What Open says of bytes that are no CSV.
var (
	ErrEmpty    = errors.New("the file is empty")
	ErrWorkbook = errors.New("the file is an Excel or OpenDocument workbook")
	ErrBinary   = errors.New("the file is not text")
	ErrBroken   = errors.New("too many quotation marks never close")
)

// The encodings that Open tells apart.
const (
	UTF8        = "UTF-8"
	UTF16       = "UTF-16"
	Windows1252 = "Windows-1252"
)

// File is a CSV file that was looked at. It may be read several times.
type File struct {
	Encoding  string // UTF8, UTF16 or Windows1252
	Delimiter byte   // one of Delimiters
	data      []byte
	decode    func([]byte) string // one cell's bytes
}

// Delimiters returns what may divide cells, the likeliest first.
func Delimiters() []byte { return []byte{',', ';', '\t', '|'} }

// Open looks at a file: its encoding, and its delimiter where delimiter is 0.
// The data is read in place and must not change; only UTF-16 is copied.
func Open(data []byte, delimiter byte) (*File, error) {
	f := &File{data: data, decode: func(b []byte) string { return string(b) }}
	if err := f.detect(); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(f.data)) == 0 {
		return nil, ErrEmpty
	}
	f.Delimiter = f.sep()
	switch {
	case delimiter != 0:
		f.Delimiter = delimiter
	case f.Delimiter == 0:
		f.Delimiter = f.sniff()
	}
	return f, nil
}

func (f *File) detect() error {
	d := f.data
	switch {
	case bytes.HasPrefix(d, []byte("PK\x03\x04")), bytes.HasPrefix(d, []byte("\xd0\xcf\x11\xe0")):
		return ErrWorkbook
	case bytes.HasPrefix(d, []byte("\xef\xbb\xbf")):
		f.data = d[3:]
	case bytes.HasPrefix(d, []byte("\xff\xfe")):
		f.from16(d[2:], binary.LittleEndian)
		return nil
	case bytes.HasPrefix(d, []byte("\xfe\xff")):
		f.from16(d[2:], binary.BigEndian)
		return nil
	default:
		if order := unmarked16(d); order != nil {
			f.from16(d, order)
			return nil
		}
	}
	if bytes.IndexByte(f.data, 0) >= 0 {
		return ErrBinary
	}
	f.Encoding = UTF8
	valid, invalid := countUTF8(f.data)
	switch {
	case invalid == 0:
	case valid > 4*invalid: // UTF-8 with some damage
		f.decode = func(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
	default:
		f.Encoding = Windows1252
		f.decode = fromWindows
	}
	return nil
}

func (f *File) from16(d []byte, order binary.ByteOrder) {
	var b bytes.Buffer
	b.Grow(len(d) / 2)
	for i := 0; i+1 < len(d); i += 2 {
		r := rune(order.Uint16(d[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(d) {
			if full := utf16.DecodeRune(r, rune(order.Uint16(d[i+2:]))); full != utf8.RuneError {
				r, i = full, i+2
			}
		}
		if r != 0 {
			b.WriteRune(r) // a lone surrogate becomes U+FFFD
		}
	}
	f.Encoding, f.data = UTF16, b.Bytes()
}

// unmarked16 recognises UTF-16 without a mark: of its first bytes every other one is zero.
func unmarked16(d []byte) binary.ByteOrder {
	d = d[:min(len(d), 512)&^1]
	var even, odd int
	for i := 0; i < len(d); i += 2 {
		if d[i] == 0 {
			even++
		}
		if d[i+1] == 0 {
			odd++
		}
	}
	switch half := len(d) / 2; {
	case half < 4:
	case odd*10 > half*8 && even == 0:
		return binary.LittleEndian
	case even*10 > half*8 && odd == 0:
		return binary.BigEndian
	}
	return nil
}

// countUTF8 counts the characters beyond ASCII, and the bytes that are none.
func countUTF8(d []byte) (valid, invalid int) {
	for len(d) > 0 {
		if d[0] < utf8.RuneSelf {
			d = d[1:]
			continue
		}
		r, n := utf8.DecodeRune(d)
		if r == utf8.RuneError && n == 1 {
			invalid++
		} else {
			valid++
		}
		d = d[n:]
	}
	return valid, invalid
}

func fromWindows(b []byte) string {
	s, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(s)
}

// sep takes the line "sep=;" away, with which some programs tell Excel the delimiter.
func (f *File) sep() byte {
	d := f.data
	if len(d) < 5 || !strings.EqualFold(string(d[:4]), "sep=") {
		return 0
	}
	if len(d) > 5 && d[5] != '\r' && d[5] != '\n' || bytes.IndexByte(Delimiters(), d[4]) < 0 {
		return 0
	}
	f.data = bytes.TrimLeft(d[5:], "\r\n")
	return d[4]
}

// sniff chooses the delimiter by which the first rows have the most even numbers of cells.
func (f *File) sniff() byte {
	best, bestScore := byte(','), 0
	for _, d := range Delimiters() {
		r := &Reader{f: &File{data: f.data, Delimiter: d, decode: f.decode}}
		counts := map[int]int{}
		rows, most := 0, 0
		for rows < 50 && r.n < 1000 { // blank ones count too: a file may have millions
			row, err := r.Read()
			if err != nil {
				break
			}
			if row.Blank() {
				continue
			}
			rows++
			counts[len(row.Cells)]++
		}
		for n, times := range counts {
			if n > 1 {
				// An even number of cells says more than a large one.
				most = max(most, times*1000/rows*10+min(n, 50))
			}
		}
		if most > bestScore {
			best, bestScore = d, most
		}
	}
	return best
}

// Rows returns a reader at the file's first row.
func (f *File) Rows() *Reader { return &Reader{f: f} }

// Trouble is what is wrong with a whole row.
type Trouble string

// The troubles of rows.
const (
	Unclosed Trouble = "unclosed" // a quotation mark never closes; the row ends with its line
	TooWide  Trouble = "wide"     // more than MaxColumns cells; the others are left out
	TooLong  Trouble = "long"     // a cell of more than MaxCell bytes, cut off
	Unread   Trouble = "unread"   // characters that could not be read
)

// Row is one row of the file.
type Row struct {
	N       int // as spreadsheets count: the first is 1, blank ones count too
	Cells   []string
	Trouble Trouble // "" where all is well
}

// Blank reports whether nothing is in the row.
func (r Row) Blank() bool {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// Cell returns one cell, "" where the row is too short.
func (r Row) Cell(n int) string {
	if n < 0 || n >= len(r.Cells) {
		return ""
	}
	return r.Cells[n]
}

// Reader reads a file row by row.
type Reader struct {
	f      *File
	at     int // offset of the next row
	n      int
	broken int
	plain  bool // quotation marks mean nothing in this row: the first did not close
}

// Read returns the next row; io.EOF after the last. Cells are as they were
// written: what Write neutralised is undone, nothing is trimmed, and line ends
// within are "\n".
func (r *Reader) Read() (Row, error) {
	d := r.f.data
	if r.at >= len(d) {
		return Row{}, io.EOF
	}
	r.n++
	row := Row{N: r.n}
	start := r.at
	r.plain = false
	for {
		cell, end, trouble := r.cell(r.at)
		if trouble == Unclosed {
			if r.broken++; r.broken > maxBroken {
				return Row{}, ErrBroken
			}
			// Read the line again as if its quotation marks were letters, and go on behind it.
			r.at, r.plain = start, true
			row.Cells, row.Trouble = nil, Unclosed
			continue
		}
		if len(row.Cells) < MaxColumns {
			row.Cells = append(row.Cells, cell)
			if trouble == "" && strings.ContainsRune(cell, utf8.RuneError) {
				trouble = Unread
			}
		} else if cell != "" {
			trouble = TooWide
		}
		if row.Trouble == "" {
			row.Trouble = trouble
		}
		r.at = end
		if end >= len(d) {
			return row, nil
		}
		switch d[end] {
		case r.f.Delimiter:
			r.at++
			if r.at >= len(d) { // an empty cell is the last thing of the file
				row.Cells = append(row.Cells, "")
				return row, nil
			}
		case '\r':
			r.at++
			if r.at < len(d) && d[r.at] == '\n' {
				r.at++
			}
			return row, nil
		default:
			r.at++
			return row, nil
		}
	}
}

// cell reads one cell and returns the offset of what ends it: a delimiter, a
// line end, or the end of the data.
func (r *Reader) cell(at int) (string, int, Trouble) {
	d, delim := r.f.data, r.f.Delimiter
	first := at
	for first < len(d) && d[first] == ' ' {
		first++
	}
	if r.plain || first >= len(d) || d[first] != '"' {
		end := at
		for end < len(d) && d[end] != delim && d[end] != '\r' && d[end] != '\n' {
			end++
		}
		return r.text(d[at:end], end)
	}
	var b []byte
	from := first + 1
	for i := from; i < len(d); i++ {
		if i-first > 2*MaxCell {
			return "", at, Unclosed
		}
		if d[i] != '"' {
			continue
		}
		if i+1 < len(d) && d[i+1] == '"' {
			b = append(b, d[from:i+1]...)
			i++
			from = i + 1
			continue
		}
		end := i + 1
		for end < len(d) && d[end] == ' ' && delim != ' ' {
			end++
		}
		// A quotation mark that no delimiter follows is one that should have been doubled.
		if end < len(d) && d[end] != delim && d[end] != '\r' && d[end] != '\n' {
			continue
		}
		return r.text(append(b, d[from:i]...), end)
	}
	return "", at, Unclosed
}

func (r *Reader) text(b []byte, end int) (string, int, Trouble) {
	var trouble Trouble
	if len(b) > MaxCell {
		b, trouble = b[:MaxCell], TooLong
	}
	s := r.f.decode(b)
	if trouble != "" {
		s = strings.ToValidUTF8(s, "")
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return Undo(s), end, trouble
}

// A cell is run as a formula when it begins with one of these signs. The wide
// forms are what some programs turn into the narrow ones.
const signs = "=+\\-@＝＋－＠"

// formula finds where a spreadsheet would take text for a formula: where it
// begins, and behind what a program with another delimiter takes for the end
// of a cell, since to that one the quotation marks around ours mean nothing.
// Blanks and quotation marks before the sign do not help.
var (
	formula = regexp.MustCompile(`(^|[;\t\r\n])(['" \x{a0}]*[` + signs + `])`)
	begins  = regexp.MustCompile(`^'*[\t\r\n]`)
	undone  = regexp.MustCompile(`(^|[;\t\r\n])'(['" \x{a0}]*[` + signs + `])`)
)

// Neutral returns text so that no spreadsheet runs it: with a ' before what it
// would run.
func Neutral(s string) string {
	if strings.ContainsAny(s, "=+-@＝＋－＠") {
		s = formula.ReplaceAllString(s, "$1'$2")
	}
	if begins.MatchString(s) {
		return "'" + s
	}
	return s
}

// Undo takes back what Neutral did, and unwraps ="0012", with which some
// programs keep Excel from dropping noughts.
func Undo(s string) string {
	if len(s) > 3 && strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) && !strings.ContainsAny(s[2:len(s)-1], `"&()`) {
		return s[2 : len(s)-1]
	}
	if strings.IndexByte(s, '\'') < 0 {
		return s
	}
	if s[0] == '\'' && begins.MatchString(s) {
		s = s[1:]
	}
	return undone.ReplaceAllString(s, "$1$2")
}
