package transfer

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// octetDecoder joins the chunks of a constructed OCTET STRING (X.690 section
// 8.7.3). Chunks within chunks are told by their tags alone, so however deep
// they are nested costs nothing. What is no chunk ends the content.
type octetDecoder struct {
	head [10]byte // a tag and length that are not complete yet
	n    int
	left uint64 // bytes of the chunk still to come
	done bool
}

func (d *octetDecoder) decode(dst, src []byte, max int) ([]byte, bool) {
	for len(src) > 0 && !d.done {
		if d.left > 0 {
			k := int(min(d.left, uint64(len(src))))
			dst = append(dst, src[:k]...)
			src, d.left = src[k:], d.left-uint64(k)
			if max > 0 && len(dst) >= max {
				return dst, true
			}
			continue
		}
		d.head[d.n] = src[0]
		d.n++
		src = src[1:]
		d.header()
	}
	return dst, false
}

// header looks at a tag and length as soon as they are complete.
func (d *octetDecoder) header() {
	if d.n < 2 {
		return
	}
	length, size := uint64(d.head[1]), 0
	if length > 0x80 {
		size = int(length & 0x7f)
		if size > 8 {
			d.done = true
			return
		}
		if d.n < 2+size {
			return
		}
		length = 0
		for _, c := range d.head[2 : 2+size] {
			length = length<<8 | uint64(c)
		}
	}
	d.n = 0
	switch d.head[0] {
	case 0x04:
		d.left = length
		d.done = d.head[1] == 0x80 // only a constructed string may be endless
	case 0x24, 0x00: // chunks within, or the end of such: go on after it
	default:
		d.done = true
	}
}

func (d *octetDecoder) finish(dst []byte) []byte { return dst }

// rtfPrefill is what the dictionary of compressed RTF begins with (MS-OXRTFCP
// section 2.1.3.1.1).
const rtfPrefill = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` + "\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// rtfDecoder undoes compressed RTF (MS-OXRTFCP section 3): a window of 4 KiB
// that references of at most 17 bytes point into. No more comes out than the
// header says.
type rtfDecoder struct {
	head   [16]byte
	n      int // header bytes seen
	stored bool
	left   uint32 // bytes still to come out
	dict   [4096]byte
	at     int
	flags  byte
	bits   int
	ref    int // the first byte of a reference, -1 for none
	done   bool
}

func (d *rtfDecoder) decode(dst, src []byte, max int) ([]byte, bool) {
	for _, c := range src {
		if d.done {
			break
		}
		if d.n < len(d.head) {
			d.head[d.n] = c
			if d.n++; d.n == len(d.head) {
				d.begin()
			}
			continue
		}
		dst = d.next(dst, c)
		if max > 0 && len(dst) >= max {
			return dst, true
		}
	}
	return dst, false
}

func (d *rtfDecoder) begin() {
	d.left = binary.LittleEndian.Uint32(d.head[4:])
	switch string(d.head[8:12]) {
	case "LZFu":
		d.at = copy(d.dict[:], rtfPrefill)
		d.ref = -1
	case "MELA":
		d.stored = true
	default:
		d.done = true
	}
}

func (d *rtfDecoder) next(dst []byte, c byte) []byte {
	if d.stored {
		return d.put(dst, c)
	}
	if d.ref < 0 && d.bits == 0 {
		d.flags, d.bits = c, 8
		return dst
	}
	if d.ref < 0 && d.flags&1 == 0 {
		d.flags, d.bits = d.flags>>1, d.bits-1
		return d.put(dst, c)
	}
	if d.ref < 0 {
		d.ref = int(c)
		return dst
	}
	from, n := d.ref<<4|int(c>>4), int(c&0x0f)+2
	d.ref = -1
	d.flags, d.bits = d.flags>>1, d.bits-1
	if from == d.at { // the end, by the format's rule
		d.done = true
		return dst
	}
	for range n {
		dst = d.put(dst, d.dict[from])
		from = (from + 1) % len(d.dict)
	}
	return dst
}

func (d *rtfDecoder) put(dst []byte, c byte) []byte {
	if d.left == 0 {
		d.done = true
		return dst
	}
	d.left--
	d.dict[d.at] = c
	d.at = (d.at + 1) % len(d.dict)
	return append(dst, c)
}

func (d *rtfDecoder) finish(dst []byte) []byte { return dst }

// utf16Decoder turns UTF-16LE into UTF-8. A byte order mark and closing zeros
// are left out.
type utf16Decoder struct {
	low  int // the first byte of a unit, -1 for none
	high rune
	any  bool
}

func (d *utf16Decoder) decode(dst, src []byte, max int) ([]byte, bool) {
	for _, c := range src {
		if !d.any {
			d.any, d.low = true, -1
		}
		if d.low < 0 {
			d.low = int(c)
			continue
		}
		u := rune(c)<<8 | rune(d.low)
		d.low = -1
		dst = d.unit(dst, u)
		if max > 0 && len(dst) >= max {
			return dst, true
		}
	}
	return dst, false
}

func (d *utf16Decoder) unit(dst []byte, u rune) []byte {
	if d.high != 0 {
		r := utf16.DecodeRune(d.high, u)
		d.high = 0
		if r != utf8.RuneError {
			return utf8.AppendRune(dst, r)
		}
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	switch {
	case u >= 0xd800 && u < 0xdc00:
		d.high = u
		return dst
	case u == 0 || u == 0xfeff:
		return dst
	}
	return utf8.AppendRune(dst, u) // a lone low surrogate becomes U+FFFD
}

func (d *utf16Decoder) finish(dst []byte) []byte {
	if d.high != 0 {
		d.high = 0
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}
