// Package transfer undoes what content of mails is wrapped in: the transfer
// encodings of MIME (RFC 2045), uuencode, and the inner wrappings of S/MIME
// and winmail.dat. All of it is streamed, in bounded memory, and tolerant:
// damage is skipped and never an error.
package transfer

import (
	"bytes"
	"io"
)

// What content can be wrapped in; "" is nothing.
const (
	Base64          = "base64"
	QuotedPrintable = "quoted-printable"
	UUEncode        = "uuencode"
	OctetString     = "octet-string" // the chunks of a BER OCTET STRING (X.690 section 8.7.3), as in CMS
	RTF             = "rtf"          // compressed RTF (MS-OXRTFCP)
	UTF16           = "utf-16le"     // text in UTF-16, little end first, to UTF-8
)

// decoder turns encoded bytes into plain ones, a chunk at a time.
type decoder interface {
	// decode appends the decoded src to dst; it stops early, with full set,
	// once dst holds max bytes (0: no bound).
	decode(dst, src []byte, max int) (out []byte, full bool)
	// finish appends what was held back.
	finish(dst []byte) []byte
}

func newDecoder(encoding string) decoder {
	switch encoding {
	case Base64:
		return &base64Decoder{}
	case QuotedPrintable:
		return &qpDecoder{}
	case UUEncode:
		return &uuDecoder{}
	case OctetString:
		return &octetDecoder{}
	case RTF:
		return &rtfDecoder{}
	case UTF16:
		return &utf16Decoder{}
	}
	return nil
}

// Known says whether the encoding is one that is undone here; "" is.
func Known(encoding string) bool { return encoding == "" || newDecoder(encoding) != nil }

// NewReader undoes an encoding as it is read. The only errors are those of r.
func NewReader(encoding string, r io.Reader) io.Reader {
	if d := newDecoder(encoding); d != nil {
		return &decodingReader{src: r, dec: d}
	}
	return r
}

// All decodes src, at most max bytes of it (0: all). Identity content
// is returned as a slice of src, not a copy.
func All(src []byte, encoding string, max int) (out []byte, cut bool) {
	d := newDecoder(encoding)
	if d == nil {
		if max > 0 && len(src) > max {
			return src[:max], true
		}
		return src, false
	}
	grow := len(src)
	if max > 0 && grow > max {
		grow = max
	}
	out, full := d.decode(make([]byte, 0, grow), src, max)
	if full {
		return out, true
	}
	return d.finish(out), false
}

// Size is how many bytes src is decoded; it counts without keeping them.
func Size(src []byte, encoding string) int64 {
	d := newDecoder(encoding)
	if d == nil {
		return int64(len(src))
	}
	var n int64
	var buf [48 << 10]byte
	for len(src) > 0 {
		k := min(len(src), 32<<10)
		out, _ := d.decode(buf[:0], src[:k], 0)
		n += int64(len(out))
		src = src[k:]
	}
	return n + int64(len(d.finish(nil)))
}

type decodingReader struct {
	src  io.Reader
	dec  decoder
	buf  []byte // decoded, not yet read
	in   [16 << 10]byte
	out  []byte
	done bool
}

func (r *decodingReader) Read(p []byte) (int, error) {
	for len(r.buf) == 0 {
		if r.done {
			return 0, io.EOF
		}
		n, err := r.src.Read(r.in[:])
		r.out, _ = r.dec.decode(r.out[:0], r.in[:n], 0)
		if err == io.EOF {
			r.out = r.dec.finish(r.out)
			r.done = true
		} else if err != nil {
			return 0, err
		}
		r.buf = r.out
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

const b64skip = 0xff

func b64value(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case '0' <= c && c <= '9':
		return c - '0' + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return b64skip
}

// Sextet is the six bits that a digit of Base64 stands for; false for what is
// none. The two digits of the URL alphabet (RFC 4648 section 5) count too.
func Sextet(c byte) (byte, bool) {
	v := b64value(c)
	return v, v != b64skip
}

// base64Decoder: RFC 2045 section 6.8, tolerant of noise, of missing padding
// and of several padded runs in a row.
type base64Decoder struct {
	acc uint32
	n   int
}

func (d *base64Decoder) decode(dst, src []byte, max int) ([]byte, bool) {
	for _, c := range src {
		v := b64value(c)
		if v == b64skip {
			if c == '=' && d.n > 0 {
				dst = d.finish(dst)
			}
			continue
		}
		d.acc = d.acc<<6 | uint32(v)
		if d.n++; d.n == 4 {
			dst = append(dst, byte(d.acc>>16), byte(d.acc>>8), byte(d.acc))
			d.n, d.acc = 0, 0
			if max > 0 && len(dst) >= max {
				return dst, true
			}
		}
	}
	return dst, false
}

func (d *base64Decoder) finish(dst []byte) []byte {
	switch d.n {
	case 2:
		dst = append(dst, byte(d.acc>>4))
	case 3:
		dst = append(dst, byte(d.acc>>10), byte(d.acc>>2))
	}
	d.n, d.acc = 0, 0
	return dst
}

// qpDecoder: RFC 2045 section 6.7. A broken escape stays as it was written.
type qpDecoder struct {
	held  []byte // an escape begun, or white space that may end the line
	space bool   // held is white space
}

func (d *qpDecoder) decode(dst, src []byte, max int) ([]byte, bool) {
	for i := 0; i < len(src); i++ {
		c := src[i]
		if len(d.held) > 0 && !d.space {
			dst = d.escape(dst, c)
		} else {
			switch c {
			case '=':
				dst = d.flush(dst)
				d.held = append(d.held, c)
			case ' ', '\t':
				d.space = true
				if d.held = append(d.held, c); len(d.held) > 998 {
					dst = d.flush(dst)
				}
			case '\r', '\n':
				d.drop() // white space at the end of a line is transport noise
				dst = append(dst, c)
			default:
				if d.space {
					dst = d.flush(dst)
				}
				dst = append(dst, c)
			}
		}
		if max > 0 && len(dst) >= max {
			return dst, true
		}
	}
	return dst, false
}

// escape goes on with "=…".
func (d *qpDecoder) escape(dst []byte, c byte) []byte {
	last := d.held[len(d.held)-1]
	switch {
	case c == '\n': // soft break, also after "= \r"
		d.drop()
	case c == '\r' && len(d.held) < 80, (c == ' ' || c == '\t') && (last == '=' || last == ' ' || last == '\t') && len(d.held) < 80:
		d.held = append(d.held, c)
	case len(d.held) == 1 && isHex(c):
		d.held = append(d.held, c)
	default:
		if b, ok := HexPair(last, c); ok && len(d.held) == 2 {
			d.drop()
			return append(dst, b)
		}
		soft := last == '\r'
		if !soft {
			dst = d.flush(dst)
		}
		d.drop()
		out, _ := d.decode(dst, []byte{c}, 0)
		return out
	}
	return dst
}

func (d *qpDecoder) flush(dst []byte) []byte {
	dst = append(dst, d.held...)
	d.drop()
	return dst
}

func (d *qpDecoder) drop() { d.held, d.space = d.held[:0], false }

func (d *qpDecoder) finish(dst []byte) []byte {
	if len(d.held) == 1 && d.held[0] == '=' {
		d.drop() // a soft break cut off by the end
		return dst
	}
	return d.flush(dst)
}

// uuDecoder reads the lines between "begin" and "end"; both may be present.
type uuDecoder struct {
	line []byte
	done bool
}

func (d *uuDecoder) decode(dst, src []byte, max int) ([]byte, bool) {
	for len(src) > 0 && !d.done {
		i := bytes.IndexAny(src, "\r\n")
		if i < 0 {
			if len(d.line) < 256 {
				d.line = append(d.line, src[:min(len(src), 256)]...)
			}
			return dst, false
		}
		d.line = append(d.line, src[:min(i, 256)]...)
		src = src[i+1:]
		dst = d.flushLine(dst)
		if max > 0 && len(dst) >= max {
			return dst, true
		}
	}
	return dst, false
}

func (d *uuDecoder) flushLine(dst []byte) []byte {
	line := bytes.TrimRight(d.line, "\r\n")
	d.line = d.line[:0]
	if len(line) == 0 || bytes.HasPrefix(line, []byte("begin ")) {
		return dst
	}
	if bytes.Equal(line, []byte("end")) {
		d.done = true
		return dst
	}
	n := int(line[0]-' ') & 0x3f
	for i := 1; i < len(line) && n > 0; i += 4 {
		var q [4]byte
		for j := range q {
			if i+j < len(line) {
				q[j] = (line[i+j] - ' ') & 0x3f
			}
		}
		for _, c := range [3]byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2, q[2]<<6 | q[3]} {
			if n > 0 {
				dst = append(dst, c)
				n--
			}
		}
	}
	return dst
}

func (d *uuDecoder) finish(dst []byte) []byte {
	if len(d.line) > 0 && !d.done {
		dst = d.flushLine(dst)
	}
	return dst
}

// HexPair is the byte that two hexadecimal digits, in either case, stand for;
// false where they are none.
func HexPair(high, low byte) (byte, bool) {
	if !isHex(high) || !isHex(low) {
		return 0, false
	}
	return unhex(high)<<4 | unhex(low), true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
